/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subcommands of st-signatures: what each is given, and where each begins. */
#ifndef ST_SIGNATURES_COMMAND_H
#define ST_SIGNATURES_COMMAND_H

#include <glib.h>
#include <stdbool.h>

#include <servicetrace/service.h>

#include "failure.h"

#define PROGRAM "st-signatures"

/* What the command line says behind the command, checked for number only. */
struct request {
	GPtrArray *signatures; /* paths (char *) of --signatures */
	char **words;	       /* borrowed */
	unsigned word_count;
	const char *folder; /* import: where files go; NULL: to standard output */
	bool force;	    /* import: files that are there are replaced */
};

/*
 * Each does its work and prints its result. FAILURE_RUNNING without an error:
 * the result itself is a "no" (lint found errors, match found nothing).
 */
enum failure run_lint(const struct request *request, GError **error);
enum failure run_list(const struct request *request, GError **error);
enum failure run_show(const struct request *request, GError **error);
enum failure run_match(const struct request *request, GError **error);
enum failure run_explain(const struct request *request, GError **error);
enum failure run_import(const struct request *request, GError **error);

/* The database for commands that need one: faultless and not empty. NULL: `error` is set. */
struct st_signatures *open_signatures(const struct request *request, GError **error);

#endif
