/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/gquic.h"

#include <string.h>

#include "base/reader.h"
#include "service/tls.h"

#define TAG_CHLO 0x43484c4f /* "CHLO" */
#define TAG_SNI 0x534e4900  /* "SNI\0" */
#define TAG_BYTES 4
#define CHLO_HEADER_BYTES 8
#define ENTRY_BYTES 8
#define ENTRIES_MAX 128 /* no sender makes more */

/* Of the public header up to Q043. */
#define FLAG_VERSION 0x01
#define FLAG_RESET 0x02
#define FLAG_CONNECTION_ID 0x08
#define FLAG_LONG 0x80
#define FLAGS_NUMBER_SHIFT 4
#define CONNECTION_ID_BYTES 8
#define HASH_BYTES 12

#define FRAME_STREAM 0x80
#define FRAME_STREAM_LENGTH 0x20
#define FRAME_STREAM_OFFSET 0x1c
#define FRAME_STREAM_OFFSET_SHIFT 2
#define CRYPTO_STREAM 1

static uint32_t read_u32_little(struct reader *reader)
{
	const uint8_t *b = reader_bytes(reader, 4);

	return b ? (uint32_t)b[3] << 24 | (uint32_t)b[2] << 16 | (uint32_t)b[1] << 8 | b[0] : 0;
}

enum st_status gquic_begins_chlo(const uint8_t *message, size_t count)
{
	if (count > 0 && memcmp(message, "CHLO", MIN(count, TAG_BYTES)) != 0)
		return ST_MALFORMED;
	return count < TAG_BYTES ? ST_TRUNCATED : ST_OK;
}

/* Tags with where each one's value ends, counted from the first value; then the values. */
enum st_status gquic_read_chlo(const uint8_t *message, size_t count, struct hello_facts *facts)
{
	struct reader entries = reader_over(message, count), values;
	uint32_t begin = 0, entry_count;

	*facts = (struct hello_facts){0};
	if (reader_u32(&entries) != TAG_CHLO)
		return ST_TRUNCATED;
	entry_count = reader_u8(&entries); /* little end first; the rest is 0, or too many */
	if (reader_u8(&entries) != 0 || entry_count > ENTRIES_MAX)
		return ST_TRUNCATED;
	reader_skip(&entries, 2); /* padding */
	values = reader_over(message, count);
	reader_skip(&values, CHLO_HEADER_BYTES + (size_t)entry_count * ENTRY_BYTES);
	for (; entry_count > 0; entry_count--) {
		uint32_t tag = reader_u32(&entries), end = read_u32_little(&entries);
		const uint8_t *value = end < begin ? NULL : reader_bytes(&values, end - begin);

		if (!value)
			return ST_TRUNCATED;
		if (tag == TAG_SNI)
			tls_set_host(facts, value, end - begin);
		begin = end;
	}
	return entries.overrun ? ST_TRUNCATED : ST_OK;
}

/* "Q0" and two digits. */
static bool is_plain_version(uint32_t version)
{
	unsigned tens = version >> 8 & 0xff, ones = version & 0xff;

	return version >> 16 == 0x5130 && tens >= '2' && tens <= '4' && ones >= '0' && ones <= '9';
}

/* Up to Q043: flags, connection id, version, packet number. */
static bool pass_public_header(struct reader *reader)
{
	static const uint8_t number_bytes[] = {1, 2, 4, 6};
	uint8_t flags = reader_u8(reader);

	if (!(flags & FLAG_VERSION) || !(flags & FLAG_CONNECTION_ID) ||
	    flags & (FLAG_RESET | FLAG_LONG))
		return false;
	reader_skip(reader, CONNECTION_ID_BYTES);
	if (!is_plain_version(reader_u32(reader)))
		return false;
	reader_skip(reader, number_bytes[flags >> FLAGS_NUMBER_SHIFT & 0x3]);
	return true;
}

/* Q044 and Q046: version, the lengths of both connection ids in one byte, packet number. */
static bool pass_long_header(struct reader *reader)
{
	uint8_t flags = reader_u8(reader), lengths;

	if (!(flags & FLAG_LONG) || !is_plain_version(reader_u32(reader)))
		return false;
	lengths = reader_u8(reader);
	reader_skip(reader, lengths >> 4 ? (lengths >> 4) + 3U : 0);
	reader_skip(reader, lengths & 0xf ? (lengths & 0xf) + 3U : 0);
	reader_skip(reader, 4);
	return true;
}

/*
 * A frame of the crypto stream, at any offset: a CHLO that answers the server's
 * refusal follows the first. How long it is it says itself.
 */
static bool enter_stream(struct reader *reader)
{
	uint8_t type = reader_u8(reader);
	unsigned offset_bytes = (unsigned)(type & FRAME_STREAM_OFFSET) >> FRAME_STREAM_OFFSET_SHIFT;
	uint32_t stream = 0;

	for (unsigned bytes = (type & 0x3U) + 1; bytes > 0; bytes--)
		stream |= reader_u8(reader); /* little or big end first: the others are 0 */
	reader_skip(reader, offset_bytes > 0 ? offset_bytes + 1 : 0);
	reader_skip(reader, type & FRAME_STREAM_LENGTH ? 2 : 0);
	return type & FRAME_STREAM && stream == CRYPTO_STREAM;
}

enum st_status gquic_find_chlo(const uint8_t *datagram, size_t count, const uint8_t **chlo,
			       size_t *chlo_count)
{
	struct reader reader = reader_over(datagram, count);
	bool header = count > 0 && (datagram[0] & FLAG_LONG ? pass_long_header(&reader)
							    : pass_public_header(&reader));

	if (!header)
		return ST_NONE;
	reader_skip(&reader, HASH_BYTES);
	if (!enter_stream(&reader) || reader.left < TAG_BYTES ||
	    gquic_begins_chlo(reader.at, reader.left) != ST_OK)
		return ST_NONE;
	*chlo = reader.at;
	*chlo_count = reader.left;
	return ST_OK;
}
