/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The database: what matches and in which order, what takes whose place, what
 * programs add; many random services against a look at every rule of every one.
 * Files with something wrong in them are in test_signature_file.c.
 */
#include "service/signatures.h"

#include <string.h>

#include <glib.h>
#include <glib/gstdio.h>

/* Matches as "id kind text" lines, to be compared at once; to be freed with g_free(). */
static char *lines_of(const struct st_service_match *matches, size_t count)
{
	GString *lines = g_string_new(NULL);

	for (size_t i = 0; i < count; i++)
		g_string_append_printf(lines, "%s %s %s\n", matches[i].service->id,
				       st_rule_kind_text(matches[i].rule->kind),
				       matches[i].rule->text);
	return g_string_free(lines, FALSE);
}

static void check_name(const struct st_signatures *signatures, const char *name,
		       const char *expected)
{
	struct st_service_match matches[ST_MATCHES_MAX];
	size_t count = st_signatures_match_name(signatures, name, matches, ST_MATCHES_MAX);
	char *lines = lines_of(matches, count);

	g_assert_cmpstr(lines, ==, expected);
	g_free(lines);
}

static void check_address(const struct st_signatures *signatures, const char *text,
			  const char *expected)
{
	struct st_service_match matches[ST_MATCHES_MAX];
	struct st_addr addr;
	size_t count;
	char *lines;

	g_assert_cmpint(st_addr_parse(text, &addr), ==, ST_OK);
	count = st_signatures_match_address(signatures, &addr, matches, ST_MATCHES_MAX);
	lines = lines_of(matches, count);
	g_assert_cmpstr(lines, ==, expected);
	g_free(lines);
}

static void take(struct st_signatures *signatures, const char *path, const char *text)
{
	signatures_load_text(signatures, path, text, strlen(text));
	g_assert_cmpuint(st_signatures_problem_count(signatures), ==, 0);
}

static struct st_signatures *example(void)
{
	struct st_signatures *signatures = st_signatures_new();

	take(signatures, "video.service",
	     "[Service]\nName=Example Video\nCategory=video\nDomains=Video.example;cdn.example;\n"
	     "FullDomains=www.other.example\nDomainRegex=edge[0-9]+[.]net[.]example\n"
	     "Prefixes=192.0.2.0/24;2001:db8::/32\nSource=made up\nChecked=2026-11-22\n"
	     "Overlaps=meet;cloud\n");
	take(signatures, "cloud.service",
	     "[Service]\nName=Cloud\nDomains=example;net.example\nPrefixes=192.0.0.0/16;"
	     "192.0.2.0/24\n");
	take(signatures, "meet.service",
	     "[Service]\nName=Meet\nFullDomains=meet.video.example\nDomainRegex=.*\\\\.example\n"
	     "Prefixes=192.0.2.7\n");
	return signatures;
}

static void test_name(void)
{
	struct st_signatures *signatures = example();

	check_name(signatures, "video.example",
		   "meet regex .*\\.example\nvideo domain video.example\ncloud domain example\n");
	check_name(signatures, "A.VIDEO.example.",
		   "meet regex .*\\.example\nvideo domain video.example\ncloud domain example\n");
	check_name(signatures, "notvideo.example",
		   "meet regex .*\\.example\ncloud domain example\n");
	check_name(signatures, "meet.video.example",
		   "meet full-domain meet.video.example\nvideo domain video.example\n"
		   "cloud domain example\n");
	check_name(signatures, "x.meet.video.example",
		   "meet regex .*\\.example\nvideo domain video.example\ncloud domain example\n");
	check_name(signatures, "EDGE12.net.example",
		   "meet regex .*\\.example\nvideo regex edge[0-9]+[.]net[.]example\ncloud domain "
		   "net.example\n");
	check_name(signatures, "edge12.net.example.org", "");
	check_name(signatures, "example.com", "");
	st_signatures_free(signatures);
}

/* Of rules of one service that are as good, the first in its file tells. */
static void test_first_rule(void)
{
	struct st_signatures *signatures = st_signatures_new();

	take(signatures, "a.service",
	     "[Service]\nName=A\nDomainRegex=x.*;w.*;.*[.]b[.]c;.*[.]c;.*[.]b[.]c;.*w.*\n");
	check_name(signatures, "w.b.c", "a regex w.*\n");
	check_name(signatures, "v.b.c", "a regex .*[.]b[.]c\n");
	check_name(signatures, "v.w.c", "a regex .*[.]c\n");
	check_name(signatures, "v.w.d", "a regex .*w.*\n");
	st_signatures_free(signatures);
}

static void test_odd_names(void)
{
	struct st_signatures *signatures = example();
	char *long_name = g_strnfill(100000, 'a');

	check_name(signatures, "", "");
	check_name(signatures, ".", "");
	check_name(signatures, ".example", "");
	check_name(signatures, "a..example", "");
	check_name(signatures, "\xff.example", "");
	check_name(signatures, "a b.example", "");
	check_name(signatures, "a\n.example", "");
	check_name(signatures, long_name, "");
	g_free(long_name);
	st_signatures_free(signatures);
}

static void test_address(void)
{
	struct st_signatures *signatures = example();
	struct st_service_match match;
	struct st_addr none = {0};

	check_address(signatures, "192.0.2.7",
		      "meet prefix 192.0.2.7\ncloud prefix 192.0.2.0/24\n"
		      "video prefix 192.0.2.0/24\n");
	check_address(signatures, "192.0.3.7", "cloud prefix 192.0.0.0/16\n");
	check_address(signatures, "2001:db8:1::", "video prefix 2001:db8::/32\n");
	check_address(signatures, "2001:db9::", "");
	g_assert_cmpuint(st_signatures_match_address(signatures, &none, &match, 1), ==, 0);
	st_signatures_free(signatures);
}

/* Fewer places than matches: the best are kept, as many as there is room for. */
static void test_room(void)
{
	struct st_signatures *signatures = st_signatures_new();
	struct st_service_match matches[5];
	struct st_addr addr;

	for (const char *id = "cabd"; *id; id++) {
		char text[] = {*id, '\0'};

		g_assert_cmpint(st_signatures_add_service(signatures, text, NULL), ==, ST_OK);
		st_signatures_add_rule(signatures, text, ST_RULE_DOMAIN, "example");
		st_signatures_add_rule(signatures, text, ST_RULE_PREFIX, "192.0.2.0/24");
	}
	st_signatures_add_rule(signatures, "d", ST_RULE_FULL_DOMAIN, "w.example");
	st_signatures_add_rule(signatures, "d", ST_RULE_PREFIX, "192.0.2.1");
	g_assert_cmpint(st_addr_parse("192.0.2.1", &addr), ==, ST_OK);
	for (size_t max = 0; max <= G_N_ELEMENTS(matches); max++) {
		static const char *const IDS[] = {"d", "a", "b", "c"};
		size_t count = MIN(max, 4);

		g_assert_cmpuint(st_signatures_match_name(signatures, "w.example", matches, max),
				 ==, count);
		for (size_t i = 0; i < count; i++)
			g_assert_cmpstr(matches[i].service->id, ==, IDS[i]);
		g_assert_cmpuint(st_signatures_match_address(signatures, &addr, matches, max), ==,
				 count);
		for (size_t i = 0; i < count; i++)
			g_assert_cmpstr(matches[i].service->id, ==, IDS[i]);
	}
	st_signatures_free(signatures);
}

static void test_service(void)
{
	struct st_signatures *signatures = example();
	const struct st_service *service = st_signatures_find(signatures, "EXAMPLE video");

	g_assert_nonnull(service);
	g_assert_true(service == st_signatures_find(signatures, "Video"));
	g_assert_cmpstr(service->id, ==, "video");
	g_assert_cmpstr(service->name, ==, "Example Video");
	g_assert_cmpstr(service->category, ==, "video");
	g_assert_cmpstr(service->source, ==, "made up");
	g_assert_cmpstr(service->checked, ==, "2026-11-22");
	g_assert_cmpstr(service->path, ==, "video.service");
	g_assert_cmpstr(service->overlaps[0], ==, "meet");
	g_assert_cmpstr(service->overlaps[1], ==, "cloud");
	g_assert_null(service->overlaps[2]);
	g_assert_cmpuint(service->rule_count, ==, 6);
	g_assert_cmpstr(service->rules[0].text, ==, "video.example");
	g_assert_cmpuint(service->rules[0].line, ==, 4);
	g_assert_cmpuint(service->rules[2].line, ==, 5);
	g_assert_cmpint(service->rules[4].kind, ==, ST_RULE_PREFIX);
	g_assert_cmpuint(service->rules[4].prefix.bits, ==, 24);
	g_assert_null(st_signatures_find(signatures, "nothing"));
	g_assert_null(st_signatures_find(signatures, "\xff"));
	g_assert_null(st_signatures_find(signatures, ""));
	g_assert_cmpuint(st_signatures_count(signatures), ==, 3);
	g_assert_cmpstr(st_signatures_get(signatures, 0)->id, ==, "cloud");
	g_assert_cmpstr(st_signatures_get(signatures, 2)->id, ==, "video");
	g_assert_null(st_signatures_get(signatures, 3));
	st_signatures_free(signatures);
	st_signatures_free(NULL);
}

static void test_names_of_services(void)
{
	struct st_signatures *signatures = st_signatures_new();

	take(signatures, "a.service", "[Service]\nName=B\n");
	take(signatures, "b.service",
	     "[Service]\nName=\xc3\x9c"
	     "ber\n");
	g_assert_cmpstr(st_signatures_find(signatures, "B")->id, ==, "b"); /* ids come first */
	g_assert_cmpstr(st_signatures_find(signatures, "\xc3\xbc"
						       "BER")
				->id,
			==, "b");
	st_signatures_free(signatures);
}

static void test_replace(void)
{
	struct st_signatures *signatures = example();
	const struct st_service *old = st_signatures_find(signatures, "video"), *new;
	uint64_t generation = signatures_generation(signatures);

	take(signatures, "/home/video.service",
	     "[Service]\nName=Mine\nDomains=mine.example\nPrefixes=192.0.2.0/25\n");
	new = st_signatures_find(signatures, "video");
	g_assert_true(new != old);
	g_assert_cmpuint(signatures_generation(signatures), >, generation);
	g_assert_cmpstr(old->name, ==, "Example Video");
	g_assert_cmpuint(old->rule_count, ==, 0);
	g_assert_cmpstr(new->name, ==, "Mine");
	g_assert_null(new->category);
	g_assert_null(new->overlaps);
	g_assert_cmpuint(st_signatures_count(signatures), ==, 3);
	g_assert_null(st_signatures_find(signatures, "Example Video"));
	check_name(signatures, "video.example", "meet regex .*\\.example\ncloud domain example\n");
	check_name(signatures, "www.other.example",
		   "meet regex .*\\.example\ncloud domain example\n");
	check_name(signatures, "edge1.net.example",
		   "meet regex .*\\.example\ncloud domain net.example\n");
	check_name(signatures, "mine.example",
		   "meet regex .*\\.example\nvideo domain mine.example\ncloud domain example\n");
	check_address(signatures, "192.0.2.1",
		      "video prefix 192.0.2.0/25\ncloud prefix 192.0.2.0/24\n");
	check_address(signatures, "2001:db8::", "");
	take(signatures, "meet.service", "[Service]\nName=Meet\n");
	check_name(signatures, "video.example", "cloud domain example\n");
	st_signatures_free(signatures);
}

static void test_add(void)
{
	struct st_signatures *signatures = example();
	const struct st_service *service;
	uint64_t generation = signatures_generation(signatures);

	g_assert_cmpint(st_signatures_add_service(signatures, "my-own", NULL), ==, ST_OK);
	g_assert_cmpuint(signatures_generation(signatures), >, generation);
	service = st_signatures_find(signatures, "my-own");
	g_assert_cmpstr(service->name, ==, "my-own");
	g_assert_null(service->path);
	g_assert_cmpint(st_signatures_add_service(signatures, "my-own", "Mine"), ==, ST_OK);
	g_assert_cmpint(st_signatures_add_service(signatures, "my-own", NULL), ==, ST_OK);
	g_assert_true(service == st_signatures_find(signatures, "mine"));
	generation = signatures_generation(signatures);
	for (unsigned i = 0; i < 100; i++) {
		char *text = g_strdup_printf("W%u.video.example.", i);

		g_assert_cmpint(st_signatures_add_rule(signatures, "my-own", ST_RULE_DOMAIN, text),
				==, ST_OK);
		g_assert_cmpuint(signatures_generation(signatures), >, generation++);
		g_free(text);
	}
	g_assert_cmpuint(service->rule_count, ==, 100);
	g_assert_cmpstr(service->rules[99].text, ==, "w99.video.example");
	g_assert_cmpuint(service->rules[99].line, ==, 0);
	check_name(signatures, "x.w7.video.example",
		   "meet regex .*\\.example\nmy-own domain w7.video.example\nvideo domain "
		   "video.example\ncloud domain example\n");
	g_assert_cmpint(st_signatures_add_rule(signatures, "video", ST_RULE_REGEX, "q.*"), ==,
			ST_OK);
	check_name(signatures, "q.org", "video regex q.*\n");
	st_signatures_free(signatures);
}

static void test_add_wrong(void)
{
	static const struct {
		const char *id;
		enum st_rule_kind kind;
		const char *text;
	} WRONG[] = {
		{"nothing", ST_RULE_DOMAIN, "example"},
		{"video", ST_RULE_DOMAIN, "*.example"},
		{"video", ST_RULE_DOMAIN, ""},
		{"video", ST_RULE_DOMAIN, "192.0.2.1"},
		{"video", ST_RULE_FULL_DOMAIN, "a..b"},
		{"video", ST_RULE_REGEX, "(a"},
		{"video", ST_RULE_PREFIX, "192.0.2.1/24"},
		{"video", ST_RULE_PREFIX, "192.0.2.0/33"},
		{"video", ST_RULE_PREFIX, "example"},
		{"video", (enum st_rule_kind)77, "example"},
	};
	struct st_signatures *signatures = example();
	uint64_t generation = signatures_generation(signatures);

	for (size_t i = 0; i < G_N_ELEMENTS(WRONG); i++)
		g_assert_cmpint(st_signatures_add_rule(signatures, WRONG[i].id, WRONG[i].kind,
						       WRONG[i].text),
				==, ST_INVALID_ARGUMENT);
	g_assert_cmpint(st_signatures_add_service(signatures, "", "x"), ==, ST_INVALID_ARGUMENT);
	g_assert_cmpint(st_signatures_add_service(signatures, "Big", "x"), ==, ST_INVALID_ARGUMENT);
	g_assert_cmpint(st_signatures_add_service(signatures, "a", "\xff"), ==,
			ST_INVALID_ARGUMENT);
	g_assert_cmpuint(signatures_generation(signatures), ==, generation);
	g_assert_cmpuint(st_signatures_problem_count(signatures), ==, 0);
	st_signatures_free(signatures);
}

/* Random services against a look at every rule. */

#define SERVICES 30

/* How good a rule is for a name; 0: it does not match. */
static unsigned name_rank(const struct st_rule *rule, const char *name)
{
	size_t bytes = strlen(name), rule_bytes = strlen(rule->text);
	char *wrapped;
	bool found;

	switch (rule->kind) {
	case ST_RULE_FULL_DOMAIN:
		return strcmp(rule->text, name) == 0 ? 1000 : 0;
	case ST_RULE_DOMAIN:
		if (bytes < rule_bytes || strcmp(name + bytes - rule_bytes, rule->text) != 0)
			return 0;
		if (bytes > rule_bytes && name[bytes - rule_bytes - 1] != '.')
			return 0;
		return 1 + (unsigned)rule_bytes;
	case ST_RULE_REGEX:
		wrapped = g_strdup_printf("\\A(?:%s)\\z", rule->text);
		found = g_regex_match_simple(wrapped, name, 0, 0);
		g_free(wrapped);
		return found ? 999 : 0;
	case ST_RULE_PREFIX:
		return 0;
	}
	return 0;
}

static unsigned service_rank(const struct st_service *service, const char *name,
			     const struct st_addr *addr)
{
	unsigned best = 0;

	for (size_t i = 0; i < service->rule_count; i++) {
		const struct st_rule *rule = &service->rules[i];
		unsigned rank = 0;

		if (name)
			rank = name_rank(rule, name);
		else if (rule->kind == ST_RULE_PREFIX && st_prefix_contains(&rule->prefix, addr))
			rank = 1u + rule->prefix.bits;
		best = MAX(best, rank);
	}
	return best;
}

/* The service of the best rank that has not been told; among equals the first by id. */
static const struct st_service *take_best(const struct st_signatures *signatures, unsigned *ranks)
{
	size_t best = 0;

	for (size_t i = 1; i < st_signatures_count(signatures); i++) {
		if (ranks[i] > ranks[best])
			best = i;
	}
	if (ranks[best] == 0)
		return NULL;
	ranks[best] = 0;
	return st_signatures_get(signatures, best);
}

static void check_linear(const struct st_signatures *signatures, const char *name,
			 const struct st_addr *addr)
{
	struct st_service_match matches[SERVICES];
	unsigned ranks[SERVICES] = {0};
	const struct st_service *service;
	size_t at = 0, count;

	count = name ? st_signatures_match_name(signatures, name, matches, SERVICES)
		     : st_signatures_match_address(signatures, addr, matches, SERVICES);
	for (size_t i = 0; i < st_signatures_count(signatures); i++)
		ranks[i] = service_rank(st_signatures_get(signatures, i), name, addr);
	while ((service = take_best(signatures, ranks))) {
		g_assert_cmpuint(at, <, count);
		g_assert_true(matches[at].service == service);
		g_assert_true(matches[at].rule >= service->rules);
		g_assert_true(matches[at].rule < service->rules + service->rule_count);
		at++;
	}
	g_assert_cmpuint(at, ==, count);
}

static char *random_name(GRand *rand)
{
	GString *name = g_string_new(NULL);
	int labels = g_rand_int_range(rand, 1, 5);

	while (labels-- > 0)
		g_string_append_printf(name, "%s%c", name->len ? "." : "",
				       'a' + g_rand_int_range(rand, 0, 3));
	return g_string_free(name, FALSE);
}

static void add_random_rule(struct st_signatures *signatures, GRand *rand, const char *id)
{
	static const char *const REGEXES[] = {".*a[.]b", "[ab][.]c", "a|b.c", ".*", "b[.].*"};
	enum st_rule_kind kind = (enum st_rule_kind)g_rand_int_range(rand, 0, 4);
	char *text = random_name(rand);

	if (kind == ST_RULE_REGEX) {
		g_free(text);
		text = g_strdup(REGEXES[g_rand_int_range(rand, 0, G_N_ELEMENTS(REGEXES))]);
	} else if (kind == ST_RULE_PREFIX) {
		g_free(text);
		text = g_strdup_printf("%d.0.0.0/%d", g_rand_int_range(rand, 0, 4) * 64,
				       g_rand_int_range(rand, 2, 30));
	}
	g_assert_cmpint(st_signatures_add_rule(signatures, id, kind, text), ==, ST_OK);
	g_free(text);
}

static void add_random_service(struct st_signatures *signatures, GRand *rand)
{
	char *id = g_strdup_printf("s%d", g_rand_int_range(rand, 0, SERVICES));
	char *path = g_strconcat(id, ".service", NULL);

	if (g_rand_int_range(rand, 0, 4) == 0)
		take(signatures, path, "[Service]\nName=x\n");
	else
		st_signatures_add_service(signatures, id, NULL);
	for (int i = g_rand_int_range(rand, 0, 6); i > 0; i--)
		add_random_rule(signatures, rand, id);
	g_free(path);
	g_free(id);
}

static void test_against_linear(void)
{
	GRand *rand = g_rand_new_with_seed(29);

	for (unsigned run = 0; run < 20; run++) {
		struct st_signatures *signatures = st_signatures_new();

		for (unsigned turn = 0; turn < 40; turn++) {
			struct st_addr addr = {.version = 4};
			char *name = random_name(rand);

			add_random_service(signatures, rand);
			addr.bytes[0] = (uint8_t)(g_rand_int_range(rand, 0, 4) * 64);
			addr.bytes[1] = (uint8_t)g_rand_int_range(rand, 0, 2);
			check_linear(signatures, name, NULL);
			check_linear(signatures, NULL, &addr);
			g_free(name);
		}
		st_signatures_free(signatures);
	}
	g_rand_free(rand);
}

/* Folders. */

static char *in_folder(const char *folder, const char *name, const char *text)
{
	char *path = g_build_filename(folder, name, NULL);

	if (text)
		g_assert_true(g_file_set_contents(path, text, -1, NULL));
	return path;
}

static void test_folder(void)
{
	char *folder = g_dir_make_tmp("st-signatures-XXXXXX", NULL);
	char *a = in_folder(folder, "a.service", "[Service]\nName=A\nDomains=a.example\n");
	char *b = in_folder(folder, "b.service", "[Service]\nName=B\nDomains=a.example;\n");
	char *hidden = in_folder(folder, ".c.service", "hidden"),
	     *other = in_folder(folder, "x", "x");
	struct st_signatures *signatures = st_signatures_new();

	g_assert_cmpint(st_signatures_load(signatures, folder), ==, ST_OK);
	g_assert_cmpuint(st_signatures_count(signatures), ==, 2);
	check_name(signatures, "a.example", "a domain a.example\nb domain a.example\n");
	g_assert_cmpstr(st_signatures_find(signatures, "a")->path, ==, a);
	g_assert_true(g_file_set_contents(b, "[Service]\nName=B\nDomains=b.example\n", -1, NULL));
	g_assert_cmpint(st_signatures_load(signatures, b), ==, ST_OK);
	check_name(signatures, "a.example", "a domain a.example\n");
	check_name(signatures, "b.example", "b domain b.example\n");
	st_signatures_free(signatures);
	for (size_t i = 0; i < 4; i++) {
		char *path = (char *[]){a, b, hidden, other}[i];

		g_remove(path);
		g_free(path);
	}
	g_rmdir(folder);
	g_free(folder);
}

static void check_last_problem(const struct st_signatures *signatures, const char *path)
{
	size_t count = st_signatures_problem_count(signatures);
	const struct st_signature_problem *problem;

	g_assert_cmpuint(count, >, 0);
	problem = st_signatures_problem(signatures, count - 1);
	g_assert_cmpstr(problem->path, ==, path);
	g_assert_cmpuint(problem->line, ==, 0);
	g_assert_cmpuint(strlen(problem->text), >, 10);
	g_assert_null(st_signatures_problem(signatures, count));
}

static void test_unreadable(void)
{
	char *folder = g_dir_make_tmp("st-signatures-XXXXXX", NULL);
	char *missing = in_folder(folder, "missing.service", NULL);
	char *bad_id = in_folder(folder, "Bad_Id.service", "[Service]\nName=x\n");
	char *no_id = in_folder(folder, "a.txt", "[Service]\nName=x\n");
	char *inner = in_folder(folder, "inner.service", NULL);
	struct st_signatures *signatures = st_signatures_new();

	g_assert_cmpint(g_mkdir(inner, 0700), ==, 0);
	g_assert_cmpint(st_signatures_load(signatures, missing), ==, ST_INVALID_ARGUMENT);
	check_last_problem(signatures, missing);
	g_assert_cmpint(st_signatures_load(signatures, "/dev/null"), ==, ST_INVALID_ARGUMENT);
	check_last_problem(signatures, "/dev/null");
	g_assert_cmpint(st_signatures_load(signatures, bad_id), ==, ST_MALFORMED);
	check_last_problem(signatures, bad_id);
	g_assert_cmpint(st_signatures_load(signatures, no_id), ==, ST_MALFORMED);
	check_last_problem(signatures, no_id);
	g_assert_cmpint(st_signatures_load(signatures, inner), ==, ST_MALFORMED);
	check_last_problem(signatures, inner); /* a folder without any */
	g_assert_cmpint(st_signatures_load(signatures, folder), ==, ST_MALFORMED);
	check_last_problem(signatures, inner); /* no regular file; the last by name */
	g_assert_cmpuint(st_signatures_count(signatures), ==, 0);
	g_assert_cmpuint(signatures_generation(signatures), ==, 0);
	st_signatures_free(signatures);
	g_remove(bad_id);
	g_remove(no_id);
	g_rmdir(inner);
	g_rmdir(folder);
	g_free(missing);
	g_free(bad_id);
	g_free(no_id);
	g_free(inner);
	g_free(folder);
}

static void test_words(void)
{
	g_assert_null(st_evidence_text(ST_EVIDENCE_NONE));
	g_assert_cmpstr(st_evidence_text(ST_EVIDENCE_PREFIX), ==, "prefix");
	g_assert_cmpstr(st_evidence_text(ST_EVIDENCE_DNS), ==, "dns");
	g_assert_cmpstr(st_evidence_text(ST_EVIDENCE_OPTION), ==, "option");
	g_assert_cmpstr(st_evidence_text(ST_EVIDENCE_SNI), ==, "sni");
	g_assert_null(st_evidence_text((enum st_evidence)99));
	g_assert_null(st_rule_kind_text((enum st_rule_kind)99));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/signatures/name", test_name);
	g_test_add_func("/signatures/first-rule", test_first_rule);
	g_test_add_func("/signatures/odd-names", test_odd_names);
	g_test_add_func("/signatures/address", test_address);
	g_test_add_func("/signatures/room", test_room);
	g_test_add_func("/signatures/service", test_service);
	g_test_add_func("/signatures/names-of-services", test_names_of_services);
	g_test_add_func("/signatures/replace", test_replace);
	g_test_add_func("/signatures/add", test_add);
	g_test_add_func("/signatures/add-wrong", test_add_wrong);
	g_test_add_func("/signatures/against-linear", test_against_linear);
	g_test_add_func("/signatures/folder", test_folder);
	g_test_add_func("/signatures/unreadable", test_unreadable);
	g_test_add_func("/signatures/words", test_words);
	return g_test_run();
}
