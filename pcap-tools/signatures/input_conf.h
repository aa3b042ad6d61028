/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The configuration of the first Service Traceroute, input.conf, read as
 * signatures. It looks for plain texts and expressions anywhere in a name; a
 * signature's domains and expressions are for whole labels and whole names.
 */
#ifndef ST_SIGNATURES_INPUT_CONF_H
#define ST_SIGNATURES_INPUT_CONF_H

#include <glib.h>

#include <libpsl.h>
#include <servicetrace/service.h>

struct input_conf {
	struct st_signatures *signatures; /* one service for each that has a name */
	GPtrArray *ids;			  /* of the services, in the file's order */
	GPtrArray *notes;		  /* struct conf_note: what is not as it was */
};

/* One line about something that could not be carried over as it is. */
struct conf_note {
	char *id;   /* of the service; NULL: of the whole file */
	char *text; /* one line, for people */
};

/*
 * Reads a file. NULL: it is no input.conf; `error` is one line with the path and,
 * where the JSON is wrong, its line.
 */
struct input_conf *input_conf_read(const char *path, const psl_ctx_t *suffixes, GError **error);

/* NULL is allowed. */
void input_conf_free(struct input_conf *conf);

#endif
