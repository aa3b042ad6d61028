/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a trace's probes may go and how fast, so that the destination is
 * never met by a burst, and an application that might take a probe for data
 * not at all; and the second attempt where a middlebox drops the first kind.
 */
#ifndef ST_TRACE_REACH_H
#define ST_TRACE_REACH_H

#include "trace/trace.h"

/* Sets up the schedule of a new trace by the rules of its kind. */
void reach_begin(struct trace *trace, uint64_t now);

/* Sets from which distance on probes are spaced, and how far; again when a reply shows more. */
void reach_space_probes(struct trace *trace);

/* Before a probe is sent: stops the schedule behind a silent hop where the rule says so. */
void reach_check(struct trace *trace);

/*
 * All is sent and resolved. True if there is reason to try the distances that
 * stayed silent again with probes of another kind: the schedule then has them.
 */
bool reach_try_again(struct trace *trace, uint64_t now);

/* Why a trace that has sent everything it may is over. */
enum st_stop_reason reach_end(const struct trace *trace);

/* True if the second attempt has been answered. */
bool reach_found_more(const struct trace *trace);

/* The highest TTL that has answered; 0: none. */
unsigned reach_answered(const struct trace *trace);

#endif
