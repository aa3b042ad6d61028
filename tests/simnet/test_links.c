/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What links do to packets, against what their keys promise. */
#include "tests.h"

#include "links.h"

#define MS ST_NS_PER_MS
#define PACKETS 2000

/* One link with its random numbers. */
struct bench {
	GRand *random;
	struct links *links;
	struct sim_link how;
};

static struct bench bench(const char *keys)
{
	char *text = g_strdup_printf("[destination]\n%s\n[flow a]\n", keys);
	struct scenario *s = scenario_of(text);
	struct bench bench = {.random = g_rand_new_with_seed(1), .how = s->last_link};

	bench.links = links_new(1, bench.random);
	scenario_free(s);
	g_free(text);
	return bench;
}

static void clear(struct bench *b)
{
	links_free(b->links);
	g_rand_free(b->random);
}

/* When the packet comes out, or 0 if it does not. */
static uint64_t carry(struct bench *b, enum side towards, uint64_t now, size_t bytes)
{
	uint64_t arrivals[LINK_COPIES_MAX];
	size_t copies = links_carry(b->links, 0, &b->how, towards, now, bytes, arrivals);

	return copies ? arrivals[0] : 0;
}

/* 1,250 bytes at 10 Mbit/s take 1 ms; each waits for those before it, each way for itself. */
static void test_bandwidth(void)
{
	struct bench b = bench("delay=20ms\nbandwidth=10Mbit");

	for (uint64_t i = 1; i <= 10; i++)
		g_assert_cmpuint(carry(&b, SIDE_FAR, 0, 1250), ==, (20 + i) * MS);
	g_assert_cmpuint(carry(&b, SIDE_NEAR, 0, 1250), ==, 21 * MS);
	g_assert_cmpuint(carry(&b, SIDE_FAR, 5 * MS, 125), ==, 30 * MS + MS / 10);
	g_assert_cmpuint(carry(&b, SIDE_FAR, 50 * MS, 1250), ==, 71 * MS);
	clear(&b);
}

/* The one being sent does not count as waiting; room comes back as packets leave. */
static void check_queue(const char *keys, size_t room)
{
	struct bench b = bench(keys);

	for (size_t i = 0; i <= room; i++)
		g_assert_cmpuint(carry(&b, SIDE_FAR, 0, 1250), >, 0);
	g_assert_cmpuint(carry(&b, SIDE_FAR, 0, 1250), ==, 0);
	g_assert_cmpuint(carry(&b, SIDE_NEAR, 0, 1250), >, 0);
	g_assert_cmpuint(carry(&b, SIDE_FAR, 1 * MS - 1, 1250), ==, 0);
	g_assert_cmpuint(carry(&b, SIDE_FAR, 1 * MS, 1250), >, 0);
	g_assert_cmpuint(carry(&b, SIDE_FAR, 1 * MS, 1250), ==, 0);
	g_assert_cmpuint(links_counts(b.links)->overflowed, ==, 3);
	clear(&b);
}

static void test_queue(void)
{
	check_queue("bandwidth=10Mbit\nqueue=5packets", 5);
	check_queue("bandwidth=10Mbit\nqueue=4kB", 3);
	check_queue("bandwidth=10Mbit\nqueue=0packets", 0);
}

/* All of the range is used, and nobody overtakes. */
static void test_jitter(void)
{
	struct bench b = bench("delay=20ms\njitter=4ms");
	uint64_t least = ST_NEVER, most = 0, last = 0;

	for (uint64_t i = 0; i < PACKETS; i++) {
		uint64_t sent = i * MS, arrives = carry(&b, SIDE_FAR, sent, 100);

		g_assert_cmpuint(arrives, >=, last);
		least = MIN(least, arrives - sent);
		most = MAX(most, arrives - sent);
		last = arrives;
	}
	g_assert_cmpuint(least, >=, 20 * MS);
	g_assert_cmpuint(least, <, 21 * MS);
	g_assert_cmpuint(most, <=, 24 * MS);
	g_assert_cmpuint(most, >, 23 * MS);
	clear(&b);
}

/* A tenth is held back by the time given, and those alone are overtaken. */
static void test_reorder(void)
{
	struct bench b = bench("delay=20ms\nreorder=0.1\nreorder-delay=3ms");
	size_t late = 0;

	for (uint64_t i = 0; i < PACKETS; i++) {
		uint64_t way = carry(&b, SIDE_FAR, i * MS, 100) - i * MS;

		g_assert_true(way == 20 * MS || way == 23 * MS);
		late += way == 23 * MS;
	}
	g_assert_cmpuint(late, ==, links_counts(b.links)->held_back);
	g_assert_cmpuint(late, >, PACKETS / 20);
	g_assert_cmpuint(late, <, PACKETS / 5);
	clear(&b);
}

static void test_loss_and_doubles(void)
{
	struct bench b = bench("loss=0.1\nduplicate=0.1");
	uint64_t arrivals[LINK_COPIES_MAX];
	size_t by_copies[LINK_COPIES_MAX + 1] = {0};

	for (size_t i = 0; i < PACKETS; i++)
		by_copies[links_carry(b.links, 0, &b.how, SIDE_FAR, 0, 100, arrivals)]++;
	g_assert_cmpuint(by_copies[0], ==, links_counts(b.links)->lost);
	g_assert_cmpuint(by_copies[2], ==, links_counts(b.links)->doubled);
	for (size_t copies = 0; copies <= 2; copies += 2) {
		g_assert_cmpuint(by_copies[copies], >, PACKETS / 20);
		g_assert_cmpuint(by_copies[copies], <, PACKETS / 5);
	}
	clear(&b);
}

void add_link_tests(void)
{
	g_test_add_func("/links/bandwidth", test_bandwidth);
	g_test_add_func("/links/queue", test_queue);
	g_test_add_func("/links/jitter", test_jitter);
	g_test_add_func("/links/reorder", test_reorder);
	g_test_add_func("/links/loss-and-doubles", test_loss_and_doubles);
}
