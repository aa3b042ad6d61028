/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which services a name or an address belongs to, and by which of their rules. */
#include <string.h>

#include "base/container.h"
#include "service/database.h"

/* The matches so far. Rules come in groups, the best first; a group is in the order of ids. */
struct matches {
	struct st_service_match *items;
	size_t count, max;
	size_t group; /* where the group begins */
};

static bool is_full(const struct matches *matches)
{
	return matches->count == matches->max;
}

static void begin_group(struct matches *matches)
{
	matches->group = matches->count;
}

/* A service that is there already has a better rule; of the same group the first one counts. */
static bool is_known(struct matches *matches, const struct rule *rule)
{
	const struct st_rule *shown = &rule->service->shown_rules[rule->number];

	for (size_t i = 0; i < matches->count; i++) {
		if (matches->items[i].service != &rule->service->shown)
			continue;
		if (i >= matches->group && shown < matches->items[i].rule)
			matches->items[i].rule = shown;
		return true;
	}
	return false;
}

static void add_match(struct matches *matches, const struct rule *rule)
{
	const struct service *service = rule->service;
	size_t at = matches->count;

	if (is_known(matches, rule))
		return;
	while (at > matches->group &&
	       strcmp(service->shown.id, matches->items[at - 1].service->id) < 0)
		at--;
	if (at == matches->max)
		return;
	if (is_full(matches))
		matches->count--;
	memmove(&matches->items[at + 1], &matches->items[at],
		(matches->count - at) * sizeof(*matches->items));
	matches->items[at] =
		(struct st_service_match){&service->shown, &service->shown_rules[rule->number]};
	matches->count++;
}

static void add_domains(struct matches *matches, const struct domains *domains,
			const struct domain_name *name, unsigned label, enum st_rule_kind kind)
{
	const struct domain *domain = NULL;

	begin_group(matches);
	while ((domain = domains_at(domains, name, label, domain))) {
		const struct rule *rule = container_of(domain, struct rule, index.domain);

		if (rule->kind == kind)
			add_match(matches, rule);
	}
}

static void add_expressions(struct matches *matches, const struct expressions *expressions,
			    const struct domain_name *name)
{
	struct expressions_walk walk = {0};
	const struct expression *expression;

	begin_group(matches);
	while ((expression = expressions_next(expressions, name, &walk)))
		add_match(matches, expression->owner);
}

size_t st_signatures_match_name(const struct st_signatures *signatures, const char *name,
				struct st_service_match *items, size_t max)
{
	struct matches matches = {.items = items, .max = max};
	struct domain_name read;

	if (!domain_name_read(&read, name))
		return 0;
	add_domains(&matches, &signatures->names, &read, 0, ST_RULE_FULL_DOMAIN);
	if (!is_full(&matches))
		add_expressions(&matches, &signatures->expressions, &read);
	for (unsigned label = 0; label < read.label_count && !is_full(&matches); label++)
		add_domains(&matches, &signatures->names, &read, label, ST_RULE_DOMAIN);
	return matches.count;
}

size_t st_signatures_match_address(const struct st_signatures *signatures,
				   const struct st_addr *addr, struct st_service_match *items,
				   size_t max)
{
	struct matches matches = {.items = items, .max = max};
	struct prefix_path path;

	prefixes_find(&signatures->prefixes, addr, &path);
	while (path.count-- > 0 && !is_full(&matches)) {
		begin_group(&matches);
		for (const struct prefix_entry *entry = path.entries[path.count]; entry;
		     entry = entry->next)
			add_match(&matches, container_of(entry, struct rule, index.prefix));
	}
	return matches.count;
}
