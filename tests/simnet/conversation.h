/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One TCP connection or UDP flow of an application: its two ends and what they
 * say when, by the scenario. Sans-IO; the driver carries the packets between
 * the ends.
 */
#ifndef SIMNET_CONVERSATION_H
#define SIMNET_CONVERSATION_H

#include "rules.h"
#include "scenario.h"
#include "tcp_peer.h"
#include "udp_peer.h"

enum stage { STAGE_WAITING, STAGE_CONNECTING, STAGE_TALKING, STAGE_OVER };

struct conversation {
	const struct sim_flow *flow;
	uint8_t protocol;
	union {
		struct tcp_peer ends[2]; /* by enum side */
		struct udp_peer udp[2];
	};
	enum stage stage;
	uint64_t start_ns, end_ns;
	uint64_t message_ns; /* when the client speaks next */
	uint64_t answered;   /* requests that the server has answered */
	bool third_ack_lost; /* already, as the scenario wants it */
	struct watch watch;  /* what the capture has shown of it */
	gint64 key;	     /* for the driver's table */
	uint64_t wake_ns;    /* when the driver is to come back; the driver's */
};

/* The `number`th (from 0) flow of this kind. */
struct conversation *conversation_new(const struct scenario *scenario, const struct sim_flow *flow,
				      uint32_t number);
void conversation_free(struct conversation *conversation);

/* Names a flow in the driver's table by what the tracing host sends. */
gint64 conversation_key(const struct st_tuple *tuple);

/* The 5-tuple of what this end sends, as this end sees it. */
const struct st_tuple *conversation_tuple(const struct conversation *conversation, enum side side);

/* When conversation_advance is due, ST_NEVER if it only waits for packets or is over. */
uint64_t conversation_next(const struct conversation *conversation);

/* Lets the applications and timers do what is due. */
void conversation_advance(struct conversation *conversation, uint64_t now);

/* A segment or datagram reaches one of the ends. */
void conversation_hear(struct conversation *conversation, uint64_t now, enum side side,
		       const struct segment *segment, uint64_t tag);

/*
 * The next packet that this end sends (the caller's from now on), or NULL.
 * `lost` tells that the scenario wants it to leave and never arrive.
 */
struct sim_packet *conversation_output(struct conversation *conversation, enum side side,
				       bool *lost);

#endif
