/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A frame's IP packet: the IPv4 or IPv6 header down to the transport, and
 * which lengths to believe. Checksums are not verified: offloading makes them
 * wrong in captures of a host's own packets. Fragments are not put together.
 */
#include "packet/decode.h"

#include <string.h>

#define IPV4_HEADER_MIN 20
#define IPV6_HEADER_BYTES 40

#define IPV4_DONT_FRAGMENT 0x4000
#define IPV4_MORE_FRAGMENTS 0x2000
#define IPV4_FRAGMENT_OFFSET 0x1fff /* in units of 8 bytes */
#define IPV6_FRAGMENT_OFFSET 0xfff8
#define IPV6_MORE_FRAGMENTS 0x0001

/* RFC 8200, 4.1 names eight at most; the rest is room for what comes after it. */
#define IPV6_EXTENSIONS_MAX 16

/* Protocol numbers that are IPv6 extension headers (IANA; RFC 8200, 4). */
enum ipv6_extension {
	IPV6_HOP_BY_HOP = 0,
	IPV6_ROUTING = 43,
	IPV6_FRAGMENT = 44,
	IPV6_AUTHENTICATION = 51,
	IPV6_DESTINATION = 60,
	IPV6_MOBILITY = 135,
	IPV6_HIP = 139,
	IPV6_SHIM6 = 140,
};

static void read_addr(struct reader *reader, uint8_t version, struct st_addr *addr)
{
	size_t count = version == 4 ? 4 : 16;
	const uint8_t *bytes = reader_bytes(reader, count);

	addr->version = version;
	if (bytes)
		memcpy(addr->bytes, bytes, count);
}

static void set_fragment(struct ip_header *ip, uint32_t offset, bool more, uint32_t id)
{
	ip->fragment_offset = (uint16_t)offset;
	ip->later_fragment = offset > 0;
	ip->more_fragments = more;
	ip->is_fragment = offset > 0 || more;
	if (ip->is_fragment)
		ip->fragment_id = id;
}

static enum st_status ip4_decode(struct reader *reader, struct ip_header *ip)
{
	uint16_t fragment;

	ip->header_bytes = 4 * (reader_u8(reader) & 0x0fu);
	if (ip->header_bytes < IPV4_HEADER_MIN)
		return ST_MALFORMED;
	ip->tos = reader_u8(reader);
	ip->total_bytes = reader_u16(reader);
	ip->id = reader_u16(reader);
	fragment = reader_u16(reader);
	ip->dont_fragment = fragment & IPV4_DONT_FRAGMENT;
	set_fragment(ip, (fragment & IPV4_FRAGMENT_OFFSET) * 8u, fragment & IPV4_MORE_FRAGMENTS,
		     ip->id);
	ip->ttl = reader_u8(reader);
	ip->protocol = reader_u8(reader);
	reader_skip(reader, 2);
	read_addr(reader, 4, &ip->source);
	read_addr(reader, 4, &ip->destination);
	reader_skip(reader, ip->header_bytes - IPV4_HEADER_MIN);
	return reader->overrun ? ST_TRUNCATED : ST_OK;
}

static enum st_status ip6_decode(struct reader *reader, struct ip_header *ip)
{
	uint32_t first = reader_u32(reader);
	uint16_t payload_bytes = reader_u16(reader);

	ip->header_bytes = IPV6_HEADER_BYTES;
	ip->tos = (uint8_t)(first >> 20);
	ip->flow_label = first & 0xfffff;
	/* 0 is a jumbogram (RFC 2675, 3) or a segment before offloading: bigger than the field. */
	ip->total_bytes = payload_bytes ? IPV6_HEADER_BYTES + (uint32_t)payload_bytes : 0;
	ip->protocol = reader_u8(reader);
	ip->ttl = reader_u8(reader);
	read_addr(reader, 6, &ip->source);
	read_addr(reader, 6, &ip->destination);
	return reader->overrun ? ST_TRUNCATED : ST_OK;
}

enum st_status ip_decode(struct reader *reader, uint8_t version, struct ip_header *ip)
{
	struct reader peek = *reader;
	uint8_t stated = reader_u8(&peek) >> 4;

	memset(ip, 0, sizeof(*ip));
	if (peek.overrun)
		return ST_TRUNCATED;
	if (version != 0 && stated != version)
		return ST_MALFORMED;
	if (stated == 4)
		return ip4_decode(reader, ip);
	if (stated == 6)
		return ip6_decode(reader, ip);
	return ST_MALFORMED;
}

static bool is_extension(uint8_t protocol)
{
	switch ((enum ipv6_extension)protocol) {
	case IPV6_HOP_BY_HOP:
	case IPV6_ROUTING:
	case IPV6_FRAGMENT:
	case IPV6_AUTHENTICATION:
	case IPV6_DESTINATION:
	case IPV6_MOBILITY:
	case IPV6_HIP:
	case IPV6_SHIM6:
		return true;
	}
	return false;
}

/* Bytes of an extension header by its type and its second byte. */
static uint32_t extension_bytes(uint8_t protocol, uint8_t length)
{
	if (protocol == IPV6_FRAGMENT)
		return 8; /* RFC 8200, 4.5: no length, that byte is reserved */
	if (protocol == IPV6_AUTHENTICATION)
		return 4 * (length + 2u); /* RFC 4302, 2.2 */
	return 8 * (length + 1u);
}

static enum st_status pass_extension(struct reader *reader, struct ip_header *ip)
{
	uint8_t next = reader_u8(reader);
	uint8_t length = reader_u8(reader);
	uint16_t fragment = reader_u16(reader);
	uint32_t bytes = extension_bytes(ip->protocol, length);
	struct reader rest = *reader;

	reader_skip(reader, bytes - 4);
	if (reader->overrun)
		return ST_TRUNCATED;
	/* Alone it may be whole: an atomic fragment (RFC 6946). */
	if (ip->protocol == IPV6_FRAGMENT)
		set_fragment(ip, fragment & IPV6_FRAGMENT_OFFSET, fragment & IPV6_MORE_FRAGMENTS,
			     reader_u32(&rest));
	ip->header_bytes += bytes;
	ip->protocol = next;
	return ST_OK;
}

enum st_status ip_pass_extensions(struct reader *reader, struct ip_header *ip)
{
	if (ip->source.version != 6)
		return ST_OK;
	for (int passed = 0; is_extension(ip->protocol) && !ip->later_fragment; passed++) {
		enum st_status status;

		if (passed == IPV6_EXTENSIONS_MAX)
			return ST_MALFORMED;
		status = pass_extension(reader, ip);
		if (status != ST_OK)
			return status;
	}
	return ST_OK;
}

/*
 * Settles the packet's length (a stated 0 stands for more than the field can
 * hold, or for a segment that the card will cut up: then the frame tells) and
 * hides from `reader` what follows it: link padding, trailers.
 */
static enum st_status limit_to_packet(struct reader *reader, uint32_t frame_left,
				      struct ip_header *ip)
{
	if (ip->total_bytes == 0)
		ip->total_bytes = frame_left;
	if (ip->total_bytes < ip->header_bytes)
		return ST_MALFORMED;
	if (reader->left > ip->total_bytes - ip->header_bytes)
		reader->left = ip->total_bytes - ip->header_bytes;
	return ST_OK;
}

/* `frame_left`: bytes from the IP header to the frame's end on the wire. */
static enum st_status decode_ip(struct reader *reader, uint8_t version, uint32_t frame_left,
				struct ip_header *ip)
{
	size_t captured = reader->left;
	enum st_status status;

	status = ip_decode(reader, version, ip);
	if (status == ST_OK)
		status = limit_to_packet(reader, frame_left, ip);
	if (status != ST_OK)
		return status;
	status = ip_pass_extensions(reader, ip);
	/* Where the whole packet is here, it is its own lengths that contradict each other. */
	if (status == ST_TRUNCATED && captured >= ip->total_bytes)
		return ST_MALFORMED;
	return status;
}

static void fill_from_ip(struct st_packet *packet, const struct ip_header *ip)
{
	packet->source = ip->source;
	packet->destination = ip->destination;
	packet->ip_version = ip->source.version;
	packet->flow_label = ip->flow_label;
	packet->ip_id = ip->id;
	packet->protocol = ip->protocol;
	packet->ttl = ip->ttl;
	packet->tos = ip->tos;
	packet->dont_fragment = ip->dont_fragment;
	packet->is_fragment = ip->is_fragment;
	packet->later_fragment = ip->later_fragment;
	packet->more_fragments = ip->more_fragments;
	packet->fragment_offset = ip->fragment_offset;
	packet->fragment_id = ip->fragment_id;
	packet->transport_offset = packet->ip_offset + ip->header_bytes;
	packet->transport_wire = ip->total_bytes - ip->header_bytes;
}

enum st_status packet_decode_at(struct reader *reader, uint32_t offset, uint32_t wire_left,
				uint8_t version, struct st_packet *packet)
{
	struct ip_header ip;
	enum st_status status;

	memset(packet, 0, sizeof(*packet));
	packet->ip_offset = offset;
	status = decode_ip(reader, version, wire_left, &ip);
	if (status != ST_OK)
		return status;
	fill_from_ip(packet, &ip);
	packet->transport_captured = (uint32_t)reader->left;
	return transport_decode(reader, packet);
}

enum st_status st_packet_decode(const struct st_frame *frame, struct st_packet *packet)
{
	struct reader reader = reader_over(frame->bytes, frame->captured_bytes);
	uint32_t wire_bytes = frame->wire_bytes, offset;
	enum st_status status;
	uint8_t version;

	if (wire_bytes < frame->captured_bytes)
		wire_bytes = frame->captured_bytes;
	status = link_decode(frame->link_type, &reader, &version);
	if (status != ST_OK)
		return status;
	offset = (uint32_t)(reader.at - frame->bytes);
	return packet_decode_at(&reader, offset, wire_bytes - offset, version, packet);
}
