/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other parts need of the database beyond its public face. */
#ifndef ST_SERVICE_SIGNATURES_H
#define ST_SERVICE_SIGNATURES_H

#include <glib.h>
#include <servicetrace/service.h>

/* Grows with every change: what was matched before has to be matched again. */
uint64_t signatures_generation(const struct st_signatures *signatures);

/*
 * Adds to `found` (struct st_service) all that are called so by id or name, upper
 * and lower case alike; the one with this id stands first.
 */
void signatures_called(const struct st_signatures *signatures, const char *name, GPtrArray *found);

/*
 * Takes a file's text as st_signatures_load() takes the file; the name in `path`
 * gives the service's id. What is wrong becomes problems.
 */
void signatures_load_text(struct st_signatures *signatures, const char *path, const char *text,
			  size_t bytes);

#endif
