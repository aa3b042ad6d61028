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
/* Errors kept for so long; the oldest is looked at again early. */
#define EARLY_MAX 1024

/* An error that quotes nothing seen so far. */
struct early {
	GList link;
	struct st_packet packet;
	struct st_quote quote;
	struct st_reply reply;
	uint64_t cookie;
	uint64_t now_ns;
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

/* An unreachable from the destination's own address; its Time Exceeded would be a router's. */
static bool is_destination(const struct probe *probe, const struct st_packet *packet)
{
	return is_unreachable(packet) && st_addr_equal(&probe->tuple.destination, &packet->source);
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
		tracer->stats.replies_duplicate++;
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

/* True: the error answers this probe. */
static bool take_error_of(struct st_tracer *tracer, struct probe *probe, const struct early *error,
			  uint8_t matched_by)
{
	struct st_reply reply = error->reply;

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
 * The probe that is quoted, NULL if none is known. Only running out of TTL makes a
 * probe of what was not known for one.
 */
static struct probe *find_probe(struct st_tracer *tracer, const struct early *error,
				uint8_t *matched_by)
{
	struct probe *probe = correlator_find_quote(&tracer->correlator, &error->quote,
						    error->now_ns, matched_by);
	struct candidate *candidate;

	/* What could have been several probes was not another packet. */
	if (probe || *matched_by || !tracer->candidates)
		return probe;
	candidate = candidates_find(tracer->candidates, &error->quote, error->now_ns, matched_by);
	if (!candidate || candidate->made)
		return candidate ? candidate->made : NULL;
	return is_time_exceeded(&error->packet) ? sessions_confirm(tracer, candidate) : NULL;
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
	if (probe && take_error_of(tracer, probe, &error, matched_by))
		return;
	if (!probe && !matched_by && tracer->candidates && is_answer(packet))
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

	if (!probe && !matched_by && is_time_exceeded(&error->packet) && is_to_quoted(error))
		probe = sessions_unseen(tracer, &error->quote);
	if (!probe || !take_error_of(tracer, probe, error, matched_by))
		count_unmatched(tracer, error);
}

void replies_look_again(struct st_tracer *tracer, bool is_over)
{
	struct early *error;

	while ((error = g_queue_peek_head(&tracer->early))) {
		if (!is_over && error->now_ns + EARLY_NS > tracer->now &&
		    tracer->early.length <= EARLY_MAX)
			return;
		g_queue_unlink(&tracer->early, &error->link);
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

/* RFC 9293, 3.10.7: what acknowledges the probe's sequence number, or is reset at its ACK number.
 */
static bool tcp_answers(const struct probe *probe, const struct st_tcp *tcp)
{
	if (tcp->flags & ST_TCP_ACK)
		return tcp->ack == probe->key + 1 || tcp->ack == probe->key;
	return (tcp->flags & ST_TCP_RST) && tcp->seq == probe->headers.ack;
}

/* Could be an answer to some probe: an application's datagram is not told from one. */
static bool is_perhaps_an_answer(const struct st_packet *packet)
{
	if (packet->protocol == ST_PROTOCOL_TCP)
		return packet->tcp.flags & (ST_TCP_SYN | ST_TCP_RST);
	if (packet->protocol == ST_PROTOCOL_ICMP || packet->protocol == ST_PROTOCOL_ICMPV6)
		return icmp_echo_of(packet->protocol, &packet->icmp) == ICMP_ECHO_REPLY;
	return packet->protocol != ST_PROTOCOL_UDP;
}

static bool answers(const struct probe *probe, const struct st_packet *packet)
{
	if (packet->protocol == ST_PROTOCOL_TCP)
		return tcp_answers(probe, &packet->tcp);
	if (packet->protocol == ST_PROTOCOL_ICMP || packet->protocol == ST_PROTOCOL_ICMPV6)
		return probe->key == packet->key;
	return true;
}

/* The first that is awaited: of several that are alike the nearest to the sender was first. */
static struct probe *find_answered(const struct trace *trace, const struct st_tuple *tuple,
				   const struct st_packet *packet)
{
	for (unsigned i = 0; i < trace->probes->len; i++) {
		struct probe *probe = trace->probes->pdata[i];

		if (probe->state == PROBE_AWAITED && answers(probe, packet) &&
		    st_tuple_equal(&probe->tuple, tuple))
			return probe;
	}
	return NULL;
}

static void take_answer_of(struct st_tracer *tracer, struct probe *probe,
			   const struct st_packet *packet, const struct st_frame *frame)
{
	struct st_reply reply = begin_reply(packet, frame);
	bool is_tcp = packet->protocol == ST_PROTOCOL_TCP;

	if (is_tcp) {
		reply.kind = ST_REPLY_TCP;
		reply.tcp_flags = packet->tcp.flags;
	} else if (packet->protocol == ST_PROTOCOL_ICMP || packet->protocol == ST_PROTOCOL_ICMPV6) {
		reply.kind = ST_REPLY_ECHO;
		reply.icmp_type = packet->icmp.type;
		reply.icmp_code = packet->icmp.code;
	} else {
		reply.kind = ST_REPLY_OTHER;
	}
	reply.probe_bytes = probe->headers.bytes;
	reply.matched_by =
		reply.kind == ST_REPLY_OTHER ? ST_MATCH_TUPLE : ST_MATCH_TUPLE | ST_MATCH_SEQ;
	reply.destination = true;
	sort_reply(tracer, probe, &reply, frame->cookie);
}

void replies_take_answer(struct st_tracer *tracer, const struct st_packet *packet,
			 const struct st_frame *frame)
{
	struct st_tuple there = packet_tuple(packet), back = st_tuple_reversed(&there);
	const struct pair *pair;

	if (!is_perhaps_an_answer(packet))
		return;
	pair = candidates_pair(tracer->candidates, &back);
	for (const struct flow *session = pair ? pair->sessions : NULL; session;
	     session = session->next_session) {
		const struct trace *trace = observe_open_trace(session, 0);
		struct probe *probe = trace ? find_answered(trace, &back, packet) : NULL;

		if (!probe)
			continue;
		take_answer_of(tracer, probe, packet, frame);
		return;
	}
}
