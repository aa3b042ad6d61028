/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be a host's name: whoever runs a reverse zone can put anything into it. */
#include <glib.h>
#include <string.h>

#include "host_name.h"

static void test_names(void)
{
	static const char *const names[] = {
		"a",
		"gw",
		"gw.example",
		"ae-1-3502.edge4.Berlin1.example.net",
		"xe_0_0.example.net",
		"1.example",
		"3com.com",
		"xn--bcher-kva.example",
		"ip6-localhost",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		g_assert_true(is_host_name(names[i]));
}

static void test_no_names(void)
{
	static const char *const names[] = {
		"",
		".",
		"10.0.0.1",
		"12345",
		"2001:db8::1",
		"gw.example.",
		".example",
		"a..b",
		"a b",
		"gw.example\n",
		"\033[31mred.example",
		"<script>.example",
		"=cmd.example",
		"b\xc3\xbc"
		"cher.example",
		"*.example",
		"a/b",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
		g_assert_false(is_host_name(names[i]));
}

/* A name of whole labels of `label` bytes, cut to `bytes`. */
static char *long_name(size_t label, size_t bytes)
{
	GString *name = g_string_new(NULL);

	while (name->len < bytes)
		g_string_append_c(name, name->len % (label + 1) == label ? '.' : 'x');
	return g_string_free(name, FALSE);
}

static void test_lengths(void)
{
	g_autofree char *longest_label = long_name(63, 63);
	g_autofree char *label_too_long = long_name(64, 64);
	g_autofree char *longest = long_name(62, 253);
	g_autofree char *too_long = long_name(62, 254);

	g_assert_true(is_host_name(longest_label));
	g_assert_false(is_host_name(label_too_long));
	g_assert_cmpuint(strlen(longest), ==, 253);
	g_assert_true(is_host_name(longest));
	g_assert_false(is_host_name(too_long));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/host_name/names", test_names);
	g_test_add_func("/host_name/no-names", test_no_names);
	g_test_add_func("/host_name/lengths", test_lengths);
	return g_test_run();
}
