/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of routers' addresses: names by reverse DNS, each asked for
 * once and in the background, and whose they are. Times are those of
 * CLOCK_MONOTONIC.
 */
#ifndef ST_TOOLS_ROUTERS_H
#define ST_TOOLS_ROUTERS_H

#include <stdbool.h>

#include <servicetrace/report.h>

#include "asn.h"

struct routers;

/* `asn` is borrowed; NULL: no databases. Without `names` nobody is ever asked. */
struct routers *routers_new(bool names, struct asn *asn);

/* What is being asked for is forgotten. NULL is allowed. */
void routers_free(struct routers *routers);

/* Asks for the address's name, unless that has been done, or is not wanted. */
void routers_ask(struct routers *routers, uint64_t now, const struct st_addr *addr);

/* Takes the answers that have come. */
void routers_take(struct routers *routers, uint64_t now);

/* True unless the address's name is still being asked for. */
bool routers_is_settled(const struct routers *routers, const struct st_addr *addr);

/* How many answers have been taken; as long as it stays, so does what is settled. */
uint64_t routers_answers(const struct routers *routers);

/* When a name server last answered anything; 0: never. */
uint64_t routers_last_answer(const struct routers *routers);

/* An st_router_lookup; `user` is the struct routers. */
bool routers_look(void *user, const struct st_addr *addr, struct st_router *router);

/* A descriptor that can be read from while answers are to be taken; -1: there will be none. */
int routers_fd(const struct routers *routers);

#endif
