/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The heap of deadlines and the hash table, against plain arrays that do the same slowly. */
#include "base/deadlines.h"
#include "base/hash.h"

#include <glib.h>

#define COUNT 300

static uint64_t slow_minimum(const struct deadline *deadlines)
{
	uint64_t least = ST_NEVER;

	for (unsigned i = 0; i < COUNT; i++) {
		if (deadlines[i].place && deadlines[i].at_ns < least)
			least = deadlines[i].at_ns;
	}
	return least;
}

static void test_heap_against_array(void)
{
	static struct deadline all[COUNT];
	struct deadlines heap = {0};
	GRand *rand = g_rand_new_with_seed(7);

	for (unsigned turn = 0; turn < 20000; turn++) {
		struct deadline *one = &all[g_rand_int_range(rand, 0, COUNT)];
		bool clear = g_rand_int_range(rand, 0, 4) == 0;
		struct deadline *first;

		deadlines_set(&heap, one, clear ? ST_NEVER : g_rand_int(rand) % 1000);
		first = deadlines_first(&heap);
		g_assert_cmpuint(first ? first->at_ns : ST_NEVER, ==, slow_minimum(all));
	}
	g_rand_free(rand);
	deadlines_free(&heap);
}

static void test_heap_empty(void)
{
	struct deadlines heap = {0};
	struct deadline one = {0};

	g_assert_null(deadlines_first(&heap));
	deadlines_set(&heap, &one, ST_NEVER);
	g_assert_null(deadlines_first(&heap));
	deadlines_set(&heap, &one, 5);
	g_assert_true(deadlines_first(&heap) == &one);
	deadlines_set(&heap, &one, ST_NEVER);
	g_assert_null(deadlines_first(&heap));
	deadlines_free(&heap);
}

static unsigned count_hash(const struct hash_table *table, uint64_t hash)
{
	unsigned count = 0;

	for (struct hash_link *link = hash_table_find(table, hash); link;
	     link = hash_table_next(link))
		count++;
	return count;
}

static void test_hash_against_array(void)
{
	static struct hash_link links[COUNT];
	static bool inside[COUNT];
	struct hash_table table = {0};
	GRand *rand = g_rand_new_with_seed(8);

	g_assert_null(hash_table_find(&table, 1));
	for (unsigned turn = 0; turn < 20000; turn++) {
		unsigned i = (unsigned)g_rand_int_range(rand, 0, COUNT), same = 0;

		/* Ten entries share each hash. */
		if (inside[i])
			hash_table_remove(&table, &links[i]);
		else
			hash_table_insert(&table, &links[i], i / 10);
		inside[i] = !inside[i];
		for (unsigned j = i / 10 * 10; j < i / 10 * 10 + 10; j++)
			same += inside[j];
		g_assert_cmpuint(count_hash(&table, i / 10), ==, same);
	}
	g_rand_free(rand);
	hash_table_free(&table);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/deadlines/empty", test_heap_empty);
	g_test_add_func("/deadlines/against-array", test_heap_against_array);
	g_test_add_func("/hash/against-array", test_hash_against_array);
	return g_test_run();
}
