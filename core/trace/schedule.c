/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace/schedule.h"

void schedule_init(struct schedule *schedule, const struct st_config *config, uint64_t now)
{
	*schedule = (struct schedule){
		.algorithm = config->algorithm,
		.inter_probe_ns = config->inter_probe_ns,
		.inter_iteration_ns = config->inter_iteration_ns,
		.earliest_ns = now,
		.slow_from_ttl = UINT8_MAX + 1,
		.ttl = config->first_ttl,
		.last_ttl = config->max_ttl,
		.index = 1,
		.per_hop = config->probes_per_hop,
	};
}

bool schedule_is_complete(const struct schedule *schedule)
{
	return schedule->ttl > schedule->last_ttl;
}

static bool must_wait(const struct schedule *schedule, unsigned awaited)
{
	if (schedule->one_by_one && awaited > 0)
		return true;
	switch (schedule->algorithm) {
	case ST_ALGORITHM_HOP_BY_HOP:
		return awaited > 0 && schedule->index == 1;
	case ST_ALGORITHM_PACKET_BY_PACKET:
		return awaited > 0;
	case ST_ALGORITHM_CONCURRENT:
	case ST_ALGORITHM_UNKNOWN:
		return false;
	}
	return false;
}

uint64_t schedule_due(const struct schedule *schedule, unsigned awaited)
{
	if (schedule_is_complete(schedule) || must_wait(schedule, awaited))
		return ST_NEVER;
	return schedule->earliest_ns;
}

void schedule_advance(struct schedule *schedule, uint64_t now)
{
	uint64_t gap = schedule->inter_probe_ns;

	if (++schedule->index > schedule->per_hop) {
		schedule->index = 1;
		schedule->ttl++;
		gap = schedule->inter_iteration_ns;
	}
	if (schedule->ttl >= schedule->slow_from_ttl && gap < schedule->slow_ns)
		gap = schedule->slow_ns;
	schedule->earliest_ns = now + gap;
}

void schedule_skip_train(struct schedule *schedule)
{
	schedule->index = 1;
	schedule->ttl++;
}

void schedule_cut(struct schedule *schedule, unsigned last_ttl)
{
	if (last_ttl < schedule->last_ttl)
		schedule->last_ttl = last_ttl;
}

void schedule_stop(struct schedule *schedule)
{
	schedule->ttl = schedule->last_ttl + 1;
}
