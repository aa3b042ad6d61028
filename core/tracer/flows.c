/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flows come and go: which packets begin one, when it is over, and what that
 * means for its traces. What flows learn from packets is the flow floor's.
 */
#include "tracer/internal.h"

/* The idle-longest flow leaves; one that is being traced is spared while another can go. */
static void make_room(struct st_tracer *tracer)
{
	struct flow *flow = flow_table_oldest(&tracer->flows);

	if (flow_table_count(&tracer->flows) < tracer->config.max_known_flows)
		return;
	for (unsigned spared = 0; flow->traces && spared < tracer->config.max_flows; spared++) {
		flow_table_touch(&tracer->flows, flow);
		flow = flow_table_oldest(&tracer->flows);
	}
	if (flow->is_wanted)
		tracer->stats.flows_evicted += !flow->closed;
	else
		tracer->stats.flows_unnamed_evicted += !flow->closed;
	tracer_forget(tracer, flow);
}

/*
 * The keys of UDP probes begin anywhere, so that those of a flow that has just
 * been forgotten do not come again at once.
 */
static void scatter_keys(struct st_tracer *tracer, struct flow *flow)
{
	uint32_t start =
		(uint32_t)(hash_mix(tracer->config.seed, ++tracer->flows_made) % TRACE_KEYS);

	if (flow->protocol == ST_PROTOCOL_UDP)
		flow->ends[0].key_id = flow->ends[1].key_id = start;
}

static bool begins_flow(const struct st_packet *packet)
{
	return packet->protocol != ST_PROTOCOL_TCP || !(packet->tcp.flags & ST_TCP_RST);
}

void tracer_flow_want(struct st_tracer *tracer, struct flow *flow, bool is_wanted)
{
	if (is_wanted && !flow->id && !flow->is_session)
		tracer->stats.flows_seen++;
	flow_table_want(&tracer->flows, flow, is_wanted);
}

/* A new flow if it is wanted, or could become so when its name is known; else NULL. */
static struct flow *add_flow(struct st_tracer *tracer, const struct st_packet *packet,
			     const struct st_frame *frame)
{
	enum interest interest = config_interest(&tracer->config, packet, frame->direction);
	struct flow *flow;

	if (interest == INTEREST_NONE || !begins_flow(packet))
		return NULL;
	make_room(tracer);
	flow = flow_table_add(&tracer->flows, packet);
	flow->deadline.kind = DEADLINE_FLOW;
	scatter_keys(tracer, flow);
	tracer->stats.flows_known++;
	flow->is_selected = interest == INTEREST_SELECTED;
	tracer_flow_want(tracer, flow, flow->is_selected);
	return flow;
}

struct flow *tracer_flow_renew(struct st_tracer *tracer, struct flow *old,
			       const struct st_packet *packet, const struct st_frame *frame)
{
	struct flow before = *old, *flow;

	tracer_forget(tracer, old);
	flow = add_flow(tracer, packet, frame);
	if (flow && before.reopening.pending)
		flow_inherit_syn(flow, &before);
	return flow;
}

struct flow *tracer_flow_of(struct st_tracer *tracer, const struct st_packet *packet,
			    const struct st_tuple *tuple, const struct st_frame *frame)
{
	struct flow *flow = flow_table_find(&tracer->flows, tuple);

	if (!flow)
		return add_flow(tracer, packet, frame);
	if (flow_is_reused(flow, flow_side(flow, tuple), packet))
		return tracer_flow_renew(tracer, flow, packet, frame);
	flow_table_touch(&tracer->flows, flow);
	return flow;
}

static bool is_to_be_recorded(const struct st_tracer *tracer, const struct flow *flow)
{
	return tracer->config.report_flows && flow->is_wanted && !flow->is_recorded &&
	       !flow->is_session;
}

void tracer_flow_record(struct st_tracer *tracer, struct flow *flow)
{
	if (!is_to_be_recorded(tracer, flow))
		return;
	flow->is_recorded = true;
	event_flow_ended(tracer, flow);
}

static uint64_t timeout_of(const struct st_tracer *tracer, const struct flow *flow)
{
	return flow->closed ? CLOSED_FLOW_LINGER_NS : tracer->config.flow_timeout_ns;
}

bool tracer_flow_is_silent(const struct st_tracer *tracer, const struct flow *flow)
{
	return tracer->now - flow->last_ns >= timeout_of(tracer, flow);
}

/*
 * Silence ends UDP flows, and what is left of closed ones. A TCP connection may
 * be silent for hours and is still the same: only its probing ends.
 */
static bool ends_in_silence(const struct flow *flow)
{
	return flow->closed || flow->is_session || flow->protocol == ST_PROTOCOL_UDP;
}

bool tracer_flow_has_ended(const struct st_tracer *tracer, const struct flow *flow)
{
	return flow->last_ns && ends_in_silence(flow) && tracer_flow_is_silent(tracer, flow);
}

static bool has_open_probing(const struct flow *flow)
{
	for (const struct trace *trace = flow->traces; trace; trace = trace->next) {
		if (!trace->is_resting && !trace->is_observed)
			return true;
	}
	return false;
}

/* When the flow's silence is to be noticed, or, if it has been, to have its end. */
static uint64_t silence_due(const struct st_tracer *tracer, const struct flow *flow)
{
	if (tracer_flow_is_silent(tracer, flow))
		return ends_in_silence(flow) && !flow->traces ? tracer->now : ST_NEVER;
	if (ends_in_silence(flow) || has_open_probing(flow))
		return deadline_after(flow->last_ns, timeout_of(tracer, flow));
	return ST_NEVER;
}

/*
 * When a closed flow is to be told, though it is remembered for longer; what comes
 * after that does not count. Others are told when they are forgotten.
 */
static uint64_t record_due(const struct st_tracer *tracer, const struct flow *flow)
{
	if (!flow->closed || !is_to_be_recorded(tracer, flow))
		return ST_NEVER;
	return deadline_after(flow->last_ns, tracer->config.flow_timeout_ns);
}

static uint64_t next_due(const struct st_tracer *tracer, const struct flow *flow)
{
	uint64_t due = MIN(flow->retrace_ns, silence_due(tracer, flow));

	return MIN(due, record_due(tracer, flow));
}

/* Deadlines move later with every packet: they are only looked at when they have come. */
void tracer_flow_arm(struct st_tracer *tracer, struct flow *flow)
{
	uint64_t due = next_due(tracer, flow);

	if (!flow->deadline.place || due < flow->deadline.at_ns)
		deadlines_set(&tracer->deadlines, &flow->deadline, due);
}

/* No more probes are expected; those under way may still be answered. */
static void close_observed(struct st_tracer *tracer, struct trace *trace,
			   enum st_stop_reason reason)
{
	trace_step(trace, tracer->now); /* lets the wait for old probes run out */
	trace_flow_over(trace, reason);
	deadlines_set(&tracer->deadlines, &trace->deadline,
		      deadline_after(tracer->now, tracer->config.wait_ns));
}

static void close_traces(struct st_tracer *tracer, struct flow *flow)
{
	for (struct trace *trace = flow->traces; trace; trace = trace->next) {
		if (trace->is_resting)
			continue;
		if (trace->is_observed)
			close_observed(tracer, trace, ST_STOP_FLOW_CLOSED);
		else
			active_step(tracer, trace);
	}
}

void tracer_flow_heard(struct st_tracer *tracer, struct flow *flow)
{
	flow->last_ns = tracer->now;
	if (flow->closed && !flow->is_over) {
		flow->is_over = true;
		flow->retrace_ns = ST_NEVER;
		close_traces(tracer, flow);
	}
	if (!flow->closed && tracer->config.active)
		active_consider(tracer, flow);
	tracer_flow_arm(tracer, flow);
}

void tracer_flow_rests(struct st_tracer *tracer, struct flow *flow)
{
	if (!tracer->config.active || !tracer->config.retrace_ns || flow->closed)
		return;
	flow->retrace_ns = deadline_after(tracer->now, tracer->config.retrace_ns);
	tracer_flow_arm(tracer, flow);
}

/* A trace that awaits nothing need not rest: live, it would have been gone by now. */
static void stop_observed(struct st_tracer *tracer, struct trace *trace)
{
	close_observed(tracer, trace,
		       trace->flow->is_session ? ST_STOP_END_OF_CAPTURE : ST_STOP_FLOW_TIMEOUT);
	if (trace->awaited)
		return;
	tracer_end(tracer, trace, tracer_natural_end(trace));
	tracer_discard(tracer, trace);
}

/* Nothing more is sent; what is under way may still be answered. */
static void stop_traces(struct st_tracer *tracer, struct flow *flow)
{
	for (struct trace *trace = flow->traces, *next; trace; trace = next) {
		next = trace->next;
		if (trace->is_resting)
			continue;
		if (!trace->is_observed) {
			trace_flow_over(trace, ST_STOP_FLOW_TIMEOUT);
			active_step(tracer, trace);
		} else if (ends_in_silence(flow)) {
			stop_observed(tracer, trace);
		}
	}
}

/* A flow goes when the last of its traces, and their keys, have rested. */
void tracer_flow_due(struct st_tracer *tracer, struct flow *flow)
{
	if (tracer_flow_is_silent(tracer, flow)) {
		stop_traces(tracer, flow);
		if (ends_in_silence(flow) && !flow->traces) {
			tracer_forget(tracer, flow);
			return;
		}
	}
	if (record_due(tracer, flow) <= tracer->now)
		tracer_flow_record(tracer, flow);
	if (flow->retrace_ns <= tracer->now) {
		flow->retrace_ns = ST_NEVER;
		flow->is_traced = false;
		active_consider(tracer, flow);
	}
	deadlines_set(&tracer->deadlines, &flow->deadline, next_due(tracer, flow));
}

void tracer_forget(struct st_tracer *tracer, struct flow *flow)
{
	struct trace *trace;

	flow->closed = true; /* no further trace of it */
	while ((trace = flow->traces)) {
		if (!trace->is_resting) {
			trace_flow_over(trace, ST_STOP_FLOW_CLOSED);
			tracer_end(tracer, trace, tracer_natural_end(trace));
		}
		tracer_discard(tracer, trace);
	}
	tracer_flow_record(tracer, flow);
	if (flow->is_waiting)
		g_queue_unlink(&tracer->waiting, &flow->waiting_link);
	identity_drop(tracer, flow);
	deadlines_set(&tracer->deadlines, &flow->deadline, ST_NEVER);
	if (flow->is_session) {
		sessions_forget(tracer, flow);
		return;
	}
	flow_table_remove(&tracer->flows, flow);
	tracer->stats.flows_known--;
}
