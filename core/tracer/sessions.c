/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classic traceroutes, and applications' packets that expired on the way: what was
 * a packet like any other becomes a probe when a Time Exceeded quotes it, or when
 * one host's packets to another climb from near the sender, one distance after the
 * other. The probes of a traceroute that opens a flow for each are one session: a
 * flow whose ports vary. docs/recognition.md says all the rules.
 */
#include "tracer/internal.h"

#include "base/addr.h"
#include "packet/decode.h"

/* So many distances in a row, sent in this order, are no accident... */
#define LADDER_LENGTH 3
/* ... if the first of them is near the sender: traffic that passes by has lost less of its TTL. */
#define LADDER_FROM_MAX 5
/* A capture can lack packets: distances this far apart still belong together. */
#define LADDER_GAP 2
/* One distance alone is an application's usual TTL if it is above: then only what expired counts.
 */
#define LONE_TTL_MAX 30
/* Of a pair's latest packets so many are looked at when a session begins. */
#define SWEEP_MAX 512
/* About 4 MB with their traces; the oldest ends. */
#define SESSIONS_MAX 4096

/* Whether all probes of a session share their ports. */
enum session_ports {
	PORTS_ONE = 0, /* so far */
	PORTS_FIXED,   /* they do: these ports have several distances */
	PORTS_VARYING, /* each has its own */
};

/* Its flow, if it is one of an application; else NULL. */
static struct flow *application_of(const struct st_tracer *tracer, const struct st_tuple *tuple)
{
	struct flow *flow = flow_table_find(&tracer->flows, tuple);

	return flow && flow_carries_traffic(flow) ? flow : NULL;
}

/* What a sender's kernel adds to a SYN that was answered, with the same small TTL. */
static bool follows_handshake(const struct flow *flow, const struct probe *probe)
{
	unsigned side = flow_side(flow, &probe->tuple);

	return flow->protocol == ST_PROTOCOL_TCP && !(probe->headers.tcp_flags & ST_TCP_SYN) &&
	       flow->ends[!side].has_isn;
}

static bool is_an_applications(const struct st_tracer *tracer, const struct probe *probe)
{
	const struct flow *flow = flow_table_find(&tracer->flows, &probe->tuple);

	return flow && (flow_carries_traffic(flow) || follows_handshake(flow, probe));
}

static bool is_recent(const struct st_tracer *tracer, const struct candidate *candidate)
{
	return candidate->probe.now_ns + tracer->config.flow_timeout_ns >= tracer->now;
}

/* By the sender's kernel, which knows nothing of the SYN that a SYN-ACK answers. */
static bool is_reset(const struct probe *probe)
{
	return probe->tuple.protocol == ST_PROTOCOL_TCP && (probe->headers.tcp_flags & ST_TCP_RST);
}

/* True if packets with the very ports of this one have other distances. */
static bool climbs_alone(const struct st_tracer *tracer, const struct candidate *candidate)
{
	const struct probe *probe = &candidate->probe;
	const GList *link = candidate->pair->recent.tail;

	if (!protocol_has_ports(probe->tuple.protocol))
		return true;
	for (int looked = 0; link && looked < SWEEP_MAX; looked++, link = link->prev) {
		const struct candidate *other = link->data;

		if (!is_recent(tracer, other))
			return false;
		if (other->probe.ttl != probe->ttl && !is_reset(&other->probe) &&
		    st_tuple_equal(&other->probe.tuple, &probe->tuple))
			return true;
	}
	return false;
}

static bool holds(const struct flow *session, const struct st_tuple *tuple)
{
	const struct trace *trace = observe_open_trace(session, 0);

	for (unsigned i = 0; trace && i < trace->probes->len; i++) {
		const struct probe *probe = trace->probes->pdata[i];

		if (st_tuple_equal(&probe->tuple, tuple))
			return true;
	}
	return false;
}

static bool has_tuple(const struct flow *session, const struct st_tuple *tuple)
{
	struct st_tuple own = flow_tuple(session, 0);

	return st_tuple_equal(&own, tuple);
}

static bool fits(const struct st_tracer *tracer, const struct flow *session,
		 const struct candidate *candidate)
{
	const struct st_tuple *tuple = &candidate->probe.tuple;

	if (session->ports != PORTS_VARYING && has_tuple(session, tuple))
		return true;
	if (session->ports == PORTS_FIXED)
		return false;
	return !climbs_alone(tracer, candidate) || holds(session, tuple);
}

static struct flow *session_new(struct st_tracer *tracer, struct candidate *candidate)
{
	struct flow *session = flow_new(&candidate->probe.tuple);

	if (tracer->sessions.length >= SESSIONS_MAX)
		tracer_forget(tracer, g_queue_peek_head(&tracer->sessions));
	session->is_session = true;
	session->is_selected = candidate->is_selected;
	session->deadline.kind = DEADLINE_FLOW;
	session->pair = candidate->pair;
	session->next_session = candidate->pair->sessions;
	candidate->pair->sessions = session;
	g_queue_push_tail_link(&tracer->sessions, &session->idle_link);
	session->last_ns = tracer->now;
	tracer_flow_want(tracer, session, session->is_selected);
	identity_update(tracer, session);
	tracer_flow_arm(tracer, session);
	return session;
}

void sessions_forget(struct st_tracer *tracer, struct flow *session)
{
	struct pair *pair = session->pair;
	struct flow **at = &pair->sessions;

	while (*at != session)
		at = &(*at)->next_session;
	*at = session->next_session;
	g_queue_unlink(&tracer->sessions, &session->idle_link);
	flow_free(session);
	candidates_release(tracer->candidates, pair);
}

/* The session gets a probe with these ports; what varies is told no more. */
static void join_ports(struct flow *session, const struct candidate *candidate, bool is_alone)
{
	const struct st_tuple *tuple = &candidate->probe.tuple;
	struct trace *trace;

	if (session->ports == PORTS_ONE && has_tuple(session, tuple)) {
		if (is_alone)
			session->ports = PORTS_FIXED;
		return;
	}
	if (session->ports == PORTS_FIXED)
		return;
	session->ports = PORTS_VARYING;
	if (session->ends[0].port != tuple->source_port)
		session->ends[0].port = 0;
	if (session->ends[1].port != tuple->destination_port)
		session->ends[1].port = 0;
	trace = observe_open_trace(session, 0);
	if (trace)
		trace->tuple = flow_tuple(session, 0);
}

/* The session that the candidate belongs to, made if there is none. */
static struct flow *session_for(struct st_tracer *tracer, struct candidate *candidate)
{
	struct flow *session = candidate->pair->sessions;

	while (session && !fits(tracer, session, candidate))
		session = session->next_session;
	if (!session)
		session = session_new(tracer, candidate);
	join_ports(session, candidate, climbs_alone(tracer, candidate));
	return session;
}

static struct probe *take_candidate(struct st_tracer *tracer, struct trace *trace,
				    struct candidate *candidate)
{
	struct probe *probe = trace_take_candidate(trace, candidate, ++tracer->last_probe_id);

	if (probe && trace->flow->is_session)
		replies_settle(tracer, probe);
	return probe;
}

static struct probe *make_probe(struct st_tracer *tracer, struct flow *flow, unsigned side,
				struct candidate *candidate)
{
	return take_candidate(tracer, observe_trace_for(tracer, flow, side, &candidate->probe),
			      candidate);
}

/* Distances that have been seen, and from where to where they hang together. */
struct reach {
	bool seen[UINT8_MAX + 1];
	unsigned low, high;
};

static void see(struct reach *reach, const struct trace *trace)
{
	for (unsigned ttl = 0; trace && ttl <= UINT8_MAX; ttl++)
		reach->seen[ttl] = reach->seen[ttl] || trace->hops[ttl].made;
}

static bool is_seen_within(const struct reach *reach, unsigned from, unsigned to)
{
	for (unsigned ttl = from; ttl <= MIN(to, UINT8_MAX); ttl++) {
		if (reach->seen[ttl])
			return true;
	}
	return false;
}

static void stretch(struct reach *reach, unsigned ttl)
{
	reach->low = reach->high = ttl;
	while (reach->high < UINT8_MAX &&
	       is_seen_within(reach, reach->high + 1, reach->high + LADDER_GAP))
		reach->high++;
	while (reach->low > 1 &&
	       is_seen_within(reach, MAX(reach->low, LADDER_GAP + 1) - LADDER_GAP, reach->low - 1))
		reach->low--;
}

static bool is_within(const struct reach *reach, uint8_t ttl)
{
	bool is_lone = reach->low == reach->high;

	return ttl >= reach->low && ttl <= reach->high && (!is_lone || ttl <= LONE_TTL_MAX);
}

/* Could be the session's probe as far as it shows alone. */
static bool is_eligible(const struct st_tracer *tracer, const struct flow *session,
			const struct candidate *candidate)
{
	return !candidate->is_used && is_recent(tracer, candidate) &&
	       fits(tracer, session, candidate) && !is_an_applications(tracer, &candidate->probe);
}

static GList *sweep_start(const struct pair *pair)
{
	GList *link = pair->recent.tail;

	for (int i = 1; link && link->prev && i < SWEEP_MAX; i++)
		link = link->prev;
	return link;
}

static bool is_before_sweep(const struct candidate *candidate)
{
	const GList *start = sweep_start(candidate->pair);
	const struct candidate *first = start->data;

	return candidate->serial < first->serial;
}

/* What was seen before and hangs together with the proved one becomes probes, in its order. */
static void sweep(struct st_tracer *tracer, struct flow *session, struct candidate *proved)
{
	struct reach reach = {0};

	reach.seen[proved->probe.ttl] = true;
	see(&reach, observe_open_trace(session, 0));
	for (GList *link = sweep_start(session->pair); link; link = link->next) {
		struct candidate *candidate = link->data;

		if (is_eligible(tracer, session, candidate))
			reach.seen[candidate->probe.ttl] = true;
	}
	stretch(&reach, proved->probe.ttl);
	if (is_before_sweep(proved)) {
		join_ports(session, proved, false);
		make_probe(tracer, session, 0, proved);
	}
	for (GList *link = sweep_start(session->pair); link; link = link->next) {
		struct candidate *candidate = link->data;

		if (candidate != proved && (!is_within(&reach, candidate->probe.ttl) ||
					    !is_eligible(tracer, session, candidate)))
			continue;
		join_ports(session, candidate, false);
		make_probe(tracer, session, 0, candidate);
	}
}

static void announce(struct st_tracer *tracer, struct flow *flow, unsigned side)
{
	struct trace *trace = observe_open_trace(flow, side);

	flow->last_ns = flow->is_session ? tracer->now : flow->last_ns;
	if (trace)
		observe_announce(tracer, trace);
}

/* In an application's flow: those that have the same distance, unless that is its usual one. */
static void take_alike(struct st_tracer *tracer, struct flow *flow, unsigned side,
		       const struct candidate *proved)
{
	const struct probe *probe = &proved->probe;

	if (probe->ttl >= flow->ends[side].highest_ttl)
		return;
	for (GList *link = sweep_start(proved->pair); link && link->data != proved;
	     link = link->next) {
		struct candidate *candidate = link->data;

		if (!candidate->is_used && is_recent(tracer, candidate) &&
		    candidate->probe.ttl == probe->ttl &&
		    st_tuple_equal(&candidate->probe.tuple, &probe->tuple))
			make_probe(tracer, flow, side, candidate);
	}
}

struct probe *sessions_confirm(struct st_tracer *tracer, struct candidate *candidate)
{
	struct flow *flow = application_of(tracer, &candidate->probe.tuple);
	unsigned side;

	if (candidate->is_used || !candidate->pair)
		return NULL;
	if (!flow) {
		sweep(tracer, session_for(tracer, candidate), candidate);
		return candidate->made;
	}
	side = flow_side(flow, &candidate->probe.tuple);
	take_alike(tracer, flow, side, candidate);
	return make_probe(tracer, flow, side, candidate);
}

/* A packet of an application that goes no farther than one that has expired. */
static bool is_alike(const struct flow *flow, unsigned side, const struct candidate *candidate)
{
	const struct trace *trace = observe_open_trace(flow, side);
	uint8_t ttl = candidate->probe.ttl;

	return trace && trace->hops[ttl].made && ttl < flow->ends[side].highest_ttl;
}

static bool joins(const struct st_tracer *tracer, const struct flow *session,
		  const struct candidate *candidate)
{
	const struct trace *trace = observe_open_trace(session, 0);
	struct reach reach = {0};

	if (!trace || !is_eligible(tracer, session, candidate))
		return false;
	see(&reach, trace);
	reach.seen[candidate->probe.ttl] = true;
	reach.seen[0] = false; /* of replies whose probes were not seen */
	stretch(&reach, candidate->probe.ttl);
	/* Alone it hangs together with nothing, unless its distance is known. */
	if (reach.low == reach.high && !trace->hops[candidate->probe.ttl].made)
		return false;
	return is_within(&reach, candidate->probe.ttl);
}

/* True if this was the last step of a ladder. */
static bool climb(struct ladder *ladder, uint8_t ttl)
{
	if (ladder->length && ttl == ladder->ttl)
		return false;
	if (ladder->length && ttl == ladder->ttl + 1)
		ladder->length = (uint8_t)MIN(ladder->length + 1, UINT8_MAX);
	else
		ladder->length = ttl <= LADDER_FROM_MAX;
	ladder->ttl = ttl;
	return ladder->length == LADDER_LENGTH;
}

/* The session whose open trace the candidate hangs together with, or NULL. */
static struct flow *session_to_join(const struct st_tracer *tracer,
				    const struct candidate *candidate)
{
	struct flow *session = candidate->pair->sessions;

	while (session && !joins(tracer, session, candidate))
		session = session->next_session;
	return session;
}

static struct probe *join_session(struct st_tracer *tracer, struct flow *session,
				  struct candidate *candidate)
{
	join_ports(session, candidate, climbs_alone(tracer, candidate));
	return make_probe(tracer, session, 0, candidate);
}

struct probe *sessions_accept(struct st_tracer *tracer, struct candidate *candidate)
{
	struct flow *session = candidate->pair ? session_to_join(tracer, candidate) : NULL;

	return session ? join_session(tracer, session, candidate) : NULL;
}

static void observe_stranger(struct st_tracer *tracer, struct candidate *candidate)
{
	struct pair *pair = candidate->pair;
	bool is_ladder = !is_an_applications(tracer, &candidate->probe) &&
			 climb(&pair->ladder, candidate->probe.ttl);
	struct flow *session = session_to_join(tracer, candidate);

	if (session) {
		join_session(tracer, session, candidate);
		announce(tracer, session, 0);
		return;
	}
	if (!is_ladder)
		return;
	session = session_for(tracer, candidate);
	sweep(tracer, session, candidate);
	announce(tracer, session, 0);
}

void sessions_observe(struct st_tracer *tracer, const struct flow *flow,
		      const struct st_packet *packet, const struct st_frame *frame,
		      bool is_selected)
{
	struct candidate *candidate;
	struct probe *original;
	struct flow *application;
	unsigned side;

	/* No router answers what goes to a group (RFC 1812, 4.3.2.7), and none sends a TTL of 0. */
	if (addr_is_group(&packet->destination) || !packet->ttl)
		return;
	candidate = candidates_add(tracer->candidates, packet, frame, tracer->now, &original);
	if (!candidate) {
		observe_copy(tracer, original, frame->cookie);
		return;
	}
	candidate->is_selected = is_selected;
	if (!flow || !flow_carries_traffic(flow)) {
		observe_stranger(tracer, candidate);
		return;
	}
	side = flow_side(flow, &candidate->probe.tuple);
	if (!flow->traces || !is_alike(flow, side, candidate))
		return;
	application = flow_table_find(&tracer->flows, &candidate->probe.tuple);
	make_probe(tracer, application, side, candidate);
	announce(tracer, application, side);
}

/* Nothing that the quote's sender has sent there was seen: the capture holds replies only. */
static bool is_unknown(const struct st_tracer *tracer, const struct st_tuple *tuple)
{
	const struct pair *pair = candidates_pair(tracer->candidates, tuple);

	return !flow_table_find(&tracer->flows, tuple) && (!pair || !pair->recent.length);
}

/* The same router's second copy of one error, not its error to a second probe. */
static struct probe *known_unseen(const struct trace *trace, const struct st_quote *quote,
				  uint64_t now)
{
	struct match_wanted wanted = match_make(quote, now, false);

	for (unsigned i = 0; i < trace->probes->len; i++) {
		struct probe *probe = trace->probes->pdata[i];
		unsigned by = probe->seen ? 0 : match_probe(probe, &wanted);

		if (by && (!quote_has_ip_id(quote) || (by & ST_MATCH_IPID)))
			return probe;
	}
	return NULL;
}

enum interest sessions_interest(const struct st_tracer *tracer, const struct st_quote *quote)
{
	const struct st_packet packet = {
		.source = quote->source,
		.destination = quote->destination,
		.ip_version = quote->ip_version,
		.protocol = quote->protocol,
		.source_port = quote->source_port,
		.destination_port = quote->destination_port,
	};

	return config_interest(&tracer->config, &packet, ST_DIRECTION_UNKNOWN);
}

struct probe *sessions_unseen(struct st_tracer *tracer, const struct st_quote *quote,
			      bool is_time_exceeded)
{
	struct st_tuple tuple = quote_tuple(quote);
	enum interest interest = sessions_interest(tracer, quote);
	struct candidate quoted = {.is_selected = interest == INTEREST_SELECTED};
	struct flow *session;
	struct trace *trace;
	struct probe *probe;

	/* Of a tunnel only what is inside is looked at, so what it sends is never known. */
	if (interest == INTEREST_NONE || !quote->has_key || tunnel_has_protocol(quote->protocol) ||
	    !is_unknown(tracer, &tuple))
		return NULL;
	quoted.probe.tuple = tuple;
	quoted.pair = candidates_make_pair(tracer->candidates, &tuple);
	session = quoted.pair->sessions;
	if (!session && !is_time_exceeded) {
		candidates_release(tracer->candidates, quoted.pair);
		return NULL;
	}
	if (!session)
		session = session_new(tracer, &quoted);
	join_ports(session, &quoted, false);
	trace = observe_trace_for(tracer, session, 0, &quoted.probe);
	probe = known_unseen(trace, quote, tracer->now);
	return probe ? probe
		     : trace_note_unseen(trace, quote, tracer->now, ++tracer->last_probe_id);
}

static unsigned distances(const struct trace *trace, unsigned *highest)
{
	unsigned count = 0;

	*highest = 0;
	for (unsigned ttl = 0; ttl <= UINT8_MAX; ttl++) {
		if (!trace->hops[ttl].made)
			continue;
		count++;
		*highest = ttl;
	}
	return count;
}

/* Out of order, what belongs to it may have come before it was known. */
static void take_stragglers(struct st_tracer *tracer, struct trace *trace)
{
	struct pair *pair = trace->flow->pair;

	for (GList *link = sweep_start(pair); link; link = link->next) {
		struct candidate *candidate = link->data;

		if (candidate->is_used || !trace_spans(trace, &candidate->probe) ||
		    !joins(tracer, trace->flow, candidate))
			continue;
		join_ports(trace->flow, candidate, false);
		take_candidate(tracer, trace, candidate);
	}
}

void sessions_settle(struct st_tracer *tracer, struct trace *trace)
{
	bool seen[UINT8_MAX + 1] = {0};
	unsigned length = 0;

	take_stragglers(tracer, trace);

	for (unsigned i = 0; i < trace->probes->len; i++) {
		const struct probe *probe = trace->probes->pdata[i];

		if (probe->seen && !is_an_applications(tracer, probe))
			seen[probe->ttl] = true;
	}
	for (unsigned ttl = 1; ttl <= UINT8_MAX && length < LADDER_LENGTH; ttl++)
		length = seen[ttl] ? length + 1 : 0;
	trace->has_ladder = length >= LADDER_LENGTH;
}

enum st_trace_kind sessions_kind(const struct st_tracer *tracer, const struct trace *trace)
{
	unsigned highest, count;

	if (!trace->flow->is_session || application_of(tracer, &trace->tuple))
		return ST_TRACE_IN_FLOW;
	count = distances(trace, &highest);
	return count > 1 || highest <= LONE_TTL_MAX ? ST_TRACE_CLASSIC : ST_TRACE_IN_FLOW;
}
