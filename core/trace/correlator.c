/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace/correlator.h"

#include "base/container.h"
#include "flow/flow.h"
#include "trace/trace.h"

/* Probes that share a key or identification and are looked at for one quote: the latest. */
#define ALIKE_MAX 4096

/* Zero is what many systems send who use no identification: it would name everything. */
static bool has_ip_id(const struct probe *probe)
{
	return probe->tuple.source.version == 4 && probe->ip_id != 0;
}

static uint64_t hash_key(const struct correlator *correlator, uint32_t key)
{
	return hash_mix(correlator->seed, key);
}

/*
 * Sequence numbers are many. Other keys (lengths and checksums, echo numbers) are
 * few and the same in all flows: they are told apart by the peer, without which no
 * quote of theirs is believed.
 */
static uint64_t hash_of(const struct correlator *correlator, const struct st_tuple *tuple,
			uint32_t key)
{
	uint64_t hash = hash_key(correlator, key);

	if (tuple->protocol == ST_PROTOCOL_TCP)
		return hash;
	return hash_mix(hash_addr(hash, &tuple->destination), tuple->destination_port);
}

static struct probe *by_key(struct hash_link *link)
{
	return link ? container_of(link, struct probe, key_link) : NULL;
}

static struct probe *by_ip_id(struct hash_link *link)
{
	return link ? container_of(link, struct probe, ip_id_link) : NULL;
}

static struct probe *first_of_key(const struct correlator *correlator, const struct st_tuple *tuple,
				  uint32_t key)
{
	return by_key(hash_table_find(&correlator->by_key, hash_of(correlator, tuple, key)));
}

static struct probe *next_of_key(const struct probe *probe)
{
	return by_key(hash_table_next(&probe->key_link));
}

static struct probe *first_of_ip_id(const struct correlator *correlator, uint16_t ip_id)
{
	return by_ip_id(hash_table_find(&correlator->by_ip_id, hash_key(correlator, ip_id)));
}

static struct probe *next_of_ip_id(const struct probe *probe)
{
	return by_ip_id(hash_table_next(&probe->ip_id_link));
}

void correlator_add(struct correlator *correlator, struct probe *probe)
{
	hash_table_insert(&correlator->by_key, &probe->key_link,
			  hash_of(correlator, &probe->tuple, probe->key));
	if (has_ip_id(probe))
		hash_table_insert(&correlator->by_ip_id, &probe->ip_id_link,
				  hash_key(correlator, probe->ip_id));
}

void correlator_remove(struct correlator *correlator, struct probe *probe)
{
	hash_table_remove(&correlator->by_key, &probe->key_link);
	if (has_ip_id(probe))
		hash_table_remove(&correlator->by_ip_id, &probe->ip_id_link);
}

void correlator_free(struct correlator *correlator)
{
	hash_table_free(&correlator->by_key);
	hash_table_free(&correlator->by_ip_id);
}

static bool is_recent(const struct probe *probe, const struct st_tuple *tuple, uint64_t since)
{
	return probe->now_ns >= since && st_tuple_equal(&probe->tuple, tuple);
}

bool correlator_has_key(const struct correlator *correlator, const struct st_tuple *tuple,
			uint32_t key, uint64_t since)
{
	const struct probe *probe = first_of_key(correlator, tuple, key);

	for (; probe; probe = next_of_key(probe)) {
		if (probe->key == key && is_recent(probe, tuple, since))
			return true;
	}
	return false;
}

bool correlator_has_ip_id(const struct correlator *correlator, const struct st_tuple *tuple,
			  uint16_t ip_id, uint64_t since)
{
	const struct probe *probe = first_of_ip_id(correlator, ip_id);

	for (; probe; probe = next_of_ip_id(probe)) {
		if (probe->ip_id == ip_id && is_recent(probe, tuple, since))
			return true;
	}
	return false;
}

/* Other keys tell the length or something like it; a TCP probe is empty. */
static bool is_same_packet(const struct probe *probe, const struct st_packet *packet,
			   const struct st_tuple *tuple)
{
	return probe->key == packet->key &&
	       (packet->ip_version == 6 || probe->ip_id == packet->ip_id) &&
	       (packet->protocol != ST_PROTOCOL_TCP || packet->payload_wire == 0) &&
	       st_tuple_equal(&probe->tuple, tuple);
}

struct probe *correlator_find_copy(const struct correlator *correlator,
				   const struct st_packet *packet, uint64_t since)
{
	struct st_tuple tuple = packet_tuple(packet);
	struct probe *probe = first_of_key(correlator, &tuple, packet->key);

	for (; probe; probe = next_of_key(probe)) {
		/* Or it was seen behind a router as well. */
		if (probe->now_ns >= since && is_same_packet(probe, packet, &tuple) &&
		    (probe->ttl == packet->ttl || probe->ttl == packet->ttl + 1))
			return probe;
	}
	return NULL;
}

struct probe *correlator_find_sent(const struct correlator *correlator,
				   const struct st_packet *packet)
{
	struct st_tuple tuple = packet_tuple(packet);
	struct probe *probe = first_of_key(correlator, &tuple, packet->key), *found = NULL;

	for (; probe; probe = next_of_key(probe)) {
		if (probe->ttl != packet->ttl || !is_same_packet(probe, packet, &tuple))
			continue;
		/* Probes of one flow can look alike (`exact` over IPv6): the latest it is. */
		if (!found || found->seen || (!probe->seen && probe->id > found->id))
			found = probe;
	}
	return found;
}

/* What is given up is not marked so at once: nobody may have had reason to look. */
static bool is_awaited(const struct correlator *correlator, const struct probe *probe, uint64_t now)
{
	uint64_t wait_ns = MIN(correlator->wait_ns, trace_usual_wait(probe->trace));

	return probe->state == PROBE_AWAITED && probe->now_ns + wait_ns > now;
}

static void choose(const struct correlator *correlator, const struct match_wanted *wanted,
		   struct probe *probe, struct match_choice *choice)
{
	match_consider(choice, probe, match_probe(probe, wanted),
		       is_awaited(correlator, probe, wanted->now));
}

static void choose_by_key(const struct correlator *correlator, const struct match_wanted *wanted,
			  struct match_choice *choice)
{
	uint32_t key = wanted->quote->key;
	struct probe *probe = first_of_key(correlator, &wanted->tuple, key);

	for (int looked = 0; probe && looked < ALIKE_MAX; looked++, probe = next_of_key(probe)) {
		if (probe->key == key)
			choose(correlator, wanted, probe, choice);
	}
}

static void choose_by_ip_id(const struct correlator *correlator, const struct match_wanted *wanted,
			    struct match_choice *choice)
{
	uint16_t ip_id = wanted->quote->ip_id;
	struct probe *probe = first_of_ip_id(correlator, ip_id);

	for (int looked = 0; probe && looked < ALIKE_MAX; looked++, probe = next_of_ip_id(probe)) {
		if (probe->ip_id == ip_id)
			choose(correlator, wanted, probe, choice);
	}
}

struct probe *correlator_find_quote(const struct correlator *correlator,
				    const struct st_quote *quote, uint64_t now, uint8_t *matched_by)
{
	struct match_wanted wanted = match_make(quote, now, false);
	struct match_choice choice = {0};

	*matched_by = 0;
	if (!match_is_possible(quote))
		return NULL;
	if (quote->has_key)
		choose_by_key(correlator, &wanted, &choice);
	if (!choice.probe && quote->ip_version == 4)
		choose_by_ip_id(correlator, &wanted, &choice);
	return match_chosen(&choice, matched_by);
}
