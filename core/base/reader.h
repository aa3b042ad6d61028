/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The only way to read the wire: a cursor over borrowed bytes that never leaves
 * them. A read past the end sets `overrun`, yields zero and stays at the end, so
 * a decoder may read a whole header and check once.
 */
#ifndef ST_BASE_READER_H
#define ST_BASE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct reader {
	const uint8_t *at;
	size_t left;
	bool overrun;
};

static inline struct reader reader_over(const uint8_t *bytes, size_t count)
{
	return (struct reader){.at = bytes, .left = count};
}

/* The next `count` bytes, or NULL (and overrun) if there are fewer. */
static inline const uint8_t *reader_bytes(struct reader *reader, size_t count)
{
	const uint8_t *bytes = reader->at;

	if (count > reader->left) {
		reader->overrun = true;
		reader->left = 0;
		return NULL;
	}
	reader->at += count;
	reader->left -= count;
	return bytes;
}

static inline uint8_t reader_u8(struct reader *reader)
{
	const uint8_t *b = reader_bytes(reader, 1);

	return b ? b[0] : 0;
}

static inline uint16_t reader_u16(struct reader *reader)
{
	const uint8_t *b = reader_bytes(reader, 2);

	if (!b)
		return 0;
	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t reader_u32(struct reader *reader)
{
	const uint8_t *b = reader_bytes(reader, 4);

	return b ? (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3] : 0;
}

/* Little-endian: what the writers of capture headers on small machines have left. */
static inline uint16_t reader_le16(struct reader *reader)
{
	return __builtin_bswap16(reader_u16(reader));
}

static inline uint32_t reader_le32(struct reader *reader)
{
	return __builtin_bswap32(reader_u32(reader));
}

/* In this machine's order: what a capture library turns to it as it reads a file. */
static inline uint16_t reader_host16(struct reader *reader)
{
	uint16_t value = reader_u16(reader);

	return __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__ ? value : __builtin_bswap16(value);
}

static inline void reader_skip(struct reader *reader, size_t count)
{
	(void)reader_bytes(reader, count);
}

#endif
