/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report in the making: which format writes what when. The formats themselves
 * are in their own files.
 */
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "report/formats.h"
#include "report/members.h"

struct st_report {
	enum st_report_format format;
	struct st_report_options options;
	struct report_graph *graph; /* ST_REPORT_DOT only */
	struct report_page *page;   /* ST_REPORT_HTML only */
};

static const char *const format_names[] = {
	[ST_REPORT_TEXT] = "text",
	[ST_REPORT_JSON] = "json",
	[ST_REPORT_SCAMPER] = "scamper",
	[ST_REPORT_ATLAS] = "atlas",
	[ST_REPORT_ORIGINAL] = "service-traceroute",
	[ST_REPORT_CSV] = "csv",
	[ST_REPORT_DOT] = "dot",
	[ST_REPORT_HTML] = "html",
};

const char *st_report_format_text(enum st_report_format format)
{
	return format_names[format];
}

enum st_status st_report_format_parse(const char *text, enum st_report_format *format)
{
	for (size_t i = 0; i < G_N_ELEMENTS(format_names); i++) {
		if (strcmp(text, format_names[i]) == 0) {
			*format = (enum st_report_format)i;
			return ST_OK;
		}
	}
	return ST_INVALID_ARGUMENT;
}

struct st_report *st_report_new(enum st_report_format format,
				const struct st_report_options *options)
{
	struct st_report *report = g_new0(struct st_report, 1);

	report->format = format;
	report->options = *options;
	if (format == ST_REPORT_DOT)
		report->graph = report_graph_new(&report->options);
	if (format == ST_REPORT_HTML)
		report->page = report_page_new(&report->options);
	return report;
}

void st_report_free(struct st_report *report)
{
	if (!report)
		return;
	report_graph_free(report->graph);
	report_page_free(report->page);
	g_free(report);
}

/* GLib's memory is malloc's since 2.46. */
static char *nothing(void)
{
	return g_strdup("");
}

/* One object on a line of its own. Takes `object`. */
static char *line_of(json_t *object)
{
	char *text = report_dump(object);
	char *line = g_strconcat(text, "\n", NULL);

	free(text);
	return line;
}

char *st_report_begin(struct st_report *report)
{
	return report->format == ST_REPORT_CSV ? report_csv_head() : nothing();
}

char *st_report_trace(struct st_report *report, const struct st_trace *trace)
{
	const struct st_report_options *options = &report->options;

	switch (report->format) {
	case ST_REPORT_TEXT:
		return report_text_trace(trace, options);
	case ST_REPORT_JSON:
		return line_of(report_json_trace(trace, options));
	case ST_REPORT_SCAMPER:
		return line_of(report_scamper_trace(trace, options));
	case ST_REPORT_ATLAS:
		return line_of(report_atlas_trace(trace, options));
	case ST_REPORT_ORIGINAL:
		return line_of(report_original_trace(trace, options));
	case ST_REPORT_CSV:
		return report_csv_trace(trace, options);
	case ST_REPORT_DOT:
		report_graph_add(report->graph, trace);
		return nothing();
	case ST_REPORT_HTML:
		report_page_add(report->page, trace);
		return nothing();
	}
	return nothing();
}

char *st_report_flow(struct st_report *report, const struct st_flow *flow)
{
	char *json, *line;

	if (report->format == ST_REPORT_TEXT)
		return st_report_flow_text(flow);
	if (report->format != ST_REPORT_JSON)
		return nothing();
	json = st_report_flow_json(flow, report->options.generator);
	line = g_strconcat(json, "\n", NULL);
	free(json);
	return line;
}

char *st_report_end(struct st_report *report)
{
	if (report->format == ST_REPORT_DOT)
		return report_graph_text(report->graph);
	if (report->format == ST_REPORT_HTML)
		return report_page_text(report->page);
	return nothing();
}
