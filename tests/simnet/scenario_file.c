/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads scenario files: GKeyFiles in which every key must be known and every
 * value in its range. Keys are scenario_keys.c's, values scenario_values.c's.
 */
#include "scenario_keys.h"

#include <string.h>

static const struct key *find_key(const struct key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (g_str_equal(keys->name, name))
			return keys;
	return NULL;
}

static bool fail(GError **error, const char *where, const char *what)
{
	g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "%s: %s", where, what);
	return false;
}

/* What is wrong with the value, to be freed; NULL if it is right and was stored. */
static char *store_value(const char *text, const struct key *key, void *base)
{
	if (!key)
		return g_strdup("unknown key");
	if (key_read(key, text, base))
		return NULL;
	if (key->kind == NUMBER)
		return g_strdup_printf("not a number from %u to %u", key->min, key->max);
	return g_strdup_printf("not %s", key_kind_text(key->kind));
}

static bool read_key(GKeyFile *file, const char *group, const char *name, const struct key *keys,
		     void *base, GError **error)
{
	char *text = g_strstrip(g_key_file_get_value(file, group, name, NULL));
	char *what = store_value(text, find_key(keys, name), base);
	bool good = !what;

	if (!good) {
		char *where = g_strdup_printf("[%s] %s = %s", group, name, text);

		fail(error, where, what);
		g_free(where);
	}
	g_free(what);
	g_free(text);
	return good;
}

static bool read_group(GKeyFile *file, const char *group, const struct key *keys, void *base,
		       GError **error)
{
	char **names = g_key_file_get_keys(file, group, NULL, NULL);
	bool good = true;

	for (char **name = names; good && *name; name++)
		good = read_key(file, group, *name, keys, base, error);
	g_strfreev(names);
	return good;
}

/* "[hop 3]" must follow "[hop 2]", so that a forgotten hop does not go unnoticed. */
static bool read_hop(GKeyFile *file, const char *group, struct scenario *s, GError **error)
{
	char *expected = g_strdup_printf("hop %zu", s->hop_count + 1);
	bool right = g_str_equal(group, expected);
	struct sim_hop *hop = right ? scenario_add_hop(s) : NULL;

	g_free(expected);
	if (!right)
		return fail(error, group, "hops must be numbered 1, 2, 3 … in their order");
	if (!hop)
		return fail(error, group, "too many hops");
	return read_group(file, group, hop_keys, hop, error);
}

/* A value that other keys of its group depend on. */
static bool read_first(GKeyFile *file, const char *group, const char *name, const struct key *keys,
		       void *base, GError **error)
{
	if (!g_key_file_has_key(file, group, name, NULL))
		return fail(error, group, "needs at and hop");
	return read_key(file, group, name, keys, base, error);
}

/* "[change 2]" must follow "[change 1]"; what it does not name stays as it was. */
static bool read_change(GKeyFile *file, const char *group, struct scenario *s, GError **error)
{
	char *expected = g_strdup_printf("change %zu", s->change_count + 1);
	bool right = g_str_equal(group, expected);
	struct sim_change change = {0};
	struct sim_hop *after;

	g_free(expected);
	if (!right)
		return fail(error, group, "changes must be numbered 1, 2, 3 … in their order");
	if (!read_first(file, group, "at", change_keys, &change, error) ||
	    !read_first(file, group, "hop", change_keys, &change, error))
		return false;
	after = scenario_add_change(s, change.at_ns, change.hop);
	if (!after)
		return fail(error, group, "too many changes, or no such hop before it");
	g_key_file_remove_key(file, group, "at", NULL);
	g_key_file_remove_key(file, group, "hop", NULL);
	return read_group(file, group, hop_keys, after, error);
}

static bool read_flow(GKeyFile *file, const char *group, struct scenario *s, GError **error)
{
	struct sim_flow *flow = scenario_add_flow(s, group + strlen("flow "));

	if (!flow)
		return fail(error, group, "too many kinds of flows");
	return read_group(file, group, flow_keys, flow, error);
}

static bool read_any_group(GKeyFile *file, const char *group, struct scenario *s, GError **error)
{
	const struct {
		const char *name;
		const struct key *keys;
		void *base;
	} groups[] = {{"scenario", scenario_keys, s},	    {"host", host_keys, s},
		      {"destination", destination_keys, s}, {"capture", capture_keys, s},
		      {"tracer", tracer_keys, &s->tracer},  {"expect", expect_keys, &s->expect}};

	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
		if (g_str_equal(group, groups[i].name))
			return read_group(file, group, groups[i].keys, groups[i].base, error);
	if (g_str_has_prefix(group, "hop "))
		return read_hop(file, group, s, error);
	if (g_str_has_prefix(group, "change "))
		return read_change(file, group, s, error);
	if (g_str_has_prefix(group, "flow "))
		return read_flow(file, group, s, error);
	return fail(error, group, "unknown group");
}

static bool read_groups(GKeyFile *file, struct scenario *scenario, GError **error)
{
	char **groups = g_key_file_get_groups(file, NULL);
	bool good = true;

	for (char **group = groups; good && *group; group++)
		good = read_any_group(file, *group, scenario, error);
	g_strfreev(groups);
	return good;
}

void scenario_each_key(void (*visit)(const char *group, const char *key, void *data), void *data)
{
	const struct {
		const char *name;
		const struct key *keys;
	} groups[] = {{"scenario", scenario_keys},
		      {"host", host_keys},
		      {"destination", destination_keys},
		      {"capture", capture_keys},
		      {"hop N", hop_keys},
		      {"change N", change_keys},
		      {"flow NAME", flow_keys},
		      {"tracer", tracer_keys},
		      {"expect", expect_keys}};

	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
		for (const struct key *key = groups[i].keys; key->name; key++)
			visit(groups[i].name, key->name, data);
}

typedef const char *check_function(const struct scenario *scenario);

static bool passes(const struct scenario *scenario, check_function *check, GError **error)
{
	const char *why = check(scenario);

	return !why || fail(error, "the whole", why);
}

static struct scenario *parse(const char *name, const char *text, check_function *check,
			      GError **error)
{
	GKeyFile *file = g_key_file_new();
	struct scenario *scenario = scenario_new(name);
	bool good = g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, error) &&
		    read_groups(file, scenario, error) && passes(scenario, check, error);

	g_key_file_free(file);
	if (good)
		return scenario;
	g_prefix_error(error, "%s: ", name);
	scenario_free(scenario);
	return NULL;
}

struct scenario *scenario_parse(const char *name, const char *text, GError **error)
{
	return parse(name, text, scenario_check, error);
}

static struct scenario *load(const char *path, check_function *check, GError **error)
{
	struct scenario *scenario;
	char *text;

	if (!g_file_get_contents(path, &text, NULL, error))
		return NULL;
	scenario = parse(path, text, check, error);
	g_free(text);
	return scenario;
}

struct scenario *scenario_load(const char *path, GError **error)
{
	return load(path, scenario_check, error);
}

struct scenario *scenario_load_path(const char *path, GError **error)
{
	return load(path, scenario_check_path, error);
}
