/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the programs' signatures come from: the installed database, the user's
 * own folder, then what the command line names; of two services with the same id
 * the later one counts.
 */
#ifndef ST_TOOLS_DATABASE_H
#define ST_TOOLS_DATABASE_H

#include <glib.h>

#include <servicetrace/service.h>

/*
 * Loads all of it; `paths` are files and folders (char *), NULL: none. The
 * installed folder and the user's may be missing or empty, what `paths` names
 * may not. NULL: `error` is the first problem, "PATH:LINE: TEXT", and how many
 * more there are. Freed with st_signatures_free().
 */
struct st_signatures *database_open(const GPtrArray *paths, GError **error);

/* The same, but what is wrong is left in the database as its problems. */
struct st_signatures *database_read(const GPtrArray *paths);

#endif
