/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/text.h"

#include <glib.h>

char *text_printable(const char *text)
{
	char *valid = g_utf8_make_valid(text, -1);
	GString *clean = g_string_new(NULL);

	for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
		gunichar character = g_utf8_get_char(at);

		g_string_append_unichar(clean, g_unichar_isprint(character) ? character : '?');
	}
	g_free(valid);
	return g_string_free(clean, FALSE);
}
