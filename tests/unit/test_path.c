/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What quotes and routers show of the path, in traces made by hand: the edges
 * that a simulated network does not reach (tests/simnet/notes.c has the rest).
 */
#include "path_lab.h"

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
	return g_test_run();
}
