/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The life of a UDP flow as a bystander sees it: there is no handshake and no
 * end, so a flow lives once both ends have spoken, until it falls silent (which
 * is the tracer's to notice).
 */
#include "flow/life.h"

#include "packet/quic.h"

/* A probe whose checksum is its key carries this much (packet/build.h), an empty one nothing. */
#define PROBE_PAYLOAD_MAX 2

static bool looks_empty(const struct st_packet *packet)
{
	return packet->payload_wire == 0 || packet->payload_wire == PROBE_PAYLOAD_MAX;
}

/* IPv6 requires a checksum (RFC 8200, 8.1); its end sends them, so this one is left out on purpose.
 */
static bool lacks_checksum(const struct flow_end *end, const struct st_packet *packet)
{
	return packet->ip_version == 6 && end->sends_checksums && packet->udp.checksum == 0;
}

enum flow_verdict udp_classify(const struct flow *flow, unsigned side,
			       const struct st_packet *packet)
{
	const struct flow_end *end = &flow->ends[side];
	bool is_odd = lacks_checksum(end, packet);

	if (!end->usual_ttl)
		return FLOW_SEGMENT;
	if (packet->ttl == end->usual_ttl || (!is_odd && !looks_empty(packet)))
		return FLOW_SEGMENT;
	return packet->ttl < end->usual_ttl / 2 ? FLOW_PROBE : FLOW_PROBE_PERHAPS;
}

/* The first exchange only: later on, who speaks need not be answering. */
static void time_exchange(struct flow_end *end, struct flow_end *other, uint64_t stamp_ns)
{
	if (!end->rtt_started_ns) {
		end->rtt_started_ns = stamp_ns;
		end->rtt_running = !other->rtt_started_ns;
	}
	if (other->rtt_running) {
		other->rtt_running = false;
		if (stamp_ns > other->rtt_started_ns)
			other->rtt_ns = stamp_ns - other->rtt_started_ns;
	}
}

void udp_update(struct flow *flow, unsigned side, const struct st_packet *packet,
		const struct st_frame *frame)
{
	struct flow_end *end = &flow->ends[side], *other = &flow->ends[!side];

	/* A probe that was not recognised may not lower the usual TTL. */
	if (!looks_empty(packet) || packet->ttl > end->usual_ttl)
		end->usual_ttl = packet->ttl;
	if (packet->udp.checksum)
		end->sends_checksums = true;
	else if (packet->ip_version == 6)
		end->omits_checksums = true;
	flow->is_quic = flow->is_quic || quic_is_initial(packet, frame);
	time_exchange(end, other, frame->stamp_ns);
	learn_headers(&end->latest, packet, frame);
}

bool udp_is_traceable(const struct flow *flow, unsigned side)
{
	return flow->ends[side].latest.valid && flow->ends[!side].usual_ttl;
}
