/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of one file of signatures: what it says, and what is wrong with it
 * and in which line. The form is GKeyFile's, described in signatures/README.md.
 * Reads no file and knows no database.
 */
#ifndef ST_SERVICE_SIGNATURE_FILE_H
#define ST_SERVICE_SIGNATURE_FILE_H

#include <glib.h>

#include "service/rule.h"

/* The largest list of prefixes that a provider publishes takes 200 KB; this bounds the memory. */
#define SIGNATURE_FILE_BYTES_MAX (16u << 20)
/* Of one file: who sees so many has given something else than a file of signatures. */
#define SIGNATURE_PROBLEMS_MAX 100

struct signature_problem {
	unsigned line; /* 0: of the whole file */
	char *text;    /* one printable line */
};

struct signature_file {
	bool has_service; /* there is a group [Service]: what follows is worth having */
	char *name, *category, *source, *checked; /* NULL: not there, or not right */
	char **overlaps;			  /* NULL: not there */
	GPtrArray *rules;			  /* struct rule, those that are right */
	GPtrArray *problems;			  /* struct signature_problem, in order of lines */
};

/* `text` need not be UTF-8, nor end with a zero. */
struct signature_file *signature_file_read(const char *text, size_t bytes);

void signature_file_free(struct signature_file *file);

#endif
