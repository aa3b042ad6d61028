/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A router that does not let everything pass: the `drop` of a hop. */
#ifndef SIMNET_MIDDLEBOX_H
#define SIMNET_MIDDLEBOX_H

#include "scenario.h"
#include "wire.h"

struct middlebox;

struct middlebox *middlebox_new(void);
void middlebox_free(struct middlebox *middlebox);

/* True if a hop that drops this kind of packet drops this one; it looks at every packet. */
bool middlebox_drops(struct middlebox *middlebox, enum sim_drop kind,
		     const struct sim_packet *packet);

#endif
