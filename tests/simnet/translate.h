/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network address and port translator (RFC 3022; for IPv6 as Linux's NAT66):
 * what leaves carries its address and a port of its own choice, what comes back
 * is told apart by that port. Checksums are adjusted, not written anew, so that
 * a wrong one stays wrong; a UDP checksum of zero stays zero.
 */
#ifndef SIMNET_TRANSLATE_H
#define SIMNET_TRANSLATE_H

#include "scenario.h"
#include "wire.h"

struct translator;

/*
 * `outside`: its addresses by version. `nat` is how it restores what errors quote: all, all but
 * checksums, or nothing.
 */
struct translator *translator_new(const struct st_addr outside[VERSIONS], enum sim_nat nat);
void translator_free(struct translator *translator);

/* A packet leaves. TCP and UDP are translated, all else passes as it is. */
void translator_leave(struct translator *translator, struct sim_packet *packet);

/* A packet comes in. False: it is for the translator itself, nobody inside waits for it. */
bool translator_enter(struct translator *translator, struct sim_packet *packet);

#endif
