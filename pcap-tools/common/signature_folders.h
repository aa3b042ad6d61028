/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where signatures are. A build folder looks like an installation, so that what is not
 * installed finds its own, too. What a file may say is left to the library.
 */
#ifndef ST_TOOLS_SIGNATURE_FOLDERS_H
#define ST_TOOLS_SIGNATURE_FOLDERS_H

#include <glib.h>

#include <servicetrace/service.h>

/*
 * Reads the installed signatures, the user's own (in the folder of configuration), then
 * those at `more` (paths; NULL: none). The installed ones are those at the first of
 * `places` (NULL at the end) that is a folder, from the folder of the file `binary`
 * (NULL: not known), wherever the installation was moved to; else where they were to be
 * installed. Never NULL; the caller's. Problems are the database's.
 */
struct st_signatures *signature_folders_read(const char *binary, const char *const *places,
					     const GPtrArray *more);

/* "PATH:LINE" or, without a line (0), "PATH"; freed with g_free(). */
char *signature_place(const char *path, unsigned line);

#endif
