/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes a probe's frame: link header as given, IP header, TCP header, right
 * checksums. Which values are harmless is decided where they are chosen.
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

static size_t ip_bytes(const struct tcp_probe *probe)
{
	return probe->source.version == 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
}

static size_t tcp_bytes(const struct tcp_probe *probe)
{
	return TCP_HEADER_BYTES + (probe->has_timestamps ? TIMESTAMPS_BYTES : 0);
}

/* Overwrites the checksum, until now zero, `offset` bytes behind `header`. */
static void set_checksum(uint8_t *header, size_t offset, uint64_t sum)
{
	struct writer writer = {header + offset};

	put_u16(&writer, checksum_finish(sum));
}

static void put_ipv4(struct writer *writer, const struct tcp_probe *probe)
{
	uint8_t *header = writer->at;

	put_u8(writer, 0x45);
	put_u8(writer, probe->tos);
	put_u16(writer, (uint16_t)(IPV4_HEADER_BYTES + tcp_bytes(probe)));
	put_u16(writer, probe->ip_id);
	put_u16(writer, probe->dont_fragment ? IPV4_DONT_FRAGMENT : 0);
	put_u8(writer, probe->ttl);
	put_u8(writer, ST_PROTOCOL_TCP);
	put_u16(writer, 0);
	put_addr(writer, &probe->source);
	put_addr(writer, &probe->destination);
	set_checksum(header, 10, checksum_add(0, header, IPV4_HEADER_BYTES));
}

static void put_ipv6(struct writer *writer, const struct tcp_probe *probe)
{
	put_u32(writer,
		UINT32_C(6) << 28 | (uint32_t)probe->tos << 20 | (probe->flow_label & 0xfffff));
	put_u16(writer, (uint16_t)tcp_bytes(probe));
	put_u8(writer, ST_PROTOCOL_TCP);
	put_u8(writer, probe->ttl);
	put_addr(writer, &probe->source);
	put_addr(writer, &probe->destination);
}

/* The pseudo header of RFC 9293, 3.1 and RFC 8200, 8.1: both sum up to the same parts. */
static uint64_t pseudo_header(const struct tcp_probe *probe)
{
	uint64_t sum = ST_PROTOCOL_TCP + tcp_bytes(probe);

	sum = checksum_add(sum, probe->source.bytes, st_addr_bytes(&probe->source));
	return checksum_add(sum, probe->destination.bytes, st_addr_bytes(&probe->destination));
}

static void put_timestamps(struct writer *writer, const struct tcp_probe *probe)
{
	put_u32(writer, 0x0101080a); /* NOP, NOP, kind 8, length 10 */
	put_u32(writer, probe->tsval);
	put_u32(writer, probe->tsecr);
}

static void put_tcp(struct writer *writer, const struct tcp_probe *probe)
{
	uint8_t *header = writer->at;

	put_u16(writer, probe->source_port);
	put_u16(writer, probe->destination_port);
	put_u32(writer, probe->seq);
	put_u32(writer, probe->ack);
	put_u8(writer, (uint8_t)(tcp_bytes(probe) / 4 << 4));
	put_u8(writer, ST_TCP_ACK);
	put_u16(writer, probe->window);
	put_u16(writer, 0);
	put_u16(writer, 0);
	if (probe->has_timestamps)
		put_timestamps(writer, probe);
	set_checksum(header, 16, checksum_add(pseudo_header(probe), header, tcp_bytes(probe)));
}

enum st_status build_tcp_probe(const struct tcp_probe *probe, const uint8_t *link_header,
			       size_t link_header_bytes, uint8_t *buffer, size_t size,
			       size_t *written)
{
	struct writer writer = {buffer};
	size_t needed = ip_bytes(probe) + tcp_bytes(probe);
	uint8_t version = probe->source.version;

	if ((version != 4 && version != 6) || probe->destination.version != version)
		return ST_INVALID_ARGUMENT;
	if (size < needed || size - needed < link_header_bytes)
		return ST_NO_SPACE;
	put_bytes(&writer, link_header, link_header_bytes);
	if (version == 4)
		put_ipv4(&writer, probe);
	else
		put_ipv6(&writer, probe);
	put_tcp(&writer, probe);
	*written = link_header_bytes + needed;
	return ST_OK;
}
