/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fits a link header that was copied from one packet to another packet of the
 * same flow. Reading frames is link.c's business.
 */
#ifndef ST_PACKET_LINK_HEADER_H
#define ST_PACKET_LINK_HEADER_H

#include <stddef.h>
#include <stdint.h>

/*
 * `header` is the link header of a packet that was sent with `flow_ttl`; it is
 * to stand before an IP packet of `packet_bytes` that is sent with `ttl`. Sets
 * the lengths of IEEE 802.3 and PPPoE (RFC 2516, 4), and the TTL of those MPLS
 * labels that had the packet's own (RFC 3443, the uniform model; in the pipe
 * model hops inside the tunnel do not count, and the labels keep theirs). All
 * else stays: addresses, tags, session, labels. A header that cannot be read,
 * or of a link type without such fields, stays as it is.
 */
void link_header_finish(uint32_t link_type, uint8_t *header, size_t header_bytes,
			size_t packet_bytes, uint8_t flow_ttl, uint8_t ttl);

#endif
