/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Replies: which probe an ICMP error quotes, or, to a classic traceroute, what the
 * destination itself says: an echo reply, a SYN-ACK or RST. In observing mode an
 * error may come before its probe (captures that were merged, or put out of order),
 * or its probe not at all.
 */
#include "tracer/internal.h"

#include "packet/build.h"
#include "packet/decode.h"

/* Interfaces that are captured together are this much out of step at most. */
#define EARLY_NS (1 * ST_NS_PER_S)
/* Of a pair's latest packets so many are looked at for the one that is answered. */
#define ANSWERED_LOOKED_AT 512
/* Errors kept for so long; the oldest is looked at again early. */
#define EARLY_MAX 1024

/* An error that quotes, or an answer to, nothing seen so far. */
struct early {
	GList link;
	struct st_packet packet;
	struct st_quote quote; /* of an error */
	struct st_reply reply;
	uint64_t cookie;
	uint64_t now_ns;
	uint8_t ambiguous_by; /* in this several probes agreed: it takes more; 0: they did not */
	bool is_answer;	      /* the destination's own */
	bool is_again;	      /* it has been kept */
};

static void read_labels(struct st_reply *reply, const uint8_t *message, size_t bytes,
			uint8_t ip_version)
{
	struct st_icmp_ext ext;
	struct st_icmp_object object;

	if (st_icmp_ext_init(&ext, message, bytes, ip_version) != ST_OK)
		return;
	while (!reply->mpls_count && st_icmp_ext_next(&ext, &object) == ST_OK)
		reply->mpls_count = (uint8_t)st_mpls_labels(&object, reply->mpls, ST_MPLS_MAX);
}

static bool is_unreachable(const struct st_packet *packet)
{
	return packet->icmp.type ==
	       (packet->ip_version == 4 ? ST_ICMP_UNREACHABLE : ST_ICMPV6_UNREACHABLE);
}

static bool is_unknown_protocol(const struct st_packet *packet)
{
	return packet->ip_version == 6 && packet->icmp.type == ST_ICMPV6_PARAMETER_PROBLEM &&
	       packet->icmp.code == ST_ICMPV6_UNKNOWN_NEXT_HEADER;
}

/* Whoever sends a redirect or a source quench has passed the probe on: it is not its hop. */
static bool is_answer(const struct st_packet *packet)
{
	uint8_t type = packet->icmp.type;

	if (packet->ip_version == 4)
		return type == ST_ICMP_UNREACHABLE || type == ST_ICMP_TIME_EXCEEDED ||
		       type == ST_ICMP_PARAMETER_PROBLEM;
	return type == ST_ICMPV6_UNREACHABLE || type == ST_ICMPV6_TIME_EXCEEDED ||
	       type == ST_ICMPV6_PARAMETER_PROBLEM;
}

static bool is_time_exceeded(const struct st_packet *packet)
{
	return packet->icmp.type ==
	       (packet->ip_version == 4 ? ST_ICMP_TIME_EXCEEDED : ST_ICMPV6_TIME_EXCEEDED);
}

/*
 * An unreachable, or that the protocol is unknown, from the destination's own address;
 * its Time Exceeded would be a router's.
 */
static bool is_destination(const struct probe *probe, const struct st_packet *packet)
{
	return (is_unreachable(packet) || is_unknown_protocol(packet)) &&
	       st_addr_equal(&probe->tuple.destination, &packet->source);
}

/* All that does not depend on the probe. */
static struct st_reply begin_reply(const struct st_packet *packet, const struct st_frame *frame)
{
	return (struct st_reply){
		.address = packet->source,
		.stamp_ns = frame->stamp_ns,
		.reply_ttl = packet->ttl,
		.reply_tos = packet->tos,
		.reply_ip_id = packet->ip_id,
		.reply_bytes = (uint16_t)MIN(packet_bytes(packet), UINT16_MAX),
		.quoted_ttl = ST_QUOTED_TTL_UNKNOWN,
	};
}

static struct st_reply begin_error(const struct st_packet *packet, const struct st_frame *frame,
				   const struct st_quote *quote)
{
	struct st_reply reply = begin_reply(packet, frame);

	reply.icmp_type = packet->icmp.type;
	reply.icmp_code = packet->icmp.code;
	reply.quoted_ttl = quote->ttl;
	reply.quoted_bytes = (uint16_t)MIN(quote->total_bytes, UINT16_MAX);
	reply.quoted_tos = quote->tos;
	read_labels(&reply, frame->bytes + packet->transport_offset, packet->transport_captured,
		    packet->ip_version);
	return reply;
}

static void take_reply(struct st_tracer *tracer, struct probe *probe, struct st_reply *reply,
		       uint64_t cookie)
{
	if (probe->trace->is_observed) {
		observe_announce(tracer, probe->trace);
		return;
	}
	tracer->stats.replies++;
	event_reply(tracer, probe, cookie, reply);
	active_step(tracer, probe->trace);
}

/* An observer is told which frame it repeats, if it does: there may be too many as well. */
static void take_duplicate(struct st_tracer *tracer, const struct probe *probe,
			   const struct st_reply *reply, uint64_t cookie)
{
	const struct trace_reply *first = trace_find_reply(probe->trace, probe, &reply->address);

	tracer->stats.replies_duplicate++;
	if (first && !tracer->config.active)
		event_copy(tracer, probe, cookie, first->cookie);
}

/* Counts the reply where it belongs. */
static void sort_reply(struct st_tracer *tracer, struct probe *probe, struct st_reply *reply,
		       uint64_t cookie)
{
	if (observe_is_foreign(tracer, probe->trace)) {
		tracer->stats.replies_foreign++;
		return;
	}
	if (!probe->trace->flow->is_wanted) {
		trace_add_reply(probe->trace, probe, reply, cookie);
		return;
	}
	if (probe->trace->is_resting) {
		tracer->stats.replies_late++;
		return;
	}
	switch (trace_add_reply(probe->trace, probe, reply, cookie)) {
	case TRACE_REPLY_NEW:
		take_reply(tracer, probe, reply, cookie);
		break;
	case TRACE_REPLY_DUPLICATE:
		take_duplicate(tracer, probe, reply, cookie);
		break;
	case TRACE_REPLY_LATE:
		tracer->stats.replies_late++;
		break;
	}
}

/*
 * All empty datagrams of a flow are alike, the application's own too. Where there
 * is no identification only running out of TTL tells a probe.
 */
static bool is_perhaps_the_applications(const struct probe *probe, const struct st_packet *packet,
					const struct st_quote *quote)
{
	return !probe->trace->flow->is_session && packet->ip_version == 6 && quote->has_udp &&
	       quote->udp_length == UDP_HEADER_BYTES &&
	       packet->icmp.type != ST_ICMPV6_TIME_EXCEEDED;
}

/* All agrees that tells the probes of one flow apart. */
static bool agrees_in_all(const struct early *error, const struct probe *probe, uint8_t matched_by)
{
	bool has_ip_id = quote_has_ip_id(&error->quote) && probe->ip_id;

	if (has_ip_id && !(matched_by & ST_MATCH_IPID))
		return false;
	return !error->quote.has_udp || (matched_by & ST_MATCH_CHECKSUM);
}

/* True: the error answers this probe. */
static bool take_error_of(struct st_tracer *tracer, struct probe *probe, const struct early *error,
			  uint8_t matched_by)
{
	struct st_reply reply = error->reply;

	probe->trace->quotes[agrees_in_all(error, probe, matched_by)]++;
	if (is_perhaps_the_applications(probe, &error->packet, &error->quote))
		return false;
	reply.probe_bytes = probe->headers.bytes;
	reply.altered = probe_altered(probe, &error->quote);
	reply.matched_by = matched_by;
	reply.destination = is_destination(probe, &error->packet);
	if (probe->trace->flow->is_session)
		probe->trace->flow->last_ns = tracer->now;
	sort_reply(tracer, probe, &reply, error->cookie);
	return true;
}

/*
 * The probe that is quoted, NULL if none is known. A packet that was not known for a
 * probe has to agree better than probes do: in its 5-tuple or identification. Only
 * running out of TTL makes a probe of it.
 */
static struct probe *find_probe(struct st_tracer *tracer, const struct early *error,
				uint8_t *matched_by)
{
	struct probe *probe = correlator_find_quote(&tracer->correlator, &error->quote,
						    error->now_ns, matched_by);
	struct candidate *candidate;
	uint8_t by;

	if (!tracer->candidates || match_is_best(*matched_by))
		return probe;
	candidate = candidates_find(tracer->candidates, &error->quote, error->now_ns, &by);
	if (!match_is_better(by, *matched_by))
		return probe;
	*matched_by = by;
	if (!candidate || candidate->made)
		return candidate ? candidate->made : NULL;
	probe = is_time_exceeded(&error->packet) ? sessions_confirm(tracer, candidate)
						 : sessions_accept(tracer, candidate);
	if (!probe)
		*matched_by = 0; /* no probe so far: it can become one yet */
	return probe;
}

/*
 * A quote that has another identification or checksum is perhaps of a probe that comes
 * later in the file; unless that is what quotes do on this path. Another checksum alone is
 * none of it in a capture that is in order.
 */
static bool is_perhaps_of_another(const struct st_tracer *tracer, const struct early *error,
				  const struct probe *probe, uint8_t matched_by)
{
	const unsigned *quotes = probe->trace->quotes;

	if (!tracer->is_out_of_order && (matched_by & ST_MATCH_IPID))
		return false;
	return probe->trace->flow->is_session && quotes[false] <= quotes[true] &&
	       !agrees_in_all(error, probe, matched_by);
}

static void count_unmatched(struct st_tracer *tracer, const struct early *error)
{
	tracer->stats.errors_unmatched +=
		shard_counts_error(&tracer->config, &error->packet, &error->quote);
}

static void keep_early(struct st_tracer *tracer, const struct early *error)
{
	struct early *kept = g_memdup2(error, sizeof(*error));

	kept->link.data = kept;
	g_queue_push_tail_link(&tracer->early, &kept->link);
}

/* It may yet be a reply: then it belongs into a capture of what is wanted. */
static bool is_quote_selected(const struct st_tracer *tracer, const struct st_quote *quote)
{
	return tracer->candidates && sessions_interest(tracer, quote) == INTEREST_SELECTED;
}

void replies_take_error(struct st_tracer *tracer, const struct st_packet *packet,
			const struct st_frame *frame, struct st_frame_info *info)
{
	struct early error = {.packet = *packet, .cookie = frame->cookie, .now_ns = tracer->now};
	struct probe *probe;
	uint8_t matched_by = 0;

	if (st_quote_decode(frame->bytes + packet->payload_offset, packet->payload_captured,
			    packet->ip_version, &error.quote) != ST_OK) {
		tracer->stats.errors_malformed +=
			shard_has(&tracer->config, &packet->source, &packet->destination);
		return;
	}
	if (!shard_has_error(&tracer->config, packet, &error.quote))
		return;
	error.reply = begin_error(packet, frame, &error.quote);
	probe = is_answer(packet) ? find_probe(tracer, &error, &matched_by) : NULL;
	if (probe)
		frame_tell(info, probe->trace->flow);
	if (probe && is_perhaps_of_another(tracer, &error, probe, matched_by)) {
		keep_early(tracer, &error);
		return;
	}
	if (!probe)
		info->wanted = is_quote_selected(tracer, &error.quote);
	if (probe && take_error_of(tracer, probe, &error, matched_by))
		return;
	error.ambiguous_by = probe ? 0 : matched_by;
	if (!probe && tracer->candidates && is_answer(packet))
		keep_early(tracer, &error);
	else
		count_unmatched(tracer, &error);
}

/* A translator that does not restore quotes shows a sender that no capture has to hold. */
static bool is_to_quoted(const struct early *error)
{
	return st_addr_equal(&error->packet.destination, &error->quote.source);
}

/* Neither then nor since: the capture holds replies only, or it is somebody's forgery. */
static void take_at_last(struct st_tracer *tracer, const struct early *error)
{
	uint8_t matched_by = 0;
	struct probe *probe = find_probe(tracer, error, &matched_by);

	if (error->ambiguous_by && !(matched_by & ~error->ambiguous_by))
		probe = NULL;
	else if (!probe && !matched_by && is_to_quoted(error))
		probe = sessions_unseen(tracer, &error->quote, is_time_exceeded(&error->packet));
	if (!probe || !take_error_of(tracer, probe, error, matched_by))
		count_unmatched(tracer, error);
}

/* RFC 9293, 3.10.7: what acknowledges the probe's sequence number, or is reset at its ACK number.
 */
static bool tcp_answers(const struct probe *probe, const struct st_tcp *tcp)
{
	if (probe->headers.tcp_flags & ST_TCP_RST)
		return false; /* nothing answers a reset */
	if (tcp->flags & ST_TCP_ACK)
		return tcp->ack == probe->key + 1 || tcp->ack == probe->key;
	return (tcp->flags & ST_TCP_RST) && tcp->seq == probe->headers.ack;
}

/* Could be an answer to some probe: an application's datagram is not told from one. */
static bool is_perhaps_an_answer(const struct st_packet *packet)
{
	if (packet->protocol == ST_PROTOCOL_TCP)
		return packet->tcp.flags & (ST_TCP_SYN | ST_TCP_RST);
	if (protocol_is_icmp(packet->protocol))
		return icmp_echo_of(packet->protocol, &packet->icmp) == ICMP_ECHO_REPLY;
	return packet->protocol != ST_PROTOCOL_UDP;
}

static bool answers(const struct probe *probe, const struct st_packet *packet)
{
	if (packet->protocol == ST_PROTOCOL_TCP)
		return tcp_answers(probe, &packet->tcp);
	if (protocol_is_icmp(packet->protocol))
		return probe->key == packet->key;
	return true;
}

/*
 * The probe that is answered. Those of one flow can be alike in all that the answer
 * shows: then it is behind the last router, and the oldest that is not too old.
 */
static struct probe *find_answered(const struct trace *trace, const struct st_tuple *tuple,
				   const struct early *answer)
{
	unsigned last_router = trace_last_router(trace);
	struct probe *only = NULL, *latest = NULL;
	unsigned count = 0;

	for (unsigned i = 0; i < trace->probes->len; i++) {
		struct probe *probe = trace->probes->pdata[i];

		if (probe->state != PROBE_AWAITED || !answers(probe, &answer->packet) ||
		    !st_tuple_equal(&probe->tuple, tuple))
			continue;
		only = count++ ? only : probe;
		if (probe->ttl <= last_router)
			continue;
		latest = probe;
		if (deadline_after(probe->stamp_ns, trace_usual_wait(trace)) >=
		    answer->reply.stamp_ns)
			break;
	}
	return count > 1 ? latest : only;
}

static struct st_reply make_answer(const struct early *answer, const struct probe *probe)
{
	struct st_reply reply = answer->reply;

	reply.probe_bytes = probe->headers.bytes;
	reply.matched_by =
		reply.kind == ST_REPLY_OTHER ? ST_MATCH_TUPLE : ST_MATCH_TUPLE | ST_MATCH_SEQ;
	return reply;
}

static struct st_reply begin_answer(const struct st_packet *packet, const struct st_frame *frame)
{
	struct st_reply reply = begin_reply(packet, frame);

	reply.destination = true;
	if (packet->protocol == ST_PROTOCOL_TCP) {
		reply.kind = ST_REPLY_TCP;
		reply.tcp_flags = packet->tcp.flags;
	} else if (protocol_is_icmp(packet->protocol)) {
		reply.kind = ST_REPLY_ECHO;
		reply.icmp_type = packet->icmp.type;
		reply.icmp_code = packet->icmp.code;
	} else {
		reply.kind = ST_REPLY_OTHER;
	}
	return reply;
}

static bool answer_session(struct st_tracer *tracer, const struct pair *pair,
			   const struct st_tuple *tuple, const struct early *answer)
{
	for (const struct flow *session = pair->sessions; session;
	     session = session->next_session) {
		const struct trace *trace = observe_open_trace(session, 0);
		struct probe *probe = trace ? find_answered(trace, tuple, answer) : NULL;
		struct st_reply reply;

		if (!probe)
			continue;
		reply = make_answer(answer, probe);
		sort_reply(tracer, probe, &reply, answer->cookie);
		return true;
	}
	return false;
}

/* What it answers may turn out to be a probe: the latest that has no answer yet. */
static bool answer_candidate(const struct pair *pair, const struct st_tuple *tuple,
			     const struct early *answer)
{
	const GList *link = pair->recent.tail;

	for (int looked = 0; link && looked < ANSWERED_LOOKED_AT; looked++, link = link->prev) {
		struct candidate *candidate = link->data;

		if (candidate->is_used || candidate->answer ||
		    !answers(&candidate->probe, &answer->packet) ||
		    !st_tuple_equal(&candidate->probe.tuple, tuple))
			continue;
		candidate->answer = g_new(struct answer, 1);
		candidate->answer->reply = make_answer(answer, &candidate->probe);
		candidate->answer->cookie = answer->cookie;
		return true;
	}
	return false;
}

static void take_answer(struct st_tracer *tracer, const struct early *answer)
{
	struct st_tuple there = packet_tuple(&answer->packet), back = st_tuple_reversed(&there);
	const struct pair *pair = candidates_pair(tracer->candidates, &back);

	if (pair &&
	    (answer_session(tracer, pair, &back, answer) || answer_candidate(pair, &back, answer)))
		return;
	if (!answer->is_again)
		keep_early(tracer, answer);
}

void replies_take_answer(struct st_tracer *tracer, const struct st_packet *packet,
			 const struct st_frame *frame)
{
	struct early answer = {.packet = *packet,
			       .cookie = frame->cookie,
			       .now_ns = tracer->now,
			       .is_answer = true};

	if (!is_perhaps_an_answer(packet))
		return;
	answer.reply = begin_answer(packet, frame);
	take_answer(tracer, &answer);
}

void replies_settle(struct st_tracer *tracer, struct probe *probe)
{
	struct candidate *candidate = probe->candidate;
	struct answer *answer = candidate ? g_steal_pointer(&candidate->answer) : NULL;

	if (answer)
		sort_reply(tracer, probe, &answer->reply, answer->cookie);
	g_free(answer);
}

void replies_look_again(struct st_tracer *tracer, bool is_over)
{
	struct early *error;

	while ((error = g_queue_peek_head(&tracer->early))) {
		if (!is_over && error->now_ns + EARLY_NS > tracer->now &&
		    tracer->early.length <= EARLY_MAX)
			return;
		g_queue_unlink(&tracer->early, &error->link);
		error->is_again = true;
		if (error->is_answer)
			take_answer(tracer, error);
		else
			take_at_last(tracer, error);
		g_free(error);
	}
}

void replies_free(struct st_tracer *tracer)
{
	struct early *error;

	while ((error = g_queue_peek_head(&tracer->early))) {
		g_queue_unlink(&tracer->early, &error->link);
		g_free(error);
	}
}
