/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The probes that may still be seen or answered, and which of them a frame or a
 * quote belongs to. What makes them belong together is match.h's.
 */
#ifndef ST_TRACE_CORRELATOR_H
#define ST_TRACE_CORRELATOR_H

#include "trace/match.h"

struct correlator {
	struct hash_table by_key;
	struct hash_table by_ip_id;
	uint64_t seed;
	uint64_t wait_ns; /* how long a reply is awaited */
};

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
 * awaited `now` can be meant; if that does not tell, NULL with *matched_by not 0.
 */
struct probe *correlator_find_quote(const struct correlator *correlator,
				    const struct st_quote *quote, uint64_t now,
				    uint8_t *matched_by);

#endif
