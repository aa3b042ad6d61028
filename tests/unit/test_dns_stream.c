/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS over TCP: segments in every order, streams without beginning, with gaps, cut. */
#include "resolver_lab.h"
#include "service/dns_stream.h"

#define SEQ UINT32_C(0xfffffff0) /* so that streams wrap */

/* A segment of the server, `offset` bytes behind the stream's first. */
static bool show_segment(struct lab *lab, uint32_t offset, unsigned flags, const void *bytes,
			 size_t count)
{
	struct wire wire = {0};

	put_ip(&wire, lab, ST_PROTOCOL_TCP, 20 + count);
	wire_u16(&wire, lab->port);
	wire_u16(&wire, lab->client_port);
	wire_u32(&wire, SEQ + offset);
	wire_u32(&wire, 1);
	wire_u8(&wire, 0x50);
	wire_u8(&wire, flags);
	wire_u16(&wire, 1000);
	wire_u32(&wire, 0);
	wire_bytes(&wire, bytes, count);
	return show(lab, &wire);
}

static bool show_part(struct lab *lab, const struct wire *stream, size_t from, size_t to)
{
	return show_segment(lab, (uint32_t)from, ST_TCP_ACK, stream->bytes + from, to - from);
}

static void show_start(struct lab *lab)
{
	g_assert_false(show_segment(lab, UINT32_MAX, ST_TCP_SYN | ST_TCP_ACK, NULL, 0));
}

/* Appends an answer behind its length; returns where it ends. */
static size_t put_message(struct wire *stream, const char *host, const char *addr)
{
	struct wire message = {0};

	dns_wire_answer(&message, host, addr);
	wire_u16(stream, (unsigned)message.count);
	wire_bytes(stream, message.bytes, message.count);
	return stream->count;
}

static void put_three(struct wire *stream, size_t ends[3])
{
	ends[0] = put_message(stream, "a.example", "192.0.2.1");
	ends[1] = put_message(stream, "b.example", "2001:db8::2");
	ends[2] = put_message(stream, "c.example", "192.0.2.3");
}

static bool knows_three(const struct lab *lab)
{
	return knows(lab, "192.0.2.1", "a.example") && knows(lab, "2001:db8::2", "b.example") &&
	       knows(lab, "192.0.2.3", "c.example");
}

static void test_stream_in_one(void)
{
	struct wire stream = {0};
	struct lab lab;
	size_t ends[3];

	lab_open(&lab, 6);
	put_three(&stream, ends);
	g_assert_true(show_part(&lab, &stream, 0, stream.count));
	g_assert_true(knows_three(&lab));
	g_assert_cmpuint(names_generation(lab.names), ==, 3);
	/* Sent again it says nothing. */
	g_assert_false(show_part(&lab, &stream, 0, stream.count));
	g_assert_false(show_part(&lab, &stream, ends[0], stream.count));
	g_assert_cmpuint(names_generation(lab.names), ==, 3);
	lab_close(&lab);
}

/* Three segments, cut at every two places, in every order. */
static void test_stream_in_every_order(void)
{
	struct wire stream = {0};
	size_t ends[3];

	put_three(&stream, ends);
	for (size_t a = 1; a < stream.count - 1; a++) {
		for (size_t b = a + 1; b < stream.count; b += 7) {
			const size_t cuts[] = {0, a, b, stream.count};
			struct lab lab;

			for (size_t i = 0; i < G_N_ELEMENTS(lab_orders); i++) {
				lab_open(&lab, 4);
				show_start(&lab);
				for (unsigned k = 0; k < 3; k++) {
					unsigned part = lab_orders[i][k];

					show_part(&lab, &stream, cuts[part], cuts[part + 1]);
				}
				g_assert_true(knows_three(&lab));
				lab_close(&lab);
			}
		}
	}
}

/* Nobody saw the connection begin. */
static void test_stream_without_start(void)
{
	struct wire stream = {0};
	size_t ends[3];

	put_three(&stream, ends);
	for (size_t cut = 1; cut < stream.count; cut++) {
		bool begins = cut == 2 || cut >= 2 + 12;
		struct lab lab;

		lab_open(&lab, 4);
		g_assert_true(show_part(&lab, &stream, 0, cut) == begins);
		show_part(&lab, &stream, cut, stream.count);
		g_assert_true(knows_three(&lab) == begins);
		lab_close(&lab);
	}
}

/* Byte by byte, the first address is known with its last byte. */
static void test_stream_by_bytes(void)
{
	struct wire stream = {0};
	struct lab lab;
	size_t ends[3];

	lab_open(&lab, 4);
	put_three(&stream, ends);
	show_start(&lab);
	for (size_t i = 0; i < stream.count; i++) {
		g_assert_true(show_part(&lab, &stream, i, i + 1));
		g_assert_true(knows(&lab, "192.0.2.1", "a.example") == (i + 1 >= ends[0]));
	}
	g_assert_true(knows_three(&lab));
	g_assert_cmpuint(names_generation(lab.names), ==, 3);
	lab_close(&lab);
}

static void test_stream_with_a_gap(void)
{
	struct wire stream = {0};
	size_t ends[3], end;
	struct lab lab;

	lab_open(&lab, 4);
	put_three(&stream, ends);
	end = put_message(&stream, "d.example", "192.0.2.4");
	show_start(&lab);
	/* Behind the gap it goes on where a segment begins like a message, even one in pieces. */
	g_assert_true(show_part(&lab, &stream, ends[0] + 9, ends[1]));
	g_assert_false(knows(&lab, "2001:db8::2", "b.example"));
	g_assert_true(show_part(&lab, &stream, ends[1], ends[1] + 20));
	g_assert_true(show_part(&lab, &stream, ends[1] + 20, ends[2]));
	g_assert_true(knows(&lab, "192.0.2.3", "c.example"));
	g_assert_true(show_part(&lab, &stream, ends[2], end));
	g_assert_true(knows(&lab, "192.0.2.4", "d.example"));
	/* What was missing comes after all. */
	g_assert_true(show_part(&lab, &stream, 0, ends[0] + 9));
	g_assert_true(knows_three(&lab));
	lab_close(&lab);
}

/* A message inside another is none, although a segment begins with it behind a gap. */
static void test_stream_with_a_bait(void)
{
	struct wire stream = {0}, message = {0};
	size_t begin, bait, text;
	struct lab lab;

	dns_wire_header(&message, DNS_FLAGS, 1, 2);
	dns_wire_question(&message, "a.example", DNS_TYPE_A);
	dns_wire_address(&message, "@12", "192.0.2.1", 300);
	text = dns_wire_record(&message, "@12", 16, 300);
	bait = message.count;
	put_message(&message, "bank.example", "192.0.2.66");
	dns_wire_end(&message, text);
	wire_fill(&stream, 0, 100);
	begin = stream.count;
	wire_u16(&stream, (unsigned)message.count);
	wire_bytes(&stream, message.bytes, message.count);
	lab_open(&lab, 4);
	show_start(&lab);
	g_assert_true(show_part(&lab, &stream, begin, begin + 2 + bait));
	g_assert_true(show_part(&lab, &stream, begin + 2 + bait, stream.count));
	g_assert_true(knows(&lab, "192.0.2.1", "a.example"));
	g_assert_false(knows(&lab, "192.0.2.66", "bank.example"));
	lab_close(&lab);
}

/* A gap that nothing fills, and more behind it than is kept: every message is read. */
static void test_stream_goes_on(void)
{
	for (uint32_t from = 5000; from < 5060; from += 7) {
		uint32_t at = from;
		struct lab lab;

		lab_open(&lab, 4);
		show_start(&lab);
		for (unsigned i = 0; at < DNS_STREAM_BYTES_MAX + 5000; i++) {
			struct wire message = {0};
			char host[32];

			g_snprintf(host, sizeof(host), "h%u.example", i);
			put_message(&message, host, "192.0.2.1");
			show_segment(&lab, at, ST_TCP_ACK, message.bytes, 30);
			show_segment(&lab, at + 30, ST_TCP_ACK, message.bytes + 30,
				     message.count - 30);
			g_assert_true(knows(&lab, "192.0.2.1", host));
			at += (uint32_t)message.count;
		}
		lab_close(&lab);
	}
}

/* What a message says is known as soon as it is there, not with the message's end. */
static void test_stream_at_once(void)
{
	struct wire stream = {0}, message = {0};
	struct lab lab;

	lab_open(&lab, 4);
	put_long_answer(&message);
	wire_u16(&stream, (unsigned)message.count);
	wire_bytes(&stream, message.bytes, message.count);
	g_assert_true(show_part(&lab, &stream, 0, THIRD));
	g_assert_true(knows(&lab, "192.0.2.1", "a.example"));
	g_assert_cmpuint(names_generation(lab.names), ==, 1);
	g_assert_true(show_part(&lab, &stream, THIRD, 2 * (size_t)THIRD));
	g_assert_cmpuint(names_generation(lab.names), ==, 1);
	g_assert_true(show_part(&lab, &stream, 2 * (size_t)THIRD, stream.count));
	g_assert_true(knows(&lab, "192.0.2.3", "a.example"));
	lab_close(&lab);
}

/* The snap length cuts one; the next begins where its length says. */
static void test_stream_cut(void)
{
	struct wire stream = {0}, message = {0};
	struct lab lab;
	size_t end;

	lab_open(&lab, 4);
	put_long_answer(&message);
	wire_u16(&stream, (unsigned)message.count);
	wire_bytes(&stream, message.bytes, message.count);
	end = stream.count;
	put_message(&stream, "b.example", "192.0.2.9");
	show_start(&lab);
	lab.not_captured = THIRD;
	g_assert_true(show_part(&lab, &stream, 0, THIRD + 100));
	g_assert_true(knows(&lab, "192.0.2.1", "a.example"));
	g_assert_false(knows(&lab, "192.0.2.2", "a.example"));
	lab.not_captured = 0;
	show_part(&lab, &stream, THIRD + 100, end + 20);
	show_part(&lab, &stream, end + 20, stream.count);
	g_assert_true(knows(&lab, "192.0.2.9", "b.example"));
	lab_close(&lab);
}

/* After its end, the same ports are another stream; what is no DNS is not kept. */
static void test_stream_ends(void)
{
	static const unsigned endings[] = {ST_TCP_FIN | ST_TCP_ACK, ST_TCP_RST};
	struct wire stream = {0}, other = {0};
	struct lab lab;
	size_t ends[3];

	put_three(&stream, ends);
	for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
		lab_open(&lab, 4);
		g_assert_true(show_part(&lab, &stream, 0, ends[0]));
		g_assert_false(show_segment(&lab, (uint32_t)ends[0], endings[i], NULL, 0));
		g_assert_false(show_part(&lab, &stream, ends[0] + 3, ends[1]));
		g_assert_true(show_part(&lab, &stream, ends[1], ends[2]));
		g_assert_true(knows(&lab, "192.0.2.3", "c.example"));
		lab_close(&lab);
	}
	lab_open(&lab, 4);
	wire_bytes(&other, "SSH-2.0-OpenSSH_9.2p1 Debian\r\n", 30);
	show_start(&lab);
	g_assert_false(show_part(&lab, &other, 0, other.count));
	g_assert_false(show_part(&lab, &other, 0, other.count));
	lab_close(&lab);
}

static void test_many_streams(void)
{
	struct wire stream = {0};
	struct lab lab;
	size_t ends[3];

	lab_open(&lab, 4);
	put_three(&stream, ends);
	for (unsigned i = 0; i <= DNS_STREAMS_MAX; i++) {
		lab.client_port = 1024 + i;
		g_assert_true(show_part(&lab, &stream, 0, 40));
	}
	/* The one silent longest has left. */
	g_assert_true(show_part(&lab, &stream, 40, ends[2]));
	g_assert_true(knows_three(&lab));
	lab.client_port = 1024;
	g_assert_false(show_part(&lab, &stream, 40, ends[2]));
	lab_close(&lab);
}

/* Segments of anything: whatever is kept stays within bounds, and nothing breaks. */
static void test_streams_of_anything(void)
{
	GRand *rand = g_rand_new_with_seed(17);
	struct wire stream = {0};
	struct lab lab;

	lab_open(&lab, 4);
	for (unsigned i = 0; i < 40; i++)
		put_message(&stream, "some.name.example", "2001:db8::2");
	for (unsigned run = 0; run < 30000; run++) {
		size_t from = g_rand_int(rand) % stream.count;
		size_t to = from + g_rand_int(rand) % (stream.count - from);
		unsigned flags = g_rand_int(rand) % 50 ? ST_TCP_ACK : g_rand_int(rand) & 0x17;

		lab.client_port = 1000 + g_rand_int(rand) % 3;
		lab.not_captured =
			g_rand_int(rand) % 3 ? 0 : (uint32_t)(g_rand_int(rand) % (to - from + 1));
		if (g_rand_int(rand) % 10 == 0)
			stream.bytes[g_rand_int(rand) % stream.count] ^= (uint8_t)run;
		show_segment(&lab, (uint32_t)from + run / 1000 * 30000, flags, stream.bytes + from,
			     to - from);
	}
	g_assert_cmpuint(names_count(lab.names), >, 0);
	lab_close(&lab);
	g_rand_free(rand);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dns-stream/in-one", test_stream_in_one);
	g_test_add_func("/dns-stream/in-every-order", test_stream_in_every_order);
	g_test_add_func("/dns-stream/without-start", test_stream_without_start);
	g_test_add_func("/dns-stream/by-bytes", test_stream_by_bytes);
	g_test_add_func("/dns-stream/with-a-gap", test_stream_with_a_gap);
	g_test_add_func("/dns-stream/goes-on", test_stream_goes_on);
	g_test_add_func("/dns-stream/with-a-bait", test_stream_with_a_bait);
	g_test_add_func("/dns-stream/at-once", test_stream_at_once);
	g_test_add_func("/dns-stream/cut", test_stream_cut);
	g_test_add_func("/dns-stream/ends", test_stream_ends);
	g_test_add_func("/dns-stream/many-streams", test_many_streams);
	g_test_add_func("/dns-stream/streams-of-anything", test_streams_of_anything);
	return g_test_run();
}
