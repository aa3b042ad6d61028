/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The test program: simnet [options of GLib's test framework] SCENARIO-FOLDER.
 * Every run of a scenario goes through run_and_check, so whatever a test looks
 * at in particular, the truth, the safety rules and the replay are checked too.
 *
 * With SIMNET_KEEP=FOLDER in the environment the captures of all runs stay there.
 */
#include "tests.h"

#include "truth.h"

#include <glib/gstdio.h>
#include <servicetrace/report.h>
#include <stdlib.h>
#include <unistd.h>

void assert_no_findings(const char *what, const GPtrArray *findings)
{
	for (size_t i = 0; i < findings->len; i++)
		g_test_message("%s: %s", what, (const char *)findings->pdata[i]);
	if (findings->len > 0)
		g_test_fail_printf("%s: %u findings, the first: %s", what, findings->len,
				   (const char *)findings->pdata[0]);
}

struct scenario *scenario_of(const char *text)
{
	GError *error = NULL;
	struct scenario *scenario = scenario_parse("test", text, &error);

	g_assert_no_error(error);
	return scenario;
}

static char *capture_path(const struct scenario *scenario)
{
	const char *folder = g_getenv("SIMNET_KEEP");
	char *name = g_path_get_basename(scenario->name);
	char *file = g_strdup_printf("simnet-%d-%s.pcap", (int)getpid(), name);
	char *path = g_build_filename(folder ? folder : g_get_tmp_dir(), file, NULL);

	g_free(file);
	g_free(name);
	return path;
}

/* What st-replay --expect does with the live run's report. */
static void check_expect(const GPtrArray *live, const GPtrArray *replayed, GPtrArray *findings)
{
	GString *saved = g_string_new(NULL);
	struct st_expect *expect;
	char *why = NULL, *differences;

	for (size_t i = 0; i < live->len; i++)
		if (((struct outcome *)live->pdata[i])->trace.probes_sent > 0)
			g_string_append_printf(saved, "%s\n",
					       ((struct outcome *)live->pdata[i])->json);
	expect = st_expect_new(saved->str, saved->len, &why);
	g_assert_cmpstr(why, ==, NULL);
	for (size_t i = 0; i < replayed->len; i++)
		st_expect_add(expect, &((struct outcome *)replayed->pdata[i])->trace, "replay");
	differences = st_expect_differences(expect);
	if (*differences)
		finding(findings, "st_expect: %s", differences);
	free(differences);
	st_expect_free(expect);
	g_string_free(saved, TRUE);
}

static bool doubles(const struct scenario *s)
{
	bool doubles = s->last_link.duplicate > 0;

	for (size_t i = 0; i < s->hop_count; i++)
		doubles |= s->hops[i].link.duplicate > 0;
	return doubles;
}

static bool alters_ip_ids(const struct scenario *s)
{
	bool alters = false;

	for (size_t i = 0; i < s->hop_count; i++)
		alters |= s->hops[i].quoted_ip_id != FIELD_KEPT;
	return alters;
}

/* A live tracer knows of a probe before it is shown it, a replay does not. */
static bool hangs_on_moment(const struct scenario *s)
{
	bool alike = s->tracer.tcp_probe == ST_TCP_PROBE_EXACT;

	for (size_t i = 0; i < s->flow_count; i++)
		alike |= s->flows[i].protocol == ST_PROTOCOL_UDP;
	return alike && s->capture_delay_ns > 0 && alters_ip_ids(s);
}

static unsigned what_to_allow(const struct scenario *s)
{
	bool exact = s->tracer.tcp_probe == ST_TCP_PROBE_EXACT;

	return (exact ? ALLOW_UNANSWERED : 0u) | (s->tracer.retrace_ns > 0 ? ALLOW_MERGED : 0u) |
	       (doubles(s) ? ALLOW_LATER : 0u) | (hangs_on_moment(s) ? ALLOW_ALIKE : 0u);
}

/* The frames shown again, as they were and as a pcap file tells them: the same hops. */
static void check_replays(const struct simnet *n, GPtrArray *findings)
{
	char *path = capture_path(n->scenario);
	char *why = recording_save(n->recording, path);
	struct recording *loaded = why ? NULL : recording_load(path, &why);
	GPtrArray *replayed = simnet_replay(n->scenario, n->recording);
	unsigned allowed = what_to_allow(n->scenario);
	GPtrArray *from_file;

	g_assert_cmpstr(why, ==, NULL);
	from_file = simnet_replay(n->scenario, loaded);
	outcomes_compare(n->outcomes, replayed, allowed, findings);
	outcomes_compare(n->outcomes, from_file, allowed, findings);
	if (n->scenario->expect.stop_reason != ST_STOP_NONE)
		check_expect(n->outcomes, from_file, findings);
	g_ptr_array_unref(replayed);
	g_ptr_array_unref(from_file);
	recording_free(loaded);
	if (!g_getenv("SIMNET_KEEP"))
		g_unlink(path);
	g_free(path);
}

struct simnet *run_and_check(const struct scenario *scenario)
{
	struct simnet *n = simnet_run(scenario);
	GPtrArray *findings = g_ptr_array_new_with_free_func(g_free);

	truth_check(n, findings);
	check_replays(n, findings);
	assert_no_findings(scenario->name, n->findings);
	assert_no_findings(scenario->name, findings);
	g_ptr_array_unref(findings);
	return n;
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	if (argc != 2) {
		g_printerr("usage: %s [options] SCENARIO-FOLDER\n", argv[0]);
		return 2;
	}
	add_network_tests(argv[1]);
	add_link_tests();
	add_router_tests();
	add_rule_tests();
	add_scenario_tests(argv[1]);
	add_tracer_tests();
	add_endurance_tests();
	return g_test_run();
}
