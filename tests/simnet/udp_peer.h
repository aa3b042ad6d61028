/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of a simulated UDP flow: a socket and an application that knows every
 * datagram of its peer by its content, and so what is not from there. What is
 * said and when is the business of conversation.c.
 */
#ifndef SIMNET_UDP_PEER_H
#define SIMNET_UDP_PEER_H

#include "wire.h"

/* How an end is set up; constant for its life, but for a translated peer. */
struct udp_setup {
	struct st_tuple tuple; /* source: this end */
	uint8_t ttl, tos;
	uint32_t flow_label;
	uint32_t datagram_bytes; /* most payload in one */
	bool quic;		 /* begins with an Initial */
	bool checksums;		 /* sends them, and over IPv6 insists on them */
	uint8_t seed, peer_seed; /* the contents follow from it */
};

struct udp_peer {
	struct udp_setup setup;
	bool has_spoken, has_heard;
	uint64_t received_bytes;
	uint32_t junk;	     /* datagrams that the application got from somebody else */
	uint32_t unverified; /* dropped by the kernel: IPv6 without a checksum */
	uint32_t damaged;    /* dropped by the kernel: a wrong checksum */
	uint16_t ip_id;
	GQueue out; /* struct sim_packet, to be sent now */
};

void udp_peer_init(struct udp_peer *peer, const struct udp_setup *setup);
void udp_peer_clear(struct udp_peer *peer);

/* The application sends that much, in as many datagrams as it takes. */
void udp_peer_write(struct udp_peer *peer, uint32_t bytes);

/* A datagram arrives. */
void udp_peer_hear(struct udp_peer *peer, const struct segment *segment);

/* The next packet to be sent (the caller's from now on), or NULL. */
struct sim_packet *udp_peer_output(struct udp_peer *peer);

#endif
