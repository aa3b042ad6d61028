/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A finished trace for the tests of reports: after contract.md's example, with
 * a silent hop, load balancing, MPLS labels and silent hops at the end. Tests
 * change what they are about.
 */
#ifndef TESTS_UNIT_SAMPLE_TRACE_H
#define TESTS_UNIT_SAMPLE_TRACE_H

#include <string.h>

#include <glib.h>

#include <servicetrace/trace.h>

#define SAMPLE_HOPS 6

struct sample {
	struct st_reply first[3], third[4]; /* third: room for one more than is used */
	struct st_hop hops[SAMPLE_HOPS];
	struct st_note notes[2];
	struct st_trace trace;
};

static inline struct st_addr sample_addr(const char *text)
{
	struct st_addr addr = {0};

	g_assert_cmpint(st_addr_parse(text, &addr), ==, ST_OK);
	return addr;
}

/* What a router answers on the way: time exceeded, 2 hops back, all keys matched. */
static inline struct st_reply sample_reply(uint16_t probe, const char *address, int64_t rtt_ns)
{
	return (struct st_reply){.address = sample_addr(address),
				 .stamp_ns = UINT64_C(1795342830000000000),
				 .rtt_ns = rtt_ns,
				 .probe = probe,
				 .icmp_type = 11,
				 .reply_ttl = 62,
				 .quoted_ttl = 1,
				 .matched_by = ST_MATCH_TUPLE | ST_MATCH_IPID | ST_MATCH_SEQ};
}

static inline void sample_replies(struct sample *sample)
{
	const struct st_mpls_label label = {.label = 16001, .bottom = 1, .ttl = 1};

	sample->first[0] = sample_reply(1, "10.0.0.1", 231456);
	sample->first[1] = sample_reply(2, "10.0.0.1", 198000);
	sample->first[2] = sample_reply(3, "10.0.0.1", 201000);
	sample->third[0] = sample_reply(1, "10.1.0.1", 1402000);
	sample->third[1] = sample_reply(2, "10.1.0.5", 1371000);
	sample->third[2] = sample_reply(3, "10.1.0.5", 1388000);
	for (int i = 1; i <= 2; i++) {
		sample->third[i].mpls[0] = label;
		sample->third[i].mpls_count = 1;
	}
}

static inline void sample_init(struct sample *sample)
{
	memset(sample, 0, sizeof(*sample));
	sample_replies(sample);
	for (uint8_t i = 0; i < SAMPLE_HOPS; i++)
		sample->hops[i] = (struct st_hop){.ttl = (uint8_t)(i + 1), .sent = 3};
	sample->hops[0].replies = sample->first;
	sample->hops[0].reply_count = 3;
	sample->hops[2].replies = sample->third;
	sample->hops[2].reply_count = 3;
	sample->trace = (struct st_trace){
		.number = 1,
		.flow_id = 7,
		.tuple = {.source = sample_addr("10.0.0.2"),
			  .destination = sample_addr("10.9.0.2"),
			  .source_port = 40312,
			  .destination_port = 443,
			  .protocol = ST_PROTOCOL_TCP},
		.start_ns = UINT64_C(1795342830123456789), /* 2026-11-22T10:20:30 UTC */
		.end_ns = UINT64_C(1795342832000000999),
		.algorithm = ST_ALGORITHM_CONCURRENT,
		.probes_per_hop = 3,
		.first_ttl = 1,
		.max_ttl = SAMPLE_HOPS,
		.stop_reason = ST_STOP_MAX_TTL,
		.probes_sent = 18,
		.replies_received = 6,
		.hop_count = SAMPLE_HOPS,
		.hops = sample->hops,
		.notes = sample->notes,
	};
}

/* What contract.md's example knows of it. */
static inline struct st_identity sample_identity(void)
{
	return (struct st_identity){
		.service = "youtube",
		.name = "YouTube",
		.host = "r3.googlevideo.com",
		.evidence = ST_EVIDENCE_DNS,
		.matched_by = ST_EVIDENCE_DNS,
	};
}

static inline struct st_flow sample_flow(const struct sample *sample)
{
	return (struct st_flow){
		.id = 7,
		.tuple = sample->trace.tuple,
		.identity = sample_identity(),
		.start_ns = sample->trace.start_ns,
		.end_ns = sample->trace.end_ns,
		.sent_packets = 12,
		.sent_bytes = 1200,
		.received_packets = 1,
		.received_bytes = UINT64_C(5000000000),
	};
}

static inline void sample_note(struct sample *sample, const char *kind, uint8_t ttl,
			       const char *detail)
{
	g_assert_cmpuint(sample->trace.note_count, <, G_N_ELEMENTS(sample->notes));
	sample->notes[sample->trace.note_count++] =
		(struct st_note){.kind = kind, .ttl = ttl, .detail = detail};
}

/* The same trace over IPv6, and the last hop is the destination's own answer. */
static inline void sample_init_v6(struct sample *sample)
{
	sample_init(sample);
	sample->trace.tuple.source = sample_addr("2001:db8::2");
	sample->trace.tuple.destination = sample_addr("2001:db8:9::2");
	for (int i = 0; i < 3; i++) {
		sample->first[i].address = sample_addr("2001:db8::1");
		sample->third[i].address = sample_addr("2001:db8:9::2");
		sample->first[i].icmp_type = 3;
		sample->third[i].icmp_type = 1;
		sample->third[i].icmp_code = 4;
		sample->third[i].destination = true;
		sample->third[i].mpls_count = 0;
	}
	sample->trace.hop_count = 3;
	sample->trace.distance = 3;
	sample->trace.stop_reason = ST_STOP_DESTINATION;
	sample->trace.max_ttl = 32;
}

#endif
