/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two TCP ends and an application of requests and replies: the client speaks
 * at its interval, the server answers whole requests (or, if requests are
 * empty, speaks in the client's place), and at the end of its life the
 * connection closes, breaks or falls silent.
 */
#include "conversation.h"

gint64 conversation_key(uint8_t ip_version, uint16_t near_port, uint16_t far_port)
{
	return (gint64)ip_version << 32 | (gint64)near_port << 16 | far_port;
}

static struct tcp_setup end_setup(const struct scenario *scenario, const struct sim_flow *flow,
				  uint32_t number, enum side side)
{
	enum version version = flow->ip_version == 4 ? V4 : V6;
	bool near = side == SIDE_NEAR;
	bool server_near = flow->server == SIM_LOCAL;
	uint16_t local_port = (uint16_t)(flow->local_port + (server_near ? 0 : number));
	uint16_t remote_port = (uint16_t)(flow->remote_port + (server_near ? number : 0));
	uint32_t isn = (near ? flow->local_isn : flow->remote_isn) + number * 64007;
	struct tcp_setup setup = {
		.tuple = {scenario->host[version], scenario->destination[version], local_port,
			  remote_port, ST_PROTOCOL_TCP},
		.ttl = (uint8_t)flow->ttl,
		.tos = (uint8_t)flow->tos,
		.flow_label = near ? flow->flow_label : 0x54321,
		.isn = isn,
		.segment_bytes = flow->segment_bytes,
		.receive_buffer = near ? flow->local_window : flow->remote_window,
		.window_scale = (uint8_t)flow->window_scale,
		.sack = flow->sack,
		.timestamps = flow->timestamps,
		.stalled = near && flow->stalled,
		.cookies = !near && flow->lost_third_ack,
		.stream_seed = near ? 11 : 77,
		.peer_stream_seed = near ? 77 : 11,
	};

	if (!near)
		setup.tuple = st_tuple_reversed(&setup.tuple);
	return setup;
}

struct conversation *conversation_new(const struct scenario *scenario, const struct sim_flow *flow,
				      uint32_t number)
{
	struct conversation *c = g_new0(struct conversation, 1);
	const struct st_tuple *tuple = &c->ends[SIDE_NEAR].setup.tuple;

	for (enum side side = SIDE_NEAR; side <= SIDE_FAR; side++) {
		struct tcp_setup setup = end_setup(scenario, flow, number, side);

		tcp_peer_init(&c->ends[side], &setup);
	}
	c->flow = flow;
	c->start_ns = flow->start_ns + number * flow->spacing_ns;
	c->end_ns = c->start_ns + flow->lifetime_ns;
	c->message_ns = ST_NEVER;
	c->wake_ns = ST_NEVER;
	c->key = conversation_key((uint8_t)flow->ip_version, tuple->source_port,
				  tuple->destination_port);
	return c;
}

void conversation_free(struct conversation *c)
{
	if (!c)
		return;
	tcp_peer_clear(&c->ends[SIDE_NEAR]);
	tcp_peer_clear(&c->ends[SIDE_FAR]);
	g_free(c);
}

static struct tcp_peer *server(struct conversation *c)
{
	return &c->ends[c->flow->server == SIM_LOCAL ? SIDE_NEAR : SIDE_FAR];
}

static struct tcp_peer *client(struct conversation *c)
{
	return &c->ends[c->flow->server == SIM_LOCAL ? SIDE_FAR : SIDE_NEAR];
}

const struct st_tuple *conversation_tuple(const struct conversation *c, enum side side)
{
	return &c->ends[side].setup.tuple;
}

uint64_t conversation_next(const struct conversation *c)
{
	uint64_t timer = MIN(c->ends[SIDE_NEAR].retransmit_ns, c->ends[SIDE_FAR].retransmit_ns);

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
	if (c->flow->request_bytes > 0)
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

/* What the applications do because of what has arrived. */
static void applications(struct conversation *c, uint64_t now)
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

void conversation_advance(struct conversation *c, uint64_t now)
{
	if (c->stage == STAGE_WAITING && now >= c->start_ns) {
		c->stage = STAGE_CONNECTING;
		tcp_peer_connect(client(c), now);
	}
	for (enum side side = SIDE_NEAR; side <= SIDE_FAR; side++)
		if (now >= c->ends[side].retransmit_ns)
			tcp_peer_time_out(&c->ends[side], now);
	if (now >= c->message_ns)
		speak(c, now);
	if (c->stage != STAGE_OVER && now >= c->end_ns)
		end(c, now);
}

void conversation_hear(struct conversation *c, uint64_t now, enum side side,
		       const struct segment *segment, uint64_t tag)
{
	tcp_peer_hear(&c->ends[side], now, segment, tag);
	applications(c, now);
}

struct sim_packet *conversation_output(struct conversation *c, enum side side, bool *lost)
{
	struct sim_packet *packet = tcp_peer_output(&c->ends[side]);

	*lost = false;
	if (packet && side == SIDE_NEAR && c->flow->lost_third_ack && !c->third_ack_lost &&
	    c->ends[SIDE_NEAR].state == TCP_ESTABLISHED)
		*lost = c->third_ack_lost = true;
	return packet;
}
