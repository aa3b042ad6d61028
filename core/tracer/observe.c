/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes that somebody else has sent, recognised in the frames shown, become
 * traces like our own. A trace is announced as soon as one of its probes is
 * beyond doubt, and reported when its flow ends, another begins, or the capture
 * is over. In active mode they are only kept apart from our own.
 */
#include "tracer/internal.h"

bool observe_is_foreign(const struct st_tracer *tracer, const struct trace *trace)
{
	return trace->is_observed && tracer->config.active;
}

static void tell_probes(struct st_tracer *tracer, struct trace *trace)
{
	for (; trace->told < trace->probes->len; trace->told++) {
		const struct probe *probe = trace->probes->pdata[trace->told];

		tracer->stats.probes_sent++;
		event_probe(tracer, probe, probe->cookie);
		if (probe->has_copy)
			event_copy(tracer, probe, probe->copy_cookie, probe->cookie);
	}
}

static void tell_replies(struct st_tracer *tracer, struct trace *trace)
{
	for (; trace->told_replies < trace->replies->len; trace->told_replies++) {
		const struct trace_reply *told =
			&g_array_index(trace->replies, struct trace_reply, trace->told_replies);

		tracer->stats.replies++;
		event_reply(tracer, told->probe, told->cookie, &told->reply);
	}
}

void observe_announce(struct st_tracer *tracer, struct trace *trace)
{
	if (observe_is_foreign(tracer, trace) || !trace->flow->is_wanted ||
	    !trace_is_believable(trace))
		return;
	if (!trace->number) {
		trace->number = ++tracer->last_trace_number;
		trace->flow->stays_wanted = true;
		tracer->stats.traces_started++;
		event_trace_started(tracer, trace);
	}
	tell_probes(tracer, trace);
	tell_replies(tracer, trace);
}

struct trace *observe_open_trace(const struct flow *flow, unsigned side)
{
	for (struct trace *trace = flow->traces; trace; trace = trace->next) {
		if (trace->is_observed && !trace->is_resting && trace->side == side)
			return trace;
	}
	return NULL;
}

/* After a timeout; a FIN or RST can have been on its way to the tracer as the probe left. */
static bool is_after_silence(const struct trace *trace)
{
	return trace->flow_is_over && !trace->flow->closed;
}

/* Late replies to earlier ones are told from no others: a clock that stands still lets none go. */
#define RESTING_MAX 64

static void forget_oldest(struct st_tracer *tracer, const struct flow *flow)
{
	struct trace *oldest = NULL;
	unsigned count = 0;

	for (struct trace *trace = flow->traces; trace; trace = trace->next) {
		if (!trace->is_resting || !trace->is_observed)
			continue;
		oldest = trace;
		count++;
	}
	if (count > RESTING_MAX)
		tracer_discard(tracer, oldest);
}

struct trace *observe_trace_for(struct st_tracer *tracer, struct flow *flow, unsigned side,
				const struct probe *next)
{
	struct trace *trace = observe_open_trace(flow, side);

	if (trace) {
		trace_step(trace, tracer->now); /* lets the wait for old probes run out */
		if (!is_after_silence(trace) && !trace_is_restart(trace, next, tracer->now))
			return trace;
		tracer_end(tracer, trace, ST_STOP_END_OF_CAPTURE);
		forget_oldest(tracer, flow);
	}
	trace = trace_new_observed(&tracer->config, &tracer->correlator, flow, side);
	tracer_open(tracer, trace);
	return trace;
}

/*
 * A mirrored port or two interfaces show each packet twice. Without an
 * identification probes can be alike and yet different: then the second has to
 * come at once.
 */
static struct probe *copied(const struct st_tracer *tracer, const struct st_packet *packet)
{
	bool has_ip_id = packet->ip_version == 4 && packet->ip_id != 0;
	uint64_t within_ns = has_ip_id ? tracer->config.wait_ns : COPY_NS;
	uint64_t since = tracer->now > within_ns ? tracer->now - within_ns : 0;

	return correlator_find_copy(&tracer->correlator, packet, since);
}

void observe_copy(struct st_tracer *tracer, struct probe *original, uint64_t cookie)
{
	struct trace *trace = original->trace;

	if (tracer->config.active)
		return;
	if (trace && trace->number) {
		event_copy(tracer, original, cookie, original->cookie);
		return;
	}
	original->has_copy = true; /* told with the probe, if it becomes one */
	original->copy_cookie = cookie;
}

void observe_probe(struct st_tracer *tracer, struct flow *flow, unsigned side,
		   const struct st_packet *packet, const struct st_frame *frame, bool is_certain)
{
	struct probe probe = probe_of_packet(packet, frame, tracer->now);
	struct probe *original = copied(tracer, packet);
	struct trace *trace;

	if (original) {
		observe_copy(tracer, original, frame->cookie);
		return;
	}
	trace = observe_trace_for(tracer, flow, side, &probe);
	if (trace_observe_probe(trace, &probe, is_certain, ++tracer->last_probe_id))
		observe_announce(tracer, trace);
}
