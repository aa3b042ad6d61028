/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What routers do to packets, against what their keys promise. No tracer takes part here. */
#include "tests.h"

#include <string.h>

#define MS ST_NS_PER_MS

/* A network and what comes out of it. */
struct bench {
	struct scenario *scenario;
	struct network *network;
	uint64_t now_ns;
};

static struct bench bench(const char *text)
{
	struct bench b = {.scenario = scenario_of(text)};

	b.network = network_new(b.scenario);
	return b;
}

static void clear(struct bench *b)
{
	network_free(b->network);
	scenario_free(b->scenario);
}

static struct segment segment_of(const struct bench *b, enum version version, uint8_t protocol,
				 uint8_t ttl)
{
	static const uint8_t payload[] = "some words of the application";

	return (struct segment){
		.tuple = {b->scenario->host[version], b->scenario->destination[version], 40000, 443,
			  protocol},
		.ttl = ttl,
		.ip_id = 0x1234,
		.seq = 1000,
		.flags = ST_TCP_ACK,
		.window_scale = NO_WINDOW_SCALE,
		.payload = payload,
		.payload_bytes = sizeof(payload),
	};
}

static struct sim_packet *packet_of(const struct segment *s)
{
	struct sim_packet *packet =
		s->tuple.protocol == ST_PROTOCOL_UDP ? wire_udp(s) : wire_tcp(s);

	packet->tag = 1;
	return packet;
}

/* Sends it and lets the network run until something leaves it; NULL if nothing does. */
static struct sim_packet *exchange(struct bench *b, enum side from, struct sim_packet *packet)
{
	struct sim_packet *out = NULL;

	network_send(b->network, b->now_ns, from, packet);
	while (!out && network_next(b->network) != ST_NEVER) {
		b->now_ns = network_next(b->network);
		out = network_step(b->network);
	}
	return out;
}

static struct sim_packet *probe(struct bench *b, enum version version, uint8_t ttl)
{
	struct segment s = segment_of(b, version, ST_PROTOCOL_TCP, ttl);

	return exchange(b, SIDE_NEAR, packet_of(&s));
}

/* The last byte of its source address but one: the number of the hop that answers. */
static unsigned answering_hop(struct bench *b, enum version version, uint8_t ttl)
{
	struct sim_packet *answer = probe(b, version, ttl);
	unsigned hop = 0;

	if (answer && answer->towards == SIDE_NEAR)
		hop = answer->bytes[version == V4 ? 13 : 11];
	g_free(answer);
	return hop;
}

/* --- TTL --- */

static void check_hops(const char *text, const unsigned *wanted, size_t count)
{
	for (enum version version = V4; version <= V6; version++)
		for (size_t i = 0; i < count; i++) {
			struct bench b = bench(text);

			g_assert_cmpuint(answering_hop(&b, version, (uint8_t)(i + 1)), ==,
					 wanted[i]);
			clear(&b);
		}
}

static void test_ttl(void)
{
	const unsigned hidden[] = {1, 3, 4, 0}, double_step[] = {1, 2, 2, 3, 0},
		       zero[] = {1, 3, 3, 0};

	check_hops("[hop 1]\n[hop 2]\ndecrement=0\n[hop 3]\n[hop 4]\n[flow a]\n", hidden, 4);
	check_hops("[hop 1]\n[hop 2]\ndecrement=2\n[hop 3]\n[flow a]\n", double_step, 5);
	check_hops("[hop 1]\n[hop 2]\nforwards-zero=true\n[hop 3]\n[flow a]\n", zero, 4);
}

static uint8_t quoted_ttl(const char *text, uint8_t ttl)
{
	struct bench b = bench(text);
	struct sim_packet *answer = probe(&b, V4, ttl);
	size_t count;
	uint8_t quoted = icmp_quote(answer, &count)[8];

	g_free(answer);
	clear(&b);
	return quoted;
}

static void test_quoted_ttl(void)
{
	g_assert_cmpuint(quoted_ttl("[hop 1]\n[flow a]\n", 1), ==, 1);
	g_assert_cmpuint(quoted_ttl("[hop 1]\ndecrement=2\n[flow a]\n", 2), ==, 2);
	g_assert_cmpuint(quoted_ttl("[hop 1]\nforwards-zero=true\n[hop 2]\n[flow a]\n", 1), ==, 0);
	g_assert_cmpuint(quoted_ttl("[hop 1]\nquoted-ttl=5\n[flow a]\n", 1), ==, 5);
}

/* --- changes --- */

static void test_change(void)
{
	struct bench b = bench("[hop 1]\ndelay=1ms\n[change 1]\nat=1s\nhop=1\nv4=10.7.0.1\n"
			       "[change 2]\nat=2s\nhop=1\nsilent=true\n[flow a]\n");

	g_assert_cmpuint(answering_hop(&b, V4, 1), ==, 1);
	b.now_ns = 1000 * MS - 2 * MS; /* expires before, answers before */
	g_assert_cmpuint(answering_hop(&b, V4, 1), ==, 1);
	b.now_ns = 1000 * MS - 1 * MS;
	g_assert_cmpuint(answering_hop(&b, V4, 1), ==, 7);
	b.now_ns = 2000 * MS;
	g_assert_cmpuint(answering_hop(&b, V4, 1), ==, 0);
	clear(&b);
}

/* --- answers --- */

/* As Linux: a burst at once, then so many a second, for each client; both versions apart. */
static void test_answer_rate(void)
{
	struct bench b =
		bench("[hop 1]\nanswer-rate=2\nanswer-burst=4\ndelay=0ms\n[hop 2]\n[flow a]\n");
	unsigned answered = 0;

	for (unsigned i = 0; i < 10; i++)
		answered += answering_hop(&b, V4, 1) == 1;
	g_assert_cmpuint(answered, ==, 4);
	g_assert_cmpuint(answering_hop(&b, V6, 1), ==, 1);
	g_assert_cmpuint(answering_hop(&b, V4, 2), ==, 2);
	b.now_ns = 499 * MS;
	g_assert_cmpuint(answering_hop(&b, V4, 1), ==, 0);
	b.now_ns = 500 * MS;
	g_assert_cmpuint(answering_hop(&b, V4, 1), ==, 1);
	g_assert_cmpuint(answering_hop(&b, V4, 1), ==, 0);
	b.now_ns = 60000 * MS;
	for (answered = 0; answering_hop(&b, V4, 1) == 1; answered++)
		;
	g_assert_cmpuint(answered, ==, 4);
	clear(&b);
}

/* Four branches, every second with one router more: what answers first is the flow's own branch. */
static void test_detour(void)
{
	struct bench b = bench("[hop 1]\nrouters=4\ndetour=1\n[hop 2]\n[flow a]\n");

	for (uint16_t port = 1000; port < 1100; port++) {
		struct segment s = segment_of(&b, V4, ST_PROTOCOL_TCP, 1);
		struct sim_packet *answer;
		uint8_t first;

		s.tuple.source_port = port;
		answer = exchange(&b, SIDE_NEAR, packet_of(&s));
		first = answer->bytes[15];
		g_free(answer);
		s.ttl = 2;
		answer = exchange(&b, SIDE_NEAR, packet_of(&s));
		g_assert_cmpuint(answer->bytes[13], ==, (first - 1) % 2 ? 1 : 2);
		if ((first - 1) % 2)
			g_assert_cmpuint(answer->bytes[15], ==, first + 4u);
		g_free(answer);
	}
	clear(&b);
}

/* --- what does not get through --- */

static bool gets_through(const char *drop, const struct segment *s, bool zero_checksum)
{
	char *text = g_strdup_printf("[hop 1]\ndrop=%s\n[flow a]\n", drop);
	struct bench b = bench(text);
	struct sim_packet *packet = packet_of(s), *out;
	bool through;

	if (zero_checksum)
		memset(packet->bytes + (s->tuple.source.version == 4 ? 26 : 46), 0, 2);
	out = exchange(&b, SIDE_NEAR, packet);
	through = out && out->towards == SIDE_FAR;
	g_free(out);
	clear(&b);
	g_free(text);
	return through;
}

static void test_drops(void)
{
	struct bench b = bench("[hop 1]\n[flow a]\n");
	struct segment v4 = segment_of(&b, V4, ST_PROTOCOL_UDP, 9);
	struct segment v6 = segment_of(&b, V6, ST_PROTOCOL_UDP, 9);

	g_assert_true(gets_through("zero-checksum", &v6, false));
	g_assert_false(gets_through("zero-checksum", &v6, true));
	g_assert_true(gets_through("zero-checksum", &v4, true));
	g_assert_true(gets_through("nothing", &v6, true));
	g_assert_true(gets_through("empty-datagrams", &v4, false));
	v4.payload_bytes = 0;
	g_assert_false(gets_through("empty-datagrams", &v4, false));
	clear(&b);
}

/* Data that comes again passes, an empty segment from the past does not, nor an error. */
static void test_firewalls(void)
{
	struct bench b = bench("[hop 1]\ndrop=old-segments\n[hop 2]\n[flow a]\n");
	struct bench errors = bench("[hop 1]\ndrop=icmp-errors\n[hop 2]\n[flow a]\n");
	struct segment s = segment_of(&b, V4, ST_PROTOCOL_TCP, 9);
	struct sim_packet *out;

	for (unsigned i = 0; i < 2; i++) {
		out = exchange(&b, SIDE_NEAR, packet_of(&s));
		g_assert_nonnull(out);
		g_free(out);
	}
	s.seq += (uint32_t)s.payload_bytes;
	s.payload_bytes = 0;
	out = exchange(&b, SIDE_NEAR, packet_of(&s));
	g_assert_nonnull(out);
	g_free(out);
	s.seq--;
	g_assert_null(exchange(&b, SIDE_NEAR, packet_of(&s)));
	g_assert_cmpuint(answering_hop(&errors, V6, 1), ==, 1);
	g_assert_cmpuint(answering_hop(&errors, V6, 2), ==, 0);
	clear(&b);
	clear(&errors);
}

/* --- translators --- */

static struct segment read_of(const struct sim_packet *packet)
{
	struct segment read;

	g_assert_nonnull(packet);
	g_assert_true(wire_read(packet->bytes, packet->count, &read));
	g_assert_true(read.checksums_right);
	return read;
}

/* Out, and back in: the peer sees the translator, the host sees the peer. */
static void check_translated(struct bench *b, enum version version, uint8_t protocol)
{
	struct segment s = segment_of(b, version, protocol, 64), read;
	struct sim_packet *packet = exchange(b, SIDE_NEAR, packet_of(&s));
	struct st_tuple outside;

	read = read_of(packet);
	outside = read.tuple;
	g_assert_true(st_addr_equal(&outside.source, &b->scenario->hops[0].address[version]));
	g_assert_cmpuint(outside.source_port, !=, 40000);
	g_assert_cmpuint(outside.destination_port, ==, 443);
	g_free(packet);
	s.tuple = st_tuple_reversed(&outside);
	packet = exchange(b, SIDE_FAR, packet_of(&s));
	read = read_of(packet);
	g_assert_true(st_addr_equal(&read.tuple.destination, &b->scenario->host[version]));
	g_assert_cmpuint(read.tuple.destination_port, ==, 40000);
	g_free(packet);
	s.tuple.destination_port++;
	g_assert_null(exchange(b, SIDE_FAR, packet_of(&s))); /* nobody has that one */
}

/* An error from behind: what it quotes is what was sent but for the TTL, or it is not. */
static void check_quote(struct bench *b, enum version version, uint8_t protocol, bool restored)
{
	struct segment s = segment_of(b, version, protocol, 2);
	struct sim_packet *sent = packet_of(&s), *seen = packet_copy(sent->bytes, sent->count, 0);
	struct sim_packet *error = exchange(b, SIDE_NEAR, sent);
	struct segment read = read_of(error);
	size_t count;
	uint8_t *quote = icmp_quote(error, &count);

	g_assert_true(st_addr_equal(&read.tuple.destination, &b->scenario->host[version]));
	wire_set_ttl(seen, 1);
	g_assert_cmpuint(count, ==, seen->count);
	g_assert_true((memcmp(quote, seen->bytes, count) == 0) == restored);
	g_assert_true(quote[version == V4 ? 13 : 11] == (restored ? 0 : 1));
	g_free(error);
	g_free(seen);
}

static void test_translators(void)
{
	const uint8_t protocols[] = {ST_PROTOCOL_TCP, ST_PROTOCOL_UDP};

	for (enum version version = V4; version <= V6; version++)
		for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
			struct bench good = bench("[hop 1]\nnat=restoring\n[hop 2]\n[flow a]\n");
			struct bench broken = bench("[hop 1]\nnat=broken\n[hop 2]\n[flow a]\n");

			check_translated(&good, version, protocols[i]);
			check_quote(&good, version, protocols[i], true);
			check_quote(&broken, version, protocols[i], false);
			clear(&good);
			clear(&broken);
		}
}

/* No checksum stays no checksum, over IPv6 too: it is what makes such a probe harmless. */
static void test_translated_zero_checksum(void)
{
	struct bench b = bench("[hop 1]\nnat=restoring\n[hop 2]\n[flow a]\n");
	struct segment s = segment_of(&b, V6, ST_PROTOCOL_UDP, 9);
	struct sim_packet *packet;

	s.no_checksum = true;
	packet = exchange(&b, SIDE_NEAR, packet_of(&s));
	g_assert_cmpuint(read_of(packet).udp_checksum, ==, 0);
	g_free(packet);
	clear(&b);
}

/* What stays on its own link goes nowhere: multicast, link-local, broadcast. */
static void test_not_routed(void)
{
	struct bench b = bench("[hop 1]\n[flow a]\n");
	struct segment s = segment_of(&b, V6, ST_PROTOCOL_UDP, 9);

	s.tuple.destination = (struct st_addr){6, {0xff, 2, [15] = 2}};
	g_assert_null(exchange(&b, SIDE_NEAR, packet_of(&s)));
	s.tuple.destination = (struct st_addr){6, {0xfe, 0x80, [15] = 2}};
	g_assert_null(exchange(&b, SIDE_NEAR, packet_of(&s)));
	s = segment_of(&b, V4, ST_PROTOCOL_UDP, 9);
	s.tuple.destination = (struct st_addr){4, {255, 255, 255, 255}};
	g_assert_null(exchange(&b, SIDE_NEAR, packet_of(&s)));
	clear(&b);
}

void add_router_tests(void)
{
	g_test_add_func("/routers/ttl", test_ttl);
	g_test_add_func("/routers/quoted-ttl", test_quoted_ttl);
	g_test_add_func("/routers/change", test_change);
	g_test_add_func("/routers/answer-rate", test_answer_rate);
	g_test_add_func("/routers/detour", test_detour);
	g_test_add_func("/routers/drops", test_drops);
	g_test_add_func("/routers/firewalls", test_firewalls);
	g_test_add_func("/routers/translators", test_translators);
	g_test_add_func("/routers/translated-zero-checksum", test_translated_zero_checksum);
	g_test_add_func("/routers/not-routed", test_not_routed);
}
