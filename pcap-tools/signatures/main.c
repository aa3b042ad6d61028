/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * st-signatures: looks after the signature database. Here are the command line
 * and the table of subcommands; what each does is in the file of its name.
 */
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include <servicetrace/report.h>

#include "command.h"
#include "database.h"
#include "output.h"

#define ANY_NUMBER UINT_MAX
/* getopt_long's codes of options without a letter; letters are below. */
#define FIRST_CODE 256

struct command {
	const char *name;
	const char *arguments;
	unsigned words_min, words_max;
	enum failure (*run)(const struct request *request, GError **error);
	const char *help;
	const char *details;
};

static const struct command commands[] = {
	{"lint", "[PATH...]", 0, ANY_NUMBER, run_lint, "Check signatures",
	 "Checks the files and folders named, or else the whole database: form, public\n"
	 "suffixes, too broad prefixes and expressions, entries that repeat each other or\n"
	 "belong to another service too. Prints one line for each finding; with errors\n"
	 "the exit status is 1, with warnings alone it is 0.\n"},
	{"list", "", 0, 0, run_list, "List the services",
	 "Prints id, name and category of each service, separated by tabs.\n"},
	{"show", "SERVICE...", 1, ANY_NUMBER, run_show, "Show all of a service",
	 "Prints the signature of each service, by its id or its name, in the form of its\n"
	 "file.\n"},
	{"match", "NAME|ADDRESS...", 1, ANY_NUMBER, run_match,
	 "Tell the services that a name or an address belongs to",
	 "Prints the id of each service that matches and the rule that says so, separated\n"
	 "by a tab, the best match first. With several arguments each line begins with its\n"
	 "argument. The exit status is 1 if one of them belongs to no service.\n"},
	{"explain", "CAPTURE...", 1, ANY_NUMBER, run_explain,
	 "Tell the services of a capture's flows, and what has none",
	 "Reads captures (-: standard input) and counts their flows by service and by the rule\n"
	 "that made them so; then the names that belong to no service, by the domain that\n"
	 "somebody registered; then the addresses without a name. The way to find what a new\n"
	 "signature needs.\n"},
	{"import", "FILE", 1, 1, run_import, "Make signatures of an input.conf",
	 "Reads the services of the first Service Traceroute's input.conf (JSON) and writes\n"
	 "them as signatures, to standard output or to the files of FOLDER. What cannot be\n"
	 "carried over as it is, is told on standard error and in the signature.\n"},
};

static const struct program_option {
	const char *name;
	int code; /* the letter, if there is one */
	const char *argument;
	const char *command; /* that has it; NULL: all */
	const char *help;
} program_options[] = {
	{"signatures", FIRST_CODE, "PATH", NULL,
	 "Add this folder or file to the database (repeatable)"},
	{"version", FIRST_CODE + 1, NULL, NULL, "Show the version"},
	{"help", FIRST_CODE + 2, NULL, NULL, "Show this text, or a command's"},
	{"folder", 'd', "FOLDER", "import", "Write one file a service into this folder"},
	{"force", FIRST_CODE + 3, NULL, "import", "Replace files that are there"},
};

/* A command line that is being read. */
struct line {
	struct request request;
	const struct command *command; /* NULL: not read yet */
	bool help, version;
};

static bool usage(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool usage(GError **error, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	g_autofree char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	g_set_error(error, FAILURE_ERROR, FAILURE_USAGE, "%s (see --help)", text);
	return false;
}

static void add_option_help(GString *text, const struct program_option *option)
{
	g_autofree char *left =
		g_strdup_printf("--%s%s%s", option->name, option->argument == NULL ? "" : "=",
				option->argument == NULL ? "" : option->argument);

	if (option->code < FIRST_CODE)
		g_string_append_printf(text, "  -%c, %-22s  %s\n", option->code, left,
				       option->help);
	else
		g_string_append_printf(text, "      %-22s  %s\n", left, option->help);
}

static void add_options_help(GString *text, const char *command)
{
	for (size_t i = 0; i < G_N_ELEMENTS(program_options); i++) {
		if (g_strcmp0(program_options[i].command, command) == 0)
			add_option_help(text, &program_options[i]);
	}
}

static char *program_help(void)
{
	GString *text = g_string_new("Usage:\n  " PROGRAM " [OPTION...] COMMAND [ARGUMENT...]\n\n"
				     "Looks after the signatures that tell which flow belongs "
				     "to which service.\n\nCommands:\n");

	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		g_autofree char *left =
			g_strdup_printf("%s %s", commands[i].name, commands[i].arguments);

		g_string_append_printf(text, "  %-26s  %s\n", left, commands[i].help);
	}
	g_string_append(text, "\nOptions:\n");
	add_options_help(text, NULL);
	g_string_append(text, "\nOptions of import:\n");
	add_options_help(text, "import");
	g_string_append(
		text,
		"\nThe database is the installed one, then the files of\n"
		"$XDG_CONFIG_HOME/servicetrace/signatures, then what --signatures names; the\n"
		"later of two services with the same id counts.\n"
		"Exit status: 0 done, 1 failed, or the answer is no, 2 bad usage.\n");
	return g_string_free(text, FALSE);
}

static char *command_help(const struct command *command)
{
	GString *text = g_string_new(NULL);

	g_string_append_printf(text, "Usage:\n  " PROGRAM " %s [OPTION...] %s\n\n%s\nOptions:\n",
			       command->name, command->arguments, command->details);
	add_options_help(text, command->name);
	add_options_help(text, NULL);
	return g_string_free(text, FALSE);
}

/* The table as getopt_long wants it: the options that `command` has. */
static void getopt_table(const struct command *command, const char *mode, struct option *longs,
			 GString *letters)
{
	size_t count = 0;

	g_string_assign(letters, mode);
	for (size_t i = 0; i < G_N_ELEMENTS(program_options); i++) {
		const struct program_option *option = &program_options[i];

		if (option->command != NULL &&
		    (command == NULL || strcmp(option->command, command->name) != 0))
			continue;
		int argument = option->argument == NULL ? no_argument : required_argument;
		longs[count++] = (struct option){option->name, argument, NULL, option->code};
		if (option->code < FIRST_CODE)
			g_string_append_printf(letters, "%c%s", option->code,
					       option->argument == NULL ? "" : ":");
	}
	longs[count] = (struct option){NULL, 0, NULL, 0};
}

static bool take_option(struct line *line, int code, GError **error)
{
	switch (code) {
	case FIRST_CODE:
		if (*optarg == '\0')
			return usage(error, "--signatures: \"\" is no path");
		g_ptr_array_add(line->request.signatures, optarg);
		return true;
	case FIRST_CODE + 1:
		line->version = true;
		return true;
	case FIRST_CODE + 2:
		line->help = true;
		return true;
	case 'd':
		if (*optarg == '\0')
			return usage(error, "--folder: \"\" is no folder");
		line->request.folder = optarg;
		return true;
	case FIRST_CODE + 3:
		line->request.force = true;
		return true;
	default:
		g_assert_not_reached();
	}
}

/* What getopt_long could make nothing of. */
static bool bad_option(char **argv, int result, GError **error)
{
	const char *word = argv[optind - 1];

	if (result == ':')
		return usage(error, "%s wants a value", word);
	if (optopt >= FIRST_CODE)
		return usage(error, "\"%s\": this option takes no value", word);
	if (optopt > 0)
		return usage(error, "unknown option -%c", optopt);
	return usage(error, "unknown option %s", word);
}

/*
 * The options of argv[1] and on; optind is then that of the first other word.
 * `mode` is how getopt_long goes on at such a word: "+:" stops, ":" looks behind it.
 */
static bool take_options(struct line *line, const char *mode, int argc, char **argv, GError **error)
{
	struct option longs[G_N_ELEMENTS(program_options) + 1];
	g_autoptr(GString) letters = g_string_new(NULL);
	int result;

	getopt_table(line->command, mode, longs, letters);
	optind = 0; /* begins anew, also with `mode` */
	opterr = 0;
	while ((result = getopt_long(argc, argv, letters->str, longs, NULL)) != -1) {
		if (result == '?' || result == ':')
			return bad_option(argv, result, error);
		if (!take_option(line, result, error))
			return false;
	}
	return true;
}

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
		if (strcmp(name, commands[i].name) == 0)
			return &commands[i];
	}
	return NULL;
}

static bool check_words(const struct line *line, GError **error)
{
	const struct command *command = line->command;
	unsigned count = line->request.word_count;

	if (count < command->words_min)
		return usage(error, "%s wants %s", command->name, command->arguments);
	if (count > command->words_max)
		return usage(error, "%s: \"%s\" is too much", command->name,
			     line->request.words[command->words_max]);
	if (line->request.force && line->request.folder == NULL)
		return usage(error, "--force wants --folder");
	return true;
}

static bool read_line(struct line *line, int argc, char **argv, GError **error)
{
	if (!take_options(line, "+:", argc, argv, error))
		return false;
	if (optind == argc)
		return line->help || line->version || usage(error, "no command is given");
	argc -= optind;
	argv += optind;
	line->command = find_command(argv[0]);
	if (line->command == NULL)
		return usage(error, "\"%s\" is no command", argv[0]);
	if (!take_options(line, ":", argc, argv, error))
		return false;
	line->request.words = argv + optind;
	line->request.word_count = (unsigned)(argc - optind);
	return line->help || line->version || check_words(line, error);
}

struct st_signatures *open_signatures(const struct request *request, GError **error)
{
	struct st_signatures *signatures = database_open(request->signatures, error);

	if (signatures == NULL || st_signatures_count(signatures) > 0)
		return signatures;
	g_set_error_literal(error, FAILURE_ERROR, FAILURE_RUNNING,
			    "no signatures are installed (--signatures names others)");
	st_signatures_free(signatures);
	return NULL;
}

static enum failure act(const struct line *line, GError **error)
{
	g_autofree char *text = NULL;

	if (line->help && line->command != NULL)
		text = command_help(line->command);
	else if (line->help)
		text = program_help();
	else if (line->version || line->command == NULL)
		text = g_strdup_printf(PROGRAM " %s\n", st_version());
	else
		return line->command->run(&line->request, error);
	output_print(text, error);
	return FAILURE_NONE;
}

int main(int argc, char **argv)
{
	struct line line = {.request.signatures = g_ptr_array_new()};
	enum failure status = FAILURE_NONE;
	GError *error = NULL;

	prepare_process();
	if (read_line(&line, argc, argv, &error))
		status = act(&line, &error);
	if (error != NULL) {
		status = failure_status(error);
		complain(PROGRAM, "%s", error->message);
		g_error_free(error);
	}
	g_ptr_array_unref(line.request.signatures);
	return (int)status;
}
