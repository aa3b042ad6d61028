/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which probe a quote belongs to where several are alike, and copies of a probe. */
#include "trace/correlator.h"

#include <glib.h>

#define SEQ 7000
#define WAIT_NS 1000

struct fixture {
	struct correlator correlator;
	struct st_tuple tuple;
	struct probe probes[2];
	struct st_quote quote;
	uint64_t now;
};

/* Two probes with one sequence number, as `exact` makes them. */
static void begin(struct fixture *f, const char *source, const char *destination)
{
	*f = (struct fixture){.tuple = {.source_port = 40000,
					.destination_port = 443,
					.protocol = ST_PROTOCOL_TCP}};
	st_addr_parse(source, &f->tuple.source);
	st_addr_parse(destination, &f->tuple.destination);
	f->correlator.wait_ns = WAIT_NS;
	f->quote = (struct st_quote){
		.source = f->tuple.source,
		.destination = f->tuple.destination,
		.source_port = 40000,
		.destination_port = 443,
		.protocol = ST_PROTOCOL_TCP,
		.ip_version = f->tuple.source.version,
		.has_ports = true,
		.has_seq = true,
		.seq = SEQ,
	};
	for (unsigned i = 0; i < 2; i++) {
		f->probes[i] = (struct probe){.tuple = f->tuple,
					      .id = i + 1,
					      .key = SEQ,
					      .ip_id = (uint16_t)(100 + i),
					      .ttl = (uint8_t)(i + 1)};
		correlator_add(&f->correlator, &f->probes[i]);
	}
}

/* As the decoder leaves it. */
static void set_key(struct st_quote *quote)
{
	quote->has_key = quote->has_seq || quote->has_udp;
	quote->key = quote->has_seq ? quote->seq : udp_key(quote->udp_length, quote->udp_checksum);
}

static struct probe *find(struct fixture *f)
{
	uint8_t matched_by = 0;

	set_key(&f->quote);
	return correlator_find_quote(&f->correlator, &f->quote, f->now, &matched_by);
}

static void test_alike_without_identification(void)
{
	struct fixture f;

	begin(&f, "fd00::1", "fd00::2");
	g_assert_null(find(&f)); /* either could be meant */
	f.probes[0].state = PROBE_ANSWERED;
	g_assert_true(find(&f) == &f.probes[1]);
	f.probes[0].state = PROBE_AWAITED;
	f.probes[1].state = PROBE_EXPIRED;
	g_assert_true(find(&f) == &f.probes[0]);
	f.probes[0].state = PROBE_ANSWERED;
	g_assert_null(find(&f));
	correlator_free(&f.correlator);
}

/* Nobody need have looked yet for a probe's wait to be over. */
static void test_alike_and_too_old(void)
{
	struct fixture f;

	begin(&f, "fd00::1", "fd00::2");
	f.probes[1].now_ns = 1;
	f.now = WAIT_NS - 1;
	g_assert_null(find(&f));
	f.now = WAIT_NS;
	g_assert_true(find(&f) == &f.probes[1]);
	correlator_free(&f.correlator);
}

static void test_identification_decides(void)
{
	struct fixture f;

	begin(&f, "10.0.0.1", "10.0.0.2");
	f.quote.ip_id = 100;
	g_assert_true(find(&f) == &f.probes[0]);
	f.quote.ip_id = 101;
	g_assert_true(find(&f) == &f.probes[1]);
	f.quote.ip_id = 555; /* rewritten on the way */
	g_assert_null(find(&f));
	f.probes[1].state = PROBE_ANSWERED;
	g_assert_true(find(&f) == &f.probes[0]);
	f.quote.protocol = ST_PROTOCOL_UDP;
	g_assert_null(find(&f));
	correlator_free(&f.correlator);
}

static void test_copies(void)
{
	struct fixture f;
	struct st_packet packet;

	begin(&f, "10.0.0.1", "10.0.0.2");
	packet = (struct st_packet){
		.source = f.tuple.source,
		.destination = f.tuple.destination,
		.source_port = 40000,
		.destination_port = 443,
		.ip_version = 4,
		.protocol = ST_PROTOCOL_TCP,
		.ip_id = 101,
		.ttl = 2,
		.has_key = true,
		.key = SEQ,
		.tcp = {.seq = SEQ},
	};
	f.probes[1].now_ns = 50;
	g_assert_true(correlator_find_copy(&f.correlator, &packet, 50) == &f.probes[1]);
	g_assert_null(correlator_find_copy(&f.correlator, &packet, 51));
	packet.ttl = 3;
	g_assert_null(correlator_find_copy(&f.correlator, &packet, 0));
	correlator_free(&f.correlator);
}

/* Two empty UDP probes: they share length and checksum, and have an identification each. */
static void begin_udp(struct fixture *f, const char *source, const char *destination)
{
	begin(f, source, destination);
	for (unsigned i = 0; i < 2; i++)
		correlator_remove(&f->correlator, &f->probes[i]);
	f->tuple.protocol = f->quote.protocol = ST_PROTOCOL_UDP;
	for (unsigned i = 0; i < 2; i++) {
		f->probes[i].tuple.protocol = ST_PROTOCOL_UDP;
		f->probes[i].key = udp_key(8, 0xbeef);
		correlator_add(&f->correlator, &f->probes[i]);
	}
	f->quote.has_seq = false;
	f->quote.has_udp = true;
	f->quote.udp_length = 8;
	f->quote.udp_checksum = 0xbeef;
	f->quote.ip_id = 101;
}

static uint8_t matched(struct fixture *f, const struct probe *wanted)
{
	uint8_t matched_by = 0;

	set_key(&f->quote);
	g_assert_true(correlator_find_quote(&f->correlator, &f->quote, f->now, &matched_by) ==
		      wanted);
	return matched_by;
}

static void test_udp(void)
{
	struct fixture f;

	begin_udp(&f, "10.0.0.1", "10.0.0.2");
	g_assert_cmpuint(matched(&f, &f.probes[1]), ==,
			 ST_MATCH_TUPLE | ST_MATCH_IPID | ST_MATCH_LENGTH | ST_MATCH_CHECKSUM);
	f.probes[0].state = PROBE_ANSWERED;
	f.quote.ip_id = 555; /* an empty datagram of the application's would look the same */
	matched(&f, NULL);
	f.quote.ip_id = 101;
	f.quote.udp_checksum = 0; /* altered: the identification still tells */
	g_assert_cmpuint(matched(&f, &f.probes[1]), ==,
			 ST_MATCH_TUPLE | ST_MATCH_IPID | ST_MATCH_LENGTH);
	f.quote.udp_length = 9; /* another length refutes it */
	matched(&f, NULL);
	f.quote.has_udp = false; /* four bytes of transport */
	g_assert_cmpuint(matched(&f, &f.probes[1]), ==, ST_MATCH_TUPLE | ST_MATCH_IPID);
	f.quote.has_ports = false;
	matched(&f, NULL);
	correlator_free(&f.correlator);
}

/* Sequence number and identification name a TCP probe even where both addresses are translated. */
static void test_tcp_behind_two_translators(void)
{
	struct fixture f;

	begin(&f, "10.0.0.1", "10.0.0.2");
	st_addr_parse("192.0.2.1", &f.quote.source);
	st_addr_parse("192.0.2.2", &f.quote.destination);
	f.quote.ip_id = 101;
	g_assert_cmpuint(matched(&f, &f.probes[1]), ==, ST_MATCH_IPID | ST_MATCH_SEQ);
	f.quote.ip_id = 7;
	matched(&f, NULL);
	correlator_free(&f.correlator);
}

/* The quote shows the translated source, and the checksum that goes with it. */
static void test_udp_behind_nat(void)
{
	struct fixture f;

	begin_udp(&f, "10.0.0.1", "10.0.0.2");
	st_addr_parse("192.0.2.1", &f.quote.source);
	f.quote.source_port = 5555;
	f.quote.udp_checksum = 0x1111;
	g_assert_cmpuint(matched(&f, &f.probes[1]), ==,
			 ST_MATCH_PEER | ST_MATCH_IPID | ST_MATCH_LENGTH);
	f.quote.destination_port = 444; /* another program's */
	matched(&f, NULL);
	f.quote.destination_port = 443;
	f.quote.ip_id = 7;
	matched(&f, NULL);
	correlator_free(&f.correlator);
}

/* Over IPv6 the length is the key, and nothing changes a checksum that is not there. */
static void test_udp_without_checksum(void)
{
	struct fixture f;

	begin_udp(&f, "fd00::1", "fd00::2");
	for (unsigned i = 0; i < 2; i++) {
		correlator_remove(&f.correlator, &f.probes[i]);
		f.probes[i].key = udp_key((uint16_t)(20 + i), 0);
		correlator_add(&f.correlator, &f.probes[i]);
	}
	f.quote.udp_checksum = 0;
	f.quote.udp_length = 20;
	g_assert_cmpuint(matched(&f, &f.probes[0]), ==,
			 ST_MATCH_TUPLE | ST_MATCH_LENGTH | ST_MATCH_CHECKSUM);
	st_addr_parse("fd99::9", &f.quote.source);
	f.quote.udp_length = 21;
	g_assert_cmpuint(matched(&f, &f.probes[1]), ==,
			 ST_MATCH_PEER | ST_MATCH_LENGTH | ST_MATCH_CHECKSUM);
	f.quote.destination_port = 444;
	matched(&f, NULL);
	correlator_free(&f.correlator);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/correlator/alike", test_alike_without_identification);
	g_test_add_func("/correlator/alike-and-too-old", test_alike_and_too_old);
	g_test_add_func("/correlator/identification", test_identification_decides);
	g_test_add_func("/correlator/copies", test_copies);
	g_test_add_func("/correlator/two-translators", test_tcp_behind_two_translators);
	g_test_add_func("/correlator/udp", test_udp);
	g_test_add_func("/correlator/udp-behind-nat", test_udp_behind_nat);
	g_test_add_func("/correlator/udp-without-checksum", test_udp_without_checksum);
	return g_test_run();
}
