/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command lines of st-inject and st-replay: one table for both, so that an
 * option that both have means the same in both.
 */
#ifndef ST_TOOLS_OPTIONS_H
#define ST_TOOLS_OPTIONS_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include <servicetrace/config.h>
#include <servicetrace/report.h>

#include "asn.h"

enum tool {
	TOOL_INJECT = 1 << 0,
	TOOL_REPLAY = 1 << 1,
};

/* What a command line asks for, checked. The flags are gboolean because GOption fills them. */
struct options {
	enum tool tool;
	struct st_config config;		       /* points into what is below */
	struct st_signatures *signatures;	       /* the database, and what is added to it */
	struct asn *asn;			       /* databases; NULL: none is given */
	GArray *hosts, *borders;		       /* struct st_prefix */
	GArray *flows;				       /* struct st_tuple */
	GPtrArray *names, *services, *signature_paths; /* char * */
	GPtrArray *asn_paths;			       /* char * */
	GPtrArray *words;     /* what is no option: FILTER words, or FILEs */
	char *filter;	      /* the words as one expression; NULL: none */
	char *interface;      /* NULL: the default route's */
	char *write_path;     /* NULL: no capture is written; "-": standard output */
	char *expect_path;    /* NULL: nothing to compare with */
	uint64_t count;	      /* 0: no bound */
	uint64_t duration_ns; /* 0: no bound */
	uint64_t idle_ns;     /* 0: no bound */
	enum st_report_format format;
	bool format_given;
	gboolean ipv4, ipv6, all, flows_too, numeric;
	gboolean list_interfaces, verbose, quiet, version, help;
};

/* The name of the program: "st-inject". */
const char *tool_name(enum tool tool);

/*
 * Reads a command line (argv[0] is passed over, the strings are not kept). With
 * --help, --version or -D nothing else need be right. Loads the signatures. False:
 * `error` is one clear line of code FAILURE_USAGE, or FAILURE_RUNNING where the
 * signatures cannot be read. Free with options_clear() in either case.
 */
bool options_parse(struct options *options, enum tool tool, char **argv, GError **error);

void options_clear(struct options *options);

/* The text of --help; freed with g_free(). */
char *options_help(enum tool tool);

#endif
