/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces as JSON and as text. With --samples it tests nothing and writes sample
 * reports, one a line, for tests/checks/check_schema.py.
 */
#include <stdio.h>
#include <stdlib.h>

#include <glib.h>
#include <jansson.h>

#include <servicetrace/report.h>

#include "sample_trace.h"

#define GENERATOR "st-inject 0.1.0"

static json_t *report_of(const struct sample *sample)
{
	char *text = st_report_json(&sample->trace, GENERATOR);
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	g_assert_nonnull(object);
	free(text);
	return object;
}

static void assert_text(const struct sample *sample, const char *expected)
{
	char *text = st_report_text(&sample->trace);

	g_assert_cmpstr(text, ==, expected);
	free(text);
}

/* The hop lines alone: without the header. */
static void assert_hops(const struct sample *sample, const char *expected)
{
	char *text = st_report_text(&sample->trace);

	g_assert_cmpstr(strchr(text, '\n') + 1, ==, expected);
	free(text);
}

static void assert_contains(const struct sample *sample, const char *part)
{
	char *text = st_report_json(&sample->trace, GENERATOR);

	if (!strstr(text, part))
		g_error("no %s in %s", part, text);
	free(text);
}

static void test_json_whole(void)
{
	struct sample sample;
	char *text;

	sample_init(&sample);
	sample.trace.hop_count = 2;
	sample.hops[0].reply_count = 1;
	sample_note(&sample, "nat", 3, "the source was rewritten");
	text = st_report_json(&sample.trace, GENERATOR);
	g_assert_cmpstr(text, ==,
			"{\"type\":\"trace\",\"version\":1,\"generator\":\"st-inject 0.1.0\","
			"\"trace\":1,\"kind\":\"in-flow\",\"flow\":{\"id\":7,\"protocol\":\"tcp\","
			"\"source\":\"10.0.0.2\",\"source_port\":40312,"
			"\"destination\":\"10.9.0.2\",\"destination_port\":443,"
			"\"community_id\":\"1:yvaFwGfWqF9RAfrkyZhj1TxuUCY=\"},\"service\":null,"
			"\"start\":\"2026-11-22T10:20:30.123456Z\","
			"\"end\":\"2026-11-22T10:20:32.000000Z\",\"algorithm\":\"concurrent\","
			"\"probes_per_hop\":3,\"first_ttl\":1,\"max_ttl\":6,"
			"\"stop_reason\":\"max-ttl\",\"destination_reached\":null,"
			"\"distance\":null,\"probes_sent\":18,\"replies_received\":6,"
			"\"hops\":[{\"ttl\":1,\"sent\":3,\"rtt\":{\"best_ms\":0.231456,"
			"\"average_ms\":0.231456,\"worst_ms\":0.231456,"
			"\"deviation_ms\":0.0,\"jitter_ms\":null},\"band\":\"good\","
			"\"replies\":[{\"probe\":1,"
			"\"address\":\"10.0.0.1\",\"name\":null,\"rtt_ms\":0.231456,"
			"\"icmp_type\":11,\"icmp_code\":0,\"reply_ttl\":62,\"quoted_ttl\":1,"
			"\"matched_by\":[\"tuple\",\"ipid\",\"seq\"]}]},"
			"{\"ttl\":2,\"sent\":3,\"rtt\":null,\"band\":\"silent\","
			"\"replies\":[]}],"
			"\"notes\":[{\"kind\":\"nat\",\"ttl\":3,"
			"\"detail\":\"the source was rewritten\"}]}");
	free(text);
}

static void test_json_rtt(void)
{
	static const struct {
		int64_t rtt_ns;
		const char *json;
	} known[] = {
		{231456, "\"rtt_ms\":0.231456,"},
		{198000, "\"rtt_ms\":0.198,"},
		{1000000, "\"rtt_ms\":1.0,"},
		{0, "\"rtt_ms\":0.0,"},
		{100, "\"rtt_ms\":0.0001,"},
		{12345000, "\"rtt_ms\":12.345,"},
		{2000000001, "\"rtt_ms\":2000.000001,"},
		{INT64_C(999999999999999), "\"rtt_ms\":999999999.999999,"},
		{ST_RTT_UNKNOWN, "\"rtt_ms\":null,"},
	};
	struct sample sample;

	sample_init(&sample);
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		sample.first[0].rtt_ns = known[i].rtt_ns;
		assert_contains(&sample, known[i].json);
	}
}

static void test_json_time(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.trace.start_ns = 1000;
	sample.trace.end_ns = UINT64_MAX;
	assert_contains(&sample, "\"start\":\"1970-01-01T00:00:00.000001Z\","
				 "\"end\":\"2554-07-21T23:34:33.709551Z\",");
}

static void test_json_unknown_is_null(void)
{
	static const char *const members[] = {
		"service",   "start",	    "end",     "algorithm",	      "probes_per_hop",
		"first_ttl", "stop_reason", "max_ttl", "destination_reached", "distance",
	};
	struct sample sample;
	json_t *report;

	sample_init(&sample);
	sample.trace = (struct st_trace){.number = 1, .flow_id = 1, .tuple = sample.trace.tuple};
	report = report_of(&sample);
	for (size_t i = 0; i < G_N_ELEMENTS(members); i++)
		g_assert_true(json_is_null(json_object_get(report, members[i])));
	g_assert_cmpuint(json_array_size(json_object_get(report, "hops")), ==, 0);
	json_decref(report);
}

static void test_json_quoted_ttl(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.first[0].quoted_ttl = ST_QUOTED_TTL_UNKNOWN;
	assert_contains(&sample, "\"quoted_ttl\":null");
	sample.first[0].quoted_ttl = 0;
	assert_contains(&sample, "\"quoted_ttl\":0");
}

static void test_json_mpls(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.third[2].mpls[1] = (struct st_mpls_label){.label = 1048575, .tc = 7, .ttl = 255};
	sample.third[2].mpls_count = 2;
	assert_contains(&sample, "\"mpls\":[{\"label\":16001,\"tc\":0,\"s\":1,\"ttl\":1}],");
	assert_contains(&sample, "\"mpls\":[{\"label\":16001,\"tc\":0,\"s\":1,\"ttl\":1},"
				 "{\"label\":1048575,\"tc\":7,\"s\":0,\"ttl\":255}],");
}

static void test_json_destination(void)
{
	struct sample sample;

	sample_init_v6(&sample);
	assert_contains(&sample, "\"stop_reason\":\"destination\",\"destination_reached\":true,"
				 "\"distance\":3,");
	assert_contains(&sample, "\"quoted_ttl\":1,\"destination\":true,\"matched_by\":[");
	assert_contains(&sample, "\"source\":\"2001:db8::2\",\"source_port\":40312,");
}

static void test_json_without_ports(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.trace.tuple.protocol = ST_PROTOCOL_ICMP;
	assert_contains(&sample, "\"protocol\":\"icmp\",\"source\":\"10.0.0.2\","
				 "\"source_port\":null,\"destination\":\"10.9.0.2\","
				 "\"destination_port\":null,\"community_id\":null}");
}

/* Whatever a note quotes, the line is one line and JSON. */
static void test_json_any_bytes(void)
{
	struct sample sample;
	json_t *report, *note;

	sample_init(&sample);
	sample_note(&sample, "odd", 0, "a\n\"b\"\\ \x1b[2J \xff\xc0\x80 \xed\xa0\x80 \xc3\xa9");
	report = report_of(&sample);
	note = json_array_get(json_object_get(report, "notes"), 0);
	g_assert_true(json_is_null(json_object_get(note, "ttl")));
	g_assert_cmpstr(json_string_value(json_object_get(note, "detail")), ==,
			"a\n\"b\"\\ \x1b[2J \uFFFD\uFFFD\uFFFD \uFFFD\uFFFD\uFFFD \u00e9");
	json_decref(report);
}

static void test_words(void)
{
	g_assert_null(st_algorithm_text(ST_ALGORITHM_UNKNOWN));
	g_assert_cmpstr(st_algorithm_text(ST_ALGORITHM_HOP_BY_HOP), ==, "hop-by-hop");
	g_assert_cmpstr(st_algorithm_text(ST_ALGORITHM_PACKET_BY_PACKET), ==, "packet-by-packet");
	g_assert_null(st_stop_reason_text(ST_STOP_NONE));
	for (int reason = ST_STOP_DESTINATION; reason <= ST_STOP_END_OF_CAPTURE; reason++)
		g_assert_nonnull(st_stop_reason_text((enum st_stop_reason)reason));
	g_assert_true(g_regex_match_simple("^\\d+\\.\\d+\\.\\d+$", st_version(), 0, 0));
}

static void test_text_whole(void)
{
	struct sample sample;

	sample_init(&sample);
	assert_text(&sample,
		    "tcp 10.0.0.2:40312 > 10.9.0.2:443, 6 hops max, 3 probes per hop\n"
		    " 1  10.0.0.1 (10.0.0.1)  0.231 ms  0.198 ms  0.201 ms\n"
		    " 2  * * *\n"
		    " 3  10.1.0.1 (10.1.0.1)  1.402 ms 10.1.0.5 (10.1.0.5)  1.371 ms  1.388 ms"
		    " [MPLS: L=16001,E=0,S=1,T=1]\n"
		    " 4-6  * * *\n");
}

static void test_text_v6(void)
{
	struct sample sample;

	sample_init_v6(&sample);
	sample.trace.probes_per_hop = 1;
	assert_text(&sample,
		    "tcp [2001:db8::2]:40312 > [2001:db8:9::2]:443, 32 hops max, 1 probe per hop\n"
		    " 1  2001:db8::1 (2001:db8::1)  0.231 ms  0.198 ms  0.201 ms\n"
		    " 2  * * *\n"
		    " 3  2001:db8:9::2 (2001:db8:9::2)  1.402 ms  1.371 ms  1.388 ms\n");
}

static void test_text_header_of_unknown(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.trace.hop_count = 0;
	sample.trace.max_ttl = 0;
	assert_text(&sample, "tcp 10.0.0.2:40312 > 10.9.0.2:443, 3 probes per hop\n");
	sample.trace.probes_per_hop = 0;
	assert_text(&sample, "tcp 10.0.0.2:40312 > 10.9.0.2:443\n");
	sample.trace.tuple.protocol = ST_PROTOCOL_ICMP;
	assert_text(&sample, "icmp 10.0.0.2 > 10.9.0.2\n");
}

static void test_text_silent_probes(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.trace.hop_count = 1;
	sample.hops[0].sent = 5;
	sample.first[0].probe = 2;
	sample.first[1].probe = 4;
	sample.hops[0].reply_count = 2;
	assert_hops(&sample, " 1  * 10.0.0.1 (10.0.0.1)  0.231 ms *  0.198 ms *\n");
	sample.first[1].rtt_ns = ST_RTT_UNKNOWN;
	assert_hops(&sample, " 1  * 10.0.0.1 (10.0.0.1)  0.231 ms *  ? ms *\n");
}

static void test_text_two_routers_one_probe(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.trace.hop_count = 1;
	sample.first[1].probe = 1;
	sample.first[1].address = sample_addr("10.0.0.9");
	assert_hops(&sample, " 1  10.0.0.1 (10.0.0.1)  0.231 ms 10.0.0.9 (10.0.0.9)  0.198 ms *"
			     " 10.0.0.1 (10.0.0.1)  0.201 ms\n");
}

/* A probe that the capture missed still has its reply shown. */
static void test_text_more_replies_than_sent(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.trace.hop_count = 1;
	sample.hops[0].sent = 1;
	assert_hops(&sample, " 1  10.0.0.1 (10.0.0.1)  0.231 ms  0.198 ms  0.201 ms\n");
}

static void test_text_labels_change(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.trace.hop_count = 1;
	sample.first[1].mpls_count = 2;
	sample.first[1].mpls[0] = (struct st_mpls_label){.label = 17, .tc = 5, .ttl = 1};
	sample.first[1].mpls[1] = (struct st_mpls_label){.label = 18, .bottom = 1, .ttl = 2};
	sample.hops[0].reply_count = 2;
	assert_hops(&sample, " 1  10.0.0.1 (10.0.0.1)  0.231 ms 10.0.0.1 (10.0.0.1)  0.198 ms"
			     " [MPLS: L=17,E=5,S=0,T=1/L=18,E=0,S=1,T=2] *\n");
}

static void assert_annotation(struct sample *sample, uint8_t type, uint8_t code, const char *letter)
{
	char *text, *end;

	sample->first[0].icmp_type = type;
	sample->first[0].icmp_code = code;
	text = st_report_text(&sample->trace);
	end = strstr(text, "0.231 ms");
	g_assert_nonnull(end);
	g_assert_cmpstr(end + strlen("0.231 ms"), ==, letter);
	free(text);
}

static void test_text_annotations(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.trace.hop_count = 1;
	sample.hops[0].sent = sample.hops[0].reply_count = 1;
	assert_annotation(&sample, 11, 0, "\n");
	assert_annotation(&sample, 3, 0, " !N\n");
	assert_annotation(&sample, 3, 1, " !H\n");
	assert_annotation(&sample, 3, 2, " !P\n");
	assert_annotation(&sample, 3, 3, "\n");
	assert_annotation(&sample, 3, 4, " !F\n");
	assert_annotation(&sample, 3, 13, " !X\n");
	assert_annotation(&sample, 3, 16, " !<16>\n");
	assert_annotation(&sample, 11, 1, " !<11-1>\n");
	assert_annotation(&sample, 12, 0, " !<12-0>\n");
}

static void test_text_annotations_v6(void)
{
	struct sample sample;

	sample_init_v6(&sample);
	sample.trace.hop_count = 1;
	sample.hops[0].sent = sample.hops[0].reply_count = 1;
	assert_annotation(&sample, 3, 0, "\n");
	assert_annotation(&sample, 1, 0, " !N\n");
	assert_annotation(&sample, 1, 1, " !X\n");
	assert_annotation(&sample, 1, 3, " !H\n");
	assert_annotation(&sample, 1, 4, "\n");
	assert_annotation(&sample, 1, 5, " !<5>\n");
	assert_annotation(&sample, 2, 0, " !F\n");
	assert_annotation(&sample, 4, 1, " !P\n");
	assert_annotation(&sample, 4, 0, " !<4-0>\n");
}

static void test_text_all_silent(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.hops[0].reply_count = 0;
	sample.hops[2].reply_count = 0;
	assert_hops(&sample, " 1-6  * * *\n");
	sample.trace.hop_count = 1;
	assert_hops(&sample, " 1  * * *\n");
}

/* A capture may hold probes of some TTLs only; what was not probed is not called silent. */
static void test_text_silent_with_gap(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.hops[0].reply_count = 0;
	sample.hops[2].reply_count = 0;
	for (int i = 2; i < SAMPLE_HOPS; i++)
		sample.hops[i].ttl = (uint8_t)(sample.hops[i].ttl + 7);
	assert_hops(&sample, " 1-2  * * *\n10-13  * * *\n");
}

static void test_text_end_and_notes(void)
{
	struct sample sample;

	sample_init(&sample);
	sample.trace.hop_count = 1;
	sample.hops[0].reply_count = 0;
	sample.trace.stop_reason = ST_STOP_FLOW_CLOSED;
	sample_note(&sample, "unseen-probes", 0, "2 probes were not seen leaving");
	sample_note(&sample, "odd", 3, "red \x1b[31m\nline \xff");
	assert_hops(&sample, " 1  * * *\n"
			     "note: 2 probes were not seen leaving\n"
			     "note: hop 3: red ?[31m?line \uFFFD\n"
			     "stopped: the flow closed\n");
}

static void test_text_stop_reasons(void)
{
	struct sample sample;

	for (int reason = ST_STOP_NONE; reason <= ST_STOP_END_OF_CAPTURE; reason++) {
		bool shown = reason != ST_STOP_NONE && reason != ST_STOP_MAX_TTL &&
			     reason != ST_STOP_DESTINATION;
		char *text;

		sample_init(&sample);
		sample.trace.stop_reason = (enum st_stop_reason)reason;
		text = st_report_text(&sample.trace);
		g_assert_true((strstr(text, "\nstopped: ") != NULL) == shown);
		free(text);
	}
}

static void write_sample(const struct sample *sample, const char *generator)
{
	char *text = st_report_json(&sample->trace, generator);

	puts(text);
	free(text);
}

static void write_identities(struct sample *sample)
{
	struct st_flow flow;
	char *text;

	sample->trace.identity = sample_identity();
	write_sample(sample, "st-replay 0.1.0");
	sample->trace.identity.matched_by = ST_EVIDENCE_PREFIX;
	sample->trace.identity.evidence = ST_EVIDENCE_SNI;
	sample->trace.identity.alpn = "h2,http/1.1";
	sample->trace.identity.ech = true;
	write_sample(sample, "st-replay 0.1.0");
	flow = sample_flow(sample);
	text = st_report_flow_json(&flow, "st-replay 0.1.0");
	puts(text);
	free(text);
}

/* Between them they hold every member in every form that it can have. */
static int write_samples(void)
{
	struct sample sample;

	sample_init(&sample);
	sample_note(&sample, "nat", 3, "the source was rewritten");
	sample_note(&sample, "odd", 0, "bytes \xff from the wire\n");
	for (int reason = ST_STOP_DESTINATION; reason <= ST_STOP_END_OF_CAPTURE; reason++) {
		sample.trace.stop_reason = (enum st_stop_reason)reason;
		write_sample(&sample, "st-inject 0.1.0");
	}
	sample_init_v6(&sample);
	sample.first[0].quoted_ttl = ST_QUOTED_TTL_UNKNOWN;
	sample.first[0].rtt_ns = ST_RTT_UNKNOWN;
	sample.first[1].rtt_ns = 1;
	sample.first[1].matched_by = ST_MATCH_PEER;
	sample.first[2].matched_by = 0;
	sample.trace.algorithm = ST_ALGORITHM_UNKNOWN;
	sample.trace.probes_per_hop = 0;
	sample.trace.max_ttl = 0;
	sample.trace.start_ns = 0;
	write_sample(&sample, "st-replay 0.1.0");
	sample.trace.tuple.protocol = ST_PROTOCOL_ICMPV6;
	sample.trace.algorithm = ST_ALGORITHM_PACKET_BY_PACKET;
	write_sample(&sample, "st-replay 0.1.0");
	sample.trace.tuple.protocol = 132;
	sample.trace.algorithm = ST_ALGORITHM_HOP_BY_HOP;
	write_sample(&sample, "st-replay 0.1.0");
	write_identities(&sample);
	return EXIT_SUCCESS;
}

static void add_json_tests(void)
{
	g_test_add_func("/report/json/whole", test_json_whole);
	g_test_add_func("/report/json/rtt", test_json_rtt);
	g_test_add_func("/report/json/time", test_json_time);
	g_test_add_func("/report/json/unknown-is-null", test_json_unknown_is_null);
	g_test_add_func("/report/json/quoted-ttl", test_json_quoted_ttl);
	g_test_add_func("/report/json/mpls", test_json_mpls);
	g_test_add_func("/report/json/destination", test_json_destination);
	g_test_add_func("/report/json/without-ports", test_json_without_ports);
	g_test_add_func("/report/json/any-bytes", test_json_any_bytes);
	g_test_add_func("/report/words", test_words);
}

static void add_text_tests(void)
{
	g_test_add_func("/report/text/whole", test_text_whole);
	g_test_add_func("/report/text/v6", test_text_v6);
	g_test_add_func("/report/text/header-of-unknown", test_text_header_of_unknown);
	g_test_add_func("/report/text/silent-probes", test_text_silent_probes);
	g_test_add_func("/report/text/two-routers-one-probe", test_text_two_routers_one_probe);
	g_test_add_func("/report/text/more-replies-than-sent", test_text_more_replies_than_sent);
	g_test_add_func("/report/text/labels-change", test_text_labels_change);
	g_test_add_func("/report/text/annotations", test_text_annotations);
	g_test_add_func("/report/text/annotations-v6", test_text_annotations_v6);
	g_test_add_func("/report/text/all-silent", test_text_all_silent);
	g_test_add_func("/report/text/silent-with-gap", test_text_silent_with_gap);
	g_test_add_func("/report/text/end-and-notes", test_text_end_and_notes);
	g_test_add_func("/report/text/stop-reasons", test_text_stop_reasons);
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--samples") == 0)
		return write_samples();
	g_test_init(&argc, &argv, NULL);
	add_json_tests();
	add_text_tests();
	return g_test_run();
}
