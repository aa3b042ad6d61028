/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the files of the plugin share: the protocol's number, and the store of the file in view. */
#ifndef ST_WIRESHARK_PACKET_ST_H
#define ST_WIRESHARK_PACKET_ST_H

#include "store.h"

#define ST_TAP "st" /* its data is the frame's first struct mark */

/* The store of the file in view; NULL while there is none. */
struct store *st_store(void);

/* Brings all up to date as if the file ended here; nothing happens where it has ended. */
void st_review(void);

/* Each once, when the plugin registers. */
void proto_register_st(void);
void proto_reg_handoff_st(void);
void tap_register_table(void);
void tap_register_hops(void);
void tap_register_tree(void);
void conversation_register(void);

#endif
