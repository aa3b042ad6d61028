/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What others put on the wire: altered quotes, other tracers, flows that pass by, forgeries. */
#include "tracer_lab.h"

static void test_odd_frames_are_counted(void)
{
	struct st_config config = make_config();
	struct lab lab = make_lab(&config);
	struct sent sent;
	uint8_t nothing[64] = {0};

	open_flow(&lab, true);
	g_assert_true(send_one(&lab, &sent));
	show_bytes(&lab, nothing, 3, ST_DIRECTION_IN, 0);
	show_bytes(&lab, nothing, 64, ST_DIRECTION_IN, 0);
	for (size_t quoted = 0; quoted < 28; quoted++)
		answer(&lab, &sent, 0x0a000101U, quoted);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->frames_truncated, ==, 1);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->frames_unsupported, ==, 1);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->errors_malformed, ==, 20);
	/* 20 to 23 bytes name no flow; 24 to 27 name the flow and agree in identification */
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->errors_unmatched, ==, 4);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->replies, ==, 1);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->replies_duplicate, ==, 3);
	st_tracer_free(lab.tracer);
}

/* The reply to a probe whose quote was changed at `at`, or NULL. */
static const struct st_reply *reply_to_changed(struct lab *lab, size_t at, unsigned value,
					       struct st_event *event)
{
	struct sent sent;

	g_assert_true(send_one(lab, &sent));
	sent.bytes[14 + at] = (uint8_t)value;
	answer(lab, &sent, 0x0a000100U + sent.probe.ttl, 28);
	return next_event(lab, ST_EVENT_REPLY, event) ? event->reply : NULL;
}

static void test_two_keys_or_none(void)
{
	struct st_config config = make_config();
	struct lab lab = make_lab(&config);
	struct st_event event;

	open_flow(&lab, true);
	/* identification, sequence number, source address, source port */
	g_assert_cmpuint(reply_to_changed(&lab, 4, 0x55, &event)->matched_by, ==,
			 ST_MATCH_TUPLE | ST_MATCH_SEQ);
	g_assert_null(reply_to_changed(&lab, 24, 0x55, &event));
	g_assert_cmpuint(reply_to_changed(&lab, 12, 0x55, &event)->matched_by, ==,
			 ST_MATCH_PEER | ST_MATCH_IPID | ST_MATCH_SEQ);
	g_assert_cmpuint(reply_to_changed(&lab, 20, 0x55, &event)->matched_by, ==,
			 ST_MATCH_PEER | ST_MATCH_IPID | ST_MATCH_SEQ);
	st_tracer_finish(lab.tracer, lab.now);
	g_assert_true(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	g_assert_cmpstr(event.result->notes[0].kind, ==, "nat");
	st_tracer_free(lab.tracer);
}

static void test_another_tracer_in_the_same_flow(void)
{
	struct st_config config = make_config();
	struct lab lab = make_lab(&config);
	struct st_event event;
	struct sent ours, theirs;

	open_flow(&lab, true);
	g_assert_true(send_one(&lab, &ours));
	/* The same sequence number, another TTL and identification. */
	theirs = ours;
	theirs.bytes[14 + 8] = 3;
	theirs.bytes[14 + 4] ^= 0x55;
	show_bytes(&lab, theirs.bytes, theirs.probe.frame_bytes, ST_DIRECTION_OUT, 0);
	answer(&lab, &theirs, 0x0a000103U, 28);
	g_assert_false(next_event(&lab, ST_EVENT_REPLY, &event));
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->replies_foreign, ==, 1);
	/* Without identification nothing tells whose it is. */
	theirs.bytes[14 + 4] ^= 0x0f;
	answer(&lab, &theirs, 0x0a000103U, 28);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->errors_unmatched, ==, 1);
	answer(&lab, &ours, 0x0a000101U, 28);
	g_assert_true(next_event(&lab, ST_EVENT_REPLY, &event));
	g_assert_cmpuint(event.ttl, ==, 1);
	st_tracer_finish(lab.tracer, lab.now);
	g_assert_true(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	g_assert_false(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	st_tracer_free(lab.tracer);
}

static void test_redirects_are_no_hops(void)
{
	struct st_config config = make_config();
	struct lab lab = make_lab(&config);
	struct st_event event;
	struct sent sent;

	open_flow(&lab, true);
	g_assert_true(send_one(&lab, &sent));
	send_error(&lab, 5, sent.bytes + 14, 0x0a0000feU, 28); /* redirect */
	send_error(&lab, 4, sent.bytes + 14, 0x0a0000feU, 28); /* source quench */
	g_assert_false(next_event(&lab, ST_EVENT_REPLY, &event));
	send_error(&lab, 3, sent.bytes + 14, 0x0a0000feU, 28);
	g_assert_true(next_event(&lab, ST_EVENT_REPLY, &event));
	st_tracer_free(lab.tracer);
}

/* On a bridge's port, or a mirror's: no frame of the flow is ours. */
static void test_nothing_into_flows_that_pass_by(void)
{
	struct st_config config = make_config();
	struct lab lab = make_lab(&config);
	struct sent sent;

	show_tcp_going(&lab, true, ST_DIRECTION_IN, ST_TCP_SYN, 1000, 0, 0, true);
	show_tcp_going(&lab, false, ST_DIRECTION_IN, ST_TCP_SYN | ACK, 5000, 1001, 0, true);
	show_tcp_going(&lab, true, ST_DIRECTION_IN, ACK, 1001, 5001, 600, false);
	show_tcp_going(&lab, false, ST_DIRECTION_IN, ACK, 5001, 1601, 0, false);
	show_tcp_going(&lab, true, ST_DIRECTION_IN, ACK, 1601, 5001, 600, false);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_seen, ==, 1);
	g_assert_false(send_one(&lab, &sent));
	st_tracer_free(lab.tracer);
}

static void test_our_own_address_from_outside(void)
{
	struct st_config config = make_config();
	struct lab lab = make_lab(&config);
	struct sent sent;

	open_flow(&lab, true);
	show_tcp_going(&lab, true, ST_DIRECTION_IN, ACK, 0x70000000, 5001, 600, false);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->frames_astray, ==, 1);
	g_assert_true(send_one(&lab, &sent));
	g_assert_cmpuint(sent.bytes[14 + 20 + 4], ==, 0); /* not the forged sequence number */
	st_tracer_free(lab.tracer);
}

/* An ACK that its own data overtook, by a path two hops longer. */
static void test_a_late_ack_is_no_trace(void)
{
	struct st_config config = make_config();
	struct lab lab;
	struct st_event event;
	struct wire wire = {0};

	config.active = false;
	lab = make_lab(&config);
	open_flow(&lab, true);
	wire_ethernet(&wire, 0x0800);
	put_ip4(&wire, 6, 20, CLIENT, SERVER, 62);
	wire_u16(&wire, lab.port);
	wire_u16(&wire, 443);
	wire_u32(&wire, 1001);
	wire_u32(&wire, 5001);
	wire_u32(&wire, 0x501001f5);
	wire_u32(&wire, 0);
	show_bytes(&lab, wire.bytes, wire.count, ST_DIRECTION_UNKNOWN, 0);
	st_tracer_finish(lab.tracer, lab.now);
	g_assert_false(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	st_tracer_free(lab.tracer);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/strangers/odd-frames", test_odd_frames_are_counted);
	g_test_add_func("/strangers/two-keys-or-none", test_two_keys_or_none);
	g_test_add_func("/strangers/another-tracer", test_another_tracer_in_the_same_flow);
	g_test_add_func("/strangers/redirects", test_redirects_are_no_hops);
	g_test_add_func("/strangers/flows-that-pass-by", test_nothing_into_flows_that_pass_by);
	g_test_add_func("/strangers/own-address-from-outside", test_our_own_address_from_outside);
	g_test_add_func("/strangers/late-ack", test_a_late_ack_is_no_trace);
	return g_test_run();
}
