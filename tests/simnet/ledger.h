/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the simulation knows of one trace's probes, and what a report must say
 * of each of them. truth.c goes through whole traces with it.
 */
#ifndef SIMNET_LEDGER_H
#define SIMNET_LEDGER_H

#include "simnet.h"

/* The answers to each probe of a run. */
struct fates;

struct fates *fates_new(const struct simnet *simnet);
void fates_free(struct fates *fates);

struct ledger {
	const struct simnet *simnet;
	const struct fates *fates;
	const struct outcome *outcome;
	const GArray *places; /* size_t: this trace's probes, in their order */
	char *name;
	GPtrArray *findings;
};

/* The trace's `i`th probe. */
const struct sent_probe *ledger_probe(const struct ledger *ledger, size_t i);

/* The answers to the trace's `i`th probe that are in its report; to be freed by the caller. */
GPtrArray *ledger_answers(const struct ledger *ledger, size_t i);

/*
 * Compares what is reported of the trace's `i`th probe with what became of it.
 * Returns how many replies are reported, the last of which came in at *last_ns.
 */
uint16_t ledger_check_replies(const struct ledger *ledger, size_t i, uint64_t *last_ns);

const struct st_hop *find_hop(const struct st_trace *trace, uint8_t ttl);

#endif
