/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to happen, in the order of its time; of equal times, in the order in
 * which it was put in. Knows no clock: the caller compares timeline_next with
 * its own.
 */
#ifndef SIMNET_TIMELINE_H
#define SIMNET_TIMELINE_H

#include <servicetrace/base.h>

struct timeline;

/* `drop` frees what is still inside at the end; NULL if nothing need be freed. */
struct timeline *timeline_new(void (*drop)(void *what));
void timeline_free(struct timeline *timeline);

void timeline_add(struct timeline *timeline, uint64_t time_ns, void *what);

/* Time of the earliest entry, ST_NEVER if there is none. */
uint64_t timeline_next(const struct timeline *timeline);

/* Takes the earliest entry out; there must be one. */
void *timeline_take(struct timeline *timeline);

#endif
