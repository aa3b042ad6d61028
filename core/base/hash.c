/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/hash.h"

#include <glib.h>

#define BUCKETS_AT_FIRST 64

static struct hash_link **bucket_of(const struct hash_table *table, uint64_t hash)
{
	return &table->buckets[hash & (table->bucket_count - 1)];
}

static void put_first(struct hash_link **bucket, struct hash_link *link)
{
	link->next = *bucket;
	link->from = bucket;
	if (link->next)
		link->next->from = &link->next;
	*bucket = link;
}

static void grow(struct hash_table *table)
{
	struct hash_table grown = {
		.bucket_count = table->buckets ? 2 * table->bucket_count : BUCKETS_AT_FIRST,
	};

	grown.buckets = g_new0(struct hash_link *, grown.bucket_count);
	for (size_t i = 0; table->buckets && i < table->bucket_count; i++) {
		for (struct hash_link *link = table->buckets[i], *next; link; link = next) {
			next = link->next;
			put_first(bucket_of(&grown, link->hash), link);
		}
	}
	g_free(table->buckets);
	table->buckets = grown.buckets;
	table->bucket_count = grown.bucket_count;
}

void hash_table_insert(struct hash_table *table, struct hash_link *link, uint64_t hash)
{
	if (!table->buckets || table->count >= table->bucket_count)
		grow(table);
	link->hash = hash;
	put_first(bucket_of(table, hash), link);
	table->count++;
}

void hash_table_remove(struct hash_table *table, struct hash_link *link)
{
	*link->from = link->next;
	if (link->next)
		link->next->from = link->from;
	link->next = NULL;
	table->count--;
}

static struct hash_link *same_hash(struct hash_link *link, uint64_t hash)
{
	while (link && link->hash != hash)
		link = link->next;
	return link;
}

struct hash_link *hash_table_find(const struct hash_table *table, uint64_t hash)
{
	return table->buckets ? same_hash(*bucket_of(table, hash), hash) : NULL;
}

struct hash_link *hash_table_next(const struct hash_link *link)
{
	return same_hash(link->next, link->hash);
}

void hash_table_free(struct hash_table *table)
{
	g_free(table->buckets);
	*table = (struct hash_table){0};
}
