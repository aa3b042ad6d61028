/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tracer promises, point by point, each on a path made for it. The
 * truth, the safety rules and the replay are checked in every run besides.
 */
#include "tests.h"

#include "truth.h"

#define MS ST_NS_PER_MS

static const struct outcome *outcome_at(const struct simnet *n, size_t i)
{
	g_assert_cmpuint(n->outcomes->len, >, i);
	return n->outcomes->pdata[i];
}

/* --- quotes --- */

/* Up to three bytes name no port; from eight on, ports and sequence number are there. */
static void check_quote(uint32_t bytes, uint32_t ip_version)
{
	char *text = g_strdup_printf("[hop 1]\nquote-bytes = %u\n[flow a]\nip = %u\nlifetime = 6s\n"
				     "[tracer]\nmax-ttl = 1\n",
				     bytes, ip_version);
	struct scenario *s = scenario_of(text);
	struct simnet *n = run_and_check(s);
	bool named = bytes >= QUOTE_SEQ_BYTES || (ip_version == 4 && bytes >= QUOTE_PORTS_BYTES);

	g_assert_cmpuint(n->stats.replies, ==, named ? 3 : 0);
	g_assert_cmpuint(n->stats.errors_unmatched + n->stats.errors_malformed, ==, named ? 0 : 3);
	g_assert_cmpuint(outcome_at(n, 0)->trace.hops[0].reply_count, ==, named ? 3 : 0);
	simnet_free(n);
	scenario_free(s);
	g_free(text);
}

static void test_quotes(void)
{
	for (uint32_t bytes = 0; bytes <= 36; bytes++) {
		check_quote(bytes, 4);
		check_quote(bytes, 6);
	}
}

/* --- time --- */

static const char *three_hops = "[hop 1]\ndelay=1ms\n[hop 2]\ndelay=2ms\n[hop 3]\ndelay=30ms\n"
				"[flow a]\nlifetime=20s\n[tracer]\nmax-ttl=3\n";

/* All answers in: the trace is reported with the last of them, not when the wait is over. */
static void test_ends_with_last_answer(void)
{
	struct scenario *s = scenario_of(three_hops);
	struct simnet *n = run_and_check(s);
	const struct outcome *outcome = outcome_at(n, 0);

	g_assert_cmpuint(outcome->trace.replies_received, ==, 9);
	g_assert_cmpuint(outcome->reported_ns + SIM_EPOCH_NS, ==, outcome->trace.end_ns);
	g_assert_cmpuint(outcome->reported_ns, ==, simnet_probe(n, 8)->sent_ns + 66 * MS);
	simnet_free(n);
	scenario_free(s);
}

/* One hop is silent: the trace is reported when the wait for its last probe is over. */
static void test_ends_with_wait(void)
{
	struct scenario *s = scenario_of(three_hops);
	struct simnet *n;

	s->hops[2].silent = true;
	s->tracer.wait_ns = 700 * MS;
	n = run_and_check(s);
	g_assert_cmpuint(outcome_at(n, 0)->reported_ns, ==, simnet_probe(n, 8)->sent_ns + 700 * MS);
	simnet_free(n);
	scenario_free(s);
}

/* Answers that come after the wait are too late; they are counted, and matched to nothing else. */
static void test_late_answers(void)
{
	struct scenario *s = scenario_of(three_hops);
	struct simnet *n;

	s->tracer.wait_ns = 50 * MS;
	n = run_and_check(s);
	g_assert_cmpuint(outcome_at(n, 0)->trace.hops[2].reply_count, ==, 0);
	g_assert_cmpuint(outcome_at(n, 0)->trace.replies_received, ==, 6);
	g_assert_cmpuint(n->stats.replies_late, ==, 3);
	g_assert_cmpuint(n->stats.errors_unmatched, ==, 0);
	simnet_free(n);
	scenario_free(s);
}

/* The first probe leaves with the very frame that makes the flow traceable. */
static void test_first_probe(void)
{
	struct scenario *s = scenario_of(three_hops);
	struct simnet *n = run_and_check(s);
	uint64_t path = 2 * (33 * MS + s->last_link.delay_ns);

	/* handshake, then the request's acknowledgement */
	g_assert_cmpuint(simnet_probe(n, 0)->sent_ns, ==, 2 * path);
	simnet_free(n);
	scenario_free(s);
}

/* --- algorithms --- */

static uint64_t answer_time(const struct simnet *n, size_t probe)
{
	const struct sent_probe *sent = simnet_probe(n, probe);

	return sent->sent_ns + truth_round_trip_ns(n->scenario, sent->ttl);
}

static void test_hop_by_hop(void)
{
	struct scenario *s = scenario_of(three_hops);
	struct simnet *n;

	s->tracer.algorithm = ST_ALGORITHM_HOP_BY_HOP;
	s->tracer.inter_probe_ns = 1 * MS;
	n = run_and_check(s);
	g_assert_cmpuint(n->probes->len, ==, 9);
	for (size_t i = 1; i < 9; i++) {
		bool same_train = i % 3 != 0;
		uint64_t sent = simnet_probe(n, i)->sent_ns;

		g_assert_cmpuint(simnet_probe(n, i)->ttl, ==, i / 3 + 1);
		if (same_train)
			g_assert_cmpuint(sent, ==, simnet_probe(n, i - 1)->sent_ns + 1 * MS);
		else
			g_assert_cmpuint(sent, >=, answer_time(n, i - 1));
	}
	simnet_free(n);
	scenario_free(s);
}

static void test_packet_by_packet(void)
{
	struct scenario *s = scenario_of(three_hops);
	struct simnet *n;

	s->tracer.algorithm = ST_ALGORITHM_PACKET_BY_PACKET;
	n = run_and_check(s);
	g_assert_cmpuint(n->probes->len, ==, 9);
	for (size_t i = 1; i < 9; i++)
		g_assert_cmpuint(simnet_probe(n, i)->sent_ns, >=, answer_time(n, i - 1));
	simnet_free(n);
	scenario_free(s);
}

/* All TTLs leave without waiting for a reply. */
static void test_concurrent(void)
{
	struct scenario *s = scenario_of(three_hops);
	struct simnet *n = run_and_check(s);

	g_assert_cmpuint(n->probes->len, ==, 9);
	g_assert_cmpuint(simnet_probe(n, 8)->sent_ns, <, answer_time(n, 6));
	simnet_free(n);
	scenario_free(s);
}

/* --- bounds --- */

static void test_in_flight(void)
{
	struct scenario *s = scenario_of("[hop 1]\nsilent=true\n[flow a]\nlifetime=200s\n"
					 "[flow b]\nip=6\nlifetime=200s\n[tracer]\nprobes=10\n"
					 "max-ttl=255\nwait=10s\nrate=1000000\n"
					 "inter-probe-time=0ms\ninter-iteration-time=0ms\n"
					 "[expect]\nstop-reason=max-ttl\n");
	struct simnet *n = run_and_check(s);

	g_assert_cmpuint(n->probes->len, ==, 2 * 2550);
	simnet_free(n);
	scenario_free(s);
}

/* The rate holds over all flows, also where every flow would send at once. */
static void test_rate(void)
{
	const uint32_t rates[] = {1, 7, 24, 333, 1000, 99999};

	for (size_t i = 0; i < G_N_ELEMENTS(rates); i++) {
		struct scenario *s =
			scenario_of("[hop 1]\n[flow a]\ncount=20\nspacing=0ms\n"
				    "interval=10s\nlifetime=300s\n[tracer]\nmax-ttl=2\n");
		struct simnet *n;

		s->tracer.rate = rates[i];
		n = run_and_check(s);
		g_assert_cmpuint(n->probes->len, ==, 20 * 6);
		simnet_free(n);
		scenario_free(s);
	}
}

/* The path of a flow as text: its routers in order. */
static char *path_of(const struct st_trace *trace)
{
	GString *path = g_string_new(NULL);
	char text[ST_ADDR_TEXT_BYTES];

	for (size_t i = 0; i < trace->hop_count; i++)
		for (size_t j = 0; j < trace->hops[i].reply_count; j++)
			g_string_append_printf(
				path, "%s ",
				st_addr_format(&trace->hops[i].replies[j].address, text));
	return g_string_free(path, FALSE);
}

/* 1,000 flows at once, of all four sorts, each on its own way through rows of 1,000 routers. */
static void test_many_flows(void)
{
	GHashTable *paths = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct scenario *s =
		scenario_of("[hop 1]\nrouters=1000\n[hop 2]\nrouters=1000\n[hop 3]\nrouters=1000\n"
			    "[hop 4]\nrouters=1000\n[hop 5]\nrouters=1000\n[hop 6]\n"
			    "[flow a]\ncount=250\nspacing=0ms\nlifetime=5s\ninterval=1s\n"
			    "[flow b]\nip=6\ncount=250\nspacing=0ms\nlifetime=5s\ninterval=1s\n"
			    "[flow c]\nprotocol=udp\ncount=250\nspacing=0ms\nlifetime=5s\n"
			    "[flow d]\nprotocol=udp\nip=6\ncount=250\nspacing=0ms\nlifetime=5s\n"
			    "[tracer]\nmax-ttl=5\nrate=1000000\n"
			    "[expect]\ntraces=1000\nunmatched=0\nstop-reason=max-ttl\n");
	struct simnet *n = run_and_check(s);

	for (size_t i = 0; i < n->outcomes->len; i++) {
		g_assert_cmpuint(outcome_at(n, i)->trace.replies_received, ==, 15);
		g_hash_table_add(paths, path_of(&outcome_at(n, i)->trace));
	}
	g_assert_cmpuint(g_hash_table_size(paths), ==, 1000);
	g_hash_table_unref(paths);
	simnet_free(n);
	scenario_free(s);
}

/* Flows of all sorts traced hundreds of times each: keys go round, and none is missing. */
static void test_many_retraces(void)
{
	struct scenario *s =
		scenario_of("[hop 1]\n[hop 2]\n[hop 3]\n[hop 4]\n[hop 5]\n[hop 6]\n"
			    "[flow a]\nlifetime=100s\n[flow b]\nip=6\nlifetime=100s\n"
			    "[flow c]\nprotocol=udp\nlifetime=100s\n"
			    "[flow d]\nprotocol=udp\nip=6\nlifetime=100s\n"
			    "[tracer]\nmax-ttl=5\nretrace=100ms\nflow-timeout=1s\nwait=1s\n"
			    "[expect]\nunmatched=0\n");
	struct simnet *n = run_and_check(s);

	g_assert_cmpuint(n->outcomes->len, >, 4 * 500);
	for (size_t i = 0; i < n->outcomes->len; i++)
		if (outcome_at(n, i)->trace.stop_reason == ST_STOP_MAX_TTL)
			g_assert_cmpuint(outcome_at(n, i)->trace.replies_received, ==, 15);
		else
			g_assert_cmpuint(outcome_at(n, i)->reported_ns, >=, 100 * ST_NS_PER_S);
	simnet_free(n);
	scenario_free(s);
}

/* The same scenario, the same run: reports alike to the byte. */
static void test_repeatable(void)
{
	struct scenario *s = scenario_of("[hop 1]\nanswer-loss=0.5\n[hop 2]\nloss=0.1\n"
					 "[flow a]\ncount=10\nend=silent\n[tracer]\nmax-ttl=4\n");
	struct simnet *a = run_and_check(s), *b = run_and_check(s);

	g_assert_cmpuint(a->outcomes->len, ==, b->outcomes->len);
	for (size_t i = 0; i < a->outcomes->len; i++)
		g_assert_cmpstr(outcome_at(a, i)->json, ==, outcome_at(b, i)->json);
	simnet_free(a);
	simnet_free(b);
	scenario_free(s);
}

/* A half-closed connection goes on for minutes: it must not be taken for a new one. */
static void test_half_closed(void)
{
	struct scenario *s =
		scenario_of("[scenario]\nlimit=300s\n[hop 1]\n[hop 2]\n"
			    "[flow a]\nrequest-bytes=100\nreply-bytes=4000000\nsegment-bytes=500\n"
			    "local-window=600\nwindow-scale=0\nremote-window=60000\ninterval=0ms\n"
			    "lifetime=300ms\n[destination]\ndelay=20ms\n"
			    "[tracer]\nmax-ttl=2\n[expect]\ntraces=1\n");
	struct simnet *n = run_and_check(s);

	g_assert_cmpuint(n->now_ns, >, 200 * ST_NS_PER_S);
	simnet_free(n);
	scenario_free(s);
}

void add_tracer_tests(void)
{
	g_test_add_func("/tracer/quotes", test_quotes);
	g_test_add_func("/tracer/ends-with-last-answer", test_ends_with_last_answer);
	g_test_add_func("/tracer/ends-with-wait", test_ends_with_wait);
	g_test_add_func("/tracer/late-answers", test_late_answers);
	g_test_add_func("/tracer/first-probe", test_first_probe);
	g_test_add_func("/tracer/hop-by-hop", test_hop_by_hop);
	g_test_add_func("/tracer/packet-by-packet", test_packet_by_packet);
	g_test_add_func("/tracer/concurrent", test_concurrent);
	g_test_add_func("/tracer/in-flight", test_in_flight);
	g_test_add_func("/tracer/rate", test_rate);
	g_test_add_func("/tracer/many-flows", test_many_flows);
	g_test_add_func("/tracer/many-retraces", test_many_retraces);
	g_test_add_func("/tracer/repeatable", test_repeatable);
	g_test_add_func("/tracer/half-closed", test_half_closed);
}
