/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listens to DNS (RFC 1035) and tells `names` what addresses are called: over
 * UDP, also in IP fragments, and over TCP (RFC 7766), always from port 53.
 * Multicast DNS and LLMNR (5353, 5355) are passed over on purpose: they name the
 * neighbours, not services. Keeps pieces of messages only, within bounds.
 */
#ifndef ST_SERVICE_RESOLVER_H
#define ST_SERVICE_RESOLVER_H

#include <servicetrace/packet.h>

#include "service/names.h"

struct resolver;

/* Tells `names`, which stays the caller's and must outlive it. resolver_free takes NULL. */
struct resolver *resolver_new(struct names *names);
void resolver_free(struct resolver *resolver);

#define DNS_PORT 53

/* True if resolver_take has any use for the packet: costs next to nothing. */
static inline bool resolver_wants(const struct st_packet *packet)
{
	if (packet->is_fragment)
		return packet->protocol == ST_PROTOCOL_UDP;
	return packet->has_ports && packet->source_port == DNS_PORT;
}

/*
 * Shows a packet that resolver_wants(). True: it held an answer that taught a
 * name, or a piece of what may be one.
 */
bool resolver_take(struct resolver *resolver, const struct st_packet *packet,
		   const struct st_frame *frame, uint64_t now);

#endif
