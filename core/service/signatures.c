/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The database's services: where they come from, are found and replaced. */
#include "service/signatures.h"

#include <string.h>

#include "service/database.h"
#include "service/signature_file.h"

#define SUFFIX ".service"
#define RULES_AT_FIRST 8

static void free_rules(struct service *service)
{
	struct rule *next;

	for (struct rule *rule = service->last_rule; rule; rule = next) {
		next = rule->next;
		rule_free(rule);
	}
	g_free(service->shown_rules);
	service->last_rule = NULL;
	service->shown.rules = service->shown_rules = NULL;
	service->shown.rule_count = service->rule_capacity = 0;
}

static void free_service(gpointer pointer)
{
	struct service *service = pointer;

	free_rules(service);
	g_free((gpointer)service->shown.overlaps);
	g_free(service->folded_name);
	g_free(service);
}

struct st_signatures *st_signatures_new(void)
{
	struct st_signatures *signatures = g_new0(struct st_signatures, 1);

	signatures->services = g_ptr_array_new_with_free_func(free_service);
	signatures->replaced = g_ptr_array_new_with_free_func(free_service);
	signatures->problems = g_ptr_array_new_with_free_func(g_free);
	signatures->strings = g_string_chunk_new(4096);
	return signatures;
}

void st_signatures_free(struct st_signatures *signatures)
{
	if (!signatures)
		return;
	domains_clear(&signatures->names);
	expressions_clear(&signatures->expressions);
	prefixes_clear(&signatures->prefixes);
	g_ptr_array_unref(signatures->services);
	g_ptr_array_unref(signatures->replaced);
	g_ptr_array_unref(signatures->problems);
	g_string_chunk_free(signatures->strings);
	g_free(signatures);
}

uint64_t signatures_generation(const struct st_signatures *signatures)
{
	return signatures->generation;
}

static const char *keep(struct st_signatures *signatures, const char *text)
{
	return text ? g_string_chunk_insert_const(signatures->strings, text) : NULL;
}

/* Rules in their tables. */

static void insert_rule(struct st_signatures *signatures, struct rule *rule)
{
	struct domain_name name;
	struct st_prefix prefix;

	switch (rule->kind) {
	case ST_RULE_DOMAIN:
	case ST_RULE_FULL_DOMAIN:
		if (domain_name_read(&name, rule->text))
			domains_insert(&signatures->names, &rule->index.domain, &name);
		return;
	case ST_RULE_REGEX:
		expressions_insert(&signatures->expressions, rule->index.expression);
		return;
	case ST_RULE_PREFIX:
		if (st_prefix_parse(rule->text, &prefix) == ST_OK)
			prefixes_insert(&signatures->prefixes, &prefix, &rule->index.prefix);
		return;
	}
}

static void remove_rule(struct st_signatures *signatures, struct rule *rule)
{
	switch (rule->kind) {
	case ST_RULE_DOMAIN:
	case ST_RULE_FULL_DOMAIN:
		domains_remove(&signatures->names, &rule->index.domain);
		return;
	case ST_RULE_REGEX:
		expressions_remove(&signatures->expressions, rule->index.expression);
		return;
	case ST_RULE_PREFIX:
		prefixes_remove(&signatures->prefixes, &rule->index.prefix);
		return;
	}
}

/* Takes the rule over. */
static void give_rule(struct st_signatures *signatures, struct service *service, struct rule *rule)
{
	struct st_rule *shown;

	if (service->shown.rule_count == service->rule_capacity) {
		service->rule_capacity = MAX(2 * service->rule_capacity, RULES_AT_FIRST);
		service->shown_rules =
			g_renew(struct st_rule, service->shown_rules, service->rule_capacity);
		service->shown.rules = service->shown_rules;
	}
	rule->service = service;
	rule->number = (unsigned)service->shown.rule_count++;
	rule->next = service->last_rule;
	service->last_rule = rule;
	shown = &service->shown_rules[rule->number];
	*shown = (struct st_rule){.kind = rule->kind, .text = rule->text, .line = rule->line};
	if (rule->kind == ST_RULE_PREFIX)
		(void)st_prefix_parse(rule->text, &shown->prefix);
	insert_rule(signatures, rule);
}

/* Services by their ids. */

/* Where a service of this id is, or belongs. */
static size_t place_of(const struct st_signatures *signatures, const char *id, bool *found)
{
	size_t low = 0, high = signatures->services->len;

	*found = false;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct service *service = g_ptr_array_index(signatures->services, middle);
		int order = strcmp(service->shown.id, id);

		*found |= order == 0;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct service *service_of(const struct st_signatures *signatures, const char *id)
{
	bool found;
	size_t place = place_of(signatures, id, &found);

	return found ? g_ptr_array_index(signatures->services, place) : NULL;
}

static void set_name(struct st_signatures *signatures, struct service *service, const char *name)
{
	service->shown.name = keep(signatures, name);
	g_free(service->folded_name);
	service->folded_name = g_utf8_casefold(name, -1);
}

static struct service *new_service(struct st_signatures *signatures, const char *id,
				   const char *name)
{
	struct service *service = g_new0(struct service, 1);

	service->shown.id = keep(signatures, id);
	set_name(signatures, service, name ? name : id);
	return service;
}

/* The one that it takes the place of is kept, without its rules: somebody may point to it. */
static void place_service(struct st_signatures *signatures, struct service *service)
{
	struct service *old;
	bool found;
	size_t place = place_of(signatures, service->shown.id, &found);

	signatures->generation++;
	if (!found) {
		g_ptr_array_insert(signatures->services, (int)place, service);
		return;
	}
	old = g_ptr_array_index(signatures->services, place);
	for (struct rule *rule = old->last_rule; rule; rule = rule->next)
		remove_rule(signatures, rule);
	free_rules(old);
	g_ptr_array_add(signatures->replaced, old);
	g_ptr_array_index(signatures->services, place) = service;
}

size_t st_signatures_count(const struct st_signatures *signatures)
{
	return signatures->services->len;
}

const struct st_service *st_signatures_get(const struct st_signatures *signatures, size_t index)
{
	const struct service *service;

	if (index >= signatures->services->len)
		return NULL;
	service = g_ptr_array_index(signatures->services, index);
	return &service->shown;
}

void signatures_called(const struct st_signatures *signatures, const char *name, GPtrArray *found)
{
	char *id = g_ascii_strdown(name, -1);
	char *folded = g_utf8_validate(name, -1, NULL) ? g_utf8_casefold(name, -1) : NULL;

	for (size_t i = 0; i < signatures->services->len; i++) {
		struct service *service = g_ptr_array_index(signatures->services, i);

		if (strcmp(service->shown.id, id) == 0)
			g_ptr_array_insert(found, 0, &service->shown);
		else if (folded && strcmp(service->folded_name, folded) == 0)
			g_ptr_array_add(found, &service->shown);
	}
	g_free(folded);
	g_free(id);
}

const struct st_service *st_signatures_find(const struct st_signatures *signatures,
					    const char *name)
{
	g_autoptr(GPtrArray) found = g_ptr_array_new();

	signatures_called(signatures, name, found);
	return found->len > 0 ? found->pdata[0] : NULL;
}

/* Programs that add. */

enum st_status st_signatures_add_service(struct st_signatures *signatures, const char *id,
					 const char *name)
{
	struct service *service;

	if (!rule_is_service_id(id) || (name && !g_utf8_validate(name, -1, NULL)))
		return ST_INVALID_ARGUMENT;
	service = service_of(signatures, id);
	if (!service) {
		place_service(signatures, new_service(signatures, id, name));
	} else if (name) {
		set_name(signatures, service, name);
		signatures->generation++;
	}
	return ST_OK;
}

enum st_status st_signatures_add_rule(struct st_signatures *signatures, const char *id,
				      enum st_rule_kind kind, const char *text)
{
	struct service *service = service_of(signatures, id);
	struct rule *rule;
	char *why = NULL;

	if (!service)
		return ST_INVALID_ARGUMENT;
	rule = rule_new(kind, text, 0, &why);
	g_free(why);
	if (!rule)
		return ST_INVALID_ARGUMENT;
	give_rule(signatures, service, rule);
	signatures->generation++;
	return ST_OK;
}

/* Files. */

static void add_problem(struct st_signatures *signatures, const char *path, unsigned line,
			const char *text)
{
	struct st_signature_problem *problem = g_new(struct st_signature_problem, 1);

	problem->path = keep(signatures, path);
	problem->line = line;
	problem->text = keep(signatures, text);
	g_ptr_array_add(signatures->problems, problem);
}

size_t st_signatures_problem_count(const struct st_signatures *signatures)
{
	return signatures->problems->len;
}

const struct st_signature_problem *st_signatures_problem(const struct st_signatures *signatures,
							 size_t index)
{
	if (index >= signatures->problems->len)
		return NULL;
	return g_ptr_array_index(signatures->problems, index);
}

static const char *const *keep_list(struct st_signatures *signatures, char **list)
{
	const char **kept;
	size_t count;

	if (!list)
		return NULL;
	count = g_strv_length(list);
	kept = g_new(const char *, count + 1);
	for (size_t i = 0; i <= count; i++)
		kept[i] = keep(signatures, list[i]);
	return kept;
}

/* Takes the file's rules over. */
static void take_file(struct st_signatures *signatures, const char *id, const char *path,
		      struct signature_file *file)
{
	struct service *service = new_service(signatures, id, file->name);

	service->shown.category = keep(signatures, file->category);
	service->shown.source = keep(signatures, file->source);
	service->shown.checked = keep(signatures, file->checked);
	service->shown.path = keep(signatures, path);
	service->shown.overlaps = keep_list(signatures, file->overlaps);
	place_service(signatures, service);
	g_ptr_array_set_free_func(file->rules, NULL);
	for (size_t i = 0; i < file->rules->len; i++)
		give_rule(signatures, service, g_ptr_array_index(file->rules, i));
}

/* The id that a file's name gives; NULL: none, which is told. */
static char *id_of_path(struct st_signatures *signatures, const char *path)
{
	char *name = g_path_get_basename(path);

	if (g_str_has_suffix(name, SUFFIX))
		name[strlen(name) - strlen(SUFFIX)] = '\0';
	else
		name[0] = '\0';
	if (rule_is_service_id(name))
		return name;
	add_problem(signatures, path, 0,
		    "the file's name must be the service's id (lower-case letters, digits, '-') "
		    "and " SUFFIX);
	g_free(name);
	return NULL;
}

void signatures_load_text(struct st_signatures *signatures, const char *path, const char *text,
			  size_t bytes)
{
	struct signature_file *file;
	char *id = id_of_path(signatures, path);

	if (!id)
		return;
	file = signature_file_read(text, bytes);
	for (size_t i = 0; i < file->problems->len; i++) {
		const struct signature_problem *problem = g_ptr_array_index(file->problems, i);

		add_problem(signatures, path, problem->line, problem->text);
	}
	if (file->has_service)
		take_file(signatures, id, path, file);
	signature_file_free(file);
	g_free(id);
}

/* False: it cannot be read, which is told. */
static bool load_file(struct st_signatures *signatures, const char *path)
{
	GError *error = NULL;
	size_t bytes;
	char *text;

	/* Others may never end, or keep the program waiting. */
	if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
		add_problem(signatures, path, 0, "this is no regular file");
		return false;
	}
	if (!g_file_get_contents(path, &text, &bytes, &error)) {
		add_problem(signatures, path, 0, error->message);
		g_error_free(error);
		return false;
	}
	signatures_load_text(signatures, path, text, bytes);
	g_free(text);
	return true;
}

static int by_text(gconstpointer a, gconstpointer b)
{
	const char *const *first = a, *const *second = b;

	return strcmp(*first, *second);
}

/* Files that begin with a dot are hidden: editors' and file systems' own. */
static GPtrArray *files_of(GDir *dir)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		if (name[0] != '.' && g_str_has_suffix(name, SUFFIX))
			g_ptr_array_add(names, g_strdup(name));
	}
	g_ptr_array_sort(names, by_text);
	return names;
}

static bool load_folder(struct st_signatures *signatures, const char *path)
{
	GError *error = NULL;
	GDir *dir = g_dir_open(path, 0, &error);
	GPtrArray *names;

	if (!dir) {
		add_problem(signatures, path, 0, error->message);
		g_error_free(error);
		return false;
	}
	names = files_of(dir);
	g_dir_close(dir);
	if (names->len == 0)
		add_problem(signatures, path, 0, "there is no *" SUFFIX " in this folder");
	for (size_t i = 0; i < names->len; i++) {
		char *file = g_build_filename(path, g_ptr_array_index(names, i), NULL);

		load_file(signatures, file);
		g_free(file);
	}
	g_ptr_array_unref(names);
	return true;
}

enum st_status st_signatures_load(struct st_signatures *signatures, const char *path)
{
	size_t before = signatures->problems->len;
	bool is_folder = g_file_test(path, G_FILE_TEST_IS_DIR);

	if (!(is_folder ? load_folder(signatures, path) : load_file(signatures, path)))
		return ST_INVALID_ARGUMENT;
	return signatures->problems->len > before ? ST_MALFORMED : ST_OK;
}
