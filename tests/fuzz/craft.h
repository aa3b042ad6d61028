/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IP packets between ends of the harness's choice, so that the fuzzer need not
 * find headers that agree with their contents. ClientHellos and QUIC's frames too.
 */
#ifndef ST_TESTS_FUZZ_CRAFT_H
#define ST_TESTS_FUZZ_CRAFT_H

#include "wire.h"

/* Addresses are NET.0.0.LAST, or ::LAST. */
struct craft_ends {
	bool is_v6;
	uint8_t net;
	uint8_t source, destination; /* the last byte */
	uint16_t source_port, destination_port;
};

/* Where among its fragments a packet's piece lies; zeros: it is whole. */
struct craft_piece {
	uint8_t id;
	uint16_t offset; /* a multiple of 8 */
	bool more;
};

static inline void craft_addr(struct wire *wire, const struct craft_ends *ends, uint8_t last)
{
	if (!ends->is_v6)
		wire_u8(wire, ends->net);
	wire_fill(wire, 0, ends->is_v6 ? 15 : 2);
	wire_u8(wire, last);
}

static inline void craft_ip4(struct wire *wire, const struct craft_ends *ends, unsigned protocol,
			     size_t payload, const struct craft_piece *piece)
{
	wire_u16(wire, 0x4500);
	wire_u16(wire, (unsigned)(20 + payload));
	wire_u16(wire, piece->id);
	wire_u16(wire, (piece->more ? 0x2000u : 0) | piece->offset / 8u);
	wire_u16(wire, 0x4000u | protocol);
	wire_u16(wire, 0);
	craft_addr(wire, ends, ends->source);
	craft_addr(wire, ends, ends->destination);
}

static inline void craft_ip6(struct wire *wire, const struct craft_ends *ends, unsigned protocol,
			     size_t payload, const struct craft_piece *piece)
{
	bool is_piece = piece->more || piece->offset > 0;

	wire_u32(wire, 0x60000000);
	wire_u16(wire, (unsigned)(payload + (is_piece ? 8 : 0)));
	wire_u8(wire, is_piece ? 44 : protocol);
	wire_u8(wire, 64);
	craft_addr(wire, ends, ends->source);
	craft_addr(wire, ends, ends->destination);
	if (!is_piece)
		return;
	wire_u8(wire, protocol);
	wire_u8(wire, 0);
	wire_u16(wire, piece->offset | piece->more);
	wire_u32(wire, piece->id);
}

static inline void craft_ip(struct wire *wire, const struct craft_ends *ends, unsigned protocol,
			    size_t payload, const struct craft_piece *piece)
{
	static const struct craft_piece whole;

	if (ends->is_v6)
		craft_ip6(wire, ends, protocol, payload, piece ? piece : &whole);
	else
		craft_ip4(wire, ends, protocol, payload, piece ? piece : &whole);
}

/* With the headers before it; the payload follows. */
static inline void craft_udp(struct wire *wire, const struct craft_ends *ends, size_t payload)
{
	craft_ip(wire, ends, ST_PROTOCOL_UDP, 8 + payload, NULL);
	wire_u16(wire, ends->source_port);
	wire_u16(wire, ends->destination_port);
	wire_u16(wire, (unsigned)(8 + payload));
	wire_u16(wire, 1);
}

static inline void craft_tcp(struct wire *wire, const struct craft_ends *ends, uint32_t seq,
			     uint32_t ack, uint8_t flags, size_t payload)
{
	craft_ip(wire, ends, ST_PROTOCOL_TCP, 20 + payload, NULL);
	wire_u16(wire, ends->source_port);
	wire_u16(wire, ends->destination_port);
	wire_u32(wire, seq);
	wire_u32(wire, ack);
	wire_u8(wire, 0x50);
	wire_u8(wire, flags);
	wire_u32(wire, 0x10000000);
	wire_u16(wire, 0);
}

#endif
