/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What names a flow: its 5-tuple, the text forms of it, and Community ID; and
 * what is reported of a flow as such.
 */
#ifndef SERVICETRACE_FLOW_H
#define SERVICETRACE_FLOW_H

#include <servicetrace/service.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A 5-tuple with a direction: the sender first. */
struct st_tuple {
	struct st_addr source, destination;
	uint16_t source_port, destination_port;
	uint8_t protocol; /* ST_PROTOCOL_* */
};

ST_API bool st_tuple_equal(const struct st_tuple *a, const struct st_tuple *b);

/* The same flow seen from the other end. */
ST_API struct st_tuple st_tuple_reversed(const struct st_tuple *tuple);

/*
 * Reads "tcp 192.0.2.1:1234 198.51.100.2:443"; IPv6 addresses stand in brackets.
 * ST_INVALID_ARGUMENT: not of that form, ports outside 1..65535, or the two
 * addresses are of different versions.
 */
ST_API enum st_status st_tuple_parse(const char *text, struct st_tuple *tuple);

#define ST_COMMUNITY_ID_BYTES 32 /* "1:" and 28 characters of Base64, with the closing zero */

/*
 * The Community ID (version 1, seed 0) of a TCP or UDP flow; the same for both
 * directions. Returns `text`.
 */
ST_API const char *st_community_id(const struct st_tuple *tuple, char text[ST_COMMUNITY_ID_BYTES]);

/* What was seen of a flow. Probes, ours and others', do not count. */
struct st_flow {
	uint64_t id;	       /* 1, 2, … in the order in which flows were seen */
	struct st_tuple tuple; /* source: this host where frames tell directions, else the client */
	struct st_identity identity;
	uint64_t start_ns, end_ns; /* stamps of its first and last packet */
	uint64_t sent_packets;	   /* by source */
	uint64_t sent_bytes;	   /* of IP packets, headers included */
	uint64_t received_packets; /* by source, from destination */
	uint64_t received_bytes;
};

/* "tcp", "udp", "icmp", "icmpv6", or the number as text for others; written to and returned in
 * `text`. */
#define ST_PROTOCOL_TEXT_BYTES 8
ST_API const char *st_protocol_text(uint8_t protocol, char text[ST_PROTOCOL_TEXT_BYTES]);

#ifdef __cplusplus
}
#endif

#endif
