/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures rules by what nobody owns: public suffixes, names made up, and the
 * address space that RFC 6890's registries keep for special purposes.
 */
#include "broad.h"

#include "failure.h"

/* One organisation has a whole /8 of IPv4 at most (Apple's 17.0.0.0/8). */
#define PREFIX_BITS_MIN_V4 8
/* The largest allocation of IPv6 to a provider is a /19; services have less. */
#define PREFIX_BITS_MIN_V6 19

struct special {
	const char *prefix;
	const char *what;
};

/* From IANA's registries of special-purpose addresses (RFC 6890), and multicast. */
static const struct special specials[] = {
	{"0.0.0.0/8", "this network"},
	{"10.0.0.0/8", "private use"},
	{"100.64.0.0/10", "shared address space"},
	{"127.0.0.0/8", "loopback"},
	{"169.254.0.0/16", "link-local"},
	{"172.16.0.0/12", "private use"},
	{"192.0.0.0/24", "protocol assignments"},
	{"192.0.2.0/24", "documentation"},
	{"192.168.0.0/16", "private use"},
	{"198.18.0.0/15", "benchmarking"},
	{"198.51.100.0/24", "documentation"},
	{"203.0.113.0/24", "documentation"},
	{"224.0.0.0/4", "multicast"},
	{"240.0.0.0/4", "reserved"},
	{"::/127", "unspecified and loopback"},
	{"::ffff:0:0/96", "IPv4-mapped"},
	{"64:ff9b::/96", "IPv4/IPv6 translation"},
	{"64:ff9b:1::/48", "IPv4/IPv6 translation"},
	{"100::/64", "discard-only"},
	{"2001:db8::/32", "documentation"},
	{"3fff::/20", "documentation"},
	{"fc00::/7", "unique local"},
	{"fe80::/10", "link-local"},
	{"ff00::/8", "multicast"},
};

/* Names that no service has: an expression that matches one of them matches all sorts. */
static const char *const made_up[] = {
	"qzxjkv.com",	"qzxjkv.net",	  "qzxjkv.org",	   "qzxjkv.io",	    "qzxjkv.tv",
	"qzxjkv.co.uk", "www.qzxjkv.de",  "a1.qzxjkv.com", "7-q.zxjkv.net", "q.zx.jkv.qzxjkv.org",
	"qzxjkv.app",	"cdn.qzxjkv.com", "qzxjkv",	   "1.qzxjkv",
};

psl_ctx_t *open_suffixes(GError **error)
{
	psl_ctx_t *suffixes = psl_latest(NULL);

	if (suffixes == NULL)
		g_set_error_literal(error, FAILURE_ERROR, FAILURE_RUNNING,
				    "there is no list of public suffixes");
	return suffixes;
}

bool is_public_suffix(const char *domain, const psl_ctx_t *suffixes)
{
	return psl_is_public_suffix2(suffixes, domain, PSL_TYPE_ICANN) != 0;
}

static const char *expression_example(const char *expression)
{
	struct st_signatures *one = st_signatures_new();
	const char *example = NULL;
	struct st_service_match match;

	/* An expression that is taken once is taken again. */
	st_signatures_add_service(one, "one", NULL);
	st_signatures_add_rule(one, "one", ST_RULE_REGEX, expression);
	for (size_t i = 0; example == NULL && i < G_N_ELEMENTS(made_up); i++) {
		if (st_signatures_match_name(one, made_up[i], &match, 1) > 0)
			example = made_up[i];
	}
	st_signatures_free(one);
	return example;
}

static const struct special *find_special(const struct st_prefix *prefix)
{
	for (size_t i = 0; i < G_N_ELEMENTS(specials); i++) {
		struct st_prefix kept;
		enum st_status status = st_prefix_parse(specials[i].prefix, &kept);

		g_assert(status == ST_OK);
		if (st_prefix_contains(&kept, &prefix->addr) ||
		    st_prefix_contains(prefix, &kept.addr))
			return &specials[i];
	}
	return NULL;
}

static char *prefix_objection(const struct st_prefix *prefix)
{
	unsigned least = prefix->addr.version == 4 ? PREFIX_BITS_MIN_V4 : PREFIX_BITS_MIN_V6;
	const struct special *special;

	if (prefix->bits < least)
		return g_strdup_printf("is too broad: shorter than /%u", least);
	special = find_special(prefix);
	if (special == NULL)
		return NULL;
	return g_strdup_printf("has addresses kept for a special purpose: %s (%s)", special->prefix,
			       special->what);
}

char *rule_objection(const struct st_rule *rule, const psl_ctx_t *suffixes)
{
	const char *example;

	switch (rule->kind) {
	case ST_RULE_DOMAIN:
		if (!is_public_suffix(rule->text, suffixes))
			return NULL;
		return g_strdup("is a public suffix: names below it are of many owners");
	case ST_RULE_FULL_DOMAIN:
		return NULL;
	case ST_RULE_REGEX:
		example = expression_example(rule->text);
		if (example == NULL)
			return NULL;
		return g_strdup_printf("is too broad: it matches %s", example);
	case ST_RULE_PREFIX:
		return prefix_objection(&rule->prefix);
	}
	g_assert_not_reached();
}
