/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a ClientHello says, also one that is cut, odd or broken. */
#include "service/tls.h"

#include "hello_lab.h"

/* Reads a copy that ends where it says, so that ASan sees an over-read. */
static enum st_status read_copy(const uint8_t *message, size_t count, struct hello_facts *facts)
{
	g_autofree uint8_t *copy = g_memdup2(message, count);

	return tls_read_hello(copy, count, facts);
}

static struct hello_facts read_extensions(GByteArray *extensions)
{
	GByteArray *message = lab_hello(extensions);
	struct hello_facts facts;

	g_assert_cmpint(tls_check_hello(message->data, message->len), ==, ST_OK);
	g_assert_cmpint(read_copy(message->data, message->len, &facts), ==, ST_OK);
	g_byte_array_free(message, TRUE);
	return facts;
}

static void test_rfc8448(void)
{
	GByteArray *record = lab_from_hex(RFC8448_RECORD);
	struct tls_records records = {0};
	struct hello_facts facts;

	g_assert_cmpuint(record->len, ==, 201);
	g_assert_cmpint(tls_begins_hello(record->data, record->len), ==, ST_OK);
	g_assert_cmpint(tls_records_read(&records, record->data, record->len), ==, ST_OK);
	g_assert_cmpuint(records.message_bytes, ==, 196);
	g_assert_cmpint(tls_check_hello(record->data, 196), ==, ST_OK);
	g_assert_cmpint(read_copy(record->data, 196, &facts), ==, ST_OK);
	g_assert_cmpstr(facts.host, ==, "server");
	g_assert_cmpstr(facts.alpn, ==, "");
	g_assert_false(facts.ech);
	g_byte_array_free(record, TRUE);
}

static void check_name(const char *name, size_t count, const char *host)
{
	GByteArray *extensions = g_byte_array_new();
	struct hello_facts facts;

	lab_server_name(extensions, name, count);
	lab_extension(extensions, 16, "\0\3\2h2", 5);
	facts = read_extensions(extensions);
	g_assert_cmpstr(facts.host, ==, host);
	g_assert_cmpstr(facts.alpn, ==, "h2");
}

static void test_names(void)
{
	g_autofree char *longest = g_strnfill(253, 'a'), *longer = g_strnfill(254, 'a');
	g_autofree char *longest_dot = g_strconcat(longest, ".", NULL);

	check_name("R3.GoogleVideo.COM", 18, "r3.googlevideo.com");
	check_name("example.org.", 12, "example.org");
	check_name("192.0.2.1", 9, "192.0.2.1");
	check_name("2001:db8::1", 11, "2001:db8::1");
	check_name("a_b-c.example", 13, "a_b-c.example");
	check_name("", 0, "");
	check_name(".", 1, "");
	check_name("evil.example\0.good.example", 26, "");
	check_name("two words", 9, "");
	check_name("line\nbreak", 10, "");
	check_name("esc\033[2J", 7, "");
	check_name("b\xc3\xbc"
		   "cher",
		   7, "");
	check_name(longest, 253, longest);
	check_name(longest_dot, 254, longest);
	check_name(longer, 254, "");
}

/* Of another type first: the host's name is still found. */
static void test_name_types(void)
{
	static const char list[] = "\0\x11\1\0\3abc\0\0\x08host.org";
	GByteArray *extensions = g_byte_array_new();

	lab_extension(extensions, 0, list, sizeof(list) - 1);
	g_assert_cmpstr(read_extensions(extensions).host, ==, "host.org");
}

static void check_alpn(const char *list, size_t count, const char *alpn)
{
	GByteArray *extensions = g_byte_array_new();

	lab_extension(extensions, 16, list, count);
	g_assert_cmpstr(read_extensions(extensions).alpn, ==, alpn);
}

static void test_alpn(void)
{
	GByteArray *list = g_byte_array_new();
	g_autofree char *expected = NULL;

	check_alpn("\0\x0c\2h2\x08http/1.1", 14, "h2,http/1.1");
	check_alpn("\0\x0f\2\x2a\x2a\2h2\x08http/1.1", 17, "h2,http/1.1");
	check_alpn("\0\x09\2\xfa\xfa\2\0\1\2h3", 11, "h3");
	check_alpn("\0\x07\3a,b\2h2", 9, "h2");
	check_alpn("\0\4\0\2h2", 6, "h2");
	check_alpn("\0\3\x09h2", 5, "");
	check_alpn("\0\0", 2, "");
	/* 63 bytes each: two and the comma are 127, no third fits, nor does a short one behind. */
	expected = g_strnfill(127, 'x');
	expected[63] = ',';
	lab_number(list, 3 * 64 + 3, 2);
	for (unsigned i = 0; i < 3; i++) {
		lab_number(list, 63, 1);
		lab_append(list, expected, 63);
	}
	lab_append(list, "\2h2", 3);
	check_alpn((const char *)list->data, list->len, expected);
	/* 128 with the comma leave no room for the closing zero. */
	g_byte_array_set_size(list, 2 + 64);
	expected[63] = 'x';
	lab_number(list, 64, 1);
	lab_append(list, expected, 64);
	expected[63] = '\0';
	check_alpn((const char *)list->data, list->len, expected);
	g_byte_array_free(list, TRUE);
}

static void test_encrypted(void)
{
	GByteArray *ech = g_byte_array_new(), *esni = g_byte_array_new();
	struct hello_facts facts;

	lab_server_name(ech, "outer.example", 13);
	lab_extension(ech, 0xfe0d, "\0\0\1\0\1\7\0\0\0\0", 10);
	facts = read_extensions(ech);
	g_assert_true(facts.ech);
	g_assert_cmpstr(facts.host, ==, "outer.example");

	lab_extension(esni, 0xffce, "\x13\1", 2);
	facts = read_extensions(esni);
	g_assert_false(facts.ech);
	g_assert_cmpstr(facts.host, ==, "");
}

/* SSL 3.0 and the first TLS 1.0 had none. */
static void test_no_extensions(void)
{
	GByteArray *message = lab_hello(g_byte_array_new());
	struct hello_facts facts;

	message->data[3] -= 2; /* without the length of the extensions */
	g_assert_cmpint(read_copy(message->data, message->len - 2, &facts), ==, ST_OK);
	g_assert_cmpstr(facts.host, ==, "");
	g_byte_array_free(message, TRUE);
}

static void test_no_hellos(void)
{
	GByteArray *message = lab_hello_for("host.example", 0, 0);

	g_assert_cmpint(tls_check_hello(NULL, 0), ==, ST_TRUNCATED);
	g_assert_cmpint(tls_check_hello((const uint8_t *)"\2", 1), ==, ST_MALFORMED);
	g_assert_cmpint(tls_check_hello((const uint8_t *)"\1\0\0\5", 4), ==, ST_MALFORMED);
	g_assert_cmpint(tls_check_hello((const uint8_t *)"\1\7\0\5", 4), ==, ST_MALFORMED);
	message->data[4] = 2;
	g_assert_cmpint(tls_check_hello(message->data, message->len), ==, ST_MALFORMED);
	g_byte_array_free(message, TRUE);
}

/* As far as it goes it may be one; a name is there as a whole or not at all. */
static void test_every_length(void)
{
	GByteArray *message = lab_hello_for("host.example", 9, 9);

	for (guint count = 0; count < message->len; count++) {
		struct hello_facts facts;

		g_assert_cmpint(tls_check_hello(message->data, count), ==, ST_TRUNCATED);
		g_assert_cmpint(read_copy(message->data, count, &facts), ==, ST_TRUNCATED);
		if (facts.host[0])
			g_assert_cmpstr(facts.host, ==, "host.example");
		g_assert_true(facts.host[0] == '\0' || count >= message->len - 22);
		g_assert_true(facts.host[0] != '\0' || count < message->len - 22);
	}
	g_byte_array_free(message, TRUE);
}

/* Every byte changed in turn: whatever it reads must be printable and end. */
static void test_every_byte_wrong(void)
{
	GByteArray *message = lab_hello_for("host.example", 9, 9);

	for (guint i = 0; i < message->len * 256; i++) {
		uint8_t right = message->data[i / 256];
		struct hello_facts facts;

		message->data[i / 256] = (uint8_t)i;
		(void)read_copy(message->data, message->len, &facts);
		for (const char *c = facts.host; *c; c++)
			g_assert_true(g_ascii_isgraph(*c) && !g_ascii_isupper(*c));
		message->data[i / 256] = right;
	}
	g_byte_array_free(message, TRUE);
}

static void test_records(void)
{
	static const guint sizes[] = {1, 2, 3, 100, 10000};

	for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
		GByteArray *expected = lab_hello_for("host.example", 9, 9);
		GByteArray *stream = lab_records(lab_hello_for("host.example", 9, 9), sizes[i]);
		struct tls_records records = {0};

		for (guint count = 0; count <= stream->len; count++)
			g_assert_cmpint(tls_records_read(&records, stream->data, count), ==, ST_OK);
		g_assert_cmpuint(records.message_bytes, ==, expected->len);
		g_assert_true(memcmp(stream->data, expected->data, expected->len) == 0);
		g_byte_array_free(expected, TRUE);
		g_byte_array_free(stream, TRUE);
	}
}

static void test_other_records(void)
{
	static const uint8_t alert[] = {22, 3, 1, 0, 1, 1, 21, 3, 1, 0, 2, 1, 0};
	static const uint8_t empty[] = {22, 3, 1, 0, 1, 1, 22, 3, 1, 0, 0};
	struct tls_records records = {0};
	uint8_t bytes[sizeof(alert)];

	memcpy(bytes, alert, sizeof(alert));
	g_assert_cmpint(tls_records_read(&records, bytes, sizeof(alert)), ==, ST_MALFORMED);
	g_assert_cmpuint(records.message_bytes, ==, 1);
	memcpy(bytes, empty, sizeof(empty));
	records = (struct tls_records){0};
	g_assert_cmpint(tls_records_read(&records, bytes, sizeof(empty)), ==, ST_MALFORMED);
}

static void test_beginnings(void)
{
	static const uint8_t hello[] = {22, 3, 1, 0x40, 0, 1};
	static const uint8_t others[][6] = {{23, 3, 1, 1, 0, 1}, {22, 2, 1, 1, 0, 1},
					    {22, 3, 5, 1, 0, 1}, {22, 3, 1, 0x40, 1, 1},
					    {22, 3, 1, 0, 0, 1}, {22, 3, 3, 1, 0, 2}};

	for (size_t count = 0; count < sizeof(hello); count++)
		g_assert_cmpint(tls_begins_hello(hello, count), ==, ST_TRUNCATED);
	g_assert_cmpint(tls_begins_hello(hello, sizeof(hello)), ==, ST_OK);
	for (unsigned i = 0; i < G_N_ELEMENTS(others); i++)
		g_assert_cmpint(tls_begins_hello(others[i], 6), ==, ST_MALFORMED);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/tls/rfc8448", test_rfc8448);
	g_test_add_func("/tls/names", test_names);
	g_test_add_func("/tls/name-types", test_name_types);
	g_test_add_func("/tls/alpn", test_alpn);
	g_test_add_func("/tls/encrypted", test_encrypted);
	g_test_add_func("/tls/no-extensions", test_no_extensions);
	g_test_add_func("/tls/no-hellos", test_no_hellos);
	g_test_add_func("/tls/every-length", test_every_length);
	g_test_add_func("/tls/every-byte-wrong", test_every_byte_wrong);
	g_test_add_func("/tls/records", test_records);
	g_test_add_func("/tls/other-records", test_other_records);
	g_test_add_func("/tls/beginnings", test_beginnings);
	return g_test_run();
}
