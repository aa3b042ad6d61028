/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Classic traceroutes that go other ways, packets that are alike, and what only looks like one. */
#include "session_lab.h"

/* No router answers what goes to a group: looking farther and farther for a service is no
 * traceroute. */
static void test_ladder_to_a_group(void)
{
	struct lab lab = watch();

	for (unsigned i = 0; i < 5; i++) {
		struct shot shot = rising(i, 1);

		shot.destination = 0xeffffffa;
		shoot(&lab, &shot);
	}
	assert_none(&lab);
}

/* Whole connections, each with a small TTL one higher than the last: to a neighbour all of them get
 * there. */
static void test_connections_are_no_ladder(void)
{
	struct lab lab = watch();

	for (unsigned ttl = 1; ttl <= 4; ttl++) {
		struct shot shot = syn(ttl);

		shoot(&lab, &shot);
	}
	for (unsigned ttl = 1; ttl <= 4; ttl++) {
		struct shot shot = syn(ttl);

		show_tcp_answer(&lab, ttl, ST_TCP_SYN | ACK, 7, shot.seq + 1);
		shot.flags = ACK;
		shot.seq++;
		shot.ack = 8;
		shoot(&lab, &shot);
		shot.payload = 10;
		shoot(&lab, &shot);
	}
	assert_none(&lab);
}

/* From far to near: the destination's answers come before anything proves the probes. */
static void test_answers_before_the_proof(void)
{
	struct lab lab = watch();
	const struct st_trace *trace;

	for (unsigned ttl = 4; ttl >= 1; ttl--) {
		struct shot shot = syn(ttl);

		shoot(&lab, &shot);
		if (ttl > 2)
			show_tcp_answer(&lab, ttl, ST_TCP_RST | ACK, 0, shot.seq + 1);
		else
			expire(&lab, &shot, ROUTER(ttl));
	}
	end(&lab);
	trace = next_trace(&lab);
	assert_hops(trace, "1:1/1 2:1/1 3:1/1");
	g_assert_cmpuint(trace->distance, ==, 3);
	st_tracer_free(lab.tracer);
}

/* One 5-tuple and sequence number for all, and a router that is silent: the answer is the latest's.
 */
static void test_alike_behind_a_silent_router(void)
{
	struct lab lab = watch();
	struct shot shot = syn(1);

	for (shot.ttl = 1; shot.ttl <= 3; shot.ttl++) {
		shot.ip_id = shot.ttl;
		lab.now += 200 * MS;
		shoot(&lab, &shot);
		if (shot.ttl == 1)
			expire(&lab, &shot, ROUTER(1));
	}
	show_tcp_answer(&lab, 1, ST_TCP_RST | ACK, 0, shot.seq + 1);
	assert_only(&lab, "1:1/1 2:1/0 3:1/1");
}

/* What leaves after the reply to the same packet is another one. */
static void test_alike_one_after_the_other(void)
{
	struct lab lab = watch();
	struct shot shot = rising(0, 1);

	shot.ip_id = 0;
	for (unsigned i = 0; i < 3; i++) {
		lab.now -= MS; /* at once */
		shoot(&lab, &shot);
		expire(&lab, &shot, ROUTER(1));
		lab.now -= 2 * MS;
	}
	assert_only(&lab, "1:3/3");
}

/* A quote with another identification waits for its probe, if that is what tells them apart. */
static void test_identification_of_what_comes_later(void)
{
	struct lab lab = watch();
	const struct st_trace *trace;
	struct shot one = rising(0, 1), other = one;

	other.ttl = 2;
	other.ip_id++;
	shoot(&lab, &one);
	expire(&lab, &one, ROUTER(1));
	expire(&lab, &other, ROUTER(2));
	shoot(&lab, &other);
	end(&lab);
	trace = next_trace(&lab);
	assert_hops(trace, "1:1/1 2:1/1");
	g_assert_cmpuint(trace->hops[1].replies[0].address.bytes[3], ==, 2);
	st_tracer_free(lab.tracer);
}

/* A silent router does not make one trace of mtr's cycles. */
static void test_cycles_with_a_silent_router(void)
{
	struct lab lab = watch();

	for (unsigned i = 0; i < 12; i++) {
		struct shot shot = rising(i, 1);

		shot.ttl = 1 + i % 4;
		lab.now += 250 * MS;
		shoot(&lab, &shot);
		if (shot.ttl != 2)
			expire(&lab, &shot, ROUTER(shot.ttl));
	}
	end(&lab);
	for (int i = 0; i < 3; i++)
		assert_hops(next_trace(&lab), "1:1/1 2:1/0 3:1/1 4:1/1");
	g_assert_null(next_trace(&lab));
	st_tracer_free(lab.tracer);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sessions/group", test_ladder_to_a_group);
	g_test_add_func("/sessions/connections", test_connections_are_no_ladder);
	g_test_add_func("/sessions/answers-first", test_answers_before_the_proof);
	g_test_add_func("/sessions/silent-router", test_alike_behind_a_silent_router);
	g_test_add_func("/sessions/alike", test_alike_one_after_the_other);
	g_test_add_func("/sessions/identification", test_identification_of_what_comes_later);
	g_test_add_func("/sessions/silent-cycles", test_cycles_with_a_silent_router);
	return g_test_run();
}
