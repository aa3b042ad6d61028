/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of fuzz_tracer share: the tracer under test, and what is known of it. */
#ifndef ST_TESTS_FUZZ_TRACER_RUN_H
#define ST_TESTS_FUZZ_TRACER_RUN_H

#include <servicetrace/servicetrace.h>

#include "input.h"
#include "wire.h"

#define EVENT_TYPES (ST_EVENT_FLOW_ENDED + 1)

struct run {
	struct st_tracer *tracer;
	struct st_config config;
	struct st_signatures *signatures;
	uint64_t now;
	uint64_t last_probe_id;
	uint8_t last[ST_PROBE_FRAME_MAX]; /* the packet shown last that may be a probe */
	size_t last_bytes;
	/* Something may have been shown that makes a flow's name one of those selected. */
	bool may_match;
	/* Something else than a flow's own ClientHello may have named it, or a rule was added. */
	bool is_told;
	uint64_t events[EVENT_TYPES];
	GHashTable *ended; /* ids of flows that were told as such */
};

/* Shows the tracer a frame. */
void run_show(struct run *run, const uint8_t *bytes, size_t count, enum st_direction direction,
	      uint32_t link_type, bool names_only);

/* tracer_names.c */

/* What is selected, and the signatures. */
void names_configure(struct run *run, struct input *input);
/* True if only names select, and this one, a flow's own, is none of those. */
bool names_exclude(const struct run *run, const char *host);

/* What is free once the tracer is. */
void names_free_all(struct run *run);

/* The host that the input chooses. */
const char *names_take_host(struct run *run, struct input *input);

/* Makes up to three bytes anything. */
void names_alter(struct run *run, struct input *input, struct wire *wire);

/* Steps: an answer of DNS, a name that the program knows, a rule or a service. */
void names_answer(struct run *run, struct input *input);
void names_tell(struct run *run, struct input *input);
void names_add_rule(struct run *run, struct input *input);

/* tracer_hello.c */

/* Steps: a ClientHello in a TCP flow, and in QUIC. */
void names_hello(struct run *run, struct input *input);
void names_initial(struct run *run, struct input *input);

/* tracer_events.c */

/* Whatever holds of every event, and of all of them once the tracer has finished. */
void events_check(struct run *run, const struct st_event *event);
void events_check_sum(const struct run *run);

#endif
