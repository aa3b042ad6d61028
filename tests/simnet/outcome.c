/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Deep copies of traces and their comparison, field by field. */
#include "outcome.h"

#include "rules.h"

#include <servicetrace/report.h>
#include <stdlib.h>
#include <string.h>

static void *copy(const void *from, size_t count, size_t bytes)
{
	return count ? g_memdup2(from, count * bytes) : NULL;
}

struct outcome *outcome_new(const struct st_trace *trace)
{
	struct outcome *outcome = g_new0(struct outcome, 1);
	struct st_hop *hops = copy(trace->hops, trace->hop_count, sizeof(*hops));
	struct st_note *notes = copy(trace->notes, trace->note_count, sizeof(*notes));

	for (size_t i = 0; i < trace->hop_count; i++)
		hops[i].replies =
			copy(hops[i].replies, hops[i].reply_count, sizeof(struct st_reply));
	for (size_t i = 0; i < trace->note_count; i++) {
		notes[i].kind = g_strdup(notes[i].kind);
		notes[i].detail = g_strdup(notes[i].detail);
	}
	outcome->trace = *trace;
	outcome->trace.hops = hops;
	outcome->trace.notes = notes;
	outcome->json = st_report_json(trace, "simnet");
	return outcome;
}

void outcome_free(struct outcome *outcome)
{
	const struct st_trace *trace = &outcome->trace;

	for (size_t i = 0; i < trace->hop_count; i++)
		g_free((void *)trace->hops[i].replies);
	for (size_t i = 0; i < trace->note_count; i++) {
		g_free((void *)trace->notes[i].kind);
		g_free((void *)trace->notes[i].detail);
	}
	g_free((void *)trace->hops);
	g_free((void *)trace->notes);
	free(outcome->json);
	g_free(outcome);
}

static bool same_labels(const struct st_reply *a, const struct st_reply *b)
{
	if (a->mpls_count != b->mpls_count)
		return false;
	for (size_t i = 0; i < a->mpls_count; i++)
		if (a->mpls[i].label != b->mpls[i].label || a->mpls[i].tc != b->mpls[i].tc ||
		    a->mpls[i].bottom != b->mpls[i].bottom || a->mpls[i].ttl != b->mpls[i].ttl)
			return false;
	return true;
}

static bool same_reply(const struct st_reply *a, const struct st_reply *b)
{
	return st_addr_equal(&a->address, &b->address) && a->stamp_ns == b->stamp_ns &&
	       a->rtt_ns == b->rtt_ns && a->probe == b->probe && a->icmp_type == b->icmp_type &&
	       a->icmp_code == b->icmp_code && a->reply_ttl == b->reply_ttl &&
	       a->quoted_ttl == b->quoted_ttl && a->destination == b->destination &&
	       a->matched_by == b->matched_by && same_labels(a, b);
}

static bool has_reply(const struct st_hop *hop, const struct st_reply *reply)
{
	for (size_t i = 0; i < hop->reply_count; i++)
		if (same_reply(&hop->replies[i], reply))
			return true;
	return false;
}

static bool counts_fit(uint32_t live, uint32_t replayed, unsigned allowed)
{
	return live == replayed || allowed & ALLOW_ALIKE ||
	       (allowed & ALLOW_LATER && live < replayed);
}

static void compare_hops(const char *flow, const struct st_hop *live, const struct st_hop *replayed,
			 unsigned allowed, GPtrArray *findings)
{
	if (live->ttl != replayed->ttl || live->sent != replayed->sent ||
	    !counts_fit(live->reply_count, replayed->reply_count, allowed)) {
		finding(findings,
			"replay of %s: TTL %u has %u probes, %u replies; live: TTL %u, %u, %u",
			flow, replayed->ttl, replayed->sent, replayed->reply_count, live->ttl,
			live->sent, live->reply_count);
		return;
	}
	for (size_t i = 0; i < live->reply_count; i++)
		if (!(allowed & ALLOW_ALIKE) && !has_reply(replayed, &live->replies[i]))
			finding(findings, "replay of %s: TTL %u, reply %zu differs", flow,
				live->ttl, i + 1);
}

static void compare_traces(const struct st_trace *live, const struct st_trace *replayed,
			   unsigned allowed, GPtrArray *findings)
{
	char *flow = g_strdup_printf("flow with ports %u > %u", live->tuple.source_port,
				     live->tuple.destination_port);

	if (live->hop_count != replayed->hop_count || live->probes_sent != replayed->probes_sent ||
	    !counts_fit(live->replies_received, replayed->replies_received, allowed))
		finding(findings,
			"replay of %s: %zu hops, %u probes, %u replies; live: %zu, %u, %u", flow,
			replayed->hop_count, replayed->probes_sent, replayed->replies_received,
			live->hop_count, live->probes_sent, live->replies_received);
	if (live->start_ns != replayed->start_ns ||
	    (live->end_ns != replayed->end_ns && !(allowed & (ALLOW_LATER | ALLOW_ALIKE))))
		finding(findings, "replay of %s: starts or ends at another time", flow);
	for (size_t i = 0; i < MIN(live->hop_count, replayed->hop_count); i++)
		compare_hops(flow, &live->hops[i], &replayed->hops[i], allowed, findings);
	g_free(flow);
}

/* By flow, and the traces of one flow by their start. */
static gint by_flow(gconstpointer a, gconstpointer b)
{
	const struct st_trace *x = &(*(struct outcome *const *)a)->trace;
	const struct st_trace *y = &(*(struct outcome *const *)b)->trace;
	int order = memcmp(&x->tuple, &y->tuple, offsetof(struct st_tuple, protocol) + 1);

	if (order == 0)
		order = x->start_ns < y->start_ns ? -1 : x->start_ns > y->start_ns;
	return order;
}

static GPtrArray *probed(const GPtrArray *outcomes, bool answered_only)
{
	GPtrArray *sorted = g_ptr_array_new();

	for (size_t i = 0; i < outcomes->len; i++) {
		const struct st_trace *trace = &((struct outcome *)outcomes->pdata[i])->trace;

		if (answered_only ? trace->replies_received > 0 : trace->probes_sent > 0)
			g_ptr_array_add(sorted, outcomes->pdata[i]);
	}
	g_ptr_array_sort(sorted, by_flow);
	return sorted;
}

static void compare_one_by_one(const GPtrArray *a, const GPtrArray *b, unsigned allowed,
			       GPtrArray *findings)
{
	if (a->len != b->len)
		finding(findings, "replay: %u traces, live there were %u", b->len, a->len);
	for (size_t i = 0; i < MIN(a->len, b->len); i++) {
		const struct outcome *x = a->pdata[i], *y = b->pdata[i];

		if (!st_tuple_equal(&x->trace.tuple, &y->trace.tuple))
			finding(findings, "replay: trace %zu is of another flow", i + 1);
		else
			compare_traces(&x->trace, &y->trace, allowed, findings);
	}
}

/* All traces of a flow taken together. */
struct sum {
	const struct st_tuple *tuple;
	uint32_t sent[256], replies[256]; /* by TTL */
};

/* Adds up the traces of the flow that begins at *at, and moves *at behind them. */
static struct sum sum_up(const GPtrArray *sorted, size_t *at)
{
	struct sum sum = {.tuple = &((struct outcome *)sorted->pdata[*at])->trace.tuple};

	for (; *at < sorted->len; ++*at) {
		const struct st_trace *trace = &((struct outcome *)sorted->pdata[*at])->trace;

		if (!st_tuple_equal(&trace->tuple, sum.tuple))
			break;
		for (size_t i = 0; i < trace->hop_count; i++) {
			sum.sent[trace->hops[i].ttl] += trace->hops[i].sent;
			sum.replies[trace->hops[i].ttl] += trace->hops[i].reply_count;
		}
	}
	return sum;
}

static void compare_sums(const struct sum *live, const struct sum *replayed, unsigned allowed,
			 GPtrArray *findings)
{
	for (size_t ttl = 0; ttl < 256; ttl++)
		if (live->sent[ttl] != replayed->sent[ttl] ||
		    !counts_fit(live->replies[ttl], replayed->replies[ttl], allowed))
			finding(findings,
				"replay of ports %u > %u: TTL %zu has %u probes, %u replies; "
				"live there were %u, %u",
				live->tuple->source_port, live->tuple->destination_port, ttl,
				replayed->sent[ttl], replayed->replies[ttl], live->sent[ttl],
				live->replies[ttl]);
}

static void compare_by_flow(const GPtrArray *a, const GPtrArray *b, unsigned allowed,
			    GPtrArray *findings)
{
	size_t i = 0, j = 0;

	while (i < a->len && j < b->len) {
		struct sum live = sum_up(a, &i), replayed = sum_up(b, &j);

		if (st_tuple_equal(live.tuple, replayed.tuple))
			compare_sums(&live, &replayed, allowed, findings);
		else
			finding(findings, "replay: another flow's traces");
	}
	if (i < a->len || j < b->len)
		finding(findings, "replay: traces of more or fewer flows than live");
}

void outcomes_compare(const GPtrArray *live, const GPtrArray *replayed, unsigned allowed,
		      GPtrArray *findings)
{
	bool answered_only = allowed & ALLOW_UNANSWERED;
	GPtrArray *a = probed(live, answered_only), *b = probed(replayed, answered_only);

	if (allowed & ALLOW_MERGED)
		compare_by_flow(a, b, allowed, findings);
	else
		compare_one_by_one(a, b, allowed, findings);
	g_ptr_array_unref(a);
	g_ptr_array_unref(b);
}
