/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A TUN device of the kernel in a network namespace of choice: raw IP packets
 * out of it and into it. Addresses and routes are the caller's business.
 */
#ifndef SIMNET_TUN_H
#define SIMNET_TUN_H

#include <glib.h>

/*
 * Makes the device, or takes the one that `ip tuntap` has made, and returns a
 * file descriptor for it that does not block; -1 and an error if that fails.
 *
 * `netns` is a name as of `ip netns`, a path such as /proc/123/ns/net, or "."
 * for the namespace in which the program was started. The calling thread stays
 * in the namespace in which it was; only the device is in the other one.
 */
int tun_open(const char *netns, const char *device, GError **error);

#endif
