/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of the simulated network, byte by byte. Plain code without a reader:
 * what it reads was written here or by the tracer under test, and every length
 * is checked before use.
 */
#include "wire.h"

#include <glib.h>
#include <string.h>

#define IPV4_HEADER 20
#define IPV6_HEADER 40
#define TCP_HEADER 20
#define ICMP_HEADER 8
#define EXTENSION_AT 128 /* bytes of quote before an extension, RFC 4884 section 5 */
#define EXTENSION_BYTES 12

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

static uint16_t get16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t get32(const uint8_t *at)
{
	return (uint32_t)get16(at) << 16 | get16(at + 2);
}

static uint32_t sum16(uint32_t sum, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sum += i % 2 ? bytes[i] : (uint32_t)bytes[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

/* Kernels behind a TUN device may send IPv4 options; our own packets have none. */
static size_t header_bytes(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? (size_t)(ip[0] & 15) * 4 : IPV6_HEADER;
}

/* Checksum of a transport with the pseudo header of its IP packet. */
static uint16_t transport_checksum(const uint8_t *ip, size_t count, uint8_t protocol)
{
	size_t header = ip[0] >> 4 == 4 ? IPV4_HEADER : IPV6_HEADER;
	size_t addresses = header == IPV4_HEADER ? 12 : 8;
	uint32_t sum = protocol + (uint32_t)(count - header);

	sum = sum16(sum, ip + addresses, header - addresses);
	return fold(sum16(sum, ip + header, count - header));
}

struct sim_packet *packet_new(size_t count)
{
	struct sim_packet *packet = g_malloc0(sizeof(*packet) + count);

	packet->count = count;
	return packet;
}

struct sim_packet *packet_copy(const uint8_t *bytes, size_t count, uint64_t tag)
{
	struct sim_packet *packet = packet_new(count);

	memcpy(packet->bytes, bytes, count);
	packet->tag = tag;
	return packet;
}

struct sim_packet *packet_double(const struct sim_packet *packet)
{
	return g_memdup2(packet, sizeof(*packet) + packet->count);
}

static void write_ipv4(uint8_t *ip, size_t count, const struct segment *s)
{
	ip[0] = 0x45;
	ip[1] = s->tos;
	put16(ip + 2, (uint32_t)count);
	put16(ip + 4, s->ip_id);
	put16(ip + 6, s->dont_fragment ? 0x4000 : 0);
	ip[8] = s->ttl;
	ip[9] = s->tuple.protocol;
	put16(ip + 10, 0);
	memcpy(ip + 12, s->tuple.source.bytes, 4);
	memcpy(ip + 16, s->tuple.destination.bytes, 4);
	put16(ip + 10, fold(sum16(0, ip, IPV4_HEADER)));
}

static void write_ipv6(uint8_t *ip, size_t count, const struct segment *s)
{
	put32(ip, 6u << 28 | (uint32_t)s->tos << 20 | (s->flow_label & 0xfffff));
	put16(ip + 4, (uint32_t)(count - IPV6_HEADER));
	ip[6] = s->tuple.protocol;
	ip[7] = s->ttl;
	memcpy(ip + 8, s->tuple.source.bytes, 16);
	memcpy(ip + 24, s->tuple.destination.bytes, 16);
}

static void write_ip(uint8_t *ip, size_t count, const struct segment *s)
{
	if (s->tuple.source.version == 4)
		write_ipv4(ip, count, s);
	else
		write_ipv6(ip, count, s);
}

/* Options in Linux's order; returns their length, a multiple of four. */
static size_t write_options(uint8_t *at, const struct segment *s)
{
	uint8_t *start = at;

	if (s->mss) {
		put32(at, 0x02040000u | s->mss);
		at += 4;
	}
	if (s->sack_permitted) {
		put32(at, 0x01010402);
		at += 4;
	}
	if (s->timestamps) {
		put32(at, 0x0101080a);
		put32(at + 4, s->tsval);
		put32(at + 8, s->tsecr);
		at += 12;
	}
	if (s->window_scale != NO_WINDOW_SCALE) {
		put32(at, 0x01030300u | s->window_scale);
		at += 4;
	}
	return (size_t)(at - start);
}

struct sim_packet *wire_tcp(const struct segment *s)
{
	uint8_t options[40];
	size_t option_bytes = write_options(options, s);
	size_t header = s->tuple.source.version == 4 ? IPV4_HEADER : IPV6_HEADER;
	size_t tcp_header = TCP_HEADER + option_bytes;
	struct sim_packet *packet = packet_new(header + tcp_header + s->payload_bytes);
	uint8_t *tcp = packet->bytes + header;

	put16(tcp, s->tuple.source_port);
	put16(tcp + 2, s->tuple.destination_port);
	put32(tcp + 4, s->seq);
	put32(tcp + 8, s->ack);
	tcp[12] = (uint8_t)(tcp_header / 4 << 4);
	tcp[13] = s->flags;
	put16(tcp + 14, s->window);
	memcpy(tcp + TCP_HEADER, options, option_bytes);
	if (s->payload)
		memcpy(tcp + tcp_header, s->payload, s->payload_bytes);
	write_ip(packet->bytes, packet->count, s);
	put16(tcp + 16, transport_checksum(packet->bytes, packet->count, ST_PROTOCOL_TCP));
	return packet;
}

static size_t read_ipv4(const uint8_t *ip, size_t count, struct segment *s)
{
	if (count < IPV4_HEADER || ip[0] != 0x45 || get16(ip + 2) != count)
		return 0;
	s->tos = ip[1];
	s->ip_id = get16(ip + 4);
	s->dont_fragment = ip[6] & 0x40;
	s->ttl = ip[8];
	s->tuple.protocol = ip[9];
	s->tuple.source.version = s->tuple.destination.version = 4;
	memcpy(s->tuple.source.bytes, ip + 12, 4);
	memcpy(s->tuple.destination.bytes, ip + 16, 4);
	s->checksums_right = fold(sum16(0, ip, IPV4_HEADER)) == 0;
	return IPV4_HEADER;
}

static size_t read_ipv6(const uint8_t *ip, size_t count, struct segment *s)
{
	if (count < IPV6_HEADER || get16(ip + 4) != count - IPV6_HEADER)
		return 0;
	s->tos = (uint8_t)(get32(ip) >> 20);
	s->flow_label = get32(ip) & 0xfffff;
	s->tuple.protocol = ip[6];
	s->ttl = ip[7];
	s->tuple.source.version = s->tuple.destination.version = 6;
	memcpy(s->tuple.source.bytes, ip + 8, 16);
	memcpy(s->tuple.destination.bytes, ip + 24, 16);
	s->checksums_right = true;
	return IPV6_HEADER;
}

/* One option; false if it is cut off. */
static bool read_option(const uint8_t *at, size_t bytes, struct segment *s)
{
	if (bytes < 2 || at[1] < 2 || at[1] > bytes)
		return false;
	if (at[0] == 2 && at[1] == 4)
		s->mss = get16(at + 2);
	if (at[0] == 3 && at[1] == 3)
		s->window_scale = at[2];
	if (at[0] == 4 && at[1] == 2)
		s->sack_permitted = true;
	if (at[0] == 8 && at[1] == 10) {
		s->timestamps = true;
		s->tsval = get32(at + 2);
		s->tsecr = get32(at + 6);
	}
	return true;
}

static bool read_tcp(const uint8_t *tcp, size_t bytes, struct segment *s)
{
	size_t header = bytes < TCP_HEADER ? 0 : (size_t)(tcp[12] >> 4) * 4;

	if (header < TCP_HEADER || header > bytes)
		return false;
	s->tuple.source_port = get16(tcp);
	s->tuple.destination_port = get16(tcp + 2);
	s->seq = get32(tcp + 4);
	s->ack = get32(tcp + 8);
	s->flags = tcp[13];
	s->window = get16(tcp + 14);
	s->payload = tcp + header;
	s->payload_bytes = bytes - header;
	for (size_t at = TCP_HEADER; at < header && tcp[at] != 0;) {
		if (tcp[at] != 1 && !read_option(tcp + at, header - at, s))
			return false;
		at += tcp[at] == 1 ? 1 : tcp[at + 1];
	}
	return true;
}

bool wire_read(const uint8_t *bytes, size_t count, struct segment *s)
{
	size_t header;

	memset(s, 0, sizeof(*s));
	s->window_scale = NO_WINDOW_SCALE;
	if (count == 0)
		return false;
	header = bytes[0] >> 4 == 4 ? read_ipv4(bytes, count, s) : read_ipv6(bytes, count, s);
	if (header == 0)
		return false;
	s->payload = bytes + header;
	s->payload_bytes = count - header;
	if (s->tuple.protocol != ST_PROTOCOL_TCP)
		return true;
	if (transport_checksum(bytes, count, ST_PROTOCOL_TCP) != 0)
		s->checksums_right = false;
	return read_tcp(bytes + header, count - header, s);
}

bool wire_decrement_ttl(struct sim_packet *packet)
{
	bool v4 = packet->bytes[0] >> 4 == 4;
	uint8_t *ttl = packet->bytes + (v4 ? 8 : 7);

	if (*ttl <= 1)
		return false;
	(*ttl)--;
	if (v4) {
		put16(packet->bytes + 10, 0);
		put16(packet->bytes + 10,
		      fold(sum16(0, packet->bytes, header_bytes(packet->bytes))));
	}
	return true;
}

/* Copies as much of the packet as the router quotes, altered as it alters. */
static size_t write_quote(uint8_t *at, size_t room, const struct time_exceeded *how,
			  const struct sim_packet *expired)
{
	bool v4 = expired->bytes[0] >> 4 == 4;
	size_t header = header_bytes(expired->bytes);
	size_t bytes = header + MIN(expired->count - header, (size_t)how->quote_bytes);

	bytes = MIN(bytes, room);
	memcpy(at, expired->bytes, bytes);
	at[v4 ? 8 : 7] = how->quoted_ttl;
	if (how->change_tos && v4)
		at[1] = how->quoted_tos;
	if (how->change_tos && !v4)
		put16(at, (get16(at) & 0xf00fu) | (uint32_t)how->quoted_tos << 4);
	if (v4 && how->change_ip_id)
		put16(at + 4, how->quoted_ip_id);
	if (v4) {
		put16(at + 10, 0);
		put16(at + 10, fold(sum16(0, at, header)));
	}
	return bytes;
}

static void write_extension(uint8_t *at, uint32_t label)
{
	put32(at, 0x20000000);
	put32(at + 4, 0x00080101);		 /* 8 bytes, class 1, type 1 */
	put32(at + 8, label << 12 | 1 << 8 | 1); /* bottom of stack, TTL 1 */
	put16(at + 2, fold(sum16(0, at, EXTENSION_BYTES)));
}

static struct segment answer_fields(const struct time_exceeded *how,
				    const struct sim_packet *expired)
{
	bool v4 = expired->bytes[0] >> 4 == 4;
	struct segment answer = {.ttl = how->ttl, .ip_id = how->ip_id};

	answer.tos = v4 ? 0xc0 : 0; /* as Linux routers do */
	answer.tuple.protocol = v4 ? ST_PROTOCOL_ICMP : ST_PROTOCOL_ICMPV6;
	answer.tuple.source = how->router;
	answer.tuple.destination.version = v4 ? 4 : 6;
	memcpy(answer.tuple.destination.bytes, expired->bytes + (v4 ? 12 : 8), v4 ? 4 : 16);
	return answer;
}

struct sim_packet *wire_time_exceeded(const struct time_exceeded *how,
				      const struct sim_packet *expired)
{
	bool v4 = expired->bytes[0] >> 4 == 4;
	size_t header = v4 ? IPV4_HEADER : IPV6_HEADER;
	struct segment answer = answer_fields(how, expired);
	size_t room = how->mpls ? EXTENSION_AT : (v4 ? 576 : 1280) - header - ICMP_HEADER;
	uint8_t quote[1280] = {0};
	size_t quoted = write_quote(quote, room, how, expired);
	size_t body = how->mpls ? EXTENSION_AT + EXTENSION_BYTES : quoted;
	struct sim_packet *packet = packet_new(header + ICMP_HEADER + body);
	uint8_t *icmp = packet->bytes + header;

	write_ip(packet->bytes, packet->count, &answer);
	icmp[0] = v4 ? 11 : 3;
	if (how->mpls && how->mpls_length)
		icmp[v4 ? 5 : 4] = v4 ? EXTENSION_AT / 4 : EXTENSION_AT / 8;
	memcpy(icmp + ICMP_HEADER, quote, quoted);
	if (how->mpls)
		write_extension(icmp + ICMP_HEADER + EXTENSION_AT, how->label);
	if (v4)
		put16(icmp + 2, fold(sum16(0, icmp, packet->count - header)));
	else
		put16(icmp + 2,
		      transport_checksum(packet->bytes, packet->count, ST_PROTOCOL_ICMPV6));
	return packet;
}

bool wire_is_ip(const uint8_t *bytes, size_t count)
{
	if (count < IPV4_HEADER)
		return false;
	if (bytes[0] >> 4 == 6)
		return count >= IPV6_HEADER && get16(bytes + 4) == count - IPV6_HEADER;
	return bytes[0] >> 4 == 4 && header_bytes(bytes) >= IPV4_HEADER &&
	       header_bytes(bytes) <= count && get16(bytes + 2) == count;
}

/* RFC 792: other types ask or answer. RFC 4443: errors have a type below 128. */
bool wire_is_icmp_error(const struct sim_packet *packet)
{
	const uint8_t *ip = packet->bytes;
	size_t header = header_bytes(ip);

	if (packet->count < header + ICMP_HEADER)
		return false;
	if (ip[0] >> 4 == 6)
		return ip[6] == ST_PROTOCOL_ICMPV6 && ip[header] < 128;
	return ip[9] == ST_PROTOCOL_ICMP &&
	       (ip[header] == 3 || ip[header] == 5 || ip[header] == 11 || ip[header] == 12);
}

static uint32_t fnv1a(uint32_t hash, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

uint32_t wire_flow_hash(const struct sim_packet *packet)
{
	bool v4 = packet->bytes[0] >> 4 == 4;
	size_t header = header_bytes(packet->bytes);
	size_t addresses = v4 ? 12 : 8;
	uint32_t hash = fnv1a(2166136261u, packet->bytes + addresses, v4 ? 8 : 32);

	hash = fnv1a(hash, packet->bytes + (v4 ? 9 : 6), 1);
	if (packet->count >= header + 4)
		hash = fnv1a(hash, packet->bytes + header, 4);
	return hash;
}
