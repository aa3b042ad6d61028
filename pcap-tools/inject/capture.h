/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A live capture on one interface, through libpcap. */
#ifndef ST_INJECT_CAPTURE_H
#define ST_INJECT_CAPTURE_H

#include <glib.h>
#include <stdbool.h>

#include <servicetrace/packet.h>

#include "filter.h"
#include "interface.h"
#include "options.h"

struct capture;

/*
 * What is kept of a packet: every header there is, ICMP errors with their extensions, answers of
 * DNS, a ClientHello in one segment before the card has cut it up (2 KB with post-quantum keys).
 * With the kernel's own header it fills a page; of more, each packet would take two in the ring.
 */
#define CAPTURE_SNAP_BYTES 3968

typedef void (*capture_take)(void *user, const struct st_frame *frame);

/*
 * Opens the interface: immediate mode, nanosecond stamps, non-blocking, with a
 * kernel filter for the options' selection and FILTER. NULL: `error` is one
 * line (interface down, no permission, bad FILTER ...).
 */
struct capture *capture_open(struct interface *interface, const struct options *options,
			     GError **error);
void capture_close(struct capture *capture);

/* A descriptor that is readable when there are frames. */
int capture_fd(const struct capture *capture);

/* The DLT_ of its frames. */
uint32_t capture_link_type(const struct capture *capture);

/* The kernel's filter. */
const struct filter *capture_filter(const struct capture *capture);

/*
 * Hands out at most `batch` frames, each lent for the call of `take`. False:
 * the capture is broken or its interface is down or gone.
 */
bool capture_read(struct capture *capture, int batch, capture_take take, void *user,
		  GError **error);

/* Checks that the interface is still there and up. */
bool capture_check(const struct capture *capture, GError **error);

/* Packets that the kernel could not keep for us. */
uint64_t capture_drops(const struct capture *capture);

#endif
