/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What comes to be known of a flow after it began: answers, rules, what the
 * program tells. Which flow that names, and what has been told before stays told.
 */
#include "service_lab.h"

/* The program knows better, also of a flow that DNS has named already. */
static void test_told_name_of_named_flow(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);
	struct st_addr server = {.version = 4, .bytes = {10, 9, 0, 2}};

	show_answer(&lab, "www.video.test");
	show_handshake(&lab);
	show_answer(&lab, "later.video.test");
	st_tracer_tell_name(lab.tracer, lab.now, &server, "www.music.test");
	show_tcp(&lab, true, ACK, 1001, 5001, 10, false);
	assert_flow(&lab, "www.music.test", "Music", ST_EVIDENCE_OPTION, ST_EVIDENCE_OPTION, false);
	end_lab(&lab, signatures);
}

/* The answer comes when the flow has long been there: with its next packet it is traced. */
static void test_wanted_by_late_answer(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, video, true);

	open_flow(&lab, true);
	assert_traced(&lab, 0);
	show_answer(&lab, "www.video.test");
	assert_traced(&lab, 0);
	show_tcp(&lab, true, ACK, 1601, 5001, 10, false);
	assert_traced(&lab, 1);
	end_lab(&lab, signatures);
}

static void trace_it(struct lab *lab)
{
	struct sent sent;

	while (send_one(lab, &sent))
		answer(lab, &sent, 0x0a010000U + sent.probe.ttl, 28);
}

/* What has been traced is traced again, though its client's own answer came and names another. */
static void test_traced_flow_stays_wanted(void)
{
	struct st_signatures *signatures = make_signatures();
	struct st_config config = make_config();
	struct lab lab;

	config.signatures = signatures;
	config.selection.all = false;
	config.selection.services = video;
	config.selection.service_count = config.max_flows = 1;
	config.retrace_ns = 5 * ST_NS_PER_S;
	lab = make_lab(&config);
	show_answer_to(&lab, OTHER_CLIENT, "www.video.test", NULL);
	open_flow(&lab, true);
	trace_it(&lab);
	lab.now += 4 * ST_NS_PER_S; /* another has the only slot when this one's time comes */
	lab.port++;
	open_flow(&lab, true);
	lab.now += 1500 * MS;
	st_tracer_wake(lab.tracer, lab.now);
	lab.port--;
	show_answer(&lab, "www.music.test");
	show_tcp(&lab, true, ACK, 1601, 5001, 10, false);
	lab.port++;
	trace_it(&lab);
	st_tracer_wake(lab.tracer, lab.now + 3 * ST_NS_PER_S);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_started, ==, 3);
	end_lab(&lab, signatures);
}

static void test_rule_added_later(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, video, true);

	open_tls(&lab, "www.new.test", false);
	assert_traced(&lab, 0);
	st_signatures_add_rule(signatures, "video", ST_RULE_DOMAIN, "new.test");
	show_tcp(&lab, false, ACK, 5001, 1001, 10, false);
	assert_traced(&lab, 1);
	end_lab(&lab, signatures);
}

/* A flow that becomes wanted is named, though what it is called has long been known. */
static void test_named_when_wanted(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, video, true);
	struct st_event event;

	open_tls(&lab, "www.music.test", false);
	st_signatures_add_rule(signatures, "video", ST_RULE_DOMAIN, "test");
	show_tcp(&lab, false, ACK, 5001, 1001, 10, false);
	g_assert_true(next_event(&lab, ST_EVENT_FLOW_NAMED, &event));
	g_assert_cmpstr(event.identity->name, ==, "Music");
	g_assert_true(next_event(&lab, ST_EVENT_TRACE_STARTED, &event));
	show_tcp(&lab, false, ACK, 5011, 1001, 10, false);
	g_assert_false(next_event(&lab, ST_EVENT_FLOW_NAMED, &event));
	end_lab(&lab, signatures);
}

/* What was closed before somebody asked for a name has not got it by that. */
static void test_closed_before_answer(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, video, false);
	struct st_event event;

	open_flow(&lab, true);
	show_tcp(&lab, true, ACK | ST_TCP_RST, 1601, 5001, 0, false);
	lab.now += 200 * ST_NS_PER_S;
	show_answer(&lab, "www.video.test");
	st_tracer_finish(lab.tracer, lab.now);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->flows_seen, ==, 0);
	g_assert_false(next_event(&lab, ST_EVENT_FLOW_ENDED, &event));
	end_lab(&lab, signatures);
}

/* A name that the client asked for later stays another flow's, whatever is added. */
static void test_rule_added_to_settled_flow(void)
{
	static const char *const asked_again[] = {"www.music.test", "www.other.test", NULL};
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, video, true);
	struct st_event event;

	show_answer(&lab, "www.music.test");
	show_answer(&lab, "www.other.test");
	show_answer(&lab, "www.music.test");
	open_flow(&lab, true);
	show_answer(&lab, "later.video.test");
	for (size_t i = 0; asked_again[i]; i++)
		show_answer(&lab, asked_again[i]);
	st_signatures_add_rule(signatures, "network", ST_RULE_DOMAIN, "irrelevant.test");
	show_tcp(&lab, true, ACK, 1601, 5001, 10, false);
	assert_traced(&lab, 0);
	st_signatures_add_rule(signatures, "video", ST_RULE_FULL_DOMAIN, "www.music.test");
	show_tcp(&lab, true, ACK, 1611, 5001, 10, false);
	assert_traced(&lab, 1);
	g_assert_true(next_event(&lab, ST_EVENT_FLOW_NAMED, &event));
	g_assert_cmpstr(event.identity->host, ==, "www.music.test");
	end_lab(&lab, signatures);
}

/* DNS vouches for a name for a time, but a flow lasts as long as it lasts. */
static void test_name_outlives_answer(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab lab = make_service_lab(signatures, NULL, false);

	show_answer(&lab, "www.video.test");
	open_flow(&lab, true);
	lab.now += 7200 * ST_NS_PER_S;
	st_signatures_add_rule(signatures, "music", ST_RULE_DOMAIN, "irrelevant.test");
	show_answer(&lab, "www.music.test");
	show_tcp(&lab, true, ACK, 1601, 5001, 10, false);
	assert_flow(&lab, "www.video.test", "Video", ST_EVIDENCE_DNS, ST_EVIDENCE_DNS, false);
	end_lab(&lab, signatures);
}

/* Probes and replies of the capture that came before the name are told when it comes. */
static void test_observed_before_named(void)
{
	struct st_signatures *signatures = make_signatures();
	struct lab active = make_service_lab(signatures, NULL, true);
	struct lab lab = make_service_lab(signatures, video, false);
	struct st_event event;
	struct sent sent;

	open_flow(&active, true);
	open_flow(&lab, true);
	lab.now += MS;
	while (send_one(&active, &sent)) {
		show_bytes(&lab, sent.bytes, sent.probe.frame_bytes, ST_DIRECTION_UNKNOWN, 1);
		answer(&lab, &sent, 0x0a010000U + sent.probe.ttl, 28);
		lab.now += MS;
	}
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_started, ==, 0);
	show_answer(&lab, "www.video.test");
	show_tcp(&lab, true, ACK, 1601, 5001, 10, false);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_started, ==, 1);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->probes_sent, ==, 12);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->replies, ==, 12);
	for (unsigned i = 0; i < 12; i++) {
		g_assert_true(next_event(&lab, ST_EVENT_REPLY, &event));
		g_assert_cmpuint(event.cookie, ==, 0x0a010000U + event.ttl);
		g_assert_cmpuint(event.probe_cookie, ==, 1);
		g_assert_cmpuint(event.ttl, ==, event.reply->address.bytes[3]);
	}
	g_assert_false(next_event(&lab, ST_EVENT_REPLY, &event));
	st_tracer_free(active.tracer);
	end_lab(&lab, signatures);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/identity-later/told-name-of-named-flow", test_told_name_of_named_flow);
	g_test_add_func("/identity-later/wanted-by-late-answer", test_wanted_by_late_answer);
	g_test_add_func("/identity-later/traced-flow-stays-wanted", test_traced_flow_stays_wanted);
	g_test_add_func("/identity-later/rule-added-later", test_rule_added_later);
	g_test_add_func("/identity-later/named-when-wanted", test_named_when_wanted);
	g_test_add_func("/identity-later/closed-before-answer", test_closed_before_answer);
	g_test_add_func("/identity-later/rule-added-to-settled-flow",
			test_rule_added_to_settled_flow);
	g_test_add_func("/identity-later/name-outlives-answer", test_name_outlives_answer);
	g_test_add_func("/identity-later/observed-before-named", test_observed_before_named);
	return g_test_run();
}
