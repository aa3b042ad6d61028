/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE /* dladdr */
#include "signatures.h"

#include <dlfcn.h>
#include <wsutil/report_message.h>

#include "signature_folders.h"

/* A row of the table. */
struct row {
	char *service;
	unsigned kind; /* enum st_rule_kind */
	char *value;
};

static const value_string kinds[] = {
	{ST_RULE_DOMAIN, "domain"},
	{ST_RULE_FULL_DOMAIN, "full-domain"},
	{ST_RULE_REGEX, "regex"},
	{ST_RULE_PREFIX, "prefix"},
	{0, NULL},
};

static struct row *rows;
static unsigned row_count;
static struct st_signatures *database;
static bool has_changed;

UAT_CSTRING_CB_DEF(row, service, struct row)
UAT_VS_DEF(row, kind, struct row, unsigned, ST_RULE_DOMAIN, "domain")
UAT_CSTRING_CB_DEF(row, value, struct row)

static void *copy_row(void *to, const void *from, G_GNUC_UNUSED size_t bytes)
{
	struct row *copy = to;
	const struct row *row = from;

	copy->service = g_strdup(row->service);
	copy->kind = row->kind;
	copy->value = g_strdup(row->value);
	return copy;
}

static void free_row(void *data)
{
	struct row *row = data;

	g_free(row->service);
	g_free(row->value);
}

/* "My video!" becomes "my-video-": what a service's id may be made of. */
static char *id_of(const char *name)
{
	char *id = g_ascii_strdown(name, -1);

	for (char *at = id; *at; at++) {
		if (!g_ascii_isalnum(*at))
			*at = '-';
	}
	return id;
}

/* Adds the rule to the service of this name, made if there is none. False: it is no rule. */
static bool add_rule(struct st_signatures *signatures, const struct row *row)
{
	const struct st_service *service = st_signatures_find(signatures, row->service);
	g_autofree char *id = service ? g_strdup(service->id) : id_of(row->service);

	if (!service && st_signatures_add_service(signatures, id, row->service) != ST_OK)
		return false;
	return st_signatures_add_rule(signatures, id, (enum st_rule_kind)row->kind, row->value) ==
	       ST_OK;
}

static compat_uat_bool check_row(void *data, char **error)
{
	const struct row *row = data;
	struct st_signatures *scratch = st_signatures_new();
	bool is_good = row->service && *row->service && row->value && add_rule(scratch, row);

	st_signatures_free(scratch);
	if (!row->service || !*row->service)
		*error = g_strdup("A signature needs the name of its service");
	else if (!is_good)
		*error = g_strdup_printf(
			"\"%s\" is no %s of the service %s", row->value ? row->value : "",
			st_rule_kind_text((enum st_rule_kind)row->kind), row->service);
	return is_good;
}

uat_t *signatures_table(void)
{
	static uat_field_t columns[] = {
		UAT_FLD_CSTRING(row, service, "Service", "Name of the service"),
		UAT_FLD_VS(row, kind, "Kind", kinds,
			   "domain: this name and all below; full-domain: this name; regex; "
			   "prefix: addresses"),
		UAT_FLD_CSTRING(row, value, "Value", "example.com, or 192.0.2.0/24 ..."),
		UAT_END_FIELDS,
	};
	static uat_t *table;

	if (!table)
		table = uat_new("Signatures", sizeof(struct row), "st_signatures", true, &rows,
				&row_count, UAT_AFFECTS_DISSECTION, NULL, copy_row, check_row,
				free_row, signatures_changed, NULL, columns);
	return table;
}

void signatures_changed(void)
{
	has_changed = true;
}

/* From the plugin's folder: a build's, a user's and a machine's installation. */
static struct st_signatures *read_folders(const char *path)
{
	static const char *const places[] = {
		"../../../share/servicetrace/signatures",
		"../../../../../share/servicetrace/signatures",
		"../../../../../../share/servicetrace/signatures",
		NULL,
	};
	g_autoptr(GPtrArray) more = g_ptr_array_new();
	Dl_info plugin = {0};

	if (path && *path)
		g_ptr_array_add(more, (void *)path);
	dladdr(&rows, &plugin);
	return signature_folders_read(plugin.dli_fname, places, more);
}

static void tell_problem(const struct st_signatures *signatures)
{
	const struct st_signature_problem *first;
	g_autofree char *place = NULL;

	if (!st_signatures_problem_count(signatures))
		return;
	first = st_signatures_problem(signatures, 0);
	place = signature_place(first->path, first->line);
	report_warning("Service Traceroute: %s: %s (st-signatures lint tells all)", place,
		       first->text);
}

struct st_signatures *signatures_read(const char *path)
{
	if (database && !has_changed)
		return database;
	has_changed = false;
	st_signatures_free(database);
	database = read_folders(path);
	tell_problem(database);
	for (unsigned i = 0; i < row_count; i++)
		add_rule(database, &rows[i]);
	return database;
}

void signatures_forget(void)
{
	g_clear_pointer(&database, st_signatures_free);
}
