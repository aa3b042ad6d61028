/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings as compilers print them, so that editors can jump to them. */
#include "findings.h"

#include "signature_folders.h"

struct finding {
	char *path;
	unsigned line;
	enum severity severity;
	unsigned number; /* the order of finding, for findings of one line */
	char *text;
};

static void finding_free(gpointer data)
{
	struct finding *finding = data;

	g_free(finding->path);
	g_free(finding->text);
	g_free(finding);
}

void findings_init(struct findings *findings)
{
	*findings = (struct findings){.all = g_ptr_array_new_with_free_func(finding_free)};
}

void findings_clear(struct findings *findings)
{
	g_ptr_array_unref(findings->all);
	*findings = (struct findings){0};
}

void findings_add(struct findings *findings, enum severity severity, const char *path,
		  unsigned line, const char *format, ...)
{
	struct finding *finding = g_new0(struct finding, 1);
	va_list arguments;

	va_start(arguments, format);
	finding->text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	finding->path = g_strdup(path);
	finding->line = line;
	finding->severity = severity;
	finding->number = findings->all->len;
	g_ptr_array_add(findings->all, finding);
	if (severity == SEVERITY_ERROR)
		findings->errors++;
	else
		findings->warnings++;
}

static int compare(gconstpointer left, gconstpointer right)
{
	const struct finding *a = *(const struct finding *const *)left;
	const struct finding *b = *(const struct finding *const *)right;
	int order = g_strcmp0(a->path, b->path);

	if (order != 0)
		return order;
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

char *findings_text(struct findings *findings)
{
	GString *text = g_string_new(NULL);

	g_ptr_array_sort(findings->all, compare);
	for (guint i = 0; i < findings->all->len; i++) {
		const struct finding *finding = g_ptr_array_index(findings->all, i);
		g_autofree char *place = signature_place(finding->path, finding->line);

		g_string_append_printf(text, "%s: %s: %s\n", place,
				       finding->severity == SEVERITY_ERROR ? "error" : "warning",
				       finding->text);
	}
	return g_string_free(text, FALSE);
}
