/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One TCP or UDP flow as its packets show it: how far each end has got, whether
 * probes may be sent inside it, and what a probe must copy from it. Learns from the
 * packets of the applications only; probes, ours or others', never change it.
 * Knows nothing of traces: the floor above hangs its own things on a flow.
 */
#ifndef ST_FLOW_FLOW_H
#define ST_FLOW_FLOW_H

#include <glib.h>
#include <servicetrace/flow.h>
#include <servicetrace/packet.h>

#include "base/deadlines.h"
#include "base/hash.h"
#include "packet/build.h"
#include "service/hello.h"

/* What a probe copies from the latest packet of its end of the flow. */
struct flow_template {
	bool valid; /* TCP: a segment with ACK and without SYN: its window is scaled as ours */
	bool has_timestamps;
	bool dont_fragment;
	uint8_t ttl; /* of that packet: labels in its link header may repeat it */
	uint8_t tos;
	uint16_t window;
	uint32_t flow_label;
	uint32_t tsval, tsecr;
	uint32_t link_type;
	uint32_t interface;
	uint8_t link_header_bytes;
	uint8_t link_header[LINK_HEADER_MAX];
};

/* One end of a flow: what it has sent, and what the other has acknowledged. */
struct flow_end {
	struct st_addr addr;
	uint16_t port;
	uint8_t usual_ttl;   /* of its own packets as captured here; 0: none yet */
	bool opened;	     /* sent a SYN without ACK: the client */
	bool has_isn;	     /* sent a SYN, with or without ACK */
	bool sack_permitted; /* said so in its SYN */
	bool has_next;
	bool has_ack;
	bool has_acked;
	bool sent_data;
	bool sends_checksums;  /* UDP: has sent a datagram with one */
	bool omits_checksums;  /* UDP over IPv6: has sent one without: the other end takes such */
	bool peer_established; /* the other end has shown itself ESTABLISHED to this one */
	bool rtt_running;      /* TCP: rtt_seq waits for its ACK; UDP: the first datagram for any */
	uint32_t isn;
	uint32_t next;	/* one past the highest sequence number sent (snd_nxt) */
	uint32_t acked; /* highest one acknowledged by the other (snd_una) */
	uint32_t ack;	/* highest ACK number sent */
	uint32_t rtt_seq;
	uint32_t key_id; /* latest one given to a probe; goes on across traces */
	uint64_t rtt_started_ns;
	uint64_t rtt_ns; /* latest measured from here to the other and back; 0: none */
	struct flow_template latest;
	uint64_t packets, bytes; /* of the application; whole IP packets */
	uint8_t highest_ttl;	 /* of these */
	struct hello *hello;	 /* the tracer's: what it says of the service, in pieces */
};

/*
 * Which service a flow belongs to, as far as it is known. The tracer's, but for
 * what is freed with the flow.
 */
struct flow_identity {
	struct st_identity is;	   /* host and alpn are ours, service and name the database's */
	struct hello_facts *facts; /* ours; NULL: no ClientHello has been read */
	/* What it was last made of; it is made anew when these have changed. */
	uint64_t names_generation;
	uint64_t signatures_generation;
	uint8_t client; /* the side whose ClientHello it is; with facts */
	bool is_made;
	bool is_settled;     /* names that DNS tells first after settled_at do not change it */
	uint64_t settled_at; /* number of a name */
};

/* A SYN on a flow that is still open: a new connection if a SYN-ACK answers it, else a forgery. */
struct flow_reopening {
	bool pending;
	bool sack_permitted;
	unsigned side;
	uint32_t isn;
};

#define FLOW_SIDE_UNKNOWN 2

struct flow {
	struct hash_link link;	  /* the table's */
	GList idle_link;	  /* the table's: longest idle first */
	struct deadline deadline; /* the tracer's: when there is something to do about it */
	GList waiting_link;	  /* the tracer's: wanted, but too many traces are open */
	bool is_waiting;
	bool is_selected;    /* the tracer's: wanted whatever its name */
	bool is_wanted;	     /* else it is known because its name could select it yet */
	bool is_recorded;    /* the tracer's: has been told as a flow */
	bool is_refused;     /* the tracer's: told already that it is not traced */
	bool is_traced;	     /* the tracer's: has had its trace, until it is to be traced again */
	bool stays_wanted;   /* the tracer's: a trace of it has been told */
	bool is_over;	     /* the tracer's: has acted on its end */
	uint8_t asked;	     /* the tracer's: whether the driver was asked about the socket */
	uint8_t socket;	     /* the tracer's: what it answered */
	uint64_t last_ns;    /* the tracer's: when one of its own packets was last seen */
	uint64_t retrace_ns; /* the tracer's: when it is to be traced again; ST_NEVER: not */
	void *traces;	     /* the tracer's */

	struct flow_identity identity;
	uint64_t first_stamp_ns, last_stamp_ns; /* of the application's packets */
	uint64_t id;				/* 0: never wanted so far */
	uint8_t protocol;
	uint8_t ip_version;
	bool closed;	   /* a FIN or RST was seen */
	bool is_quic;	   /* an Initial was seen */
	bool is_session;   /* the tracer's: of a classic traceroute, not in the table of flows */
	struct pair *pair; /* the tracer's: a session's */
	struct flow *next_session; /* the tracer's: of the same pair */
	uint8_t ports;		   /* the tracer's: whether a session's ports vary */
	bool sack_seen;		   /* SACK blocks were seen: it was negotiated */
	uint8_t local_side; /* the side whose packets leave this host, or FLOW_SIDE_UNKNOWN */
	struct flow_end ends[2];
	struct flow_reopening reopening;
};

/*
 * True if the flow carries traffic of an application: data, or a completed handshake; UDP:
 * both ends have sent. A traceroute's probes make flows without any.
 */
bool flow_carries_traffic(const struct flow *flow);

/* What negotiation of SACK can be known. */
enum flow_sack { FLOW_SACK_UNKNOWN, FLOW_SACK_OFF, FLOW_SACK_ON };

enum flow_verdict {
	FLOW_SEGMENT,	    /* the application's own packet */
	FLOW_PROBE,	    /* no TCP and no detour makes such a packet */
	FLOW_PROBE_PERHAPS, /* could be a probe: a reply or a ladder of distances has to confirm it
			     */
};

/* A flow between these ends: ends[0] is the source. It has no id yet. */
struct flow *flow_new(const struct st_tuple *tuple);
void flow_free(struct flow *flow);

/*
 * The 5-tuple of a packet. Where there are no ports they are 0; but an ICMP echo's
 * identifier stands for the port of the end that asks.
 */
struct st_tuple packet_tuple(const struct st_packet *packet);

/* Bytes of the whole IP packet. */
uint32_t packet_bytes(const struct st_packet *packet);

/* 0 or 1: which of ends[] is the tuple's source. */
unsigned flow_side(const struct flow *flow, const struct st_tuple *tuple);

/* The side that opened the flow, or FLOW_SIDE_UNKNOWN. UDP: the one that spoke first. */
unsigned flow_client(const struct flow *flow);

/* The 5-tuple of packets that `side` sends. */
struct st_tuple flow_tuple(const struct flow *flow, unsigned side);

/*
 * Tells probes from segments, without learning anything.
 *
 * TCP: what may be a probe is an ACK without data or other flags that lies, with its sequence
 * number, two or more behind what the peer has acknowledged (a keepalive lies one behind); or that
 * has another TTL than its end's usual one and tells nothing new: it repeats the latest sequence
 * and ACK numbers, or older ones. An application's ACK can be such a packet if it comes late over
 * another path; but no path takes half its TTL, so one that lies behind with less than that is a
 * probe for certain.
 *
 * UDP: what may be a probe is a datagram with no payload or two bytes of it and
 * another TTL than its end's usual one; or, over IPv6, one without a checksum
 * from an end that sends checksums. With less than half the usual TTL it is one.
 */
enum flow_verdict flow_classify(const struct flow *flow, unsigned side,
				const struct st_packet *packet);

/* Learns from a segment of `side`. Not to be called for probes. */
void flow_update(struct flow *flow, unsigned side, const struct st_packet *packet,
		 const struct st_frame *frame);

/*
 * True if the packet, a SYN or SYN-ACK, shows that the flow's ports now carry
 * another connection: the flow is to be replaced by a new one.
 */
bool flow_is_reused(struct flow *flow, unsigned side, const struct st_packet *packet);

/* Carries what the SYN told over to the flow that replaces `old` at its SYN-ACK. */
void flow_inherit_syn(struct flow *flow, const struct flow *old);

/*
 * True if everything a probe of `side` needs is known: TCP: the peer has shown
 * itself ESTABLISHED after our own ACK; UDP: both ends have been seen to send.
 */
bool flow_is_traceable(const struct flow *flow, unsigned side);

enum flow_sack flow_sack(const struct flow *flow);

/*
 * TTL that reaches the other end, estimated from the TTL of its packets and the
 * usual initial values: the reverse distance, a first guess. 0: unknown.
 */
uint8_t flow_estimate_distance(const struct flow *flow, unsigned side);

#endif
