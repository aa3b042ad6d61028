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
	bool is_looked_at; /* nothing has changed since the first was found unsettled */
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

bool held_take(struct held *held, uint64_t now, struct held_report *report)
{
	const struct item *first;

	if (routers_take(held->routers, now))
		held->is_looked_at = false;
	if (held_is_empty(held))
		return false;
	first = held->items.head->data;
	if (first->report.trace != NULL && now < held_due(held) &&
	    (held->is_looked_at || !is_settled(held, first->report.trace))) {
		held->is_looked_at = true;
		return false;
	}
	*report = held_take_first(held);
	return true;
}
