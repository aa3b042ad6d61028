/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Defaults and bounds of the configuration, and which flows it selects. */
#include "tracer/internal.h"

/*
 * One millisecond between probes is a tenth of a percent of a slow access link,
 * and lets a concurrent trace of ten hops leave in 30 ms.
 */
#define INTER_PROBE_DEFAULT_NS ST_NS_PER_MS
#define INTER_ITERATION_DEFAULT_NS ST_NS_PER_MS
/* What connection tracking gives a UDP flow before it has seen much of it. */
#define FLOW_TIMEOUT_DEFAULT_NS (30 * ST_NS_PER_S)

void st_config_init(struct st_config *config)
{
	*config = (struct st_config){
		.active = true,
		.algorithm = ST_ALGORITHM_CONCURRENT,
		.tcp_probe = ST_TCP_PROBE_STALE,
		.probes_per_hop = 3,
		.first_ttl = 1,
		.max_ttl = 32,
		.inter_probe_ns = INTER_PROBE_DEFAULT_NS,
		.inter_iteration_ns = INTER_ITERATION_DEFAULT_NS,
		.wait_ns = 2 * ST_NS_PER_S,
		.flow_timeout_ns = FLOW_TIMEOUT_DEFAULT_NS,
		.max_missing = ST_MAX_MISSING_DEFAULT,
		.max_flows = 1024,
		.max_known_flows = ST_FLOWS_KNOWN_DEFAULT,
		.rate_pps = 1000,
	};
}

static const char *check_distances(const struct st_config *config)
{
	if (config->first_ttl < 1)
		return "the first TTL must be at least 1";
	if (config->max_ttl < config->first_ttl)
		return "the maximum TTL must not be below the first";
	if (config->probes_per_hop < 1 || config->probes_per_hop > ST_PROBES_PER_HOP_MAX)
		return "probes per hop must be within 1 to 10";
	return NULL;
}

static const char *check_bounds(const struct st_config *config)
{
	if (config->wait_ns < 1 || config->wait_ns > ST_WAIT_MAX_NS)
		return "the wait for a reply must be above 0 and at most 60 s";
	if (config->inter_probe_ns > ST_WAIT_MAX_NS || config->inter_iteration_ns > ST_WAIT_MAX_NS)
		return "the time between probes must be at most 60 s";
	if (config->flow_timeout_ns < 1 || config->flow_timeout_ns > ST_PERIOD_MAX_NS)
		return "the flow timeout must be above 0 and at most a year";
	if (config->retrace_ns > ST_PERIOD_MAX_NS)
		return "the time to the next trace must be at most a year";
	if (config->max_flows < 1 || config->max_flows > ST_MAX_FLOWS_LIMIT)
		return "flows traced at once must be within 1 to 65536";
	if (config->max_known_flows < config->max_flows)
		return "flows known must be at least as many as flows traced at once";
	if (config->rate_pps < 1 || config->rate_pps > ST_RATE_LIMIT)
		return "the rate must be within 1 to 1000000 probes per second";
	return NULL;
}

static const char *check_shard(const struct st_config *config)
{
	if (config->shards > ST_SHARDS_MAX)
		return "there may be at most 65536 shards";
	if (config->shards > 0 && (config->shard < 1 || config->shard > config->shards))
		return "the shard must be within 1 to the number of shards";
	return NULL;
}

static bool has_services(const struct st_config *config)
{
	for (size_t i = 0; i < config->selection.service_count; i++) {
		const char *service = config->selection.services[i];

		if (!config->signatures || !st_signatures_find(config->signatures, service))
			return false;
	}
	return true;
}

const char *st_config_check(const struct st_config *config)
{
	const struct st_selection *selection = &config->selection;
	const char *why = check_distances(config);

	if (!why)
		why = check_bounds(config);
	if (!why)
		why = check_shard(config);
	if (why)
		return why;
	if (config->active && (config->algorithm < ST_ALGORITHM_CONCURRENT ||
			       config->algorithm > ST_ALGORITHM_PACKET_BY_PACKET))
		return "an algorithm must be chosen";
	if (config->tcp_probe > ST_TCP_PROBE_EXACT ||
	    config->udp_probe > ST_UDP_PROBE_SELF_DESTRUCT)
		return "there is no such kind of probe";
	if (!selection->all && !selection->host_count && !selection->flow_count &&
	    !selection->name_count && !selection->service_count)
		return "no flows are selected";
	if (!has_services(config))
		return "a service that is selected is not in the database";
	if (selection->ip_version != 0 && selection->ip_version != 4 && selection->ip_version != 6)
		return "the IP version must be 4 or 6";
	if (selection->protocol != 0 && selection->protocol != ST_PROTOCOL_TCP &&
	    selection->protocol != ST_PROTOCOL_UDP)
		return "the protocol must be TCP or UDP";
	return NULL;
}

static bool selects_end(const struct st_selection *selection, const struct st_addr *addr)
{
	for (size_t i = 0; i < selection->host_count; i++) {
		if (st_prefix_contains(&selection->hosts[i], addr))
			return true;
	}
	return false;
}

/* The peer is the far end; where nobody knows which that is, either will do. */
static bool selects_host(const struct st_selection *selection, const struct st_packet *packet,
			 enum st_direction direction)
{
	return (direction != ST_DIRECTION_OUT && selects_end(selection, &packet->source)) ||
	       (direction != ST_DIRECTION_IN && selects_end(selection, &packet->destination));
}

static bool selects_flow(const struct st_selection *selection, const struct st_packet *packet)
{
	struct st_tuple there = packet_tuple(packet);
	struct st_tuple back = st_tuple_reversed(&there);

	for (size_t i = 0; i < selection->flow_count; i++) {
		if (st_tuple_equal(&selection->flows[i], &there) ||
		    st_tuple_equal(&selection->flows[i], &back))
			return true;
	}
	return false;
}

static bool allows(const struct st_selection *selection, const struct st_packet *packet)
{
	if (selection->ip_version && selection->ip_version != packet->ip_version)
		return false;
	if (selection->protocol && selection->protocol != packet->protocol)
		return false;
	return !selection->port || selection->port == packet->source_port ||
	       selection->port == packet->destination_port;
}

enum interest config_interest(const struct st_config *config, const struct st_packet *packet,
			      enum st_direction direction)
{
	const struct st_selection *selection = &config->selection;

	if (!allows(selection, packet) || !shard_has(config, &packet->source, &packet->destination))
		return INTEREST_NONE;
	if (selection->all || selects_host(selection, packet, direction) ||
	    selects_flow(selection, packet))
		return INTEREST_SELECTED;
	return selection->name_count || selection->service_count ? INTEREST_NAME : INTEREST_NONE;
}
