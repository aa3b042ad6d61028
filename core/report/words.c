/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fixed words of reports. How they are arranged is told by the formats' own files. */
#include "report/words.h"

#include <inttypes.h>

#include "version.h"

const char *st_version(void)
{
	return ST_VERSION_TEXT;
}

const char *st_algorithm_text(enum st_algorithm algorithm)
{
	switch (algorithm) {
	case ST_ALGORITHM_UNKNOWN:
		return NULL;
	case ST_ALGORITHM_CONCURRENT:
		return "concurrent";
	case ST_ALGORITHM_HOP_BY_HOP:
		return "hop-by-hop";
	case ST_ALGORITHM_PACKET_BY_PACKET:
		return "packet-by-packet";
	}
	return NULL;
}

const char *st_stop_reason_text(enum st_stop_reason reason)
{
	switch (reason) {
	case ST_STOP_NONE:
		return NULL;
	case ST_STOP_DESTINATION:
		return "destination";
	case ST_STOP_MAX_TTL:
		return "max-ttl";
	case ST_STOP_MISSING_HOPS:
		return "missing-hops";
	case ST_STOP_BORDER:
		return "border";
	case ST_STOP_FLOW_CLOSED:
		return "flow-closed";
	case ST_STOP_INTERRUPTED:
		return "interrupted";
	case ST_STOP_END_OF_CAPTURE:
		return "end-of-capture";
	case ST_STOP_FLOW_TIMEOUT:
		return "flow-timeout";
	case ST_STOP_NEAR_DESTINATION:
		return "near-destination";
	}
	return NULL;
}

bool report_has_ports(uint8_t protocol)
{
	return protocol == ST_PROTOCOL_TCP || protocol == ST_PROTOCOL_UDP ||
	       protocol == ST_PROTOCOL_SCTP;
}

bool report_has_flow_ports(const struct st_tuple *tuple)
{
	return report_has_ports(tuple->protocol) && tuple->source_port != 0 &&
	       tuple->destination_port != 0;
}

const char *st_trace_kind_text(enum st_trace_kind kind)
{
	switch (kind) {
	case ST_TRACE_IN_FLOW:
		return "in-flow";
	case ST_TRACE_CLASSIC:
		return "classic";
	}
	return NULL;
}

struct bit_word {
	unsigned bit;
	const char *name;
};

/* `names` has room for one more than there are words. */
static void name_bits(const struct bit_word *words, size_t count, unsigned bits, const char **names)
{
	size_t named = 0;

	for (size_t i = 0; i < count; i++)
		if (bits & words[i].bit)
			names[named++] = words[i].name;
	names[named] = NULL;
}

void report_tcp_flags(uint8_t flags, const char *names[REPORT_TCP_FLAGS_MAX])
{
	static const struct bit_word words[] = {
		{ST_TCP_FIN, "fin"}, {ST_TCP_SYN, "syn"}, {ST_TCP_RST, "rst"}, {ST_TCP_PSH, "psh"},
		{ST_TCP_ACK, "ack"}, {ST_TCP_URG, "urg"}, {0x40, "ece"},       {0x80, "cwr"},
	};

	G_STATIC_ASSERT(G_N_ELEMENTS(words) < REPORT_TCP_FLAGS_MAX);
	name_bits(words, G_N_ELEMENTS(words), flags, names);
}

void st_match_names(uint8_t matched_by, const char *names[ST_MATCH_NAMES_MAX])
{
	static const struct bit_word words[] = {
		{ST_MATCH_TUPLE, "tuple"},   {ST_MATCH_IPID, "ipid"},
		{ST_MATCH_SEQ, "seq"},	     {ST_MATCH_PEER, "peer"},
		{ST_MATCH_LENGTH, "length"}, {ST_MATCH_CHECKSUM, "checksum"},
		{ST_MATCH_BYTES, "bytes"},
	};

	G_STATIC_ASSERT(G_N_ELEMENTS(words) < ST_MATCH_NAMES_MAX);
	name_bits(words, G_N_ELEMENTS(words), matched_by, names);
}

void st_altered_names(uint16_t altered, const char *names[ST_ALTERED_NAMES_MAX])
{
	static const struct bit_word words[] = {
		{ST_ALTERED_SOURCE, "source"},	   {ST_ALTERED_DESTINATION, "destination"},
		{ST_ALTERED_DSCP, "dscp"},	   {ST_ALTERED_ECN, "ecn"},
		{ST_ALTERED_IPID, "ipid"},	   {ST_ALTERED_LENGTH, "length"},
		{ST_ALTERED_FRAGMENT, "fragment"}, {ST_ALTERED_FLOW_LABEL, "flow-label"},
		{ST_ALTERED_CHECKSUM, "checksum"}, {ST_ALTERED_SEQ, "seq"},
		{ST_ALTERED_ACK, "ack"},	   {ST_ALTERED_FLAGS, "flags"},
		{ST_ALTERED_WINDOW, "window"},
	};

	G_STATIC_ASSERT(G_N_ELEMENTS(words) < ST_ALTERED_NAMES_MAX);
	name_bits(words, G_N_ELEMENTS(words), altered, names);
}

/* Not by g_date_time_format: that looks for a file of the locale's character sets. */
char *report_time_text(uint64_t stamp_ns)
{
	uint64_t us = stamp_ns % ST_NS_PER_S / ST_NS_PER_US;
	GDateTime *utc;
	char *text;

	if (stamp_ns == 0)
		return NULL;
	utc = g_date_time_new_from_unix_utc((gint64)(stamp_ns / ST_NS_PER_S));
	text = g_strdup_printf("%04d-%02d-%02dT%02d:%02d:%02d.%06" PRIu64 "Z",
			       g_date_time_get_year(utc), g_date_time_get_month(utc),
			       g_date_time_get_day_of_month(utc), g_date_time_get_hour(utc),
			       g_date_time_get_minute(utc), g_date_time_get_second(utc), us);
	g_date_time_unref(utc);
	return text;
}

struct st_router report_router(const struct st_report_options *options, const struct st_addr *addr)
{
	struct st_router router = {0};

	if (!options->lookup || !options->lookup(options->user, addr, &router))
		return (struct st_router){0};
	return router;
}

size_t report_label_count(const struct st_reply *reply)
{
	return MIN(reply->mpls_count, ST_MPLS_MAX);
}

void report_append_labels(GString *out, const struct st_reply *reply)
{
	for (size_t i = 0; i < report_label_count(reply); i++) {
		const struct st_mpls_label *label = &reply->mpls[i];

		g_string_append_printf(out, "%sL=%u,E=%u,S=%u,T=%u", i == 0 ? "" : "/",
				       label->label, label->tc, label->bottom, label->ttl);
	}
}

const struct st_sent *report_probe_of(const struct st_hop *hop, const struct st_reply *reply)
{
	if (!hop->probes || reply->probe == 0 || reply->probe > hop->sent)
		return NULL;
	return &hop->probes[reply->probe - 1];
}

uint16_t report_probe_bytes(const struct st_trace *trace)
{
	for (size_t i = 0; i < trace->hop_count; i++) {
		const struct st_hop *hop = &trace->hops[i];

		for (size_t j = 0; hop->probes && j < hop->sent; j++)
			if (hop->probes[j].bytes != 0)
				return hop->probes[j].bytes;
		for (size_t j = 0; j < hop->reply_count; j++)
			if (hop->replies[j].probe_bytes != 0)
				return hop->replies[j].probe_bytes;
	}
	return 0;
}
