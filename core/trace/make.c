/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes probes: a key that no probe under way has, and the packet of its kind,
 * filled in from the flow's latest values. When and how far is schedule.c's and
 * reach.c's.
 */
#include "trace/trace.h"

/* How soon to look for a free key again. */
#define KEY_RETRY_NS (10 * ST_NS_PER_MS)
/* The payload of `checksum`: room for the word that makes the checksum what it shall be. */
#define BALANCE_BYTES 2

/* Younger probes than this may still be answered. */
static uint64_t keys_in_use_since(const struct trace *trace, uint64_t now)
{
	uint64_t rests_ns = 2 * trace->config->wait_ns;

	return now > rests_ns ? now - rests_ns : 0;
}

static bool is_key_free(const struct trace *trace, uint32_t key, uint64_t now)
{
	return !correlator_has_key(trace->correlator, &trace->tuple, key,
				   keys_in_use_since(trace, now));
}

/* Bytes really sent behind the acknowledged ones: where a stale probe looks like an old segment. */
static uint32_t room_behind(const struct flow_end *end)
{
	uint32_t sent = end->acked - end->isn - 2;

	return end->has_isn && sent < TRACE_KEYS ? MAX(sent, 1) : TRACE_KEYS;
}

static bool find_stale_seq(struct trace *trace, uint64_t now, uint32_t *seq)
{
	struct flow_end *end = &trace->flow->ends[trace->side];
	uint32_t room = room_behind(end);

	for (uint32_t tried = 0; tried < room; tried++) {
		end->key_id = end->key_id % room + 1;
		*seq = end->acked - 1 - end->key_id;
		if (is_key_free(trace, *seq, now))
			return true;
	}
	for (uint32_t id = room + 1; id <= TRACE_KEYS; id++) {
		*seq = end->acked - 1 - id;
		if (is_key_free(trace, *seq, now))
			return true;
	}
	return false;
}

/* Nothing that the flow itself would not send now or did not before. */
static bool fill_tcp(struct trace *trace, uint64_t now, struct tcp_fields *tcp)
{
	const struct flow_end *end = &trace->flow->ends[trace->side];
	const struct flow_end *peer = &trace->flow->ends[!trace->side];
	const struct flow_template *latest = &end->latest;
	bool is_stale = trace->kind == KIND_STALE;

	*tcp = (struct tcp_fields){
		.seq = end->next,
		.ack = is_stale && peer->sent_data ? end->ack - 1 : end->ack,
		.window = latest->window,
		.has_timestamps = latest->has_timestamps,
		.tsval = latest->tsval,
		.tsecr = latest->tsecr,
	};
	return !is_stale || find_stale_seq(trace, now, &tcp->seq);
}

/* The next number up to TRACE_KEYS that no probe under way uses, as length or checksum. */
static bool find_udp_key(struct trace *trace, uint64_t now, struct udp_fields *udp)
{
	struct flow_end *end = &trace->flow->ends[trace->side];

	for (uint32_t tried = 0; tried < TRACE_KEYS; tried++) {
		end->key_id = end->key_id % TRACE_KEYS + 1;
		if (trace->kind == KIND_CHECKSUM)
			udp->checksum = (uint16_t)end->key_id;
		else
			udp->payload_bytes = (uint16_t)end->key_id;
		if (is_key_free(trace,
				udp_key((uint16_t)(UDP_HEADER_BYTES + udp->payload_bytes),
					udp->checksum),
				now))
			return true;
	}
	return false;
}

static bool fill_udp(struct trace *trace, uint64_t now, struct udp_fields *udp)
{
	*udp = (struct udp_fields){.no_checksum = trace->kind == KIND_SELF_DESTRUCT};
	if (trace->kind == KIND_EMPTY)
		return true;
	if (trace->kind == KIND_CHECKSUM)
		udp->payload_bytes = BALANCE_BYTES;
	return find_udp_key(trace, now, udp);
}

/* What routers and firewalls look at is the flow's latest. */
static struct probe_fields common_fields(const struct trace *trace, uint16_t ip_id)
{
	const struct flow_template *latest = &trace->flow->ends[trace->side].latest;

	return (struct probe_fields){
		.source = trace->tuple.source,
		.destination = trace->tuple.destination,
		.source_port = trace->tuple.source_port,
		.destination_port = trace->tuple.destination_port,
		.protocol = trace->tuple.protocol,
		.ttl = (uint8_t)trace->schedule.ttl,
		.tos = latest->tos,
		.ip_id = ip_id,
		.dont_fragment = latest->dont_fragment,
		.flow_label = latest->flow_label,
	};
}

static uint32_t key_of(const struct probe_fields *fields)
{
	if (fields->protocol == ST_PROTOCOL_TCP)
		return fields->tcp.seq;
	return udp_key((uint16_t)(UDP_HEADER_BYTES + fields->udp.payload_bytes),
		       build_udp_checksum(fields));
}

bool trace_is_ip_id_free(const struct trace *trace, uint16_t ip_id, uint64_t now)
{
	return !correlator_has_ip_id(trace->correlator, &trace->tuple, ip_id,
				     keys_in_use_since(trace, now));
}

struct probe *trace_make_probe(struct trace *trace, uint64_t now, uint64_t id, uint16_t ip_id,
			       struct probe_fields *fields)
{
	struct probe probe = {.tuple = trace->tuple, .id = id, .now_ns = now, .ip_id = ip_id};
	bool is_tcp = trace->tuple.protocol == ST_PROTOCOL_TCP;

	*fields = common_fields(trace, ip_id);
	if (!trace->flow->ends[trace->side].latest.valid || trace->awaited >= TRACE_IN_FLIGHT_MAX ||
	    !(is_tcp ? fill_tcp(trace, now, &fields->tcp) : fill_udp(trace, now, &fields->udp))) {
		trace->schedule.earliest_ns = now + KEY_RETRY_NS;
		return NULL;
	}
	probe.key = key_of(fields);
	probe.ttl = fields->ttl;
	schedule_advance(&trace->schedule, now);
	return trace_take_note(trace, &probe);
}
