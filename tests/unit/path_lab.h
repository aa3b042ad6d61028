/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Traces made by hand, by the book but for what a test changes, and the notes that they get. */
#ifndef ST_TESTS_PATH_LAB_H
#define ST_TESTS_PATH_LAB_H

#include "path/path.h"

#include <glib.h>
#include <string.h>

#define MS ((int64_t)ST_NS_PER_MS)
#define HOPS_MAX 16
#define PROBES_MAX 20
#define START_NS (UINT64_C(1795000000) * ST_NS_PER_S)

struct lab {
	struct st_trace trace;
	struct st_hop hops[HOPS_MAX];
	struct st_sent sent[HOPS_MAX][PROBES_MAX];
	struct st_reply replies[HOPS_MAX][PROBES_MAX];
	struct path_memory *memory;
};

static inline struct st_addr router(unsigned ttl)
{
	return (struct st_addr){.version = 4, .bytes = {10, 0, (uint8_t)ttl, 1}};
}

/* By the book: Time Exceeded, everything quoted as sent, the way back as long as the way there. */
static inline struct st_reply usual_reply(unsigned ttl, unsigned probe)
{
	return (struct st_reply){
		.address = router(ttl),
		.rtt_ns = (int64_t)ttl * MS,
		.stamp_ns = START_NS,
		.probe = (uint16_t)probe,
		.icmp_type = ST_ICMP_TIME_EXCEEDED,
		.reply_ttl = (uint8_t)(65 - ttl),
		.quoted_ttl = 1,
		.probe_bytes = 52,
		.quoted_bytes = 52,
		.matched_by = ST_MATCH_TUPLE | ST_MATCH_SEQ,
	};
}

static inline void fill_hop(struct lab *lab, unsigned i, unsigned probes)
{
	struct st_hop *hop = &lab->hops[i];

	*hop = (struct st_hop){.ttl = (uint8_t)(i + 1),
			       .sent = (uint16_t)probes,
			       .probes = lab->sent[i],
			       .reply_count = (uint16_t)probes,
			       .replies = lab->replies[i]};
	for (unsigned k = 0; k < probes; k++) {
		lab->sent[i][k] = (struct st_sent){
			.stamp_ns = START_NS + k * 10 * ST_NS_PER_MS, .bytes = 52, .replies = 1};
		lab->replies[i][k] = usual_reply(i + 1, k + 1);
	}
}

static inline void lab_init(struct lab *lab, unsigned hops, unsigned probes)
{
	memset(lab, 0, sizeof(*lab));
	lab->trace = (struct st_trace){
		.number = 1,
		.kind = ST_TRACE_IN_FLOW,
		.tuple = {.source = router(100),
			  .destination = router(200),
			  .source_port = 40000,
			  .destination_port = 443,
			  .protocol = ST_PROTOCOL_TCP},
		.hop_count = hops,
		.hops = lab->hops,
		.replies_received = hops * probes,
	};
	for (unsigned i = 0; i < hops; i++)
		fill_hop(lab, i, probes);
	lab->memory = path_memory_new(1);
}

static inline void lab_clear(struct lab *lab)
{
	path_memory_free(lab->memory);
}

/* Every reply of the hop with this TTL gets the value. */
#define SET(lab, of_ttl, field, value)                                                             \
	do {                                                                                       \
		for (unsigned set_k = 0; set_k < PROBES_MAX; set_k++)                              \
			(lab)->replies[(of_ttl)-1][set_k].field = value;                           \
	} while (0)

/* Only these probes (a string of '+' and '-') are answered. */
static inline void answer(struct lab *lab, unsigned ttl, const char *pattern)
{
	struct st_hop *hop = &lab->hops[ttl - 1];

	hop->sent = (uint16_t)strlen(pattern);
	hop->reply_count = 0;
	for (unsigned k = 0; pattern[k]; k++) {
		bool is_answered = pattern[k] == '+';

		lab->sent[ttl - 1][k].replies = is_answered;
		lab->sent[ttl - 1][k].stamp_ns = START_NS + k * 10 * ST_NS_PER_MS;
		if (is_answered)
			lab->replies[ttl - 1][hop->reply_count++] = usual_reply(ttl, k + 1);
	}
}

/* "mpls 2, silent 4": the notes in their order. */
static inline char *notes_of(struct lab *lab)
{
	struct st_trace *trace = st_trace_copy(&lab->trace);
	GString *text = g_string_new(NULL);

	path_examine(trace, lab->memory, true);
	for (size_t i = 0; i < trace->note_count; i++)
		g_string_append_printf(text, "%s%s %u", i ? ", " : "", trace->notes[i].kind,
				       trace->notes[i].ttl);
	st_trace_free(trace);
	return g_string_free(text, FALSE);
}

static inline void assert_notes(struct lab *lab, const char *wanted)
{
	char *notes = notes_of(lab);

	g_assert_cmpstr(notes, ==, wanted);
	g_free(notes);
}

/* The same, and the lab is done. */
static inline void assert_and_clear(struct lab *lab, const char *wanted)
{
	assert_notes(lab, wanted);
	lab_clear(lab);
}

static inline void assert_detail(struct lab *lab, const char *part)
{
	struct st_trace *trace = st_trace_copy(&lab->trace);
	bool found = false;

	path_examine(trace, lab->memory, true);
	for (size_t i = 0; i < trace->note_count; i++)
		found = found || strstr(trace->notes[i].detail, part);
	if (!found)
		g_test_fail_printf("no note says: %s", part);
	st_trace_free(trace);
}

#endif
