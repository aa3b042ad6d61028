/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports held back for the names of their routers. The cache of names is the
 * real one, the resolver behind it is the test's: nobody is asked.
 */
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#include "held.h"
#include "reverse.h"

#define S ST_NS_PER_S
#define START (100 * S)

/* Stands in for reverse.c. */
struct reverse {
	GPtrArray *questions; /* char *: addresses as text */
	GQueue answers;	      /* struct reverse_answer * */
	bool is_full;
};

static struct reverse *resolver; /* the one made last */

struct reverse *reverse_new(void)
{
	resolver = g_new0(struct reverse, 1);
	resolver->questions = g_ptr_array_new_with_free_func(g_free);
	return resolver;
}

void reverse_free(struct reverse *reverse)
{
	if (reverse == NULL)
		return;
	g_ptr_array_unref(reverse->questions);
	g_assert_true(g_queue_is_empty(&reverse->answers));
	g_free(reverse);
}

bool reverse_ask(struct reverse *reverse, const struct st_addr *addr)
{
	char text[ST_ADDR_TEXT_BYTES];

	if (!reverse->is_full)
		g_ptr_array_add(reverse->questions, g_strdup(st_addr_format(addr, text)));
	return !reverse->is_full;
}

bool reverse_take(struct reverse *reverse, struct reverse_answer *answer)
{
	struct reverse_answer *first = g_queue_pop_head(&reverse->answers);

	if (first == NULL)
		return false;
	*answer = *first;
	g_free(first);
	return true;
}

int reverse_fd(G_GNUC_UNUSED const struct reverse *reverse)
{
	return -1;
}

static struct st_addr addr_of(const char *text)
{
	struct st_addr addr;

	g_assert_cmpint(st_addr_parse(text, &addr), ==, ST_OK);
	return addr;
}

static void answer(const char *addr, const char *name, bool is_silent)
{
	struct reverse_answer *made = g_new0(struct reverse_answer, 1);

	*made = (struct reverse_answer){
		.addr = addr_of(addr), .name = g_strdup(name), .is_silent = is_silent};
	g_queue_push_tail(&resolver->answers, made);
}

struct lab {
	struct routers *routers;
	struct held *held;
};

static struct lab make_lab(void)
{
	struct lab lab = {.routers = routers_new(true, NULL)};

	lab.held = held_new(lab.routers);
	return lab;
}

static void free_lab(struct lab *lab)
{
	held_free(lab->held);
	routers_free(lab->routers);
}

/* Adds a trace with this number and these routers, one a hop. */
static void hold(struct lab *lab, uint64_t now, uint64_t number, const char *const *routers)
{
	struct st_reply replies[8] = {0};
	struct st_hop hops[8] = {0};
	struct st_trace trace = {.number = number, .hops = hops};

	for (; routers[trace.hop_count] != NULL; trace.hop_count++) {
		struct st_reply *reply = &replies[trace.hop_count];

		reply->address = addr_of(routers[trace.hop_count]);
		hops[trace.hop_count] = (struct st_hop){
			.ttl = (uint8_t)(trace.hop_count + 1), .reply_count = 1, .replies = reply};
	}
	g_assert_false(held_is_named(lab->held, now, &trace));
	held_add_trace(lab->held, now, &trace);
}

/* The number of the trace that comes out now; 0: none does. */
static uint64_t take(struct lab *lab, uint64_t now)
{
	struct held_report report;

	if (!held_take(lab->held, now, &report))
		return 0;
	g_assert_nonnull(report.trace);
	uint64_t number = report.trace->number;
	st_trace_free(report.trace);
	return number;
}

static const char *name_of(struct lab *lab, const char *text)
{
	struct st_addr addr = addr_of(text);
	struct st_router router;

	return routers_look(lab->routers, &addr, &router) ? router.name : NULL;
}

static void test_until_all_are_named(void)
{
	struct lab lab = make_lab();

	hold(&lab, START, 1, (const char *const[]){"10.0.0.1", "2001:db8::1", NULL});
	g_assert_cmpuint(take(&lab, START), ==, 0);
	answer("10.0.0.1", "gw.example", false);
	g_assert_cmpuint(take(&lab, START), ==, 0);
	answer("2001:db8::1", NULL, false);
	g_assert_cmpuint(take(&lab, START), ==, 1);
	g_assert_true(held_is_empty(lab.held));
	g_assert_cmpstr(name_of(&lab, "10.0.0.1"), ==, "gw.example");
	g_assert_null(name_of(&lab, "2001:db8::1"));
	g_assert_null(name_of(&lab, "10.0.0.2"));
	free_lab(&lab);
}

static void test_each_is_asked_once(void)
{
	struct lab lab = make_lab();
	struct st_addr addr = addr_of("10.0.0.1");

	routers_ask(lab.routers, START, &addr);
	routers_ask(lab.routers, START, &addr);
	g_assert_cmpuint(resolver->questions->len, ==, 1);
	answer("10.0.0.1", NULL, false);
	routers_take(lab.routers, START);
	routers_ask(lab.routers, START + 3600 * S, &addr);
	g_assert_cmpuint(resolver->questions->len, ==, 1);
	free_lab(&lab);
}

static void test_silence_is_asked_again(void)
{
	struct lab lab = make_lab();
	struct st_addr addr = addr_of("10.0.0.1");

	routers_ask(lab.routers, START, &addr);
	answer("10.0.0.1", NULL, true);
	routers_take(lab.routers, START);
	g_assert_true(routers_is_settled(lab.routers, &addr));
	routers_ask(lab.routers, START + 59 * S, &addr);
	g_assert_cmpuint(resolver->questions->len, ==, 1);
	routers_ask(lab.routers, START + 60 * S, &addr);
	g_assert_cmpuint(resolver->questions->len, ==, 2);
	g_assert_false(routers_is_settled(lab.routers, &addr));
	answer("10.0.0.1", "gw.example", false);
	routers_take(lab.routers, START + 61 * S);
	g_assert_cmpstr(name_of(&lab, "10.0.0.1"), ==, "gw.example");
	free_lab(&lab);
}

static void test_deadline(void)
{
	struct lab lab = make_lab();

	g_assert_cmpuint(held_due(lab.held), ==, ST_NEVER);
	hold(&lab, START, 1, (const char *const[]){"10.0.0.1", NULL});
	g_assert_cmpuint(held_due(lab.held), ==, START + HELD_WAIT_NS);
	g_assert_cmpuint(take(&lab, START + HELD_WAIT_NS - 1), ==, 0);
	g_assert_cmpuint(take(&lab, START + HELD_WAIT_NS), ==, 1);
	/* What comes then counts for the next. */
	answer("10.0.0.1", "gw.example", false);
	routers_take(lab.routers, START + 3 * S);
	g_assert_cmpstr(name_of(&lab, "10.0.0.1"), ==, "gw.example");
	free_lab(&lab);
}

static void test_answers_give_hope(void)
{
	struct lab lab = make_lab();
	const char *const routers[] = {"10.0.0.1", "10.0.0.2", "10.0.0.3", NULL};

	hold(&lab, START, 1, routers);
	answer("10.0.0.1", "one.example", false);
	g_assert_cmpuint(take(&lab, START + S), ==, 0);
	g_assert_cmpuint(held_due(lab.held), ==, START + 3 * S);
	/* That nobody answers is no answer. */
	answer("10.0.0.2", NULL, true);
	g_assert_cmpuint(take(&lab, START + 2 * S), ==, 0);
	g_assert_cmpuint(held_due(lab.held), ==, START + 3 * S);
	/* Nor is there hope without end: others' names. */
	for (unsigned second = 2; second < 10; second++) {
		answer("10.9.9.9", NULL, false);
		g_assert_cmpuint(take(&lab, START + second * S), ==, 0);
	}
	g_assert_cmpuint(take(&lab, START + HELD_WAIT_MAX_NS), ==, 1);
	free_lab(&lab);
}

static void test_in_order(void)
{
	struct lab lab = make_lab();
	struct held_report report;

	hold(&lab, START, 1, (const char *const[]){"10.0.0.1", NULL});
	hold(&lab, START + S, 2, (const char *const[]){"10.0.0.2", NULL});
	held_add_text(lab.held, strdup("a flow"));
	answer("10.0.0.2", "two.example", false);
	g_assert_cmpuint(take(&lab, START + S), ==, 0);
	answer("10.0.0.1", "one.example", false);
	g_assert_cmpuint(take(&lab, START + S), ==, 1);
	g_assert_cmpuint(take(&lab, START + S), ==, 2);
	g_assert_true(held_take(lab.held, START + S, &report));
	g_assert_cmpstr(report.text, ==, "a flow");
	free(report.text);
	g_assert_false(held_take(lab.held, START + S, &report));
	free_lab(&lab);
}

static void test_what_is_left_is_freed(void)
{
	struct lab lab = make_lab();

	hold(&lab, START, 1, (const char *const[]){"10.0.0.1", NULL});
	held_add_text(lab.held, strdup("a flow"));
	free_lab(&lab);
}

static void test_full_resolver(void)
{
	struct lab lab = make_lab();
	struct st_addr addr = addr_of("10.0.0.1");

	resolver->is_full = true;
	routers_ask(lab.routers, START, &addr);
	g_assert_true(routers_is_settled(lab.routers, &addr));
	resolver->is_full = false;
	routers_ask(lab.routers, START + S, &addr);
	g_assert_cmpuint(resolver->questions->len, ==, 0);
	routers_ask(lab.routers, START + 61 * S, &addr);
	g_assert_cmpuint(resolver->questions->len, ==, 1);
	free_lab(&lab);
}

/* The oldest leaves; its answer, when it comes, finds nobody. */
static void test_full_cache(void)
{
	struct lab lab = make_lab();

	for (unsigned i = 0; i <= 16384; i++) {
		g_autofree char *text = g_strdup_printf("10.1.%u.%u", i >> 8, i & 255);
		struct st_addr addr = addr_of(text);

		routers_ask(lab.routers, START, &addr);
	}
	answer("10.1.0.0", "first.example", false);
	answer("10.1.0.1", "second.example", false);
	routers_take(lab.routers, START);
	g_assert_null(name_of(&lab, "10.1.0.0"));
	g_assert_cmpstr(name_of(&lab, "10.1.0.1"), ==, "second.example");
	free_lab(&lab);
}

static void test_without_names(void)
{
	struct st_addr addr = addr_of("10.0.0.1");
	struct routers *routers = routers_new(false, NULL);
	struct st_router router;

	routers_ask(routers, START, &addr);
	g_assert_true(routers_is_settled(routers, &addr));
	g_assert_false(routers_look(routers, &addr, &router));
	g_assert_cmpint(routers_fd(routers), ==, -1);
	routers_free(routers);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/held/until-all-are-named", test_until_all_are_named);
	g_test_add_func("/held/deadline", test_deadline);
	g_test_add_func("/held/answers-give-hope", test_answers_give_hope);
	g_test_add_func("/held/in-order", test_in_order);
	g_test_add_func("/held/what-is-left-is-freed", test_what_is_left_is_freed);
	g_test_add_func("/routers/each-is-asked-once", test_each_is_asked_once);
	g_test_add_func("/routers/silence-is-asked-again", test_silence_is_asked_again);
	g_test_add_func("/routers/full-resolver", test_full_resolver);
	g_test_add_func("/routers/full-cache", test_full_cache);
	g_test_add_func("/routers/without-names", test_without_names);
	return g_test_run();
}
