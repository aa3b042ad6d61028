/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Saved reports against new ones: what is a difference, what is none, what is refused. */
#include <stdlib.h>

#include <servicetrace/report.h>

#include "sample_trace.h"

#define INJECT "st-inject 0.1.0"
#define REPLAY "st-replay 0.2.0"
#define FLOW "tcp 10.0.0.2:40312 > 10.9.0.2:443"

/* What a file with `count` saved traces holds. */
static char *saved_text(const struct sample *saved, size_t count, const char *generator)
{
	GString *text = g_string_new(NULL);

	for (size_t i = 0; i < count; i++) {
		char *line = st_report_json(&saved[i].trace, generator);

		g_string_append_printf(text, "%s\n", line);
		free(line);
	}
	return g_string_free(text, FALSE);
}

static struct st_expect *expect_of(const char *text)
{
	char *why;
	struct st_expect *expect = st_expect_new(text, strlen(text), &why);

	if (!expect)
		g_error("%s", why);
	return expect;
}

/* "@" in `expected` stands for the flow of the sample. */
static void assert_differences(const struct st_expect *expect, const char *expected)
{
	char *differences = st_expect_differences(expect);
	char **parts = g_strsplit(differences, FLOW, -1);
	char *shortened = g_strjoinv("@", parts);

	g_assert_cmpstr(shortened, ==, expected);
	g_free(shortened);
	g_strfreev(parts);
	free(differences);
}

/* One trace saved by st-inject, one new of st-replay. */
static void assert_pair(const struct sample *saved, const struct sample *added,
			const char *expected)
{
	char *text = saved_text(saved, 1, INJECT);
	struct st_expect *expect = expect_of(text);

	st_expect_add(expect, &added->trace, REPLAY);
	assert_differences(expect, expected);
	st_expect_free(expect);
	g_free(text);
}

static void test_same(void)
{
	struct sample saved, added;

	sample_init(&saved);
	sample_init(&added);
	assert_pair(&saved, &added, "");
	sample_init_v6(&saved);
	sample_init_v6(&added);
	assert_pair(&saved, &added, "");
}

/* What two true reports of one run may differ in. */
static void test_not_compared(void)
{
	struct sample saved, added;

	sample_init(&saved);
	sample_init(&added);
	added.trace.number = 9;
	added.trace.flow_id = 99;
	added.trace.start_ns += ST_NS_PER_S;
	added.trace.end_ns = 0;
	added.trace.algorithm = ST_ALGORITHM_UNKNOWN;
	added.trace.probes_per_hop = 0;
	added.trace.max_ttl = 0;
	added.trace.stop_reason = ST_STOP_END_OF_CAPTURE;
	added.first[0].rtt_ns += 1000;
	added.first[1].rtt_ns -= 1000;
	sample_note(&saved, "unseen-probes", 0, "only one side has it");
	assert_pair(&saved, &added, "");
	saved.trace.stop_reason = ST_STOP_END_OF_CAPTURE;
	added.trace.stop_reason = ST_STOP_MAX_TTL;
	assert_pair(&saved, &added, "");
	/* A capture shows that the flow was closed, but not why probing had stopped before. */
	saved.trace.stop_reason = ST_STOP_MISSING_HOPS;
	added.trace.stop_reason = ST_STOP_FLOW_CLOSED;
	assert_pair(&saved, &added, "");
}

static void test_outcome(void)
{
	struct sample saved, added;

	sample_init(&saved);
	sample_init(&added);
	added.trace.algorithm = ST_ALGORITHM_HOP_BY_HOP;
	added.trace.max_ttl = 5;
	added.trace.distance = 6;
	added.trace.probes_sent = 17;
	added.trace.stop_reason = ST_STOP_DESTINATION;
	assert_pair(&saved, &added,
		    "@: expected algorithm concurrent, got hop-by-hop\n"
		    "@: expected max_ttl 6, got 5\n"
		    "@: expected destination_reached null, got true\n"
		    "@: expected distance null, got 6\n"
		    "@: expected probes_sent 18, got 17\n"
		    "@: expected stop_reason max-ttl, got destination\n");
}

static void test_replies(void)
{
	struct sample saved, added;

	sample_init(&saved);
	sample_init(&added);
	added.third[1].address = sample_addr("10.1.0.6");
	added.third[1].mpls_count = 0;
	added.third[2].destination = true;
	added.third[2].matched_by = ST_MATCH_PEER;
	added.third[2].icmp_code = 13;
	assert_pair(&saved, &added,
		    "@: hop 3 probe 2: expected 10.1.0.5, got 10.1.0.6\n"
		    "@: hop 3 probe 2: expected mpls "
		    "[{\"label\":16001,\"tc\":0,\"s\":1,\"ttl\":1}], got nothing\n"
		    "@: hop 3 probe 3: expected icmp_code 0, got 13\n"
		    "@: hop 3 probe 3: expected destination nothing, got true\n"
		    "@: hop 3 probe 3: expected matched_by "
		    "[\"tuple\",\"ipid\",\"seq\"], "
		    "got [\"peer\"]\n");
}

static void test_rtt(void)
{
	struct sample saved, added;

	sample_init(&saved);
	sample_init(&added);
	added.first[0].rtt_ns += 1001;
	added.first[1].rtt_ns = ST_RTT_UNKNOWN;
	added.first[2].rtt_ns -= 1001;
	assert_pair(&saved, &added,
		    "@: hop 1 probe 1: expected rtt_ms 0.231456, got 0.232457\n"
		    "@: hop 1 probe 2: expected rtt_ms 0.198, got null\n"
		    "@: hop 1 probe 3: expected rtt_ms 0.201, got 0.199999\n");
	saved.first[1].rtt_ns = ST_RTT_UNKNOWN;
	added.first[0] = saved.first[0];
	added.first[2] = saved.first[2];
	assert_pair(&saved, &added, "");
}

static void test_missing_reply(void)
{
	struct sample saved, added;

	sample_init(&saved);
	sample_init(&added);
	added.first[1] = added.first[2];
	added.hops[0].reply_count = 2;
	added.third[3] = sample_reply(4, "10.1.0.9", 1000);
	added.hops[2].reply_count = 4;
	added.hops[2].sent = 4;
	assert_pair(&saved, &added,
		    "@: hop 1 probe 2: expected 10.0.0.1, got no reply\n"
		    "@: hop 3: expected sent 3, got 4\n"
		    "@: hop 3 probe 4: expected no reply, got 10.1.0.9\n");
}

/* Two routers answered one probe; one of the answers is gone. */
static void test_second_router(void)
{
	struct sample saved, added;

	sample_init(&saved);
	saved.first[1] = sample_reply(1, "10.0.0.9", 5000);
	added = saved;
	added.trace.hops = added.hops;
	added.hops[0].replies = added.first;
	added.first[1] = added.first[2];
	added.hops[0].reply_count = 2;
	assert_pair(&saved, &added, "@: hop 1 probe 1: expected 10.0.0.9, got no reply\n");
}

static void test_hops(void)
{
	struct sample saved, added;

	sample_init(&saved);
	sample_init(&added);
	saved.trace.hop_count = 5;
	saved.hops[4].ttl = 9;
	assert_pair(&saved, &added,
		    "@: hop 5: expected no probes, got probes\n"
		    "@: hop 6: expected no probes, got probes\n"
		    "@: hop 9: expected probes, got no probes\n");
}

static void test_missing_and_extra(void)
{
	struct sample saved, added;

	sample_init(&saved);
	sample_init_v6(&added);
	assert_pair(&saved, &added,
		    "@: expected a trace, got none\n"
		    "tcp [2001:db8::2]:40312 > [2001:db8:9::2]:443: "
		    "expected no trace, got one\n");
}

/* The same flow traced three times: the order of the lines does not count, that of the starts does.
 */
static void test_retraces(void)
{
	struct sample saved[3], added;
	struct st_expect *expect;
	char *text;

	for (unsigned i = 0; i < 3; i++) {
		sample_init(&saved[i]);
		saved[i].trace.start_ns += (2 - i) * ST_NS_PER_S;
		saved[i].trace.probes_sent = 100 + 2 - i;
	}
	text = saved_text(saved, 3, INJECT);
	expect = expect_of(text);
	for (unsigned i = 0; i < 2; i++) {
		sample_init(&added);
		added.trace.start_ns += i * ST_NS_PER_S;
		added.trace.probes_sent = 100 + 7 * i;
		st_expect_add(expect, &added.trace, REPLAY);
	}
	assert_differences(expect, "@, trace 2: expected probes_sent 101, got 107\n"
				   "@, trace 3: expected a trace, got none\n");
	st_expect_free(expect);
	g_free(text);
}

static void test_notes_of_one_program(void)
{
	struct sample saved, added;
	struct st_expect *expect;
	char *text;

	sample_init(&saved);
	sample_init(&added);
	sample_note(&saved, "nat", 3, "in these words");
	sample_note(&saved, "odd", 0, "twice");
	sample_note(&added, "nat", 3, "in other words");
	text = saved_text(&saved, 1, "st-replay 0.1.0");
	expect = expect_of(text);
	st_expect_add(expect, &added.trace, REPLAY);
	assert_differences(expect, "@: expected notes nat at hop 3, odd, got nat at hop 3\n");
	st_expect_free(expect);
	g_free(text);
}

/* Other objects and empty lines are passed over; the last line needs no end. */
static void test_other_lines(void)
{
	struct st_expect *expect =
		expect_of("\n{\"type\":\"flow\",\"id\":1}\r\n  \n{\"type\":\"\"}");

	assert_differences(expect, "");
	st_expect_free(expect);
	expect = expect_of("");
	assert_differences(expect, "");
	st_expect_free(expect);
}

/* A report that lacks members, or holds others than expected, is a difference and no crash. */
static void test_odd_members(void)
{
	struct st_expect *expect = expect_of(
		"{\"type\":\"trace\",\"version\":1,\"flow\":{\"protocol\":\"tcp\",\"source\":"
		"\"10.0.0.2\",\"source_port\":40312,\"destination\":\"10.9.0.2\","
		"\"destination_port\":443},\"hops\":[{\"ttl\":1,\"sent\":3,\"replies\":[{\"probe\":"
		"1,"
		"\"address\":\"\\u001b[31m\"},7]},\"x\"],\"notes\":{\"a\":[]},\"generator\":[]}");
	struct sample added;
	char *differences;

	sample_init(&added);
	st_expect_add(expect, &added.trace, REPLAY);
	differences = st_expect_differences(expect);
	g_assert_nonnull(strstr(differences, FLOW ": expected probes_sent nothing, got 18\n"));
	g_assert_nonnull(strstr(differences, " probe 1: expected ?[31m, got 10.0.0.1\n"));
	g_assert_null(strchr(differences, '\x1b'));
	free(differences);
	st_expect_free(expect);
}

static void assert_refused(const char *text, size_t bytes, const char *why_begins)
{
	char *why = NULL;

	g_assert_null(st_expect_new(text, bytes, &why));
	g_test_message("%s", why);
	g_assert_true(g_str_has_prefix(why, why_begins));
	g_assert_null(strchr(why, '\n'));
	free(why);
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"tcp 10.0.0.2:40312 > 10.9.0.2:443, 32 hops max",
		"{\"type\":\"trace\"",
		"{\"type\":\"trace\"} {}",
		"[]",
		"7",
		"{}",
		"{\"type\":1}",
		"{\"type\":\"trace\"}",
		"{\"type\":\"trace\",\"version\":1,\"hops\":[],\"flow\":{\"protocol\":6,"
		"\"source\":\"10.0.0.2\",\"destination\":\"10.9.0.2\"}}",
		"{\"type\":\"trace\",\"version\":1,\"hops\":{},\"flow\":{\"protocol\":\"tcp\","
		"\"source\":\"10.0.0.2\",\"destination\":\"10.9.0.2\"}}",
		"{\"type\":\"trace\",\"version\":2,\"hops\":[],\"flow\":{\"protocol\":\"tcp\","
		"\"source\":\"10.0.0.2\",\"destination\":\"10.9.0.2\"}}",
		"\xd4\xc3\xb2\xa1\x02",
	};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		assert_refused(bad[i], strlen(bad[i]), "line 1: ");
	assert_refused("\0\0", 2, "line 1: ");
	assert_refused("\n{\"type\":\"flow\"}\n{\n", 19, "line 3: ");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/expect/same", test_same);
	g_test_add_func("/expect/not-compared", test_not_compared);
	g_test_add_func("/expect/outcome", test_outcome);
	g_test_add_func("/expect/replies", test_replies);
	g_test_add_func("/expect/rtt", test_rtt);
	g_test_add_func("/expect/missing-reply", test_missing_reply);
	g_test_add_func("/expect/second-router", test_second_router);
	g_test_add_func("/expect/hops", test_hops);
	g_test_add_func("/expect/missing-and-extra", test_missing_and_extra);
	g_test_add_func("/expect/retraces", test_retraces);
	g_test_add_func("/expect/notes-of-one-program", test_notes_of_one_program);
	g_test_add_func("/expect/other-lines", test_other_lines);
	g_test_add_func("/expect/odd-members", test_odd_members);
	g_test_add_func("/expect/refused", test_refused);
	return g_test_run();
}
