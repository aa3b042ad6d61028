/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/deadlines.h"

#include <glib.h>

/* Places count from 1, so that the parent of p is p / 2 and 0 can mean "not set". */

static struct deadline *at(const struct deadlines *deadlines, size_t place)
{
	return deadlines->heap[place - 1];
}

static void put(struct deadlines *deadlines, struct deadline *deadline, size_t place)
{
	deadlines->heap[place - 1] = deadline;
	deadline->place = place;
}

static void move_up(struct deadlines *deadlines, struct deadline *deadline)
{
	size_t place = deadline->place;

	while (place > 1 && at(deadlines, place / 2)->at_ns > deadline->at_ns) {
		put(deadlines, at(deadlines, place / 2), place);
		place /= 2;
	}
	put(deadlines, deadline, place);
}

static void move_down(struct deadlines *deadlines, struct deadline *deadline)
{
	size_t place = deadline->place;

	for (;;) {
		size_t child = 2 * place;

		if (child > deadlines->count)
			break;
		if (child < deadlines->count &&
		    at(deadlines, child + 1)->at_ns < at(deadlines, child)->at_ns)
			child++;
		if (at(deadlines, child)->at_ns >= deadline->at_ns)
			break;
		put(deadlines, at(deadlines, child), place);
		place = child;
	}
	put(deadlines, deadline, place);
}

static void append(struct deadlines *deadlines, struct deadline *deadline)
{
	if (deadlines->count == deadlines->capacity) {
		deadlines->capacity = deadlines->capacity ? 2 * deadlines->capacity : 16;
		deadlines->heap = g_renew(struct deadline *, deadlines->heap, deadlines->capacity);
	}
	put(deadlines, deadline, ++deadlines->count);
}

static void clear(struct deadlines *deadlines, struct deadline *deadline)
{
	struct deadline *last = at(deadlines, deadlines->count);
	size_t place = deadline->place;

	deadlines->count--;
	deadline->place = 0;
	if (last == deadline)
		return;
	put(deadlines, last, place);
	move_up(deadlines, last);
	move_down(deadlines, last);
}

void deadlines_set(struct deadlines *deadlines, struct deadline *deadline, uint64_t at_ns)
{
	deadline->at_ns = at_ns;
	if (at_ns == ST_NEVER) {
		if (deadline->place)
			clear(deadlines, deadline);
		return;
	}
	if (!deadline->place)
		append(deadlines, deadline);
	move_up(deadlines, deadline);
	move_down(deadlines, deadline);
}

struct deadline *deadlines_first(const struct deadlines *deadlines)
{
	return deadlines->count ? deadlines->heap[0] : NULL;
}

void deadlines_free(struct deadlines *deadlines)
{
	g_free(deadlines->heap);
	*deadlines = (struct deadlines){0};
}
