/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which routers answer where: several at one distance, one at several
 * distances, and one that answers for its neighbour because that lets packets
 * go on with a TTL of zero (known from Paris traceroute).
 */
#include "path/view.h"
#include "trace/trace.h"

/* A hop whose single router answered so often does not balance packet by packet, most likely. */
#define SURE_REPLIES 2
/* Or the same router comes up so often at equal distances. */
#define LOOP_ROUNDS 3

static void examine_several(const struct path_view *view)
{
	struct path_ttls ttls = {0};
	char *hops;

	for (unsigned i = 0; i < view->count; i++) {
		if (view->hops[i].routers > 1)
			path_ttls_add(&ttls, view->hops[i].ttl);
	}
	if (ttls.count == 0)
		return;
	hops = path_hops_text(&ttls);
	trace_result_note(view->trace, "several-routers", ttls.ttls[0],
			  "several routers answer at %s: packets are spread over them, or the path "
			  "changed during the trace",
			  hops);
	g_free(hops);
}

static void examine_zero_ttl(const struct path_view *view)
{
	for (unsigned i = 0; i + 1 < view->count; i++) {
		const struct path_hop *hop = &view->hops[i], *next = &view->hops[i + 1];

		if (next->ttl == hop->ttl + 1 && hop->quoted_ttl == 0 && next->quoted_ttl != 0 &&
		    next->quoted_ttl != ST_QUOTED_TTL_UNKNOWN && path_is_same_router(hop, next))
			trace_result_note(
				view->trace, "zero-ttl-forwarding", hop->ttl,
				"this hop's router lets packets go on with a TTL of 0: the "
				"next one answers in its place, and again at its own "
				"distance");
	}
}

/* True if another router answers between the two. */
static bool is_left_between(const struct path_view *view, unsigned first, unsigned second)
{
	for (unsigned i = first + 1; i < second; i++) {
		const struct path_hop *hop = &view->hops[i];

		if (hop->routers > 0 && !path_is_same_router(&view->hops[first], hop))
			return true;
	}
	return false;
}

/* The next hop where this one's router answers again, others having answered between; 0: none. */
static unsigned next_round(const struct path_view *view, unsigned first)
{
	for (unsigned i = first + 1; i < view->count; i++) {
		if (path_is_same_router(&view->hops[first], &view->hops[i]))
			return is_left_between(view, first, i) ? i : 0;
	}
	return 0;
}

/* Distances of the router at `first`, as far as they are equally apart. */
static void collect_rounds(const struct path_view *view, unsigned first, struct path_ttls *rounds)
{
	unsigned at = first, next = next_round(view, first), apart;

	rounds->count = 0;
	if (next == 0)
		return;
	apart = view->hops[next].ttl - view->hops[first].ttl;
	path_ttls_add(rounds, view->hops[first].ttl);
	while (next && view->hops[next].ttl - view->hops[at].ttl == (int)apart) {
		path_ttls_add(rounds, view->hops[next].ttl);
		at = next;
		next = next_round(view, at);
	}
}

static bool is_sure(const struct path_view *view, unsigned first, const struct path_ttls *rounds)
{
	unsigned second = next_round(view, first);

	return rounds->count >= LOOP_ROUNDS || (view->hops[first].errors >= SURE_REPLIES &&
						view->hops[second].errors >= SURE_REPLIES);
}

/* The first router that comes again: those behind it in a circle do so with it. */
static void examine_loop(const struct path_view *view)
{
	struct path_ttls rounds;

	for (unsigned i = 0; i < view->count; i++) {
		char *ttls;

		if (view->hops[i].routers != 1)
			continue;
		collect_rounds(view, i, &rounds);
		if (rounds.count == 0 || !is_sure(view, i, &rounds))
			continue;
		ttls = path_ttls_text(&rounds);
		trace_result_note(
			view->trace, "loop", view->hops[i].ttl,
			rounds.count >= LOOP_ROUNDS
				? "the same router answers at distances %s, others between: "
				  "packets go round in a circle"
				: "the same router answers at distances %s, others between: "
				  "packets come by twice, branches of unequal length meet "
				  "there, or two routers share an address",
			ttls);
		g_free(ttls);
		return;
	}
}

void path_examine_routers(const struct path_view *view)
{
	examine_several(view);
	examine_zero_ttl(view);
	examine_loop(view);
}
