/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept of a probe's headers, and what a quote shows changed on the way: its
 * fields against those of the probe. What either does not hold is not judged. Who
 * changed it, the path or the router that quotes, takes more than one reply to tell.
 */
#include "trace/probe.h"
#include "base/checksum.h"
#include "flow/flow.h"
#include "packet/decode.h"

#define TOS_ECN 0x03U /* RFC 3168, 5: the rest is the DSCP */

struct probe_headers probe_headers_of(const struct st_packet *packet)
{
	struct probe_headers headers = {
		.known = true,
		.dont_fragment = packet->dont_fragment,
		.tos = packet->tos,
		/* What a fragment says of the whole's length is nothing. */
		.bytes =
			(uint16_t)(packet->is_fragment ? 0 : MIN(packet_bytes(packet), UINT16_MAX)),
		.flow_label = packet->flow_label,
	};

	if (packet->protocol == ST_PROTOCOL_TCP) {
		headers.tcp_flags = packet->tcp.flags;
		headers.tcp_window = packet->tcp.window;
		headers.ack = packet->tcp.ack;
	} else if (!packet->has_ports) {
		headers.icmp_checksum = packet->icmp.checksum;
	}
	return headers;
}

struct probe probe_of_packet(const struct st_packet *packet, const struct st_frame *frame,
			     uint64_t now)
{
	return (struct probe){
		.tuple = packet_tuple(packet),
		.cookie = frame->cookie,
		.stamp_ns = frame->stamp_ns,
		.now_ns = now,
		.headers = probe_headers_of(packet),
		.key = packet->key,
		.ip_id = packet->ip_id,
		.ttl = packet->ttl,
	};
}

/*
 * What a sender's kernel leaves in the checksum's place for the card to complete:
 * the sum over the pseudo-header (RFC 768, RFC 8200, 8.1). Captured at the sender
 * that is no checksum to compare with.
 */
static bool is_left_to_the_card(const struct probe *probe)
{
	const struct st_tuple *tuple = &probe->tuple;
	size_t bytes = tuple->source.version == 4 ? 4 : 16;
	uint64_t sum = ST_PROTOCOL_UDP + (probe->key >> 16);

	sum = checksum_add(sum, tuple->source.bytes, bytes);
	sum = checksum_add(sum, tuple->destination.bytes, bytes);
	return (uint16_t)~checksum_finish(sum) == (uint16_t)probe->key;
}

static bool is_checksum_altered(const struct probe *probe, const struct st_quote *quote)
{
	if (quote->has_udp)
		return quote->udp_checksum != (uint16_t)probe->key && !is_left_to_the_card(probe);
	if (quote->has_key && protocol_is_icmp(quote->protocol))
		return quote->icmp.checksum != probe->headers.icmp_checksum;
	return false;
}

static unsigned altered_ip(const struct probe *probe, const struct st_quote *quote)
{
	const struct probe_headers *sent = &probe->headers;
	unsigned dscp = (sent->tos ^ quote->tos) & ~TOS_ECN,
		 ecn = (sent->tos ^ quote->tos) & TOS_ECN;
	unsigned altered = (dscp ? ST_ALTERED_DSCP : 0) | (ecn ? ST_ALTERED_ECN : 0);

	if (sent->bytes && quote->total_bytes && quote->total_bytes != sent->bytes)
		altered |= ST_ALTERED_LENGTH;
	if (quote->ip_version == 6)
		return altered |
		       (sent->flow_label != quote->flow_label ? ST_ALTERED_FLOW_LABEL : 0);
	if (sent->dont_fragment != quote->dont_fragment)
		altered |= ST_ALTERED_FRAGMENT;
	return altered | (probe->ip_id != quote->ip_id ? ST_ALTERED_IPID : 0);
}

static unsigned altered_tcp(const struct probe *probe, const struct st_quote *quote)
{
	const struct probe_headers *sent = &probe->headers;
	unsigned altered = 0;

	if (quote->has_seq && quote->seq != probe->key)
		altered |= ST_ALTERED_SEQ;
	if (quote->has_ack && quote->ack != sent->ack)
		altered |= ST_ALTERED_ACK;
	if (quote->has_flags && quote->tcp_flags != sent->tcp_flags)
		altered |= ST_ALTERED_FLAGS;
	if (quote->has_flags && quote->tcp_window != sent->tcp_window)
		altered |= ST_ALTERED_WINDOW;
	return altered;
}

static unsigned altered_ends(const struct st_tuple *sent, const struct st_tuple *quoted,
			     bool has_ports)
{
	bool source = has_ports && sent->source_port != quoted->source_port;
	bool destination = has_ports && sent->destination_port != quoted->destination_port;

	source = source || !st_addr_equal(&sent->source, &quoted->source);
	destination = destination || !st_addr_equal(&sent->destination, &quoted->destination);
	return (source ? ST_ALTERED_SOURCE : 0) | (destination ? ST_ALTERED_DESTINATION : 0);
}

uint16_t probe_altered(const struct probe *probe, const struct st_quote *quote)
{
	struct st_tuple quoted = quote_tuple(quote);
	unsigned altered = altered_ends(&probe->tuple, &quoted, quote->has_ports || quote->has_key);

	if (!probe->headers.known)
		return (uint16_t)altered;
	altered |= altered_ip(probe, quote);
	if (quote->protocol == ST_PROTOCOL_TCP)
		altered |= altered_tcp(probe, quote);
	if (is_checksum_altered(probe, quote))
		altered |= ST_ALTERED_CHECKSUM;
	return (uint16_t)altered;
}

uint32_t udp_key(uint16_t length, uint16_t checksum)
{
	return (uint32_t)length << 16 | checksum;
}
