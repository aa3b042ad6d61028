/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transport headers: TCP and its options, UDP, ICMP; whole, cut, and contradicting IP. */
#include "samples.h"

static void test_tcp_data_offset(void)
{
	for (unsigned words = 0; words < 16; words++) {
		struct wire wire = {0};
		struct st_packet packet;

		put_tcp_over_ip4(&wire);
		wire.bytes[20 + 12] = (uint8_t)(words << 4 | 0xf);
		g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==,
				words >= 5 && words <= 11 ? ST_OK : ST_MALFORMED);
	}
}

/* The captured bytes end inside the options: said so, and what is whole before the cut counts. */
static void test_tcp_options_cut(void)
{
	struct wire wire = {0};

	put_tcp_over_ip4(&wire);
	for (size_t captured = 40; captured <= 60; captured++) {
		struct st_packet packet;

		g_assert_cmpint(decode_as(&wire, ST_LINK_RAW, captured, wire.count, &packet), ==,
				ST_OK);
		g_assert_cmpint(packet.tcp.options_cut, ==, captured < 60);
		g_assert_cmpint(packet.tcp.sack_permitted, ==, captured >= 46);
		g_assert_cmpint(packet.tcp.has_timestamps, ==, captured >= 56);
		g_assert_cmphex(packet.tcp.tsval, ==, captured >= 56 ? 0x11223344 : 0);
		g_assert_cmpuint(packet.payload_wire, ==, 5);
	}
}

static void test_tcp_broken_options(void)
{
	static const char options[][12 + 1] = {
		"\x08\x0a\1\1\1\1\2\2\2\2\0",	    /* whole */
		"\x00\x00\x08\x0a\1\1\1\1\2\2\2\2", /* behind the end of the list */
		"\x08\x00\1\1\1\1\2\2\2\2\0",	    /* length 0 */
		"\x08\x01\1\1\1\1\2\2\2\2\0",
		"\x08\x0b\1\1\1\1\2\2\2\2\0",	    /* another length than the standard's */
		"\x01\x01\x01\x08\x0a\1\1\1\1\2\2", /* reaches past the header */
		"\x05\x02\x05\x09\0\0\0\0\0\0\0",   /* SACK without a whole block */
		"\x1e\x02\x04\x03\0\0\0\0\0\0\0", /* an unknown one; SACK permitted with a value */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
		struct wire wire = {0};
		struct st_packet packet;

		wire_ip4(&wire, ST_PROTOCOL_TCP, 32 + 8, 0);
		wire_tcp(&wire, options[i], 12);
		wire_fill(&wire, 8, 8);
		g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_OK);
		g_assert_cmpint(packet.tcp.has_timestamps, ==, i == 0);
		g_assert_false(packet.tcp.has_sack_blocks || packet.tcp.options_cut);
		g_assert_false(packet.tcp.sack_permitted);
	}
}

static void test_udp_lengths(void)
{
	static const struct {
		unsigned length;
		enum st_status status4, status6;
		unsigned payload;
	} cases[] = {
		{12, ST_OK, ST_OK, 4},
		{8, ST_OK, ST_OK, 0},
		{10, ST_OK, ST_OK, 2},
		{7, ST_MALFORMED, ST_MALFORMED, 0},
		{13, ST_MALFORMED, ST_MALFORMED, 0},
		{0, ST_MALFORMED, ST_OK, 4}, /* RFC 2675, 4 */
	};

	for (size_t i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
		bool four = i % 2;
		struct wire wire = {0};
		struct st_packet packet;

		if (four)
			sample_ip4_options(&wire);
		else
			sample_udp6(&wire);
		wire_set_u16(&wire, (four ? 60 : 40) + 4, cases[i / 2].length);
		g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==,
				four ? cases[i / 2].status4 : cases[i / 2].status6);
		if ((four ? cases[i / 2].status4 : cases[i / 2].status6) != ST_OK)
			continue;
		g_assert_true(packet.has_ports);
		g_assert_cmpuint(packet.payload_wire, ==, cases[i / 2].payload);
		g_assert_cmpuint(packet.payload_captured, ==, cases[i / 2].payload);
	}
}

static void test_udp_fields(void)
{
	struct wire wire = {0};
	struct st_packet packet;

	sample_ip4_options(&wire);
	g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_OK);
	g_assert_true(packet.has_ports);
	g_assert_cmpuint(packet.transport_offset, ==, 60);
	g_assert_cmpuint(packet.payload_offset, ==, 68);
	g_assert_cmpuint(packet.source_port, ==, 40312);
	g_assert_cmpuint(packet.destination_port, ==, 33434);
	g_assert_cmpuint(packet.udp.length, ==, 12);
	g_assert_cmphex(packet.udp.checksum, ==, 0xbeef);
	g_assert_cmpuint(packet.payload_captured, ==, 4);
}

static bool decodes_as_error(uint8_t version, unsigned protocol, unsigned type)
{
	struct wire wire = {0};
	struct st_packet packet;

	if (version == 4)
		wire_ip4(&wire, protocol, 8, 0);
	else
		wire_ip6(&wire, protocol, 8);
	wire_icmp(&wire, type, 3);
	g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_OK);
	g_assert_cmpuint(packet.icmp.type, ==, type);
	g_assert_cmpuint(packet.icmp.code, ==, 3);
	g_assert_false(packet.has_ports);
	g_assert_cmpuint(packet.payload_offset, ==, packet.transport_offset + 8);
	return packet.icmp.is_error;
}

static void test_icmp_errors(void)
{
	for (unsigned type = 0; type < 256; type++) {
		bool error4 = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
		bool error6 = type >= 1 && type <= 4;

		g_assert_cmpint(decodes_as_error(4, ST_PROTOCOL_ICMP, type), ==, error4);
		g_assert_cmpint(decodes_as_error(6, ST_PROTOCOL_ICMPV6, type), ==, error6);
		g_assert_false(decodes_as_error(4, ST_PROTOCOL_ICMPV6, type));
		g_assert_false(decodes_as_error(6, ST_PROTOCOL_ICMP, type));
	}
}

static void test_short_transport(void)
{
	static const struct {
		unsigned protocol, minimum;
	} cases[] = {{ST_PROTOCOL_TCP, 20}, {ST_PROTOCOL_UDP, 8}, {ST_PROTOCOL_ICMP, 8}};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (unsigned bytes = 0; bytes < cases[i].minimum; bytes++) {
			struct wire wire = {0};
			struct st_packet packet;

			wire_ip4(&wire, cases[i].protocol, bytes, 0);
			wire_fill(&wire, 0x50, 60);
			g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_MALFORMED);
			wire_set_u16(&wire, 6, 0x2000);
			g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_TRUNCATED);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/transport/tcp-data-offset", test_tcp_data_offset);
	g_test_add_func("/transport/tcp-options-cut", test_tcp_options_cut);
	g_test_add_func("/transport/tcp-broken-options", test_tcp_broken_options);
	g_test_add_func("/transport/udp-lengths", test_udp_lengths);
	g_test_add_func("/transport/udp-fields", test_udp_fields);
	g_test_add_func("/transport/icmp-errors", test_icmp_errors);
	g_test_add_func("/transport/short-transport", test_short_transport);
	return g_test_run();
}
