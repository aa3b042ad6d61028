/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Overlaps are found with the database's own matching, so that an overlap is
 * what a tracer would run into and nothing else.
 */
#include "rules.h"

#include <string.h>

static bool is_below(const char *domain, const char *name)
{
	size_t domain_length = strlen(domain);
	size_t length = strlen(name);

	if (length <= domain_length || name[length - domain_length - 1] != '.')
		return false;
	return strcmp(name + length - domain_length, domain) == 0;
}

bool rule_covers(const struct st_rule *outer, const struct st_rule *inner)
{
	bool same = outer->kind == inner->kind && strcmp(outer->text, inner->text) == 0;

	switch (outer->kind) {
	case ST_RULE_DOMAIN:
		if (inner->kind != ST_RULE_DOMAIN && inner->kind != ST_RULE_FULL_DOMAIN)
			return false;
		return strcmp(outer->text, inner->text) == 0 || is_below(outer->text, inner->text);
	case ST_RULE_PREFIX:
		return inner->kind == ST_RULE_PREFIX && outer->prefix.bits <= inner->prefix.bits &&
		       st_prefix_contains(&outer->prefix, &inner->prefix.addr);
	case ST_RULE_FULL_DOMAIN:
	case ST_RULE_REGEX:
		return same;
	}
	g_assert_not_reached();
}

const struct st_rule *rule_find_cover(const struct st_service *service, const struct st_rule *rule)
{
	for (size_t i = 0; i < service->rule_count; i++) {
		const struct st_rule *other = &service->rules[i];

		if (other != rule && rule_covers(other, rule) &&
		    (other < rule || !rule_covers(rule, other)))
			return other;
	}
	return NULL;
}

/* The services that match the rule's own name, or its prefix's first address. */
static size_t match_rule(const struct st_signatures *signatures, const struct st_rule *rule,
			 struct st_service_match *matches, size_t max)
{
	switch (rule->kind) {
	case ST_RULE_DOMAIN:
	case ST_RULE_FULL_DOMAIN:
		return st_signatures_match_name(signatures, rule->text, matches, max);
	case ST_RULE_PREFIX:
		return st_signatures_match_address(signatures, &rule->prefix.addr, matches, max);
	case ST_RULE_REGEX:
		return 0;
	}
	g_assert_not_reached();
}

/*
 * The narrower of two rules tells that it is within the other. Of two equal ones
 * the later service's does, as the file that somebody has just added often is.
 */
static bool is_told_by_the_other(const struct rule_place *place,
				 const struct st_service_match *match)
{
	if (!rule_covers(place->rule, match->rule))
		return false;
	return !rule_covers(match->rule, place->rule) ||
	       strcmp(place->service->id, match->service->id) < 0;
}

static void add_overlaps(GArray *overlaps, const struct rule_place *place,
			 const struct st_service_match *matches, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct overlap overlap = {
			.narrow = *place,
			.wide = {matches[i].service, matches[i].rule},
		};

		if (matches[i].service != place->service &&
		    !is_told_by_the_other(place, &matches[i]))
			g_array_append_val(overlaps, overlap);
	}
}

GArray *overlaps_find(const struct st_signatures *signatures)
{
	GArray *overlaps = g_array_new(FALSE, FALSE, sizeof(struct overlap));
	size_t services = st_signatures_count(signatures);
	struct st_service_match *matches = g_new(struct st_service_match, services);

	for (size_t i = 0; i < services; i++) {
		const struct st_service *service = st_signatures_get(signatures, i);

		for (size_t k = 0; k < service->rule_count; k++) {
			const struct rule_place place = {service, &service->rules[k]};
			size_t count = match_rule(signatures, place.rule, matches, services);

			add_overlaps(overlaps, &place, matches, count);
		}
	}
	g_free(matches);
	return overlaps;
}

static bool declares(const struct st_service *service, const char *id)
{
	return service->overlaps != NULL && g_strv_contains(service->overlaps, id);
}

bool overlap_is_declared(const struct overlap *overlap)
{
	const struct st_service *narrow = overlap->narrow.service;
	const struct st_service *wide = overlap->wide.service;

	return declares(narrow, wide->id) || declares(wide, narrow->id);
}
