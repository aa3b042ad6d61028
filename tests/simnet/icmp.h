/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP errors of the simulated network, and what routers do to the packets that
 * they quote in them. When a router answers is routers.c's to decide.
 */
#ifndef SIMNET_ICMP_H
#define SIMNET_ICMP_H

#include "scenario.h"
#include "wire.h"

/* A field of the quote that the router sets to a value of its own. */
struct alteration {
	bool made;
	uint16_t to;
};

/* What a router puts into a Time Exceeded, and where it departs from the book. */
struct time_exceeded {
	struct st_addr router;
	uint8_t ttl; /* of the answer */
	uint16_t ip_id;
	uint32_t quote_bytes; /* of the quoted transport, QUOTE_ALL: all */
	struct alteration quoted_ttl, quoted_tos, quoted_ip_id; /* IPv4 only: the last */
	struct alteration udp_length, udp_checksum;		/* UDP only */
	bool mpls_length; /* an extension is announced in the length field */
	size_t label_count;
	struct st_mpls_label labels[SIM_LABELS_MAX]; /* of the extension; the top one first */
};

/* The Time Exceeded that answers `expired` (RFC 792, RFC 4443, RFC 4884, RFC 4950). */
struct sim_packet *icmp_time_exceeded(const struct time_exceeded *how,
				      const struct sim_packet *expired);

/* True if the packet is an ICMP or ICMPv6 error: nobody answers it with another one. */
bool icmp_is_error(const struct sim_packet *packet);

/* The quoted packet inside an error, NULL if its IP header is cut off; its bytes in *count. */
uint8_t *icmp_quote(struct sim_packet *error, size_t *count);

/* Mends the checksum of an ICMP message after a change. */
void icmp_write_checksum(struct sim_packet *packet);

#endif
