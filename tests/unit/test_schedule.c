/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The three algorithms of the paper: order, waiting and spacing of probes. */
#include "trace/schedule.h"

#include <glib.h>

#define MS ST_NS_PER_MS

static struct schedule make(enum st_algorithm algorithm, uint8_t first, uint8_t last)
{
	struct st_config config;
	struct schedule schedule;

	st_config_init(&config);
	config.algorithm = algorithm;
	config.first_ttl = first;
	config.max_ttl = last;
	config.inter_probe_ns = 2 * MS;
	config.inter_iteration_ns = 5 * MS;
	schedule_init(&schedule, &config, 100 * MS);
	return schedule;
}

static void test_order_and_gaps(void)
{
	struct schedule s = make(ST_ALGORITHM_CONCURRENT, 3, 4);
	const uint64_t due[] = {100, 102, 104, 109, 111, 113};

	for (unsigned i = 0; i < G_N_ELEMENTS(due); i++) {
		g_assert_cmpuint(s.ttl, ==, 3 + i / 3);
		g_assert_cmpuint(s.index, ==, 1 + i % 3);
		g_assert_cmpuint(schedule_due(&s, 96), ==, due[i] * MS);
		schedule_advance(&s, due[i] * MS);
	}
	g_assert_true(schedule_is_complete(&s));
	g_assert_cmpuint(schedule_due(&s, 0), ==, ST_NEVER);
}

static void test_hop_by_hop_waits_between_trains(void)
{
	struct schedule s = make(ST_ALGORITHM_HOP_BY_HOP, 1, 2);

	for (unsigned i = 0; i < 3; i++) {
		g_assert_cmpuint(schedule_due(&s, i), !=, ST_NEVER);
		schedule_advance(&s, 100 * MS);
	}
	g_assert_cmpuint(schedule_due(&s, 1), ==, ST_NEVER);
	g_assert_cmpuint(schedule_due(&s, 0), ==, 105 * MS);
}

static void test_packet_by_packet_waits_always(void)
{
	struct schedule s = make(ST_ALGORITHM_PACKET_BY_PACKET, 1, 2);

	g_assert_cmpuint(schedule_due(&s, 0), ==, 100 * MS);
	schedule_advance(&s, 100 * MS);
	g_assert_cmpuint(schedule_due(&s, 1), ==, ST_NEVER);
	g_assert_cmpuint(schedule_due(&s, 0), ==, 102 * MS);
}

static void test_slow_beyond(void)
{
	struct schedule s = make(ST_ALGORITHM_CONCURRENT, 1, 32);

	s.slow_from_ttl = 2;
	s.slow_ns = 50 * MS;
	for (unsigned i = 0; i < 2; i++)
		schedule_advance(&s, 0);
	g_assert_cmpuint(s.earliest_ns, ==, 2 * MS);
	schedule_advance(&s, 0); /* the next has TTL 2 */
	g_assert_cmpuint(s.earliest_ns, ==, 50 * MS);
}

static void test_cut_and_stop(void)
{
	struct schedule s = make(ST_ALGORITHM_CONCURRENT, 1, 32);

	schedule_cut(&s, 1);
	schedule_cut(&s, 9); /* never widens */
	for (unsigned i = 0; i < 3; i++) {
		g_assert_false(schedule_is_complete(&s));
		schedule_advance(&s, 0);
	}
	g_assert_true(schedule_is_complete(&s));
	s = make(ST_ALGORITHM_CONCURRENT, 1, 255);
	schedule_stop(&s);
	g_assert_true(schedule_is_complete(&s));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/schedule/order-and-gaps", test_order_and_gaps);
	g_test_add_func("/schedule/hop-by-hop", test_hop_by_hop_waits_between_trains);
	g_test_add_func("/schedule/packet-by-packet", test_packet_by_packet_waits_always);
	g_test_add_func("/schedule/slow-beyond", test_slow_beyond);
	g_test_add_func("/schedule/cut-and-stop", test_cut_and_stop);
	return g_test_run();
}
