/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any text as a file of signatures, taken twice, so that the second takes the
 * place of the first: every problem is a line in bounds, every rule that was
 * taken finds its service, and the texts of rules are good names to ask for.
 */
#include "input.h"
#include "service/signatures.h"

#include <string.h>

#include <glib.h>

#define PATH "fuzz.service"
#define MATCHES_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned count_lines(const uint8_t *data, size_t size)
{
	unsigned lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	return lines;
}

static void check_problems(const struct st_signatures *signatures, unsigned lines)
{
	for (size_t i = 0; i < st_signatures_problem_count(signatures); i++) {
		const struct st_signature_problem *problem = st_signatures_problem(signatures, i);

		must(strcmp(problem->path, PATH) == 0 && problem->line <= lines);
		must(*problem->text && !strchr(problem->text, '\n'));
		must(g_utf8_validate(problem->text, -1, NULL));
	}
}

/* There is one service, so whatever a rule says must find just that. */
static void check_rule(const struct st_signatures *signatures, const struct st_service *service,
		       const struct st_rule *rule)
{
	struct st_service_match matches[MATCHES_MAX];
	size_t count;

	if (rule->kind == ST_RULE_PREFIX)
		count = st_signatures_match_address(signatures, &rule->prefix.addr, matches,
						    MATCHES_MAX);
	else
		count = st_signatures_match_name(signatures, rule->text, matches, MATCHES_MAX);
	if (rule->kind == ST_RULE_REGEX && count == 0)
		return; /* few expressions match themselves */
	must(count == 1 && matches[0].service == service);
	must(matches[0].rule >= service->rules);
	must(matches[0].rule < service->rules + service->rule_count);
}

static void check_service(const struct st_signatures *signatures)
{
	const struct st_service *service = st_signatures_get(signatures, 0);

	must(st_signatures_count(signatures) <= 1);
	if (!service)
		return;
	must(service == st_signatures_find(signatures, "FUZZ"));
	must(st_signatures_find(signatures, service->name) != NULL);
	for (size_t i = 0; i < service->rule_count; i++)
		check_rule(signatures, service, &service->rules[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct st_signatures *signatures = st_signatures_new();

	for (unsigned turn = 0; turn < 2; turn++) {
		signatures_load_text(signatures, PATH, (const char *)data, size);
		check_service(signatures);
	}
	check_problems(signatures, count_lines(data, size));
	st_signatures_free(signatures);
	return 0;
}
