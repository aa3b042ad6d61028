/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What both programs do around a tracer: show it frames, report the traces that
 * end, record frames with their comments, tell in verbose mode what happens,
 * and sum up. An output that fails stops itself, not the others.
 */
#ifndef ST_TOOLS_SESSION_H
#define ST_TOOLS_SESSION_H

#include <glib.h>
#include <stdbool.h>

#include <servicetrace/tracer.h>

#include "options.h"
#include "recorder.h"
#include "reports.h"

/* What is known of the socket that has this flow's source as its local end. */
typedef enum st_socket (*session_look)(void *user, const struct st_tuple *flow);

struct session {
	const struct options *options;
	const char *program;
	char *generator;	   /* "st-inject 0.1.0" */
	struct st_tracer *tracer;  /* ours; NULL between two captures */
	struct pcapng *pcapng;	   /* NULL: no capture is written, or that has failed */
	struct recorder *recorder; /* as pcapng */
	struct reports *reports;   /* of all captures; NULL: standard output is for others */
	struct st_expect *expect;  /* borrowed; NULL: traces are reported */
	session_look look;	   /* borrowed with its user; NULL: nothing is known of sockets */
	void *look_user;
	uint64_t now;  /* of the latest frame */
	char *refusal; /* why a flow was last refused; NULL: none was */
	GError *error; /* the first failure */
};

void session_init(struct session *session, const struct options *options);
void session_clear(struct session *session);

/* Creates the capture file of -w if one is asked for. */
bool session_record(struct session *session, uint64_t hold_ns, GError **error);

/* Begins the report on standard output, unless something else goes there. */
void session_begin_report(struct session *session);

/* A new tracer of the options' configuration with this seed. */
void session_start_tracer(struct session *session, uint64_t seed);

/* Shows the tracer a frame, which stays borrowed until session_settle(). True: of a wanted flow. */
bool session_frame(struct session *session, uint64_t now, const struct st_frame *frame);

/* Acts on all events there are; call it after each frame and each turn. */
void session_settle(struct session *session);

/* When session_settle() is to be called at the latest, by CLOCK_MONOTONIC; ST_NEVER: no need to. */
uint64_t session_due(const struct session *session);

/* A descriptor; whenever it can be read from, session_take_names() is to be called. -1: never. */
int session_names_fd(const struct session *session);
void session_take_names(struct session *session);

/* Writes the capture so far; to be called when nothing is more urgent. */
void session_flush(struct session *session);

/* Ends the tracer's open traces; all outputs that still work get what is left. */
void session_finish(struct session *session, uint64_t now);

/* Closes the capture file, waits a bounded time for names of routers, and ends the report. */
void session_close(struct session *session);

/* Notes a failure; the first one counts. Takes `error`. */
void session_fail(struct session *session, GError *error);

/*
 * "2 flows seen, 1 traced, 96 probes sent, 24 replies", the packets that the
 * kernel dropped where a capture is live (else NULL), and what else is not
 * zero. Freed with g_free().
 */
char *session_summary(const struct session *session, const uint64_t *kernel_drops);

#endif
