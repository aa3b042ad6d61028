/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * MPLS tunnels: those whose routers quote labels (RFC 4950), and those that
 * betray themselves by TTLs. Where the ingress copies the IP TTL into the label
 * but the routers in the tunnel quote no labels, the quoted IP TTL stands still
 * inside: it reads 1, 2, 3 ... hop by hop. Where the ingress does not copy, only
 * the tunnel's end may be seen, with what its label has left of 255 (RFC 3443).
 *
 * A tunnel that shows neither is not guessed from reply TTLs: ways back differ
 * for too many other reasons, and are told as such (ways.c).
 */
#include "path/view.h"
#include "trace/trace.h"

/* A label's TTL that began with 255 and has crossed a tunnel, whose like are this long at most. */
#define OPAQUE_TTL_MIN 200
/* Quoted TTLs above this are a router's habit, like 64; tunnels are shorter. */
#define QUOTED_TTL_MAX 20

static void note_labels(const struct path_view *view, unsigned from, unsigned end)
{
	struct path_ttls ttls = {0};
	char *hops;

	for (unsigned i = from; i < end; i++)
		if (view->hops[i].is_labelled)
			path_ttls_add(&ttls, view->hops[i].ttl);
	hops = path_hops_text(&ttls);
	trace_result_note(view->trace, "mpls", view->hops[from].ttl,
			  "%s %s MPLS labels: a tunnel that shows itself", hops,
			  ttls.count == 1 ? "quotes" : "quote");
	g_free(hops);
}

/* Runs of hops that quote labels; silent ones between them do not end a run. */
static void examine_labels(const struct path_view *view)
{
	unsigned from = 0;
	bool is_run = false;

	for (unsigned i = 0; i < view->count; i++) {
		const struct path_hop *hop = &view->hops[i];

		if (hop->is_labelled && !is_run)
			from = i;
		else if (is_run && hop->answered && !hop->is_labelled)
			note_labels(view, from, i);
		is_run = hop->is_labelled || (is_run && !hop->answered);
	}
	if (is_run)
		note_labels(view, from, view->count);
}

/* Replies to probes that are not in the capture: where they stand is not known. */
static void examine_placeless(const struct path_view *view)
{
	for (size_t i = 0; i < view->trace->hop_count; i++) {
		const struct st_hop *hop = &view->trace->hops[i];
		unsigned labelled = 0;

		for (unsigned k = 0; hop->ttl == 0 && k < hop->reply_count; k++)
			labelled += hop->replies[k].mpls_count > 0;
		if (labelled)
			trace_result_note(view->trace, "mpls", 0,
					  "%u replies quote MPLS labels, at distances that are not "
					  "known",
					  labelled);
	}
}

/* The TTL of the label on top, if all replies of the hop have the same; 0: no label, or they
 * differ. */
static uint8_t label_ttl(const struct path_hop *hop)
{
	uint8_t ttl = 0;

	for (unsigned i = 0; i < hop->hop->reply_count; i++) {
		const struct st_reply *reply = &hop->hop->replies[i];

		if (reply->mpls_count == 0 || (ttl && ttl != reply->mpls[0].ttl))
			return 0;
		ttl = reply->mpls[0].ttl;
	}
	return ttl;
}

static void examine_opaque(const struct path_view *view)
{
	for (unsigned i = 0; i < view->count; i++) {
		uint8_t ttl = label_ttl(&view->hops[i]);

		if (ttl >= OPAQUE_TTL_MIN && ttl < UINT8_MAX)
			trace_result_note(view->trace, "hidden-tunnel", view->hops[i].ttl,
					  "the label that this hop quotes has a TTL of %u left of "
					  "255: some %u routers before it are hidden in a tunnel",
					  ttl, UINT8_MAX - ttl);
	}
}

/* Labels tell more than quoted TTLs do, and a router's own habit is to quote one TTL always. */
static bool is_raised(const struct path_hop *hop)
{
	return hop->quoted_ttl > 1 && hop->quoted_ttl <= QUOTED_TTL_MAX && !hop->is_labelled &&
	       !hop->is_destination && hop->routers > 0;
}

/* Both TTLs went up by the same: between them the IP TTL stood still. */
static bool goes_on(const struct path_hop *before, const struct path_hop *hop)
{
	return is_raised(hop) && !path_is_same_router(before, hop) &&
	       hop->quoted_ttl - before->quoted_ttl == hop->ttl - before->ttl;
}

/* One that takes two off the TTL answers twice, once with a TTL of 2. */
static bool is_its_own_double(const struct path_view *view, unsigned i)
{
	return (i > 0 && path_is_same_router(&view->hops[i - 1], &view->hops[i])) ||
	       (i + 1 < view->count && path_is_same_router(&view->hops[i], &view->hops[i + 1]));
}

static uint16_t quoted_next(const struct path_view *view, unsigned i, bool behind)
{
	while (behind ? ++i < view->count : i-- > 0) {
		if (view->hops[i].answered)
			return view->hops[i].quoted_ttl;
	}
	return ST_QUOTED_TTL_UNKNOWN;
}

/* A neighbour quotes the same: routers of a kind that quote what they like. */
static bool is_habit(const struct path_view *view, unsigned i)
{
	uint16_t quoted = view->hops[i].quoted_ttl;

	return quoted_next(view, i, false) == quoted || quoted_next(view, i, true) == quoted;
}

static void note_run(const struct path_view *view, unsigned from, unsigned last)
{
	const struct path_hop *first = &view->hops[from], *end = &view->hops[last];

	if (last > from)
		trace_result_note(
			view->trace, "hidden-tunnel", first->ttl,
			"hops %u-%u quote TTLs that rise from %u to %u: they stand in a tunnel "
			"that does not show its labels",
			first->ttl, end->ttl, first->quoted_ttl, end->quoted_ttl);
	else if (!is_its_own_double(view, from) && !is_habit(view, from))
		trace_result_note(view->trace, "hidden-tunnel", first->ttl,
				  "hop %u quotes a TTL of %u, where 1 is usual: it may stand in or "
				  "behind a tunnel that does not show its labels",
				  first->ttl, first->quoted_ttl);
}

/* The index of the last hop of the run that begins here; silent hops do not end it. */
static unsigned run_end(const struct path_view *view, unsigned from)
{
	unsigned last = from;

	for (unsigned i = from + 1; i < view->count; i++) {
		if (!view->hops[i].answered)
			continue;
		if (!goes_on(&view->hops[last], &view->hops[i]))
			break;
		last = i;
	}
	return last;
}

static void examine_quoted_ttls(const struct path_view *view)
{
	for (unsigned i = 0; i < view->count; i++) {
		unsigned last;

		if (!is_raised(&view->hops[i]))
			continue;
		last = run_end(view, i);
		note_run(view, i, last);
		i = last;
	}
}

void path_examine_tunnels(const struct path_view *view)
{
	examine_placeless(view);
	examine_labels(view);
	examine_opaque(view);
	examine_quoted_ttls(view);
}
