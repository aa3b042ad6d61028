/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses and prefixes: text both ways, and "is it inside" against a slow model. */
#include <servicetrace/base.h>

#include <glib.h>
#include <string.h>

static struct st_addr addr_of(const char *text)
{
	struct st_addr addr;

	g_assert_cmpint(st_addr_parse(text, &addr), ==, ST_OK);
	return addr;
}

static struct st_addr random_addr(void)
{
	struct st_addr addr = {.version = g_test_rand_bit() ? 4 : 6};

	for (size_t i = 0; i < st_addr_bytes(&addr); i++)
		addr.bytes[i] = g_test_rand_bit() ? 0 : (uint8_t)g_test_rand_int();
	return addr;
}

static void test_canonical_text(void)
{
	static const char *const pairs[][2] = {
		{"192.0.2.1", "192.0.2.1"},
		{"0.0.0.0", "0.0.0.0"},
		{"255.255.255.255", "255.255.255.255"},
		{"::", "::"},
		{"::1", "::1"},
		/* RFC 5952, 4.1 to 4.3: no leading zeros, lower case, the longest run, the first */
		{"2001:0DB8:0:0:0:0:0:0001", "2001:db8::1"},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
		{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
		{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
		{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
		/* RFC 5952, 5 */
		{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
	};
	char text[ST_ADDR_TEXT_BYTES];

	for (size_t i = 0; i < G_N_ELEMENTS(pairs); i++) {
		struct st_addr addr = addr_of(pairs[i][0]);

		g_assert_cmpstr(st_addr_format(&addr, text), ==, pairs[i][1]);
		g_assert_true(st_addr_format(&addr, text) == text);
	}
}

static void test_bad_text(void)
{
	static const char *const bad[] = {
		"",	     " ",	 "1",	    "1.2.3",	    "1.2.3.4.5", "256.0.0.1",
		"1.2.3.4 ",  "01.2.3.4", "0x1.2.3", "1.2.3.4/8",    ":",	 ":::",
		"1::2::3",   "12345::",	 "g::",	    "fe80::1%eth0", "[::1]",	 "1:2:3:4:5:6:7",
		"localhost", "::1/128",	 "1.2.3.-4"};

	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct st_addr addr = {.version = 99};

		g_assert_cmpint(st_addr_parse(bad[i], &addr), ==, ST_INVALID_ARGUMENT);
		g_assert_cmpuint(addr.version, ==, 99);
	}
}

static void test_round_trip(void)
{
	for (int i = 0; i < 10000; i++) {
		struct st_addr addr = random_addr();
		char text[ST_ADDR_TEXT_BYTES];
		struct st_addr again = addr_of(st_addr_format(&addr, text));

		g_assert_true(st_addr_equal(&addr, &again));
		g_assert_true(memcmp(addr.bytes, again.bytes, sizeof(addr.bytes)) == 0);
	}
}

static void test_no_address(void)
{
	struct st_addr none = {0};
	struct st_addr zero = addr_of("0.0.0.0");
	struct st_prefix all = {.addr = zero};
	char text[ST_ADDR_TEXT_BYTES];

	g_assert_cmpuint(st_addr_bytes(&none), ==, 0);
	g_assert_cmpstr(st_addr_format(&none, text), ==, "");
	g_assert_true(st_addr_equal(&none, &none));
	g_assert_false(st_addr_equal(&none, &zero));
	g_assert_false(st_prefix_contains(&all, &none));
	g_assert_false(st_prefix_contains(&(struct st_prefix){0}, &none));
}

static void test_equal(void)
{
	struct st_addr a = addr_of("192.0.2.1");
	struct st_addr b = addr_of("192.0.2.2");
	struct st_addr mapped = addr_of("::ffff:192.0.2.1");
	struct st_addr low = addr_of("::");
	struct st_addr zero = addr_of("0.0.0.0");

	g_assert_cmpuint(st_addr_bytes(&a), ==, 4);
	g_assert_cmpuint(st_addr_bytes(&mapped), ==, 16);
	g_assert_true(st_addr_equal(&a, &a));
	g_assert_false(st_addr_equal(&a, &b));
	g_assert_false(st_addr_equal(&a, &mapped));
	g_assert_false(st_addr_equal(&low, &zero));
}

static void test_prefix_text(void)
{
	static const struct {
		const char *text;
		const char *addr;
		unsigned bits;
	} good[] = {
		{"192.0.2.1", "192.0.2.1", 32},
		{"192.0.2.1/32", "192.0.2.1", 32},
		{"192.0.2.255/25", "192.0.2.128", 25},
		{"10.9.8.7/0", "0.0.0.0", 0},
		{"2001:db8::1", "2001:db8::1", 128},
		{"2001:db8:ffff::/33", "2001:db8:8000::", 33},
		{"ffff::/1", "8000::", 1},
		{"::/0", "::", 0},
	};
	static const char *const bad[] = {"",
					  "/",
					  "/8",
					  "10.0.0.0/",
					  "10.0.0.0/33",
					  "10.0.0.0/-1",
					  "10.0.0.0/+8",
					  "10.0.0.0/ 8",
					  "10.0.0.0/08",
					  "10.0.0.0/8 ",
					  "10.0.0.0/8/8",
					  "::/129",
					  "::/1000",
					  "10/8",
					  "10.0.0.0/0x8",
					  "1111:1111:1111:1111:1111:1111:255.255.255.2555",
					  "1111:1111:1111:1111:1111:1111:1111:1111:1111:1111/64"};
	struct st_prefix prefix;

	for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
		char text[ST_ADDR_TEXT_BYTES];

		g_assert_cmpint(st_prefix_parse(good[i].text, &prefix), ==, ST_OK);
		g_assert_cmpstr(st_addr_format(&prefix.addr, text), ==, good[i].addr);
		g_assert_cmpuint(prefix.bits, ==, good[i].bits);
	}
	for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(st_prefix_parse(bad[i], &prefix), ==, ST_INVALID_ARGUMENT);
}

static unsigned bit_of(const struct st_addr *addr, unsigned index)
{
	return (unsigned)addr->bytes[index / 8] >> (7 - index % 8) & 1;
}

static bool slow_contains(const struct st_prefix *prefix, const struct st_addr *addr)
{
	if (prefix->addr.version != addr->version)
		return false;
	for (unsigned i = 0; i < prefix->bits; i++)
		if (bit_of(&prefix->addr, i) != bit_of(addr, i))
			return false;
	return true;
}

static void test_prefix_contains(void)
{
	unsigned inside = 0;

	for (int i = 0; i < 20000; i++) {
		struct st_addr addr = random_addr();
		struct st_addr near = addr;
		unsigned width = 8 * (unsigned)st_addr_bytes(&addr);
		unsigned flipped = (unsigned)g_test_rand_int_range(0, (int)width);
		char text[ST_ADDR_TEXT_BYTES];
		char prefix_text[ST_ADDR_TEXT_BYTES + 4];
		struct st_prefix prefix;
		struct st_addr other = random_addr();

		near.bytes[flipped / 8] ^= (uint8_t)(0x80 >> flipped % 8);
		g_snprintf(prefix_text, sizeof(prefix_text), "%s/%d", st_addr_format(&addr, text),
			   g_test_rand_int_range(0, (int)width + 1));
		g_assert_cmpint(st_prefix_parse(prefix_text, &prefix), ==, ST_OK);
		g_assert_true(st_prefix_contains(&prefix, &addr));
		g_assert_cmpint(st_prefix_contains(&prefix, &near), ==, flipped >= prefix.bits);
		g_assert_cmpint(st_prefix_contains(&prefix, &other), ==,
				slow_contains(&prefix, &other));
		inside += flipped >= prefix.bits;
	}
	g_assert_cmpuint(inside, >, 1000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/addr/canonical-text", test_canonical_text);
	g_test_add_func("/addr/bad-text", test_bad_text);
	g_test_add_func("/addr/round-trip", test_round_trip);
	g_test_add_func("/addr/no-address", test_no_address);
	g_test_add_func("/addr/equal", test_equal);
	g_test_add_func("/addr/prefix-text", test_prefix_text);
	g_test_add_func("/addr/prefix-contains", test_prefix_contains);
	return g_test_run();
}
