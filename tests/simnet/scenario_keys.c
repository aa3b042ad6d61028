/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of scenario files: one table a group, and the words that they know. */
#include "scenario_keys.h"

static const struct word algorithms[] = {{"concurrent", ST_ALGORITHM_CONCURRENT},
					 {"hop-by-hop", ST_ALGORITHM_HOP_BY_HOP},
					 {"packet-by-packet", ST_ALGORITHM_PACKET_BY_PACKET},
					 {NULL, 0}};
static const struct word tcp_probes[] = {
	{"stale", ST_TCP_PROBE_STALE}, {"exact", ST_TCP_PROBE_EXACT}, {NULL, 0}};
static const struct word stop_reasons[] = {{"destination", ST_STOP_DESTINATION},
					   {"max-ttl", ST_STOP_MAX_TTL},
					   {"missing-hops", ST_STOP_MISSING_HOPS},
					   {"border", ST_STOP_BORDER},
					   {"flow-closed", ST_STOP_FLOW_CLOSED},
					   {"interrupted", ST_STOP_INTERRUPTED},
					   {"flow-timeout", ST_STOP_FLOW_TIMEOUT},
					   {"near-destination", ST_STOP_NEAR_DESTINATION},
					   {NULL, 0}};
static const struct word udp_probes[] = {{"auto", ST_UDP_PROBE_AUTO},
					 {"empty", ST_UDP_PROBE_EMPTY},
					 {"checksum", ST_UDP_PROBE_CHECKSUM},
					 {"self-destruct", ST_UDP_PROBE_SELF_DESTRUCT},
					 {NULL, 0}};
static const struct word protocols[] = {
	{"any", 0}, {"tcp", ST_PROTOCOL_TCP}, {"udp", ST_PROTOCOL_UDP}, {NULL, 0}};
static const struct word recverrs[] = {
	{"false", RECVERR_NO}, {"true", RECVERR_YES}, {"unknown", RECVERR_UNKNOWN}, {NULL, 0}};
static const struct word notes[] = {{"any", NOTE_ANY},
				    {"nat", NOTE_NAT},
				    {"algorithm", NOTE_ALGORITHM},
				    {"near-destination", NOTE_NEAR_DESTINATION},
				    {"zero-checksum", NOTE_ZERO_CHECKSUM},
				    {"recverr-unknown", NOTE_RECVERR_UNKNOWN},
				    {NULL, 0}};
static const struct word sides[] = {{"local", SIM_LOCAL}, {"remote", SIM_REMOTE}, {NULL, 0}};
static const struct word roles[] = {{"client", SIM_REMOTE}, {"server", SIM_LOCAL}, {NULL, 0}};
static const struct word ends[] = {
	{"fin", END_FIN}, {"rst", END_RST}, {"silent", END_SILENT}, {NULL, 0}};
static const struct word fields[] = {{"kept", FIELD_KEPT},
				     {"zero", FIELD_ZERO},
				     {"swapped", FIELD_SWAPPED},
				     {"random", FIELD_RANDOM},
				     {NULL, 0}};
static const struct word balances[] = {
	{"flow", BALANCE_FLOW}, {"packet", BALANCE_PACKET}, {NULL, 0}};
static const struct word drops[] = {
	{"nothing", DROP_NOTHING},	     {"zero-checksum", DROP_ZERO_CHECKSUM},
	{"icmp-errors", DROP_ICMP_ERRORS},   {"empty-datagrams", DROP_EMPTY_DATAGRAMS},
	{"old-segments", DROP_OLD_SEGMENTS}, {NULL, 0}};
static const struct word nats[] = {{"none", NAT_NONE},
				   {"restoring", NAT_RESTORING},
				   {"half-restoring", NAT_HALF_RESTORING},
				   {"broken", NAT_BROKEN},
				   {NULL, 0}};
static const struct word mpls_kinds[] = {{"none", MPLS_NONE},
					 {"with-length", MPLS_WITH_LENGTH},
					 {"without-length", MPLS_WITHOUT_LENGTH},
					 {NULL, 0}};
static const struct word links[] = {
	{"ethernet", ST_LINK_ETHERNET}, {"raw", ST_LINK_RAW}, {NULL, 0}};
static const struct word quotes[] = {{"all", -1}, {NULL, 0}};
static const struct word as_received[] = {{"as-received", -1}, {NULL, 0}};
static const struct word kept[] = {{"kept", -1}, {NULL, 0}};
static const struct word same[] = {{"same", -1}, {NULL, 0}};
static const struct word missing[] = {{"default", ST_MAX_MISSING_DEFAULT}, {NULL, 0}};

/* clang-format off */
#define AT(type, field) offsetof(struct type, field)
#define PLAIN(name, kind, type, field) { name, kind, AT(type, field), 0, 0, NULL, 0 }
#define RANGE(name, type, field, min, max) { name, NUMBER, AT(type, field), min, max, NULL, 0 }
#define ONE_OF(name, type, field, words) { name, WORD, AT(type, field), 0, 0, words, 0 }
#define TEXT_OF(name, type, field) { name, TEXT, AT(type, field), 0, SIM_NOTES_BYTES, NULL, 0 }
#define LAST { NULL, 0, 0, 0, 0, NULL, 0 }
#define LINK_KEYS(type, link)                               \
	PLAIN("delay", TIME, type, link.delay_ns),          \
	PLAIN("jitter", TIME, type, link.jitter_ns),        \
	PLAIN("loss", SHARE, type, link.loss),              \
	PLAIN("duplicate", SHARE, type, link.duplicate),    \
	PLAIN("reorder", SHARE, type, link.reorder),        \
	PLAIN("reorder-delay", TIME, type, link.reorder_ns), \
	PLAIN("bandwidth", BANDWIDTH, type, link.bandwidth_bps), \
	PLAIN("queue", QUEUE, type, link.queue)
/* clang-format on */

const struct key scenario_keys[] = {RANGE("seed", scenario, seed, 0, UINT32_MAX),
				    PLAIN("limit", TIME, scenario, limit_ns), LAST};

const struct key host_keys[] = {PLAIN("v4", ADDRESS_4, scenario, host[V4]),
				PLAIN("v6", ADDRESS_6, scenario, host[V6]), LAST};

const struct key destination_keys[] = {PLAIN("v4", ADDRESS_4, scenario, destination[V4]),
				       PLAIN("v6", ADDRESS_6, scenario, destination[V6]),
				       LINK_KEYS(scenario, last_link), LAST};

const struct key capture_keys[] = {ONE_OF("link", scenario, link, links),
				   PLAIN("vlan", FLAG, scenario, vlan),
				   RANGE("snap-bytes", scenario, snap_bytes, 54, 262144),
				   PLAIN("delay", TIME, scenario, capture_delay_ns), LAST};

const struct key hop_keys[] = {
	PLAIN("v4", ADDRESS_4, sim_hop, address[V4]),
	PLAIN("v6", ADDRESS_6, sim_hop, address[V6]),
	RANGE("routers", sim_hop, routers, 1, 65536),
	ONE_OF("balance", sim_hop, balance, balances),
	RANGE("detour", sim_hop, detour, 0, 8),
	LINK_KEYS(sim_hop, link),
	PLAIN("answer-loss", SHARE, sim_hop, answer_loss),
	PLAIN("answer-delay", TIME, sim_hop, answer_delay_ns),
	PLAIN("silent", FLAG, sim_hop, silent),
	RANGE("answer-rate", sim_hop, answer_rate, 0, 100000),
	RANGE("answer-burst", sim_hop, answer_burst, 1, 100000),
	PLAIN("answers-from-v4", ADDRESS_4, sim_hop, answers_from[V4]),
	PLAIN("answers-from-v6", ADDRESS_6, sim_hop, answers_from[V6]),
	{"quote-bytes", NUMBER, AT(sim_hop, quote_bytes), 0, 65535, quotes, 0},
	{"quoted-ttl", NUMBER, AT(sim_hop, quoted_ttl), 0, 255, as_received, 0},
	RANGE("quoted-tos", sim_hop, quoted_tos, 0, 255),
	ONE_OF("quoted-ipid", sim_hop, quoted_ip_id, fields),
	ONE_OF("quoted-udp-length", sim_hop, quoted_udp_length, fields),
	ONE_OF("quoted-udp-checksum", sim_hop, quoted_udp_checksum, fields),
	RANGE("reply-ttl", sim_hop, reply_ttl, 1, 255),
	ONE_OF("mpls", sim_hop, mpls, mpls_kinds),
	RANGE("label", sim_hop, label, 0, 0xfffff),
	RANGE("labels", sim_hop, labels, 1, SIM_LABELS_MAX),
	RANGE("label-ttl", sim_hop, label_ttl, 1, 255),
	RANGE("decrement", sim_hop, decrement, 0, 2),
	{"decrement-back", NUMBER, AT(sim_hop, decrement_back), 0, 32, same, 0},
	RANGE("loops-to", sim_hop, loops_to, 0, SIM_HOPS_MAX),
	{"sets-dscp", NUMBER, AT(sim_hop, rewrite.dscp), 0, 63, kept, 0},
	{"sets-ecn", NUMBER, AT(sim_hop, rewrite.ecn), 0, 3, kept, 0},
	ONE_OF("sets-ipid", sim_hop, rewrite.ip_id, fields),
	PLAIN("clears-df", FLAG, sim_hop, rewrite.clears_df),
	{"sets-flow-label", NUMBER, AT(sim_hop, rewrite.flow_label), 0, 0xfffff, kept, 0},
	{"sets-window", NUMBER, AT(sim_hop, rewrite.window), 0, 65535, kept, 0},
	RANGE("adds-ack", sim_hop, rewrite.add_ack, 0, 0x7fffffff),
	RANGE("sets-flags", sim_hop, rewrite.set_flags, 0, 255),
	RANGE("adds-bytes", sim_hop, rewrite.add_bytes, 0, 100),
	PLAIN("forwards-zero", FLAG, sim_hop, forwards_zero),
	ONE_OF("drop", sim_hop, drop, drops),
	ONE_OF("nat", sim_hop, nat, nats),
	LAST};

/* These say when and where; what is to change are keys of that hop. */
const struct key change_keys[] = {PLAIN("at", TIME, sim_change, at_ns),
				  RANGE("hop", sim_change, hop, 1, SIM_HOPS_MAX), LAST};

const struct key flow_keys[] = {ONE_OF("protocol", sim_flow, protocol, protocols),
				PLAIN("quic", FLAG, sim_flow, quic),
				PLAIN("checksums", FLAG, sim_flow, checksums),
				ONE_OF("recverr", sim_flow, recverr, recverrs),
				RANGE("count", sim_flow, count, 1, 25000),
				RANGE("ip", sim_flow, ip_version, 4, 6),
				ONE_OF("role", sim_flow, server, roles),
				RANGE("local-port", sim_flow, local_port, 1, 65535),
				RANGE("remote-port", sim_flow, remote_port, 1, 65535),
				PLAIN("start", TIME, sim_flow, start_ns),
				PLAIN("spacing", TIME, sim_flow, spacing_ns),
				PLAIN("first-message", TIME, sim_flow, first_message_ns),
				PLAIN("interval", TIME, sim_flow, interval_ns),
				PLAIN("lifetime", TIME, sim_flow, lifetime_ns),
				RANGE("request-bytes", sim_flow, request_bytes, 0, 10000000),
				RANGE("reply-bytes", sim_flow, reply_bytes, 0, 10000000),
				RANGE("segment-bytes", sim_flow, segment_bytes, 1, 65000),
				PLAIN("sack", FLAG, sim_flow, sack),
				PLAIN("timestamps", FLAG, sim_flow, timestamps),
				RANGE("local-isn", sim_flow, local_isn, 0, UINT32_MAX),
				RANGE("remote-isn", sim_flow, remote_isn, 0, UINT32_MAX),
				RANGE("local-window", sim_flow, local_window, 1, 0x3fffffff),
				RANGE("remote-window", sim_flow, remote_window, 1, 0x3fffffff),
				RANGE("window-scale", sim_flow, window_scale, 0, 14),
				PLAIN("stalled", FLAG, sim_flow, stalled),
				ONE_OF("end", sim_flow, end, ends),
				ONE_OF("end-by", sim_flow, end_by, sides),
				PLAIN("seen-after", TIME, sim_flow, seen_after_ns),
				PLAIN("lost-third-ack", FLAG, sim_flow, lost_third_ack),
				RANGE("tos", sim_flow, tos, 0, 255),
				RANGE("flow-label", sim_flow, flow_label, 0, 0xfffff),
				RANGE("ttl", sim_flow, ttl, 1, 255),
				LAST};

const struct key tracer_keys[] = {
	ONE_OF("algorithm", sim_tracer, algorithm, algorithms),
	ONE_OF("tcp-probe", sim_tracer, tcp_probe, tcp_probes),
	ONE_OF("udp-probe", sim_tracer, udp_probe, udp_probes),
	ONE_OF("protocol", sim_tracer, protocol, protocols),
	PLAIN("flow-timeout", TIME, sim_tracer, flow_timeout_ns),
	PLAIN("retrace", TIME, sim_tracer, retrace_ns),
	RANGE("probes", sim_tracer, probes, 1, ST_PROBES_PER_HOP_MAX),
	RANGE("first-ttl", sim_tracer, first_ttl, 1, 255),
	RANGE("max-ttl", sim_tracer, max_ttl, 1, 255),
	{"max-missing", NUMBER, AT(sim_tracer, max_missing), 0, 255, missing, 0},
	PLAIN("inter-probe-time", TIME, sim_tracer, inter_probe_ns),
	PLAIN("inter-iteration-time", TIME, sim_tracer, inter_iteration_ns),
	PLAIN("wait", TIME, sim_tracer, wait_ns),
	{"border", PREFIXES, AT(sim_tracer, borders), 0, SIM_BORDERS_MAX, NULL,
	 AT(sim_tracer, border_count)},
	{"host", PREFIXES, AT(sim_tracer, hosts), 0, SIM_HOSTS_MAX, NULL,
	 AT(sim_tracer, host_count)},
	RANGE("port", sim_tracer, port, 0, 65535),
	RANGE("ip", sim_tracer, ip_version, 0, 6),
	RANGE("max-flows", sim_tracer, max_flows, 1, ST_MAX_FLOWS_LIMIT),
	RANGE("max-known-flows", sim_tracer, max_known_flows, 1, 1000000),
	RANGE("rate", sim_tracer, rate, 1, ST_RATE_LIMIT),
	RANGE("max-traces", sim_tracer, max_traces, 0, UINT32_MAX),
	LAST};

const struct key expect_keys[] = {RANGE("traces", sim_expect, traces, 0, UINT32_MAX),
				  RANGE("refused", sim_expect, refused, 0, UINT32_MAX),
				  RANGE("unmatched", sim_expect, unmatched, 0, UINT32_MAX),
				  ONE_OF("stop-reason", sim_expect, stop_reason, stop_reasons),
				  PLAIN("complete", FLAG, sim_expect, complete),
				  ONE_OF("note", sim_expect, note, notes),
				  TEXT_OF("notes", sim_expect, notes),
				  TEXT_OF("later-notes", sim_expect, later_notes),
				  LAST};
