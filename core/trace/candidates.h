/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets seen of late that may turn out to be probes, whoever sent them: a reply
 * that quotes one proves it afterwards. They are kept by pair: from one host to
 * another, of one protocol (of ICMP echo: of one identifier). Holds what was seen;
 * what it means is left to the tracer.
 */
#ifndef ST_TRACE_CANDIDATES_H
#define ST_TRACE_CANDIDATES_H

#include <glib.h>

#include "trace/match.h"

/* About 16 MB when full; the oldest leaves. */
#define CANDIDATES_MAX 65536
/* Of one pair, so that a quote is found in bounded time; the oldest leaves. */
#define CANDIDATES_PER_PAIR 4096

struct flow;

/*
 * Distances in the order in which they were sent, as far as they rise one by one
 * from near the sender.
 */
struct ladder {
	uint8_t ttl;	/* the latest */
	uint8_t length; /* 0: none */
};

struct pair {
	struct hash_link link;
	struct st_addr source, destination;
	uint8_t protocol;
	uint16_t echo_id;
	GQueue recent;	       /* struct candidate, oldest first */
	struct ladder ladder;  /* the tracer's */
	struct flow *sessions; /* the tracer's: classic traceroutes along this pair */
};

/* What the destination itself says to a packet. */
struct answer {
	struct st_reply reply;
	uint64_t cookie; /* of its frame */
};

struct candidate {
	struct probe probe; /* as it was seen; of no trace */
	struct probe *made; /* the trace's probe that it has become, while there is one */
	struct pair *pair;  /* NULL: has left it */
	GList link;	    /* the pair's */
	uint64_t serial;
	uint64_t older_ip_id;  /* serial of the one before with the same identification; 0: none */
	struct answer *answer; /* the tracer's, owned: the destination's, before it was a probe */
	bool is_used;	       /* has become a probe */
	bool is_selected;      /* the selection wants it whatever its name */
};

struct candidates;

struct candidates *candidates_new(uint64_t seed, uint64_t wait_ns);

/* Frees pairs, too: no session may be left. NULL is allowed. */
void candidates_free(struct candidates *candidates);

/*
 * Notes a packet that has a key. NULL: it is a copy of one noted before, seen on
 * another interface or behind a router; *original is that one, or the probe that
 * it has become.
 */
struct candidate *candidates_add(struct candidates *candidates, const struct st_packet *packet,
				 const struct st_frame *frame, uint64_t now,
				 struct probe **original);

/* The pair of packets with this 5-tuple, or NULL. */
struct pair *candidates_pair(const struct candidates *candidates, const struct st_tuple *tuple);

/* The same, made if there is none; to be given back by candidates_release(). */
struct pair *candidates_make_pair(struct candidates *candidates, const struct st_tuple *tuple);

/* The pair has lost a session: it goes if nothing else is in it. */
void candidates_release(struct candidates *candidates, struct pair *pair);

/* The packet that is quoted, NULL if none, or if several may be meant. */
struct candidate *candidates_find(const struct candidates *candidates, const struct st_quote *quote,
				  uint64_t now, uint8_t *matched_by);

#endif
