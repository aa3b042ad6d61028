/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes: the decoder reads back what the builder was told, and every checksum is right. */
#include "packet/build.h"

#include "base/checksum.h"
#include "wire.h"

#define ETHERNET_BYTES 14u

static uint32_t any_u32(void)
{
	return g_test_rand_bit() ? (uint32_t)g_test_rand_int() : 0;
}

static struct probe_fields any_probe(uint8_t version)
{
	struct probe_fields probe = {
		.source.version = version,
		.destination.version = version,
		.source_port = (uint16_t)any_u32(),
		.destination_port = (uint16_t)any_u32(),
		.ttl = (uint8_t)any_u32(),
		.tos = (uint8_t)any_u32(),
		.protocol = ST_PROTOCOL_TCP,
		.tcp = {.seq = any_u32(),
			.ack = any_u32(),
			.window = (uint16_t)any_u32(),
			.has_timestamps = g_test_rand_bit()},
	};

	for (size_t i = 0; i < st_addr_bytes(&probe.source); i++) {
		probe.source.bytes[i] = (uint8_t)g_test_rand_int();
		probe.destination.bytes[i] = (uint8_t)g_test_rand_int();
	}
	if (probe.tcp.has_timestamps) {
		probe.tcp.tsval = any_u32();
		probe.tcp.tsecr = any_u32();
	}
	if (version == 4) {
		probe.ip_id = (uint16_t)any_u32();
		probe.dont_fragment = g_test_rand_bit();
	} else {
		probe.flow_label = any_u32() & 0xfffff;
	}
	return probe;
}

static void assert_same_headers(const struct probe_fields *probe, const struct st_packet *packet)
{
	g_assert_true(st_addr_equal(&packet->source, &probe->source));
	g_assert_true(st_addr_equal(&packet->destination, &probe->destination));
	g_assert_cmpuint(packet->ip_version, ==, probe->source.version);
	g_assert_cmpuint(packet->protocol, ==, probe->protocol);
	g_assert_cmpuint(packet->ttl, ==, probe->ttl);
	g_assert_cmpuint(packet->tos, ==, probe->tos);
	g_assert_cmpuint(packet->ip_id, ==, probe->ip_id);
	g_assert_cmpuint(packet->dont_fragment, ==, probe->dont_fragment);
	g_assert_cmphex(packet->flow_label, ==, probe->flow_label);
	g_assert_false(packet->is_fragment);
	g_assert_true(packet->has_ports);
	g_assert_cmpuint(packet->source_port, ==, probe->source_port);
	g_assert_cmpuint(packet->destination_port, ==, probe->destination_port);
}

static void assert_same(const struct probe_fields *probe, const struct st_packet *packet)
{
	assert_same_headers(probe, packet);
	g_assert_cmpuint(packet->tcp.seq, ==, probe->tcp.seq);
	g_assert_cmpuint(packet->tcp.ack, ==, probe->tcp.ack);
	g_assert_cmpuint(packet->tcp.window, ==, probe->tcp.window);
	g_assert_cmphex(packet->tcp.flags, ==, ST_TCP_ACK);
	g_assert_cmpuint(packet->tcp.has_timestamps, ==, probe->tcp.has_timestamps);
	g_assert_cmpuint(packet->tcp.tsval, ==, probe->tcp.tsval);
	g_assert_cmpuint(packet->tcp.tsecr, ==, probe->tcp.tsecr);
	g_assert_false(packet->tcp.sack_permitted);
	g_assert_false(packet->tcp.has_sack_blocks);
	g_assert_false(packet->tcp.options_cut);
	g_assert_cmpuint(packet->payload_wire, ==, 0);
	g_assert_cmpuint(packet->payload_captured, ==, 0);
}

/* The sum over pseudo header and segment as RFC 9293, 3.1, RFC 768 and RFC 8200, 8.1 lay it out. */
static void assert_checksums(const uint8_t *frame, const struct st_packet *packet)
{
	const uint8_t *ip = frame + packet->ip_offset;
	size_t addr_bytes = st_addr_bytes(&packet->source);
	struct wire pseudo = {0};

	wire_bytes(&pseudo, packet->source.bytes, addr_bytes);
	wire_bytes(&pseudo, packet->destination.bytes, addr_bytes);
	wire_u32(&pseudo, packet->transport_wire);
	wire_u32(&pseudo, packet->protocol);
	wire_bytes(&pseudo, frame + packet->transport_offset, packet->transport_wire);
	g_assert_cmphex(checksum_finish(checksum_add(0, pseudo.bytes, pseudo.count)), ==, 0);
	if (packet->ip_version == 4)
		g_assert_cmphex(checksum_finish(checksum_add(0, ip, 20)), ==, 0);
}

static void build_and_decode(uint8_t version)
{
	static const uint8_t ethernet[2][ETHERNET_BYTES] = {{[12] = 0x08},
							    {[12] = 0x86, [13] = 0xdd}};
	struct probe_fields probe = any_probe(version);
	size_t expected =
		ETHERNET_BYTES + (version == 4 ? 20 : 40) + (probe.tcp.has_timestamps ? 32 : 20);
	uint8_t *buffer = memset(g_malloc(expected), 0xa5, expected);
	struct st_packet packet;
	struct st_frame frame;
	size_t written;

	g_assert_cmpint(build_probe(&probe, ethernet[version == 6], ETHERNET_BYTES, buffer,
				    expected, &written),
			==, ST_OK);
	g_assert_cmpuint(written, ==, expected);
	g_assert_true(memcmp(buffer, ethernet[version == 6], ETHERNET_BYTES) == 0);
	frame = (struct st_frame){
		.bytes = buffer,
		.captured_bytes = (uint32_t)written,
		.wire_bytes = (uint32_t)written,
		.link_type = ST_LINK_ETHERNET,
	};
	g_assert_cmpint(st_packet_decode(&frame, &packet), ==, ST_OK);
	assert_same(&probe, &packet);
	assert_checksums(buffer, &packet);
	/* no urgent pointer, which the decoder does not look at */
	g_assert_cmphex(buffer[packet.transport_offset + 18], ==, 0);
	g_assert_cmphex(buffer[packet.transport_offset + 19], ==, 0);
	g_free(buffer);
}

static void test_round_trip(void)
{
	for (int i = 0; i < 20000; i++)
		build_and_decode(i % 2 ? 4 : 6);
}

static void test_no_space(void)
{
	static const uint8_t link[LINK_HEADER_MAX] = {0};

	for (int i = 0; i < 4; i++) {
		struct probe_fields probe = any_probe(i % 2 ? 4 : 6);
		uint8_t buffer[256];
		size_t written = 12345;
		size_t size = 0;

		memset(buffer, 0xa5, sizeof(buffer));
		for (;
		     build_probe(&probe, link, sizeof(link), buffer, size, &written) == ST_NO_SPACE;
		     size++) {
			g_assert_cmpuint(written, ==, 12345);
			g_assert_cmphex(buffer[0], ==, 0xa5);
		}
		g_assert_cmpuint(written, ==, size);
		g_assert_cmpuint(size, ==,
				 sizeof(link) + (probe.source.version == 4 ? 20 : 40) +
					 (probe.tcp.has_timestamps ? 32 : 20));
		g_assert_cmphex(buffer[size], ==, 0xa5);
	}
}

static void test_without_link_header(void)
{
	struct probe_fields probe = any_probe(6);
	uint8_t buffer[256];
	size_t written;
	struct st_packet packet;
	struct st_frame frame = {.bytes = buffer, .link_type = ST_LINK_RAW};

	probe.flow_label = 0xfffabcde; /* 20 bits of it count */
	g_assert_cmpint(build_probe(&probe, NULL, 0, buffer, sizeof(buffer), &written), ==, ST_OK);
	/* exactly as much room as it takes */
	g_assert_cmpint(build_probe(&probe, NULL, 0, buffer, written, &written), ==, ST_OK);
	frame.captured_bytes = frame.wire_bytes = (uint32_t)written;
	g_assert_cmpint(st_packet_decode(&frame, &packet), ==, ST_OK);
	probe.flow_label = 0xabcde;
	assert_same(&probe, &packet);
}

static void test_mixed_versions(void)
{
	struct probe_fields probe = any_probe(4);
	uint8_t buffer[256];
	size_t written = 12345;

	probe.destination.version = 6;
	g_assert_cmpint(build_probe(&probe, NULL, 0, buffer, sizeof(buffer), &written), ==,
			ST_INVALID_ARGUMENT);
	probe.source.version = probe.destination.version = 0;
	g_assert_cmpint(build_probe(&probe, NULL, 0, buffer, sizeof(buffer), &written), ==,
			ST_INVALID_ARGUMENT);
	g_assert_cmpuint(written, ==, 12345);
}

static struct probe_fields any_datagram(uint8_t version, struct udp_fields udp)
{
	struct probe_fields probe = any_probe(version);

	probe.protocol = ST_PROTOCOL_UDP;
	probe.udp = udp;
	return probe;
}

/* Builds a datagram into `buffer` and reads it back. */
static struct st_packet build_datagram(const struct probe_fields *probe, uint8_t *buffer,
				       size_t size)
{
	struct st_frame frame = {.bytes = buffer, .link_type = ST_LINK_RAW};
	struct st_packet packet;
	size_t written;

	g_assert_cmpint(build_probe(probe, NULL, 0, buffer, size, &written), ==, ST_OK);
	frame.captured_bytes = frame.wire_bytes = (uint32_t)written;
	g_assert_cmpint(st_packet_decode(&frame, &packet), ==, ST_OK);
	assert_same_headers(probe, &packet);
	g_assert_cmpuint(packet.payload_wire, ==, probe->udp.payload_bytes);
	g_assert_cmpuint(packet.udp.length, ==, 8U + probe->udp.payload_bytes);
	g_assert_cmphex(packet.udp.checksum, ==, build_udp_checksum(probe));
	return packet;
}

static void test_datagrams(void)
{
	uint8_t buffer[2048];

	for (int i = 0; i < 20000; i++) {
		uint16_t bytes = (uint16_t)g_test_rand_int_range(0, UDP_PAYLOAD_MAX + 1);
		struct probe_fields probe =
			any_datagram(i % 2 ? 4 : 6, (struct udp_fields){.payload_bytes = bytes});
		struct st_packet packet = build_datagram(&probe, buffer, sizeof(buffer));

		g_assert_cmphex(packet.udp.checksum, !=, 0);
		assert_checksums(buffer, &packet);
		for (uint32_t at = 0; at < bytes; at++)
			g_assert_cmphex(buffer[packet.payload_offset + at], ==, 0);
	}
}

/* Every number but 0 can be the checksum, and is right then. */
static void test_wanted_checksums(void)
{
	uint8_t buffer[64];

	for (uint32_t wanted = 1; wanted <= UINT16_MAX; wanted++) {
		struct probe_fields probe = any_datagram(
			wanted % 2 ? 4 : 6,
			(struct udp_fields){.payload_bytes = 2, .checksum = (uint16_t)wanted});
		struct st_packet packet = build_datagram(&probe, buffer, sizeof(buffer));

		g_assert_cmphex(packet.udp.checksum, ==, wanted);
		assert_checksums(buffer, &packet);
	}
}

/* A right checksum of 0 is sent as all ones (RFC 768). */
static void test_checksum_of_zero(void)
{
	struct probe_fields probe = any_datagram(4, (struct udp_fields){0});
	uint8_t buffer[64];

	for (uint32_t port = 0; port <= UINT16_MAX; port++) {
		probe.source_port = (uint16_t)port;
		if (build_udp_checksum(&probe) == UINT16_MAX)
			break;
	}
	g_assert_cmphex(build_datagram(&probe, buffer, sizeof(buffer)).udp.checksum, ==, 0xffff);
}

static void test_left_out_checksum(void)
{
	struct probe_fields probe =
		any_datagram(6, (struct udp_fields){.payload_bytes = 7, .no_checksum = true});
	uint8_t buffer[64];

	g_assert_cmphex(build_datagram(&probe, buffer, sizeof(buffer)).udp.checksum, ==, 0);
}

static void test_impossible_datagrams(void)
{
	const struct udp_fields bad[] = {{.payload_bytes = UDP_PAYLOAD_MAX + 1},
					 {.payload_bytes = 1, .checksum = 7}};
	struct probe_fields probe = any_probe(4);
	uint8_t buffer[2048];
	size_t written;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		probe = any_datagram(4, bad[i]);
		g_assert_cmpint(build_probe(&probe, NULL, 0, buffer, sizeof(buffer), &written), ==,
				ST_INVALID_ARGUMENT);
	}
	probe.protocol = ST_PROTOCOL_ICMP;
	g_assert_cmpint(build_probe(&probe, NULL, 0, buffer, sizeof(buffer), &written), ==,
			ST_INVALID_ARGUMENT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/build/round-trip", test_round_trip);
	g_test_add_func("/build/no-space", test_no_space);
	g_test_add_func("/build/without-link-header", test_without_link_header);
	g_test_add_func("/build/mixed-versions", test_mixed_versions);
	g_test_add_func("/build/datagrams", test_datagrams);
	g_test_add_func("/build/wanted-checksums", test_wanted_checksums);
	g_test_add_func("/build/checksum-of-zero", test_checksum_of_zero);
	g_test_add_func("/build/left-out-checksum", test_left_out_checksum);
	g_test_add_func("/build/impossible-datagrams", test_impossible_datagrams);
	return g_test_run();
}
