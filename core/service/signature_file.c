/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * GKeyFile decides what values mean. It gives up at the first line that is no
 * key file's and never tells a line's number, so the lines are looked at here
 * first: what is wrong is told and left out, and it gets the rest.
 */
#include "service/signature_file.h"

#include <string.h>

#include "base/text.h"

#define GROUP "Service"
#define PROBLEM_CHARS_MAX 300 /* a line of a screen or three */
#define DATE_CHARS 10	      /* "2026-11-22" */

enum key {
	KEY_NAME,
	KEY_CATEGORY,
	KEY_SOURCE,
	KEY_CHECKED,
	KEY_OVERLAPS,
	KEY_DOMAINS,
	KEY_FULL_DOMAINS,
	KEY_DOMAIN_REGEX,
	KEY_PREFIXES,
};

static const char *const KEY_NAMES[] = {
	[KEY_NAME] = "Name",
	[KEY_CATEGORY] = "Category",
	[KEY_SOURCE] = "Source",
	[KEY_CHECKED] = "Checked",
	[KEY_OVERLAPS] = "Overlaps",
	[KEY_DOMAINS] = "Domains",
	[KEY_FULL_DOMAINS] = "FullDomains",
	[KEY_DOMAIN_REGEX] = "DomainRegex",
	[KEY_PREFIXES] = "Prefixes",
};

#define KEY_COUNT G_N_ELEMENTS(KEY_NAMES)

/* The lines looked at so far. */
struct scan {
	struct signature_file *file;
	unsigned line;
	bool in_group;		   /* any */
	bool in_service;	   /* [Service] */
	unsigned group_line;	   /* of [Service] */
	unsigned lines[KEY_COUNT]; /* of each key; 0: not there */
	GString *right;		   /* the lines that are right */
	GKeyFile *values;	   /* of those */
};

static void add_problem(struct signature_file *file, unsigned line, const char *text)
{
	struct signature_problem *problem;
	char *printable;

	if (file->problems->len > SIGNATURE_PROBLEMS_MAX)
		return;
	if (file->problems->len == SIGNATURE_PROBLEMS_MAX)
		text = "there are more problems than are worth telling";
	printable = text_printable(text);
	if (g_utf8_strlen(printable, -1) > PROBLEM_CHARS_MAX)
		*g_utf8_offset_to_pointer(printable, PROBLEM_CHARS_MAX) = '\0';
	problem = g_new(struct signature_problem, 1);
	*problem = (struct signature_problem){line, printable};
	g_ptr_array_add(file->problems, problem);
}

G_GNUC_PRINTF(3, 4)
static void complain(struct signature_file *file, unsigned line, const char *format, ...)
{
	va_list arguments;
	char *text;

	va_start(arguments, format);
	text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	add_problem(file, line, text);
	g_free(text);
}

/* Looking at the lines. */

static void scan_group(struct scan *scan, const char *line)
{
	scan->in_group = true;
	scan->in_service = strcmp(line, "[" GROUP "]") == 0;
	if (!scan->in_service) {
		complain(scan->file, scan->line, "%s: the only group is [" GROUP "]", line);
		return;
	}
	if (scan->group_line)
		complain(scan->file, scan->line, "[" GROUP "] is there already, in line %u",
			 scan->group_line);
	else
		scan->group_line = scan->line;
}

static void scan_pair(struct scan *scan, const char *key, const char *value)
{
	struct signature_file *file = scan->file;

	for (size_t i = 0; i < KEY_COUNT; i++) {
		if (strcmp(key, KEY_NAMES[i]) != 0)
			continue;
		if (scan->lines[i]) {
			complain(file, scan->line, "%s is there already, in line %u", key,
				 scan->lines[i]);
			return;
		}
		scan->lines[i] = scan->line;
		g_string_append_printf(scan->right, "%s=%s\n", key, value);
		return;
	}
	complain(file, scan->line, "unknown key %s", key);
}

/* Changes the line. */
static void scan_line(struct scan *scan, char *line)
{
	char *equals;

	g_strstrip(line);
	if (*line == '\0' || *line == '#')
		return;
	if (*line == '[') {
		scan_group(scan, line);
		return;
	}
	equals = strchr(line, '=');
	if (!equals || equals == line) {
		complain(scan->file, scan->line, "no key with a value, group or comment: %s", line);
		return;
	}
	if (!scan->in_group) {
		complain(scan->file, scan->line, "there is no [" GROUP "] above this key");
		return;
	}
	*equals = '\0';
	if (scan->in_service)
		scan_pair(scan, g_strchomp(line), g_strchug(equals + 1));
}

static void scan_lines(struct scan *scan, const char *text, size_t bytes)
{
	const char *end = text + bytes;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t line_bytes = (size_t)((newline ? newline : end) - text);
		char *line = g_strndup(text, line_bytes);

		scan->line++;
		scan_line(scan, line);
		g_free(line);
		text += line_bytes + 1;
	}
}

/* Reading the values. */

static bool is_line_of_text(const char *text)
{
	for (; *text; text = g_utf8_next_char(text)) {
		if (!g_unichar_isprint(g_utf8_get_char(text)))
			return false;
	}
	return true;
}

static void complain_of_escape(struct scan *scan, enum key key)
{
	complain(
		scan->file, scan->lines[key],
		"%s: a backslash has to be written as \\\\ (\\s, \\t, \\n and \\r are white space, "
		"\\; does not end an entry)",
		KEY_NAMES[key]);
}

static char *read_text(struct scan *scan, enum key key)
{
	GError *error = NULL;
	char *text;

	if (!scan->lines[key])
		return NULL;
	text = g_key_file_get_string(scan->values, GROUP, KEY_NAMES[key], &error);
	if (error) { /* with a text all the same */
		complain_of_escape(scan, key);
		g_error_free(error);
		g_free(text);
		return NULL;
	}
	g_strstrip(text);
	if (*text && is_line_of_text(text))
		return text;
	complain(scan->file, scan->lines[key], "%s %s", KEY_NAMES[key],
		 *text ? "has a character that cannot be shown" : "is empty");
	g_free(text);
	return NULL;
}

/* The entries of a list, NULL at the end; NULL if the key is not there or not right. */
static char **read_list(struct scan *scan, enum key key)
{
	char **list;

	if (!scan->lines[key])
		return NULL;
	list = g_key_file_get_string_list(scan->values, GROUP, KEY_NAMES[key], NULL, NULL);
	if (!list) {
		complain_of_escape(scan, key);
		return NULL;
	}
	for (size_t i = 0; list[i]; i++)
		g_strstrip(list[i]);
	if (!list[0])
		complain(scan->file, scan->lines[key], "%s is empty", KEY_NAMES[key]);
	return list;
}

static bool is_date(const char *text)
{
	unsigned day, month, year;

	if (strlen(text) != DATE_CHARS || text[4] != '-' || text[7] != '-')
		return false;
	for (size_t i = 0; i < DATE_CHARS; i++) {
		if (i != 4 && i != 7 && !g_ascii_isdigit(text[i]))
			return false;
	}
	year = (unsigned)g_ascii_strtoull(text, NULL, 10);
	month = (unsigned)g_ascii_strtoull(text + 5, NULL, 10);
	day = (unsigned)g_ascii_strtoull(text + 8, NULL, 10);
	return g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year);
}

static char *read_date(struct scan *scan, enum key key)
{
	char *text = read_text(scan, key);

	if (!text || is_date(text))
		return text;
	complain(scan->file, scan->lines[key], "%s: %s is no date of the form 2026-11-22",
		 KEY_NAMES[key], text);
	g_free(text);
	return NULL;
}

static char **read_ids(struct scan *scan, enum key key)
{
	char **ids = read_list(scan, key);
	size_t kept = 0;

	for (size_t i = 0; ids && ids[i]; i++) {
		char *id = g_steal_pointer(&ids[i]);

		if (rule_is_service_id(id)) {
			ids[kept++] = id;
			continue;
		}
		complain(scan->file, scan->lines[key],
			 "%s: %s is no service's id: lower-case letters, digits, '-'",
			 KEY_NAMES[key], id);
		g_free(id);
	}
	return ids;
}

static void read_rules(struct scan *scan, enum key key, enum st_rule_kind kind)
{
	char **texts = read_list(scan, key);

	for (size_t i = 0; texts && texts[i]; i++) {
		char *why = NULL;
		struct rule *rule = rule_new(kind, texts[i], scan->lines[key], &why);

		if (rule)
			g_ptr_array_add(scan->file->rules, rule);
		else
			complain(scan->file, scan->lines[key], "%s: %s", KEY_NAMES[key], why);
		g_free(why);
	}
	g_strfreev(texts);
}

static int by_rule_line(gconstpointer a, gconstpointer b)
{
	const struct rule *const *first = a, *const *second = b;

	return (*first)->line < (*second)->line ? -1 : (*first)->line > (*second)->line;
}

static int by_problem_line(gconstpointer a, gconstpointer b)
{
	const struct signature_problem *const *first = a, *const *second = b;

	return (*first)->line < (*second)->line ? -1 : (*first)->line > (*second)->line;
}

static void read_values(struct scan *scan)
{
	struct signature_file *file = scan->file;

	scan->values = g_key_file_new();
	g_key_file_load_from_data(scan->values, scan->right->str, scan->right->len, G_KEY_FILE_NONE,
				  NULL);
	if (!scan->lines[KEY_NAME])
		complain(file, scan->group_line, "Name is missing");
	file->name = read_text(scan, KEY_NAME);
	file->category = read_text(scan, KEY_CATEGORY);
	file->source = read_text(scan, KEY_SOURCE);
	file->checked = read_date(scan, KEY_CHECKED);
	file->overlaps = read_ids(scan, KEY_OVERLAPS);
	read_rules(scan, KEY_DOMAINS, ST_RULE_DOMAIN);
	read_rules(scan, KEY_FULL_DOMAINS, ST_RULE_FULL_DOMAIN);
	read_rules(scan, KEY_DOMAIN_REGEX, ST_RULE_REGEX);
	read_rules(scan, KEY_PREFIXES, ST_RULE_PREFIX);
	g_ptr_array_sort(file->rules, by_rule_line);
	g_ptr_array_sort(file->problems, by_problem_line);
	g_key_file_free(scan->values);
}

static void free_rule(gpointer rule)
{
	rule_free(rule);
}

static void free_problem(gpointer pointer)
{
	struct signature_problem *problem = pointer;

	g_free(problem->text);
	g_free(problem);
}

struct signature_file *signature_file_read(const char *text, size_t bytes)
{
	struct signature_file *file = g_new0(struct signature_file, 1);
	struct scan scan = {.file = file};

	file->rules = g_ptr_array_new_with_free_func(free_rule);
	file->problems = g_ptr_array_new_with_free_func(free_problem);
	if (bytes > SIGNATURE_FILE_BYTES_MAX) {
		complain(file, 0, "the file is larger than %u bytes", SIGNATURE_FILE_BYTES_MAX);
		return file;
	}
	if (!g_utf8_validate(text, (gssize)bytes, NULL)) {
		complain(file, 0, "the file is no UTF-8 text");
		return file;
	}
	scan.right = g_string_new("[" GROUP "]\n");
	scan_lines(&scan, text, bytes);
	file->has_service = scan.group_line != 0;
	if (file->has_service)
		read_values(&scan);
	else
		complain(file, 0, "there is no [" GROUP "]");
	g_string_free(scan.right, TRUE);
	return file;
}

void signature_file_free(struct signature_file *file)
{
	if (!file)
		return;
	g_free(file->name);
	g_free(file->category);
	g_free(file->source);
	g_free(file->checked);
	g_strfreev(file->overlaps);
	g_ptr_array_unref(file->rules);
	g_ptr_array_unref(file->problems);
	g_free(file);
}
