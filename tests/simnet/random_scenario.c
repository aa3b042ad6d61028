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

/* What a whole scenario has, so that its parts agree. */
struct mood {
	bool loses, jumps, quirky, doubles, changes;
	bool shortens; /* a hop lets TTL 0 go on, or has detours: one of them at most */
	bool translates;
};

static struct mood pick_mood(GRand *random)
{
	return (struct mood){
		.loses = chance(random, 0.3),
		.jumps = chance(random, 0.3),
		.quirky = chance(random, 0.3),
		.doubles = chance(random, 0.2),
		.changes = chance(random, 0.2),
		.translates = chance(random, 0.2),
	};
}

static void fill_link(GRand *random, struct sim_link *link, const struct mood *mood)
{
	link->delay_ns = pick(random, 0, 20000) * ST_NS_PER_US;
	if (mood->loses && chance(random, 0.3))
		link->loss = 0.1 * g_rand_double(random);
	if (mood->jumps && chance(random, 0.3))
		link->jitter_ns = pick(random, 1, 10000) * ST_NS_PER_US;
	if (mood->jumps && chance(random, 0.1)) {
		link->reorder = 0.2 * g_rand_double(random);
		link->reorder_ns = pick(random, 1, 20) * MS;
	}
	if (mood->doubles && chance(random, 0.3))
		link->duplicate = 0.2 * g_rand_double(random);
	if (mood->jumps && chance(random, 0.1)) {
		link->bandwidth_bps = pick(random, 10, 1000) * UINT64_C(1000000);
		link->queue = (struct sim_queue){pick(random, 10, 200), true};
	}
}

static void fill_quote(GRand *random, struct sim_hop *hop)
{
	if (chance(random, 0.5))
		hop->quote_bytes = chance(random, 0.2) ? pick(random, 0, 40) & ~3u : 8;
	if (chance(random, 0.2))
		hop->quoted_ttl = pick(random, 0, 6);
	if (chance(random, 0.2))
		hop->quoted_tos = pick(random, 0, 255);
	if (chance(random, 0.2))
		hop->quoted_ip_id = (enum sim_field)pick(random, FIELD_KEPT, FIELD_RANDOM);
	/* Another value could be the key of another probe, which no router knows. */
	if (chance(random, 0.1))
		hop->quoted_udp_checksum = FIELD_ZERO;
	if (chance(random, 0.1))
		hop->quoted_udp_length = FIELD_ZERO;
	if (chance(random, 0.2) && hop->quote_bytes >= 8)
		hop->mpls = (enum sim_mpls)pick(random, MPLS_NONE, MPLS_WITHOUT_LENGTH);
	hop->label = pick(random, 0, 0xfffff);
	if (hop->mpls != MPLS_NONE && chance(random, 0.2))
		hop->label_ttl = pick(random, 1, 255);
	if (hop->mpls != MPLS_NONE)
		hop->labels = chance(random, 0.5) ? pick(random, 1, SIM_LABELS_MAX) : 1;
}

static void fill_answers(GRand *random, struct sim_hop *hop)
{
	hop->silent = chance(random, 0.15);
	hop->answer_loss = chance(random, 0.2) ? g_rand_double(random) : 0;
	hop->reply_ttl = chance(random, 0.5) ? 255 : 64;
	if (chance(random, 0.15)) {
		hop->answer_rate = pick(random, 1, 50);
		hop->answer_burst = pick(random, 1, 10);
	}
	if (chance(random, 0.1)) {
		hop->answers_from[V4] =
			(struct st_addr){4, {192, 0, 2, (uint8_t)pick(random, 1, 9)}};
		hop->answers_from[V6] = (struct st_addr){
			6, {0x20, 1, 0xd, 0xb8, [15] = (uint8_t)pick(random, 1, 9)}};
	}
}

/* Estimates of the distance are the way back's: it may be longer by one, not more. */
static void fill_quirks(GRand *random, struct sim_hop *hop, struct mood *mood)
{
	if (hop->routers > 1 && chance(random, 0.5))
		hop->balance = BALANCE_PACKET;
	if (!mood->quirky || hop->nat != NAT_NONE)
		return;
	if (chance(random, 0.2))
		hop->decrement = pick(random, 0, 2);
	if (!mood->shortens && chance(random, 0.2)) {
		mood->shortens = true;
		hop->forwards_zero = hop->routers == 1 && hop->decrement == 1;
		hop->detour = hop->routers > 1 && hop->decrement < 2 ? 1 : 0;
	}
	if (chance(random, 0.05))
		hop->drop = (enum sim_drop)pick(random, DROP_NOTHING, DROP_OLD_SEGMENTS);
}

/* Of the IP header only: what changes in TCP could reach the application. */
static void fill_rewrite(GRand *random, struct sim_rewrite *rewrite)
{
	if (chance(random, 0.3))
		rewrite->dscp = pick(random, 0, 63);
	if (chance(random, 0.3))
		rewrite->ecn = pick(random, 0, 3);
	if (chance(random, 0.3))
		rewrite->flow_label = pick(random, 0, 0xfffff);
	rewrite->clears_df = chance(random, 0.3);
}

static void fill_hop(GRand *random, struct sim_hop *hop, struct mood *mood)
{
	fill_link(random, &hop->link, mood);
	if (mood->translates && chance(random, 0.2))
		hop->nat = (enum sim_nat)pick(random, NAT_NONE, NAT_BROKEN);
	if (hop->nat == NAT_NONE && chance(random, 0.3))
		hop->routers = pick(random, 2, 8);
	fill_answers(random, hop);
	fill_quote(random, hop);
	fill_quirks(random, hop, mood);
	if (mood->quirky && chance(random, 0.1))
		fill_rewrite(random, &hop->rewrite);
	if (mood->quirky && chance(random, 0.1))
		hop->answer_delay_ns = pick(random, 1, 200) * MS;
}

/* The path as it is from then on; every router is another one. */
static void fill_change(GRand *random, struct scenario *s, uint64_t at_ns)
{
	uint32_t number = pick(random, 1, (uint32_t)s->hop_count);
	struct sim_hop *hop = scenario_add_change(s, at_ns, number);

	if (!hop)
		return;
	hop->address[V4].bytes[2] = (uint8_t)s->change_count;
	hop->address[V6].bytes[13] = (uint8_t)s->change_count;
	hop->silent = chance(random, 0.2);
	hop->link.delay_ns = pick(random, 0, 20000) * ST_NS_PER_US;
}

static uint32_t udp_message(GRand *random, const struct sim_flow *flow)
{
	uint32_t bytes = pick(random, 3, 3000);

	return bytes % flow->segment_bytes < 3 ? bytes + 3 : bytes;
}

static void fill_udp(GRand *random, struct sim_flow *flow, bool translates)
{
	flow->protocol = ST_PROTOCOL_UDP;
	flow->quic = chance(random, 0.4);
	flow->checksums = chance(random, 0.9);
	flow->recverr = chance(random, 0.8)
				? RECVERR_NO
				: (enum sim_recverr)pick(random, RECVERR_YES, RECVERR_UNKNOWN);
	flow->segment_bytes = pick(random, 100, 1400);
	flow->request_bytes = udp_message(random, flow);
	flow->reply_bytes = udp_message(random, flow);
	flow->end = END_FIN;
	flow->lost_third_ack = false;
	flow->stalled = false;
	if (chance(random, 0.05))
		flow->remote_port = 53;
	/* Of two flows to a peer nothing tells whose an error is, where it is translated. */
	if (translates)
		flow->count = 1;
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

static void fill_flow(GRand *random, struct sim_flow *flow, uint32_t number, bool translates)
{
	flow->count = pick(random, 1, 6);
	flow->ip_version = chance(random, 0.5) ? 4 : 6;
	flow->server = translates || chance(random, 0.7) ? SIM_REMOTE : SIM_LOCAL;
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
	flow->ttl = chance(random, 0.3) ? 128 : 64;
	fill_sizes(random, flow);
	if (chance(random, 0.5))
		fill_udp(random, flow, translates);
}

static void fill_tracer(GRand *random, struct sim_tracer *tracer)
{
	tracer->algorithm = (enum st_algorithm)pick(random, ST_ALGORITHM_CONCURRENT,
						    ST_ALGORITHM_PACKET_BY_PACKET);
	tracer->tcp_probe = chance(random, 0.8) ? ST_TCP_PROBE_STALE : ST_TCP_PROBE_EXACT;
	if (chance(random, 0.2))
		tracer->udp_probe = (enum st_udp_probe)pick(random, ST_UDP_PROBE_AUTO,
							    ST_UDP_PROBE_SELF_DESTRUCT);
	tracer->flow_timeout_ns =
		chance(random, 0.3) ? pick(random, 500, 5000) * MS : tracer->flow_timeout_ns;
	/* Unanswered `exact` probes are not known for probes in a capture, nor where a trace ends.
	 */
	if (tracer->tcp_probe == ST_TCP_PROBE_STALE && chance(random, 0.3))
		tracer->retrace_ns = pick(random, 500, 5000) * MS;
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

static void keep_single(struct scenario *s)
{
	s->last_link.duplicate = 0;
	for (size_t i = 0; i < s->hop_count; i++)
		s->hops[i].link.duplicate = 0;
}

static void keep_ip_ids(struct scenario *s, enum sim_field instead)
{
	for (size_t i = 0; i < s->hop_count; i++)
		if (s->hops[i].quoted_ip_id != FIELD_KEPT)
			s->hops[i].quoted_ip_id = instead;
}

/*
 * Where identification alone tells probes apart, no router may give one
 * another's; and without it, an answer that comes twice would be taken for the
 * next one's.
 */
static void keep_tellable(GRand *random, struct scenario *s)
{
	bool v6_alike = s->tracer.tcp_probe == ST_TCP_PROBE_EXACT ||
			s->tracer.udp_probe == ST_UDP_PROBE_EMPTY;

	if (v6_alike || chance(random, 0.5)) {
		keep_single(s);
		keep_ip_ids(s, FIELD_ZERO);
	} else {
		keep_ip_ids(s, FIELD_KEPT);
	}
}

static void fill_path(GRand *random, struct scenario *s, struct mood *mood)
{
	uint32_t hops = pick(random, 0, 15);
	uint64_t at_ns = 0;

	for (uint32_t i = 0; i < hops; i++)
		fill_hop(random, scenario_add_hop(s), mood);
	fill_link(random, &s->last_link, mood);
	keep_tellable(random, s);
	for (uint32_t i = 0; mood->changes && hops > 0 && i < 3; i++)
		fill_change(random, s, at_ns += pick(random, 100, 2000) * MS);
}

struct scenario *random_scenario(uint32_t seed)
{
	GRand *random = g_rand_new_with_seed(seed);
	char *name = g_strdup_printf("random scenario %u", seed);
	struct scenario *scenario = scenario_new(name);
	static const char *const names[] = {"a", "b", "c"};
	struct mood mood = pick_mood(random);
	uint32_t flows = pick(random, 1, G_N_ELEMENTS(names));

	scenario->seed = seed;
	scenario->limit_ns = 120 * ST_NS_PER_S;
	fill_tracer(random, &scenario->tracer);
	fill_path(random, scenario, &mood);
	for (uint32_t i = 0; i < flows; i++)
		fill_flow(random, scenario_add_flow(scenario, names[i]), i, mood.translates);
	scenario->vlan = chance(random, 0.2);
	scenario->link = chance(random, 0.2) ? ST_LINK_RAW : ST_LINK_ETHERNET;
	scenario->capture_delay_ns = pick(random, 1, 500) * ST_NS_PER_US;
	/* Timeouts go by when frames are shown, in a replay by their stamps. */
	if (chance(random, 0.7) || scenario->tracer.flow_timeout_ns < scenario->tracer.wait_ns)
		scenario->capture_delay_ns = 0;
	scenario->expect.complete = false;
	g_rand_free(random);
	g_free(name);
	return scenario;
}
