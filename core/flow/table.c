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
	*table = (struct flow_table){.idle = G_QUEUE_INIT, .seed = seed};
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

struct flow *flow_table_add(struct flow_table *table, const struct st_packet *packet)
{
	struct flow *flow = flow_new(packet);
	struct st_tuple tuple = packet_tuple(packet);

	flow->id = ++table->last_id;
	hash_table_insert(&table->by_tuple, &flow->link, hash_tuple(table->seed, &tuple));
	g_queue_push_tail_link(&table->idle, &flow->idle_link);
	return flow;
}

void flow_table_touch(struct flow_table *table, struct flow *flow)
{
	g_queue_unlink(&table->idle, &flow->idle_link);
	g_queue_push_tail_link(&table->idle, &flow->idle_link);
}

struct flow *flow_table_oldest(const struct flow_table *table)
{
	return table->idle.head ? table->idle.head->data : NULL;
}

void flow_table_remove(struct flow_table *table, struct flow *flow)
{
	hash_table_remove(&table->by_tuple, &flow->link);
	g_queue_unlink(&table->idle, &flow->idle_link);
	flow_free(flow);
}

void flow_table_clear(struct flow_table *table)
{
	while (table->idle.head)
		flow_table_remove(table, table->idle.head->data);
	hash_table_free(&table->by_tuple);
}
