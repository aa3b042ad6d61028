/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames of every link type down to the transport: good ones whole and cut at
 * every byte, bad ones, and the odd lengths that offloading leaves in captures.
 */
#include "samples.h"

/* What must hold of any decoded packet: everything lies in the frame and in the right order. */
static void assert_sane(const struct st_packet *packet, size_t captured)
{
	g_assert_true(packet->ip_version == 4 || packet->ip_version == 6);
	g_assert_cmpuint(packet->source.version, ==, packet->ip_version);
	g_assert_cmpuint(packet->destination.version, ==, packet->ip_version);
	g_assert_cmpuint(packet->ip_offset, <, packet->transport_offset);
	g_assert_cmpuint(packet->transport_offset + packet->transport_captured, <=, captured);
	g_assert_cmpuint(packet->transport_offset, <=, packet->payload_offset);
	g_assert_cmpuint(packet->transport_captured, <=, packet->transport_wire);
	g_assert_cmpuint(packet->payload_captured, <=, packet->payload_wire);
	g_assert_cmpuint(packet->payload_captured, <=, packet->transport_captured);
	g_assert_cmpuint(packet->payload_wire, <=, packet->transport_wire);
	if (packet->payload_captured > 0)
		g_assert_cmpuint(packet->payload_offset + packet->payload_captured, <=, captured);
}

static void assert_sample_tcp(const struct st_packet *packet)
{
	bool four = packet->ip_version == 4;

	g_assert_true(packet->has_ports);
	g_assert_cmpuint(packet->source_port, ==, 40312);
	g_assert_cmpuint(packet->destination_port, ==, 443);
	g_assert_cmphex(packet->tcp.seq, ==, 0x01020304);
	g_assert_cmphex(packet->tcp.ack, ==, 0x05060708);
	g_assert_cmphex(packet->tcp.window, ==, 0x2345);
	g_assert_cmphex(packet->tcp.flags, ==, ST_TCP_PSH | ST_TCP_ACK);
	g_assert_cmpuint(packet->tcp.header_bytes, ==, four ? 40 : 44);
	g_assert_true(packet->tcp.has_timestamps);
	g_assert_cmphex(packet->tcp.tsval, ==, 0x11223344);
	g_assert_cmphex(packet->tcp.tsecr, ==, 0x55667788);
	g_assert_cmpint(packet->tcp.sack_permitted, ==, four);
	g_assert_cmpint(packet->tcp.has_sack_blocks, ==, !four);
	g_assert_false(packet->tcp.options_cut);
	g_assert_cmpuint(packet->payload_wire, ==, 5);
	g_assert_cmpuint(packet->payload_captured, ==, 5);
}

static void assert_sample_ip(const struct st_packet *packet)
{
	char text[ST_ADDR_TEXT_BYTES];
	bool four = packet->ip_version == 4;

	g_assert_cmpstr(st_addr_format(&packet->source, text), ==,
			four ? "192.0.2.1" : "2001:db8::1");
	g_assert_cmpstr(st_addr_format(&packet->destination, text), ==,
			four ? "198.51.100.2" : "2001:db8::2");
	g_assert_cmpuint(packet->ttl, ==, 7);
	g_assert_cmphex(packet->tos, ==, 0xb8);
	g_assert_cmphex(packet->ip_id, ==, four ? 0x1234 : 0);
	g_assert_cmphex(packet->flow_label, ==, four ? 0 : 0xabcde);
	g_assert_cmpint(packet->dont_fragment, ==, four);
	g_assert_false(packet->later_fragment);
}

static void test_whole(gconstpointer data)
{
	const struct sample *sample = data;
	struct wire wire = {0};
	struct st_packet packet;

	sample->put(&wire);
	g_assert_true(st_link_type_known(sample->link_type));
	g_assert_cmpint(decode(&wire, sample->link_type, &packet), ==, ST_OK);
	assert_sane(&packet, wire.count);
	assert_sample_ip(&packet);
	g_assert_cmpuint(packet.ip_offset, ==, sample->ip_offset);
	g_assert_cmpuint(packet.transport_offset, ==, sample->ip_offset + sample->ip_bytes);
	g_assert_cmpuint(packet.protocol, ==, sample->protocol);
	g_assert_cmpuint(packet.transport_offset + packet.transport_wire, ==, wire.count);
	if (packet.protocol == ST_PROTOCOL_TCP && packet.payload_wire > 0)
		assert_sample_tcp(&packet);
}

/* Cut at each byte it is truncated until all headers are there, and then says the same. */
static void test_cut(gconstpointer data)
{
	const struct sample *sample = data;
	struct wire wire = {0};
	struct st_packet whole;
	bool complete = false;

	sample->put(&wire);
	g_assert_cmpint(decode(&wire, sample->link_type, &whole), ==, ST_OK);
	for (size_t captured = 0; captured <= wire.count; captured++) {
		struct st_packet packet;
		enum st_status status =
			decode_as(&wire, sample->link_type, captured, wire.count, &packet);

		g_assert_cmpint(status, ==, complete ? ST_OK : status);
		g_assert_true(status == ST_OK || status == ST_TRUNCATED);
		complete = status == ST_OK;
		if (!complete)
			continue;
		assert_sane(&packet, captured);
		assert_sample_ip(&packet);
		g_assert_cmpint(packet.has_ports, ==, whole.has_ports);
		g_assert_cmpuint(packet.source_port, ==, whole.source_port);
		g_assert_cmpuint(packet.transport_offset, ==, whole.transport_offset);
		g_assert_cmpuint(packet.transport_wire, ==, whole.transport_wire);
		g_assert_cmpuint(packet.payload_offset, ==, whole.payload_offset);
		g_assert_cmpuint(packet.payload_wire, ==, whole.payload_wire);
		g_assert_cmpuint(packet.transport_captured, ==, captured - packet.transport_offset);
	}
	g_assert_true(complete);
}

/* Garbage over good packets: whatever the answer, it stays inside the bytes. */
static void test_altered(gconstpointer data)
{
	const struct sample *sample = data;
	struct wire good = {0};

	sample->put(&good);
	for (int i = 0; i < 20000; i++) {
		struct wire wire = good;
		size_t captured = (size_t)g_test_rand_int_range(0, (int)wire.count + 1);
		struct st_packet packet;

		for (int j = g_test_rand_int_range(1, 4); j > 0; j--)
			wire.bytes[g_test_rand_int_range(0, (int)wire.count)] =
				(uint8_t)g_test_rand_int();
		if (decode_as(&wire, sample->link_type, captured, wire.count, &packet) == ST_OK)
			assert_sane(&packet, captured);
	}
}

static void test_link_types_unknown(void)
{
	static const uint32_t unknown[] = {2,	7,   52,  106,	       128,
					   147, 195, 286, 228 + 65536, UINT32_MAX};
	struct wire wire = {0};
	struct st_packet packet;

	put_tcp_over_ip4(&wire);
	for (size_t i = 0; i < G_N_ELEMENTS(unknown); i++) {
		g_assert_false(st_link_type_known(unknown[i]));
		g_assert_cmpint(decode(&wire, unknown[i], &packet), ==, ST_UNSUPPORTED);
	}
}

static void test_not_ip(void)
{
	static const unsigned types[] = {0x0806, 0x88cc, 0x8863, 0x8849, 0, 60, 1501, 0xffff};
	struct st_packet packet;

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		struct wire wire = {0};

		wire_ethernet(&wire, types[i]);
		put_tcp_over_ip4(&wire);
		g_assert_cmpint(decode(&wire, ST_LINK_ETHERNET, &packet), ==, ST_UNSUPPORTED);
	}
}

/* IP rides on LLC only behind SNAP with the Ethernet organisation code (RFC 1042). */
static void test_other_llc(void)
{
	for (size_t i = 0; i < 6; i++) {
		struct wire wire = {0};
		struct st_packet packet;

		sample_snap(&wire);
		wire_set_u16(&wire, 12, 1500);
		g_assert_cmpint(decode(&wire, ST_LINK_ETHERNET, &packet), ==, ST_OK);
		wire.bytes[14 + i]++;
		g_assert_cmpint(decode(&wire, ST_LINK_ETHERNET, &packet), ==, ST_UNSUPPORTED);
	}
}

static void test_version_contradicts_link(void)
{
	struct st_packet packet;
	struct wire wire = {0};

	wire_ethernet(&wire, 0x86dd);
	put_tcp_over_ip4(&wire);
	g_assert_cmpint(decode(&wire, ST_LINK_ETHERNET, &packet), ==, ST_MALFORMED);
	wire = (struct wire){0};
	put_tcp_over_ip4(&wire);
	g_assert_cmpint(decode(&wire, ST_LINK_IPV6, &packet), ==, ST_MALFORMED);
	wire.bytes[0] = 0x55;
	g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_MALFORMED);
}

static void test_many_tags(void)
{
	for (unsigned tags = 0; tags < 100; tags++) {
		struct wire wire = {0};
		struct st_packet packet;

		wire_ethernet(&wire, tags ? 0x8100 : 0x0800);
		for (unsigned i = 1; i <= tags; i++)
			put_tag(&wire, i < tags ? 0x8100 : 0x0800);
		put_tcp_over_ip4(&wire);
		g_assert_cmpint(decode(&wire, ST_LINK_ETHERNET, &packet), ==,
				tags <= 8 ? ST_OK : ST_UNSUPPORTED);
	}
}

static void test_loopback_families(void)
{
	static const uint32_t six[] = {10, 24, 28, 30};
	struct st_packet packet;

	for (size_t i = 0; i < 2 * G_N_ELEMENTS(six); i++) {
		uint32_t family = six[i / 2];
		struct wire wire = {0};

		wire_u32(&wire, i % 2 ? family : GUINT32_SWAP_LE_BE_CONSTANT(family));
		put_tcp_over_ip6(&wire);
		g_assert_cmpint(decode(&wire, ST_LINK_NULL, &packet), ==, ST_OK);
		assert_sample_ip(&packet);
		g_assert_cmpint(decode(&wire, ST_LINK_LOOP, &packet), ==, ST_OK);
		wire.bytes[0] = wire.bytes[3] = 7;
		g_assert_cmpint(decode(&wire, ST_LINK_NULL, &packet), ==, ST_UNSUPPORTED);
	}
}

static void assert_no_payload(const struct wire *wire)
{
	struct st_packet packet;

	g_assert_cmpint(decode(wire, ST_LINK_ETHERNET, &packet), ==, ST_OK);
	g_assert_cmpuint(packet.transport_wire, ==, 20);
	g_assert_cmpuint(packet.transport_captured, ==, 20);
	g_assert_cmpuint(packet.payload_wire, ==, 0);
	g_assert_cmpuint(packet.payload_captured, ==, 0);
}

static void test_padding_is_no_payload(void)
{
	struct wire wire = {0};

	wire_ethernet(&wire, 0x0800);
	wire_ip4(&wire, ST_PROTOCOL_TCP, 20, 0);
	wire_tcp(&wire, NULL, 0);
	wire_fill(&wire, 0, 6);
	g_assert_cmpuint(wire.count, ==, 60);
	assert_no_payload(&wire);
	wire = (struct wire){0};
	wire_ethernet(&wire, 0x86dd);
	wire_ip6(&wire, ST_PROTOCOL_TCP, 20);
	wire_tcp(&wire, NULL, 0);
	wire_fill(&wire, 0xee, 4); /* a frame check sequence, as some captures keep it */
	assert_no_payload(&wire);
}

/* A wire length below what was captured is not one. */
static void test_wire_length_missing(void)
{
	struct wire wire = {0};
	struct st_packet packet;

	put_tcp_over_ip4(&wire);
	wire_set_u16(&wire, 2, 0);
	g_assert_cmpint(decode_as(&wire, ST_LINK_RAW, wire.count, 0, &packet), ==, ST_OK);
	g_assert_cmpuint(packet.payload_wire, ==, 5);
}

/* Segments captured before the card cuts them: length 0, the frame tells the size. */
static void test_length_zero(void)
{
	static const size_t on_wire = 200000;
	struct wire wire = {0};
	struct st_packet packet;

	sample_ethernet(&wire);
	wire_set_u16(&wire, 14 + 2, 0);
	g_assert_cmpint(decode_as(&wire, ST_LINK_ETHERNET, wire.count, on_wire, &packet), ==,
			ST_OK);
	g_assert_cmpuint(packet.payload_wire, ==, on_wire - 14 - 20 - 40);
	g_assert_cmpuint(packet.payload_captured, ==, 5);
	wire = (struct wire){0};
	sample_ethernet6(&wire);
	wire_set_u16(&wire, 14 + 4, 0);
	g_assert_cmpint(decode_as(&wire, ST_LINK_ETHERNET, wire.count, on_wire, &packet), ==,
			ST_OK);
	g_assert_cmpuint(packet.payload_wire, ==, on_wire - 14 - 40 - 44);
}

/* BIG TCP: a hop-by-hop header with the jumbo payload option (RFC 2675, 2). */
static void test_jumbo(void)
{
	static const uint32_t segment = 100000;
	struct wire wire = {0};
	struct st_packet packet;

	wire_ip6(&wire, 0, 0);
	wire_bytes(&wire, "\x06\0\xc2\x04", 4);
	wire_u32(&wire, 8 + 20 + segment);
	wire_tcp(&wire, NULL, 0);
	g_assert_cmpint(decode_as(&wire, ST_LINK_RAW, wire.count, 40 + 8 + 20 + segment, &packet),
			==, ST_OK);
	g_assert_cmpuint(packet.payload_wire, ==, segment);
	g_assert_cmpuint(packet.payload_captured, ==, 0);
}

static void test_ip4_lengths(void)
{
	static const struct {
		unsigned first, total;
		enum st_status status;
	} cases[] = {
		{0x45, 65, ST_OK},
		{0x44, 65, ST_MALFORMED}, /* header below 20 */
		{0x40, 65, ST_MALFORMED},
		{0x45, 19, ST_MALFORMED}, /* total below header */
		{0x45, 1, ST_MALFORMED},
		{0x45, 39, ST_MALFORMED}, /* no room for TCP */
		{0x45, 59, ST_MALFORMED}, /* none for its options */
		{0x45, 60, ST_OK},
		{0x45, 1500, ST_OK}, /* a capture that forgot the frame's length */
		{0x4f, 59, ST_MALFORMED},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct wire wire = {0};
		struct st_packet packet;

		put_tcp_over_ip4(&wire);
		wire.bytes[0] = (uint8_t)cases[i].first;
		wire_set_u16(&wire, 2, cases[i].total);
		g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, cases[i].status);
	}
}

static void test_ip4_fragments(void)
{
	struct st_packet packet;
	struct wire wire = {0};

	put_tcp_over_ip4(&wire);
	wire_set_u16(&wire, 6, 0x2000);
	g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_OK);
	g_assert_true(packet.is_fragment && !packet.later_fragment && packet.has_ports);
	g_assert_false(packet.dont_fragment);
	for (size_t i = 0; i < 2; i++) {
		wire_set_u16(&wire, 6, i ? 0x00b9 : 0x3fff);
		g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_OK);
		g_assert_true(packet.is_fragment && packet.later_fragment && !packet.has_ports);
		g_assert_false(packet.dont_fragment);
		g_assert_cmpuint(packet.payload_offset, ==, 20);
		g_assert_cmpuint(packet.payload_wire, ==, 45);
	}
	/* a first fragment that ends inside the transport header is not a lie (RFC 3128) */
	wire_set_u16(&wire, 2, 20 + 8);
	wire_set_u16(&wire, 6, 0x2000);
	g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_TRUNCATED);
	wire_set_u16(&wire, 2, 20 + 24);
	g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_OK);
	g_assert_true(packet.tcp.options_cut);
	g_assert_cmpuint(packet.payload_wire, ==, 0);
}

static void put_fragment6(struct wire *wire, unsigned offset_and_more)
{
	wire_ip6(wire, 44, 8 + 20);
	wire_bytes(wire, "\x06\0", 2);
	wire_u16(wire, offset_and_more);
	wire_u32(wire, 0x12345678);
	wire_tcp(wire, NULL, 0);
}

static void test_ip6_fragments(void)
{
	static const struct {
		unsigned field;
		bool is_fragment, later;
	} cases[] = {
		{0x0000, false, false}, /* atomic: RFC 6946 */
		{0x0006, false, false}, /* reserved bits */
		{0x0001, true, false},	{0x0008, true, true}, {0xfff9, true, true},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct wire wire = {0};
		struct st_packet packet;

		put_fragment6(&wire, cases[i].field);
		g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_OK);
		g_assert_cmpint(packet.is_fragment, ==, cases[i].is_fragment);
		g_assert_cmpint(packet.later_fragment, ==, cases[i].later);
		g_assert_cmpint(packet.has_ports, ==, !cases[i].later);
		g_assert_cmpuint(packet.protocol, ==, ST_PROTOCOL_TCP);
		g_assert_cmpuint(packet.transport_offset, ==, 48);
	}
}

static void put_chain(struct wire *wire, unsigned extensions)
{
	wire_ip6(wire, extensions ? 60 : ST_PROTOCOL_TCP, 8 * extensions + 20);
	for (unsigned left = extensions; left > 0; left--)
		wire_bytes(wire, left > 1 ? "\x3c\0\1\4\0\0\0\0" : "\x06\0\1\4\0\0\0\0", 8);
	wire_tcp(wire, NULL, 0);
}

static void test_ip6_extension_chains(void)
{
	struct st_packet packet;

	for (unsigned extensions = 0; extensions < 40; extensions++) {
		struct wire wire = {0};

		put_chain(&wire, extensions);
		g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==,
				extensions <= 16 ? ST_OK : ST_MALFORMED);
	}
}

static void test_ip6_extension_too_long(void)
{
	struct wire wire = {0};
	struct st_packet packet;

	put_chain(&wire, 16);
	wire.bytes[41] = 0xff;
	g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_MALFORMED);
	g_assert_cmpint(decode_as(&wire, ST_LINK_RAW, 100, wire.count, &packet), ==, ST_TRUNCATED);
	/* encrypted, and none at all: the chain ends before it */
	wire.bytes[6] = 50;
	g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_OK);
	g_assert_true(packet.protocol == 50 && !packet.has_ports);
	wire.bytes[6] = 59;
	g_assert_cmpint(decode(&wire, ST_LINK_RAW, &packet), ==, ST_OK);
	g_assert_true(packet.protocol == 59 && packet.transport_offset == 40);
}

static void add_samples(const char *kind, GTestDataFunc test)
{
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
		char *path = g_strdup_printf("/packet/%s/%s", kind, samples[i].name);

		g_test_add_data_func(path, &samples[i], test);
		g_free(path);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_samples("whole", test_whole);
	add_samples("cut", test_cut);
	add_samples("altered", test_altered);
	g_test_add_func("/packet/link-types-unknown", test_link_types_unknown);
	g_test_add_func("/packet/not-ip", test_not_ip);
	g_test_add_func("/packet/version-contradicts-link", test_version_contradicts_link);
	g_test_add_func("/packet/other-llc", test_other_llc);
	g_test_add_func("/packet/many-tags", test_many_tags);
	g_test_add_func("/packet/loopback-families", test_loopback_families);
	g_test_add_func("/packet/padding-is-no-payload", test_padding_is_no_payload);
	g_test_add_func("/packet/wire-length-missing", test_wire_length_missing);
	g_test_add_func("/packet/length-zero", test_length_zero);
	g_test_add_func("/packet/jumbo", test_jumbo);
	g_test_add_func("/packet/ip4-lengths", test_ip4_lengths);
	g_test_add_func("/packet/ip4-fragments", test_ip4_fragments);
	g_test_add_func("/packet/ip6-fragments", test_ip6_fragments);
	g_test_add_func("/packet/ip6-extension-chains", test_ip6_extension_chains);
	g_test_add_func("/packet/ip6-extension-too-long", test_ip6_extension_too_long);
	return g_test_run();
}
