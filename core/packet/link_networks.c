/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rings, cells, circuits and other networks that carry IP, most of them behind
 * LLC: where in their headers that begins.
 */
#include "packet/link.h"

/* Token Ring (IEEE 802.5). */
#define FRAME_TYPE 0xc0 /* in the frame control */
#define FRAME_TYPE_LLC 0x40
#define ROUTED 0x80	  /* in the source address: a route follows */
#define ROUTE_LENGTH 0x1f /* in the route's first byte: bytes with it */

/* FDDI: class, address length and format bits of the frame control. */
#define FDDI_FORMAT 0x70
#define FDDI_LLC 0x50

#define SLIP_HEADER_BYTES 16 /* direction, and the compressed header that was */

/* RFC 2684, 5.1: a bridged frame behind SNAP of the IEEE 802.1 committee, with and without FCS. */
#define BRIDGED_OUI 0x030080c2
#define BRIDGED_ETHERNET_FCS 1
#define BRIDGED_ETHERNET 7

/* What a cell's frame is (the low half of SunATM's first byte). */
#define SUNATM_KIND 0x0f
#define SUNATM_LANE 1
#define SUNATM_LLC 2

/* Frame relay (RFC 2427). */
#define ADDRESS_END 1
#define ADDRESS_BYTES_MAX 4 /* Q.922, 3.3: two to four */
#define UNNUMBERED 3
#define NLPID_PAD 0x00
#define NLPID_SNAP 0x80
#define NLPID_IPV4 0xcc
#define NLPID_IPV6 0x8e

/* ARCNET: system codes (RFC 1051, RFC 1201), and the flag of a header that is repeated. */
#define ARCNET_IP 212
#define ARCNET_OLD_IP 240
#define ARCNET_EXCEPTION 0xff

enum st_status link_pass_token_ring(struct reader *reader, struct link_layout *layout)
{
	struct reader route;
	uint8_t control, source;

	reader_skip(reader, 1);
	control = reader_u8(reader);
	reader_skip(reader, 6);
	source = reader_u8(reader);
	reader_skip(reader, 5);
	if (reader->overrun)
		return ST_TRUNCATED;
	if ((control & FRAME_TYPE) != FRAME_TYPE_LLC)
		return ST_UNSUPPORTED;
	route = *reader;
	if (source & ROUTED)
		reader_skip(reader, reader_u8(&route) & ROUTE_LENGTH);
	return link_pass_llc(reader, layout);
}

enum st_status link_pass_fddi(struct reader *reader, struct link_layout *layout)
{
	uint8_t control = reader_u8(reader);

	reader_skip(reader, 12);
	if (reader->overrun)
		return ST_TRUNCATED;
	if ((control & FDDI_FORMAT) != FDDI_LLC)
		return ST_UNSUPPORTED;
	return link_pass_llc(reader, layout);
}

/* Packets whose TCP header is left out (RFC 1144) have another beginning. */
enum st_status link_pass_slip(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, SLIP_HEADER_BYTES);
	if (reader->overrun)
		return ST_TRUNCATED;
	layout->ip_version = 0;
	return look_for_ip(reader);
}

/* True if a bridged Ethernet frame is next, and moves `reader` to it; `pad` bytes are before it. */
static bool pass_bridge(struct reader *reader, size_t pad)
{
	struct reader peek = *reader;
	uint16_t saps = reader_u16(&peek);
	uint32_t oui = reader_u32(&peek);
	uint16_t protocol = reader_u16(&peek);

	if (saps != 0xaaaa || oui != BRIDGED_OUI ||
	    (protocol != BRIDGED_ETHERNET && protocol != BRIDGED_ETHERNET_FCS))
		return false;
	reader_skip(&peek, pad);
	*reader = peek;
	return true;
}

enum st_status link_pass_atm(struct reader *reader, struct link_layout *layout)
{
	return pass_bridge(reader, 2) ? link_pass_ethernet(reader, layout)
				      : link_pass_llc(reader, layout);
}

/* Direction and kind, VPI, VCI; LAN emulation has two bytes before its Ethernet frame. */
enum st_status link_pass_sunatm(struct reader *reader, struct link_layout *layout)
{
	uint8_t kind = reader_u8(reader) & SUNATM_KIND;

	reader_skip(reader, 3);
	if (reader->overrun)
		return ST_TRUNCATED;
	if (kind == SUNATM_LLC)
		return link_pass_atm(reader, layout);
	if (kind != SUNATM_LANE)
		return ST_UNSUPPORTED;
	reader_skip(reader, 2);
	return link_pass_ethernet(reader, layout);
}

/* RFC 2427, 3: a pad may come first; what has no identifier of its own comes behind SNAP. */
static enum st_status pass_frame_relay_protocol(struct reader *reader, struct link_layout *layout)
{
	uint8_t nlpid = reader_u8(reader);

	if (nlpid == NLPID_PAD)
		nlpid = reader_u8(reader);
	if (reader->overrun)
		return ST_TRUNCATED;
	if (nlpid == NLPID_IPV4)
		return link_pass_ip(reader, 4, layout);
	if (nlpid == NLPID_IPV6)
		return link_pass_ip(reader, 6, layout);
	if (nlpid != NLPID_SNAP)
		return ST_UNSUPPORTED;
	if (reader_u8(reader) != 0 || reader_u16(reader) != 0) /* the OUI of Ethernet types */
		return ST_UNSUPPORTED;
	return link_pass_type(reader, reader_u16(reader), layout);
}

/* Cisco's own framing has an Ethernet type where RFC 2427 has the control byte. */
enum st_status link_pass_frame_relay(struct reader *reader, struct link_layout *layout)
{
	struct reader peek;
	size_t bytes = 1;

	while (!(reader_u8(reader) & ADDRESS_END)) {
		if (bytes++ == ADDRESS_BYTES_MAX)
			return reader->overrun ? ST_TRUNCATED : ST_UNSUPPORTED;
	}
	peek = *reader;
	if (reader_u8(&peek) != UNNUMBERED)
		return link_pass_type(reader, reader_u16(reader), layout);
	*reader = peek;
	return pass_frame_relay_protocol(reader, layout);
}

enum st_status link_pass_frame_relay_direction(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 1);
	return link_pass_frame_relay(reader, layout);
}

/* Two network addresses of 8 bytes (RFC 2625, 3.3). */
enum st_status link_pass_fibre_channel(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 16);
	return link_pass_llc(reader, layout);
}

/*
 * Linux's: source, destination, two bytes of offset, system code; behind the
 * newer code fragments are counted (RFC 1201, 2.1), and only the first has an IP header.
 */
enum st_status link_pass_arcnet(struct reader *reader, struct link_layout *layout)
{
	uint8_t code, flag;

	reader_skip(reader, 4);
	code = reader_u8(reader);
	if (code == ARCNET_OLD_IP)
		return link_pass_ip(reader, 4, layout);
	flag = reader_u8(reader);
	if (flag == ARCNET_EXCEPTION) {
		reader_skip(reader, 3);
		flag = reader_u8(reader);
	}
	reader_skip(reader, 2);
	if (reader->overrun)
		return ST_TRUNCATED;
	/* The flag is 0 alone, odd in a first fragment, even in a later one. */
	if (code != ARCNET_IP || (flag != 0 && flag % 2 == 0))
		return ST_UNSUPPORTED;
	return link_pass_ip(reader, 4, layout);
}

/* Two addresses of 8 bytes and an Ethernet type. */
enum st_status link_pass_firewire(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 16);
	return link_pass_type(reader, reader_u16(reader), layout);
}

/* A global route header of 40 bytes, an Ethernet type, two reserved bytes (RFC 4391, 6). */
enum st_status link_pass_infiniband(struct reader *reader, struct link_layout *layout)
{
	uint16_t type;

	reader_skip(reader, 40);
	type = reader_u16(reader);
	reader_skip(reader, 2);
	return link_pass_type(reader, type, layout);
}
