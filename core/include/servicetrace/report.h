/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as text for people (traceroute's format) or as one line of JSON
 * (described by docs/report.schema.json), and the comparison of two reports.
 */
#ifndef SERVICETRACE_REPORT_H
#define SERVICETRACE_REPORT_H

#include <servicetrace/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * The trace as a JSON object on one line, without the line's end. `generator`
 * is the program's name and version. The caller frees it with free().
 */
ST_API char *st_report_json(const struct st_trace *trace, const char *generator);

/* The trace in traceroute's format, several lines, each ended. The caller frees it with free(). */
ST_API char *st_report_text(const struct st_trace *trace);

/* The same for a flow: one JSON object of type "flow", or one line of text. */
ST_API char *st_report_flow_json(const struct st_flow *flow, const char *generator);
ST_API char *st_report_flow_text(const struct st_flow *flow);

/* The names that reports use; NULL for ST_ALGORITHM_UNKNOWN and ST_STOP_NONE. */
ST_API const char *st_algorithm_text(enum st_algorithm algorithm);
ST_API const char *st_stop_reason_text(enum st_stop_reason reason);

/* Version of the library, "0.1.0". */
ST_API const char *st_version(void);

/* Saved reports against new ones: the traces of `st-replay --expect`. */
struct st_expect;

/*
 * Reads saved reports, JSON Lines of `bytes` bytes; objects of other types than
 * "trace" are passed over. NULL: not such a file, *why says what is wrong with
 * which line (to be freed with free()).
 */
ST_API struct st_expect *st_expect_new(const char *text, size_t bytes, char **why);
ST_API void st_expect_free(struct st_expect *expect);

/* Takes note of a new trace that `generator` (as for st_report_json) made. */
ST_API void st_expect_add(struct st_expect *expect, const struct st_trace *trace,
			  const char *generator);

/*
 * Compares what was added with what was saved, trace by trace (the same flow,
 * in the order of their start). Times of day, names of routers, numbering and
 * the generator do not count; RTTs may differ by a microsecond (the resolution
 * of plain pcap); a setting that a capture cannot tell (null algorithm,
 * probes_per_hop, first_ttl, max_ttl; stop reason end-of-capture) is not
 * compared. Notes, and stop reasons other than destination and border, count if
 * the same program made both reports.
 * Returns the differences, one line each, "" if there are none; freed with free().
 */
ST_API char *st_expect_differences(const struct st_expect *expect);

#ifdef __cplusplus
}
#endif

#endif
