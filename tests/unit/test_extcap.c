/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Wireshark's command lines, as its versions 4.0 and 4.4 were seen to write
 * them, and what becomes of them; the dialog, as its grammar asks for it.
 */
#include <glib.h>
#include <string.h>

#include "extcap_request.h"
#include "failure.h"
#include "options.h"

#define CAPTURE "--capture --extcap-interface st-eth0 --fifo /tmp/f "
#define COMMAND "st-inject --interface=eth0 --write=- --quiet "

struct line {
	struct extcap_request request;
	char **argv;
};

static bool read_line(struct line *line, const char *text, GError **error)
{
	g_autofree char *whole = g_strconcat("program ", text, NULL);

	g_assert_true(g_shell_parse_argv(whole, NULL, &line->argv, NULL));
	return extcap_request_read(&line->request, line->argv, error);
}

static void take(struct line *line, const char *text)
{
	GError *error = NULL;

	read_line(line, text, &error);
	g_assert_no_error(error);
}

static void clear(struct line *line)
{
	extcap_request_clear(&line->request);
	g_strfreev(line->argv);
}

static void asks_for(const char *text, enum extcap_action action)
{
	struct line line;

	take(&line, text);
	g_assert_cmpint(line.request.action, ==, action);
	clear(&line);
}

/* The capture's own words are put before `text`, st-inject's before `command`; | parts words. */
static void becomes(const char *text, const char *command)
{
	g_autofree char *whole = g_strconcat(CAPTURE, text, NULL);
	g_autofree char *wanted = g_strdelimit(g_strdup(COMMAND), " ", '|');
	GError *error = NULL;
	struct line line;

	take(&line, whole);
	char **words = extcap_request_command(&line.request, &error);
	g_assert_no_error(error);
	g_autofree char *joined = g_strjoinv("|", words);
	g_autofree char *expected = g_strconcat(wanted, command, NULL);
	g_assert_cmpstr(joined, ==, expected);
	g_strfreev(words);
	clear(&line);
}

static void fails(const char *text, const char *message)
{
	GError *error = NULL;
	struct line line;

	if (read_line(&line, text, &error))
		g_assert_null(extcap_request_command(&line.request, &error));
	g_assert_error(error, FAILURE_ERROR, FAILURE_USAGE);
	g_assert_cmpstr(error->message, ==, message);
	g_error_free(error);
	clear(&line);
}

static void test_meant(void)
{
	char *const wireshark[] = {"st-inject", "--capture", "--extcap-interface", "st-eth0", NULL};
	char *const person[] = {"st-inject", "--all", "--count", "1", NULL};
	char *const nothing[] = {NULL};

	g_assert_true(extcap_is_meant(wireshark));
	g_assert_false(extcap_is_meant(person));
	g_assert_false(extcap_is_meant(nothing));
}

static void test_questions(void)
{
	asks_for("--extcap-interfaces --extcap-version=4.0", EXTCAP_LIST_INTERFACES);
	asks_for("--extcap-interfaces --extcap-version=4.6", EXTCAP_LIST_INTERFACES);
	asks_for("--extcap-dlts --extcap-interface st-eth0", EXTCAP_LIST_LINK_TYPES);
	asks_for("--extcap-config --extcap-interface st-eth0", EXTCAP_SHOW_DIALOG);
	asks_for("--extcap-interface st-eth0 --extcap-capture-filter 'tcp port 80'",
		 EXTCAP_CHECK_FILTER);
	asks_for("--extcap-capture-filter '' --extcap-interface st-eth0", EXTCAP_CHECK_FILTER);
	asks_for(CAPTURE "--extcap-capture-filter tcp", EXTCAP_CAPTURE);
	asks_for("--extcap-capture-filter tcp " CAPTURE, EXTCAP_CAPTURE);
}

/* What later versions may ask is passed over, with what may be its value. */
static void test_unknown_questions(void)
{
	asks_for("--extcap-interface st-eth0 --extcap-cleanup-postkill", EXTCAP_NOTHING);
	asks_for("--extcap-new value --extcap-interfaces", EXTCAP_LIST_INTERFACES);
	asks_for("--extcap-new=value --extcap-interfaces", EXTCAP_LIST_INTERFACES);
	becomes("--extcap-control-in /tmp/a --extcap-control-out /tmp/b --all", "--all");
}

static void test_names(void)
{
	struct line line;

	take(&line, "--extcap-config --extcap-interface st-st-0 --extcap-reload-option service "
		    "--signatures 'a b'");
	g_assert_cmpstr(line.request.interface, ==, "st-0");
	g_assert_cmpstr(line.request.reload, ==, "service");
	g_autoptr(GPtrArray) paths = extcap_request_values(&line.request, "signatures");
	g_assert_cmpuint(paths->len, ==, 1);
	g_assert_cmpstr(g_ptr_array_index(paths, 0), ==, "a b");
	clear(&line);
	fails("--capture --extcap-interface eth0",
	      "\"eth0\" is no interface of --extcap-interfaces");
	fails("--capture --extcap-interface st-", "\"st-\" is no interface of --extcap-interfaces");
	fails("--capture --fifo x --all", "--extcap-interface is missing");
}

static void test_selections(void)
{
	becomes("--all", "--all");
	becomes("--service youtube", "--service=youtube");
	becomes("--service youtube,netflix", "--service=youtube|--service=netflix");
	becomes("--more-services 'My Service, other,,'", "--service=My Service|--service=other");
	becomes("--service 'a' --more-services b", "--service=a|--service=b");
	becomes("--host ' 192.0.2.1, *.example.com  2001:db8::/32 '",
		"--host=192.0.2.1|--host=*.example.com|--host=2001:db8::/32");
	becomes("--flow 'tcp 10.0.0.2:1 192.0.2.7:443, udp [::1]:5 [::2]:6'",
		"--flow=tcp 10.0.0.2:1 192.0.2.7:443|--flow=udp [::1]:5 [::2]:6");
	becomes("--host=-x --all", "--host=-x|--all");
}

static void test_choices(void)
{
	becomes("--all --protocol any --ip-version any --udp-probe any --algorithm hop-by-hop",
		"--all|--algorithm=hop-by-hop");
	becomes("--all --protocol udp --ip-version ipv6 --udp-probe checksum",
		"--all|--protocol=udp|--ipv6|--udp-probe=checksum");
	fails(CAPTURE "--all --ip-version help", "--ip-version: \"help\" is none of its choices");
}

/* Wireshark 4.0's own line, with the defaults of the dialog. */
static void test_whole_line(void)
{
	becomes("--extcap-capture-filter 'tcp port 80' --service a,b --all --probes 3 --port 80 "
		"--host 'c d' --wait 2s --signatures '/a b/c.service'",
		"--service=a|--service=b|--all|--probes=3|--port=80|--host=c|--host=d|--wait=2s|"
		"--signatures=/a b/c.service|--|tcp port 80");
	becomes("--all --extcap-capture-filter ''", "--all");
}

static void test_nothing_selected(void)
{
	static const char text[] =
		"nothing is selected: choose services, hosts, a flow or every flow in the options "
		"of this interface (the gear beside it)";

	fails(CAPTURE, text);
	fails(CAPTURE "--port 80 --protocol tcp --probes 5", text);
	fails(CAPTURE "--host ' , ' --service '' --flow ','", text);
}

static void test_wrong_words(void)
{
	fails(CAPTURE "--all --max-missing 3",
	      "unknown option --max-missing for a capture from Wireshark");
	fails(CAPTURE "--all extra", "unknown option extra for a capture from Wireshark");
	fails(CAPTURE "--all --", "unknown option -- for a capture from Wireshark");
	fails(CAPTURE "--all --host", "missing value for --host");
	fails("--all --fifo", "missing value for --fifo");
}

/* Wireshark waits for the pipe to be opened, also where something before it is wrong. */
static void test_pipe_of_a_wrong_line(void)
{
	struct line line;

	g_assert_false(read_line(&line, "--nonsense --host x --capture --fifo /tmp/f", NULL));
	g_assert_cmpint(line.request.action, ==, EXTCAP_CAPTURE);
	g_assert_cmpstr(line.request.fifo, ==, "/tmp/f");
	clear(&line);
}

/* The member called `name` of a line of the grammar; NULL: it has none. */
static char *member(const char *line, const char *name)
{
	g_autofree char *begin = g_strconcat("{", name, "=", NULL);
	const char *at = strstr(line, begin);

	return at == NULL ? NULL : g_strndup(at + strlen(begin), strcspn(at + strlen(begin), "}"));
}

/* Adds what the dialog would hand over if nothing was changed, or the range's ends. */
static void answer(GString *text, const char *line)
{
	g_autofree char *call = member(line, "call");
	g_autofree char *standard = member(line, "default");
	g_autofree char *range = member(line, "range");

	if (standard != NULL)
		g_string_append_printf(text, " %s %s", call, standard);
	if (range != NULL) {
		g_auto(GStrv) ends = g_strsplit(range, ",", 2);

		g_string_append_printf(text, " %s %s %s %s", call, ends[0], call, ends[1]);
	}
}

static void accept(const char *text, struct options *options)
{
	GError *error = NULL;
	struct line line;

	take(&line, text);
	char **words = extcap_request_command(&line.request, &error);
	g_assert_no_error(error);
	options_parse(options, TOOL_INJECT, words, &error);
	g_assert_no_error(error);
	g_strfreev(words);
	clear(&line);
}

/* st-inject takes all that the dialog can hand over unless something is typed. */
static void test_dialog_is_accepted(void)
{
	g_autofree char *dialog = extcap_dialog(NULL);
	g_auto(GStrv) lines = g_strsplit(dialog, "\n", -1);
	g_autoptr(GString) text = g_string_new(CAPTURE "--all");
	g_autofree char *call = NULL;
	struct options options;

	for (char **line = lines; **line != '\0'; line++) {
		g_autofree char *value = member(*line, "value");

		if (g_str_has_prefix(*line, "arg ")) {
			answer(text, *line);
			g_free(call);
			call = member(*line, "call");
			continue;
		}
		/* Kinds and versions exclude each other; each is tried with the rest. */
		g_autofree char *chosen = g_strdup_printf(CAPTURE "--all %s %s", call, value);
		accept(chosen, &options);
		options_clear(&options);
	}
	accept(text->str, &options);
	options_clear(&options);
}

/* What the dialog shows as default is what st-inject does without it. */
static void test_defaults(void)
{
	g_autofree char *dialog = extcap_dialog(NULL);
	g_auto(GStrv) lines = g_strsplit(dialog, "\n", -1);
	g_autoptr(GString) text = g_string_new(CAPTURE "--all");
	struct options given, without;

	for (char **line = lines; **line != '\0'; line++) {
		g_autofree char *call = member(*line, "call");
		g_autofree char *standard = member(*line, "default");

		if (call != NULL && standard != NULL)
			g_string_append_printf(text, " %s %s", call, standard);
	}
	g_assert_cmpuint(text->len, >, strlen(CAPTURE "--all"));
	accept(text->str, &given);
	accept(CAPTURE "--all", &without);
	g_assert_cmpuint(given.config.probes_per_hop, ==, without.config.probes_per_hop);
	g_assert_cmpuint(given.config.first_ttl, ==, without.config.first_ttl);
	g_assert_cmpuint(given.config.max_ttl, ==, without.config.max_ttl);
	g_assert_cmpuint(given.config.wait_ns, ==, without.config.wait_ns);
	g_assert_cmpuint(given.config.inter_probe_ns, ==, without.config.inter_probe_ns);
	g_assert_cmpuint(given.config.inter_iteration_ns, ==, without.config.inter_iteration_ns);
	g_assert_cmpuint(given.config.retrace_ns, ==, without.config.retrace_ns);
	g_assert_cmpuint(given.config.rate_pps, ==, without.config.rate_pps);
	options_clear(&given);
	options_clear(&without);
}

/* A choice shows its first or default word; both are what is left out or the standard. */
static void test_default_choices(void)
{
	g_autofree char *dialog = extcap_dialog(NULL);

	g_assert_nonnull(strstr(dialog, "{value=concurrent}{display=All hops at once}"
					"{default=true}\n"));
	g_assert_nonnull(strstr(dialog, "{value=any}{display=TCP and UDP}{default=true}\n"));
	g_assert_nonnull(strstr(dialog, "{value=any}{display=IPv4 and IPv6}{default=true}\n"));
	g_assert_null(strstr(dialog, "{default=false}"));
}

/* Validated texts: those that st-inject takes must pass Wireshark's check, too. */
static void test_validations(void)
{
	static const struct {
		const char *field;
		const char *text;
		bool good;
	} cases[] = {
		{"wait", "0", true},
		{"wait", "1.5s", true},
		{"wait", "500us", true},
		{"wait", "2", false},
		{"wait", "2 s", false},
		{"host", "*.example.com, 192.0.2.0/24 2001:db8::1", true},
		{"host", "", true},
		{"host", "a;b", false},
		{"flow", "tcp 10.0.0.2:40312 192.0.2.7:443", true},
		{"flow", "tcp 10.0.0.2:1 192.0.2.7:2, udp [2001:db8::1]:3 [::2]:4", true},
		{"flow", "", true},
		{"port", "443", true},
		{"port", "", true},
		{"port", "http", false},
		{"flow", "icmp 10.0.0.2:1 192.0.2.7:2", false},
		{"border", "192.0.2.1, 2001:db8::/32", true},
		{"border", "router", false},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		const char *pattern = extcap_field_find(cases[i].field)->validation;

		g_assert_null(strpbrk(pattern, "{}\\"));
		if (g_regex_match_simple(pattern, cases[i].text, 0, 0) != cases[i].good)
			g_error("%s: \"%s\"", cases[i].field, cases[i].text);
	}
}

/* The value lines of services, in the dialog's order. */
static void test_services(void)
{
	struct st_signatures *services = st_signatures_new();
	const struct extcap_field *field = extcap_field_find("service");

	st_signatures_add_service(services, "b", "beta {x}");
	st_signatures_add_service(services, "a", "Gamma");
	st_signatures_add_service(services, "c", "Alpha");
	g_autofree char *text = extcap_dialog_choices(field, services);
	g_assert_cmpstr(
		text, ==,
		"value {arg=0}{value=category:other}{display=other}{enabled=false}\n"
		"value {arg=0}{value=c}{display=Alpha}{parent=category:other}{enabled=true}\n"
		"value {arg=0}{value=b}{display=beta (x)}{parent=category:other}{enabled=true}\n"
		"value {arg=0}{value=a}{display=Gamma}{parent=category:other}{enabled=true}\n");
	g_autofree char *none = extcap_dialog_choices(extcap_field_find("host"), services);
	g_assert_cmpstr(none, ==, "");
	/* The list is in the dialog only if there is something in it. */
	g_autofree char *full = extcap_dialog(services);
	g_autofree char *empty = extcap_dialog(NULL);
	g_assert_nonnull(strstr(full, "{call=--service}"));
	g_assert_null(strstr(empty, "{call=--service}"));
	g_assert_nonnull(strstr(empty, "{call=--more-services}"));
	st_signatures_free(services);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/extcap/meant", test_meant);
	g_test_add_func("/extcap/questions", test_questions);
	g_test_add_func("/extcap/unknown-questions", test_unknown_questions);
	g_test_add_func("/extcap/names", test_names);
	g_test_add_func("/extcap/selections", test_selections);
	g_test_add_func("/extcap/choices", test_choices);
	g_test_add_func("/extcap/whole-line", test_whole_line);
	g_test_add_func("/extcap/nothing-selected", test_nothing_selected);
	g_test_add_func("/extcap/wrong-words", test_wrong_words);
	g_test_add_func("/extcap/pipe-of-a-wrong-line", test_pipe_of_a_wrong_line);
	g_test_add_func("/extcap/dialog-is-accepted", test_dialog_is_accepted);
	g_test_add_func("/extcap/defaults", test_defaults);
	g_test_add_func("/extcap/default-choices", test_default_choices);
	g_test_add_func("/extcap/validations", test_validations);
	g_test_add_func("/extcap/services", test_services);
	return g_test_run();
}
