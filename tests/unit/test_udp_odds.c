/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UDP flows that do what few do, drivers that ask late, and others who probe beside us. */
#include "udp_lab.h"

#define FOREIGN_CHECKSUM 0x7777

/* A datagram of our end with an odd TTL, length or checksum, or an odd link header before it. */
static void say_oddly(struct lab *lab, const struct wire *link, uint16_t port, unsigned ttl,
		      size_t payload, unsigned checksum)
{
	struct wire wire = *link;

	put_ip4(&wire, 17, UDP_BYTES + payload, CLIENT, SERVER, ttl);
	wire_u16(&wire, CLIENT_PORT);
	wire_u16(&wire, port);
	wire_u16(&wire, (unsigned)(UDP_BYTES + payload));
	wire_u16(&wire, checksum);
	wire_fill(&wire, 'x', payload);
	show_bytes(lab, wire.bytes, wire.count, ST_DIRECTION_OUT, 0);
}

static struct wire plain_link(void)
{
	struct wire link = {0};

	wire_ethernet(&link, 0x0800);
	return link;
}

/* Answers what is asked, sends what is due, lets `for_ns` pass; returns the probes sent. */
static unsigned live_on(struct lab *lab, uint64_t for_ns, unsigned answering)
{
	uint64_t until = lab->now + for_ns;
	unsigned count = 0;
	struct sent sent;

	for (; lab->now < until; lab->now += 10 * MS) {
		st_tracer_wake(lab->tracer, lab->now);
		for (; send_one(lab, &sent); count++)
			if (sent.probe.ttl <= answering)
				reply_to(lab, &sent, sent.probe.ttl);
	}
	return count;
}

/* Room is kept for links that exist; a flow that moves to a longer header is let alone. */
static void test_long_link_header(void)
{
	struct st_config config = udp_config();
	struct lab lab = begin_udp(&config, &TALK_4, ST_SOCKET_QUIET);
	struct wire link = {0};
	struct sent sent;

	g_assert_true(send_one(&lab, &sent));
	reply_to(&lab, &sent, 1);
	wire_fill(&link, 2, 12);
	for (int i = 0; i < 8; i++)
		wire_u32(&link, 0x81000005);
	wire_u16(&link, 0x8847);
	for (int i = 0; i < 15; i++)
		wire_u32(&link, 0x00010040);
	wire_u32(&link, 0x00010140);
	say_oddly(&lab, &link, SERVER_PORT, 64, DATAGRAM, 0x1234);
	g_assert_cmpuint(live_on(&lab, ST_NS_PER_S, 0), ==, 0);
	say(&lab, &TALK_4, true);
	g_assert_cmpuint(live_on(&lab, ST_NS_PER_S, 12), >, 0);
	st_tracer_free(lab.tracer);
}

/* Control with checksums, then data without: whoever takes those would take our probes. */
static void test_checksums_left_out_later(void)
{
	struct st_config config = udp_config();
	struct lab lab = begin_udp(&config, &TALK_6, ST_SOCKET_QUIET);
	struct path path = {.answering = DISTANCE - 1};
	struct st_event event;
	struct sent sent;

	g_assert_true(send_one(&lab, &sent));
	g_assert_cmpuint(udp_field(&sent, 6), ==, 0);
	reply_to(&lab, &sent, 1);
	say(&lab, &TUNNEL_6, true);
	path.zero_checksum = 1; /* asserts nothing but that none of them is needed */
	event = run(&lab, &path);
	g_assert_cmpuint(path.highest, ==, DISTANCE - 2);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_NEAR_DESTINATION);
	g_assert_cmpuint(event.result->replies_received, ==, path.total + 1);
	st_tracer_free(lab.tracer);
}

/* What was not sent for that reason is not said to have been sent. */
static void test_checksums_left_out_in_vain(void)
{
	struct st_config config = udp_config();
	struct lab lab = begin_udp(&config, &TALK_6, ST_SOCKET_QUIET);
	struct path path = {.answering = 1};
	struct st_event event;
	struct sent sent;

	g_assert_true(send_one(&lab, &sent));
	reply_to(&lab, &sent, 1);
	say(&lab, &TUNNEL_6, true);
	event = run(&lab, &path);
	g_assert_cmpuint(path.highest, ==, 2);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_NEAR_DESTINATION);
	st_tracer_free(lab.tracer);
}

/* The ends of another program's traces are no reason to begin ours anew. */
static void test_foreign_traces_retrace_nothing(void)
{
	struct st_config config = udp_config();
	const struct wire link = plain_link();
	struct lab lab;

	config.retrace_ns = 100 * MS;
	config.wait_ns = ST_NS_PER_S;
	config.max_ttl = 32;
	lab = begin_udp(&config, &QUIC_4, ST_SOCKET_QUIET);
	say_oddly(&lab, &link, 443, 5, 0, FOREIGN_CHECKSUM);
	live_on(&lab, 1200 * MS, DISTANCE - 1);
	say_oddly(&lab, &link, 443, 4, 0, FOREIGN_CHECKSUM);
	live_on(&lab, 500 * MS, DISTANCE - 1);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_open, ==, 1);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_started, ==, 1);
	st_tracer_free(lab.tracer);
}

/* Port unreachable, but for the application's own keepalive, which looks like a probe. */
static void test_own_empty_datagram(void)
{
	struct st_config config = udp_config();
	struct lab lab = begin_udp(&config, &TALK_4, ST_SOCKET_QUIET);
	const struct wire link = plain_link();
	struct path path = {.answering = 3};
	struct wire quote = {0}, wire = {0};
	struct st_event event;
	struct sent sent;

	g_assert_true(send_one(&lab, &sent));
	say_oddly(&lab, &link, SERVER_PORT, 64, 0, udp_field(&sent, 6));
	put_ip4(&quote, 17, UDP_BYTES, CLIENT, SERVER, 58);
	wire_bytes(&quote, sent.bytes + 14 + 20, UDP_BYTES);
	put_ip(&wire, 4, 1, 8 + quote.count, SERVER, CLIENT, 58);
	wire_u32(&wire, 0x03030000);
	wire_u32(&wire, 0);
	wire_bytes(&wire, quote.bytes, quote.count);
	show_bytes(&lab, wire.bytes, wire.count, ST_DIRECTION_IN, 0);
	event = run(&lab, &path);
	g_assert_cmpuint(event.result->distance, ==, 0);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_MISSING_HOPS);
	st_tracer_free(lab.tracer);
}

static void test_answer_after_the_end(void)
{
	struct st_config config = udp_config();
	struct lab lab = make_lab(&config);
	struct st_event event;

	exchange(&lab, &TALK_4);
	st_tracer_finish(lab.tracer, lab.now);
	tell_socket(&lab, ST_SOCKET_QUIET);
	g_assert_false(next_event(&lab, ST_EVENT_TRACE_STARTED, &event));
	st_tracer_free(lab.tracer);
}

/* An answer holds for the trace that begins at once: who waits for a slot is asked about again. */
static void test_answer_grows_old(void)
{
	const struct talk other = {4, SERVER_PORT + 1, 'x', DATAGRAM, false, 0, 0};
	struct st_config config = udp_config();
	struct lab lab;
	struct path path = {.answering = 12};
	struct st_event event;
	struct st_tuple tuples[2];

	config.max_flows = 1;
	lab = make_lab(&config);
	exchange(&lab, &TALK_4);
	exchange(&lab, &other);
	for (int i = 0; i < 2; i++) {
		g_assert_true(next_event(&lab, ST_EVENT_SOCKET_ASKED, &event));
		tuples[i] = *event.tuple;
	}
	for (int i = 0; i < 2; i++)
		st_tracer_tell_socket(lab.tracer, lab.now, &tuples[i], ST_SOCKET_QUIET);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_started, ==, 1);
	event = run(&lab, &path);
	st_tracer_wake(lab.tracer, lab.now);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_started, ==, 1);
	tell_socket(&lab, ST_SOCKET_WANTS_ERRORS);
	g_assert_true(next_event(&lab, ST_EVENT_FLOW_REFUSED, &event));
	st_tracer_free(lab.tracer);
}

/* A datagram of the other end that came in with this TTL. */
static void hear(struct lab *lab, unsigned ttl)
{
	struct wire wire = plain_link();

	put_ip4(&wire, 17, UDP_BYTES + 1, SERVER, CLIENT, ttl);
	wire_u16(&wire, SERVER_PORT);
	wire_u16(&wire, CLIENT_PORT);
	wire_u16(&wire, UDP_BYTES + 1);
	wire_u16(&wire, 1);
	wire_u8(&wire, 'x');
	show_bytes(lab, wire.bytes, wire.count, ST_DIRECTION_IN, 0);
}

/* The hop of the trace's note of this kind; 0: there is none. */
static unsigned note_ttl(const struct st_trace *trace, const char *kind)
{
	for (size_t i = 0; i < trace->note_count; i++) {
		if (g_str_equal(trace->notes[i].kind, kind))
			return trace->notes[i].ttl;
	}
	return 0;
}

/* The peer's TTL wavers: the report tells how far probes went, not how far they might have gone. */
static void test_wavering_distance(void)
{
	struct st_config config = udp_config();
	struct lab lab = begin_udp(&config, &TALK_4, ST_SOCKET_QUIET);
	struct st_event event;
	struct sent sent;

	for (unsigned left = 3 * (DISTANCE - 2); left > 0; left--) {
		g_assert_true(send_one(&lab, &sent));
		if (left > 1)
			reply_to(&lab, &sent, sent.probe.ttl);
	}
	hear(&lab, 34);
	reply_to(&lab, &sent, sent.probe.ttl);
	g_assert_true(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_NEAR_DESTINATION);
	g_assert_cmpuint(note_ttl(event.result, "near-destination"), ==, DISTANCE - 2);
	st_tracer_free(lab.tracer);
}

/* Some systems begin with 32: a guess of 64 would take their neighbour for one far away. */
static void test_small_initial_ttl(void)
{
	struct st_config config = udp_config();
	struct lab lab = make_lab(&config);
	struct path path = {.answering = 4};
	struct st_event event;

	say(&lab, &TALK_4, true);
	hear(&lab, 32 - 4);
	tell_socket(&lab, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(path.highest, ==, 5 - 2);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_NEAR_DESTINATION);
	st_tracer_free(lab.tracer);
}

/* Also while its last trace still waits for replies and rests. */
static void test_new_flow_after_silence(void)
{
	struct st_config config = udp_config();
	struct lab lab;

	config.flow_timeout_ns = 500 * MS;
	lab = begin_udp(&config, &TALK_6, ST_SOCKET_QUIET);
	for (unsigned flows = 2; flows <= 4; flows++) {
		live_on(&lab, ST_NS_PER_S, 2);
		exchange(&lab, &TALK_6);
		tell_socket(&lab, ST_SOCKET_QUIET);
		g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_seen, ==, flows);
		g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_started, ==, flows);
	}
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_known, ==, 1);
	st_tracer_free(lab.tracer);
}

static void test_lookups_over_tcp(void)
{
	struct st_config config = make_config();
	struct lab lab = make_lab(&config);
	struct st_event event;
	struct sent sent;

	lab.port = 53;
	open_flow(&lab, true);
	g_assert_false(send_one(&lab, &sent));
	g_assert_true(next_event(&lab, ST_EVENT_FLOW_REFUSED, &event));
	st_tracer_free(lab.tracer);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/udp/long-link-header", test_long_link_header);
	g_test_add_func("/udp/checksums-left-out-later", test_checksums_left_out_later);
	g_test_add_func("/udp/checksums-left-out-in-vain", test_checksums_left_out_in_vain);
	g_test_add_func("/udp/foreign-traces", test_foreign_traces_retrace_nothing);
	g_test_add_func("/udp/own-empty-datagram", test_own_empty_datagram);
	g_test_add_func("/udp/answer-after-the-end", test_answer_after_the_end);
	g_test_add_func("/udp/answer-grows-old", test_answer_grows_old);
	g_test_add_func("/udp/wavering-distance", test_wavering_distance);
	g_test_add_func("/udp/small-initial-ttl", test_small_initial_ttl);
	g_test_add_func("/udp/new-flow-after-silence", test_new_flow_after_silence);
	g_test_add_func("/udp/lookups-over-tcp", test_lookups_over_tcp);
	return g_test_run();
}
