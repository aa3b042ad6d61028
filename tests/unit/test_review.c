/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A review tells how things stand and changes nothing; frames that repeat others are told. */
#include "session_lab.h"

/* The next event of this type; it lives until the next call. */
static bool next_of(struct lab *lab, enum st_event_type type, struct st_event *event)
{
	while (st_tracer_poll_event(lab->tracer, event) == ST_OK) {
		if (event->type == type)
			return true;
	}
	return false;
}

static void shoot_hops(struct lab *lab, unsigned first, unsigned last, unsigned silent)
{
	for (unsigned i = first; i < last; i++) {
		struct shot shot = rising(i, 1);

		shoot(lab, &shot);
		if (shot.ttl != silent)
			expire(lab, &shot, ROUTER(shot.ttl));
	}
}

static void test_goes_on(void)
{
	struct lab lab = watch();
	struct st_event event;

	shoot_hops(&lab, 0, 3, 2);
	st_tracer_review(lab.tracer, lab.now);
	g_assert_true(next_of(&lab, ST_EVENT_TRACE_SO_FAR, &event));
	assert_hops(event.result, "1:1/1 2:1/0 3:1/1");
	g_assert_cmpint(event.result->stop_reason, ==, ST_STOP_END_OF_CAPTURE);
	g_assert_false(next_of(&lab, ST_EVENT_TRACE_SO_FAR, &event));

	shoot_hops(&lab, 3, 5, 0);
	st_tracer_review(lab.tracer, lab.now);
	g_assert_true(next_of(&lab, ST_EVENT_TRACE_SO_FAR, &event));
	assert_hops(event.result, "1:1/1 2:1/0 3:1/1 4:1/1 5:1/1");
	g_assert_cmpuint(event.trace, ==, 1);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->traces_ended, ==, 0);
	assert_only(&lab, "1:1/1 2:1/0 3:1/1 4:1/1 5:1/1");
}

/* An error is kept for a while, in case its probe comes later in the file. */
static void test_decides(void)
{
	struct lab lab = watch();
	struct shot late = rising(2, 1);
	struct st_event event;

	shoot_hops(&lab, 0, 2, 2);
	expire(&lab, &late, ROUTER(3)); /* of a probe that is not in the file */
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->errors_unmatched, ==, 0);
	st_tracer_review(lab.tracer, lab.now);
	g_assert_cmpuint(st_tracer_stats(lab.tracer)->errors_unmatched, ==, 1);
	g_assert_true(next_of(&lab, ST_EVENT_TRACE_SO_FAR, &event));
	assert_hops(event.result, "1:1/1 2:1/0");
	end(&lab);
	st_tracer_free(lab.tracer);
}

/* In a capture that is in order another checksum alone is no reason to wait for a better probe. */
static void test_at_once(void)
{
	struct lab lab = watch();
	struct shot shot = rising(0, 1), quoted = shot;
	struct st_event event;

	quoted.checksum++;
	shoot(&lab, &shot);
	expire(&lab, &quoted, ROUTER(1));
	g_assert_true(next_of(&lab, ST_EVENT_REPLY, &event));
	assert_only(&lab, "1:1/1");
}

static void assert_copy(struct lab *lab, unsigned ttl, unsigned index)
{
	struct st_event event;

	g_assert_true(next_of(lab, ST_EVENT_COPY, &event));
	g_assert_cmpuint(event.ttl, ==, ttl);
	g_assert_cmpuint(event.index, ==, index);
	g_assert_cmpuint(event.trace, ==, 1);
}

/* Everything is in the capture twice: what comes before the proof, and what comes behind. */
static void test_copies(void)
{
	struct lab lab = watch();
	struct st_event event;

	for (unsigned i = 0; i < 3; i++) {
		struct shot shot = rising(i, 1);

		shoot(&lab, &shot);
		shoot(&lab, &shot);
	}
	for (unsigned i = 0; i < 3; i++) {
		struct shot shot = rising(i, 1);

		expire(&lab, &shot, ROUTER(shot.ttl));
		expire(&lab, &shot, ROUTER(shot.ttl));
	}
	for (unsigned ttl = 1; ttl <= 3; ttl++)
		assert_copy(&lab, ttl, 1); /* of the probes, when they are told */
	for (unsigned ttl = 1; ttl <= 3; ttl++)
		assert_copy(&lab, ttl, 1); /* of the replies */
	g_assert_false(next_of(&lab, ST_EVENT_COPY, &event));
	assert_only(&lab, "1:1/1 2:1/1 3:1/1");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/review/goes-on", test_goes_on);
	g_test_add_func("/review/decides", test_decides);
	g_test_add_func("/review/at-once", test_at_once);
	g_test_add_func("/review/copies", test_copies);
	return g_test_run();
}
