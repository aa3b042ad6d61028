/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A middlebox that writes other values into headers, and what shows of that in
 * the quotes of errors.
 */
#ifndef SIMNET_REWRITER_H
#define SIMNET_REWRITER_H

#include "scenario.h"
#include "wire.h"

/* The packet as it leaves the middlebox, perhaps another one; owned by the caller as before. */
struct sim_packet *rewriter_pass(const struct sim_rewrite *rewrite, struct sim_packet *packet,
				 GRand *random);

/*
 * Which fields (a set of enum st_altered) an error quotes otherwise than its
 * packet was sent; of the transport only `quote_bytes` are looked at, the rest
 * being padding.
 */
uint16_t quote_altered(struct sim_packet *error, size_t quote_bytes);

#endif
