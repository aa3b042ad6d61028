/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The replies that a report must hold follow from the network's list of answers:
 * of each router that answered a probe the first one, if its quote names the
 * probe and the tracer was shown it before it reported the trace.
 */
#include "ledger.h"

#include "truth.h"

#include <inttypes.h>

struct fates {
	const struct answer *answers;
	size_t *first; /* by probe's place: 1 + place of its first answer, 0: none */
	size_t *next;  /* by answer's place: of the same probe's next one */
};

struct fates *fates_new(const struct simnet *n)
{
	struct fates *fates = g_new0(struct fates, 1);
	size_t count;

	fates->answers = network_answers(n->network, &count);
	fates->first = g_new0(size_t, n->probes->len + 1);
	fates->next = g_new0(size_t, count + 1);
	for (size_t i = count; i-- > 0;) {
		size_t *first = &fates->first[fates->answers[i].tag - 1];

		fates->next[i] = *first;
		*first = i + 1;
	}
	return fates;
}

void fates_free(struct fates *fates)
{
	g_free(fates->first);
	g_free(fates->next);
	g_free(fates);
}

const struct sent_probe *ledger_probe(const struct ledger *l, size_t i)
{
	return simnet_probe(l->simnet, g_array_index(l->places, size_t, i));
}

const struct st_hop *find_hop(const struct st_trace *trace, uint8_t ttl)
{
	for (size_t i = 0; i < trace->hop_count; i++)
		if (trace->hops[i].ttl == ttl)
			return &trace->hops[i];
	return NULL;
}

/* --- which answers are wanted --- */

/* Length and checksum together are the key of a UDP probe; a translation shows in the checksum. */
static bool has_udp_key(const struct sent_probe *probe, const struct answer *answer)
{
	return answer->quote_bytes >= QUOTE_UDP_BYTES && !answer->altered_length &&
	       !(answer->altered & ST_ALTERED_CHECKSUM) &&
	       (!answer->quotes_outside || probe->udp_checksum == 0);
}

/* What is left without the key is the identification, and a length that does not refute it. */
static uint8_t wanted_udp_match(const struct sent_probe *probe, const struct answer *answer)
{
	bool ip_id = probe->ip_version == 4 && !(answer->altered & ST_ALTERED_IPID);
	uint8_t whose = answer->quotes_outside ? ST_MATCH_PEER : ST_MATCH_TUPLE;
	uint8_t by = ip_id ? whose | ST_MATCH_IPID : 0;

	if (has_udp_key(probe, answer))
		return (uint8_t)(by | whose | ST_MATCH_LENGTH | ST_MATCH_CHECKSUM);
	if (answer->quote_bytes >= QUOTE_UDP_BYTES)
		return answer->altered_length || !by ? 0 : by | ST_MATCH_LENGTH;
	return answer->quotes_outside || answer->quote_bytes < QUOTE_PORTS_BYTES ? 0 : by;
}

/* The keys by which the answer's quote names the probe, 0 if it does not. */
static uint8_t wanted_match(const struct sent_probe *probe, const struct answer *answer)
{
	bool ip_id = probe->ip_version == 4 && !(answer->altered & ST_ALTERED_IPID);
	bool seq = answer->quote_bytes >= QUOTE_SEQ_BYTES;
	uint8_t by = (uint8_t)((ip_id ? ST_MATCH_IPID : 0) | (seq ? ST_MATCH_SEQ : 0));

	if (probe->protocol == ST_PROTOCOL_UDP)
		return wanted_udp_match(probe, answer);
	if (answer->quotes_outside)
		return seq ? by | ST_MATCH_PEER : 0;
	if (answer->quote_bytes < QUOTE_PORTS_BYTES || !by)
		return 0;
	return by | ST_MATCH_TUPLE;
}

static gint by_arrival(gconstpointer a, gconstpointer b)
{
	const struct answer *x = *(const struct answer *const *)a;
	const struct answer *y = *(const struct answer *const *)b;

	return x->arrival < y->arrival ? -1 : x->arrival > y->arrival;
}

static bool has_router(const GPtrArray *wanted, const struct st_addr *router)
{
	for (size_t i = 0; i < wanted->len; i++)
		if (st_addr_equal(&((const struct answer *)wanted->pdata[i])->router, router))
			return true;
	return false;
}

/* All that arrived and name their probe, in the order of their arrival. */
static GPtrArray *readable_answers(const struct ledger *l, size_t place)
{
	const struct sent_probe *probe = simnet_probe(l->simnet, place);
	GPtrArray *readable = g_ptr_array_new();

	for (size_t i = l->fates->first[place]; i > 0; i = l->fates->next[i - 1]) {
		const struct answer *answer = &l->fates->answers[i - 1];

		if (answer->arrives_ns != ST_NEVER && wanted_match(probe, answer) &&
		    answer->arrival <= l->outcome->arrivals)
			g_ptr_array_add(readable, (gpointer)answer);
	}
	g_ptr_array_sort(readable, by_arrival);
	return readable;
}

/* Of those the first of each router; freed by the caller. */
static GPtrArray *wanted_answers(const struct ledger *l, size_t place)
{
	GPtrArray *readable = readable_answers(l, place), *wanted = g_ptr_array_new();

	for (size_t i = 0; i < readable->len; i++)
		if (!has_router(wanted, &((const struct answer *)readable->pdata[i])->router))
			g_ptr_array_add(wanted, readable->pdata[i]);
	g_ptr_array_unref(readable);
	return wanted;
}

/*
 * Probes of `exact` share their sequence number, empty datagrams their length
 * and checksum: where a router alters the identification too, nothing tells
 * them apart. Nor are those of two flows to one peer, where a translator hides
 * whose they are and the checksum is left out.
 */
static bool may_be_alike(const struct ledger *l, const struct sent_probe *probe,
			 const struct answer *answer)
{
	if (probe->protocol == ST_PROTOCOL_TCP)
		return l->simnet->scenario->tracer.tcp_probe == ST_TCP_PROBE_EXACT &&
		       (answer->altered & ST_ALTERED_IPID);
	return (probe->udp_bytes == 0 && (answer->altered & ST_ALTERED_IPID)) ||
	       (probe->udp_checksum == 0 && answer->quotes_outside);
}

/* A reply that came later than the wait counts only while others are still awaited. */
static bool may_be_lost(const struct ledger *l, const struct sent_probe *probe,
			const struct answer *answer)
{
	return may_be_alike(l, probe, answer) ||
	       answer->arrives_ns - probe->sent_ns >= l->simnet->scenario->tracer.wait_ns;
}

/* --- what is said of each --- */

static void check_labels(const struct ledger *l, const struct answer *answer,
			 const struct st_reply *reply, const char *what)
{
	size_t wanted = MIN(answer->label_count, ST_MPLS_MAX);

	if (reply->mpls_count != wanted) {
		finding(l->findings, "%s: %u MPLS labels", what, reply->mpls_count);
		return;
	}
	for (size_t i = 0; i < wanted; i++) {
		const struct st_mpls_label *is = &reply->mpls[i], *should = &answer->labels[i];

		if (is->label != should->label || is->ttl != should->ttl || is->tc != should->tc ||
		    is->bottom != should->bottom)
			finding(l->findings, "%s: MPLS label %u", what, is->label);
	}
}

/* What follows from the scenario alone, where nothing is left to chance or change. */
static void check_plain_path(const struct ledger *l, const struct sent_probe *probe,
			     const struct answer *answer, const char *what)
{
	const struct scenario *s = l->simnet->scenario;
	const struct sim_hop *hop = &s->hops[answer->hop - 1];
	const struct st_addr *router = &hop->address[probe->ip_version == 4 ? V4 : V6];

	if (!truth_path_is_plain(s))
		return;
	if (answer->hop != probe->ttl ||
	    (hop->routers == 1 && !st_addr_equal(&answer->router, router)))
		finding(l->findings, "%s: is not the scenario's router", what);
	if (answer->reply_ttl != hop->reply_ttl - (answer->hop - 1))
		finding(l->findings, "%s: the simulated reply TTL is wrong", what);
	if (answer->arrives_ns - probe->sent_ns != truth_round_trip_ns(s, probe->ttl))
		finding(l->findings, "%s: the simulated RTT is wrong", what);
}

static void check_reply(const struct ledger *l, const struct sent_probe *probe,
			const struct answer *answer, const struct st_reply *reply)
{
	uint64_t rtt = answer->arrives_ns - probe->sent_ns;
	char *what = g_strdup_printf("%s TTL %u probe %u", l->name, probe->ttl, probe->index);

	if (reply->icmp_type != (probe->ip_version == 4 ? 11 : 3) || reply->icmp_code != 0)
		finding(l->findings, "%s: ICMP %u %u", what, reply->icmp_type, reply->icmp_code);
	if (reply->reply_ttl != answer->reply_ttl)
		finding(l->findings, "%s: reply TTL %u", what, reply->reply_ttl);
	if (reply->quoted_ttl != answer->quoted_ttl)
		finding(l->findings, "%s: quoted TTL %u", what, reply->quoted_ttl);
	if (reply->altered != answer->altered)
		finding(l->findings, "%s: altered are %#x, were %#x", what, reply->altered,
			answer->altered);
	if (reply->matched_by != wanted_match(probe, answer))
		finding(l->findings, "%s: matched by %#x", what, reply->matched_by);
	if (reply->destination)
		finding(l->findings, "%s: a router is no destination", what);
	if (reply->rtt_ns != (int64_t)rtt)
		finding(l->findings, "%s: RTT %" PRId64 ", is %" PRIu64, what, reply->rtt_ns, rtt);
	if (reply->stamp_ns != answer->arrives_ns + SIM_EPOCH_NS)
		finding(l->findings, "%s: wrong stamp", what);
	check_labels(l, answer, reply, what);
	check_plain_path(l, probe, answer, what);
	g_free(what);
}

static const struct st_reply *find_reply(const struct st_hop *hop, uint16_t index,
					 const struct st_addr *router)
{
	for (size_t i = 0; hop && i < hop->reply_count; i++)
		if (hop->replies[i].probe == index &&
		    st_addr_equal(&hop->replies[i].address, router))
			return &hop->replies[i];
	return NULL;
}

static uint16_t count_replies(const struct st_hop *hop, uint16_t index)
{
	uint16_t count = 0;

	for (size_t i = 0; hop && i < hop->reply_count; i++)
		count = (uint16_t)(count + (hop->replies[i].probe == index));
	return count;
}

GPtrArray *ledger_answers(const struct ledger *l, size_t i)
{
	size_t place = g_array_index(l->places, size_t, i);
	const struct sent_probe *probe = simnet_probe(l->simnet, place);
	const struct st_hop *hop = find_hop(&l->outcome->trace, probe->ttl);
	GPtrArray *answers = wanted_answers(l, place);

	for (unsigned k = answers->len; k-- > 0;) {
		const struct answer *answer = answers->pdata[k];

		if (!find_reply(hop, probe->index, &answer->router))
			g_ptr_array_remove_index(answers, k);
	}
	return answers;
}

uint16_t ledger_check_replies(const struct ledger *l, size_t i, uint64_t *last_ns)
{
	size_t place = g_array_index(l->places, size_t, i);
	const struct sent_probe *probe = simnet_probe(l->simnet, place);
	const struct st_hop *hop = find_hop(&l->outcome->trace, probe->ttl);
	GPtrArray *wanted = wanted_answers(l, place);
	uint16_t reported = 0;

	for (size_t j = 0; j < wanted->len; j++) {
		const struct answer *answer = wanted->pdata[j];
		const struct st_reply *reply = find_reply(hop, probe->index, &answer->router);

		if (!reply && !may_be_lost(l, probe, answer))
			finding(l->findings, "%s: TTL %u, probe %u: its reply is not reported",
				l->name, probe->ttl, probe->index);
		if (!reply)
			continue;
		check_reply(l, probe, answer, reply);
		*last_ns = MAX(*last_ns, answer->arrives_ns);
		reported++;
	}
	if (count_replies(hop, probe->index) != reported)
		finding(l->findings, "%s: TTL %u, probe %u: a reply that never was", l->name,
			probe->ttl, probe->index);
	g_ptr_array_unref(wanted);
	return reported;
}
