/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is laid around packets on links: PPPoE, PPP and MPLS that are not what
 * they seem, and link headers made fit for another packet. The good frames of
 * every kind are in test_packet.c.
 */
#include "packet/link_header.h"

#include "samples.h"

static void test_pppoe_fields(void)
{
	static const struct {
		size_t at;
		uint8_t value;
		enum st_status status;
	} cases[] = {
		{14, 0x12, ST_UNSUPPORTED}, /* type */
		{14, 0x21, ST_UNSUPPORTED}, /* version */
		{15, 0x09, ST_UNSUPPORTED}, /* code: discovery */
		{16, 0xff, ST_OK},	    /* session */
		{18, 0xff, ST_OK},	    /* length: IP has its own */
		{20, 0xc0, ST_UNSUPPORTED}, /* LCP: 0xc021 */
		{20, 0x80, ST_UNSUPPORTED}, /* IPCP: 0x8021 */
		{21, 0x57, ST_MALFORMED},   /* says IPv6, is IPv4 */
		{21, 0x2d, ST_UNSUPPORTED}, /* compressed TCP/IP */
		{20, 0x23, ST_UNSUPPORTED}, /* OSI, compressed */
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct wire wire = {0};
		struct st_packet packet;

		sample_pppoe(&wire);
		wire.bytes[cases[i].at] = cases[i].value;
		g_assert_cmpint(decode(&wire, ST_LINK_ETHERNET, &packet), ==, cases[i].status);
	}
}

static void test_pppoe_padding_is_no_payload(void)
{
	struct wire wire = {0};
	struct st_packet packet;

	wire_ethernet(&wire, 0x8864);
	put_pppoe(&wire, 2 + 40);
	wire_u16(&wire, 0x0021);
	wire_ip4(&wire, ST_PROTOCOL_TCP, 20, 0);
	wire_tcp(&wire, NULL, 0);
	wire_fill(&wire, 0, 4);
	g_assert_cmpint(decode(&wire, ST_LINK_ETHERNET, &packet), ==, ST_OK);
	g_assert_cmpuint(packet.transport_wire, ==, 20);
	g_assert_cmpuint(packet.payload_wire, ==, 0);
}

static void test_many_labels(void)
{
	for (unsigned depth = 1; depth <= 100; depth++) {
		struct wire wire = {0};
		struct st_packet packet;

		wire_ethernet(&wire, 0x8847);
		put_labels(&wire, depth);
		put_tcp_over_ip6(&wire);
		g_assert_cmpint(decode(&wire, ST_LINK_ETHERNET, &packet), ==,
				depth <= 16 ? ST_OK : ST_UNSUPPORTED);
	}
}

/* Control words and associated channels of pseudowires (RFC 4385), and other strangers. */
static void test_behind_labels(void)
{
	for (unsigned first = 0; first < 16; first++) {
		struct wire wire = {0};
		struct st_packet packet;
		enum st_status status = ST_UNSUPPORTED;

		wire_ethernet(&wire, 0x8847);
		put_labels(&wire, 2);
		put_tcp_over_ip4(&wire);
		wire.bytes[22] = (uint8_t)(first << 4 | 5);
		if (first == 4)
			status = ST_OK;
		else if (first == 6) /* no IPv6 packet has this length and next header */
			status = decode(&wire, ST_LINK_ETHERNET, &packet);
		g_assert_cmpint(decode(&wire, ST_LINK_ETHERNET, &packet), ==, status);
	}
}

/* Framing that is not what the link type has, and numbers that are none. */
static void test_ppp_beginnings(void)
{
	static const struct {
		const char *bytes;
		size_t count;
		enum st_status status;
	} cases[] = {
		{"\x21", 1, ST_OK},
		{"\x00\x21", 2, ST_OK},
		{"\xff\x03\x21", 3, ST_OK},
		{"\xff\x03\x00\x21", 4, ST_OK},
		{"\x0f\x00\x08\x00", 4, ST_OK},
		{"\x8f\x00\x08\x00", 4, ST_OK},
		{"\xc0\x21", 2, ST_UNSUPPORTED},
		{"\xff\x03\xc0\x21", 4, ST_UNSUPPORTED},
		{"\xff\x03\x80\x21", 4, ST_UNSUPPORTED},
		{"\x0f\x00\x20\x00", 4, ST_UNSUPPORTED}, /* Cisco's discovery protocol */
		{"\x8f\x00\x80\x35", 4, ST_UNSUPPORTED}, /* Cisco's keepalives */
		{"\x20\x21", 2, ST_UNSUPPORTED},
	};
	static const uint32_t types[] = {ST_LINK_PPP, ST_LINK_PPP_HDLC};

	for (size_t i = 0; i < 2 * G_N_ELEMENTS(cases); i++) {
		struct wire wire = {0};
		struct st_packet packet;

		wire_bytes(&wire, cases[i / 2].bytes, cases[i / 2].count);
		put_tcp_over_ip4(&wire);
		g_assert_cmpint(decode(&wire, types[i % 2], &packet), ==, cases[i / 2].status);
	}
}

/* The link header of a sample, finished for a packet of `packet_bytes` with TTL `ttl`. */
static struct wire finished(const struct sample *sample, size_t packet_bytes, uint8_t flow_ttl,
			    uint8_t ttl)
{
	struct wire wire = {0};
	uint8_t *header;

	sample->put(&wire);
	header = wire_exact(wire.bytes, sample->ip_offset);
	link_header_finish(sample->link_type, header, sample->ip_offset, packet_bytes, flow_ttl,
			   ttl);
	wire = (struct wire){0};
	wire_bytes(&wire, header, sample->ip_offset);
	g_free(header);
	return wire;
}

static const struct sample *sample_named(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
		if (strcmp(samples[i].name, name) == 0)
			return &samples[i];
	}
	g_error("no sample %s", name);
}

static void assert_u16(const char *name, size_t at, unsigned value)
{
	struct wire wire = finished(sample_named(name), 0x345, 7, 3);

	g_assert_cmphex((unsigned)wire.bytes[at] << 8 | wire.bytes[at + 1], ==, value);
}

static void test_lengths(void)
{
	assert_u16("pppoe", 18, 2 + 0x345);
	assert_u16("pppoe-qinq", 26, 1 + 0x345);
	assert_u16("pppoe-mpls", 20, 2 + 8 + 0x345);
	assert_u16("ppp-ether", 4, 2 + 0x345);
	assert_u16("snap", 12, 8 + 0x345);
	/* These are types, tags and protocol numbers. */
	assert_u16("ethernet", 12, 0x0800);
	assert_u16("vlan", 14, 0x2064);
	assert_u16("sll", 14, 0x0800);
	assert_u16("ppp", 0, 0x0021);
}

/* Cooked capture gives frames of IEEE 802.2 the protocol number 4. */
static void test_cooked_llc_has_no_length(void)
{
	uint8_t header[24] = {0, 4, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0, 4, 0xaa, 0xaa, 3};
	uint8_t before[24];

	header[22] = 0x08;
	memcpy(before, header, sizeof(header));
	link_header_finish(ST_LINK_SLL, header, sizeof(header), 100, 64, 1);
	g_assert_true(memcmp(header, before, sizeof(before)) == 0);
}

static uint8_t label_ttl(const struct wire *wire, size_t labels_at, size_t label)
{
	return wire->bytes[labels_at + 4 * label + 3];
}

static void test_label_ttl(void)
{
	struct wire wire = finished(sample_named("mpls-stack"), 100, 7, 3);

	for (size_t i = 0; i < 16; i++)
		g_assert_cmpuint(label_ttl(&wire, 18, i), ==, 3);
	wire = finished(sample_named("mpls-stack"), 100, 64, 3);
	for (size_t i = 0; i < 16; i++)
		g_assert_cmpuint(label_ttl(&wire, 18, i), ==, 7);
	wire = finished(sample_named("pppoe-mpls"), 100, 7, 3);
	g_assert_cmpuint(label_ttl(&wire, 24, 0), ==, 3);
	g_assert_cmpuint(label_ttl(&wire, 24, 1), ==, 3);
}

/* A pipe around the uniform label: each label is looked at for itself. */
static void test_label_ttl_mixed(void)
{
	uint8_t header[22] = {[12] = 0x88, 0x47, 0, 1, 0x20, 255, 0, 2, 0x21, 64};

	link_header_finish(ST_LINK_ETHERNET, header, sizeof(header), 100, 64, 9);
	g_assert_cmpuint(header[17], ==, 255);
	g_assert_cmpuint(header[21], ==, 9);
}

/* Same length and TTL: the header is as it was, byte for byte. Else no byte but those moves. */
static void test_rest_is_kept(gconstpointer data)
{
	const struct sample *sample = data;
	struct wire wire = {0}, same, other;
	size_t packet_bytes, moved = 0;

	sample->put(&wire);
	packet_bytes = wire.count - sample->ip_offset;
	same = finished(sample, packet_bytes, 7, 7);
	if (strcmp(sample->name, "snap") == 0)
		g_assert_cmpuint(same.bytes[13], ==, 8 + 65);
	g_assert_true(memcmp(same.bytes, wire.bytes, sample->ip_offset) == 0);
	other = finished(sample, packet_bytes + 1, 7, 8);
	for (size_t i = 0; i < sample->ip_offset; i++)
		moved += other.bytes[i] != wire.bytes[i];
	g_assert_cmpuint(moved, <=, 1 + 16);
	if (!strstr(sample->name, "ppp") && !strstr(sample->name, "mpls") &&
	    strcmp(sample->name, "snap") != 0)
		g_assert_cmpuint(moved, ==, 0);
}

/* A flow's header was read once, so this cannot happen; if it does, nothing is made worse. */
static void test_unreadable(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
		struct wire wire = {0};

		samples[i].put(&wire);
		for (size_t bytes = 0; bytes < samples[i].ip_offset; bytes++) {
			uint8_t *header = wire_exact(wire.bytes, bytes);

			link_header_finish(samples[i].link_type, header, bytes, 1000, 7, 9);
			g_assert_true(bytes == 0 || memcmp(header, wire.bytes, bytes) == 0);
			link_header_finish(147, header, bytes, 1000, 7, 9);
			g_free(header);
		}
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/link/pppoe-fields", test_pppoe_fields);
	g_test_add_func("/link/pppoe-padding", test_pppoe_padding_is_no_payload);
	g_test_add_func("/link/many-labels", test_many_labels);
	g_test_add_func("/link/behind-labels", test_behind_labels);
	g_test_add_func("/link/ppp-beginnings", test_ppp_beginnings);
	g_test_add_func("/link/finish/lengths", test_lengths);
	g_test_add_func("/link/finish/cooked-llc", test_cooked_llc_has_no_length);
	g_test_add_func("/link/finish/label-ttl", test_label_ttl);
	g_test_add_func("/link/finish/label-ttl-mixed", test_label_ttl_mixed);
	g_test_add_func("/link/finish/unreadable", test_unreadable);
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++) {
		char *path = g_strdup_printf("/link/finish/rest/%s", samples[i].name);

		g_test_add_data_func(path, &samples[i], test_rest_is_kept);
		g_free(path);
	}
	return g_test_run();
}
