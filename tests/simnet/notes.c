/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reasons are looked for without the rules by which the tracer finds its notes:
 * a note of a loop needs routers that can come up twice, and so on.
 */
#include "notes.h"

#include "rules.h"

#include <string.h>

#define BAND_NS (100 * ST_NS_PER_MS)

/* What the simulation knows of the answers at one TTL. */
struct seen {
	unsigned answers, altered, labels, raised, slow;
	unsigned sent;
	bool several;
	struct st_addr router;
};

struct reasons {
	const struct scenario *scenario;
	struct seen seen[256]; /* by TTL */
	unsigned highest;      /* TTL with an answer */
};

static void see_answer(struct reasons *reasons, const struct sent_probe *probe,
		       const struct answer *answer)
{
	struct seen *seen = &reasons->seen[probe->ttl];

	if (seen->answers++ == 0)
		seen->router = answer->router;
	seen->several |= !st_addr_equal(&seen->router, &answer->router);
	seen->altered += answer->altered != 0;
	seen->labels += answer->label_count > 0;
	seen->raised +=
		answer->quoted_ttl > 1 || (answer->label_count > 0 && answer->labels[0].ttl > 1);
	seen->slow += answer->arrives_ns - probe->sent_ns > BAND_NS;
	reasons->highest = MAX(reasons->highest, probe->ttl);
}

static void see_all(struct reasons *reasons, const struct ledger *l)
{
	for (size_t i = 0; i < l->places->len; i++) {
		const struct sent_probe *probe = ledger_probe(l, i);
		GPtrArray *answers = ledger_answers(l, i);

		reasons->seen[probe->ttl].sent++;
		for (size_t j = 0; j < answers->len; j++)
			see_answer(reasons, probe, answers->pdata[j]);
		g_ptr_array_unref(answers);
	}
}

/* --- what the scenario holds --- */

typedef bool (*hop_test)(const struct sim_hop *hop);

static bool any_hop(const struct scenario *s, hop_test test)
{
	bool any = false;

	for (size_t i = 0; i < s->hop_count; i++)
		any |= test(&s->hops[i]);
	return any;
}

static bool is_lossy(const struct sim_link *link)
{
	return link->loss > 0 || link->bandwidth_bps > 0;
}

static bool loses_packets(const struct sim_hop *hop)
{
	return is_lossy(&hop->link);
}

static bool half_restores(const struct sim_hop *hop)
{
	return hop->nat == NAT_HALF_RESTORING;
}

static bool alters_checksums(const struct sim_hop *hop)
{
	return hop->quoted_udp_checksum != FIELD_KEPT;
}

static bool spreads(const struct sim_hop *hop)
{
	return hop->routers > 1;
}

static bool spreads_packets(const struct sim_hop *hop)
{
	return hop->routers > 1 && hop->balance == BALANCE_PACKET;
}

static bool forwards_zero(const struct sim_hop *hop)
{
	return hop->forwards_zero;
}

static bool loops(const struct sim_hop *hop)
{
	return hop->loops_to || hop->answers_from[V4].version || hop->answers_from[V6].version;
}

/* More than one: a router that is met at distances not next to each other. */
static bool detours_far(const struct sim_hop *hop)
{
	return hop->detour > 1;
}

static bool counts_otherwise(const struct sim_hop *hop)
{
	return hop->decrement_back != AS_SENT || hop->detour > 0 ||
	       (hop->reply_ttl != 64 && hop->reply_ttl != 255);
}

/* By its own doing, or since what it quotes is not readable. */
static bool withholds_answers(const struct sim_hop *hop)
{
	return hop->answer_loss > 0 || hop->answer_rate > 0 || hop->silent ||
	       hop->drop != DROP_NOTHING || hop->quote_bytes < 8 ||
	       hop->quoted_ip_id != FIELD_KEPT || hop->quoted_udp_length != FIELD_KEPT ||
	       alters_checksums(hop);
}

static bool limits_answers(const struct sim_hop *hop)
{
	return hop->answer_rate > 0;
}

static bool loses_answers(const struct sim_hop *hop)
{
	return hop->answer_loss > 0;
}

/* --- reasons, kind by kind --- */

/* All that answers from there on does so altered, but for values that happen to be the sent ones.
 */
static bool is_rewritten(const struct reasons *r, unsigned ttl)
{
	unsigned hops = 0;
	bool all = true;

	for (; ttl < 256; ttl++) {
		hops += r->seen[ttl].answers > 0;
		all &= 2 * r->seen[ttl].altered >= r->seen[ttl].answers;
	}
	return all && hops > 1;
}

static bool is_odd(const struct reasons *r, unsigned ttl)
{
	return r->seen[ttl].altered > 0;
}

static bool is_nat_suspected(const struct reasons *r, unsigned ttl)
{
	return is_rewritten(r, ttl) &&
	       (any_hop(r->scenario, half_restores) || any_hop(r->scenario, alters_checksums));
}

static bool is_labelled(const struct reasons *r, unsigned ttl)
{
	return r->seen[ttl].labels > 0;
}

static bool is_raised(const struct reasons *r, unsigned ttl)
{
	return r->seen[ttl].raised > 0;
}

static bool is_several(const struct reasons *r, unsigned ttl)
{
	return r->seen[ttl].several &&
	       (any_hop(r->scenario, spreads) || r->scenario->change_count > 0);
}

static bool is_zero_forwarded(const struct reasons *r, unsigned ttl)
{
	return ttl < 255 && any_hop(r->scenario, forwards_zero) &&
	       st_addr_equal(&r->seen[ttl].router, &r->seen[ttl + 1].router);
}

static bool is_loop(const struct reasons *r, unsigned ttl)
{
	const struct scenario *s = r->scenario;

	(void)ttl;
	return any_hop(s, loops) || any_hop(s, detours_far) || s->change_count > 0;
}

static bool is_silent(const struct reasons *r, unsigned ttl)
{
	return r->seen[ttl].sent > 0 && r->seen[ttl].answers == 0 && r->highest > ttl;
}

/* What a lossy path does to a few probes can look like anything. */
static bool has_few_answers(const struct reasons *r, unsigned ttl)
{
	const struct scenario *s = r->scenario;

	return r->seen[ttl].answers < r->seen[ttl].sent &&
	       (any_hop(s, withholds_answers) || any_hop(s, loses_packets) ||
		is_lossy(&s->last_link) || s->change_count > 0);
}

static bool is_limited(const struct reasons *r, unsigned ttl)
{
	const struct scenario *s = r->scenario;

	return r->seen[ttl].answers < r->seen[ttl].sent &&
	       (any_hop(s, limits_answers) || any_hop(s, loses_answers) ||
		any_hop(s, loses_packets));
}

static bool is_asymmetric(const struct reasons *r, unsigned ttl)
{
	(void)ttl;
	return any_hop(r->scenario, counts_otherwise) || r->scenario->change_count > 0;
}

static bool is_changed(const struct reasons *r, unsigned ttl)
{
	(void)ttl;
	return any_hop(r->scenario, spreads_packets) || r->scenario->change_count > 0;
}

static bool is_slow(const struct reasons *r, unsigned ttl)
{
	bool all = true;

	for (; ttl < 256; ttl++)
		all &= r->seen[ttl].answers == 0 || r->seen[ttl].slow > 0;
	return all;
}

static const struct {
	const char *kind;
	bool (*has_reason)(const struct reasons *reasons, unsigned ttl);
} path_notes[] = {
	{"nat", is_odd},
	{"nat-suspected", is_nat_suspected},
	{"rewritten", is_rewritten},
	{"odd-quote", is_odd},
	{"mpls", is_labelled},
	{"hidden-tunnel", is_raised},
	{"several-routers", is_several},
	{"zero-ttl-forwarding", is_zero_forwarded},
	{"loop", is_loop},
	{"silent", is_silent},
	{"few-answers", has_few_answers},
	{"rate-limited", is_limited},
	{"asymmetry", is_asymmetric},
	{"path-change", is_changed},
	{"high-rtt", is_slow},
};

static void check_reasons(const struct ledger *l)
{
	const struct st_trace *trace = &l->outcome->trace;
	struct reasons *reasons = g_new0(struct reasons, 1);

	reasons->scenario = l->simnet->scenario;
	see_all(reasons, l);
	for (size_t i = 0; i < trace->note_count; i++) {
		const struct st_note *note = &trace->notes[i];

		for (size_t j = 0; j < G_N_ELEMENTS(path_notes); j++)
			if (g_str_equal(path_notes[j].kind, note->kind) &&
			    !path_notes[j].has_reason(reasons, note->ttl))
				finding(l->findings, "%s: notes %s at %u without a reason: %s",
					l->name, note->kind, note->ttl, note->detail);
	}
	g_free(reasons);
}

/* --- listed ones --- */

static bool is_of_the_path(const struct st_note *note)
{
	for (size_t i = 0; i < G_N_ELEMENTS(path_notes); i++)
		if (g_str_equal(path_notes[i].kind, note->kind))
			return true;
	return false;
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* "mpls 2, silent 4", in the order of the alphabet; "none". */
static char *sorted_text(GPtrArray *words)
{
	char *text;

	g_ptr_array_sort(words, by_text);
	g_ptr_array_add(words, NULL);
	text = g_strjoinv(", ", (char **)words->pdata);
	return *text ? text : (g_free(text), g_strdup("none"));
}

static char *noted_text(const struct st_trace *trace)
{
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
	char *text;

	for (size_t i = 0; i < trace->note_count; i++)
		if (is_of_the_path(&trace->notes[i]))
			g_ptr_array_add(words, g_strdup_printf("%s %u", trace->notes[i].kind,
							       trace->notes[i].ttl));
	text = sorted_text(words);
	g_ptr_array_unref(words);
	return text;
}

static char *listed_text(const char *list)
{
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);
	char **split = g_strsplit(list, ",", -1), *text;

	for (size_t i = 0; split[i]; i++)
		g_ptr_array_add(words, g_strdup(g_strstrip(split[i])));
	g_strfreev(split);
	text = sorted_text(words);
	g_ptr_array_unref(words);
	return text;
}

static bool is_later(const struct ledger *l)
{
	const struct st_trace *trace = &l->outcome->trace;

	for (size_t i = 0; i < l->simnet->outcomes->len; i++) {
		const struct outcome *other = l->simnet->outcomes->pdata[i];

		if (other->trace.flow_id == trace->flow_id && other->trace.number < trace->number)
			return true;
	}
	return false;
}

static void check_list(const struct ledger *l)
{
	const struct sim_expect *expect = &l->simnet->scenario->expect;
	const char *list =
		is_later(l) && *expect->later_notes ? expect->later_notes : expect->notes;
	char *wanted, *noted;

	if (!*list || l->places->len == 0)
		return;
	wanted = listed_text(list);
	noted = noted_text(&l->outcome->trace);
	if (!g_str_equal(wanted, noted))
		finding(l->findings, "%s: notes %s, should note %s", l->name, noted, wanted);
	g_free(wanted);
	g_free(noted);
}

void notes_check(const struct ledger *l)
{
	check_reasons(l);
	check_list(l);
}
