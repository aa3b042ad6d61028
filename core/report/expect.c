/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Saved reports against new ones. Both sides are JSON here, so that what is
 * compared is exactly what is reported: a new trace is written by json.c and
 * read back.
 *
 * Traces are grouped by their flow; within a flow the first saved one belongs to
 * the first new one, and so on, in the order of their start. A difference is one
 * line that begins with the flow.
 */
#include <stdlib.h>
#include <string.h>

#include <glib.h>
#include <jansson.h>

#include <servicetrace/report.h>

#include "base/text.h"

/* A plain pcap cuts stamps to a microsecond; the rest covers the rounding of doubles. */
#define RTT_TOLERANCE_MS 0.0010001

#define SHOWN_DIGITS 15 /* as in json.c: RTTs look the same in both */

/* The traces of one flow. */
struct flow_traces {
	char *name;	  /* "tcp 192.0.2.1:1234 > 198.51.100.2:443" */
	GPtrArray *saved; /* json_t */
	GPtrArray *added; /* json_t */
};

struct st_expect {
	GPtrArray *flows;    /* struct flow_traces, in the order of their first mention */
	GHashTable *by_name; /* name -> struct flow_traces, both borrowed */
};

/* What is being compared, for the beginning of a line, and the lines so far. */
struct comparison {
	GString *lines;
	const char *flow;
	unsigned trace;	  /* 1, 2, …: which of the flow's */
	json_int_t ttl;	  /* 0: not about one hop */
	json_int_t probe; /* 0: not about one probe */
};

static void free_trace(gpointer trace)
{
	json_decref(trace);
}

static void flow_traces_free(gpointer pointer)
{
	struct flow_traces *flow = pointer;

	g_ptr_array_unref(flow->saved);
	g_ptr_array_unref(flow->added);
	g_free(flow->name);
	g_free(flow);
}

static struct flow_traces *flow_traces_new(char *name)
{
	struct flow_traces *flow = g_new(struct flow_traces, 1);

	flow->name = name;
	flow->saved = g_ptr_array_new_with_free_func(free_trace);
	flow->added = g_ptr_array_new_with_free_func(free_trace);
	return flow;
}

static void append_end(GString *name, const json_t *flow, const char *address, const char *port)
{
	const char *text = json_string_value(json_object_get(flow, address));
	const json_t *number = json_object_get(flow, port);

	g_string_append_printf(name, strchr(text, ':') ? "[%s]" : "%s", text);
	if (json_is_integer(number))
		g_string_append_printf(name, ":%" JSON_INTEGER_FORMAT, json_integer_value(number));
}

/* `trace` has passed check_trace, or is our own. */
static char *flow_name(const json_t *trace)
{
	const json_t *flow = json_object_get(trace, "flow");
	GString *name = g_string_new(json_string_value(json_object_get(flow, "protocol")));

	g_string_append_c(name, ' ');
	append_end(name, flow, "source", "source_port");
	g_string_append(name, " > ");
	append_end(name, flow, "destination", "destination_port");
	return g_string_free(name, FALSE);
}

static struct flow_traces *flow_of(struct st_expect *expect, const json_t *trace)
{
	char *name = flow_name(trace);
	struct flow_traces *flow = g_hash_table_lookup(expect->by_name, name);

	if (flow) {
		g_free(name);
		return flow;
	}
	flow = flow_traces_new(name);
	g_ptr_array_add(expect->flows, flow);
	g_hash_table_insert(expect->by_name, flow->name, flow);
	return flow;
}

/*
 * The members without which two traces cannot be paired. Any other may be
 * missing: then it differs from what the new trace says, and that is told.
 */
static bool check_trace(json_t *trace, json_error_t *error)
{
	if (json_unpack_ex(trace, error, JSON_VALIDATE_ONLY, "{s:i, s:[], s:{s:s, s:s, s:s}}",
			   "version", "hops", "flow", "protocol", "source", "destination") != 0)
		return false;
	if (json_integer_value(json_object_get(trace, "version")) == 1)
		return true;
	g_strlcpy(error->text, "a version of the report that is not known", sizeof(error->text));
	return false;
}

/* Takes note of one saved line; false if it is no report. */
static bool save_line(struct st_expect *expect, const char *line, size_t bytes, json_error_t *error)
{
	json_t *object = json_loadb(line, bytes, 0, error);
	const char *type;
	bool is_report = object && json_unpack_ex(object, error, 0, "{s:s}", "type", &type) == 0;

	if (is_report && strcmp(type, "trace") == 0) {
		is_report = check_trace(object, error);
		if (is_report)
			g_ptr_array_add(flow_of(expect, object)->saved, json_incref(object));
	}
	json_decref(object);
	return is_report;
}

static bool is_blank(const char *line, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		if (!g_ascii_isspace(line[i]))
			return false;
	return true;
}

/* What is wrong with which line, or NULL. GLib's memory is malloc's since 2.46. */
static char *save_lines(struct st_expect *expect, const char *text, size_t bytes)
{
	const char *end = text + bytes;
	json_error_t error = {0};

	for (unsigned number = 1; text < end; number++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t length = (size_t)((newline ? newline : end) - text);

		if (!is_blank(text, length) && !save_line(expect, text, length, &error)) {
			char *what = text_printable(error.text);
			char *why = g_strdup_printf("line %u: %s", number, what);

			g_free(what);
			return why;
		}
		text += newline ? length + 1 : length;
	}
	return NULL;
}

struct st_expect *st_expect_new(const char *text, size_t bytes, char **why)
{
	struct st_expect *expect = g_new(struct st_expect, 1);

	expect->flows = g_ptr_array_new_with_free_func(flow_traces_free);
	expect->by_name = g_hash_table_new(g_str_hash, g_str_equal);
	*why = save_lines(expect, text, bytes);
	if (!*why)
		return expect;
	st_expect_free(expect);
	return NULL;
}

void st_expect_free(struct st_expect *expect)
{
	if (!expect)
		return;
	g_hash_table_unref(expect->by_name);
	g_ptr_array_unref(expect->flows);
	g_free(expect);
}

void st_expect_add(struct st_expect *expect, const struct st_trace *trace, const char *generator)
{
	char *text = st_report_json(trace, generator);
	json_t *object = json_loads(text, 0, NULL);

	free(text);
	if (!object)
		g_error("out of memory in a comparison");
	g_ptr_array_add(flow_of(expect, object)->added, object);
}

/* "4", "border", "null", "nothing" for a member that is not there. To be freed with free(). */
static char *shown(const json_t *value)
{
	if (!value)
		return strdup("nothing");
	if (json_is_string(value))
		return strdup(json_string_value(value));
	return json_dumps(value,
			  JSON_ENCODE_ANY | JSON_COMPACT | JSON_REAL_PRECISION(SHOWN_DIGITS));
}

static void tell(const struct comparison *at, const char *what, const char *expected,
		 const char *got)
{
	GString *line = g_string_new(at->flow);
	char *printable;

	if (at->trace > 1)
		g_string_append_printf(line, ", trace %u", at->trace);
	g_string_append_c(line, ':');
	if (at->ttl != 0)
		g_string_append_printf(line, " hop %" JSON_INTEGER_FORMAT, at->ttl);
	if (at->probe != 0)
		g_string_append_printf(line, " probe %" JSON_INTEGER_FORMAT, at->probe);
	g_string_append_printf(line, "%s expected %s%s%s, got %s", at->ttl != 0 ? ":" : "", what,
			       *what ? " " : "", expected, got);
	printable = text_printable(line->str);
	g_string_append_printf(at->lines, "%s\n", printable);
	g_free(printable);
	g_string_free(line, TRUE);
}

static void tell_values(const struct comparison *at, const char *what, const json_t *saved,
			const json_t *added)
{
	char *expected = shown(saved), *got = shown(added);

	tell(at, what, expected, got);
	free(expected);
	free(got);
}

static bool is_known(const json_t *value)
{
	return value && !json_is_null(value);
}

static void compare_member(const struct comparison *at, const char *name, const json_t *saved,
			   const json_t *added)
{
	const json_t *a = json_object_get(saved, name), *b = json_object_get(added, name);

	if (a != b && !json_equal(a, b))
		tell_values(at, name, a, b);
}

static void compare_settings(const struct comparison *at, const json_t *saved, const json_t *added)
{
	static const char *const names[] = {"algorithm", "probes_per_hop", "first_ttl", "max_ttl"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		if (is_known(json_object_get(saved, names[i])) &&
		    is_known(json_object_get(added, names[i])))
			compare_member(at, names[i], saved, added);
}

/* "st-inject" of "st-inject 0.1.0". */
static bool same_program(const json_t *saved, const json_t *added)
{
	const char *a = json_string_value(json_object_get(saved, "generator"));
	const char *b = json_string_value(json_object_get(added, "generator"));

	return a && b && strcspn(a, " ") == strcspn(b, " ") && !strncmp(a, b, strcspn(a, " "));
}

static bool has_reason(const json_t *trace, enum st_stop_reason reason)
{
	const char *text = json_string_value(json_object_get(trace, "stop_reason"));

	return g_strcmp0(text, st_stop_reason_text(reason)) == 0;
}

/* Routers' answers show it; why else a live run has ended, its capture does not tell. */
static bool is_reason_seen(const json_t *trace)
{
	return has_reason(trace, ST_STOP_DESTINATION) || has_reason(trace, ST_STOP_BORDER);
}

static void compare_reason(const struct comparison *at, const json_t *saved, const json_t *added)
{
	if (has_reason(saved, ST_STOP_END_OF_CAPTURE) || has_reason(added, ST_STOP_END_OF_CAPTURE))
		return;
	if (same_program(saved, added) || is_reason_seen(saved) || is_reason_seen(added))
		compare_member(at, "stop_reason", saved, added);
}

static void compare_outcome(const struct comparison *at, const json_t *saved, const json_t *added)
{
	static const char *const names[] = {"kind", "destination_reached", "distance",
					    "probes_sent", "replies_received"};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		compare_member(at, names[i], saved, added);
	/* A name can have come after the report was made. */
	if (is_known(json_object_get(saved, "service")))
		compare_member(at, "service", saved, added);
	compare_reason(at, saved, added);
}

static void compare_rtt(const struct comparison *at, const json_t *saved, const json_t *added)
{
	const json_t *a = json_object_get(saved, "rtt_ms"), *b = json_object_get(added, "rtt_ms");
	double difference = json_number_value(a) - json_number_value(b);

	if (!json_is_number(a) || !json_is_number(b))
		compare_member(at, "rtt_ms", saved, added);
	else if (difference > RTT_TOLERANCE_MS || difference < -RTT_TOLERANCE_MS)
		tell_values(at, "rtt_ms", a, b);
}

static void compare_reply(const struct comparison *at, const json_t *saved, const json_t *added)
{
	static const char *const names[] = {"icmp_type", "icmp_code",	"reply_ttl", "quoted_ttl",
					    "mpls",	 "destination", "matched_by"};
	const json_t *expected = json_object_get(saved, "address");
	const json_t *got = json_object_get(added, "address");

	if (!json_equal(expected, got))
		tell_values(at, "", expected, got);
	compare_rtt(at, saved, added);
	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		compare_member(at, names[i], saved, added);
}

/* Two lists sorted by the integer `key`, walked side by side. */
struct pairing {
	const json_t *saved, *added;
	const char *key;
	size_t next_saved, next_added;
};

/* The next element of each with the lowest key left; NULL on the side that has none of it. */
static bool next_pair(struct pairing *lists, const json_t **saved, const json_t **added,
		      json_int_t *key)
{
	json_int_t a, b;

	*saved = json_array_get(lists->saved, lists->next_saved);
	*added = json_array_get(lists->added, lists->next_added);
	a = json_integer_value(json_object_get(*saved, lists->key));
	b = json_integer_value(json_object_get(*added, lists->key));
	if (*saved && *added && a > b)
		*saved = NULL;
	else if (*saved && *added && a < b)
		*added = NULL;
	*key = *saved ? a : b;
	lists->next_saved += *saved != NULL;
	lists->next_added += *added != NULL;
	return *saved || *added;
}

static void compare_replies(const struct comparison *hop, const json_t *saved, const json_t *added)
{
	struct pairing lists = {.saved = json_object_get(saved, "replies"),
				.added = json_object_get(added, "replies"),
				.key = "probe"};
	struct comparison at = *hop;
	const json_t *a, *b;

	while (next_pair(&lists, &a, &b, &at.probe)) {
		char *address = shown(json_object_get(a ? a : b, "address"));

		if (a && b)
			compare_reply(&at, a, b);
		else
			tell(&at, "", a ? address : "no reply", b ? address : "no reply");
		free(address);
	}
}

static void compare_hops(const struct comparison *trace, const json_t *saved, const json_t *added)
{
	struct pairing lists = {.saved = json_object_get(saved, "hops"),
				.added = json_object_get(added, "hops"),
				.key = "ttl"};
	struct comparison at = *trace;
	const json_t *a, *b;

	while (next_pair(&lists, &a, &b, &at.ttl)) {
		if (a && b) {
			compare_member(&at, "sent", a, b);
			compare_replies(&at, a, b);
		} else {
			tell(&at, "", a ? "probes" : "no probes", b ? "probes" : "no probes");
		}
	}
}

/* "nat, loop at hop 3", or "none". To be freed with g_free(). */
static char *notes_text(const json_t *trace)
{
	GString *text = g_string_new(NULL);
	const json_t *note;
	size_t i;

	json_array_foreach(json_object_get(trace, "notes"), i, note)
	{
		const char *kind = json_string_value(json_object_get(note, "kind"));
		const json_t *ttl = json_object_get(note, "ttl");

		g_string_append_printf(text, "%s%s", i == 0 ? "" : ", ", kind ? kind : "?");
		if (json_is_integer(ttl))
			g_string_append_printf(text, " at hop %" JSON_INTEGER_FORMAT,
					       json_integer_value(ttl));
	}
	if (text->len == 0)
		g_string_assign(text, "none");
	return g_string_free(text, FALSE);
}

/* What a live run and its capture can tell differs, so notes are a program's own. */
static void compare_notes(const struct comparison *at, const json_t *saved, const json_t *added)
{
	char *expected = notes_text(saved), *got = notes_text(added);

	if (same_program(saved, added) && strcmp(expected, got) != 0)
		tell(at, "notes", expected, got);
	g_free(expected);
	g_free(got);
}

static void compare_traces(const struct comparison *at, const json_t *saved, const json_t *added)
{
	compare_settings(at, saved, added);
	compare_outcome(at, saved, added);
	compare_hops(at, saved, added);
	compare_notes(at, saved, added);
}

/* Stamps of one width in UTC sort as text does; a trace whose start is not known comes first. */
static gint by_start(gconstpointer a, gconstpointer b)
{
	const json_t *const *x = a, *const *y = b;

	return g_strcmp0(json_string_value(json_object_get(*x, "start")),
			 json_string_value(json_object_get(*y, "start")));
}

static const json_t *trace_at(const GPtrArray *traces, guint index)
{
	return index < traces->len ? traces->pdata[index] : NULL;
}

static void compare_flow(GString *lines, const struct flow_traces *flow)
{
	struct comparison at = {.lines = lines, .flow = flow->name};

	g_ptr_array_sort(flow->saved, by_start);
	g_ptr_array_sort(flow->added, by_start);
	for (guint i = 0; i < MAX(flow->saved->len, flow->added->len); i++) {
		const json_t *a = trace_at(flow->saved, i), *b = trace_at(flow->added, i);

		at.trace = i + 1;
		if (a && b)
			compare_traces(&at, a, b);
		else
			tell(&at, "", a ? "a trace" : "no trace", b ? "one" : "none");
	}
}

char *st_expect_differences(const struct st_expect *expect)
{
	GString *lines = g_string_new(NULL);

	for (guint i = 0; i < expect->flows->len; i++)
		compare_flow(lines, expect->flows->pdata[i]);
	return g_string_free(lines, FALSE); /* GLib's memory is malloc's since 2.46 */
}
