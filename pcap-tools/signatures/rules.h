/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How rules stand to each other: what repeats another, and what two services share. */
#ifndef ST_SIGNATURES_RULES_H
#define ST_SIGNATURES_RULES_H

#include <glib.h>
#include <stdbool.h>

#include <servicetrace/service.h>

/*
 * True if `outer` matches whatever `inner` does. Of regular expressions that is
 * known only where they are the same text.
 */
bool rule_covers(const struct st_rule *outer, const struct st_rule *inner);

/*
 * Another rule of the service that makes this one of it needless: a wider one, or
 * an equal one before it. NULL: there is none.
 */
const struct st_rule *rule_find_cover(const struct st_service *service, const struct st_rule *rule);

/* A service and one of its rules. */
struct rule_place {
	const struct st_service *service;
	const struct st_rule *rule;
};

/* A rule of one service that lies within another's: what it matches belongs to both. */
struct overlap {
	struct rule_place narrow, wide;
};

/*
 * All domains and prefixes that lie within another service's rules (struct
 * overlap), whatever the services say of it: once for each such service, with
 * the rule of it that fits best. Of two regular expressions nothing is known.
 * Their pointers live as long as the database's rules stay where they are.
 */
GArray *overlaps_find(const struct st_signatures *signatures);

/* True if one of the two services says that it shares names with the other. */
bool overlap_is_declared(const struct overlap *overlap);

#endif
