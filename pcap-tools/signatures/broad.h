/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules that match far more than any one service has. */
#ifndef ST_SIGNATURES_BROAD_H
#define ST_SIGNATURES_BROAD_H

#include <glib.h>
#include <stdbool.h>

#include <libpsl.h>
#include <servicetrace/service.h>

/* The list of public suffixes, freed with psl_free(). NULL: `error` is set. */
psl_ctx_t *open_suffixes(GError **error);

/*
 * Why a rule is no service's, as the end of a sentence ("is a public suffix");
 * NULL: nothing speaks against it. Freed with g_free().
 */
char *rule_objection(const struct st_rule *rule, const psl_ctx_t *suffixes);

/*
 * True if a registry hands out names right below this one ("co.uk"). Names
 * that a company lets its customers choose (cloudfront.net) are that company's.
 */
bool is_public_suffix(const char *domain, const psl_ctx_t *suffixes);

#endif
