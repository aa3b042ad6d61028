/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The routers of earlier traces, one path a flow, and what differs now. Of a
 * classic traceroute all runs between two hosts count as one flow, but as its
 * ports vary they may be spread over several paths: it takes more evidence.
 */
#include "path/change.h"

#include "base/container.h"
#include "base/hash.h"
#include "trace/trace.h"

/* Paths remembered; the one that was traced longest ago leaves. Some 2 MB of usual paths. */
#define PATHS_MAX 4096
/*
 * Replies that must differ, over all hops: with fewer, routers that a packet is
 * spread over by chance look like a change.
 */
#define CHANGE_REPLIES 3
#define CHANGE_REPLIES_CLASSIC 6
#define CHANGE_REPLIES_CLASSIC_HOP 3 /* at each hop, else it does not count */

/* A hop of a remembered path. */
struct known_hop {
	struct st_addr router;
	unsigned replies;
	uint8_t ttl;
};

struct known_path {
	struct hash_link link;
	GList age_link;
	struct st_tuple tuple;
	enum st_trace_kind kind;
	uint64_t trace; /* its number */
	unsigned count;
	struct known_hop *hops;
};

struct path_memory {
	uint64_t seed;
	struct hash_table paths;
	GQueue ages; /* of known_path, by age_link: longest ago first */
};

struct path_memory *path_memory_new(uint64_t seed)
{
	struct path_memory *memory = g_new0(struct path_memory, 1);

	memory->seed = seed;
	return memory;
}

static void forget(struct path_memory *memory, struct known_path *path)
{
	hash_table_remove(&memory->paths, &path->link);
	g_queue_unlink(&memory->ages, &path->age_link);
	g_free(path->hops);
	g_free(path);
}

void path_memory_free(struct path_memory *memory)
{
	if (!memory)
		return;
	while (memory->ages.head)
		forget(memory, memory->ages.head->data);
	hash_table_free(&memory->paths);
	g_free(memory);
}

/* By what a path is remembered: a classic traceroute's ports are its own to choose. */
static struct st_tuple key_of(const struct st_trace *trace)
{
	struct st_tuple key = trace->tuple;

	/* Where they are fixed (Paris) they choose the path: others are another flow. */
	if (trace->kind == ST_TRACE_CLASSIC && !(key.source_port && key.destination_port))
		key.source_port = key.destination_port = 0;
	return key;
}

static uint64_t hash_of(const struct path_memory *memory, const struct st_tuple *key)
{
	uint64_t hash = hash_addr(hash_addr(memory->seed, &key->source), &key->destination);

	return hash_mix(hash, (uint64_t)key->source_port << 32 |
				      (uint64_t)key->destination_port << 16 | key->protocol);
}

static struct known_path *recall(const struct path_memory *memory, const struct st_trace *trace)
{
	struct st_tuple key = key_of(trace);
	struct hash_link *link = hash_table_find(&memory->paths, hash_of(memory, &key));

	for (; link; link = hash_table_next(link)) {
		struct known_path *path = container_of(link, struct known_path, link);

		if (path->kind == trace->kind && st_tuple_equal(&path->tuple, &key))
			return path;
	}
	return NULL;
}

/* Hops with one router alone: where packets are spread, another one is no change. */
static void learn_hops(struct known_path *path, const struct path_view *view)
{
	path->hops = g_new(struct known_hop, view->count);
	path->count = 0;
	for (unsigned i = 0; i < view->count; i++) {
		const struct path_hop *hop = &view->hops[i];

		if (hop->routers == 1)
			path->hops[path->count++] =
				(struct known_hop){hop->router, hop->errors, hop->ttl};
	}
}

static void learn(struct path_memory *memory, const struct path_view *view)
{
	struct known_path *path = g_new0(struct known_path, 1);

	path->age_link.data = path;
	path->tuple = key_of(view->trace);
	path->kind = view->trace->kind;
	path->trace = view->trace->number;
	learn_hops(path, view);
	hash_table_insert(&memory->paths, &path->link, hash_of(memory, &path->tuple));
	g_queue_push_tail_link(&memory->ages, &path->age_link);
	if (memory->ages.length > PATHS_MAX)
		forget(memory, memory->ages.head->data);
}

static const struct known_hop *known_at(const struct known_path *path, uint8_t ttl)
{
	for (unsigned i = 0; i < path->count; i++) {
		if (path->hops[i].ttl == ttl)
			return &path->hops[i];
	}
	return NULL;
}

/* Replies that show another router than before at this hop; 0: it is the same, or not known. */
static unsigned evidence(const struct known_path *path, const struct path_hop *hop)
{
	const struct known_hop *known = known_at(path, hop->ttl);
	unsigned replies;

	if (!known || hop->routers != 1 || st_addr_equal(&known->router, &hop->router))
		return 0;
	replies = MIN(known->replies, hop->errors);
	if (path->kind == ST_TRACE_CLASSIC && replies < CHANGE_REPLIES_CLASSIC_HOP)
		return 0;
	return replies;
}

static void compare(const struct known_path *path, const struct path_view *view)
{
	unsigned enough = path->kind == ST_TRACE_CLASSIC ? CHANGE_REPLIES_CLASSIC : CHANGE_REPLIES;
	struct path_ttls changed = {0};
	unsigned replies = 0;
	char *hops;

	for (unsigned i = 0; i < view->count; i++) {
		unsigned shown = evidence(path, &view->hops[i]);

		replies += shown;
		if (shown)
			path_ttls_add(&changed, view->hops[i].ttl);
	}
	if (replies < enough)
		return;
	hops = path_hops_text(&changed);
	trace_result_note(view->trace, "path-change", changed.ttls[0],
			  "other routers than in trace %" G_GUINT64_FORMAT " answer at %s",
			  path->trace, hops);
	g_free(hops);
}

void path_examine_change(const struct path_view *view, struct path_memory *memory, bool is_over)
{
	struct known_path *path = recall(memory, view->trace);

	if (view->trace->replies_received == 0)
		return; /* what was known before still is the latest */
	if (path)
		compare(path, view);
	if (!is_over)
		return;
	if (path)
		forget(memory, path);
	learn(memory, view);
}
