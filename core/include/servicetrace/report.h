/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces as text for people (traceroute's format), as JSON Lines (described by
 * docs/report.schema.json), in the formats of other tools (docs/output.md), and
 * the comparison of two reports.
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

enum st_report_format {
	ST_REPORT_TEXT = 0, /* traceroute's format */
	ST_REPORT_JSON,	    /* JSON Lines, one object a trace */
	ST_REPORT_SCAMPER,  /* scamper's JSON Lines, one "trace" object a trace */
	ST_REPORT_ATLAS,    /* RIPE Atlas traceroute results, JSON Lines, one a trace */
	ST_REPORT_ORIGINAL, /* the original Service Traceroute's {"Info":...,"Data":...}, one a line
			     */
	ST_REPORT_CSV,	    /* one row a reply, or a probe without one */
	ST_REPORT_DOT,	    /* one graph of all paths, for Graphviz */
	ST_REPORT_HTML,	    /* one page with everything in it */
};

/* "text", "json", "scamper", "atlas", "service-traceroute", "csv", "dot", "html". */
ST_API const char *st_report_format_text(enum st_report_format format);

/* ST_INVALID_ARGUMENT: there is no such format. */
ST_API enum st_status st_report_format_parse(const char *text, enum st_report_format *format);

/* What is known of a router's address; NULL and 0: not known. */
struct st_router {
	const char *name; /* by reverse DNS */
	uint32_t asn;	  /* its autonomous system's number */
	const char *as_name;
	const char *country; /* two letters */
};

/* Fills in `router`, whose texts must live until the next call; false: nothing is known of `addr`.
 */
typedef bool (*st_router_lookup)(void *user, const struct st_addr *addr, struct st_router *router);

struct st_report_options {
	const char *generator;	 /* the program's name and version */
	st_router_lookup lookup; /* NULL: nothing is known of routers */
	void *user;		 /* lookup's */
};

/* A report in the making: a beginning, traces and flows, an end. */
struct st_report;

/* Copies `options`, but not what they point to. */
ST_API struct st_report *st_report_new(enum st_report_format format,
				       const struct st_report_options *options);
ST_API void st_report_free(struct st_report *report);

/*
 * What is to be written now, each to be freed with free(); "" if nothing is. begin
 * once before the others (CSV's head), end once at the end: formats of one document
 * for all (DOT, HTML) keep their traces until then. Flows are part of TEXT and JSON
 * alone. What comes from the wire is escaped as the format needs it.
 */
ST_API char *st_report_begin(struct st_report *report);
ST_API char *st_report_trace(struct st_report *report, const struct st_trace *trace);
ST_API char *st_report_flow(struct st_report *report, const struct st_flow *flow);
ST_API char *st_report_end(struct st_report *report);

/* The names that reports use; NULL for ST_ALGORITHM_UNKNOWN and ST_STOP_NONE. */
ST_API const char *st_algorithm_text(enum st_algorithm algorithm);
ST_API const char *st_stop_reason_text(enum st_stop_reason reason);

/* "in-flow", "classic". */
ST_API const char *st_trace_kind_text(enum st_trace_kind kind);

/* "tuple", "seq" ...: the names of what agreed, a set of enum st_match; NULL at the end. */
#define ST_MATCH_NAMES_MAX 9
ST_API void st_match_names(uint8_t matched_by, const char *names[ST_MATCH_NAMES_MAX]);

/* "dscp", "ipid" ...: the same for a set of enum st_altered. */
#define ST_ALTERED_NAMES_MAX 14
ST_API void st_altered_names(uint16_t altered, const char *names[ST_ALTERED_NAMES_MAX]);

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
