/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ICMP extensions where RFC 4884 puts them and where routers really put them. */
#include "base/checksum.h"
#include "wire.h"

#define LENGTH4 5 /* the length field's place, RFC 4884, 4.1 and 4.4 */
#define LENGTH6 4

/* A label stack of two entries: 16001 (tc 5) and 24 (bottom), TTLs 1 and 255. */
static void put_extension(struct wire *wire)
{
	size_t start = wire->count;

	wire_u16(wire, 0x2000);
	wire_u16(wire, 0);
	wire_u16(wire, 12);
	wire_u8(wire, 1);
	wire_u8(wire, 1);
	wire_u32(wire, 16001u << 12 | 5u << 9 | 1);
	wire_u32(wire, 24u << 12 | 1u << 8 | 255);
	wire_set_u16(wire, start + 2,
		     checksum_finish(checksum_add(0, wire->bytes + start, wire->count - start)));
}

/* An error of `type` with `quote` bytes of quote before the extension. */
static struct wire error_with_extension(unsigned type, size_t quote)
{
	struct wire wire = {0};

	wire_icmp(&wire, type, 0);
	wire_ip4(&wire, ST_PROTOCOL_TCP, 20, 0);
	wire_tcp(&wire, NULL, 0);
	if (wire.count < 8 + quote)
		wire_fill(&wire, 0, 8 + quote - wire.count);
	wire.count = 8 + quote;
	put_extension(&wire);
	return wire;
}

static enum st_status init(const struct wire *wire, uint8_t **bytes, struct st_icmp_ext *ext,
			   uint8_t version)
{
	*bytes = wire_exact(wire->bytes, wire->count);
	return st_icmp_ext_init(ext, *bytes, wire->count, version);
}

static void assert_labels(const struct st_icmp_object *object)
{
	struct st_mpls_label labels[4];

	g_assert_cmpuint(object->class_num, ==, 1);
	g_assert_cmpuint(object->c_type, ==, 1);
	g_assert_cmpuint(object->payload_bytes, ==, 8);
	g_assert_cmpuint(st_mpls_labels(object, labels, 0), ==, 0);
	g_assert_cmpuint(st_mpls_labels(object, labels, 1), ==, 1);
	g_assert_cmpuint(st_mpls_labels(object, labels, 4), ==, 2);
	g_assert_cmpuint(labels[0].label, ==, 16001);
	g_assert_cmpuint(labels[0].tc, ==, 5);
	g_assert_cmpuint(labels[0].bottom, ==, 0);
	g_assert_cmpuint(labels[0].ttl, ==, 1);
	g_assert_cmpuint(labels[1].label, ==, 24);
	g_assert_cmpuint(labels[1].tc, ==, 0);
	g_assert_cmpuint(labels[1].bottom, ==, 1);
	g_assert_cmpuint(labels[1].ttl, ==, 255);
}

static void assert_found(const struct wire *wire, uint8_t version)
{
	struct st_icmp_object object;
	struct st_icmp_ext ext;
	uint8_t *bytes;

	g_assert_cmpint(init(wire, &bytes, &ext, version), ==, ST_OK);
	g_assert_cmpint(st_icmp_ext_next(&ext, &object), ==, ST_OK);
	assert_labels(&object);
	g_assert_null(ext.next);
	g_assert_cmpint(st_icmp_ext_next(&ext, &object), ==, ST_NONE);
	g_assert_cmpint(st_icmp_ext_next(&ext, &object), ==, ST_NONE);
	g_free(bytes);
}

static void assert_none(const struct wire *wire, uint8_t version)
{
	struct st_icmp_object object;
	struct st_icmp_ext ext;
	uint8_t *bytes;

	g_assert_cmpint(init(wire, &bytes, &ext, version), ==, ST_NONE);
	g_assert_cmpint(st_icmp_ext_next(&ext, &object), ==, ST_NONE);
	g_free(bytes);
}

/* ICMP counts the quote in words of 4 bytes, ICMPv6 in words of 8. */
static void test_by_the_book(void)
{
	struct wire wire = error_with_extension(11, 128);

	wire.bytes[LENGTH4] = 32;
	assert_found(&wire, 4);
	wire = error_with_extension(3, 128);
	wire.bytes[LENGTH6] = 16;
	assert_found(&wire, 6);
	wire = error_with_extension(11, 256);
	wire.bytes[LENGTH4] = 64;
	assert_found(&wire, 4);
	wire = error_with_extension(3, 256);
	wire.bytes[LENGTH6] = 32;
	assert_found(&wire, 6);
	wire.bytes[LENGTH6] = 64; /* the other one's unit, and not at 128 either */
	assert_none(&wire, 6);
}

static void test_longest_length(void)
{
	struct wire wire = error_with_extension(11, 255 * 4);

	wire.bytes[LENGTH4] = 255;
	assert_found(&wire, 4);
	wire = error_with_extension(3, 255 * 8);
	wire.bytes[LENGTH6] = 255;
	assert_found(&wire, 6);
}

static void test_without_length(void)
{
	struct wire wire = error_with_extension(11, 128);

	assert_found(&wire, 4);
	wire = error_with_extension(3, 128);
	assert_found(&wire, 6);
}

/* The structure right behind an unpadded quote, where the length says so. */
static void test_unpadded(void)
{
	for (size_t quote = 4; quote < 128; quote += 4) {
		struct wire wire = error_with_extension(11, quote);

		assert_none(&wire, 4);
		wire.bytes[LENGTH4] = (uint8_t)(quote / 4);
		assert_found(&wire, 4);
	}
}

/*
 * Any value in the length field: a wrong one, the quote's before padding, or
 * the low byte of a probe's IPID in what that router takes for an unused word.
 */
static void test_wrong_length(void)
{
	struct wire wire = error_with_extension(11, 128);
	struct wire wire6 = error_with_extension(3, 128);

	for (unsigned length = 0; length < 256; length++) {
		wire.bytes[LENGTH4] = (uint8_t)length;
		assert_found(&wire, 4);
		wire.bytes[LENGTH4 + 1] = (uint8_t)(length * 7);
		wire.bytes[LENGTH4 + 2] = (uint8_t)length;
		assert_found(&wire, 4);
		wire6.bytes[LENGTH6] = (uint8_t)length;
		assert_found(&wire6, 6);
	}
}

static void test_length_without_extension(void)
{
	struct wire wire = {0};

	wire_icmp(&wire, 11, 0);
	wire.bytes[LENGTH4] = 17;
	wire_ip4(&wire, ST_PROTOCOL_TCP, 48, 0);
	wire_fill(&wire, 0x20, 48); /* looks like version 2 wherever one looks */
	for (; wire.count > 0; wire.count--)
		assert_none(&wire, 4);
	assert_none(&wire, 4);
	assert_none(&wire, 6);
}

static void test_without_objects(void)
{
	struct st_icmp_ext ext;
	struct wire wire = {0};
	uint8_t *bytes;

	wire_icmp(&wire, 11, 0);
	wire_fill(&wire, 0, 128);
	wire_u32(&wire, 0x2000dfff);
	g_assert_cmpint(init(&wire, &bytes, &ext, 4), ==, ST_OK);
	g_assert_null(ext.next);
	g_free(bytes);
}

static void test_bad_checksum(void)
{
	for (size_t i = 0; i < 16; i++) {
		struct wire wire = error_with_extension(11, 128);

		wire.bytes[LENGTH4] = 32;
		wire.bytes[8 + 128 + i] ^= 0x01;
		assert_none(&wire, 4);
	}
}

static void test_other_version(void)
{
	for (unsigned version = 0; version < 16; version++) {
		struct wire wire = error_with_extension(11, 128);
		size_t start = 8 + 128;

		wire_set_u16(&wire, start, version << 12);
		wire_set_u16(&wire, start + 2, 0);
		wire_set_u16(
			&wire, start + 2,
			checksum_finish(checksum_add(0, wire.bytes + start, wire.count - start)));
		if (version == 2)
			assert_found(&wire, 4);
		else
			assert_none(&wire, 4);
	}
}

static void test_types(void)
{
	for (unsigned type = 0; type < 256; type++) {
		struct wire wire = error_with_extension(type, 128);

		if (type == 3 || type == 11 || type == 12)
			assert_found(&wire, 4);
		else
			assert_none(&wire, 4);
		if (type == 1 || type == 3)
			assert_found(&wire, 6);
		else
			assert_none(&wire, 6);
	}
}

/* A message cut by the capture has no valid checksum: nothing is taken from it. */
static void test_cut(void)
{
	struct wire wire = error_with_extension(11, 128);

	wire.bytes[LENGTH4] = 32;
	for (wire.count--; wire.count > 0; wire.count--)
		assert_none(&wire, 4);
}

/* Walks over `bytes` as objects; the structure's header is not looked at here. */
static enum st_status walk(const uint8_t *bytes, size_t count, unsigned *objects)
{
	uint8_t *exact = wire_exact(bytes, count);
	struct st_icmp_ext ext = {.next = exact, .left = count};
	struct st_icmp_object object;
	enum st_status status;

	*objects = 0;
	while ((status = st_icmp_ext_next(&ext, &object)) == ST_OK) {
		struct st_mpls_label labels[3];
		size_t read = st_mpls_labels(&object, labels, G_N_ELEMENTS(labels));

		g_assert_cmpuint(read, <=, object.payload_bytes / 4);
		++*objects;
	}
	g_assert_cmpint(st_icmp_ext_next(&ext, &object), ==, ST_NONE);
	g_free(exact);
	return status;
}

static void test_objects(void)
{
	/* interface information (RFC 5837), an empty object, a label stack */
	static const uint8_t objects[] = "\0\x08\2\x0e\xc0\0\2\1"
					 "\0\4\3\1"
					 "\0\x08\1\1\0\x01\x01\x01";
	unsigned count;

	g_assert_cmpint(walk(objects, 20, &count), ==, ST_NONE);
	g_assert_cmpuint(count, ==, 3);
	for (size_t cut = 1; cut < 20; cut++) {
		bool whole = cut == 8 || cut == 12;

		g_assert_cmpint(walk(objects, cut, &count), ==, whole ? ST_NONE : ST_MALFORMED);
		g_assert_cmpuint(count, ==, cut < 8 ? 0 : cut < 12 ? 1 : 2);
	}
}

static void test_broken_objects(void)
{
	unsigned count;

	for (uint8_t length = 0; length < 4; length++) {
		uint8_t object[8] = {0, length, 1, 1};

		g_assert_cmpint(walk(object, sizeof(object), &count), ==, ST_MALFORMED);
		g_assert_cmpuint(count, ==, 0);
	}
	g_assert_cmpint(walk((const uint8_t *)"\xff\xff\1\1\0\0\0\0", 8, &count), ==, ST_MALFORMED);
	g_assert_cmpint(walk((const uint8_t *)"\0\x09\1\1\0\0\0\0", 8, &count), ==, ST_MALFORMED);
	for (int i = 0; i < 20000; i++) {
		uint8_t bytes[64];

		for (size_t j = 0; j < sizeof(bytes); j++)
			bytes[j] = (uint8_t)(g_test_rand_int() & (j % 2 ? 0x0d : 0));
		walk(bytes, (size_t)g_test_rand_int_range(1, sizeof(bytes)), &count);
	}
}

static void test_not_labels(void)
{
	uint8_t payload[6] = {0, 1, 2, 3, 4, 5};
	struct st_mpls_label labels[4];
	struct st_icmp_object object = {
		.class_num = 1, .c_type = 1, .payload = payload, .payload_bytes = sizeof(payload)};

	g_assert_cmpuint(st_mpls_labels(&object, labels, 4), ==, 1); /* half an entry is none */
	object.c_type = 2;
	g_assert_cmpuint(st_mpls_labels(&object, labels, 4), ==, 0);
	object.c_type = 1;
	object.class_num = 2;
	g_assert_cmpuint(st_mpls_labels(&object, labels, 4), ==, 0);
	object = (struct st_icmp_object){.class_num = 1, .c_type = 1};
	g_assert_cmpuint(st_mpls_labels(&object, labels, 4), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/icmp-ext/by-the-book", test_by_the_book);
	g_test_add_func("/icmp-ext/longest-length", test_longest_length);
	g_test_add_func("/icmp-ext/without-length", test_without_length);
	g_test_add_func("/icmp-ext/unpadded", test_unpadded);
	g_test_add_func("/icmp-ext/wrong-length", test_wrong_length);
	g_test_add_func("/icmp-ext/length-without-extension", test_length_without_extension);
	g_test_add_func("/icmp-ext/without-objects", test_without_objects);
	g_test_add_func("/icmp-ext/bad-checksum", test_bad_checksum);
	g_test_add_func("/icmp-ext/other-version", test_other_version);
	g_test_add_func("/icmp-ext/types", test_types);
	g_test_add_func("/icmp-ext/cut", test_cut);
	g_test_add_func("/icmp-ext/objects", test_objects);
	g_test_add_func("/icmp-ext/broken-objects", test_broken_objects);
	g_test_add_func("/icmp-ext/not-labels", test_not_labels);
	return g_test_run();
}
