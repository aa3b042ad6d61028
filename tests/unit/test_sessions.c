/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packets are probes of a classic traceroute, and which trace each belongs to. */
#include "session_lab.h"

#define UDP ST_PROTOCOL_UDP
#define TCP ST_PROTOCOL_TCP
#define ICMP ST_PROTOCOL_ICMP

static void test_rising_ports(void)
{
	struct lab lab = watch();
	const struct st_trace *trace;

	for (unsigned i = 0; i < 9; i++) {
		struct shot shot = rising(i, 3);

		shoot(&lab, &shot);
		if (i != 4)
			expire(&lab, &shot, ROUTER(shot.ttl));
	}
	end(&lab);
	trace = next_trace(&lab);
	assert_hops(trace, "1:3/3 2:3/2 3:3/3");
	g_assert_cmpint(trace->kind, ==, ST_TRACE_CLASSIC);
	g_assert_cmpuint(trace->tuple.source_port, ==, 0);
	g_assert_cmpuint(trace->tuple.destination_port, ==, 0);
	g_assert_cmpuint(trace->hops[1].probes[1].destination_port, ==, 33438);
	g_assert_cmpint(trace->hops[0].replies[0].rtt_ns, ==, 2 * MS);
	g_assert_cmpuint(trace->distance, ==, 0);
	g_assert_null(next_trace(&lab));
	st_tracer_free(lab.tracer);
}

/* All are on their way before the first answer comes: it proves those before and behind. */
static void test_sixteen_at_once(void)
{
	struct lab lab = watch();

	for (unsigned i = 0; i < 16; i++) {
		struct shot shot = rising(i, 3);

		shoot(&lab, &shot);
	}
	for (unsigned i = 0; i < 16; i++) {
		struct shot shot = rising(i, 3);

		if (shot.ttl == 2)
			expire(&lab, &shot, ROUTER(shot.ttl));
	}
	assert_only(&lab, "1:3/0 2:3/3 3:3/0 4:3/0 5:3/0 6:1/0");
}

static void test_the_destination_answers(void)
{
	struct lab lab = watch();
	const struct st_trace *trace;

	for (unsigned i = 0; i < 4; i++) {
		struct shot shot = rising(i, 1);

		shoot(&lab, &shot);
		if (shot.ttl < 3)
			expire(&lab, &shot, ROUTER(shot.ttl));
		else
			complain(&lab, &shot, SERVER, ST_ICMP_UNREACHABLE, 3);
	}
	end(&lab);
	trace = next_trace(&lab);
	assert_hops(trace, "1:1/1 2:1/1 3:1/1");
	g_assert_cmpint(trace->stop_reason, ==, ST_STOP_DESTINATION);
	g_assert_cmpuint(trace->distance, ==, 3);
	st_tracer_free(lab.tracer);
}

/* Two flows of one host to another, each with its own ladder (dublin-traceroute). */
static void test_a_trace_for_each_flow(void)
{
	struct lab lab = watch();
	const struct st_trace *trace;

	for (unsigned i = 0; i < 8; i++) {
		struct shot shot = {.protocol = UDP,
				    .source_port = 12345,
				    .destination_port = 33434 + i / 4,
				    .ttl = 1 + i % 4,
				    .ip_id = 1 + i,
				    .payload = 2};

		shoot(&lab, &shot);
		expire(&lab, &shot, ROUTER(10 * i + shot.ttl));
	}
	end(&lab);
	for (unsigned i = 0; i < 2; i++) {
		trace = next_trace(&lab);
		assert_hops(trace, "1:1/1 2:1/1 3:1/1 4:1/1");
		g_assert_cmpuint(trace->tuple.source_port, ==, 12345);
		g_assert_cmpuint(trace->tuple.destination_port, ==, 33434 + i);
	}
	g_assert_null(next_trace(&lab));
	st_tracer_free(lab.tracer);
}

static void show_ladder(struct lab *lab, unsigned from, unsigned to, int step)
{
	for (unsigned i = 0, ttl = from; ttl != to; i++, ttl += (unsigned)step) {
		struct shot shot = rising(i, 1);

		shot.ttl = ttl;
		shoot(lab, &shot);
	}
}

/* TTL alone is no evidence, but three steps up from near the sender are. */
static void test_ladders_without_replies(void)
{
	static const struct {
		unsigned from, to;
		int step;
		const char *hops; /* NULL: no trace */
	} cases[] = {
		{1, 4, 1, "1:1/0 2:1/0 3:1/0"},
		{5, 8, 1, "5:1/0 6:1/0 7:1/0"},
		{1, 3, 1, NULL},
		{6, 12, 1, NULL},
		{52, 56, 1, NULL},
		{1, 9, 2, NULL},
		{4, 0, -1, NULL},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct lab lab = watch();

		show_ladder(&lab, cases[i].from, cases[i].to, cases[i].step);
		if (cases[i].hops)
			assert_only(&lab, cases[i].hops);
		else
			assert_none(&lab);
	}
}

static void test_one_distance_is_no_ladder(void)
{
	struct lab lab = watch();

	for (unsigned i = 0; i < 40; i++) {
		struct shot shot = rising(i, 1);

		shot.ttl = 1;
		shoot(&lab, &shot);
	}
	assert_none(&lab);
}

/* Some go from far to near; that is one trace as well. */
static void test_falling_ladder(void)
{
	struct lab lab = watch();

	for (unsigned ttl = 4; ttl >= 1; ttl--) {
		struct shot shot = rising(ttl, 1);

		shot.ttl = ttl;
		shoot(&lab, &shot);
		expire(&lab, &shot, ROUTER(ttl));
	}
	assert_only(&lab, "1:1/1 2:1/1 3:1/1 4:1/1");
}

/* mtr's cycles: what begins anew at a distance already probed is another trace. */
static void test_cycles(void)
{
	struct lab lab = watch();

	for (unsigned i = 0; i < 9; i++) {
		struct shot shot = rising(i, 1);

		shot.ttl = 1 + i % 3;
		shoot(&lab, &shot);
		expire(&lab, &shot, ROUTER(shot.ttl));
	}
	end(&lab);
	for (int i = 0; i < 3; i++)
		assert_hops(next_trace(&lab), "1:1/1 2:1/1 3:1/1");
	g_assert_null(next_trace(&lab));
	st_tracer_free(lab.tracer);
}

static struct shot echo(unsigned ttl, unsigned seq)
{
	return (struct shot){.protocol = ICMP,
			     .source_port = 1,
			     .destination_port = seq,
			     .ttl = ttl,
			     .ip_id = 70 + seq,
			     .payload = 64};
}

static void show_echo_reply(struct lab *lab, unsigned id, unsigned seq)
{
	struct wire wire = {0};

	lab->now += 3 * MS;
	wire_ethernet(&wire, 0x0800);
	put_ip4(&wire, ICMP, 8, SERVER, CLIENT, 60);
	wire_u32(&wire, 0);
	wire_u16(&wire, id);
	wire_u16(&wire, seq);
	show_wire(lab, &wire);
}

/* Windows gives ping and tracert one identifier. */
static struct lab watch_pings_and_echo_probes(void)
{
	struct lab lab = watch();
	struct shot shot;

	for (unsigned seq = 1; seq <= 3; seq++) {
		shot = echo(128, seq);
		shoot(&lab, &shot);
		show_echo_reply(&lab, 1, seq);
	}
	for (unsigned ttl = 1; ttl <= 3; ttl++) {
		shot = echo(ttl, 10 + ttl);
		shoot(&lab, &shot);
		if (ttl < 3)
			expire(&lab, &shot, ROUTER(ttl));
	}
	return lab;
}

static void test_pings_before_echo_probes(void)
{
	struct lab lab = watch_pings_and_echo_probes();

	assert_only(&lab, "1:1/1 2:1/1 3:1/0");
}

static void test_echo_replies(void)
{
	struct lab lab = watch_pings_and_echo_probes();
	const struct st_trace *trace;

	show_echo_reply(&lab, 1, 99);
	show_echo_reply(&lab, 1, 13);
	end(&lab);
	trace = next_trace(&lab);
	assert_hops(trace, "1:1/1 2:1/1 3:1/1");
	g_assert_cmpint(trace->hops[2].replies[0].kind, ==, ST_REPLY_ECHO);
	g_assert_cmpint(trace->hops[2].replies[0].rtt_ns, ==, 6 * MS);
	g_assert_cmpuint(trace->distance, ==, 3);
	g_assert_null(next_trace(&lab));
	st_tracer_free(lab.tracer);
}

static void test_syns(void)
{
	struct lab lab = watch();
	const struct st_trace *trace;

	for (unsigned ttl = 1; ttl <= 4; ttl++) {
		struct shot shot = syn(ttl);

		shoot(&lab, &shot);
		if (ttl < 3)
			expire(&lab, &shot, ROUTER(ttl));
	}
	show_tcp_answer(&lab, 3, ST_TCP_SYN | ACK, 7, 2999); /* of another SYN */
	show_tcp_answer(&lab, 3, ST_TCP_SYN | ACK, 7, 3001);
	show_tcp_answer(&lab, 4, ST_TCP_RST | ACK, 0, 4001);
	end(&lab);
	trace = next_trace(&lab);
	assert_hops(trace, "1:1/1 2:1/1 3:1/1");
	g_assert_cmpint(trace->hops[2].replies[0].kind, ==, ST_REPLY_TCP);
	g_assert_cmpuint(trace->hops[2].replies[0].tcp_flags, ==, ST_TCP_SYN | ACK);
	g_assert_true(trace->hops[2].replies[0].destination);
	g_assert_cmpint(trace->hops[2].replies[0].rtt_ns, ==, 3 * MS);
	g_assert_cmpuint(trace->tuple.source_port, ==, 0);
	g_assert_cmpuint(trace->tuple.destination_port, ==, 80);
	st_tracer_free(lab.tracer);
}

/* Two interfaces, or both sides of a router: what was seen first counts. */
static void test_copies(void)
{
	struct lab lab = watch();

	for (unsigned i = 0; i < 3; i++) {
		struct shot shot = rising(i, 1);

		shot.ttl += 2;
		shoot(&lab, &shot);
		shoot(&lab, &shot);
		shot.ttl--;
		shoot(&lab, &shot);
		expire(&lab, &shot, ROUTER(shot.ttl));
		expire(&lab, &shot, ROUTER(shot.ttl));
	}
	assert_only(&lab, "3:1/1 4:1/1 5:1/1");
}

static void test_reply_before_its_probe(void)
{
	struct lab lab = watch();
	const struct st_trace *trace;
	struct shot shot;

	for (unsigned i = 0; i < 3; i++) {
		shot = rising(i, 1);
		expire(&lab, &shot, ROUTER(shot.ttl));
		shoot(&lab, &shot);
	}
	end(&lab);
	trace = next_trace(&lab);
	assert_hops(trace, "1:1/1 2:1/1 3:1/1");
	g_assert_cmpint(trace->hops[0].replies[0].rtt_ns, ==, ST_RTT_UNKNOWN);
	st_tracer_free(lab.tracer);
}

static void test_only_replies(void)
{
	struct lab lab = watch();
	const struct st_trace *trace;

	for (unsigned i = 0; i < 3; i++) {
		struct shot shot = rising(i, 1);

		expire(&lab, &shot, ROUTER(i));
	}
	end(&lab);
	trace = next_trace(&lab);
	assert_hops(trace, "0:3/3");
	g_assert_cmpint(trace->kind, ==, ST_TRACE_CLASSIC);
	g_assert_cmpint(trace->hops[0].replies[0].rtt_ns, ==, ST_RTT_UNKNOWN);
	g_assert_null(next_trace(&lab));
	st_tracer_free(lab.tracer);
}

/* Of a flow whose packets are there, an error that quotes none of them is a forgery. */
static void test_forged_error(void)
{
	struct lab lab = watch();
	struct shot shot = rising(0, 1);

	shot.ttl = 64;
	shoot(&lab, &shot);
	shot.payload++;
	shot.ip_id++;
	expire(&lab, &shot, ROUTER(1));
	assert_none(&lab);
	/* Nor does what goes to somebody else show a sender that nobody has seen. */
	lab = watch();
	shot = rising(0, 1);
	shot.source = 0x01020304;
	complain(&lab, &shot, ROUTER(1), ST_ICMP_UNREACHABLE, 1);
	assert_none(&lab);
}

/* A datagram of an application with its usual TTL: only the one that expired is a probe. */
static void test_expired_on_the_way(void)
{
	struct lab lab = watch();
	const struct st_trace *trace;
	struct shot shot;

	for (unsigned i = 0; i < 20; i++) {
		shot = (struct shot){.protocol = UDP,
				     .source_port = 5000,
				     .destination_port = 6000,
				     .ttl = 64,
				     .ip_id = 1 + i,
				     .payload = 100};
		shoot(&lab, &shot);
		if (i == 10)
			expire(&lab, &shot, ROUTER(9));
	}
	end(&lab);
	trace = next_trace(&lab);
	assert_hops(trace, "64:1/1");
	g_assert_cmpint(trace->kind, ==, ST_TRACE_IN_FLOW);
	g_assert_cmpuint(trace->tuple.destination_port, ==, 6000);
	st_tracer_free(lab.tracer);
}

/* Both ends talk; every second datagram of the client's has this TTL, of which one expires. */
static struct lab watch_conversation(unsigned ttl)
{
	struct lab lab = watch();
	struct shot shot = {.protocol = UDP,
			    .source_port = 5000,
			    .destination_port = 6000,
			    .ttl = 64,
			    .payload = 50};
	struct shot back = {.protocol = UDP,
			    .source = SERVER,
			    .destination = CLIENT,
			    .source_port = 6000,
			    .destination_port = 5000,
			    .ttl = 60,
			    .payload = 50};

	shoot(&lab, &shot);
	shoot(&lab, &back);
	for (unsigned i = 1; i <= 6; i++) {
		shot.ttl = i % 2 ? ttl : 64;
		shot.ip_id = i;
		shoot(&lab, &shot);
		if (i == 3)
			expire(&lab, &shot, ROUTER(4));
	}
	return lab;
}

/* Packets that were not to get far (NAT traversal): those before and behind count as sent. */
static void test_low_ttl_in_a_flow(void)
{
	struct lab lab = watch_conversation(4);

	assert_only(&lab, "4:3/1");
}

static void test_usual_ttl_in_a_flow(void)
{
	struct lab lab = watch_conversation(64);

	assert_only(&lab, "64:1/1");
}

/* The sender's card makes checksums: where ports and length name one alone, that will do. */
static void test_checksum_still_to_be_made(void)
{
	struct lab lab = watch();
	struct shot shot = rising(0, 1);

	shot.ip_id = 0;
	shoot(&lab, &shot);
	shot.checksum = 7;
	expire(&lab, &shot, ROUTER(1));
	assert_only(&lab, "1:1/1");
}

static void test_several_may_be_meant(void)
{
	struct lab lab = watch();
	struct shot shot = rising(0, 1);

	shot.ip_id = 0;
	shoot(&lab, &shot);
	shot.ttl = 2;
	shoot(&lab, &shot);
	expire(&lab, &shot, ROUTER(1));
	assert_none(&lab);
}

static void test_two_selected_ports(void)
{
	struct st_config config = make_config();
	struct lab lab;

	config.active = false;
	config.selection.port = 33435;
	lab = make_lab(&config);
	for (unsigned i = 0; i < 3; i++) {
		struct shot shot = rising(i, 1);

		shoot(&lab, &shot);
		expire(&lab, &shot, ROUTER(shot.ttl));
	}
	assert_only(&lab, "2:1/1");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sessions/rising-ports", test_rising_ports);
	g_test_add_func("/sessions/sixteen-at-once", test_sixteen_at_once);
	g_test_add_func("/sessions/destination", test_the_destination_answers);
	g_test_add_func("/sessions/flow-by-flow", test_a_trace_for_each_flow);
	g_test_add_func("/sessions/ladders", test_ladders_without_replies);
	g_test_add_func("/sessions/one-distance", test_one_distance_is_no_ladder);
	g_test_add_func("/sessions/falling", test_falling_ladder);
	g_test_add_func("/sessions/cycles", test_cycles);
	g_test_add_func("/sessions/pings", test_pings_before_echo_probes);
	g_test_add_func("/sessions/echo", test_echo_replies);
	g_test_add_func("/sessions/syn", test_syns);
	g_test_add_func("/sessions/copies", test_copies);
	g_test_add_func("/sessions/reply-first", test_reply_before_its_probe);
	g_test_add_func("/sessions/only-replies", test_only_replies);
	g_test_add_func("/sessions/forged", test_forged_error);
	g_test_add_func("/sessions/expired", test_expired_on_the_way);
	g_test_add_func("/sessions/low-ttl", test_low_ttl_in_a_flow);
	g_test_add_func("/sessions/usual-ttl", test_usual_ttl_in_a_flow);
	g_test_add_func("/sessions/offloaded-checksum", test_checksum_still_to_be_made);
	g_test_add_func("/sessions/ambiguous", test_several_may_be_meant);
	g_test_add_func("/sessions/selection", test_two_selected_ports);
	return g_test_run();
}
