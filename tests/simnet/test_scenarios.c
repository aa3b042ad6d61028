/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every scenario file, and scenarios made up from seeds: the tracer's report
 * must be the truth, whatever the path.
 *
 * SIMNET_SEED=N runs that random scenario alone; SIMNET_RUNS=N as many of them.
 */
#include "tests.h"

#include "random_scenario.h"

#define RANDOM_RUNS 500
#define RANDOM_TIME_MAX_US (60 * G_USEC_PER_SEC) /* slow machines and sanitizers stop here */

static void test_file(gconstpointer path)
{
	GError *error = NULL;
	struct scenario *scenario = scenario_load(path, &error);
	struct simnet *n;

	g_assert_no_error(error);
	n = run_and_check(scenario);
	simnet_free(n);
	scenario_free(scenario);
}

static uint32_t number_from(const char *variable, uint32_t otherwise)
{
	const char *text = g_getenv(variable);

	return text ? (uint32_t)g_ascii_strtoull(text, NULL, 10) : otherwise;
}

/* With SIMNET_KEEP the scenario stays too, to be looked at and cut down. */
static void keep_text(const struct scenario *scenario, uint32_t seed)
{
	char *file = g_strdup_printf("random-%u.scenario", seed);
	char *path = g_build_filename(g_getenv("SIMNET_KEEP"), file, NULL);
	char *text = scenario_text(scenario);

	g_assert_true(g_file_set_contents(path, text, -1, NULL));
	g_free(text);
	g_free(path);
	g_free(file);
}

/* What is written of it reads the same. */
static void check_text(const struct scenario *scenario)
{
	char *text = scenario_text(scenario), *again;
	struct scenario *read = scenario_of(text);

	again = scenario_text(read);
	g_assert_cmpstr(text, ==, again);
	g_free(again);
	scenario_free(read);
	g_free(text);
}

static void run_random(uint32_t seed)
{
	struct scenario *scenario = random_scenario(seed);
	struct simnet *n;

	g_assert_cmpstr(scenario_check(scenario), ==, NULL);
	check_text(scenario);
	if (g_getenv("SIMNET_KEEP"))
		keep_text(scenario, seed);
	n = run_and_check(scenario);
	simnet_free(n);
	scenario_free(scenario);
}

static void test_random(void)
{
	uint32_t first = number_from("SIMNET_SEED", 1);
	uint32_t runs = number_from("SIMNET_RUNS", g_getenv("SIMNET_SEED") ? 1 : RANDOM_RUNS);
	gint64 end = g_get_monotonic_time() + RANDOM_TIME_MAX_US;
	uint32_t seed = first;

	for (; seed < first + runs && !g_test_failed() && g_get_monotonic_time() < end; seed++)
		run_random(seed);
	g_test_message("%u random scenarios from seed %u on", seed - first, first);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return g_strcmp0(*(char *const *)a, *(char *const *)b);
}

void add_scenario_tests(const char *folder)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	GError *error = NULL;
	GDir *dir = g_dir_open(folder, 0, &error);
	const char *name;

	g_assert_no_error(error);
	while ((name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, ".scenario"))
			g_ptr_array_add(names, g_strdup(name));
	g_dir_close(dir);
	g_assert_cmpuint(names->len, >, 0);
	g_ptr_array_sort(names, by_name);
	for (size_t i = 0; i < names->len; i++) {
		char *test = g_strdup_printf("/scenarios/%s", (char *)names->pdata[i]);

		g_test_add_data_func_full(test, g_build_filename(folder, names->pdata[i], NULL),
					  test_file, g_free);
		g_free(test);
	}
	g_ptr_array_unref(names);
	g_test_add_func("/random", test_random);
}
