/* SPDX-License-Identifier: GPL-2.0-or-later */
/* st-signatures show: all that the database knows of a service, as a file that could be kept. */
#include "command.h"
#include "output.h"
#include "service_file.h"

static bool add_service(GString *text, const struct st_signatures *signatures, const char *word,
			GError **error)
{
	const struct st_service *service = st_signatures_find(signatures, word);

	if (service == NULL) {
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "\"%s\" is no service", word);
		return false;
	}
	g_autofree char *file = service_file_text(service);
	g_string_append_printf(text, "%s# %s\n%s", text->len > 0 ? "\n" : "",
			       service->path == NULL ? service->id : service->path, file);
	return true;
}

enum failure run_show(const struct request *request, GError **error)
{
	struct st_signatures *signatures = open_signatures(request, error);
	g_autoptr(GString) text = g_string_new(NULL);
	bool good = signatures != NULL;

	for (unsigned i = 0; good && i < request->word_count; i++)
		good = add_service(text, signatures, request->words[i], error);
	st_signatures_free(signatures);
	return good && output_print(text->str, error) ? FAILURE_NONE : FAILURE_RUNNING;
}
