/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes sample packets byte by byte for the tests of the decoders. It shares
 * nothing with the core's own builder, so that one cannot hide the other's error.
 */
#ifndef ST_TESTS_UNIT_WIRE_H
#define ST_TESTS_UNIT_WIRE_H

#include <servicetrace/packet.h>

#include <glib.h>
#include <string.h>

#define WIRE_MAX 4096

struct wire {
	uint8_t bytes[WIRE_MAX];
	size_t count;
};

static inline void wire_u8(struct wire *wire, unsigned value)
{
	g_assert(wire->count <
		 WIRE_MAX); /* ends the program: compilers see that nothing overflows */
	wire->bytes[wire->count++] = (uint8_t)value;
}

static inline void wire_u16(struct wire *wire, unsigned value)
{
	wire_u8(wire, value >> 8 & 0xff);
	wire_u8(wire, value & 0xff);
}

static inline void wire_u32(struct wire *wire, uint32_t value)
{
	wire_u16(wire, value >> 16);
	wire_u16(wire, value & 0xffff);
}

static inline void wire_fill(struct wire *wire, unsigned value, size_t count)
{
	while (count-- > 0)
		wire_u8(wire, value);
}

static inline void wire_bytes(struct wire *wire, const void *bytes, size_t count)
{
	const uint8_t *from = bytes;

	for (size_t i = 0; i < count; i++)
		wire_u8(wire, from[i]);
}

static inline void wire_set_u16(struct wire *wire, size_t at, unsigned value)
{
	g_assert_cmpuint(at + 1, <, wire->count);
	wire->bytes[at] = (uint8_t)(value >> 8);
	wire->bytes[at + 1] = (uint8_t)value;
}

static inline void wire_ethernet(struct wire *wire, unsigned type)
{
	wire_fill(wire, 0x02, 12);
	wire_u16(wire, type);
}

/* 192.0.2.1 -> 198.51.100.2, TTL 7, DSCP 46, DF, ID 0x1234; `words` of options, all NOP. */
static inline void wire_ip4(struct wire *wire, unsigned protocol, size_t payload, unsigned words)
{
	wire_u8(wire, 0x45 + words);
	wire_u8(wire, 0xb8);
	wire_u16(wire, (unsigned)(20 + 4 * words + payload));
	wire_u16(wire, 0x1234);
	wire_u16(wire, 0x4000);
	wire_u8(wire, 7);
	wire_u8(wire, protocol);
	wire_u16(wire, 0);
	wire_u32(wire, 0xc0000201);
	wire_u32(wire, 0xc6336402);
	wire_fill(wire, 1, 4 * (size_t)words);
}

/* 2001:db8::1 -> 2001:db8::2, hop limit 7, traffic class 0xb8, flow label 0xabcde. */
static inline void wire_ip6(struct wire *wire, unsigned next, size_t payload)
{
	wire_u32(wire, 0x6b8abcde);
	wire_u16(wire, (unsigned)payload);
	wire_u8(wire, next);
	wire_u8(wire, 7);
	for (unsigned last = 1; last <= 2; last++) {
		wire_u32(wire, 0x20010db8);
		wire_fill(wire, 0, 11);
		wire_u8(wire, last);
	}
}

/* Port 40312 -> 443, seq 0x01020304, ack 0x05060708, PSH and ACK, window 0x2345. */
static inline void wire_tcp(struct wire *wire, const void *options, size_t options_bytes)
{
	wire_u16(wire, 40312);
	wire_u16(wire, 443);
	wire_u32(wire, 0x01020304);
	wire_u32(wire, 0x05060708);
	wire_u8(wire, (unsigned)(20 + options_bytes) / 4 << 4);
	wire_u8(wire, 0x18);
	wire_u16(wire, 0x2345);
	wire_u32(wire, 0);
	wire_bytes(wire, options, options_bytes);
}

/* Port 40312 -> 33434, checksum 0xbeef. */
static inline void wire_udp(struct wire *wire, size_t payload)
{
	wire_u16(wire, 40312);
	wire_u16(wire, 33434);
	wire_u16(wire, (unsigned)(8 + payload));
	wire_u16(wire, 0xbeef);
}

static inline void wire_icmp(struct wire *wire, unsigned type, unsigned code)
{
	wire_u8(wire, type);
	wire_u8(wire, code);
	wire_u16(wire, 0);
	wire_u32(wire, 0);
}

/* A heap copy without a spare byte behind it, so that ASan sees an over-read. NULL for none. */
static inline uint8_t *wire_exact(const uint8_t *bytes, size_t count)
{
	return g_memdup2(bytes, count);
}

#endif
