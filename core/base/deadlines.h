/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is due first: a binary heap of times embedded in the things that wait.
 * Setting, moving and clearing a deadline cost O(log n); looking costs nothing.
 */
#ifndef ST_BASE_DEADLINES_H
#define ST_BASE_DEADLINES_H

#include <servicetrace/base.h>

/* Zero-initialise; while it is set it must neither move nor be freed. */
struct deadline {
	uint64_t at_ns;
	size_t place; /* in the heap, from 1; 0: not set */
	int kind;     /* the owner's, to tell what it is embedded in */
};

struct deadlines {
	struct deadline **heap;
	size_t count;
	size_t capacity;
};

/* `wait_ns` after `from_ns`; ST_NEVER if that is farther than the clock goes: captures can lie. */
static inline uint64_t deadline_after(uint64_t from_ns, uint64_t wait_ns)
{
	return from_ns > ST_NEVER - wait_ns ? ST_NEVER : from_ns + wait_ns;
}

void deadlines_free(struct deadlines *deadlines);

/* Sets or moves a deadline; ST_NEVER clears it. */
void deadlines_set(struct deadlines *deadlines, struct deadline *deadline, uint64_t at_ns);

/* The earliest one (equal times: any of them), or NULL. */
struct deadline *deadlines_first(const struct deadlines *deadlines);

#endif
