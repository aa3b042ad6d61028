/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two ends and an application of requests and replies: the client speaks at its
 * interval, the server answers whole requests (or, if requests are empty,
 * speaks in the client's place), and at the end of its life the connection
 * closes, breaks or falls silent. A UDP flow does the last.
 */
#include "conversation.h"

#define NEAR_SEED 11
#define FAR_SEED 77
#define PEER_FLOW_LABEL 0x54321

gint64 conversation_key(const struct st_tuple *tuple)
{
	return (gint64)tuple->protocol << 40 | (gint64)tuple->source.version << 32 |
	       (gint64)tuple->source_port << 16 | tuple->destination_port;
}

/* What this end sends has this 5-tuple. */
static struct st_tuple end_tuple(const struct scenario *scenario, const struct sim_flow *flow,
				 uint32_t number, enum side side)
{
	enum version version = flow->ip_version == 4 ? V4 : V6;
	bool server_near = flow->server == SIM_LOCAL;
	struct st_tuple tuple = {
		.source = scenario->host[version],
		.destination = scenario->destination[version],
		.source_port = (uint16_t)(flow->local_port + (server_near ? 0 : number)),
		.destination_port = (uint16_t)(flow->remote_port + (server_near ? number : 0)),
		.protocol = (uint8_t)flow->protocol,
	};

	return side == SIDE_NEAR ? tuple : st_tuple_reversed(&tuple);
}

static struct tcp_setup tcp_setup(const struct sim_flow *flow, uint32_t number, enum side side)
{
	bool near = side == SIDE_NEAR;

	return (struct tcp_setup){
		.ttl = (uint8_t)flow->ttl,
		.tos = (uint8_t)flow->tos,
		.flow_label = near ? flow->flow_label : PEER_FLOW_LABEL,
		.isn = (near ? flow->local_isn : flow->remote_isn) + number * 64007,
		.segment_bytes = flow->segment_bytes,
		.receive_buffer = near ? flow->local_window : flow->remote_window,
		.window_scale = (uint8_t)flow->window_scale,
		.sack = flow->sack,
		.timestamps = flow->timestamps,
		.stalled = near && flow->stalled,
		.cookies = !near && flow->lost_third_ack,
		.stream_seed = near ? NEAR_SEED : FAR_SEED,
		.peer_stream_seed = near ? FAR_SEED : NEAR_SEED,
	};
}

static struct udp_setup udp_setup(const struct sim_flow *flow, enum side side)
{
	bool near = side == SIDE_NEAR;

	return (struct udp_setup){
		.ttl = (uint8_t)flow->ttl,
		.tos = (uint8_t)flow->tos,
		.flow_label = near ? flow->flow_label : PEER_FLOW_LABEL,
		.datagram_bytes = flow->segment_bytes,
		.quic = flow->quic,
		.checksums = flow->checksums,
		.seed = near ? NEAR_SEED : FAR_SEED,
		.peer_seed = near ? FAR_SEED : NEAR_SEED,
	};
}

static void set_up_end(struct conversation *c, const struct scenario *scenario, uint32_t number,
		       enum side side)
{
	if (c->protocol == ST_PROTOCOL_UDP) {
		struct udp_setup setup = udp_setup(c->flow, side);

		setup.tuple = end_tuple(scenario, c->flow, number, side);
		udp_peer_init(&c->udp[side], &setup);
	} else {
		struct tcp_setup setup = tcp_setup(c->flow, number, side);

		setup.tuple = end_tuple(scenario, c->flow, number, side);
		tcp_peer_init(&c->ends[side], &setup);
	}
}

struct conversation *conversation_new(const struct scenario *scenario, const struct sim_flow *flow,
				      uint32_t number)
{
	struct conversation *c = g_new0(struct conversation, 1);

	c->flow = flow;
	c->protocol = (uint8_t)flow->protocol;
	for (enum side side = SIDE_NEAR; side <= SIDE_FAR; side++)
		set_up_end(c, scenario, number, side);
	c->start_ns = flow->start_ns + number * flow->spacing_ns;
	c->end_ns = c->start_ns + flow->lifetime_ns;
	c->message_ns = ST_NEVER;
	c->wake_ns = ST_NEVER;
	c->key = conversation_key(conversation_tuple(c, SIDE_NEAR));
	return c;
}

void conversation_free(struct conversation *c)
{
	if (!c)
		return;
	for (enum side side = SIDE_NEAR; side <= SIDE_FAR; side++)
		if (c->protocol == ST_PROTOCOL_UDP)
			udp_peer_clear(&c->udp[side]);
		else
			tcp_peer_clear(&c->ends[side]);
	g_free(c);
}

const struct st_tuple *conversation_tuple(const struct conversation *c, enum side side)
{
	return c->protocol == ST_PROTOCOL_UDP ? &c->udp[side].setup.tuple
					      : &c->ends[side].setup.tuple;
}

static enum side server_side(const struct conversation *c)
{
	return c->flow->server == SIM_LOCAL ? SIDE_NEAR : SIDE_FAR;
}

static struct tcp_peer *server(struct conversation *c)
{
	return &c->ends[server_side(c)];
}

static struct tcp_peer *client(struct conversation *c)
{
	return &c->ends[1 - server_side(c)];
}

static uint64_t next_time_out(const struct conversation *c)
{
	if (c->protocol == ST_PROTOCOL_UDP)
		return ST_NEVER;
	return MIN(c->ends[SIDE_NEAR].retransmit_ns, c->ends[SIDE_FAR].retransmit_ns);
}

uint64_t conversation_next(const struct conversation *c)
{
	uint64_t timer = next_time_out(c);

	switch (c->stage) {
	case STAGE_WAITING:
		return c->start_ns;
	case STAGE_CONNECTING:
	case STAGE_TALKING:
		return MIN(timer, MIN(c->message_ns, c->end_ns));
	case STAGE_OVER:
		return timer;
	}
	g_assert_not_reached();
}

static void speak(struct conversation *c, uint64_t now)
{
	if (c->protocol == ST_PROTOCOL_UDP)
		udp_peer_write(&c->udp[1 - server_side(c)], c->flow->request_bytes);
	else if (c->flow->request_bytes > 0)
		tcp_peer_write(client(c), now, c->flow->request_bytes);
	else
		tcp_peer_write(server(c), now, c->flow->reply_bytes);
	c->message_ns = c->flow->interval_ns ? now + c->flow->interval_ns : ST_NEVER;
}

static void end(struct conversation *c, uint64_t now)
{
	struct tcp_peer *ender = &c->ends[c->flow->end_by == SIM_LOCAL ? SIDE_NEAR : SIDE_FAR];

	c->stage = STAGE_OVER;
	c->message_ns = ST_NEVER;
	if (c->protocol == ST_PROTOCOL_UDP)
		return; /* it just says nothing more */
	switch (c->flow->end) {
	case END_FIN:
		tcp_peer_close(ender, now);
		break;
	case END_RST:
		tcp_peer_abort(ender, now);
		break;
	case END_SILENT:
		c->ends[SIDE_NEAR].retransmit_ns = ST_NEVER;
		c->ends[SIDE_FAR].retransmit_ns = ST_NEVER;
		break;
	}
}

static void open(struct conversation *c, uint64_t now)
{
	if (c->protocol == ST_PROTOCOL_UDP) {
		c->stage = STAGE_TALKING;
		c->message_ns = now + c->flow->first_message_ns;
	} else {
		c->stage = STAGE_CONNECTING;
		tcp_peer_connect(client(c), now);
	}
}

static void time_out(struct conversation *c, uint64_t now)
{
	for (enum side side = SIDE_NEAR; side <= SIDE_FAR; side++)
		if (now >= c->ends[side].retransmit_ns)
			tcp_peer_time_out(&c->ends[side], now);
}

void conversation_advance(struct conversation *c, uint64_t now)
{
	if (c->stage == STAGE_WAITING && now >= c->start_ns)
		open(c, now);
	if (c->protocol == ST_PROTOCOL_TCP)
		time_out(c, now);
	if (now >= c->message_ns)
		speak(c, now);
	if (c->stage != STAGE_OVER && now >= c->end_ns)
		end(c, now);
}

/* What the applications of a connection do because of what has arrived. */
static void tcp_applications(struct conversation *c, uint64_t now)
{
	if (c->stage == STAGE_CONNECTING && client(c)->state == TCP_ESTABLISHED) {
		c->stage = STAGE_TALKING;
		c->message_ns = now + c->flow->first_message_ns;
	}
	while (c->flow->request_bytes > 0 && server(c)->state == TCP_ESTABLISHED &&
	       server(c)->received_bytes >= (c->answered + 1) * c->flow->request_bytes) {
		c->answered++;
		tcp_peer_write(server(c), now, c->flow->reply_bytes);
	}
	for (enum side side = SIDE_NEAR; side <= SIDE_FAR; side++)
		if (c->ends[side].fin_received)
			tcp_peer_close(&c->ends[side], now);
}

/* What a request has lost is lost: the next one makes it whole, late. */
static void udp_applications(struct conversation *c)
{
	struct udp_peer *answerer = &c->udp[server_side(c)];

	while (c->stage == STAGE_TALKING &&
	       answerer->received_bytes >= (c->answered + 1) * c->flow->request_bytes) {
		c->answered++;
		udp_peer_write(answerer, c->flow->reply_bytes);
	}
}

void conversation_hear(struct conversation *c, uint64_t now, enum side side,
		       const struct segment *segment, uint64_t tag)
{
	if (c->protocol == ST_PROTOCOL_UDP) {
		udp_peer_hear(&c->udp[side], segment);
		udp_applications(c);
	} else {
		tcp_peer_hear(&c->ends[side], now, segment, tag);
		tcp_applications(c, now);
	}
}

static bool is_third_ack(const struct conversation *c, enum side side)
{
	return side == SIDE_NEAR && c->flow->lost_third_ack &&
	       c->ends[SIDE_NEAR].state == TCP_ESTABLISHED;
}

struct sim_packet *conversation_output(struct conversation *c, enum side side, bool *lost)
{
	struct sim_packet *packet;

	*lost = false;
	if (c->protocol == ST_PROTOCOL_UDP)
		return udp_peer_output(&c->udp[side]);
	packet = tcp_peer_output(&c->ends[side]);
	if (packet && !c->third_ack_lost && is_third_ack(c, side))
		*lost = c->third_ack_lost = true;
	return packet;
}
