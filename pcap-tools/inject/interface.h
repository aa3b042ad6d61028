/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network interface of this host: which one, whether it still works, and
 * which way a frame on it went.
 */
#ifndef ST_INJECT_INTERFACE_H
#define ST_INJECT_INTERFACE_H

#include <glib.h>
#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include <servicetrace/packet.h>

struct interface {
	char name[IF_NAMESIZE];
	int index;
	bool is_loopback;
	uint8_t mac[6];		    /* of an Ethernet-like one */
	GArray *own_addresses;	    /* struct st_addr, of all interfaces of the host */
	uint64_t addresses_read_ns; /* by a frame's stamp; 0: at the start */
};

enum interface_state { INTERFACE_UP, INTERFACE_DOWN, INTERFACE_GONE };

/*
 * Finds the interface called `name`, or with that number in the list of -D.
 * NULL: the one of the default route, of IPv4 first unless `ip_version` is 6.
 * False: there is none. interface_clear() in either case.
 */
bool interface_find(struct interface *interface, const char *name, uint8_t ip_version,
		    GError **error);
void interface_clear(struct interface *interface);

enum interface_state interface_state(const struct interface *interface);

/*
 * Which way a frame went. On Ethernet the source MAC tells, on cooked links the
 * pseudo header, on raw ones the addresses, which are read again if a frame has
 * none of them: a tunnel may get its address after the start, or a new one. On
 * loopback nothing tells.
 */
enum st_direction interface_direction(struct interface *interface, const struct st_frame *frame);

/* All interfaces, a line each as tcpdump -D prints them. NULL: `error` says why. */
char *interface_list(GError **error);

/*
 * The names (char *) of those that can be traced on: up, no loopback, no port of a
 * bridge, of a link type that can be sent on; in the order of interface_list(). Freed with
 * g_ptr_array_unref(). NULL: `error` says why.
 */
GPtrArray *interface_traceable(GError **error);

/*
 * The DLT_ that libpcap gives to the frames of this interface, told without
 * opening it, which takes a privilege.
 */
int interface_link_type(const char *name);

#endif
