/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as the examinations of this floor look at it: hop by hop, what all
 * replies of the hop agree on.
 */
#ifndef ST_PATH_VIEW_H
#define ST_PATH_VIEW_H

#include <glib.h>
#include <servicetrace/trace.h>

/* One distance that was probed. */
struct path_hop {
	const struct st_hop *hop;
	uint8_t ttl;
	unsigned answered;     /* probes that got a reply, whoever sent it */
	unsigned errors;       /* ICMP errors that are not the destination's */
	unsigned routers;      /* how many sent them */
	struct st_addr router; /* the first of them */
	uint16_t quoted_ttl;   /* by all its Time Exceeded; or ST_QUOTED_TTL_UNKNOWN */
	uint8_t reply_ttl;     /* of all errors; 0: they differ, or there is none */
	bool is_labelled;      /* an error quotes MPLS labels */
	bool is_destination;   /* the destination itself answered */
};

struct path_view {
	struct st_trace *trace;
	unsigned count;
	struct path_hop hops[UINT8_MAX]; /* by TTL; those whose TTL is not known are left out */
};

void path_view_fill(struct path_view *view, struct st_trace *trace);

/* True if all errors of both hops came from one and the same router. */
bool path_is_same_router(const struct path_hop *a, const struct path_hop *b);

/* True if somebody behind hop `i` (an index) has answered. */
bool path_is_answered_behind(const struct path_view *view, unsigned i);

/* Distances in words: "4", "4 and 6", "2-5, 7 and 9". */
struct path_ttls {
	unsigned count;
	uint8_t ttls[UINT8_MAX]; /* ascending */
};

void path_ttls_add(struct path_ttls *ttls, uint8_t ttl);
char *path_ttls_text(const struct path_ttls *ttls); /* to be freed with g_free() */

/* "hop 4", "hops 4 and 5". */
char *path_hops_text(const struct path_ttls *ttls); /* to be freed with g_free() */

/* The examinations, each in its file. */
void path_examine_quotes(const struct path_view *view);
void path_examine_tunnels(const struct path_view *view);
void path_examine_routers(const struct path_view *view);
void path_examine_silence(const struct path_view *view);
void path_examine_way_back(const struct path_view *view);
void path_examine_latency(const struct path_view *view);

#endif
