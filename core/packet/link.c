/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a frame's first byte to its IP header: the list of link types that are
 * known here, of pcap-linktype(7), and those that hosts have, with what they lay
 * around a packet: VLAN tags, LLC and SNAP, PPPoE, PPP, MPLS labels. Radio, older
 * networks and the headers of capturing programs are in files of their own;
 * tunnels in IP (GRE, VXLAN ...) are tunnel.c's.
 */
#include "packet/link.h"

#include <string.h>

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_VLAN 0x8100	       /* IEEE 802.1Q */
#define ETHERTYPE_MPLS 0x8847	       /* RFC 5332, 4: downstream-assigned labels */
#define ETHERTYPE_MPLS_UPSTREAM 0x8848 /* once "multicast" */
#define ETHERTYPE_PPPOE 0x8864	       /* the session stage; 0x8863 is discovery */
#define ETHERTYPE_QINQ 0x88a8	       /* IEEE 802.1ad */
#define ETHERTYPE_VN 0x8926	       /* VN-Tag: two bytes more than a VLAN's */
#define ETHERTYPE_OLD_QINQ 0x9100      /* before 802.1ad */
#define ETHERNET_LENGTH_MAX 1500       /* up to here the type is an 802.3 length */

/* Access points and unnumbered information of LLC, and the prefixes of SNAP behind them. */
#define SAPS_SNAP 0xaaaa
#define SAPS_NLPID 0xfefe
#define SAPS_IP 0x0606
#define LLC_UNNUMBERED 3
#define SNAP_RFC1042 0x03000000
#define SNAP_BRIDGE 0x030000f8
#define NLPID_IPV4 0x03cc
#define NLPID_IPV6 0x038e

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
#define FAMILY_IPV6_SOLARIS 26
#define FAMILY_IPV6_FREEBSD 28
#define FAMILY_IPV6_DARWIN 30

static bool is_tag(uint16_t ethertype)
{
	return ethertype == ETHERTYPE_VLAN || ethertype == ETHERTYPE_QINQ ||
	       ethertype == ETHERTYPE_OLD_QINQ || ethertype == ETHERTYPE_VN;
}

static size_t offset_of(const struct link_layout *layout, const struct reader *reader)
{
	return layout->bytes - reader->left;
}

enum st_status link_pass_ip(const struct reader *reader, uint8_t version,
			    struct link_layout *layout)
{
	layout->ip_version = version;
	return reader->overrun ? ST_TRUNCATED : ST_OK;
}

/* What follows the stack is not named by it, but by its own first bits (RFC 4928, 3). */
enum st_status link_pass_labels(struct reader *reader, struct link_layout *layout)
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

enum st_status link_pass_ppp_protocol(struct reader *reader, struct link_layout *layout)
{
	uint16_t protocol = ppp_protocol(reader);

	if (reader->overrun)
		return ST_TRUNCATED;
	switch (protocol) {
	case PPP_IPV4:
		return link_pass_ip(reader, 4, layout);
	case PPP_IPV6:
		return link_pass_ip(reader, 6, layout);
	case PPP_MPLS:
	case PPP_MPLS_UPSTREAM:
		return link_pass_labels(reader, layout);
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
	return link_pass_ppp_protocol(reader, layout);
}

enum st_status link_pass_type(struct reader *reader, uint16_t type, struct link_layout *layout)
{
	if (reader->overrun)
		return ST_TRUNCATED;
	switch (type) {
	case ETHERTYPE_IPV4:
		return link_pass_ip(reader, 4, layout);
	case ETHERTYPE_IPV6:
		return link_pass_ip(reader, 6, layout);
	case ETHERTYPE_PPPOE:
		return pass_pppoe(reader, layout);
	case ETHERTYPE_MPLS:
	case ETHERTYPE_MPLS_UPSTREAM:
		return link_pass_labels(reader, layout);
	default:
		return ST_UNSUPPORTED;
	}
}

/* RFC 1042; bridges between unlike networks have a second prefix (IEEE 802.1H). */
static enum st_status pass_snap(struct reader *reader, struct link_layout *layout)
{
	uint32_t control_and_oui = reader_u32(reader);
	uint16_t type = reader_u16(reader);

	if (!reader->overrun && control_and_oui != SNAP_RFC1042 && control_and_oui != SNAP_BRIDGE)
		return ST_UNSUPPORTED;
	return link_pass_type(reader, type, layout);
}

/* Network layer protocol identifiers (ISO/IEC TR 9577; RFC 2684, 5.2) behind their control. */
static enum st_status pass_nlpid(struct reader *reader, struct link_layout *layout)
{
	uint16_t control_and_nlpid = reader_u16(reader);

	if (control_and_nlpid == NLPID_IPV4)
		return link_pass_ip(reader, 4, layout);
	if (control_and_nlpid == NLPID_IPV6)
		return link_pass_ip(reader, 6, layout);
	return reader->overrun ? ST_TRUNCATED : ST_UNSUPPORTED;
}

enum st_status link_pass_llc(struct reader *reader, struct link_layout *layout)
{
	uint16_t saps = reader_u16(reader);

	if (reader->overrun)
		return ST_TRUNCATED;
	switch (saps) {
	case SAPS_SNAP:
		return pass_snap(reader, layout);
	case SAPS_NLPID:
		return pass_nlpid(reader, layout);
	case SAPS_IP:
		if (reader_u8(reader) != LLC_UNNUMBERED && !reader->overrun)
			return ST_UNSUPPORTED;
		return link_pass_ip(reader, 4, layout);
	default:
		return ST_UNSUPPORTED;
	}
}

/* `reader` stands behind a field that says what follows. */
enum st_status link_pass_ethertype(struct reader *reader, uint16_t type, struct link_layout *layout)
{
	for (int tags = 0; is_tag(type); tags++) {
		if (tags == VLAN_TAGS_MAX)
			return ST_UNSUPPORTED;
		reader_skip(reader, type == ETHERTYPE_VN ? 4 : 2);
		type = reader_u16(reader);
	}
	if (reader->overrun || type > ETHERNET_LENGTH_MAX)
		return link_pass_type(reader, type, layout);
	layout->llc_at = offset_of(layout, reader);
	return link_pass_llc(reader, layout);
}

enum st_status link_pass_ethernet(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 12);
	return link_pass_ethertype(reader, reader_u16(reader), layout);
}

static enum st_status pass_sll(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 14);
	return link_pass_ethertype(reader, reader_u16(reader), layout);
}

static enum st_status pass_sll2(struct reader *reader, struct link_layout *layout)
{
	uint16_t type = reader_u16(reader);

	reader_skip(reader, 18);
	return link_pass_ethertype(reader, type, layout);
}

/* Address, control, and a type as on Ethernet (RFC 1547, 4.3.1). */
enum st_status link_pass_cisco_hdlc(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 2);
	return link_pass_ethertype(reader, reader_u16(reader), layout);
}

/* Both link types of PPP occur with and without HDLC framing, and with Cisco's. */
enum st_status link_pass_ppp(struct reader *reader, struct link_layout *layout)
{
	struct reader peek = *reader;

	switch (reader_u8(&peek)) {
	case CISCO_UNICAST:
	case CISCO_MULTICAST:
		return link_pass_cisco_hdlc(reader, layout);
	case HDLC_ALL_STATIONS:
		reader_skip(reader, 2);
		return link_pass_ppp_protocol(reader, layout);
	default:
		return link_pass_ppp_protocol(reader, layout);
	}
}

enum st_status link_pass_family(const struct reader *reader, uint32_t family,
				struct link_layout *layout)
{
	if (reader->overrun)
		return ST_TRUNCATED;
	switch (family) {
	case FAMILY_IPV4:
		return link_pass_ip(reader, 4, layout);
	case FAMILY_IPV6_LINUX:
	case FAMILY_IPV6_BSD:
	case FAMILY_IPV6_SOLARIS:
	case FAMILY_IPV6_FREEBSD:
	case FAMILY_IPV6_DARWIN:
		return link_pass_ip(reader, 6, layout);
	default:
		return ST_UNSUPPORTED;
	}
}

/* The byte order is the writer's: families are small, so the large reading is the wrong one. */
static enum st_status pass_loopback(struct reader *reader, struct link_layout *layout)
{
	uint32_t family = reader_u32(reader);

	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	return link_pass_family(reader, family, layout);
}

static enum st_status pass_ip4(struct reader *reader, struct link_layout *layout)
{
	return link_pass_ip(reader, 4, layout);
}

static enum st_status pass_ip6(struct reader *reader, struct link_layout *layout)
{
	return link_pass_ip(reader, 6, layout);
}

static enum st_status pass_raw(struct reader *reader, struct link_layout *layout)
{
	return link_pass_ip(reader, 0, layout);
}

/* How a link type is read, and whether probes are made on it. */
static const struct link_kind {
	link_pass pass;
	bool sends;
	bool wraps; /* another link type follows */
} kinds[] = {
	[ST_LINK_NULL] = {.pass = pass_loopback, .sends = true},
	[ST_LINK_ETHERNET] = {.pass = link_pass_ethernet, .sends = true},
	[ST_LINK_TOKEN_RING] = {.pass = link_pass_token_ring},
	[ST_LINK_SLIP] = {.pass = link_pass_slip},
	[ST_LINK_PPP] = {.pass = link_pass_ppp, .sends = true},
	[ST_LINK_FDDI] = {.pass = link_pass_fddi},
	[ST_LINK_ATM_BSD] = {.pass = link_pass_atm},
	[ST_LINK_RAW_BSD] = {.pass = pass_raw, .sends = true},
	[ST_LINK_RAW_OPENBSD] = {.pass = pass_raw, .sends = true},
	[ST_LINK_PPP_HDLC] = {.pass = link_pass_ppp, .sends = true},
	[ST_LINK_PPP_ETHER] = {.pass = pass_pppoe, .sends = true},
	[ST_LINK_ATM] = {.pass = link_pass_atm},
	[ST_LINK_RAW] = {.pass = pass_raw, .sends = true},
	[ST_LINK_C_HDLC] = {.pass = link_pass_cisco_hdlc, .sends = true},
	[ST_LINK_WIFI] = {.pass = link_pass_wifi},
	[ST_LINK_FRAME_RELAY] = {.pass = link_pass_frame_relay},
	[ST_LINK_LOOP] = {.pass = pass_loopback, .sends = true},
	[ST_LINK_ENC] = {.pass = link_pass_enc},
	[ST_LINK_SLL] = {.pass = pass_sll, .sends = true},
	[ST_LINK_PFLOG] = {.pass = link_pass_pflog},
	[ST_LINK_WIFI_PRISM] = {.pass = link_pass_prism},
	[ST_LINK_FIBRE_CHANNEL] = {.pass = link_pass_fibre_channel},
	[ST_LINK_SUNATM] = {.pass = link_pass_sunatm},
	[ST_LINK_WIFI_RADIOTAP] = {.pass = link_pass_radiotap},
	[ST_LINK_ARCNET] = {.pass = link_pass_arcnet},
	[ST_LINK_FIREWIRE] = {.pass = link_pass_firewire},
	[ST_LINK_PKTAP_DARWIN] = {.pass = link_pass_pktap, .wraps = true},
	[ST_LINK_WIFI_AVS] = {.pass = link_pass_avs},
	[ST_LINK_PPP_PPPD] = {.pass = link_pass_ppp_pppd},
	[ST_LINK_JUNIPER_ETHERNET] = {.pass = link_pass_juniper_ethernet},
	[ST_LINK_PPI] = {.pass = link_pass_ppi, .wraps = true},
	[ST_LINK_ERF] = {.pass = link_pass_erf},
	[ST_LINK_PPP_DIRECTION] = {.pass = link_pass_ppp_direction},
	[ST_LINK_C_HDLC_DIRECTION] = {.pass = link_pass_cisco_hdlc_direction},
	[ST_LINK_FRAME_RELAY_DIRECTION] = {.pass = link_pass_frame_relay_direction},
	[ST_LINK_MPLS] = {.pass = link_pass_labels},
	[ST_LINK_IPNET] = {.pass = link_pass_ipnet},
	[ST_LINK_IPV4] = {.pass = pass_ip4, .sends = true},
	[ST_LINK_IPV6] = {.pass = pass_ip6, .sends = true},
	[ST_LINK_NFLOG] = {.pass = link_pass_nflog},
	[ST_LINK_INFINIBAND] = {.pass = link_pass_infiniband},
	[ST_LINK_PKTAP] = {.pass = link_pass_pktap, .wraps = true},
	[ST_LINK_PREAMBLE] = {.pass = link_pass_preamble},
	[ST_LINK_MPACKET] = {.pass = link_pass_mpacket},
	[ST_LINK_SLL2] = {.pass = pass_sll2, .sends = true},
	[ST_LINK_BROADCOM] = {.pass = link_pass_broadcom},
	[ST_LINK_BROADCOM_BEFORE] = {.pass = link_pass_broadcom_before},
	[ST_LINK_MARVELL] = {.pass = link_pass_marvell},
	[ST_LINK_MARVELL_TYPED] = {.pass = link_pass_marvell_typed},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

bool st_link_type_known(uint32_t link_type)
{
	return link_type < KINDS && kinds[link_type].pass;
}

bool st_link_type_sendable(uint32_t link_type)
{
	return link_type < KINDS && kinds[link_type].sends;
}

enum st_status link_pass_wrapped(struct reader *reader, uint32_t link_type,
				 struct link_layout *layout)
{
	if (reader->overrun)
		return ST_TRUNCATED;
	if (!st_link_type_known(link_type) || kinds[link_type].wraps)
		return ST_UNSUPPORTED;
	return kinds[link_type].pass(reader, layout);
}

enum st_status link_walk(uint32_t link_type, struct reader *reader, struct link_layout *layout)
{
	memset(layout, 0, sizeof(*layout));
	layout->bytes = reader->left;
	if (!st_link_type_known(link_type))
		return ST_UNSUPPORTED;
	return kinds[link_type].pass(reader, layout);
}

enum st_status look_for_ip(const struct reader *reader)
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
	/* Labels may carry anything: a pseudowire's control word begins with 0 or 1 (RFC 4385). */
	if (status == ST_OK && layout.labels > 0)
		return look_for_ip(reader);
	return status;
}
