/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One end of a TCP connection. What matters is that the other side of a probe
 * sees what Linux would do: which segments are in window, which are answered,
 * what is acknowledged. Lost data comes again after a time-out, from the first
 * byte that is missing on; segments behind a hole are thrown away.
 */
#include "tcp_peer.h"

#include <string.h>

#define OLD_ACK_INTERVAL_NS (500 * ST_NS_PER_MS) /* Linux: tcp_invalid_ratelimit */
#define FIRST_TIMEOUT_NS ST_NS_PER_S		 /* RFC 6298 */
#define TIMEOUT_MAX_NS (8 * ST_NS_PER_S)
#define TRIES_MAX 8
#define MSS 1460

static bool before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* Byte of the stream with this seed at the sequence number `seq`. */
static uint8_t stream_byte(uint32_t seed, uint32_t seq)
{
	return (uint8_t)((seq * 31 + seed) >> 3);
}

void tcp_peer_init(struct tcp_peer *peer, const struct tcp_setup *setup)
{
	*peer = (struct tcp_peer){
		.setup = *setup,
		.state = TCP_LISTEN,
		.snd_una = setup->isn,
		.snd_nxt = setup->isn,
		.snd_max = setup->isn,
		.snd_end = setup->isn + 1,
		.last_old_ack_ns = ST_NEVER,
		.retransmit_ns = ST_NEVER,
		.timeout_ns = FIRST_TIMEOUT_NS,
		.ip_id = (uint16_t)(setup->isn * 7),
		.out = G_QUEUE_INIT,
	};
	peer->log = g_array_new(FALSE, FALSE, sizeof(struct heard));
}

void tcp_peer_clear(struct tcp_peer *peer)
{
	g_queue_clear_full(&peer->out, g_free);
	g_array_unref(peer->log);
}

struct sim_packet *tcp_peer_output(struct tcp_peer *peer)
{
	return g_queue_pop_head(&peer->out);
}

static uint16_t window_field(const struct tcp_peer *peer, bool syn)
{
	uint32_t room = peer->setup.receive_buffer - MIN(peer->unread, peer->setup.receive_buffer);

	if (!syn && peer->use_scaling)
		room >>= peer->setup.window_scale;
	return (uint16_t)MIN(room, UINT16_MAX);
}

static void add_syn_options(const struct tcp_peer *peer, struct segment *s)
{
	bool answering = peer->state == TCP_SYN_RECEIVED;

	s->mss = MSS;
	s->sack_permitted = answering ? peer->use_sack : peer->setup.sack;
	s->timestamps = answering ? peer->use_timestamps : peer->setup.timestamps;
	s->window_scale = peer->setup.window_scale;
}

static void send_segment(struct tcp_peer *peer, uint64_t now, uint8_t flags, uint32_t seq,
			 uint32_t payload_bytes)
{
	uint8_t *payload = g_malloc(payload_bytes + 1);
	struct segment s = {
		.tuple = peer->setup.tuple,
		.ttl = peer->setup.ttl,
		.tos = peer->setup.tos,
		.flow_label = peer->setup.flow_label,
		.ip_id = peer->ip_id++,
		.dont_fragment = true,
		.seq = seq,
		.ack = flags & ST_TCP_ACK ? peer->rcv_nxt : 0,
		.flags = flags,
		.window = window_field(peer, flags & ST_TCP_SYN),
		.window_scale = NO_WINDOW_SCALE,
		.timestamps = peer->use_timestamps,
		.tsval = (uint32_t)(now / ST_NS_PER_MS) + peer->setup.isn,
		.tsecr = peer->ts_recent,
		.payload = payload,
		.payload_bytes = payload_bytes,
	};

	for (uint32_t i = 0; i < payload_bytes; i++)
		payload[i] = stream_byte(peer->setup.stream_seed, seq + i);
	if (flags & ST_TCP_SYN)
		add_syn_options(peer, &s);
	if (flags & ST_TCP_ACK)
		peer->rcv_acked = peer->rcv_nxt;
	g_queue_push_tail(&peer->out, wire_tcp(&s));
	g_free(payload);
}

static void send_ack(struct tcp_peer *peer, uint64_t now)
{
	send_segment(peer, now, ST_TCP_ACK, peer->snd_nxt, 0);
}

/* Notes that everything before `seq` has been sent once, and that it awaits an ACK. */
static void sent_up_to(struct tcp_peer *peer, uint64_t now, uint32_t seq)
{
	peer->snd_nxt = seq;
	if (before(peer->snd_max, seq))
		peer->snd_max = seq;
	if (peer->retransmit_ns == ST_NEVER)
		peer->retransmit_ns = now + peer->timeout_ns;
}

static void send_syn(struct tcp_peer *peer, uint64_t now)
{
	uint8_t flags = peer->state == TCP_SYN_SENT ? ST_TCP_SYN : ST_TCP_SYN | ST_TCP_ACK;

	send_segment(peer, now, flags, peer->setup.isn, 0);
	sent_up_to(peer, now, peer->setup.isn + 1);
}

/* Sends what the application wrote as far as the other end's window goes, then the FIN. */
static void send_pending(struct tcp_peer *peer, uint64_t now)
{
	if (peer->state != TCP_ESTABLISHED)
		return;
	while (before(peer->snd_nxt, peer->snd_end)) {
		uint32_t flying = peer->snd_nxt - peer->snd_una;
		uint32_t room = peer->peer_window > flying ? peer->peer_window - flying : 0;
		uint32_t bytes = MIN(peer->snd_end - peer->snd_nxt, peer->setup.segment_bytes);

		if (room == 0)
			return;
		bytes = MIN(bytes, room);
		send_segment(peer, now, ST_TCP_ACK | ST_TCP_PSH, peer->snd_nxt, bytes);
		sent_up_to(peer, now, peer->snd_nxt + bytes);
	}
	if (peer->fin_wanted && peer->snd_nxt == peer->snd_end) {
		send_segment(peer, now, ST_TCP_ACK | ST_TCP_FIN, peer->snd_nxt, 0);
		peer->fin_sent = true;
		sent_up_to(peer, now, peer->snd_nxt + 1);
	}
}

void tcp_peer_connect(struct tcp_peer *peer, uint64_t now)
{
	peer->state = TCP_SYN_SENT;
	peer->use_timestamps = peer->setup.timestamps;
	send_syn(peer, now);
}

void tcp_peer_write(struct tcp_peer *peer, uint64_t now, uint32_t bytes)
{
	if (peer->fin_wanted || peer->state == TCP_CLOSED)
		return;
	peer->snd_end += bytes;
	send_pending(peer, now);
}

void tcp_peer_close(struct tcp_peer *peer, uint64_t now)
{
	if (peer->fin_wanted || peer->state == TCP_CLOSED)
		return;
	peer->fin_wanted = true;
	send_pending(peer, now);
}

static void become_closed(struct tcp_peer *peer)
{
	peer->state = TCP_CLOSED;
	peer->retransmit_ns = ST_NEVER;
}

void tcp_peer_abort(struct tcp_peer *peer, uint64_t now)
{
	if (peer->state == TCP_ESTABLISHED || peer->state == TCP_SYN_RECEIVED)
		send_segment(peer, now, ST_TCP_RST | ST_TCP_ACK, peer->snd_nxt, 0);
	become_closed(peer);
}

/* Go back to the first byte that is not acknowledged. */
void tcp_peer_time_out(struct tcp_peer *peer, uint64_t now)
{
	peer->retransmit_ns = ST_NEVER;
	peer->timeout_ns = MIN(2 * peer->timeout_ns, TIMEOUT_MAX_NS);
	peer->retransmissions++;
	if (++peer->tries > TRIES_MAX) {
		become_closed(peer);
		return;
	}
	peer->snd_nxt = peer->snd_una;
	peer->fin_sent = false;
	if (peer->state == TCP_SYN_SENT || peer->state == TCP_SYN_RECEIVED)
		send_syn(peer, now);
	else
		send_pending(peer, now);
}

/* A SYN or SYN-ACK: what the two ends have agreed on. */
static void agree(struct tcp_peer *peer, const struct segment *s)
{
	peer->use_timestamps = peer->setup.timestamps && s->timestamps;
	peer->use_sack = peer->setup.sack && s->sack_permitted;
	peer->use_scaling = s->window_scale != NO_WINDOW_SCALE;
	peer->peer_scale = peer->use_scaling ? s->window_scale : 0;
	peer->peer_window = s->window;
	peer->rcv_nxt = s->seq + 1;
	peer->ts_recent = s->tsval;
}

static enum reaction hear_listening(struct tcp_peer *peer, uint64_t now, const struct segment *s)
{
	if (!(s->flags & ST_TCP_SYN))
		return HEARD_OLD_IGNORED;
	peer->state = TCP_SYN_RECEIVED;
	peer->setup.tuple = st_tuple_reversed(&s->tuple); /* translated on the way, maybe */
	agree(peer, s);
	send_syn(peer, now);
	if (peer->setup.cookies)
		peer->retransmit_ns = ST_NEVER;
	return HEARD_TAKEN;
}

static enum reaction hear_syn_ack(struct tcp_peer *peer, uint64_t now, const struct segment *s)
{
	if (s->flags & ST_TCP_RST && s->ack == peer->setup.isn + 1) {
		become_closed(peer);
		return HEARD_RESET;
	}
	if ((s->flags & (ST_TCP_SYN | ST_TCP_ACK)) != (ST_TCP_SYN | ST_TCP_ACK) ||
	    s->ack != peer->setup.isn + 1)
		return HEARD_OLD_IGNORED;
	agree(peer, s);
	peer->state = TCP_ESTABLISHED;
	peer->snd_una = peer->snd_nxt = s->ack;
	peer->retransmit_ns = ST_NEVER;
	peer->timeout_ns = FIRST_TIMEOUT_NS;
	send_ack(peer, now);
	return HEARD_TAKEN;
}

/* A listener with SYN cookies has nothing but the numbers to know its client by. */
static bool cookie_fails(const struct tcp_peer *peer, const struct segment *s)
{
	return peer->setup.cookies && peer->state == TCP_SYN_RECEIVED &&
	       (s->ack != peer->setup.isn + 1 || s->seq != peer->rcv_nxt);
}

static bool in_window(const struct tcp_peer *peer, const struct segment *s)
{
	uint32_t fin = s->flags & ST_TCP_FIN ? 1 : 0;
	uint32_t end = s->seq + (uint32_t)s->payload_bytes + fin;
	uint32_t buffer = peer->setup.receive_buffer;
	uint32_t window = buffer - MIN(peer->unread, buffer);

	return !before(end, peer->rcv_acked) && !before(peer->rcv_nxt + window, s->seq);
}

/* Linux: tcp_send_dupack behind tcp_oow_rate_limited; only empty segments are limited. */
static enum reaction hear_out_of_window(struct tcp_peer *peer, uint64_t now,
					const struct segment *s)
{
	bool limited = s->payload_bytes == 0 && !(s->flags & ST_TCP_FIN);

	if (limited && peer->last_old_ack_ns != ST_NEVER &&
	    now - peer->last_old_ack_ns < OLD_ACK_INTERVAL_NS)
		return HEARD_OLD_IGNORED;
	if (limited)
		peer->last_old_ack_ns = now;
	send_ack(peer, now);
	return HEARD_OLD_ACKED;
}

static void hear_ack(struct tcp_peer *peer, uint64_t now, const struct segment *s)
{
	if (before(s->ack, peer->snd_una))
		return;
	peer->peer_window = (uint32_t)s->window << peer->peer_scale;
	peer->peer_window_max = MAX(peer->peer_window_max, peer->peer_window);
	if (s->ack == peer->snd_una)
		return;
	peer->snd_una = s->ack;
	if (before(peer->snd_nxt, s->ack))
		peer->snd_nxt = s->ack;
	peer->timeout_ns = FIRST_TIMEOUT_NS;
	peer->tries = 0;
	peer->retransmit_ns = peer->snd_una == peer->snd_max ? ST_NEVER : now + peer->timeout_ns;
}

static void take_bytes(struct tcp_peer *peer, const struct segment *s, uint32_t skip)
{
	for (size_t i = skip; i < s->payload_bytes; i++)
		if (s->payload[i] !=
		    stream_byte(peer->setup.peer_stream_seed, s->seq + (uint32_t)i))
			peer->stream_damaged = true;
	peer->received_bytes += s->payload_bytes - skip;
	peer->rcv_nxt += (uint32_t)s->payload_bytes - skip;
	if (peer->setup.stalled)
		peer->unread += (uint32_t)s->payload_bytes - skip;
}

/* Data and FIN; either is answered with an ACK, also what lies behind a hole. */
static void hear_data(struct tcp_peer *peer, uint64_t now, const struct segment *s)
{
	bool fin = s->flags & ST_TCP_FIN;
	uint32_t skip = peer->rcv_nxt - s->seq;

	if (s->payload_bytes == 0 && !fin)
		return;
	if (!before(peer->rcv_nxt, s->seq) && skip <= s->payload_bytes) {
		take_bytes(peer, s, skip);
		if (fin && !peer->fin_received) {
			peer->fin_received = true;
			peer->rcv_nxt++;
		}
	}
	send_ack(peer, now);
}

static void close_when_done(struct tcp_peer *peer)
{
	if (peer->fin_received && peer->fin_sent && peer->snd_una == peer->snd_end + 1)
		become_closed(peer);
}

static enum reaction hear_connected(struct tcp_peer *peer, uint64_t now, const struct segment *s)
{
	if (!in_window(peer, s))
		return hear_out_of_window(peer, now, s);
	if (s->flags & ST_TCP_RST) {
		become_closed(peer);
		return HEARD_RESET;
	}
	if (s->flags & ST_TCP_SYN || !(s->flags & ST_TCP_ACK)) {
		send_ack(peer, now);
		return HEARD_OLD_ACKED;
	}
	if (before(peer->snd_max, s->ack)) {
		send_ack(peer, now);
		return HEARD_FUTURE_ACK;
	}
	if (peer->state == TCP_SYN_RECEIVED && s->ack == peer->setup.isn + 1)
		peer->state = TCP_ESTABLISHED;
	if (peer->use_timestamps && s->timestamps && !before(s->tsval, peer->ts_recent) &&
	    !before(peer->rcv_acked, s->seq))
		peer->ts_recent = s->tsval;
	hear_ack(peer, now, s);
	hear_data(peer, now, s);
	send_pending(peer, now);
	close_when_done(peer);
	return HEARD_TAKEN;
}

/* Nobody is there any more: a reset, unless a closed connection still lingers (TIME-WAIT). */
static enum reaction hear_closed(struct tcp_peer *peer, uint64_t now, const struct segment *s)
{
	if (s->flags & ST_TCP_RST)
		return HEARD_RESET;
	if (peer->fin_received)
		return hear_out_of_window(peer, now, s);
	peer->setup.tuple = st_tuple_reversed(&s->tuple); /* translated, maybe */
	peer->rcv_nxt = s->seq + 1; /* only a SYN has no ACK to answer from (RFC 9293 3.10.7.1) */
	if (s->flags & ST_TCP_ACK)
		send_segment(peer, now, ST_TCP_RST, s->ack, 0);
	else
		send_segment(peer, now, ST_TCP_RST | ST_TCP_ACK, 0, 0);
	return HEARD_REFUSED;
}

static bool is_same_syn(const struct tcp_peer *peer, const struct segment *s)
{
	return peer->state == TCP_SYN_RECEIVED && s->flags == ST_TCP_SYN &&
	       s->seq + 1 == peer->rcv_nxt;
}

static enum reaction hear_syn_again(struct tcp_peer *peer, uint64_t now)
{
	send_syn(peer, now);
	if (peer->setup.cookies)
		peer->retransmit_ns = ST_NEVER;
	return HEARD_TAKEN;
}

static enum reaction react(struct tcp_peer *peer, uint64_t now, const struct segment *s)
{
	switch (peer->state) {
	case TCP_LISTEN:
		return hear_listening(peer, now, s);
	case TCP_SYN_SENT:
		return hear_syn_ack(peer, now, s);
	case TCP_SYN_RECEIVED:
	case TCP_ESTABLISHED:
		if (is_same_syn(peer, s))
			return hear_syn_again(peer, now);
		if (!cookie_fails(peer, s))
			return hear_connected(peer, now, s);
		send_segment(peer, now, ST_TCP_RST, s->ack, 0);
		return HEARD_REFUSED;
	case TCP_CLOSED:
		return hear_closed(peer, now, s);
	}
	g_assert_not_reached();
}

void tcp_peer_hear(struct tcp_peer *peer, uint64_t now, const struct segment *s, uint64_t tag)
{
	struct heard heard = {.time_ns = now,
			      .tag = tag,
			      .seq = s->seq,
			      .ack = s->ack,
			      .window = s->window,
			      .flags = s->flags,
			      .payload_bytes = s->payload_bytes};

	heard.reaction = react(peer, now, s);
	g_array_append_val(peer->log, heard);
}
