/* SPDX-License-Identifier: GPL-2.0-or-later */
/* st-signatures match: which services a name or an address belongs to, and why. */
#include "command.h"
#include "output.h"

/* How many matches there are, best first in `matches`. */
static size_t find_matches(const struct st_signatures *signatures, const char *word,
			   struct st_service_match *matches, size_t max)
{
	struct st_addr addr;

	if (st_addr_parse(word, &addr) == ST_OK)
		return st_signatures_match_address(signatures, &addr, matches, max);
	return st_signatures_match_name(signatures, word, matches, max);
}

static void add_match(GString *text, const struct st_service_match *match)
{
	g_string_append_printf(text, "%s\t%s %s\n", match->service->id,
			       st_rule_kind_text(match->rule->kind), match->rule->text);
}

/* False: some word belongs to no service. */
static bool match_words(const struct st_signatures *signatures, const struct request *request,
			GString *text)
{
	/* All services may match: nothing is left out because of a bound. */
	size_t max = st_signatures_count(signatures);
	struct st_service_match *matches = g_new(struct st_service_match, max);
	bool all = true;

	for (unsigned i = 0; i < request->word_count; i++) {
		size_t count = find_matches(signatures, request->words[i], matches, max);

		all = all && count > 0;
		for (size_t k = 0; k < count; k++) {
			if (request->word_count > 1)
				g_string_append_printf(text, "%s\t", request->words[i]);
			add_match(text, &matches[k]);
		}
	}
	g_free(matches);
	return all;
}

enum failure run_match(const struct request *request, GError **error)
{
	struct st_signatures *signatures = open_signatures(request, error);
	g_autoptr(GString) text = g_string_new(NULL);
	bool all;

	if (signatures == NULL)
		return FAILURE_RUNNING;
	all = match_words(signatures, request, text);
	st_signatures_free(signatures);
	return output_print(text->str, error) && all ? FAILURE_NONE : FAILURE_RUNNING;
}
