/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The routers between the tracing host and its peers, sans-IO: an IP packet
 * goes in at a time, packets come out at either end at later times, decided by
 * the scenario and its seed alone. It knows no connection, no tracer and no
 * clock, so that it may later stand behind a TUN device as it is.
 */
#ifndef SIMNET_NETWORK_H
#define SIMNET_NETWORK_H

#include "links.h"
#include "routers.h"

struct network;

/* Borrows the scenario. */
struct network *network_new(const struct scenario *scenario);
void network_free(struct network *network);

/*
 * Takes the packet (owned now; wire_is_ip must hold) from the host at this side
 * of the network. `now` never goes back, and what was due before has happened.
 */
void network_send(struct network *network, uint64_t now, enum side from, struct sim_packet *packet);

/* When something happens next, ST_NEVER if no packet is on its way. */
uint64_t network_next(const struct network *network);

/*
 * Lets the next thing happen, at network_next. Returns the packet (the caller's
 * from now on; `towards` says at which side) if one leaves the network, else NULL.
 */
struct sim_packet *network_step(struct network *network);

/* The fates of tagged packets so far, in the order of their making. */
const struct answer *network_answers(const struct network *network, size_t *count);

/* What the links did to packets so far. */
const struct link_counts *network_link_counts(const struct network *network);

/* Probes that went the whole way, whatever the peer made of them. */
uint64_t network_tagged_arrivals(const struct network *network);

#endif
