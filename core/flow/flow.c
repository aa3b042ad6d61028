/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "flow/life.h"

#include <string.h>

#include "packet/decode.h"

struct flow *flow_new(const struct st_tuple *tuple)
{
	struct flow *flow = g_new0(struct flow, 1);

	flow->protocol = tuple->protocol;
	flow->ip_version = tuple->source.version;
	flow->local_side = FLOW_SIDE_UNKNOWN;
	flow->retrace_ns = ST_NEVER;
	flow->idle_link.data = flow;
	flow->waiting_link.data = flow;
	flow->ends[0].addr = tuple->source;
	flow->ends[0].port = tuple->source_port;
	flow->ends[1].addr = tuple->destination;
	flow->ends[1].port = tuple->destination_port;
	return flow;
}

void flow_free(struct flow *flow)
{
	g_free((char *)flow->identity.is.host);
	g_free((char *)flow->identity.is.alpn);
	g_free(flow->identity.facts);
	g_free(flow);
}

struct st_tuple packet_tuple(const struct st_packet *packet)
{
	struct st_tuple tuple = {
		.source = packet->source,
		.destination = packet->destination,
		.source_port = packet->source_port,
		.destination_port = packet->destination_port,
		.protocol = packet->protocol,
	};

	if (!packet->has_key)
		return tuple;
	switch (icmp_echo_of(packet->protocol, &packet->icmp)) {
	case ICMP_ECHO_REQUEST:
		tuple.source_port = packet->icmp.echo_id;
		break;
	case ICMP_ECHO_REPLY:
		tuple.destination_port = packet->icmp.echo_id;
		break;
	case ICMP_ECHO_NONE:
		break;
	}
	return tuple;
}

uint32_t packet_bytes(const struct st_packet *packet)
{
	return packet->transport_offset - packet->ip_offset + packet->transport_wire;
}

unsigned flow_side(const struct flow *flow, const struct st_tuple *tuple)
{
	bool is_first = tuple->source_port == flow->ends[0].port &&
			st_addr_equal(&tuple->source, &flow->ends[0].addr);

	return is_first ? 0 : 1;
}

unsigned flow_client(const struct flow *flow)
{
	if (flow->protocol == ST_PROTOCOL_UDP || flow->is_session || flow->ends[0].opened)
		return 0;
	return flow->ends[1].opened ? 1 : FLOW_SIDE_UNKNOWN;
}

struct st_tuple flow_tuple(const struct flow *flow, unsigned side)
{
	const struct flow_end *from = &flow->ends[side], *to = &flow->ends[!side];

	return (struct st_tuple){
		.source = from->addr,
		.destination = to->addr,
		.source_port = from->port,
		.destination_port = to->port,
		.protocol = flow->protocol,
	};
}

enum flow_verdict flow_classify(const struct flow *flow, unsigned side,
				const struct st_packet *packet)
{
	return flow->protocol == ST_PROTOCOL_TCP ? tcp_classify(flow, side, packet)
						 : udp_classify(flow, side, packet);
}

static void count(struct flow *flow, unsigned side, const struct st_packet *packet,
		  const struct st_frame *frame)
{
	flow->ends[side].packets++;
	flow->ends[side].highest_ttl = MAX(flow->ends[side].highest_ttl, packet->ttl);
	flow->ends[side].bytes += packet_bytes(packet);
	if (!flow->first_stamp_ns || frame->stamp_ns < flow->first_stamp_ns)
		flow->first_stamp_ns = frame->stamp_ns;
	flow->last_stamp_ns = MAX(flow->last_stamp_ns, frame->stamp_ns);
}

void flow_update(struct flow *flow, unsigned side, const struct st_packet *packet,
		 const struct st_frame *frame)
{
	count(flow, side, packet, frame);
	if (flow->protocol == ST_PROTOCOL_TCP)
		tcp_update(flow, side, packet, frame);
	else
		udp_update(flow, side, packet, frame);
}

bool flow_is_traceable(const struct flow *flow, unsigned side)
{
	return flow->protocol == ST_PROTOCOL_TCP ? tcp_is_traceable(flow, side)
						 : udp_is_traceable(flow, side);
}

bool flow_carries_traffic(const struct flow *flow)
{
	const struct flow_end *a = &flow->ends[0], *b = &flow->ends[1];

	if (flow->protocol == ST_PROTOCOL_UDP)
		return a->packets && b->packets;
	return a->sent_data || b->sent_data || (a->latest.valid && b->latest.valid);
}

void learn_headers(struct flow_template *latest, const struct st_packet *packet,
		   const struct st_frame *frame)
{
	latest->valid =
		packet->ip_offset <= LINK_HEADER_MAX && st_link_type_sendable(frame->link_type);
	latest->ttl = packet->ttl;
	latest->tos = packet->tos;
	latest->dont_fragment = packet->dont_fragment;
	latest->flow_label = packet->flow_label;
	latest->link_type = frame->link_type;
	latest->interface = frame->interface;
	latest->link_header_bytes = (uint8_t)packet->ip_offset;
	if (latest->valid)
		memcpy(latest->link_header, frame->bytes, packet->ip_offset);
}

enum flow_sack flow_sack(const struct flow *flow)
{
	const struct flow_end *a = &flow->ends[0], *b = &flow->ends[1];

	if (flow->sack_seen)
		return FLOW_SACK_ON;
	if (!a->has_isn || !b->has_isn)
		return FLOW_SACK_UNKNOWN;
	return a->sack_permitted && b->sack_permitted ? FLOW_SACK_ON : FLOW_SACK_OFF;
}

uint8_t flow_estimate_distance(const struct flow *flow, unsigned side)
{
	static const uint8_t initial_ttls[] = {32, 64, 128, 255};
	uint8_t ttl = flow->ends[!side].usual_ttl;

	if (!ttl)
		return 0;
	for (size_t i = 0; i < G_N_ELEMENTS(initial_ttls); i++) {
		if (ttl <= initial_ttls[i])
			return (uint8_t)(initial_ttls[i] - ttl + 1);
	}
	return 0;
}
