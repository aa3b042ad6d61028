/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From Wireshark's packets to the core's frames. */
#ifndef ST_WIRESHARK_FEED_H
#define ST_WIRESHARK_FEED_H

#include "compat.h"
#include "encapsulation.h"
#include "store.h"

struct feed {
	struct store *store;
	struct encapsulation latest;
	bool any_encapsulation;
	int ip, ipv6, icmp, icmpv6; /* Wireshark's numbers of these protocols */
};

/*
 * Begins to feed `store`, for a file that is opened now. With `any_encapsulation` Wireshark
 * is asked to keep the IP layers that it finds, which takes part of its speed.
 */
struct feed feed_begin(struct store *store, dissector_handle_t handle, bool any_encapsulation);

/*
 * Shows the store a packet that is seen for the first time: as it was captured, or, with
 * `any_encapsulation`, the innermost IP packet that Wireshark has found in it.
 */
void feed_packet(struct feed *feed, tvbuff_t *tvb, const packet_info *pinfo, proto_tree *tree);

#endif
