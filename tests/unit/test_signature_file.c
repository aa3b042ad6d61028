/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files with something wrong in them: which problem, in which line, and what is
 * taken all the same. And files with nothing wrong, against GKeyFile alone.
 */
#include "service/signature_file.h"

#include <string.h>

#define HEAD "[Service]\nName=x\n"

static struct signature_file *read_text(const char *text)
{
	return signature_file_read(text, strlen(text));
}

static void check_problem(const struct signature_file *file, unsigned index, unsigned line,
			  const char *part)
{
	const struct signature_problem *problem;

	g_assert_cmpuint(index, <, file->problems->len);
	problem = g_ptr_array_index(file->problems, index);
	g_assert_cmpuint(problem->line, ==, line);
	if (!strstr(problem->text, part))
		g_error("\"%s\" does not say \"%s\"", problem->text, part);
}

static void test_one_problem(void)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *part;
	} WRONG[] = {
		{"", 0, "[Service]"},
		{"# nothing\n", 0, "[Service]"},
		{"[Service]\n", 1, "Name is missing"},
		{"\n# c\n[Service]\nDomains=a.b\n", 3, "Name is missing"},
		{"Category=x\n" HEAD, 1, "[Service]"},
		{HEAD "Nmae=y\n", 3, "unknown key Nmae"},
		{HEAD "domains=a.b\n", 3, "unknown key domains"},
		{HEAD "Name[de]=y\n", 3, "unknown key Name[de]"},
		{HEAD "\n\nName=y\n", 5, "Name is there already, in line 2"},
		{HEAD "[Other]\na=b\nName=z\n", 3, "[Other]"},
		{HEAD "[Service]\n", 3, "already, in line 1"},
		{HEAD "[Service\n", 3, "[Service"},
		{HEAD "oops\n", 3, "oops"},
		{HEAD "=oops\n", 3, "=oops"},
		{"[Service]\nName=\n", 2, "empty"},
		{"[Service]\nName=a\\tb\n", 2, "cannot be shown"},
		{"[Service]\nName=a\\qb\n", 2, "backslash"},
		{HEAD "Domains=\n", 3, "empty"},
		{HEAD "Domains=a.b;;c.d\n", 3, "empty"},
		{HEAD "#\nDomains=a.b;*.c.d;\n", 4, "write c.d"},
		{HEAD "Domains=.c.d\n", 3, "write c.d"},
		{HEAD "Domains=a..b\n", 3, "no domain"},
		{HEAD "Domains=a b\n", 3, "no domain"},
		{HEAD "Domains=https://a.b/\n", 3, "no domain"},
		{HEAD "Domains=192.0.2.0/24\n", 3, "Prefixes"},
		{HEAD "Domains=caf\xc3\xa9.fr\n", 3, "xn--"},
		{HEAD "FullDomains=a_b-c.d;!\n", 3, "FullDomains: ! is no domain"},
		{HEAD "DomainRegex=a[.]b;(a\n", 3, "(a"},
		{HEAD "DomainRegex=a\\.b\n", 3, "written as \\\\"},
		{HEAD "Prefixes=10.1.2.3/8\n", 3, "10.0.0.0/8 is meant"},
		{HEAD "Prefixes=2001:db8::1/32\n", 3, "2001:db8::/32 is meant"},
		{HEAD "Prefixes=10.0.0.0/33\n", 3, "10.0.0.0/33"},
		{HEAD "Prefixes=example.com\n", 3, "no address or prefix"},
		{HEAD "Checked=2026-02-29\n", 3, "date"},
		{HEAD "Checked=22.11.2026\n", 3, "date"},
		{HEAD "Checked=2026-1-1\n", 3, "date"},
		{HEAD "Checked=20260-1-01\n", 3, "date"},
		{HEAD "Checked=2026-11-22 \n\nOverlaps=a;B c;d-1\n", 5, "B c is no service's id"},
		{HEAD "Category=\xff\n", 0, "UTF-8"},
		{"\r\n[Service]\r\nName=x\r\nbad\r\n", 4, "bad"},
		{"\xef\xbb\xbf[Service]\nName=x\n[Service]\nName=y\n", 1, "no key"},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(WRONG); i++) {
		struct signature_file *file = read_text(WRONG[i].text);

		check_problem(file, 0, WRONG[i].line, WRONG[i].part);
		if (file->problems->len != 1 && i != G_N_ELEMENTS(WRONG) - 1)
			g_error("not one problem, but %u in: %s", file->problems->len,
				WRONG[i].text);
		signature_file_free(file);
	}
}

static void check_rule(const struct signature_file *file, unsigned index, unsigned line,
		       const char *text)
{
	const struct rule *rule = g_ptr_array_index(file->rules, index);

	g_assert_cmpuint(rule->line, ==, line);
	g_assert_cmpstr(rule->text, ==, text);
}

static void test_what_is_right_is_taken(void)
{
	struct signature_file *file = read_text("Name=too early\n"
						"[Service]\n"
						"Prefixes=10.0.0.1/8;192.0.2.0/24\n"
						"oops\n"
						"Name=First\n"
						"Name=Second\n"
						"Checked=never\n"
						"Overlaps=a;B;c\n"
						"[Other]\n"
						"Category=not ours\n"
						"[Service]\n"
						"Domains=A.B;*.c.d; e.f ;g\n"
						"Category=kept");

	check_problem(file, 0, 1, "above");
	check_problem(file, 1, 3, "10.0.0.0/8");
	check_problem(file, 2, 4, "oops");
	check_problem(file, 3, 6, "in line 5");
	check_problem(file, 4, 7, "date");
	check_problem(file, 5, 8, "B");
	check_problem(file, 6, 9, "[Other]");
	check_problem(file, 7, 11, "in line 2");
	check_problem(file, 8, 12, "*.c.d");
	g_assert_cmpuint(file->problems->len, ==, 9);
	g_assert_true(file->has_service);
	g_assert_cmpstr(file->name, ==, "First");
	g_assert_cmpstr(file->category, ==, "kept");
	g_assert_null(file->checked);
	g_assert_null(file->source);
	g_assert_cmpuint(g_strv_length(file->overlaps), ==, 2);
	g_assert_cmpstr(file->overlaps[1], ==, "c");
	g_assert_cmpuint(file->rules->len, ==, 4);
	check_rule(file, 0, 3, "192.0.2.0/24");
	check_rule(file, 1, 12, "a.b");
	check_rule(file, 2, 12, "e.f");
	check_rule(file, 3, 12, "g");
	signature_file_free(file);
}

static void test_not_text(void)
{
	static const char zero[] = "[Service]\nName=a\0b\n";
	char *large = g_strnfill(SIGNATURE_FILE_BYTES_MAX + 1, '#');
	struct signature_file *file = signature_file_read(zero, sizeof(zero) - 1);

	check_problem(file, 0, 0, "UTF-8");
	g_assert_false(file->has_service);
	signature_file_free(file);
	file = signature_file_read(large, SIGNATURE_FILE_BYTES_MAX + 1);
	check_problem(file, 0, 0, "larger");
	signature_file_free(file);
	signature_file_free(NULL);
	g_free(large);
}

/* Problems are bounded in number and length, and harmless for a terminal. */
static void test_problems_are_bounded(void)
{
	GString *text = g_string_new(HEAD "bad\x1b[31m\xc2\x9b\n");
	struct signature_file *file;

	for (unsigned i = 0; i < 1000; i++)
		g_string_append_printf(text, "%0500d\n", i);
	file = signature_file_read(text->str, text->len);
	g_assert_cmpuint(file->problems->len, ==, SIGNATURE_PROBLEMS_MAX + 1);
	check_problem(file, 0, 3, "bad?[31m?");
	check_problem(file, SIGNATURE_PROBLEMS_MAX, 103, "more");
	for (unsigned i = 0; i < file->problems->len; i++) {
		const struct signature_problem *problem = g_ptr_array_index(file->problems, i);

		g_assert_cmpuint(strlen(problem->text), <=, 300);
	}
	signature_file_free(file);
	g_string_free(text, TRUE);
}

/* The same file by GKeyFile alone. */
static void check_list(GKeyFile *keys, const char *key, const struct signature_file *file,
		       enum st_rule_kind kind)
{
	char **list = g_key_file_get_string_list(keys, "Service", key, NULL, NULL);
	size_t at = 0;

	for (unsigned i = 0; i < file->rules->len; i++) {
		const struct rule *rule = g_ptr_array_index(file->rules, i);

		if (rule->kind != kind)
			continue;
		g_assert_nonnull(list[at]);
		g_assert_cmpstr(g_strstrip(list[at]), ==, rule->text);
		at++;
	}
	g_assert_null(list[at]);
	g_strfreev(list);
}

static void test_against_gkeyfile(void)
{
	static const char *const TEXT = "# a comment\n"
					"  # another\n"
					"\n"
					"[Service]  \n"
					"Name = A \\s b = c; \\\\d # no comment\n"
					"  Category=video\r\n"
					"Domains= a.b ; c.d\n"
					"FullDomains=e.f;\n"
					"DomainRegex=a\\\\.b;c\\;d;[.]{1,2}\\\\;\n"
					"Prefixes=192.0.2.0/24;2001:db8::/32;192.0.2.1\n"
					"Source=https://a.b/?c=d;e\n"
					"Checked=2024-02-29";
	struct signature_file *file = read_text(TEXT);
	GKeyFile *keys = g_key_file_new();
	char *name, *source;

	g_assert_true(g_key_file_load_from_data(keys, TEXT, (gsize)-1, 0, NULL));
	g_assert_cmpuint(file->problems->len, ==, 1);
	check_problem(file, 0, 9, "[.]{1,2}\\"); /* a backslash at the end of an expression */
	name = g_key_file_get_string(keys, "Service", "Name", NULL);
	source = g_key_file_get_string(keys, "Service", "Source", NULL);
	g_assert_cmpstr(file->name, ==, name);
	g_assert_cmpstr(file->source, ==, source);
	g_assert_cmpstr(file->category, ==, "video");
	g_assert_cmpstr(file->checked, ==, "2024-02-29");
	check_list(keys, "Domains", file, ST_RULE_DOMAIN);
	check_list(keys, "FullDomains", file, ST_RULE_FULL_DOMAIN);
	check_list(keys, "Prefixes", file, ST_RULE_PREFIX);
	check_rule(file, 3, 9, "a\\.b");
	check_rule(file, 4, 9, "c;d");
	g_free(name);
	g_free(source);
	g_key_file_free(keys);
	signature_file_free(file);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/signature-file/one-problem", test_one_problem);
	g_test_add_func("/signature-file/what-is-right-is-taken", test_what_is_right_is_taken);
	g_test_add_func("/signature-file/not-text", test_not_text);
	g_test_add_func("/signature-file/problems-are-bounded", test_problems_are_bounded);
	g_test_add_func("/signature-file/against-gkeyfile", test_against_gkeyfile);
	return g_test_run();
}
