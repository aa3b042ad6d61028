/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host_name.h"

#include <glib.h>
#include <string.h>

/* RFC 1035, 2.3.4 */
#define NAME_BYTES_MAX 253
#define LABEL_BYTES_MAX 63

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

static bool is_address_like(const char *text)
{
	return strspn(text, DIGITS ".") == strlen(text);
}

bool is_host_name(const char *text)
{
	if (strlen(text) > NAME_BYTES_MAX || is_address_like(text))
		return false;
	for (const char *label = text;; label = strchr(label, '.') + 1) {
		size_t bytes = strspn(label, LETTERS DIGITS "-_");

		if (bytes == 0 || bytes > LABEL_BYTES_MAX)
			return false;
		if (label[bytes] == '\0')
			return true;
		if (label[bytes] != '.')
			return false;
	}
}
