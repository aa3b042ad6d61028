/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes that come in pieces, in any order and more than once: a TCP stream's
 * beginning, a QUIC handshake's CRYPTO frames, an IP packet's fragments. What
 * came first stays. Bounded; allocates with the first piece.
 */
#ifndef ST_SERVICE_ASSEMBLY_H
#define ST_SERVICE_ASSEMBLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Gaps between pieces, at most; each costs a comparison per piece. */
#define ASSEMBLY_RANGES_MAX 32

struct assembly_range {
	uint32_t begin, end;
};

/* Zero-initialised it is empty. */
struct assembly {
	uint8_t *bytes;	   /* only what lies in a range is set */
	uint32_t capacity; /* allocated */
	unsigned range_count;
	struct assembly_range ranges[ASSEMBLY_RANGES_MAX]; /* apart, in order */
};

/*
 * Takes `count` bytes at `offset`. False: they end beyond `max`, or there are too
 * many gaps; nothing of them is taken then.
 */
bool assembly_add(struct assembly *assembly, uint32_t offset, const uint8_t *bytes, uint32_t count,
		  uint32_t max);

/* How many bytes there are from offset 0 on without a gap. */
uint32_t assembly_prefix(const struct assembly *assembly);

/* Forgets the first `count` bytes, gaps included; what follows moves to offset 0. */
void assembly_consume(struct assembly *assembly, uint32_t count);

/* Frees the bytes; empty again. */
void assembly_clear(struct assembly *assembly);

#endif
