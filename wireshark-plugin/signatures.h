/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signature database of the plugin: what is installed, the user's folder, the user's table. */
#ifndef ST_WIRESHARK_SIGNATURES_H
#define ST_WIRESHARK_SIGNATURES_H

#include "compat.h"

#include <servicetrace/service.h>

/* The table of the preferences. */
uat_t *signatures_table(void);

/* What the database is made of has changed: it is read anew when it is asked for. */
void signatures_changed(void);

/*
 * The database, with what is at `path` ("": nothing more). The one handed out before is
 * gone if something has changed since. Lives until signatures_forget().
 */
struct st_signatures *signatures_read(const char *path);

/* The program ends. */
void signatures_forget(void);

#endif
