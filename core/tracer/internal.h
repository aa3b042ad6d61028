/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the tracer share. */
#ifndef ST_TRACER_INTERNAL_H
#define ST_TRACER_INTERNAL_H

#include <servicetrace/tracer.h>

#include "flow/table.h"
#include "path/path.h"
#include "service/resolver.h"
#include "service/signatures.h"
#include "trace/candidates.h"
#include "trace/correlator.h"
#include "trace/trace.h"

/* Events about frames are dropped beyond this many that nobody polled. */
#define EVENTS_MAX 65536
/*
 * A closed flow is remembered until it was silent for so long: its last packets,
 * or those of the direction that is still open, must not make it a new one.
 */
#define CLOSED_FLOW_LINGER_NS (300 * ST_NS_PER_S)

enum deadline_kind { DEADLINE_TRACE, DEADLINE_FLOW };

/* What is known of a flow's socket: enum st_socket, or that it is not. */
enum socket_state { SOCKET_NOT_ASKED, SOCKET_ASKED, SOCKET_TOLD };

/* A queued event and what it owns. */
struct event {
	struct st_event public;
	struct st_tuple tuple;
	struct st_reply reply;
	struct st_trace *result;
	struct st_identity identity; /* host and alpn are ours */
	struct st_flow *flow;
};

struct st_tracer {
	struct st_config config;
	struct st_stats stats;
	struct flow_table flows;
	struct correlator correlator;
	struct candidates *candidates; /* observing: NULL in active mode */
	GQueue sessions;	       /* struct flow, by idle_link: the oldest first */
	GQueue early;		       /* replies.c's: errors whose probe was not seen so far */
	struct deadlines deadlines;
	GQueue traces;	/* open and resting ones, by trace.link */
	GQueue ready;	/* traces that may send now, by trace.ready_link: first come, first sent */
	GQueue waiting; /* flows that wait for a trace slot, by flow.waiting_link */
	GQueue events;	/* struct event */
	struct event *polled; /* the one last handed out */
	uint64_t now;
	struct names *names;
	struct resolver *resolver;
	struct path_memory *paths; /* of earlier traces */
	struct hello_pool hellos;
	GPtrArray *services; /* const struct st_service: those selected */
	uint64_t services_generation;
	uint64_t flows_made;
	uint64_t last_probe_id;
	uint64_t last_trace_number;
	uint64_t rate_next_ns; /* no probe of any flow before this */
	uint16_t last_ip_id;
	uint64_t newest_stamp_ns; /* of all frames shown */
	bool is_out_of_order;	  /* a frame was older than one before it */
	bool is_finished;	  /* no trace begins any more */
};

/* config.c */

enum interest {
	INTEREST_NONE,
	INTEREST_NAME,	   /* its name may select it */
	INTEREST_SELECTED, /* it belongs to a wanted flow */
};

enum interest config_interest(const struct st_config *config, const struct st_packet *packet,
			      enum st_direction direction);

/* shard.c */

/* True if what passes between these two, in either direction, is this run's to look at. */
bool shard_has(const struct st_config *config, const struct st_addr *one,
	       const struct st_addr *other);

/* True if this run is the one that tells of an ICMP error which answers no probe. */
bool shard_counts_error(const struct st_config *config, const struct st_packet *packet,
			const struct st_quote *quote);

/* True if an ICMP error may answer a probe that this run looks at. */
bool shard_has_error(const struct st_config *config, const struct st_packet *packet,
		     const struct st_quote *quote);

/* identity.c */

/* Takes note of what an answer of DNS teaches. True: it teaches, or is a piece of one. */
bool identity_take_answer(struct st_tracer *tracer, const struct st_packet *packet,
			  const struct st_frame *frame);

/* Looks for the name of its service in a packet of the flow. True: that is in it, or a piece. */
bool identity_hear(struct st_tracer *tracer, struct flow *flow, unsigned side,
		   const struct st_packet *packet, const struct st_frame *frame);

/* Brings up to date what the flow is known as, and whether it is therefore wanted. */
void identity_update(struct st_tracer *tracer, struct flow *flow);

/* Nothing more is awaited from the flow. */
void identity_drop(struct st_tracer *tracer, struct flow *flow);

/* events.c */
void event_trace_started(struct st_tracer *tracer, const struct trace *trace);
/* TRACE_ENDED or TRACE_SO_FAR; takes `result`. Never dropped. */
void event_result(struct st_tracer *tracer, enum st_event_type type, struct st_trace *result);
void event_probe(struct st_tracer *tracer, const struct probe *probe, uint64_t cookie);
void event_reply(struct st_tracer *tracer, const struct probe *probe, uint64_t cookie,
		 const struct st_reply *reply);
void event_copy(struct st_tracer *tracer, const struct probe *probe, uint64_t cookie,
		uint64_t original_cookie);
void event_refused(struct st_tracer *tracer, const struct flow *flow, const char *reason);
void event_flow_named(struct st_tracer *tracer, const struct flow *flow);
void event_flow_ended(struct st_tracer *tracer, const struct flow *flow);
void event_socket_asked(struct st_tracer *tracer, const struct flow *flow);
void event_free(struct event *event);

/* tracer.c */

/* Adds an open trace to its flow. */
void tracer_open(struct st_tracer *tracer, struct trace *trace);

/* Reports the trace; it rests for the wait, so that late replies find it. */
void tracer_end(struct st_tracer *tracer, struct trace *trace, enum st_stop_reason end);

/* Forgets a trace that is reported, or need not be. */
void tracer_discard(struct st_tracer *tracer, struct trace *trace);

/* Why a trace is over that nothing has ended. */
enum st_stop_reason tracer_natural_end(const struct trace *trace);

/* flows.c */

/* The flow that the packet belongs to, made if it is new and of interest; NULL: neither. */
struct flow *tracer_flow_of(struct st_tracer *tracer, const struct st_packet *packet,
			    const struct st_tuple *tuple, const struct st_frame *frame);

/* The flow is, or is no longer, wanted. */
void tracer_flow_want(struct st_tracer *tracer, struct flow *flow, bool is_wanted);

/* Tells of the flow as such, once, if that is asked for. */
void tracer_flow_record(struct st_tracer *tracer, struct flow *flow);

/* True if the flow is over, though its traces may still rest. */
bool tracer_flow_has_ended(const struct st_tracer *tracer, const struct flow *flow);

/* The ports of `old`, which is forgotten, carry a new flow; NULL if that is not wanted. */
struct flow *tracer_flow_renew(struct st_tracer *tracer, struct flow *old,
			       const struct st_packet *packet, const struct st_frame *frame);

/* A packet of the application has taught the flow something. */
void tracer_flow_heard(struct st_tracer *tracer, struct flow *flow);

/* One of its traces is over. */
void tracer_flow_rests(struct st_tracer *tracer, struct flow *flow);

/* Its deadline has come. */
void tracer_flow_due(struct st_tracer *tracer, struct flow *flow);

/* True if nothing was heard of it for longer than the flow timeout. */
bool tracer_flow_is_silent(const struct st_tracer *tracer, const struct flow *flow);

/* Sees to it that the flow's next deadline is not missed. */
void tracer_flow_arm(struct st_tracer *tracer, struct flow *flow);

/* Ends and frees all the flow's traces and the flow. */
void tracer_forget(struct st_tracer *tracer, struct flow *flow);

/* active.c */

/* The flow has shown something new: traces it if that is wanted and safe now. */
void active_consider(struct st_tracer *tracer, struct flow *flow);

/* Gives slots that are free to the flows that wait longest; to be called last. */
void active_next_waiting(struct st_tracer *tracer);

/* Steps an open trace whose deadline has come, or that has learned something. */
void active_step(struct st_tracer *tracer, struct trace *trace);

/* The trace sends no more, at least not now. */
void active_not_ready(struct st_tracer *tracer, struct trace *trace);

/* frame.c */

/* What the driver is told of a frame that belongs to this flow. */
void frame_tell(struct st_frame_info *info, const struct flow *flow);

/* replies.c */

/* An ICMP error: the reply to a probe, if it quotes one. */
void replies_take_error(struct st_tracer *tracer, const struct st_packet *packet,
			const struct st_frame *frame, struct st_frame_info *info);

/* A packet may be the destination's own answer to a classic traceroute. */
void replies_take_answer(struct st_tracer *tracer, const struct st_packet *packet,
			 const struct st_frame *frame);

/* A candidate has become this probe: it may have been answered before. */
void replies_settle(struct st_tracer *tracer, struct probe *probe);

/* Looks again at errors that came before their probe; at all of them if `is_over`. */
void replies_look_again(struct st_tracer *tracer, bool is_over);

void replies_free(struct st_tracer *tracer);

/* sessions.c */

/* A packet that is no probe for certain, seen in observing mode; `flow` may be NULL. */
void sessions_observe(struct st_tracer *tracer, const struct flow *flow,
		      const struct st_packet *packet, const struct st_frame *frame,
		      bool is_selected);

/* A Time Exceeded quotes the candidate: returns the probe that it therefore is, or NULL. */
struct probe *sessions_confirm(struct st_tracer *tracer, struct candidate *candidate);

/* The candidate is answered: returns its probe if it hangs together with a session's, or NULL. */
struct probe *sessions_accept(struct st_tracer *tracer, struct candidate *candidate);

/* Whether what is quoted would be wanted. */
enum interest sessions_interest(const struct st_tracer *tracer, const struct st_quote *quote);

/*
 * An error quotes what the capture does not hold. NULL: its flow is not wanted; or it
 * is no Time Exceeded, and none has quoted the like.
 */
struct probe *sessions_unseen(struct st_tracer *tracer, const struct st_quote *quote,
			      bool is_time_exceeded);

/*
 * A session's trace is over: what hangs together with it is taken in, though it came
 * before that showed; is it a ladder, even if no router has answered?
 */
void sessions_settle(struct st_tracer *tracer, struct trace *trace);

/* Whose probes the trace's are, as far as they show. */
enum st_trace_kind sessions_kind(const struct st_tracer *tracer, const struct trace *trace);

/* The session has no traces any more: it is freed. */
void sessions_forget(struct st_tracer *tracer, struct flow *session);

/* observe.c */

/* The trace of `side` that is open, NULL if none. */
struct trace *observe_open_trace(const struct flow *flow, unsigned side);

/* The same for a probe that comes next: it may begin one. */
struct trace *observe_trace_for(struct st_tracer *tracer, struct flow *flow, unsigned side,
				const struct probe *next);

void observe_probe(struct st_tracer *tracer, struct flow *flow, unsigned side,
		   const struct st_packet *packet, const struct st_frame *frame, bool is_certain);

/*
 * In active mode: a trace of another program's probes in a flow that we may
 * trace too. It is kept to know their replies from ours, and not reported.
 */
bool observe_is_foreign(const struct st_tracer *tracer, const struct trace *trace);

/* The probe, or what may become one, was seen once more in the frame of this cookie. */
void observe_copy(struct st_tracer *tracer, struct probe *original, uint64_t cookie);

/* Numbers the trace and tells of it, its probes and their replies, once they are believable. */
void observe_announce(struct st_tracer *tracer, struct trace *trace);

#endif
