/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Internet checksum against known vectors and against RFC 1071's definition done slowly. */
#include "base/checksum.h"

#include <glib.h>
#include <string.h>

static uint16_t checksum_of(const void *bytes, size_t count)
{
	return checksum_finish(checksum_add(0, bytes, count));
}

/* One's complement addition as the RFC words it: the carry is added back at once. */
static uint16_t slow_checksum(const uint8_t *bytes, size_t count)
{
	uint16_t sum = 0;

	for (size_t i = 0; i < count; i++) {
		uint16_t word = i % 2 ? bytes[i] : (uint16_t)(bytes[i] * 256);
		uint16_t before = sum;

		sum = (uint16_t)(sum + word);
		if (sum < before)
			sum++;
	}
	return (uint16_t)(0xffff - sum);
}

static void test_vectors(void)
{
	/* RFC 1071, 3: the sum is ddf2 */
	static const uint8_t rfc[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	static const uint8_t header[] = {0x45, 0x00, 0x00, 0x73, 0x00, 0x00, 0x40,
					 0x00, 0x40, 0x11, 0x00, 0x00, 0xc0, 0xa8,
					 0x00, 0x01, 0xc0, 0xa8, 0x00, 0xc7};
	static const uint8_t ones[] = {0xff, 0xff, 0xff, 0xff};
	static const uint8_t odd[] = {0x12, 0x34, 0x56};
	uint8_t filled[sizeof(header)];

	g_assert_cmphex(checksum_of(rfc, sizeof(rfc)), ==, 0xffff - 0xddf2);
	g_assert_cmphex(checksum_of(header, sizeof(header)), ==, 0xb861);
	g_assert_cmphex(checksum_of(ones, sizeof(ones)), ==, 0);
	g_assert_cmphex(checksum_of(odd, sizeof(odd)), ==, 0xffff - 0x1234 - 0x5600);
	g_assert_cmphex(checksum_of(NULL, 0), ==, 0xffff);
	memcpy(filled, header, sizeof(header));
	filled[10] = 0xb8;
	filled[11] = 0x61;
	g_assert_cmphex(checksum_of(filled, sizeof(filled)), ==, 0);
}

static void test_against_slow(void)
{
	for (int i = 0; i < 5000; i++) {
		size_t count = (size_t)g_test_rand_int_range(0, 300);
		uint8_t *bytes = g_malloc(count);

		for (size_t j = 0; j < count; j++)
			bytes[j] = i % 2 ? 0xff : (uint8_t)g_test_rand_int();
		g_assert_cmphex(checksum_of(bytes, count), ==, slow_checksum(bytes, count));
		g_free(bytes);
	}
}

static void test_in_pieces(void)
{
	uint8_t bytes[128];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)g_test_rand_int();
	for (size_t first = 0; first <= sizeof(bytes); first += 2) {
		uint64_t sum = checksum_add(0, bytes, first);

		sum = checksum_add(sum, bytes + first, sizeof(bytes) - first);
		g_assert_cmphex(checksum_finish(sum), ==, checksum_of(bytes, sizeof(bytes)));
	}
	/* a number counts as the 16-bit words it is made of */
	g_assert_cmphex(checksum_finish(checksum_add(0x12345678, bytes, 0)), ==,
			0xffff - 0x1234 - 0x5678);
}

static void test_long_run(void)
{
	size_t count = 1 << 20;
	uint8_t *bytes = g_malloc(count);

	memset(bytes, 0xff, count);
	g_assert_cmphex(checksum_of(bytes, count), ==, slow_checksum(bytes, count));
	g_free(bytes);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/checksum/vectors", test_vectors);
	g_test_add_func("/checksum/against-slow", test_against_slow);
	g_test_add_func("/checksum/in-pieces", test_in_pieces);
	g_test_add_func("/checksum/long-run", test_long_run);
	return g_test_run();
}
