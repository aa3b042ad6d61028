/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces against the path: what they say in sum of all their probes. Single
 * replies are ledger.c's, bounds and harm bounds.c's.
 */
#include "truth.h"

#define CAREFUL_TRIES 2 /* probes of a distance that could be an unknown application's */

#include "ledger.h"
#include "notes.h"

#include <inttypes.h>
#include <jansson.h>

uint64_t truth_round_trip_ns(const struct scenario *scenario, size_t ttl)
{
	uint64_t one_way = 0;

	for (size_t i = 0; i < ttl; i++)
		one_way += scenario->hops[i].link.delay_ns;
	return 2 * one_way;
}

static bool link_is_plain(const struct sim_link *link)
{
	return link->jitter_ns == 0 && link->reorder <= 0 && link->duplicate <= 0 &&
	       link->bandwidth_bps == 0;
}

bool truth_path_is_plain(const struct scenario *s)
{
	bool plain = s->change_count == 0 && link_is_plain(&s->last_link);

	for (size_t i = 0; i < s->hop_count; i++) {
		const struct sim_hop *hop = &s->hops[i];

		plain &= link_is_plain(&hop->link) && hop->decrement == 1 &&
			 hop->decrement_back == AS_SENT && !hop->loops_to && !hop->forwards_zero &&
			 hop->answer_delay_ns == 0 && hop->detour == 0 &&
			 hop->answers_from[V4].version == 0 && hop->answers_from[V6].version == 0;
	}
	return plain;
}

/* True if a border router cut this TTL off the report. */
static bool behind_border(const struct st_trace *trace, uint8_t ttl)
{
	return trace->stop_reason == ST_STOP_BORDER &&
	       (trace->hop_count == 0 || ttl > trace->hops[trace->hop_count - 1].ttl);
}

/* What the report must say in sum. */
struct tally {
	uint16_t sent[256], replies[256]; /* by TTL */
	uint64_t last_ns;		  /* of the last probe or reply reported */
};

static void check_probe(const struct ledger *l, size_t i, struct tally *tally)
{
	const struct sent_probe *probe = ledger_probe(l, i);
	uint16_t *replies = &tally->replies[probe->ttl];

	tally->sent[probe->ttl]++;
	if (behind_border(&l->outcome->trace, probe->ttl))
		return;
	tally->last_ns = MAX(tally->last_ns, probe->sent_ns);
	if (!find_hop(&l->outcome->trace, probe->ttl))
		finding(l->findings, "%s: TTL %u is missing", l->name, probe->ttl);
	if (probe->index != tally->sent[probe->ttl])
		finding(l->findings, "%s: TTL %u, probe %u has index %u", l->name, probe->ttl,
			tally->sent[probe->ttl], probe->index);
	*replies = (uint16_t)(*replies + ledger_check_replies(l, i, &tally->last_ns));
}

static void check_counts(const struct ledger *l, const struct tally *tally)
{
	const uint16_t *sent = tally->sent, *replies = tally->replies;
	const struct st_trace *trace = &l->outcome->trace;
	uint32_t all_sent = 0, all_replies = 0;

	for (size_t ttl = 0; ttl < 256; ttl++) {
		if (!behind_border(trace, (uint8_t)ttl))
			all_sent += sent[ttl];
		all_replies += replies[ttl];
	}
	if (trace->probes_sent != all_sent)
		finding(l->findings, "%s: %u probes reported, %u were sent", l->name,
			trace->probes_sent, all_sent);
	if (trace->replies_received != all_replies)
		finding(l->findings, "%s: %u replies reported, its hops hold %u", l->name,
			trace->replies_received, all_replies);
	for (size_t i = 0; i < trace->hop_count; i++) {
		const struct st_hop *hop = &trace->hops[i];

		if (hop->sent != sent[hop->ttl] || hop->reply_count != replies[hop->ttl])
			finding(l->findings, "%s: TTL %u has %u probes, %u replies; were %u, %u",
				l->name, hop->ttl, hop->sent, hop->reply_count, sent[hop->ttl],
				replies[hop->ttl]);
		if (i > 0 && hop->ttl <= trace->hops[i - 1].ttl)
			finding(l->findings, "%s: hops out of order", l->name);
	}
}

/* start_ns and end_ns: stamps of the first probe, and of the last probe or reply. */
static void check_span(const struct ledger *l, const struct tally *tally)
{
	const struct st_trace *trace = &l->outcome->trace;

	if (l->places->len == 0)
		return;
	if (trace->start_ns != ledger_probe(l, 0)->sent_ns + SIM_EPOCH_NS)
		finding(l->findings, "%s: wrong start", l->name);
	if (trace->end_ns != tally->last_ns + SIM_EPOCH_NS)
		finding(l->findings, "%s: ends %" PRId64 " ns off", l->name,
			(int64_t)(trace->end_ns - tally->last_ns - SIM_EPOCH_NS));
}

static const struct conversation *conversation_of(const struct ledger *l)
{
	return l->places->len ? ledger_probe(l, 0)->conversation : NULL;
}

/* Datagrams that an application might take for its peer's. */
static bool intrudes(const struct ledger *l)
{
	const struct conversation *c = conversation_of(l);

	if (!c || c->protocol != ST_PROTOCOL_UDP || c->watch.quic)
		return false;
	return ledger_probe(l, 0)->udp_checksum != 0;
}

/* Probes that all look alike are sent one at a time, those that intrude hop by hop. */
static enum st_algorithm algorithm_used(const struct ledger *l)
{
	const struct sim_tracer *asked = &l->simnet->scenario->tracer;
	const struct st_tuple *tuple = &l->outcome->trace.tuple;
	bool exact = tuple->protocol == ST_PROTOCOL_TCP && asked->tcp_probe == ST_TCP_PROBE_EXACT;
	bool empty = tuple->protocol == ST_PROTOCOL_UDP && asked->udp_probe == ST_UDP_PROBE_EMPTY;

	if (tuple->source.version == 6 && (exact || empty))
		return ST_ALGORITHM_PACKET_BY_PACKET;
	if (intrudes(l) && asked->algorithm == ST_ALGORITHM_CONCURRENT)
		return ST_ALGORITHM_HOP_BY_HOP;
	return asked->algorithm;
}

static void check_settings(const struct ledger *l)
{
	const struct st_trace *trace = &l->outcome->trace;
	const struct sim_tracer *asked = &l->simnet->scenario->tracer;
	json_t *json = json_loads(l->outcome->json, 0, NULL);

	if ((conversation_of(l) && trace->algorithm != algorithm_used(l)) ||
	    trace->probes_per_hop != asked->probes || trace->first_ttl != asked->first_ttl ||
	    trace->max_ttl != asked->max_ttl)
		finding(l->findings, "%s: settings are not those asked for", l->name);
	if (trace->distance != 0)
		finding(l->findings, "%s: distance %u without evidence", l->name, trace->distance);
	if (json_array_size(json_object_get(json, "hops")) != trace->hop_count)
		finding(l->findings, "%s: its JSON is not right", l->name);
	if (conversation_of(l) &&
	    !st_tuple_equal(&trace->tuple, conversation_tuple(conversation_of(l), SIDE_NEAR)))
		finding(l->findings, "%s: reports another flow", l->name);
	json_decref(json);
}

/* The last TTL that a trace which the path alone ended has probed; 0: something else ended it. */
static size_t last_complete(const struct ledger *l)
{
	const struct st_trace *trace = &l->outcome->trace;
	const struct sim_tracer *asked = &l->simnet->scenario->tracer;

	if (trace->stop_reason == ST_STOP_MAX_TTL)
		return asked->max_ttl;
	if (trace->stop_reason == ST_STOP_MISSING_HOPS && trace->hop_count > 0)
		return trace->hops[trace->hop_count - 1].ttl;
	if (trace->stop_reason == ST_STOP_NEAR_DESTINATION && conversation_of(l))
		return l->outcome->ceiling;
	return 0;
}

/* There every TTL asked for got all its probes, those tried again twice as many. */
/* One train, or two where a second attempt was made, which gives a silent distance two at most. */
static bool is_whole(uint32_t asked, uint32_t sent)
{
	return sent == asked || sent == 2 * asked || sent == asked + MIN(asked, CAREFUL_TRIES);
}

static void check_complete(const struct ledger *l, const uint16_t sent[256])
{
	const struct sim_tracer *asked = &l->simnet->scenario->tracer;
	size_t last = last_complete(l);

	if (!l->simnet->scenario->expect.complete)
		return;
	for (size_t ttl = asked->first_ttl; ttl <= last; ttl++)
		if (!is_whole(asked->probes, sent[ttl]))
			finding(l->findings, "%s: TTL %zu got %u probes", l->name, ttl, sent[ttl]);
}

/* Where a translator's quotes show its own address; 0: nowhere. */
static uint8_t nat_ttl(const struct st_trace *trace)
{
	for (size_t i = 0; i < trace->hop_count; i++)
		for (size_t j = 0; j < trace->hops[i].reply_count; j++)
			if (!(trace->hops[i].replies[j].matched_by & ST_MATCH_TUPLE))
				return trace->hops[i].ttl;
	return 0;
}

static bool is_second_attempt(const struct ledger *l, const struct sent_probe *probe)
{
	return probe->protocol == ST_PROTOCOL_UDP && probe->ip_version == 6 &&
	       probe->conversation->flow->checksums &&
	       l->simnet->scenario->tracer.udp_probe == ST_UDP_PROBE_AUTO &&
	       probe->udp_checksum != 0;
}

/* Where the second attempt over IPv6 began, if it was answered; else 0. */
static uint8_t found_with_checksum(const struct ledger *l)
{
	uint8_t begin = 0;

	for (size_t i = 0; i < l->places->len; i++) {
		const struct sent_probe *probe = ledger_probe(l, i);
		const struct st_hop *hop = find_hop(&l->outcome->trace, probe->ttl);

		if (!is_second_attempt(l, probe))
			continue;
		if (!begin)
			begin = probe->ttl;
		for (size_t j = 0; hop && j < hop->reply_count; j++)
			if (hop->replies[j].probe == probe->index)
				return begin;
	}
	return 0;
}

static void check_note(const struct ledger *l, const char *kind, bool wanted, uint8_t ttl)
{
	const struct st_trace *trace = &l->outcome->trace;
	const struct st_note *noted = NULL;

	for (size_t i = 0; i < trace->note_count; i++)
		if (g_str_equal(trace->notes[i].kind, kind))
			noted = &trace->notes[i];
	if (wanted != (noted != NULL))
		finding(l->findings, "%s: %s the note %s", l->name, wanted ? "lacks" : "has", kind);
	else if (noted && noted->ttl != ttl)
		finding(l->findings, "%s: notes %s at TTL %u, it shows at %u", l->name, kind,
			noted->ttl, ttl);
}

/* How far probes went, if that is noted: how far they may go changes with the peer's packets. */
static uint8_t near_ttl(const struct ledger *l)
{
	const struct st_trace *trace = &l->outcome->trace;
	uint8_t highest = 0;

	for (size_t i = 0; i < l->places->len; i++)
		highest = MAX(highest, ledger_probe(l, i)->ttl);
	for (size_t i = 0; i < trace->note_count; i++)
		if (g_str_equal(trace->notes[i].kind, "near-destination") &&
		    trace->notes[i].ttl == highest)
			return highest;
	return (uint8_t)l->outcome->ceiling;
}

static void check_notes(const struct ledger *l)
{
	const struct st_trace *trace = &l->outcome->trace;
	const struct conversation *c = conversation_of(l);
	bool quiet_kind = c && (c->protocol == ST_PROTOCOL_TCP &&
				l->simnet->scenario->tracer.tcp_probe == ST_TCP_PROBE_STALE);

	if (!c)
		return;
	check_note(l, "nat", nat_ttl(trace) != 0, nat_ttl(trace));
	check_note(l, "zero-checksum", found_with_checksum(l) != 0, found_with_checksum(l));
	check_note(l, "recverr-unknown", !quiet_kind && c->flow->recverr == RECVERR_UNKNOWN, 0);
	check_note(l, "algorithm", algorithm_used(l) != l->simnet->scenario->tracer.algorithm, 0);
	check_note(l, "near-destination", trace->stop_reason == ST_STOP_NEAR_DESTINATION,
		   near_ttl(l));
}

static void check_trace(const struct ledger *l)
{
	struct tally tally = {0};

	for (size_t i = 0; i < l->places->len; i++)
		check_probe(l, i, &tally);
	check_counts(l, &tally);
	check_span(l, &tally);
	check_settings(l);
	check_complete(l, tally.sent);
	check_notes(l);
	notes_check(l);
}

/* The places of the probes of each trace, by its number. */
static GHashTable *places_by_trace(const struct simnet *n)
{
	GHashTable *table = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
						  (GDestroyNotify)g_array_unref);

	for (size_t i = 0; i < n->probes->len; i++) {
		const struct sent_probe *probe = simnet_probe(n, i);
		GArray *places = g_hash_table_lookup(table, &probe->trace);

		if (!places) {
			places = g_array_new(FALSE, FALSE, sizeof(size_t));
			g_hash_table_insert(table, (gpointer)&probe->trace, places);
		}
		g_array_append_val(places, i);
	}
	return table;
}

void truth_check_traces(const struct simnet *n, GPtrArray *findings)
{
	GHashTable *places = places_by_trace(n);
	GArray *none = g_array_new(FALSE, FALSE, sizeof(size_t));
	struct fates *fates = fates_new(n);

	for (size_t i = 0; i < n->outcomes->len; i++) {
		const struct outcome *outcome = n->outcomes->pdata[i];
		GArray *own = g_hash_table_lookup(places, &outcome->trace.number);
		struct ledger l = {n, fates, outcome, own ? own : none, NULL, findings};

		l.name = g_strdup_printf("trace %" PRIu64, outcome->trace.number);
		check_trace(&l);
		g_free(l.name);
		g_hash_table_remove(places, &outcome->trace.number);
	}
	if (g_hash_table_size(places) > 0)
		finding(findings, "%u traces sent probes and were never reported",
			g_hash_table_size(places));
	fates_free(fates);
	g_array_unref(none);
	g_hash_table_unref(places);
}
