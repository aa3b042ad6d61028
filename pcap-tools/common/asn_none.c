/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A build without libmaxminddb: the option that names databases does not exist, so none is asked.
 */
#include "asn.h"

#include "failure.h"

struct asn *asn_open(G_GNUC_UNUSED const GPtrArray *paths, GError **error)
{
	g_set_error_literal(error, FAILURE_ERROR, FAILURE_USAGE,
			    "this build reads no databases of autonomous systems");
	return NULL;
}

void asn_close(G_GNUC_UNUSED struct asn *asn)
{
}

bool asn_look(G_GNUC_UNUSED struct asn *asn, G_GNUC_UNUSED const struct st_addr *addr,
	      G_GNUC_UNUSED struct st_router *router)
{
	return false;
}
