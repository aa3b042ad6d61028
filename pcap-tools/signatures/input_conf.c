/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From JSON to rules. Whatever is in the file and finds no place in a signature
 * leaves a note.
 */
#include "input_conf.h"

#include <jansson.h>
#include <string.h>

#include "broad.h"
#include "failure.h"

/* What names are made of; an entry with anything else can be part of none. */
#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-_."
#define MEMBER_NAME "Name"
#define MEMBER_TYPE "ServiceType"

/* A service that is being read. */
struct reading {
	struct input_conf *conf;
	const psl_ctx_t *suffixes;
	const char *id;
};

/* Takes one entry of a list. */
typedef void (*take_entry)(const struct reading *reading, const char *text);

static void note(struct input_conf *conf, const char *id, const char *format, ...)
	G_GNUC_PRINTF(3, 4);

static void note(struct input_conf *conf, const char *id, const char *format, ...)
{
	struct conf_note *made = g_new0(struct conf_note, 1);
	va_list arguments;

	va_start(arguments, format);
	made->text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	made->id = g_strdup(id);
	/* A comment of a file is one line. */
	for (char *at = made->text; *at != '\0'; at++) {
		if (g_ascii_iscntrl(*at))
			*at = '?';
	}
	g_ptr_array_add(conf->notes, made);
}

static void free_note(gpointer data)
{
	struct conf_note *old = data;

	g_free(old->id);
	g_free(old->text);
	g_free(old);
}

static bool add_rule(const struct reading *reading, enum st_rule_kind kind, const char *text)
{
	return st_signatures_add_rule(reading->conf->signatures, reading->id, kind, text) == ST_OK;
}

/* A name with a top-level domain that exists, or at least could be meant as such. */
static bool looks_like_domain(const struct reading *reading, const char *text)
{
	const char *dot = strrchr(text, '.');

	return dot != NULL && psl_is_public_suffix2(reading->suffixes, dot + 1,
						    PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE) != 0;
}

static void take_part_of_name(const struct reading *reading, const char *text)
{
	g_autofree char *literal = g_regex_escape_string(text, -1);
	g_autofree char *expression = g_strdup_printf(".*%s.*", literal);

	if (*text == '\0' || text[strspn(text, NAME_CHARACTERS)] != '\0' ||
	    !add_rule(reading, ST_RULE_REGEX, expression))
		note(reading->conf, reading->id,
		     "DomainsString \"%s\" can be in no name: it is left out", text);
	else
		note(reading->conf, reading->id,
		     "DomainsString \"%s\" is no domain: it is looked for anywhere in a name",
		     text);
}

static void take_string(const struct reading *reading, const char *text)
{
	g_autofree char *lower = g_ascii_strdown(text, -1);
	const char *domain = lower;

	if (g_str_has_prefix(domain, "*."))
		domain += 2;
	else if (*domain == '.')
		domain++;
	if (!looks_like_domain(reading, domain)) {
		take_part_of_name(reading, lower);
	} else if (!is_public_suffix(domain, reading->suffixes)) {
		if (!add_rule(reading, ST_RULE_DOMAIN, domain))
			take_part_of_name(reading, lower);
	} else if (add_rule(reading, ST_RULE_FULL_DOMAIN, domain)) {
		note(reading->conf, reading->id,
		     "DomainsString \"%s\" is a public suffix: it stands for that name alone",
		     text);
	}
}

/* The first Service Traceroute finds an expression anywhere in a name, too. */
static void take_regex(const struct reading *reading, const char *text)
{
	g_autofree char *anywhere = g_strdup_printf(".*(?:%s).*", text);
	g_autoptr(GError) error = NULL;
	g_autoptr(GRegex) regex = g_regex_new(text, 0, 0, &error);

	if (regex == NULL)
		note(reading->conf, reading->id, "DomainsRegex \"%s\" is left out: %s", text,
		     error->message);
	else if (!add_rule(reading, ST_RULE_REGEX, anywhere))
		note(reading->conf, reading->id,
		     "DomainsRegex \"%s\" is left out: it is no expression for names", text);
}

static void take_prefix(const struct reading *reading, const char *text)
{
	char network[ST_ADDR_TEXT_BYTES];
	struct st_prefix prefix;
	struct st_addr addr;

	if (st_prefix_parse(text, &prefix) != ST_OK) {
		note(reading->conf, reading->id,
		     "Prefixes: \"%s\" is no address or prefix: it is left out", text);
		return;
	}
	g_autofree char *written = g_strndup(text, strcspn(text, "/"));
	g_autofree char *whole =
		g_strdup_printf("%s/%u", st_addr_format(&prefix.addr, network), prefix.bits);
	add_rule(reading, ST_RULE_PREFIX, whole);
	if (st_addr_parse(written, &addr) == ST_OK && !st_addr_equal(&addr, &prefix.addr))
		note(reading->conf, reading->id, "Prefixes: \"%s\" is written as %s", text, whole);
}

static const struct list {
	const char *member;
	take_entry take;
} lists[] = {
	{"DomainsString", take_string},
	{"DomainsRegex", take_regex},
	{"Prefixes", take_prefix},
};

static const struct list *find_list(const char *member)
{
	for (size_t i = 0; i < G_N_ELEMENTS(lists); i++) {
		if (strcmp(member, lists[i].member) == 0)
			return &lists[i];
	}
	return NULL;
}

static void read_list(const struct reading *reading, const struct list *list, const json_t *array)
{
	const json_t *entry;
	size_t index;

	if (!json_is_array(array) && !json_is_null(array))
		note(reading->conf, reading->id, "%s is no list: it is left out", list->member);
	json_array_foreach(array, index, entry)
	{
		if (json_is_string(entry))
			list->take(reading, json_string_value(entry));
		else
			note(reading->conf, reading->id, "%s: entry %zu is no text: it is left out",
			     list->member, index + 1);
	}
}

/* "Sling TV" gives "sling-tv", a second one "sling-tv-2". */
static char *make_id(const struct st_signatures *signatures, const char *name)
{
	g_autoptr(GString) base = g_string_new(NULL);
	char *id;

	for (const char *at = name; *at != '\0'; at++) {
		if (g_ascii_isalnum(*at))
			g_string_append_c(base, g_ascii_tolower(*at));
		else if (base->len > 0 && base->str[base->len - 1] != '-')
			g_string_append_c(base, '-');
	}
	if (base->len > 0 && base->str[base->len - 1] == '-')
		g_string_truncate(base, base->len - 1);
	if (base->len == 0)
		g_string_append(base, "service");
	id = g_strdup(base->str);
	for (unsigned number = 2; st_signatures_find(signatures, id) != NULL; number++) {
		g_free(id);
		id = g_strdup_printf("%s-%u", base->str, number);
	}
	return id;
}

static void read_members(const struct reading *reading, json_t *service)
{
	const char *member;
	json_t *value;

	json_object_foreach(service, member, value)
	{
		const struct list *list = find_list(member);

		if (list != NULL)
			read_list(reading, list, value);
		else if (strcmp(member, MEMBER_NAME) != 0 && strcmp(member, MEMBER_TYPE) != 0)
			note(reading->conf, reading->id, "%s is not known: it is left out", member);
	}
}

static void read_service(struct input_conf *conf, const psl_ctx_t *suffixes, json_t *service,
			 size_t number)
{
	const char *name = json_string_value(json_object_get(service, MEMBER_NAME));

	if (name == NULL || *name == '\0') {
		note(conf, NULL, "service %zu has no Name: it is left out", number);
		return;
	}
	char *id = make_id(conf->signatures, name);
	const struct reading reading = {conf, suffixes, id};

	g_ptr_array_add(conf->ids, id);
	st_signatures_add_service(conf->signatures, id, name);
	read_members(&reading, service);
}

static json_t *read_json(const char *path, GError **error)
{
	g_autofree char *text = NULL;
	json_error_t wrong;
	GError *unread = NULL;
	gsize bytes;

	if (!g_file_get_contents(path, &text, &bytes, &unread)) {
		g_set_error_literal(error, FAILURE_ERROR, FAILURE_RUNNING, unread->message);
		g_error_free(unread);
		return NULL;
	}
	json_t *root = json_loadb(text, bytes, 0, &wrong);
	if (root == NULL)
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "%s:%d: %s", path, wrong.line,
			    wrong.text);
	return root;
}

struct input_conf *input_conf_read(const char *path, const psl_ctx_t *suffixes, GError **error)
{
	json_t *root = read_json(path, error);
	json_t *services = json_object_get(root, "Services");
	struct input_conf *conf;
	json_t *service;
	size_t index;

	if (root == NULL)
		return NULL;
	if (!json_is_array(services)) {
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING,
			    "%s: no input.conf: it has no list \"Services\"", path);
		json_decref(root);
		return NULL;
	}
	conf = g_new0(struct input_conf, 1);
	conf->signatures = st_signatures_new();
	conf->ids = g_ptr_array_new_with_free_func(g_free);
	conf->notes = g_ptr_array_new_with_free_func(free_note);
	json_array_foreach(services, index, service)
		read_service(conf, suffixes, service, index + 1);
	json_decref(root);
	return conf;
}

void input_conf_free(struct input_conf *conf)
{
	if (conf == NULL)
		return;
	st_signatures_free(conf->signatures);
	g_ptr_array_unref(conf->ids);
	g_ptr_array_unref(conf->notes);
	g_free(conf);
}
