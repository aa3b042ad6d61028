/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * st-signatures import: an input.conf becomes files of signatures that lint has
 * nothing to say against, but for what only a person knows. input_conf.c reads
 * it; here are the files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "broad.h"
#include "command.h"
#include "input_conf.h"
#include "output.h"
#include "rules.h"
#include "service_file.h"

struct import {
	const struct request *request;
	struct input_conf *conf;
	GArray *overlaps; /* struct overlap */
	char *source, *today;
};

/* The ids that a service's file has to name: of two that overlap, the one with more rules does. */
static char **overlap_ids(const struct import *import, const struct st_service *service)
{
	GPtrArray *ids = g_ptr_array_new();

	for (guint i = 0; i < import->overlaps->len; i++) {
		const struct overlap *overlap = &g_array_index(import->overlaps, struct overlap, i);
		const struct st_service *narrow = overlap->narrow.service;
		const struct st_service *wide = overlap->wide.service;
		const struct st_service *names =
			narrow->rule_count > wide->rule_count ? narrow : wide;
		const char *named = names == narrow ? wide->id : narrow->id;

		if (names == service &&
		    !g_ptr_array_find_with_equal_func(ids, named, g_str_equal, NULL))
			g_ptr_array_add(ids, g_strdup(named));
	}
	g_ptr_array_add(ids, NULL);
	return (char **)g_ptr_array_free(ids, FALSE);
}

/* The rules but for those that another one makes needless. */
static GArray *needed_rules(const struct st_service *service)
{
	GArray *rules = g_array_new(FALSE, FALSE, sizeof(struct st_rule));

	for (size_t i = 0; i < service->rule_count; i++) {
		if (rule_find_cover(service, &service->rules[i]) == NULL)
			g_array_append_val(rules, service->rules[i]);
	}
	return rules;
}

static char *import_text(const struct import *import, const char *id)
{
	const struct st_service *service = st_signatures_find(import->conf->signatures, id);
	g_auto(GStrv) overlaps = overlap_ids(import, service);
	g_autoptr(GArray) rules = needed_rules(service);
	GString *text = g_string_new(NULL);
	struct st_service whole = *service;

	for (guint i = 0; i < import->conf->notes->len; i++) {
		const struct conf_note *note = g_ptr_array_index(import->conf->notes, i);

		if (g_strcmp0(note->id, id) == 0)
			g_string_append_printf(text, "# %s\n", note->text);
	}
	whole.source = import->source;
	whole.checked = import->today;
	whole.overlaps = (const char *const *)overlaps;
	whole.rules = (const struct st_rule *)(const void *)rules->data;
	whole.rule_count = rules->len;
	g_autofree char *file = service_file_text(&whole);
	g_string_append(text, file);
	return g_string_free(text, FALSE);
}

static bool write_file(const struct import *import, const char *path, const char *text,
		       GError **error)
{
	int flags = O_WRONLY | O_CREAT | O_CLOEXEC | (import->request->force ? O_TRUNC : O_EXCL);
	int fd = open(path, flags, 0666);
	bool good;

	if (fd < 0) {
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "%s: %s%s", path,
			    g_strerror(errno),
			    errno == EEXIST ? " (--force replaces files that are there)" : "");
		return false;
	}
	good = output_write(fd, path, text, strlen(text), error);
	if (close(fd) == 0 || !good)
		return good;
	g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "cannot write %s: %s", path,
		    g_strerror(errno));
	return false;
}

static char *file_path(const struct import *import, guint index)
{
	const char *id = g_ptr_array_index(import->conf->ids, index);
	g_autofree char *name = g_strconcat(id, SERVICE_FILE_SUFFIX, NULL);

	return import->request->folder == NULL
		       ? g_steal_pointer(&name)
		       : g_build_filename(import->request->folder, name, NULL);
}

/* Nothing is written if something is in the way: half an import helps nobody. */
static bool check_folder(const struct import *import, GError **error)
{
	if (g_mkdir_with_parents(import->request->folder, 0777) != 0) {
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "%s: %s",
			    import->request->folder, g_strerror(errno));
		return false;
	}
	for (guint i = 0; !import->request->force && i < import->conf->ids->len; i++) {
		g_autofree char *path = file_path(import, i);

		if (!g_file_test(path, G_FILE_TEST_EXISTS | G_FILE_TEST_IS_SYMLINK))
			continue;
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING,
			    "%s is there (--force replaces it); nothing was written", path);
		return false;
	}
	return true;
}

static bool write_services(const struct import *import, GError **error)
{
	bool to_files = import->request->folder != NULL;
	bool good = !to_files || check_folder(import, error);

	for (guint i = 0; good && i < import->conf->ids->len; i++) {
		g_autofree char *path = file_path(import, i);
		g_autofree char *text =
			import_text(import, g_ptr_array_index(import->conf->ids, i));
		g_autofree char *titled =
			g_strdup_printf("%s# %s\n%s", i == 0 ? "" : "\n", path, text);

		good = to_files ? write_file(import, path, text, error)
				: output_print(titled, error);
	}
	return good;
}

static void tell_notes(const struct import *import)
{
	const char *path = import->request->words[0];

	for (guint i = 0; i < import->conf->notes->len; i++) {
		const struct conf_note *note = g_ptr_array_index(import->conf->notes, i);

		complain(PROGRAM, "%s: %s%s%s", path, note->id == NULL ? "" : note->id,
			 note->id == NULL ? "" : ": ", note->text);
	}
	if (import->request->folder != NULL)
		fprintf(stderr, "%u %s written to %s\n", import->conf->ids->len,
			import->conf->ids->len == 1 ? "service" : "services",
			import->request->folder);
}

static bool import_conf(const struct request *request, const psl_ctx_t *suffixes, GError **error)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *name = g_path_get_basename(request->words[0]);
	struct import import = {
		.request = request,
		.conf = input_conf_read(request->words[0], suffixes, error),
	};
	bool good;

	if (import.conf == NULL)
		return false;
	import.overlaps = overlaps_find(import.conf->signatures);
	import.source = g_strdup_printf("imported from %s", name);
	import.today = g_date_time_format(now, "%Y-%m-%d");
	good = write_services(&import, error);
	if (good)
		tell_notes(&import);
	g_array_unref(import.overlaps);
	g_free(import.source);
	g_free(import.today);
	input_conf_free(import.conf);
	return good;
}

enum failure run_import(const struct request *request, GError **error)
{
	psl_ctx_t *suffixes = open_suffixes(error);
	bool good = suffixes != NULL && import_conf(request, suffixes, error);

	psl_free(suffixes);
	return good ? FAILURE_NONE : FAILURE_RUNNING;
}
