/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which interface the default route leaves by. */
#ifndef ST_INJECT_DEFAULT_ROUTE_H
#define ST_INJECT_DEFAULT_ROUTE_H

#include <net/if.h>
#include <stdbool.h>

/* The interface of the best default route of the main table; false: there is none. */
bool default_route_ipv4(char name[IF_NAMESIZE]);
bool default_route_ipv6(char name[IF_NAMESIZE]);

#endif
