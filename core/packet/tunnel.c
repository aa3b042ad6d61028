/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an IP packet into the one that it carries, a step a call. Tunnels with
 * an IP protocol number of their own are taken at their word; those in UDP have
 * to prove themselves by every bit that is fixed and by what they carry.
 * Encrypted ones stay closed, and fragments of the outer packet apart.
 */
#include "packet/link.h"

#include <string.h>

#define PROTOCOL_IPV4 4
#define PROTOCOL_IPV6 41
#define PROTOCOL_GRE 47
#define PROTOCOL_ETHERIP 97 /* RFC 3378 */
#define PROTOCOL_MPLS 137   /* RFC 4023 */

#define ETHERIP_VERSION 0x3000

/* GRE (RFC 2784, RFC 2890): flags in the order in which their fields follow. */
#define GRE_CHECKSUM 0x8000
#define GRE_ROUTING 0x4000 /* RFC 1701; nobody sends it */
#define GRE_KEY 0x2000
#define GRE_SEQUENCE 0x1000
#define GRE_VERSION 0x0007
#define GRE_VERSION_PPTP 1
#define PPTP_FIXED 0x6f78 /* RFC 2637, 4.1: these flags are 0 or, the key, 1 */
#define PPTP_ACK 0x0080

#define ETHERTYPE_LENGTH_MAX 1500
#define ETHERTYPE_BRIDGED 0x6558 /* a whole Ethernet frame */
#define ETHERTYPE_PPP 0x880b
#define ETHERTYPE_WCCP 0x883e
#define ETHERTYPE_ARUBA_FIRST 0x8200 /* access points to their controller: IEEE 802.11 frames */
#define ETHERTYPE_ARUBA_LAST 0x8370
#define ETHERTYPE_ERSPAN 0x88be /* types I and II */
#define ETHERTYPE_ERSPAN_III 0x22eb

#define ERSPAN_II_BYTES 8
#define ERSPAN_III_BYTES 12
#define ERSPAN_III_MORE 1 /* in the last byte: 8 more */

/* UDP ports (IANA; 8472 is Linux's of before the assignment). */
#define PORT_L2TP 1701
#define PORT_GTP 2152
#define PORT_TEREDO 3544
#define PORT_GRE 4754
#define PORT_VXLAN 4789
#define PORT_VXLAN_GPE 4790
#define PORT_GENEVE 6081
#define PORT_MPLS 6635
#define PORT_VXLAN_LINUX 8472

/* VXLAN (RFC 7348, 5): an identifier is present; the group policy extension uses one bit more. */
#define VXLAN_FLAGS 0x08000000
#define VXLAN_FLAGS_MASK 0x7f000000

/* VXLAN-GPE (draft-ietf-nvo3-vxlan-gpe) and NSH (RFC 8300): identifier and protocol present. */
#define GPE_FLAGS 0x0c
#define GPE_FLAGS_MASK 0xfc
#define NEXT_IPV4 1
#define NEXT_IPV6 2
#define NEXT_ETHERNET 3
#define NEXT_NSH 4
#define NEXT_MPLS 5
#define NSH_LENGTH 0x3f /* in words of four bytes */
#define NSH_LENGTH_MIN 2

#define GENEVE_VERSION 0xc0
#define GENEVE_OPTIONS 0x3f /* words of four bytes */
#define GENEVE_RESERVED 0x3f

/* GTP-U (3GPP TS 29.281, 5): version 1, not GTP', and which optional fields there are. */
#define GTP_FIXED_MASK 0xf8
#define GTP_FIXED 0x30
#define GTP_EXTENDED 0x04
#define GTP_OPTIONAL 0x07
#define GTP_PACKET 255
#define GTP_EXTENSIONS_MAX 8 /* there are fewer kinds */

/* Teredo (RFC 4380, 5.1.1). */
#define TEREDO_ORIGIN 0x0000
#define TEREDO_AUTHENTICATION 0x0001

/* L2TP (RFC 2661, 3.1): version 2, and bits that stay 0. */
#define L2TP_FIXED_MASK 0xb4ff
#define L2TP_FIXED 0x0002
#define L2TP_LENGTH 0x4000
#define L2TP_SEQUENCE 0x0800
#define L2TP_OFFSET 0x0200

/* What is behind a bridge's or a router's type field: with tags, but never a length. */
static enum st_status pass_carried(struct reader *reader, uint16_t type, struct link_layout *layout)
{
	if (type == ETHERTYPE_BRIDGED)
		return link_pass_ethernet(reader, layout);
	if (!reader->overrun && type <= ETHERTYPE_LENGTH_MAX)
		return ST_UNSUPPORTED;
	return link_pass_ethertype(reader, type, layout);
}

/* Mirrored traffic; type I has no header, which the missing sequence number shows. */
static enum st_status pass_erspan(struct reader *reader, bool has_sequence,
				  struct link_layout *layout)
{
	if (has_sequence)
		reader_skip(reader, ERSPAN_II_BYTES);
	return link_pass_ethernet(reader, layout);
}

static enum st_status pass_erspan3(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, ERSPAN_III_BYTES - 1);
	if (reader_u8(reader) & ERSPAN_III_MORE)
		reader_skip(reader, 8);
	return link_pass_ethernet(reader, layout);
}

/* Version 2 of the protocol that redirects to caches has 4 bytes before the packet, 1 none. */
static enum st_status pass_wccp(struct reader *reader, struct link_layout *layout)
{
	if (look_for_ip(reader) != ST_OK)
		reader_skip(reader, 4);
	return link_pass_ip(reader, 4, layout);
}

static bool is_arubas(uint16_t type)
{
	return type >= ETHERTYPE_ARUBA_FIRST && type <= ETHERTYPE_ARUBA_LAST && type % 16 == 0;
}

static enum st_status pass_gre_payload(struct reader *reader, uint16_t type, bool has_sequence,
				       struct link_layout *layout)
{
	switch (type) {
	case ETHERTYPE_PPP:
		return link_pass_ppp(reader, layout);
	case ETHERTYPE_ERSPAN:
		return pass_erspan(reader, has_sequence, layout);
	case ETHERTYPE_ERSPAN_III:
		return pass_erspan3(reader, layout);
	case ETHERTYPE_WCCP:
		return pass_wccp(reader, layout);
	default:
		return is_arubas(type) ? link_pass_wifi(reader, layout)
				       : pass_carried(reader, type, layout);
	}
}

/* RFC 2637, 4.1: the key is a length and a call; acknowledgments may carry nothing. */
static enum st_status pass_pptp(struct reader *reader, uint16_t flags, uint16_t type,
				struct link_layout *layout)
{
	if ((flags & PPTP_FIXED & ~GRE_VERSION) != GRE_KEY || type != ETHERTYPE_PPP)
		return ST_UNSUPPORTED;
	reader_skip(reader, 4);
	if (!(flags & GRE_SEQUENCE))
		return ST_NONE;
	reader_skip(reader, flags & PPTP_ACK ? 8 : 4);
	return link_pass_ppp(reader, layout);
}

static enum st_status pass_gre(struct reader *reader, struct link_layout *layout)
{
	uint16_t flags = reader_u16(reader), type = reader_u16(reader);

	if (reader->overrun)
		return ST_TRUNCATED;
	if ((flags & GRE_VERSION) == GRE_VERSION_PPTP)
		return pass_pptp(reader, flags, type, layout);
	if (flags & (GRE_VERSION | GRE_ROUTING))
		return ST_UNSUPPORTED;
	if (flags & GRE_CHECKSUM)
		reader_skip(reader, 4);
	if (flags & GRE_KEY)
		reader_skip(reader, 4);
	if (flags & GRE_SEQUENCE)
		reader_skip(reader, 4);
	return pass_gre_payload(reader, type, flags & GRE_SEQUENCE, layout);
}

static enum st_status pass_etherip(struct reader *reader, struct link_layout *layout)
{
	if (reader_u16(reader) != ETHERIP_VERSION)
		return reader->overrun ? ST_TRUNCATED : ST_UNSUPPORTED;
	return link_pass_ethernet(reader, layout);
}

static enum st_status pass_stack(struct reader *reader, struct link_layout *layout)
{
	enum st_status status = link_pass_labels(reader, layout);

	return status == ST_OK ? look_for_ip(reader) : status;
}

static enum st_status pass_vxlan(struct reader *reader, struct link_layout *layout)
{
	uint32_t flags = reader_u32(reader), identifier = reader_u32(reader);

	if ((flags & VXLAN_FLAGS_MASK) != VXLAN_FLAGS || (identifier & 0xff) != 0)
		return ST_NONE;
	return link_pass_ethernet(reader, layout);
}

static enum st_status pass_next(struct reader *reader, uint8_t next, struct link_layout *layout)
{
	switch (next) {
	case NEXT_IPV4:
		return link_pass_ip(reader, 4, layout);
	case NEXT_IPV6:
		return link_pass_ip(reader, 6, layout);
	case NEXT_ETHERNET:
		return link_pass_ethernet(reader, layout);
	case NEXT_MPLS:
		return pass_stack(reader, layout);
	default:
		return ST_NONE;
	}
}

/* A service function chain's header (RFC 8300, 2.2): version and length, type, next protocol. */
static enum st_status pass_nsh(struct reader *reader, struct link_layout *layout)
{
	uint8_t words, next;

	reader_skip(reader, 1);
	words = reader_u8(reader) & NSH_LENGTH;
	reader_skip(reader, 1);
	next = reader_u8(reader);
	if (words < NSH_LENGTH_MIN)
		return ST_NONE;
	reader_skip(reader, 4 * ((size_t)words - 1));
	return pass_next(reader, next, layout);
}

static enum st_status pass_vxlan_gpe(struct reader *reader, struct link_layout *layout)
{
	uint8_t flags = reader_u8(reader), next;

	reader_skip(reader, 2);
	next = reader_u8(reader);
	reader_skip(reader, 4);
	if ((flags & GPE_FLAGS_MASK) != GPE_FLAGS)
		return ST_NONE;
	return next == NEXT_NSH ? pass_nsh(reader, layout) : pass_next(reader, next, layout);
}

/* RFC 8926, 3.4. */
static enum st_status pass_geneve(struct reader *reader, struct link_layout *layout)
{
	uint8_t version = reader_u8(reader), flags = reader_u8(reader);
	uint16_t type = reader_u16(reader);
	uint32_t identifier = reader_u32(reader);

	if ((version & GENEVE_VERSION) || (flags & GENEVE_RESERVED) || (identifier & 0xff) != 0)
		return ST_NONE;
	reader_skip(reader, 4 * (size_t)(version & GENEVE_OPTIONS));
	return pass_carried(reader, type, layout);
}

/* A chain: words of four bytes, content, and what comes next; 0 is nothing. */
static bool pass_gtp_extensions(struct reader *reader, uint8_t next)
{
	for (int passed = 0; next != 0 && !reader->overrun; passed++) {
		uint8_t words = reader_u8(reader);

		if (words == 0 || passed == GTP_EXTENSIONS_MAX)
			return false;
		reader_skip(reader, 4 * (size_t)words - 2);
		next = reader_u8(reader);
	}
	return true;
}

static enum st_status pass_gtp(struct reader *reader, struct link_layout *layout)
{
	uint8_t flags = reader_u8(reader), message = reader_u8(reader), next;

	reader_skip(reader, 6); /* length and tunnel */
	if ((flags & GTP_FIXED_MASK) != GTP_FIXED || message != GTP_PACKET)
		return ST_NONE;
	if (flags & GTP_OPTIONAL) {
		reader_skip(reader, 3);
		next = reader_u8(reader);
		if ((flags & GTP_EXTENDED) && !pass_gtp_extensions(reader, next))
			return ST_NONE;
	}
	(void)layout; /* both versions may follow */
	return look_for_ip(reader);
}

/* Where the sender proves itself: lengths of two fields, both of them, 8 bytes and a last one. */
static void pass_teredo_authentication(struct reader *reader)
{
	uint8_t client = reader_u8(reader), value = reader_u8(reader);

	reader_skip(reader, (size_t)client + value + 9);
}

static enum st_status pass_teredo(struct reader *reader, struct link_layout *layout)
{
	struct reader peek = *reader;
	uint16_t indication = reader_u16(&peek);

	if (indication == TEREDO_AUTHENTICATION) {
		pass_teredo_authentication(&peek);
		*reader = peek;
		indication = reader_u16(&peek);
	}
	if (indication == TEREDO_ORIGIN)
		reader_skip(reader, 8);
	return link_pass_ip(reader, 6, layout);
}

static enum st_status pass_l2tp(struct reader *reader, struct link_layout *layout)
{
	uint16_t flags = reader_u16(reader);

	if ((flags & L2TP_FIXED_MASK) != L2TP_FIXED)
		return ST_NONE;
	if (flags & L2TP_LENGTH)
		reader_skip(reader, 2);
	reader_skip(reader, 4);
	if (flags & L2TP_SEQUENCE)
		reader_skip(reader, 4);
	if (flags & L2TP_OFFSET)
		reader_skip(reader, reader_u16(reader));
	return link_pass_ppp(reader, layout);
}

/* Tunnels that are answered from the port that they go to. */
static link_pass two_way_tunnel(uint16_t port)
{
	switch (port) {
	case PORT_GTP:
		return pass_gtp;
	case PORT_TEREDO:
		return pass_teredo;
	case PORT_L2TP:
		return pass_l2tp;
	default:
		return NULL;
	}
}

/* The others have the port at their end alone; the sender's varies with what it carries. */
static link_pass udp_tunnel(const struct st_packet *packet)
{
	link_pass pass = two_way_tunnel(packet->destination_port);

	switch (packet->destination_port) {
	case PORT_VXLAN:
	case PORT_VXLAN_LINUX:
		return pass_vxlan;
	case PORT_VXLAN_GPE:
		return pass_vxlan_gpe;
	case PORT_GENEVE:
		return pass_geneve;
	case PORT_GRE:
		return pass_gre;
	case PORT_MPLS:
		return pass_stack;
	default:
		return pass ? pass : two_way_tunnel(packet->source_port);
	}
}

static enum st_status pass_inner_ip4(struct reader *reader, struct link_layout *layout)
{
	return link_pass_ip(reader, 4, layout);
}

static enum st_status pass_inner_ip6(struct reader *reader, struct link_layout *layout)
{
	return link_pass_ip(reader, 6, layout);
}

static link_pass tunnel_of(const struct st_packet *packet)
{
	if (packet->later_fragment)
		return NULL;
	switch (packet->protocol) {
	case ST_PROTOCOL_UDP:
		return udp_tunnel(packet);
	case PROTOCOL_IPV4:
		return pass_inner_ip4;
	case PROTOCOL_IPV6:
		return pass_inner_ip6;
	case PROTOCOL_GRE:
		return pass_gre;
	case PROTOCOL_ETHERIP:
		return pass_etherip;
	case PROTOCOL_MPLS:
		return pass_stack;
	default:
		return NULL;
	}
}

bool tunnel_has_protocol(uint8_t protocol)
{
	const struct st_packet packet = {.protocol = protocol};

	return protocol != ST_PROTOCOL_UDP && tunnel_of(&packet);
}

/*
 * A packet that some other program's payload might look like by chance has to
 * fit into what carries it, and to name hosts.
 */
static bool is_believable(const struct st_packet *inner, const struct st_packet *outer)
{
	static const struct st_addr none;
	uint32_t bytes = inner->transport_offset - inner->ip_offset + inner->transport_wire;

	return memcmp(inner->source.bytes, none.bytes, sizeof(none.bytes)) != 0 &&
	       (outer->is_fragment || bytes <= outer->payload_wire);
}

enum st_status st_packet_enter(const struct st_frame *frame, struct st_packet *packet)
{
	link_pass pass = tunnel_of(packet);
	bool is_udp = packet->protocol == ST_PROTOCOL_UDP;
	uint32_t start = is_udp ? packet->payload_offset : packet->transport_offset;
	uint32_t captured = is_udp ? packet->payload_captured : packet->transport_captured;
	uint32_t wire = is_udp ? packet->payload_wire : packet->transport_wire;
	struct reader reader = reader_over(frame->bytes + start, captured);
	struct link_layout layout = {.bytes = captured};
	struct st_packet inner;
	enum st_status status;
	uint32_t offset;

	if (!pass)
		return ST_NONE;
	status = pass(&reader, &layout);
	if (status == ST_OK && layout.labels > 0)
		status = look_for_ip(&reader);
	offset = (uint32_t)(reader.at - frame->bytes);
	if (status == ST_OK)
		status = packet_decode_at(&reader, offset, wire - (offset - start),
					  layout.ip_version, &inner);
	if (is_udp && (status != ST_OK || !is_believable(&inner, packet)))
		return ST_NONE;
	if (status == ST_OK)
		*packet = inner;
	return status;
}
