/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the links between the routers do to packets: how long each stays on one,
 * whether it gets lost, overtaken or doubled. Knows sizes and times, no packets;
 * routers are network.c's.
 */
#ifndef SIMNET_LINKS_H
#define SIMNET_LINKS_H

#include "scenario.h"
#include "wire.h"

#define LINK_COPIES_MAX 2 /* a packet and its double */

struct links;

/* What became of all packets that were put on a link. */
struct link_counts {
	uint64_t carried, lost, doubled, held_back;
	uint64_t overflowed; /* dropped because the queue before the link was full */
};

/* So many links, each with two directions that do not know of each other. */
struct links *links_new(size_t count, GRand *random);
void links_free(struct links *links);

/*
 * A packet of so many bytes is put on link `index`. Returns how many of it come
 * out at the other end (0: it is lost), and when.
 */
size_t links_carry(struct links *links, size_t index, const struct sim_link *how, enum side towards,
		   uint64_t now, size_t bytes, uint64_t arrivals[LINK_COPIES_MAX]);

const struct link_counts *links_counts(const struct links *links);

#endif
