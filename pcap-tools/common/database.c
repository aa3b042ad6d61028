/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads the programs' signatures, and says what is wrong with them. */
#include "database.h"

#include "failure.h"
#include "signature_folders.h"

struct st_signatures *database_read(const GPtrArray *paths)
{
	/* From a program's folder, of an installation as well as of a build. */
	static const char *const places[] = {"../share/servicetrace/signatures", NULL};
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);

	return signature_folders_read(program, places, paths);
}

struct st_signatures *database_open(const GPtrArray *paths, GError **error)
{
	struct st_signatures *signatures = database_read(paths);
	size_t count = st_signatures_problem_count(signatures);

	if (count == 0)
		return signatures;
	const struct st_signature_problem *first = st_signatures_problem(signatures, 0);
	g_autofree char *place = signature_place(first->path, first->line);
	g_autofree char *more =
		count == 1 ? g_strdup("")
			   : g_strdup_printf(" (and %zu more; st-signatures lint tells all)",
					     count - 1);
	g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "%s: %s%s", place, first->text, more);
	st_signatures_free(signatures);
	return NULL;
}
