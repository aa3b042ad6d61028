/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One rule of a signature: its text checked, and its place in the tables that find it. */
#ifndef ST_SERVICE_RULE_H
#define ST_SERVICE_RULE_H

#include <servicetrace/service.h>

#include "service/domains.h"
#include "service/expressions.h"
#include "service/prefixes.h"

struct service;

struct rule {
	struct rule *next;	 /* of its service */
	struct service *service; /* NULL: of none yet */
	unsigned number;	 /* among the service's rules */
	unsigned line;		 /* in its file; 0: none */
	enum st_rule_kind kind;
	union {
		struct domain domain; /* of both kinds */
		struct expression *expression;
		struct prefix_entry prefix;
	} index;
	char text[]; /* as written, names in lower case */
};

/*
 * NULL: `text` is no rule of this kind, and *why says in one line what is wrong,
 * to be freed with g_free().
 */
struct rule *rule_new(enum st_rule_kind kind, const char *text, unsigned line, char **why);

/* The rule must be in no table. NULL is allowed. */
void rule_free(struct rule *rule);

/* Lower-case letters, digits and '-', at least one of them. */
bool rule_is_service_id(const char *text);

#endif
