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
	unsigned ceiling;      /* then: rules_ceiling of its flow */
	uint64_t arrivals;     /* packets from the network that the tracer had been shown by then */
	char *json;	       /* as st_report_json writes it */
};

struct outcome *outcome_new(const struct st_trace *trace);
void outcome_free(struct outcome *outcome);

/* What a replay need not tell as the live run did: a set of bits. */
enum allowance {
	/* `exact`: an unanswered one looks like any other ACK, so only answered traces count. */
	ALLOW_UNANSWERED = 1 << 0,
	/* Retraces: a capture may not show where one ends and the next begins; sums count. */
	ALLOW_MERGED = 1 << 1,
	/* Doubles: answers that came after the trace was reported are in the capture too. */
	ALLOW_LATER = 1 << 2,
	/* Probes that look alike: which replies can be told apart hangs on the moment. */
	ALLOW_ALIKE = 1 << 3,
};

/*
 * What a replay must tell as the live run did: the flow, every hop with its
 * replies and RTTs, and the counts. `live` and `replayed` hold struct outcome;
 * traces that sent no probe are passed over.
 */
void outcomes_compare(const GPtrArray *live, const GPtrArray *replayed, unsigned allowed,
		      GPtrArray *findings);

#endif
