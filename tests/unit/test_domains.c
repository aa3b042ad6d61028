/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is a host name, and random tables of names against a look at every one of them. */
#include "service/domains.h"

#include <string.h>

#include <glib.h>

#include "base/container.h"

#define HELD 400
#define NAME_BYTES 16

struct held {
	struct domain domain;
	char name[NAME_BYTES];
	bool in_table;
};

static bool is_name(const char *text)
{
	struct domain_name name;

	return domain_name_read(&name, text);
}

static void test_read(void)
{
	struct domain_name name;

	g_assert_true(domain_name_read(&name, "R3---sn_x.GoogleVideo.com."));
	g_assert_cmpstr(name.text, ==, "r3---sn_x.googlevideo.com");
	g_assert_cmpuint(name.bytes, ==, strlen("r3---sn_x.googlevideo.com"));
	g_assert_cmpuint(name.label_count, ==, 3);
	g_assert_cmpuint(name.labels[0].offset, ==, 0);
	g_assert_cmpuint(name.labels[1].offset, ==, 10);
	g_assert_cmpuint(name.labels[2].offset, ==, 22);
	g_assert_true(is_name("localhost"));
	g_assert_false(is_name(""));
	g_assert_false(is_name("."));
	g_assert_false(is_name(".com"));
	g_assert_false(is_name("a..com"));
	g_assert_false(is_name("a.com.."));
	g_assert_false(is_name("a com"));
	g_assert_false(is_name("a\tb.com"));
	g_assert_false(is_name("*.com"));
	g_assert_false(is_name("caf\xc3\xa9.fr"));
	g_assert_false(is_name("\xff"));
	g_assert_false(is_name("a/b"));
	g_assert_false(is_name("2001:db8::1"));
}

/* A name of labels of `label_bytes` each, `bytes` in all. */
static char *long_name(unsigned label_bytes, unsigned bytes)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < bytes; i++)
		g_string_append_c(text, (i + 1) % (label_bytes + 1) == 0 ? '.' : 'a');
	return g_string_free(text, FALSE);
}

static void check_long(unsigned label_bytes, unsigned bytes, bool expected)
{
	char *text = long_name(label_bytes, bytes), *dotted = g_strconcat(text, ".", NULL);

	g_assert_cmpint(is_name(text), ==, expected);
	g_assert_cmpint(is_name(dotted), ==, expected);
	g_free(text);
	g_free(dotted);
}

static void test_limits(void)
{
	struct domain_name name;
	char *text = long_name(1, DOMAIN_NAME_MAX);

	check_long(63, 63, true);
	check_long(64, 64, false);
	check_long(63, 253, true);
	check_long(62, 254, false);
	check_long(49, 100000, false);
	g_assert_true(domain_name_read(&name, text));
	g_assert_cmpuint(name.label_count, ==, DOMAIN_LABELS_MAX);
	g_free(text);
}

/* Few letters and short labels, so that names are often the same and below one another. */
static void random_name(GRand *rand, char text[NAME_BYTES])
{
	int labels = g_rand_int_range(rand, 1, 5);
	size_t at = 0;

	for (int i = 0; i < labels; i++) {
		int letters = g_rand_int_range(rand, 1, 3);

		if (i > 0)
			text[at++] = '.';
		while (letters-- > 0)
			text[at++] = (char)('a' + g_rand_int_range(rand, 0, 2));
	}
	text[at] = '\0';
}

/* By the letter of the rule: the same, or behind a dot. */
static bool is_at_or_below(const char *name, const char *domain)
{
	size_t bytes = strlen(name), domain_bytes = strlen(domain);

	if (bytes == domain_bytes)
		return strcmp(name, domain) == 0;
	return bytes > domain_bytes && name[bytes - domain_bytes - 1] == '.' &&
	       strcmp(name + bytes - domain_bytes, domain) == 0;
}

static void check_name(const struct domains *domains, const struct held *held, const char *text)
{
	unsigned expected = 0, found = 0;
	struct domain_name name;

	for (unsigned i = 0; i < HELD; i++)
		expected += held[i].in_table && is_at_or_below(text, held[i].name);
	g_assert_true(domain_name_read(&name, text));
	for (unsigned label = 0; label < name.label_count; label++) {
		const struct domain *domain = NULL;

		while ((domain = domains_at(domains, &name, label, domain))) {
			g_assert_cmpstr(domain->name, ==, text + name.labels[label].offset);
			found++;
		}
	}
	g_assert_cmpuint(found, ==, expected);
}

static void turn_over(struct domains *domains, struct held *held)
{
	struct domain_name name;

	g_assert_true(domain_name_read(&name, held->name));
	if (held->in_table)
		domains_remove(domains, &held->domain);
	else
		domains_insert(domains, &held->domain, &name);
	held->in_table = !held->in_table;
}

static void test_against_linear(void)
{
	GRand *rand = g_rand_new_with_seed(5);

	for (unsigned run = 0; run < 20; run++) {
		struct held *held = g_new0(struct held, HELD);
		struct domains domains = {{0}};

		for (unsigned i = 0; i < HELD; i++) {
			random_name(rand, held[i].name);
			held[i].domain.name = held[i].name;
			turn_over(&domains, &held[i]);
		}
		for (unsigned i = 0; i < 2 * HELD; i++) {
			char text[NAME_BYTES];

			random_name(rand, text);
			check_name(&domains, held, text);
			turn_over(&domains, &held[g_rand_int_range(rand, 0, HELD)]);
		}
		domains_clear(&domains);
		g_free(held);
	}
	g_rand_free(rand);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/domains/read", test_read);
	g_test_add_func("/domains/limits", test_limits);
	g_test_add_func("/domains/against-linear", test_against_linear);
	return g_test_run();
}
