/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Quotes of every length from 0 up, and those that routers altered. */
#include "wire.h"

static enum st_status decode(const struct wire *wire, size_t count, uint8_t version,
			     struct st_quote *quote)
{
	uint8_t *bytes = wire_exact(wire->bytes, count);
	enum st_status status = st_quote_decode(bytes, count, version, quote);

	g_free(bytes);
	return status;
}

/* Nothing may be told that the quote is too short for; `there` bytes of transport are. */
static void assert_tcp_as_far_as(const struct st_quote *quote, size_t there)
{
	g_assert_cmpuint(quote->protocol, ==, ST_PROTOCOL_TCP);
	g_assert_cmpuint(quote->transport_bytes, ==, there);
	g_assert_cmpint(quote->has_ports, ==, there >= 4);
	g_assert_cmpuint(quote->source_port, ==, there >= 4 ? 40312 : 0);
	g_assert_cmpuint(quote->destination_port, ==, there >= 4 ? 443 : 0);
	g_assert_cmpint(quote->has_seq, ==, there >= 8);
	g_assert_cmphex(quote->seq, ==, there >= 8 ? 0x01020304 : 0);
	g_assert_cmpint(quote->has_ack, ==, there >= 12);
	g_assert_cmphex(quote->ack, ==, there >= 12 ? 0x05060708 : 0);
	g_assert_false(quote->has_udp);
}

static void assert_ip(const struct st_quote *quote, uint8_t version)
{
	char text[ST_ADDR_TEXT_BYTES];
	bool four = version == 4;

	g_assert_cmpuint(quote->ip_version, ==, version);
	g_assert_cmpstr(st_addr_format(&quote->source, text), ==,
			four ? "192.0.2.1" : "2001:db8::1");
	g_assert_cmpstr(st_addr_format(&quote->destination, text), ==,
			four ? "198.51.100.2" : "2001:db8::2");
	g_assert_cmpuint(quote->ttl, ==, 7);
	g_assert_cmphex(quote->tos, ==, 0xb8);
	g_assert_cmphex(quote->ip_id, ==, four ? 0x1234 : 0);
	g_assert_cmphex(quote->flow_label, ==, four ? 0 : 0xabcde);
}

static void test_tcp_lengths(void)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		size_t header = version == 4 ? 20 : 40;
		struct wire wire = {0};
		struct st_quote quote;

		if (version == 4)
			wire_ip4(&wire, ST_PROTOCOL_TCP, 20, 0);
		else
			wire_ip6(&wire, ST_PROTOCOL_TCP, 20);
		wire_tcp(&wire, NULL, 0);
		for (size_t count = 0; count < header; count++)
			g_assert_cmpint(decode(&wire, count, version, &quote), ==, ST_TRUNCATED);
		for (size_t count = header; count <= wire.count; count++) {
			g_assert_cmpint(decode(&wire, count, version, &quote), ==, ST_OK);
			assert_ip(&quote, version);
			assert_tcp_as_far_as(&quote, count - header);
		}
	}
}

static void test_udp_lengths(void)
{
	struct wire wire = {0};

	wire_ip4(&wire, ST_PROTOCOL_UDP, 8, 0);
	wire_udp(&wire, 0);
	for (size_t there = 0; there <= 8; there++) {
		struct st_quote quote;

		g_assert_cmpint(decode(&wire, 20 + there, 4, &quote), ==, ST_OK);
		g_assert_cmpuint(quote.transport_bytes, ==, there);
		g_assert_cmpint(quote.has_ports, ==, there >= 4);
		g_assert_cmpuint(quote.destination_port, ==, there >= 4 ? 33434 : 0);
		g_assert_cmpint(quote.has_udp, ==, there == 8);
		g_assert_cmpuint(quote.udp_length, ==, there == 8 ? 8 : 0);
		g_assert_cmphex(quote.udp_checksum, ==, there == 8 ? 0xbeef : 0);
		g_assert_false(quote.has_seq || quote.has_ack);
	}
}

static void test_other_transports(void)
{
	static const unsigned protocols[] = {ST_PROTOCOL_ICMP, ST_PROTOCOL_ICMPV6, ST_PROTOCOL_SCTP,
					     50, 0};

	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
		struct wire wire = {0};
		struct st_quote quote;

		wire_ip4(&wire, protocols[i], 12, 0);
		wire_fill(&wire, 0x11, 12);
		g_assert_cmpint(decode(&wire, wire.count, 4, &quote), ==, ST_OK);
		g_assert_cmpuint(quote.protocol, ==, protocols[i]);
		g_assert_cmpuint(quote.transport_bytes, ==, 12);
		g_assert_cmpint(quote.has_ports, ==, protocols[i] == ST_PROTOCOL_SCTP);
		g_assert_false(quote.has_seq || quote.has_udp);
		g_assert_true(quote.has_key);
		g_assert_cmphex(quote.key, ==, 0x11111111);
	}
}

static void test_ip4_options(void)
{
	struct wire wire = {0};
	struct st_quote quote;

	wire_ip4(&wire, ST_PROTOCOL_TCP, 20, 3);
	wire_tcp(&wire, NULL, 0);
	for (size_t count = 0; count < 32; count++)
		g_assert_cmpint(decode(&wire, count, 4, &quote), ==, ST_TRUNCATED);
	g_assert_cmpint(decode(&wire, 40, 4, &quote), ==, ST_OK);
	assert_tcp_as_far_as(&quote, 8);
}

static void test_ip6_extensions(void)
{
	struct wire wire = {0};
	struct st_quote quote;

	wire_ip6(&wire, 0, 8 + 8 + 20);
	wire_bytes(&wire, "\x2c\0\1\4\0\0\0\0", 8);
	wire_bytes(&wire, "\x06\0\0\1\0\0\0\1", 8);
	wire_tcp(&wire, NULL, 0);
	/* cut inside the chain: the addresses are known, the transport is not */
	for (size_t count = 40; count < 56; count++) {
		g_assert_cmpint(decode(&wire, count, 6, &quote), ==, ST_OK);
		assert_ip(&quote, 6);
		g_assert_cmpuint(quote.protocol, ==, 0);
		g_assert_cmpuint(quote.transport_bytes, ==, 0);
		g_assert_false(quote.has_ports);
	}
	for (size_t count = 56; count <= wire.count; count++) {
		g_assert_cmpint(decode(&wire, count, 6, &quote), ==, ST_OK);
		assert_tcp_as_far_as(&quote, count - 56);
	}
}

/* A chain that no sender has a reason for says nothing that can be trusted. */
static void test_ip6_endless_chain(void)
{
	struct wire wire = {0};
	struct st_quote quote;

	wire_ip6(&wire, 60, 8 * 100);
	for (size_t i = 0; i < 100; i++)
		wire_bytes(&wire, "\x3c\0\1\4\0\0\0\0", 8);
	g_assert_cmpint(decode(&wire, wire.count, 6, &quote), ==, ST_MALFORMED);
}

static void test_later_fragments(void)
{
	struct wire wire = {0};
	struct st_quote quote;

	wire_ip4(&wire, ST_PROTOCOL_TCP, 20, 0);
	wire_tcp(&wire, NULL, 0);
	wire_set_u16(&wire, 6, 0x00b9);
	g_assert_cmpint(decode(&wire, wire.count, 4, &quote), ==, ST_OK);
	g_assert_true(quote.later_fragment);
	g_assert_false(quote.has_ports || quote.has_seq);
	wire = (struct wire){0};
	wire_ip6(&wire, 44, 28);
	wire_bytes(&wire, "\x06\0\1\x90\0\0\0\1", 8);
	wire_tcp(&wire, NULL, 0);
	g_assert_cmpint(decode(&wire, wire.count, 6, &quote), ==, ST_OK);
	g_assert_true(quote.later_fragment);
	g_assert_false(quote.has_ports);
	g_assert_cmpuint(quote.protocol, ==, ST_PROTOCOL_TCP);
}

/* What routers write as the total length; the ports must come out all the same. */
static void test_altered_length(void)
{
	static const struct {
		unsigned total;
		unsigned transport_bytes;
	} cases[] = {
		{40, 20},      /* as sent */
		{20, 108},     /* less the header, as BSD stacks did: not believed */
		{0x2800, 108}, /* in the router's byte order */
		{0, 108},      {1, 108}, {39, 108}, {0xffff, 108},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct wire wire = {0};
		struct st_quote quote;

		wire_ip4(&wire, ST_PROTOCOL_TCP, 20, 0);
		wire_tcp(&wire, NULL, 0);
		wire_fill(&wire, 0, 128 - wire.count); /* padded for an extension */
		wire_set_u16(&wire, 2, cases[i].total);
		g_assert_cmpint(decode(&wire, wire.count, 4, &quote), ==, ST_OK);
		assert_tcp_as_far_as(&quote, cases[i].transport_bytes);
	}
}

/* Behind a short packet the padding is not taken for transport. */
static void test_padded(void)
{
	static const struct {
		unsigned protocol, transport_bytes;
	} cases[] = {{ST_PROTOCOL_TCP, 20}, {ST_PROTOCOL_UDP, 8}, {ST_PROTOCOL_ICMP, 8}, {132, 1}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct wire wire = {0};
		struct st_quote quote;

		wire_ip4(&wire, cases[i].protocol, cases[i].transport_bytes, 0);
		wire_fill(&wire, 0, 128 - wire.count);
		g_assert_cmpint(decode(&wire, wire.count, 4, &quote), ==, ST_OK);
		g_assert_cmpuint(quote.transport_bytes, ==, cases[i].transport_bytes);
	}
}

static void test_ttls(void)
{
	for (unsigned ttl = 0; ttl < 256; ttl++) {
		struct wire wire = {0};
		struct st_quote quote;

		wire_ip4(&wire, ST_PROTOCOL_UDP, 8, 0);
		wire_udp(&wire, 0);
		wire.bytes[8] = (uint8_t)ttl;
		g_assert_cmpint(decode(&wire, wire.count, 4, &quote), ==, ST_OK);
		g_assert_cmpuint(quote.ttl, ==, ttl);
	}
}

static void test_not_ip(void)
{
	struct wire wire = {0};
	struct st_quote quote;

	wire_ip4(&wire, ST_PROTOCOL_TCP, 20, 0);
	wire_tcp(&wire, NULL, 0);
	for (size_t count = 1; count <= wire.count; count++) /* known from the first byte on */
		g_assert_cmpint(decode(&wire, count, 6, &quote), ==, ST_MALFORMED);
	for (unsigned first = 0; first < 256; first++) {
		wire.bytes[0] = (uint8_t)first;
		g_assert_cmpint(decode(&wire, wire.count, 4, &quote), ==,
				first >= 0x45 && first <= 0x4a ? ST_OK
				: first > 0x4a && first < 0x50 ? ST_TRUNCATED
							       : ST_MALFORMED);
	}
}

static void test_garbage(void)
{
	for (int i = 0; i < 200000; i++) {
		size_t count = (size_t)g_test_rand_int_range(0, 96);
		uint8_t version = g_test_rand_bit() ? 4 : 6;
		struct wire wire = {0};
		struct st_quote quote;

		for (size_t j = 0; j < count; j++)
			wire_u8(&wire, g_test_rand_bit() ? 0 : (uint8_t)g_test_rand_int());
		if (count > 0)
			wire.bytes[0] =
				version == 4 ? (uint8_t)(0x40 | (wire.bytes[0] & 0xf)) : 0x60;
		if (decode(&wire, count, version, &quote) != ST_OK)
			continue;
		g_assert_cmpuint(quote.transport_bytes, <=, count - (version == 4 ? 20 : 40));
		g_assert_true(!quote.has_ports || quote.transport_bytes >= 4);
		g_assert_true(!quote.has_seq || quote.transport_bytes >= 8);
		g_assert_true(!quote.has_ack || quote.transport_bytes >= 12);
		g_assert_true(!quote.has_udp || quote.transport_bytes >= 8);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/quote/tcp-lengths", test_tcp_lengths);
	g_test_add_func("/quote/udp-lengths", test_udp_lengths);
	g_test_add_func("/quote/other-transports", test_other_transports);
	g_test_add_func("/quote/ip4-options", test_ip4_options);
	g_test_add_func("/quote/ip6-extensions", test_ip6_extensions);
	g_test_add_func("/quote/ip6-endless-chain", test_ip6_endless_chain);
	g_test_add_func("/quote/later-fragments", test_later_fragments);
	g_test_add_func("/quote/altered-length", test_altered_length);
	g_test_add_func("/quote/padded", test_padded);
	g_test_add_func("/quote/ttls", test_ttls);
	g_test_add_func("/quote/not-ip", test_not_ip);
	g_test_add_func("/quote/garbage", test_garbage);
	return g_test_run();
}
