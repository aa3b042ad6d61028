/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The safety rules of a TCP probe, checked from outside: what a capture has
 * shown of a flow so far, and whether a probe may be sent into it now. Findings
 * are sentences for a person; an empty list means that all is well.
 */
#ifndef SIMNET_RULES_H
#define SIMNET_RULES_H

#include "wire.h"

#include <glib.h>
#include <servicetrace/config.h>

/* Adds a sentence to a GPtrArray of strings; keeps the first hundred only. */
void finding(GPtrArray *findings, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* One flow as the tracer has been shown it. Starts zeroed. */
struct watch {
	bool out_seen;
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

/* The tracer is shown a segment of the flow (never a probe). */
void watch_frame(struct watch *watch, bool out, const struct segment *segment);

/* Checks a probe that is about to be sent. `what` begins each finding. */
void rules_check_probe(const struct watch *watch, const struct st_config *config,
		       const struct segment *probe, const char *what, GPtrArray *findings);

#endif
