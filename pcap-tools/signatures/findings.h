/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lint has to say, collected and in the order of the files' lines. */
#ifndef ST_SIGNATURES_FINDINGS_H
#define ST_SIGNATURES_FINDINGS_H

#include <glib.h>

enum severity { SEVERITY_ERROR, SEVERITY_WARNING };

struct findings {
	GPtrArray *all; /* struct finding */
	unsigned errors, warnings;
};

void findings_init(struct findings *findings);
void findings_clear(struct findings *findings);

/* `line` 0: of the whole file. */
void findings_add(struct findings *findings, enum severity severity, const char *path,
		  unsigned line, const char *format, ...) G_GNUC_PRINTF(5, 6);

/* "PATH:LINE: error: TEXT", one a line, ordered by path and line; freed with g_free(). */
char *findings_text(struct findings *findings);

#endif
