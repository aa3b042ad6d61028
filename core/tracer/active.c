/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Active mode: which flows get a trace and when, and the probes that are handed
 * out, oldest claim first, never faster than the rate allows.
 */
#include "packet/link_header.h"
#include "trace/reach.h"
#include "tracer/internal.h"

static void refuse(struct st_tracer *tracer, struct flow *flow, const char *reason)
{
	if (flow->is_refused)
		return;
	flow->is_refused = true;
	tracer->stats.flows_refused++;
	event_refused(tracer, flow, reason);
}

static bool may_begin(const struct st_tracer *tracer)
{
	const struct st_config *config = &tracer->config;

	return !tracer->is_finished &&
	       (!config->max_traces || tracer->stats.traces_started < config->max_traces);
}

static void begin(struct st_tracer *tracer, struct flow *flow)
{
	struct trace *trace =
		trace_new_active(&tracer->config, &tracer->correlator, flow, tracer->now);

	trace->number = ++tracer->last_trace_number;
	trace->socket_unknown = flow->asked == SOCKET_TOLD && flow->socket == ST_SOCKET_UNKNOWN;
	flow->is_traced = true;
	flow->stays_wanted = true;
	flow->asked = SOCKET_NOT_ASKED;
	tracer->stats.traces_started++;
	tracer_open(tracer, trace);
	tracer_flow_arm(tracer, flow);
	event_trace_started(tracer, trace);
	active_step(tracer, trace);
}

static void wait_for_slot(struct st_tracer *tracer, struct flow *flow)
{
	if (flow->asked == SOCKET_TOLD)
		flow->asked = SOCKET_NOT_ASKED; /* the answer would be old by then */
	if (flow->is_waiting)
		return;
	flow->is_waiting = true;
	g_queue_push_tail_link(&tracer->waiting, &flow->waiting_link);
}

static const char *refusal(const struct st_tracer *tracer, const struct flow *flow)
{
	enum probe_kind kind = kind_of(&tracer->config, flow, flow->local_side);

	if (flow->asked == SOCKET_TOLD && flow->socket == ST_SOCKET_WANTS_ERRORS)
		return "its socket has IP_RECVERR set: probes would make its application's calls "
		       "fail";
	return kind_refusal(&tracer->config, kind, flow, flow->local_side);
}

/* True if the driver has to be asked first; then its answer leads back here. */
static bool must_ask(struct st_tracer *tracer, struct flow *flow)
{
	if (flow->asked == SOCKET_TOLD ||
	    !kind_shows_at_socket(kind_of(&tracer->config, flow, flow->local_side)))
		return false;
	if (flow->asked == SOCKET_NOT_ASKED)
		event_socket_asked(tracer, flow);
	flow->asked = SOCKET_ASKED;
	return true;
}

static bool is_candidate(const struct st_tracer *tracer, const struct flow *flow)
{
	return flow->is_wanted && !flow->is_traced && flow->local_side != FLOW_SIDE_UNKNOWN &&
	       flow_is_traceable(flow, flow->local_side) && !tracer_flow_is_silent(tracer, flow);
}

void active_consider(struct st_tracer *tracer, struct flow *flow)
{
	const char *reason;

	if (!is_candidate(tracer, flow))
		return;
	reason = refusal(tracer, flow);
	if (reason)
		refuse(tracer, flow, reason);
	else if (tracer->stats.traces_open >= tracer->config.max_flows)
		wait_for_slot(tracer, flow);
	else if (may_begin(tracer) && !must_ask(tracer, flow))
		begin(tracer, flow);
}

void st_tracer_tell_socket(struct st_tracer *tracer, uint64_t now, const struct st_tuple *tuple,
			   enum st_socket socket)
{
	struct flow *flow;

	st_tracer_wake(tracer, now);
	flow = flow_table_find(&tracer->flows, tuple);
	if (!flow || flow->asked != SOCKET_ASKED)
		return;
	flow->asked = SOCKET_TOLD;
	flow->socket = (uint8_t)socket;
	active_consider(tracer, flow);
	active_next_waiting(tracer);
}

/* Flows whose socket is asked for have no slot yet: no more of them than there are slots. */
void active_next_waiting(struct st_tracer *tracer)
{
	uint64_t open = tracer->stats.traces_open;
	uint64_t slots = tracer->config.max_flows > open ? tracer->config.max_flows - open : 0;

	for (; tracer->waiting.head && slots > 0; slots--) {
		struct flow *flow = tracer->waiting.head->data;

		g_queue_unlink(&tracer->waiting, &flow->waiting_link);
		flow->is_waiting = false;
		active_consider(tracer, flow);
	}
}

void active_not_ready(struct st_tracer *tracer, struct trace *trace)
{
	if (!trace->is_ready)
		return;
	trace->is_ready = false;
	g_queue_unlink(&tracer->ready, &trace->ready_link);
}

static void be_ready(struct st_tracer *tracer, struct trace *trace)
{
	if (trace->is_ready)
		return;
	trace->is_ready = true;
	g_queue_push_tail_link(&tracer->ready, &trace->ready_link);
}

void active_step(struct st_tracer *tracer, struct trace *trace)
{
	switch (trace_step(trace, tracer->now)) {
	case TRACE_SEND:
		be_ready(tracer, trace);
		deadlines_set(&tracer->deadlines, &trace->deadline, trace_expiry(trace));
		break;
	case TRACE_WAIT:
		active_not_ready(tracer, trace);
		deadlines_set(&tracer->deadlines, &trace->deadline, trace_due(trace));
		break;
	case TRACE_DONE:
		tracer_end(tracer, trace, reach_end(trace));
		break;
	}
}

/* Zero is left out: some systems take it for "none". One that is under way is passed over. */
static uint16_t next_ip_id(struct st_tracer *tracer, const struct trace *trace)
{
	for (unsigned tried = 0; tried <= TRACE_IN_FLIGHT_MAX; tried++) {
		if (++tracer->last_ip_id == 0)
			tracer->last_ip_id = 1;
		if (trace_is_ip_id_free(trace, tracer->last_ip_id, tracer->now))
			break;
	}
	return tracer->last_ip_id;
}

static void describe(const struct trace *trace, const struct probe *probe, size_t bytes,
		     struct st_probe *out)
{
	const struct flow_template *latest = &trace->flow->ends[trace->side].latest;

	*out = (struct st_probe){
		.id = probe->id,
		.flow_id = trace->flow->id,
		.trace = trace->number,
		.interface = latest->interface,
		.link_type = latest->link_type,
		.frame_bytes = bytes,
		.ip_version = trace->flow->ip_version,
		.ttl = probe->ttl,
		.index = trace->hops[probe->ttl].made,
	};
}

/* Rounded up, so that no second has one more. */
static uint64_t rate_interval_ns(const struct st_config *config)
{
	return (ST_NS_PER_S + config->rate_pps - 1) / config->rate_pps;
}

static bool hand_out(struct st_tracer *tracer, struct trace *trace, uint8_t *buffer, size_t size,
		     struct st_probe *out)
{
	const struct flow_template *latest = &trace->flow->ends[trace->side].latest;
	struct probe_fields fields;
	struct probe *probe = trace_make_probe(trace, tracer->now, tracer->last_probe_id + 1,
					       next_ip_id(tracer, trace), &fields);
	size_t bytes = 0;

	if (!probe)
		return false;
	tracer->last_probe_id++;
	tracer->stats.probes_handed_out++;
	tracer->rate_next_ns = tracer->now + rate_interval_ns(&tracer->config);
	build_probe(&fields, latest->link_header, latest->link_header_bytes, buffer, size, &bytes);
	link_header_finish(latest->link_type, buffer, latest->link_header_bytes,
			   bytes - latest->link_header_bytes, latest->ttl, probe->ttl);
	describe(trace, probe, bytes, out);
	return true;
}

enum st_status st_tracer_poll_probe(struct st_tracer *tracer, uint64_t now, uint8_t *buffer,
				    size_t size, struct st_probe *probe)
{
	bool is_made = false;

	if (size < ST_PROBE_FRAME_MAX)
		return ST_NO_SPACE;
	st_tracer_wake(tracer, now);
	while (!is_made && tracer->ready.head && tracer->rate_next_ns <= tracer->now) {
		struct trace *trace = tracer->ready.head->data;

		active_not_ready(tracer, trace);
		if (trace_step(trace, tracer->now) == TRACE_SEND)
			is_made = hand_out(tracer, trace, buffer, size, probe);
		active_step(tracer, trace);
	}
	active_next_waiting(tracer);
	return is_made ? ST_OK : ST_NONE;
}

static struct probe *find_awaited(const struct st_tracer *tracer, uint64_t id)
{
	for (GList *link = tracer->traces.tail; link; link = link->prev) {
		const struct trace *trace = link->data;

		for (unsigned i = trace->probes->len; i > 0; i--) {
			struct probe *probe = trace->probes->pdata[i - 1];

			if (probe->id == id)
				return probe;
		}
	}
	return NULL;
}

void st_tracer_probe_failed(struct st_tracer *tracer, uint64_t id, const char *reason)
{
	struct probe *probe = find_awaited(tracer, id);

	if (!probe)
		return;
	tracer->stats.probes_failed++;
	trace_probe_failed(probe->trace, probe, reason);
	if (!probe->trace->is_resting)
		active_step(tracer, probe->trace);
	active_next_waiting(tracer);
}
