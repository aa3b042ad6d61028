/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of addresses by reverse DNS, asked for in the background: nobody
 * waits but who wants to. Asks whatever it is asked, each time; who was asked
 * before is the cache's to know (routers.h).
 */
#ifndef ST_TOOLS_REVERSE_H
#define ST_TOOLS_REVERSE_H

#include <stdbool.h>

#include <servicetrace/base.h>

struct reverse;

/* What the system's resolver said. */
struct reverse_answer {
	struct st_addr addr;
	char *name;	/* NULL: it has none that is a host's; freed with g_free() */
	bool is_silent; /* nobody has answered: another time there may be a name */
};

/* NULL: this process may open no more descriptors. */
struct reverse *reverse_new(void);

/* Waits for nothing: what is being asked is forgotten. NULL is allowed. */
void reverse_free(struct reverse *reverse);

/*
 * Asks for the name of `addr`, as soon as fewer than a bounded number are being asked
 * for. False: too many wait already, there will be no answer.
 */
bool reverse_ask(struct reverse *reverse, const struct st_addr *addr);

/* True with the next answer; to be called until it is false. */
bool reverse_take(struct reverse *reverse, struct reverse_answer *answer);

/* A descriptor that can be read from while there are answers to take. */
int reverse_fd(const struct reverse *reverse);

#endif
