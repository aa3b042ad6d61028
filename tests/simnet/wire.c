/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of the simulated network, byte by byte. Plain code without a reader:
 * what it reads was written here or by the tracer under test, and every length
 * is checked before use. ICMP errors are icmp.c's.
 */
#include "wire.h"

#include "bytes.h"

#include <glib.h>
#include <string.h>

uint32_t sum16(uint32_t sum, const uint8_t *bytes, size_t count)
{
	for (; count >= 2; count -= 2, bytes += 2)
		sum += (uint32_t)(bytes[0] << 8 | bytes[1]);
	return count ? sum + ((uint32_t)bytes[0] << 8) : sum;
}

uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

uint16_t transport_checksum(const uint8_t *ip, size_t count, uint8_t protocol)
{
	size_t header = ip_header_bytes(ip);
	uint32_t sum = protocol + (uint32_t)(count - header);

	sum = ip[0] >> 4 == 4 ? sum16(sum, ip + 12, 8) : sum16(sum, ip + 8, 32);
	return fold(sum16(sum, ip + header, count - header));
}

void write_header_checksum(uint8_t *ip)
{
	put16(ip + 10, 0);
	put16(ip + 10, fold(sum16(0, ip, ip_header_bytes(ip))));
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

void packet_note_sent(struct sim_packet *packet)
{
	packet->sent_bytes = MIN(packet->count, PACKET_SENT_BYTES);
	memcpy(packet->sent, packet->bytes, packet->sent_bytes);
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
	memcpy(ip + 12, s->tuple.source.bytes, 4);
	memcpy(ip + 16, s->tuple.destination.bytes, 4);
	write_header_checksum(ip);
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

void wire_ip_header(uint8_t *ip, size_t count, const struct segment *s)
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
	wire_ip_header(packet->bytes, packet->count, s);
	put16(tcp + 16, transport_checksum(packet->bytes, packet->count, ST_PROTOCOL_TCP));
	return packet;
}

struct sim_packet *wire_udp(const struct segment *s)
{
	size_t header = s->tuple.source.version == 4 ? IPV4_HEADER : IPV6_HEADER;
	struct sim_packet *packet = packet_new(header + UDP_HEADER + s->payload_bytes);
	uint8_t *udp = packet->bytes + header;
	uint16_t checksum;

	put16(udp, s->tuple.source_port);
	put16(udp + 2, s->tuple.destination_port);
	put16(udp + 4, (uint32_t)(UDP_HEADER + s->payload_bytes));
	if (s->payload)
		memcpy(udp + UDP_HEADER, s->payload, s->payload_bytes);
	wire_ip_header(packet->bytes, packet->count, s);
	checksum = transport_checksum(packet->bytes, packet->count, ST_PROTOCOL_UDP);
	if (!s->no_checksum)
		put16(udp + 6, checksum ? checksum : UINT16_MAX); /* zero would mean none */
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

static bool is_quic_initial(const uint8_t *payload, size_t bytes)
{
	return bytes >= 1200 && (payload[0] & 0xf0) == 0xc0 && get32(payload + 1) == 1;
}

/* A zero checksum is none; only IPv4 allows that to everybody (RFC 768, RFC 8200 section 8.1). */
static bool read_udp(const uint8_t *ip, size_t count, size_t header, struct segment *s)
{
	const uint8_t *udp = ip + header;

	if (count - header < UDP_HEADER || get16(udp + 4) != count - header)
		return false;
	s->tuple.source_port = get16(udp);
	s->tuple.destination_port = get16(udp + 2);
	s->udp_checksum = get16(udp + 6);
	s->payload = udp + UDP_HEADER;
	s->payload_bytes = count - header - UDP_HEADER;
	s->quic_initial = is_quic_initial(s->payload, s->payload_bytes);
	if (s->udp_checksum != 0 && transport_checksum(ip, count, ST_PROTOCOL_UDP) != 0)
		s->checksums_right = false;
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
	if (s->tuple.protocol == ST_PROTOCOL_UDP)
		return read_udp(bytes, count, header, s);
	if (s->tuple.protocol != ST_PROTOCOL_TCP)
		return true;
	if (transport_checksum(bytes, count, ST_PROTOCOL_TCP) != 0)
		s->checksums_right = false;
	return read_tcp(bytes + header, count - header, s);
}

uint8_t wire_ttl(const struct sim_packet *packet)
{
	return packet->bytes[packet->bytes[0] >> 4 == 4 ? 8 : 7];
}

void wire_set_ttl(struct sim_packet *packet, uint8_t ttl)
{
	bool v4 = packet->bytes[0] >> 4 == 4;

	packet->bytes[v4 ? 8 : 7] = ttl;
	if (v4)
		write_header_checksum(packet->bytes);
}

uint8_t wire_protocol(const struct sim_packet *packet)
{
	return packet->bytes[packet->bytes[0] >> 4 == 4 ? 9 : 6];
}

bool wire_is_ip(const uint8_t *bytes, size_t count)
{
	if (count < IPV4_HEADER)
		return false;
	if (bytes[0] >> 4 == 6)
		return count >= IPV6_HEADER && get16(bytes + 4) == count - IPV6_HEADER;
	return bytes[0] >> 4 == 4 && ip_header_bytes(bytes) >= IPV4_HEADER &&
	       ip_header_bytes(bytes) <= count && get16(bytes + 2) == count;
}

static bool is_link_local(const uint8_t *address)
{
	return address[0] == 0xfe && (address[1] & 0xc0) == 0x80;
}

bool wire_is_routed(const struct sim_packet *packet)
{
	const uint8_t *ip = packet->bytes;

	if (ip[0] >> 4 == 4)
		return ip[16] < 224;
	return ip[24] != 0xff && !is_link_local(ip + 8) && !is_link_local(ip + 24);
}

uint32_t wire_flow_hash(const struct sim_packet *packet)
{
	bool v4 = packet->bytes[0] >> 4 == 4;
	size_t header = ip_header_bytes(packet->bytes);
	size_t addresses = v4 ? 12 : 8;
	uint32_t hash = fnv1a(FNV1A_BASIS, packet->bytes + addresses, v4 ? 8 : 32);

	hash = fnv1a(hash, packet->bytes + (v4 ? 9 : 6), 1);
	if (packet->count >= header + 4)
		hash = fnv1a(hash, packet->bytes + header, 4);
	return hash;
}
