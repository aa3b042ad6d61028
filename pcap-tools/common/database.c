/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds and loads the programs' signatures. A build folder looks like an
 * installation, so that programs that are not installed find theirs too. What
 * a file may say is left to the library.
 */
#include "database.h"

#include <stdbool.h>

#include "failure.h"

/* From a program's folder, of an installation as well as of a build. */
#define BESIDE_PROGRAM "../share/servicetrace/signatures"
#define USER_FOLDER "servicetrace/signatures"
#define SIGNATURE_SUFFIX ".service"

/* The database that belongs to this program, wherever its installation was moved to. */
static char *installed_folder(void)
{
	g_autofree char *program = g_file_read_link("/proc/self/exe", NULL);

	if (program != NULL) {
		g_autofree char *folder = g_path_get_dirname(program);
		g_autofree char *beside = g_build_filename(folder, BESIDE_PROGRAM, NULL);
		char *canonical = g_canonicalize_filename(beside, NULL);

		if (g_file_test(canonical, G_FILE_TEST_IS_DIR))
			return canonical;
		g_free(canonical);
	}
	return g_strdup(ST_SIGNATURES_FOLDER);
}

/*
 * False if there is nothing to load, which is all right for a folder that nobody
 * named. One that is there but cannot be read is worth its problem; where not even
 * that can be told (another user's home), it is not.
 */
static bool is_worth_loading(const char *folder)
{
	GDir *names = g_dir_open(folder, 0, NULL);
	const char *name;
	bool found = false;

	if (names == NULL)
		return g_file_test(folder, G_FILE_TEST_EXISTS);
	while (!found && (name = g_dir_read_name(names)) != NULL)
		found = g_str_has_suffix(name, SIGNATURE_SUFFIX);
	g_dir_close(names);
	return found;
}

struct st_signatures *database_read(const GPtrArray *paths)
{
	struct st_signatures *signatures = st_signatures_new();
	g_autofree char *installed = installed_folder();
	g_autofree char *own = g_build_filename(g_get_user_config_dir(), USER_FOLDER, NULL);

	if (is_worth_loading(installed))
		st_signatures_load(signatures, installed);
	if (is_worth_loading(own))
		st_signatures_load(signatures, own);
	for (guint i = 0; paths != NULL && i < paths->len; i++)
		st_signatures_load(signatures, g_ptr_array_index(paths, i));
	return signatures;
}

char *database_place(const char *path, unsigned line)
{
	return line == 0 ? g_strdup(path) : g_strdup_printf("%s:%u", path, line);
}

struct st_signatures *database_open(const GPtrArray *paths, GError **error)
{
	struct st_signatures *signatures = database_read(paths);
	size_t count = st_signatures_problem_count(signatures);

	if (count == 0)
		return signatures;
	const struct st_signature_problem *first = st_signatures_problem(signatures, 0);
	g_autofree char *place = database_place(first->path, first->line);
	g_autofree char *more =
		count == 1 ? g_strdup("")
			   : g_strdup_printf(" (and %zu more; st-signatures lint tells all)",
					     count - 1);
	g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "%s: %s%s", place, first->text, more);
	st_signatures_free(signatures);
	return NULL;
}
