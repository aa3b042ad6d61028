/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP flows at the facade: which are probed, how far, with what, and when they
 * are over. The path is a chain of routers; the other end is DISTANCE hops away.
 */
#include "tracer_lab.h"

#define DISTANCE 7
#define CLIENT_PORT 40000
#define SERVER_PORT 4433
#define DATAGRAM 100
#define UDP_BYTES 8
#define QUIC_INITIAL_BYTES 1200

struct talk {
	uint8_t ip_version;
	uint16_t server_port;
	uint8_t first_byte; /* of the payload */
	size_t payload;
};

static const struct talk TALK_4 = {4, SERVER_PORT, 'x', DATAGRAM};
static const struct talk TALK_6 = {6, SERVER_PORT, 'x', DATAGRAM};
static const struct talk QUIC_4 = {4, 443, 0xc3, QUIC_INITIAL_BYTES};

static void put_ip6(struct wire *wire, unsigned protocol, size_t payload, unsigned from,
		    unsigned to, unsigned ttl)
{
	const unsigned ends[] = {from, to};

	wire_u32(wire, 0x60000000);
	wire_u16(wire, (unsigned)payload);
	wire_u8(wire, protocol);
	wire_u8(wire, ttl);
	for (unsigned i = 0; i < 2; i++) {
		wire_u32(wire, 0xfd000000);
		wire_fill(wire, 0, 8);
		wire_u32(wire, ends[i]);
	}
}

static void put_ip(struct wire *wire, uint8_t version, unsigned protocol, size_t payload,
		   uint32_t from, uint32_t to, unsigned ttl)
{
	wire_ethernet(wire, version == 4 ? 0x0800 : 0x86dd);
	if (version == 4)
		put_ip4(wire, protocol, payload, from, to, ttl);
	else
		put_ip6(wire, protocol, payload, from, to, ttl);
}

static void say(struct lab *lab, const struct talk *talk, bool from_client)
{
	struct wire wire = {0};

	put_ip(&wire, talk->ip_version, 17, UDP_BYTES + talk->payload,
	       from_client ? CLIENT : SERVER, from_client ? SERVER : CLIENT,
	       from_client ? 64 : 64 - DISTANCE + 1);
	wire_u16(&wire, from_client ? CLIENT_PORT : talk->server_port);
	wire_u16(&wire, from_client ? talk->server_port : CLIENT_PORT);
	wire_u16(&wire, (unsigned)(UDP_BYTES + talk->payload));
	wire_u16(&wire, 0x1234);
	wire_u8(&wire, talk->first_byte);
	wire_u32(&wire, 1); /* QUIC's version */
	wire_fill(&wire, 0, talk->payload - 5);
	show_bytes(lab, wire.bytes, wire.count, from_client ? ST_DIRECTION_OUT : ST_DIRECTION_IN,
		   0);
}

static void exchange(struct lab *lab, const struct talk *talk)
{
	say(lab, talk, true);
	say(lab, talk, false);
}

/* Router `ttl` answers, quoting eight bytes of transport. */
static void reply_to(struct lab *lab, const struct sent *sent, unsigned ttl)
{
	uint8_t version = sent->probe.ip_version;
	size_t quoted = (version == 4 ? 20 : 40) + 8;
	struct wire wire = {0};

	put_ip(&wire, version, version == 4 ? 1 : 58, 8 + quoted, 0x0a000100 + ttl, CLIENT, 60);
	wire_u32(&wire, version == 4 ? 0x0b000000 : 0x03000000);
	wire_u32(&wire, 0);
	wire_bytes(&wire, sent->bytes + 14, quoted);
	show_bytes(lab, wire.bytes, wire.count, ST_DIRECTION_IN, 0);
}

static unsigned udp_field(const struct sent *sent, size_t at)
{
	const uint8_t *field = sent->bytes + 14 + (sent->probe.ip_version == 4 ? 20 : 40) + at;

	return (unsigned)field[0] << 8 | field[1];
}

struct path {
	unsigned answering;	/* routers up to here answer */
	unsigned zero_checksum; /* a middlebox behind this router drops datagrams without one */
	unsigned sent[256];
	unsigned highest;
	unsigned total;
};

static bool is_answered(const struct path *path, const struct sent *sent)
{
	unsigned ttl = sent->probe.ttl;

	if (path->zero_checksum && ttl > path->zero_checksum && !udp_field(sent, 6))
		return false;
	return ttl <= path->answering;
}

/* Lets the trace run to its end; the tracer keeps its own time. */
static struct st_event run(struct lab *lab, struct path *path)
{
	struct st_event event;
	struct sent sent;

	for (;;) {
		while (send_one(lab, &sent)) {
			path->sent[sent.probe.ttl]++;
			path->total++;
			path->highest = MAX(path->highest, sent.probe.ttl);
			if (is_answered(path, &sent))
				reply_to(lab, &sent, sent.probe.ttl);
		}
		if (next_event(lab, ST_EVENT_TRACE_ENDED, &event))
			return event;
		g_assert_cmpuint(st_tracer_next_wakeup(lab->tracer), !=, ST_NEVER);
		lab->now = MAX(lab->now, st_tracer_next_wakeup(lab->tracer));
		st_tracer_wake(lab->tracer, lab->now);
	}
}

static struct lab make_udp_lab(struct st_config *config)
{
	*config = make_config();
	config->max_ttl = 12;
	config->flow_timeout_ns = 600 * ST_NS_PER_S;
	return make_lab(config);
}

static void check_note(const struct st_trace *trace, const char *kind, bool wanted)
{
	bool found = false;

	for (size_t i = 0; i < trace->note_count; i++)
		found = found || g_str_equal(trace->notes[i].kind, kind);
	g_assert_cmpint(found, ==, wanted);
}

static void test_ipv4_stays_below_the_destination(void)
{
	struct st_config config;
	struct lab lab = make_udp_lab(&config);
	struct path path = {.answering = DISTANCE - 1};
	struct st_event event;
	struct sent sent;

	say(&lab, &TALK_4, true);
	g_assert_false(
		next_event(&lab, ST_EVENT_SOCKET_ASKED, &event)); /* the other end may be dead */
	say(&lab, &TALK_4, false);
	g_assert_false(send_one(&lab, &sent));
	tell_socket(&lab, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(path.highest, ==, DISTANCE - 2);
	g_assert_cmpuint(path.total, ==, 3 * (DISTANCE - 2));
	g_assert_cmpint(event.result->algorithm, ==, ST_ALGORITHM_HOP_BY_HOP);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_NEAR_DESTINATION);
	g_assert_cmpuint(event.result->replies_received, ==, path.total);
	g_assert_cmpuint(event.result->hops[1].replies[0].matched_by, ==,
			 ST_MATCH_TUPLE | ST_MATCH_IPID | ST_MATCH_LENGTH | ST_MATCH_CHECKSUM);
	check_note(event.result, "recverr-unknown", false);
	st_tracer_free(lab.tracer);
}

static void test_ipv4_stops_at_silence(void)
{
	struct st_config config;
	struct lab lab = make_udp_lab(&config);
	struct path path = {.answering = 2};
	struct st_event event;

	exchange(&lab, &TALK_4);
	tell_socket(&lab, ST_SOCKET_UNKNOWN);
	event = run(&lab, &path);
	g_assert_cmpuint(path.highest, ==, 3);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_MISSING_HOPS);
	check_note(event.result, "recverr-unknown", true);
	st_tracer_free(lab.tracer);
}

static void test_named_kind_goes_farther(void)
{
	struct st_config config;
	struct lab lab = make_udp_lab(&config);
	struct path path = {.answering = DISTANCE - 1};
	struct st_event event;

	config.udp_probe = ST_UDP_PROBE_CHECKSUM;
	st_tracer_free(lab.tracer);
	lab = make_lab(&config);
	exchange(&lab, &TALK_4);
	tell_socket(&lab, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(path.highest, ==, DISTANCE + 2);
	g_assert_cmpint(event.result->algorithm, ==, ST_ALGORITHM_HOP_BY_HOP);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_MISSING_HOPS);
	g_assert_cmpuint(event.result->replies_received, ==, 3 * (DISTANCE - 1));
	st_tracer_free(lab.tracer);
}

static void test_quic_is_known(void)
{
	struct st_config config;
	struct lab lab = make_udp_lab(&config);
	struct path path = {.answering = DISTANCE - 1};
	struct st_event event;

	exchange(&lab, &QUIC_4);
	tell_socket(&lab, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(path.total, ==, 36);
	g_assert_cmpint(event.result->algorithm, ==, ST_ALGORITHM_CONCURRENT);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_MAX_TTL);
	st_tracer_free(lab.tracer);
}

static void test_ipv6_destructs_itself(void)
{
	struct st_config config;
	struct lab lab = make_udp_lab(&config);
	struct path path = {.answering = DISTANCE - 1};
	struct st_event event;
	struct sent sent, before;

	exchange(&lab, &TALK_6);
	tell_socket(&lab, ST_SOCKET_QUIET);
	g_assert_true(send_one(&lab, &before));
	g_assert_true(send_one(&lab, &sent));
	g_assert_cmpuint(udp_field(&sent, 6), ==, 0);
	g_assert_cmpuint(udp_field(&sent, 4), !=, udp_field(&before, 4));
	g_assert_cmpuint(udp_field(&sent, 4), >, UDP_BYTES);
	g_assert_cmpuint(sent.probe.frame_bytes, ==, 14U + 40 + udp_field(&sent, 4));
	reply_to(&lab, &before, 1);
	reply_to(&lab, &sent, 1);
	event = run(&lab, &path);
	g_assert_cmpuint(path.total, ==, 36 - 2);
	g_assert_cmpint(event.result->algorithm, ==, ST_ALGORITHM_CONCURRENT);
	g_assert_cmpuint(event.result->replies_received, ==, 3 * (DISTANCE - 1));
	check_note(event.result, "zero-checksum", false);
	st_tracer_free(lab.tracer);
}

static void test_ipv6_tries_again_with_checksums(void)
{
	struct st_config config;
	struct lab lab = make_udp_lab(&config);
	struct path path = {.answering = DISTANCE - 1, .zero_checksum = 3};
	struct st_event event;

	exchange(&lab, &TALK_6);
	tell_socket(&lab, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(path.sent[3], ==, 3);
	g_assert_cmpuint(path.sent[4], ==, 6);
	g_assert_cmpuint(path.sent[DISTANCE - 2], ==, 6);
	g_assert_cmpuint(path.sent[DISTANCE - 1], ==, 3);
	g_assert_cmpuint(event.result->replies_received, ==, 3 * (DISTANCE - 2));
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_NEAR_DESTINATION);
	check_note(event.result, "zero-checksum", true);
	st_tracer_free(lab.tracer);
}

/* Silence from hop 3 on for whatever is sent: the second attempt ends as the first did. */
static void test_ipv6_second_attempt_in_vain(void)
{
	struct st_config config;
	struct lab lab = make_udp_lab(&config);
	struct path path = {.answering = 2};
	struct st_event event;

	exchange(&lab, &TALK_6);
	tell_socket(&lab, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(path.sent[3], ==, 6);
	g_assert_cmpuint(path.sent[4], ==, 3);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_MAX_TTL);
	check_note(event.result, "zero-checksum", false);
	st_tracer_free(lab.tracer);
}

static void check_refused(const struct st_config *config, const struct talk *talk,
			  enum st_socket socket, const char *why)
{
	struct lab lab = make_lab(config);
	struct st_event event;
	struct sent sent;

	exchange(&lab, talk);
	if (socket != ST_SOCKET_UNKNOWN)
		tell_socket(&lab, socket);
	exchange(&lab, talk);
	g_assert_false(send_one(&lab, &sent));
	g_assert_true(next_event(&lab, ST_EVENT_FLOW_REFUSED, &event));
	g_assert_nonnull(strstr(event.reason, why));
	g_assert_false(next_event(&lab, ST_EVENT_FLOW_REFUSED, &event));
	st_tracer_free(lab.tracer);
}

static void test_refused(void)
{
	const struct talk dns = {4, 53, 'x', DATAGRAM};
	struct st_config config = make_config();

	check_refused(&config, &dns, ST_SOCKET_UNKNOWN, "port 53");
	check_refused(&config, &TALK_4, ST_SOCKET_WANTS_ERRORS, "IP_RECVERR");
	config.max_ttl = 12;
	config.first_ttl = DISTANCE - 1;
	check_refused(&config, &TALK_4, ST_SOCKET_UNKNOWN, "too near");
	config.udp_probe = ST_UDP_PROBE_SELF_DESTRUCT;
	check_refused(&config, &TALK_4, ST_SOCKET_UNKNOWN, "IPv6");
}

static void test_silence_ends_it(void)
{
	struct st_config config = make_config();
	struct lab lab;
	struct path path = {0};
	struct st_event event;

	config.max_ttl = 200;
	config.algorithm = ST_ALGORITHM_PACKET_BY_PACKET;
	config.max_missing = 0;
	config.flow_timeout_ns = 10 * ST_NS_PER_S;
	lab = make_lab(&config);
	exchange(&lab, &TALK_6);
	tell_socket(&lab, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_FLOW_TIMEOUT);
	g_assert_cmpuint(path.total, ==, 5); /* one every two seconds */
	lab.now += 3 * ST_NS_PER_S;
	st_tracer_wake(lab.tracer, lab.now);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_known, ==, 0);
	exchange(&lab, &TALK_6);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_seen, ==, 2);
	st_tracer_free(lab.tracer);
}

static void test_traced_again(void)
{
	struct st_config config;
	struct lab lab = make_udp_lab(&config);
	uint64_t first_end;
	GHashTable *lengths = g_hash_table_new(NULL, NULL);

	st_tracer_free(lab.tracer);
	config.retrace_ns = 5 * ST_NS_PER_S;
	config.max_ttl = 2;
	lab = make_lab(&config);
	exchange(&lab, &TALK_6);
	for (unsigned trace = 1; trace <= 3; trace++) {
		struct st_event event;
		struct sent sent;

		tell_socket(&lab, ST_SOCKET_QUIET);
		while (send_one(&lab, &sent)) {
			g_assert_true(
				g_hash_table_add(lengths, GUINT_TO_POINTER(udp_field(&sent, 4))));
			reply_to(&lab, &sent, sent.probe.ttl);
			lab.now += 200 * MS;
		}
		g_assert_true(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
		g_assert_cmpuint(event.result->number, ==, trace);
		g_assert_cmpuint(event.result->flow_id, ==, 1);
		first_end = lab.now;
		lab.now = st_tracer_next_wakeup(lab.tracer); /* the trace has rested */
		st_tracer_wake(lab.tracer, lab.now);
		lab.now = st_tracer_next_wakeup(lab.tracer);
		g_assert_cmpuint(lab.now - first_end, <=, config.retrace_ns);
		g_assert_cmpuint(lab.now - first_end, >=, config.retrace_ns - ST_NS_PER_S);
		st_tracer_wake(lab.tracer, lab.now);
	}
	g_assert_cmpuint(g_hash_table_size(lengths), ==, 3 * 6);
	g_hash_table_unref(lengths);
	st_tracer_free(lab.tracer);
}

/* A damaged capture can put a flow at the end of all time. */
static void test_end_of_the_clock(void)
{
	struct st_config config = make_config();
	struct lab lab;

	config.active = false;
	lab = make_lab(&config);
	lab.now = ST_NEVER - 1;
	exchange(&lab, &TALK_4);
	st_tracer_wake(lab.tracer, ST_NEVER - 1);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_known, ==, 1);
	st_tracer_free(lab.tracer);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/udp/below-destination", test_ipv4_stays_below_the_destination);
	g_test_add_func("/udp/stops-at-silence", test_ipv4_stops_at_silence);
	g_test_add_func("/udp/named-kind", test_named_kind_goes_farther);
	g_test_add_func("/udp/quic", test_quic_is_known);
	g_test_add_func("/udp/self-destruct", test_ipv6_destructs_itself);
	g_test_add_func("/udp/again-with-checksums", test_ipv6_tries_again_with_checksums);
	g_test_add_func("/udp/again-in-vain", test_ipv6_second_attempt_in_vain);
	g_test_add_func("/udp/refused", test_refused);
	g_test_add_func("/udp/silence", test_silence_ends_it);
	g_test_add_func("/udp/traced-again", test_traced_again);
	g_test_add_func("/udp/end-of-the-clock", test_end_of_the_clock);
	return g_test_run();
}
