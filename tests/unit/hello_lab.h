/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ClientHellos, written byte by byte, and the way into hello_tcp() and
 * hello_udp(). Every frame is a heap copy of its own, so that ASan sees an
 * over-read.
 */
#ifndef ST_TESTS_UNIT_HELLO_LAB_H
#define ST_TESTS_UNIT_HELLO_LAB_H

#include "service/hello.h"

#include <string.h>

/* RFC 8448, 3: the record with the ClientHello of "server". */
#define RFC8448_RECORD                                                                             \
	"16030100c4010000c00303cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7"   \
	"0000061301130313020100009100"                                                             \
	"00000b0009000006736572766572ff01000100000a00140012001d00170018001901000101010201030104"   \
	"00230000003300260024001d002099381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e52"   \
	"9aaf2c002b0003020304000d0020001e040305030603020308040805080604010501060102010402050206"   \
	"020202002d00020101001c00024001"

static inline GByteArray *lab_from_hex(const char *hex)
{
	GByteArray *bytes = g_byte_array_new();

	for (; hex[0] && hex[1]; hex += 2) {
		int byte = g_ascii_xdigit_value(hex[0]) << 4 | g_ascii_xdigit_value(hex[1]);

		g_byte_array_append(bytes, &(uint8_t){(uint8_t)byte}, 1);
	}
	return bytes;
}

/* `width` bytes of `value`, the most significant first. */
static inline void lab_number(GByteArray *bytes, uint64_t value, unsigned width)
{
	while (width-- > 0)
		g_byte_array_append(bytes, &(uint8_t){(uint8_t)(value >> (8 * width))}, 1);
}

static inline void lab_append(GByteArray *bytes, const void *more, size_t count)
{
	g_byte_array_append(bytes, more, (guint)count);
}

static inline void lab_extension(GByteArray *extensions, unsigned type, const void *body,
				 size_t count)
{
	lab_number(extensions, type, 2);
	lab_number(extensions, count, 2);
	lab_append(extensions, body, count);
}

static inline void lab_server_name(GByteArray *extensions, const char *name, size_t count)
{
	lab_number(extensions, 0, 2);
	lab_number(extensions, count + 5, 2);
	lab_number(extensions, count + 3, 2);
	lab_number(extensions, 0, 1);
	lab_number(extensions, count, 2);
	lab_append(extensions, name, count);
}

/* The handshake message with these extensions; frees them. */
static inline GByteArray *lab_hello(GByteArray *extensions)
{
	GByteArray *message = g_byte_array_new();

	lab_number(message, 1, 1);
	lab_number(message, 2 + 32 + 1 + 2 + 4 + 2 + 2 + extensions->len, 3);
	lab_number(message, 0x0303, 2);
	for (unsigned i = 0; i < 32; i++)
		lab_number(message, 7 * i, 1);
	lab_number(message, 0, 1);
	lab_number(message, 4, 2);
	lab_number(message, 0x13011302, 4);
	lab_number(message, 0x0100, 2);
	lab_number(message, extensions->len, 2);
	lab_append(message, extensions->data, extensions->len);
	g_byte_array_free(extensions, TRUE);
	return message;
}

/* With a name, "h2", and padding (RFC 7685) before and behind them. */
static inline GByteArray *lab_hello_for(const char *name, size_t before, size_t behind)
{
	GByteArray *extensions = g_byte_array_new();
	g_autofree uint8_t *zeros = g_malloc0(before + behind + 1);

	if (before > 0)
		lab_extension(extensions, 21, zeros, before);
	lab_server_name(extensions, name, strlen(name));
	lab_extension(extensions, 16, "\0\3\2h2", 5);
	if (behind > 0)
		lab_extension(extensions, 21, zeros, behind);
	return lab_hello(extensions);
}

/* In records of at most `most` bytes; frees the message. */
static inline GByteArray *lab_records(GByteArray *message, guint most)
{
	GByteArray *stream = g_byte_array_new();

	for (guint at = 0; at < message->len; at += most) {
		guint count = MIN(most, message->len - at);

		lab_number(stream, 0x160301, 3);
		lab_number(stream, count, 2);
		lab_append(stream, message->data + at, count);
	}
	g_byte_array_free(message, TRUE);
	return stream;
}

/* One end of a flow. */
struct lab {
	struct hello_pool pool;
	struct hello *hello;
	struct hello_facts facts;
};

static inline void lab_clear(struct lab *lab)
{
	hello_drop(&lab->pool, &lab->hello);
	g_assert_null(lab->hello);
	g_assert_cmpuint(lab->pool.pending.length, ==, 0);
	hello_pool_clear(&lab->pool);
	memset(lab, 0, sizeof(*lab));
}

/* A packet of which the frame has the payload alone. */
static inline enum hello_verdict lab_show(struct lab *lab, struct st_packet packet,
					  const uint8_t *bytes, size_t count, const uint32_t *start)
{
	g_autofree uint8_t *copy = g_memdup2(bytes, count);
	struct st_frame frame = {.bytes = copy, .captured_bytes = (uint32_t)count};

	packet.has_ports = true;
	packet.payload_captured = (uint32_t)count;
	packet.payload_wire = MAX(packet.payload_wire, (uint32_t)count);
	if (packet.protocol == ST_PROTOCOL_TCP)
		return hello_tcp(&lab->pool, &lab->hello, &packet, &frame, start, &lab->facts);
	return hello_udp(&lab->pool, &lab->hello, &packet, &frame, &lab->facts);
}

/* A segment; `wire` is its length before the capture cut it, 0 if it did not. */
static inline enum hello_verdict lab_segment_cut(struct lab *lab, uint32_t seq,
						 const uint8_t *bytes, size_t count, size_t wire,
						 const uint32_t *start)
{
	struct st_packet packet = {.protocol = ST_PROTOCOL_TCP,
				   .payload_wire = (uint32_t)wire,
				   .tcp = {.seq = seq, .flags = ST_TCP_ACK}};

	return lab_show(lab, packet, bytes, count, start);
}

static inline enum hello_verdict lab_segment(struct lab *lab, uint32_t seq, const void *bytes,
					     size_t count, const uint32_t *start)
{
	return lab_segment_cut(lab, seq, bytes, count, 0, start);
}

static inline enum hello_verdict lab_datagram_cut(struct lab *lab, const uint8_t *bytes,
						  size_t count, size_t wire)
{
	struct st_packet packet = {.protocol = ST_PROTOCOL_UDP, .payload_wire = (uint32_t)wire};

	return lab_show(lab, packet, bytes, count, NULL);
}

static inline enum hello_verdict lab_datagram(struct lab *lab, const GByteArray *datagram)
{
	return lab_datagram_cut(lab, datagram->data, datagram->len, 0);
}

#endif
