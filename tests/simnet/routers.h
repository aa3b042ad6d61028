/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What routers do to packets: count down their TTL, drop or translate them,
 * answer those whose TTL ends, and now and then become others. How packets get
 * from one to the next is network.c's business.
 */
#ifndef SIMNET_ROUTERS_H
#define SIMNET_ROUTERS_H

#include "icmp.h"

struct routers;

/* A tagged packet whose TTL ended at a router: the truth that reports are held against. */
struct answer {
	uint64_t tag;
	uint64_t arrives_ns; /* at the near side; ST_NEVER: it did not, or not yet */
	uint64_t arrival;    /* then: its number among all that arrived there */
	size_t hop;	     /* from 1 */
	struct st_addr router;
	uint8_t reply_ttl;    /* on arrival */
	uint8_t quoted_ttl;   /* as the following ones: what the answer really says */
	uint32_t quote_bytes; /* of transport, QUOTE_ALL: all */
	bool altered_length;  /* UDP's */
	bool quotes_outside;  /* a translator's address and port */
	uint16_t altered;     /* set of enum st_altered: how it differs from what was sent */
	size_t label_count;
	struct st_mpls_label labels[SIM_LABELS_MAX];
};

/* Borrows the scenario and the random numbers. */
struct routers *routers_new(const struct scenario *scenario, GRand *random);
void routers_free(struct routers *routers);

/* Makes the changes of the path that are due by now. */
void routers_change(struct routers *routers, uint64_t now);

/* The hop as it is now; `index` counts from 0. */
const struct sim_hop *routers_hop(const struct routers *routers, size_t index);

/*
 * The packet has come to the routers of this hop. True if it goes on, changed
 * as they change it. False: it ends here; *reply is what they answer (the
 * caller's), or NULL, and *noted what there is to know about it.
 */
bool routers_pass(struct routers *routers, uint64_t now, size_t index, struct sim_packet **packet,
		  struct sim_packet **reply, struct answer *noted);

/* The position of a packet that goes on from this hop: routers passed. */
size_t routers_next(const struct routers *routers, size_t index, const struct sim_packet *packet);

#endif
