/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Regular expressions: where they plainly end, and that none is passed over for
 * that: random ones against GRegex itself, with every short name there is.
 */
#include "service/expressions.h"

#include <string.h>

static void check_tail(const char *text, const char *expected)
{
	char *tail = expression_tail(text);

	g_assert_cmpstr(tail, ==, expected);
	g_free(tail);
}

static void test_tail(void)
{
	check_tail("www\\.example\\.com", "www.example.com");
	check_tail("cdn[0-9]+-[a-z]+[.]Example[.]net$", ".example.net");
	check_tail("(?:a|b)\\.c\\-d", ".c-d");
	check_tail("[\\w-]+[.]x_y", ".x_y");
	check_tail(".*", "");
	check_tail("a.b", "b");
	check_tail("abc?", "");
	check_tail("ab{2}c", "c");
	check_tail("a|b.com", "");
	check_tail("(a|b).com", "com");
	check_tail("\\d", "");
	check_tail("\\Qa|b\\E", "");
	check_tail("(?i)a", "");
	check_tail("(?x)a # b", "");
	check_tail("[[:alpha:]]a", "");
	check_tail("[]a]b", "b");
	check_tail("[^]]b", "b");
	check_tail("[^]b", "");
	check_tail("[a\\]b]c", "c");
	check_tail("[.", "");
	check_tail("a\\", "");
	check_tail("(?", "");
	check_tail("", "");
}

static void check_wrong(const char *text)
{
	char *why = NULL;

	g_assert_null(expression_new(text, &why));
	g_assert_nonnull(why);
	g_free(why);
}

static void test_wrong(void)
{
	check_wrong("");
	check_wrong("(a");
	check_wrong("a)|(b");
	check_wrong("[a");
	check_wrong("*");
	check_wrong("caf\xc3\xa9");
	check_wrong("(?x)a # no end");
}

/* One expression alone in a table, next to the same in GRegex. */
static bool table_has(const struct expressions *expressions, const char *text)
{
	struct expressions_walk walk = {0};
	struct domain_name name;
	bool found;

	g_assert_true(domain_name_read(&name, text));
	found = expressions_next(expressions, &name, &walk) != NULL;
	g_assert_true(!found || !expressions_next(expressions, &name, &walk));
	return found;
}

/* Every name of at most five characters out of "ab.". */
static GPtrArray *short_names(void)
{
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);

	for (unsigned number = 0; number < 4 * 4 * 4 * 4 * 4; number++) {
		GString *text = g_string_new(NULL);
		struct domain_name name;

		for (unsigned left = number; left > 0; left /= 4) {
			if (left % 4 > 0)
				g_string_append_c(text, "ab."[left % 4 - 1]);
		}
		if (domain_name_read(&name, text->str) && !g_str_has_suffix(text->str, "."))
			g_ptr_array_add(names, g_string_free(text, FALSE));
		else
			g_string_free(text, TRUE);
	}
	return names;
}

static char *random_expression(GRand *rand)
{
	static const char *const PIECES[] = {
		"a",	       "b",    "A",	 "\\.",	 "[.]",	 ".",	  "[ab]",   "(a|b)",
		"(?:a|b.)",    "(",    ")",	 "|",	 "*",	 "+",	  "?",	    "{2}",
		"$",	       "^",    "\\w",	 "[^a]", "(?i)", "\\Qa.", "\\E",    "\\x61",
		"[[:alpha:]]", "[]a]", "[\\w.]", "\\.b", ".a",	 "\\.a",  "(a)\\1", "}",
		"[",	       "\\",   "(?x)",	 "#",
	};
	GString *text = g_string_new(NULL);
	int pieces = g_rand_int_range(rand, 1, 7);

	while (pieces-- > 0)
		g_string_append(text, PIECES[g_rand_int_range(rand, 0, G_N_ELEMENTS(PIECES))]);
	return g_string_free(text, FALSE);
}

static void check_against_gregex(const char *text, const GPtrArray *names)
{
	char *why = NULL, *wrapped = g_strdup_printf("\\A(?:%s)\\z", text);
	struct expression *expression = expression_new(text, &why);
	GRegex *alone = g_regex_new(text, 0, 0, NULL);
	GRegex *regex = g_regex_new(wrapped, G_REGEX_CASELESS, 0, NULL);
	struct expressions expressions = {0};

	g_assert_cmpint(expression != NULL, ==, alone && regex);
	if (expression) {
		expressions_insert(&expressions, expression);
		for (unsigned i = 0; i < names->len; i++) {
			const char *name = g_ptr_array_index(names, i);

			if (table_has(&expressions, name) != g_regex_match(regex, name, 0, NULL))
				g_error("%s is matched wrongly by %s", name, text);
		}
		expressions_remove(&expressions, expression);
		g_assert_false(table_has(&expressions, "a"));
	}
	expressions_clear(&expressions);
	expression_free(expression);
	g_clear_pointer(&regex, g_regex_unref);
	g_clear_pointer(&alone, g_regex_unref);
	g_free(wrapped);
	g_free(why);
}

static void test_against_gregex(void)
{
	GRand *rand = g_rand_new_with_seed(23);
	GPtrArray *names = short_names();

	for (unsigned run = 0; run < 3000; run++) {
		char *text = random_expression(rand);

		if (*text)
			check_against_gregex(text, names);
		g_free(text);
	}
	g_ptr_array_unref(names);
	g_rand_free(rand);
}

/* Each letter more doubles the ways to fail before the second choice is tried. */
static void test_steps_are_bounded(void)
{
	struct expressions expressions = {0};
	struct expression *expression;
	char *why = NULL;

	expression = expression_new("(?:(a+)+[0-9]|a+b)", &why);
	g_assert_nonnull(expression);
	expressions_insert(&expressions, expression);
	g_assert_true(table_has(&expressions, "aaaa1"));
	g_assert_true(table_has(&expressions, "aaaab"));
	g_assert_false(table_has(&expressions, "aaaaaaaaaaaaaaaaaaaab"));
	expressions_clear(&expressions);
	expression_free(expression);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/expressions/tail", test_tail);
	g_test_add_func("/expressions/wrong", test_wrong);
	g_test_add_func("/expressions/against-gregex", test_against_gregex);
	g_test_add_func("/expressions/steps-are-bounded", test_steps_are_bounded);
	return g_test_run();
}
