/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What only the core asks about addresses. */
#ifndef ST_BASE_ADDR_H
#define ST_BASE_ADDR_H

#include <servicetrace/base.h>

/* Multicast, or the broadcast of IPv4's local link (RFC 1112, 4; RFC 919; RFC 4291, 2.7). */
bool addr_is_group(const struct st_addr *addr);

#endif
