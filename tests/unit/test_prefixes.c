/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Random tables of prefixes against a look at every one of them. */
#include "service/prefixes.h"

#include <string.h>

#include <glib.h>

#include "base/container.h"

#define ENTRIES 300

/* One prefix of the linear table. */
struct held {
	struct st_prefix prefix;
	struct prefix_entry entry;
	bool in_table;
};

static struct st_addr random_addr(GRand *rand, uint8_t version, unsigned spread)
{
	struct st_addr addr = {.version = version};

	/* Few values a byte, so that prefixes lie in one another and addresses in them. */
	for (size_t i = 0; i < st_addr_bytes(&addr); i++)
		addr.bytes[i] = (uint8_t)(g_rand_int_range(rand, 0, (int)spread) * 0x55);
	return addr;
}

static struct st_prefix random_prefix(GRand *rand, unsigned spread)
{
	uint8_t version = g_rand_boolean(rand) ? 4 : 6;
	struct st_addr addr = random_addr(rand, version, spread);
	char text[ST_ADDR_TEXT_BYTES + 4], addr_text[ST_ADDR_TEXT_BYTES];
	struct st_prefix prefix;

	g_snprintf(text, sizeof(text), "%s/%d", st_addr_format(&addr, addr_text),
		   g_rand_int_range(rand, 0, version == 4 ? 33 : 129));
	g_assert_cmpint(st_prefix_parse(text, &prefix), ==, ST_OK);
	return prefix;
}

/* How many entries of the path's prefixes there are, each of which must hold the address. */
static unsigned check_path(const struct prefix_path *path, const struct st_addr *addr)
{
	int bits_before = -1;
	unsigned count = 0;

	for (unsigned i = 0; i < path->count; i++) {
		const struct prefix_entry *entry = path->entries[i];
		const struct held *first = container_of(entry, struct held, entry);

		g_assert_cmpint(first->prefix.bits, >, bits_before);
		bits_before = first->prefix.bits;
		for (; entry; entry = entry->next) {
			const struct held *held = container_of(entry, struct held, entry);

			g_assert_true(held->in_table);
			g_assert_true(st_prefix_contains(&held->prefix, addr));
			g_assert_cmpint(held->prefix.bits, ==, bits_before);
			count++;
		}
	}
	return count;
}

static void check_addr(const struct prefixes *prefixes, const struct held *held,
		       const struct st_addr *addr)
{
	struct prefix_path path;
	unsigned expected = 0;

	for (unsigned i = 0; i < ENTRIES; i++)
		expected += held[i].in_table && st_prefix_contains(&held[i].prefix, addr);
	prefixes_find(prefixes, addr, &path);
	g_assert_cmpuint(check_path(&path, addr), ==, expected);
}

static void check_all(const struct prefixes *prefixes, const struct held *held, GRand *rand,
		      unsigned spread)
{
	for (unsigned i = 0; i < 60; i++) {
		struct st_addr addr = random_addr(rand, i % 2 ? 4 : 6, spread);

		check_addr(prefixes, held, &addr);
	}
	for (unsigned i = 0; i < ENTRIES; i++)
		check_addr(prefixes, held, &held[i].prefix.addr);
}

static void turn_over(struct prefixes *prefixes, struct held *held)
{
	if (held->in_table)
		prefixes_remove(prefixes, &held->entry);
	else
		prefixes_insert(prefixes, &held->prefix, &held->entry);
	held->in_table = !held->in_table;
}

static void test_against_linear(void)
{
	GRand *rand = g_rand_new_with_seed(11);

	for (unsigned run = 0; run < 40; run++) {
		struct held *held = g_new0(struct held, ENTRIES);
		struct prefixes prefixes = {0};
		unsigned spread = 1 + run % 4;

		for (unsigned i = 0; i < ENTRIES; i++)
			held[i].prefix = random_prefix(rand, spread);
		for (unsigned i = 0; i < ENTRIES; i++)
			turn_over(&prefixes, &held[i]);
		check_all(&prefixes, held, rand, spread);
		for (unsigned i = 0; i < ENTRIES; i++) {
			if (g_rand_boolean(rand))
				turn_over(&prefixes, &held[i]);
		}
		check_all(&prefixes, held, rand, spread);
		for (unsigned i = 0; i < ENTRIES; i++) {
			if (!held[i].in_table)
				turn_over(&prefixes, &held[i]);
		}
		check_all(&prefixes, held, rand, spread);
		prefixes_clear(&prefixes);
		g_free(held);
	}
	g_rand_free(rand);
}

static unsigned count_at(const struct prefixes *prefixes, const char *text)
{
	struct prefix_path path;
	struct st_addr addr;

	g_assert_cmpint(st_addr_parse(text, &addr), ==, ST_OK);
	prefixes_find(prefixes, &addr, &path);
	return path.count;
}

static void test_every_length(void)
{
	struct held held[PREFIX_PATH_MAX] = {{.in_table = false}};
	struct prefixes prefixes = {0};

	for (unsigned bits = 0; bits < PREFIX_PATH_MAX; bits++) {
		char *text = g_strdup_printf("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/%u", bits);

		g_assert_cmpint(st_prefix_parse(text, &held[bits].prefix), ==, ST_OK);
		turn_over(&prefixes, &held[bits]);
		g_free(text);
	}
	g_assert_cmpuint(count_at(&prefixes, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), ==, 129);
	g_assert_cmpuint(count_at(&prefixes, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), ==, 128);
	g_assert_cmpuint(count_at(&prefixes, "ffff:ffff:ffff:fffe::"), ==, 64);
	g_assert_cmpuint(count_at(&prefixes, "7fff::"), ==, 1);
	g_assert_cmpuint(count_at(&prefixes, "255.255.255.255"), ==, 0);
	prefixes_clear(&prefixes);
}

static void test_empty(void)
{
	struct prefixes prefixes = {0};
	struct st_addr none = {0}, odd = {.version = 5};
	struct prefix_path path;

	g_assert_cmpuint(count_at(&prefixes, "192.0.2.1"), ==, 0);
	prefixes_find(&prefixes, &none, &path);
	g_assert_cmpuint(path.count, ==, 0);
	prefixes_find(&prefixes, &odd, &path);
	g_assert_cmpuint(path.count, ==, 0);
	prefixes_clear(&prefixes);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/prefixes/against-linear", test_against_linear);
	g_test_add_func("/prefixes/every-length", test_every_length);
	g_test_add_func("/prefixes/empty", test_empty);
	return g_test_run();
}
