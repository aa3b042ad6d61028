/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How often a router answers one client: a token bucket for each pair of them,
 * as Linux has it (net/ipv4/inetpeer.c is where to look it up there).
 */
#ifndef SIMNET_LIMITER_H
#define SIMNET_LIMITER_H

#include <servicetrace/base.h>

struct limiter;

struct limiter *limiter_new(void);
void limiter_free(struct limiter *limiter);

/* True, and one token less, if this router may answer this client now. */
bool limiter_allows(struct limiter *limiter, uint64_t now, const struct st_addr *router,
		    const struct st_addr *client, uint32_t rate, uint32_t burst);

#endif
