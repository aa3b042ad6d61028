/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The facade: one flow's trace, its safety rules, queues and bounds. Whole
 * networks are the simulated network's business (tests/simnet).
 */
#include "tracer_lab.h"

static void test_one_trace(void)
{
	struct st_config config = make_config();
	struct lab lab = make_lab(&config);
	struct st_event event;
	struct sent sent;
	unsigned count = 0;

	g_assert_cmpuint(st_tracer_next_wakeup(lab.tracer), ==, ST_NEVER);
	open_flow(&lab, true);
	for (; send_one(&lab, &sent); count++) {
		g_assert_cmpuint(sent.probe.interface, ==, 7);
		g_assert_cmpuint(sent.probe.ttl, ==, 1 + count / 3);
		if (sent.probe.ttl < 4)
			answer(&lab, &sent, 0x0a000100U + sent.probe.ttl, 28);
	}
	g_assert_cmpuint(count, ==, 12);
	g_assert_false(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	lab.now += 2000 * MS;
	st_tracer_wake(lab.tracer, lab.now);
	g_assert_true(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	g_assert_cmpuint(event.result->hop_count, ==, 4);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_MAX_TTL);
	g_assert_cmpuint(event.result->probes_sent, ==, 12);
	g_assert_cmpuint(event.result->replies_received, ==, 9);
	g_assert_cmpuint(event.result->hops[2].replies[1].probe, ==, 2);
	g_assert_cmpuint(event.result->hops[2].replies[1].address.bytes[3], ==, 3);
	g_assert_cmpuint(event.result->hops[2].replies[1].matched_by, ==,
			 ST_MATCH_TUPLE | ST_MATCH_IPID | ST_MATCH_SEQ);
	g_assert_cmpuint(event.result->hops[3].reply_count, ==, 0);
	st_tracer_free(lab.tracer);
}

static void test_own_probes_change_nothing(void)
{
	struct st_config config = make_config();
	struct lab lab = make_lab(&config);
	struct sent first, later;

	config.max_ttl = 1;
	open_flow(&lab, true);
	g_assert_true(send_one(&lab, &first));
	g_assert_true(send_one(&lab, &later));
	/* The same bytes but for TTL, IPID, sequence number and checksums. */
	g_assert_true(memcmp(first.bytes, later.bytes, 18) == 0);
	g_assert_true(memcmp(first.bytes + 26, later.bytes + 26, 8) == 0);
	g_assert_true(memcmp(first.bytes + 42, later.bytes + 42, 8) == 0);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_seen, ==, 1);
	st_tracer_free(lab.tracer);
}

static void test_no_probe_before_the_peer_speaks(void)
{
	struct st_config config = make_config();
	struct lab lab = make_lab(&config);
	struct sent sent;

	show_tcp(&lab, true, ST_TCP_SYN, 1000, 0, 0, true);
	show_tcp(&lab, false, ST_TCP_SYN | ACK, 5000, 1001, 0, true);
	show_tcp(&lab, true, ACK, 1001, 5001, 0, false);
	show_tcp(&lab, true, ACK, 1001, 5001, 600, false);
	show_tcp(&lab, false, ST_TCP_SYN | ACK, 5000, 1001, 0, true); /* the third ACK was lost */
	g_assert_false(send_one(&lab, &sent));
	show_tcp(&lab, false, ACK, 5001, 1601, 0, false);
	g_assert_true(send_one(&lab, &sent));
	st_tracer_free(lab.tracer);
}

static void test_none_after_fin(void)
{
	struct st_config config = make_config();
	struct lab lab = make_lab(&config);
	struct st_event event;
	struct sent sent;

	open_flow(&lab, true);
	g_assert_true(send_one(&lab, &sent));
	show_tcp(&lab, false, ACK | ST_TCP_FIN, 5001, 1601, 0, false);
	g_assert_false(send_one(&lab, &sent));
	answer(&lab, &sent, 0x0a000101U, 28);
	g_assert_true(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_FLOW_CLOSED);
	g_assert_cmpuint(event.result->replies_received, ==, 1);
	st_tracer_free(lab.tracer);
}

static void test_close_between_two_probes(void)
{
	struct st_config config = make_config();
	struct lab lab;
	struct st_event event;
	struct sent sent;

	config.inter_probe_ns = MS;
	lab = make_lab(&config);
	open_flow(&lab, true);
	g_assert_true(send_one(&lab, &sent));
	answer(&lab, &sent, 0x0a000101U, 28);
	/* Nothing is awaited, but not all is sent. */
	show_tcp(&lab, false, ACK | ST_TCP_FIN, 5001, 1601, 0, false);
	g_assert_true(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_FLOW_CLOSED);
	st_tracer_free(lab.tracer);
}

static void test_exact_needs_sack(void)
{
	struct st_config config = make_config();
	struct lab lab;
	struct st_event event;
	struct sent sent;

	config.tcp_probe = ST_TCP_PROBE_EXACT;
	lab = make_lab(&config);
	open_flow(&lab, false);
	g_assert_false(send_one(&lab, &sent));
	g_assert_true(next_event(&lab, ST_EVENT_FLOW_REFUSED, &event));
	g_assert_nonnull(strstr(event.reason, "SACK"));
	lab.port++;
	open_flow(&lab, true);
	g_assert_false(send_one(&lab, &sent)); /* a socket with IP_RECVERR would feel it */
	tell_socket(&lab, ST_SOCKET_QUIET);
	g_assert_true(send_one(&lab, &sent));
	/* seq and ack of the flow's last packet */
	g_assert_cmpuint(sent.bytes[14 + 20 + 6], ==, 1601 >> 8);
	g_assert_cmpuint(sent.bytes[14 + 20 + 7], ==, 1601 & 0xff);
	g_assert_cmpuint(sent.bytes[14 + 20 + 11], ==, 5001 & 0xff);
	st_tracer_free(lab.tracer);
}

static void test_max_flows_queues(void)
{
	struct st_config config = make_config();
	struct lab lab;
	struct st_event event;
	struct sent sent;
	unsigned traced = 0;

	config.max_flows = 1;
	config.max_ttl = 1;
	lab = make_lab(&config);
	for (unsigned i = 0; i < 3; i++, lab.port++)
		open_flow(&lab, true);
	while (send_one(&lab, &sent)) {
		g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_open, ==, 1);
		answer(&lab, &sent, 0x0a000101U, 28);
		traced += next_event(&lab, ST_EVENT_TRACE_ENDED, &event);
	}
	g_assert_cmpuint(traced, ==, 3);
	st_tracer_free(lab.tracer);
}

static void test_flow_table_is_bounded(void)
{
	struct st_config config = make_config();
	struct lab lab;
	struct st_event event;
	unsigned ended = 0;

	config.max_flows = 2;
	config.max_known_flows = 8;
	lab = make_lab(&config);
	for (unsigned i = 0; i < 100; i++, lab.port++)
		open_flow(&lab, true);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_known, ==, 8);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_evicted, ==, 92);
	st_tracer_finish(lab.tracer, lab.now);
	while (next_event(&lab, ST_EVENT_TRACE_ENDED, &event))
		ended++;
	g_assert_cmpuint(ended, ==, st_tracer_stats(lab.tracer)->traces_started);
	st_tracer_free(lab.tracer);
}

static void test_identifications_never_run_out(void)
{
	struct st_config config = make_config();
	struct lab lab = make_lab(&config);
	struct st_event event;
	struct sent sent;
	unsigned ended = 0;

	/* The paper's slices of the identification end after 682 traces. */
	for (unsigned i = 0; i < 7000; i++) {
		lab.port = (uint16_t)(10000 + i);
		open_flow(&lab, true);
		while (send_one(&lab, &sent))
			answer(&lab, &sent, 0x0a000100U + sent.probe.ttl, 28);
		ended += next_event(&lab, ST_EVENT_TRACE_ENDED, &event) &&
			 event.result->replies_received == 12;
		show_tcp(&lab, false, ST_TCP_RST, 5001, 0, 0, false);
		lab.now += 100 * MS;
	}
	g_assert_cmpuint(ended, ==, 7000);
	st_tracer_free(lab.tracer);
}

static void test_keys_run_out_politely(void)
{
	struct st_config config = make_config();
	struct lab lab;
	struct sent sent;
	GHashTable *keys = g_hash_table_new(NULL, NULL);
	unsigned count = 0;

	config.probes_per_hop = 10;
	config.max_ttl = 255;
	lab = make_lab(&config);
	open_flow(&lab, true);
	/* What is beyond the estimated distance is spaced by 10 ms. */
	for (uint64_t end = lab.now + 3000 * MS; lab.now < end; lab.now += MS) {
		while (send_one(&lab, &sent)) {
			guint key = (guint)sent.bytes[40] << 8 | sent.bytes[41];

			g_assert_true(g_hash_table_add(keys, GUINT_TO_POINTER(key)));
			count++;
		}
	}
	g_assert_cmpuint(count, <=, 511);
	g_assert_cmpuint(count, >=, 300);
	g_hash_table_unref(keys);
	st_tracer_free(lab.tracer);
}

static void test_a_slot_is_given_on(void)
{
	struct st_config config = make_config();
	struct lab lab;
	struct sent sent;

	config.max_flows = 1;
	lab = make_lab(&config);
	open_flow(&lab, true);
	lab.port++;
	open_flow(&lab, true);
	lab.port--;
	g_assert_true(send_one(&lab, &sent));
	/* The first flow's ports carry another connection. */
	show_tcp(&lab, true, ST_TCP_SYN, 90000, 0, 0, true);
	show_tcp(&lab, false, ST_TCP_SYN | ACK, 5000, 90001, 0, true);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_open, ==, 1);
	g_assert_true(send_one(&lab, &sent));
	g_assert_cmpuint(sent.probe.trace, ==, 2);
	st_tracer_free(lab.tracer);
}

static void test_failed_probe_is_told(void)
{
	struct st_config config = make_config();
	struct lab lab;
	struct st_event event;
	struct sent sent;

	config.max_ttl = 1;
	config.probes_per_hop = 1;
	lab = make_lab(&config);
	open_flow(&lab, true);
	g_assert_cmpint(st_tracer_poll_probe(lab.tracer, lab.now, sent.bytes, 10, &sent.probe), ==,
			ST_NO_SPACE);
	g_assert_cmpint(st_tracer_poll_probe(lab.tracer, lab.now, sent.bytes, sizeof(sent.bytes),
					     &sent.probe),
			==, ST_OK);
	st_tracer_probe_failed(lab.tracer, sent.probe.id, "No buffer space available");
	g_assert_true(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	g_assert_cmpuint(event.result->probes_sent, ==, 0);
	g_assert_cmpuint(event.result->note_count, ==, 1);
	g_assert_cmpstr(event.result->notes[0].kind, ==, "send-failed");
	st_tracer_free(lab.tracer);
}

static void test_config_is_checked(void)
{
	struct st_config config = make_config();
	struct st_tracer *tracer;

	g_assert_null(st_config_check(&config));
	config.first_ttl = 0;
	g_assert_nonnull(st_config_check(&config));
	g_assert_cmpint(st_tracer_new(&config, &tracer), ==, ST_INVALID_ARGUMENT);
	config = make_config();
	config.selection.all = false;
	g_assert_nonnull(st_config_check(&config));
	st_tracer_free(NULL);
}

/* The flow that is being traced stays, though it has been idle longest. */
static void test_full_table(void)
{
	struct st_config config = make_config();
	struct lab lab;
	struct sent sent;

	config.max_flows = 1;
	config.max_known_flows = 2;
	lab = make_lab(&config);
	open_flow(&lab, true);
	g_assert_true(send_one(&lab, &sent));
	for (int i = 0; i < 3; i++) {
		lab.port++;
		show_tcp(&lab, true, ST_TCP_SYN, 1000, 0, 0, true);
	}
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_known, ==, 2);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_evicted, ==, 2);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_open, ==, 1);
	g_assert_true(send_one(&lab, &sent));
	st_tracer_free(lab.tracer);
}

/* Somebody else's probes: told of when the flow is closed and no reply is awaited any more. */
static void test_observed_until_closed(void)
{
	struct st_config config = make_config();
	struct lab live = make_lab(&config), lab;
	struct st_event event;
	struct sent sent;

	open_flow(&live, true);
	g_assert_true(send_one(&live, &sent));
	st_tracer_free(live.tracer);
	config.active = false;
	lab = make_lab(&config);
	open_flow(&lab, true);
	show_bytes(&lab, sent.bytes, sent.probe.frame_bytes, ST_DIRECTION_OUT, 1);
	show_tcp(&lab, false, ACK | ST_TCP_FIN, 5001, 1601, 0, false);
	lab.now += config.wait_ns - 1;
	st_tracer_wake(lab.tracer, lab.now);
	g_assert_false(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	lab.now++;
	st_tracer_wake(lab.tracer, lab.now);
	g_assert_true(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_FLOW_CLOSED);
	st_tracer_free(lab.tracer);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tracer/one-trace", test_one_trace);
	g_test_add_func("/tracer/own-probes-change-nothing", test_own_probes_change_nothing);
	g_test_add_func("/tracer/rule-1", test_no_probe_before_the_peer_speaks);
	g_test_add_func("/tracer/none-after-fin", test_none_after_fin);
	g_test_add_func("/tracer/close-between-probes", test_close_between_two_probes);
	g_test_add_func("/tracer/exact-needs-sack", test_exact_needs_sack);
	g_test_add_func("/tracer/max-flows", test_max_flows_queues);
	g_test_add_func("/tracer/flow-table-bounded", test_flow_table_is_bounded);
	g_test_add_func("/tracer/ids-never-run-out", test_identifications_never_run_out);
	g_test_add_func("/tracer/keys-run-out-politely", test_keys_run_out_politely);
	g_test_add_func("/tracer/slot-given-on", test_a_slot_is_given_on);
	g_test_add_func("/tracer/failed-probe", test_failed_probe_is_told);
	g_test_add_func("/tracer/config", test_config_is_checked);
	g_test_add_func("/tracer/full-table", test_full_table);
	g_test_add_func("/tracer/observed-until-closed", test_observed_until_closed);
	return g_test_run();
}
