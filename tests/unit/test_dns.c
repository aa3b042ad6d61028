/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS answers, whole, cut anywhere and broken on purpose: what they say as text. */
#include "service/dns.h"

#include "dns_wire.h"

/* "asked>alias>owner address ttl;" an address; the status where it does not open. */
static char *said(const uint8_t *bytes, size_t count)
{
	uint8_t *exact = wire_exact(bytes, count);
	GString *text = g_string_new(NULL);
	struct dns_message message;
	struct dns_binding binding;
	enum st_status status = dns_open(&message, exact, count);

	if (status != ST_OK)
		g_string_assign(text, st_status_text(status));
	while (status == ST_OK && dns_next(&message, &binding) == ST_OK) {
		char addr[ST_ADDR_TEXT_BYTES];

		for (unsigned i = 0; i < binding.host_count; i++)
			g_string_append_printf(text, "%s%s", i ? ">" : "", binding.hosts[i]);
		g_string_append_printf(text, " %s %u;", st_addr_format(&binding.addr, addr),
				       binding.ttl_s);
	}
	if (status == ST_OK)
		g_assert_cmpint(dns_next(&message, &binding), ==, ST_NONE);
	g_free(exact);
	return g_string_free(text, FALSE);
}

static void assert_says(const struct wire *wire, const char *expected)
{
	char *text = said(wire->bytes, wire->count);

	g_assert_cmpstr(text, ==, expected);
	g_free(text);
}

/* Nothing else and nothing more than the whole message says, however it is cut. */
static void assert_cuts(const struct wire *wire)
{
	char *whole = said(wire->bytes, wire->count);

	for (size_t count = 0; count < wire->count; count++) {
		char *cut = said(wire->bytes, count);

		if (strcmp(cut, st_status_text(ST_TRUNCATED)) != 0)
			g_assert_true(g_str_has_prefix(whole, cut));
		g_free(cut);
	}
	g_free(whole);
}

/* Written and compressed by scapy 2.5; tshark 4.0 reads the same from it. */
static const uint8_t by_scapy[] = {
	0x1f, 0x2e, 0x81, 0x80, 0x00, 0x01, 0x00, 0x03, 0x00, 0x00, 0x00, 0x00, 0x03, 0x77,
	0x77, 0x77, 0x07, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c, 0x65, 0x03, 0x63, 0x6f, 0x6d,
	0x00, 0x00, 0x01, 0x00, 0x01, 0xc0, 0x0c, 0x00, 0x05, 0x00, 0x01, 0x00, 0x00, 0x00,
	0x78, 0x00, 0x11, 0x03, 0x63, 0x64, 0x6e, 0x07, 0x65, 0x78, 0x61, 0x6d, 0x70, 0x6c,
	0x65, 0x03, 0x6e, 0x65, 0x74, 0x00, 0xc0, 0x2d, 0x00, 0x01, 0x00, 0x01, 0x00, 0x00,
	0x00, 0x1e, 0x00, 0x04, 0xc0, 0x00, 0x02, 0x07, 0xc0, 0x2d, 0x00, 0x01, 0x00, 0x01,
	0x00, 0x00, 0x00, 0x1f, 0x00, 0x04, 0xc0, 0x00, 0x02, 0x08,
};

static void test_plain(void)
{
	struct wire wire = {0}, six = {0};

	wire_bytes(&wire, by_scapy, sizeof(by_scapy));
	assert_says(&wire, "www.example.com>cdn.example.net 192.0.2.7 30;"
			   "www.example.com>cdn.example.net 192.0.2.8 31;");
	assert_cuts(&wire);
	dns_wire_answer(&six, "V6.Example.COM", "2001:db8::53");
	assert_says(&six, "v6.example.com 2001:db8::53 300;");
	assert_cuts(&six);
}

static void test_what_is_no_answer(void)
{
	static const unsigned flags[] = {0x0100, 0x8183, 0x8182, 0xa180, 0x8981};
	struct wire none = {0}, many = {0}, chaos = {0};

	for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
		struct wire wire = {0};

		dns_wire_answer(&wire, "a.example", "192.0.2.1");
		wire_set_u16(&wire, 2, flags[i]);
		assert_says(&wire, st_status_text(ST_UNSUPPORTED));
	}
	dns_wire_header(&none, DNS_FLAGS, 1, 0);
	dns_wire_question(&none, "a.example", DNS_TYPE_A);
	assert_says(&none, "");
	dns_wire_header(&many, DNS_FLAGS, DNS_QUESTIONS_MAX + 1, 0);
	assert_says(&many, st_status_text(ST_MALFORMED));
	dns_wire_answer(&chaos, "a.example", "192.0.2.1");
	wire_set_u16(&chaos, 12 + 11 + 2, 3); /* class CH in the question */
	assert_says(&chaos, "");
	wire_set_u16(&chaos, 12 + 11 + 2, 1);
	wire_set_u16(&chaos, 12 + 11 + 4 + 2 + 2, 3); /* and in the answer */
	assert_says(&chaos, "");
}

/* The aliases of one chain, in each of their orders. */
static void test_chain_in_any_order(void)
{
	static const char *const names[] = {"a.example", "b.example", "c.example", "d.example"};
	static const unsigned orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

	for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
		struct wire wire = {0};

		dns_wire_header(&wire, DNS_FLAGS, 1, 5);
		dns_wire_question(&wire, "A.EXAMPLE", DNS_TYPE_A);
		dns_wire_address(&wire, "d.Example", "192.0.2.1", 1);
		for (unsigned k = 0; k < 3; k++)
			dns_wire_alias(&wire, names[orders[i][k]], names[orders[i][k] + 1]);
		dns_wire_address(&wire, "B.example", "192.0.2.2", UINT32_C(0x80000000));
		assert_says(&wire, "a.example>b.example>c.example>d.example 192.0.2.1 1;"
				   "a.example>b.example 192.0.2.2 0;");
	}
}

static void test_loops_of_aliases(void)
{
	struct wire loop = {0}, self = {0}, unasked = {0};

	dns_wire_header(&loop, DNS_FLAGS, 1, 4);
	dns_wire_question(&loop, "a.example", DNS_TYPE_A);
	dns_wire_alias(&loop, "a.example", "b.example");
	dns_wire_alias(&loop, "b.example", "a.example");
	dns_wire_address(&loop, "b.example", "192.0.2.1", 1);
	dns_wire_address(&loop, "c.example", "192.0.2.2", 1);
	assert_says(&loop, "a.example>b.example 192.0.2.1 1;");
	dns_wire_header(&self, DNS_FLAGS, 1, 2);
	dns_wire_question(&self, "a.example", DNS_TYPE_A);
	dns_wire_alias(&self, "@12", "@12");
	dns_wire_address(&self, "@12", "192.0.2.1", 1);
	assert_says(&self, "a.example 192.0.2.1 1;");
	/* Without a question it only has to end. */
	dns_wire_header(&unasked, DNS_FLAGS, 0, 3);
	dns_wire_alias(&unasked, "a.example", "b.example");
	dns_wire_alias(&unasked, "b.example", "a.example");
	dns_wire_address(&unasked, "c.example", "192.0.2.1", 1);
	assert_says(&unasked, "c.example 192.0.2.1 1;");
}

/* A chain longer than any resolver's teaches as far as that goes. */
static void test_long_chains(void)
{
	for (unsigned length = NAMES_CHAIN_MAX - 1; length <= NAMES_CHAIN_MAX + 1; length++) {
		struct wire wire = {0};
		char owner[16], target[16], *text;

		dns_wire_header(&wire, DNS_FLAGS, 1, length);
		dns_wire_question(&wire, "n0.example", DNS_TYPE_A);
		for (unsigned i = 1; i < length; i++) {
			g_snprintf(owner, sizeof(owner), "n%u.example", i - 1);
			g_snprintf(target, sizeof(target), "n%u.example", i);
			dns_wire_alias(&wire, owner, target);
		}
		dns_wire_address(&wire, target, "192.0.2.1", 1);
		text = said(wire.bytes, wire.count);
		g_assert_cmpint(strlen(text) > 0, ==, length <= NAMES_CHAIN_MAX);
		g_free(text);
	}
}

static void test_poison(void)
{
	struct wire wire = {0};

	dns_wire_header(&wire, DNS_FLAGS, 1, 4);
	dns_wire_question(&wire, "evil.example", DNS_TYPE_A);
	dns_wire_address(&wire, "bank.example", "192.0.2.66", 300);
	dns_wire_alias(&wire, "bank.example", "evil.example");
	dns_wire_address(&wire, "evil.example", "192.0.2.1", 300);
	dns_wire_address(&wire, "www.evil.example", "192.0.2.2", 300);
	assert_says(&wire, "evil.example 192.0.2.1 300;");
}

static void test_questions(void)
{
	struct wire none = {0}, two = {0};

	dns_wire_header(&none, DNS_FLAGS, 0, 5);
	dns_wire_address(&none, "c.example", "192.0.2.1", 1);
	dns_wire_alias(&none, "b.example", "c.example");
	dns_wire_alias(&none, "a.example", "b.example");
	dns_wire_address(&none, "d.example", "192.0.2.2", 2);
	dns_wire_address(&none, "b.example", "192.0.2.3", 3);
	assert_says(&none, "a.example>b.example>c.example 192.0.2.1 1;d.example 192.0.2.2 2;"
			   "a.example>b.example 192.0.2.3 3;");
	dns_wire_header(&two, DNS_FLAGS, 2, 3);
	dns_wire_question(&two, "a.example", DNS_TYPE_A);
	dns_wire_question(&two, "b.example", DNS_TYPE_AAAA);
	dns_wire_address(&two, "b.example", "2001:db8::1", 1);
	dns_wire_address(&two, "a.example", "192.0.2.1", 2);
	dns_wire_address(&two, "c.example", "192.0.2.9", 3);
	assert_says(&two, "a.example 192.0.2.1 2;b.example 2001:db8::1 1;");
}

/* Three labels of 63 and one of `last`: 253 characters with 61, which is all there may be. */
static char *long_name(int last)
{
	char label[64];

	memset(label, 'x', 63);
	label[63] = '\0';
	return g_strdup_printf("%s.%s.%s.%.*s", label, label, label, last, label);
}

static void test_long_names(void)
{
	char *longest = long_name(61), *longer = long_name(62);
	char *expected = g_strdup_printf("%s 192.0.2.1 300;", longest);
	struct wire wire = {0}, wrong = {0};

	g_assert_cmpuint(strlen(longest), ==, DNS_HOST_BYTES - 1);
	dns_wire_answer(&wire, longest, "192.0.2.1");
	assert_says(&wire, expected);
	assert_cuts(&wire);
	dns_wire_answer(&wrong, longer, "192.0.2.1");
	assert_says(&wrong, "");
	g_free(expected);
	g_free(longest);
	g_free(longer);
}

static void test_names_of_no_host(void)
{
	static const char *const names[] = {"", "a b.example", "a\\b.example", "a\x01.example",
					    "\xc3\xa9.example"};
	struct wire dot = {0}, odd = {0};

	for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
		struct wire wire = {0};

		dns_wire_answer(&wire, names[i], "192.0.2.1");
		assert_says(&wire, "");
	}
	/* A dot inside a label is not the one between two. */
	dns_wire_answer(&dot, "evil-bank.example", "192.0.2.1");
	dot.bytes[12 + 1 + 4] = '.';
	assert_says(&dot, "");
	dns_wire_answer(&odd, "_8443._https.a_b.example", "192.0.2.1");
	assert_says(&odd, "_8443._https.a_b.example 192.0.2.1 300;");
}

/* One question for a.example whose answer's owner is as given, at byte 27. */
static void put_owner(struct wire *wire, const char *owner)
{
	dns_wire_header(wire, DNS_FLAGS, 1, 2);
	dns_wire_question(wire, "a.example", DNS_TYPE_A);
	dns_wire_address(wire, owner, "192.0.2.1", 1);
	dns_wire_address(wire, "@12", "192.0.2.2", 2);
}

static void test_pointers(void)
{
	static const struct {
		const char *owner, *expected;
	} cases[] = {
		{"@12", "a.example 192.0.2.1 1;a.example 192.0.2.2 2;"},
		{"a@14", "a.example 192.0.2.1 1;a.example 192.0.2.2 2;"},
		{"@27", "a.example 192.0.2.2 2;"},  /* to itself */
		{"a@27", "a.example 192.0.2.2 2;"}, /* to the name's own beginning */
		{"@43", "a.example 192.0.2.1 1;a.example 192.0.2.2 2;"}, /* forward, to @12 */
		{"@16383", "a.example 192.0.2.2 2;"},			 /* past the end */
		{"@0", "a.example 192.0.2.2 2;"},			 /* into the header */
	};
	struct wire pair = {0}, reserved = {0};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct wire wire = {0};

		put_owner(&wire, cases[i].owner);
		assert_says(&wire, cases[i].expected);
		assert_cuts(&wire);
	}
	put_owner(&pair, "@43"); /* each to the other */
	wire_set_u16(&pair, 43, 0xc000 + 27);
	assert_says(&pair, "");
	put_owner(&reserved, "@12");
	wire_set_u16(&reserved, 27, 0x800c); /* neither label nor pointer */
	assert_says(&reserved, "");
}

/* Each points to the one before it, which is allowed; up to a bound that is far off. */
static void test_chain_of_pointers(void)
{
	struct wire wire = {0};
	char owner[16];

	dns_wire_header(&wire, DNS_FLAGS, 1, 40);
	dns_wire_question(&wire, "a.example", DNS_TYPE_A);
	for (unsigned i = 0; i < 40; i++) {
		g_snprintf(owner, sizeof(owner), "@%u", i ? 27 + 16 * (i - 1) : 12);
		dns_wire_address(&wire, owner, "192.0.2.1", i);
	}
	for (unsigned i = 0; i < 40; i++) {
		char *text = said(wire.bytes, wire.count), said_of[16];

		g_snprintf(said_of, sizeof(said_of), " %u;", i);
		g_assert_true((strstr(text, said_of) != NULL) == (i < 32));
		g_free(text);
	}
}

static void test_lengths_of_data(void)
{
	static const struct {
		unsigned length;
		const char *expected;
	} cases[] = {
		{4, "a.example 192.0.2.1 1;a.example 192.0.2.2 2;"},
		{0, ""},
		{3, ""},
		{4 + 16, ""},
		{0xffff, ""},
	};
	struct wire alias = {0}, last = {0};
	size_t at;

	dns_wire_answer(&last, "a.example", "192.0.2.1");
	wire_set_u16(&last, last.count - 6, 5); /* the message ends too early for that */
	assert_says(&last, "");
	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct wire wire = {0};

		put_owner(&wire, "@12");
		wire_set_u16(&wire, 27 + 10, cases[i].length);
		assert_says(&wire, cases[i].expected);
	}
	/* An alias whose data goes on behind the name is none. */
	dns_wire_header(&alias, DNS_FLAGS, 1, 2);
	dns_wire_question(&alias, "a.example", DNS_TYPE_A);
	at = dns_wire_record(&alias, "@12", DNS_TYPE_CNAME, 1);
	dns_wire_name(&alias, "b.example");
	wire_u8(&alias, 0);
	dns_wire_end(&alias, at);
	dns_wire_address(&alias, "b.example", "192.0.2.1", 1);
	assert_says(&alias, "");
}

/* Of a message that is as long as messages can be, the first records count. */
static void test_many_records(void)
{
	struct wire wire = {0}, record = {0};
	GByteArray *bytes = g_byte_array_new();
	size_t lines = 0;
	char *text;

	dns_wire_header(&wire, DNS_FLAGS, 1, 4000);
	dns_wire_question(&wire, "a.example", DNS_TYPE_A);
	g_byte_array_append(bytes, wire.bytes, (guint)wire.count);
	dns_wire_address(&record, "@12", "192.0.2.1", 1);
	for (unsigned i = 0; i < 4000; i++)
		g_byte_array_append(bytes, record.bytes, (guint)record.count);
	text = said(bytes->data, bytes->len);
	for (const char *at = text; *at; at++)
		lines += *at == ';';
	g_assert_cmpuint(lines, ==, DNS_RECORDS_MAX);
	g_free(text);
	g_byte_array_free(bytes, TRUE);
}

/* Hints of 4 bytes each, for each question anew: one message must not fill the table of names. */
static void test_many_hints(void)
{
	struct wire wire = {0};
	size_t lines = 0, at;
	char *text;

	dns_wire_header(&wire, DNS_FLAGS, DNS_QUESTIONS_MAX, 1);
	for (unsigned i = 0; i < DNS_QUESTIONS_MAX; i++)
		dns_wire_question(&wire, "a.example", DNS_TYPE_HTTPS);
	at = dns_wire_record(&wire, "@12", DNS_TYPE_HTTPS, 7);
	wire_u16(&wire, 1);
	wire_u8(&wire, 0);
	wire_u16(&wire, 4);
	wire_u16(&wire, 3600);
	wire_fill(&wire, 10, 3600);
	dns_wire_end(&wire, at);
	text = said(wire.bytes, wire.count);
	for (const char *end = text; *end; end++)
		lines += *end == ';';
	g_assert_cmpuint(lines, ==, DNS_RECORDS_MAX);
	g_free(text);
}

/* RFC 9460, appendix D.2, figure 7: two IPv6 hints. */
#define RFC9460_FIGURE_7                                                                           \
	"\0\1\3foo\7example\3com\0\0\6\0\x20\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\1\x0d\xb8"  \
	"\0\0\0\0\0\0\0\0\0\x53\0\1"
/* alpn "h2", ipv4hint 192.0.2.1 and 192.0.2.2, ipv6hint 2001:db8::1; no name of its own. */
#define HINTS_OF_BOTH                                                                              \
	"\0\1\0\0\1\0\3\2h2\0\4\0\x08\xc0\0\2\1\xc0\0\2\2\0\6\0\x10\x20\1\x0d\xb8"                 \
	"\0\0\0\0\0\0\0\0\0\0\0\1"

static void put_https(struct wire *wire, const void *data, size_t count)
{
	size_t at;

	dns_wire_header(wire, DNS_FLAGS, 1, 2);
	dns_wire_question(wire, "a.example", DNS_TYPE_HTTPS);
	at = dns_wire_record(wire, "@12", DNS_TYPE_HTTPS, 7);
	wire_bytes(wire, data, count);
	dns_wire_end(wire, at);
	dns_wire_address(wire, "@12", "192.0.2.9", 9);
}

#define LAST "a.example 192.0.2.9 9;"
#define BOTH "a.example 192.0.2.1 7;a.example 192.0.2.2 7;a.example 2001:db8::1 7;"

static void test_hints(void)
{
	struct wire figure = {0}, both = {0}, svcb = {0}, alias = {0};

	put_https(&figure, RFC9460_FIGURE_7, sizeof(RFC9460_FIGURE_7) - 1);
	assert_says(&figure, "a.example 2001:db8::1 7;a.example 2001:db8::53:1 7;" LAST);
	assert_cuts(&figure);
	put_https(&both, HINTS_OF_BOTH, sizeof(HINTS_OF_BOTH) - 1);
	assert_says(&both, BOTH LAST);
	assert_cuts(&both);
	svcb = both;
	wire_set_u16(&svcb, 27 + 2, 64);
	assert_says(&svcb, BOTH LAST);
	alias = both;
	wire_set_u16(&alias, 27 + 12, 0); /* priority 0: its parameters do not count */
	assert_says(&alias, LAST);
}

static void test_broken_hints(void)
{
	/* Where in the data, what instead, what is still said. */
	static const struct {
		size_t at;
		unsigned value;
		const char *expected;
	} cases[] = {
		{5, 2, LAST},	   /* alpn too short: the rest are no parameters */
		{5, 0xfff0, LAST}, /* alpn longer than the record */
		{12, 7, LAST},	   /* a hint that is no multiple of an address */
		{12, 4, "a.example 192.0.2.1 7;" LAST},
		{12, 0xfffc, LAST},
		{10, 1, LAST}, /* the same key twice */
		{22, 4, "a.example 192.0.2.1 7;a.example 192.0.2.2 7;" LAST},
		{24, 15, "a.example 192.0.2.1 7;a.example 192.0.2.2 7;" LAST},
		{24, 17, "a.example 192.0.2.1 7;a.example 192.0.2.2 7;" LAST},
		{22, 6, BOTH LAST},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct wire wire = {0};

		put_https(&wire, HINTS_OF_BOTH, sizeof(HINTS_OF_BOTH) - 1);
		wire_set_u16(&wire, 27 + 12 + cases[i].at, cases[i].value);
		assert_says(&wire, cases[i].expected);
	}
}

/* Any byte changed: nothing may break, and all that is said has an end. */
static void test_bent(void)
{
	GRand *rand = g_rand_new_with_seed(9);

	for (unsigned run = 0; run < 20000; run++) {
		struct wire wire = {0};

		if (run % 2)
			put_https(&wire, HINTS_OF_BOTH, sizeof(HINTS_OF_BOTH) - 1);
		else
			wire_bytes(&wire, by_scapy, sizeof(by_scapy));
		for (unsigned i = 0; i < 3; i++)
			wire.bytes[g_rand_int(rand) % wire.count] = (uint8_t)g_rand_int(rand);
		g_free(said(wire.bytes, g_rand_int(rand) % wire.count + 1));
	}
	g_rand_free(rand);
}

static void test_plausible(void)
{
	static const uint8_t counts[] = {0, 1, 0x80, 0, 0, 1, 0, 1, 0, 0, 0, 0};
	uint8_t query[sizeof(counts)];

	g_assert_true(dns_is_plausible(by_scapy, sizeof(by_scapy), sizeof(by_scapy)));
	g_assert_true(dns_is_plausible(by_scapy, DNS_HEADER_BYTES, sizeof(by_scapy)));
	g_assert_true(dns_is_plausible(by_scapy, 5, sizeof(by_scapy)));
	g_assert_false(dns_is_plausible(by_scapy, 5, DNS_HEADER_BYTES - 1));
	g_assert_true(dns_is_plausible(counts, sizeof(counts), 12 + 5 + 11));
	g_assert_false(dns_is_plausible(counts, sizeof(counts), 12 + 5 + 10));
	memcpy(query, counts, sizeof(query));
	query[2] = 0x01;
	g_assert_false(dns_is_plausible(query, sizeof(query), 100));
	query[2] = 0xf8;
	g_assert_false(dns_is_plausible(query, sizeof(query), 100));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/dns/plain", test_plain);
	g_test_add_func("/dns/what-is-no-answer", test_what_is_no_answer);
	g_test_add_func("/dns/chain-in-any-order", test_chain_in_any_order);
	g_test_add_func("/dns/loops-of-aliases", test_loops_of_aliases);
	g_test_add_func("/dns/long-chains", test_long_chains);
	g_test_add_func("/dns/poison", test_poison);
	g_test_add_func("/dns/questions", test_questions);
	g_test_add_func("/dns/long-names", test_long_names);
	g_test_add_func("/dns/names-of-no-host", test_names_of_no_host);
	g_test_add_func("/dns/pointers", test_pointers);
	g_test_add_func("/dns/chain-of-pointers", test_chain_of_pointers);
	g_test_add_func("/dns/lengths-of-data", test_lengths_of_data);
	g_test_add_func("/dns/many-records", test_many_records);
	g_test_add_func("/dns/many-hints", test_many_hints);
	g_test_add_func("/dns/hints", test_hints);
	g_test_add_func("/dns/broken-hints", test_broken_hints);
	g_test_add_func("/dns/bent", test_bent);
	g_test_add_func("/dns/plausible", test_plausible);
	return g_test_run();
}
