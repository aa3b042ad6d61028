/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a probe's frame: link header as given, IP header, TCP segment or UDP
 * datagram, checksums. Which values are harmless is decided where they are chosen.
 */
#include "packet/build.h"

#include "base/checksum.h"

#include <string.h>

#define IPV4_HEADER_BYTES 20
#define IPV6_HEADER_BYTES 40
#define TCP_HEADER_BYTES 20
#define TIMESTAMPS_BYTES 12 /* two NOPs before the ten, RFC 7323 appendix A */
#define IPV4_DONT_FRAGMENT 0x4000

/* A place in the buffer; room was checked before the first byte. */
struct writer {
	uint8_t *at;
};

static void put_u8(struct writer *writer, uint8_t value)
{
	*writer->at++ = value;
}

static void put_u16(struct writer *writer, uint16_t value)
{
	put_u8(writer, (uint8_t)(value >> 8));
	put_u8(writer, (uint8_t)value);
}

static void put_u32(struct writer *writer, uint32_t value)
{
	put_u16(writer, (uint16_t)(value >> 16));
	put_u16(writer, (uint16_t)value);
}

static void put_bytes(struct writer *writer, const uint8_t *bytes, size_t count)
{
	if (count == 0)
		return;
	memcpy(writer->at, bytes, count);
	writer->at += count;
}

static void put_addr(struct writer *writer, const struct st_addr *addr)
{
	put_bytes(writer, addr->bytes, st_addr_bytes(addr));
}

static size_t ip_bytes(const struct probe_fields *probe)
{
	return probe->source.version == 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
}

static size_t transport_bytes(const struct probe_fields *probe)
{
	if (probe->protocol == ST_PROTOCOL_UDP)
		return UDP_HEADER_BYTES + (size_t)probe->udp.payload_bytes;
	return TCP_HEADER_BYTES + (probe->tcp.has_timestamps ? TIMESTAMPS_BYTES : 0);
}

/* Overwrites the checksum, until now zero, `offset` bytes behind `header`. */
static void set_checksum(uint8_t *header, size_t offset, uint64_t sum)
{
	struct writer writer = {header + offset};

	put_u16(&writer, checksum_finish(sum));
}

static void put_ipv4(struct writer *writer, const struct probe_fields *probe)
{
	uint8_t *header = writer->at;

	put_u8(writer, 0x45);
	put_u8(writer, probe->tos);
	put_u16(writer, (uint16_t)(IPV4_HEADER_BYTES + transport_bytes(probe)));
	put_u16(writer, probe->ip_id);
	put_u16(writer, probe->dont_fragment ? IPV4_DONT_FRAGMENT : 0);
	put_u8(writer, probe->ttl);
	put_u8(writer, probe->protocol);
	put_u16(writer, 0);
	put_addr(writer, &probe->source);
	put_addr(writer, &probe->destination);
	set_checksum(header, 10, checksum_add(0, header, IPV4_HEADER_BYTES));
}

static void put_ipv6(struct writer *writer, const struct probe_fields *probe)
{
	put_u32(writer,
		UINT32_C(6) << 28 | (uint32_t)probe->tos << 20 | (probe->flow_label & 0xfffff));
	put_u16(writer, (uint16_t)transport_bytes(probe));
	put_u8(writer, probe->protocol);
	put_u8(writer, probe->ttl);
	put_addr(writer, &probe->source);
	put_addr(writer, &probe->destination);
}

/* The pseudo header of RFC 9293, 3.1, RFC 768 and RFC 8200, 8.1: all sum up to the same parts. */
static uint64_t pseudo_header(const struct probe_fields *probe)
{
	uint64_t sum = probe->protocol + transport_bytes(probe);

	sum = checksum_add(sum, probe->source.bytes, st_addr_bytes(&probe->source));
	return checksum_add(sum, probe->destination.bytes, st_addr_bytes(&probe->destination));
}

static void put_timestamps(struct writer *writer, const struct probe_fields *probe)
{
	put_u32(writer, 0x0101080a); /* NOP, NOP, kind 8, length 10 */
	put_u32(writer, probe->tcp.tsval);
	put_u32(writer, probe->tcp.tsecr);
}

static void put_tcp(struct writer *writer, const struct probe_fields *probe)
{
	uint8_t *header = writer->at;

	put_u16(writer, probe->source_port);
	put_u16(writer, probe->destination_port);
	put_u32(writer, probe->tcp.seq);
	put_u32(writer, probe->tcp.ack);
	put_u8(writer, (uint8_t)(transport_bytes(probe) / 4 << 4));
	put_u8(writer, ST_TCP_ACK);
	put_u16(writer, probe->tcp.window);
	put_u16(writer, 0);
	put_u16(writer, 0);
	if (probe->tcp.has_timestamps)
		put_timestamps(writer, probe);
	set_checksum(header, 16,
		     checksum_add(pseudo_header(probe), header, transport_bytes(probe)));
}

static uint64_t sum_u16(uint64_t sum, uint16_t value)
{
	const uint8_t bytes[2] = {(uint8_t)(value >> 8), (uint8_t)value};

	return checksum_add(sum, bytes, sizeof(bytes));
}

/* Everything that the datagram's checksum covers but itself and the payload. */
static uint64_t udp_header_sum(const struct probe_fields *probe)
{
	uint64_t sum = pseudo_header(probe);

	sum = sum_u16(sum, probe->source_port);
	sum = sum_u16(sum, probe->destination_port);
	return sum_u16(sum, (uint16_t)transport_bytes(probe));
}

uint16_t build_udp_checksum(const struct probe_fields *probe)
{
	uint16_t checksum;

	if (probe->udp.no_checksum)
		return 0;
	if (probe->udp.checksum)
		return probe->udp.checksum;
	/* The payload is zeros and adds nothing. A sum of 0 is sent as all ones: RFC 768. */
	checksum = checksum_finish(udp_header_sum(probe));
	return checksum ? checksum : UINT16_MAX;
}

/* The two bytes that make the wanted checksum right: what is missing from the sum to it. */
static uint16_t balancing_word(const struct probe_fields *probe)
{
	return checksum_finish(sum_u16(udp_header_sum(probe), probe->udp.checksum));
}

static void put_udp(struct writer *writer, const struct probe_fields *probe)
{
	uint8_t *payload;

	put_u16(writer, probe->source_port);
	put_u16(writer, probe->destination_port);
	put_u16(writer, (uint16_t)transport_bytes(probe));
	put_u16(writer, build_udp_checksum(probe));
	payload = writer->at;
	memset(payload, 0, probe->udp.payload_bytes);
	writer->at += probe->udp.payload_bytes;
	if (probe->udp.checksum)
		put_u16(&(struct writer){payload}, balancing_word(probe));
}

static bool is_consistent(const struct probe_fields *probe)
{
	uint8_t version = probe->source.version;

	if ((version != 4 && version != 6) || probe->destination.version != version)
		return false;
	if (probe->protocol == ST_PROTOCOL_UDP)
		return probe->udp.payload_bytes <= UDP_PAYLOAD_MAX &&
		       (!probe->udp.checksum || probe->udp.payload_bytes >= 2);
	return probe->protocol == ST_PROTOCOL_TCP;
}

enum st_status build_probe(const struct probe_fields *probe, const uint8_t *link_header,
			   size_t link_header_bytes, uint8_t *buffer, size_t size, size_t *written)
{
	struct writer writer = {buffer};
	size_t needed = ip_bytes(probe) + transport_bytes(probe);

	if (!is_consistent(probe))
		return ST_INVALID_ARGUMENT;
	if (size < needed || size - needed < link_header_bytes)
		return ST_NO_SPACE;
	put_bytes(&writer, link_header, link_header_bytes);
	if (probe->source.version == 4)
		put_ipv4(&writer, probe);
	else
		put_ipv6(&writer, probe);
	if (probe->protocol == ST_PROTOCOL_TCP)
		put_tcp(&writer, probe);
	else
		put_udp(&writer, probe);
	*written = link_header_bytes + needed;
	return ST_OK;
}
