/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a command line to a checked struct options: GOption does the parsing,
 * option_table.c knows each option, and here is what they mean together.
 */
#include "options.h"

#include <string.h>

#include "database.h"
#include "failure.h"
#include "option_table.h"

const char *tool_name(enum tool tool)
{
	switch (tool) {
	case TOOL_INJECT:
		return "st-inject";
	case TOOL_REPLAY:
		return "st-replay";
	}
	g_assert_not_reached();
}

static gboolean add_word(G_GNUC_UNUSED const char *name, const char *value, void *data,
			 G_GNUC_UNUSED GError **error)
{
	g_ptr_array_add(((struct options *)data)->words, g_strdup(value));
	return TRUE;
}

/* GOption keeps values in the locale's bytes with FILENAME: nothing is refused for its charset. */
static GOptionEntry option_entry(const struct option_spec *spec, struct options *options)
{
	GOptionEntry entry = {.long_name = spec->name,
			      .short_name = spec->letter,
			      .description = spec->help,
			      .arg_description = spec->argument};

	if (spec->argument == NULL) {
		entry.arg = G_OPTION_ARG_NONE;
		entry.arg_data = (char *)options + spec->flag;
	} else {
		entry.arg = G_OPTION_ARG_CALLBACK;
		entry.flags = G_OPTION_FLAG_FILENAME;
		entry.arg_data = (gpointer)spec->set;
	}
	return entry;
}

static GOptionGroup *option_group(struct options *options)
{
	GOptionGroup *group = g_option_group_new("main", "", "", options, NULL);
	bool replay = options->tool == TOOL_REPLAY;
	GOptionEntry rest = {.long_name = G_OPTION_REMAINING,
			     .flags = G_OPTION_FLAG_FILENAME,
			     .arg = G_OPTION_ARG_CALLBACK,
			     .arg_data = (gpointer)add_word,
			     .arg_description = replay ? "FILE..." : "[FILTER]"};
	GOptionEntry entries[] = {{.long_name = NULL}, {.long_name = NULL}};

	for (size_t i = 0; i < option_count; i++) {
		if ((option_table[i].tools & options->tool) == 0)
			continue;
		entries[0] = option_entry(&option_table[i], options);
		g_option_group_add_entries(group, entries);
	}
	entries[0] = rest;
	g_option_group_add_entries(group, entries);
	return group;
}

static const char inject_summary[] =
	"Traces the path of live TCP and UDP flows, with probes that travel inside the flows.";
static const char inject_details[] =
	"Flows are wanted that match any of -s, -H, -F and --all; -p, --protocol, -4, -6 and\n"
	"FILTER (an expression of pcap-filter(7)) narrow them down. Names are taken from\n"
	"DNS answers and from ClientHellos of TLS and QUIC. The algorithm is\n"
	"concurrent by default; the others stop after 3 silent hops in a row unless\n"
	"--max-missing says otherwise. UDP over IPv4 is probed hop by hop and not near the\n"
	"destination, unless it is QUIC or --udp-probe is given. Times take a unit: 500us,\n"
	"20ms, 2s, 10min, 1h.\n"
	"\n"
	"Reports go to standard output as traces end, a summary to standard error. -w\n"
	"writes the headers of the wanted flows, the probes and the replies, and whole what\n"
	"taught a name; with -w - no reports are printed. At SIGINT and SIGTERM open traces\n"
	"are reported too.\n"
	"Exit status: 0 done, 1 failed while running, 2 bad usage.\n";
static const char replay_summary[] =
	"Reports the paths that captures hold: probes inside flows, traceroutes, and the replies.";
static const char replay_details[] =
	"Each FILE (-: standard input) is a capture of its own, with reports of its own;\n"
	"without a selection every flow is looked at. Times take a unit: 20ms, 2s.\n"
	"-w writes what matters of all FILEs into one capture, csv, dot and html make one\n"
	"document of them.\n"
	"\n"
	"With --expect the differences to a saved report (-o json) go to standard output\n"
	"instead of a report; times of day and router names are not compared.\n"
	"Exit status: 0 done, 1 failed while running or a FILE is cut off, 2 bad usage,\n"
	"3 there are differences.\n";

static GOptionContext *option_context(struct options *options)
{
	GOptionContext *context = g_option_context_new(NULL);
	bool replay = options->tool == TOOL_REPLAY;

	/* Its own --help comes with -h, -? and --help-all, and cannot tell a full disk. */
	g_option_context_set_help_enabled(context, FALSE);
	g_option_context_set_summary(context, replay ? replay_summary : inject_summary);
	g_option_context_set_description(context, replay ? replay_details : inject_details);
	g_option_context_set_main_group(context, option_group(options));
	return context;
}

static const struct option_spec *find_letter(const struct options *options, char letter)
{
	for (size_t i = 0; i < option_count; i++) {
		if (option_table[i].letter == letter &&
		    (option_table[i].tools & options->tool) != 0)
			return &option_table[i];
	}
	return NULL;
}

/*
 * "-q1" becomes "-q" and "1", "-vq1" becomes "-v", "-q" and "1": people type it,
 * GOption takes a short option's value from the next argument only. True if the
 * last option of the word still needs its value.
 */
static bool split_word(const struct options *options, const char *word, GPtrArray *split)
{
	for (const char *at = word + 1; *at != '\0'; at++) {
		const struct option_spec *spec = find_letter(options, *at);

		g_ptr_array_add(split, g_strdup_printf("-%c", *at));
		if (spec == NULL || spec->argument == NULL)
			continue;
		if (at[1] == '\0')
			return true;
		g_ptr_array_add(split, g_strdup(at + 1));
		return false;
	}
	return false;
}

static const struct option_spec *find_long(const struct options *options, const char *name)
{
	size_t length = strcspn(name, "=");

	for (size_t i = 0; i < option_count; i++) {
		const struct option_spec *spec = &option_table[i];

		if ((spec->tools & options->tool) != 0 && strlen(spec->name) == length &&
		    strncmp(spec->name, name, length) == 0)
			return spec;
	}
	return NULL;
}

/* True if the next word is the long option's value. GOption would take "--quiet=no" for "--quiet".
 */
static bool long_wants_value(const struct options *options, const char *word, GError **error)
{
	const struct option_spec *spec = find_long(options, word + 2);
	bool has_value = strchr(word, '=') != NULL;

	if (spec != NULL && spec->argument == NULL && has_value)
		g_set_error(error, FAILURE_ERROR, FAILURE_USAGE, "--%s takes no value", spec->name);
	return spec != NULL && spec->argument != NULL && !has_value;
}

/* The words with short options taken apart; NULL: `error` says what is wrong. */
static char **split_arguments(const struct options *options, char **argv, GError **error)
{
	GPtrArray *split = g_ptr_array_new_with_free_func(g_free);
	bool value_next = true; /* the program's name is passed over like a value */
	bool options_over = false;
	GError *wrong = NULL;

	for (; *argv != NULL && wrong == NULL; argv++) {
		bool is_value = value_next || options_over;
		const char *word = *argv;

		value_next = false;
		if (!is_value && strcmp(word, "--") == 0)
			options_over = true;
		if (!is_value && word[0] == '-' && word[1] != '-' && word[1] != '\0') {
			value_next = split_word(options, word, split);
			continue;
		}
		if (!is_value && word[0] == '-' && word[1] == '-')
			value_next = long_wants_value(options, word, &wrong);
		g_ptr_array_add(split, g_strdup(word));
	}
	if (wrong != NULL) {
		g_propagate_error(error, wrong);
		g_ptr_array_unref(split);
		return NULL;
	}
	g_ptr_array_add(split, NULL);
	return (char **)g_ptr_array_free(split, FALSE);
}

/* Gives errors of GOption itself (unknown option, missing value) our domain and an exit status. */
static bool parse_words(struct options *options, char **argv, GError **error)
{
	g_autoptr(GOptionContext) context = option_context(options);
	g_auto(GStrv) split = split_arguments(options, argv, error);
	GError *raw = NULL;

	if (split == NULL)
		return false;
	if (g_option_context_parse_strv(context, &split, &raw))
		return true;
	if (raw->domain == FAILURE_ERROR) {
		g_propagate_error(error, raw);
	} else {
		g_set_error(error, FAILURE_ERROR, FAILURE_USAGE, "%c%s (see --help)",
			    g_ascii_tolower(raw->message[0]), raw->message + 1);
		g_error_free(raw);
	}
	return false;
}

static bool usage(GError **error, const char *text)
{
	g_set_error_literal(error, FAILURE_ERROR, FAILURE_USAGE, text);
	return false;
}

static bool flow_fits(const struct st_selection *selection, const struct st_tuple *flow)
{
	if (selection->ip_version != 0 && flow->source.version != selection->ip_version)
		return false;
	if (selection->protocol != 0 && flow->protocol != selection->protocol)
		return false;
	return selection->port == 0 || flow->source_port == selection->port ||
	       flow->destination_port == selection->port;
}

/* False if the narrowing options leave nothing: live, that would be waited for without end. */
static bool can_match(const struct st_selection *selection)
{
	if (selection->all || selection->name_count > 0 || selection->service_count > 0)
		return true;
	for (size_t i = 0; i < selection->host_count; i++) {
		if (selection->ip_version == 0 ||
		    selection->hosts[i].addr.version == selection->ip_version)
			return true;
	}
	for (size_t i = 0; i < selection->flow_count; i++) {
		if (flow_fits(selection, &selection->flows[i]))
			return true;
	}
	return false;
}

static bool check_selection(struct options *options, GError **error)
{
	struct st_selection *selection = &options->config.selection;

	if (options->ipv4 && options->ipv6)
		return usage(error, "-4 and -6 exclude each other");
	selection->all = options->all;
	selection->hosts = (const struct st_prefix *)(const void *)options->hosts->data;
	selection->host_count = options->hosts->len;
	selection->names = (const char *const *)options->names->pdata;
	selection->name_count = options->names->len;
	selection->services = (const char *const *)options->services->pdata;
	selection->service_count = options->services->len;
	selection->flows = (const struct st_tuple *)(const void *)options->flows->data;
	selection->flow_count = options->flows->len;
	selection->ip_version = options->ipv4 ? 4 : options->ipv6 ? 6 : 0;
	options->config.borders = (const struct st_prefix *)(const void *)options->borders->data;
	options->config.border_count = options->borders->len;
	if (selection->host_count > 0 || selection->flow_count > 0)
		return options->tool == TOOL_REPLAY || can_match(selection) ||
		       usage(error, "no flow can match: -4, -6, -p and --protocol exclude all "
				    "that -H and -F select");
	if (selection->all || selection->name_count > 0 || selection->service_count > 0)
		return true;
	if (options->tool == TOOL_INJECT)
		return usage(error, "no flows are selected: give -s SERVICE, -H HOST, -F FLOW or "
				    "--all (see --help)");
	selection->all = true;
	return true;
}

/* The other formats describe traces alone. */
static bool has_flows(enum st_report_format format)
{
	return format == ST_REPORT_TEXT || format == ST_REPORT_JSON;
}

static bool check_outputs(const struct options *options, GError **error)
{
	bool capture_out = options->write_path != NULL && strcmp(options->write_path, "-") == 0;

	if (capture_out && options->format_given)
		return usage(error, "-w - and -o both want standard output");
	if (options->expect_path != NULL && options->format_given)
		return usage(error, "--expect prints differences instead of a report of -o");
	if (options->flows_too && !has_flows(options->format))
		return usage(error, "--flows is for -o text and -o json: other formats have no "
				    "place for flows as such");
	if (capture_out && options->expect_path != NULL)
		return usage(error, "-w - and --expect both want standard output");
	return true;
}

static bool check_words(struct options *options, GError **error)
{
	if (options->tool == TOOL_REPLAY) {
		if (options->words->len == 0)
			return usage(error, "no FILE is given (see --help)");
		return true;
	}
	if (options->words->len > 0) {
		g_ptr_array_add(options->words, NULL);
		options->filter = g_strjoinv(" ", (char **)options->words->pdata);
		g_ptr_array_set_size(options->words, (int)options->words->len - 1);
	}
	return true;
}

static bool load_databases(struct options *options, GError **error)
{
	if (options->asn_paths->len > 0)
		options->asn = asn_open(options->asn_paths, error);
	return options->asn_paths->len == 0 || options->asn != NULL;
}

static bool load_signatures(struct options *options, GError **error)
{
	options->signatures = database_open(options->signature_paths, error);
	if (options->signatures == NULL)
		return false;
	options->config.signatures = options->signatures;
	for (guint i = 0; i < options->services->len; i++) {
		const char *service = g_ptr_array_index(options->services, i);

		if (st_signatures_find(options->signatures, service) != NULL)
			continue;
		g_set_error(error, FAILURE_ERROR, FAILURE_USAGE,
			    "-s: \"%s\" is no service that is known (st-signatures list)", service);
		return false;
	}
	return true;
}

/* Whatever the options' own ranges leave open is the library's to judge. */
static bool check_config(struct options *options, GError **error)
{
	struct st_config *config = &options->config;

	if (config->first_ttl > config->max_ttl) {
		g_set_error(error, FAILURE_ERROR, FAILURE_USAGE,
			    "--first-ttl: \"%u\" is beyond --max-ttl %u", config->first_ttl,
			    config->max_ttl);
		return false;
	}
	config->active = options->tool == TOOL_INJECT;
	config->max_traces = options->count;
	config->report_flows = options->flows_too;
	const char *why = st_config_check(config);
	return why == NULL || usage(error, why);
}

bool options_parse(struct options *options, enum tool tool, char **argv, GError **error)
{
	*options = (struct options){.tool = tool};
	st_config_init(&options->config);
	options->hosts = g_array_new(FALSE, FALSE, sizeof(struct st_prefix));
	options->borders = g_array_new(FALSE, FALSE, sizeof(struct st_prefix));
	options->flows = g_array_new(FALSE, FALSE, sizeof(struct st_tuple));
	options->words = g_ptr_array_new_with_free_func(g_free);
	options->names = g_ptr_array_new_with_free_func(g_free);
	options->services = g_ptr_array_new_with_free_func(g_free);
	options->signature_paths = g_ptr_array_new_with_free_func(g_free);
	options->asn_paths = g_ptr_array_new_with_free_func(g_free);
	if (!parse_words(options, argv, error))
		return false;
	if (options->help || options->version || options->list_interfaces)
		return true;
	return check_selection(options, error) && check_outputs(options, error) &&
	       check_words(options, error) && load_signatures(options, error) &&
	       load_databases(options, error) && check_config(options, error);
}

void options_clear(struct options *options)
{
	g_array_unref(options->hosts);
	g_array_unref(options->borders);
	g_array_unref(options->flows);
	g_ptr_array_unref(options->words);
	g_ptr_array_unref(options->names);
	g_ptr_array_unref(options->services);
	g_ptr_array_unref(options->signature_paths);
	g_ptr_array_unref(options->asn_paths);
	asn_close(options->asn);
	st_signatures_free(options->signatures);
	g_free(options->filter);
	g_free(options->interface);
	g_free(options->write_path);
	g_free(options->expect_path);
	*options = (struct options){0};
}

char *options_help(enum tool tool)
{
	struct options options = {.tool = tool};
	g_autoptr(GOptionContext) context = option_context(&options);
	g_autofree char *raw = g_option_context_get_help(context, TRUE, NULL);
	/* The usage line names the program, however it was called. */
	const char *rest = strstr(raw, "[OPTION");

	return g_strdup_printf("Usage:\n  %s %s", tool_name(tool), rest == NULL ? raw : rest);
}
