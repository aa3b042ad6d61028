/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a packet shows of the protocol: fields, the details tree, the Info column, expert items. */
#ifndef ST_WIRESHARK_SHOW_H
#define ST_WIRESHARK_SHOW_H

#include "compat.h"
#include "preferences.h"
#include "store.h"

/* Registers the fields. */
void show_register(int protocol);

/* Looks up other protocols' fields; all are registered by now. */
void show_find_fields(void);

/* Shows all that is known of the packet now. `tree` may be NULL. */
void show_packet(struct store *store, const struct preferences *preferences, tvbuff_t *tvb,
		 packet_info *pinfo, proto_tree *tree, int protocol);

#endif
