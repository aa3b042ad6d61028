/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/rule.h"

#include <string.h>

#include <glib.h>

static struct rule *new_rule(enum st_rule_kind kind, const char *text, unsigned line)
{
	size_t bytes = strlen(text) + 1;
	struct rule *rule = g_malloc0(sizeof(*rule) + bytes);

	rule->kind = kind;
	rule->line = line;
	memcpy(rule->text, text, bytes);
	return rule;
}

/* What people write most often in the place of a name. */
static char *why_no_domain(const char *text)
{
	struct st_prefix prefix;

	if (*text == '\0')
		return g_strdup("an entry is empty");
	if (!g_str_is_ascii(text))
		return g_strdup_printf("%s: international names have to be written as xn--...",
				       text);
	if (st_prefix_parse(text, &prefix) == ST_OK)
		return g_strdup_printf("%s is an address: it belongs into Prefixes", text);
	if (g_str_has_prefix(text, "*.") || *text == '.')
		return g_strdup_printf("%s: write %s in Domains, which holds all names below it",
				       text, text + strspn(text, "*."));
	return g_strdup_printf("%s is no domain name", text);
}

static struct rule *domain_rule(enum st_rule_kind kind, const char *text, unsigned line, char **why)
{
	struct st_prefix prefix;
	struct domain_name name;
	struct rule *rule;

	if (!domain_name_read(&name, text) || st_prefix_parse(text, &prefix) == ST_OK) {
		*why = why_no_domain(text);
		return NULL;
	}
	rule = new_rule(kind, name.text, line);
	rule->index.domain.name = rule->text;
	return rule;
}

static struct rule *regex_rule(const char *text, unsigned line, char **why)
{
	struct expression *expression = expression_new(text, why);
	struct rule *rule;

	if (!expression)
		return NULL;
	rule = new_rule(ST_RULE_REGEX, text, line);
	rule->index.expression = expression;
	expression->owner = rule;
	return rule;
}

/* True if the address is written with bits behind the prefix. */
static bool has_host_bits(const char *text, const struct st_prefix *prefix)
{
	char *addr_text = g_strndup(text, strcspn(text, "/"));
	struct st_addr written;
	bool differs;

	differs = st_addr_parse(addr_text, &written) == ST_OK &&
		  !st_addr_equal(&written, &prefix->addr);
	g_free(addr_text);
	return differs;
}

static struct rule *prefix_rule(const char *text, unsigned line, char **why)
{
	char network[ST_ADDR_TEXT_BYTES];
	struct st_prefix prefix;

	if (st_prefix_parse(text, &prefix) != ST_OK) {
		*why = *text ? g_strdup_printf("%s is no address or prefix", text)
			     : g_strdup("an entry is empty");
		return NULL;
	}
	if (has_host_bits(text, &prefix)) {
		*why = g_strdup_printf("%s has bits set behind the prefix: %s/%u is meant, perhaps",
				       text, st_addr_format(&prefix.addr, network), prefix.bits);
		return NULL;
	}
	return new_rule(ST_RULE_PREFIX, text, line);
}

struct rule *rule_new(enum st_rule_kind kind, const char *text, unsigned line, char **why)
{
	switch (kind) {
	case ST_RULE_DOMAIN:
	case ST_RULE_FULL_DOMAIN:
		return domain_rule(kind, text, line, why);
	case ST_RULE_REGEX:
		return regex_rule(text, line, why);
	case ST_RULE_PREFIX:
		return prefix_rule(text, line, why);
	}
	*why = g_strdup("there is no such kind of rule");
	return NULL;
}

void rule_free(struct rule *rule)
{
	if (rule && rule->kind == ST_RULE_REGEX)
		expression_free(rule->index.expression);
	g_free(rule);
}

bool rule_is_service_id(const char *text)
{
	return *text && text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0';
}
