/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of all options: names, which program has them, how a value is read.
 * Only options.c uses it.
 */
#ifndef ST_TOOLS_OPTION_TABLE_H
#define ST_TOOLS_OPTION_TABLE_H

#include <stddef.h>

#include "options.h"

struct option_spec {
	const char *name;     /* long name, without the dashes */
	char letter;	      /* short name, or 0 */
	unsigned tools;	      /* set of enum tool */
	const char *argument; /* what --help calls the value; NULL: a flag */
	size_t flag;	      /* a flag's gboolean inside struct options */
	GOptionArgFunc set;   /* an option's value goes here, with the struct options as data */
	const char *help;
};

extern const struct option_spec option_table[];
extern const size_t option_count;

#endif
