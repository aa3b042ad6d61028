/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as it is reported: what was asked, what came back at each hop, and
 * why it ended. The words are the field's: a probe is one packet sent with a
 * limited TTL, a hop is one TTL, a reply is what answers a probe: an ICMP error,
 * or the destination's own echo reply, SYN-ACK or RST.
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
	ST_MATCH_SEQ = 1 << 2,	 /* sequence number of TCP, of an ICMP echo */
	ST_MATCH_PEER = 1 << 3, /* only the destination's address and port (NAT hides the source) */
	ST_MATCH_LENGTH = 1 << 4,   /* UDP length */
	ST_MATCH_CHECKSUM = 1 << 5, /* UDP checksum */
	ST_MATCH_BYTES = 1 << 6,    /* bytes 4 to 7 of another transport */
};

/* What a quote shows changed on the way from what was sent: a set of bits. */
enum st_altered {
	ST_ALTERED_DSCP = 1 << 0,
	ST_ALTERED_ECN = 1 << 1,
	ST_ALTERED_IPID = 1 << 2,
	ST_ALTERED_LENGTH = 1 << 3,   /* of the IP packet */
	ST_ALTERED_CHECKSUM = 1 << 4, /* of UDP, ICMP; of TCP where so much is quoted */
	ST_ALTERED_SEQ = 1 << 5,      /* TCP */
	ST_ALTERED_ACK = 1 << 6,      /* TCP, where quoted */
	ST_ALTERED_FLAGS = 1 << 7,    /* TCP, where quoted */
	ST_ALTERED_WINDOW = 1 << 8,   /* TCP, where quoted */
	ST_ALTERED_FRAGMENT = 1 << 9, /* the don't-fragment bit */
	ST_ALTERED_SOURCE =
		1 << 10, /* address or port: a translator that does not restore quotes */
	ST_ALTERED_DESTINATION = 1 << 11, /* address or port */
	ST_ALTERED_FLOW_LABEL = 1 << 12,  /* IPv6 */
};

/* What a reply is. */
enum st_reply_kind {
	ST_REPLY_ICMP_ERROR = 0, /* with a quote: Time Exceeded, unreachable ... */
	ST_REPLY_ECHO,		 /* an echo reply, the destination's */
	ST_REPLY_TCP,		 /* SYN-ACK or RST, the destination's; see tcp_flags */
	ST_REPLY_OTHER,		 /* the destination's own packet of another protocol */
};

/* Whose probes these are. */
enum st_trace_kind {
	ST_TRACE_IN_FLOW = 0, /* in the flow of an application */
	ST_TRACE_CLASSIC,     /* a traceroute's, in flows of its own */
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
	uint8_t kind; /* enum st_reply_kind; ICMP type and code are 0 unless an error or echo */
	uint8_t tcp_flags;     /* ST_TCP_*, of a TCP answer */
	uint8_t reply_ttl;     /* TTL of the reply as received */
	uint8_t reply_tos;     /* its whole TOS byte or traffic class */
	uint16_t reply_ip_id;  /* its identification (IPv4) */
	uint16_t reply_bytes;  /* its length as an IP packet */
	uint16_t probe_bytes;  /* the probe's length as an IP packet; 0: not seen */
	uint16_t quoted_ttl;   /* TTL inside the quote */
	uint16_t quoted_bytes; /* length of the IP packet by the quote */
	uint8_t quoted_tos;
	uint16_t altered;   /* set of enum st_altered: quote against probe */
	uint8_t matched_by; /* set of enum st_match */
	bool destination;   /* the destination's own answer */
	uint8_t mpls_count;
	struct st_mpls_label mpls[ST_MPLS_MAX];
};

/* The bands that RTTs are shown in: up to 100 ms, up to 150 ms, more; silence has its own. */
enum st_band { ST_BAND_SILENT = 0, ST_BAND_GOOD, ST_BAND_HIGH, ST_BAND_VERY_HIGH };

#define ST_BAND_HIGH_NS (100 * ST_NS_PER_MS)
#define ST_BAND_VERY_HIGH_NS (150 * ST_NS_PER_MS)

/* A probe that has left. */
struct st_sent {
	uint64_t stamp_ns;			/* when; 0: was not seen, but was answered */
	uint16_t bytes;				/* length of the IP packet; 0: not known */
	uint16_t source_port, destination_port; /* its own: they vary in some classic traces */
	uint16_t replies;			/* how many it got */
};

/* The replies of a hop without a TTL answer probes that are not in the capture. */
struct st_hop {
	uint8_t ttl;		      /* 0: not known */
	uint16_t sent;		      /* probes seen leaving with this TTL */
	const struct st_sent *probes; /* `sent` of them: number 1 comes first */
	uint16_t reply_count;
	const struct st_reply *replies; /* by probe number, then in the order of arrival */
};

/* RTTs of a hop, over its replies that have one; the destination's and routers' alike. */
struct st_rtt_statistics {
	unsigned count; /* 0: the rest is ST_RTT_UNKNOWN */
	int64_t best_ns, worst_ns;
	int64_t average_ns;
	int64_t deviation_ns; /* standard deviation of all `count` (population); 0 for one */
	int64_t jitter_ns;    /* average difference between one and the next; unknown for one */
};

ST_API struct st_rtt_statistics st_hop_rtt(const struct st_hop *hop);

/* The band of the hop's average RTT. */
ST_API enum st_band st_hop_band(const struct st_hop *hop);

/* The band of one RTT, ST_BAND_SILENT for ST_RTT_UNKNOWN. */
ST_API enum st_band st_rtt_band(int64_t rtt_ns);

/* Something worth knowing that is not a hop. */
struct st_note {
	const char *kind;   /* "nat", "unseen-probes" …: one word, stable */
	uint8_t ttl;	    /* 0: of the whole trace */
	const char *detail; /* one sentence for a person */
};

/* Read-only; everything in it lives as long as the event that brought it. */
struct st_trace {
	uint64_t number;  /* 1, 2, … in the order of their start */
	uint64_t flow_id; /* 1, 2, … in the order in which flows were seen */
	enum st_trace_kind kind;
	struct st_tuple tuple; /* the probes' own: source sends them; a port that varies is 0 */
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

/* A copy that lives until st_trace_free(), with all that it points to but the identity's service
 * and name, which are the signature database's. */
ST_API struct st_trace *st_trace_copy(const struct st_trace *trace);
ST_API void st_trace_free(struct st_trace *trace);

#ifdef __cplusplus
}
#endif

#endif
