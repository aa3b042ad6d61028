/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces as comma-separated values (RFC 4180): a head, then one row a reply, and
 * one a probe without any. A row says all of its trace, so that a table can be
 * sorted and filtered. Empty cells are unknown. Text from the wire is one
 * printable line and never a formula.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "base/text.h"
#include "report/formats.h"
#include "report/words.h"

static const char *const columns[] = {
	"trace",
	"kind",
	"flow",
	"protocol",
	"source",
	"source_port",
	"destination",
	"destination_port",
	"community_id",
	"service",
	"host",
	"evidence",
	"start",
	"end",
	"algorithm",
	"probes_per_hop",
	"first_ttl",
	"max_ttl",
	"stop_reason",
	"destination_reached",
	"distance",
	"probes_sent",
	"replies_received",
	"notes",
	"ttl",
	"sent",
	"probe",
	"probe_time",
	"probe_bytes",
	"address",
	"name",
	"asn",
	"as_name",
	"country",
	"rtt_ms",
	"icmp_type",
	"icmp_code",
	"tcp_flags",
	"reply_ttl",
	"reply_tos",
	"reply_bytes",
	"quoted_ttl",
	"mpls",
	"is_destination",
	"matched_by",
	"altered",
};

static void end_cell(GString *row)
{
	g_string_append_c(row, ',');
}

/* A row's last comma becomes the line's end. */
static void end_row(GString *row)
{
	g_string_truncate(row, row->len - 1);
	g_string_append(row, "\r\n");
}

static void add_quoted(GString *row, const char *text)
{
	if (!strpbrk(text, ",\"\r\n")) {
		g_string_append(row, text);
		return;
	}
	g_string_append_c(row, '"');
	for (; *text; text++) {
		if (*text == '"')
			g_string_append_c(row, '"');
		g_string_append_c(row, *text);
	}
	g_string_append_c(row, '"');
}

/* Words of ours; NULL is an empty cell. */
static void add_word(GString *row, const char *text)
{
	add_quoted(row, text ? text : "");
	end_cell(row);
}

/* What comes from the wire. A spreadsheet takes a cell that begins so for a formula. */
static void add_text(GString *row, const char *text)
{
	g_autofree char *clean = text ? text_printable(text) : g_strdup("");
	bool is_formula = *clean != '\0' && strchr("=+-@", *clean) != NULL;
	g_autofree char *cell = g_strconcat(is_formula ? "'" : "", clean, NULL);

	add_quoted(row, cell);
	end_cell(row);
}

static void add_number(GString *row, uint64_t number)
{
	g_string_append_printf(row, "%" PRIu64 ",", number);
}

static void add_number_unless(GString *row, uint64_t number, uint64_t unknown)
{
	if (number == unknown)
		end_cell(row);
	else
		add_number(row, number);
}

static void add_address(GString *row, const struct st_addr *addr)
{
	char text[ST_ADDR_TEXT_BYTES];

	add_word(row, st_addr_format(addr, text));
}

static void add_time(GString *row, uint64_t stamp_ns)
{
	g_autofree char *text = report_time_text(stamp_ns);

	add_word(row, text);
}

/* Milliseconds with all the nanoseconds there are. Not printf of a double: that is the locale's. */
static void add_rtt(GString *row, int64_t rtt_ns)
{
	int64_t magnitude_ns = ABS(rtt_ns);

	if (rtt_ns != ST_RTT_UNKNOWN)
		g_string_append_printf(row, "%s%" PRId64 ".%06" PRId64, rtt_ns < 0 ? "-" : "",
				       magnitude_ns / (int64_t)ST_NS_PER_MS,
				       magnitude_ns % (int64_t)ST_NS_PER_MS);
	end_cell(row);
}

static void add_words(GString *row, const char *const *names)
{
	g_autofree char *joined = g_strjoinv(" ", (char **)names);

	add_word(row, joined);
}

static void add_flow(GString *row, const struct st_trace *trace)
{
	const struct st_tuple *tuple = &trace->tuple;
	bool has_ports = report_has_ports(tuple->protocol);
	char protocol[ST_PROTOCOL_TEXT_BYTES], community_id[ST_COMMUNITY_ID_BYTES];

	add_number(row, trace->flow_id);
	add_word(row, st_protocol_text(tuple->protocol, protocol));
	add_address(row, &tuple->source);
	add_number_unless(row, has_ports ? tuple->source_port : 0, 0);
	add_address(row, &tuple->destination);
	add_number_unless(row, has_ports ? tuple->destination_port : 0, 0);
	add_word(row, report_has_flow_ports(tuple) ? st_community_id(tuple, community_id) : NULL);
}

/* "nat:3 loop:5 unseen-probes": the notes' words, with the hop where there is one. */
static void add_notes(GString *row, const struct st_trace *trace)
{
	g_autoptr(GString) notes = g_string_new(NULL);

	for (size_t i = 0; i < trace->note_count; i++) {
		const struct st_note *note = &trace->notes[i];

		g_string_append_printf(notes, "%s%s", i == 0 ? "" : " ", note->kind);
		if (note->ttl != 0)
			g_string_append_printf(notes, ":%u", note->ttl);
	}
	add_word(row, notes->str);
}

/* The cells that all rows of a trace begin with. */
static char *trace_cells(const struct st_trace *trace)
{
	const struct st_identity *identity = &trace->identity;
	GString *row = g_string_new(NULL);

	add_number(row, trace->number);
	add_word(row, st_trace_kind_text(trace->kind));
	add_flow(row, trace);
	add_text(row, identity->name);
	add_text(row, identity->host);
	add_word(row, st_evidence_text(identity->evidence));
	add_time(row, trace->start_ns);
	add_time(row, trace->end_ns);
	add_word(row, st_algorithm_text(trace->algorithm));
	add_number_unless(row, trace->probes_per_hop, 0);
	add_number_unless(row, trace->first_ttl, 0);
	add_number_unless(row, trace->max_ttl, 0);
	add_word(row, st_stop_reason_text(trace->stop_reason));
	add_word(row, trace->distance != 0 ? "true" : NULL);
	add_number_unless(row, trace->distance, 0);
	add_number(row, trace->probes_sent);
	add_number(row, trace->replies_received);
	add_notes(row, trace);
	return g_string_free(row, FALSE);
}

static void add_probe(GString *row, const struct st_hop *hop, unsigned probe)
{
	bool is_seen = hop->probes && probe >= 1 && probe <= hop->sent;

	add_number_unless(row, hop->ttl, 0);
	add_number(row, hop->sent);
	add_number(row, probe);
	add_time(row, is_seen ? hop->probes[probe - 1].stamp_ns : 0);
	add_number_unless(row, is_seen ? hop->probes[probe - 1].bytes : 0, 0);
}

static void add_router(GString *row, const struct st_addr *addr,
		       const struct st_report_options *options)
{
	struct st_router router = report_router(options, addr);

	add_address(row, addr);
	add_text(row, router.name);
	add_number_unless(row, router.asn, 0);
	add_text(row, router.as_name);
	add_text(row, router.country);
}

static void add_message(GString *row, const struct st_reply *reply)
{
	const char *flags[REPORT_TCP_FLAGS_MAX];

	if (reply->kind == ST_REPLY_TCP || reply->kind == ST_REPLY_OTHER) {
		report_tcp_flags(reply->tcp_flags, flags);
		g_string_append(row, ",,");
		add_words(row, flags);
	} else {
		add_number(row, reply->icmp_type);
		add_number(row, reply->icmp_code);
		end_cell(row);
	}
}

static void add_reply(GString *row, const struct st_reply *reply,
		      const struct st_report_options *options)
{
	const char *matches[ST_MATCH_NAMES_MAX], *altered[ST_ALTERED_NAMES_MAX];
	g_autoptr(GString) labels = g_string_new(NULL);

	add_router(row, &reply->address, options);
	add_rtt(row, reply->rtt_ns);
	add_message(row, reply);
	add_number(row, reply->reply_ttl);
	add_number(row, reply->reply_tos);
	add_number_unless(row, reply->reply_bytes, 0);
	add_number_unless(row, reply->quoted_ttl, ST_QUOTED_TTL_UNKNOWN);
	report_append_labels(labels, reply);
	add_word(row, labels->str);
	add_word(row, reply->destination ? "true" : NULL);
	st_match_names(reply->matched_by, matches);
	add_words(row, matches);
	st_altered_names(reply->altered, altered);
	add_words(row, altered);
	end_row(row);
}

#define REPLY_COLUMNS 17 /* "address" and what follows */

static void add_silence(GString *row)
{
	for (unsigned i = 0; i < REPLY_COLUMNS; i++)
		end_cell(row);
	end_row(row);
}

static void add_hop(GString *out, const char *trace, const struct st_hop *hop,
		    const struct st_report_options *options)
{
	size_t next = 0;

	for (unsigned probe = 1; probe <= hop->sent || next < hop->reply_count; probe++) {
		if (probe <= hop->sent &&
		    (next == hop->reply_count || hop->replies[next].probe > probe)) {
			g_string_append(out, trace);
			add_probe(out, hop, probe);
			add_silence(out);
		}
		for (; next < hop->reply_count && hop->replies[next].probe <= probe; next++) {
			g_string_append(out, trace);
			add_probe(out, hop, hop->replies[next].probe);
			add_reply(out, &hop->replies[next], options);
		}
	}
}

char *report_csv_head(void)
{
	GString *row = g_string_new(NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(columns); i++)
		add_word(row, columns[i]);
	end_row(row);
	return g_string_free(row, FALSE); /* GLib's memory is malloc's since 2.46 */
}

char *report_csv_trace(const struct st_trace *trace, const struct st_report_options *options)
{
	g_autofree char *cells = trace_cells(trace);
	GString *out = g_string_new(NULL);

	for (size_t i = 0; i < trace->hop_count; i++)
		add_hop(out, cells, &trace->hops[i], options);
	return g_string_free(out, FALSE);
}
