/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracer's life: making and freeing it, what is due when, and the end of
 * traces. Frames are frame.c's, flows flows.c's, sending is active.c's.
 */
#include "tracer/internal.h"

#include "base/container.h"

enum st_status st_tracer_new(const struct st_config *config, struct st_tracer **tracer)
{
	struct st_tracer *made;

	if (st_config_check(config))
		return ST_INVALID_ARGUMENT;
	made = g_new0(struct st_tracer, 1);
	made->config = *config;
	made->correlator.seed = config->seed;
	made->correlator.wait_ns = config->wait_ns;
	made->last_ip_id = (uint16_t)hash_mix(config->seed, 0);
	flow_table_init(&made->flows, config->seed);
	made->names = names_new(config->seed);
	made->resolver = resolver_new(made->names);
	if (!config->active)
		made->candidates = candidates_new(config->seed, config->wait_ns);
	made->paths = path_memory_new(config->seed);
	hello_crypto_init();
	*tracer = made;
	return ST_OK;
}

void tracer_open(struct st_tracer *tracer, struct trace *trace)
{
	trace->next = trace->flow->traces;
	trace->flow->traces = trace;
	trace->deadline.kind = DEADLINE_TRACE;
	g_queue_push_tail_link(&tracer->traces, &trace->link);
	tracer->stats.traces_open += !observe_is_foreign(tracer, trace);
}

void tracer_discard(struct st_tracer *tracer, struct trace *trace)
{
	struct trace **at = (struct trace **)&trace->flow->traces;

	while (*at != trace)
		at = &(*at)->next;
	*at = trace->next;
	active_not_ready(tracer, trace);
	deadlines_set(&tracer->deadlines, &trace->deadline, ST_NEVER);
	g_queue_unlink(&tracer->traces, &trace->link);
	trace_free(trace);
}

static struct st_trace *make_result(struct st_tracer *tracer, const struct trace *trace,
				    enum st_stop_reason end, bool is_over)
{
	struct st_trace *result = trace_result(trace, end);

	result->kind = sessions_kind(tracer, trace);
	path_examine(result, tracer->paths, is_over);
	return result;
}

static void report(struct st_tracer *tracer, struct trace *trace, enum st_stop_reason end)
{
	for (unsigned i = 0; i < trace->probes->len; i++) {
		const struct probe *probe = trace->probes->pdata[i];

		tracer->stats.probes_unseen += !probe->seen && probe->state == PROBE_EXPIRED;
	}
	tracer->stats.traces_ended++;
	event_result(tracer, ST_EVENT_TRACE_ENDED, make_result(tracer, trace, end, true));
}

/* What has been put off is decided now. */
static void settle(struct st_tracer *tracer, struct trace *trace)
{
	identity_update(tracer, trace->flow);
	if (trace->flow->is_session)
		sessions_settle(tracer, trace);
	if (trace->is_observed)
		observe_announce(tracer, trace);
}

void tracer_end(struct st_tracer *tracer, struct trace *trace, enum st_stop_reason end)
{
	settle(tracer, trace);
	if (trace->number)
		report(tracer, trace, end);
	trace->is_resting = true;
	active_not_ready(tracer, trace);
	tracer->stats.traces_open -= !observe_is_foreign(tracer, trace);
	deadlines_set(&tracer->deadlines, &trace->deadline,
		      deadline_after(tracer->now, tracer->config.wait_ns));
	if (!trace->is_observed)
		tracer_flow_rests(tracer, trace->flow);
}

enum st_stop_reason tracer_natural_end(const struct trace *trace)
{
	return trace->is_observed ? ST_STOP_END_OF_CAPTURE : ST_STOP_INTERRUPTED;
}

static void trace_is_due(struct st_tracer *tracer, struct trace *trace)
{
	if (trace->is_resting) {
		struct flow *flow = trace->flow;

		tracer_discard(tracer, trace);
		tracer_flow_arm(tracer, flow);
		return;
	}
	if (trace->is_observed)
		tracer_end(tracer, trace, tracer_natural_end(trace));
	else
		active_step(tracer, trace);
}

uint64_t st_tracer_next_wakeup(const struct st_tracer *tracer)
{
	const struct deadline *first = deadlines_first(&tracer->deadlines);
	uint64_t due = first ? first->at_ns : ST_NEVER;

	return tracer->ready.length ? MIN(due, tracer->rate_next_ns) : due;
}

/* Each turn forgets something or sets its deadline to later than now. */
void st_tracer_wake(struct st_tracer *tracer, uint64_t now)
{
	struct deadline *first;

	now = MAX(tracer->now, now);
	while ((first = deadlines_first(&tracer->deadlines)) && first->at_ns <= now) {
		/* Each at its own time, however late this is: a capture has pauses, too. */
		tracer->now = MAX(tracer->now, first->at_ns);
		if (first->kind == DEADLINE_FLOW)
			tracer_flow_due(tracer, container_of(first, struct flow, deadline));
		else
			trace_is_due(tracer, container_of(first, struct trace, deadline));
	}
	tracer->now = now;
	active_next_waiting(tracer);
}

static int by_id(const void *a, const void *b)
{
	const struct flow *const *first = a, *const *second = b;

	return (*first)->id < (*second)->id ? -1 : (*first)->id > (*second)->id;
}

/*
 * Those that are still known, in the order in which they were seen; what was learned after
 * their latest packets counts, too.
 */
static GPtrArray *flows_as_of_now(struct st_tracer *tracer)
{
	GPtrArray *flows = g_ptr_array_new();

	flow_table_list(&tracer->flows, flows);
	g_ptr_array_sort(flows, by_id);
	for (unsigned i = 0; i < flows->len; i++) {
		struct flow *flow = flows->pdata[i];

		/* What was asked for after its end is another flow's. */
		if (!flow->closed)
			identity_update(tracer, flow);
	}
	return flows;
}

static void record_flows(struct st_tracer *tracer)
{
	g_autoptr(GPtrArray) flows = flows_as_of_now(tracer);

	for (unsigned i = 0; i < flows->len; i++)
		tracer_flow_record(tracer, flows->pdata[i]);
}

void st_tracer_review(struct st_tracer *tracer, uint64_t now)
{
	st_tracer_wake(tracer, now);
	g_ptr_array_unref(flows_as_of_now(tracer));
	replies_look_again(tracer, true);
	for (GList *link = tracer->traces.head; link; link = link->next) {
		struct trace *trace = link->data;

		if (trace->is_resting)
			continue;
		settle(tracer, trace);
		if (trace->number)
			event_result(tracer, ST_EVENT_TRACE_SO_FAR,
				     make_result(tracer, trace, tracer_natural_end(trace), false));
	}
}

void st_tracer_finish(struct st_tracer *tracer, uint64_t now)
{
	st_tracer_wake(tracer, now);
	replies_look_again(tracer, true);
	tracer->is_finished = true;
	for (GList *link = tracer->traces.head, *next; link; link = next) {
		struct trace *trace = link->data;

		next = link->next;
		if (!trace->is_resting)
			tracer_end(tracer, trace, tracer_natural_end(trace));
	}
	record_flows(tracer);
}

const struct st_stats *st_tracer_stats(const struct st_tracer *tracer)
{
	return &tracer->stats;
}

void st_tracer_free(struct st_tracer *tracer)
{
	struct event *event;

	if (!tracer)
		return;
	while (tracer->traces.head)
		tracer_discard(tracer, tracer->traces.head->data);
	replies_free(tracer);
	while (tracer->sessions.head)
		sessions_forget(tracer, tracer->sessions.head->data);
	candidates_free(tracer->candidates);
	hello_pool_clear(&tracer->hellos); /* while the flows are there that it points to */
	flow_table_clear(&tracer->flows);
	resolver_free(tracer->resolver);
	names_free(tracer->names);
	path_memory_free(tracer->paths);
	if (tracer->services)
		g_ptr_array_unref(tracer->services);
	deadlines_free(&tracer->deadlines);
	correlator_free(&tracer->correlator);
	event_free(tracer->polled);
	while ((event = g_queue_pop_head(&tracer->events)))
		event_free(event);
	g_free(tracer);
}
