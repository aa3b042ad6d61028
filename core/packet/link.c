/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a frame's first byte to its IP header, for each link type of
 * pcap-linktype(7) that is known here. Tunnels (PPPoE, MPLS, GRE) are left out:
 * what is inside them is not what the capturing host sends or receives.
 */
#include "packet/decode.h"

#define ETHERTYPE_IPV4 0x0800
#define ETHERTYPE_IPV6 0x86dd
#define ETHERTYPE_VLAN 0x8100	  /* IEEE 802.1Q */
#define ETHERTYPE_QINQ 0x88a8	  /* IEEE 802.1ad */
#define ETHERTYPE_OLD_QINQ 0x9100 /* before 802.1ad */
#define ETHERNET_LENGTH_MAX 1500  /* up to here the type is an 802.3 length */

/* Networks stack two, rarely three; a frame of nothing but tags must not keep us. */
#define VLAN_TAGS_MAX 8

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
	case ST_LINK_RAW_BSD:
	case ST_LINK_RAW_OPENBSD:
	case ST_LINK_RAW:
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

/* `reader` stands behind a field that says what follows. */
static enum st_status pass_ethertype(struct reader *reader, uint16_t type, uint8_t *ip_version)
{
	for (int tags = 0; is_vlan_tag(type); tags++) {
		if (tags == VLAN_TAGS_MAX)
			return ST_UNSUPPORTED;
		reader_skip(reader, 2);
		type = reader_u16(reader);
	}
	if (!reader->overrun && type <= ETHERNET_LENGTH_MAX)
		type = snap_type(reader);
	if (reader->overrun)
		return ST_TRUNCATED;
	if (type == ETHERTYPE_IPV4)
		*ip_version = 4;
	else if (type == ETHERTYPE_IPV6)
		*ip_version = 6;
	else
		return ST_UNSUPPORTED;
	return ST_OK;
}

static enum st_status pass_ethernet(struct reader *reader, uint8_t *ip_version)
{
	reader_skip(reader, 12);
	return pass_ethertype(reader, reader_u16(reader), ip_version);
}

static enum st_status pass_sll(struct reader *reader, uint8_t *ip_version)
{
	reader_skip(reader, 14);
	return pass_ethertype(reader, reader_u16(reader), ip_version);
}

static enum st_status pass_sll2(struct reader *reader, uint8_t *ip_version)
{
	uint16_t type = reader_u16(reader);

	reader_skip(reader, 18);
	return pass_ethertype(reader, type, ip_version);
}

/* The byte order is the writer's: families are small, so the large reading is the wrong one. */
static enum st_status pass_family(struct reader *reader, uint8_t *ip_version)
{
	uint32_t family = reader_u32(reader);

	if (reader->overrun)
		return ST_TRUNCATED;
	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	switch (family) {
	case FAMILY_IPV4:
		*ip_version = 4;
		return ST_OK;
	case FAMILY_IPV6_LINUX:
	case FAMILY_IPV6_BSD:
	case FAMILY_IPV6_FREEBSD:
	case FAMILY_IPV6_DARWIN:
		*ip_version = 6;
		return ST_OK;
	default:
		return ST_UNSUPPORTED;
	}
}

enum st_status link_decode(uint32_t link_type, struct reader *reader, uint8_t *ip_version)
{
	*ip_version = 0;
	switch ((enum st_link_type)link_type) {
	case ST_LINK_ETHERNET:
		return pass_ethernet(reader, ip_version);
	case ST_LINK_SLL:
		return pass_sll(reader, ip_version);
	case ST_LINK_SLL2:
		return pass_sll2(reader, ip_version);
	case ST_LINK_NULL:
	case ST_LINK_LOOP:
		return pass_family(reader, ip_version);
	case ST_LINK_IPV4:
		*ip_version = 4;
		return ST_OK;
	case ST_LINK_IPV6:
		*ip_version = 6;
		return ST_OK;
	case ST_LINK_RAW:
	case ST_LINK_RAW_BSD:
	case ST_LINK_RAW_OPENBSD:
		return ST_OK;
	}
	return ST_UNSUPPORTED;
}
