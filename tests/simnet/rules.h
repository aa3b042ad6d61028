/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The safety rules of a probe, checked from outside: what a capture has shown
 * of a flow so far, and whether a probe may be sent into it now. Findings are
 * sentences for a person; an empty list means that all is well.
 */
#ifndef SIMNET_RULES_H
#define SIMNET_RULES_H

#include "wire.h"

#include <glib.h>
#include <servicetrace/config.h>

/* Adds a sentence to a GPtrArray of strings; keeps the first hundred only. */
void finding(GPtrArray *findings, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* The probes of a trace so far, for the rules that look back. */
struct probing {
	uint64_t trace;
	uint8_t payload_kind; /* of the last one; enum in rules_udp.c */
	uint8_t last_ttl;
	uint8_t highest_answered; /* 0: none */
	bool answered[256];	  /* by TTL: the tracer was shown an answer */
	uint64_t last_far_ns;	  /* when one was last sent that may reach the destination */
};

/* One flow as the tracer has been shown it. Starts zeroed. */
struct watch {
	bool out_seen, in_seen;
	uint64_t last_ns;	 /* when one of its packets was last shown */
	uint8_t in_ttl;		 /* of the last one from the peer */
	bool quic;		 /* an Initial was shown */
	bool checksums_out;	 /* UDP: our end was shown sending one */
	bool told, wants_errors; /* the driver has told of its socket, and what */
	struct probing probing;
	/* TCP: */
	bool calling, serving; /* a SYN or SYN-ACK has shown which; neither: met in mid-life */
	bool third_ack_out;    /* while calling */
	bool established, closed;
	bool peer_data;
	bool sack_out, sack_in; /* permitted in the SYN of this side */
	bool scaling_out, scaling_in;
	uint8_t scale;		 /* of the near end's windows */
	struct segment last_out; /* without its payload */
	uint32_t out_end;	 /* behind the last byte that was sent */
	uint32_t snd_una;
};

/* The tracer is shown a packet of the flow (never a probe). */
void watch_frame(struct watch *watch, uint64_t now, bool out, const struct segment *segment);

/* The tracer is shown the answer to a probe of this trace and TTL. */
void watch_answer(struct watch *watch, uint64_t trace, uint8_t ttl);

/* A probe about to be sent. */
struct probe_sent {
	const struct segment *segment;
	uint64_t trace;
	uint64_t now;
	const char *what; /* begins each finding */
};

/* Checks the probe, and notes it. */
void rules_check_probe(struct watch *watch, const struct st_config *config,
		       const struct probe_sent *probe, GPtrArray *findings);

/* Those of UDP; called by rules_check_probe. */
void rules_check_udp(struct watch *watch, const struct st_config *config,
		     const struct probe_sent *probe, GPtrArray *findings);

/*
 * The highest TTL that does not reach the peer, going by the TTL of its packets
 * and allowing for a forward path that is shorter by one; 0: none.
 */
unsigned rules_ceiling(const struct watch *watch);

#endif
