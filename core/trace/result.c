/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Turns a trace that is over into the struct that reports are made of: probes
 * and replies sorted into hops, what is worth a note, why it ended.
 */
#include "trace/reach.h"

/* The public struct and everything it points to, freed together. */
struct result {
	struct st_trace trace; /* first, so that a pointer to it is one to the whole */
	GArray *hops;	       /* struct st_hop */
	GArray *sent;	       /* struct st_sent, hop by hop */
	GArray *replies;       /* struct st_reply, hop by hop */
	GArray *notes;	       /* struct st_note; details are the chunk's */
	GStringChunk *texts;
};

struct totals {
	unsigned unseen;
	unsigned cut; /* sent to distances behind a border */
};

static bool counts(const struct trace *trace, const struct probe *probe)
{
	return probe->ttl <= trace->last_ttl;
}

static gint compare_replies(gconstpointer a, gconstpointer b)
{
	const struct trace_reply *x = *(struct trace_reply *const *)a;
	const struct trace_reply *y = *(struct trace_reply *const *)b;

	if (x->probe->ttl != y->probe->ttl)
		return x->probe->ttl < y->probe->ttl ? -1 : 1;
	if (x->probe->id != y->probe->id)
		return x->probe->id < y->probe->id ? -1 : 1;
	return x < y ? -1 : 1; /* in one array, in the order of arrival */
}

static GPtrArray *sorted_replies(const struct trace *trace)
{
	GPtrArray *sorted = g_ptr_array_new();

	for (unsigned i = 0; i < trace->replies->len; i++) {
		struct trace_reply *reply = &g_array_index(trace->replies, struct trace_reply, i);

		if (counts(trace, reply->probe))
			g_ptr_array_add(sorted, reply);
	}
	g_ptr_array_sort(sorted, compare_replies);
	return sorted;
}

static void see_time(struct st_trace *trace, uint64_t stamp_ns)
{
	if (!stamp_ns)
		return;
	if (!trace->start_ns || stamp_ns < trace->start_ns)
		trace->start_ns = stamp_ns;
	if (stamp_ns > trace->end_ns)
		trace->end_ns = stamp_ns;
}

static void count_probes(struct result *result, const struct trace *trace, struct totals *totals)
{
	for (unsigned i = 0; i < trace->probes->len; i++) {
		const struct probe *probe = trace->probes->pdata[i];

		totals->unseen += !probe->seen && probe->state != PROBE_FAILED;
		if (!probe->index)
			continue; /* never left, as far as anybody knows */
		if (!counts(trace, probe)) {
			totals->cut++;
			continue;
		}
		see_time(&result->trace, probe->stamp_ns);
		result->trace.probes_sent++;
	}
}

/* Those behind a border are left out: whether they still came in depends on luck. */
static void add_replies(struct result *result, const struct trace *trace)
{
	GPtrArray *sorted = sorted_replies(trace);

	for (unsigned i = 0; i < sorted->len; i++) {
		const struct trace_reply *known = sorted->pdata[i];

		g_array_append_val(result->replies, known->reply);
		see_time(&result->trace, known->reply.stamp_ns);
		if (known->reply.destination && !result->trace.distance)
			result->trace.distance = known->probe->ttl;
	}
	result->trace.replies_received = sorted->len;
	g_ptr_array_unref(sorted);
}

/* Where the probes of each distance begin in result->sent. */
static void lay_out_sent(struct result *result, const struct trace *trace, unsigned *first)
{
	unsigned count = 0;

	for (unsigned ttl = 0; ttl <= MIN(trace->last_ttl, UINT8_MAX); ttl++) {
		first[ttl] = count;
		count += trace->hops[ttl].sent;
	}
	g_array_set_size(result->sent, count);
}

static void add_sent(struct result *result, const struct trace *trace, const unsigned *first)
{
	struct st_sent *sent = (struct st_sent *)result->sent->data;

	for (unsigned i = 0; i < trace->probes->len; i++) {
		const struct probe *probe = trace->probes->pdata[i];

		if (!probe->index || !counts(trace, probe))
			continue;
		sent[first[probe->ttl] + probe->index - 1] = (struct st_sent){
			.stamp_ns = probe->seen ? probe->stamp_ns : 0,
			.bytes = probe->headers.bytes,
			.source_port = probe->tuple.source_port,
			.destination_port = probe->tuple.destination_port,
		};
	}
	for (unsigned i = 0; i < trace->replies->len; i++) {
		const struct probe *probe =
			g_array_index(trace->replies, struct trace_reply, i).probe;

		if (counts(trace, probe))
			sent[first[probe->ttl] + probe->index - 1].replies++;
	}
}

static void add_hops(struct result *result, const struct trace *trace)
{
	const struct st_reply *replies = (const struct st_reply *)result->replies->data;
	unsigned last = MIN(trace->last_ttl, UINT8_MAX);
	unsigned first[UINT8_MAX + 1];

	lay_out_sent(result, trace, first);
	add_sent(result, trace, first);

	for (unsigned ttl = 0; ttl <= last; ttl++) {
		struct st_hop hop = {
			.ttl = (uint8_t)ttl,
			.sent = trace->hops[ttl].sent,
			.probes = (const struct st_sent *)result->sent->data + first[ttl],
			.reply_count = trace->hops[ttl].answered,
			.replies = replies,
		};

		if (!hop.sent)
			continue;
		g_array_append_val(result->hops, hop);
		replies += hop.reply_count;
	}
	result->trace.hops = (const struct st_hop *)result->hops->data;
	result->trace.hop_count = result->hops->len;
}

void trace_result_note(struct st_trace *trace, const char *kind, unsigned ttl, const char *format,
		       ...)
{
	struct result *result = (struct result *)trace;
	struct st_note note = {.kind = kind, .ttl = (uint8_t)ttl};
	va_list args;
	char *detail;

	va_start(args, format);
	detail = g_strdup_vprintf(format, args);
	va_end(args);
	note.detail = g_string_chunk_insert(result->texts, detail);
	g_free(detail);
	g_array_append_val(result->notes, note);
	trace->notes = (const struct st_note *)result->notes->data;
	trace->note_count = result->notes->len;
}

static void add_algorithm_note(struct result *result, const struct trace *trace)
{
	if (trace->algorithm == trace->config->algorithm)
		return;
	if (trace->algorithm == ST_ALGORITHM_PACKET_BY_PACKET)
		trace_result_note(
			&result->trace, "algorithm", 0,
			"without an identification these probes look alike, so they are sent one "
			"at a time");
	else
		trace_result_note(
			&result->trace, "algorithm", 0,
			"a probe may reach an application that does not expect it, so they are "
			"sent hop by hop");
}

/* 0: nothing was. */
static unsigned last_sent(const struct trace *trace)
{
	const struct probe *last;

	if (!trace->probes->len)
		return 0;
	last = trace->probes->pdata[trace->probes->len - 1];
	return last->ttl;
}

/* What the rules of the probe's kind did to the trace. */
static void add_rule_notes(struct result *result, const struct trace *trace)
{
	add_algorithm_note(result, trace);
	if (result->trace.stop_reason == ST_STOP_NEAR_DESTINATION)
		trace_result_note(
			&result->trace, "near-destination", trace->schedule.last_ttl,
			"distances beyond this one are not probed: what is sent farther could "
			"reach the application at the other end");
	if (result->trace.stop_reason == ST_STOP_MISSING_HOPS && trace->is_careful)
		trace_result_note(
			&result->trace, "silent-hop", last_sent(trace),
			"this distance did not answer, so it may be the application's: none beyond "
			"it is probed");
	if (reach_found_more(trace))
		trace_result_note(
			&result->trace, "zero-checksum", trace->again_ttl,
			"from here on only probes with a checksum were answered: something "
			"before drops the others");
	if (trace->socket_unknown)
		trace_result_note(
			&result->trace, "recverr-unknown", 0,
			"whether the application asks for ICMP errors (IP_RECVERR) could not be "
			"seen; if it does, probes make its calls fail");
}

static void add_notes(struct result *result, const struct trace *trace, const struct totals *totals)
{
	if (totals->unseen && !trace->is_observed)
		trace_result_note(&result->trace, "unseen-probes", 0,
				  "%u probes were handed to the kernel but not seen leaving",
				  totals->unseen);
	/* Traceroutes are always ahead of the destination's answer; that is no news. */
	if (totals->cut && !trace->flow->is_session)
		trace_result_note(
			&result->trace, "cut-probes", trace->last_ttl,
			"%u probe%s had left for distances beyond this one, and %s not counted",
			totals->cut, totals->cut == 1 ? "" : "s", totals->cut == 1 ? "is" : "are");
	for (unsigned i = 0; i < trace->failures->len; i++)
		trace_result_note(&result->trace, "send-failed", 0, "probes could not be sent: %s",
				  (const char *)trace->failures->pdata[i]);
	if (!trace->is_observed)
		add_rule_notes(result, trace);
}

/* Service and name live as long as the database. */
static struct st_identity identity_copy(struct result *result, const struct st_identity *identity)
{
	struct st_identity copy = *identity;

	if (copy.host)
		copy.host = g_string_chunk_insert(result->texts, copy.host);
	if (copy.alpn)
		copy.alpn = g_string_chunk_insert(result->texts, copy.alpn);
	return copy;
}

static void describe(struct result *result, const struct trace *trace, enum st_stop_reason end)
{
	struct st_trace *out = &result->trace;

	out->number = trace->number;
	out->flow_id = trace->flow->id;
	out->tuple = trace->tuple;
	out->identity = identity_copy(result, &trace->flow->identity.is);
	out->stop_reason = trace->stop_reason != ST_STOP_NONE ? trace->stop_reason : end;
	if (trace->is_observed) {
		out->first_ttl = out->hop_count ? out->hops[0].ttl : 0;
		return;
	}
	out->algorithm = trace->algorithm;
	out->probes_per_hop = trace->config->probes_per_hop;
	out->first_ttl = trace->config->first_ttl;
	out->max_ttl = trace->config->max_ttl;
}

static struct result *result_new(void)
{
	struct result *result = g_new0(struct result, 1);

	result->hops = g_array_new(FALSE, FALSE, sizeof(struct st_hop));
	result->sent = g_array_new(FALSE, TRUE, sizeof(struct st_sent));
	result->replies = g_array_new(FALSE, FALSE, sizeof(struct st_reply));
	result->notes = g_array_new(FALSE, FALSE, sizeof(struct st_note));
	result->texts = g_string_chunk_new(256);
	return result;
}

struct st_trace *trace_result(const struct trace *trace, enum st_stop_reason end)
{
	struct result *result = result_new();
	struct totals totals = {0};

	count_probes(result, trace, &totals);
	add_replies(result, trace);
	add_hops(result, trace);
	describe(result, trace, end);
	add_notes(result, trace, &totals);
	return &result->trace;
}

static void copy_hops(struct result *copy, const struct st_trace *trace)
{
	const struct st_sent *sent;
	const struct st_reply *replies;

	for (size_t i = 0; i < trace->hop_count; i++) {
		const struct st_hop *hop = &trace->hops[i];

		if (hop->probes)
			g_array_append_vals(copy->sent, hop->probes, hop->sent);
		if (hop->reply_count)
			g_array_append_vals(copy->replies, hop->replies, (guint)hop->reply_count);
	}
	sent = (const struct st_sent *)copy->sent->data;
	replies = (const struct st_reply *)copy->replies->data;
	for (size_t i = 0; i < trace->hop_count; i++) {
		struct st_hop hop = trace->hops[i];

		hop.replies = replies;
		replies += hop.reply_count;
		if (hop.probes) {
			hop.probes = sent;
			sent += hop.sent;
		}
		g_array_append_val(copy->hops, hop);
	}
}

static void copy_notes(struct result *copy, const struct st_trace *trace)
{
	for (size_t i = 0; i < trace->note_count; i++) {
		struct st_note note = trace->notes[i];

		note.detail = g_string_chunk_insert(copy->texts, note.detail);
		g_array_append_val(copy->notes, note);
	}
}

struct st_trace *st_trace_copy(const struct st_trace *trace)
{
	struct result *copy = result_new();

	copy->trace = *trace;
	copy->trace.identity = identity_copy(copy, &trace->identity);
	copy_hops(copy, trace);
	copy_notes(copy, trace);
	copy->trace.hops = (const struct st_hop *)copy->hops->data;
	copy->trace.notes = (const struct st_note *)copy->notes->data;
	return &copy->trace;
}

void st_trace_free(struct st_trace *trace)
{
	struct result *result = (struct result *)trace;

	if (!result)
		return;
	g_array_unref(result->hops);
	g_array_unref(result->sent);
	g_array_unref(result->replies);
	g_array_unref(result->notes);
	g_string_chunk_free(result->texts);
	g_free(result);
}
