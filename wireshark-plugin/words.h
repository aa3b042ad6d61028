/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts about marks, for the details tree and the Info column; all live as long as `pool`. */
#ifndef ST_WIRESHARK_WORDS_H
#define ST_WIRESHARK_WORDS_H

#include "compat.h"
#include "store.h"

#define ARROW "\xe2\x86\x92" /* an arrow to the right, in UTF-8 */

/* "0.231 ms", "12.3 ms", or "" for ST_RTT_UNKNOWN. */
const char *words_rtt(wmem_allocator_t *pool, int64_t rtt_ns);

const char *words_address(wmem_allocator_t *pool, const struct st_addr *addr);

/* "hop 5"; of an unknown distance "hop ?". */
const char *words_hop(wmem_allocator_t *pool, const struct mark *mark);

/* What the mark is, in a line: "reply by 10.0.0.1 to probe 2 of hop 5, 12.3 ms". */
const char *words_mark(wmem_allocator_t *pool, const struct store *store, const struct mark *mark);

/* The same, as short as can be: "hop 5 ... 10.0.0.1 12.3 ms". */
const char *words_short(wmem_allocator_t *pool, const struct store *store, const struct mark *mark);

/* "tcp 10.0.0.2:40312 > 10.9.0.2:443"; a port that varies is left out. */
const char *words_tuple(wmem_allocator_t *pool, const struct st_tuple *tuple);

/* How a name is known, as a sentence's end: "its own ClientHello names it". */
const char *words_evidence(enum st_evidence evidence);

/* What answers: "a router's Time Exceeded", "the destination's SYN-ACK". */
const char *words_reply(const struct st_reply *reply);

/* "1 hop", "9 hops". */
const char *words_count(wmem_allocator_t *pool, size_t count, const char *one, const char *many);

/* "dscp, ipid". */
const char *words_list(wmem_allocator_t *pool, const char *const *names);

#endif
