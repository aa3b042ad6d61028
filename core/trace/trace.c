/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace/trace.h"

#include "trace/candidates.h"
#include "trace/reach.h"

#include <string.h>

/* Captures of several interfaces can be so much out of order. */
#define OUT_OF_ORDER_NS (100 * ST_NS_PER_MS)
#define USUAL_WAIT_MARGIN_NS (10 * ST_NS_PER_MS)
/* An observed ladder of so many distances is no accident. */
#define LADDER_TTLS 3

static struct trace *trace_new(const struct st_config *config, struct correlator *correlator,
			       struct flow *flow, unsigned side)
{
	struct trace *trace = g_new0(struct trace, 1);

	trace->link.data = trace;
	trace->ready_link.data = trace;
	trace->config = config;
	trace->correlator = correlator;
	trace->flow = flow;
	trace->side = side;
	trace->tuple = flow_tuple(flow, side);
	trace->probes = g_ptr_array_new();
	trace->replies = g_array_new(FALSE, FALSE, sizeof(struct trace_reply));
	trace->failures = g_ptr_array_new_with_free_func(g_free);
	trace->last_ttl = UINT8_MAX;
	return trace;
}

struct trace *trace_new_active(const struct st_config *config, struct correlator *correlator,
			       struct flow *flow, uint64_t now)
{
	struct trace *trace = trace_new(config, correlator, flow, flow->local_side);

	reach_begin(trace, now);
	return trace;
}

struct trace *trace_new_observed(const struct st_config *config, struct correlator *correlator,
				 struct flow *flow, unsigned side)
{
	struct trace *trace = trace_new(config, correlator, flow, side);

	trace->is_observed = true;
	schedule_stop(&trace->schedule);
	return trace;
}

/* One that only its quote is known of, of no distance, is looked for by nobody. */
static bool is_indexed(const struct probe *probe)
{
	return probe->ttl != 0;
}

void trace_free(struct trace *trace)
{
	if (!trace)
		return;
	for (unsigned i = 0; i < trace->probes->len; i++) {
		struct probe *probe = trace->probes->pdata[i];

		if (is_indexed(probe))
			correlator_remove(trace->correlator, probe);
		if (probe->candidate)
			probe->candidate->made = NULL;
		g_free(probe);
	}
	g_ptr_array_unref(trace->probes);
	g_array_unref(trace->replies);
	g_ptr_array_unref(trace->failures);
	g_free(trace);
}

static void resolve(struct trace *trace, struct probe *probe, enum probe_state state)
{
	probe->state = state;
	trace->awaited--;
	trace->hops[probe->ttl].resolved++;
}

static struct probe *oldest_awaited(const struct trace *trace)
{
	return trace->first_awaited < trace->probes->len
		       ? trace->probes->pdata[trace->first_awaited]
		       : NULL;
}

static void pass_resolved(struct trace *trace)
{
	struct probe *probe;

	while ((probe = oldest_awaited(trace)) && probe->state != PROBE_AWAITED)
		trace->first_awaited++;
}

static void expire(struct trace *trace, uint64_t now)
{
	struct probe *probe;

	for (pass_resolved(trace); (probe = oldest_awaited(trace)); pass_resolved(trace)) {
		if (probe->now_ns + trace->config->wait_ns > now)
			return;
		resolve(trace, probe, PROBE_EXPIRED);
	}
}

/* Nobody waits any longer for probes above this distance. */
static void give_up_above(struct trace *trace, unsigned ttl)
{
	for (unsigned i = trace->first_awaited; i < trace->probes->len; i++) {
		struct probe *probe = trace->probes->pdata[i];

		if (probe->ttl > ttl && probe->state == PROBE_AWAITED)
			resolve(trace, probe, PROBE_EXPIRED);
	}
}

static bool is_hop_complete(const struct trace *trace, unsigned ttl)
{
	const struct trace_hop *hop = &trace->hops[ttl];

	return hop->made >= trace->config->probes_per_hop && hop->resolved == hop->made;
}

/* The last hop of the first `limit` silent ones in a row with nothing answered behind; 0: none. */
static unsigned find_missing_run(const struct trace *trace, unsigned limit)
{
	unsigned run = 0, end = 0;

	for (unsigned ttl = trace->config->first_ttl; ttl <= trace->config->max_ttl; ttl++) {
		if (trace->hops[ttl].answered) {
			run = 0;
			end = 0;
		} else if (!end && !is_hop_complete(trace, ttl)) {
			run = 0;
		} else if (!end && ++run == limit) {
			end = ttl;
		}
	}
	return end;
}

static unsigned max_missing(const struct trace *trace)
{
	unsigned limit = trace->config->max_missing;

	if (limit != ST_MAX_MISSING_DEFAULT)
		return limit;
	return trace->algorithm == ST_ALGORITHM_CONCURRENT ? 0 : 3;
}

static void check_missing(struct trace *trace)
{
	unsigned limit = max_missing(trace), end;

	/* The second attempt has its own rule, and begins behind silent hops. */
	if (!limit || trace->stop_reason != ST_STOP_NONE || trace->again_ttl)
		return;
	end = find_missing_run(trace, limit);
	/* That every distance was probed is the reason where both hold. */
	if (!end || end == trace->config->max_ttl)
		return;
	trace->stop_reason = ST_STOP_MISSING_HOPS;
	schedule_stop(&trace->schedule);
}

enum trace_step trace_step(struct trace *trace, uint64_t now)
{
	expire(trace, now);
	if (trace->is_observed)
		return TRACE_WAIT;
	/* Whatever else has happened to the trace: nothing follows a FIN or RST. */
	if (trace->flow->closed)
		trace_flow_over(trace, ST_STOP_FLOW_CLOSED);
	check_missing(trace);
	reach_check(trace);
	if (schedule_is_complete(&trace->schedule)) {
		if (trace->awaited)
			return TRACE_WAIT;
		if (!reach_try_again(trace, now))
			return TRACE_DONE;
		reach_check(trace);
		if (schedule_is_complete(&trace->schedule))
			return TRACE_DONE;
	}
	if (schedule_due(&trace->schedule, trace->awaited) <= now)
		return TRACE_SEND;
	return TRACE_WAIT;
}

uint64_t trace_expiry(const struct trace *trace)
{
	const struct probe *oldest = oldest_awaited(trace);

	return oldest ? deadline_after(oldest->now_ns, trace->config->wait_ns) : ST_NEVER;
}

static uint64_t last_expiry(const struct trace *trace)
{
	for (unsigned i = trace->probes->len; i > trace->first_awaited; i--) {
		const struct probe *probe = trace->probes->pdata[i - 1];

		if (probe->state == PROBE_AWAITED)
			return probe->now_ns + trace->config->wait_ns;
	}
	return ST_NEVER;
}

uint64_t trace_due(const struct trace *trace)
{
	uint64_t due = schedule_due(&trace->schedule, trace->awaited);
	uint64_t expiry = trace_expiry(trace);

	/* All is sent, and silence stops nothing: one wake-up for all that stay silent. */
	if (schedule_is_complete(&trace->schedule) && !max_missing(trace))
		return last_expiry(trace);
	return expiry < due ? expiry : due;
}

struct probe *trace_take_note(struct trace *trace, const struct probe *given)
{
	struct probe *probe = g_memdup2(given, sizeof(*given));

	probe->trace = trace;
	trace->hops[probe->ttl].made++;
	g_ptr_array_add(trace->probes, probe);
	if (is_indexed(probe))
		correlator_add(trace->correlator, probe);
	trace->awaited++;
	return probe;
}

/* Probes count from when they are known to have left, so that a capture counts alike. */
static void count_sent(struct probe *probe)
{
	if (!probe->index)
		probe->index = ++probe->trace->hops[probe->ttl].sent;
}

/* Of another's probe, that has been seen leaving. */
static struct probe *note_seen(struct trace *trace, const struct probe *given)
{
	struct probe *probe = trace_take_note(trace, given);

	probe->seen = true;
	count_sent(probe);
	if (trace->first_sent_ns == 0 || probe->stamp_ns < trace->first_sent_ns)
		trace->first_sent_ns = probe->stamp_ns;
	trace->latest_sent_ns = MAX(trace->latest_sent_ns, probe->stamp_ns);
	return probe;
}

struct probe *trace_observe_probe(struct trace *trace, const struct probe *seen, bool is_certain,
				  uint64_t id)
{
	struct probe probe = *seen;

	if (trace->probes->len >= TRACE_OBSERVED_MAX)
		return NULL;
	probe.id = id;
	trace->has_certain = trace->has_certain || is_certain;
	return note_seen(trace, &probe);
}

struct probe *trace_take_candidate(struct trace *trace, struct candidate *candidate, uint64_t id)
{
	struct probe probe = candidate->probe;

	if (trace->probes->len >= TRACE_OBSERVED_MAX)
		return NULL;
	probe.id = id;
	probe.candidate = candidate;
	candidate->is_used = true;
	candidate->made = note_seen(trace, &probe);
	return candidate->made;
}

struct probe *trace_note_unseen(struct trace *trace, const struct st_quote *quote, uint64_t now,
				uint64_t id)
{
	const struct probe probe = {
		.id = id,
		.now_ns = now,
		.tuple = quote_tuple(quote),
		.key = quote->key,
		.ip_id = quote->ip_id,
	};

	return trace->probes->len < TRACE_OBSERVED_MAX ? trace_take_note(trace, &probe) : NULL;
}

void trace_probe_seen(struct probe *probe, const struct st_packet *packet,
		      const struct st_frame *frame)
{
	if (probe->seen)
		return; /* captured twice: the first is the one nearest to the sender */
	probe->seen = true;
	probe->headers = probe_headers_of(packet);
	count_sent(probe);
	probe->stamp_ns = frame->stamp_ns;
	probe->cookie = frame->cookie;
}

void trace_probe_failed(struct trace *trace, struct probe *probe, const char *reason)
{
	if (probe->state != PROBE_AWAITED)
		return;
	resolve(trace, probe, PROBE_FAILED);
	for (unsigned i = 0; i < trace->failures->len; i++) {
		if (strcmp(trace->failures->pdata[i], reason) == 0)
			return;
	}
	g_ptr_array_add(trace->failures, g_strdup(reason));
}

static bool is_border(const struct trace *trace, const struct st_addr *addr)
{
	for (size_t i = 0; i < trace->config->border_count; i++) {
		if (st_prefix_contains(&trace->config->borders[i], addr))
			return true;
	}
	return false;
}

/* Nothing beyond `ttl` is of interest; its own train is completed. */
static void cut_at(struct trace *trace, uint8_t ttl, enum st_stop_reason reason)
{
	if (ttl >= trace->last_ttl)
		return;
	trace->last_ttl = ttl;
	if (trace->stop_reason == ST_STOP_NONE || trace->stop_reason == ST_STOP_MISSING_HOPS)
		trace->stop_reason = reason;
	if (trace->is_observed)
		return;
	schedule_cut(&trace->schedule, ttl);
	give_up_above(trace, ttl);
}

uint64_t trace_usual_wait(const struct trace *trace)
{
	if (!trace || !trace->flow->is_session || !trace->longest_rtt_ns)
		return ST_NEVER;
	return 2 * trace->longest_rtt_ns + USUAL_WAIT_MARGIN_NS;
}

bool trace_spans(const struct trace *trace, const struct probe *probe)
{
	const struct probe *last;

	if (!trace->probes->len || probe->stamp_ns < trace->first_sent_ns)
		return false;
	if (probe->stamp_ns <= trace->latest_sent_ns)
		return true;
	last = trace->probes->pdata[trace->probes->len - 1];
	return probe->ttl >= last->ttl &&
	       probe->stamp_ns <= trace->latest_sent_ns + OUT_OF_ORDER_NS;
}

unsigned trace_last_router(const struct trace *trace)
{
	unsigned last = 0;

	for (unsigned i = 0; i < trace->replies->len; i++) {
		const struct trace_reply *known =
			&g_array_index(trace->replies, struct trace_reply, i);

		if (!known->reply.destination)
			last = MAX(last, known->probe->ttl);
	}
	return last;
}

const struct trace_reply *trace_find_reply(const struct trace *trace, const struct probe *probe,
					   const struct st_addr *router)
{
	for (unsigned i = 0; i < trace->replies->len; i++) {
		const struct trace_reply *known =
			&g_array_index(trace->replies, struct trace_reply, i);

		if (known->probe == probe && st_addr_equal(&known->reply.address, router))
			return known;
	}
	return NULL;
}

static bool is_duplicate(const struct trace *trace, const struct probe *probe,
			 const struct st_reply *reply)
{
	return trace_find_reply(trace, probe, &reply->address) ||
	       trace->replies->len >= (size_t)TRACE_REPLIES_PER_PROBE * trace->probes->len;
}

static int64_t measure_rtt(const struct probe *probe, uint64_t stamp_ns)
{
	if (!probe->seen || stamp_ns < probe->stamp_ns)
		return ST_RTT_UNKNOWN;
	return (int64_t)(stamp_ns - probe->stamp_ns);
}

/* By the capture's stamps where there are, so that a replay decides alike. */
static bool is_late(const struct trace *trace, const struct probe *probe,
		    const struct st_reply *reply)
{
	if (!probe->seen)
		return probe->state == PROBE_EXPIRED;
	return reply->rtt_ns != ST_RTT_UNKNOWN && (uint64_t)reply->rtt_ns > trace->config->wait_ns;
}

enum trace_reply_kind trace_add_reply(struct trace *trace, struct probe *probe,
				      struct st_reply *reply, uint64_t cookie)
{
	struct trace_reply kept = {.probe = probe, .cookie = cookie};

	reply->rtt_ns = measure_rtt(probe, reply->stamp_ns);
	if (is_late(trace, probe, reply))
		return TRACE_REPLY_LATE;
	if (is_duplicate(trace, probe, reply))
		return TRACE_REPLY_DUPLICATE;
	count_sent(probe); /* a reply proves that it left */
	reply->probe = probe->index;
	kept.reply = *reply;
	g_array_append_val(trace->replies, kept);
	if (reply->rtt_ns != ST_RTT_UNKNOWN)
		trace->longest_rtt_ns = MAX(trace->longest_rtt_ns, (uint64_t)reply->rtt_ns);
	if (probe->state == PROBE_AWAITED)
		resolve(trace, probe, PROBE_ANSWERED);
	probe->state = PROBE_ANSWERED; /* also if it was said to have failed */
	trace->hops[probe->ttl].answered++;
	if (reply->destination)
		cut_at(trace, probe->ttl, ST_STOP_DESTINATION);
	/* Branches differ in length: what routers beyond have answered stays. */
	if (trace->flow->is_session && trace->stop_reason == ST_STOP_DESTINATION)
		trace->last_ttl = MAX(trace->last_ttl, trace_last_router(trace));
	if (is_border(trace, &reply->address))
		cut_at(trace, probe->ttl, ST_STOP_BORDER);
	if (!trace->is_observed)
		reach_space_probes(trace);
	return TRACE_REPLY_NEW;
}

void trace_flow_over(struct trace *trace, enum st_stop_reason reason)
{
	/* An observed trace's schedule is complete from the start. */
	bool is_done = !trace->awaited && schedule_is_complete(&trace->schedule);

	if (trace->stop_reason == ST_STOP_NONE && !is_done)
		trace->stop_reason = reason;
	trace->flow_is_over = true;
	schedule_stop(&trace->schedule);
}

static bool is_udp_without_checksum(const struct trace *trace, uint32_t key)
{
	return trace->tuple.protocol == ST_PROTOCOL_UDP && (key & UINT16_MAX) == 0;
}

/*
 * A session's probes that no reply can be expected for any longer, so that the cycles of
 * mtr are told apart where a router is silent; a full trace has to end somewhere.
 */
static bool all_given_up(const struct trace *trace, uint64_t now)
{
	uint64_t usual_ns = MAX(trace_usual_wait(trace), OUT_OF_ORDER_NS);
	uint64_t wait_ns = MIN(trace->config->wait_ns, usual_ns);

	for (unsigned i = trace->probes->len; i > trace->first_awaited; i--) {
		const struct probe *probe = trace->probes->pdata[i - 1];

		if (probe->state == PROBE_AWAITED)
			return probe->now_ns + wait_ns <= now;
	}
	return true;
}

bool trace_is_restart(const struct trace *trace, const struct probe *next, uint64_t now)
{
	const struct probe *last;

	if (!trace->probes->len)
		return false;
	last = trace->probes->pdata[trace->probes->len - 1];
	/* mtr goes round and round, and where a hop is silent is never done with a round. */
	if (trace->probes->len >= TRACE_OBSERVED_MAX && next->ttl <= last->ttl)
		return true;
	if (next->ttl >= last->ttl)
		return false;
	/*
	 * Some traceroutes go from far to near: only what they have probed begins anew. What
	 * was sent before others is out of order.
	 */
	if (trace->flow->is_session &&
	    (!trace->hops[next->ttl].made || next->stamp_ns < trace->latest_sent_ns))
		return false;
	if (is_udp_without_checksum(trace, last->key) &&
	    !is_udp_without_checksum(trace, next->key) && next->ttl > reach_answered(trace))
		return false;
	if (trace->flow->is_session)
		return all_given_up(trace, now);
	return !trace->awaited || last->now_ns + trace->config->wait_ns <= now;
}

/* The destination answers applications, too. */
static bool has_router(const struct trace *trace)
{
	for (unsigned i = 0; i < trace->replies->len; i++) {
		if (!g_array_index(trace->replies, struct trace_reply, i).reply.destination)
			return true;
	}
	return false;
}

bool trace_is_believable(const struct trace *trace)
{
	unsigned ttls = 0;

	if (trace->flow->is_session)
		return trace->has_ladder || has_router(trace);
	if (trace->replies->len || trace->has_certain)
		return true;
	for (unsigned ttl = 0; ttl <= UINT8_MAX; ttl++)
		ttls += trace->hops[ttl].made > 0;
	return ttls >= LADDER_TTLS;
}
