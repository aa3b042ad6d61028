/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ClientHellos in QUIC's Initials: the RFCs' samples, and packets made for the purpose. */
#include "service/hello_pending.h"

#include "quic_lab.h"
#include "quic_vectors.h"

#define HOST "host.example"
#define PADDED 1180 /* makes a datagram of a little more than 1200 bytes */

static const struct sealing v1 = {.version = 1, .keys_of = "original"};

static void check_read(struct lab *lab, enum hello_verdict verdict)
{
	g_assert_cmpint(verdict, ==, HELLO_READ);
	g_assert_cmpstr(lab->facts.host, ==, HOST);
	g_assert_cmpstr(lab->facts.alpn, ==, "h2");
	g_assert_null(lab->hello);
	lab_clear(lab);
}

/* Shows a datagram and frees it. */
static enum hello_verdict take(struct lab *lab, GByteArray *datagram)
{
	enum hello_verdict verdict = lab_datagram(lab, datagram);

	g_byte_array_free(datagram, TRUE);
	return verdict;
}

/* An Initial with bytes [from, to) of the message. */
static GByteArray *part(struct sealing with, const GByteArray *message, guint from, guint to)
{
	GByteArray *frames = g_byte_array_new();

	quic_lab_crypto(frames, message, from, to);
	return quic_lab_seal(&with, frames, PADDED);
}

static struct sealing numbered(struct sealing with, uint64_t number)
{
	with.number = number;
	return with;
}

static void check_sample(const char *hex, struct sealing with)
{
	GByteArray *packet = lab_from_hex(hex), *hello = lab_from_hex(rfc9001_client_hello);
	GByteArray *frames = lab_from_hex("060040f1"), *made;
	struct lab lab = {0};

	lab_append(frames, hello->data, hello->len);
	made = quic_lab_seal(&with, frames, 1162);
	g_assert_cmpuint(packet->len, ==, 1200);
	g_assert_cmpuint(made->len, ==, 1200);
	g_assert_true(memcmp(made->data, packet->data, 1200) == 0);
	g_assert_cmpint(take(&lab, packet), ==, HELLO_READ);
	g_assert_cmpstr(lab.facts.host, ==, "example.com");
	g_assert_cmpstr(lab.facts.alpn, ==, "alpn");
	g_assert_false(lab.facts.ech);
	lab_clear(&lab);
	g_byte_array_free(hello, TRUE);
	g_byte_array_free(made, TRUE);
}

#define RFC_DCID "\x83\x94\xc8\xf0\x3e\x51\x57\x08"

static void test_samples(void)
{
	struct sealing one = {.version = 1, .keys_of = RFC_DCID, .number = 2};
	struct sealing two = {.version = 0x6b3343cf,
			      .keys_of = RFC_DCID,
			      .number = 2,
			      .salt = SALT_2,
			      .label = "quicv2",
			      .type = 1};

	check_sample(rfc9001_client_initial, one);
	check_sample(rfc9369_client_initial, two);
}

static void check_keys(enum quic_dialect dialect, const char *key, const char *iv,
		       const char *header_key)
{
	GByteArray *expected[] = {lab_from_hex(key), lab_from_hex(iv), lab_from_hex(header_key)};
	struct quic_crypto *crypto = quic_crypto_new();
	struct quic_keys keys;

	g_assert_true(quic_make_keys(crypto, dialect, (const uint8_t *)RFC_DCID, 8, &keys));
	g_assert_true(memcmp(keys.key, expected[0]->data, 16) == 0);
	g_assert_true(memcmp(keys.iv, expected[1]->data, 12) == 0);
	g_assert_true(memcmp(keys.header_key, expected[2]->data, 16) == 0);
	quic_crypto_free(crypto);
	for (unsigned i = 0; i < 3; i++)
		g_byte_array_free(expected[i], TRUE);
}

/* RFC 9001, A.1; RFC 9369, A.1. */
static void test_keys(void)
{
	check_keys(QUIC_1, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
		   "9f50449e04a0e810283a1e9933adedd2");
	check_keys(QUIC_2, "8b1a0bc121284290a29e0971b5cd045d", "91f73e2351d8fa91660e909f",
		   "45b95e15235d6f45a6b19cbcb0294ba9");
}

/* Cut by the capture or by its sender: not to be authenticated. */
static void test_every_length(void)
{
	GByteArray *packet = lab_from_hex(rfc9001_client_initial);
	unsigned named = 0;

	for (guint i = 0; i < 2 * packet->len; i++) {
		guint count = i / 2;
		struct lab lab = {0};

		if (lab_datagram_cut(&lab, packet->data, count, i % 2 ? packet->len : count) ==
		    HELLO_READ)
			named++;
		lab_clear(&lab);
	}
	g_assert_cmpuint(named, ==, 0);
	g_byte_array_free(packet, TRUE);
}

/* Every byte is authenticated. */
static void test_every_byte_wrong(void)
{
	GByteArray *packet = lab_from_hex(rfc9001_client_initial);

	for (guint i = 0; i < packet->len; i++) {
		struct lab lab = {0};

		packet->data[i] ^= (uint8_t)(1 << i % 8);
		g_assert_cmpint(lab_datagram(&lab, packet), !=, HELLO_READ);
		packet->data[i] ^= (uint8_t)(1 << i % 8);
		lab_clear(&lab);
	}
	g_byte_array_free(packet, TRUE);
}

static void test_versions(void)
{
	static const struct sealing others[] = {
		{.version = 0xff00001b, .salt = SALT_DRAFT_23, .keys_of = "12345678"},
		{.version = 0xff00001d, .salt = SALT_DRAFT_29, .keys_of = "12345678"},
		{.version = 0xff000020, .salt = SALT_DRAFT_29, .keys_of = "12345678"},
		{.version = 0xff000022, .keys_of = "12345678"},
		{.version = 0xfaceb002, .salt = SALT_DRAFT_23, .keys_of = "12345678"},
		{.version = 0x54303530, .salt = SALT_T050, .keys_of = "12345678"},
		{.version = 0x54303531, .salt = SALT_T051, .keys_of = "12345678"},
		/* with an earlier connection's token (RFC 9287, 3.1) */
		{.version = 1, .keys_of = "12345678", .token_bytes = 32, .greased = true},
	};
	GByteArray *message = lab_hello_for(HOST, 9, 9);
	struct lab lab = {0};

	for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
		check_read(&lab, take(&lab, part(others[i], message, 0, message->len)));
	g_assert_cmpint(
		take(&lab, part((struct sealing){.version = 0x1a2a3a4a, .keys_of = "12345678"},
				message, 0, message->len)),
		==, HELLO_NONE);
	lab_clear(&lab);
	g_byte_array_free(message, TRUE);
}

/* Several packets in any order, more than once; later ones with the server's connection id. */
static void test_several_packets(void)
{
	GByteArray *message = lab_hello_for(HOST, 900, 2000);
	GRand *rand = g_rand_new_with_seed(5);
	struct sealing later = v1;

	later.dcid = "servers!";
	for (unsigned run = 0; run < 50; run++) {
		unsigned missing = 0x7, pieces = 3;
		guint size = message->len / pieces + 1;
		struct lab lab = {0};
		enum hello_verdict verdict = HELLO_PART;

		for (uint64_t number = 0; missing; number++) {
			unsigned i = (unsigned)g_rand_int_range(rand, 0, (gint32)pieces);

			g_assert_cmpint(verdict, ==, HELLO_PART);
			missing &= ~(1U << i);
			verdict = take(&lab, part(numbered(number ? later : v1, number), message,
						  i * size, MIN((i + 1) * size, message->len)));
		}
		check_read(&lab, verdict);
	}
	g_rand_free(rand);
	g_byte_array_free(message, TRUE);
}

/* All frames that may be there, scrambled and overlapping, as browsers send them. */
static void test_frames(void)
{
	GByteArray *message = lab_hello_for(HOST, 100, 100);
	GByteArray *frames = g_byte_array_new();
	struct lab lab = {0};

	lab_append(frames, "\0\0\1", 3);
	quic_lab_crypto(frames, message, 200, message->len);
	lab_append(frames, "\2\x40\x05\0\2\0\1\1\1\1", 10);
	quic_lab_crypto(frames, message, 50, 220);
	lab_append(frames, "\3\5\0\0\2\x21\x21\x21", 8);
	quic_lab_crypto(frames, message, 10, 60);
	quic_lab_crypto(frames, message, 30, 30);
	lab_append(frames, "\x1c\x07\x00\x05oops!", 9);
	quic_lab_crypto(frames, message, 0, 10);
	check_read(&lab, take(&lab, quic_lab_seal(&v1, frames, PADDED)));
	g_byte_array_free(message, TRUE);
}

/* What may not be there ends the packet, not the connection. */
static void test_forbidden_frame(void)
{
	GByteArray *message = lab_hello_for(HOST, 9, 9);
	GByteArray *frames = g_byte_array_new();
	struct lab lab = {0};

	quic_lab_crypto(frames, message, 0, 20);
	lab_append(frames, "\x08", 1); /* STREAM */
	quic_lab_crypto(frames, message, 20, message->len);
	g_assert_cmpint(take(&lab, quic_lab_seal(&v1, frames, PADDED)), ==, HELLO_PART);
	check_read(&lab, take(&lab, part(numbered(v1, 1), message, 20, message->len)));
	g_byte_array_free(message, TRUE);
}

static GByteArray *joined(GByteArray *first, GByteArray *second)
{
	lab_append(first, second->data, second->len);
	g_byte_array_free(second, TRUE);
	return first;
}

/* A long header of another type with `count` bytes in it. */
static GByteArray *other_packet(unsigned type, size_t count)
{
	GByteArray *packet = g_byte_array_new();
	g_autofree uint8_t *bytes = g_malloc0(count);

	lab_number(packet, 0xc0 | type << 4, 1);
	lab_number(packet, 1, 4);
	lab_number(packet, 8, 1);
	lab_append(packet, "original", 8);
	lab_number(packet, 0, 1);
	lab_number(packet, 0x4000 | count, 2);
	lab_append(packet, bytes, count);
	return packet;
}

static void test_coalesced(void)
{
	GByteArray *message = lab_hello_for(HOST, 9, 9);
	struct lab lab = {0};

	check_read(&lab, take(&lab, joined(part(v1, message, 0, 50),
					   part(numbered(v1, 1), message, 50, message->len))));
	check_read(&lab,
		   take(&lab, joined(other_packet(1, 300), part(v1, message, 0, message->len))));
	check_read(&lab,
		   take(&lab, joined(part(v1, message, 0, message->len), other_packet(1, 300))));
	g_byte_array_free(message, TRUE);
}

/* The handshake goes on: what is missing will not come. */
static void test_handshake_goes_on(void)
{
	GByteArray *message = lab_hello_for(HOST, 9, 900);
	struct lab lab = {0};

	g_assert_cmpint(take(&lab, part(v1, message, 0, 200)), ==, HELLO_PART);
	g_assert_cmpint(take(&lab, other_packet(1, 300)), ==, HELLO_NONE);
	check_read(&lab, take(&lab, other_packet(2, 300)));
	g_assert_cmpint(take(&lab, part(v1, message, 0, 40)), ==, HELLO_PART);
	g_assert_cmpint(take(&lab, other_packet(2, 300)), ==, HELLO_NONE);
	g_assert_cmpuint(lab.pool.pending.length, ==, 0);
	lab_clear(&lab);
	g_byte_array_free(message, TRUE);
}

/* RFC 9000, 8.1.2: from here on the keys are of the connection id that the server chose. */
static void test_retry(void)
{
	GByteArray *message = lab_hello_for(HOST, 9, 9);
	GByteArray *other = lab_hello_for("other.example", 9, 9);
	struct sealing retried = v1;
	struct lab lab = {0};

	retried.keys_of = "retried!";
	retried.token_bytes = 60;
	g_assert_cmpint(take(&lab, part(v1, other, 0, 70)), ==, HELLO_PART);
	g_assert_cmpint(take(&lab, part(numbered(retried, 1), message, 0, 50)), ==, HELLO_PART);
	check_read(&lab, take(&lab, part(numbered(retried, 2), message, 50, message->len)));
	g_byte_array_free(message, TRUE);
	g_byte_array_free(other, TRUE);
}

/* RFC 9368: the server chose version 2; the keys are of the first connection id still. */
static void test_version_change(void)
{
	GByteArray *message = lab_hello_for(HOST, 9, 9);
	struct sealing v2 = {.version = 0x6b3343cf,
			     .salt = SALT_2,
			     .label = "quicv2",
			     .type = 1,
			     .keys_of = "original",
			     .dcid = "servers!",
			     .number = 1};
	struct lab lab = {0};

	g_assert_cmpint(take(&lab, part(v1, message, 0, 50)), ==, HELLO_PART);
	check_read(&lab, take(&lab, part(v2, message, 50, message->len)));
	g_byte_array_free(message, TRUE);
}

static void test_packet_numbers(void)
{
	GByteArray *message = lab_hello_for(HOST, 9, 9);
	struct lab lab = {0};

	for (unsigned bytes = 1; bytes <= 4; bytes++) {
		uint64_t number = bytes == 4 ? 70000 : (UINT64_C(1) << (8 * bytes)) - 6;
		struct sealing first = numbered(v1, number), second = numbered(v1, number + 10);

		first.number_bytes = second.number_bytes = bytes;
		g_assert_cmpint(take(&lab, part(first, message, 0, 50)), ==, HELLO_PART);
		check_read(&lab, take(&lab, part(second, message, 50, message->len)));
	}
	g_byte_array_free(message, TRUE);
}

/* The server's cannot be opened; its end is given up soon and holds nothing. */
static void test_server(void)
{
	GByteArray *message = lab_hello_for(HOST, 9, 9);
	struct sealing server = {
		.version = 1, .keys_of = "original", .dcid = "clients!", .sender = "server in"};
	struct lab lab = {0};

	for (unsigned i = 0; i < 20; i++) {
		g_assert_cmpint(take(&lab, part(numbered(server, i), message, 0, message->len)), ==,
				HELLO_NONE);
		g_assert_cmpuint(lab.pool.pending.length, ==, 0);
	}
	g_assert_cmpint(hello_mark_number(lab.hello), ==, HELLO_MARKS - 1);
	g_assert_cmpint(take(&lab, part(v1, message, 0, message->len)), ==, HELLO_NONE);
	lab_clear(&lab);
	g_byte_array_free(message, TRUE);
}

/* Initials that nobody sealed, each with a connection id of its own. */
static GByteArray *forged(GRand *rand)
{
	GByteArray *packet = quic_lab_header(&v1, 4, PADDED - 16);

	for (unsigned i = 0; i < PADDED; i++)
		lab_number(packet, g_rand_int(rand), 1);
	for (unsigned i = 6; i < 14; i++)
		packet->data[i] = (uint8_t)g_rand_int(rand);
	return packet;
}

/* Of version 2, with a connection id that is no client's. */
static GByteArray *other_version(GRand *rand)
{
	GByteArray *packet = lab_from_hex("d36b3343cf"
					  "00"
					  "00"
					  "00"
					  "44b0");

	for (unsigned i = 0; i < 0x4b0; i++)
		lab_number(packet, g_rand_int(rand), 1);
	return packet;
}

static void test_flood(void)
{
	GByteArray *message = lab_hello_for(HOST, 9, 9);
	GRand *rand = g_rand_new_with_seed(9);
	struct sealing retried = {.version = 1, .keys_of = "retried!"};
	struct lab lab = {0};

	/* Before the first: a few do no harm. */
	for (unsigned i = 0; i < HELLO_MARKS - 1; i++)
		g_assert_cmpint(take(&lab, forged(rand)), ==, HELLO_NONE);
	g_assert_cmpint(take(&lab, part(v1, message, 0, 50)), ==, HELLO_PART);
	/* While one is pending: any number, its own keys stay; those of another version count too.
	 */
	g_assert_cmpint(take(&lab, other_version(rand)), ==, HELLO_NONE);
	g_assert_cmpuint(lab.hello->initials.failures, ==, 1);
	for (unsigned i = 0; i < 100; i++)
		g_assert_cmpint(take(&lab, forged(rand)), ==, HELLO_NONE);
	g_assert_cmpint(take(&lab, part(retried, message, 0, message->len)), ==, HELLO_NONE);
	check_read(&lab, take(&lab, part(numbered(v1, 1), message, 50, message->len)));
	g_rand_free(rand);
	g_byte_array_free(message, TRUE);
}

/* A client's connection id is long and its datagram large: nothing is tried otherwise. */
static void test_not_firsts(void)
{
	GByteArray *message = lab_hello_for(HOST, 9, 9);
	struct sealing seven = {.version = 1, .keys_of = "seven..\0"}; /* then 0: no source's */
	GByteArray *packet = part(seven, message, 0, message->len), *frames = g_byte_array_new();
	struct lab lab = {0};

	quic_lab_crypto(frames, message, 0, message->len);
	g_assert_cmpint(take(&lab, quic_lab_seal(&v1, frames, 0)), ==, HELLO_NONE);
	packet->data[5] = 7;
	g_assert_cmpint(take(&lab, packet), ==, HELLO_NONE);
	g_assert_null(lab.hello);
	lab_clear(&lab);
	g_byte_array_free(message, TRUE);
}

/* The capture kept a packet's beginning: not to be authenticated, so not believed. */
static void test_snap_length(void)
{
	GByteArray *message = lab_hello_for(HOST, 9, 1000);
	GByteArray *first = part(v1, message, 0, message->len);
	GByteArray *rest = part(numbered(v1, 1), message, 83, 800);
	GByteArray *second = part(numbered(v1, 1), message, 500, message->len);
	struct lab lab = {0};

	g_assert_cmpint(lab_datagram_cut(&lab, first->data, 60, first->len), ==, HELLO_NONE);
	g_assert_cmpuint(lab.pool.pending.length, ==, 0);
	g_assert_cmpint(lab_datagram_cut(&lab, first->data, first->len - 1, first->len), ==,
			HELLO_NONE);
	g_assert_cmpuint(lab.pool.pending.length, ==, 0);
	/* What came before counts; the rest will not come. */
	g_assert_cmpint(take(&lab, part(v1, message, 0, 83)), ==, HELLO_PART);
	g_assert_cmpint(lab_datagram_cut(&lab, rest->data, 300, rest->len), ==, HELLO_READ);
	g_assert_cmpstr(lab.facts.host, ==, HOST);
	g_assert_cmpstr(lab.facts.alpn, ==, "");
	lab_clear(&lab);
	g_assert_cmpint(take(&lab, part(v1, message, 0, 500)), ==, HELLO_PART);
	check_read(&lab, lab_datagram_cut(&lab, second->data, 300, second->len));
	g_assert_cmpint(lab_datagram_cut(&lab, second->data, 300, second->len), ==, HELLO_NONE);
	g_assert_cmpuint(lab.pool.pending.length, ==, 0);
	lab_clear(&lab);
	g_byte_array_free(first, TRUE);
	g_byte_array_free(second, TRUE);
	g_byte_array_free(rest, TRUE);
	g_byte_array_free(message, TRUE);
}

/* More bytes than are kept, more gaps than are kept. */
static void test_bounds(void)
{
	GByteArray *message = lab_hello_for(HOST, 0, 2 * HELLO_BYTES_MAX);
	enum hello_verdict verdict = HELLO_PART;
	GByteArray *frames = g_byte_array_new();
	struct lab lab = {0};
	uint64_t number = 0;

	for (guint at = 50; at < 1000; at += 5)
		quic_lab_crypto(frames, message, at, at + 1);
	lab_append(frames, "\6\xff\xff\xff\xff\xff\xff\xff\xff\0\6\x80\xff\xff\xff\1x", 17);
	g_assert_cmpint(take(&lab, quic_lab_seal(&v1, frames, PADDED)), ==, HELLO_PART);
	for (guint at = 0; verdict == HELLO_PART && at < message->len; at += 1000)
		verdict = take(&lab, part(numbered(v1, ++number), message, at,
					  MIN(at + 1000, message->len)));
	check_read(&lab, verdict);
	g_assert_cmpuint(number, ==, HELLO_BYTES_MAX / 1000 + 1);
	g_byte_array_free(message, TRUE);
}

/* Google's own handshake: a table of tags, and values behind it. */
static GByteArray *chlo(void)
{
	return lab_from_hex("43484c4f03000000" /* CHLO, 3 entries */
			    "5041440004000000" /* PAD ends at 4 */
			    "534e490010000000" /* SNI at 16 */
			    "5645520014000000" /* VER at 20 */
			    "2d2d2d2d"
			    "484f53542e6578616d706c65"
			    "51303433");
}

static void check_google(struct lab *lab, enum hello_verdict verdict)
{
	g_assert_cmpint(verdict, ==, HELLO_READ);
	g_assert_cmpstr(lab->facts.host, ==, HOST);
	g_assert_cmpstr(lab->facts.alpn, ==, "");
	lab_clear(lab);
}

static void check_plain(const char *header_hex)
{
	GByteArray *datagram = lab_from_hex(header_hex), *message = chlo();
	struct lab lab = {0};

	datagram = joined(datagram, message);
	check_google(&lab, lab_datagram(&lab, datagram));
	for (guint count = 0; count < datagram->len; count++) {
		if (lab_datagram_cut(&lab, datagram->data, count, datagram->len) == HELLO_READ)
			g_assert_cmpstr(lab.facts.host, ==, HOST);
		lab_clear(&lab);
	}
	g_byte_array_free(datagram, TRUE);
}

static void test_google(void)
{
	struct sealing q050 = {.version = 0x51303530, .salt = SALT_Q050, .keys_of = "12345678"};
	GByteArray *message = chlo();
	struct lab lab = {0};

	check_google(&lab, take(&lab, part(q050, message, 0, message->len)));
	g_assert_cmpint(take(&lab, part(q050, message, 0, 30)), ==, HELLO_PART);
	check_google(&lab, take(&lab, part(numbered(q050, 1), message, 30, message->len)));
	/* Flags, connection id, version, packet number, hash; stream 1, length. */
	check_plain("09"
		    "0102030405060708"
		    "51303433"
		    "01"
		    "000000000000000000000000"
		    "a001"
		    "0400");
	check_plain("19"
		    "0102030405060708"
		    "51303335"
		    "0001"
		    "000000000000000000000000"
		    "a001"
		    "0004");
	/* First byte, version, lengths of ids, id, packet number, hash; stream 1, offset, length.
	 */
	check_plain("c3"
		    "51303436"
		    "50"
		    "0102030405060708"
		    "00000001"
		    "000000000000000000000000"
		    "a4010400"
		    "0400");
	g_byte_array_free(message, TRUE);
}

/* What is no QUIC at all, and QUIC that is no Initial. */
static void test_others(void)
{
	GRand *rand = g_rand_new_with_seed(13);
	struct lab lab = {0};

	for (unsigned i = 0; i < 20000; i++) {
		uint8_t bytes[64];

		for (unsigned j = 0; j < sizeof(bytes); j++)
			bytes[j] = (uint8_t)g_rand_int(rand);
		if (i % 2)
			memcpy(bytes, "\xc0\0\0\0\1", 5);
		g_assert_cmpint(lab_datagram_cut(&lab, bytes, (size_t)i % 65, 1200 * (i % 3 % 2)),
				==, HELLO_NONE);
		if (i % 50 == 0)
			lab_clear(&lab);
	}
	lab_clear(&lab);
	g_rand_free(rand);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	hello_crypto_init();
	g_test_add_func("/quic/samples", test_samples);
	g_test_add_func("/quic/keys", test_keys);
	g_test_add_func("/quic/every-length", test_every_length);
	g_test_add_func("/quic/every-byte-wrong", test_every_byte_wrong);
	g_test_add_func("/quic/versions", test_versions);
	g_test_add_func("/quic/several-packets", test_several_packets);
	g_test_add_func("/quic/frames", test_frames);
	g_test_add_func("/quic/forbidden-frame", test_forbidden_frame);
	g_test_add_func("/quic/coalesced", test_coalesced);
	g_test_add_func("/quic/handshake-goes-on", test_handshake_goes_on);
	g_test_add_func("/quic/retry", test_retry);
	g_test_add_func("/quic/version-change", test_version_change);
	g_test_add_func("/quic/packet-numbers", test_packet_numbers);
	g_test_add_func("/quic/server", test_server);
	g_test_add_func("/quic/flood", test_flood);
	g_test_add_func("/quic/not-firsts", test_not_firsts);
	g_test_add_func("/quic/snap-length", test_snap_length);
	g_test_add_func("/quic/bounds", test_bounds);
	g_test_add_func("/quic/google", test_google);
	g_test_add_func("/quic/others", test_others);
	return g_test_run();
}
