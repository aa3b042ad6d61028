/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The driver: a scenario brought to life before a tracer, on a clock that jumps
 * from one happening to the next. It does what st-inject does: shows frames of
 * both directions with their stamps, sends the probes handed out (and shows
 * them too), wakes the tracer when it asked for it and keeps what it reports.
 * Whether that is right is truth.c's to say.
 */
#ifndef SIMNET_SIMNET_H
#define SIMNET_SIMNET_H

#include "conversation.h"
#include "network.h"
#include "outcome.h"
#include "recording.h"

#include <servicetrace/tracer.h>

/* Stamps and the monotonic clock start far apart, so that mixing them shows. */
#define SIM_EPOCH_NS (UINT64_C(1795000000) * ST_NS_PER_S)
#define SIM_CLOCK_NS (UINT64_C(5000) * ST_NS_PER_S)

/* A probe that was handed out; its tag is 1 + its place in the list. */
struct sent_probe {
	uint64_t sent_ns; /* simulated time */
	uint64_t flow_id, trace;
	struct conversation *conversation;
	uint8_t protocol;
	uint32_t seq;			  /* TCP */
	uint16_t udp_bytes, udp_checksum; /* UDP: length of the payload */
	uint16_t ip_id, index;
	uint8_t ttl, ip_version;
};

/* A probe that has come to the other end of the network. */
struct reached {
	size_t place; /* of the probe */
	uint64_t time_ns;
};

struct simnet {
	const struct scenario *scenario;
	struct st_config config;
	uint64_t now_ns; /* simulated, from 0 */
	struct network *network;
	GPtrArray *conversations; /* struct conversation */
	struct recording *recording;
	uint64_t shown;	       /* frames of it that the tracer has been shown */
	uint64_t arrivals;     /* packets from the network among them, by their number */
	GArray *probes;	       /* struct sent_probe */
	GArray *reached;       /* struct reached, in the order of time */
	GPtrArray *outcomes;   /* struct outcome */
	GPtrArray *findings;   /* strings: what was wrong on the way */
	struct st_stats stats; /* at the end */
	uint64_t refused;      /* events of that type */

	/* The driver's own. */
	struct st_tracer *tracer;
	struct timeline *timeline;
	GHashTable *by_key; /* conversation_key -> struct conversation */
	uint64_t steps;
};

/* Runs the scenario to its end; never NULL. The scenario must outlive it. */
struct simnet *simnet_run(const struct scenario *scenario);
void simnet_free(struct simnet *simnet);

/*
 * Shows the recorded frames to a tracer that only observes; returns its
 * outcomes (struct outcome, freed with the array).
 */
GPtrArray *simnet_replay(const struct scenario *scenario, const struct recording *recording);

const struct sent_probe *simnet_probe(const struct simnet *simnet, size_t place);

#endif
