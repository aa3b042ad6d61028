/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules of UDP probes must bite: one thing wrong at a time, one finding. */
#include "tests.h"

#define MS ST_NS_PER_MS
#define DISTANCE 6 /* routers to the peer, which so is one farther */

static struct segment datagram(uint8_t version, uint8_t ttl, size_t bytes)
{
	static const uint8_t zeros[1500];

	return (struct segment){
		.tuple = {.source = {.version = version},
			  .destination = {.version = version},
			  .source_port = 40000,
			  .destination_port = 443,
			  .protocol = ST_PROTOCOL_UDP},
		.ttl = ttl,
		.dont_fragment = true,
		.payload = zeros,
		.payload_bytes = bytes,
		.udp_checksum = 0xbeef,
		.checksums_right = true,
	};
}

/* A flow that has been seen both ways, and whose socket is quiet. */
static struct watch talking(uint8_t version, bool quic)
{
	struct watch watch = {.told = true};
	struct segment out = datagram(version, 64, 100), in = datagram(version, 64 - DISTANCE, 100);

	out.quic_initial = quic;
	watch_frame(&watch, 0, true, &out);
	watch_frame(&watch, 0, false, &in);
	return watch;
}

static guint findings_at(struct watch *watch, enum st_udp_probe kind, const struct segment *probe,
			 uint64_t now)
{
	GPtrArray *findings = g_ptr_array_new_with_free_func(g_free);
	struct probe_sent sent = {probe, 1, now, "probe"};
	struct st_config config;
	guint count;

	st_config_init(&config);
	config.udp_probe = kind;
	rules_check_probe(watch, &config, &sent, findings);
	count = findings->len;
	g_ptr_array_unref(findings);
	return count;
}

static guint findings_of(struct watch watch, const struct segment *probe)
{
	return findings_at(&watch, ST_UDP_PROBE_AUTO, probe, 0);
}

#define ASSERT_FOUND(probe, field, value)                                                          \
	do {                                                                                       \
		struct segment bad = probe;                                                        \
		bad.field = value;                                                                 \
		g_assert_cmpuint(findings_of(watch, &bad), ==, 1);                                 \
	} while (0)

static void test_headers(void)
{
	struct watch watch = talking(4, false);
	struct segment good = datagram(4, 1, 0);

	g_assert_cmpuint(findings_of(watch, &good), ==, 0);
	ASSERT_FOUND(good, tos, 4);
	ASSERT_FOUND(good, flow_label, 4);
	ASSERT_FOUND(good, dont_fragment, false);
	ASSERT_FOUND(good, checksums_right, false);
	ASSERT_FOUND(good, tuple.source_port, 4);
	ASSERT_FOUND(good, ttl, 0);
	ASSERT_FOUND(good, payload_bytes, 2); /* not the kind */
}

static void test_kinds(void)
{
	struct watch watch = talking(6, false), v4 = talking(4, true);
	struct segment good = datagram(6, 1, 200), junk = good;

	good.udp_checksum = 0;
	g_assert_cmpuint(findings_of(watch, &good), ==, 0);
	ASSERT_FOUND(good, payload_bytes, 0);
	ASSERT_FOUND(good, payload_bytes, 1233);
	junk.udp_checksum = 0;
	junk.payload = (const uint8_t *)"junk";
	junk.payload_bytes = 4;
	g_assert_cmpuint(findings_of(watch, &junk), ==, 1);
	watch.checksums_out = false; /* its receiver would take it */
	g_assert_cmpuint(findings_of(watch, &good), ==, 1);
	good = datagram(4, 1, 200);
	good.udp_checksum = 0; /* valid over IPv4, and not what is asked for */
	g_assert_cmpuint(findings_of(v4, &good), ==, 2);
}

static void test_life(void)
{
	struct watch watch = talking(4, false), silent;
	struct segment good = datagram(4, 1, 0), lookup = good;

	silent = watch;
	g_assert_cmpuint(findings_at(&silent, ST_UDP_PROBE_AUTO, &good, 29999 * MS), ==, 0);
	silent = watch;
	g_assert_cmpuint(findings_at(&silent, ST_UDP_PROBE_AUTO, &good, 30000 * MS), ==, 1);
	watch.told = false;
	g_assert_cmpuint(findings_of(watch, &good), ==, 1);
	watch.told = watch.wants_errors = true;
	g_assert_cmpuint(findings_of(watch, &good), ==, 1);
	watch.wants_errors = false;
	watch.in_seen = false;
	g_assert_cmpuint(findings_of(watch, &good), ==, 1);
	watch.in_seen = true;
	watch.last_out.tuple.destination_port = lookup.tuple.destination_port = 53;
	g_assert_cmpuint(findings_of(watch, &lookup), ==, 1);
}

/* From a TTL of 58: the peer seems 7 away, so 5 is as far as one may go, step by step. */
static void test_careful(void)
{
	struct watch watch = talking(4, false), jumped = watch;
	struct segment probe = datagram(4, 1, 0);

	g_assert_cmpuint(rules_ceiling(&watch), ==, 5);
	for (probe.ttl = 1; probe.ttl <= 5; probe.ttl++) {
		g_assert_cmpuint(findings_at(&watch, ST_UDP_PROBE_AUTO, &probe, 0), ==, 0);
		g_assert_cmpuint(findings_at(&watch, ST_UDP_PROBE_AUTO, &probe, 0), ==, 0);
		watch_answer(&watch, 1, probe.ttl);
	}
	g_assert_cmpuint(findings_at(&watch, ST_UDP_PROBE_AUTO, &probe, 0), ==, 1); /* 6 */
	probe.ttl = 2;
	g_assert_cmpuint(findings_of(jumped, &probe), ==, 1); /* begins too far */
	probe.ttl = 1;
	g_assert_cmpuint(findings_at(&jumped, ST_UDP_PROBE_AUTO, &probe, 0), ==, 0);
	probe.ttl = 2;
	g_assert_cmpuint(findings_at(&jumped, ST_UDP_PROBE_AUTO, &probe, 0), ==, 1); /* no answer */
	jumped = talking(4, false);
	probe.ttl = 20; /* the user answers for it */
	g_assert_cmpuint(findings_at(&jumped, ST_UDP_PROBE_EMPTY, &probe, 0), ==, 0);
}

/* QUIC may be probed at any distance; what can arrive comes 100 ms apart. */
static void test_spacing(void)
{
	struct watch watch = talking(4, true);
	struct segment probe = datagram(4, 5, 0);

	g_assert_cmpuint(findings_at(&watch, ST_UDP_PROBE_AUTO, &probe, 1 * MS), ==, 0);
	g_assert_cmpuint(findings_at(&watch, ST_UDP_PROBE_AUTO, &probe, 1 * MS), ==, 0);
	probe.ttl = 6;
	g_assert_cmpuint(findings_at(&watch, ST_UDP_PROBE_AUTO, &probe, 2 * MS), ==, 0);
	g_assert_cmpuint(findings_at(&watch, ST_UDP_PROBE_AUTO, &probe, 101 * MS), ==, 1);
	g_assert_cmpuint(findings_at(&watch, ST_UDP_PROBE_AUTO, &probe, 201 * MS), ==, 0);
	watch_answer(&watch, 1, 6); /* so it is no destination */
	g_assert_cmpuint(findings_at(&watch, ST_UDP_PROBE_AUTO, &probe, 202 * MS), ==, 0);
}

/* An application knows what is its peer's, and takes nothing else without noticing. */
static void test_application(void)
{
	struct udp_setup setup = {.checksums = true, .datagram_bytes = 1000, .peer_seed = 5};
	struct udp_peer peer, speaker;
	struct segment probe = datagram(6, 1, 0), heard;
	struct sim_packet *packet;

	setup.tuple.source.version = setup.tuple.destination.version = 6;
	setup.tuple.protocol = ST_PROTOCOL_UDP;
	udp_peer_init(&peer, &setup);
	setup.seed = 5;
	udp_peer_init(&speaker, &setup);
	udp_peer_write(&speaker, 1500);
	while ((packet = udp_peer_output(&speaker))) {
		g_assert_true(wire_read(packet->bytes, packet->count, &heard));
		udp_peer_hear(&peer, &heard);
		g_free(packet);
	}
	g_assert_cmpuint(peer.received_bytes, ==, 1500);
	g_assert_cmpuint(peer.junk, ==, 0);
	udp_peer_hear(&peer, &probe); /* empty */
	probe.payload_bytes = 2;
	udp_peer_hear(&peer, &probe);
	g_assert_cmpuint(peer.junk, ==, 2);
	probe.udp_checksum = 0;
	udp_peer_hear(&peer, &probe);
	g_assert_cmpuint(peer.junk, ==, 2);
	g_assert_cmpuint(peer.unverified, ==, 1);
	udp_peer_clear(&peer);
	udp_peer_clear(&speaker);
}

void add_rule_tests(void)
{
	g_test_add_func("/rules/udp/headers", test_headers);
	g_test_add_func("/rules/udp/kinds", test_kinds);
	g_test_add_func("/rules/udp/life", test_life);
	g_test_add_func("/rules/udp/careful", test_careful);
	g_test_add_func("/rules/udp/spacing", test_spacing);
	g_test_add_func("/rules/udp/application", test_application);
}
