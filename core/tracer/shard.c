/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which share of all flows a pair of addresses belongs to, where several runs
 * share the work. Whoever reads the same capture must come to the same answer:
 * nothing here depends on the machine, the run or the direction of a packet.
 */
#include "tracer/internal.h"

/* Any number; with another one the shards are other ones. */
#define SHARD_SEED UINT64_C(0x7365727669636574)

/* hash_addr() would take the halves in the machine's own byte order. */
static uint64_t half(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < sizeof(value); i++)
		value = value << 8 | bytes[i];
	return value;
}

static uint64_t mix_addr(uint64_t hash, const struct st_addr *addr)
{
	return hash_mix(hash_mix(hash, half(addr->bytes)), half(addr->bytes + 8));
}

static uint32_t shard_of(uint32_t shards, const struct st_addr *one, const struct st_addr *other)
{
	bool in_order = memcmp(one->bytes, other->bytes, sizeof(one->bytes)) <= 0;
	uint64_t hash = mix_addr(SHARD_SEED, in_order ? one : other);

	return (uint32_t)(mix_addr(hash, in_order ? other : one) % shards) + 1;
}

bool shard_has(const struct st_config *config, const struct st_addr *one,
	       const struct st_addr *other)
{
	return config->shards < 2 || shard_of(config->shards, one, other) == config->shard;
}

/* The quoted source is a translator's where that does not restore quotes; the receiver is ours. */
bool shard_counts_error(const struct st_config *config, const struct st_packet *packet,
			const struct st_quote *quote)
{
	return shard_has(config, &packet->destination, &quote->destination);
}

bool shard_has_error(const struct st_config *config, const struct st_packet *packet,
		     const struct st_quote *quote)
{
	return shard_counts_error(config, packet, quote) ||
	       shard_has(config, &quote->source, &quote->destination);
}
