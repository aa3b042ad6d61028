/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sends frames on an interface as they are. */
#ifndef ST_INJECT_SEND_H
#define ST_INJECT_SEND_H

#include <glib.h>
#include <stdbool.h>

#include <servicetrace/tracer.h>

#include "interface.h"

struct sender;

struct sender *sender_open(const struct interface *interface, GError **error);
void sender_close(struct sender *sender);

/* Sends the frame of a probe; 0, or the errno that says why it did not leave. Never waits. */
int sender_send(const struct sender *sender, const struct st_probe *probe, const uint8_t *frame);

/* True for an errno of the interface rather than of this one frame: sending is over. */
bool sender_is_broken(int error_number);

#endif
