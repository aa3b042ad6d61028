/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets of the simulated network: writes and reads IPv4, IPv6, TCP and UDP
 * with code of its own, so that what the tests hold for true does not
 * come from the core that they test. Knows bytes; who sends what and when is
 * the business of tcp_peer.c and network.c.
 */
#ifndef SIMNET_WIRE_H
#define SIMNET_WIRE_H

#include <glib.h>
#include <servicetrace/flow.h>
#include <servicetrace/packet.h>

#define PACKET_SENT_BYTES 60 /* IPv6 and TCP headers */

enum side { SIDE_NEAR, SIDE_FAR }; /* the tracing host, and its peers beyond the routers */

/* An IP packet on its way, with what the simulation knows about it beside its bytes. */
struct sim_packet {
	uint64_t tag;	  /* number of the probe that it is or answers; 0: the flow's own */
	size_t answer;	  /* 1 + its place in the network's list of answers; 0: none */
	gint64 flow;	  /* the driver's: whose it is, though a translator hides it; 0: nobody's */
	uint64_t arrival; /* number among those that left the network at this side */
	enum side towards;
	size_t position;     /* routers passed, used by network.c */
	bool quotes_outside; /* an error whose quote a translator has not restored */
	size_t sent_bytes;   /* of a tagged packet, or what answers it, how it was sent at first */
	uint8_t sent[PACKET_SENT_BYTES];
	size_t count;
	uint8_t bytes[];
};

/* Notes how the packet is sent, to be compared with what is quoted of it. */
void packet_note_sent(struct sim_packet *packet);

struct sim_packet *packet_new(size_t count);
struct sim_packet *packet_copy(const uint8_t *bytes, size_t count, uint64_t tag);

/* The same packet once more, as a link doubles it. */
struct sim_packet *packet_double(const struct sim_packet *packet);

/* A TCP segment or UDP datagram with its IP header, in host order; or another IP packet. */
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
	bool no_checksum;	/* writing UDP only: leave it out */
	const uint8_t *payload; /* writing: NULL for zeros; reading: into the packet */
	size_t payload_bytes;
	uint16_t udp_checksum; /* reading only, as the following ones */
	bool quic_initial;     /* of version 1, RFC 9000 section 17.2.2 */
	bool checksums_right;
};

#define NO_WINDOW_SCALE 0xff

/* Write a TCP segment or a UDP datagram, checksums right. */
struct sim_packet *wire_tcp(const struct segment *segment);
struct sim_packet *wire_udp(const struct segment *segment);

/* Reads a whole IP packet; false if its lengths contradict each other. */
bool wire_read(const uint8_t *bytes, size_t count, struct segment *segment);

/* Writes the IP header before a transport of the packet's `count` bytes. */
void wire_ip_header(uint8_t *ip, size_t count, const struct segment *segment);

/* TTL or hop limit. */
uint8_t wire_ttl(const struct sim_packet *packet);
void wire_set_ttl(struct sim_packet *packet, uint8_t ttl);

/* IP protocol, or the IPv6 next header. */
uint8_t wire_protocol(const struct sim_packet *packet);

/* True if a router would read these bytes as a whole IPv4 or IPv6 packet. */
bool wire_is_ip(const uint8_t *bytes, size_t count);

/* False for what stays on its own link: multicast, broadcast and link-local addresses. */
bool wire_is_routed(const struct sim_packet *packet);

/* A hash of addresses, protocol and ports that a router might use for equal-cost paths. */
uint32_t wire_flow_hash(const struct sim_packet *packet);

#endif
