/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The probes that may still be seen or answered, and which of them a frame or a
 * quote belongs to. The 5-tuple names the flow; the key (TCP: the sequence
 * number; UDP: length and checksum) and the IPv4 identification name the probe.
 * None is trusted alone. A sequence number or length that is quoted but not ours
 * refutes the rest; identifications are rewritten on the way too often to refute
 * anything (but for empty UDP datagrams, which have nothing else), and UDP
 * checksums change with every address that is translated.
 */
#ifndef ST_TRACE_CORRELATOR_H
#define ST_TRACE_CORRELATOR_H

#include <servicetrace/trace.h>

#include "base/hash.h"

struct trace;

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
	struct st_tuple tuple; /* its own: ports vary within some classic traces */
	uint64_t id;
	uint64_t cookie;   /* of the frame that showed it leaving */
	uint64_t stamp_ns; /* of that frame */
	uint64_t now_ns;   /* when it was handed out, or seen if another sent it */
	struct probe_headers headers;
	uint32_t key;	/* bytes 4 to 7 of the transport, see st_packet.key */
	uint16_t ip_id; /* IPv4 */
	uint16_t index; /* 1 .. within its hop, of those known to have left; 0: not known */
	uint8_t ttl;
	bool seen; /* shown leaving */
	enum probe_state state;
};

struct correlator {
	struct hash_table by_key;
	struct hash_table by_ip_id;
	uint64_t seed;
	uint64_t wait_ns; /* how long a reply is awaited */
};

/* The 5-tuple of a quoted packet; of an ICMP echo the identifier stands for the source's port. */
struct st_tuple quote_tuple(const struct st_quote *quote);

/* Set of enum st_altered: what the quote holds else than the probe was sent with. */
uint16_t probe_altered(const struct probe *probe, const struct st_quote *quote);

/* The key of a UDP datagram with this length (header included) and checksum. */
uint32_t udp_key(uint16_t length, uint16_t checksum);

/* What a TCP or UDP packet would be known by if it were a probe. */
uint32_t packet_key(const struct st_packet *packet);

void correlator_free(struct correlator *correlator);
void correlator_add(struct correlator *correlator, struct probe *probe);
void correlator_remove(struct correlator *correlator, struct probe *probe);

/* True if a probe of this 5-tuple that is younger than `since` has this key. */
bool correlator_has_key(const struct correlator *correlator, const struct st_tuple *tuple,
			uint32_t key, uint64_t since);

/* The same for its IPv4 identification. */
bool correlator_has_ip_id(const struct correlator *correlator, const struct st_tuple *tuple,
			  uint16_t ip_id, uint64_t since);

/* A probe noted since then that this packet is a copy of, or NULL. */
struct probe *correlator_find_copy(const struct correlator *correlator,
				   const struct st_packet *packet, uint64_t since);

/* The probe that this outgoing packet is, one not seen yet if there is one; or NULL. */
struct probe *correlator_find_sent(const struct correlator *correlator,
				   const struct st_packet *packet);

/*
 * The probe that a quote belongs to, NULL if none; `*matched_by` gets the set of
 * enum st_match that agreed. Looks for the flow's own probe first, then for one
 * whose source a NAT has replaced; by the key, and if that is cut off or altered,
 * by the identification. Of several that are alike only the one that is still
 * awaited `now` can be meant.
 */
struct probe *correlator_find_quote(const struct correlator *correlator,
				    const struct st_quote *quote, uint64_t now,
				    uint8_t *matched_by);

#endif
