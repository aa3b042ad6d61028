/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces kept beyond the event that brought them, and compared with each other.
 */
#ifndef SIMNET_OUTCOME_H
#define SIMNET_OUTCOME_H

#include <glib.h>
#include <servicetrace/trace.h>

struct outcome {
	struct st_trace trace; /* a deep copy */
	uint64_t reported_ns;  /* when its event was polled, simulated time */
	uint64_t arrivals;     /* packets from the network that the tracer had been shown by then */
	char *json;	       /* as st_report_json writes it */
};

struct outcome *outcome_new(const struct st_trace *trace, uint64_t reported_ns, uint64_t arrivals);
void outcome_free(struct outcome *outcome);

/*
 * What a replay must tell as the live run did: the flow, every hop with its
 * replies and RTTs, and the counts. `live` and `replayed` hold struct outcome;
 * traces that sent no probe are passed over, and with `answered_only` those
 * without a reply: an unanswered `exact` probe looks like any other ACK.
 */
void outcomes_compare(const GPtrArray *live, const GPtrArray *replayed, bool answered_only,
		      GPtrArray *findings);

#endif
