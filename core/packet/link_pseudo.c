/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Headers that were on no wire: what capturing programs, packet filters and
 * cards put before a frame, and what switch chips put into it.
 */
#include "packet/link.h"

#define IPV4_FAMILY_NFLOG 2
#define IPV6_FAMILY_NFLOG 10
#define NFLOG_PAYLOAD 9	  /* the attribute that is the packet */
#define NFLOG_TYPE 0x7fff /* the highest bit tells of nested attributes */
#define NFLOG_ATTRIBUTE_MIN 4
#define NFLOG_ATTRIBUTES_MAX 64 /* the kernel knows some twenty */

#define PPP_UNNUMBERED 3

#define PPI_HEADER_BYTES 8
#define PKTAP_HEADER_MIN 12 /* length, kind of record, link type */
#define PKTAP_PACKET 1

/* Endace's records; an Ethernet frame begins behind its offset and a byte of padding. */
#define ERF_TYPE 0x7f
#define ERF_EXTENDED 0x80 /* another header of 8 bytes follows */
#define ERF_EXTENSIONS_MAX 16
#define ERF_HDLC 1
#define ERF_ETHERNET 2
#define ERF_IPV4 22
#define ERF_IPV6 23

#define JUNIPER_MAGIC 0x4d4743
#define JUNIPER_EXTENDED 0x80
#define JUNIPER_NO_LINK 0x02

/* Last bytes of a preamble: a frame, or the first piece of one that is interrupted (802.3, 99.3.3).
 */
#define SMD_EXPRESS 0xd5
#define SMD_START_0 0xe6
#define SMD_START_1 0x4c
#define SMD_START_2 0x7f
#define SMD_START_3 0xb3

/* Family in the order of the capturing host, security parameters, flags. */
enum st_status link_pass_enc(struct reader *reader, struct link_layout *layout)
{
	uint32_t family = reader_u32(reader);

	reader_skip(reader, 8);
	if (family > UINT16_MAX)
		family = __builtin_bswap32(family);
	return link_pass_family(reader, family, layout);
}

/* The header's length counts no padding, which fills it up to a multiple of four. */
enum st_status link_pass_pflog(struct reader *reader, struct link_layout *layout)
{
	size_t bytes = ((size_t)reader_u8(reader) + 3) / 4 * 4;
	uint8_t family = reader_u8(reader);

	if (bytes < 4)
		return reader->overrun ? ST_TRUNCATED : ST_UNSUPPORTED;
	reader_skip(reader, bytes - 2);
	return link_pass_family(reader, family, layout);
}

/* Moves `reader` over the packet alone: attributes of type, length and value, padded to four. */
static enum st_status find_payload(struct reader *reader)
{
	for (int passed = 0; passed < NFLOG_ATTRIBUTES_MAX; passed++) {
		uint16_t bytes = reader_host16(reader);
		uint16_t type = reader_host16(reader) & NFLOG_TYPE;

		if (reader->overrun)
			return ST_TRUNCATED;
		if (bytes < NFLOG_ATTRIBUTE_MIN)
			return ST_MALFORMED;
		bytes = (uint16_t)(bytes - NFLOG_ATTRIBUTE_MIN);
		if (type == NFLOG_PAYLOAD) {
			if (reader->left > bytes)
				reader->left = bytes;
			return ST_OK;
		}
		reader_skip(reader, ((size_t)bytes + 3) / 4 * 4);
	}
	return ST_UNSUPPORTED;
}

/* Filters of bridges and devices have families of their own; the packet is IP all the same. */
enum st_status link_pass_nflog(struct reader *reader, struct link_layout *layout)
{
	uint8_t family = reader_u8(reader), version = reader_u8(reader);
	enum st_status status;

	reader_skip(reader, 2);
	if (reader->overrun)
		return ST_TRUNCATED;
	if (version != 0)
		return ST_UNSUPPORTED;
	status = find_payload(reader);
	if (status != ST_OK)
		return status;
	if (family == IPV4_FAMILY_NFLOG)
		return link_pass_ip(reader, 4, layout);
	if (family == IPV6_FAMILY_NFLOG)
		return link_pass_ip(reader, 6, layout);
	return look_for_ip(reader);
}

/* Version, family, kind of hook, length, interfaces, zones. */
enum st_status link_pass_ipnet(struct reader *reader, struct link_layout *layout)
{
	uint8_t version = reader_u8(reader), family = reader_u8(reader);

	reader_skip(reader, 22);
	if (!reader->overrun && version != 1)
		return ST_UNSUPPORTED;
	return link_pass_family(reader, family, layout);
}

/* The direction stands in the place of the address; a control byte may follow. */
enum st_status link_pass_ppp_pppd(struct reader *reader, struct link_layout *layout)
{
	struct reader peek;

	reader_skip(reader, 1);
	peek = *reader;
	if (reader_u8(&peek) == PPP_UNNUMBERED)
		*reader = peek;
	return link_pass_ppp_protocol(reader, layout);
}

enum st_status link_pass_ppp_direction(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 1);
	return link_pass_ppp(reader, layout);
}

enum st_status link_pass_cisco_hdlc_direction(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 1);
	return link_pass_cisco_hdlc(reader, layout);
}

/* Version and flags, the length of all, a link type; little-endian everywhere. */
enum st_status link_pass_ppi(struct reader *reader, struct link_layout *layout)
{
	uint8_t version = reader_u8(reader);
	uint16_t bytes;
	uint32_t link_type;

	reader_skip(reader, 1);
	bytes = reader_le16(reader);
	link_type = reader_le32(reader);
	if (reader->overrun)
		return ST_TRUNCATED;
	if (version != 0 || bytes < PPI_HEADER_BYTES)
		return ST_UNSUPPORTED;
	reader_skip(reader, bytes - (size_t)PPI_HEADER_BYTES);
	return link_pass_wrapped(reader, link_type, layout);
}

enum st_status link_pass_pktap(struct reader *reader, struct link_layout *layout)
{
	uint32_t bytes = reader_le32(reader), kind = reader_le32(reader);
	uint32_t link_type = reader_le32(reader);

	if (reader->overrun)
		return ST_TRUNCATED;
	if (kind != PKTAP_PACKET || bytes < PKTAP_HEADER_MIN)
		return ST_UNSUPPORTED;
	reader_skip(reader, bytes - PKTAP_HEADER_MIN);
	return link_pass_wrapped(reader, link_type, layout);
}

/* Stamp, type, flags, lengths, lost frames: 16 bytes; then as many extensions as announced. */
enum st_status link_pass_erf(struct reader *reader, struct link_layout *layout)
{
	uint8_t type, extended;

	reader_skip(reader, 8);
	type = reader_u8(reader);
	reader_skip(reader, 7);
	extended = type & ERF_EXTENDED;
	for (int passed = 0; extended && !reader->overrun; passed++) {
		if (passed == ERF_EXTENSIONS_MAX)
			return ST_UNSUPPORTED;
		extended = reader_u8(reader) & ERF_EXTENDED;
		reader_skip(reader, 7);
	}
	switch (type & ERF_TYPE) {
	case ERF_ETHERNET:
		reader_skip(reader, 2);
		return link_pass_ethernet(reader, layout);
	case ERF_HDLC:
		return link_pass_ppp(reader, layout);
	case ERF_IPV4:
		return link_pass_ip(reader, 4, layout);
	case ERF_IPV6:
		return link_pass_ip(reader, 6, layout);
	default:
		return reader->overrun ? ST_TRUNCATED : ST_UNSUPPORTED;
	}
}

/* Three bytes of magic, flags; extensions have their length before them. */
enum st_status link_pass_juniper_ethernet(struct reader *reader, struct link_layout *layout)
{
	uint32_t magic_and_flags = reader_u32(reader);

	if (reader->overrun)
		return ST_TRUNCATED;
	if (magic_and_flags >> 8 != JUNIPER_MAGIC || (magic_and_flags & JUNIPER_NO_LINK))
		return ST_UNSUPPORTED;
	if (magic_and_flags & JUNIPER_EXTENDED)
		reader_skip(reader, reader_u16(reader));
	return link_pass_ethernet(reader, layout);
}

enum st_status link_pass_preamble(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 8);
	return link_pass_ethernet(reader, layout);
}

/* Pieces that go on where another was interrupted, and what the link says to itself, hold none. */
static bool begins_frame(uint8_t delimiter)
{
	return delimiter == SMD_EXPRESS || delimiter == SMD_START_0 || delimiter == SMD_START_1 ||
	       delimiter == SMD_START_2 || delimiter == SMD_START_3;
}

enum st_status link_pass_mpacket(struct reader *reader, struct link_layout *layout)
{
	uint8_t delimiter;

	reader_skip(reader, 7);
	delimiter = reader_u8(reader);
	if (!reader->overrun && !begins_frame(delimiter))
		return ST_UNSUPPORTED;
	return link_pass_ethernet(reader, layout);
}

/* A tag of `tag_bytes` stands between the addresses and the type. */
static enum st_status pass_tagged(struct reader *reader, size_t tag_bytes,
				  struct link_layout *layout)
{
	reader_skip(reader, 12 + tag_bytes);
	return link_pass_ethertype(reader, reader_u16(reader), layout);
}

enum st_status link_pass_broadcom(struct reader *reader, struct link_layout *layout)
{
	return pass_tagged(reader, 4, layout);
}

enum st_status link_pass_broadcom_before(struct reader *reader, struct link_layout *layout)
{
	reader_skip(reader, 4);
	return link_pass_ethernet(reader, layout);
}

enum st_status link_pass_marvell(struct reader *reader, struct link_layout *layout)
{
	return pass_tagged(reader, 4, layout);
}

/* The same tag behind a type of its own and two reserved bytes. */
enum st_status link_pass_marvell_typed(struct reader *reader, struct link_layout *layout)
{
	return pass_tagged(reader, 8, layout);
}
