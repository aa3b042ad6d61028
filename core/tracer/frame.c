/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a frame: decoded, then given to its flow, or, if it is an ICMP
 * error, to the probe that it quotes. Whatever is wrong with a frame is counted.
 */
#include "tracer/internal.h"

/* Networks stack two or three tunnels; a frame of nothing but headers must not keep us. */
#define TUNNEL_DEPTH_MAX 8

static void count_undecoded(struct st_stats *stats, enum st_status status)
{
	switch (status) {
	case ST_TRUNCATED:
		stats->frames_truncated++;
		break;
	case ST_MALFORMED:
		stats->frames_malformed++;
		break;
	case ST_UNSUPPORTED:
		stats->frames_unsupported++;
		break;
	case ST_OK:
	case ST_NONE:
	case ST_NO_SPACE:
	case ST_INVALID_ARGUMENT:
		break;
	}
}

/* True if the packet is a probe of our own on its way out: noted, and no news of the flow. */
static bool take_own_probe(struct st_tracer *tracer, const struct st_packet *packet,
			   const struct st_frame *frame)
{
	struct probe *probe;

	if (!tracer->config.active || frame->direction == ST_DIRECTION_IN)
		return false;
	probe = correlator_find_sent(&tracer->correlator, packet);
	if (!probe)
		return false;
	if (!probe->seen) {
		tracer->stats.probes_sent++;
		trace_probe_seen(probe, frame);
		event_probe(tracer, probe, frame->cookie);
	}
	return true;
}

/*
 * Probes are sent with the link header of the flow's own packets, so only what
 * was seen leaving this interface shows which side is ours; a flow that merely
 * passes by (a bridge, a mirrored port) has none. What comes in with our own
 * side's addresses is forged or astray.
 */
static bool find_local_side(struct flow *flow, unsigned side, enum st_direction direction)
{
	if (direction == ST_DIRECTION_OUT && flow->local_side == FLOW_SIDE_UNKNOWN)
		flow->local_side = (uint8_t)side;
	return direction != ST_DIRECTION_IN || flow->local_side != side;
}

static void learn(struct st_tracer *tracer, struct flow *flow, unsigned side,
		  const struct st_packet *packet, const struct st_frame *frame,
		  struct st_frame_info *info)
{
	if (!find_local_side(flow, side, frame->direction)) {
		tracer->stats.frames_astray++;
		return;
	}
	flow_update(flow, side, packet, frame);
	info->taught = identity_hear(tracer, flow, side, packet, frame) || info->taught;
	identity_update(tracer, flow);
	tracer_flow_heard(tracer, flow);
}

static void tell(struct st_frame_info *info, const struct flow *flow)
{
	info->wanted = flow->is_wanted;
	info->flow_id = flow->is_wanted ? flow->id : 0;
}

/* What the application says: in its flow, or in a new one if that has ended. */
static void take_news(struct st_tracer *tracer, struct flow *flow, const struct st_packet *packet,
		      const struct st_frame *frame, struct st_frame_info *info)
{
	struct st_tuple tuple = packet_tuple(packet);

	if (tracer_flow_has_ended(tracer, flow))
		flow = tracer_flow_renew(tracer, flow, packet, frame);
	if (!flow)
		return;
	learn(tracer, flow, flow_side(flow, &tuple), packet, frame, info);
	tell(info, flow);
}

static void take_segment(struct st_tracer *tracer, const struct st_packet *packet,
			 const struct st_frame *frame, struct st_frame_info *info)
{
	struct st_tuple tuple = packet_tuple(packet);
	struct flow *flow = tracer_flow_of(tracer, packet, &tuple, frame);
	enum flow_verdict verdict;
	unsigned side;

	if (!flow)
		return;
	tell(info, flow);
	if (take_own_probe(tracer, packet, frame))
		return;
	side = flow_side(flow, &tuple);
	verdict = flow_classify(flow, side, packet);
	if (verdict == FLOW_SEGMENT)
		take_news(tracer, flow, packet, frame, info);
	else if (!tracer->config.active || frame->direction != ST_DIRECTION_IN)
		observe_probe(tracer, flow, side, packet, frame, verdict == FLOW_PROBE);
}

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

/* An unreachable from the destination's own address; its Time Exceeded would be a router's. */
static bool is_destination(const struct probe *probe, const struct st_packet *packet)
{
	return is_unreachable(packet) && st_addr_equal(&probe->tuple->destination, &packet->source);
}

static struct st_reply make_reply(const struct probe *probe, const struct st_packet *packet,
				  const struct st_frame *frame, const struct st_quote *quote,
				  uint8_t matched_by)
{
	struct st_reply reply = {
		.address = packet->source,
		.stamp_ns = frame->stamp_ns,
		.icmp_type = packet->icmp.type,
		.icmp_code = packet->icmp.code,
		.reply_ttl = packet->ttl,
		.quoted_ttl = quote->ttl,
		.matched_by = matched_by,
		.destination = is_destination(probe, packet),
	};

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
static bool is_perhaps_the_applications(const struct st_packet *packet,
					const struct st_quote *quote)
{
	return packet->ip_version == 6 && quote->has_udp && quote->udp_length == UDP_HEADER_BYTES &&
	       packet->icmp.type != ST_ICMPV6_TIME_EXCEEDED;
}

static void take_icmp_error(struct st_tracer *tracer, const struct st_packet *packet,
			    const struct st_frame *frame, struct st_frame_info *info)
{
	struct st_quote quote;
	struct st_reply reply;
	struct probe *probe;
	uint8_t matched_by = 0;

	if (st_quote_decode(frame->bytes + packet->payload_offset, packet->payload_captured,
			    packet->ip_version, &quote) != ST_OK) {
		tracer->stats.errors_malformed++;
		return;
	}
	probe = is_answer(packet) ? correlator_find_quote(&tracer->correlator, &quote, tracer->now,
							  &matched_by)
				  : NULL;
	if (!probe || is_perhaps_the_applications(packet, &quote)) {
		tracer->stats.errors_unmatched++;
		return;
	}
	tell(info, probe->trace->flow);
	reply = make_reply(probe, packet, frame, &quote, matched_by);
	sort_reply(tracer, probe, &reply, frame->cookie);
}

static void take_packet(struct st_tracer *tracer, const struct st_packet *packet,
			const struct st_frame *frame, struct st_frame_info *info)
{
	if (packet->has_ports)
		info->header_bytes = packet->payload_offset;
	if (resolver_wants(packet))
		info->taught = identity_take_answer(tracer, packet, frame);
	if (packet->later_fragment)
		tracer->stats.fragments++;
	else if (frame->names_only)
		return;
	else if (packet->has_ports)
		take_segment(tracer, packet, frame, info);
	else if ((packet->protocol == ST_PROTOCOL_ICMP || packet->protocol == ST_PROTOCOL_ICMPV6) &&
		 packet->icmp.is_error)
		take_icmp_error(tracer, packet, frame, info);
}

/*
 * What travels inside of tunnels is what somebody talks or traces in, so an observer
 * looks at the innermost packet alone. Probes are never sent into a tunnel.
 */
static void enter_tunnels(const struct st_tracer *tracer, const struct st_frame *frame,
			  struct st_packet *packet)
{
	if (tracer->config.active)
		return;
	for (int depth = 0; depth < TUNNEL_DEPTH_MAX; depth++) {
		if (st_packet_enter(frame, packet) != ST_OK)
			return;
	}
}

void st_tracer_frame(struct st_tracer *tracer, uint64_t now, const struct st_frame *frame,
		     struct st_frame_info *info)
{
	struct st_frame_info ignored;
	struct st_packet packet;
	enum st_status status;

	if (!info)
		info = &ignored;
	*info = (struct st_frame_info){.header_bytes = frame->captured_bytes};
	st_tracer_wake(tracer, now);
	tracer->stats.frames++;
	status = st_packet_decode(frame, &packet);
	if (status != ST_OK) {
		count_undecoded(&tracer->stats, status);
	} else {
		enter_tunnels(tracer, frame, &packet);
		take_packet(tracer, &packet, frame, info);
	}
	active_next_waiting(tracer);
}
