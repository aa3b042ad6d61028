/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the programs that write seeds have in common. */
#ifndef ST_TESTS_FUZZ_SEEDS_H
#define ST_TESTS_FUZZ_SEEDS_H

#include <stdio.h>

#include "wire.h"

/* Takes the seed, which is empty afterwards. */
static inline void write_seed(const char *folder, const char *name, struct wire *seed)
{
	char *path = g_strdup_printf("%s/%s", folder, name);
	GError *error = NULL;

	if (!g_file_set_contents(path, (const char *)seed->bytes, (gssize)seed->count, &error))
		g_error("%s", error->message);
	g_free(path);
	*seed = (struct wire){0};
}

#endif
