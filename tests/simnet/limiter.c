/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens are counted in the time that they take to come back. */
#include "limiter.h"

#include <glib.h>

#include "bytes.h"

struct pair {
	struct st_addr router, client;
};

struct bucket {
	struct pair pair; /* the key */
	uint64_t credit_ns, counted_ns;
};

struct limiter {
	GHashTable *buckets;
};

static guint hash_pair(gconstpointer key)
{
	return fnv1a(FNV1A_BASIS, key, sizeof(struct pair));
}

static gboolean same_pair(gconstpointer a, gconstpointer b)
{
	const struct pair *x = a, *y = b;

	return st_addr_equal(&x->router, &y->router) && st_addr_equal(&x->client, &y->client);
}

struct limiter *limiter_new(void)
{
	struct limiter *limiter = g_new0(struct limiter, 1);

	limiter->buckets = g_hash_table_new_full(hash_pair, same_pair, NULL, g_free);
	return limiter;
}

void limiter_free(struct limiter *limiter)
{
	if (!limiter)
		return;
	g_hash_table_unref(limiter->buckets);
	g_free(limiter);
}

static struct bucket *bucket_of(struct limiter *limiter, uint64_t now, const struct pair *pair,
				uint64_t full_ns)
{
	struct bucket *bucket = g_hash_table_lookup(limiter->buckets, pair);

	if (bucket)
		return bucket;
	bucket = g_new(struct bucket, 1);
	*bucket = (struct bucket){*pair, full_ns, now};
	g_hash_table_insert(limiter->buckets, &bucket->pair, bucket);
	return bucket;
}

bool limiter_allows(struct limiter *limiter, uint64_t now, const struct st_addr *router,
		    const struct st_addr *client, uint32_t rate, uint32_t burst)
{
	uint64_t token_ns = ST_NS_PER_S / rate;
	struct pair pair = {*router, *client};
	struct bucket *bucket = bucket_of(limiter, now, &pair, burst * token_ns);

	bucket->credit_ns = MIN(bucket->credit_ns + now - bucket->counted_ns, burst * token_ns);
	bucket->counted_ns = now;
	if (bucket->credit_ns < token_ns)
		return false;
	bucket->credit_ns -= token_ns;
	return true;
}
