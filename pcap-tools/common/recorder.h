/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Decides which frames go into the capture of a run, how much of each, and
 * what their comments say: the headers of the wanted flows' packets, the probes
 * and, whole, the ICMP errors that answer a probe and what taught a name.
 */
#ifndef ST_TOOLS_RECORDER_H
#define ST_TOOLS_RECORDER_H

#include <glib.h>
#include <stdbool.h>

#include <servicetrace/tracer.h>

#include "pcapng.h"

struct recorder;

/*
 * Writes to `pcapng`, which stays the caller's. Frames are kept back for
 * `hold_ns` of capture time, so that what the tracer learns about a frame later
 * still becomes its comment; 0: written at once.
 */
struct recorder *recorder_new(struct pcapng *pcapng, uint64_t hold_ns);
void recorder_free(struct recorder *recorder);

/* A frame that the tracer was just shown; borrowed until recorder_settle(). */
void recorder_frame(struct recorder *recorder, const struct st_frame *frame,
		    const struct st_frame_info *info);

/* What the tracer says about this frame, or about one that is kept back. */
void recorder_event(struct recorder *recorder, const struct st_event *event);

/* All events about the frame are in: write or keep it, and write what was kept long enough. */
bool recorder_settle(struct recorder *recorder, GError **error);

/* Writes everything kept back. */
bool recorder_finish(struct recorder *recorder, GError **error);

#endif
