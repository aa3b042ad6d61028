/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the database of signatures: signatures.c fills it, signature_match.c asks it. */
#ifndef ST_SERVICE_DATABASE_H
#define ST_SERVICE_DATABASE_H

#include <glib.h>

#include "service/rule.h"

struct service {
	struct st_service shown; /* its rules are in shown_rules */
	struct st_rule *shown_rules;
	size_t rule_capacity;
	struct rule *last_rule; /* and by their next to the first; each in its table */
	char *folded_name;	/* as names are compared */
};

struct st_signatures {
	GPtrArray *services;   /* struct service, by id */
	GPtrArray *replaced;   /* struct service that others took the place of; without rules */
	GPtrArray *problems;   /* struct st_signature_problem */
	GStringChunk *strings; /* what services and problems say; each text once */
	struct domains names;  /* rules of both kinds of domains */
	struct expressions expressions;
	struct prefixes prefixes;
	uint64_t generation;
};

#endif
