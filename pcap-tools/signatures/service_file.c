/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes a service as a key file, and finds keys in one. Reading it is the library's. */
#include "service_file.h"

#include <glib.h>
#include <string.h>

#define GROUP "Service"

const char *service_file_key(enum st_rule_kind kind)
{
	switch (kind) {
	case ST_RULE_DOMAIN:
		return "Domains";
	case ST_RULE_FULL_DOMAIN:
		return "FullDomains";
	case ST_RULE_REGEX:
		return "DomainRegex";
	case ST_RULE_PREFIX:
		return "Prefixes";
	}
	g_assert_not_reached();
}

static void set_text(GKeyFile *file, const char *key, const char *text)
{
	if (text != NULL)
		g_key_file_set_string(file, GROUP, key, text);
}

static void set_rules(GKeyFile *file, const struct st_service *service, enum st_rule_kind kind)
{
	g_autoptr(GPtrArray) texts = g_ptr_array_new();

	for (size_t i = 0; i < service->rule_count; i++) {
		if (service->rules[i].kind == kind)
			g_ptr_array_add(texts, (gpointer)service->rules[i].text);
	}
	if (texts->len > 0)
		g_key_file_set_string_list(file, GROUP, service_file_key(kind),
					   (const char *const *)texts->pdata, texts->len);
}

char *service_file_text(const struct st_service *service)
{
	static const enum st_rule_kind kinds[] = {ST_RULE_DOMAIN, ST_RULE_FULL_DOMAIN,
						  ST_RULE_REGEX, ST_RULE_PREFIX};
	g_autoptr(GKeyFile) file = g_key_file_new();

	set_text(file, "Name", service->name);
	set_text(file, "Category", service->category);
	for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++)
		set_rules(file, service, kinds[i]);
	set_text(file, "Source", service->source);
	set_text(file, "Checked", service->checked);
	if (service->overlaps != NULL && service->overlaps[0] != NULL)
		g_key_file_set_string_list(file, GROUP, "Overlaps", service->overlaps,
					   g_strv_length((char **)service->overlaps));
	return g_key_file_to_data(file, NULL, NULL);
}

static bool line_has_key(const char *line, const char *key)
{
	size_t length = strlen(key);

	line += strspn(line, " \t");
	if (strncmp(line, key, length) != 0)
		return false;
	line += length;
	return line[strspn(line, " \t")] == '=';
}

unsigned service_file_line(const char *path, const char *key)
{
	g_autofree char *text = NULL;

	if (path == NULL || !g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (unsigned i = 0; lines[i] != NULL; i++) {
		if (line_has_key(lines[i], key))
			return i + 1;
	}
	return 0;
}
