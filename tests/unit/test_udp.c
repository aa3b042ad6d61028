/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UDP flows at the facade: which are probed, how far and with what. When they
 * are over is test_udp_life.c's.
 */
#include "udp_lab.h"

static void test_ipv4_stays_below_the_destination(void)
{
	struct st_config config = udp_config();
	struct lab lab = make_lab(&config);
	struct path path = {.answering = DISTANCE - 1};
	struct st_event event;
	struct sent sent;

	say(&lab, &TALK_4, true);
	g_assert_false(
		next_event(&lab, ST_EVENT_SOCKET_ASKED, &event)); /* the other end may be dead */
	say(&lab, &TALK_4, false);
	g_assert_false(send_one(&lab, &sent));
	tell_socket(&lab, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(path.highest, ==, DISTANCE - 2);
	g_assert_cmpuint(path.total, ==, 3 * (DISTANCE - 2));
	g_assert_cmpint(event.result->algorithm, ==, ST_ALGORITHM_HOP_BY_HOP);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_NEAR_DESTINATION);
	g_assert_cmpuint(event.result->replies_received, ==, path.total);
	g_assert_cmpuint(event.result->hops[1].replies[0].matched_by, ==,
			 ST_MATCH_TUPLE | ST_MATCH_IPID | ST_MATCH_LENGTH | ST_MATCH_CHECKSUM);
	check_note(event.result, "recverr-unknown", false);
	st_tracer_free(lab.tracer);
}

static void test_ipv4_stops_at_silence(void)
{
	struct st_config config = udp_config();
	struct lab lab = begin_udp(&config, &TALK_4, ST_SOCKET_UNKNOWN);
	struct path path = {.answering = 2};
	struct st_event event = run(&lab, &path);

	g_assert_cmpuint(path.highest, ==, 3);
	g_assert_cmpuint(path.sent[2], ==, 3);
	g_assert_cmpuint(path.sent[3], ==, 2); /* it could be the application's */
	g_assert_cmpuint(lab.now - path.first[3] + MS, >=, 2 * config.wait_ns);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_MISSING_HOPS);
	check_note(event.result, "silent-hop", true);
	check_note(event.result, "recverr-unknown", true);
	st_tracer_free(lab.tracer);
}

static void test_named_kind_goes_farther(void)
{
	struct st_config config = udp_config();
	struct lab lab;
	struct path path = {.answering = DISTANCE - 1};
	struct st_event event;

	config.udp_probe = ST_UDP_PROBE_CHECKSUM;
	lab = begin_udp(&config, &TALK_4, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(path.highest, ==, DISTANCE + 2);
	g_assert_cmpint(event.result->algorithm, ==, ST_ALGORITHM_HOP_BY_HOP);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_MISSING_HOPS);
	g_assert_cmpuint(event.result->replies_received, ==, 3 * (DISTANCE - 1));
	st_tracer_free(lab.tracer);
}

static void test_quic_is_known(void)
{
	struct st_config config = udp_config();
	struct lab lab = begin_udp(&config, &QUIC_4, ST_SOCKET_QUIET);
	struct path path = {.answering = DISTANCE - 1};
	struct st_event event = run(&lab, &path);

	g_assert_cmpuint(path.total, ==, 36);
	g_assert_cmpint(event.result->algorithm, ==, ST_ALGORITHM_CONCURRENT);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_MAX_TTL);
	st_tracer_free(lab.tracer);
}

static void test_ipv6_destructs_itself(void)
{
	struct st_config config = udp_config();
	struct lab lab = begin_udp(&config, &TALK_6, ST_SOCKET_QUIET);
	struct path path = {.answering = DISTANCE - 1};
	struct st_event event;
	struct sent sent, before;

	g_assert_true(send_one(&lab, &before));
	g_assert_true(send_one(&lab, &sent));
	g_assert_cmpuint(udp_field(&sent, 6), ==, 0);
	g_assert_cmpuint(udp_field(&sent, 4), !=, udp_field(&before, 4));
	g_assert_cmpuint(udp_field(&sent, 4), >, UDP_BYTES);
	g_assert_cmpuint(sent.probe.frame_bytes, ==, 14U + 40 + udp_field(&sent, 4));
	reply_to(&lab, &before, 1);
	reply_to(&lab, &sent, 1);
	event = run(&lab, &path);
	g_assert_cmpuint(path.total, ==, 36 - 2);
	g_assert_cmpint(event.result->algorithm, ==, ST_ALGORITHM_CONCURRENT);
	g_assert_cmpuint(event.result->replies_received, ==, 3 * (DISTANCE - 1));
	check_note(event.result, "zero-checksum", false);
	st_tracer_free(lab.tracer);
}

static void test_ipv6_tries_again_with_checksums(void)
{
	struct st_config config = udp_config();
	struct lab lab = begin_udp(&config, &TALK_6, ST_SOCKET_QUIET);
	struct path path = {.answering = DISTANCE - 1, .zero_checksum = 3};
	struct st_event event = run(&lab, &path);

	g_assert_cmpuint(path.sent[3], ==, 3);
	g_assert_cmpuint(path.sent[4], ==, 6);
	g_assert_cmpuint(path.sent[DISTANCE - 2], ==, 6);
	g_assert_cmpuint(path.sent[DISTANCE - 1], ==, 3);
	g_assert_cmpuint(event.result->replies_received, ==, 3 * (DISTANCE - 2));
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_NEAR_DESTINATION);
	check_note(event.result, "zero-checksum", true);
	st_tracer_free(lab.tracer);
}

/* A single distance can be worth the second attempt; its end replaces that of the first. */
static void test_ipv6_tries_a_single_hop_again(void)
{
	struct st_config config = udp_config();
	struct lab lab;
	struct path path = {.answering = DISTANCE - 1, .zero_checksum = DISTANCE - 3};
	struct st_event event;

	config.algorithm = ST_ALGORITHM_HOP_BY_HOP;
	lab = begin_udp(&config, &TALK_6, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(path.sent[DISTANCE - 3], ==, 3);
	g_assert_cmpuint(path.sent[DISTANCE - 2], ==, 6);
	g_assert_cmpuint(path.sent[DISTANCE - 1], ==, 3);
	g_assert_cmpuint(event.result->replies_received, ==, 3 * (DISTANCE - 2));
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_NEAR_DESTINATION);
	st_tracer_free(lab.tracer);
}

static void test_ipv6_missing_hops_in_vain(void)
{
	struct st_config config = udp_config();
	struct lab lab;
	struct path path = {.answering = 2};
	struct st_event event;

	config.algorithm = ST_ALGORITHM_HOP_BY_HOP;
	lab = begin_udp(&config, &TALK_6, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(path.highest, ==, 5);
	g_assert_cmpuint(path.sent[3], ==, 3 + 2);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_MISSING_HOPS);
	st_tracer_free(lab.tracer);
}

/* With the flow's own TTL a datagram is the application's: nobody could tell the probe. */
static void test_own_ttl(void)
{
	const struct talk *talks[] = {&QUIC_4, &TALK_6};

	for (unsigned i = 0; i < 2; i++) {
		struct st_config config = udp_config();
		struct lab lab;
		struct path path = {0};

		config.first_ttl = 63;
		config.max_ttl = 65;
		lab = begin_udp(&config, talks[i], ST_SOCKET_QUIET);
		run(&lab, &path);
		g_assert_cmpuint(path.sent[63], ==, 3);
		g_assert_cmpuint(path.sent[64], ==, 0);
		g_assert_cmpuint(path.sent[65], ==, 3);
		st_tracer_free(lab.tracer);
	}
}

/* Silence from hop 3 on for whatever is sent: the second attempt ends as the first did. */
static void test_ipv6_second_attempt_in_vain(void)
{
	struct st_config config = udp_config();
	struct lab lab = begin_udp(&config, &TALK_6, ST_SOCKET_QUIET);
	struct path path = {.answering = 2};
	struct st_event event = run(&lab, &path);

	g_assert_cmpuint(path.sent[3], ==, 3 + 2);
	g_assert_cmpuint(path.sent[4], ==, 3);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_MAX_TTL);
	check_note(event.result, "zero-checksum", false);
	st_tracer_free(lab.tracer);
}

/* Its receiver would take a datagram without a checksum: it must get none from us. */
static void test_ipv6_without_checksums(void)
{
	struct st_config config = udp_config();
	struct lab lab = begin_udp(&config, &TUNNEL_6, ST_SOCKET_QUIET);
	struct path path = {.answering = DISTANCE - 1, .zero_checksum = 1};
	struct st_event event = run(&lab, &path);

	g_assert_cmpuint(path.total, ==, 3 * (DISTANCE - 2));
	g_assert_cmpuint(event.result->replies_received, ==, path.total);
	g_assert_cmpint(event.result->algorithm, ==, ST_ALGORITHM_HOP_BY_HOP);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_NEAR_DESTINATION);
	st_tracer_free(lab.tracer);
}

static void check_refused(const struct st_config *config, const struct talk *talk,
			  enum st_socket socket, const char *why)
{
	struct lab lab = make_lab(config);
	struct st_event event;
	struct sent sent;

	exchange(&lab, talk);
	if (socket != ST_SOCKET_UNKNOWN)
		tell_socket(&lab, socket);
	exchange(&lab, talk);
	g_assert_false(send_one(&lab, &sent));
	g_assert_true(next_event(&lab, ST_EVENT_FLOW_REFUSED, &event));
	g_assert_nonnull(strstr(event.reason, why));
	g_assert_false(next_event(&lab, ST_EVENT_FLOW_REFUSED, &event));
	st_tracer_free(lab.tracer);
}

static void test_refused(void)
{
	const struct talk dns = {4, 53, 'x', DATAGRAM, false, 0, 0};
	struct st_config config = make_config();

	check_refused(&config, &dns, ST_SOCKET_UNKNOWN, "port 53");
	check_refused(&config, &TALK_4, ST_SOCKET_WANTS_ERRORS, "IP_RECVERR");
	config.max_ttl = 12;
	config.first_ttl = DISTANCE - 1;
	check_refused(&config, &TALK_4, ST_SOCKET_UNKNOWN, "too near");
	config.udp_probe = ST_UDP_PROBE_SELF_DESTRUCT;
	check_refused(&config, &TALK_4, ST_SOCKET_UNKNOWN, "IPv6");
	check_refused(&config, &TUNNEL_6, ST_SOCKET_UNKNOWN, "insists on checksums");
}

/* Sends until nothing is due any more, without letting replies be given up. */
static unsigned send_all(struct lab *lab, uint64_t for_ns)
{
	uint64_t until = lab->now + for_ns;
	unsigned count = 0;
	struct sent sent;

	for (; lab->now < until; lab->now += MS)
		while (send_one(lab, &sent))
			count++;
	return count;
}

/* The first distance asked for has the flow's own TTL: that it is passed over is no silence. */
static void test_own_ttl_first(void)
{
	struct st_config config = udp_config();
	struct talk far = TALK_4;
	struct path path = {.answering = UINT8_MAX};
	struct lab lab;
	struct st_event event;

	far.server_ttl = 100; /* 29 hops away */
	far.client_ttl = 20;
	config.first_ttl = 20;
	config.max_ttl = 22;
	lab = begin_udp(&config, &far, ST_SOCKET_QUIET);
	event = run(&lab, &path);
	g_assert_cmpuint(path.sent[20], ==, 0);
	g_assert_cmpuint(path.sent[21], ==, 3);
	g_assert_cmpuint(path.sent[22], ==, 3);
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_MAX_TTL);
	st_tracer_free(lab.tracer);
}

/* A flow has 511 keys; the next probe waits until one is free. */
static void test_keys_run_out(void)
{
	struct st_config config = make_config();
	struct lab lab;

	config.max_ttl = UINT8_MAX;
	config.probes_per_hop = ST_PROBES_PER_HOP_MAX;
	config.wait_ns = ST_WAIT_MAX_NS;
	config.flow_timeout_ns = 600 * ST_NS_PER_S;
	lab = begin_udp(&config, &TALK_6, ST_SOCKET_QUIET);
	g_assert_cmpuint(send_all(&lab, 59 * ST_NS_PER_S), ==, 511);
	st_tracer_free(lab.tracer);
	lab = make_lab(&config);
	open_flow(&lab, true);
	g_assert_cmpuint(send_all(&lab, 59 * ST_NS_PER_S), ==, 511);
	st_tracer_free(lab.tracer);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/udp/below-destination", test_ipv4_stays_below_the_destination);
	g_test_add_func("/udp/stops-at-silence", test_ipv4_stops_at_silence);
	g_test_add_func("/udp/named-kind", test_named_kind_goes_farther);
	g_test_add_func("/udp/quic", test_quic_is_known);
	g_test_add_func("/udp/self-destruct", test_ipv6_destructs_itself);
	g_test_add_func("/udp/again-with-checksums", test_ipv6_tries_again_with_checksums);
	g_test_add_func("/udp/single-hop-again", test_ipv6_tries_a_single_hop_again);
	g_test_add_func("/udp/missing-hops-in-vain", test_ipv6_missing_hops_in_vain);
	g_test_add_func("/udp/own-ttl", test_own_ttl);
	g_test_add_func("/udp/own-ttl-first", test_own_ttl_first);
	g_test_add_func("/udp/keys", test_keys_run_out);
	g_test_add_func("/udp/again-in-vain", test_ipv6_second_attempt_in_vain);
	g_test_add_func("/udp/without-checksums", test_ipv6_without_checksums);
	g_test_add_func("/udp/refused", test_refused);
	return g_test_run();
}
