/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of a frame: decoded, then given to its flow. What it answers is
 * replies.c's, what could be a traceroute's sessions.c's. Whatever is wrong with a
 * frame is counted.
 */
#include "tracer/internal.h"

#include "packet/decode.h"

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
		trace_probe_seen(probe, packet, frame);
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

void frame_tell(struct st_frame_info *info, const struct flow *flow)
{
	info->wanted = flow->is_wanted;
	info->flow_id = flow->is_wanted ? flow->id : 0;
}

/* What the application says: in its flow, or in a new one if that has ended. */
static struct flow *take_news(struct st_tracer *tracer, struct flow *flow,
			      const struct st_packet *packet, const struct st_frame *frame,
			      struct st_frame_info *info)
{
	struct st_tuple tuple = packet_tuple(packet);

	if (tracer_flow_has_ended(tracer, flow))
		flow = tracer_flow_renew(tracer, flow, packet, frame);
	if (!flow)
		return NULL;
	learn(tracer, flow, flow_side(flow, &tuple), packet, frame, info);
	frame_tell(info, flow);
	return flow;
}

/* A traceroute's flow: what looks odd in it is not odd in an application's. */
static bool is_in_flow_of_its_own(const struct st_tracer *tracer, const struct flow *flow)
{
	return !tracer->config.active && !flow_carries_traffic(flow);
}

static void take_segment_of(struct st_tracer *tracer, struct flow *flow,
			    const struct st_packet *packet, const struct st_frame *frame,
			    struct st_frame_info *info)
{
	bool is_selected = flow->is_selected;

	flow = take_news(tracer, flow, packet, frame, info);
	if (tracer->config.active)
		return;
	replies_take_answer(tracer, packet, frame);
	sessions_observe(tracer, flow, packet, frame, is_selected);
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
	frame_tell(info, flow);
	if (take_own_probe(tracer, packet, frame))
		return;
	side = flow_side(flow, &tuple);
	verdict = flow_classify(flow, side, packet);
	if (verdict == FLOW_SEGMENT || is_in_flow_of_its_own(tracer, flow))
		take_segment_of(tracer, flow, packet, frame, info);
	else if (!tracer->config.active || frame->direction != ST_DIRECTION_IN)
		observe_probe(tracer, flow, side, packet, frame, verdict == FLOW_PROBE);
}

/* What has neither flows nor errors: echoes, SCTP, whatever else is in IP. */
static void take_other(struct st_tracer *tracer, const struct st_packet *packet,
		       const struct st_frame *frame, struct st_frame_info *info)
{
	enum interest interest;

	if (tracer->config.active || !packet->has_key)
		return;
	interest = config_interest(&tracer->config, packet, frame->direction);
	if (interest == INTEREST_NONE)
		return;
	info->wanted = interest == INTEREST_SELECTED;
	replies_take_answer(tracer, packet, frame);
	sessions_observe(tracer, NULL, packet, frame, interest == INTEREST_SELECTED);
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
	else if (protocol_is_icmp(packet->protocol) && packet->icmp.is_error)
		replies_take_error(tracer, packet, frame, info);
	else
		take_other(tracer, packet, frame, info);
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

/* What is in order so far holds every probe that is older than the frame in hand. */
static void note_order(struct st_tracer *tracer, const struct st_frame *frame)
{
	if (frame->stamp_ns < tracer->newest_stamp_ns)
		tracer->is_out_of_order = true;
	tracer->newest_stamp_ns = MAX(tracer->newest_stamp_ns, frame->stamp_ns);
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
	replies_look_again(tracer, false);
	tracer->stats.frames++;
	note_order(tracer, frame);
	status = st_packet_decode(frame, &packet);
	if (status != ST_OK) {
		count_undecoded(&tracer->stats, status);
	} else {
		enter_tunnels(tracer, frame, &packet);
		take_packet(tracer, &packet, frame, info);
	}
	active_next_waiting(tracer);
}
