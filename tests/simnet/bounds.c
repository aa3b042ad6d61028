/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds over a whole run: bounds on the probes, no harm to the
 * applications, counters that add up, and the scenario's own expectations.
 */
#include "truth.h"

#include <inttypes.h>
#include <servicetrace/report.h>

#define ASSUMED_ROUND_TRIP_NS (200 * ST_NS_PER_MS)

/* No second, wherever it begins, sees more probes than the rate allows. */
static void check_rate(const struct simnet *n, GPtrArray *findings)
{
	uint32_t rate = n->scenario->tracer.rate;

	for (size_t i = 0; i + rate < n->probes->len; i++) {
		uint64_t first = simnet_probe(n, i)->sent_ns;
		uint64_t beyond = simnet_probe(n, i + rate)->sent_ns;

		if (beyond - first < ST_NS_PER_S) {
			finding(findings, "more than %u probes in the second from %.6f s on", rate,
				(double)first / 1e9);
			return;
		}
	}
}

static bool look_alike(const struct sent_probe *a, const struct sent_probe *b)
{
	return a->seq == b->seq && a->ip_id == b->ip_id && a->udp_bytes == b->udp_bytes &&
	       a->udp_checksum == b->udp_checksum;
}

/* When each probe's answer was shown to the tracer; ST_NEVER: not at all. */
static uint64_t *answer_times(const struct simnet *n)
{
	uint64_t *times = g_new(uint64_t, n->probes->len + 1);
	size_t count;
	const struct answer *answers = network_answers(n->network, &count);

	for (size_t i = 0; i < n->probes->len; i++)
		times[i] = ST_NEVER;
	for (size_t i = 0; i < count; i++)
		if (answers[i].arrives_ns != ST_NEVER)
			times[answers[i].tag - 1] =
				MIN(times[answers[i].tag - 1],
				    answers[i].arrives_ns + n->scenario->capture_delay_ns);
	return times;
}

/* Looks back from a probe over those of its flow that still await their answer. */
static void check_in_flight_at(const struct simnet *n, const GArray *places, size_t at,
			       const uint64_t *answered, GPtrArray *findings)
{
	size_t place = g_array_index(places, size_t, at);
	const struct sent_probe *probe = simnet_probe(n, place);
	uint32_t in_flight = 1;

	for (size_t i = at; i-- > 0;) {
		size_t earlier = g_array_index(places, size_t, i);
		const struct sent_probe *other = simnet_probe(n, earlier);

		if (probe->sent_ns - other->sent_ns >= n->scenario->tracer.wait_ns)
			break;
		if (answered[earlier] <= probe->sent_ns)
			continue;
		in_flight++;
		if (look_alike(probe, other))
			finding(findings, "probes %zu and %zu look alike in flight", earlier + 1,
				place + 1);
	}
	if (in_flight > IN_FLIGHT_MAX)
		finding(findings, "%u probes of a flow in flight", in_flight);
}

static void check_in_flight(const struct simnet *n, GPtrArray *findings)
{
	GHashTable *flows = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
	uint64_t *answered = answer_times(n);

	for (size_t i = 0; i < n->probes->len; i++) {
		gpointer flow = (gpointer)simnet_probe(n, i)->conversation;
		GArray *places = g_hash_table_lookup(flows, flow);

		if (!places) {
			places = g_array_new(FALSE, FALSE, sizeof(size_t));
			g_hash_table_insert(flows, flow, places);
		}
		g_array_append_val(places, i);
		check_in_flight_at(n, places, places->len - 1, answered, findings);
	}
	g_free(answered);
	g_hash_table_unref(flows);
}

/* Karn: what is sent twice measures nothing. Over UDP only the first exchange tells. */
static bool knows_round_trip(const struct conversation *c)
{
	if (c->flow->seen_after_ns > 0)
		return false;
	return c->protocol == ST_PROTOCOL_UDP ? c->flow->server == SIM_REMOTE
					      : c->ends[SIDE_NEAR].retransmissions == 0;
}

/* Where the flow has not shown it, the tracer goes by an assumption of its own. */
static uint64_t known_round_trip_ns(const struct simnet *n, const struct sent_probe *probe)
{
	const struct scenario *s = n->scenario;
	uint64_t round_trip_ns = truth_round_trip_ns(s, s->hop_count) + 2 * s->last_link.delay_ns;

	return knows_round_trip(probe->conversation) ? round_trip_ns
						     : MIN(round_trip_ns, ASSUMED_ROUND_TRIP_NS);
}

/* Those that do more at the destination than `stale`: two in a round trip may get there. */
static bool may_intrude(const struct simnet *n, const struct sent_probe *probe)
{
	return probe->protocol == ST_PROTOCOL_UDP ||
	       n->scenario->tracer.tcp_probe == ST_TCP_PROBE_EXACT;
}

/* The last two of a flow that got there, by time. */
struct intruders {
	uint64_t times[2];
	size_t count;
};

static void check_intruder(struct intruders *before, const struct simnet *n,
			   const struct reached *reached, GPtrArray *findings)
{
	uint64_t round_trip_ns = known_round_trip_ns(n, simnet_probe(n, reached->place));

	if (before->count >= 2 && reached->time_ns - before->times[0] < round_trip_ns)
		finding(findings, "probe %zu is the third in a round trip at the destination",
			reached->place + 1);
	before->times[0] = before->count ? before->times[1] : 0;
	before->times[1] = reached->time_ns;
	before->count++;
}

/* Jitter and the like can bring together at the end what was sent apart. */
static void check_intrusion(const struct simnet *n, GPtrArray *findings)
{
	GHashTable *flows = g_hash_table_new_full(NULL, NULL, NULL, g_free);

	for (size_t i = 0; i < n->reached->len && truth_path_is_plain(n->scenario); i++) {
		const struct reached *reached = &g_array_index(n->reached, struct reached, i);
		const struct sent_probe *probe = simnet_probe(n, reached->place);
		struct intruders *before = g_hash_table_lookup(flows, probe->conversation);

		if (!may_intrude(n, probe))
			continue;
		if (!before) {
			before = g_new0(struct intruders, 1);
			g_hash_table_insert(flows, probe->conversation, before);
		}
		check_intruder(before, n, reached, findings);
	}
	g_hash_table_unref(flows);
}

void truth_check_bounds(const struct simnet *n, GPtrArray *findings)
{
	check_rate(n, findings);
	check_in_flight(n, findings);
	check_intrusion(n, findings);
}

/* Our TCP ends throw away what comes too early, so for them reordering is loss. */
static bool link_loses(const struct sim_link *link)
{
	return link->loss > 0 || link->reorder > 0 || link->bandwidth_bps > 0;
}

static bool path_loses(const struct scenario *s)
{
	bool loses = link_loses(&s->last_link);

	for (size_t i = 0; i < s->hop_count; i++)
		loses |= link_loses(&s->hops[i].link);
	for (size_t i = 0; i < s->change_count; i++)
		loses |= link_loses(&s->changes[i].after.link);
	return loses;
}

/* What one end heard that it should not have, and what it did because of it. */
static void check_end(const struct conversation *c, enum side side, bool loses, const char *what,
		      GPtrArray *findings)
{
	bool may_reset = loses || c->flow->end == END_RST;
	const struct tcp_peer *end = &c->ends[side];
	const struct tcp_peer *other = &c->ends[1 - side];

	if (end->stream_damaged)
		finding(findings, "%s: the stream was damaged", what);
	if (end->peer_window_max > other->setup.receive_buffer)
		finding(findings, "%s: thinks the window is %u bytes", what, end->peer_window_max);
	for (size_t i = 0; i < end->log->len; i++) {
		const struct heard *heard = &g_array_index(end->log, struct heard, i);

		if (heard->flags & ST_TCP_RST && !may_reset)
			finding(findings, "%s: heard a reset", what);
		if (heard->tag && (heard->payload_bytes || heard->flags != ST_TCP_ACK))
			finding(findings, "%s: probe %" PRIu64 " carried more than an ACK", what,
				heard->tag);
		if (heard->tag && heard->reaction == HEARD_FUTURE_ACK)
			finding(findings, "%s: probe %" PRIu64 " had a future ack", what,
				heard->tag);
		if (heard->tag && heard->reaction == HEARD_REFUSED && !may_reset)
			finding(findings, "%s: probe %" PRIu64 " was answered with a reset", what,
				heard->tag);
	}
}

static void check_connection(const struct conversation *c, bool loses, GPtrArray *findings)
{
	for (enum side side = SIDE_NEAR; side <= SIDE_FAR; side++) {
		const struct tcp_peer *end = &c->ends[side];
		char *what =
			g_strdup_printf("%s end of port %u", side == SIDE_NEAR ? "local" : "remote",
					end->setup.tuple.source_port);

		check_end(c, side, loses, what, findings);
		if (!loses && !c->flow->lost_third_ack && end->retransmissions > 0)
			finding(findings, "%s: retransmitted %u times", what, end->retransmissions);
		g_free(what);
	}
}

/* QUIC discards what it cannot decrypt; where the user names a kind, he answers for it. */
static void check_datagrams(const struct simnet *n, const struct conversation *c,
			    GPtrArray *findings)
{
	bool bears_junk = c->flow->quic || n->scenario->tracer.udp_probe != ST_UDP_PROBE_AUTO;

	for (enum side side = SIDE_NEAR; side <= SIDE_FAR; side++) {
		const struct udp_peer *end = &c->udp[side];

		if (end->junk > 0 && (side == SIDE_NEAR || !bears_junk))
			finding(findings, "port %u: its application got %u datagrams of nobody",
				end->setup.tuple.source_port, end->junk);
		if (end->damaged > 0 || (side == SIDE_NEAR && end->unverified > 0))
			finding(findings, "port %u: %u datagrams with bad checksums",
				end->setup.tuple.source_port, end->damaged);
	}
}

void truth_check_harm(const struct simnet *n, GPtrArray *findings)
{
	bool loses = path_loses(n->scenario);

	for (size_t i = 0; i < n->conversations->len; i++) {
		const struct conversation *c = n->conversations->pdata[i];

		if (c->protocol == ST_PROTOCOL_UDP)
			check_datagrams(n, c, findings);
		else
			check_connection(c, loses, findings);
	}
}

static void check_equal(const char *what, uint64_t is, uint64_t should, GPtrArray *findings)
{
	if (is != should)
		finding(findings, "%s: %" PRIu64 ", should be %" PRIu64, what, is, should);
}

static void check_counters(const struct simnet *n, GPtrArray *findings)
{
	const struct st_stats *s = &n->stats;

	check_equal("frames", s->frames, n->shown, findings);
	check_equal("frames_malformed", s->frames_malformed, 0, findings);
	check_equal("frames_truncated", s->frames_truncated, 0, findings);
	check_equal("frames_unsupported", s->frames_unsupported, 0, findings);
	check_equal("probes_handed_out", s->probes_handed_out, n->probes->len, findings);
	check_equal("probes_sent", s->probes_sent, n->probes->len, findings);
	check_equal("probes_failed", s->probes_failed, 0, findings);
	check_equal("traces_open", s->traces_open, 0, findings);
	check_equal("traces_ended", s->traces_ended, s->traces_started, findings);
	check_equal("traces reported", n->outcomes->len, s->traces_started, findings);
	check_equal("flows_refused", s->flows_refused, n->refused, findings);
	check_equal("events_dropped", s->events_dropped, 0, findings);
}

static const char *note_kind(enum sim_note note)
{
	switch (note) {
	case NOTE_ANY:
		return NULL;
	case NOTE_NAT:
		return "nat";
	case NOTE_ALGORITHM:
		return "algorithm";
	case NOTE_NEAR_DESTINATION:
		return "near-destination";
	case NOTE_ZERO_CHECKSUM:
		return "zero-checksum";
	case NOTE_RECVERR_UNKNOWN:
		return "recverr-unknown";
	}
	g_assert_not_reached();
}

static bool has_note(const struct st_trace *trace, const char *kind)
{
	for (size_t i = 0; i < trace->note_count; i++)
		if (g_str_equal(trace->notes[i].kind, kind))
			return true;
	return false;
}

static void expect_of_trace(const struct sim_expect *e, const struct st_trace *trace,
			    GPtrArray *findings)
{
	const char *note = note_kind(e->note);

	if (e->stop_reason != ST_STOP_NONE && (int32_t)trace->stop_reason != e->stop_reason)
		finding(findings, "trace %" PRIu64 ": stopped for %s, should for %s", trace->number,
			st_stop_reason_text(trace->stop_reason),
			st_stop_reason_text((enum st_stop_reason)e->stop_reason));
	if (note && !has_note(trace, note))
		finding(findings, "trace %" PRIu64 ": lacks the note %s", trace->number, note);
}

static void check_expectations(const struct simnet *n, GPtrArray *findings)
{
	const struct sim_expect *e = &n->scenario->expect;

	if (e->traces != AS_SENT)
		check_equal("traces", n->outcomes->len, e->traces, findings);
	if (e->refused != AS_SENT)
		check_equal("refused", n->refused, e->refused, findings);
	if (e->unmatched != AS_SENT)
		check_equal("errors_unmatched + errors_malformed",
			    n->stats.errors_unmatched + n->stats.errors_malformed, e->unmatched,
			    findings);
	for (size_t i = 0; i < n->outcomes->len; i++)
		expect_of_trace(e, &((struct outcome *)n->outcomes->pdata[i])->trace, findings);
}

void truth_check(const struct simnet *n, GPtrArray *findings)
{
	truth_check_traces(n, findings);
	truth_check_bounds(n, findings);
	truth_check_harm(n, findings);
	check_counters(n, findings);
	check_expectations(n, findings);
}
