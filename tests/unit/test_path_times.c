/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What silence, ways back, times and earlier traces show of the path, in traces
 * made by hand.
 */
#include "path_lab.h"

/* --- silence --- */

static void test_silent(void)
{
	struct lab lab;

	lab_init(&lab, 5, 3);
	lab.hops[1].reply_count = lab.hops[4].reply_count = 0;
	assert_notes(&lab, "silent 2");
	lab.hops[1].sent = 0; /* not even asked */
	assert_notes(&lab, "");
	lab_clear(&lab);
}

static void test_rate_limited(void)
{
	struct lab lab;

	lab_init(&lab, 8, 9);
	answer(&lab, 2, "++++++---");
	assert_notes(&lab, "rate-limited 2");
	assert_detail(&lab, "6 of 9 probes");
	answer(&lab, 2, "++-+-++-+");
	assert_notes(&lab, "few-answers 2");
	answer(&lab, 2, "++++++---");
	for (unsigned k = 0; k < 9; k++)
		lab.sent[1][k].stamp_ns = START_NS + k * ST_NS_PER_S; /* a limit lets these pass */
	assert_notes(&lab, "few-answers 2");
	lab.hops[1].probes = NULL; /* when they left is not known */
	assert_and_clear(&lab, "few-answers 2");
}

/* Recovers while it is asked: one a second. */
static void test_rate_limited_later(void)
{
	struct lab lab;

	lab_init(&lab, 8, 12);
	answer(&lab, 3, "++---+----+-");
	for (unsigned k = 0; k < 12; k++)
		lab.sent[2][k].stamp_ns = START_NS + k * 210 * ST_NS_PER_MS;
	assert_notes(&lab, "rate-limited 3");
	answer(&lab, 3, "++----+---+-"); /* one comes too late for that */
	for (unsigned k = 0; k < 12; k++)
		lab.sent[2][k].stamp_ns = START_NS + k * 210 * ST_NS_PER_MS;
	assert_and_clear(&lab, "few-answers 3");
}

/* While the first are answered new tokens come: one more is answered than there is room for. */
static void test_rate_limited_slowly(void)
{
	struct lab lab;

	lab_init(&lab, 8, 20);
	answer(&lab, 3, "+++++++-+---+---+---");
	for (unsigned k = 0; k < 20; k++)
		lab.sent[2][k].stamp_ns = START_NS + k * 250 * ST_NS_PER_MS;
	assert_and_clear(&lab, "rate-limited 3");
	lab_init(&lab, 8, 10); /* one order in 120, but of three intervals any would have done */
	answer(&lab, 3, "++---+----");
	for (unsigned k = 0; k < 10; k++)
		lab.sent[2][k].stamp_ns = START_NS + k * 210 * ST_NS_PER_MS;
	assert_and_clear(&lab, "few-answers 3");
}

/* What others behind lose too, or what nobody behind tells of, is not blamed on the router. */
static void test_loss(void)
{
	struct lab lab;

	lab_init(&lab, 8, 9);
	for (unsigned ttl = 3; ttl <= 8; ttl++)
		answer(&lab, ttl, ttl % 2 ? "++-++-+++" : "+++-+++-+");
	assert_and_clear(&lab, "");
	lab_init(&lab, 8, 9);
	answer(&lab, 8, "++++++---");
	assert_and_clear(&lab, "");
	lab_init(&lab, 3, 3); /* too few to tell */
	answer(&lab, 1, "++-");
	assert_and_clear(&lab, "");
}

/* --- ways --- */

static void test_way_back(void)
{
	struct lab lab;

	lab_init(&lab, 7, 2);
	for (unsigned ttl = 4; ttl <= 7; ttl++)
		SET(&lab, ttl, reply_ttl, (uint8_t)(65 - ttl - 3));
	assert_notes(&lab, "asymmetry 4");
	assert_detail(&lab, "hops 4 to 7 is 3 hops longer");
	SET(&lab, 5, reply_ttl, (uint8_t)(256 - 5 - 4)); /* another initial TTL */
	assert_detail(&lab, "3 to 4 hops longer");
	SET(&lab, 5, reply_ttl, 60); /* back as usual: so 4 was alone */
	assert_notes(&lab, "asymmetry 6");
	SET(&lab, 5, reply_ttl, (uint8_t)(256 - 5 - 4));
	SET(&lab, 6, reply_ttl, 59); /* two were off, the next is not */
	assert_notes(&lab, "asymmetry 4");
	assert_detail(&lab, "hops 4 to 5");
	lab_clear(&lab);
	lab_init(&lab, 7, 2);
	SET(&lab, 4, reply_ttl, 50);
	SET(&lab, 7, reply_ttl, 50);
	assert_and_clear(&lab, "");
	lab_init(&lab, 7, 2); /* inside a tunnel that is the way */
	for (unsigned ttl = 4; ttl <= 7; ttl++) {
		SET(&lab, ttl, reply_ttl, 50);
		SET(&lab, ttl, mpls_count, 1);
	}
	assert_and_clear(&lab, "mpls 4");
}

static void test_latency(void)
{
	struct lab lab;

	lab_init(&lab, 6, 2);
	for (unsigned ttl = 4; ttl <= 6; ttl++)
		SET(&lab, ttl, rtt_ns, 120 * MS);
	assert_notes(&lab, "high-rtt 4");
	SET(&lab, 2, rtt_ns, 500 * MS); /* is busy */
	assert_notes(&lab, "high-rtt 4");
	SET(&lab, 6, rtt_ns, 160 * MS); /* may be busy */
	assert_notes(&lab, "high-rtt 4");
	SET(&lab, 6, destination, true);
	assert_notes(&lab, "high-rtt 4, high-rtt 6");
	for (unsigned ttl = 4; ttl <= 6; ttl++)
		SET(&lab, ttl, rtt_ns, 151 * MS);
	assert_notes(&lab, "high-rtt 4");
	assert_detail(&lab, "above 150 ms");
	SET(&lab, 5, rtt_ns, 100 * MS);
	assert_notes(&lab, "high-rtt 6");
	lab_clear(&lab);
}

/* --- changes --- */

static void test_change(void)
{
	struct lab lab;

	lab_init(&lab, 6, 3);
	assert_notes(&lab, "");
	assert_notes(&lab, "");
	SET(&lab, 3, address, router(93));
	assert_notes(&lab, "path-change 3");
	assert_notes(&lab, "");
	lab.hops[2].reply_count = 0;
	assert_notes(&lab, "silent 3");
	lab.hops[2].reply_count = 3;
	assert_notes(&lab, ""); /* the trace before did not know that hop */
	lab.replies[2][1].address = router(94);
	assert_notes(&lab, "several-routers 3");
	SET(&lab, 3, address, router(94));
	assert_notes(&lab, "");	       /* one of those */
	lab.trace.tuple.source_port++; /* another flow may have another path */
	SET(&lab, 3, address, router(95));
	assert_notes(&lab, "");
	lab_clear(&lab);
}

/* With a probe a hop, or ports that vary, one hop may be chance. */
static void test_change_evidence(void)
{
	struct lab lab;

	lab_init(&lab, 6, 1);
	assert_notes(&lab, "");
	SET(&lab, 3, address, router(93));
	assert_notes(&lab, "");
	for (unsigned ttl = 2; ttl <= 4; ttl++)
		SET(&lab, ttl, address, router(80 + ttl));
	assert_and_clear(&lab, "path-change 2");
	lab_init(&lab, 6, 3);
	lab.trace.kind = ST_TRACE_CLASSIC;
	assert_notes(&lab, "");
	lab.trace.tuple.source_port++;
	SET(&lab, 3, address, router(93));
	assert_notes(&lab, "");
	SET(&lab, 3, address, router(3));
	SET(&lab, 4, address, router(94));
	assert_notes(&lab, "path-change 3");
	lab_clear(&lab);
}

/* What is remembered is bounded, and a trace without replies teaches nothing. */
static void test_memory(void)
{
	struct lab lab;
	char *notes;

	lab_init(&lab, 2, 3);
	assert_notes(&lab, "");
	lab.trace.replies_received = 0;
	lab.trace.hop_count = 0;
	assert_notes(&lab, "");
	lab.trace.replies_received = 6;
	lab.trace.hop_count = 2;
	SET(&lab, 2, address, router(92));
	assert_notes(&lab, "path-change 2");
	for (unsigned i = 0; i < 5000; i++) {
		lab.trace.tuple.destination_port = (uint16_t)(1000 + i);
		notes = notes_of(&lab);
		g_assert_cmpstr(notes, ==, "");
		g_free(notes);
	}
	SET(&lab, 2, address, router(2));
	lab.trace.tuple.destination_port = 1000 + 4999;
	assert_notes(&lab, "path-change 2");
	lab.trace.tuple.destination_port = 443; /* long forgotten */
	assert_and_clear(&lab, "");
}

/* --- numbers --- */

static struct st_rtt_statistics rtt_of(const int64_t *rtts, unsigned count)
{
	struct st_reply replies[4];
	struct st_hop hop = {.ttl = 1, .reply_count = (uint16_t)count, .replies = replies};

	memset(replies, 0, sizeof(replies));
	for (unsigned i = 0; i < count; i++)
		replies[i].rtt_ns = rtts[i];
	return st_hop_rtt(&hop);
}

static void test_statistics(void)
{
	const int64_t some[] = {20 * MS, ST_RTT_UNKNOWN, 10 * MS, 40 * MS};
	const int64_t unknown[] = {ST_RTT_UNKNOWN};
	const int64_t huge[] = {INT64_MAX, 0, INT64_MAX};
	struct st_rtt_statistics rtt = rtt_of(some, 4);

	g_assert_cmpuint(rtt.count, ==, 3);
	g_assert_cmpint(rtt.best_ns, ==, 10 * MS);
	g_assert_cmpint(rtt.worst_ns, ==, 40 * MS);
	g_assert_cmpint(rtt.average_ns, ==, 70 * MS / 3);
	g_assert_cmpint(rtt.deviation_ns, ==, 12472191); /* of 10, 20, 40: sqrt(1400) / 3 ms */
	g_assert_cmpint(rtt.jitter_ns, ==, 20 * MS);	 /* of 10 and 30 */
	rtt = rtt_of(some, 1);
	g_assert_cmpint(rtt.deviation_ns, ==, 0);
	g_assert_cmpint(rtt.jitter_ns, ==, ST_RTT_UNKNOWN);
	rtt = rtt_of(unknown, 1);
	g_assert_cmpuint(rtt.count, ==, 0);
	g_assert_cmpint(rtt.average_ns, ==, ST_RTT_UNKNOWN);
	rtt = rtt_of(huge, 3);
	g_assert_cmpint(rtt.average_ns, ==, (int64_t)(UINT64_C(2) * INT64_MAX / 3));
	g_assert_cmpint(rtt.jitter_ns, ==, INT64_MAX);
}

static void test_bands(void)
{
	struct st_hop silent = {.ttl = 1, .sent = 3};

	g_assert_cmpint(st_rtt_band(ST_RTT_UNKNOWN), ==, ST_BAND_SILENT);
	g_assert_cmpint(st_rtt_band(0), ==, ST_BAND_GOOD);
	g_assert_cmpint(st_rtt_band(100 * MS), ==, ST_BAND_GOOD);
	g_assert_cmpint(st_rtt_band(100 * MS + 1), ==, ST_BAND_HIGH);
	g_assert_cmpint(st_rtt_band(150 * MS), ==, ST_BAND_HIGH);
	g_assert_cmpint(st_rtt_band(150 * MS + 1), ==, ST_BAND_VERY_HIGH);
	g_assert_cmpint(st_hop_band(&silent), ==, ST_BAND_SILENT);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/path/silent", test_silent);
	g_test_add_func("/path/rate-limited", test_rate_limited);
	g_test_add_func("/path/rate-limited-later", test_rate_limited_later);
	g_test_add_func("/path/rate-limited-slowly", test_rate_limited_slowly);
	g_test_add_func("/path/loss", test_loss);
	g_test_add_func("/path/way-back", test_way_back);
	g_test_add_func("/path/latency", test_latency);
	g_test_add_func("/path/change", test_change);
	g_test_add_func("/path/change-evidence", test_change_evidence);
	g_test_add_func("/path/memory", test_memory);
	g_test_add_func("/path/statistics", test_statistics);
	g_test_add_func("/path/bands", test_bands);
	return g_test_run();
}
