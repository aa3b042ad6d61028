/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which probe goes out next, and when: the paper's three algorithms as a plain
 * state machine. A train is the probes of one TTL. Knows no packets, no replies
 * beyond "how many are awaited".
 */
#ifndef ST_TRACE_SCHEDULE_H
#define ST_TRACE_SCHEDULE_H

#include <servicetrace/config.h>

struct schedule {
	enum st_algorithm algorithm;
	uint64_t inter_probe_ns;
	uint64_t inter_iteration_ns;
	uint64_t earliest_ns; /* the next probe leaves no earlier */
	uint64_t slow_ns;     /* least gap before probes of slow_from_ttl and above */
	unsigned slow_from_ttl;
	unsigned ttl; /* of the next probe; above last_ttl: none is left */
	unsigned last_ttl;
	uint16_t index; /* of the next probe in its train, from 1 */
	uint16_t per_hop;
	bool one_by_one; /* whatever the algorithm: none leaves while a reply is awaited */
};

void schedule_init(struct schedule *schedule, const struct st_config *config, uint64_t now);

bool schedule_is_complete(const struct schedule *schedule);

/*
 * When the next probe may leave, while `awaited` probes have no answer yet;
 * ST_NEVER: not before that changes, or all are sent.
 */
uint64_t schedule_due(const struct schedule *schedule, unsigned awaited);

/* The probe (ttl, index) has left. */
void schedule_advance(struct schedule *schedule, uint64_t now);

/* No probe of the TTL that is next. */
void schedule_skip_train(struct schedule *schedule);

/* No probes with a TTL above this one. */
void schedule_cut(struct schedule *schedule, unsigned last_ttl);

/* No probes any more. */
void schedule_stop(struct schedule *schedule);

#endif
