/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What holds of the tracer's events, whatever was shown to it. */
#include "tracer_run.h"

#include <servicetrace/report.h>

static void check_text(const char *text, bool is_lower)
{
	must(*text != '\0');
	for (; *text; text++) {
		must(g_ascii_isgraph(*text));
		must(!is_lower || !g_ascii_isupper(*text));
	}
}

static void check_identity(const struct run *run, const struct st_identity *identity)
{
	must(!identity->service == !identity->name);
	must(!identity->service == (identity->matched_by == ST_EVIDENCE_NONE));
	must((identity->host || identity->service) == (identity->evidence != ST_EVIDENCE_NONE));
	must(!identity->host || identity->evidence > ST_EVIDENCE_PREFIX);
	must(run->is_told || !identity->host || !names_exclude(run, identity->host));
	if (identity->host)
		check_text(identity->host, true);
	if (identity->alpn)
		check_text(identity->alpn, false);
	if (!identity->service)
		return;
	must(run->config.signatures && *identity->name);
	must(st_signatures_find(run->signatures, identity->service) != NULL);
}

/* Every format can say every trace. */
static void check_formats(const struct st_trace *trace)
{
	const struct st_report_options options = {.generator = "fuzz 0"};

	for (unsigned i = ST_REPORT_TEXT; i <= ST_REPORT_HTML; i++) {
		struct st_report *report = st_report_new((enum st_report_format)i, &options);
		char *begin = st_report_begin(report), *text = st_report_trace(report, trace);
		char *end = st_report_end(report);

		must(g_utf8_validate(begin, -1, NULL) && g_utf8_validate(text, -1, NULL));
		must(g_utf8_validate(end, -1, NULL) && (*text || *end || trace->hop_count == 0));
		free(begin);
		free(text);
		free(end);
		st_report_free(report);
	}
}

static void check_report(const struct run *run, const struct st_trace *trace)
{
	char *json = st_report_json(trace, "fuzz 0"), *text = st_report_text(trace);

	must(json && text && trace->stop_reason != ST_STOP_NONE);
	check_identity(run, &trace->identity);
	check_formats(trace);
	for (size_t i = 0; i < trace->hop_count; i++) {
		const struct st_hop *hop = &trace->hops[i];

		must(i == 0 || hop->ttl > trace->hops[i - 1].ttl);
		for (uint16_t j = 0; j < hop->reply_count; j++)
			must(hop->replies[j].probe >= 1 && hop->replies[j].probe <= hop->sent);
	}
	free(json);
	free(text);
}

/* Once a flow; no name is told behind it. */
static void check_flow(struct run *run, const struct st_flow *flow)
{
	must(run->config.report_flows && flow->start_ns <= flow->end_ns);
	must(flow->sent_bytes >= flow->sent_packets &&
	     flow->received_bytes >= flow->received_packets);
	check_identity(run, &flow->identity);
	must(g_hash_table_add(run->ended, GSIZE_TO_POINTER(flow->id)));
}

/* What narrows the selection does so for whoever is selected. */
static void check_tuple(const struct st_selection *selection, const struct st_tuple *tuple)
{
	must(!selection->port || tuple->source_port == selection->port ||
	     tuple->destination_port == selection->port);
	must(!selection->ip_version || tuple->source.version == selection->ip_version);
	must(!selection->protocol || tuple->protocol == selection->protocol);
}

void events_check(struct run *run, const struct st_event *event)
{
	run->events[event->type]++;
	must(run->may_match);
	/* Sessions of classic traceroutes have numbers, too, and are made of flows that are seen.
	 */
	must(event->flow_id >= 1 &&
	     (event->flow_id <= st_tracer_stats(run->tracer)->flows_seen || !run->config.active));
	must(event->tuple);
	check_tuple(&run->config.selection, event->tuple);
	switch (event->type) {
	case ST_EVENT_FLOW_NAMED:
		must(!g_hash_table_contains(run->ended, GSIZE_TO_POINTER(event->flow_id)));
		check_identity(run, event->identity);
		break;
	case ST_EVENT_TRACE_ENDED:
	case ST_EVENT_TRACE_SO_FAR:
		must(event->result->flow_id == event->flow_id);
		check_report(run, event->result);
		break;
	case ST_EVENT_FLOW_ENDED:
		must(event->flow->id == event->flow_id);
		check_flow(run, event->flow);
		break;
	case ST_EVENT_TRACE_STARTED:
	case ST_EVENT_PROBE:
	case ST_EVENT_REPLY:
	case ST_EVENT_FLOW_REFUSED:
	case ST_EVENT_SOCKET_ASKED:
	case ST_EVENT_COPY:
		break;
	}
}

/* All have been polled. */
void events_check_sum(const struct run *run)
{
	const struct st_stats *stats = st_tracer_stats(run->tracer);
	const uint64_t *events = run->events;

	must(events[ST_EVENT_TRACE_ENDED] == stats->traces_ended);
	must(run->config.selection.all && run->config.report_flows
		     ? events[ST_EVENT_FLOW_ENDED] == stats->flows_seen
		     : events[ST_EVENT_FLOW_ENDED] <= stats->flows_seen);
	if (stats->events_dropped)
		return;
	must(events[ST_EVENT_TRACE_STARTED] == stats->traces_started);
	must(events[ST_EVENT_PROBE] == stats->probes_sent);
	must(events[ST_EVENT_REPLY] == stats->replies);
	must(events[ST_EVENT_FLOW_REFUSED] == stats->flows_refused);
}
