/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the database of signatures costs: one name against 100,000 domains, one
 * address against 20,000 prefixes, a folder of files read. Next to each a peer
 * that does less or does it plainly, in the same run and in turn. README.md.
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <glib.h>
#include <glib/gstdio.h>

#include <servicetrace/servicetrace.h>

#define SERVICES 1000
#define DOMAINS 100000
#define PREFIXES 20000
#define EXPRESSIONS 1000
#define QUERIES 100000
#define LINEAR_QUERIES 50 /* each looks at every entry */
#define TURNS 15	  /* the median and the fastest of so many are told */
#define TEXT_BYTES 64

struct table {
	struct st_signatures *signatures;
	char (*domains)[TEXT_BYTES];
	char (*names)[TEXT_BYTES]; /* asked for */
	GHashTable *whole;	   /* the domains */
	struct st_prefix *prefixes;
	struct st_addr *addrs; /* asked for */
	uint32_t *starts;      /* of as many ranges that do not overlap, in order */
	size_t sum;	       /* so that nothing is left out as useless */
	GRand *rand;
};

typedef size_t (*pass_function)(struct table *table);

struct measured {
	const char *what;
	pass_function pass;
	unsigned count; /* lookups a pass */
	double ns[TURNS];
};

static double now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static size_t bytes_in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static int by_value(const void *a, const void *b)
{
	double first = *(const double *)a, second = *(const double *)b;

	return first < second ? -1 : first > second;
}

static double median(double *values)
{
	qsort(values, TURNS, sizeof(*values), by_value);
	return values[TURNS / 2];
}

static void print_header(const char *title)
{
	printf("\n**%s**\n\n| what | ns a lookup, median | fastest | median to the peer's |\n"
	       "|---|---:|---:|---:|\n",
	       title);
}

/*
 * All in turn, so that what else the machine does hits them alike. `peer_ns` 0:
 * the last row is the peer. Gives the peer's median.
 */
static double measure(struct table *table, struct measured *rows, size_t count, double peer_ns)
{
	for (size_t turn = 0; turn < TURNS; turn++) {
		for (size_t i = 0; i < count; i++) {
			double begin = now_ns();

			table->sum += rows[i].pass(table);
			rows[i].ns[turn] = (now_ns() - begin) / rows[i].count;
		}
	}
	if (peer_ns == 0)
		peer_ns = median(rows[count - 1].ns);
	for (size_t i = 0; i < count; i++) {
		double middle = median(rows[i].ns);

		printf("| %s | %.0f | %.0f | %.1fx |\n", rows[i].what, middle, rows[i].ns[0],
		       middle / peer_ns);
	}
	return peer_ns;
}

/* Names. */

static void random_label(GRand *rand, char *text, unsigned letters)
{
	for (unsigned i = 0; i < letters; i++)
		text[i] = (char)('a' + g_rand_int_range(rand, 0, 26));
	text[letters] = '\0';
}

static void make_names(struct table *table)
{
	static const char *const ENDS[] = {"com", "net", "org", "co.uk", "com.br"};
	char label[TEXT_BYTES];

	for (unsigned i = 0; i < DOMAINS; i++) {
		random_label(table->rand, label, (unsigned)g_rand_int_range(table->rand, 5, 16));
		g_snprintf(table->domains[i], TEXT_BYTES, "%s.%s", label,
			   ENDS[i % G_N_ELEMENTS(ENDS)]);
		g_hash_table_add(table->whole, table->domains[i]);
	}
	for (unsigned i = 0; i < QUERIES; i++) {
		const char *domain = table->domains[g_rand_int_range(table->rand, 0, DOMAINS)];

		random_label(table->rand, label, (unsigned)g_rand_int_range(table->rand, 3, 12));
		/* One in two is below a domain, by one label or by two. */
		g_snprintf(table->names[i], TEXT_BYTES, i % 4 == 0 ? "www.%s.%s" : "%s.%s", label,
			   i % 2 ? "some-other-name.com" : domain);
	}
}

static void add_rule(struct table *table, unsigned service, enum st_rule_kind kind,
		     const char *text)
{
	char id[16];

	g_snprintf(id, sizeof(id), "s%u", service % SERVICES);
	if (!st_signatures_find(table->signatures, id))
		st_signatures_add_service(table->signatures, id, NULL);
	if (st_signatures_add_rule(table->signatures, id, kind, text) != ST_OK)
		g_error("%s is refused", text);
}

static size_t match_names(struct table *table)
{
	struct st_service_match matches[ST_MATCHES_MAX];
	size_t found = 0;

	for (unsigned i = 0; i < QUERIES; i++)
		found += st_signatures_match_name(table->signatures, table->names[i], matches,
						  ST_MATCHES_MAX);
	return found;
}

static size_t find_whole(struct table *table)
{
	size_t found = 0;

	for (unsigned i = 0; i < QUERIES; i++)
		found += g_hash_table_contains(table->whole, table->names[i]) ? 1 : 0;
	return found;
}

static size_t scan_names(struct table *table)
{
	size_t found = 0;

	for (unsigned i = 0; i < LINEAR_QUERIES; i++) {
		for (unsigned k = 0; k < DOMAINS; k++)
			found += g_str_has_suffix(table->names[i], table->domains[k]) ? 1 : 0;
	}
	return found;
}

static void add_expressions(struct table *table)
{
	char text[TEXT_BYTES];

	for (unsigned i = 0; i < EXPRESSIONS; i++) {
		char *domain = g_regex_escape_string(table->domains[i], -1);

		g_snprintf(text, sizeof(text), "cdn[0-9]+-.*[.]%s", domain);
		add_rule(table, i, ST_RULE_REGEX, text);
		g_free(domain);
	}
}

static void bench_names(struct table *table)
{
	struct measured rows[] = {
		{"the database: 100,000 domains, each label asked for", match_names, QUERIES, {0}},
		{"linear scan, g_str_has_suffix", scan_names, LINEAR_QUERIES, {0}},
		{"the peer: GHashTable, only the whole name asked for", find_whole, QUERIES, {0}},
	};
	struct measured plain = {
		"the database, and 1,000 expressions with a plain end", match_names, QUERIES, {0}};
	struct measured others = {
		"the same, and 10 expressions without one", match_names, QUERIES, {0}};
	double peer_ns;

	print_header("A name");
	peer_ns = measure(table, rows, G_N_ELEMENTS(rows), 0);
	add_expressions(table);
	measure(table, &plain, 1, peer_ns);
	for (unsigned i = 0; i < 10; i++)
		add_rule(table, i, ST_RULE_REGEX, ".*(?:no|such)[0-9]{4}thing.*");
	measure(table, &others, 1, peer_ns);
}

/* Addresses. */

static struct st_addr random_addr(GRand *rand, uint8_t version)
{
	struct st_addr addr = {.version = version};

	for (size_t i = 0; i < st_addr_bytes(&addr); i++)
		addr.bytes[i] = (uint8_t)g_rand_int_range(rand, 0, 256);
	if (version == 6) {
		addr.bytes[0] = 0x2a;
		addr.bytes[1] &= 15;
	}
	return addr;
}

static uint32_t number_of(const struct st_addr *addr)
{
	return (uint32_t)addr->bytes[0] << 24 | (uint32_t)addr->bytes[1] << 16 |
	       (uint32_t)addr->bytes[2] << 8 | addr->bytes[3];
}

static int by_number(const void *a, const void *b)
{
	uint32_t first = *(const uint32_t *)a, second = *(const uint32_t *)b;

	return first < second ? -1 : first > second;
}

/* Three of four are IPv4; as many lie in one another as chance makes. */
static void make_prefixes(struct table *table)
{
	for (unsigned i = 0; i < PREFIXES; i++) {
		uint8_t version = i % 4 ? 4 : 6;
		struct st_addr addr = random_addr(table->rand, version);
		char text[TEXT_BYTES], addr_text[ST_ADDR_TEXT_BYTES];

		g_snprintf(text, sizeof(text), "%s/%d", st_addr_format(&addr, addr_text),
			   version == 4 ? g_rand_int_range(table->rand, 12, 29)
					: g_rand_int_range(table->rand, 29, 49));
		(void)st_prefix_parse(text, &table->prefixes[i]);
		g_snprintf(text, sizeof(text), "%s/%u",
			   st_addr_format(&table->prefixes[i].addr, addr_text),
			   table->prefixes[i].bits);
		add_rule(table, i, ST_RULE_PREFIX, text);
		table->starts[i] = g_rand_int(table->rand);
	}
	qsort(table->starts, PREFIXES, sizeof(*table->starts), by_number);
	for (unsigned i = 0; i < QUERIES; i++) {
		const struct st_prefix *prefix =
			&table->prefixes[g_rand_int_range(table->rand, 0, PREFIXES)];

		table->addrs[i] = random_addr(table->rand, prefix->addr.version);
		for (unsigned k = 0; i % 2 && k < (prefix->bits + 7u) / 8; k++)
			table->addrs[i].bytes[k] = prefix->addr.bytes[k];
	}
}

static size_t match_addrs(struct table *table)
{
	struct st_service_match matches[ST_MATCHES_MAX];
	size_t found = 0;

	for (unsigned i = 0; i < QUERIES; i++)
		found += st_signatures_match_address(table->signatures, &table->addrs[i], matches,
						     ST_MATCHES_MAX);
	return found;
}

static size_t scan_addrs(struct table *table)
{
	size_t found = 0;

	for (unsigned i = 0; i < LINEAR_QUERIES; i++) {
		for (unsigned k = 0; k < PREFIXES; k++)
			found += st_prefix_contains(&table->prefixes[k], &table->addrs[i]);
	}
	return found;
}

/* The range that holds the key: the start at or below it whose next is above. */
static int to_range(const void *key, const void *member)
{
	const uint32_t *start = member;
	uint32_t number = *(const uint32_t *)key;

	if (number < start[0])
		return -1;
	return number >= start[1];
}

static size_t search_addrs(struct table *table)
{
	size_t found = 0;

	for (unsigned i = 0; i < QUERIES; i++) {
		uint32_t number = number_of(&table->addrs[i]);

		found += bsearch(&number, table->starts, PREFIXES - 1, sizeof(*table->starts),
				 to_range) != NULL;
	}
	return found;
}

static void bench_addrs(struct table *table)
{
	struct measured rows[] = {
		{"the database: 20,000 prefixes, all that hold it", match_addrs, QUERIES, {0}},
		{"linear scan, st_prefix_contains", scan_addrs, LINEAR_QUERIES, {0}},
		{"the peer: bsearch, 20,000 ranges of IPv4 that do not overlap",
		 search_addrs,
		 QUERIES,
		 {0}},
	};

	print_header("An address");
	measure(table, rows, G_N_ELEMENTS(rows), 0);
}

/* Files. */

static void write_file(struct table *table, const char *path, unsigned number)
{
	GString *text = g_string_new(NULL);

	g_string_printf(text,
			"[Service]\nName=Service %u\nCategory=video\n"
			"Source=https://example.com/\nChecked=2026-11-22\nDomains=",
			number);
	for (unsigned i = 0; i < 20; i++)
		g_string_append_printf(text, "%s;", table->domains[(number * 20 + i) % DOMAINS]);
	g_string_append(text, "\nPrefixes=");
	for (unsigned i = 0; i < 10; i++)
		g_string_append_printf(text, "10.%u.%u.0/24;", number % 256, i);
	if (number % 4 == 0) /* about as often as in the real ones */
		g_string_append_printf(text, "\nDomainRegex=r[0-9]+-.*[.]%s\n",
				       table->domains[number]);
	g_file_set_contents(path, text->str, -1, NULL);
	g_string_free(text, TRUE);
}

static double read_keys_ns(const char *folder)
{
	double begin = now_ns();
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	while ((name = g_dir_read_name(dir))) {
		char *path = g_build_filename(folder, name, NULL);
		GKeyFile *keys = g_key_file_new();

		if (g_str_has_suffix(name, ".service"))
			g_key_file_load_from_file(keys, path, G_KEY_FILE_NONE, NULL);
		g_key_file_free(keys);
		g_free(path);
	}
	g_dir_close(dir);
	return now_ns() - begin;
}

static double load_ns(const char *folder, size_t *count)
{
	struct st_signatures *signatures = st_signatures_new();
	double begin = now_ns();

	if (st_signatures_load(signatures, folder) != ST_OK)
		g_error("%s", st_signatures_problem(signatures, 0)->text);
	begin = now_ns() - begin;
	*count = st_signatures_count(signatures);
	st_signatures_free(signatures);
	return begin;
}

static void bench_folder(const char *what, const char *folder)
{
	double loads[TURNS], keys[TURNS], middle;
	size_t count;

	for (unsigned turn = 0; turn < TURNS; turn++) {
		loads[turn] = load_ns(folder, &count) / 1e6;
		keys[turn] = read_keys_ns(folder) / 1e6;
	}
	middle = median(loads);
	printf("| %s | %zu | %.1f | %.1f | %.2fx |\n", what, count, middle, loads[0],
	       middle / median(keys));
}

static void bench_made_folder(struct table *table, unsigned count)
{
	char *folder = g_dir_make_tmp("bench-signatures-XXXXXX", NULL);
	char **paths = g_new0(char *, count + 1);

	for (unsigned i = 0; i < count; i++) {
		paths[i] = g_strdup_printf("%s/s%u.service", folder, i);
		write_file(table, paths[i], i);
	}
	bench_folder("20 domains, 10 prefixes a file, an expression in every fourth", folder);
	for (unsigned i = 0; i < count; i++)
		g_remove(paths[i]);
	g_rmdir(folder);
	g_strfreev(paths);
	g_free(folder);
}

static void fill(struct table *table)
{
	size_t before = bytes_in_use(), domains;

	for (unsigned i = 0; i < DOMAINS; i++)
		add_rule(table, i, ST_RULE_DOMAIN, table->domains[i]);
	domains = bytes_in_use() - before;
	make_prefixes(table);
	printf("**Memory**: 100,000 domains in 1,000 services %.1f MB (%zu bytes a domain); "
	       "20,000 prefixes %.1f MB more\n",
	       (double)domains / 1e6, domains / DOMAINS,
	       (double)(bytes_in_use() - before - domains) / 1e6);
}

int main(int argc, char **argv)
{
	struct table table = {
		.signatures = st_signatures_new(),
		.domains = calloc(DOMAINS, TEXT_BYTES),
		.names = calloc(QUERIES, TEXT_BYTES),
		.whole = g_hash_table_new(g_str_hash, g_str_equal),
		.prefixes = g_new0(struct st_prefix, PREFIXES),
		.addrs = g_new0(struct st_addr, QUERIES),
		.starts = g_new0(uint32_t, PREFIXES),
		.rand = g_rand_new_with_seed(1),
	};

	make_names(&table);
	fill(&table);
	bench_names(&table);
	bench_addrs(&table);
	printf("\n**A folder read**\n\n| folder | files | ms, median | fastest | median to "
	       "GKeyFile's alone |\n|---|---:|---:|---:|---:|\n");
	bench_made_folder(&table, 100);
	bench_made_folder(&table, 1000);
	if (argc > 1)
		bench_folder("the project's own", argv[1]);
	st_signatures_free(table.signatures);
	g_hash_table_destroy(table.whole);
	g_rand_free(table.rand);
	free(table.domains);
	free(table.names);
	g_free(table.prefixes);
	g_free(table.addrs);
	g_free(table.starts);
	return table.sum == 0; /* something was found */
}
