/* SPDX-License-Identifier: GPL-2.0-or-later */
/* st-signatures list: what services there are. */
#include "command.h"
#include "output.h"

enum failure run_list(const struct request *request, GError **error)
{
	struct st_signatures *signatures = open_signatures(request, error);
	g_autoptr(GString) text = g_string_new(NULL);

	if (signatures == NULL)
		return FAILURE_RUNNING;
	for (size_t i = 0; i < st_signatures_count(signatures); i++) {
		const struct st_service *service = st_signatures_get(signatures, i);

		g_string_append_printf(text, "%s\t%s\t%s\n", service->id, service->name,
				       service->category == NULL ? "" : service->category);
	}
	st_signatures_free(signatures);
	return output_print(text->str, error) ? FAILURE_NONE : FAILURE_RUNNING;
}
