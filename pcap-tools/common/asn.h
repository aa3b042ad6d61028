/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whose an address is: autonomous systems and countries, by databases of the
 * MaxMind DB format. A build without libmaxminddb has none (ASN_IS_BUILT).
 */
#ifndef ST_TOOLS_ASN_H
#define ST_TOOLS_ASN_H

#include <glib.h>
#include <stdbool.h>

#include <servicetrace/report.h>

struct asn;

/* Opens all these files (char *). NULL: `error` says which is no such database, and why. */
struct asn *asn_open(const GPtrArray *paths, GError **error);

/* NULL is allowed. */
void asn_close(struct asn *asn);

/*
 * Adds to `router` what the first of the files that knows it says of `addr`; the
 * texts live until the next call. False: none knows anything.
 */
bool asn_look(struct asn *asn, const struct st_addr *addr, struct st_router *router);

#endif
