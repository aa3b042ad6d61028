/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ClientHellos in TCP streams: pieces of every size, in every order, and what is none. */
#include "hello_lab.h"

#define SEQ 0xffffff80u /* wraps within every hello */
#define HOST "host.example"

static const uint32_t seq = SEQ;

static GByteArray *new_stream(void)
{
	return lab_records(lab_hello_for(HOST, 9, 9), 16384);
}

static void check_read(struct lab *lab, enum hello_verdict verdict)
{
	g_assert_cmpint(verdict, ==, HELLO_READ);
	g_assert_cmpstr(lab->facts.host, ==, HOST);
	g_assert_cmpstr(lab->facts.alpn, ==, "h2");
	g_assert_null(lab->hello);
	g_assert_cmpuint(lab->pool.pending.length, ==, 0);
	lab_clear(lab);
}

/* Shows bytes [from, to) of the stream. */
static enum hello_verdict show(struct lab *lab, const GByteArray *stream, guint from, guint to,
			       const uint32_t *start)
{
	return lab_segment(lab, SEQ + from, stream->data + from, to - from, start);
}

static void test_whole(void)
{
	GByteArray *stream = new_stream();
	GByteArray *rfc = lab_from_hex(RFC8448_RECORD);
	struct lab lab = {0};

	check_read(&lab, show(&lab, stream, 0, stream->len, &seq));
	check_read(&lab, show(&lab, stream, 0, stream->len, NULL));
	g_assert_cmpint(lab_segment(&lab, 1, rfc->data, rfc->len, NULL), ==, HELLO_READ);
	g_assert_cmpstr(lab.facts.host, ==, "server");
	lab_clear(&lab);
	g_byte_array_free(rfc, TRUE);
	g_byte_array_free(stream, TRUE);
}

/* Something else goes before it in the stream. */
static void test_later(void)
{
	GByteArray *stream = new_stream();
	uint32_t start = SEQ - 100;
	struct lab lab = {0};

	g_assert_cmpint(lab_segment(&lab, start, "EHLO client.example\r\n", 21, &start), ==,
			HELLO_NONE);
	g_assert_cmpint(lab_segment(&lab, start + 21, "STARTTLS\r\n", 10, &start), ==, HELLO_NONE);
	g_assert_cmpuint(lab.pool.pending.length, ==, 0);
	g_assert_cmpint(show(&lab, stream, 0, 3, &start), ==, HELLO_PART);
	check_read(&lab, show(&lab, stream, 3, stream->len, &start));
	/* Sent again in one piece with what goes before it. */
	g_assert_cmpint(lab_segment(&lab, start, "EHLO client.example\r\n", 21, &start), ==,
			HELLO_NONE);
	g_assert_cmpint(show(&lab, stream, 0, 8, &start), ==, HELLO_PART);
	g_byte_array_prepend(stream, (const uint8_t *)"STARTTLS\r\n", 10);
	check_read(&lab, lab_segment(&lab, SEQ - 10, stream->data, stream->len, &start));
	g_byte_array_free(stream, TRUE);
}

/* A connection without TLS costs no memory. */
static void test_not_tls(void)
{
	struct lab lab = {0};
	uint32_t start = 1000;

	for (uint32_t i = 0; i < 50; i++) {
		g_assert_cmpint(lab_segment(&lab, start + 4 * i, "GET ", 4, &start), ==,
				HELLO_NONE);
		g_assert_cmpuint(lab.pool.pending.length, ==, 0);
	}
	lab_clear(&lab);
}

/* Where no SYN told the beginning, a piece alone may not say what it is. */
static void check_waits(enum hello_verdict verdict, const uint32_t *start)
{
	g_assert_true(verdict == HELLO_PART || (verdict == HELLO_HELD && !start));
}

static void test_two_pieces(void)
{
	GByteArray *stream = new_stream();
	struct lab lab = {0};

	for (guint cut = 1; cut < stream->len; cut++) {
		for (unsigned variant = 0; variant < 4; variant++) {
			const uint32_t *start = variant & 1 ? &seq : NULL;
			bool swapped = variant & 2;
			guint from = swapped ? cut : 0, to = swapped ? stream->len : cut;

			check_waits(show(&lab, stream, from, to, start), start);
			check_read(&lab, swapped ? show(&lab, stream, 0, cut, start)
						 : show(&lab, stream, cut, stream->len, start));
		}
	}
	g_byte_array_free(stream, TRUE);
}

static void test_three_pieces(void)
{
	static const unsigned orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					      {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
	GByteArray *stream = new_stream();
	struct lab lab = {0};

	for (unsigned i = 0; i < 6 * 2 * stream->len; i++) {
		const unsigned *order = orders[i % 6];
		const uint32_t *start = i / 6 % 2 ? &seq : NULL;
		guint first = i / 12 % (stream->len - 2) + 1;
		guint second = first + 1 + (i * 7) % (stream->len - first - 1);
		guint edges[4] = {0, first, second, stream->len};

		for (unsigned j = 0; j < 3; j++) {
			enum hello_verdict verdict =
				show(&lab, stream, edges[order[j]], edges[order[j] + 1], start);

			if (j < 2)
				check_waits(verdict, start);
			else
				check_read(&lab, verdict);
		}
	}
	g_byte_array_free(stream, TRUE);
}

/* Segments of one byte, and records of one to three. */
static void test_single_bytes(void)
{
	struct lab lab = {0};

	for (guint record = 0; record < 4; record++) {
		GByteArray *stream = lab_records(lab_hello_for(HOST, 9, 9), record ? record : 999);

		for (unsigned known = 0; known < 2; known++) {
			const uint32_t *start = known ? &seq : NULL;

			for (guint at = 0; at + 1 < stream->len; at++)
				check_waits(show(&lab, stream, at, at + 1, start), start);
			check_read(&lab, show(&lab, stream, stream->len - 1, stream->len, start));
		}
		g_byte_array_free(stream, TRUE);
	}
}

/* The first segments shorter than a record's header, the rest before them. */
static void test_short_beginning(void)
{
	GByteArray *stream = new_stream();
	struct lab lab = {0};

	for (guint count = 1; count <= 8; count++) {
		g_assert_cmpint(show(&lab, stream, count, stream->len, &seq), ==, HELLO_PART);
		for (guint at = 0; at + 1 < count && at < 5; at++)
			g_assert_cmpint(show(&lab, stream, at, at + 1, &seq), ==, HELLO_PART);
		check_read(&lab, show(&lab, stream, 0, count, &seq));
	}
	g_byte_array_free(stream, TRUE);
}

/* Sent again, with other boundaries, over and over. */
static void test_overlaps(void)
{
	GRand *rand = g_rand_new_with_seed(7);
	GByteArray *stream = new_stream();
	struct lab lab = {0};

	for (unsigned run = 0; run < 500; run++) {
		enum hello_verdict verdict = show(&lab, stream, 0, 6, run % 2 ? &seq : NULL);

		while (verdict == HELLO_PART) {
			guint from = (guint)g_rand_int_range(rand, 0, (gint32)stream->len);
			guint to =
				(guint)g_rand_int_range(rand, (gint32)from, (gint32)stream->len) +
				1;

			verdict = show(&lab, stream, from, to, run % 2 ? &seq : NULL);
		}
		check_read(&lab, verdict);
	}
	g_rand_free(rand);
	g_byte_array_free(stream, TRUE);
}

/* The capture keeps the first bytes of a segment: they are all there will be. */
static void test_snap_length(void)
{
	GByteArray *stream = new_stream();
	guint name_end = stream->len - 22;
	struct lab lab = {0};

	for (guint count = 1; count < stream->len; count++) {
		enum hello_verdict verdict =
			lab_segment_cut(&lab, SEQ, stream->data, count, stream->len, &seq);

		g_assert_cmpint(verdict, ==, count < name_end ? HELLO_NONE : HELLO_READ);
		g_assert_cmpuint(lab.pool.pending.length, ==, 0);
		lab_clear(&lab);
	}
	/* The second piece is cut, the first comes later. */
	g_assert_cmpint(
		lab_segment_cut(&lab, SEQ + 20, stream->data + 20, name_end - 20, 500, &seq), ==,
		HELLO_PART);
	g_assert_cmpint(show(&lab, stream, 0, 20, &seq), ==, HELLO_READ);
	g_assert_cmpstr(lab.facts.host, ==, HOST);
	lab_clear(&lab);
	g_byte_array_free(stream, TRUE);
}

/* A piece is lost to the capture; the stream goes on and on. */
static void check_lost(guint before, guint behind, enum hello_verdict last)
{
	GByteArray *stream = lab_records(lab_hello_for(HOST, before, behind), 16384);
	enum hello_verdict verdict = HELLO_PART;
	struct lab lab = {0};
	uint32_t shown = 0;

	g_assert_cmpint(show(&lab, stream, 0, 1400, &seq), ==, HELLO_PART);
	while (verdict == HELLO_PART && shown < 100)
		verdict = lab_segment(&lab, SEQ + stream->len + 10 * shown++, "\27\3\3\0\5hello",
				      10, &seq);
	g_assert_cmpint(verdict, ==, last);
	g_assert_cmpuint(shown, >, 5);
	g_assert_cmpuint(shown, <, 20);
	g_assert_cmpuint(lab.pool.pending.length, ==, 0);
	lab_clear(&lab);
	g_byte_array_free(stream, TRUE);
}

static void test_lost(void)
{
	check_lost(0, 2000, HELLO_READ);
	check_lost(2000, 0, HELLO_NONE);
}

/* Longer than the bound: what lies within it counts. */
static void check_long(guint before, guint behind, enum hello_verdict last)
{
	guint at;
	GByteArray *stream = lab_records(lab_hello_for(HOST, before, behind), 16384);
	enum hello_verdict verdict = HELLO_PART;
	struct lab lab = {0};

	for (at = 0; at < stream->len && verdict == HELLO_PART; at += 1000)
		verdict = show(&lab, stream, at, MIN(at + 1000, stream->len), &seq);
	g_assert_cmpint(verdict, ==, last);
	g_assert_cmpuint(at, ==, 17000);
	lab_clear(&lab);
	g_byte_array_free(stream, TRUE);
}

static void test_long(void)
{
	check_long(0, 2 * HELLO_BYTES_MAX, HELLO_READ);
	check_long(2 * HELLO_BYTES_MAX, 0, HELLO_NONE);
	check_long(HELLO_BYTES_MAX - 200, 0, HELLO_READ);
}

/* A stream joined in its middle is held for a few segments, then never again. */
static void test_joined(void)
{
	GByteArray *stream = new_stream();
	struct lab lab = {0};
	unsigned held = 0;

	while (lab_segment(&lab, 5000 + 100 * held, "some bytes", 10, NULL) == HELLO_HELD)
		held++;
	g_assert_cmpuint(held, >, 2);
	g_assert_cmpuint(held, <, 16);
	for (uint32_t i = 0; i < 20; i++) {
		g_assert_cmpint(lab_segment(&lab, 9000 + 10 * i, "some bytes", 10, NULL), ==,
				HELLO_NONE);
		g_assert_cmpuint(lab.pool.pending.length, ==, 0);
	}
	check_read(&lab, show(&lab, stream, 0, stream->len, NULL));
	g_byte_array_free(stream, TRUE);
}

/* What begins like one and goes on otherwise. */
static void test_impostors(void)
{
	static const uint8_t bad_length[] = {22, 3, 1, 0, 90, 1, 0, 0, 9, 3, 3};
	static const uint8_t alert[] = {22, 3, 1, 0, 1, 1, 21, 3, 1, 0, 2, 2, 40};
	GByteArray *stream = new_stream();
	struct lab lab = {0};

	g_assert_cmpint(lab_segment(&lab, SEQ, bad_length, sizeof(bad_length), &seq), ==,
			HELLO_NONE);
	g_assert_cmpuint(lab.pool.pending.length, ==, 0);
	g_assert_cmpint(lab_segment(&lab, SEQ + 20, alert, sizeof(alert), &seq), ==, HELLO_NONE);
	g_assert_cmpuint(lab.pool.pending.length, ==, 0);
	g_assert_cmpint(lab_segment(&lab, SEQ + 40, "\x16", 1, &seq), ==, HELLO_PART);
	g_assert_cmpint(lab_segment(&lab, SEQ + 41, "\x16", 1, &seq), ==, HELLO_NONE);
	g_assert_cmpuint(lab.pool.pending.length, ==, 0);
	check_read(&lab, lab_segment(&lab, SEQ + 42, stream->data, stream->len, &seq));
	g_byte_array_free(stream, TRUE);
}

/* Another connection of the same ports, while something of the first is missing. */
static void test_new_connection(void)
{
	GByteArray *stream = new_stream();
	struct lab lab = {0};
	uint32_t start = 77;

	g_assert_cmpint(lab_segment(&lab, 77, stream->data, 50, &start), ==, HELLO_PART);
	check_read(&lab, lab_segment(&lab, 0x80000000, stream->data, stream->len, &start));
	g_byte_array_free(stream, TRUE);
}

/* SYN with data (RFC 7413): its first byte has the next number. */
static void test_fast_open(void)
{
	GByteArray *stream = new_stream();
	struct st_packet packet = {.protocol = ST_PROTOCOL_TCP,
				   .tcp = {.seq = SEQ - 1, .flags = ST_TCP_SYN}};
	struct lab lab = {0};

	g_assert_cmpint(lab_show(&lab, packet, stream->data, 40, &seq), ==, HELLO_PART);
	check_read(&lab, show(&lab, stream, 40, stream->len, &seq));
	g_byte_array_free(stream, TRUE);
}

/* A byte below the stream's first, sent to keep a silent connection open. */
static void test_keepalive(void)
{
	GByteArray *stream = new_stream();
	struct lab lab = {0};

	g_assert_cmpint(lab_segment(&lab, SEQ - 1, "\0", 1, &seq), ==, HELLO_NONE);
	g_assert_cmpint(show(&lab, stream, 50, stream->len, &seq), ==, HELLO_PART);
	g_assert_cmpint(lab_segment(&lab, SEQ - 1, "\0", 1, &seq), ==, HELLO_PART);
	check_read(&lab, show(&lab, stream, 0, 50, &seq));
	g_byte_array_free(stream, TRUE);
}

#define ENDS (HELLOS_MAX + 10)

static void test_pool(void)
{
	struct hello **ends = g_new0(struct hello *, ENDS);
	GByteArray *stream = new_stream();
	struct hello_pool pool = {0};
	struct hello_facts facts;

	for (unsigned i = 0; i < ENDS; i++) {
		struct st_packet packet = {.payload_captured = 30,
					   .payload_wire = 30,
					   .tcp = {.seq = SEQ, .flags = ST_TCP_ACK}};
		struct st_frame frame = {.bytes = stream->data, .captured_bytes = 30};
		enum hello_verdict verdict =
			hello_tcp(&pool, &ends[i], &packet, &frame, &seq, &facts);

		g_assert_cmpint(verdict, ==, HELLO_PART);
		g_assert_cmpuint(pool.pending.length, ==, MIN(i + 1, HELLOS_MAX));
	}
	g_assert_cmpuint(pool.evicted, ==, ENDS - HELLOS_MAX);
	hello_drop(&pool, &ends[5]);  /* was evicted */
	hello_drop(&pool, &ends[20]); /* was not */
	g_assert_cmpuint(pool.pending.length, ==, HELLOS_MAX - 1);
	hello_pool_clear(&pool);
	g_assert_cmpuint(pool.pending.length, ==, 0);
	g_assert_null(ends[ENDS - 1]);
	g_byte_array_free(stream, TRUE);
	g_free(ends);
}

/* Random segments around a hello: nothing but the right name, and nothing left behind. */
static void test_garbage(void)
{
	GRand *rand = g_rand_new_with_seed(11);
	GByteArray *stream = lab_records(lab_hello_for(HOST, 9, 9), 50);
	struct lab lab = {0};

	for (unsigned run = 0; run < 20000; run++) {
		guint from = (guint)g_rand_int_range(rand, 0, (gint32)stream->len);
		guint to = (guint)g_rand_int_range(rand, (gint32)from, (gint32)stream->len) + 1;
		uint32_t shift = g_rand_int_range(rand, 0, 10) == 0 ? g_rand_int(rand) : 0;
		size_t wire = g_rand_int_range(rand, 0, 10) == 0 ? 9999 : 0;

		if (lab_segment_cut(&lab, SEQ + from + shift, stream->data + from, to - from, wire,
				    run % 3 ? &seq : NULL) == HELLO_READ &&
		    lab.facts.host[0])
			g_assert_cmpstr(lab.facts.host, ==, HOST);
		g_assert_cmpuint(lab.pool.pending.length, <=, 1);
		if (run % 100 == 0)
			lab_clear(&lab);
	}
	lab_clear(&lab);
	g_rand_free(rand);
	g_byte_array_free(stream, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/hello/whole", test_whole);
	g_test_add_func("/hello/later", test_later);
	g_test_add_func("/hello/not-tls", test_not_tls);
	g_test_add_func("/hello/two-pieces", test_two_pieces);
	g_test_add_func("/hello/three-pieces", test_three_pieces);
	g_test_add_func("/hello/single-bytes", test_single_bytes);
	g_test_add_func("/hello/short-beginning", test_short_beginning);
	g_test_add_func("/hello/overlaps", test_overlaps);
	g_test_add_func("/hello/snap-length", test_snap_length);
	g_test_add_func("/hello/lost", test_lost);
	g_test_add_func("/hello/long", test_long);
	g_test_add_func("/hello/joined", test_joined);
	g_test_add_func("/hello/impostors", test_impostors);
	g_test_add_func("/hello/new-connection", test_new_connection);
	g_test_add_func("/hello/fast-open", test_fast_open);
	g_test_add_func("/hello/keepalive", test_keepalive);
	g_test_add_func("/hello/pool", test_pool);
	g_test_add_func("/hello/garbage", test_garbage);
	return g_test_run();
}
