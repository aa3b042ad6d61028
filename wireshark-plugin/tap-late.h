/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is learned of frames after a tap has had them. In one pass of tshark a frame is often
 * gone by when it proves to be a probe, and Wireshark's tables and trees are not told when
 * the file ends.
 */
#ifndef ST_WIRESHARK_TAP_LATE_H
#define ST_WIRESHARK_TAP_LATE_H

#include "compat.h"
#include "packet-st.h"

/* `is_new`: the frame did not have the mark yet when the tap had it. */
typedef void (*late_settle)(void *tap, const struct mark *mark, bool is_new);

/*
 * Takes note that the tap has had this frame: before it is drawn at the end of the pass,
 * settle() is called for each mark that the frame has by then. False: all is known already,
 * and nothing will be called. `settle` is the same each time.
 */
bool late_note(void *tap, const packet_info *pinfo, late_settle settle);

/* A tap that may go before the program does is forgotten first; it need not be known. */
void late_forget(void *tap);

#endif
