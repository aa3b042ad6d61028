/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of probes: which one a flow gets, which flows get none, and what
 * follows from the kind. How a probe of a kind is filled in is make.c's, how far
 * and how fast they are sent reach.c's.
 */
#ifndef ST_TRACE_KIND_H
#define ST_TRACE_KIND_H

#include <servicetrace/config.h>

#include "flow/flow.h"

enum probe_kind {
	KIND_STALE,	    /* TCP: an ACK whose sequence number has been acknowledged already */
	KIND_EXACT,	    /* TCP: a copy of the latest ACK */
	KIND_EMPTY,	    /* UDP: no payload; the identification is the key */
	KIND_CHECKSUM,	    /* UDP: two bytes of payload; the checksum is the key */
	KIND_SELF_DESTRUCT, /* UDP over IPv6: no checksum; the length is the key */
};

/*
 * What the configuration asks for in this flow. An end that leaves out checksums
 * over IPv6 knows that the other one takes such datagrams (RFC 6935): there is no
 * self-destruction then.
 */
enum probe_kind kind_of(const struct st_config *config, const struct flow *flow, unsigned side);

/* Why no probe of this kind may be sent into the flow from `side`; NULL: nothing is against it. */
const char *kind_refusal(const struct st_config *config, enum probe_kind kind,
			 const struct flow *flow, unsigned side);

/* True if the receiver drops datagrams without a checksum, as far as the flow shows (IPv6). */
bool kind_destructs_itself(const struct flow *flow, unsigned side);

/* True if a Time Exceeded that quotes such a probe reaches a socket with IP_RECVERR. */
bool kind_shows_at_socket(enum probe_kind kind);

/* True if nothing but the moment tells two probes of this kind apart. */
bool kind_is_alike(enum probe_kind kind, uint8_t ip_version);

/*
 * True if such a probe may reach an application that does not expect it: then
 * the next distance is only probed once the last one has answered.
 */
bool kind_is_intrusive(enum probe_kind kind, const struct flow *flow);

/* True if a probe with its flow's own TTL is known for one in a capture. */
bool kind_shows_at_own_ttl(enum probe_kind kind);

/*
 * The highest TTL that does not reach the other end, by the estimate of the
 * distance less a margin, because that is the reverse path's; 0: none.
 */
unsigned kind_ceiling(const struct flow *flow, unsigned side);

#endif
