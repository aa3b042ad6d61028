/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * st-signatures lint: what is wrong with signatures, or may be. What the loader
 * finds comes first; here is what only shows in the service as a whole and
 * against the others.
 */
#include <stdio.h>
#include <string.h>

#include "broad.h"
#include "command.h"
#include "database.h"
#include "findings.h"
#include "output.h"
#include "rules.h"
#include "service_file.h"
#include "signature_folders.h"

/* Services move: what nobody has looked at for so long may be wrong by now. */
#define STALE_YEARS 2

struct lint {
	const struct request *request;
	struct st_signatures *signatures;
	psl_ctx_t *suffixes;
	struct findings findings;
	unsigned looked_at; /* services */
	char *latest;	    /* the last day that "Checked" may be */
	char *stale;	    /* days before this one are too long ago */
};

/* True if the file is to be checked: it was named, or none was. The others are what it meets. */
static bool is_in_scope(const struct lint *lint, const char *path)
{
	const struct request *request = lint->request;

	for (unsigned i = 0; path != NULL && i < request->word_count; i++) {
		size_t length = strlen(request->words[i]);

		while (length > 1 && request->words[i][length - 1] == '/')
			length--;
		if (strncmp(path, request->words[i], length) == 0 &&
		    (path[length] == '/' || path[length] == '\0'))
			return true;
	}
	return request->word_count == 0;
}

static void check_missing(struct lint *lint, const struct st_service *service, const char *key,
			  const char *value, enum severity severity)
{
	/* A key with a value that is none has its own problem. */
	if (value == NULL && service_file_line(service->path, key) == 0)
		findings_add(&lint->findings, severity, service->path, 0, "no %s= is given", key);
}

/* A service that nothing matches, and that takes the place of one of its id that something did. */
static void check_emptiness(struct lint *lint, const struct st_service *service)
{
	static const char *const keys[] = {"Domains", "FullDomains", "DomainRegex", "Prefixes"};

	if (service->rule_count > 0)
		return;
	for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
		/* A key without an entry that is right has its own problem. */
		if (service_file_line(service->path, keys[i]) != 0)
			return;
	}
	findings_add(&lint->findings, SEVERITY_ERROR, service->path, 0,
		     "no name and no address is given: nothing matches");
}

static void check_date(struct lint *lint, const struct st_service *service)
{
	enum severity severity = SEVERITY_WARNING;
	const char *what;

	/* Dates of this form are in order where their texts are. */
	if (service->checked == NULL)
		return;
	if (strcmp(service->checked, lint->latest) > 0) {
		severity = SEVERITY_ERROR;
		what = "in the future";
	} else if (strcmp(service->checked, lint->stale) < 0) {
		what = "more than " G_STRINGIFY(STALE_YEARS) " years ago";
	} else {
		return;
	}
	findings_add(&lint->findings, severity, service->path,
		     service_file_line(service->path, "Checked"), "Checked=%s is %s",
		     service->checked, what);
}

static void check_overlap_ids(struct lint *lint, const struct st_service *service)
{
	for (size_t i = 0; service->overlaps != NULL && service->overlaps[i] != NULL; i++) {
		const char *id = service->overlaps[i];
		const struct st_service *other = st_signatures_find(lint->signatures, id);

		if (other == service)
			findings_add(&lint->findings, SEVERITY_ERROR, service->path,
				     service_file_line(service->path, "Overlaps"),
				     "Overlaps names the service itself");
		else if (other == NULL || strcmp(other->id, id) != 0)
			findings_add(&lint->findings, SEVERITY_ERROR, service->path,
				     service_file_line(service->path, "Overlaps"),
				     "Overlaps: there is no service \"%s\"", id);
	}
}

static void check_rules(struct lint *lint, const struct st_service *service)
{
	for (size_t i = 0; i < service->rule_count; i++) {
		const struct st_rule *rule = &service->rules[i];
		const struct st_rule *cover = rule_find_cover(service, rule);
		g_autofree char *objection = rule_objection(rule, lint->suffixes);

		if (objection != NULL)
			findings_add(&lint->findings, SEVERITY_ERROR, service->path, rule->line,
				     "%s %s %s", st_rule_kind_text(rule->kind), rule->text,
				     objection);
		if (cover == NULL)
			continue;
		bool again = cover->kind == rule->kind && strcmp(cover->text, rule->text) == 0;
		findings_add(&lint->findings, SEVERITY_ERROR, service->path, rule->line,
			     again ? "%s %s is there twice" : "%s %s is within %s %s",
			     st_rule_kind_text(rule->kind), rule->text,
			     st_rule_kind_text(cover->kind), cover->text);
	}
}

static void check_service(struct lint *lint, const struct st_service *service)
{
	lint->looked_at++;
	check_missing(lint, service, "Category", service->category, SEVERITY_WARNING);
	check_missing(lint, service, "Source", service->source, SEVERITY_ERROR);
	check_missing(lint, service, "Checked", service->checked, SEVERITY_ERROR);
	check_date(lint, service);
	check_emptiness(lint, service);
	check_overlap_ids(lint, service);
	check_rules(lint, service);
}

static void tell_overlap(struct lint *lint, const struct rule_place *here,
			 const struct rule_place *there)
{
	g_autofree char *place = signature_place(there->service->path, there->rule->line);

	findings_add(&lint->findings, SEVERITY_ERROR, here->service->path, here->rule->line,
		     "%s %s overlaps %s %s of %s (%s); if that is right, say Overlaps=%s",
		     st_rule_kind_text(here->rule->kind), here->rule->text,
		     st_rule_kind_text(there->rule->kind), there->rule->text, there->service->id,
		     place, there->service->id);
}

/* What is no service's lies across many; that it is there is told already. */
static bool is_objectionable(const struct lint *lint, const struct st_rule *rule)
{
	g_autofree char *objection = rule_objection(rule, lint->suffixes);

	return objection != NULL;
}

static void check_overlaps(struct lint *lint)
{
	g_autoptr(GArray) overlaps = overlaps_find(lint->signatures);

	for (guint i = 0; i < overlaps->len; i++) {
		const struct overlap *overlap = &g_array_index(overlaps, struct overlap, i);

		if (overlap_is_declared(overlap) || is_objectionable(lint, overlap->wide.rule))
			continue;
		if (is_in_scope(lint, overlap->narrow.service->path))
			tell_overlap(lint, &overlap->narrow, &overlap->wide);
		else if (is_in_scope(lint, overlap->wide.service->path))
			tell_overlap(lint, &overlap->wide, &overlap->narrow);
	}
}

static void check_all(struct lint *lint)
{
	size_t problems = st_signatures_problem_count(lint->signatures);
	size_t services = st_signatures_count(lint->signatures);

	for (size_t i = 0; i < problems; i++) {
		const struct st_signature_problem *problem =
			st_signatures_problem(lint->signatures, i);

		if (is_in_scope(lint, problem->path))
			findings_add(&lint->findings, SEVERITY_ERROR, problem->path, problem->line,
				     "%s", problem->text);
	}
	for (size_t i = 0; i < services; i++) {
		const struct st_service *service = st_signatures_get(lint->signatures, i);

		if (is_in_scope(lint, service->path))
			check_service(lint, service);
	}
	check_overlaps(lint);
}

/* Of two files named here that have the same id, one would go unchecked. */
static void note_files(struct lint *lint, GHashTable *files)
{
	for (size_t i = 0; i < st_signatures_count(lint->signatures); i++) {
		const struct st_service *service = st_signatures_get(lint->signatures, i);
		const char *earlier = g_hash_table_lookup(files, service->id);

		if (earlier != NULL && strcmp(earlier, service->path) != 0)
			findings_add(&lint->findings, SEVERITY_ERROR, earlier, 0,
				     "not checked: %s has the same id", service->path);
		if (is_in_scope(lint, service->path))
			g_hash_table_insert(files, (gpointer)service->id, (gpointer)service->path);
	}
}

/* The database as the tools see it, and then what is to be checked. */
static void load(struct lint *lint)
{
	const struct request *request = lint->request;
	g_autoptr(GHashTable) files = g_hash_table_new(g_str_hash, g_str_equal);

	lint->signatures = database_read(request->signatures);
	for (unsigned i = 0; i < request->word_count; i++) {
		st_signatures_load(lint->signatures, request->words[i]);
		note_files(lint, files);
	}
}

static char *day(GDateTime *now, int years, int days)
{
	g_autoptr(GDateTime) other = g_date_time_add_full(now, years, 0, days, 0, 0, 0);

	return g_date_time_format(other, "%Y-%m-%d");
}

static void lint_init(struct lint *lint, const struct request *request)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();

	*lint = (struct lint){.request = request};
	findings_init(&lint->findings);
	/* East of here it may be tomorrow. */
	lint->latest = day(now, 0, 1);
	lint->stale = day(now, -STALE_YEARS, 0);
}

static void lint_clear(struct lint *lint)
{
	st_signatures_free(lint->signatures);
	psl_free(lint->suffixes);
	findings_clear(&lint->findings);
	g_free(lint->latest);
	g_free(lint->stale);
}

static bool print_findings(struct lint *lint, GError **error)
{
	g_autofree char *text = findings_text(&lint->findings);

	if (!output_print(text, error))
		return false;
	fprintf(stderr, "%u %s: %u %s, %u %s\n", lint->looked_at,
		lint->looked_at == 1 ? "service" : "services", lint->findings.errors,
		lint->findings.errors == 1 ? "error" : "errors", lint->findings.warnings,
		lint->findings.warnings == 1 ? "warning" : "warnings");
	return true;
}

enum failure run_lint(const struct request *request, GError **error)
{
	struct lint lint;
	bool good = false;

	lint_init(&lint, request);
	lint.suffixes = open_suffixes(error);
	if (lint.suffixes != NULL) {
		load(&lint);
		check_all(&lint);
		good = print_findings(&lint, error) && lint.findings.errors == 0;
	}
	lint_clear(&lint);
	return good ? FAILURE_NONE : FAILURE_RUNNING;
}
