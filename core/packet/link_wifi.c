/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IEEE 802.11, with or without what the radio told about a frame (radiotap,
 * Prism, AVS). Of data frames only, and of those only what is not encrypted:
 * nothing is decrypted, and no fragments are put together.
 */
#include "packet/link.h"

/* Frame control (IEEE 802.11, 9.2.4.1): its first byte, and flags in its second. */
#define VERSION_AND_TYPE 0x0f
#define TYPE_DATA 0x08
#define SUBTYPE_NO_DATA 0x40
#define SUBTYPE_QOS 0x80
#define FLAG_TO_DS 0x01
#define FLAG_FROM_DS 0x02
#define FLAG_PROTECTED 0x40
#define FLAG_ORDER 0x80 /* with QoS: an HT control field */

#define FRAGMENT_NUMBER 0x0f /* in the low byte of the sequence control */
#define QOS_AMSDU 0x80	     /* in the first byte of the QoS control */
#define QOS_MESH 0x01	     /* in the second, if the frame is a mesh's */
#define MESH_ADDRESSES 0x03  /* in a mesh control's flags: how many follow */

#define ADDRESS_BYTES 6
#define SUBFRAME_BYTES 14 /* of an A-MSDU: destination, source, length */

#define RADIOTAP_MORE 0x80000000 /* another word says what is present */
#define RADIOTAP_TSFT 0x00000001
#define RADIOTAP_FLAGS 0x00000002
#define RADIOTAP_PADDED 0x20 /* in the flags: a multiple of four before the data */
#define RADIOTAP_TSFT_BYTES 8
/* Each word stands for another antenna or namespace; more than some are no radio's. */
#define RADIOTAP_WORDS_MAX 16

#define AVS_MAGIC 0x80211000 /* and a version in the last hexadecimal digit */
#define AVS_MAGIC_MASK 0xfffffff0
#define AVS_HEADER_MIN 8

static bool begins_with_llc(const struct reader *reader)
{
	struct reader peek = *reader;

	return reader_u16(&peek) == 0xaaaa && reader_u8(&peek) == 3;
}

/*
 * The bit that announces a mesh control has other meanings outside of a mesh
 * (IEEE 802.11, 9.2.4.5), so it counts where LLC is not in its place already.
 */
static void pass_mesh_control(struct reader *reader)
{
	uint8_t flags = reader_u8(reader);

	reader_skip(reader, 5 + ADDRESS_BYTES * (size_t)(flags & MESH_ADDRESSES));
}

/* `padded`: the header, with all of its parts, was filled up to a multiple of four. */
static enum st_status pass_frame(struct reader *reader, bool padded, struct link_layout *layout)
{
	const uint8_t *start = reader->at;
	uint8_t type = reader_u8(reader), flags = reader_u8(reader), qos = 0, qos_high = 0;
	bool has_qos = type & SUBTYPE_QOS;
	uint8_t fragment;

	reader_skip(reader, 20);
	fragment = reader_u8(reader) & FRAGMENT_NUMBER;
	reader_skip(reader, 1);
	if (reader->overrun)
		return ST_TRUNCATED;
	if ((type & VERSION_AND_TYPE) != TYPE_DATA || (type & SUBTYPE_NO_DATA) ||
	    (flags & FLAG_PROTECTED) || fragment > 0)
		return ST_UNSUPPORTED;
	if ((flags & FLAG_TO_DS) && (flags & FLAG_FROM_DS))
		reader_skip(reader, ADDRESS_BYTES);
	if (has_qos) {
		qos = reader_u8(reader);
		qos_high = reader_u8(reader);
	}
	if (has_qos && (flags & FLAG_ORDER))
		reader_skip(reader, 4);
	if (padded && !reader->overrun)
		reader_skip(reader, (size_t)(start - reader->at) % 4);
	if ((qos_high & QOS_MESH) && !(qos & QOS_AMSDU) && !begins_with_llc(reader))
		pass_mesh_control(reader);
	if (qos & QOS_AMSDU)
		reader_skip(reader, SUBFRAME_BYTES); /* the first one; the others go unseen */
	return link_pass_llc(reader, layout);
}

enum st_status link_pass_wifi(struct reader *reader, struct link_layout *layout)
{
	return pass_frame(reader, false, layout);
}

/* The flags byte of a radiotap header, whose first 4 bytes have been read; 0 if there is none. */
static uint8_t radiotap_flags(struct reader reader)
{
	uint32_t present = reader_le32(&reader), word = present;
	size_t bytes = 8;

	for (int words = 1; (word & RADIOTAP_MORE) && !reader.overrun; words++) {
		if (words == RADIOTAP_WORDS_MAX)
			return 0;
		word = reader_le32(&reader);
		bytes += 4;
	}
	if (present & RADIOTAP_TSFT)
		reader_skip(&reader, RADIOTAP_TSFT_BYTES + bytes % RADIOTAP_TSFT_BYTES);
	return present & RADIOTAP_FLAGS ? reader_u8(&reader) : 0;
}

/* Version 0, a byte of padding, the header's length; www.radiotap.org. */
enum st_status link_pass_radiotap(struct reader *reader, struct link_layout *layout)
{
	const uint8_t *start = reader->at;
	struct reader header;
	uint8_t version = reader_u8(reader), flags;
	uint16_t bytes;

	reader_skip(reader, 1);
	bytes = reader_le16(reader);
	if (reader->overrun)
		return ST_TRUNCATED;
	if (version != 0 || bytes < 8)
		return ST_UNSUPPORTED;
	header = reader_over(start, bytes);
	reader_skip(reader, bytes - 4u);
	if (reader->overrun)
		return ST_TRUNCATED;
	reader_skip(&header, 4);
	flags = radiotap_flags(header);
	return pass_frame(reader, flags & RADIOTAP_PADDED, layout);
}

enum st_status link_pass_avs(struct reader *reader, struct link_layout *layout)
{
	uint32_t magic = reader_u32(reader), bytes = reader_u32(reader);

	if (reader->overrun)
		return ST_TRUNCATED;
	if ((magic & AVS_MAGIC_MASK) != AVS_MAGIC || bytes < AVS_HEADER_MIN)
		return ST_UNSUPPORTED;
	reader_skip(reader, bytes - AVS_HEADER_MIN);
	return link_pass_wifi(reader, layout);
}

/* Some drivers call AVS headers Prism's. The length is in the order of the radio's host. */
enum st_status link_pass_prism(struct reader *reader, struct link_layout *layout)
{
	struct reader peek = *reader;
	uint32_t bytes;

	if ((reader_u32(&peek) & AVS_MAGIC_MASK) == AVS_MAGIC)
		return link_pass_avs(reader, layout);
	bytes = reader_u32(&peek);
	if (bytes > UINT16_MAX)
		bytes = __builtin_bswap32(bytes);
	if (peek.overrun)
		return ST_TRUNCATED;
	reader_skip(reader, bytes);
	return link_pass_wifi(reader, layout);
}
