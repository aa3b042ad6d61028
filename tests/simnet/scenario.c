/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scenario as such: defaults, checks and the tracer's configuration. Reading
 * files is scenario_file.c's business.
 */
#include "scenario.h"

#include <arpa/inet.h>
#include <string.h>

#define MS ST_NS_PER_MS
#define UDP_MESSAGE_MIN 3
#define UDP_DATAGRAM_MAX 1452 /* IPv6 on Ethernet */
#define ANSWER_BURST 6	      /* as Linux: XRLIM_BURST_FACTOR */

static const struct sim_link default_link = {
	.delay_ns = 1 * MS,
	.queue = {QUEUE_PACKETS, true},
	.reorder_ns = 5 * MS,
};

static struct st_addr address(int family, const char *text)
{
	struct st_addr addr = {.version = family == AF_INET ? 4 : 6};

	g_assert_cmpint(inet_pton(family, text, addr.bytes), ==, 1);
	return addr;
}

static struct sim_tracer tracer_defaults(void)
{
	struct st_config config;

	st_config_init(&config);
	return (struct sim_tracer){
		.algorithm = config.algorithm,
		.tcp_probe = config.tcp_probe,
		.udp_probe = config.udp_probe,
		.flow_timeout_ns = config.flow_timeout_ns,
		.retrace_ns = config.retrace_ns,
		.probes = config.probes_per_hop,
		.first_ttl = config.first_ttl,
		.max_ttl = config.max_ttl,
		.max_missing = config.max_missing,
		.inter_probe_ns = config.inter_probe_ns,
		.inter_iteration_ns = config.inter_iteration_ns,
		.wait_ns = config.wait_ns,
		.max_flows = config.max_flows,
		.max_known_flows = config.max_known_flows,
		.rate = config.rate_pps,
	};
}

struct scenario *scenario_new(const char *name)
{
	struct scenario *scenario = g_new0(struct scenario, 1);

	scenario->name = g_strdup(name);
	scenario->seed = 1;
	scenario->limit_ns = 600 * ST_NS_PER_S;
	scenario->host[V4] = address(AF_INET, "10.0.0.2");
	scenario->host[V6] = address(AF_INET6, "fd00::2");
	scenario->destination[V4] = address(AF_INET, "10.99.0.2");
	scenario->destination[V6] = address(AF_INET6, "fd00:99::2");
	scenario->last_link = default_link;
	scenario->link = ST_LINK_ETHERNET;
	scenario->snap_bytes = 262144;
	scenario->tracer = tracer_defaults();
	scenario->expect = (struct sim_expect){AS_SENT, AS_SENT,  AS_SENT, ST_STOP_NONE,
					       true,	NOTE_ANY, "",	   ""};
	return scenario;
}

void scenario_free(struct scenario *scenario)
{
	if (!scenario)
		return;
	for (size_t i = 0; i < scenario->flow_count; i++)
		g_free(scenario->flows[i].name);
	g_free(scenario->name);
	g_free(scenario);
}

/* Hop n is 10.n.0.1 and fd00:n::1 unless the scenario says otherwise. */
struct sim_hop *scenario_add_hop(struct scenario *scenario)
{
	size_t ttl = scenario->hop_count + 1;
	struct sim_hop *hop = &scenario->hops[scenario->hop_count];

	if (scenario->hop_count == SIM_HOPS_MAX)
		return NULL;
	scenario->hop_count++;
	*hop = (struct sim_hop){
		.address[V4] = {4, {10, (uint8_t)ttl, 0, 1}},
		.address[V6] = {6, {0xfd, 0, 0, (uint8_t)ttl, [15] = 1}},
		.routers = 1,
		.link = default_link,
		.quote_bytes = QUOTE_ALL,
		.quoted_ttl = AS_SENT,
		.quoted_tos = AS_SENT,
		.reply_ttl = 64,
		.label = 16000,
		.labels = 1,
		.label_ttl = 1,
		.decrement = 1,
		.decrement_back = AS_SENT,
		.rewrite = {.dscp = AS_SENT,
			    .ecn = AS_SENT,
			    .flow_label = AS_SENT,
			    .window = AS_SENT},
		.answer_burst = ANSWER_BURST,
	};
	return hop;
}

static const struct sim_hop *hop_before_change(const struct scenario *scenario, uint32_t hop)
{
	for (size_t i = scenario->change_count; i-- > 0;)
		if (scenario->changes[i].hop == hop)
			return &scenario->changes[i].after;
	return &scenario->hops[hop - 1];
}

struct sim_hop *scenario_add_change(struct scenario *scenario, uint64_t at_ns, uint32_t hop)
{
	struct sim_change *change = &scenario->changes[scenario->change_count];

	if (scenario->change_count == SIM_CHANGES_MAX || hop < 1 || hop > scenario->hop_count)
		return NULL;
	*change = (struct sim_change){at_ns, hop, *hop_before_change(scenario, hop)};
	scenario->change_count++;
	return &change->after;
}

struct sim_flow *scenario_add_flow(struct scenario *scenario, const char *name)
{
	struct sim_flow *flow = &scenario->flows[scenario->flow_count];

	if (scenario->flow_count == SIM_FLOWS_MAX)
		return NULL;
	scenario->flow_count++;
	*flow = (struct sim_flow){
		.name = g_strdup(name),
		.protocol = ST_PROTOCOL_TCP,
		.checksums = true,
		.count = 1,
		.ip_version = 4,
		.server = SIM_REMOTE,
		.local_port = 40000,
		.remote_port = 443,
		.spacing_ns = 10 * MS,
		.first_message_ns = 0,
		.interval_ns = 200 * MS,
		.lifetime_ns = 5 * ST_NS_PER_S,
		.request_bytes = 200,
		.reply_bytes = 3000,
		.segment_bytes = 1400,
		.sack = true,
		.timestamps = true,
		.local_isn = 1000000,
		.remote_isn = 2000000000,
		.local_window = 64 * 1024,
		.remote_window = 64 * 1024,
		.window_scale = 7,
		.end_by = SIM_LOCAL,
		.flow_label = 0x12345,
		.ttl = 64,
	};
	return flow;
}

void scenario_config(const struct scenario *scenario, struct st_config *config)
{
	const struct sim_tracer *t = &scenario->tracer;

	st_config_init(config);
	config->active = true;
	config->selection.all = t->host_count == 0;
	config->selection.hosts = t->hosts;
	config->selection.host_count = t->host_count;
	config->selection.port = (uint16_t)t->port;
	config->selection.ip_version = (uint8_t)t->ip_version;
	config->selection.protocol = (uint8_t)t->protocol;
	config->algorithm = t->algorithm;
	config->tcp_probe = t->tcp_probe;
	config->udp_probe = t->udp_probe;
	config->flow_timeout_ns = t->flow_timeout_ns;
	config->retrace_ns = t->retrace_ns;
	config->probes_per_hop = (uint16_t)t->probes;
	config->first_ttl = (uint8_t)t->first_ttl;
	config->max_ttl = (uint8_t)t->max_ttl;
	config->inter_probe_ns = t->inter_probe_ns;
	config->inter_iteration_ns = t->inter_iteration_ns;
	config->wait_ns = t->wait_ns;
	config->max_missing = (uint16_t)t->max_missing;
	config->borders = t->borders;
	config->border_count = t->border_count;
	config->max_flows = t->max_flows;
	config->max_known_flows = t->max_known_flows;
	config->rate_pps = t->rate;
	config->max_traces = t->max_traces;
	config->seed = scenario->seed;
}

static bool leaves_scrap(uint32_t bytes, const struct sim_flow *flow)
{
	uint32_t last = bytes % flow->segment_bytes;

	return last > 0 && last < UDP_MESSAGE_MIN;
}

/* A datagram of two bytes looks like a probe; fragments do not exist here. */
static const char *check_udp_flow(const struct sim_flow *flow)
{
	if (flow->segment_bytes > UDP_DATAGRAM_MAX || flow->segment_bytes < UDP_MESSAGE_MIN)
		return "a UDP flow's segment-bytes must fit into a packet";
	if (flow->request_bytes == 0 || flow->reply_bytes == 0 ||
	    leaves_scrap(flow->request_bytes, flow) || leaves_scrap(flow->reply_bytes, flow))
		return "a UDP flow's messages and their last datagrams need three bytes or more";
	if (flow->end != END_FIN || flow->stalled || flow->lost_third_ack)
		return "end, stalled and lost-third-ack are of TCP flows";
	return NULL;
}

static const char *check_tcp_flow(const struct sim_flow *flow)
{
	if (flow->quic || !flow->checksums)
		return "a flow's quic and checksums need protocol = udp";
	if (flow->window_scale == 0 && MAX(flow->local_window, flow->remote_window) > UINT16_MAX)
		return "a flow's window needs window-scale";
	if (flow->lost_third_ack && flow->server != SIM_REMOTE)
		return "a flow's lost-third-ack needs the server on the remote side";
	return NULL;
}

static const char *check_flow(const struct sim_flow *flow)
{
	if (flow->protocol == 0)
		return "a flow's protocol is tcp or udp";
	if (flow->ip_version != 4 && flow->ip_version != 6)
		return "a flow's ip is neither 4 nor 6";
	if (flow->count - 1 + (flow->server == SIM_REMOTE ? flow->local_port : flow->remote_port) >
	    UINT16_MAX)
		return "a flow's count leaves no ports for its clients";
	return flow->protocol == ST_PROTOCOL_UDP ? check_udp_flow(flow) : check_tcp_flow(flow);
}

static const char *check_link(const struct sim_link *link)
{
	bool own_queue = !link->queue.in_packets || link->queue.limit != QUEUE_PACKETS;

	if (link->bandwidth_bps == 0 && own_queue)
		return "a link's queue needs bandwidth";
	if (link->reorder > 0 && link->reorder_ns == 0)
		return "a link's reorder needs reorder-delay";
	return NULL;
}

static const char *check_hop(const struct sim_hop *hop)
{
	/* Before an extension the quote is padded with zeros; they would stand for what is missing.
	 */
	if (hop->mpls != MPLS_NONE &&
	    (hop->quote_bytes < 8 || (hop->quote_bytes > 12 && hop->quote_bytes < 16)))
		return "a hop's mpls needs quote-bytes of 8 to 12, or 16 and more: padding would "
		       "look like a quote";
	if (hop->mpls == MPLS_NONE && hop->labels > 1)
		return "a hop's labels need mpls";
	if (hop->answer_rate == 0 && hop->answer_burst != ANSWER_BURST)
		return "a hop's answer-burst needs answer-rate";
	if (hop->routers == 1 && (hop->balance != BALANCE_FLOW || hop->detour > 0))
		return "a hop's balance and detour need routers";
	if (hop->mpls == MPLS_NONE && hop->label_ttl != 1)
		return "a hop's label-ttl needs mpls";
	if (hop->nat != NAT_NONE && (hop->routers > 1 || hop->decrement != 1))
		return "a hop's nat goes with one router that decrements by one";
	return check_link(&hop->link);
}

const char *scenario_check_path(const struct scenario *s)
{
	const char *why = check_link(&s->last_link);

	for (size_t i = 0; !why && i < s->hop_count; i++)
		why = s->hops[i].loops_to > i + 1 ? "a hop's loops-to leads back"
						  : check_hop(&s->hops[i]);
	for (size_t i = 0; !why && i < s->change_count; i++) {
		const struct sim_change *change = &s->changes[i];

		why = check_hop(&change->after);
		if (i > 0 && change->at_ns < s->changes[i - 1].at_ns)
			why = "changes must stand in the order of their times";
		if (change->after.nat != s->hops[change->hop - 1].nat)
			why = "a change cannot begin or end a nat";
	}
	return why;
}

static bool translates(const struct scenario *s)
{
	bool translates = false;

	for (size_t i = 0; i < s->hop_count; i++)
		translates |= s->hops[i].nat != NAT_NONE;
	return translates;
}

static const char *check_flows(const struct scenario *s)
{
	const char *why = s->flow_count == 0 ? "there is no flow" : NULL;

	for (size_t i = 0; !why && i < s->flow_count; i++) {
		why = check_flow(&s->flows[i]);
		if (s->flows[i].server == SIM_LOCAL && translates(s))
			why = "behind a hop's nat nobody can be a server";
	}
	return why;
}

const char *scenario_check(const struct scenario *scenario)
{
	const char *why = scenario_check_path(scenario);
	struct st_config config;

	if (!why)
		why = check_flows(scenario);
	if (why)
		return why;
	scenario_config(scenario, &config);
	return st_config_check(&config);
}
