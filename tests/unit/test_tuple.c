/* SPDX-License-Identifier: GPL-2.0-or-later */
/* 5-tuples: equality, turning round, reading, Community ID. */
#include <glib.h>

#include <servicetrace/flow.h>
#include <servicetrace/packet.h>

static struct st_tuple parsed(const char *text)
{
	struct st_tuple tuple;

	g_assert_cmpint(st_tuple_parse(text, &tuple), ==, ST_OK);
	return tuple;
}

static void test_parse(void)
{
	struct st_tuple tuple = parsed("tcp 192.0.2.1:1234 198.51.100.2:443");
	char text[ST_ADDR_TEXT_BYTES];

	g_assert_cmpint(tuple.protocol, ==, ST_PROTOCOL_TCP);
	g_assert_cmpstr(st_addr_format(&tuple.source, text), ==, "192.0.2.1");
	g_assert_cmpint(tuple.source_port, ==, 1234);
	g_assert_cmpstr(st_addr_format(&tuple.destination, text), ==, "198.51.100.2");
	g_assert_cmpint(tuple.destination_port, ==, 443);
}

static void test_parse_v6(void)
{
	struct st_tuple tuple = parsed("udp [2001:db8::1]:1 [2001:db8:0:0::ffff]:65535");
	char text[ST_ADDR_TEXT_BYTES];

	g_assert_cmpint(tuple.protocol, ==, ST_PROTOCOL_UDP);
	g_assert_cmpstr(st_addr_format(&tuple.source, text), ==, "2001:db8::1");
	g_assert_cmpint(tuple.source_port, ==, 1);
	g_assert_cmpstr(st_addr_format(&tuple.destination, text), ==, "2001:db8::ffff");
	g_assert_cmpint(tuple.destination_port, ==, 65535);
}

static void test_parse_refuses(void)
{
	static const char *const bad[] = {
		"",
		"tcp",
		"tcp 192.0.2.1:1",
		"tcp 192.0.2.1:1 192.0.2.2:2 ",
		"tcp  192.0.2.1:1 192.0.2.2:2",
		"tcp 192.0.2.1:1 192.0.2.2:2 x",
		"icmp 192.0.2.1:1 192.0.2.2:2",
		"TCP 192.0.2.1:1 192.0.2.2:2",
		"tcp 192.0.2.1 192.0.2.2",
		"tcp 192.0.2.1: 192.0.2.2:2",
		"tcp 192.0.2.1:0 192.0.2.2:2",
		"tcp 192.0.2.1:65536 192.0.2.2:2",
		"tcp 192.0.2.1:-1 192.0.2.2:2",
		"tcp 192.0.2.1:+1 192.0.2.2:2",
		"tcp 192.0.2.1:1x 192.0.2.2:2",
		"tcp :1 192.0.2.2:2",
		"tcp []:1 [2001:db8::1]:2",
		"tcp [192.0.2.1]:1 192.0.2.2:2",
		"tcp 2001:db8::1:1 2001:db8::2:2",
		"tcp [2001:db8::1:1 [2001:db8::2]:2",
		"tcp [2001:db8::1]1 [2001:db8::2]:2",
		"tcp [2001:db8::1]:1 192.0.2.2:2",
		"tcp 1111111111111111111111111111111111111111111111111111111:1 192.0.2.2:2",
	};
	const struct st_tuple before = parsed("tcp 192.0.2.1:1 192.0.2.2:2");
	struct st_tuple tuple = before;

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_test_message("'%s'", bad[i]);
		g_assert_cmpint(st_tuple_parse(bad[i], &tuple), ==, ST_INVALID_ARGUMENT);
		g_assert_true(st_tuple_equal(&tuple, &before));
	}
}

static void test_equal(void)
{
	static const char *const others[] = {
		"udp 192.0.2.1:1 192.0.2.2:2", "tcp 192.0.2.3:1 192.0.2.2:2",
		"tcp 192.0.2.1:3 192.0.2.2:2", "tcp 192.0.2.1:1 192.0.2.3:2",
		"tcp 192.0.2.1:1 192.0.2.2:3", "tcp 192.0.2.2:2 192.0.2.1:1",
	};
	struct st_tuple tuple = parsed("tcp 192.0.2.1:1 192.0.2.2:2"), same = tuple;

	g_assert_true(st_tuple_equal(&tuple, &same));
	for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
		struct st_tuple other = parsed(others[i]);

		g_assert_false(st_tuple_equal(&tuple, &other));
	}
}

static void test_reversed(void)
{
	struct st_tuple tuple = parsed("tcp 192.0.2.1:1 192.0.2.2:2");
	struct st_tuple reversed = parsed("tcp 192.0.2.2:2 192.0.2.1:1");
	struct st_tuple turned = st_tuple_reversed(&tuple);

	g_assert_true(st_tuple_equal(&turned, &reversed));
	turned = st_tuple_reversed(&turned);
	g_assert_true(st_tuple_equal(&turned, &tuple));
}

/* Values published with the specification and with Zeek's tests. */
static void test_community_id(void)
{
	static const struct {
		const char *flow, *id;
	} known[] = {
		{"tcp 128.232.110.120:34855 66.35.250.204:80", "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
		{"tcp 1.2.3.4:1122 5.6.7.8:3344", "1:wCb3OG7yAFWelaUydu0D+125CLM="},
		{"udp 1.2.3.4:1122 5.6.7.8:3344", "1:0Mu9InQx6z4ZiCZM/7HXi2WMhOg="},
		{"udp 192.168.1.52:54585 8.8.8.8:53", "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
		{"tcp [2001:470:e5bf:dead:4957:2174:e82c:4887]:63943 "
		 "[2607:f8b0:400c:c03::1a]:25",
		 "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
	};
	char text[ST_COMMUNITY_ID_BYTES];

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		struct st_tuple tuple = parsed(known[i].flow);
		struct st_tuple reversed = st_tuple_reversed(&tuple);

		g_assert_cmpstr(st_community_id(&tuple, text), ==, known[i].id);
		g_assert_cmpstr(st_community_id(&reversed, text), ==, known[i].id);
	}
}

static void test_community_id_of_one_host(void)
{
	struct st_tuple tuple = parsed("tcp 127.0.0.1:5000 127.0.0.1:80");
	struct st_tuple reversed = st_tuple_reversed(&tuple);
	char one[ST_COMMUNITY_ID_BYTES], other[ST_COMMUNITY_ID_BYTES];

	g_assert_cmpstr(st_community_id(&tuple, one), ==, st_community_id(&reversed, other));
}

static void test_protocol_text(void)
{
	char text[ST_PROTOCOL_TEXT_BYTES];

	g_assert_cmpstr(st_protocol_text(ST_PROTOCOL_TCP, text), ==, "tcp");
	g_assert_cmpstr(st_protocol_text(ST_PROTOCOL_UDP, text), ==, "udp");
	g_assert_cmpstr(st_protocol_text(ST_PROTOCOL_ICMP, text), ==, "icmp");
	g_assert_cmpstr(st_protocol_text(ST_PROTOCOL_ICMPV6, text), ==, "icmpv6");
	g_assert_cmpstr(st_protocol_text(0, text), ==, "0");
	g_assert_cmpstr(st_protocol_text(255, text), ==, "255");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tuple/parse", test_parse);
	g_test_add_func("/tuple/parse-v6", test_parse_v6);
	g_test_add_func("/tuple/parse-refuses", test_parse_refuses);
	g_test_add_func("/tuple/equal", test_equal);
	g_test_add_func("/tuple/reversed", test_reversed);
	g_test_add_func("/tuple/community-id", test_community_id);
	g_test_add_func("/tuple/community-id-of-one-host", test_community_id_of_one_host);
	g_test_add_func("/tuple/protocol-text", test_protocol_text);
	return g_test_run();
}
