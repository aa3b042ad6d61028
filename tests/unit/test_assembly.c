/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pieces in any order against an array that holds every byte by itself. */
#include "service/assembly.h"

#include <glib.h>
#include <string.h>

#define SIZE 400

/* What came first stays: -1 is nothing yet. */
struct model {
	int bytes[SIZE];
};

static uint32_t model_prefix(const struct model *model)
{
	uint32_t count = 0;

	while (count < SIZE && model->bytes[count] >= 0)
		count++;
	return count;
}

static void check(const struct assembly *assembly, const struct model *model)
{
	uint32_t prefix = assembly_prefix(assembly);

	g_assert_cmpuint(prefix, ==, model_prefix(model));
	for (uint32_t i = 0; i < prefix; i++)
		g_assert_cmpint(assembly->bytes[i], ==, model->bytes[i]);
}

static void add_both(struct assembly *assembly, struct model *model, GRand *rand)
{
	uint32_t offset = (uint32_t)g_rand_int_range(rand, 0, SIZE - 40);
	uint32_t count = (uint32_t)g_rand_int_range(rand, 0, 40);
	uint8_t bytes[40];

	for (uint32_t i = 0; i < count; i++)
		bytes[i] = (uint8_t)g_rand_int(rand);
	if (!assembly_add(assembly, offset, bytes, count, SIZE))
		return; /* too many gaps */
	for (uint32_t i = 0; i < count; i++) {
		if (model->bytes[offset + i] < 0)
			model->bytes[offset + i] = bytes[i];
	}
}

static void test_against_model(void)
{
	GRand *rand = g_rand_new_with_seed(3);

	for (unsigned run = 0; run < 300; run++) {
		struct assembly assembly = {0};
		struct model model;

		memset(&model, 0xff, sizeof(model));
		for (unsigned turn = 0; turn < 60; turn++) {
			add_both(&assembly, &model, rand);
			check(&assembly, &model);
		}
		if (assembly_prefix(&assembly) > 3) {
			assembly_consume(&assembly, 3);
			memmove(model.bytes, model.bytes + 3, sizeof(int) * (SIZE - 3));
			memset(model.bytes + SIZE - 3, 0xff, sizeof(int) * 3);
			check(&assembly, &model);
		}
		assembly_clear(&assembly);
	}
	g_rand_free(rand);
}

static void test_bounds(void)
{
	struct assembly assembly = {0};
	uint8_t byte = 7;

	g_assert_false(assembly_add(&assembly, 10, &byte, 1, 10));
	g_assert_false(assembly_add(&assembly, UINT32_MAX, &byte, 1, 10));
	g_assert_true(assembly_add(&assembly, 9, &byte, 1, 10));
	for (uint32_t i = 1; i < ASSEMBLY_RANGES_MAX; i++)
		g_assert_true(assembly_add(&assembly, 9 + 2 * i, &byte, 1, 1000));
	g_assert_false(assembly_add(&assembly, 500, &byte, 1, 1000));
	g_assert_true(assembly_add(&assembly, 10, &byte, 1, 1000)); /* closes a gap */
	g_assert_true(assembly_add(&assembly, 500, &byte, 1, 1000));
	g_assert_cmpuint(assembly_prefix(&assembly), ==, 0);
	assembly_clear(&assembly);
	g_assert_cmpuint(assembly_prefix(&assembly), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/assembly/against-model", test_against_model);
	g_test_add_func("/assembly/bounds", test_bounds);
	return g_test_run();
}
