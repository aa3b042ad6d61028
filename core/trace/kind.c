/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace/kind.h"

#include "service/resolver.h"

/* The estimate is the reverse path's: the forward path may be this much shorter. */
#define ESTIMATE_MARGIN 2

bool kind_destructs_itself(const struct flow *flow, unsigned side)
{
	return flow->ends[side].sends_checksums && !flow->ends[side].omits_checksums;
}

static enum probe_kind harmless_udp_kind(const struct flow *flow, unsigned side)
{
	if (flow->ip_version == 4)
		return KIND_EMPTY;
	return kind_destructs_itself(flow, side) ? KIND_SELF_DESTRUCT : KIND_CHECKSUM;
}

static enum probe_kind udp_kind(enum st_udp_probe asked, const struct flow *flow, unsigned side)
{
	switch (asked) {
	case ST_UDP_PROBE_AUTO:
		return harmless_udp_kind(flow, side);
	case ST_UDP_PROBE_EMPTY:
		return KIND_EMPTY;
	case ST_UDP_PROBE_CHECKSUM:
		return KIND_CHECKSUM;
	case ST_UDP_PROBE_SELF_DESTRUCT:
		return KIND_SELF_DESTRUCT;
	}
	return KIND_EMPTY;
}

enum probe_kind kind_of(const struct st_config *config, const struct flow *flow, unsigned side)
{
	if (flow->protocol == ST_PROTOCOL_UDP)
		return udp_kind(config->udp_probe, flow, side);
	return config->tcp_probe == ST_TCP_PROBE_EXACT ? KIND_EXACT : KIND_STALE;
}

bool kind_shows_at_socket(enum probe_kind kind)
{
	return kind != KIND_STALE;
}

bool kind_is_alike(enum probe_kind kind, uint8_t ip_version)
{
	return ip_version == 6 && (kind == KIND_EXACT || kind == KIND_EMPTY);
}

/* QUIC drops what it cannot decrypt (RFC 9000, 5.2); others may take it for a message, or the end.
 */
bool kind_is_intrusive(enum probe_kind kind, const struct flow *flow)
{
	return (kind == KIND_EMPTY || kind == KIND_CHECKSUM) && !flow->is_quic;
}

bool kind_shows_at_own_ttl(enum probe_kind kind)
{
	return kind == KIND_STALE;
}

unsigned kind_ceiling(const struct flow *flow, unsigned side)
{
	unsigned estimate = flow_estimate_distance(flow, side);

	return estimate > ESTIMATE_MARGIN ? estimate - ESTIMATE_MARGIN : 0;
}

static const char *exact_refusal(const struct flow *flow)
{
	switch (flow_sack(flow)) {
	case FLOW_SACK_ON:
		return NULL;
	case FLOW_SACK_OFF:
		return "exact probes do harm without SACK, and this flow has not negotiated it";
	case FLOW_SACK_UNKNOWN:
		return "exact probes do harm without SACK, and whether this flow has it is not "
		       "known yet";
	}
	return NULL;
}

static const char *udp_refusal(const struct st_config *config, enum probe_kind kind,
			       const struct flow *flow, unsigned side)
{
	if (kind == KIND_SELF_DESTRUCT && flow->ip_version == 4)
		return "self-destruct probes need IPv6: without a checksum an IPv4 datagram is "
		       "valid and reaches the application";
	if (kind == KIND_SELF_DESTRUCT && !kind_destructs_itself(flow, side))
		return "self-destruct probes need a receiver that insists on checksums, and this "
		       "flow's own datagrams have none";
	if (config->udp_probe == ST_UDP_PROBE_AUTO && kind_is_intrusive(kind, flow) &&
	    kind_ceiling(flow, side) < config->first_ttl)
		return "the other end is too near: an empty datagram could reach its application";
	return NULL;
}

const char *kind_refusal(const struct st_config *config, enum probe_kind kind,
			 const struct flow *flow, unsigned side)
{
	/* A Time Exceeded makes a lookup of the C library fail at once. */
	if (flow->ends[0].port == DNS_PORT || flow->ends[1].port == DNS_PORT)
		return "port 53 is never probed: name lookups would fail";
	if (flow->protocol == ST_PROTOCOL_UDP)
		return udp_refusal(config, kind, flow, side);
	return kind == KIND_EXACT ? exact_refusal(flow) : NULL;
}
