/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces against the path: the replies that a hop must have follow from the
 * network's list of answers, and their RTTs from the scenario's delays. Bounds
 * and harm are bounds.c's.
 */
#include "truth.h"

#include <inttypes.h>
#include <jansson.h>

/* What is known of one trace's probes. */
struct ledger {
	const struct simnet *simnet;
	const struct outcome *outcome;
	const struct answer **answers; /* by probe's place; NULL: none arrived */
	const GArray *places;	       /* size_t: this trace's probes, in their order */
	char *name;
	GPtrArray *findings;
};

uint64_t truth_round_trip_ns(const struct scenario *scenario, size_t ttl)
{
	uint64_t one_way = 0;

	for (size_t i = 0; i < ttl; i++)
		one_way += scenario->hops[i].link.delay_ns;
	return 2 * one_way;
}

static const struct sent_probe *probe_at(const struct ledger *l, size_t i)
{
	return simnet_probe(l->simnet, g_array_index(l->places, size_t, i));
}

static uint64_t answer_shown_ns(const struct ledger *l, const struct answer *answer)
{
	return answer->arrives_ns + l->simnet->scenario->capture_delay_ns;
}

/* The keys by which the answer's quote names the probe, 0 if it does not. */
static uint8_t wanted_match(const struct ledger *l, const struct sent_probe *probe,
			    const struct answer *answer)
{
	uint32_t quoted = l->simnet->scenario->hops[answer->ttl - 1].quote_bytes;
	bool ip_id = probe->ip_version == 4 && !answer->altered_ip_id;

	if (quoted < QUOTE_PORTS_BYTES || (quoted < QUOTE_SEQ_BYTES && !ip_id))
		return 0;
	return (uint8_t)(ST_MATCH_TUPLE | (quoted < QUOTE_SEQ_BYTES ? 0 : ST_MATCH_SEQ) |
			 (ip_id ? ST_MATCH_IPID : 0));
}

/* The answer that the report must hold for a probe, or NULL. */
static const struct answer *wanted_answer(const struct ledger *l, size_t i)
{
	size_t place = g_array_index(l->places, size_t, i);
	const struct answer *answer = l->answers[place];

	if (!answer || !wanted_match(l, simnet_probe(l->simnet, place), answer))
		return NULL;
	return answer_shown_ns(l, answer) <= l->outcome->reported_ns ? answer : NULL;
}

static void check_labels(const struct ledger *l, const struct sim_hop *hop,
			 const struct st_reply *reply, const char *what)
{
	uint8_t wanted = hop->mpls == MPLS_NONE ? 0 : 1;

	if (reply->mpls_count != wanted)
		finding(l->findings, "%s: %u MPLS labels", what, reply->mpls_count);
	else if (wanted && (reply->mpls[0].label != hop->label || reply->mpls[0].ttl != 1 ||
			    reply->mpls[0].tc != 0 || reply->mpls[0].bottom != 1))
		finding(l->findings, "%s: MPLS label %u", what, reply->mpls[0].label);
}

static void check_times(const struct ledger *l, const struct sent_probe *probe,
			const struct answer *answer, const struct st_reply *reply, const char *what)
{
	uint64_t rtt = truth_round_trip_ns(l->simnet->scenario, probe->ttl);

	if (answer->arrives_ns - probe->sent_ns != rtt)
		finding(l->findings, "%s: the simulation itself is wrong", what);
	if (reply->rtt_ns != (int64_t)rtt)
		finding(l->findings, "%s: RTT %" PRId64 ", is %" PRIu64, what, reply->rtt_ns, rtt);
	if (reply->stamp_ns != answer->arrives_ns + SIM_EPOCH_NS)
		finding(l->findings, "%s: wrong stamp", what);
}

static void check_reply(const struct ledger *l, const struct sent_probe *probe,
			const struct answer *answer, const struct st_reply *reply)
{
	const struct sim_hop *hop = &l->simnet->scenario->hops[answer->ttl - 1];
	bool v4 = probe->ip_version == 4;
	char *what = g_strdup_printf("%s TTL %u probe %u", l->name, probe->ttl, probe->index);

	if (!st_addr_equal(&reply->address, &answer->router))
		finding(l->findings, "%s: answered by another router", what);
	if (hop->routers == 1 && !st_addr_equal(&reply->address, &hop->address[v4 ? V4 : V6]))
		finding(l->findings, "%s: is not the scenario's router", what);
	if (reply->icmp_type != (v4 ? 11 : 3) || reply->icmp_code != 0)
		finding(l->findings, "%s: ICMP %u %u", what, reply->icmp_type, reply->icmp_code);
	if (reply->reply_ttl != hop->reply_ttl - (answer->ttl - 1))
		finding(l->findings, "%s: reply TTL %u", what, reply->reply_ttl);
	if (reply->quoted_ttl != hop->quoted_ttl)
		finding(l->findings, "%s: quoted TTL %u", what, reply->quoted_ttl);
	if (reply->matched_by != wanted_match(l, probe, answer))
		finding(l->findings, "%s: matched by %#x", what, reply->matched_by);
	if (reply->destination)
		finding(l->findings, "%s: a router is no destination", what);
	check_times(l, probe, answer, reply, what);
	check_labels(l, hop, reply, what);
	g_free(what);
}

static const struct st_reply *reply_to(const struct st_hop *hop, uint16_t index)
{
	for (size_t i = 0; hop && i < hop->reply_count; i++)
		if (hop->replies[i].probe == index)
			return &hop->replies[i];
	return NULL;
}

static const struct st_hop *find_hop(const struct st_trace *trace, uint8_t ttl)
{
	for (size_t i = 0; i < trace->hop_count; i++)
		if (trace->hops[i].ttl == ttl)
			return &trace->hops[i];
	return NULL;
}

/* True if a border router cut this TTL off the report. */
static bool behind_border(const struct st_trace *trace, uint8_t ttl)
{
	return trace->stop_reason == ST_STOP_BORDER &&
	       (trace->hop_count == 0 || ttl > trace->hops[trace->hop_count - 1].ttl);
}

/*
 * Probes of `exact` share their sequence number: where a router alters the
 * identification too, nothing tells them apart. A reply that came later than
 * the wait counts only while others are still awaited.
 */
static bool may_be_lost(const struct ledger *l, const struct sent_probe *probe,
			const struct answer *answer)
{
	const struct sim_tracer *asked = &l->simnet->scenario->tracer;

	return (asked->tcp_probe == ST_TCP_PROBE_EXACT && answer->altered_ip_id) ||
	       answer->arrives_ns - probe->sent_ns >= asked->wait_ns;
}

static void check_probe(const struct ledger *l, size_t i, uint16_t sent[256], uint16_t replies[256])
{
	const struct sent_probe *probe = probe_at(l, i);
	const struct st_hop *hop = find_hop(&l->outcome->trace, probe->ttl);
	const struct answer *answer = wanted_answer(l, i);
	const struct st_reply *reply = reply_to(hop, probe->index);

	sent[probe->ttl]++;
	if (behind_border(&l->outcome->trace, probe->ttl))
		return;
	if (!hop)
		finding(l->findings, "%s: TTL %u is missing", l->name, probe->ttl);
	if (probe->index != sent[probe->ttl])
		finding(l->findings, "%s: TTL %u, probe %u has index %u", l->name, probe->ttl,
			sent[probe->ttl], probe->index);
	if (!answer != !reply && !(answer && may_be_lost(l, probe, answer)))
		finding(l->findings, "%s: TTL %u, probe %u: %s", l->name, probe->ttl, probe->index,
			answer ? "its reply is not reported" : "a reply that never was");
	if (answer && reply)
		check_reply(l, probe, answer, reply);
	replies[probe->ttl] = (uint16_t)(replies[probe->ttl] + (reply ? 1 : 0));
}

static void check_counts(const struct ledger *l, const uint16_t sent[256],
			 const uint16_t replies[256])
{
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
static void check_span(const struct ledger *l)
{
	const struct st_trace *trace = &l->outcome->trace;
	uint64_t last = 0;

	if (l->places->len == 0)
		return;
	for (size_t i = 0; i < l->places->len; i++) {
		const struct sent_probe *probe = probe_at(l, i);
		const struct answer *answer = wanted_answer(l, i);

		last = MAX(last, probe->sent_ns);
		if (answer && reply_to(find_hop(trace, probe->ttl), probe->index))
			last = MAX(last, answer->arrives_ns);
	}
	if (trace->start_ns != probe_at(l, 0)->sent_ns + SIM_EPOCH_NS)
		finding(l->findings, "%s: wrong start", l->name);
	if (trace->end_ns != last + SIM_EPOCH_NS)
		finding(l->findings, "%s: ends %" PRId64 " ns off", l->name,
			(int64_t)(trace->end_ns - last - SIM_EPOCH_NS));
}

/* `exact` probes over IPv6 all look alike: the tracer sends them one at a time, and says so. */
static enum st_algorithm algorithm_used(const struct ledger *l)
{
	const struct sim_tracer *asked = &l->simnet->scenario->tracer;
	bool alike = asked->tcp_probe == ST_TCP_PROBE_EXACT &&
		     l->outcome->trace.tuple.source.version == 6;

	return alike ? ST_ALGORITHM_PACKET_BY_PACKET : asked->algorithm;
}

static void check_settings(const struct ledger *l)
{
	const struct st_trace *trace = &l->outcome->trace;
	const struct sim_tracer *asked = &l->simnet->scenario->tracer;
	json_t *json = json_loads(l->outcome->json, 0, NULL);

	if (trace->algorithm != algorithm_used(l) || trace->probes_per_hop != asked->probes ||
	    trace->first_ttl != asked->first_ttl || trace->max_ttl != asked->max_ttl)
		finding(l->findings, "%s: settings are not those asked for", l->name);
	if (trace->distance != 0)
		finding(l->findings, "%s: distance %u without evidence", l->name, trace->distance);
	if (json_array_size(json_object_get(json, "hops")) != trace->hop_count)
		finding(l->findings, "%s: its JSON is not right", l->name);
	if (l->places->len > 0 &&
	    !st_tuple_equal(&trace->tuple,
			    &probe_at(l, 0)->conversation->ends[SIDE_NEAR].setup.tuple))
		finding(l->findings, "%s: reports another flow", l->name);
	json_decref(json);
}

/* Where the path alone ended the trace, every TTL asked for got all its probes. */
static void check_complete(const struct ledger *l, const uint16_t sent[256])
{
	const struct st_trace *trace = &l->outcome->trace;
	const struct sim_tracer *asked = &l->simnet->scenario->tracer;
	size_t last = trace->stop_reason == ST_STOP_MAX_TTL ? asked->max_ttl : 0;

	if (trace->stop_reason == ST_STOP_MISSING_HOPS && trace->hop_count > 0)
		last = trace->hops[trace->hop_count - 1].ttl;
	if (!l->simnet->scenario->expect.complete)
		return;
	for (size_t ttl = asked->first_ttl; ttl <= last; ttl++)
		if (sent[ttl] != asked->probes)
			finding(l->findings, "%s: TTL %zu got %u probes", l->name, ttl, sent[ttl]);
}

static void check_trace(struct ledger *l)
{
	uint16_t sent[256] = {0}, replies[256] = {0};

	for (size_t i = 0; i < l->places->len; i++)
		check_probe(l, i, sent, replies);
	check_counts(l, sent, replies);
	check_span(l);
	check_settings(l);
	check_complete(l, sent);
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

static const struct answer **answers_by_probe(const struct simnet *n)
{
	const struct answer **by_probe = g_new0(const struct answer *, n->probes->len + 1);
	size_t count;
	const struct answer *answers = network_answers(n->network, &count);

	for (size_t i = 0; i < count; i++)
		if (answers[i].arrives_ns != ST_NEVER)
			by_probe[answers[i].tag - 1] = &answers[i];
	return by_probe;
}

void truth_check_traces(const struct simnet *n, GPtrArray *findings)
{
	GHashTable *places = places_by_trace(n);
	GArray *none = g_array_new(FALSE, FALSE, sizeof(size_t));
	const struct answer **answers = answers_by_probe(n);

	for (size_t i = 0; i < n->outcomes->len; i++) {
		const struct outcome *outcome = n->outcomes->pdata[i];
		GArray *own = g_hash_table_lookup(places, &outcome->trace.number);
		struct ledger l = {n, outcome, answers, own ? own : none, NULL, findings};

		l.name = g_strdup_printf("trace %" PRIu64, outcome->trace.number);
		check_trace(&l);
		g_free(l.name);
		g_hash_table_remove(places, &outcome->trace.number);
	}
	if (g_hash_table_size(places) > 0)
		finding(findings, "%u traces sent probes and were never reported",
			g_hash_table_size(places));
	g_free(answers);
	g_array_unref(none);
	g_hash_table_unref(places);
}
