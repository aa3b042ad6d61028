/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The live run: frames from the capture to the tracer, its probes to the
 * sender, its wake-ups to a timer, until an end is reached.
 */
#ifndef ST_INJECT_LOOP_H
#define ST_INJECT_LOOP_H

#include <glib.h>
#include <stdbool.h>

#include "capture.h"
#include "send.h"
#include "session.h"

/*
 * Runs until SIGINT or SIGTERM, one of --count, --duration and --idle, or a
 * failure, which the session then knows (session->error). All traces have been
 * reported when it returns.
 */
void loop_run(struct session *session, struct capture *capture, struct sender *sender);

#endif
