/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace/correlator.h"

#include "base/container.h"

static uint64_t hash_seq(const struct correlator *correlator, uint32_t seq)
{
	return hash_mix(correlator->seed, seq);
}

static struct probe *first_of_seq(const struct correlator *correlator, uint32_t seq)
{
	struct hash_link *link = hash_table_find(&correlator->by_seq, hash_seq(correlator, seq));

	return link ? container_of(link, struct probe, link) : NULL;
}

static struct probe *next_of_seq(const struct probe *probe)
{
	struct hash_link *link = hash_table_next(&probe->link);

	return link ? container_of(link, struct probe, link) : NULL;
}

void correlator_add(struct correlator *correlator, struct probe *probe)
{
	hash_table_insert(&correlator->by_seq, &probe->link, hash_seq(correlator, probe->seq));
}

void correlator_remove(struct correlator *correlator, struct probe *probe)
{
	hash_table_remove(&correlator->by_seq, &probe->link);
}

struct probe *correlator_find_seq(const struct correlator *correlator, const struct st_tuple *tuple,
				  uint32_t seq, uint64_t since)
{
	struct probe *probe = first_of_seq(correlator, seq);

	for (; probe; probe = next_of_seq(probe)) {
		if (probe->seq == seq && probe->now_ns >= since &&
		    st_tuple_equal(probe->tuple, tuple))
			return probe;
	}
	return NULL;
}

static bool is_same_packet(const struct probe *probe, const struct st_packet *packet)
{
	const struct st_tuple *tuple = probe->tuple;

	return probe->seq == packet->tcp.seq && probe->ttl == packet->ttl &&
	       (packet->ip_version == 6 || probe->ip_id == packet->ip_id) &&
	       packet->payload_wire == 0 && tuple->source_port == packet->source_port &&
	       tuple->destination_port == packet->destination_port &&
	       st_addr_equal(&tuple->source, &packet->source) &&
	       st_addr_equal(&tuple->destination, &packet->destination);
}

struct probe *correlator_find_sent(const struct correlator *correlator,
				   const struct st_packet *packet)
{
	struct probe *probe = first_of_seq(correlator, packet->tcp.seq), *found = NULL;

	for (; probe; probe = next_of_seq(probe)) {
		if (!is_same_packet(probe, packet))
			continue;
		/* Probes of one flow can look alike (`exact` over IPv6): the latest it is. */
		if (!found || found->seen || (!probe->seen && probe->id > found->id))
			found = probe;
	}
	return found;
}

struct st_tuple quote_tuple(const struct st_quote *quote)
{
	return (struct st_tuple){
		.source = quote->source,
		.destination = quote->destination,
		.source_port = quote->source_port,
		.destination_port = quote->destination_port,
		.protocol = quote->protocol,
	};
}

bool probe_has_ip_id(const struct probe *probe, const struct st_quote *quote)
{
	return quote->ip_version == 4 && probe->ip_id == quote->ip_id;
}

static bool is_same_peer(const struct probe *probe, const struct st_quote *quote)
{
	return probe->tuple->destination_port == quote->destination_port &&
	       st_addr_equal(&probe->tuple->destination, &quote->destination);
}

/* What agrees besides the sequence number; 0 if that is too little. */
static uint8_t agreement(const struct probe *probe, const struct st_tuple *tuple,
			 const struct st_quote *quote)
{
	uint8_t ip_id = probe_has_ip_id(probe, quote) ? ST_MATCH_IPID : 0;

	if (st_tuple_equal(probe->tuple, tuple))
		return ST_MATCH_TUPLE | ip_id;
	if (probe->tuple->protocol != tuple->protocol ||
	    probe->tuple->source.version != quote->ip_version)
		return 0;
	if (is_same_peer(probe, quote))
		return ST_MATCH_PEER | ip_id;
	return ip_id;
}

static unsigned rank(const struct probe *probe, uint8_t matched_by)
{
	return (matched_by & ST_MATCH_TUPLE ? 8U : 0) + (matched_by & ST_MATCH_IPID ? 4U : 0) +
	       (matched_by & ST_MATCH_PEER ? 2U : 0) + (probe->state == PROBE_AWAITED ? 1U : 0);
}

/*
 * Several probes can share a sequence number (`exact`). The identification then
 * decides; where that does not help (IPv6), the latest one awaited.
 */
static bool is_better(const struct probe *probe, uint8_t matched_by, const struct probe *best,
		      uint8_t best_by)
{
	unsigned here = rank(probe, matched_by), there;

	if (!best)
		return true;
	there = rank(best, best_by);
	return here > there || (here == there && probe->id > best->id);
}

/*
 * Alike, and nothing tells which it is: over IPv4 the identification was
 * rewritten, or the probes are of different tracers. (One tracer's own that are
 * alike over IPv6 are sent one at a time.)
 */
static bool is_tie(const struct probe *probe, uint8_t matched_by, const struct probe *best,
		   uint8_t best_by)
{
	return matched_by == best_by &&
	       (probe->trace != best->trace || probe->tuple->source.version == 4);
}

struct probe *correlator_find_quote(const struct correlator *correlator,
				    const struct st_quote *quote, uint8_t *matched_by)
{
	struct st_tuple tuple = quote_tuple(quote);
	struct probe *best = NULL, *probe;
	bool is_ambiguous = false;

	if (!quote->has_seq)
		return NULL;
	for (probe = first_of_seq(correlator, quote->seq); probe; probe = next_of_seq(probe)) {
		uint8_t by = probe->seq == quote->seq ? agreement(probe, &tuple, quote) : 0;

		if (!by)
			continue;
		is_ambiguous = is_ambiguous || (best && is_tie(probe, by, best, *matched_by));
		if (is_better(probe, by, best, *matched_by)) {
			best = probe;
			*matched_by = by;
		}
	}
	if (best && is_ambiguous && !(*matched_by & ST_MATCH_IPID))
		return NULL;
	*matched_by |= ST_MATCH_SEQ;
	return best;
}
