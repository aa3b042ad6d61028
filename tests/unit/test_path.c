/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the path does to packets, found in traces made by hand: the edges that a
 * simulated network does not reach (tests/simnet/notes.c has the rest).
 */
#include "path/path.h"

#include <glib.h>
#include <string.h>

#define MS ((int64_t)ST_NS_PER_MS)
#define HOPS_MAX 16
#define PROBES_MAX 20
#define START_NS (UINT64_C(1795000000) * ST_NS_PER_S)

struct lab {
	struct st_trace trace;
	struct st_hop hops[HOPS_MAX];
	struct st_sent sent[HOPS_MAX][PROBES_MAX];
	struct st_reply replies[HOPS_MAX][PROBES_MAX];
	struct path_memory *memory;
};

static struct st_addr router(unsigned ttl)
{
	return (struct st_addr){.version = 4, .bytes = {10, 0, (uint8_t)ttl, 1}};
}

/* By the book: Time Exceeded, everything quoted as sent, the way back as long as the way there. */
static struct st_reply usual_reply(unsigned ttl, unsigned probe)
{
	return (struct st_reply){
		.address = router(ttl),
		.rtt_ns = (int64_t)ttl * MS,
		.stamp_ns = START_NS,
		.probe = (uint16_t)probe,
		.icmp_type = ST_ICMP_TIME_EXCEEDED,
		.reply_ttl = (uint8_t)(65 - ttl),
		.quoted_ttl = 1,
		.probe_bytes = 52,
		.quoted_bytes = 52,
		.matched_by = ST_MATCH_TUPLE | ST_MATCH_SEQ,
	};
}

static void fill_hop(struct lab *lab, unsigned i, unsigned probes)
{
	struct st_hop *hop = &lab->hops[i];

	*hop = (struct st_hop){.ttl = (uint8_t)(i + 1),
			       .sent = (uint16_t)probes,
			       .probes = lab->sent[i],
			       .reply_count = (uint16_t)probes,
			       .replies = lab->replies[i]};
	for (unsigned k = 0; k < probes; k++) {
		lab->sent[i][k] = (struct st_sent){
			.stamp_ns = START_NS + k * 10 * ST_NS_PER_MS, .bytes = 52, .replies = 1};
		lab->replies[i][k] = usual_reply(i + 1, k + 1);
	}
}

static void lab_init(struct lab *lab, unsigned hops, unsigned probes)
{
	memset(lab, 0, sizeof(*lab));
	lab->trace = (struct st_trace){
		.number = 1,
		.kind = ST_TRACE_IN_FLOW,
		.tuple = {.source = router(100),
			  .destination = router(200),
			  .source_port = 40000,
			  .destination_port = 443,
			  .protocol = ST_PROTOCOL_TCP},
		.hop_count = hops,
		.hops = lab->hops,
		.replies_received = hops * probes,
	};
	for (unsigned i = 0; i < hops; i++)
		fill_hop(lab, i, probes);
	lab->memory = path_memory_new(1);
}

static void lab_clear(struct lab *lab)
{
	path_memory_free(lab->memory);
}

/* Every reply of the hop with this TTL gets the value. */
#define SET(lab, of_ttl, field, value)                                                             \
	do {                                                                                       \
		for (unsigned set_k = 0; set_k < PROBES_MAX; set_k++)                              \
			(lab)->replies[(of_ttl)-1][set_k].field = value;                           \
	} while (0)

/* Only these probes (a string of '+' and '-') are answered. */
static void answer(struct lab *lab, unsigned ttl, const char *pattern)
{
	struct st_hop *hop = &lab->hops[ttl - 1];

	hop->sent = (uint16_t)strlen(pattern);
	hop->reply_count = 0;
	for (unsigned k = 0; pattern[k]; k++) {
		bool is_answered = pattern[k] == '+';

		lab->sent[ttl - 1][k].replies = is_answered;
		lab->sent[ttl - 1][k].stamp_ns = START_NS + k * 10 * ST_NS_PER_MS;
		if (is_answered)
			lab->replies[ttl - 1][hop->reply_count++] = usual_reply(ttl, k + 1);
	}
}

/* "mpls 2, silent 4": the notes in their order. */
static char *notes_of(struct lab *lab)
{
	struct st_trace *trace = st_trace_copy(&lab->trace);
	GString *text = g_string_new(NULL);

	path_examine(trace, lab->memory);
	for (size_t i = 0; i < trace->note_count; i++)
		g_string_append_printf(text, "%s%s %u", i ? ", " : "", trace->notes[i].kind,
				       trace->notes[i].ttl);
	st_trace_free(trace);
	return g_string_free(text, FALSE);
}

static void assert_notes(struct lab *lab, const char *wanted)
{
	char *notes = notes_of(lab);

	g_assert_cmpstr(notes, ==, wanted);
	g_free(notes);
}

/* The same, and the lab is done. */
static void assert_and_clear(struct lab *lab, const char *wanted)
{
	assert_notes(lab, wanted);
	lab_clear(lab);
}

static void assert_detail(struct lab *lab, const char *part)
{
	struct st_trace *trace = st_trace_copy(&lab->trace);
	bool found = false;

	path_examine(trace, lab->memory);
	for (size_t i = 0; i < trace->note_count; i++)
		found = found || strstr(trace->notes[i].detail, part);
	if (!found)
		g_test_fail_printf("no note says: %s", part);
	st_trace_free(trace);
}

static void test_nothing(void)
{
	struct lab lab;

	lab_init(&lab, 10, 3);
	assert_and_clear(&lab, "");
	lab_init(&lab, 0, 0);
	assert_and_clear(&lab, "");
	lab_init(&lab, 3, 3);
	for (unsigned i = 0; i < 3; i++)
		lab.hops[i] = (struct st_hop){.ttl = (uint8_t)(i + 1)};
	assert_and_clear(&lab, "");
}

/* --- quotes --- */

static void test_rewritten(void)
{
	struct lab lab;

	lab_init(&lab, 6, 3);
	for (unsigned ttl = 4; ttl <= 6; ttl++) {
		SET(&lab, ttl, altered, ST_ALTERED_DSCP | ST_ALTERED_LENGTH);
		SET(&lab, ttl, quoted_tos, 0xb8);
		SET(&lab, ttl, quoted_bytes, 56);
	}
	assert_notes(&lab, "rewritten 4, rewritten 4");
	assert_detail(&lab, "DSCP to 46:");
	assert_detail(&lab, "length from 52 to 56:");
	lab.replies[4][0].altered = 0; /* one value that happened to be the sent one */
	assert_notes(&lab, "rewritten 4, rewritten 4");
	SET(&lab, 5, altered, 0); /* but no router quotes what was gone before it */
	assert_notes(&lab, "odd-quote 4, odd-quote 6, odd-quote 4, odd-quote 6");
	assert_detail(&lab, "hop 4 alone: it is what they quote");
	assert_detail(&lab, "hop 6 alone: nobody behind");
	lab_clear(&lab);
}

/* What a quote does not hold says nothing, what it must hold does. */
static void test_cut_off(void)
{
	struct lab lab;

	lab_init(&lab, 6, 3);
	SET(&lab, 3, altered, ST_ALTERED_ACK);
	SET(&lab, 6, altered, ST_ALTERED_ACK);
	assert_notes(&lab, "rewritten 3");
	SET(&lab, 3, altered, ST_ALTERED_SEQ);
	SET(&lab, 6, altered, ST_ALTERED_SEQ);
	assert_and_clear(&lab, "odd-quote 3, odd-quote 6");
}

/* The destination's TCP answer quotes nothing; its unreachable does. */
static void test_destination_quotes(void)
{
	struct lab lab;

	lab_init(&lab, 4, 3);
	SET(&lab, 3, altered, ST_ALTERED_ECN);
	SET(&lab, 4, destination, true);
	SET(&lab, 4, icmp_type, ST_ICMP_UNREACHABLE);
	SET(&lab, 4, altered, ST_ALTERED_ECN);
	assert_notes(&lab, "rewritten 3");
	SET(&lab, 4, kind, ST_REPLY_TCP);
	SET(&lab, 4, altered, 0);
	assert_and_clear(&lab, "odd-quote 3");
}

static void test_nat(void)
{
	struct lab lab;

	lab_init(&lab, 5, 3);
	for (unsigned ttl = 3; ttl <= 5; ttl++) {
		SET(&lab, ttl, altered, ST_ALTERED_SOURCE | ST_ALTERED_CHECKSUM);
		SET(&lab, ttl, matched_by, ST_MATCH_PEER | ST_MATCH_SEQ);
	}
	assert_notes(&lab, "nat 3");
	assert_detail(&lab, "another source:");
	for (unsigned ttl = 3; ttl <= 5; ttl++)
		SET(&lab, ttl, altered, ST_ALTERED_DESTINATION);
	assert_detail(&lab, "another destination:");
	lab_clear(&lab);
	lab_init(&lab, 5, 3); /* of spread packets some went through it */
	lab.replies[4][1].altered = ST_ALTERED_SOURCE;
	assert_and_clear(&lab, "nat 5");
	lab_init(&lab, 5, 3); /* its own quotes only */
	SET(&lab, 2, altered, ST_ALTERED_SOURCE);
	assert_and_clear(&lab, "odd-quote 2");
}

static void test_nat_suspected(void)
{
	struct lab lab;

	lab_init(&lab, 6, 3);
	for (unsigned ttl = 4; ttl <= 6; ttl++)
		SET(&lab, ttl, altered, ST_ALTERED_CHECKSUM);
	assert_notes(&lab, "nat-suspected 4");
	SET(&lab, 6, altered, ST_ALTERED_CHECKSUM | ST_ALTERED_SOURCE);
	assert_notes(&lab, "nat 6"); /* two are too few */
	SET(&lab, 6, altered, ST_ALTERED_CHECKSUM | ST_ALTERED_ACK);
	assert_notes(&lab, "odd-quote 6"); /* the ACK number explains the checksum */
	SET(&lab, 6, altered, 0);
	assert_and_clear(&lab, "odd-quote 4");
}

/* --- tunnels --- */

static void test_labels(void)
{
	struct lab lab;

	lab_init(&lab, 7, 3);
	SET(&lab, 2, mpls_count, 1);
	SET(&lab, 3, mpls_count, 2);
	lab.hops[3].reply_count = 0;
	lab.replies[4][2].mpls_count = 1; /* one reply of three */
	assert_notes(&lab, "mpls 2, silent 4");
	assert_detail(&lab, "hops 2, 3 and 5 quote MPLS labels");
	lab_clear(&lab);
	lab_init(&lab, 3, 3); /* the distance is not known */
	SET(&lab, 1, mpls_count, 1);
	lab.hops[0].ttl = 0;
	assert_and_clear(&lab, "mpls 0");
}

static void test_opaque(void)
{
	struct lab lab;

	lab_init(&lab, 5, 2);
	SET(&lab, 4, mpls_count, 1);
	SET(&lab, 4, mpls[0].ttl, 252);
	assert_notes(&lab, "mpls 4, hidden-tunnel 4");
	assert_detail(&lab, "some 3 routers");
	SET(&lab, 4, mpls[0].ttl, 255); /* nothing has counted it down */
	assert_notes(&lab, "mpls 4");
	SET(&lab, 4, mpls[0].ttl, 252);
	lab.replies[3][1].mpls[0].ttl = 250; /* one way or another */
	assert_and_clear(&lab, "mpls 4");
}

static void test_quoted_ttls(void)
{
	struct lab lab;

	lab_init(&lab, 8, 2);
	SET(&lab, 4, quoted_ttl, 2);
	assert_notes(&lab, "hidden-tunnel 4");
	assert_detail(&lab, "hop 4 quotes a TTL of 2");
	SET(&lab, 6, quoted_ttl, 4);
	lab.hops[4].reply_count = 0; /* a silent one between */
	assert_notes(&lab, "hidden-tunnel 4, silent 5");
	assert_detail(&lab, "hops 4-6 quote TTLs that rise from 2 to 4");
	lab.replies[3][0].quoted_ttl = 1; /* its replies differ */
	assert_and_clear(&lab, "hidden-tunnel 6, silent 5");
	lab_init(&lab, 8, 2);
	SET(&lab, 3, quoted_ttl, 64);
	SET(&lab, 5, quoted_ttl, 0);
	SET(&lab, 7, quoted_ttl, ST_QUOTED_TTL_UNKNOWN);
	assert_and_clear(&lab, "");
}

/* A refusal quotes whatever TTL was left, and so does the destination. */
static void test_refusal(void)
{
	struct lab lab;

	lab_init(&lab, 4, 2);
	SET(&lab, 3, icmp_type, ST_ICMP_UNREACHABLE);
	SET(&lab, 3, quoted_ttl, 9);
	SET(&lab, 4, destination, true);
	SET(&lab, 4, quoted_ttl, 3);
	assert_and_clear(&lab, "");
}

/* --- routers --- */

static void test_several(void)
{
	struct lab lab;

	lab_init(&lab, 6, 3);
	lab.replies[1][2].address = router(92);
	lab.replies[4][0].address = router(95);
	lab.replies[5][2].address = router(200); /* the destination, nearer by one on one way */
	lab.replies[5][2].destination = true;
	assert_notes(&lab, "several-routers 2");
	assert_detail(&lab, "hops 2 and 5:");
	lab_clear(&lab);
}

static void test_zero_ttl(void)
{
	struct lab lab;

	lab_init(&lab, 5, 2);
	SET(&lab, 3, address, router(4));
	SET(&lab, 3, quoted_ttl, 0);
	assert_notes(&lab, "zero-ttl-forwarding 3");
	SET(&lab, 4, quoted_ttl, 0); /* that one always quotes 0 */
	assert_notes(&lab, "");
	SET(&lab, 3, quoted_ttl, 1);
	SET(&lab, 4, quoted_ttl, 1);
	assert_and_clear(&lab, ""); /* the path has become longer, perhaps */
}

static void test_loop(void)
{
	struct lab lab;

	lab_init(&lab, 8, 2);
	SET(&lab, 5, address, router(3));
	assert_notes(&lab, "loop 3");
	assert_detail(&lab, "distances 3 and 5, others between: packets come by twice");
	SET(&lab, 7, address, router(3));
	assert_detail(&lab, "distances 3, 5 and 7, others between: packets go round");
	lab.hops[3].reply_count = lab.hops[5].reply_count = 0; /* nobody between is known */
	assert_and_clear(&lab, "silent 4");
	lab_init(&lab, 8, 1);
	SET(&lab, 5, address, router(3)); /* one packet each: by chance, perhaps */
	assert_notes(&lab, "");
	SET(&lab, 7, address, router(3));
	assert_and_clear(&lab, "loop 3");
	lab_init(&lab, 8, 2); /* one of several there */
	SET(&lab, 5, address, router(3));
	lab.replies[4][0].address = router(5);
	assert_and_clear(&lab, "several-routers 5");
}

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
	g_test_add_func("/path/nothing", test_nothing);
	g_test_add_func("/path/rewritten", test_rewritten);
	g_test_add_func("/path/cut-off", test_cut_off);
	g_test_add_func("/path/destination-quotes", test_destination_quotes);
	g_test_add_func("/path/nat", test_nat);
	g_test_add_func("/path/nat-suspected", test_nat_suspected);
	g_test_add_func("/path/labels", test_labels);
	g_test_add_func("/path/opaque", test_opaque);
	g_test_add_func("/path/quoted-ttls", test_quoted_ttls);
	g_test_add_func("/path/refusal", test_refusal);
	g_test_add_func("/path/several", test_several);
	g_test_add_func("/path/zero-ttl", test_zero_ttl);
	g_test_add_func("/path/loop", test_loop);
	g_test_add_func("/path/silent", test_silent);
	g_test_add_func("/path/rate-limited", test_rate_limited);
	g_test_add_func("/path/rate-limited-later", test_rate_limited_later);
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
