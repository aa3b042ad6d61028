/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tracer's events on their way out: to standard output as reports, to the
 * recorder as comments, to standard error in verbose mode. Frames come from a
 * driver; sending probes is left to st-inject.
 */
#include "session.h"

#include <stdlib.h>
#include <string.h>

#include "failure.h"
#include "output.h"

void session_init(struct session *session, const struct options *options)
{
	*session = (struct session){
		.options = options,
		.program = tool_name(options->tool),
	};
	session->generator = g_strdup_printf("%s %s", session->program, st_version());
}

void session_clear(struct session *session)
{
	recorder_free(session->recorder);
	pcapng_close(session->pcapng, NULL);
	st_tracer_free(session->tracer);
	reports_free(session->reports);
	g_clear_error(&session->error);
	g_free(session->generator);
	g_free(session->refusal);
	*session = (struct session){0};
}

bool session_record(struct session *session, uint64_t hold_ns, GError **error)
{
	if (session->options->write_path == NULL)
		return true;
	session->pcapng = pcapng_create(session->options->write_path, session->generator, error);
	if (session->pcapng == NULL)
		return false;
	session->recorder = recorder_new(session->pcapng, hold_ns);
	return true;
}

void session_start_tracer(struct session *session, uint64_t seed)
{
	struct st_config config = session->options->config;

	config.seed = seed;
	g_clear_pointer(&session->tracer, st_tracer_free);
	enum st_status status = st_tracer_new(&config, &session->tracer);
	/* The options have been checked by the same rules. */
	g_assert(status == ST_OK);
}

void session_fail(struct session *session, GError *error)
{
	if (session->error == NULL)
		session->error = error;
	else
		g_error_free(error);
}

/* What is written so far stays; the traces go on for the reports. */
static void stop_recording(struct session *session, GError *error)
{
	g_clear_pointer(&session->recorder, recorder_free);
	pcapng_close(g_steal_pointer(&session->pcapng), NULL);
	session_fail(session, error);
}

void session_begin_report(struct session *session)
{
	const struct options *options = session->options;
	bool capture_out = options->write_path != NULL && strcmp(options->write_path, "-") == 0;

	if (!capture_out && session->expect == NULL)
		session->reports = reports_new(options, session->generator);
}

/* A report that cannot be written is over; the capture goes on until the driver has seen it. */
static void check_reports(struct session *session)
{
	GError *error = session->reports == NULL ? NULL : reports_take_error(session->reports);

	if (error != NULL)
		session_fail(session, error);
}

static void tell_trace(struct session *session, const struct st_trace *trace)
{
	if (session->expect != NULL)
		st_expect_add(session->expect, trace, session->generator);
	else if (session->reports != NULL)
		reports_trace(session->reports, trace);
}

static char *end_text(const struct st_addr *addr, uint16_t port)
{
	char text[ST_ADDR_TEXT_BYTES];

	st_addr_format(addr, text);
	return g_strdup_printf(addr->version == 6 ? "[%s]:%u" : "%s:%u", text, port);
}

static char *tuple_text(const struct st_tuple *tuple)
{
	char protocol[ST_PROTOCOL_TEXT_BYTES];
	g_autofree char *source = end_text(&tuple->source, tuple->source_port);
	g_autofree char *destination = end_text(&tuple->destination, tuple->destination_port);

	return g_strdup_printf("%s %s > %s", st_protocol_text(tuple->protocol, protocol), source,
			       destination);
}

static void tell_flow(const struct session *session, const struct st_event *event, const char *what)
{
	g_autofree char *tuple = tuple_text(event->tuple);

	complain(session->program, "flow %" G_GUINT64_FORMAT " (%s): %s", event->flow_id, tuple,
		 what);
}

static char *identity_text(const struct st_identity *identity)
{
	const char *evidence = st_evidence_text(identity->evidence);

	return g_strdup_printf("%s%s%s (%s%s)", identity->host == NULL ? "" : identity->host,
			       identity->host == NULL || identity->name == NULL ? "" : ", ",
			       identity->name == NULL ? "" : identity->name,
			       evidence == NULL ? "unknown" : evidence,
			       identity->ech ? ", ECH" : "");
}

static void tell_event(const struct session *session, const struct st_event *event)
{
	g_autofree char *what = NULL;

	switch (event->type) {
	case ST_EVENT_TRACE_STARTED:
		what = g_strdup_printf("traced, trace %" G_GUINT64_FORMAT, event->trace);
		tell_flow(session, event, what);
		break;
	case ST_EVENT_FLOW_REFUSED:
		what = g_strdup_printf("not traced: %s", event->reason);
		tell_flow(session, event, what);
		break;
	case ST_EVENT_TRACE_ENDED:
		complain(session->program, "trace %" G_GUINT64_FORMAT " ended: %s",
			 event->result->number, st_stop_reason_text(event->result->stop_reason));
		break;
	case ST_EVENT_FLOW_NAMED:
		what = identity_text(event->identity);
		tell_flow(session, event, what);
		break;
	case ST_EVENT_PROBE:
	case ST_EVENT_REPLY:
	case ST_EVENT_COPY:
	case ST_EVENT_TRACE_SO_FAR:
	case ST_EVENT_SOCKET_ASKED:
	case ST_EVENT_FLOW_ENDED:
		break;
	}
}

bool session_frame(struct session *session, uint64_t now, const struct st_frame *frame)
{
	struct st_frame_info info = {0};

	session->now = now;
	st_tracer_frame(session->tracer, now, frame, &info);
	if (session->recorder != NULL)
		recorder_frame(session->recorder, frame, &info);
	return info.wanted;
}

static void answer_socket(struct session *session, const struct st_event *event)
{
	const struct st_tuple tuple = *event->tuple;
	enum st_socket socket = ST_SOCKET_UNKNOWN;

	if (session->look != NULL)
		socket = session->look(session->look_user, &tuple);
	st_tracer_tell_socket(session->tracer, session->now, &tuple, socket);
}

static void note_refusal(struct session *session, const char *reason)
{
	g_free(session->refusal);
	session->refusal = g_strdup(reason);
}

void session_settle(struct session *session)
{
	struct st_event event;
	GError *error = NULL;

	while (st_tracer_poll_event(session->tracer, &event) == ST_OK) {
		if (session->recorder != NULL)
			recorder_event(session->recorder, &event);
		if (session->options->verbose)
			tell_event(session, &event);
		if (event.type == ST_EVENT_TRACE_ENDED)
			tell_trace(session, event.result);
		if (event.type == ST_EVENT_FLOW_ENDED && session->reports != NULL)
			reports_flow(session->reports, event.flow);
		if (event.type == ST_EVENT_REPLY && session->reports != NULL)
			reports_hear(session->reports, &event.reply->address);
		if (event.type == ST_EVENT_SOCKET_ASKED)
			answer_socket(session, &event);
		if (event.type == ST_EVENT_FLOW_REFUSED)
			note_refusal(session, event.reason);
	}
	if (session->recorder != NULL && !recorder_settle(session->recorder, &error))
		stop_recording(session, error);
	if (session->reports != NULL)
		reports_settle(session->reports);
	check_reports(session);
}

uint64_t session_due(const struct session *session)
{
	return session->reports == NULL ? ST_NEVER : reports_due(session->reports);
}

int session_names_fd(const struct session *session)
{
	return session->reports == NULL ? -1 : reports_fd(session->reports);
}

void session_take_names(struct session *session)
{
	reports_take_names(session->reports);
	check_reports(session);
}

void session_flush(struct session *session)
{
	GError *error = NULL;

	if (session->pcapng != NULL && !pcapng_flush(session->pcapng, &error))
		stop_recording(session, error);
}

void session_finish(struct session *session, uint64_t now)
{
	GError *error = NULL;

	session_settle(session);
	st_tracer_finish(session->tracer, now);
	session_settle(session);
	if (session->recorder != NULL && !recorder_finish(session->recorder, &error))
		stop_recording(session, error);
}

void session_close(struct session *session)
{
	GError *error = NULL;

	g_clear_pointer(&session->recorder, recorder_free);
	if (!pcapng_close(g_steal_pointer(&session->pcapng), &error))
		session_fail(session, error);
	if (session->reports != NULL)
		reports_end(session->reports);
	check_reports(session);
}

static void add_count(GString *text, uint64_t count, const char *one, const char *many)
{
	g_string_append_printf(text, "%s%" G_GUINT64_FORMAT " %s", text->len > 0 ? ", " : "", count,
			       count == 1 ? one : many);
}

static void add_if_any(GString *text, uint64_t count, const char *one, const char *many)
{
	if (count > 0)
		add_count(text, count, one, many);
}

char *session_summary(const struct session *session, const uint64_t *kernel_drops)
{
	const struct st_stats *stats = st_tracer_stats(session->tracer);
	GString *text = g_string_new(NULL);

	add_count(text, stats->flows_seen, "flow seen", "flows seen");
	add_count(text, stats->traces_started, "traced", "traced");
	add_count(text, stats->probes_sent, "probe sent", "probes sent");
	add_count(text, stats->replies, "reply", "replies");
	if (kernel_drops != NULL)
		add_count(text, *kernel_drops, "packet dropped by the kernel",
			  "packets dropped by the kernel");
	add_if_any(text, stats->flows_refused, "flow refused", "flows refused");
	if (session->refusal != NULL)
		g_string_append_printf(text, " (%s)", session->refusal);
	add_if_any(text, stats->flows_evicted, "flow forgotten", "flows forgotten");
	add_if_any(text, stats->flows_unnamed_evicted, "unnamed flow forgotten",
		   "unnamed flows forgotten");
	add_if_any(text, stats->names_evicted, "name forgotten", "names forgotten");
	add_if_any(text, stats->hellos_evicted, "ClientHello given up", "ClientHellos given up");
	add_if_any(text, stats->probes_failed, "probe not sent", "probes not sent");
	add_if_any(text, stats->probes_unseen, "probe unseen", "probes unseen");
	add_if_any(text, stats->replies_late, "late reply", "late replies");
	add_if_any(text, stats->replies_foreign, "reply to another program's probes",
		   "replies to another program's probes");
	add_if_any(text, stats->errors_unmatched, "other ICMP error", "other ICMP errors");
	add_if_any(text, stats->errors_malformed, "unreadable ICMP error",
		   "unreadable ICMP errors");
	add_if_any(text, stats->frames_malformed, "malformed packet", "malformed packets");
	add_if_any(text, stats->frames_truncated, "cut packet", "cut packets");
	add_if_any(text, stats->frames_astray, "packet astray", "packets astray");
	add_if_any(text, stats->events_dropped, "event lost", "events lost");
	return g_string_free(text, FALSE);
}
