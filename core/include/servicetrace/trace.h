/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as it is reported: what was asked, what came back at each hop, and
 * why it ended. The words are the field's: a probe is one packet sent with a
 * limited TTL, a hop is one TTL, a reply is the ICMP error that answers a probe.
 */
#ifndef SERVICETRACE_TRACE_H
#define SERVICETRACE_TRACE_H

#include <servicetrace/flow.h>
#include <servicetrace/packet.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The probing algorithms of the paper. */
enum st_algorithm {
	ST_ALGORITHM_UNKNOWN = 0, /* a capture does not tell */
	ST_ALGORITHM_CONCURRENT,  /* all probes of all hops, without waiting for replies */
	ST_ALGORITHM_HOP_BY_HOP,  /* all probes of a hop, then their replies, then the next hop */
	ST_ALGORITHM_PACKET_BY_PACKET, /* one probe, its reply, the next probe */
};

enum st_stop_reason {
	ST_STOP_NONE = 0,	  /* still running */
	ST_STOP_DESTINATION,	  /* the destination itself answered */
	ST_STOP_MAX_TTL,	  /* every distance asked for was probed */
	ST_STOP_MISSING_HOPS,	  /* so many silent hops in a row */
	ST_STOP_BORDER,		  /* a router that the user named answered */
	ST_STOP_FLOW_CLOSED,	  /* FIN or RST before the trace was complete */
	ST_STOP_INTERRUPTED,	  /* the user ended the program */
	ST_STOP_END_OF_CAPTURE,	  /* offline: the capture holds no more of it */
	ST_STOP_FLOW_TIMEOUT,	  /* the flow was silent for too long */
	ST_STOP_NEAR_DESTINATION, /* UDP: what is sent farther could reach the application */
};

/* Which parts of a quote agreed with the probe: a set of bits. */
enum st_match {
	ST_MATCH_TUPLE = 1 << 0, /* addresses, ports and protocol */
	ST_MATCH_IPID = 1 << 1,	 /* IPv4 identification */
	ST_MATCH_SEQ = 1 << 2,	 /* TCP sequence number */
	ST_MATCH_PEER = 1 << 3, /* only the destination's address and port (NAT hides the source) */
	ST_MATCH_LENGTH = 1 << 4,   /* UDP length */
	ST_MATCH_CHECKSUM = 1 << 5, /* UDP checksum */
};

#define ST_RTT_UNKNOWN INT64_MIN /* no stamp of the probe, or it is later than the reply's */
#define ST_MPLS_MAX 8		 /* labels kept per reply; deeper stacks do not occur */
#define ST_QUOTED_TTL_UNKNOWN UINT16_MAX

struct st_reply {
	struct st_addr address; /* who answered */
	uint64_t stamp_ns;	/* when it was captured */
	int64_t rtt_ns;		/* reply's stamp minus probe's, or ST_RTT_UNKNOWN */
	uint16_t probe;		/* 1 .. sent: which probe of the hop */
	uint8_t icmp_type, icmp_code;
	uint8_t reply_ttl;   /* TTL of the reply as received */
	uint16_t quoted_ttl; /* TTL inside the quote */
	uint8_t matched_by;  /* set of enum st_match */
	bool destination;    /* the destination's own answer */
	uint8_t mpls_count;
	struct st_mpls_label mpls[ST_MPLS_MAX];
};

struct st_hop {
	uint8_t ttl;
	uint16_t sent; /* probes seen leaving with this TTL */
	uint16_t reply_count;
	const struct st_reply *replies; /* by probe number, then in the order of arrival */
};

/* Something worth knowing that is not a hop. */
struct st_note {
	const char *kind;   /* "nat", "unseen-probes" …: one word, stable */
	uint8_t ttl;	    /* 0: of the whole trace */
	const char *detail; /* one sentence for a person */
};

/* Read-only; everything in it lives as long as the event that brought it. */
struct st_trace {
	uint64_t number;	     /* 1, 2, … in the order of their start */
	uint64_t flow_id;	     /* 1, 2, … in the order in which flows were seen */
	struct st_tuple tuple;	     /* the probes' own: source sends them */
	struct st_identity identity; /* what was known of the flow when the trace ended */
	uint64_t start_ns;	     /* stamp of the first probe (0: none was seen) */
	uint64_t end_ns;	     /* stamp of the last probe or reply */
	enum st_algorithm algorithm; /* the one really used */
	uint16_t probes_per_hop;     /* 0: a capture does not tell */
	uint8_t first_ttl;	     /* asked for, or the lowest seen */
	uint8_t max_ttl;	     /* asked for; 0: a capture does not tell */
	uint8_t distance;	     /* TTL at which the destination answered; 0: no evidence */
	enum st_stop_reason stop_reason;
	uint32_t probes_sent; /* the sum of the hops' `sent` */
	uint32_t replies_received;
	size_t hop_count;
	const struct st_hop *hops; /* by TTL, every one probed */
	size_t note_count;
	const struct st_note *notes;
};

#ifdef __cplusplus
}
#endif

#endif
