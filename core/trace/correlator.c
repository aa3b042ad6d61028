/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace/correlator.h"

#include "base/container.h"
#include "flow/flow.h"

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

static bool is_same_packet(const struct probe *probe, const struct st_packet *packet,
			   const struct st_tuple *tuple)
{
	return probe->seq == packet->tcp.seq && probe->ttl == packet->ttl &&
	       (packet->ip_version == 6 || probe->ip_id == packet->ip_id) &&
	       packet->payload_wire == 0 && st_tuple_equal(probe->tuple, tuple);
}

struct probe *correlator_find_copy(const struct correlator *correlator,
				   const struct st_packet *packet, uint64_t since)
{
	struct st_tuple tuple = packet_tuple(packet);
	struct probe *probe = first_of_seq(correlator, packet->tcp.seq);

	for (; probe; probe = next_of_seq(probe)) {
		if (probe->now_ns >= since && is_same_packet(probe, packet, &tuple))
			return probe;
	}
	return NULL;
}

struct probe *correlator_find_sent(const struct correlator *correlator,
				   const struct st_packet *packet)
{
	struct st_tuple tuple = packet_tuple(packet);
	struct probe *probe = first_of_seq(correlator, packet->tcp.seq), *found = NULL;

	for (; probe; probe = next_of_seq(probe)) {
		if (!is_same_packet(probe, packet, &tuple))
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

static bool has_ip_id(const struct probe *probe, const struct st_quote *quote)
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
	uint8_t ip_id = has_ip_id(probe, quote) ? ST_MATCH_IPID : 0;

	if (st_tuple_equal(probe->tuple, tuple))
		return ST_MATCH_TUPLE | ip_id;
	if (probe->tuple->protocol != tuple->protocol ||
	    probe->tuple->source.version != quote->ip_version)
		return 0;
	if (is_same_peer(probe, quote))
		return ST_MATCH_PEER | ip_id;
	return ip_id;
}

/* The best candidates so far: several can look alike (`exact` without identification). */
struct choice {
	struct probe *probe; /* the awaited one, if there is one */
	uint8_t by;
	unsigned count;
	unsigned awaited;
};

static unsigned rank(uint8_t matched_by)
{
	return (matched_by & ST_MATCH_TUPLE ? 4U : 0) + (matched_by & ST_MATCH_IPID ? 2U : 0) +
	       (matched_by & ST_MATCH_PEER ? 1U : 0);
}

static void consider(struct choice *choice, struct probe *probe, uint8_t by)
{
	bool is_awaited = probe->state == PROBE_AWAITED;

	if (choice->probe && rank(by) < rank(choice->by))
		return;
	if (!choice->probe || rank(by) > rank(choice->by))
		*choice = (struct choice){.probe = probe, .by = by};
	if (is_awaited)
		choice->probe = probe;
	choice->count++;
	choice->awaited += is_awaited;
}

struct probe *correlator_find_quote(const struct correlator *correlator,
				    const struct st_quote *quote, uint8_t *matched_by)
{
	struct st_tuple tuple = quote_tuple(quote);
	struct choice choice = {0};

	if (!quote->has_seq)
		return NULL;
	for (struct probe *probe = first_of_seq(correlator, quote->seq); probe;
	     probe = next_of_seq(probe)) {
		uint8_t by = probe->seq == quote->seq ? agreement(probe, &tuple, quote) : 0;

		if (by)
			consider(&choice, probe, by);
	}
	/* Of several that are alike only the one awaited can be meant; else nothing tells. */
	if (choice.count > 1 && choice.awaited != 1)
		return NULL;
	*matched_by = choice.by | ST_MATCH_SEQ;
	return choice.probe;
}
