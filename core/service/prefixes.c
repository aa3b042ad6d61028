/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/prefixes.h"

#include <glib.h>

#define KEY_BITS 128
#define NODES_AT_FIRST 64
#define NODES_PER_INSERT_MAX 2 /* the prefix's own, and one where its way forks from another's */

/* The bits of an address, the first of them highest; an IPv4 address has the upper 32. */
struct key {
	uint64_t high, low;
};

/* 32 bytes, so that none lies across two cache lines. */
struct prefix_node {
	struct key key;	   /* bits behind the prefix are zero */
	uint32_t child[2]; /* by the first bit behind the prefix; 0: none */
	uint8_t bits;	   /* of the prefix */
	bool has_entries;  /* or it is just where two ways fork */
};

static uint64_t read_be64(const uint8_t *bytes)
{
	uint64_t value = 0;

	for (unsigned i = 0; i < 8; i++)
		value = value << 8 | bytes[i];
	return value;
}

/* The unused bytes of an IPv4 address are zero. */
static struct key key_of(const struct st_addr *addr)
{
	return (struct key){read_be64(addr->bytes), read_be64(addr->bytes + 8)};
}

static unsigned bit_at(struct key key, unsigned index)
{
	return (unsigned)(index < 64 ? key.high >> (63 - index) : key.low >> (127 - index)) & 1;
}

/* How many bits the two have in common from the first on; at most `max`. */
static unsigned common_bits(struct key a, struct key b, unsigned max)
{
	uint64_t high = a.high ^ b.high, low = a.low ^ b.low;
	unsigned common = KEY_BITS;

	if (high)
		common = (unsigned)__builtin_clzll(high);
	else if (low)
		common = 64 + (unsigned)__builtin_clzll(low);
	return MIN(common, max);
}

static struct key first_bits(struct key key, unsigned bits)
{
	struct key first = {0, 0};

	if (bits > 0)
		first.high = key.high & UINT64_MAX << (64 - MIN(bits, 64));
	if (bits > 64)
		first.low = key.low & UINT64_MAX << (128 - bits);
	return first;
}

/* How many first bits choose a root: those that differ in IPv6 come later. */
static unsigned root_bits(const struct st_addr *addr)
{
	return addr->version == 4 ? 12 : 24;
}

static unsigned version_index(const struct st_addr *addr)
{
	return addr->version == 4 ? 0 : 1;
}

/* For IPv6, 24 bits in 12: what is in one trie need not have more in common. */
static unsigned root_index(const struct st_addr *addr)
{
	unsigned first = (unsigned)addr->bytes[0] << 4 | addr->bytes[1] >> 4;
	unsigned second = (addr->bytes[1] & 0xfU) << 8 | addr->bytes[2];

	return addr->version == 4 ? first : first ^ second;
}

static uint32_t *root_of(struct prefixes *prefixes, const struct st_prefix *prefix)
{
	const struct st_addr *addr = &prefix->addr;

	if (prefix->bits < root_bits(addr))
		return &prefixes->short_roots[version_index(addr)];
	return &prefixes->roots[version_index(addr)][root_index(addr)];
}

/* So that nodes stay where they are while one prefix is put among them. */
static void make_room(struct prefixes *prefixes)
{
	uint32_t capacity = MAX(prefixes->node_capacity, NODES_AT_FIRST);

	if (prefixes->node_count == 0)
		prefixes->node_count = 1;
	while (capacity < prefixes->node_count + NODES_PER_INSERT_MAX)
		capacity *= 2;
	if (capacity == prefixes->node_capacity)
		return;
	prefixes->nodes = g_renew(struct prefix_node, prefixes->nodes, capacity);
	prefixes->entries = g_renew(struct prefix_entry *, prefixes->entries, capacity);
	prefixes->node_capacity = capacity;
}

static uint32_t add_node(struct prefixes *prefixes, struct key key, unsigned bits)
{
	uint32_t index = prefixes->node_count++;

	prefixes->nodes[index] = (struct prefix_node){
		.key = first_bits(key, bits),
		.bits = (uint8_t)bits,
	};
	prefixes->entries[index] = NULL;
	return index;
}

/* Puts a node between what leads to another and that one; gives where a further child goes. */
static uint32_t add_fork(struct prefixes *prefixes, uint32_t *at, struct key key, unsigned bits)
{
	uint32_t below = *at;
	unsigned side = bit_at(prefixes->nodes[below].key, bits);

	*at = add_node(prefixes, key, bits);
	prefixes->nodes[*at].child[side] = below;
	return *at;
}

/* The node of a prefix, made if there is none. */
static uint32_t node_of(struct prefixes *prefixes, const struct st_prefix *prefix)
{
	uint32_t *at = root_of(prefixes, prefix), fork;
	struct key key = key_of(&prefix->addr);
	unsigned bits = prefix->bits, common = 0;

	while (*at) {
		struct prefix_node *node = &prefixes->nodes[*at];

		common = common_bits(node->key, key, MIN(node->bits, bits));
		if (common < node->bits)
			break;
		if (node->bits == bits)
			return *at;
		at = &node->child[bit_at(key, node->bits)];
	}
	if (!*at)
		return *at = add_node(prefixes, key, bits);
	fork = add_fork(prefixes, at, key, common);
	if (common == bits)
		return fork;
	at = &prefixes->nodes[fork].child[bit_at(key, common)];
	return *at = add_node(prefixes, key, bits);
}

void prefixes_clear(struct prefixes *prefixes)
{
	g_free(prefixes->nodes);
	g_free(prefixes->entries);
	*prefixes = (struct prefixes){0};
}

void prefixes_insert(struct prefixes *prefixes, const struct st_prefix *prefix,
		     struct prefix_entry *entry)
{
	make_room(prefixes);
	entry->node = node_of(prefixes, prefix);
	entry->next = prefixes->entries[entry->node];
	prefixes->entries[entry->node] = entry;
	prefixes->nodes[entry->node].has_entries = true;
}

void prefixes_remove(struct prefixes *prefixes, struct prefix_entry *entry)
{
	struct prefix_entry **at = &prefixes->entries[entry->node];

	while (*at != entry)
		at = &(*at)->next;
	*at = entry->next;
	entry->next = NULL;
	prefixes->nodes[entry->node].has_entries = prefixes->entries[entry->node] != NULL;
}

static void walk_down(const struct prefixes *prefixes, uint32_t at, struct key key,
		      struct prefix_path *path)
{
	while (at) {
		const struct prefix_node *node = &prefixes->nodes[at];

		if (common_bits(node->key, key, node->bits) < node->bits)
			return;
		if (node->has_entries)
			path->entries[path->count++] = prefixes->entries[at];
		if (node->bits == KEY_BITS)
			return;
		at = node->child[bit_at(key, node->bits)];
	}
}

void prefixes_find(const struct prefixes *prefixes, const struct st_addr *addr,
		   struct prefix_path *path)
{
	struct key key = key_of(addr);

	path->count = 0;
	if (addr->version != 4 && addr->version != 6)
		return;
	walk_down(prefixes, prefixes->short_roots[version_index(addr)], key, path);
	walk_down(prefixes, prefixes->roots[version_index(addr)][root_index(addr)], key, path);
}
