/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table of links embedded in the things it holds: no allocation per
 * entry, several entries of one hash allowed. The owner hashes and compares.
 */
#ifndef ST_BASE_HASH_H
#define ST_BASE_HASH_H

#include <servicetrace/base.h>

#include <string.h>

struct hash_link {
	struct hash_link *next;
	struct hash_link **from; /* what points here, so that it goes without a search */
	uint64_t hash;
};

struct hash_table {
	struct hash_link **buckets; /* a power of two of them; NULL while empty */
	size_t bucket_count;
	size_t count;
};

void hash_table_free(struct hash_table *table);
void hash_table_insert(struct hash_table *table, struct hash_link *link, uint64_t hash);

/* The link must be in the table. */
void hash_table_remove(struct hash_table *table, struct hash_link *link);

/* The first entry of this hash, or NULL; hash_table_next() goes on to others of the same. */
struct hash_link *hash_table_find(const struct hash_table *table, uint64_t hash);
struct hash_link *hash_table_next(const struct hash_link *link);

/* Mixes `value` into `hash`; start from a secret seed, so that strangers cannot aim at a bucket. */
static inline uint64_t hash_mix(uint64_t hash, uint64_t value)
{
	__extension__ unsigned __int128 product;

	product = (unsigned __int128)(hash ^ value ^ UINT64_C(0x9e3779b97f4a7c15)) *
		  (value + hash + UINT64_C(0xd6e8feb86659fd93));
	return (uint64_t)(product >> 64) ^ (uint64_t)product;
}

static inline uint64_t hash_addr(uint64_t hash, const struct st_addr *addr)
{
	uint64_t halves[2];

	memcpy(halves, addr->bytes, sizeof(halves));
	return hash_mix(hash_mix(hash, halves[0]), halves[1]);
}

#endif
