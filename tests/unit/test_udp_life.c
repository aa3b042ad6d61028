/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a UDP flow is over, and when it is traced again. */
#include "udp_lab.h"

static void test_silence_ends_it(void)
{
	struct st_config config = make_config();
	struct lab lab;
	struct path path = {0};
	struct st_event event;

	config.max_ttl = 200;
	config.algorithm = ST_ALGORITHM_PACKET_BY_PACKET;
	config.max_missing = 0;
	config.flow_timeout_ns = 10 * ST_NS_PER_S;
	lab = begin_udp(&config, &TALK_6, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_FLOW_TIMEOUT);
	g_assert_cmpuint(path.total, ==, 5); /* one every two seconds */
	lab.now += 3 * ST_NS_PER_S;
	st_tracer_wake(lab.tracer, lab.now);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_known, ==, 0);
	exchange(&lab, &TALK_6);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_seen, ==, 2);
	st_tracer_free(lab.tracer);
}

static void test_traced_again(void)
{
	struct st_config config = udp_config();
	struct lab lab;
	uint64_t first_end;
	GHashTable *lengths = g_hash_table_new(NULL, NULL);

	config.retrace_ns = 5 * ST_NS_PER_S;
	config.max_ttl = 2;
	lab = make_lab(&config);
	exchange(&lab, &TALK_6);
	for (unsigned trace = 1; trace <= 3; trace++) {
		struct st_event event;
		struct sent sent;

		tell_socket(&lab, ST_SOCKET_QUIET);
		while (send_one(&lab, &sent)) {
			g_assert_true(
				g_hash_table_add(lengths, GUINT_TO_POINTER(udp_field(&sent, 4))));
			reply_to(&lab, &sent, sent.probe.ttl);
			lab.now += 200 * MS;
		}
		g_assert_true(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
		g_assert_cmpuint(event.result->number, ==, trace);
		g_assert_cmpuint(event.result->flow_id, ==, 1);
		first_end = lab.now;
		lab.now = st_tracer_next_wakeup(lab.tracer); /* the trace has rested */
		st_tracer_wake(lab.tracer, lab.now);
		lab.now = st_tracer_next_wakeup(lab.tracer);
		g_assert_cmpuint(lab.now - first_end, <=, config.retrace_ns);
		g_assert_cmpuint(lab.now - first_end, >=, config.retrace_ns - ST_NS_PER_S);
		st_tracer_wake(lab.tracer, lab.now);
	}
	g_assert_cmpuint(g_hash_table_size(lengths), ==, 3 * 6);
	g_hash_table_unref(lengths);
	st_tracer_free(lab.tracer);
}

/* Sooner than its last trace has rested. */
static void test_traced_again_soon(void)
{
	struct st_config config = udp_config();
	struct lab lab;
	struct path path = {.answering = DISTANCE};
	struct st_event event;

	config.retrace_ns = 100 * MS;
	config.max_ttl = 2;
	lab = begin_udp(&config, &TALK_6, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(st_tracer_next_wakeup(lab.tracer), <=, lab.now + config.retrace_ns);
	lab.now += config.retrace_ns;
	st_tracer_wake(lab.tracer, lab.now);
	tell_socket(&lab, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(event.result->number, ==, 2);
	st_tracer_free(lab.tracer);
}

/* Probes of somebody else in a capture: the trace is told of when the flow is over. */
static void test_observed_until_silence(void)
{
	struct st_config config = make_config();
	struct lab live, lab;
	struct st_event event;
	struct sent sent;

	config.flow_timeout_ns = 10 * ST_NS_PER_S;
	live = begin_udp(&config, &TALK_6, ST_SOCKET_QUIET);
	g_assert_true(send_one(&live, &sent));
	st_tracer_free(live.tracer);
	config.active = false;
	lab = make_lab(&config);
	exchange(&lab, &TALK_6);
	lab.now += 9 * ST_NS_PER_S;
	show_bytes(&lab, sent.bytes, sent.probe.frame_bytes, ST_DIRECTION_OUT, 1);
	lab.now += 2 * ST_NS_PER_S - MS; /* the flow has been silent, the probe is still awaited */
	reply_to(&lab, &sent, 1);
	lab.now += config.wait_ns;
	st_tracer_wake(lab.tracer, lab.now);
	g_assert_true(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	g_assert_cmpuint(event.result->replies_received, ==, 1);
	st_tracer_free(lab.tracer);
}

/* A damaged capture can put a flow at the end of all time. */
static void test_end_of_the_clock(void)
{
	struct st_config config = make_config();
	struct lab lab;

	config.active = false;
	lab = make_lab(&config);
	lab.now = ST_NEVER - 1;
	exchange(&lab, &TALK_4);
	st_tracer_wake(lab.tracer, ST_NEVER - 1);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_known, ==, 1);
	st_tracer_free(lab.tracer);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/udp/silence", test_silence_ends_it);
	g_test_add_func("/udp/traced-again", test_traced_again);
	g_test_add_func("/udp/traced-again-soon", test_traced_again_soon);
	g_test_add_func("/udp/observed", test_observed_until_silence);
	g_test_add_func("/udp/end-of-the-clock", test_end_of_the_clock);
	return g_test_run();
}
