/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command lines of both programs: what is taken, what is refused and with which words. */
#include <glib.h>
#include <string.h>

#include "failure.h"
#include "options.h"

/* Parses a command line given as one string, shell quoting included. */
static bool parse(struct options *options, enum tool tool, const char *line, GError **error)
{
	g_auto(GStrv) argv = NULL;
	g_autofree char *whole = g_strconcat("program ", line, NULL);

	g_assert_true(g_shell_parse_argv(whole, NULL, &argv, NULL));
	return options_parse(options, tool, argv, error);
}

static void take(struct options *options, enum tool tool, const char *line)
{
	GError *error = NULL;

	parse(options, tool, line, &error);
	g_assert_no_error(error);
}

static void refuse(enum tool tool, const char *line, const char *words)
{
	struct options options;
	GError *error = NULL;

	g_assert_false(parse(&options, tool, line, &error));
	g_assert_error(error, FAILURE_ERROR, FAILURE_USAGE);
	if (strcmp(error->message, words) != 0)
		g_error("%s: \"%s\" instead of \"%s\"", line, error->message, words);
	g_error_free(error);
	options_clear(&options);
}

static void test_defaults(void)
{
	struct options options;
	struct st_config config;

	st_config_init(&config);
	take(&options, TOOL_INJECT, "--all");
	g_assert_true(options.config.active);
	g_assert_true(options.config.selection.all);
	g_assert_cmpuint(options.config.probes_per_hop, ==, 3);
	g_assert_cmpuint(options.config.max_ttl, ==, 32);
	g_assert_cmpuint(options.config.wait_ns, ==, 2 * ST_NS_PER_S);
	g_assert_cmpuint(options.config.max_missing, ==, ST_MAX_MISSING_DEFAULT);
	g_assert_cmpint(options.format, ==, ST_REPORT_TEXT);
	g_assert_null(options.filter);
	g_assert_null(options.interface);
	options_clear(&options);
}

static void test_values(void)
{
	struct options options;

	take(&options, TOOL_INJECT,
	     "-i eth0 --all -a hop-by-hop -q 10 -f 2 -m 255 --inter-probe-time 500us "
	     "--inter-iteration-time 0 --wait 1.5s --max-missing 0 --tcp-probe exact "
	     "--max-flows 7 --rate 8 --count 9 --duration 10min --idle 1h -o json -w out -v "
	     "--quiet -n --udp-probe self-destruct --flow-timeout 90s --retrace 5min");
	g_assert_cmpint(options.config.udp_probe, ==, ST_UDP_PROBE_SELF_DESTRUCT);
	g_assert_cmpuint(options.config.flow_timeout_ns, ==, 90 * ST_NS_PER_S);
	g_assert_cmpuint(options.config.retrace_ns, ==, 300 * ST_NS_PER_S);
	g_assert_cmpstr(options.interface, ==, "eth0");
	g_assert_cmpint(options.config.algorithm, ==, ST_ALGORITHM_HOP_BY_HOP);
	g_assert_cmpuint(options.config.probes_per_hop, ==, 10);
	g_assert_cmpuint(options.config.first_ttl, ==, 2);
	g_assert_cmpuint(options.config.max_ttl, ==, 255);
	g_assert_cmpuint(options.config.inter_probe_ns, ==, 500 * ST_NS_PER_US);
	g_assert_cmpuint(options.config.inter_iteration_ns, ==, 0);
	g_assert_cmpuint(options.config.wait_ns, ==, 1500 * ST_NS_PER_MS);
	g_assert_cmpuint(options.config.max_missing, ==, 0);
	g_assert_cmpint(options.config.tcp_probe, ==, ST_TCP_PROBE_EXACT);
	g_assert_cmpuint(options.config.max_flows, ==, 7);
	g_assert_cmpuint(options.config.rate_pps, ==, 8);
	g_assert_cmpuint(options.config.max_traces, ==, 9);
	g_assert_cmpuint(options.duration_ns, ==, 600 * ST_NS_PER_S);
	g_assert_cmpuint(options.idle_ns, ==, 3600 * ST_NS_PER_S);
	g_assert_cmpint(options.format, ==, ST_REPORT_JSON);
	g_assert_cmpstr(options.write_path, ==, "out");
	g_assert_true(options.verbose && options.quiet && options.numeric);
	options_clear(&options);
}

static void test_selection(void)
{
	struct options options;
	const struct st_selection *selection = &options.config.selection;

	take(&options, TOOL_INJECT,
	     "-H 10.0.0.0/8 -H 2001:db8::1 -F 'tcp 10.0.0.1:1 10.0.0.2:2' -p443 -4 "
	     "--protocol udp -F 'udp [fd00::1]:5 [fd00::2]:6' --border 10.1.0.1 --border fd00::/8");
	g_assert_false(selection->all);
	g_assert_cmpuint(selection->host_count, ==, 2);
	g_assert_cmpuint(selection->hosts[0].bits, ==, 8);
	g_assert_cmpuint(selection->hosts[1].addr.version, ==, 6);
	g_assert_cmpuint(selection->flow_count, ==, 2);
	g_assert_cmpuint(selection->flows[0].destination_port, ==, 2);
	g_assert_cmpuint(selection->flows[1].protocol, ==, ST_PROTOCOL_UDP);
	g_assert_cmpuint(selection->protocol, ==, ST_PROTOCOL_UDP);
	g_assert_cmpuint(selection->port, ==, 443);
	g_assert_cmpuint(selection->ip_version, ==, 4);
	g_assert_cmpuint(options.config.border_count, ==, 2);
	options_clear(&options);
}

static void test_words(void)
{
	struct options options;

	take(&options, TOOL_INJECT, "--all tcp port 80 -v and not host 10.0.0.1");
	g_assert_cmpstr(options.filter, ==, "tcp port 80 and not host 10.0.0.1");
	g_assert_true(options.verbose);
	options_clear(&options);
	take(&options, TOOL_INJECT, "--all -- -1 = -1");
	g_assert_cmpstr(options.filter, ==, "-1 = -1");
	options_clear(&options);
	take(&options, TOOL_REPLAY, "a.pcap - -o json 'b c.pcap'");
	g_assert_cmpuint(options.words->len, ==, 3);
	g_assert_cmpstr(g_ptr_array_index(options.words, 1), ==, "-");
	g_assert_cmpstr(g_ptr_array_index(options.words, 2), ==, "b c.pcap");
	g_assert_true(options.config.selection.all);
	g_assert_false(options.config.active);
	options_clear(&options);
}

/* A short option's value may be attached to it, and flags may share a dash. */
static void test_attached_values(void)
{
	struct options options;

	take(&options, TOOL_INJECT, "--all -vq1 -m5 -w- --probes=2 -i -q7");
	g_assert_true(options.verbose);
	g_assert_cmpuint(options.config.probes_per_hop, ==, 2);
	g_assert_cmpuint(options.config.max_ttl, ==, 5);
	g_assert_cmpstr(options.write_path, ==, "-");
	g_assert_cmpstr(options.interface, ==, "-q7");
	options_clear(&options);
}

static void test_selection_of_nothing(void)
{
	const char *why = "no flow can match: -4, -6, -p and --protocol exclude all that -H and -F "
			  "select";
	struct options options;

	refuse(TOOL_INJECT, "-4 -H fd00::1", why);
	refuse(TOOL_INJECT, "-6 -F 'tcp 10.0.0.1:1 10.0.0.2:2'", why);
	refuse(TOOL_INJECT, "--protocol tcp -F 'udp 10.0.0.1:1 10.0.0.2:2'", why);
	refuse(TOOL_INJECT, "-p 3 -F 'udp 10.0.0.1:1 10.0.0.2:2'", why);
	take(&options, TOOL_INJECT, "-4 -H fd00::1 -H 10.0.0.1");
	options_clear(&options);
	take(&options, TOOL_INJECT, "-p 2 --protocol udp -F 'udp 10.0.0.1:1 10.0.0.2:2'");
	options_clear(&options);
	take(&options, TOOL_REPLAY, "-4 -H fd00::1 file"); /* finds nothing, at once */
	options_clear(&options);
}

static void test_numbers_refused(void)
{
	refuse(TOOL_INJECT, "--all --probes 0", "--probes: \"0\" is not within 1 to 10");
	refuse(TOOL_INJECT, "--all -q 11", "-q: \"11\" is not within 1 to 10");
	refuse(TOOL_INJECT, "--all -q ''", "-q: \"\" is not within 1 to 10");
	refuse(TOOL_INJECT, "--all -q -1", "-q: \"-1\" is not within 1 to 10");
	refuse(TOOL_INJECT, "--all -q 3x", "-q: \"3x\" is not within 1 to 10");
	refuse(TOOL_INJECT, "--all -q ' 3'", "-q: \" 3\" is not within 1 to 10");
	refuse(TOOL_INJECT, "--all -p 65536", "-p: \"65536\" is not within 1 to 65535");
	refuse(TOOL_INJECT, "--all -m 256", "-m: \"256\" is not within 1 to 255");
	refuse(TOOL_INJECT, "--all -f 0", "-f: \"0\" is not within 1 to 255");
	refuse(TOOL_INJECT, "--all -f 6 -m 5", "--first-ttl: \"6\" is beyond --max-ttl 5");
	refuse(TOOL_INJECT, "--all --max-missing 256",
	       "--max-missing: \"256\" is not within 0 to 255");
	refuse(TOOL_INJECT, "--all --max-flows 0", "--max-flows: \"0\" is not within 1 to 65536");
	refuse(TOOL_INJECT, "--all --rate 18446744073709551617",
	       "--rate: \"18446744073709551617\" is not within 1 to 1000000");
	refuse(TOOL_INJECT, "--all --count 0", "--count: \"0\" is not within 1 to 4294967295");
}

static void test_times_refused(void)
{
	refuse(TOOL_INJECT, "--all --wait 0", "--wait: \"0\" is not within 1ms to 1min");
	refuse(TOOL_INJECT, "--all --wait 61s", "--wait: \"61s\" is not within 1ms to 1min");
	refuse(TOOL_INJECT, "--all --wait 2",
	       "--wait: \"2\" is no time with a unit (20ms, 2s, 10min)");
	refuse(TOOL_INJECT, "--all --wait 2.s",
	       "--wait: \"2.s\" is no time with a unit (20ms, 2s, 10min)");
	refuse(TOOL_INJECT, "--all --wait 2m",
	       "--wait: \"2m\" is no time with a unit (20ms, 2s, 10min)");
	refuse(TOOL_INJECT, "--all --idle 99999999999999h",
	       "--idle: \"99999999999999h\" is no time with a unit (20ms, 2s, 10min)");
	refuse(TOOL_INJECT, "--all --inter-probe-time 61s",
	       "--inter-probe-time: \"61s\" is not within 0 to 1min");
	refuse(TOOL_INJECT, "--all --duration 0", "--duration: \"0\" is not within 1ms to 8760h");
}

static void test_words_refused(void)
{
	refuse(TOOL_INJECT, "",
	       "no flows are selected: give -s SERVICE, -H HOST, -F FLOW or --all (see --help)");
	refuse(TOOL_INJECT, "-p 80 -4",
	       "no flows are selected: give -s SERVICE, -H HOST, -F FLOW or --all (see --help)");
	refuse(TOOL_INJECT, "-H 'www.example org'",
	       "-H: \"www.example org\" is no address, prefix or host name");
	refuse(TOOL_INJECT, "-H 10.0.0.256",
	       "-H: \"10.0.0.256\" is no address, prefix or host name");
	refuse(TOOL_INJECT, "-s nobody",
	       "-s: \"nobody\" is no service that is known (st-signatures list)");
	refuse(TOOL_INJECT, "-F 'tcp 10.0.0.1 10.0.0.2'",
	       "-F: \"tcp 10.0.0.1 10.0.0.2\" is not like \"tcp SRC:PORT DST:PORT\" (or udp)");
	refuse(TOOL_INJECT, "--all -a paris",
	       "-a: \"paris\" is not one of concurrent, hop-by-hop, packet-by-packet");
	refuse(TOOL_INJECT, "--all --tcp-probe dsack",
	       "--tcp-probe: \"dsack\" is not one of stale, exact");
	refuse(TOOL_INJECT, "--all -o xml",
	       "-o: \"xml\" is not one of text, json, scamper, atlas, service-traceroute, csv, "
	       "dot, html");
	refuse(TOOL_INJECT, "--all -i any",
	       "-i: \"any\" cannot send probes; name one interface (-D lists them)");
	refuse(TOOL_INJECT, "--all -w ''", "-w: \"\" is no file");
}

/* Options of features that are not there, of the other program, or that exclude each other. */
static void test_combinations_refused(void)
{
	refuse(TOOL_INJECT, "--all --shield", "unknown option --shield (see --help)");
	refuse(TOOL_INJECT, "--all --shard 1/2", "unknown option --shard (see --help)");
	refuse(TOOL_INJECT, "--quiet=no", "--quiet takes no value");
	refuse(TOOL_INJECT, "--all --expect x", "unknown option --expect (see --help)");
	refuse(TOOL_REPLAY, "-q 3 x.pcap", "unknown option -q (see --help)");
	refuse(TOOL_INJECT, "--all -q", "missing argument for -q (see --help)");
	refuse(TOOL_INJECT, "--all -4 -6", "-4 and -6 exclude each other");
	refuse(TOOL_INJECT, "--all -w - -o text", "-w - and -o both want standard output");
	refuse(TOOL_REPLAY, "", "no FILE is given (see --help)");
	refuse(TOOL_REPLAY, "x --expect y -o json",
	       "--expect prints differences instead of a report of -o");
	refuse(TOOL_REPLAY, "x --expect y -w -", "-w - and --expect both want standard output");
}

/* Whoever asks for help needs no selection. */
static void test_help(void)
{
	struct options options;
	g_autofree char *inject = options_help(TOOL_INJECT);
	g_autofree char *replay = options_help(TOOL_REPLAY);

	take(&options, TOOL_INJECT, "--help");
	g_assert_true(options.help);
	options_clear(&options);
	take(&options, TOOL_INJECT, "-D");
	g_assert_true(options.list_interfaces);
	options_clear(&options);
	g_assert_true(g_str_has_prefix(inject, "Usage:\n  st-inject [OPTION"));
	g_assert_nonnull(strstr(inject, "--rate=PPS"));
	g_assert_null(strstr(inject, "--expect"));
	g_assert_nonnull(strstr(replay, "--expect=REPORT"));
	g_assert_null(strstr(replay, "--rate"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/options/defaults", test_defaults);
	g_test_add_func("/options/values", test_values);
	g_test_add_func("/options/selection", test_selection);
	g_test_add_func("/options/words", test_words);
	g_test_add_func("/options/attached-values", test_attached_values);
	g_test_add_func("/options/selection-of-nothing", test_selection_of_nothing);
	g_test_add_func("/options/numbers-refused", test_numbers_refused);
	g_test_add_func("/options/times-refused", test_times_refused);
	g_test_add_func("/options/words-refused", test_words_refused);
	g_test_add_func("/options/combinations-refused", test_combinations_refused);
	g_test_add_func("/options/help", test_help);
	return g_test_run();
}
