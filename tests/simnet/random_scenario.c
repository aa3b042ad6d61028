/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every choice comes from one random stream, in a fixed order. Ranges are wide
 * where a bound of the tracer may lie, and small where only run time would grow.
 */
#include "random_scenario.h"

#define MS ST_NS_PER_MS

static uint32_t pick(GRand *random, uint32_t from, uint32_t to)
{
	return (uint32_t)g_rand_int_range(random, (gint32)from, (gint32)to + 1);
}

static bool chance(GRand *random, double probability)
{
	return g_rand_double(random) < probability;
}

static void fill_hop(GRand *random, struct sim_hop *hop, bool loses)
{
	hop->link.delay_ns = pick(random, 0, 20000) * ST_NS_PER_US;
	hop->silent = chance(random, 0.15);
	hop->routers = chance(random, 0.3) ? pick(random, 2, 8) : 1;
	hop->answer_loss = chance(random, 0.2) ? g_rand_double(random) : 0;
	hop->link.loss = loses && chance(random, 0.3) ? 0.1 * g_rand_double(random) : 0;
	if (chance(random, 0.5))
		hop->quote_bytes = chance(random, 0.2) ? pick(random, 0, 40) : 8;
	if (chance(random, 0.2))
		hop->quoted_ttl = pick(random, 0, 6);
	if (chance(random, 0.2))
		hop->quoted_tos = pick(random, 0, 255);
	if (chance(random, 0.2))
		hop->quoted_ip_id = (enum sim_field)pick(random, FIELD_KEPT, FIELD_RANDOM);
	hop->reply_ttl = chance(random, 0.5) ? 255 : 64;
	if (chance(random, 0.2) && hop->quote_bytes >= 8)
		hop->mpls = (enum sim_mpls)pick(random, MPLS_NONE, MPLS_WITHOUT_LENGTH);
	hop->label = pick(random, 0, 0xfffff);
}

static void fill_sizes(GRand *random, struct sim_flow *flow)
{
	flow->request_bytes = chance(random, 0.2) ? 0 : pick(random, 1, 5000);
	flow->reply_bytes =
		chance(random, 0.2) ? pick(random, 20000, 200000) : pick(random, 1, 5000);
	flow->segment_bytes =
		chance(random, 0.3) ? pick(random, 1500, 60000) : pick(random, 500, 1448);
	flow->window_scale = pick(random, 0, 9);
	flow->local_window = pick(random, 5000, 65535) << pick(random, 0, flow->window_scale);
	flow->remote_window = pick(random, 5000, 65535) << pick(random, 0, flow->window_scale);
	flow->stalled = chance(random, 0.1);
}

static void fill_flow(GRand *random, struct sim_flow *flow, uint32_t number)
{
	flow->count = pick(random, 1, 6);
	flow->ip_version = chance(random, 0.5) ? 4 : 6;
	flow->server = chance(random, 0.7) ? SIM_REMOTE : SIM_LOCAL;
	flow->local_port = 10000 + number * 1000;
	flow->remote_port = 20000 + number * 1000;
	flow->start_ns = pick(random, 0, 500) * MS;
	flow->spacing_ns = pick(random, 0, 100) * MS;
	flow->first_message_ns = pick(random, 0, 300) * MS;
	flow->interval_ns = pick(random, 1, 1000) * MS;
	flow->lifetime_ns = pick(random, 100, 6000) * MS;
	flow->sack = chance(random, 0.7);
	flow->timestamps = chance(random, 0.7);
	flow->local_isn = chance(random, 0.3) ? 0xfffffff0 : g_rand_int(random);
	flow->remote_isn = chance(random, 0.3) ? 0xfffffff0 : g_rand_int(random);
	flow->end = (enum sim_end)pick(random, END_FIN, END_SILENT);
	flow->end_by = chance(random, 0.5) ? SIM_LOCAL : SIM_REMOTE;
	flow->seen_after_ns = chance(random, 0.2) ? pick(random, 1, 1000) * MS : 0;
	flow->lost_third_ack = flow->server == SIM_REMOTE && chance(random, 0.1);
	flow->tos = chance(random, 0.3) ? pick(random, 0, 255) : 0;
	flow->flow_label = pick(random, 0, 0xfffff);
	fill_sizes(random, flow);
}

static void fill_tracer(GRand *random, struct sim_tracer *tracer)
{
	tracer->algorithm = (enum st_algorithm)pick(random, ST_ALGORITHM_CONCURRENT,
						    ST_ALGORITHM_PACKET_BY_PACKET);
	tracer->tcp_probe = chance(random, 0.8) ? ST_TCP_PROBE_STALE : ST_TCP_PROBE_EXACT;
	tracer->probes = pick(random, 1, ST_PROBES_PER_HOP_MAX);
	tracer->first_ttl = chance(random, 0.8) ? 1 : pick(random, 2, 5);
	tracer->max_ttl = tracer->first_ttl + pick(random, 0, 30);
	tracer->max_missing = chance(random, 0.5) ? ST_MAX_MISSING_DEFAULT : pick(random, 0, 5);
	tracer->inter_probe_ns = pick(random, 0, 5) * MS;
	tracer->inter_iteration_ns = pick(random, 0, 5) * MS;
	tracer->wait_ns = pick(random, 400, 3000) * MS;
	tracer->max_flows = pick(random, 1, 20);
	tracer->rate = chance(random, 0.3) ? pick(random, 20, 200) : pick(random, 200, 100000);
	tracer->ip_version = chance(random, 0.2) ? (chance(random, 0.5) ? 4 : 6) : 0;
}

/* Identification alone tells `exact` probes apart: no router may give one another's. */
static void keep_tellable(struct scenario *scenario)
{
	for (size_t i = 0; i < scenario->hop_count; i++)
		if (scenario->hops[i].quoted_ip_id != FIELD_KEPT)
			scenario->hops[i].quoted_ip_id = FIELD_ZERO;
}

struct scenario *random_scenario(uint32_t seed)
{
	GRand *random = g_rand_new_with_seed(seed);
	char *name = g_strdup_printf("random scenario %u", seed);
	struct scenario *scenario = scenario_new(name);
	bool loses = chance(random, 0.3);
	uint32_t hops = pick(random, 0, 15);
	uint32_t flows = pick(random, 1, 3);

	scenario->seed = seed;
	scenario->limit_ns = 120 * ST_NS_PER_S;
	for (uint32_t i = 0; i < hops; i++)
		fill_hop(random, scenario_add_hop(scenario), loses);
	for (uint32_t i = 0; i < flows; i++)
		fill_flow(random, scenario_add_flow(scenario, "random"), i);
	scenario->last_link.delay_ns = pick(random, 0, 20000) * ST_NS_PER_US;
	scenario->vlan = chance(random, 0.2);
	scenario->link = chance(random, 0.2) ? ST_LINK_RAW : ST_LINK_ETHERNET;
	scenario->capture_delay_ns = pick(random, 1, 500) * ST_NS_PER_US;
	if (chance(random, 0.7))
		scenario->capture_delay_ns = 0;
	scenario->expect.complete = false;
	fill_tracer(random, &scenario->tracer);
	if (scenario->tracer.tcp_probe == ST_TCP_PROBE_EXACT)
		keep_tellable(scenario);
	g_rand_free(random);
	g_free(name);
	return scenario;
}
