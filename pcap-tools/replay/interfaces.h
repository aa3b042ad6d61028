/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interfaces of all captures of a run, as the file of -w numbers them: each
 * file's are others, and so are those of another link type.
 */
#ifndef ST_REPLAY_INTERFACES_H
#define ST_REPLAY_INTERFACES_H

#include "session.h"

struct interfaces;

struct interfaces *interfaces_new(void);
void interfaces_free(struct interfaces *interfaces);

/* The interfaces of the next capture are not those of the last one. */
void interfaces_next_file(struct interfaces *interfaces);

/*
 * The number of a frame's interface. One that is new is added to the capture that the
 * session writes, unless none of its frames can get there.
 */
uint32_t interfaces_number(struct interfaces *interfaces, struct session *session,
			   const struct st_frame *frame);

/* At the end: a capture without any interface is one that libpcap refuses to read. */
void interfaces_settle(struct interfaces *interfaces, struct session *session);

#endif
