/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which names addresses have, and who asked for them: what DNS answers said
 * (resolver.c reads those), and what the program itself knows. An answer counts
 * for its TTL and a grace. Bounded: the name learned longest ago leaves.
 */
#ifndef ST_SERVICE_NAMES_H
#define ST_SERVICE_NAMES_H

#include <glib.h>
#include <servicetrace/service.h>

#include "base/deadlines.h"
#include "base/hash.h"

/* About 20 MB when full of ordinary names. */
#define NAMES_MAX 65536
/* The same in bytes: chains of names as long as names may be cannot make it 300 MB. */
#define NAMES_BYTES_MAX (UINT64_C(32) << 20)
/* Of one address: a CDN's can have thousands; the one learned longest ago leaves. */
#define NAMES_PER_ADDR_MAX 64
/*
 * Applications keep addresses for longer than a TTL allows: they hold on to what
 * they have once resolved, and connect again when a connection fails. An hour
 * covers a browser's tab and a video; a day would give addresses that clouds
 * pass on between customers wrong names.
 */
#define NAMES_GRACE_NS (UINT64_C(3600) * ST_NS_PER_S)
/* Names on the way from the one asked for to the address's own; resolvers follow no more. */
#define NAMES_CHAIN_MAX 16

struct names;

/* One name of an address. */
struct name {
	struct hash_link link; /* all names of an address have its hash */
	GList age_link;
	struct deadline expiry;
	size_t bytes; /* of it all, the hosts' text included */
	struct st_addr addr;
	struct st_addr client;	   /* who asked; version 0: the program said so */
	enum st_evidence evidence; /* DNS or OPTION */
	uint64_t learned_ns, expires_ns;
	uint64_t number;     /* grows with each answer: the latest has the largest */
	uint64_t first;	     /* its number when it was learned first */
	unsigned host_count; /* of hosts[]: the name asked for, then its aliases */
	char *hosts[];	     /* lower case */
};

struct names *names_new(uint64_t seed);
void names_free(struct names *names);

/* The seed, for tables that live with this one. */
uint64_t names_seed(const struct names *names);

/*
 * `client` asked for hosts[0] and got `addr`, over the aliases behind it.
 * `client` may be NULL with ST_EVIDENCE_OPTION; such a name counts for ever, and
 * leaves only where nothing else can. Upper case becomes lower case.
 * The same said again is one name: it is the latest then, and lasts longer.
 */
void names_learn(struct names *names, const struct st_addr *client, const struct st_addr *addr,
		 const char *const *hosts, unsigned host_count, uint32_t ttl_s,
		 enum st_evidence evidence, uint64_t now);

/*
 * Walks the names that `addr` has at `now`, in no order; `previous` NULL begins.
 * They live until the next name is learned.
 */
const struct name *names_next(const struct names *names, const struct st_addr *addr, uint64_t now,
			      const struct name *previous);

/* Grows whenever an address gets a name that it had not, or gets it anew: the latest's number. */
uint64_t names_generation(const struct names *names);

/* The number of the latest that the program told; 0: none. */
uint64_t names_told(const struct names *names);

/* Names that are kept, expired ones perhaps among them. */
size_t names_count(const struct names *names);

/* How many had to leave for a bound before they expired. */
uint64_t names_evicted(const struct names *names);

#endif
