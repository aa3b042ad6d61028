/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports in all formats through the writer. What the formats of other tools must
 * look like is for their own readers in tests/output to say, which read what
 * "--samples FORMAT" writes here.
 */
#include <stdio.h>
#include <stdlib.h>

#include <glib.h>
#include <jansson.h>

#include <servicetrace/report.h>

#include "odd_traces.h"

#define GENERATOR "st-replay 0.1.0"

static const struct st_report_options options = {.generator = GENERATOR, .lookup = odd_lookup};

/* Takes `piece`. */
static void append_piece(GString *whole, char *piece)
{
	g_string_append(whole, piece);
	free(piece);
}

/* The traces from `first` on, `count` of them, from the report's beginning to its end. */
static char *report_of(enum st_report_format format, unsigned first, unsigned count)
{
	struct st_report *report = st_report_new(format, &options);
	GString *whole = g_string_new(NULL);
	struct odd_trace odd;

	append_piece(whole, st_report_begin(report));
	for (unsigned i = first; i < first + count; i++) {
		odd_init(&odd, i);
		append_piece(whole, st_report_trace(report, &odd.sample.trace));
	}
	append_piece(whole, st_report_end(report));
	st_report_free(report);
	return g_string_free(whole, FALSE);
}

static void assert_holds(enum st_report_format format, unsigned which, const char *part)
{
	g_autofree char *text = report_of(format, which, 1);

	if (!strstr(text, part))
		g_error("no %s in %s", part, text);
}

static void assert_lacks(enum st_report_format format, unsigned which, const char *part)
{
	g_autofree char *text = report_of(format, which, 1);

	if (strstr(text, part))
		g_error("%s in %s", part, text);
}

static void test_names(void)
{
	enum st_report_format format;

	for (unsigned i = ST_REPORT_TEXT; i <= ST_REPORT_HTML; i++) {
		const char *name = st_report_format_text((enum st_report_format)i);

		g_assert_cmpint(st_report_format_parse(name, &format), ==, ST_OK);
		g_assert_cmpuint(format, ==, i);
	}
	g_assert_cmpint(st_report_format_parse("xml", &format), ==, ST_INVALID_ARGUMENT);
	g_assert_cmpint(st_report_format_parse("", &format), ==, ST_INVALID_ARGUMENT);
	g_assert_cmpint(st_report_format_parse("JSON", &format), ==, ST_INVALID_ARGUMENT);
	st_report_free(NULL);
}

/* Without a lookup the writer says what the plain functions say. */
static void test_plain(void)
{
	const struct st_report_options plain = {.generator = GENERATOR};
	struct st_report *json = st_report_new(ST_REPORT_JSON, &plain);
	struct st_report *text = st_report_new(ST_REPORT_TEXT, &plain);
	struct odd_trace odd;

	for (unsigned i = 0; i < ODD_TRACES; i++) {
		odd_init(&odd, i);
		char *line = st_report_trace(json, &odd.sample.trace);
		char *object = st_report_json(&odd.sample.trace, GENERATOR);
		char *lines = st_report_trace(text, &odd.sample.trace);
		char *same = st_report_text(&odd.sample.trace);

		g_assert_true(g_str_has_prefix(line, object));
		g_assert_cmpstr(line + strlen(object), ==, "\n");
		g_assert_cmpstr(lines, ==, same);
		free(line);
		free(object);
		free(lines);
		free(same);
	}
	st_report_free(json);
	st_report_free(text);
}

static void test_text_names(void)
{
	assert_holds(ST_REPORT_TEXT, 0,
		     "\n 1  gw.example (10.0.0.1) [AS64500]  0.231 ms  0.198 ms");
	assert_holds(ST_REPORT_TEXT, 0, " a\"b\\c,d\\ (10.1.0.5)  1.371 ms");
	assert_holds(ST_REPORT_TEXT, 1, " red?[31m??next (2001:db8:9::2)  1.402 ms");
	assert_lacks(ST_REPORT_TEXT, 1, "\x1b");
}

/* traceroute adds nothing to what a destination is expected to answer. */
static void test_text_destination(void)
{
	assert_holds(ST_REPORT_TEXT, 2,
		     "\n 3  10.9.0.2 (10.9.0.2)  1.402 ms  1.371 ms  1.388 ms\n");
	assert_holds(ST_REPORT_TEXT, 3,
		     "\n 3  10.9.0.2 (10.9.0.2)  1.402 ms  1.371 ms  1.388 ms\n");
	assert_holds(ST_REPORT_TEXT, 5, "150.000 ms !X  150.000 ms !H * ");
}

static void test_text_unknown(void)
{
	assert_holds(ST_REPORT_TEXT, 2, "tcp 10.0.0.2 > 10.9.0.2:443, ");
	assert_holds(ST_REPORT_TEXT, 3, "icmp 10.0.0.2 > 10.9.0.2, ");
	assert_holds(ST_REPORT_TEXT, 4, "\n ?  gw.example (10.0.0.1) [AS64500]\n");
}

static void test_json_router(void)
{
	assert_holds(ST_REPORT_JSON, 0,
		     "\"name\":\"gw.example\",\"asn\":64500,\"as_name\":\"Example, Inc.\","
		     "\"country\":\"DE\",\"rtt_ms\"");
	assert_holds(ST_REPORT_JSON, 0, "\"country\":\"FR\"");
	assert_lacks(ST_REPORT_JSON, 2, "\"asn\":0");
}

static void test_json_classic(void)
{
	assert_holds(ST_REPORT_JSON, 0, "\"kind\":\"in-flow\"");
	assert_holds(ST_REPORT_JSON, 2, "\"kind\":\"classic\"");
	assert_holds(ST_REPORT_JSON, 2, "\"source_port\":null");
	assert_holds(ST_REPORT_JSON, 2, "\"destination_port\":443,\"community_id\":null");
	assert_holds(ST_REPORT_JSON, 2,
		     "\"icmp_type\":null,\"icmp_code\":null,\"tcp_flags\":[\"syn\",\"ack\"]");
	assert_holds(ST_REPORT_JSON, 3, "\"icmp_type\":0,\"icmp_code\":0,\"reply_ttl\"");
	assert_holds(ST_REPORT_JSON, 3, "\"community_id\":null");
	assert_holds(ST_REPORT_JSON, 4, "\"hops\":[{\"ttl\":null,\"sent\":0,");
}

/* Not one unescaped "<" among the data, and all the bytes are there. */
static void test_html_data(void)
{
	g_autofree char *page = report_of(ST_REPORT_HTML, 0, ODD_TRACES);
	const char *begin = strstr(page, "type=\"application/json\">");
	const char *end;
	json_t *data;

	g_assert_nonnull(begin);
	begin = strchr(begin, '>') + 1;
	end = strchr(begin, '<');
	g_assert_true(g_str_has_prefix(end, "</script>\n<script>\n"));
	data = json_loadb(begin, (size_t)(end - begin), JSON_REJECT_DUPLICATES, NULL);
	g_assert_nonnull(data);
	g_assert_cmpuint(json_array_size(json_object_get(data, "traces")), ==, ODD_TRACES);
	g_assert_cmpint(
		json_integer_value(json_object_get(json_object_get(data, "about"), "left_out")), ==,
		0);
	json_decref(data);
	g_assert_null(strstr(page, "@DATA@"));
	g_assert_null(strstr(page, "@STYLE@"));
}

/* Flows as such are part of two formats. */
static void test_flow(void)
{
	struct odd_trace odd;
	struct st_flow flow;

	odd_init(&odd, 0);
	flow = sample_flow(&odd.sample);
	for (unsigned i = ST_REPORT_TEXT; i <= ST_REPORT_HTML; i++) {
		struct st_report *report = st_report_new((enum st_report_format)i, &options);
		char *text = st_report_flow(report, &flow);

		g_assert_cmpint(*text != '\0', ==, i == ST_REPORT_TEXT || i == ST_REPORT_JSON);
		g_assert_true(*text == '\0' || g_str_has_suffix(text, "\n"));
		free(text);
		st_report_free(report);
	}
}

/* Formats of one document say nothing before the end; the others nothing at it. */
static void test_pieces(void)
{
	struct odd_trace odd;

	odd_init(&odd, 0);
	for (unsigned i = ST_REPORT_TEXT; i <= ST_REPORT_HTML; i++) {
		struct st_report *report = st_report_new((enum st_report_format)i, &options);
		bool whole = i == ST_REPORT_DOT || i == ST_REPORT_HTML;
		char *begin = st_report_begin(report);
		char *trace = st_report_trace(report, &odd.sample.trace);
		char *end = st_report_end(report);

		g_assert_cmpint(*begin != '\0', ==, i == ST_REPORT_CSV);
		g_assert_cmpint(*trace == '\0', ==, whole);
		g_assert_cmpint(*end != '\0', ==, whole);
		free(begin);
		free(trace);
		free(end);
		st_report_free(report);
	}
}

static int write_samples(const char *name)
{
	enum st_report_format format;

	if (st_report_format_parse(name, &format) != ST_OK)
		return EXIT_FAILURE;
	g_autofree char *text = report_of(format, 0, ODD_TRACES);
	return fputs(text, stdout) < 0 || fflush(stdout) != 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--samples") == 0)
		return write_samples(argv[2]);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/report-formats/names", test_names);
	g_test_add_func("/report-formats/plain", test_plain);
	g_test_add_func("/report-formats/text/names", test_text_names);
	g_test_add_func("/report-formats/text/destination", test_text_destination);
	g_test_add_func("/report-formats/text/unknown", test_text_unknown);
	g_test_add_func("/report-formats/json/router", test_json_router);
	g_test_add_func("/report-formats/json/classic", test_json_classic);
	g_test_add_func("/report-formats/html/data", test_html_data);
	g_test_add_func("/report-formats/flow", test_flow);
	g_test_add_func("/report-formats/pieces", test_pieces);
	return g_test_run();
}
