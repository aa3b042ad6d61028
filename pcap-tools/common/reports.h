/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The report on standard output, from its beginning to its end, in the format
 * that was asked for. Traces whose routers' names are still being asked for are
 * held back for a bounded time; what comes behind them waits, too.
 */
#ifndef ST_TOOLS_REPORTS_H
#define ST_TOOLS_REPORTS_H

#include <glib.h>

#include <servicetrace/report.h>

#include "options.h"

struct reports;

/* Begins the report. What is borrowed must outlive it; `generator` is the program and its version.
 */
struct reports *reports_new(const struct options *options, const char *generator);

/* What is held back is not printed any more. NULL is allowed. */
void reports_free(struct reports *reports);

/* This address has replied: asks for its name, so that it is known when the trace ends. */
void reports_hear(struct reports *reports, const struct st_addr *router);

void reports_trace(struct reports *reports, const struct st_trace *trace);
void reports_flow(struct reports *reports, const struct st_flow *flow);

/* Prints what need not wait any longer; costs little while nothing waits. */
void reports_settle(struct reports *reports);

/* When reports_settle() is to be called at the latest, by CLOCK_MONOTONIC; ST_NEVER: no need to. */
uint64_t reports_due(const struct reports *reports);

/* A descriptor; whenever it can be read from, reports_take_names() is to be called. -1: never. */
int reports_fd(const struct reports *reports);
void reports_take_names(struct reports *reports);

/* Waits, a bounded time, for the names that are missing, and ends the report. */
void reports_end(struct reports *reports);

/* Why standard output took no more, once, to be freed; from then on nothing is printed. NULL: it
 * did. */
GError *reports_take_error(struct reports *reports);

#endif
