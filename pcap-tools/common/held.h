/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports that wait for the names of their routers. They come out in the order
 * in which they went in, each as soon as its names are settled, or when it has
 * waited long enough. Times are those of CLOCK_MONOTONIC.
 */
#ifndef ST_TOOLS_HELD_H
#define ST_TOOLS_HELD_H

#include <stdbool.h>

#include <servicetrace/trace.h>

#include "routers.h"

/*
 * Whoever has no answer by then has it late, or never; and a resolver that is not
 * there at all delays a report by no more.
 */
#define HELD_WAIT_NS (2 * ST_NS_PER_S)
/* While answers come there is more to hope for, but not without end. */
#define HELD_WAIT_MAX_NS (10 * ST_NS_PER_S)
/* Copies of traces of 30 hops take some 20 KB each. */
#define HELD_MAX 1024

struct held;

/* What comes out: one of the two, the taker's. */
struct held_report {
	struct st_trace *trace;
	char *text; /* freed with free() */
};

/* `routers` is borrowed. */
struct held *held_new(struct routers *routers);

/* NULL is allowed. */
void held_free(struct held *held);

/* True if the names of all routers of the trace are settled. Asks for those that nobody has. */
bool held_is_named(const struct held *held, uint64_t now, const struct st_trace *trace);

/* Keeps a copy of the trace. */
void held_add_trace(struct held *held, uint64_t now, const struct st_trace *trace);

/* Takes a text that needs no names, but must not overtake the traces before it. */
void held_add_text(struct held *held, char *text);

bool held_is_empty(const struct held *held);

/* True: before anything else is added, the first must come out, whatever its names. */
bool held_is_full(const struct held *held);

/* Takes out the first if it need not, or must not, wait. */
bool held_take(struct held *held, uint64_t now, struct held_report *report);

/* Takes out the first in any case; it must not be empty. */
struct held_report held_take_first(struct held *held);

/* Until when the first waits at the latest; ST_NEVER: nothing waits. */
uint64_t held_due(const struct held *held);

#endif
