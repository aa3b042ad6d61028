/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the path does to packets, as a finished trace shows it: translations,
 * rewritten headers, tunnels, routers side by side, loops, silence, ways back,
 * changes since the trace before. Each finding becomes a note of the trace.
 *
 * It reads the public trace and nothing else, and says no more than the replies
 * carry: where two explanations are left, the note names what was seen.
 */
#ifndef ST_PATH_PATH_H
#define ST_PATH_PATH_H

#include <servicetrace/trace.h>

/* The paths of earlier traces, so that a change shows. */
struct path_memory;

struct path_memory *path_memory_new(uint64_t seed);
void path_memory_free(struct path_memory *memory);

/*
 * Adds the notes to `trace`, which trace_result() has made. If it `is_over` its
 * routers are remembered for the next trace of the flow.
 */
void path_examine(struct st_trace *trace, struct path_memory *memory, bool is_over);

#endif
