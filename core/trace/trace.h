/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One trace of one flow while it runs: what is sent when, what is awaited, which
 * reply belongs where, when it is over. The same object serves both modes: in
 * active mode it makes its probes, in observing mode it is told of them.
 */
#ifndef ST_TRACE_TRACE_H
#define ST_TRACE_TRACE_H

#include <servicetrace/config.h>

#include "flow/flow.h"
#include "packet/build.h"
#include "trace/correlator.h"
#include "trace/kind.h"
#include "trace/schedule.h"

/*
 * Keys that a flow has, at most: a stale probe's sequence number lies up to this
 * far behind, a self-destructing one is up to this long, and each must be unlike
 * the others.
 */
#define TRACE_KEYS 511
/* Probes of one flow awaited at once, of any kind: more would be a flood. */
#define TRACE_IN_FLIGHT_MAX 512
/* Probes taken note of in one observed trace; more than any tracer sends. */
#define TRACE_OBSERVED_MAX 4096
/* Replies kept per probe on average; a storm of duplicates ends here. */
#define TRACE_REPLIES_PER_PROBE 4

struct trace_hop {
	uint16_t made;	   /* probes handed out or observed */
	uint16_t sent;	   /* of these known to have left */
	uint16_t resolved; /* answered, expired or failed */
	uint16_t answered; /* replies taken */
};

struct trace_reply {
	struct probe *probe;
	struct st_reply reply;
	uint64_t cookie; /* of its frame */
};

struct trace {
	GList link;		  /* the tracer's list of open or resting traces */
	struct deadline deadline; /* the tracer's */
	GList ready_link;	  /* the tracer's list of those that may send now */
	bool is_ready;
	struct trace *next; /* the flow's next older trace */
	const struct st_config *config;
	struct correlator *correlator;
	struct flow *flow;
	unsigned side;	 /* of the flow, that sends the probes */
	uint64_t number; /* 0: observed, but not yet believed */
	struct st_tuple tuple;
	struct schedule schedule;
	GPtrArray *probes;   /* struct probe, in the order of sending */
	GArray *replies;     /* struct trace_reply */
	GPtrArray *failures; /* why probes could not be sent, each reason once */
	struct trace_hop hops[UINT8_MAX + 1];
	unsigned first_awaited; /* index into probes: all before are resolved */
	unsigned awaited;
	uint64_t longest_rtt_ns; /* of any reply so far */
	uint64_t first_sent_ns;	 /* observed: stamp of the probe sent first */
	uint64_t latest_sent_ns; /* and last */
	unsigned told;		 /* observed: of so many probes the driver knows */
	unsigned told_replies;	 /* observed: and of so many replies */
	unsigned last_ttl;	 /* hops above are cut off (border, destination) */
	enum probe_kind kind;
	enum st_algorithm algorithm;   /* the one the trace began with */
	enum st_stop_reason first_end; /* reach.c's: how the first attempt ended */
	uint8_t begin_ttl;	       /* reach.c's: where the schedule began */
	uint8_t estimate;	       /* reach.c's: the distance that its bounds go by */
	uint8_t again_ttl;	       /* reach.c's: where the second attempt began; 0: none */
	bool is_careful;     /* reach.c's: an application that is not known may not be reached */
	bool socket_unknown; /* whether the application has set IP_RECVERR is not known */
	bool flow_is_over;   /* nothing may be sent any more */
	bool is_observed;
	bool has_certain;   /* observed: at least one of them is a probe beyond doubt */
	bool has_ladder;    /* of a session: its distances are a ladder, whatever was answered */
	unsigned quotes[2]; /* of a session: how many do not agree with their probes in all, and do
			     */
	bool is_resting;    /* over and reported; late replies are still recognised */
	enum st_stop_reason stop_reason;
};

enum trace_step { TRACE_SEND, TRACE_WAIT, TRACE_DONE };

/* A trace that sends from the flow's local side. The config must outlive it. */
struct trace *trace_new_active(const struct st_config *config, struct correlator *correlator,
			       struct flow *flow, uint64_t now);

/* A trace of probes that `side` is seen to send. */
struct trace *trace_new_observed(const struct st_config *config, struct correlator *correlator,
				 struct flow *flow, unsigned side);

/* Forgets its probes and frees it. */
void trace_free(struct trace *trace);

/* Gives up replies awaited too long and says what is to be done now. */
enum trace_step trace_step(struct trace *trace, uint64_t now);

/* When the oldest awaited reply is given up, ST_NEVER if none is awaited. */
uint64_t trace_expiry(const struct trace *trace);

/* When trace_step may say something else than TRACE_WAIT, without replies. */
uint64_t trace_due(const struct trace *trace);

/*
 * Makes the next probe after TRACE_SEND: takes note of it and fills in `fields`.
 * NULL: all keys are in use or too many replies awaited; the schedule has been put off.
 */
struct probe *trace_make_probe(struct trace *trace, uint64_t now, uint64_t id, uint16_t ip_id,
			       struct probe_fields *fields);

/* False while a probe of this flow that may still be answered has this identification. */
bool trace_is_ip_id_free(const struct trace *trace, uint16_t ip_id, uint64_t now);

/* Keeps a copy of the probe as one of the trace's; returns it. */
struct probe *trace_take_note(struct trace *trace, const struct probe *probe);

/* Observed what may be a probe leave; returns the trace's, or NULL if there are too many. */
struct probe *trace_observe_probe(struct trace *trace, const struct probe *seen, bool is_certain,
				  uint64_t id);

/* Observed: what was seen before is one of the trace's probes. NULL: there are too many. */
struct probe *trace_take_candidate(struct trace *trace, struct candidate *candidate, uint64_t id);

/* Observed: a probe that the capture does not hold, of unknown distance. NULL: as above. */
struct probe *trace_note_unseen(struct trace *trace, const struct st_quote *quote, uint64_t now,
				uint64_t id);

/* The probe was seen leaving in this frame. */
void trace_probe_seen(struct probe *probe, const struct st_packet *packet,
		      const struct st_frame *frame);

void trace_probe_failed(struct trace *trace, struct probe *probe, const char *reason);

/* A reply to this probe from the same router, or NULL. */
const struct trace_reply *trace_find_reply(const struct trace *trace, const struct probe *probe,
					   const struct st_addr *router);

enum trace_reply_kind {
	TRACE_REPLY_NEW,
	TRACE_REPLY_DUPLICATE, /* by the same router as one before */
	TRACE_REPLY_LATE,      /* after the wait: nobody counts on it any more */
};

/* `reply` answers `probe`: everything but probe number and RTT is filled in. `cookie`: its frame's.
 */
enum trace_reply_kind trace_add_reply(struct trace *trace, struct probe *probe,
				      struct st_reply *reply, uint64_t cookie);

/* The flow is over, for this reason: nothing may be sent any more. */
void trace_flow_over(struct trace *trace, enum st_stop_reason reason);

/*
 * Observed: would this probe begin another trace of the same flow? It does where
 * the TTL goes back after all earlier probes are answered or too old; but not
 * where probes with a checksum try again what stayed silent without one.
 */
bool trace_is_restart(const struct trace *trace, const struct probe *next, uint64_t now);

/*
 * Observed: are these probes? A router's reply proves it, or one that is a probe
 * for certain. Without either it takes a ladder of distances: a lone packet that
 * looks like a probe can be an ACK that came late over another path. A session's
 * ladder is told by its owner (has_ladder), since its flows can become an
 * application's yet.
 */
bool trace_is_believable(const struct trace *trace);

/*
 * A reply that comes later than this is none to this trace's probes, if it can be one to
 * others that are alike: twice the longest RTT so far, and some. ST_NEVER: that is not
 * known; or, so that live and offline agree, it is no session's.
 */
uint64_t trace_usual_wait(const struct trace *trace);

/* Observed: was this sent while the trace was, or as its next step? */
bool trace_spans(const struct trace *trace, const struct probe *probe);

/* The highest distance that something else than the destination has answered; 0: none. */
unsigned trace_last_router(const struct trace *trace);

/* A finished trace, ended by st_trace_free(); `end` is used where no reason was found before. */
struct st_trace *trace_result(const struct trace *trace, enum st_stop_reason end);

/* Adds a note to what trace_result() has made; `kind` is a literal. */
void trace_result_note(struct st_trace *result, const char *kind, unsigned ttl, const char *format,
		       ...) G_GNUC_PRINTF(4, 5);

#endif
