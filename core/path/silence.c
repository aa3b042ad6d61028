/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Probes without an answer, where others behind have answered: so packets get
 * through, and what is missing are answers. A hop may give none, or few; and if
 * those few come as from a token bucket, the router limits their rate. What the
 * path itself loses is missing at all hops behind it too: it is told from a
 * router's own reluctance by how unlikely the one is that kept less.
 */
#include <math.h>

#include "path/view.h"
#include "trace/trace.h"

/* Loss of the path would put as many of the losses to this hop less often than this. */
#define OWN_LOSS_CHANCE 0.01
/* Chance would put answers and losses in a limiter's order less often than this. */
#define LIMIT_CHANCE (1.0 / 80) /* 6 answers, then 3 losses: 1 of 84 */
/* Of so many probes at most the order is looked at. */
#define ORDER_MAX 1024

/* Logarithm of the number of ways to choose `k` of `n`. */
static double log_choose(unsigned n, unsigned k)
{
	double sum = 0;

	k = MIN(k, n - k);
	for (unsigned i = 1; i <= k; i++)
		sum += log((double)(n - k + i) / i);
	return sum;
}

/* Probes, and those of them without an answer. */
struct losses {
	unsigned sent, lost;
};

/*
 * The chance that of all losses so many or more are this hop's, if each probe is
 * as likely to be lost as any other (Fisher's exact test).
 */
static double chance_of(const struct losses *here, const struct losses *behind)
{
	unsigned sent = here->sent + behind->sent, lost = here->lost + behind->lost;
	double chance = 0, all = log_choose(sent, lost);

	for (unsigned k = here->lost; k <= MIN(lost, here->sent); k++) {
		if (lost - k <= behind->sent)
			chance += exp(log_choose(here->sent, k) +
				      log_choose(behind->sent, lost - k) - all);
	}
	return chance;
}

static struct losses losses_of(const struct path_hop *hop)
{
	unsigned sent = MAX(hop->hop->sent, hop->answered);

	return (struct losses){sent, sent - hop->answered};
}

/* All hops behind that answer at all. */
static struct losses losses_behind(const struct path_view *view, unsigned i)
{
	struct losses sum = {0};

	while (++i < view->count) {
		struct losses hop = losses_of(&view->hops[i]);

		if (hop.lost == hop.sent)
			continue;
		sum.sent += hop.sent;
		sum.lost += hop.lost;
	}
	return sum;
}

/* --- token buckets --- */

/* A bucket that is full with as many tokens as were had at once, and gets one each `interval`. */
struct bucket {
	uint64_t interval_ns;
	double room, tokens;
	uint64_t counted_ns;
};

/* Limits that routers are known to have: Linux; others' by default. */
static const uint64_t intervals_ns[] = {ST_NS_PER_S, 500 * ST_NS_PER_MS, 100 * ST_NS_PER_MS};

static bool take_token(struct bucket *bucket, uint64_t stamp_ns)
{
	double more = (double)(stamp_ns - bucket->counted_ns) / (double)bucket->interval_ns;

	bucket->tokens = MIN(bucket->room, bucket->tokens + more);
	bucket->counted_ns = stamp_ns;
	if (bucket->tokens < 1)
		return false;
	bucket->tokens--;
	return true;
}

static unsigned answered_first(const struct st_hop *hop)
{
	unsigned count = 0;

	while (count < hop->sent && hop->probes[count].replies)
		count++;
	return count;
}

/* Would this bucket, full at first, have answered the same probes? */
static bool fits(const struct st_hop *hop, uint64_t interval_ns, unsigned room)
{
	struct bucket bucket = {interval_ns, room, room, hop->probes[0].stamp_ns};

	for (unsigned i = 0; i < hop->sent; i++) {
		const struct st_sent *probe = &hop->probes[i];

		if (probe->stamp_ns < bucket.counted_ns ||
		    take_token(&bucket, probe->stamp_ns) != (probe->replies > 0))
			return false;
	}
	return true;
}

/* Tokens come in while the first are spent: the room is as many as were answered first, or less. */
static bool fits_some_room(const struct st_hop *hop, uint64_t interval_ns, unsigned first)
{
	for (unsigned room = first; room > 0; room--) {
		if (fits(hop, interval_ns, room))
			return true;
	}
	return false;
}

/* First answers, then losses, and none again: whatever the interval is. */
static bool is_one_burst(const struct path_hop *hop, unsigned first)
{
	return first == hop->answered;
}

/* The chance of an order that a bucket makes too; 1 if none does. */
static double chance_of_order(const struct path_hop *hop)
{
	const struct st_hop *probed = hop->hop;
	unsigned first, tried = G_N_ELEMENTS(intervals_ns);

	if (!probed->probes || probed->sent > ORDER_MAX || !probed->probes[0].stamp_ns)
		return 1;
	first = answered_first(probed);
	for (size_t i = 0; i < G_N_ELEMENTS(intervals_ns); i++) {
		if (fits_some_room(probed, intervals_ns[i], first))
			return (is_one_burst(hop, first) ? 1 : tried) *
			       exp(-log_choose(probed->sent, hop->answered));
	}
	return 1;
}

/* --- notes --- */

static void note_silent(const struct path_view *view)
{
	struct path_ttls ttls = {0};
	char *hops;

	for (unsigned i = 0; i < view->count; i++) {
		const struct path_hop *hop = &view->hops[i];

		if (hop->hop->sent && !hop->answered && path_is_answered_behind(view, i))
			path_ttls_add(&ttls, hop->ttl);
	}
	if (ttls.count == 0)
		return;
	hops = path_hops_text(&ttls);
	trace_result_note(view->trace, "silent", ttls.ttls[0],
			  "%s did not answer, while others behind did: packets get through", hops);
	g_free(hops);
}

static void examine_few(const struct path_view *view, unsigned i)
{
	const struct path_hop *hop = &view->hops[i];
	struct losses here = losses_of(hop), behind = losses_behind(view, i);

	if (here.lost == 0 || here.lost == here.sent || behind.sent == 0 ||
	    chance_of(&here, &behind) > OWN_LOSS_CHANCE)
		return;
	if (chance_of_order(hop) <= LIMIT_CHANCE)
		trace_result_note(
			view->trace, "rate-limited", hop->ttl,
			"this hop answered %u of %u probes, in the order of a rate limit: "
			"the first ones, then as time allows; hops behind answered more, so "
			"this is no loss",
			hop->answered, here.sent);
	else
		trace_result_note(
			view->trace, "few-answers", hop->ttl,
			"this hop answered %u of %u probes, hops behind answered more: it "
			"is answers that are missing, this is no loss of the path",
			hop->answered, here.sent);
}

void path_examine_silence(const struct path_view *view)
{
	note_silent(view);
	for (unsigned i = 0; i < view->count; i++)
		examine_few(view, i);
}
