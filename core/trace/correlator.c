/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace/correlator.h"

#include "base/container.h"
#include "flow/flow.h"
#include "packet/decode.h"

uint32_t udp_key(uint16_t length, uint16_t checksum)
{
	return (uint32_t)length << 16 | checksum;
}

uint32_t packet_key(const struct st_packet *packet)
{
	if (packet->protocol == ST_PROTOCOL_UDP)
		return udp_key(packet->udp.length, packet->udp.checksum);
	return packet->tcp.seq;
}

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
 * Lengths and checksums are few, and the same in all flows: those of UDP are
 * told apart by the peer, without which no quote of theirs is believed.
 */
static uint64_t hash_of(const struct correlator *correlator, const struct st_tuple *tuple,
			uint32_t key)
{
	uint64_t hash = hash_key(correlator, key);

	if (tuple->protocol != ST_PROTOCOL_UDP)
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

/* A UDP key tells the length; a TCP probe is empty. */
static bool is_same_packet(const struct probe *probe, const struct st_packet *packet,
			   const struct st_tuple *tuple)
{
	return probe->key == packet_key(packet) && probe->ttl == packet->ttl &&
	       (packet->ip_version == 6 || probe->ip_id == packet->ip_id) &&
	       (packet->protocol == ST_PROTOCOL_UDP || packet->payload_wire == 0) &&
	       st_tuple_equal(&probe->tuple, tuple);
}

struct probe *correlator_find_copy(const struct correlator *correlator,
				   const struct st_packet *packet, uint64_t since)
{
	struct st_tuple tuple = packet_tuple(packet);
	struct probe *probe = first_of_key(correlator, &tuple, packet_key(packet));

	for (; probe; probe = next_of_key(probe)) {
		if (probe->now_ns >= since && is_same_packet(probe, packet, &tuple))
			return probe;
	}
	return NULL;
}

struct probe *correlator_find_sent(const struct correlator *correlator,
				   const struct st_packet *packet)
{
	struct st_tuple tuple = packet_tuple(packet);
	struct probe *probe = first_of_key(correlator, &tuple, packet_key(packet)), *found = NULL;

	for (; probe; probe = next_of_key(probe)) {
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
	struct st_tuple tuple = {
		.source = quote->source,
		.destination = quote->destination,
		.source_port = quote->source_port,
		.destination_port = quote->destination_port,
		.protocol = quote->protocol,
	};

	if (quote->has_key && icmp_echo_of(quote->protocol, &quote->icmp) == ICMP_ECHO_REQUEST)
		tuple.source_port = quote->icmp.echo_id;
	return tuple;
}

static bool is_same_peer(const struct probe *probe, const struct st_quote *quote)
{
	return probe->tuple.protocol == quote->protocol &&
	       probe->tuple.destination_port == quote->destination_port &&
	       st_addr_equal(&probe->tuple.destination, &quote->destination);
}

/* A quoted packet as it is compared with probes. */
struct wanted {
	const struct st_quote *quote;
	struct st_tuple tuple;
	uint32_t key;
	bool has_key;
	uint64_t now;
};

static struct wanted make_wanted(const struct st_quote *quote, uint64_t now)
{
	struct wanted wanted = {.quote = quote, .tuple = quote_tuple(quote), .now = now};

	if (quote->has_seq)
		wanted.key = quote->seq;
	if (quote->has_udp)
		wanted.key = udp_key(quote->udp_length, quote->udp_checksum);
	wanted.has_key = quote->has_seq || quote->has_udp;
	return wanted;
}

static uint8_t ip_id_agreement(const struct probe *probe, const struct st_quote *quote)
{
	return quote->ip_version == 4 && probe->ip_id == quote->ip_id ? ST_MATCH_IPID : 0;
}

/* All empty datagrams of a flow are alike, those of the application too, but for this. */
static bool needs_ip_id(const struct st_quote *quote)
{
	return quote->ip_version == 4 && quote->has_udp && quote->udp_length == UDP_HEADER_BYTES;
}

/*
 * What agrees besides the key; 0 if that is too little. A sequence number is
 * worth more than the length and checksum of a UDP probe, which take the peer
 * where they do not have the tuple.
 */
static uint8_t agreement(const struct probe *probe, const struct wanted *wanted)
{
	const struct st_quote *quote = wanted->quote;
	uint8_t ip_id = ip_id_agreement(probe, quote);

	if (!ip_id && needs_ip_id(quote))
		return 0;
	if (st_tuple_equal(&probe->tuple, &wanted->tuple))
		return ST_MATCH_TUPLE | ip_id;
	if (is_same_peer(probe, quote))
		return ST_MATCH_PEER | ip_id;
	if (quote->protocol == ST_PROTOCOL_UDP || probe->tuple.protocol != quote->protocol ||
	    probe->tuple.source.version != quote->ip_version)
		return 0;
	return ip_id;
}

/* What agrees besides the identification, where the key is cut off or (UDP) altered. */
static uint8_t agreement_without_key(const struct probe *probe, const struct wanted *wanted)
{
	const struct st_quote *quote = wanted->quote;
	uint8_t length = 0;

	if (quote->has_udp) {
		if (probe->key >> 16 != quote->udp_length)
			return 0;
		length = ST_MATCH_LENGTH;
	}
	if (st_tuple_equal(&probe->tuple, &wanted->tuple))
		return ST_MATCH_TUPLE | length;
	/* Only a checksum that the translation changed shows that there is one. */
	return length && is_same_peer(probe, quote) ? (uint8_t)(ST_MATCH_PEER | length) : 0;
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

static void consider(struct choice *choice, struct probe *probe, uint8_t by, bool is_awaited)
{
	if (!by || (choice->probe && rank(by) < rank(choice->by)))
		return;
	if (!choice->probe || rank(by) > rank(choice->by))
		*choice = (struct choice){.probe = probe, .by = by};
	if (is_awaited)
		choice->probe = probe;
	choice->count++;
	choice->awaited += is_awaited;
}

/* What is given up is not marked so at once: nobody may have had reason to look. */
static bool is_awaited(const struct correlator *correlator, const struct probe *probe,
		       const struct wanted *wanted)
{
	return probe->state == PROBE_AWAITED && probe->now_ns + correlator->wait_ns > wanted->now;
}

static void choose_by_key(const struct correlator *correlator, const struct wanted *wanted,
			  struct choice *choice)
{
	bool is_udp = wanted->quote->has_udp;
	struct probe *probe = first_of_key(correlator, &wanted->tuple, wanted->key);

	for (; probe; probe = next_of_key(probe)) {
		if (probe->key == wanted->key)
			consider(choice, probe, agreement(probe, wanted),
				 is_awaited(correlator, probe, wanted));
	}
	if (choice->probe)
		choice->by |= is_udp ? ST_MATCH_LENGTH | ST_MATCH_CHECKSUM : ST_MATCH_SEQ;
}

static void choose_by_ip_id(const struct correlator *correlator, const struct wanted *wanted,
			    struct choice *choice)
{
	uint16_t ip_id = wanted->quote->ip_id;
	struct probe *probe = first_of_ip_id(correlator, ip_id);

	for (; probe; probe = next_of_ip_id(probe)) {
		if (probe->ip_id == ip_id)
			consider(choice, probe, agreement_without_key(probe, wanted),
				 is_awaited(correlator, probe, wanted));
	}
	if (choice->probe)
		choice->by |= ST_MATCH_IPID;
}

struct probe *correlator_find_quote(const struct correlator *correlator,
				    const struct st_quote *quote, uint64_t now, uint8_t *matched_by)
{
	struct wanted wanted = make_wanted(quote, now);
	struct choice choice = {0};

	if (!quote->has_ports)
		return NULL;
	if (wanted.has_key)
		choose_by_key(correlator, &wanted, &choice);
	if (!choice.probe && quote->ip_version == 4 && !quote->has_seq)
		choose_by_ip_id(correlator, &wanted, &choice);
	/* Of several that are alike only the one awaited can be meant; else nothing tells. */
	if (choice.count > 1 && choice.awaited != 1)
		return NULL;
	*matched_by = choice.by;
	return choice.probe;
}
