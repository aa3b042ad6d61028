/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be the name of a host. */
#ifndef ST_TOOLS_HOST_NAME_H
#define ST_TOOLS_HOST_NAME_H

#include <stdbool.h>

/*
 * Labels of letters, digits, hyphens and, as is usual in names of routers,
 * underscores, with dots between them (RFC 1123, 2.1), no final dot, at most 253
 * bytes. Digits and dots alone are a spoilt address.
 */
bool is_host_name(const char *text);

#endif
