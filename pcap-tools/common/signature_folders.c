/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "signature_folders.h"

#include <stdbool.h>

#define USER_FOLDER "servicetrace/signatures"
#define SIGNATURE_SUFFIX ".service"

/* The database that belongs to this binary. */
static char *installed_folder(const char *binary, const char *const *places)
{
	g_autofree char *folder = binary == NULL ? NULL : g_path_get_dirname(binary);

	for (; folder != NULL && *places != NULL; places++) {
		g_autofree char *beside = g_build_filename(folder, *places, NULL);
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

struct st_signatures *signature_folders_read(const char *binary, const char *const *places,
					     const GPtrArray *more)
{
	struct st_signatures *signatures = st_signatures_new();
	g_autofree char *installed = installed_folder(binary, places);
	g_autofree char *own = g_build_filename(g_get_user_config_dir(), USER_FOLDER, NULL);

	if (is_worth_loading(installed))
		st_signatures_load(signatures, installed);
	if (is_worth_loading(own))
		st_signatures_load(signatures, own);
	for (guint i = 0; more != NULL && i < more->len; i++)
		st_signatures_load(signatures, g_ptr_array_index(more, i));
	return signatures;
}

char *signature_place(const char *path, unsigned line)
{
	return line == 0 ? g_strdup(path) : g_strdup_printf("%s:%u", path, line);
}
