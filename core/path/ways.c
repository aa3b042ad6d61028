/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds from some hop on to the end: ways back that are longer or shorter
 * than the way there, and high round-trip times. One router's RTT above that of
 * later ones says how busy it is with answering, nothing of the path.
 */
#include "path/view.h"
#include "trace/trace.h"

/* Smaller differences come of routers that count strangely. */
#define ASYMMETRY_MIN 3
/* One router may send with a TTL of its own taste; its neighbour does not have the same. */
#define ASYMMETRY_HOPS 2
/* One slow router before silence may be just that; two, or the destination, are the path. */
#define LATENCY_HOPS 2

/*
 * Routers that a reply passed less those that its probe passed, as seen from the
 * usual initial TTLs; of those possible the one that makes least of it.
 */
static int excess(const struct path_hop *hop)
{
	static const int initial[] = {32, 64, 128, 255};
	int least = INT16_MAX;

	for (size_t i = 0; i < G_N_ELEMENTS(initial); i++) {
		int more = initial[i] - hop->reply_ttl + 1 - hop->ttl;

		if (initial[i] >= hop->reply_ttl && ABS(more) < ABS(least))
			least = more;
	}
	return least;
}

/* One that is met again, by going round, is no farther away for that. */
static bool is_met_before(const struct path_view *view, unsigned i)
{
	for (unsigned j = 0; j < i; j++) {
		if (path_is_same_router(&view->hops[j], &view->hops[i]))
			return true;
	}
	return false;
}

/* Inside a tunnel a router's answer goes to the tunnel's end before it turns back. */
static bool has_way_back(const struct path_view *view, unsigned i)
{
	const struct path_hop *hop = &view->hops[i];

	return !is_met_before(view, i) && hop->reply_ttl != 0 && hop->routers == 1 &&
	       !hop->is_labelled &&
	       !(hop->quoted_ttl > 1 && hop->quoted_ttl != ST_QUOTED_TTL_UNKNOWN);
}

/* Hops in a row that are all off by much, and in the same sense. */
struct run {
	unsigned from, hops; /* index; how many */
	unsigned last;
	int least, most;
};

static bool extends(const struct run *run, int more)
{
	return run->hops > 0 && (run->least > 0) == (more > 0);
}

static void add_to_run(struct run *run, unsigned i, int more)
{
	if (!extends(run, more))
		*run = (struct run){.from = i, .hops = 1, .last = i, .least = more, .most = more};
	else
		run->hops++;
	run->last = i;
	run->least = ABS(more) < ABS(run->least) ? more : run->least;
	run->most = ABS(more) > ABS(run->most) ? more : run->most;
}

static void note_asymmetry(const struct path_view *view, const struct run *run)
{
	int least = ABS(run->least), most = ABS(run->most);
	char *count = least == most ? g_strdup_printf("%d", least)
				    : g_strdup_printf("%d to %d", least, most);

	trace_result_note(view->trace, "asymmetry", view->hops[run->from].ttl,
			  "by the TTL of their replies, the way back from hops %u to %u is %s hops "
			  "%s than the way there",
			  view->hops[run->from].ttl, view->hops[run->last].ttl, count,
			  run->least > 0 ? "longer" : "shorter");
	g_free(count);
}

void path_examine_way_back(const struct path_view *view)
{
	struct run run = {0};

	for (unsigned i = 0; i < view->count; i++) {
		const struct path_hop *hop = &view->hops[i];
		int more;

		if (!has_way_back(view, i))
			continue;
		more = excess(hop);
		if (ABS(more) >= ASYMMETRY_MIN) {
			add_to_run(&run, i, more);
			continue;
		}
		if (run.hops >= ASYMMETRY_HOPS)
			break;
		run.hops = 0;
	}
	if (run.hops >= ASYMMETRY_HOPS)
		note_asymmetry(view, &run);
}

/* The index from which on all that answer lie in this band or above; count: none does. */
static unsigned band_begin(const struct path_view *view, enum st_band least)
{
	unsigned begin = view->count, hops = 0;
	bool is_destination = false;

	for (unsigned i = view->count; i-- > 0;) {
		enum st_band band = st_hop_band(view->hops[i].hop);

		if (band == ST_BAND_SILENT)
			continue;
		if (band < least)
			break;
		begin = i;
		hops++;
		is_destination = is_destination || view->hops[i].is_destination;
	}
	return hops >= LATENCY_HOPS || is_destination ? begin : view->count;
}

static void note_latency(const struct path_view *view, unsigned begin, unsigned ms)
{
	trace_result_note(view->trace, "high-rtt", view->hops[begin].ttl,
			  "from here on all round-trip times are above %u ms on average", ms);
}

void path_examine_latency(const struct path_view *view)
{
	unsigned high = band_begin(view, ST_BAND_HIGH);
	unsigned very_high = band_begin(view, ST_BAND_VERY_HIGH);

	if (high < very_high)
		note_latency(view, high, (unsigned)(ST_BAND_HIGH_NS / ST_NS_PER_MS));
	if (very_high < view->count)
		note_latency(view, very_high, (unsigned)(ST_BAND_VERY_HIGH_NS / ST_NS_PER_MS));
}
