/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a frame's first byte to its IP header, for each link type of
 * pcap-linktype(7) that is known here, with what a link lays around a packet of
 * the capturing host: VLAN tags, LLC and SNAP, PPPoE, PPP, MPLS labels. Tunnels
 * in IP (GRE, VXLAN ...) are left out: what is inside them is another host's.
 */
#include "packet/decode.h"

#include <string.h>

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_VLAN 0x8100	       /* IEEE 802.1Q */
#define ETHERTYPE_MPLS 0x8847	       /* RFC 5332, 4: downstream-assigned labels */
#define ETHERTYPE_MPLS_UPSTREAM 0x8848 /* once "multicast" */
#define ETHERTYPE_PPPOE 0x8864	       /* the session stage; 0x8863 is discovery */
#define ETHERTYPE_QINQ 0x88a8	       /* IEEE 802.1ad */
#define ETHERTYPE_OLD_QINQ 0x9100      /* before 802.1ad */
#define ETHERNET_LENGTH_MAX 1500       /* up to here the type is an 802.3 length */

#define PPPOE_SESSION_DATA 0x1100 /* RFC 2516, 4: version 1, type 1, code 0 */

/* PPP protocol numbers (IANA; RFC 1332, RFC 5072, RFC 3032, 4.3). */
#define PPP_IPV4 0x0021
#define PPP_IPV6 0x0057
#define PPP_MPLS 0x0281
#define PPP_MPLS_UPSTREAM 0x0283

/* First bytes that are no PPP protocol number: HDLC addresses (RFC 1662, 3.1; RFC 1547, 4.3.1). */
#define HDLC_ALL_STATIONS 0xff
#define CISCO_UNICAST 0x0f
#define CISCO_MULTICAST 0x8f

/* Networks stack two, rarely three; a frame of nothing but tags must not keep us. */
#define VLAN_TAGS_MAX 8

/* VPNs stack two or three, segment routing some ten. */
#define MPLS_LABELS_MAX 16
#define MPLS_BOTTOM 0x100 /* in a label's 32 bits (RFC 3032, 2.1) */

/* BSD loopback: address families; each system has its own for IPv6. */
#define FAMILY_IPV4 2
#define FAMILY_IPV6_LINUX 10
#define FAMILY_IPV6_BSD 24 /* NetBSD, OpenBSD, Npcap */
#define FAMILY_IPV6_FREEBSD 28
#define FAMILY_IPV6_DARWIN 30

bool st_link_type_known(uint32_t link_type)
{
	switch ((enum st_link_type)link_type) {
	case ST_LINK_NULL:
	case ST_LINK_ETHERNET:
	case ST_LINK_PPP:
	case ST_LINK_RAW_BSD:
	case ST_LINK_RAW_OPENBSD:
	case ST_LINK_PPP_HDLC:
	case ST_LINK_PPP_ETHER:
	case ST_LINK_RAW:
	case ST_LINK_C_HDLC:
	case ST_LINK_LOOP:
	case ST_LINK_SLL:
	case ST_LINK_IPV4:
	case ST_LINK_IPV6:
	case ST_LINK_SLL2:
		return true;
	}
	return false;
}

static bool is_vlan_tag(uint16_t ethertype)
{
	return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ ||
	       ethertype == ETHERTYPE_OLD_QINQ;
}

/* The type behind an LLC and SNAP header (RFC 1042), 0 if it is another one. */
static uint16_t snap_type(struct reader *reader)
{
	uint16_t saps = reader_u16(reader);
	uint32_t control_and_oui = reader_u32(reader);
	uint16_t type = reader_u16(reader);

	return saps == 0xaaaa && control_and_oui == 0x03000000 ? type : 0;
}

static size_t offset_of(const struct link_layout *layout, const struct reader *reader)
{
	return layout->bytes - reader->left;
}

static enum st_status pass_ip(const struct reader *reader, uint8_t version,
			      struct link_layout *layout)
{
	layout->ip_version = version;
	return reader->overrun ? ST_TRUNCATED : ST_OK;
}

/* What follows the stack is not named by it, but by its own first bits (RFC 4928, 3). */
static enum st_status pass_labels(struct reader *reader, struct link_layout *layout)
{
	uint32_t entry;

	layout->labels_at = offset_of(layout, reader);
	do {
		if (layout->labels == MPLS_LABELS_MAX)
			return ST_UNSUPPORTED;
		entry = reader_u32(reader);
		layout->labels++;
	} while (!reader->overrun && !(entry & MPLS_BOTTOM));
	return reader->overrun ? ST_TRUNCATED : ST_OK;
}

/*
 * Numbers are odd in their last byte only, so one that begins with an odd byte
 * has been compressed to it (RFC 1661, 2 and 6.5).
 */
static uint16_t ppp_protocol(struct reader *reader)
{
	uint8_t first = reader_u8(reader);

	if (first & 1)
		return first;
	return (uint16_t)(first << 8 | reader_u8(reader));
}

static enum st_status pass_ppp_protocol(struct reader *reader, struct link_layout *layout)
{
	uint16_t protocol = ppp_protocol(reader);

	if (reader->overrun)
		return ST_TRUNCATED;
	switch (protocol) {
	case PPP_IPV4:
		return pass_ip(reader, 4, layout);
	case PPP_IPV6:
		return pass_ip(reader, 6, layout);
	case PPP_MPLS:
	case PPP_MPLS_UPSTREAM:
		return pass_labels(reader, layout);
	default:
		return ST_UNSUPPORTED;
	}
}

/* The length is passed over: IP has its own, and segments before offloading exceed this one. */
static enum st_status pass_pppoe(struct reader *reader, struct link_layout *layout)
{
	uint16_t version_type_code = reader_u16(reader);

	reader_skip(reader, 2);
	layout->pppoe_length_at = offset_of(layout, reader);
	reader_skip(reader, 2);
	if (reader->overrun)
		return ST_TRUNCATED;
	if (version_type_code != PPPOE_SESSION_DATA)
		return ST_UNSUPPORTED;
	return pass_ppp_protocol(reader, layout);
}

/* `reader` stands behind a field that says what follows. */
static enum st_status pass_ethertype(struct reader *reader, uint16_t type,
				     struct link_layout *layout)
{
	for (int tags = 0; is_vlan_tag(type); tags++) {
		if (tags == VLAN_TAGS_MAX)
			return ST_UNSUPPORTED;
		reader_skip(reader, 2);
		type = reader_u16(reader);
	}
	if (!reader->overrun && type <= ETHERNET_LENGTH_MAX) {
		layout->llc_at = offset_of(layout, reader);
		type = snap_type(reader);
	}
	if (reader->overrun)
		return ST_TRUNCATED;
	switch (type) {
	case ETHERTYPE_IPV4:
		return pass_ip(reader, 4, layout);
	case ETHERTYPE_IPV6:
		return pass_ip(reader, 6, layout);
	case ETHERTYPE_PPPOE:
		return pass_pppoe(reader, layout);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_UPSTREAM:
		return pass_labels(reader, layout);
	default:
		return ST_UNSUPPORTED;
	}
}

static enum st_status pass_ethernet(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 12);
	return pass_ethertype(reader, reader_u16(reader), layout);
}

static enum st_status pass_sll(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 14);
	return pass_ethertype(reader, reader_u16(reader), layout);
}

static enum st_status pass_sll2(struct reader *reader, struct link_layout *layout)
{
	uint16_t type = reader_u16(reader);

	reader_skip(reader, 18);
	return pass_ethertype(reader, type, layout);
}

/* Address, control, and a type as on Ethernet (RFC 1547, 4.3.1). */
static enum st_status pass_cisco_hdlc(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 2);
	return pass_ethertype(reader, reader_u16(reader), layout);
}

/* Both link types of PPP occur with and without HDLC framing, and with Cisco's. */
static enum st_status pass_ppp(struct reader *reader, struct link_layout *layout)
{
	struct reader peek = *reader;

	switch (reader_u8(&peek)) {
	case CISCO_UNICAST:
	case CISCO_MULTICAST:
		return pass_cisco_hdlc(reader, layout);
	case HDLC_ALL_STATIONS:
		reader_skip(reader, 2);
		return pass_ppp_protocol(reader, layout);
	default:
		return pass_ppp_protocol(reader, layout);
	}
}

/* The byte order is the writer's: families are small, so the large reading is the wrong one. */
static enum st_status pass_family(struct reader *reader, struct link_layout *layout)
{
	uint32_t family = reader_u32(reader);

	if (reader->overrun)
		return ST_TRUNCATED;
	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	switch (family) {
	case FAMILY_IPV4:
		return pass_ip(reader, 4, layout);
	case FAMILY_IPV6_LINUX:
	case FAMILY_IPV6_BSD:
	case FAMILY_IPV6_FREEBSD:
	case FAMILY_IPV6_DARWIN:
		return pass_ip(reader, 6, layout);
	default:
		return ST_UNSUPPORTED;
	}
}

enum st_status link_walk(uint32_t link_type, struct reader *reader, struct link_layout *layout)
{
	memset(layout, 0, sizeof(*layout));
	layout->bytes = reader->left;
	switch ((enum st_link_type)link_type) {
	case ST_LINK_ETHERNET:
		return pass_ethernet(reader, layout);
	case ST_LINK_SLL:
		return pass_sll(reader, layout);
	case ST_LINK_SLL2:
		return pass_sll2(reader, layout);
	case ST_LINK_PPP:
	case ST_LINK_PPP_HDLC:
		return pass_ppp(reader, layout);
	case ST_LINK_PPP_ETHER:
		return pass_pppoe(reader, layout);
	case ST_LINK_C_HDLC:
		return pass_cisco_hdlc(reader, layout);
	case ST_LINK_NULL:
	case ST_LINK_LOOP:
		return pass_family(reader, layout);
	case ST_LINK_IPV4:
		return pass_ip(reader, 4, layout);
	case ST_LINK_IPV6:
		return pass_ip(reader, 6, layout);
	case ST_LINK_RAW:
	case ST_LINK_RAW_BSD:
	case ST_LINK_RAW_OPENBSD:
		return ST_OK;
	}
	return ST_UNSUPPORTED;
}

/* Labels may carry anything: a pseudowire's control word begins with 0 or 1 (RFC 4385, 3 and 5). */
static enum st_status look_behind_labels(const struct reader *reader)
{
	struct reader peek = *reader;
	uint8_t version = reader_u8(&peek) >> 4;

	if (peek.overrun)
		return ST_TRUNCATED;
	return version == 4 || version == 6 ? ST_OK : ST_UNSUPPORTED;
}

enum st_status link_decode(uint32_t link_type, struct reader *reader, uint8_t *ip_version)
{
	struct link_layout layout;
	enum st_status status = link_walk(link_type, reader, &layout);

	*ip_version = layout.ip_version;
	if (status == ST_OK && layout.labels > 0)
		return look_behind_labels(reader);
	return status;
}
