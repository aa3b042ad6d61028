/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other parts need of the database beyond its public face. */
#ifndef ST_SERVICE_SIGNATURES_H
#define ST_SERVICE_SIGNATURES_H

#include <servicetrace/service.h>

/* Grows with every change: what was matched before has to be matched again. */
uint64_t signatures_generation(const struct st_signatures *signatures);

/*
 * Takes a file's text as st_signatures_load() takes the file; the name in `path`
 * gives the service's id. What is wrong becomes problems.
 */
void signatures_load_text(struct st_signatures *signatures, const char *path, const char *text,
			  size_t bytes);

#endif
