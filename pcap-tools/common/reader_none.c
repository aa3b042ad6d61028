/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In the place of reader_wiretap.c where libwiretap is not built in. */
#include "wiretap.h"

struct wiretap *wiretap_open(G_GNUC_UNUSED const char *path, G_GNUC_UNUSED char **why)
{
	return NULL;
}

void wiretap_close(G_GNUC_UNUSED struct wiretap *wiretap)
{
}

bool wiretap_next(G_GNUC_UNUSED struct wiretap *wiretap, G_GNUC_UNUSED struct st_frame *frame,
		  G_GNUC_UNUSED char **why)
{
	return false;
}

const char *wiretap_link_name(G_GNUC_UNUSED uint32_t link_type)
{
	return "unknown";
}
