/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A binary heap over (time, order of arrival), so that every run is the same.
 */
#include "timeline.h"

#include <glib.h>

struct entry {
	uint64_t time_ns;
	uint64_t order;
	void *what;
};

struct timeline {
	GArray *heap; /* struct entry */
	uint64_t added;
	void (*drop)(void *what);
};

static struct entry *entry(const struct timeline *timeline, guint i)
{
	return &g_array_index(timeline->heap, struct entry, i);
}

static bool earlier(const struct timeline *timeline, guint a, guint b)
{
	const struct entry *x = entry(timeline, a);
	const struct entry *y = entry(timeline, b);

	return x->time_ns != y->time_ns ? x->time_ns < y->time_ns : x->order < y->order;
}

static void swap(struct timeline *timeline, guint a, guint b)
{
	struct entry held = *entry(timeline, a);

	*entry(timeline, a) = *entry(timeline, b);
	*entry(timeline, b) = held;
}

struct timeline *timeline_new(void (*drop)(void *what))
{
	struct timeline *timeline = g_new0(struct timeline, 1);

	timeline->heap = g_array_new(FALSE, FALSE, sizeof(struct entry));
	timeline->drop = drop;
	return timeline;
}

void timeline_free(struct timeline *timeline)
{
	if (!timeline)
		return;
	for (guint i = 0; timeline->drop && i < timeline->heap->len; i++)
		timeline->drop(entry(timeline, i)->what);
	g_array_unref(timeline->heap);
	g_free(timeline);
}

void timeline_add(struct timeline *timeline, uint64_t time_ns, void *what)
{
	struct entry added = {time_ns, timeline->added++, what};
	guint i = timeline->heap->len;

	g_array_append_val(timeline->heap, added);
	for (; i > 0 && earlier(timeline, i, (i - 1) / 2); i = (i - 1) / 2)
		swap(timeline, i, (i - 1) / 2);
}

uint64_t timeline_next(const struct timeline *timeline)
{
	return timeline->heap->len ? entry(timeline, 0)->time_ns : ST_NEVER;
}

void *timeline_take(struct timeline *timeline)
{
	guint last = timeline->heap->len - 1;
	void *what = entry(timeline, 0)->what;
	guint i = 0;

	swap(timeline, 0, last);
	g_array_set_size(timeline->heap, last);
	for (;;) {
		guint child = 2 * i + 1;

		if (child + 1 < last && earlier(timeline, child + 1, child))
			child++;
		if (child >= last || !earlier(timeline, child, i))
			return what;
		swap(timeline, i, child);
		i = child;
	}
}
