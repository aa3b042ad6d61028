/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names against a plain list of everything that was said, and the bounds one by one. */
#include "service/names.h"

#include <string.h>

#define MODEL_MAX 4096
#define TURNS 4000

/* Everything that was said, each once; what expired stays in the list. */
struct said {
	struct st_addr client, addr;
	const char *hosts[2];
	unsigned host_count;
	uint64_t expires_ns, number;
};

struct model {
	struct said said[MODEL_MAX];
	unsigned count;
	uint64_t numbers;
};

static struct st_addr address(const char *text)
{
	struct st_addr addr = {0};

	g_assert_cmpint(st_addr_parse(text, &addr), ==, ST_OK);
	return addr;
}

static struct st_addr numbered(uint32_t number)
{
	struct st_addr addr = {.version = 4};

	for (unsigned i = 0; i < 4; i++)
		addr.bytes[i] = (uint8_t)(number >> (24 - 8 * i));
	return addr;
}

static void learn(struct names *names, const char *client, const char *addr, const char *host,
		  uint32_t ttl_s, uint64_t now)
{
	struct st_addr from = client ? address(client) : (struct st_addr){0}, to = address(addr);

	names_learn(names, client ? &from : NULL, &to, &host, 1, ttl_s,
		    client ? ST_EVIDENCE_DNS : ST_EVIDENCE_OPTION, now);
}

/* The name of this first host, or NULL; `count` gets how many names there are. */
static const struct name *look(const struct names *names, const char *addr, const char *host,
			       uint64_t now, unsigned *count)
{
	struct st_addr to = address(addr);
	const struct name *found = NULL;

	*count = 0;
	for (const struct name *name = names_next(names, &to, now, NULL); name;
	     name = names_next(names, &to, now, name)) {
		++*count;
		g_assert_true(st_addr_equal(&name->addr, &to));
		if (strcmp(name->hosts[0], host) == 0)
			found = name;
	}
	return found;
}

static struct said *said_before(struct model *model, const struct said *said)
{
	for (unsigned i = 0; i < model->count; i++) {
		struct said *other = &model->said[i];

		if (st_addr_equal(&other->addr, &said->addr) &&
		    st_addr_equal(&other->client, &said->client) &&
		    other->host_count == said->host_count &&
		    strcmp(other->hosts[0], said->hosts[0]) == 0 &&
		    (said->host_count == 1 || strcmp(other->hosts[1], said->hosts[1]) == 0))
			return other;
	}
	return NULL;
}

static void model_learn(struct model *model, const struct said *said, uint64_t now)
{
	struct said *known = said_before(model, said);
	uint64_t before = known && known->expires_ns > now ? known->expires_ns : 0;

	if (!known) {
		g_assert_cmpuint(model->count, <, MODEL_MAX);
		known = &model->said[model->count++];
	}
	*known = *said;
	known->expires_ns = MAX(before, said->expires_ns);
	known->number = ++model->numbers;
}

/* Every name that the model has is found once, with its number and its expiry. */
static void check_addr(const struct names *names, struct model *model, const struct st_addr *addr,
		       uint64_t now)
{
	unsigned found = 0, expected = 0;

	for (const struct name *name = names_next(names, addr, now, NULL); name;
	     name = names_next(names, addr, now, name)) {
		struct said said = {.client = name->client,
				    .addr = name->addr,
				    .hosts = {name->hosts[0], name->hosts[name->host_count - 1]},
				    .host_count = name->host_count};
		const struct said *known = said_before(model, &said);

		g_assert_nonnull(known);
		g_assert_cmpuint(known->expires_ns, ==, name->expires_ns);
		g_assert_cmpuint(known->number, ==, name->number);
		found++;
	}
	for (unsigned i = 0; i < model->count; i++) {
		if (st_addr_equal(&model->said[i].addr, addr) && model->said[i].expires_ns > now)
			expected++;
	}
	g_assert_cmpuint(found, ==, expected);
}

static void test_against_model(void)
{
	static const char *const upper[] = {"A.Example", "B.EXAMPLE", "c.example"};
	static const char *const lower[] = {"a.example", "b.example", "c.example"};
	GRand *rand = g_rand_new_with_seed(5);
	struct names *names = names_new(11);
	struct model *model = g_new0(struct model, 1);
	uint64_t now = 1000;

	for (unsigned turn = 0; turn < TURNS; turn++) {
		unsigned one = g_rand_int(rand) % 3, other = g_rand_int(rand) % 3;
		uint32_t ttl_s = g_rand_int(rand) % 5000;
		const char *hosts[] = {upper[one], upper[other]};
		struct said said = {.client = numbered(g_rand_int(rand) % 3),
				    .addr = numbered(1000 + g_rand_int(rand) % 40),
				    .hosts = {lower[one], lower[other]},
				    .host_count = 1 + g_rand_int(rand) % 2};

		said.expires_ns = now + ttl_s * ST_NS_PER_S + NAMES_GRACE_NS;
		names_learn(names, &said.client, &said.addr, hosts, said.host_count, ttl_s,
			    ST_EVIDENCE_DNS, now);
		model_learn(model, &said, now);
		g_assert_cmpuint(names_generation(names), ==, model->numbers);
		check_addr(names, model, &said.addr, now);
		now += g_rand_int(rand) % 20 * ST_NS_PER_S;
		said.addr = numbered(1000 + g_rand_int(rand) % 40);
		check_addr(names, model, &said.addr, now);
	}
	g_assert_cmpuint(names_evicted(names), ==, 0);
	names_free(names);
	g_free(model);
	g_rand_free(rand);
}

static void test_life(void)
{
	struct names *names = names_new(1);
	uint64_t end = 50 + 300 * ST_NS_PER_S + NAMES_GRACE_NS;
	unsigned count;

	learn(names, "10.0.0.2", "192.0.2.1", "A.example", 300, 50);
	g_assert_nonnull(look(names, "192.0.2.1", "a.example", end - 1, &count));
	g_assert_null(look(names, "192.0.2.1", "a.example", end, &count));
	g_assert_null(look(names, "192.0.2.2", "a.example", 50, &count));
	/* A lower TTL does not take back what the first answer allowed. */
	learn(names, "10.0.0.2", "192.0.2.1", "a.example", 10, 60);
	g_assert_nonnull(look(names, "192.0.2.1", "a.example", end - 1, &count));
	g_assert_cmpuint(names_count(names), ==, 1);
	/* What is expired makes place by itself. */
	learn(names, "10.0.0.2", "192.0.2.2", "b.example", 10, end);
	g_assert_cmpuint(names_count(names), ==, 1);
	g_assert_cmpuint(names_evicted(names), ==, 0);
	/* A capture's clock may be anywhere. */
	learn(names, "10.0.0.2", "192.0.2.3", "c.example", UINT32_MAX, ST_NEVER - 2);
	g_assert_nonnull(look(names, "192.0.2.3", "c.example", ST_NEVER - 1, &count));
	names_free(names);
	names_free(NULL);
}

static void test_all_are_kept(void)
{
	static const char *const alias[] = {"a.example", "cdn.example"};
	struct names *names = names_new(1);
	struct st_addr client = address("10.0.0.2"), addr = address("2001:db8::1");
	unsigned count;

	learn(names, "10.0.0.2", "2001:db8::1", "a.example", 1, 1);
	learn(names, "10.0.0.3", "2001:db8::1", "a.example", 1, 2);
	learn(names, "10.0.0.2", "2001:db8::1", "b.example", 1, 3);
	learn(names, NULL, "2001:db8::1", "a.example", 1, 4);
	names_learn(names, &client, &addr, alias, 2, 1, ST_EVIDENCE_DNS, 5);
	g_assert_nonnull(look(names, "2001:db8::1", "b.example", 6, &count));
	g_assert_cmpuint(count, ==, 5);
	learn(names, NULL, "2001:db8::1", "A.EXAMPLE", 1, 6);
	g_assert_cmpuint(names_count(names), ==, 5);
	g_assert_cmpuint(names_generation(names), ==, 6);
	names_free(names);
}

/* The oldest leaves; what the program said only when there is nothing else. */
static void test_bound_of_an_address(void)
{
	struct names *names = names_new(1);
	char host[16];
	unsigned count;

	learn(names, NULL, "192.0.2.1", "told.example", 0, 0);
	for (unsigned i = 0; i < NAMES_PER_ADDR_MAX + 9; i++) {
		g_snprintf(host, sizeof(host), "h%u", i);
		learn(names, "10.0.0.2", "192.0.2.1", host, 60, i);
		learn(names, "10.0.0.2", "192.0.2.1", "h0", 60, i);
	}
	g_assert_nonnull(look(names, "192.0.2.1", "told.example", 99, &count));
	g_assert_cmpuint(count, ==, NAMES_PER_ADDR_MAX);
	g_assert_nonnull(look(names, "192.0.2.1", "h0", 99, &count));
	g_assert_null(look(names, "192.0.2.1", "h10", 99, &count));
	g_assert_nonnull(look(names, "192.0.2.1", "h11", 99, &count));
	g_assert_cmpuint(names_evicted(names), ==, 10);
	for (unsigned i = 0; i < NAMES_PER_ADDR_MAX; i++) {
		g_snprintf(host, sizeof(host), "t%u", i);
		learn(names, NULL, "192.0.2.1", host, 0, 100);
	}
	g_assert_null(look(names, "192.0.2.1", "told.example", 101, &count));
	g_assert_nonnull(look(names, "192.0.2.1", "t0", 101, &count));
	names_free(names);
}

static void test_bound_of_all(void)
{
	const char *host = "a.example";
	struct names *names = names_new(1);
	struct st_addr client = address("10.0.0.2");
	struct st_addr first = numbered(1), last = numbered(NAMES_MAX + 7);
	unsigned count;

	learn(names, NULL, "192.0.2.1", "told.example", 0, 0);
	for (uint32_t i = 0; i < NAMES_MAX + 7; i++) {
		struct st_addr addr = numbered(i + 1);

		names_learn(names, &client, &addr, &host, 1, 60, ST_EVIDENCE_DNS, i);
	}
	g_assert_cmpuint(names_count(names), ==, NAMES_MAX);
	g_assert_cmpuint(names_evicted(names), ==, 8);
	g_assert_null(names_next(names, &first, NAMES_MAX, NULL));
	g_assert_nonnull(names_next(names, &last, NAMES_MAX, NULL));
	g_assert_nonnull(look(names, "192.0.2.1", "told.example", NAMES_MAX, &count));
	/* What is expired goes first and is not counted. */
	learn(names, "10.0.0.2", "192.0.2.2", "b.example", 0, NAMES_MAX + 61 * 2 * NAMES_GRACE_NS);
	g_assert_cmpuint(names_count(names), ==, 2);
	g_assert_cmpuint(names_evicted(names), ==, 8);
	names_free(names);
}

static void test_bound_of_bytes(void)
{
	const char *hosts[NAMES_CHAIN_MAX];
	char *host = g_strnfill(253, 'x');
	struct names *names = names_new(1);
	struct st_addr client = address("10.0.0.2");
	size_t room = NAMES_BYTES_MAX / (NAMES_CHAIN_MAX * 254);

	for (unsigned i = 0; i < NAMES_CHAIN_MAX; i++)
		hosts[i] = host;
	for (uint32_t i = 0; i < room + 100; i++) {
		struct st_addr addr = numbered(i + 1);

		names_learn(names, &client, &addr, hosts, NAMES_CHAIN_MAX, 60, ST_EVIDENCE_DNS, i);
	}
	g_assert_cmpuint(names_count(names), <, room);
	g_assert_cmpuint(names_count(names), >, room * 9 / 10);
	g_assert_cmpuint(names_count(names) + names_evicted(names), ==, room + 100);
	names_free(names);
	g_free(host);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/names/against-model", test_against_model);
	g_test_add_func("/names/life", test_life);
	g_test_add_func("/names/all-are-kept", test_all_are_kept);
	g_test_add_func("/names/bound-of-an-address", test_bound_of_an_address);
	g_test_add_func("/names/bound-of-all", test_bound_of_all);
	g_test_add_func("/names/bound-of-bytes", test_bound_of_bytes);
	return g_test_run();
}
