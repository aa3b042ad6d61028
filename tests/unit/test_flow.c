/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a flow learns from packets, when it may be probed, and what is taken for
 * a probe. Packets are decoded views made by hand; wire formats are test_packet's.
 */
#include "flow/flow.h"
#include "flow/table.h"

#include <glib.h>

#define CLIENT_ISN 0xfffffff0U /* wraps after 16 bytes */
#define SERVER_ISN 0x10000000U
#define ACK ST_TCP_ACK
#define SYN ST_TCP_SYN

static struct flow *new_flow(const struct st_packet *packet)
{
	struct st_tuple tuple = packet_tuple(packet);

	return flow_new(&tuple);
}

struct fixture {
	struct flow *flow;
	struct st_frame frame;
	uint8_t bytes[64];
};

static struct st_packet packet(bool from_client, uint8_t flags, uint32_t seq, uint32_t ack,
			       uint32_t payload)
{
	struct st_packet p = {
		.ip_version = 4,
		.protocol = ST_PROTOCOL_TCP,
		.has_ports = true,
		.ttl = from_client ? 64 : 57,
		.ip_offset = 14,
		.payload_wire = payload,
		.tcp = {.seq = seq,
			.ack = ack,
			.flags = flags,
			.window = 501,
			.sack_permitted = true},
	};

	st_addr_parse(from_client ? "10.0.0.2" : "10.9.0.2", &p.source);
	st_addr_parse(from_client ? "10.9.0.2" : "10.0.0.2", &p.destination);
	p.source_port = from_client ? 40000 : 443;
	p.destination_port = from_client ? 443 : 40000;
	return p;
}

/* Shows a segment; probes must not be shown this way. */
static void show(struct fixture *f, bool from_client, uint8_t flags, uint32_t seq, uint32_t ack,
		 uint32_t payload)
{
	struct st_packet p = packet(from_client, flags, seq, ack, payload);
	struct st_tuple tuple = packet_tuple(&p);
	unsigned side = flow_side(f->flow, &tuple);

	f->frame.bytes = f->bytes;
	f->frame.stamp_ns += ST_NS_PER_MS;
	g_assert_cmpint(flow_classify(f->flow, side, &p), ==, FLOW_SEGMENT);
	flow_update(f->flow, side, &p, &f->frame);
}

/* Side 0 is the client: it sends the first packet. */
static void begin(struct fixture *f)
{
	struct st_packet syn = packet(true, SYN, CLIENT_ISN, 0, 0);

	*f = (struct fixture){.flow = new_flow(&syn)};
}

static void shake_hands(struct fixture *f)
{
	begin(f);
	show(f, true, SYN, CLIENT_ISN, 0, 0);
	show(f, false, SYN | ACK, SERVER_ISN, CLIENT_ISN + 1, 0);
	show(f, true, ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 0);
}

static void test_client_waits_for_the_peer(void)
{
	struct fixture f;

	shake_hands(&f);
	g_assert_false(flow_is_traceable(f.flow, 0));
	show(&f, true, ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 100);
	g_assert_false(flow_is_traceable(f.flow, 0));
	show(&f, false, ACK, SERVER_ISN + 1, CLIENT_ISN + 101, 0);
	g_assert_true(flow_is_traceable(f.flow, 0));
	flow_free(f.flow);
}

static void test_data_before_third_ack_proves_nothing(void)
{
	struct fixture f;

	begin(&f);
	show(&f, true, SYN, CLIENT_ISN, 0, 0);
	show(&f, false, SYN | ACK, SERVER_ISN, CLIENT_ISN + 1, 0);
	/* TCP fast open: data from SYN-RECEIVED */
	show(&f, false, ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 500);
	show(&f, true, ACK, CLIENT_ISN + 1, SERVER_ISN + 501, 0);
	g_assert_false(flow_is_traceable(f.flow, 0));
	show(&f, false, ACK, SERVER_ISN + 501, CLIENT_ISN + 1, 500);
	g_assert_true(flow_is_traceable(f.flow, 0));
	flow_free(f.flow);
}

static void test_syn_missed_by_the_capture(void)
{
	struct st_packet syn_ack = packet(false, SYN | ACK, SERVER_ISN, CLIENT_ISN + 1, 0);
	struct fixture f = {.flow = new_flow(&syn_ack)};

	show(&f, false, SYN | ACK, SERVER_ISN, CLIENT_ISN + 1, 0);
	show(&f, false, ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 500); /* fast open */
	show(&f, true, ACK, CLIENT_ISN + 1, SERVER_ISN + 501, 0);
	g_assert_false(flow_is_traceable(f.flow, 1));
	show(&f, false, ACK, SERVER_ISN + 501, CLIENT_ISN + 1, 500);
	g_assert_true(flow_is_traceable(f.flow, 1));
	flow_free(f.flow);
}

static void test_late_syn_ack_unsends_nothing(void)
{
	struct fixture f;

	shake_hands(&f);
	show(&f, false, ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 5000);
	show(&f, false, SYN | ACK, SERVER_ISN, CLIENT_ISN + 1, 0);
	g_assert_cmphex(f.flow->ends[1].next, ==, SERVER_ISN + 5001);
	flow_free(f.flow);
}

static void test_server_needs_an_unscaled_window(void)
{
	struct fixture f;

	shake_hands(&f);
	/* Its SYN-ACK's window is not scaled: nothing to copy yet. */
	g_assert_false(flow_is_traceable(f.flow, 1));
	show(&f, false, ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 10);
	g_assert_true(flow_is_traceable(f.flow, 1));
	flow_free(f.flow);
}

static void test_mid_life(void)
{
	struct st_packet data = packet(true, ACK, 5000, 9000, 100);
	struct fixture f = {.flow = new_flow(&data)};

	show(&f, true, ACK, 5000, 9000, 100);
	g_assert_false(flow_is_traceable(f.flow, 0));
	show(&f, false, ACK, 9000, 5100, 0);
	g_assert_true(flow_is_traceable(f.flow, 0));
	g_assert_cmpint(flow_sack(f.flow), ==, FLOW_SACK_UNKNOWN);
	g_assert_cmpuint(flow_estimate_distance(f.flow, 0), ==, 8);
	flow_free(f.flow);
}

static void test_closing_ends_it(void)
{
	const uint8_t flags[] = {ACK | ST_TCP_FIN, ST_TCP_RST, ACK | ST_TCP_RST};

	for (unsigned i = 0; i < G_N_ELEMENTS(flags); i++) {
		struct fixture f;

		shake_hands(&f);
		show(&f, false, ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 10);
		g_assert_true(flow_is_traceable(f.flow, 0));
		show(&f, false, flags[i], SERVER_ISN + 11, CLIENT_ISN + 1, 0);
		g_assert_false(flow_is_traceable(f.flow, 0));
		flow_free(f.flow);
	}
}

static void test_forged_reset_is_ignored(void)
{
	struct fixture f;

	shake_hands(&f);
	show(&f, false, ACK, SERVER_ISN + 1, CLIENT_ISN + 1, 10);
	show(&f, true, ACK, CLIENT_ISN + 1, SERVER_ISN + 11, 0);
	show(&f, false, ST_TCP_RST, SERVER_ISN - 5000, 0, 0);
	g_assert_false(f.flow->closed);
	flow_free(f.flow);
}

static void test_sequence_wraps_with_gso(void)
{
	struct fixture f;

	shake_hands(&f);
	show(&f, true, ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 65160);
	g_assert_cmphex(f.flow->ends[0].next, ==, CLIENT_ISN + 65161);
	show(&f, false, ACK, SERVER_ISN + 1, CLIENT_ISN + 65161, 0);
	g_assert_cmphex(f.flow->ends[0].acked, ==, CLIENT_ISN + 65161);
	g_assert_cmphex(f.flow->ends[0].acked, <, CLIENT_ISN);
	flow_free(f.flow);
}

static void test_ack_of_the_unsent_is_ignored(void)
{
	struct fixture f;

	shake_hands(&f);
	show(&f, true, ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 100);
	show(&f, false, ACK, SERVER_ISN + 1, CLIENT_ISN + 5000, 0);
	g_assert_cmphex(f.flow->ends[0].acked, ==, CLIENT_ISN + 1);
	flow_free(f.flow);
}

/* Classifies an empty ACK of the client. */
static enum flow_verdict verdict(struct fixture *f, uint32_t seq, uint32_t ack, uint8_t ttl)
{
	struct st_packet p = packet(true, ACK, seq, ack, 0);

	p.ttl = ttl;
	return flow_classify(f->flow, 0, &p);
}

static void test_what_is_a_probe(void)
{
	struct fixture f;
	uint32_t una = CLIENT_ISN + 101;

	shake_hands(&f);
	show(&f, true, ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 100);
	show(&f, false, ACK, SERVER_ISN + 1, una, 700);
	show(&f, true, ACK, una, SERVER_ISN + 701, 0);
	g_assert_cmpint(verdict(&f, una - 2, SERVER_ISN + 700, 1), ==, FLOW_PROBE);
	g_assert_cmpint(verdict(&f, una - 512, SERVER_ISN + 700, 31), ==, FLOW_PROBE);
	/* can have come late over a longer path */
	g_assert_cmpint(verdict(&f, una - 512, SERVER_ISN + 700, 63), ==, FLOW_PROBE_PERHAPS);
	g_assert_cmpint(verdict(&f, una - 2, SERVER_ISN + 700, 64), ==, FLOW_PROBE_PERHAPS);
	g_assert_cmpint(verdict(&f, una - 1, SERVER_ISN + 700, 5), ==, FLOW_PROBE_PERHAPS);
	g_assert_cmpint(verdict(&f, una, SERVER_ISN + 701, 5), ==, FLOW_PROBE_PERHAPS);
	/* a keepalive, a duplicate ACK, an ordinary one */
	g_assert_cmpint(verdict(&f, una - 1, SERVER_ISN + 701, 64), ==, FLOW_SEGMENT);
	g_assert_cmpint(verdict(&f, una, SERVER_ISN + 701, 64), ==, FLOW_SEGMENT);
	g_assert_cmpint(verdict(&f, una, SERVER_ISN + 1401, 5), ==, FLOW_SEGMENT);
	flow_free(f.flow);
}

static void test_usual_ttl(void)
{
	struct fixture f;
	struct st_packet p = packet(true, ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 0);

	shake_hands(&f);
	p.ttl = 9; /* an unrecognised probe may not pass for the usual */
	flow_update(f.flow, 0, &p, &f.frame);
	g_assert_cmpuint(f.flow->ends[0].usual_ttl, ==, 64);
	p.payload_wire = 5; /* the route has changed */
	flow_update(f.flow, 0, &p, &f.frame);
	g_assert_cmpuint(f.flow->ends[0].usual_ttl, ==, 9);
	flow_free(f.flow);
}

static void test_ports_reused(void)
{
	struct fixture f;
	struct st_packet syn = packet(true, SYN, 777, 0, 0);
	struct st_packet again = packet(true, SYN, CLIENT_ISN, 0, 0);
	struct st_packet answer = packet(false, SYN | ACK, 888, 778, 0);

	shake_hands(&f);
	g_assert_false(flow_is_reused(f.flow, 0, &again));
	g_assert_false(flow_is_reused(f.flow, 0, &syn)); /* may be forged */
	g_assert_true(flow_is_reused(f.flow, 1, &answer));
	f.flow->closed = true;
	g_assert_true(flow_is_reused(f.flow, 0, &syn));
	flow_free(f.flow);
}

static void test_sack_is_negotiated_by_both(void)
{
	struct fixture f;

	shake_hands(&f);
	g_assert_cmpint(flow_sack(f.flow), ==, FLOW_SACK_ON);
	f.flow->ends[1].sack_permitted = false;
	g_assert_cmpint(flow_sack(f.flow), ==, FLOW_SACK_OFF);
	f.flow->ends[1].has_isn = false;
	g_assert_cmpint(flow_sack(f.flow), ==, FLOW_SACK_UNKNOWN);
	f.flow->sack_seen = true;
	g_assert_cmpint(flow_sack(f.flow), ==, FLOW_SACK_ON);
	flow_free(f.flow);
}

static void test_rtt_of_the_flow(void)
{
	struct fixture f;

	shake_hands(&f); /* SYN and SYN-ACK are a millisecond apart */
	g_assert_cmpuint(f.flow->ends[0].rtt_ns, ==, ST_NS_PER_MS);
	show(&f, true, ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 100);
	show(&f, true, ACK, CLIENT_ISN + 1, SERVER_ISN + 1, 100); /* retransmitted: not timed */
	show(&f, false, ACK, SERVER_ISN + 1, CLIENT_ISN + 101, 0);
	g_assert_cmpuint(f.flow->ends[0].rtt_ns, ==, ST_NS_PER_MS);
	flow_free(f.flow);
}

static struct flow *find(const struct flow_table *table, const struct st_packet *p)
{
	struct st_tuple tuple = packet_tuple(p);

	return flow_table_find(table, &tuple);
}

static void test_table(void)
{
	struct flow_table table;
	struct st_packet there = packet(true, ACK, 1, 1, 0), back = packet(false, ACK, 1, 1, 0);
	struct st_packet other = packet(true, ACK, 1, 1, 0);
	struct flow *flow, *second;

	other.source_port++;
	flow_table_init(&table, 42);
	g_assert_null(find(&table, &there));
	flow = flow_table_add(&table, &there);
	g_assert_true(find(&table, &back) == flow);
	g_assert_null(find(&table, &other));
	second = flow_table_add(&table, &other);
	g_assert_true(flow_table_oldest(&table) == flow);
	flow_table_touch(&table, flow);
	g_assert_true(flow_table_oldest(&table) == second);
	flow_table_remove(&table, second);
	g_assert_null(find(&table, &other));
	flow_table_clear(&table);
}

/* --- UDP --- */

static struct st_packet datagram(bool from_client, uint8_t ttl, uint32_t payload, uint16_t checksum)
{
	struct st_packet p = packet(from_client, 0, 0, 0, payload);

	p.protocol = ST_PROTOCOL_UDP;
	p.ttl = ttl;
	p.udp = (struct st_udp){.length = (uint16_t)(8 + payload), .checksum = checksum};
	return p;
}

static void show_datagram(struct fixture *f, bool from_client, uint32_t payload)
{
	struct st_packet p = datagram(from_client, from_client ? 64 : 57, payload, 0x1234);

	f->frame.bytes = f->bytes;
	f->frame.stamp_ns += ST_NS_PER_MS;
	flow_update(f->flow, from_client ? 0 : 1, &p, &f->frame);
}

static void begin_udp(struct fixture *f)
{
	struct st_packet first = datagram(true, 64, 100, 0x1234);

	*f = (struct fixture){.flow = new_flow(&first)};
	f->frame.stamp_ns = ST_NS_PER_S;
}

static void test_udp_life(void)
{
	struct fixture f;

	begin_udp(&f);
	show_datagram(&f, true, 100);
	show_datagram(&f, true, 100);
	g_assert_false(flow_is_traceable(f.flow, 0)); /* nobody may be there */
	show_datagram(&f, false, 100);
	g_assert_true(flow_is_traceable(f.flow, 0));
	g_assert_true(flow_is_traceable(f.flow, 1));
	g_assert_cmpuint(flow_estimate_distance(f.flow, 0), ==, 8);
	g_assert_cmpuint(f.flow->ends[0].rtt_ns, ==, 2 * ST_NS_PER_MS);
	show_datagram(&f, true, 100);
	show_datagram(&f, false, 100);
	g_assert_cmpuint(f.flow->ends[0].rtt_ns, ==, 2 * ST_NS_PER_MS); /* the first alone */
	flow_free(f.flow);
}

static enum flow_verdict judge(const struct fixture *f, uint8_t version, uint8_t ttl,
			       uint32_t payload, uint16_t checksum)
{
	struct st_packet p = datagram(true, ttl, payload, checksum);

	p.ip_version = version;
	return flow_classify(f->flow, 0, &p);
}

static void test_udp_probes(void)
{
	struct fixture f;

	begin_udp(&f);
	g_assert_cmpint(judge(&f, 4, 3, 0, 1), ==, FLOW_SEGMENT); /* nothing to compare with */
	show_datagram(&f, true, 100);
	g_assert_cmpint(judge(&f, 4, 64, 0, 1), ==, FLOW_SEGMENT);
	g_assert_cmpint(judge(&f, 4, 3, 100, 1), ==, FLOW_SEGMENT);
	g_assert_cmpint(judge(&f, 4, 3, 0, 1), ==, FLOW_PROBE);
	g_assert_cmpint(judge(&f, 4, 31, 2, 1), ==, FLOW_PROBE);
	g_assert_cmpint(judge(&f, 4, 32, 2, 1), ==, FLOW_PROBE_PERHAPS);
	g_assert_cmpint(judge(&f, 6, 3, 100, 1), ==, FLOW_SEGMENT);
	g_assert_cmpint(judge(&f, 6, 3, 100, 0), ==, FLOW_PROBE);
	g_assert_cmpint(judge(&f, 6, 64, 100, 0), ==, FLOW_SEGMENT); /* it may begin to */
	g_assert_cmpint(judge(&f, 4, 3, 100, 0), ==, FLOW_SEGMENT);  /* IPv4 may do without */
	flow_free(f.flow);
}

/* Header bytes of a long header up to its connection ids, in a datagram of 1200 bytes. */
static bool begins_quic(const uint8_t *header, uint32_t captured, uint32_t wire)
{
	struct fixture f;
	struct st_packet p = datagram(true, 64, wire, 1);
	bool is_quic;

	begin_udp(&f);
	p.payload_offset = 0;
	p.payload_captured = captured;
	f.frame.bytes = header;
	p.ip_offset = 0;
	flow_update(f.flow, 0, &p, &f.frame);
	is_quic = f.flow->is_quic;
	flow_free(f.flow);
	return is_quic;
}

static void test_quic(void)
{
	uint8_t header[16] = {0xc3, 0, 0, 0, 1, 8, [14] = 0};

	g_assert_true(begins_quic(header, 16, 1200));
	g_assert_false(begins_quic(header, 16, 1199)); /* an Initial is padded */
	g_assert_false(begins_quic(header, 14, 1200)); /* cut before the second id */
	header[0] = 0xd3;			       /* 0-RTT */
	g_assert_false(begins_quic(header, 16, 1200));
	memcpy(header + 1, "\x6b\x33\x43\xcf", 4); /* in version 2 that is the Initial */
	g_assert_true(begins_quic(header, 16, 1200));
	header[0] = 0xc3;
	g_assert_false(begins_quic(header, 16, 1200));
	memcpy(header + 1, "\xff\x00\x00\x1d", 4);
	g_assert_true(begins_quic(header, 16, 1200));
	memcpy(header + 1, "\xff\x00\x00\x22", 4);
	g_assert_true(begins_quic(header, 16, 1200));
	memcpy(header + 1, "\xff\x00\x00\x23", 4); /* no draft */
	g_assert_false(begins_quic(header, 16, 1200));
	memcpy(header + 1, "\xff\x00\x00\x15", 4); /* before draft 22 */
	g_assert_false(begins_quic(header, 16, 1200));
	memcpy(header + 1, "\x00\x00\x00\x01", 4);
	header[0] = 0x83; /* without the fixed bit */
	g_assert_false(begins_quic(header, 16, 1200));
	header[0] = 0x43; /* a short header */
	g_assert_false(begins_quic(header, 16, 1200));
	header[0] = 0xc3;
	header[5] = 21; /* no connection id is as long */
	g_assert_false(begins_quic(header, 16, 1200));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/flow/client-waits-for-the-peer", test_client_waits_for_the_peer);
	g_test_add_func("/flow/data-before-third-ack", test_data_before_third_ack_proves_nothing);
	g_test_add_func("/flow/syn-missed", test_syn_missed_by_the_capture);
	g_test_add_func("/flow/late-syn-ack", test_late_syn_ack_unsends_nothing);
	g_test_add_func("/flow/server", test_server_needs_an_unscaled_window);
	g_test_add_func("/flow/mid-life", test_mid_life);
	g_test_add_func("/flow/closing", test_closing_ends_it);
	g_test_add_func("/flow/forged-reset", test_forged_reset_is_ignored);
	g_test_add_func("/flow/wrap-and-gso", test_sequence_wraps_with_gso);
	g_test_add_func("/flow/ack-of-the-unsent", test_ack_of_the_unsent_is_ignored);
	g_test_add_func("/flow/what-is-a-probe", test_what_is_a_probe);
	g_test_add_func("/flow/usual-ttl", test_usual_ttl);
	g_test_add_func("/flow/ports-reused", test_ports_reused);
	g_test_add_func("/flow/sack", test_sack_is_negotiated_by_both);
	g_test_add_func("/flow/rtt", test_rtt_of_the_flow);
	g_test_add_func("/flow/table", test_table);
	g_test_add_func("/flow/udp-life", test_udp_life);
	g_test_add_func("/flow/udp-probes", test_udp_probes);
	g_test_add_func("/flow/quic", test_quic);
	return g_test_run();
}
