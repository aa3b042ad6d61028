/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queue of events: what happened, in order, until the driver asks. */
#include "tracer/internal.h"

void event_free(struct event *event)
{
	if (!event)
		return;
	st_trace_free(event->result);
	g_free((char *)event->identity.host);
	g_free((char *)event->identity.alpn);
	g_free(event->flow);
	g_free(event);
}

static struct event *add(struct st_tracer *tracer, enum st_event_type type, uint64_t flow_id,
			 uint64_t trace)
{
	struct event *event = g_new0(struct event, 1);

	event->public.type = type;
	event->public.flow_id = flow_id;
	event->public.trace = trace;
	g_queue_push_tail(&tracer->events, event);
	return event;
}

static bool is_full(struct st_tracer *tracer)
{
	if (tracer->events.length < EVENTS_MAX)
		return false;
	tracer->stats.events_dropped++;
	return true;
}

static void set_tuple(struct event *event, struct st_tuple tuple)
{
	event->tuple = tuple;
	event->public.tuple = &event->tuple;
}

void event_trace_started(struct st_tracer *tracer, const struct trace *trace)
{
	struct event *event;

	if (is_full(tracer))
		return;
	event = add(tracer, ST_EVENT_TRACE_STARTED, trace->flow->id, trace->number);
	set_tuple(event, trace->tuple);
}

void event_result(struct st_tracer *tracer, enum st_event_type type, struct st_trace *result)
{
	struct event *event = add(tracer, type, result->flow_id, result->number);

	event->result = result;
	event->public.result = result;
	event->public.tuple = &result->tuple;
}

static void describe_probe(struct event *event, const struct probe *probe, uint64_t cookie)
{
	event->public.cookie = cookie;
	event->public.ttl = probe->ttl;
	event->public.index = probe->index;
	set_tuple(event, probe->tuple);
}

void event_probe(struct st_tracer *tracer, const struct probe *probe, uint64_t cookie)
{
	struct event *event;

	if (is_full(tracer))
		return;
	event = add(tracer, ST_EVENT_PROBE, probe->trace->flow->id, probe->trace->number);
	describe_probe(event, probe, cookie);
}

void event_reply(struct st_tracer *tracer, const struct probe *probe, uint64_t cookie,
		 const struct st_reply *reply)
{
	struct event *event;

	if (is_full(tracer))
		return;
	event = add(tracer, ST_EVENT_REPLY, probe->trace->flow->id, probe->trace->number);
	describe_probe(event, probe, cookie);
	event->public.probe_cookie = probe->cookie;
	event->reply = *reply;
	event->public.reply = &event->reply;
}

void event_copy(struct st_tracer *tracer, const struct probe *probe, uint64_t cookie,
		uint64_t original_cookie)
{
	struct event *event;

	if (is_full(tracer))
		return;
	event = add(tracer, ST_EVENT_COPY, probe->trace->flow->id, probe->trace->number);
	describe_probe(event, probe, cookie);
	event->public.original_cookie = original_cookie;
}

void event_refused(struct st_tracer *tracer, const struct flow *flow, const char *reason)
{
	struct event *event;

	if (is_full(tracer))
		return;
	event = add(tracer, ST_EVENT_FLOW_REFUSED, flow->id, 0);
	set_tuple(event, flow_tuple(flow, flow->local_side == 1 ? 1 : 0));
	event->public.reason = reason;
}

/* What lives no longer than the flow is copied. */
static void set_identity(struct event *event, const struct flow *flow)
{
	event->identity = flow->identity.is;
	event->identity.host = g_strdup(flow->identity.is.host);
	event->identity.alpn = g_strdup(flow->identity.is.alpn);
	event->public.identity = &event->identity;
}

/* From this host where frames told so, else from the client. */
static unsigned source_side(const struct flow *flow)
{
	unsigned side = flow->local_side;

	if (side == FLOW_SIDE_UNKNOWN)
		side = flow_client(flow);
	return side == FLOW_SIDE_UNKNOWN ? 0 : side;
}

void event_flow_named(struct st_tracer *tracer, const struct flow *flow)
{
	struct event *event;

	if (is_full(tracer))
		return;
	event = add(tracer, ST_EVENT_FLOW_NAMED, flow->id, 0);
	set_tuple(event, flow_tuple(flow, source_side(flow)));
	set_identity(event, flow);
}

/* Never dropped: it is a report. */
void event_flow_ended(struct st_tracer *tracer, const struct flow *flow)
{
	struct event *event = add(tracer, ST_EVENT_FLOW_ENDED, flow->id, 0);
	unsigned side = source_side(flow);
	const struct flow_end *source = &flow->ends[side], *destination = &flow->ends[!side];

	set_tuple(event, flow_tuple(flow, side));
	set_identity(event, flow);
	event->flow = g_new(struct st_flow, 1);
	*event->flow = (struct st_flow){
		.id = flow->id,
		.tuple = event->tuple,
		.identity = event->identity,
		.start_ns = flow->first_stamp_ns,
		.end_ns = flow->last_stamp_ns,
		.sent_packets = source->packets,
		.sent_bytes = source->bytes,
		.received_packets = destination->packets,
		.received_bytes = destination->bytes,
	};
	event->public.flow = event->flow;
}

/* Never dropped: an answer is waited for. */
void event_socket_asked(struct st_tracer *tracer, const struct flow *flow)
{
	struct event *event = add(tracer, ST_EVENT_SOCKET_ASKED, flow->id, 0);

	set_tuple(event, flow_tuple(flow, flow->local_side));
}

enum st_status st_tracer_poll_event(struct st_tracer *tracer, struct st_event *event)
{
	event_free(tracer->polled);
	tracer->polled = g_queue_pop_head(&tracer->events);
	if (!tracer->polled)
		return ST_NONE;
	*event = tracer->polled->public;
	return ST_OK;
}
