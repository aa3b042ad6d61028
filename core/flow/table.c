/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/table.h"

#include "base/container.h"

static uint64_t hash_end(uint64_t hash, const struct st_addr *addr, uint16_t port)
{
	return hash_mix(hash_addr(hash, addr), port);
}

/* The sum makes both directions hash alike. */
static uint64_t hash_tuple(uint64_t seed, const struct st_tuple *tuple)
{
	return hash_end(seed, &tuple->source, tuple->source_port) +
	       hash_end(seed, &tuple->destination, tuple->destination_port) + tuple->protocol;
}

static bool is_end(const struct flow_end *end, const struct st_addr *addr, uint16_t port)
{
	return end->port == port && st_addr_equal(&end->addr, addr);
}

static bool is_between(const struct flow *flow, const struct st_tuple *tuple)
{
	const struct flow_end *a = &flow->ends[0], *b = &flow->ends[1];

	if (flow->protocol != tuple->protocol)
		return false;
	return (is_end(a, &tuple->source, tuple->source_port) &&
		is_end(b, &tuple->destination, tuple->destination_port)) ||
	       (is_end(b, &tuple->source, tuple->source_port) &&
		is_end(a, &tuple->destination, tuple->destination_port));
}

void flow_table_init(struct flow_table *table, uint64_t seed)
{
	*table = (struct flow_table){.idle = {G_QUEUE_INIT, G_QUEUE_INIT}, .seed = seed};
}

struct flow *flow_table_find(const struct flow_table *table, const struct st_tuple *tuple)
{
	struct hash_link *link = hash_table_find(&table->by_tuple, hash_tuple(table->seed, tuple));

	for (; link; link = hash_table_next(link)) {
		struct flow *flow = container_of(link, struct flow, link);

		if (is_between(flow, tuple))
			return flow;
	}
	return NULL;
}

static GQueue *idle_queue(struct flow_table *table, const struct flow *flow)
{
	return &table->idle[flow->is_wanted];
}

struct flow *flow_table_add(struct flow_table *table, const struct st_packet *packet)
{
	struct st_tuple tuple = packet_tuple(packet);
	struct flow *flow = flow_new(&tuple);

	hash_table_insert(&table->by_tuple, &flow->link, hash_tuple(table->seed, &tuple));
	g_queue_push_tail_link(idle_queue(table, flow), &flow->idle_link);
	return flow;
}

void flow_table_touch(struct flow_table *table, struct flow *flow)
{
	g_queue_unlink(idle_queue(table, flow), &flow->idle_link);
	g_queue_push_tail_link(idle_queue(table, flow), &flow->idle_link);
}

void flow_table_want(struct flow_table *table, struct flow *flow, bool is_wanted)
{
	if (flow->is_wanted == is_wanted)
		return;
	if (!flow->is_session)
		g_queue_unlink(idle_queue(table, flow), &flow->idle_link);
	flow->is_wanted = is_wanted;
	if (!flow->is_session)
		g_queue_push_tail_link(idle_queue(table, flow), &flow->idle_link);
	if (!flow->id)
		flow->id = ++table->last_id;
}

size_t flow_table_count(const struct flow_table *table)
{
	return table->by_tuple.count;
}

struct flow *flow_table_oldest(const struct flow_table *table)
{
	for (size_t i = 0; i < G_N_ELEMENTS(table->idle); i++) {
		if (table->idle[i].head)
			return table->idle[i].head->data;
	}
	return NULL;
}

void flow_table_list(const struct flow_table *table, GPtrArray *flows)
{
	for (size_t i = 0; i < G_N_ELEMENTS(table->idle); i++) {
		for (const GList *link = table->idle[i].head; link; link = link->next)
			g_ptr_array_add(flows, link->data);
	}
}

void flow_table_remove(struct flow_table *table, struct flow *flow)
{
	hash_table_remove(&table->by_tuple, &flow->link);
	g_queue_unlink(idle_queue(table, flow), &flow->idle_link);
	flow_free(flow);
}

void flow_table_clear(struct flow_table *table)
{
	struct flow *flow;

	while ((flow = flow_table_oldest(table)))
		flow_table_remove(table, flow);
	hash_table_free(&table->by_tuple);
}
