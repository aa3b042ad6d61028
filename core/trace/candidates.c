/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace/candidates.h"

#include "base/container.h"
#include "flow/flow.h"
#include "packet/decode.h"
#include "trace/trace.h"

/* Behind a router it can have waited a little; probes go up the ladder, not down. */
#define FORWARDED_NS (20 * ST_NS_PER_MS)
/* A host does not send so many packets within COPY_NS that a copy hides among them. */
#define COPIES_LOOKED_AT 64
/* Of those with one identification: hosts count it up, so the latest few are meant. */
#define SAME_IP_ID_MAX 64
#define IP_IDS (UINT16_MAX + 1)
/*
 * Packets are remembered by a fingerprint of what copies share, so many to a bucket, which
 * fits a line of the processor's cache; the latest stay. There is room for twice as many as
 * there are candidates.
 */
#define SIGHTINGS 4
#define SIGHTING_BUCKETS 32768

struct sighting {
	uint64_t fingerprint;
	uint64_t serial; /* 0: none */
};

struct candidates {
	struct hash_table pairs;
	struct candidate **ring; /* by serial; all that were ever made */
	size_t ring_size;	 /* a power of two */
	uint64_t last_serial;
	uint64_t *by_ip_id; /* serial of the latest with this identification; 0: none */
	struct sighting (*sightings)[SIGHTINGS];
	uint64_t seed;
	uint64_t wait_ns;
};

#define RING_AT_FIRST 256

struct candidates *candidates_new(uint64_t seed, uint64_t wait_ns)
{
	struct candidates *candidates = g_new0(struct candidates, 1);

	candidates->seed = seed;
	candidates->wait_ns = wait_ns;
	candidates->by_ip_id = g_new0(uint64_t, IP_IDS);
	candidates->sightings = g_malloc0_n(SIGHTING_BUCKETS, sizeof(*candidates->sightings));
	candidates->ring_size = RING_AT_FIRST;
	candidates->ring = g_new0(struct candidate *, RING_AT_FIRST);
	return candidates;
}

static uint16_t echo_id_of(const struct st_tuple *tuple)
{
	return protocol_is_icmp(tuple->protocol) ? tuple->source_port : 0;
}

static uint64_t hash_of(const struct candidates *candidates, const struct st_tuple *tuple)
{
	uint64_t hash = hash_addr(candidates->seed, &tuple->source);

	hash = hash_addr(hash, &tuple->destination);
	return hash_mix(hash, (uint64_t)tuple->protocol << 16 | echo_id_of(tuple));
}

static bool is_of_pair(const struct pair *pair, const struct st_tuple *tuple)
{
	return pair->protocol == tuple->protocol && pair->echo_id == echo_id_of(tuple) &&
	       st_addr_equal(&pair->source, &tuple->source) &&
	       st_addr_equal(&pair->destination, &tuple->destination);
}

struct pair *candidates_pair(const struct candidates *candidates, const struct st_tuple *tuple)
{
	struct hash_link *link = hash_table_find(&candidates->pairs, hash_of(candidates, tuple));

	for (; link; link = hash_table_next(link)) {
		struct pair *pair = container_of(link, struct pair, link);

		if (is_of_pair(pair, tuple))
			return pair;
	}
	return NULL;
}

struct pair *candidates_make_pair(struct candidates *candidates, const struct st_tuple *tuple)
{
	struct pair *pair = candidates_pair(candidates, tuple);

	if (pair)
		return pair;
	pair = g_new0(struct pair, 1);
	pair->source = tuple->source;
	pair->destination = tuple->destination;
	pair->protocol = tuple->protocol;
	pair->echo_id = echo_id_of(tuple);
	hash_table_insert(&candidates->pairs, &pair->link, hash_of(candidates, tuple));
	return pair;
}

void candidates_release(struct candidates *candidates, struct pair *pair)
{
	if (pair->sessions || pair->recent.length)
		return;
	hash_table_remove(&candidates->pairs, &pair->link);
	g_free(pair);
}

/* The candidate of this serial, NULL if it has left the ring. */
static struct candidate *by_serial(const struct candidates *candidates, uint64_t serial)
{
	struct candidate *candidate = candidates->ring[serial & (candidates->ring_size - 1)];

	return serial && candidate && candidate->serial == serial ? candidate : NULL;
}

static struct pair *leave_pair(struct candidate *candidate)
{
	struct pair *pair = candidate->pair;

	if (candidate->made)
		candidate->made->candidate = NULL;
	candidate->made = NULL;
	g_clear_pointer(&candidate->answer, g_free);
	candidate->pair = NULL;
	if (pair)
		g_queue_unlink(&pair->recent, &candidate->link);
	return pair;
}

static void leave(struct candidates *candidates, struct candidate *candidate)
{
	struct pair *pair = leave_pair(candidate);

	if (pair)
		candidates_release(candidates, pair);
}

void candidates_free(struct candidates *candidates)
{
	if (!candidates)
		return;
	for (size_t i = 0; i < candidates->ring_size; i++) {
		if (candidates->ring[i])
			leave(candidates, candidates->ring[i]);
		g_free(candidates->ring[i]);
	}
	hash_table_free(&candidates->pairs);
	g_free(candidates->ring);
	g_free(candidates->by_ip_id);
	g_free(candidates->sightings);
	g_free(candidates);
}

static void grow(struct candidates *candidates)
{
	size_t size = 2 * candidates->ring_size;
	struct candidate **ring = g_new0(struct candidate *, size);

	for (size_t i = 0; i < candidates->ring_size; i++) {
		struct candidate *candidate = candidates->ring[i];

		if (candidate)
			ring[candidate->serial & (size - 1)] = candidate;
	}
	g_free(candidates->ring);
	candidates->ring = ring;
	candidates->ring_size = size;
}

/* The oldest leaves, of all and of its pair, but `pair` stays for the newest. */
static void make_room(struct candidates *candidates, struct candidate *oldest, struct pair *pair)
{
	struct pair *left = oldest ? leave_pair(oldest) : NULL;

	if (left && left != pair)
		candidates_release(candidates, left);
	if (pair->recent.length >= CANDIDATES_PER_PAIR)
		leave_pair(pair->recent.head->data);
}

/* A candidate of the pair to be filled in: the oldest one's memory if there are enough. */
static struct candidate *take_place(struct candidates *candidates, struct pair *pair)
{
	uint64_t serial = candidates->last_serial + 1;
	struct candidate **place;

	if (serial >= candidates->ring_size && candidates->ring_size < CANDIDATES_MAX)
		grow(candidates);
	place = &candidates->ring[serial & (candidates->ring_size - 1)];
	make_room(candidates, *place, pair);
	if (!*place)
		*place = g_new(struct candidate, 1);
	candidates->last_serial = serial;
	**place = (struct candidate){.serial = serial, .pair = pair};
	(*place)->link.data = *place;
	return *place;
}

static bool has_ip_id(const struct st_packet *packet)
{
	return packet->ip_version == 4 && packet->ip_id != 0;
}

/* Seen again as it was, or one hop farther. */
static bool is_same(const struct candidate *candidate, const struct st_packet *packet,
		    const struct st_tuple *tuple)
{
	const struct probe *probe = &candidate->probe;

	return probe->key == packet->key &&
	       (probe->ttl == packet->ttl || probe->ttl == packet->ttl + 1) &&
	       (packet->ip_version == 6 || probe->ip_id == packet->ip_id) &&
	       st_tuple_equal(&probe->tuple, tuple);
}

/* The same for a packet and its copies, and hardly for others. */
static uint64_t fingerprint_of(const struct candidates *candidates, const struct st_packet *packet,
			       const struct st_tuple *tuple)
{
	uint64_t ports = (uint64_t)tuple->source_port << 16 | tuple->destination_port;

	return hash_mix(hash_mix(hash_of(candidates, tuple), ports),
			(uint64_t)packet->ip_id << 32 | packet->key);
}

static struct sighting *bucket_of(const struct candidates *candidates, uint64_t fingerprint)
{
	return candidates->sightings[fingerprint % SIGHTING_BUCKETS];
}

static void note_sighting(const struct candidates *candidates, uint64_t fingerprint,
			  uint64_t serial)
{
	struct sighting *bucket = bucket_of(candidates, fingerprint), *oldest = bucket;

	for (int i = 1; i < SIGHTINGS; i++)
		oldest = bucket[i].serial < oldest->serial ? &bucket[i] : oldest;
	*oldest = (struct sighting){fingerprint, serial};
}

/* With an identification; a packet that comes again much later is another one. */
static struct candidate *copied_before(const struct candidates *candidates, uint64_t fingerprint,
				       const struct st_packet *packet, const struct st_tuple *tuple,
				       uint64_t now)
{
	const struct sighting *bucket = bucket_of(candidates, fingerprint);

	for (int i = 0; i < SIGHTINGS; i++) {
		struct candidate *candidate = bucket[i].fingerprint == fingerprint
						      ? by_serial(candidates, bucket[i].serial)
						      : NULL;

		if (candidate && candidate->probe.now_ns + candidates->wait_ns >= now &&
		    is_same(candidate, packet, tuple))
			return candidate;
	}
	return NULL;
}

/* Copies of a packet do not wait for its reply. */
static bool is_answered(const struct candidate *candidate)
{
	return candidate->answer || (candidate->made && candidate->made->state == PROBE_ANSWERED);
}

static struct candidate *copied_of_late(const struct pair *pair, const struct st_packet *packet,
					const struct st_tuple *tuple, uint64_t now)
{
	const GList *link = pair->recent.tail;

	for (int looked = 0; link && looked < COPIES_LOOKED_AT; looked++, link = link->prev) {
		struct candidate *candidate = link->data;
		bool is_forwarded = candidate->probe.ttl == packet->ttl + 1;

		if (candidate->probe.now_ns + FORWARDED_NS < now)
			return NULL;
		if (candidate->probe.now_ns + (is_forwarded ? FORWARDED_NS : COPY_NS) >= now &&
		    is_same(candidate, packet, tuple) && !is_answered(candidate))
			return candidate;
	}
	return NULL;
}

struct candidate *candidates_add(struct candidates *candidates, const struct st_packet *packet,
				 const struct st_frame *frame, uint64_t now,
				 struct probe **original)
{
	struct st_tuple tuple = packet_tuple(packet);
	struct pair *pair = candidates_make_pair(candidates, &tuple);
	bool has_id = has_ip_id(packet);
	uint64_t fingerprint = has_id ? fingerprint_of(candidates, packet, &tuple) : 0;
	struct candidate *candidate =
		has_id ? copied_before(candidates, fingerprint, packet, &tuple, now)
		       : copied_of_late(pair, packet, &tuple, now);

	if (candidate) {
		*original = candidate->made ? candidate->made : &candidate->probe;
		return NULL;
	}
	candidate = take_place(candidates, pair);
	candidate->probe = probe_of_packet(packet, frame, now);
	g_queue_push_tail_link(&pair->recent, &candidate->link);
	if (has_id) {
		candidate->older_ip_id = candidates->by_ip_id[packet->ip_id];
		candidates->by_ip_id[packet->ip_id] = candidate->serial;
		note_sighting(candidates, fingerprint, candidate->serial);
	}
	return candidate;
}

static bool is_awaited(const struct candidates *candidates, const struct candidate *candidate,
		       uint64_t now)
{
	const struct probe *probe = candidate->made ? candidate->made : &candidate->probe;

	return probe->state == PROBE_AWAITED && probe->now_ns + candidates->wait_ns > now;
}

static void choose(const struct candidates *candidates, const struct match_wanted *wanted,
		   struct candidate *candidate, struct match_choice *choice)
{
	match_consider(choice, &candidate->probe, match_probe(&candidate->probe, wanted),
		       is_awaited(candidates, candidate, wanted->now));
}

static void choose_of_pair(const struct candidates *candidates, const struct match_wanted *wanted,
			   struct match_choice *choice)
{
	const struct pair *pair = candidates_pair(candidates, &wanted->tuple);

	for (GList *link = pair ? pair->recent.tail : NULL; link; link = link->prev)
		choose(candidates, wanted, link->data, choice);
}

/* For quotes in which an address has been translated. */
static void choose_by_ip_id(const struct candidates *candidates, const struct match_wanted *wanted,
			    struct match_choice *choice)
{
	struct candidate *candidate =
		by_serial(candidates, candidates->by_ip_id[wanted->quote->ip_id]);

	for (int looked = 0; candidate && looked < SAME_IP_ID_MAX; looked++) {
		choose(candidates, wanted, candidate, choice);
		candidate = by_serial(candidates, candidate->older_ip_id);
	}
}

struct candidate *candidates_find(const struct candidates *candidates, const struct st_quote *quote,
				  uint64_t now, uint8_t *matched_by)
{
	struct match_wanted wanted = match_make(quote, now, true);
	struct match_choice choice = {0};
	struct probe *probe;

	*matched_by = 0;
	if (!match_is_possible(quote))
		return NULL;
	choose_of_pair(candidates, &wanted, &choice);
	if (!choice.probe && quote_has_ip_id(quote))
		choose_by_ip_id(candidates, &wanted, &choice);
	probe = match_chosen(&choice, matched_by);
	return probe ? container_of(probe, struct candidate, probe) : NULL;
}
