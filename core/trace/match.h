/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Does a quote belong to this probe, and how well? The 5-tuple names the flow;
 * the key (TCP: the sequence number; UDP: length and checksum; ICMP echo:
 * identifier and sequence number) and the IPv4 identification name the probe.
 * None is trusted alone. A sequence number or length that is quoted but not ours
 * refutes the rest; identifications are rewritten on the way too often to refute
 * anything (but for empty UDP datagrams, which have nothing else), and UDP
 * checksums change with every address that is translated.
 */
#ifndef ST_TRACE_MATCH_H
#define ST_TRACE_MATCH_H

#include "trace/probe.h"

/* A quoted packet as it is compared with probes. */
struct match_wanted {
	const struct st_quote *quote;
	struct st_tuple tuple;
	uint64_t now;
	bool without_checksum; /* UDP: the right tuple and length will do, if only one has them */
};

struct match_wanted match_make(const struct st_quote *quote, uint64_t now, bool without_checksum);

/* Zero is what many systems send who use no identification. */
static inline bool quote_has_ip_id(const struct st_quote *quote)
{
	return quote->ip_version == 4 && quote->ip_id != 0;
}

/* False: too little is quoted to tell any probe. */
bool match_is_possible(const struct st_quote *quote);

/* The set of enum st_match that agrees; 0 if that is too little, or something refutes it. */
unsigned match_probe(const struct probe *probe, const struct match_wanted *wanted);

/* True if nothing can agree better. */
bool match_is_best(unsigned by);

/* True if agreement in one set of enum st_match is worth more than in the other. */
bool match_is_better(unsigned by, unsigned than);

/* The best so far: several can look alike (`exact` without identification). */
struct match_choice {
	struct probe *probe; /* the awaited one, if there is one */
	unsigned by;
	unsigned count;
	unsigned awaited;
};

void match_consider(struct match_choice *choice, struct probe *probe, unsigned by, bool is_awaited);

/*
 * The probe that is meant; NULL: none. Of several that are alike only the one that
 * is still awaited can be; else nothing tells: NULL, though *matched_by is not 0.
 */
struct probe *match_chosen(const struct match_choice *choice, uint8_t *matched_by);

#endif
