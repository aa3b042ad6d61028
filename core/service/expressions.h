/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular expressions for host names, many of them at little cost. Running one
 * takes as long as half a lookup of all else (bench/README.md), so most are never
 * run: one that plainly ends in a text ("r[0-9]+\.example\.com" does) is only
 * tried for names that end in it, and found by the domain in that text as a
 * Domains rule is.
 */
#ifndef ST_SERVICE_EXPRESSIONS_H
#define ST_SERVICE_EXPRESSIONS_H

#include <glib.h>

#include "service/domains.h"

struct expression {
	struct domain domain; /* what follows the first dot of tail; name NULL: there is none */
	GRegex *regex;
	void *owner; /* whose it is; for those who ask */
	char *tail;  /* every name that matches ends in this; lower case, may be "" */
	size_t tail_bytes;
};

/* Zero-initialise. The expressions remain their owners'. */
struct expressions {
	struct domains domains; /* those that have one */
	GPtrArray *others;	/* tried for every name; NULL while there are none */
};

/* Where a walk is; zero-initialised it begins. */
struct expressions_walk {
	unsigned label; /* of the name; all passed: the others' turn */
	unsigned other;
	const struct domain *previous;
};

/*
 * Reads a Perl-compatible expression that names have to match from end to end,
 * upper and lower case alike. NULL: it is none, and *why says what is wrong, to
 * be freed with g_free().
 */
struct expression *expression_new(const char *text, char **why);

/* NULL is allowed. */
void expression_free(struct expression *expression);

/*
 * The text that every match ends in, "" if the expression does not end in one
 * plainly. To be freed with g_free().
 */
char *expression_tail(const char *text);

void expressions_clear(struct expressions *expressions);
void expressions_insert(struct expressions *expressions, struct expression *expression);

/* The expression must be in the table. */
void expressions_remove(struct expressions *expressions, struct expression *expression);

/* The next expression that `name` matches, in no order; NULL: no further one. */
struct expression *expressions_next(const struct expressions *expressions,
				    const struct domain_name *name, struct expressions_walk *walk);

#endif
