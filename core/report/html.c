/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All traces in one page that needs nothing else: the page's own parts (html/) and,
 * between them, the JSON reports of the traces as data. What the page shows of
 * them is its script's business, and nothing of them is ever taken for markup.
 */
#include <stdlib.h>

#include <glib.h>

#include "report/formats.h"
#include "report/html/page_parts.h"
#include "report/members.h"

/* A browser takes some seconds for as many; a report of more wants a database. */
#define PAGE_TRACES_MAX 10000
/* Of reports: browsers hold several times as much in memory. */
#define PAGE_BYTES_MAX ((size_t)256 << 20)

struct report_page {
	const struct st_report_options *options;
	GString *traces; /* their reports, with commas between them */
	size_t trace_count;
	uint64_t left_out; /* traces beyond the bounds */
};

struct report_page *report_page_new(const struct st_report_options *options)
{
	struct report_page *page = g_new0(struct report_page, 1);

	page->options = options;
	page->traces = g_string_new(NULL);
	return page;
}

void report_page_free(struct report_page *page)
{
	if (!page)
		return;
	g_string_free(page->traces, TRUE);
	g_free(page);
}

/* In JSON "<" occurs in strings only; written so, none of them can end the script element. */
static void append_escaped(GString *out, const char *json)
{
	for (; *json; json++) {
		if (*json == '<')
			g_string_append(out, "\\u003c");
		else
			g_string_append_c(out, *json);
	}
}

void report_page_add(struct report_page *page, const struct st_trace *trace)
{
	char *json;

	if (page->trace_count == PAGE_TRACES_MAX || page->traces->len >= PAGE_BYTES_MAX) {
		page->left_out++;
		return;
	}
	json = report_dump(report_json_trace(trace, page->options));
	if (page->trace_count++ > 0)
		g_string_append(page->traces, ",\n");
	append_escaped(page->traces, json);
	free(json);
}

char *report_page_text(const struct report_page *page)
{
	json_t *about = json_object();
	GString *out = g_string_new((const char *)page_head);
	char *json;

	report_put(about, "generator", report_text_value(page->options->generator));
	report_put(about, "left_out", json_integer((json_int_t)page->left_out));
	json = report_dump(about);
	g_string_append(out, "{\"about\":");
	append_escaped(out, json);
	free(json);
	g_string_append(out, ",\"traces\":[\n");
	g_string_append_len(out, page->traces->str, (gssize)page->traces->len);
	g_string_append(out, "\n]}");
	g_string_append(out, (const char *)page_tail);
	return g_string_free(out, FALSE); /* GLib's memory is malloc's since 2.46 */
}
