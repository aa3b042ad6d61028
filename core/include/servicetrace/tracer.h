/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The facade: frames and a clock go in, probes and events come out.
 *
 * A tracer makes no system call, reads no clock, sets no timer, prints nothing
 * and calls nobody back. It is not thread-safe; any number of tracers may live
 * side by side. The driver's loop:
 *
 *   st_tracer_frame()        for each frame captured (own probes among them)
 *   st_tracer_poll_probe()   until ST_NONE; send what it hands out
 *   st_tracer_poll_event()   until ST_NONE; answer what is asked
 *   sleep until a frame comes or st_tracer_next_wakeup(), then st_tracer_wake()
 *
 * In active mode frames must tell their direction: a flow is traced only once a
 * packet of it was seen leaving, because its probes copy that packet's headers.
 * A probe counts as sent when st_tracer_frame() is shown it leaving; that is
 * where its stamp comes from. In observing mode (config.active false) there are
 * no probes to poll, and `now` may be the largest stamp seen.
 */
#ifndef SERVICETRACE_TRACER_H
#define SERVICETRACE_TRACER_H

#include <servicetrace/config.h>

#ifdef __cplusplus
extern "C" {
#endif

struct st_tracer;

#define ST_PROBE_FRAME_MAX 1536 /* a buffer of this many bytes holds any probe */

/* A probe to be sent now. */
struct st_probe {
	uint64_t id; /* for st_tracer_probe_failed */
	uint64_t flow_id;
	uint64_t trace;	    /* number of the trace */
	uint32_t interface; /* the one on which the flow's own packets leave */
	uint32_t link_type;
	size_t frame_bytes; /* written to the caller's buffer, link header included */
	uint8_t ip_version;
	uint8_t ttl;
	uint16_t index; /* 1 .. probes per hop */
};

enum st_event_type {
	ST_EVENT_TRACE_STARTED, /* flow_id, trace, tuple */
	ST_EVENT_PROBE,		/* a frame was a probe: cookie, flow_id, trace, ttl, index */
	ST_EVENT_REPLY,		/* a frame answered one: cookie, …, probe_cookie, reply */
	ST_EVENT_TRACE_ENDED,	/* result */
	ST_EVENT_TRACE_SO_FAR,	/* st_tracer_review: result, of a trace that goes on */
	ST_EVENT_COPY, /* observing: a frame repeats a probe or reply: cookie, original_cookie */
	ST_EVENT_FLOW_REFUSED, /* a wanted flow is not traced: flow_id, tuple, reason */
	ST_EVENT_SOCKET_ASKED, /* flow_id, tuple (from here): st_tracer_tell_socket must answer */
	ST_EVENT_FLOW_NAMED,   /* a wanted flow's service or host is known, or better: identity */
	ST_EVENT_FLOW_ENDED,   /* config.report_flows: the flow is over, or the run: flow */
};

/* What the driver knows of the local application's socket. */
enum st_socket {
	ST_SOCKET_UNKNOWN =
		0,	 /* nothing: the flow is traced, with a note of kind recverr-unknown */
	ST_SOCKET_QUIET, /* no ICMP error that a probe draws is told to the application */
	ST_SOCKET_WANTS_ERRORS, /* IP_RECVERR is set: probes would make its calls fail */
};

/* What it points to lives until the next call to any function of the tracer. */
struct st_event {
	enum st_event_type type;
	uint64_t flow_id;
	uint64_t trace;
	uint64_t cookie;	  /* of the frame that this is about */
	uint64_t probe_cookie;	  /* REPLY: of the probe's frame */
	uint64_t original_cookie; /* COPY: of the frame that was seen first */
	uint8_t ttl;
	uint16_t index;
	const struct st_tuple *tuple;
	const struct st_reply *reply;
	const struct st_trace *result;
	const struct st_identity *identity;
	const struct st_flow *flow;
	const char *reason;
};

/* What a frame was, as far as can be told at once. */
struct st_frame_info {
	uint64_t flow_id; /* 0: of no flow */
	bool wanted;	  /* the flow is selected, or a packet that may be a probe without one */
	bool taught;	  /* a name, or may be part of what does: keep it whole */
	uint32_t header_bytes; /* link, IP and transport header: what need be kept of it */
};

/* Counters since the start; they only grow, but for the gauges. */
struct st_stats {
	uint64_t frames;
	uint64_t frames_malformed;   /* lengths or versions that contradict each other */
	uint64_t frames_truncated;   /* cut before the header ended */
	uint64_t frames_unsupported; /* not IP, or a link type not decoded */
	uint64_t fragments;	     /* later IP fragments, passed over */
	uint64_t frames_astray;	     /* came in with our own side's addresses: forged or looped */
	uint64_t flows_seen;	     /* of TCP and UDP, that the selection matches */
	uint64_t flows_evicted;	     /* left the full table while still open */
	uint64_t flows_unnamed_evicted; /* the same, of those that a name could still have selected
					 */
	uint64_t flows_refused;		/* wanted but not to be probed (no SACK for `exact` …) */
	uint64_t traces_started;
	uint64_t traces_ended;
	uint64_t probes_handed_out;
	uint64_t probes_sent;	    /* seen leaving */
	uint64_t probes_failed;	    /* the driver could not send them */
	uint64_t probes_unseen;	    /* handed out, never seen, never answered */
	uint64_t replies;	    /* matched to a probe */
	uint64_t replies_duplicate; /* another reply to an answered probe, from the same router */
	uint64_t replies_foreign;   /* active: to probes of another program in the same flow */
	uint64_t replies_late; /* after the wait, or to a probe whose trace was already reported */
	uint64_t errors_unmatched; /* ICMP errors that answer no probe of ours */
	uint64_t errors_malformed; /* ICMP errors whose quote cannot be read */
	uint64_t events_dropped;   /* the driver did not poll; never a TRACE_ENDED */
	uint64_t names_evicted;	   /* addresses' names that left the full table */
	uint64_t hellos_evicted;   /* ClientHellos in pieces that were given up for newer ones */
	uint64_t names_known;	   /* gauge: names of addresses */
	uint64_t flows_known;	   /* gauge */
	uint64_t traces_open;	   /* gauge */
};

/*
 * Copies `config`. The first tracer of a process initialises libgcrypt, unless
 * the process has; a program that drops privileges has made it before. On success *tracer is the
 * caller's, to be freed by st_tracer_free. ST_INVALID_ARGUMENT: st_config_check says why.
 */
ST_API enum st_status st_tracer_new(const struct st_config *config, struct st_tracer **tracer);

/* Frees everything, also events not polled. NULL is allowed. */
ST_API void st_tracer_free(struct st_tracer *tracer);

/*
 * Shows the tracer a frame. Bad frames are counted, never an error. `info` may be NULL.
 * `now` never goes back between calls; a lower one counts as the highest so far.
 */
ST_API void st_tracer_frame(struct st_tracer *tracer, uint64_t now, const struct st_frame *frame,
			    struct st_frame_info *info);

/* When st_tracer_wake wants to be called at the latest; ST_NEVER if nothing is due. */
ST_API uint64_t st_tracer_next_wakeup(const struct st_tracer *tracer);

/* Lets time pass: replies awaited too long are given up, complete traces end. */
ST_API void st_tracer_wake(struct st_tracer *tracer, uint64_t now);

/*
 * Hands out the next probe that is due: its frame in `buffer`, its data in
 * `probe`. ST_NONE: none is due. ST_NO_SPACE: `size` is below ST_PROBE_FRAME_MAX.
 */
ST_API enum st_status st_tracer_poll_probe(struct st_tracer *tracer, uint64_t now, uint8_t *buffer,
					   size_t size, struct st_probe *probe);

/* The probe of this id could not be sent; `reason` (copied) becomes a note of its trace. */
ST_API void st_tracer_probe_failed(struct st_tracer *tracer, uint64_t id, const char *reason);

/*
 * Answers ST_EVENT_SOCKET_ASKED, with that event's tuple. Until then nothing is
 * sent into the flow: UDP probes, and `exact` ones, draw ICMP errors that a socket
 * with IP_RECVERR (ip(7)) passes on. Asked again before each further trace of the
 * flow. A flow that is gone by now is no error.
 */
ST_API void st_tracer_tell_socket(struct st_tracer *tracer, uint64_t now,
				  const struct st_tuple *tuple, enum st_socket socket);

/*
 * Tells what DNS does not show here: that `addr` is `name`, a host's name; a final
 * dot, and upper and lower case, make no difference. Counts like an answer that any
 * client got, and before those (ST_EVIDENCE_OPTION), for as long as the tracer
 * lives. ST_INVALID_ARGUMENT: that is no host's name.
 */
ST_API enum st_status st_tracer_tell_name(struct st_tracer *tracer, uint64_t now,
					  const struct st_addr *addr, const char *name);

/* ST_OK with the next event, or ST_NONE. */
ST_API enum st_status st_tracer_poll_event(struct st_tracer *tracer, struct st_event *event);

/*
 * How things stand, as if the capture ended here: what is undecided is decided (a
 * probe or router that has not shown itself is awaited no longer), and each open
 * trace is told by ST_EVENT_TRACE_SO_FAR; flows get the names that are known by now. Tracing goes
 * on. For drivers that show a capture while it grows.
 *
 * What is decided stays so: a reply that comes before its probe is counted as unmatched, and a
 * flow that is silent by now keeps a name of which, without the review, nothing might be known
 * any more at its end. Reports are else the same.
 */
ST_API void st_tracer_review(struct st_tracer *tracer, uint64_t now);

/* Ends every open trace, so that each is reported, and begins none; poll the events afterwards. */
ST_API void st_tracer_finish(struct st_tracer *tracer, uint64_t now);

/* The counters, valid until the tracer is freed. */
ST_API const struct st_stats *st_tracer_stats(const struct st_tracer *tracer);

#ifdef __cplusplus
}
#endif

#endif
