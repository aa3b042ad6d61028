/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which service a flow is told to be of, and which flows that makes wanted:
 * through the facade, frame by frame.
 */
#include "service/names.h"
#include "service_lab.h"

static void test_own_name_beats_dns(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	show_answer(&lab, "www.video.test");
	open_tls(&lab, "WWW.Music.Test", false);
	assert_flow(&lab, "www.music.test", "Music", ST_EVIDENCE_SNI, ST_EVIDENCE_SNI, false);
	end_lab(&lab, signatures);
}

static void test_dns_beats_prefix(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	show_answer(&lab, "www.video.test");
	show_handshake(&lab);
	assert_flow(&lab, "www.video.test", "Video", ST_EVIDENCE_DNS, ST_EVIDENCE_DNS, false);
	end_lab(&lab, signatures);
}

static void test_prefix_alone(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	show_handshake(&lab);
	assert_flow(&lab, NULL, "Network", ST_EVIDENCE_PREFIX, ST_EVIDENCE_PREFIX, false);
	end_lab(&lab, signatures);
}

/* A name that no signature knows leaves the service to the address, and says so. */
static void test_unknown_name_in_prefix(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	open_tls(&lab, "www.example.test", false);
	assert_flow(&lab, "www.example.test", "Network", ST_EVIDENCE_SNI, ST_EVIDENCE_PREFIX,
		    false);
	end_lab(&lab, signatures);
}

static void test_alias(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	show_answer_to(&lab, CLIENT, "www.example.test", "e7.video-cdn.test");
	show_handshake(&lab);
	assert_flow(&lab, "www.example.test", "Video", ST_EVIDENCE_DNS, ST_EVIDENCE_DNS, false);
	end_lab(&lab, signatures);
}

/* Also where the flow's own name has been asked for; another name's aliases do not count. */
static void test_alias_of_own_name(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	show_answer_to(&lab, CLIENT, "www.example.test", "e7.video-cdn.test");
	show_answer_to(&lab, CLIENT, "www.other.test", "www.music.test");
	open_tls(&lab, "www.example.test", false);
	assert_flow(&lab, "www.example.test", "Video", ST_EVIDENCE_SNI, ST_EVIDENCE_DNS, false);
	end_lab(&lab, signatures);
}

static void test_latest_name_wins(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	show_answer(&lab, "www.video.test");
	show_answer(&lab, "www.music.test");
	show_answer_to(&lab, OTHER_CLIENT, "www.other.test", NULL);
	show_handshake(&lab);
	show_answer(&lab, "later.video.test"); /* for another flow */
	show_tcp(&lab, true, ACK, 1001, 5001, 10, false);
	assert_flow(&lab, "www.music.test", "Music", ST_EVIDENCE_DNS, ST_EVIDENCE_DNS, false);
	end_lab(&lab, signatures);
}

/* Asked for over IPv6, say: then the client's address is another. The client's own beats it. */
static void test_other_clients_name(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	show_answer_to(&lab, OTHER_CLIENT, "www.video.test", NULL);
	show_handshake(&lab);
	assert_flow(&lab, "www.video.test", "Video", ST_EVIDENCE_DNS, ST_EVIDENCE_DNS, false);
	end_lab(&lab, signatures);
	signatures = make_signatures();
	lab = make_service_lab(signatures, NULL, false);
	show_answer_to(&lab, OTHER_CLIENT, "www.music.test", NULL);
	show_handshake(&lab);
	show_answer_to(&lab, OTHER_CLIENT, "later.video.test", NULL);
	show_tcp(&lab, true, ACK, 1001, 5001, 10, false);
	assert_flow(&lab, "www.music.test", "Music", ST_EVIDENCE_DNS, ST_EVIDENCE_DNS, false);
	end_lab(&lab, signatures);
	signatures = make_signatures();
	lab = make_service_lab(signatures, NULL, false);
	show_answer(&lab, "www.music.test");
	show_answer_to(&lab, OTHER_CLIENT, "www.video.test", NULL);
	show_handshake(&lab);
	assert_flow(&lab, "www.music.test", "Music", ST_EVIDENCE_DNS, ST_EVIDENCE_DNS, false);
	end_lab(&lab, signatures);
}

static void test_outer_name(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	open_tls(&lab, "outer.video.test", true);
	assert_flow(&lab, "outer.video.test", "Network", ST_EVIDENCE_SNI, ST_EVIDENCE_PREFIX, true);
	end_lab(&lab, signatures);
}

/* What DNS told of the address is what the client wanted, not the outer name. */
static void test_outer_name_and_dns(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	show_answer(&lab, "www.music.test");
	open_tls(&lab, "outer.video.test", true);
	assert_flow(&lab, "outer.video.test", "Music", ST_EVIDENCE_SNI, ST_EVIDENCE_DNS, true);
	end_lab(&lab, signatures);
}

/* A decoy beside the name that the client has asked for. */
static void test_greased_name(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	show_answer(&lab, "www.video.test");
	open_tls(&lab, "www.video.test", true);
	assert_flow(&lab, "www.video.test", "Video", ST_EVIDENCE_SNI, ST_EVIDENCE_SNI, true);
	end_lab(&lab, signatures);
}

/* Who asked over the other IP version can be the client; over the same one it is another. */
static void test_greased_name_asked_elsewhere(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	show_answer6(&lab, "www.video.test");
	open_tls(&lab, "www.video.test", true);
	assert_flow(&lab, "www.video.test", "Video", ST_EVIDENCE_SNI, ST_EVIDENCE_SNI, true);
	end_lab(&lab, signatures);
	signatures = make_signatures();
	lab = make_service_lab(signatures, NULL, false);
	show_answer_to(&lab, OTHER_CLIENT, "outer.video.test", NULL);
	show_answer(&lab, "www.music.test");
	open_tls(&lab, "outer.video.test", true);
	assert_flow(&lab, "outer.video.test", "Music", ST_EVIDENCE_SNI, ST_EVIDENCE_DNS, true);
	end_lab(&lab, signatures);
}

static void test_told_name(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);
	struct st_addr server = {.version = 4, .bytes = {10, 9, 0, 2}}, none = {0};

	g_assert_cmpint(st_tracer_tell_name(lab.tracer, lab.now, &server, "www.Music.test."), ==,
			ST_OK);
	g_assert_cmpint(st_tracer_tell_name(lab.tracer, lab.now, &server, ""), ==,
			ST_INVALID_ARGUMENT);
	g_assert_cmpint(st_tracer_tell_name(lab.tracer, lab.now, &server, "."), ==,
			ST_INVALID_ARGUMENT);
	g_assert_cmpint(st_tracer_tell_name(lab.tracer, lab.now, &server, "a b"), ==,
			ST_INVALID_ARGUMENT);
	g_assert_cmpint(st_tracer_tell_name(lab.tracer, lab.now, &none, "a"), ==,
			ST_INVALID_ARGUMENT);
	show_answer(&lab, "www.video.test");
	show_handshake(&lab);
	assert_flow(&lab, "www.music.test", "Music", ST_EVIDENCE_OPTION, ST_EVIDENCE_OPTION, false);
	end_lab(&lab, signatures);
}

/* What has to leave for a name that is told is counted at once, as for one of DNS. */
static void test_told_names_are_counted(void)
{
	struct lab lab = make_service_lab(NULL, NULL, false);
	struct st_addr server = {.version = 4, .bytes = {10, 9, 0, 2}};
	char name[16];

	for (unsigned i = 0; i <= NAMES_PER_ADDR_MAX; i++) {
		g_snprintf(name, sizeof(name), "%u.test", i);
		g_assert_cmpint(st_tracer_tell_name(lab.tracer, lab.now, &server, name), ==, ST_OK);
	}
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->names_known, ==, NAMES_PER_ADDR_MAX);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->names_evicted, ==, 1);
	end_lab(&lab, NULL);
}

static const char *const network[] = {"network"};

static void test_wanted_by_own_name(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, video, true);
	struct st_event event;

	open_tls(&lab, "a.music.test", false);
	assert_traced(&lab, 0);
	lab.port++;
	open_tls(&lab, "a.notvideo.test", false);
	assert_traced(&lab, 0);
	lab.port++;
	open_tls(&lab, "a.video.test", false);
	assert_traced(&lab, 1);
	st_tracer_finish(lab.tracer, lab.now);
	g_assert_true(next_event(&lab, ST_EVENT_TRACE_ENDED, &event));
	g_assert_cmpuint(event.result->flow_id, ==, 1);
	g_assert_cmpstr(event.result->identity.host, ==, "a.video.test");
	g_assert_cmpstr(event.result->identity.service, ==, "video");
	g_assert_cmpint(event.result->tuple.source_port, ==, lab.port);
	end_lab(&lab, signatures);
}

/* A user's own service may be called like one that is installed. */
static void test_wanted_by_shared_name(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab;

	st_signatures_add_service(signatures, "my-caches", "Video");
	st_signatures_add_rule(signatures, "my-caches", ST_RULE_DOMAIN, "cache.test");
	lab = make_service_lab(signatures, video, true);
	open_tls(&lab, "a.cache.test", false);
	assert_traced(&lab, 1);
	end_lab(&lab, signatures);
}

static void test_wanted_by_prefix(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, network, true);

	open_flow(&lab, true);
	assert_traced(&lab, 1);
	end_lab(&lab, signatures);
}

/* All names count that the client was given, though the report tells the latest. */
static void test_wanted_by_older_answer(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, video, true);

	show_answer_to(&lab, CLIENT, "www.example.test", "e7.video-cdn.test");
	show_answer(&lab, "www.music.test");
	open_flow(&lab, true);
	assert_traced(&lab, 1);
	assert_flow(&lab, "www.music.test", "Music", ST_EVIDENCE_DNS, ST_EVIDENCE_DNS, false);
	end_lab(&lab, signatures);
}

/* ... until the flow tells its own name. */
static void test_unwanted_by_own_name(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, video, true);

	show_answer(&lab, "www.video.test");
	open_tls(&lab, "www.music.test", false);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_started, ==, 0);
	end_lab(&lab, signatures);
}

/* What may be an outer name is traced if asked for, though it is not called the service. */
static void test_wanted_by_outer_name(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, video, true);

	open_tls(&lab, "www.video.test", true);
	assert_traced(&lab, 1);
	assert_flow(&lab, "www.video.test", "Network", ST_EVIDENCE_SNI, ST_EVIDENCE_PREFIX, true);
	end_lab(&lab, signatures);
}

static void test_wanted_by_host(void)
{
	static const struct {
		const char *pattern;
		unsigned traced;
	} cases[] = {
		{"www.example.test", 1}, {"WWW.example.TEST", 1},   {"*.example.test", 1},
		{"example.test", 0},	 {"*.www.example.test", 0}, {"*.ample.test", 0},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct st_config config = make_config();
		struct lab lab;

		config.selection.all = false;
		config.selection.names = &cases[i].pattern;
		config.selection.name_count = 1;
		lab = make_lab(&config);
		open_tls(&lab, "www.example.test", false);
		assert_traced(&lab, cases[i].traced);
		st_tracer_free(lab.tracer);
	}
}

static void test_service_must_be_known(void)
{
	static const char *const nobody[] = {"nobody"};
	struct st_signatures *signatures = make_signatures();
	struct st_config config = make_config();

	config.selection.services = nobody;
	config.selection.service_count = 1;
	g_assert_nonnull(st_config_check(&config));
	config.signatures = signatures;
	g_assert_nonnull(st_config_check(&config));
	config.selection.services = video;
	g_assert_null(st_config_check(&config));
	st_signatures_free(signatures);
}

static void close_flow(struct lab *lab)
{
	show_tcp(lab, true, ACK | ST_TCP_FIN, 1601, 5001, 0, false);
	show_tcp(lab, false, ACK | ST_TCP_FIN, 5001, 1602, 0, false);
	show_tcp(lab, true, ACK, 1602, 5002, 0, false);
}

/* Watches a flow that is open, and tells of it when it is over. */
static struct lab make_record_lab(void)
{
	struct st_config config = make_config();
	struct lab lab;

	config.active = false;
	config.report_flows = true;
	lab = make_lab(&config);
	open_flow(&lab, true);
	return lab;
}

/* Counts are IP bytes of both directions; a closed flow is told after its timeout, once. */
static void test_flow_record(void)
{
	struct lab lab = make_record_lab();
	struct st_event event;

	lab.now += 5 * MS;
	close_flow(&lab);
	g_assert_false(next_event(&lab, ST_EVENT_FLOW_ENDED, &event));
	st_tracer_wake(lab.tracer, lab.now + 31 * ST_NS_PER_S);
	g_assert_true(next_event(&lab, ST_EVENT_FLOW_ENDED, &event));
	g_assert_cmpuint(event.flow->id, ==, 1);
	g_assert_cmpuint(event.flow->tuple.source_port, ==, lab.port);
	g_assert_cmpuint(event.flow->sent_packets, ==, 5);
	g_assert_cmpuint(event.flow->sent_bytes, ==, 44 + 40 + 640 + 40 + 40);
	g_assert_cmpuint(event.flow->received_packets, ==, 3);
	g_assert_cmpuint(event.flow->received_bytes, ==, 44 + 40 + 40);
	g_assert_cmpuint(event.flow->end_ns - event.flow->start_ns, ==, 5 * MS);
	st_tracer_finish(lab.tracer, lab.now + 400 * ST_NS_PER_S);
	g_assert_false(next_event(&lab, ST_EVENT_FLOW_ENDED, &event));
	st_tracer_free(lab.tracer);
}

/* A closed flow is remembered for its last packets; they do not bring it back. */
static void test_no_name_behind_record(void)
{
	struct st_addr server = {.version = 4, .bytes = {10, 9, 0, 2}};
	struct lab lab = make_record_lab();
	struct st_event event;

	close_flow(&lab);
	lab.now += 31 * ST_NS_PER_S;
	st_tracer_wake(lab.tracer, lab.now);
	g_assert_true(next_event(&lab, ST_EVENT_FLOW_ENDED, &event));
	g_assert_cmpint(st_tracer_tell_name(lab.tracer, lab.now, &server, "late.test"), ==, ST_OK);
	show_tcp(&lab, true, ACK, 1602, 5002, 0, false);
	g_assert_false(next_event(&lab, ST_EVENT_FLOW_NAMED, &event));
	st_tracer_free(lab.tracer);
}

/* A flow whose name could still select it makes room before one that is wanted. */
static void test_unnamed_flows_leave_first(void)
{
	struct st_signatures *signatures = make_signatures();
	struct st_config config = make_config();
	struct lab lab;

	config.max_flows = config.max_known_flows = 2;
	config.signatures = signatures;
	config.selection.all = false;
	config.selection.services = video;
	config.selection.service_count = 1;
	lab = make_lab(&config);
	open_tls(&lab, "www.video.test", false);
	for (unsigned i = 0; i < 5; i++) {
		lab.port++;
		open_tls(&lab, "www.music.test", false);
	}
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_evicted, ==, 0);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_unnamed_evicted, ==, 4);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_known, ==, 2);
	end_lab(&lab, signatures);
}

static void add_name_tests(void)
{
	g_test_add_func("/identity/own-name-beats-dns", test_own_name_beats_dns);
	g_test_add_func("/identity/dns-beats-prefix", test_dns_beats_prefix);
	g_test_add_func("/identity/prefix-alone", test_prefix_alone);
	g_test_add_func("/identity/unknown-name-in-prefix", test_unknown_name_in_prefix);
	g_test_add_func("/identity/alias", test_alias);
	g_test_add_func("/identity/alias-of-own-name", test_alias_of_own_name);
	g_test_add_func("/identity/latest-name-wins", test_latest_name_wins);
	g_test_add_func("/identity/other-clients-name", test_other_clients_name);
	g_test_add_func("/identity/outer-name", test_outer_name);
	g_test_add_func("/identity/outer-name-and-dns", test_outer_name_and_dns);
	g_test_add_func("/identity/greased-name", test_greased_name);
	g_test_add_func("/identity/greased-name-asked-elsewhere",
			test_greased_name_asked_elsewhere);
	g_test_add_func("/identity/told-name", test_told_name);
	g_test_add_func("/identity/told-names-are-counted", test_told_names_are_counted);
}

static void add_selection_tests(void)
{
	g_test_add_func("/identity/wanted-by-own-name", test_wanted_by_own_name);
	g_test_add_func("/identity/wanted-by-shared-name", test_wanted_by_shared_name);
	g_test_add_func("/identity/wanted-by-prefix", test_wanted_by_prefix);
	g_test_add_func("/identity/wanted-by-older-answer", test_wanted_by_older_answer);
	g_test_add_func("/identity/unwanted-by-own-name", test_unwanted_by_own_name);
	g_test_add_func("/identity/wanted-by-outer-name", test_wanted_by_outer_name);
	g_test_add_func("/identity/wanted-by-host", test_wanted_by_host);
	g_test_add_func("/identity/service-must-be-known", test_service_must_be_known);
	g_test_add_func("/identity/flow-record", test_flow_record);
	g_test_add_func("/identity/no-name-behind-record", test_no_name_behind_record);
	g_test_add_func("/identity/unnamed-flows-leave-first", test_unnamed_flows_leave_first);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_name_tests();
	add_selection_tests();
	return g_test_run();
}
