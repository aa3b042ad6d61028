/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS as it goes over wires: datagrams, fragments and segments, in every order. */
#include "service/resolver.h"

#include "dns_wire.h"
#include "service/dns_stream.h"
#include "service/fragments.h"

#define IP4_BYTES 20
#define IP6_BYTES 40
#define SEQ UINT32_C(0xfffffff0) /* so that streams wrap */

struct lab {
	struct names *names;
	struct resolver *resolver;
	uint64_t now;
	uint8_t version;
	unsigned port; /* the server's */
	unsigned client_port;
	uint32_t id;	       /* of the datagram in fragments */
	uint32_t not_captured; /* bytes at a frame's end */
};

static void lab_open(struct lab *lab, uint8_t version)
{
	*lab = (struct lab){.version = version, .port = 53, .client_port = 40312, .id = 7};
	lab->names = names_new(3);
	lab->resolver = resolver_new(lab->names);
	lab->now = ST_NS_PER_S;
}

static void lab_close(struct lab *lab)
{
	resolver_free(lab->resolver);
	names_free(lab->names);
}

static bool show(struct lab *lab, const struct wire *wire)
{
	uint32_t captured = (uint32_t)wire->count - lab->not_captured;
	uint8_t *bytes = wire_exact(wire->bytes, captured);
	struct st_frame frame = {.bytes = bytes,
				 .captured_bytes = captured,
				 .wire_bytes = (uint32_t)wire->count,
				 .link_type = ST_LINK_RAW};
	struct st_packet packet;
	bool taken;

	g_assert_cmpint(st_packet_decode(&frame, &packet), ==, ST_OK);
	taken = resolver_wants(&packet) && resolver_take(lab->resolver, &packet, &frame, lab->now);
	g_free(bytes);
	return taken;
}

/* Does the client know this name of the address? */
static bool knows(const struct lab *lab, const char *text, const char *host)
{
	struct st_addr addr = {0};
	char client[ST_ADDR_TEXT_BYTES];

	g_assert_cmpint(st_addr_parse(text, &addr), ==, ST_OK);
	for (const struct name *name = names_next(lab->names, &addr, lab->now, NULL); name;
	     name = names_next(lab->names, &addr, lab->now, name)) {
		g_assert_cmpstr(st_addr_format(&name->client, client), ==,
				lab->version == 4 ? "198.51.100.2" : "2001:db8::2");
		if (strcmp(name->hosts[0], host) == 0)
			return true;
	}
	return false;
}

static void put_ip(struct wire *wire, const struct lab *lab, unsigned protocol, size_t payload)
{
	if (lab->version == 4)
		wire_ip4(wire, protocol, payload, 0);
	else
		wire_ip6(wire, protocol, payload);
}

static void put_udp(struct wire *wire, const struct lab *lab, const struct wire *message)
{
	wire_u16(wire, lab->port);
	wire_u16(wire, lab->client_port);
	wire_u16(wire, (unsigned)(8 + message->count));
	wire_u16(wire, 0);
	wire_bytes(wire, message->bytes, message->count);
}

static bool show_datagram(struct lab *lab, const struct wire *message)
{
	struct wire wire = {0};

	put_ip(&wire, lab, ST_PROTOCOL_UDP, 8 + message->count);
	put_udp(&wire, lab, message);
	return show(lab, &wire);
}

static void test_datagrams(void)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct wire answer = {0}, nothing = {0};
		struct lab lab;

		lab_open(&lab, version);
		dns_wire_answer(&answer, "a.example", "192.0.2.1");
		g_assert_true(show_datagram(&lab, &answer));
		g_assert_true(knows(&lab, "192.0.2.1", "a.example"));
		dns_wire_header(&nothing, DNS_FLAGS, 1, 0);
		dns_wire_question(&nothing, "b.example", DNS_TYPE_A);
		g_assert_false(show_datagram(&lab, &nothing));
		lab.port = 5353;
		g_assert_false(show_datagram(&lab, &answer));
		g_assert_cmpuint(names_generation(lab.names), ==, 1);
		lab_close(&lab);
	}
	resolver_free(NULL);
}

/* Three addresses far apart, one in each piece if pieces are THIRD bytes long. */
#define THIRD 480
static void put_long_answer(struct wire *message)
{
	static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};

	dns_wire_header(message, DNS_FLAGS, 1, 5);
	dns_wire_question(message, "a.example", DNS_TYPE_A);
	for (unsigned i = 0; i < 3; i++) {
		dns_wire_address(message, "@12", addresses[i], 300);
		if (i < 2) {
			size_t at = dns_wire_record(message, "@12", 16, 300);

			wire_fill(message, 'x', THIRD);
			dns_wire_end(message, at);
		}
	}
}

static void put_fragment_header(struct wire *wire, const struct lab *lab, size_t offset, bool more,
				size_t count)
{
	if (lab->version == 4) {
		wire_ip4(wire, ST_PROTOCOL_UDP, count, 0);
		wire_set_u16(wire, 4, lab->id);
		wire_set_u16(wire, 6, (more ? 0x2000u : 0) | (unsigned)offset / 8);
		return;
	}
	wire_ip6(wire, 44, 8 + count);
	wire_u8(wire, ST_PROTOCOL_UDP);
	wire_u8(wire, 0);
	wire_u16(wire, (unsigned)offset | more);
	wire_u32(wire, lab->id);
}

/* The bytes from `offset` to `end` of a datagram. */
static bool show_fragment(struct lab *lab, const struct wire *datagram, size_t offset, size_t end)
{
	bool more = end < datagram->count;
	struct wire wire = {0};

	end = MIN(end, datagram->count);
	put_fragment_header(&wire, lab, offset, more, end - offset);
	wire_bytes(&wire, datagram->bytes + offset, end - offset);
	return show(lab, &wire);
}

static bool show_third(struct lab *lab, const struct wire *datagram, unsigned third)
{
	return show_fragment(lab, datagram, third * THIRD,
			     third == 2 ? SIZE_MAX : (third + 1) * (size_t)THIRD);
}

static void put_long_datagram(struct wire *datagram, const struct lab *lab)
{
	struct wire message = {0};

	put_long_answer(&message);
	put_udp(datagram, lab, &message);
}

static const unsigned orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
				     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

static void test_fragments_in_every_order(void)
{
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(orders); i++) {
		const unsigned *order = orders[i / 2];
		struct wire datagram = {0};
		bool first_came = false;
		struct lab lab;

		lab_open(&lab, i % 2 ? 6 : 4);
		put_long_datagram(&datagram, &lab);
		for (unsigned k = 0; k < 3; k++) {
			g_assert_true(show_third(&lab, &datagram, order[k]));
			g_assert_true(show_third(&lab, &datagram, order[k]) ==
				      (k < 2 || order[k] == 0));
			first_came |= order[k] == 0;
			g_assert_true(knows(&lab, "192.0.2.1", "a.example") == first_came);
			g_assert_true(knows(&lab, "192.0.2.2", "a.example") == (k == 2));
			g_assert_true(knows(&lab, "192.0.2.3", "a.example") == (k == 2));
		}
		lab_close(&lab);
	}
}

static void test_fragments_of_others(void)
{
	struct wire other = {0}, datagram = {0};
	struct lab lab;

	lab_open(&lab, 4);
	put_long_datagram(&datagram, &lab);
	lab.port = 5000;
	put_long_datagram(&other, &lab);
	/* What follows the first one is not kept; what came before it is dropped. */
	g_assert_false(show_third(&lab, &other, 0));
	g_assert_false(show_third(&lab, &other, 1));
	g_assert_false(show_third(&lab, &other, 2));
	lab.id++;
	g_assert_true(show_third(&lab, &other, 2));
	g_assert_false(show_third(&lab, &other, 0));
	g_assert_false(show_third(&lab, &other, 1));
	/* The same identification is given to an answer then. */
	g_assert_true(show_third(&lab, &datagram, 0));
	g_assert_true(show_third(&lab, &datagram, 2));
	g_assert_true(show_third(&lab, &datagram, 1));
	g_assert_true(knows(&lab, "192.0.2.3", "a.example"));
	lab_close(&lab);
}

static void test_fragments_that_do_not_fit(void)
{
	struct wire datagram = {0}, bent, beyond = {0};
	struct lab lab;

	lab_open(&lab, 4);
	put_long_datagram(&datagram, &lab);
	/* Of two that overlap the first counts. */
	bent = datagram;
	memset(bent.bytes + THIRD, 0xff, THIRD);
	g_assert_true(show_third(&lab, &datagram, 1));
	g_assert_true(show_fragment(&lab, &bent, 0, 2 * (size_t)THIRD));
	g_assert_true(show_third(&lab, &datagram, 2));
	g_assert_true(knows(&lab, "192.0.2.2", "a.example"));
	/* One that was not captured whole cannot become whole. */
	lab.id++;
	lab.not_captured = 3;
	g_assert_false(show_third(&lab, &datagram, 1));
	lab.not_captured = 0;
	g_assert_false(show_third(&lab, &datagram, 2));
	/* No datagram goes that far. */
	lab.id++;
	put_fragment_header(&beyond, &lab, 65528, false, 100);
	wire_fill(&beyond, 0, 100);
	g_assert_false(show(&lab, &beyond));
	lab_close(&lab);
}

static void test_fragments_that_never_come(void)
{
	struct wire datagram = {0};
	struct lab lab;

	lab_open(&lab, 4);
	put_long_datagram(&datagram, &lab);
	g_assert_true(show_third(&lab, &datagram, 1));
	lab.now += FRAGMENTS_WAIT_NS;
	g_assert_true(show_third(&lab, &datagram, 0));
	g_assert_true(show_third(&lab, &datagram, 2));
	g_assert_false(knows(&lab, "192.0.2.3", "a.example"));
	/* The oldest leaves: here the one of above. */
	for (unsigned i = 0; i < FRAGMENTS_MAX; i++) {
		lab.id++;
		g_assert_true(show_third(&lab, &datagram, 1));
	}
	lab.id -= FRAGMENTS_MAX;
	g_assert_true(show_third(&lab, &datagram, 1));
	g_assert_false(knows(&lab, "192.0.2.3", "a.example"));
	lab.id += FRAGMENTS_MAX;
	g_assert_true(show_third(&lab, &datagram, 2));
	g_assert_true(show_third(&lab, &datagram, 0));
	g_assert_true(knows(&lab, "192.0.2.3", "a.example"));
	lab_close(&lab);
}

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

			for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
				lab_open(&lab, 4);
				show_start(&lab);
				for (unsigned k = 0; k < 3; k++) {
					unsigned part = orders[i][k];

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

/* A gap that nothing fills, and more behind it than is kept. */
static void test_stream_goes_on(void)
{
	uint32_t at = 5000;
	struct wire message = {0};
	struct lab lab;

	lab_open(&lab, 4);
	show_start(&lab);
	for (unsigned i = 0; i < 4000; i++) {
		char host[32];

		g_snprintf(host, sizeof(host), "h%u.example", i);
		message.count = 0;
		put_message(&message, host, "192.0.2.1");
		g_assert_true(show_segment(&lab, at, ST_TCP_ACK, message.bytes, message.count));
		g_assert_true(knows(&lab, "192.0.2.1", host));
		at += (uint32_t)message.count;
	}
	g_assert_cmpuint(at, >, 2 * DNS_STREAM_BYTES_MAX);
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
	g_test_add_func("/resolver/datagrams", test_datagrams);
	g_test_add_func("/resolver/fragments-in-every-order", test_fragments_in_every_order);
	g_test_add_func("/resolver/fragments-of-others", test_fragments_of_others);
	g_test_add_func("/resolver/fragments-that-do-not-fit", test_fragments_that_do_not_fit);
	g_test_add_func("/resolver/fragments-that-never-come", test_fragments_that_never_come);
	g_test_add_func("/resolver/stream-in-one", test_stream_in_one);
	g_test_add_func("/resolver/stream-in-every-order", test_stream_in_every_order);
	g_test_add_func("/resolver/stream-without-start", test_stream_without_start);
	g_test_add_func("/resolver/stream-by-bytes", test_stream_by_bytes);
	g_test_add_func("/resolver/stream-with-a-gap", test_stream_with_a_gap);
	g_test_add_func("/resolver/stream-goes-on", test_stream_goes_on);
	g_test_add_func("/resolver/stream-cut", test_stream_cut);
	g_test_add_func("/resolver/stream-ends", test_stream_ends);
	g_test_add_func("/resolver/many-streams", test_many_streams);
	g_test_add_func("/resolver/streams-of-anything", test_streams_of_anything);
	return g_test_run();
}
