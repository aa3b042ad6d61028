/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All flows known, by their 5-tuple in either direction, and in the order in
 * which they were idle. Bounded: the owner makes room before it adds a flow.
 */
#ifndef ST_FLOW_TABLE_H
#define ST_FLOW_TABLE_H

#include "flow/flow.h"

struct flow_table {
	struct hash_table by_tuple;
	GQueue idle[2]; /* not wanted and wanted ones, longest idle first */
	uint64_t seed;
	uint64_t last_id;
};

void flow_table_init(struct flow_table *table, uint64_t seed);

/* Frees all flows; what the tracer hung on them must be gone. */
void flow_table_clear(struct flow_table *table);

/* The flow between these two ends, in either direction, or NULL. */
struct flow *flow_table_find(const struct flow_table *table, const struct st_tuple *tuple);

/* Makes and owns a new flow, not wanted yet; there must be none with these ends. */
struct flow *flow_table_add(struct flow_table *table, const struct st_packet *packet);

/* The flow is not idle now. */
void flow_table_touch(struct flow_table *table, struct flow *flow);

/*
 * The flow is, or is no longer, wanted. The first time gives it its id: to sessions, too,
 * which are not in the table.
 */
void flow_table_want(struct flow_table *table, struct flow *flow, bool is_wanted);

size_t flow_table_count(const struct flow_table *table);

/* The flow idle longest, one that is not wanted before all others, or NULL. */
struct flow *flow_table_oldest(const struct flow_table *table);

/* Adds all flows to `flows`, in no order. */
void flow_table_list(const struct flow_table *table, GPtrArray *flows);

void flow_table_remove(struct flow_table *table, struct flow *flow);

#endif
