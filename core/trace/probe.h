/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A probe, or a packet that may turn out to be one: what is kept of it to know its replies by. */
#ifndef ST_TRACE_PROBE_H
#define ST_TRACE_PROBE_H

#include <servicetrace/trace.h>

#include "base/hash.h"

/* Copies of a packet on one host are apart by microseconds; probes by more. */
#define COPY_NS (300 * ST_NS_PER_US)

struct trace;
struct candidate;

enum probe_state {
	PROBE_AWAITED, /* handed out or seen, no reply yet, the wait is not over */
	PROBE_ANSWERED,
	PROBE_EXPIRED, /* the wait is over, or nobody waits any longer */
	PROBE_FAILED,  /* could not be sent */
};

/* Of its headers, what quotes are compared with besides its keys. */
struct probe_headers {
	bool known; /* a probe that was answered may not have been seen */
	bool dont_fragment;
	uint8_t tos;
	uint8_t tcp_flags;
	uint16_t tcp_window;
	uint16_t icmp_checksum;
	uint16_t bytes; /* of the IP packet */
	uint32_t ack;
	uint32_t flow_label;
};

struct probe {
	struct hash_link key_link;   /* the correlator's */
	struct hash_link ip_id_link; /* the correlator's, if has_ip_id() */
	struct trace *trace;
	struct candidate *candidate; /* what it was made of; NULL: nothing, or that has left */
	struct st_tuple tuple;	     /* its own: ports vary within some classic traces */
	uint64_t id;
	uint64_t cookie;   /* of the frame that showed it leaving */
	uint64_t stamp_ns; /* of that frame */
	uint64_t now_ns;   /* when it was handed out, or seen if another sent it */
	struct probe_headers headers;
	uint32_t key;	/* bytes 4 to 7 of the transport, see st_packet.key */
	uint16_t ip_id; /* IPv4 */
	uint16_t index; /* 1 .. within its hop, of those known to have left; 0: not known */
	uint8_t ttl;
	bool seen;     /* shown leaving */
	bool has_copy; /* observed: it was seen once more, in this frame */
	uint64_t copy_cookie;
	enum probe_state state;
};

struct probe_headers probe_headers_of(const struct st_packet *packet);

/* What is kept of a packet that leaves in this frame; it has a key. */
struct probe probe_of_packet(const struct st_packet *packet, const struct st_frame *frame,
			     uint64_t now);

/* The 5-tuple of a quoted packet; of an ICMP echo the identifier stands for the source's port. */
struct st_tuple quote_tuple(const struct st_quote *quote);

/* Set of enum st_altered: what the quote holds else than the probe was sent with. */
uint16_t probe_altered(const struct probe *probe, const struct st_quote *quote);

/* The key of a UDP datagram with this length (header included) and checksum. */
uint32_t udp_key(uint16_t length, uint16_t checksum);

#endif
