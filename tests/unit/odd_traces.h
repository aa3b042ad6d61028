/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Traces that hold what reports find hard, for all formats: classic traceroutes of
 * every protocol, the destination's own answers, replies without a distance, all
 * bands, and names that attack whoever shows them.
 */
#ifndef TESTS_UNIT_ODD_TRACES_H
#define TESTS_UNIT_ODD_TRACES_H

#include <servicetrace/report.h>

#include "sample_trace.h"

/* Each does harm where it is not escaped: in a page, a spreadsheet, a graph, a terminal. */
#define HOSTILE_NAME "</script><script>alert(1)</script>"
#define HOSTILE_FORMULA "=cmd|' /C calc'!A0"
#define HOSTILE_QUOTES "a\"b\\c,d\\"
#define HOSTILE_TERMINAL "red\x1b[31m\r\nnext"
#define HOSTILE_HOST "@sum(\"x\")<img src=x onerror=alert(2)>"
#define HOSTILE_SERVICE "-1+1, \"Fire\\Walk\"\xff"

#define ODD_PROBES 4

struct odd_trace {
	struct sample sample;
	struct st_sent probes[SAMPLE_HOPS][ODD_PROBES];
	struct st_reply replies[SAMPLE_HOPS][ODD_PROBES];
};

/* What is known of routers; every name is hostile but the first. */
static inline bool odd_lookup(G_GNUC_UNUSED void *user, const struct st_addr *addr,
			      struct st_router *router)
{
	static const struct {
		const char *address;
		struct st_router router;
	} known[] = {
		{"10.0.0.1", {"gw.example", 64500, "Example, Inc.", "DE"}},
		{"10.1.0.1", {HOSTILE_NAME, 4200000000, HOSTILE_FORMULA, NULL}},
		{"10.1.0.5", {HOSTILE_QUOTES, 0, NULL, "FR"}},
		{"2001:db8::1", {HOSTILE_FORMULA, 64501, HOSTILE_QUOTES, "NL"}},
		{"2001:db8:9::2", {HOSTILE_TERMINAL, 0, NULL, NULL}},
	};
	char text[ST_ADDR_TEXT_BYTES];

	st_addr_format(addr, text);
	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		if (strcmp(known[i].address, text) == 0) {
			*router = known[i].router;
			return true;
		}
	}
	return false;
}

/* Probes of all hops, a millisecond apart, and what a capture tells of the replies. */
static inline void odd_fill(struct odd_trace *odd)
{
	struct st_trace *trace = &odd->sample.trace;
	uint64_t stamp_ns = trace->start_ns;

	for (size_t i = 0; i < trace->hop_count; i++) {
		struct st_hop *hop = &odd->sample.hops[i];

		for (unsigned j = 0; j < hop->sent; j++) {
			odd->probes[i][j] = (struct st_sent){.stamp_ns = stamp_ns, .bytes = 52};
			stamp_ns += ST_NS_PER_MS;
		}
		for (unsigned j = 0; j < hop->reply_count; j++) {
			odd->replies[i][j] = hop->replies[j];
			odd->replies[i][j].reply_ip_id = 4711;
			odd->replies[i][j].reply_bytes = 80;
			odd->replies[i][j].probe_bytes = 52;
			odd->replies[i][j].quoted_bytes = 52;
			odd->replies[i][j].quoted_tos = (uint8_t)(4 * i);
		}
		hop->probes = odd->probes[i];
		hop->replies = odd->replies[i];
	}
}

/* contract.md's example, with names that attack. */
static inline void odd_hostile(struct odd_trace *odd)
{
	sample_init(&odd->sample);
	odd->sample.trace.identity = sample_identity();
	odd->sample.trace.identity.host = HOSTILE_HOST;
	odd->sample.trace.identity.name = HOSTILE_SERVICE;
	sample_note(&odd->sample, "nat", 3, "the source was rewritten " HOSTILE_NAME);
	sample_note(&odd->sample, "unseen-probes", 0, HOSTILE_TERMINAL);
	odd_fill(odd);
}

static inline void odd_v6(struct odd_trace *odd)
{
	sample_init_v6(&odd->sample);
	odd->sample.trace.number = 2;
	odd_fill(odd);
	odd->replies[0][0].quoted_ttl = ST_QUOTED_TTL_UNKNOWN;
	odd->replies[0][1].quoted_ttl = 3;
	odd->replies[0][2].rtt_ns = ST_RTT_UNKNOWN;
}

/* traceroute -T: the source port varies, the destination answers with SYN-ACK and RST. */
static inline void odd_tcp(struct odd_trace *odd)
{
	sample_init(&odd->sample);
	odd->sample.trace.number = 3;
	odd->sample.trace.kind = ST_TRACE_CLASSIC;
	odd->sample.trace.tuple.source_port = 0;
	odd->sample.trace.distance = 3;
	odd->sample.trace.hop_count = 3;
	odd->sample.trace.stop_reason = ST_STOP_DESTINATION;
	odd_fill(odd);
	for (int i = 0; i < 3; i++) {
		struct st_reply *reply = &odd->replies[2][i];

		reply->address = odd->sample.trace.tuple.destination;
		reply->kind = ST_REPLY_TCP;
		reply->tcp_flags = i == 0 ? ST_TCP_SYN | ST_TCP_ACK : ST_TCP_RST | ST_TCP_ACK;
		reply->icmp_type = 0;
		reply->quoted_ttl = ST_QUOTED_TTL_UNKNOWN;
		reply->destination = true;
		reply->mpls_count = 0;
	}
}

/* ping-like traceroute: no ports; echo replies from the destination. */
static inline void odd_echo(struct odd_trace *odd)
{
	odd_tcp(odd);
	odd->sample.trace.number = 4;
	odd->sample.trace.tuple.protocol = ST_PROTOCOL_ICMP;
	odd->sample.trace.tuple.destination_port = 0;
	for (int i = 0; i < 3; i++) {
		odd->replies[2][i].kind = ST_REPLY_ECHO;
		odd->replies[2][i].tcp_flags = 0;
	}
}

/* Only replies are in the capture: neither probes nor distances are known. */
static inline void odd_replies_only(struct odd_trace *odd)
{
	sample_init(&odd->sample);
	odd->sample.trace.number = 5;
	odd->sample.trace.kind = ST_TRACE_CLASSIC;
	odd->sample.trace.tuple.protocol = ST_PROTOCOL_UDP;
	odd->sample.trace.tuple.destination_port = 0;
	odd->sample.trace.start_ns = 0;
	odd->sample.trace.probes_per_hop = 0;
	odd->sample.trace.first_ttl = 0;
	odd->sample.trace.max_ttl = 0;
	odd->sample.trace.algorithm = ST_ALGORITHM_UNKNOWN;
	odd->sample.trace.stop_reason = ST_STOP_END_OF_CAPTURE;
	odd->sample.trace.probes_sent = 0;
	odd->sample.trace.hop_count = 1;
	odd_fill(odd);
	odd->sample.hops[0].ttl = 0;
	odd->sample.hops[0].sent = 0;
	odd->sample.hops[0].probes = NULL;
	for (int i = 0; i < 3; i++)
		odd->replies[0][i].rtt_ns = ST_RTT_UNKNOWN;
}

/* 100, 150 and 200 ms on three hops, of which the last is unreachable; two answers to one probe. */
static inline void odd_bands(struct odd_trace *odd)
{
	static const int64_t rtts_ns[] = {100000000, 0, 150000000, 150000001};

	sample_init(&odd->sample);
	odd->sample.trace.number = 6;
	odd->sample.trace.tuple.protocol = ST_PROTOCOL_UDP;
	odd->sample.trace.stop_reason = ST_STOP_FLOW_CLOSED;
	odd->sample.trace.hop_count = 4;
	odd->sample.hops[3] = odd->sample.hops[2];
	odd->sample.hops[3].ttl = 4;
	odd_fill(odd);
	for (int i = 0; i < 4; i++)
		for (int j = 0; j < 3; j++)
			odd->replies[i][j].rtt_ns = rtts_ns[i];
	for (int j = 0; j < 3; j++) {
		odd->replies[3][j].address = sample_addr("10.2.0.1");
		odd->replies[3][j].mpls_count = 0;
		odd->replies[3][j].icmp_type = 3;
		odd->replies[3][j].icmp_code = (uint8_t)(j == 0 ? 13 : j == 1 ? 1 : 10);
	}
	odd->replies[3][1].probe = 1;
}

#define ODD_TRACES 6

static inline void odd_init(struct odd_trace *odd, unsigned which)
{
	static void (*const makers[ODD_TRACES])(struct odd_trace *) = {
		odd_hostile, odd_v6, odd_tcp, odd_echo, odd_replies_only, odd_bands};

	memset(odd, 0, sizeof(*odd));
	makers[which](odd);
}

#endif
