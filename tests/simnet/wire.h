/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of the simulated network: writes and reads IPv4, IPv6, TCP and ICMP
 * errors with code of its own, so that what the tests hold for true does not
 * come from the core that they test. Knows bytes; who sends what and when is
 * the business of tcp_peer.c and network.c.
 */
#ifndef SIMNET_WIRE_H
#define SIMNET_WIRE_H

#include <servicetrace/flow.h>
#include <servicetrace/packet.h>

enum side { SIDE_NEAR, SIDE_FAR }; /* the tracing host, and its peers beyond the routers */

/* An IP packet on its way, with what the simulation knows about it beside its bytes. */
struct sim_packet {
	uint64_t tag;  /* number of the probe that it is or answers; 0: the flow's own */
	size_t answer; /* 1 + its place in the network's list of answers; 0: none */
	enum side towards;
	size_t position; /* routers passed, used by network.c */
	size_t count;
	uint8_t bytes[];
};

struct sim_packet *packet_new(size_t count);
struct sim_packet *packet_copy(const uint8_t *bytes, size_t count, uint64_t tag);

/* The same packet once more, as a link doubles it. */
struct sim_packet *packet_double(const struct sim_packet *packet);

/* A TCP segment with its IP header, in host order; or an IP packet of another protocol. */
struct segment {
	struct st_tuple tuple; /* ports only if protocol is TCP or UDP */
	uint8_t ttl, tos;
	uint16_t ip_id;
	bool dont_fragment;
	uint32_t flow_label;
	uint32_t seq, ack;
	uint8_t flags;
	uint16_t window;
	uint16_t mss;	      /* 0: no option */
	uint8_t window_scale; /* 0xff: no option */
	bool sack_permitted, timestamps;
	uint32_t tsval, tsecr;
	const uint8_t *payload; /* writing: NULL for zeros; reading: into the packet */
	size_t payload_bytes;
	bool checksums_right; /* reading only */
};

#define NO_WINDOW_SCALE 0xff

/* Writes a TCP segment. */
struct sim_packet *wire_tcp(const struct segment *segment);

/* Reads a whole IP packet; false if its lengths contradict each other. */
bool wire_read(const uint8_t *bytes, size_t count, struct segment *segment);

/* Decrements TTL or hop limit; false if it ends here and the packet must not go on. */
bool wire_decrement_ttl(struct sim_packet *packet);

/* What a router puts into a Time Exceeded, and where it departs from the book. */
struct time_exceeded {
	struct st_addr router;
	uint8_t ttl; /* of the answer */
	uint16_t ip_id;
	uint32_t quote_bytes; /* of the quoted transport, UINT32_MAX: all */
	uint8_t quoted_ttl;
	bool change_tos, change_ip_id;
	uint8_t quoted_tos;
	uint16_t quoted_ip_id;
	bool mpls;	  /* append an extension with one label */
	bool mpls_length; /* say so in the length field */
	uint32_t label;
};

/* The Time Exceeded that answers `expired` (RFC 792, RFC 4443, RFC 4884, RFC 4950). */
struct sim_packet *wire_time_exceeded(const struct time_exceeded *how,
				      const struct sim_packet *expired);

/* True if the packet is an ICMP or ICMPv6 error: nobody answers it with another one. */
bool wire_is_icmp_error(const struct sim_packet *packet);

/* True if a router would read these bytes as a whole IPv4 or IPv6 packet. */
bool wire_is_ip(const uint8_t *bytes, size_t count);

/* A hash of addresses, protocol and ports that a router might use for equal-cost paths. */
uint32_t wire_flow_hash(const struct sim_packet *packet);

#endif
