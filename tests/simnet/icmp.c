/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP errors, byte by byte, with code of its own. */
#include "icmp.h"

#include "bytes.h"

#include <string.h>

#define EXTENSION_AT 128 /* bytes of quote before an extension, RFC 4884 section 5 */
#define EXTENSION_HEADER 4
#define OBJECT_HEADER 4
#define LABEL_BYTES 4
#define EXTENSION_MAX (EXTENSION_HEADER + OBJECT_HEADER + LABEL_BYTES * SIM_LABELS_MAX)
#define ERROR_BYTES_V4 576  /* RFC 1812 section 4.3.2.3 */
#define ERROR_BYTES_V6 1280 /* RFC 4443 section 2.4 */
#define UDP_LENGTH_AT 4
#define UDP_CHECKSUM_AT 6
#define V4_TIME_EXCEEDED 11
#define V6_TIME_EXCEEDED 3

static void alter_ip(uint8_t *ip, const struct time_exceeded *how)
{
	bool v4 = ip[0] >> 4 == 4;

	if (how->quoted_ttl.made)
		ip[v4 ? 8 : 7] = (uint8_t)how->quoted_ttl.to;
	if (how->quoted_tos.made && v4)
		ip[1] = (uint8_t)how->quoted_tos.to;
	if (how->quoted_tos.made && !v4)
		put16(ip, (get16(ip) & 0xf00fu) | (uint32_t)how->quoted_tos.to << 4);
	if (how->quoted_ip_id.made && v4)
		put16(ip + 4, how->quoted_ip_id.to);
	if (v4)
		write_header_checksum(ip);
}

static void alter_udp(uint8_t *udp, size_t bytes, const struct time_exceeded *how)
{
	if (how->udp_length.made && bytes >= UDP_LENGTH_AT + 2)
		put16(udp + UDP_LENGTH_AT, how->udp_length.to);
	if (how->udp_checksum.made && bytes >= UDP_CHECKSUM_AT + 2)
		put16(udp + UDP_CHECKSUM_AT, how->udp_checksum.to);
}

/* Copies as much of the packet as the router quotes, altered as it alters. */
static size_t write_quote(uint8_t *at, size_t room, const struct time_exceeded *how,
			  const struct sim_packet *expired)
{
	size_t header = ip_header_bytes(expired->bytes);
	size_t bytes = header + MIN(expired->count - header, (size_t)how->quote_bytes);

	bytes = MIN(bytes, room);
	memcpy(at, expired->bytes, bytes);
	alter_ip(at, how);
	if (wire_protocol(expired) == ST_PROTOCOL_UDP)
		alter_udp(at + header, bytes - header, how);
	return bytes;
}

static size_t write_extension(uint8_t *at, const struct time_exceeded *how)
{
	size_t bytes = EXTENSION_HEADER + OBJECT_HEADER + LABEL_BYTES * how->label_count;
	uint8_t *entry = at + EXTENSION_HEADER + OBJECT_HEADER;

	put32(at, 0x20000000); /* version 2 */
	put16(at + EXTENSION_HEADER, (uint32_t)(bytes - EXTENSION_HEADER));
	put16(at + EXTENSION_HEADER + 2, 0x0101); /* a label stack */
	for (size_t i = 0; i < how->label_count; i++, entry += LABEL_BYTES) {
		const struct st_mpls_label *label = &how->labels[i];

		put32(entry, label->label << 12 | (uint32_t)label->tc << 9 |
				     (uint32_t)label->bottom << 8 | label->ttl);
	}
	put16(at + 2, fold(sum16(0, at, bytes)));
	return bytes;
}

static struct segment header_fields(const struct time_exceeded *how,
				    const struct sim_packet *expired)
{
	bool v4 = expired->bytes[0] >> 4 == 4;
	struct segment fields = {.ttl = how->ttl, .ip_id = how->ip_id};

	fields.tos = v4 ? 0xc0 : 0; /* as Linux routers do */
	fields.tuple.protocol = v4 ? ST_PROTOCOL_ICMP : ST_PROTOCOL_ICMPV6;
	fields.tuple.source = how->router;
	fields.tuple.destination.version = v4 ? 4 : 6;
	memcpy(fields.tuple.destination.bytes, expired->bytes + (v4 ? 12 : 8), v4 ? 4 : 16);
	return fields;
}

/* Quote and extension; returns their length. */
static size_t write_body(uint8_t *body, size_t room, const struct time_exceeded *how,
			 const struct sim_packet *expired)
{
	if (how->label_count == 0)
		return write_quote(body, room, how, expired);
	write_quote(body, EXTENSION_AT, how, expired); /* padded with the zeros that are there */
	return EXTENSION_AT + write_extension(body + EXTENSION_AT, how);
}

struct sim_packet *icmp_time_exceeded(const struct time_exceeded *how,
				      const struct sim_packet *expired)
{
	bool v4 = expired->bytes[0] >> 4 == 4;
	size_t header = v4 ? IPV4_HEADER : IPV6_HEADER;
	size_t room = (v4 ? ERROR_BYTES_V4 : ERROR_BYTES_V6) - header - ICMP_HEADER;
	struct segment fields = header_fields(how, expired);
	uint8_t body[ERROR_BYTES_V6] = {0};
	size_t bytes = write_body(body, room, how, expired);
	struct sim_packet *packet = packet_new(header + ICMP_HEADER + bytes);
	uint8_t *icmp = packet->bytes + header;

	wire_ip_header(packet->bytes, packet->count, &fields);
	icmp[0] = v4 ? V4_TIME_EXCEEDED : V6_TIME_EXCEEDED;
	if (how->label_count > 0 && how->mpls_length)
		icmp[v4 ? 5 : 4] = v4 ? EXTENSION_AT / 4 : EXTENSION_AT / 8;
	memcpy(icmp + ICMP_HEADER, body, bytes);
	icmp_write_checksum(packet);
	return packet;
}

void icmp_write_checksum(struct sim_packet *packet)
{
	size_t header = ip_header_bytes(packet->bytes);
	uint8_t *icmp = packet->bytes + header;

	put16(icmp + 2, 0);
	if (packet->bytes[0] >> 4 == 4)
		put16(icmp + 2, fold(sum16(0, icmp, packet->count - header)));
	else
		put16(icmp + 2,
		      transport_checksum(packet->bytes, packet->count, ST_PROTOCOL_ICMPV6));
}

/* RFC 792: other types ask or answer. RFC 4443: errors have a type below 128. */
bool icmp_is_error(const struct sim_packet *packet)
{
	const uint8_t *ip = packet->bytes;
	size_t header = ip_header_bytes(ip);

	if (packet->count < header + ICMP_HEADER)
		return false;
	if (ip[0] >> 4 == 6)
		return ip[6] == ST_PROTOCOL_ICMPV6 && ip[header] < 128;
	return ip[9] == ST_PROTOCOL_ICMP &&
	       (ip[header] == 3 || ip[header] == 5 || ip[header] == 11 || ip[header] == 12);
}

uint8_t *icmp_quote(struct sim_packet *error, size_t *count)
{
	size_t before = ip_header_bytes(error->bytes) + ICMP_HEADER;
	uint8_t *quote = error->bytes + before;

	*count = error->count - before;
	if (*count < IPV4_HEADER || *count < ip_header_bytes(quote) ||
	    quote[0] >> 4 != error->bytes[0] >> 4)
		return NULL;
	return quote;
}
