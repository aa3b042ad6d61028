/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A table of prefixes, IPv4 and IPv6 apart: which of them hold this address? A
 * binary trie without the nodes that decide nothing, so a lookup takes fewer
 * steps than the count of prefixes has bits. What belongs to a prefix embeds an
 * entry.
 */
#ifndef ST_SERVICE_PREFIXES_H
#define ST_SERVICE_PREFIXES_H

#include <servicetrace/base.h>

/* A prefix of each length can hold one address. */
#define PREFIX_PATH_MAX 129

/* Of each version, so that a lookup need not go through twelve levels of a trie; 32 KB in all. */
#define PREFIX_ROOTS 4096

/* To be embedded; several may have the same prefix. */
struct prefix_entry {
	struct prefix_entry *next; /* of the same prefix, in no order */
	uint32_t node;		   /* prefixes.c's */
};

/* Zero-initialise. The holders of entries remain their owners'. */
struct prefixes {
	struct prefix_node *nodes;     /* nodes[0] is none */
	struct prefix_entry **entries; /* of each node, the first */
	uint32_t node_count, node_capacity;
	uint32_t short_roots[2];	 /* IPv4, IPv6; 0: empty */
	uint32_t roots[2][PREFIX_ROOTS]; /* by the first bits, of prefixes that have those */
};

/* The prefixes that hold an address, the shortest first: the first entry of each. */
struct prefix_path {
	unsigned count;
	struct prefix_entry *entries[PREFIX_PATH_MAX];
};

void prefixes_clear(struct prefixes *prefixes);

/* Bits behind the prefix must be zero, as st_prefix_parse() leaves them. */
void prefixes_insert(struct prefixes *prefixes, const struct st_prefix *prefix,
		     struct prefix_entry *entry);

/*
 * The entry must be in the table. The prefix's node stays: services are replaced
 * rather than removed, and mostly by others with the same prefixes.
 */
void prefixes_remove(struct prefixes *prefixes, struct prefix_entry *entry);

void prefixes_find(const struct prefixes *prefixes, const struct st_addr *addr,
		   struct prefix_path *path);

#endif
