/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace/reach.h"

/*
 * Stale probes do no harm at the destination, but those for distances beyond the
 * estimate are probably behind it, and come in no burst.
 */
#define STALE_BEYOND_ESTIMATE 2
#define STALE_SPACED_NS (10 * ST_NS_PER_MS)
/* Of the other kinds at most so many may reach the destination in a round trip. */
#define INTRUDING_PER_RTT 2
#define RTT_UNMEASURED_NS (200 * ST_NS_PER_MS)
/* What took longer than this to be answered was waited for by a person, not by the network. */
#define RTT_BELIEVED_MAX_NS (2 * ST_NS_PER_S)

/* Of a distance that does not answer so many probes may be its application's: one can get lost. */
#define CAREFUL_TRIES 2

unsigned reach_answered(const struct trace *trace)
{
	for (unsigned ttl = UINT8_MAX; ttl > 0; ttl--) {
		if (trace->hops[ttl].answered)
			return ttl;
	}
	return 0;
}

bool reach_found_more(const struct trace *trace)
{
	return trace->again_ttl && reach_answered(trace) >= trace->again_ttl;
}

/*
 * A flow of UDP shows its first exchange only, which may have been no round trip
 * at all; and it is farther to the destination than to any router on the way.
 */
static uint64_t round_trip_ns(const struct trace *trace)
{
	uint64_t measured = trace->flow->ends[trace->side].rtt_ns;

	if (trace->flow->protocol == ST_PROTOCOL_UDP)
		measured = CLAMP(measured, RTT_UNMEASURED_NS, RTT_BELIEVED_MAX_NS);
	return MAX(measured ? measured : RTT_UNMEASURED_NS, trace->longest_rtt_ns);
}

void reach_space_probes(struct trace *trace)
{
	struct schedule *schedule = &trace->schedule;
	unsigned estimate = flow_estimate_distance(trace->flow, trace->side);
	unsigned ceiling = kind_ceiling(trace->flow, trace->side);

	if (trace->kind == KIND_STALE) {
		schedule->slow_from_ttl = estimate ? estimate + STALE_BEYOND_ESTIMATE + 1 : 0;
		schedule->slow_ns = STALE_SPACED_NS;
		return;
	}
	schedule->slow_from_ttl = MAX(ceiling, reach_answered(trace)) + 1;
	schedule->slow_ns = round_trip_ns(trace) / INTRUDING_PER_RTT;
}

static enum st_algorithm algorithm_for(const struct trace *trace)
{
	enum st_algorithm asked = trace->config->algorithm;

	/* Without identification one at a time is the only way to tell them apart. */
	if (kind_is_alike(trace->kind, trace->flow->ip_version))
		return ST_ALGORITHM_PACKET_BY_PACKET;
	if (kind_is_intrusive(trace->kind, trace->flow) && asked == ST_ALGORITHM_CONCURRENT)
		return ST_ALGORITHM_HOP_BY_HOP;
	return asked;
}

/* Where the user names the kind, the application is known to bear it at any distance. */
static bool is_careful(const struct trace *trace)
{
	return trace->config->udp_probe == ST_UDP_PROBE_AUTO &&
	       kind_is_intrusive(trace->kind, trace->flow);
}

static void bound_by_distance(struct trace *trace)
{
	trace->estimate = flow_estimate_distance(trace->flow, trace->side);
	if (trace->is_careful)
		schedule_cut(&trace->schedule, kind_ceiling(trace->flow, trace->side));
	reach_space_probes(trace);
}

/* The path may have become shorter: what was safe to send can now reach the application. */
static void heed_distance(struct trace *trace)
{
	if (trace->estimate != flow_estimate_distance(trace->flow, trace->side))
		bound_by_distance(trace);
}

static void begin_schedule(struct trace *trace, unsigned first_ttl, uint64_t now)
{
	schedule_init(&trace->schedule, trace->config, now);
	trace->schedule.ttl = first_ttl;
	trace->schedule.algorithm = algorithm_for(trace);
	trace->begin_ttl = (uint8_t)first_ttl;
	trace->is_careful = is_careful(trace);
	bound_by_distance(trace);
}

void reach_begin(struct trace *trace, uint64_t now)
{
	trace->kind = kind_of(trace->config, trace->flow, trace->side);
	begin_schedule(trace, trace->config->first_ttl, now);
	trace->algorithm = trace->schedule.algorithm;
}

/*
 * A probe with its flow's own TTL would be taken for the application's: it
 * tells no hop, and in a capture nobody could know it for a probe.
 */
static void skip_own_ttl(struct trace *trace)
{
	const struct flow_end *end = &trace->flow->ends[trace->side];

	if (!kind_shows_at_own_ttl(trace->kind) && trace->schedule.ttl == end->usual_ttl)
		schedule_skip_train(&trace->schedule);
}

/* True if the distance that is next has had its tries, or the one before stayed silent. */
static bool is_silent(const struct trace *trace)
{
	const struct schedule *schedule = &trace->schedule;
	const struct trace_hop *before = &trace->hops[schedule->ttl - 1];
	unsigned tried = schedule->index - 1U;

	if (tried)
		return tried >= CAREFUL_TRIES && !trace->hops[schedule->ttl].answered;
	/* One that was passed over, having the flow's own TTL, is not silent. */
	return schedule->ttl != trace->begin_ttl && before->made && !before->answered;
}

/*
 * Silence can be the application itself, swallowing the probe. So of a distance
 * that has not answered yet one probe at a time is risked, and not all of them.
 */
static void stop_at_silence(struct trace *trace)
{
	struct schedule *schedule = &trace->schedule;

	if (!trace->is_careful || schedule_is_complete(schedule))
		return;
	schedule->one_by_one = !trace->hops[schedule->ttl].answered;
	if (trace->awaited || !is_silent(trace))
		return;
	/* A second attempt that finds nothing leaves the first one's end as it was. */
	if (trace->stop_reason == ST_STOP_NONE && (!trace->again_ttl || reach_found_more(trace)))
		trace->stop_reason = ST_STOP_MISSING_HOPS;
	schedule_stop(schedule);
}

/* The flow has begun to leave out checksums, so its receiver takes such datagrams: no more of ours.
 */
static void heed_receiver(struct trace *trace)
{
	if (trace->kind != KIND_SELF_DESTRUCT || kind_destructs_itself(trace->flow, trace->side))
		return;
	trace->is_careful = true;
	schedule_cut(&trace->schedule, trace->schedule.ttl - 1);
}

void reach_check(struct trace *trace)
{
	heed_receiver(trace);
	heed_distance(trace);
	skip_own_ttl(trace);
	stop_at_silence(trace);
}

enum st_stop_reason reach_end(const struct trace *trace)
{
	if (trace->again_ttl && !reach_found_more(trace))
		return trace->first_end;
	if (trace->is_careful && trace->schedule.last_ttl < trace->config->max_ttl)
		return ST_STOP_NEAR_DESTINATION;
	return ST_STOP_MAX_TTL;
}

bool reach_try_again(struct trace *trace, uint64_t now)
{
	unsigned first = MAX(reach_answered(trace) + 1, trace->config->first_ttl);
	unsigned last = MIN(kind_ceiling(trace->flow, trace->side), trace->config->max_ttl);

	if (trace->flow_is_over || trace->kind != KIND_SELF_DESTRUCT ||
	    trace->config->udp_probe != ST_UDP_PROBE_AUTO || first > last ||
	    (trace->stop_reason != ST_STOP_NONE && trace->stop_reason != ST_STOP_MISSING_HOPS))
		return false;
	trace->first_end =
		trace->stop_reason == ST_STOP_NONE ? reach_end(trace) : trace->stop_reason;
	trace->again_ttl = (uint8_t)first;
	trace->stop_reason = ST_STOP_NONE;
	trace->kind = KIND_CHECKSUM;
	begin_schedule(trace, first, now);
	schedule_cut(&trace->schedule, last);
	return true;
}
