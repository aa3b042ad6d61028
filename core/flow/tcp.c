/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a TCP connection as a bystander sees it (RFC 9293): sequence and
 * ACK numbers of both ends, establishment, end, and which packets are probes.
 */
#include "base/serial.h"
#include "flow/life.h"

/* A stale sequence number farther behind than this is noise rather than a probe. */
#define STALE_DISTANCE_MAX 65536
/* Keepalives and window probes repeat the last byte acknowledged (RFC 9293 section 3.8.4). */
#define KEEPALIVE_DISTANCE 1
/* A FIN or RST farther ahead than any window (RFC 7323: 2^30) is not of this connection. */
#define WINDOW_MAX (UINT32_C(1) << 30)

static uint8_t control_flags(const struct st_tcp *tcp)
{
	return tcp->flags & (ST_TCP_FIN | ST_TCP_SYN | ST_TCP_RST | ST_TCP_ACK | ST_TCP_URG);
}

static bool is_pure_ack(const struct st_packet *packet)
{
	return control_flags(&packet->tcp) == ST_TCP_ACK && !(packet->tcp.flags & ST_TCP_PSH) &&
	       packet->payload_wire == 0;
}

/* How far behind the acknowledged (or, if nothing is, the sent) bytes a sequence number lies. */
static bool stale_distance(const struct flow_end *end, uint32_t seq, uint32_t *distance)
{
	if (!end->has_acked && !end->has_next)
		return false;
	*distance = (end->has_acked ? end->acked : end->next) - seq;
	return *distance >= 1 && *distance <= STALE_DISTANCE_MAX;
}

/* What the end's packets have not said before. */
static bool tells_news(const struct flow_end *end, const struct st_tcp *tcp)
{
	return !end->has_next || serial_after(tcp->seq, end->next) || !end->has_ack ||
	       serial_after(tcp->ack, end->ack);
}

enum flow_verdict tcp_classify(const struct flow *flow, unsigned side,
			       const struct st_packet *packet)
{
	const struct flow_end *end = &flow->ends[side];
	const struct st_tcp *tcp = &packet->tcp;
	bool usual = packet->ttl == end->usual_ttl;
	uint32_t distance;

	if (!is_pure_ack(packet) || tcp->has_sack_blocks || !end->usual_ttl)
		return FLOW_SEGMENT;
	if (stale_distance(end, tcp->seq, &distance)) {
		if (distance == KEEPALIVE_DISTANCE)
			return usual ? FLOW_SEGMENT : FLOW_PROBE_PERHAPS;
		return packet->ttl < end->usual_ttl / 2 ? FLOW_PROBE : FLOW_PROBE_PERHAPS;
	}
	return usual || tells_news(end, tcp) ? FLOW_SEGMENT : FLOW_PROBE_PERHAPS;
}

static bool is_syn(const struct st_packet *packet, uint8_t with)
{
	return (packet->tcp.flags & (ST_TCP_SYN | ST_TCP_ACK | ST_TCP_RST)) == (ST_TCP_SYN | with);
}

bool flow_is_reused(struct flow *flow, unsigned side, const struct st_packet *packet)
{
	const struct flow_end *end = &flow->ends[side];
	const struct st_tcp *tcp = &packet->tcp;

	if (flow->protocol != ST_PROTOCOL_TCP)
		return false;
	if (is_syn(packet, 0)) {
		if (end->has_isn && end->isn == tcp->seq)
			return false; /* retransmitted */
		if (flow->closed)
			return true;
		flow->reopening = (struct flow_reopening){
			.pending = true,
			.side = side,
			.isn = tcp->seq,
			.sack_permitted = tcp->sack_permitted,
		};
		return false;
	}
	return is_syn(packet, ST_TCP_ACK) && flow->reopening.pending &&
	       flow->reopening.side != side && tcp->ack == flow->reopening.isn + 1;
}

static void learn_syn(struct flow_end *end, uint32_t isn, bool sack_permitted)
{
	end->has_isn = true;
	end->isn = isn;
	end->sack_permitted = sack_permitted;
	/* A duplicate that comes late does not unsend what was sent since. */
	if (!end->has_next || serial_after(isn + 1, end->next)) {
		end->has_next = true;
		end->next = isn + 1;
	}
}

void flow_inherit_syn(struct flow *flow, const struct flow *old)
{
	const struct flow_end *from = &old->ends[old->reopening.side];
	unsigned side =
		st_addr_equal(&flow->ends[0].addr, &from->addr) && flow->ends[0].port == from->port
			? 0
			: 1;

	learn_syn(&flow->ends[side], old->reopening.isn, old->reopening.sack_permitted);
	flow->ends[side].opened = true;
	flow->ends[side].usual_ttl = from->usual_ttl;
}

/* Bytes of sequence space that a segment takes. */
static uint32_t segment_length(const struct st_packet *packet)
{
	uint8_t flags = packet->tcp.flags;

	return packet->payload_wire + ((flags & ST_TCP_SYN) != 0) + ((flags & ST_TCP_FIN) != 0);
}

/* One segment at a time is timed; a retransmission makes its answer ambiguous (Karn). */
static void time_segment(struct flow_end *end, bool advances, uint32_t seq_end, uint64_t stamp_ns)
{
	if (!advances) {
		end->rtt_running = false;
		return;
	}
	if (end->rtt_running)
		return;
	end->rtt_running = true;
	end->rtt_seq = seq_end;
	end->rtt_started_ns = stamp_ns;
}

static void learn_sent(struct flow_end *end, const struct st_packet *packet, uint64_t stamp_ns)
{
	uint32_t length = segment_length(packet);
	uint32_t seq_end = packet->tcp.seq + length;
	bool advances = !end->has_next || serial_after(seq_end, end->next);

	if (length)
		time_segment(end, advances, seq_end, stamp_ns);
	if (advances) {
		end->has_next = true;
		end->next = seq_end;
	}
	if (packet->payload_wire)
		end->sent_data = true;
}

/* The segment's ACK number, as progress of its sender and of the other end. */
static void learn_ack(struct flow_end *end, struct flow_end *other, uint32_t ack, uint64_t stamp_ns)
{
	if (!end->has_ack || serial_after(ack, end->ack)) {
		end->has_ack = true;
		end->ack = ack;
	}
	/* Nobody can acknowledge what was not sent; what the capture missed shows up later. */
	if (other->has_next && serial_after(ack, other->next))
		return;
	if (!other->has_acked || serial_after(ack, other->acked)) {
		other->has_acked = true;
		other->acked = ack;
	}
	if (other->rtt_running && !serial_before(ack, other->rtt_seq)) {
		other->rtt_running = false;
		if (stamp_ns >= other->rtt_started_ns)
			other->rtt_ns = stamp_ns - other->rtt_started_ns;
	}
}

static void learn_template(struct flow_template *latest, const struct st_packet *packet,
			   const struct st_frame *frame)
{
	const struct st_tcp *tcp = &packet->tcp;

	latest->has_timestamps = tcp->has_timestamps;
	latest->tsval = tcp->tsval;
	latest->tsecr = tcp->tsecr;
	latest->window = tcp->window;
	learn_headers(latest, packet, frame);
	latest->valid = latest->valid && !tcp->options_cut;
}

/*
 * A segment with ACK and without SYN comes from an end that is ESTABLISHED. For
 * the client that holds only after its own third ACK: before, the server may
 * still be in SYN-RECEIVED (fast open, SYN cookies).
 */
static void learn_establishment(struct flow_end *other)
{
	if (!other->opened || other->latest.valid)
		other->peer_established = true;
}

static bool ends_connection(const struct flow_end *end, const struct flow_end *other,
			    const struct st_tcp *tcp)
{
	if (tcp->flags & ST_TCP_RST)
		return !other->has_ack || tcp->seq - other->ack < WINDOW_MAX;
	return (tcp->flags & ST_TCP_FIN) && (!end->has_acked || tcp->seq - end->acked < WINDOW_MAX);
}

static void learn_ttl(struct flow_end *end, const struct st_packet *packet)
{
	/* An empty ACK may be a probe that was not recognised: it may not lower the usual TTL. */
	if (!is_pure_ack(packet) || packet->ttl > end->usual_ttl)
		end->usual_ttl = packet->ttl;
}

void tcp_update(struct flow *flow, unsigned side, const struct st_packet *packet,
		const struct st_frame *frame)
{
	struct flow_end *end = &flow->ends[side], *other = &flow->ends[!side];
	const struct st_tcp *tcp = &packet->tcp;

	if (flow->reopening.pending && is_syn(packet, 0))
		return; /* of another connection, or forged */
	if (ends_connection(end, other, tcp))
		flow->closed = true;
	if (tcp->flags & ST_TCP_RST)
		return;
	learn_ttl(end, packet);
	learn_sent(end, packet, frame->stamp_ns);
	if (tcp->flags & ST_TCP_SYN) {
		/* A SYN-ACK shows who opened; where both did, both must wait for the other. */
		if (tcp->flags & ST_TCP_ACK)
			other->opened = true;
		else
			end->opened = true;
		learn_syn(end, tcp->seq, tcp->sack_permitted);
	}
	flow->sack_seen = flow->sack_seen || tcp->has_sack_blocks;
	if (!(tcp->flags & ST_TCP_ACK))
		return;
	learn_ack(end, other, tcp->ack, frame->stamp_ns);
	if (tcp->flags & ST_TCP_SYN)
		return;
	learn_establishment(other);
	learn_template(&end->latest, packet, frame);
}

bool tcp_is_traceable(const struct flow *flow, unsigned side)
{
	const struct flow_end *end = &flow->ends[side];

	return !flow->closed && end->latest.valid && end->peer_established && end->has_acked &&
	       end->has_ack;
}
