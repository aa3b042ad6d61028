/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The formats of reports, one file each; writer.c chooses. What is returned as
 * text is to be freed with free().
 */
#ifndef ST_REPORT_FORMATS_H
#define ST_REPORT_FORMATS_H

#include <jansson.h>

#include <servicetrace/report.h>

char *report_text_trace(const struct st_trace *trace, const struct st_report_options *options);

/* One object each, the caller's. */
json_t *report_json_trace(const struct st_trace *trace, const struct st_report_options *options);
json_t *report_scamper_trace(const struct st_trace *trace, const struct st_report_options *options);
json_t *report_atlas_trace(const struct st_trace *trace, const struct st_report_options *options);
json_t *report_original_trace(const struct st_trace *trace,
			      const struct st_report_options *options);

char *report_csv_head(void);
char *report_csv_trace(const struct st_trace *trace, const struct st_report_options *options);

/* Of one document: what is in a trace is taken over, the trace is not kept. */
struct report_graph;
struct report_graph *report_graph_new(const struct st_report_options *options);
void report_graph_free(struct report_graph *graph);
void report_graph_add(struct report_graph *graph, const struct st_trace *trace);
char *report_graph_text(const struct report_graph *graph);

struct report_page;
struct report_page *report_page_new(const struct st_report_options *options);
void report_page_free(struct report_page *page);
void report_page_add(struct report_page *page, const struct st_trace *trace);
char *report_page_text(const struct report_page *page);

#endif
