/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "held.h"

#include <glib.h>
#include <stdlib.h>

struct item {
	struct held_report report;
	uint64_t since;
};

struct held {
	struct routers *routers;
	GQueue items;
	bool is_looked_at; /* the first was not settled when there had been this many answers: */
	uint64_t answers;
};

struct held *held_new(struct routers *routers)
{
	struct held *held = g_new0(struct held, 1);

	held->routers = routers;
	return held;
}

void held_free(struct held *held)
{
	if (held == NULL)
		return;
	while (!held_is_empty(held)) {
		struct held_report report = held_take_first(held);

		st_trace_free(report.trace);
		free(report.text);
	}
	g_free(held);
}

static void ask(const struct held *held, uint64_t now, const struct st_hop *hop)
{
	for (size_t i = 0; i < hop->reply_count; i++)
		routers_ask(held->routers, now, &hop->replies[i].address);
}

static bool is_settled(const struct held *held, const struct st_trace *trace)
{
	for (size_t i = 0; i < trace->hop_count; i++) {
		const struct st_hop *hop = &trace->hops[i];

		for (size_t j = 0; j < hop->reply_count; j++) {
			if (!routers_is_settled(held->routers, &hop->replies[j].address))
				return false;
		}
	}
	return true;
}

bool held_is_named(const struct held *held, uint64_t now, const struct st_trace *trace)
{
	for (size_t i = 0; i < trace->hop_count; i++)
		ask(held, now, &trace->hops[i]);
	return is_settled(held, trace);
}

static void add(struct held *held, uint64_t now, struct held_report report)
{
	struct item *item = g_new(struct item, 1);

	*item = (struct item){.report = report, .since = now};
	g_queue_push_tail(&held->items, item);
}

void held_add_trace(struct held *held, uint64_t now, const struct st_trace *trace)
{
	add(held, now, (struct held_report){.trace = st_trace_copy(trace)});
}

void held_add_text(struct held *held, char *text)
{
	add(held, 0, (struct held_report){.text = text});
}

bool held_is_empty(const struct held *held)
{
	return held->items.length == 0;
}

bool held_is_full(const struct held *held)
{
	return held->items.length >= HELD_MAX;
}

uint64_t held_due(const struct held *held)
{
	const struct item *first = held_is_empty(held) ? NULL : held->items.head->data;

	if (first == NULL)
		return ST_NEVER;
	return MIN(MAX(first->since, routers_last_answer(held->routers)) + HELD_WAIT_NS,
		   first->since + HELD_WAIT_MAX_NS);
}

struct held_report held_take_first(struct held *held)
{
	struct item *first = g_queue_pop_head(&held->items);
	struct held_report report = first->report;

	held->is_looked_at = false;
	g_free(first);
	return report;
}

/* Looks at the trace only if that can have changed: a capture asks after each frame. */
static bool is_first_settled(struct held *held)
{
	const struct item *first = held->items.head->data;
	uint64_t answers = routers_answers(held->routers);

	if (held->is_looked_at && held->answers == answers)
		return false;
	held->answers = answers;
	held->is_looked_at = first->report.trace != NULL && !is_settled(held, first->report.trace);
	return !held->is_looked_at;
}

bool held_take(struct held *held, uint64_t now, struct held_report *report)
{
	routers_take(held->routers, now);
	if (held_is_empty(held) || (now < held_due(held) && !is_first_settled(held)))
		return false;
	*report = held_take_first(held);
	return true;
}
