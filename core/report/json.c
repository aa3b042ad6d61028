/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A finished trace as one JSON object; docs/report.schema.json describes it.
 * Members stand in the order in which they are put. A value that is not known
 * is null, so a reader never has to tell "zero" from "unknown".
 *
 * Nothing about router names is known yet: that member is null.
 */
#include <inttypes.h>

#include <glib.h>
#include <jansson.h>

#include <servicetrace/report.h>

#include "report/words.h"

/*
 * RTTs are whole nanoseconds shown in ms. Fifteen digits are what a double always
 * keeps of a decimal number: 0.231456 stays that, for RTTs of up to eleven days.
 */
#define RTT_DIGITS 15

#define REPORT_VERSION 1

/* Only a lack of memory can make this fail; then we end as GLib would. */
static void put(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) != 0)
		g_error("out of memory in a report");
}

static void append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		g_error("out of memory in a report");
}

/* Text may come from the wire, JSON must be UTF-8. NULL is an unknown value. */
static json_t *text_value(const char *text)
{
	char *valid;
	json_t *value;

	if (!text)
		return json_null();
	valid = g_utf8_make_valid(text, -1);
	value = json_string(valid);
	g_free(valid);
	return value;
}

static json_t *number_unless(uint64_t number, uint64_t unknown)
{
	return number == unknown ? json_null() : json_integer((json_int_t)number);
}

static json_t *address_value(const struct st_addr *addr)
{
	char text[ST_ADDR_TEXT_BYTES];

	return text_value(st_addr_format(addr, text));
}

/*
 * RFC 3339 in UTC, down to microseconds; null if there is no stamp. Not by
 * g_date_time_format: that looks for a file of the locale's character sets.
 */
static json_t *time_value(uint64_t stamp_ns)
{
	uint64_t us = stamp_ns % ST_NS_PER_S / ST_NS_PER_US;
	GDateTime *utc;
	json_t *value;

	if (stamp_ns == 0)
		return json_null();
	utc = g_date_time_new_from_unix_utc((gint64)(stamp_ns / ST_NS_PER_S));
	value = json_sprintf("%04d-%02d-%02dT%02d:%02d:%02d.%06" PRIu64 "Z",
			     g_date_time_get_year(utc), g_date_time_get_month(utc),
			     g_date_time_get_day_of_month(utc), g_date_time_get_hour(utc),
			     g_date_time_get_minute(utc), g_date_time_get_second(utc), us);
	g_date_time_unref(utc);
	return value;
}

static json_t *rtt_value(int64_t rtt_ns)
{
	if (rtt_ns == ST_RTT_UNKNOWN)
		return json_null();
	return json_real((double)rtt_ns / (double)ST_NS_PER_MS);
}

static json_t *flow_value(uint64_t id, const struct st_tuple *tuple)
{
	bool has_ports = report_has_ports(tuple->protocol);
	char protocol[ST_PROTOCOL_TEXT_BYTES], community_id[ST_COMMUNITY_ID_BYTES];
	json_t *flow = json_object();

	put(flow, "id", json_integer((json_int_t)id));
	put(flow, "protocol", text_value(st_protocol_text(tuple->protocol, protocol)));
	put(flow, "source", address_value(&tuple->source));
	put(flow, "source_port", has_ports ? json_integer(tuple->source_port) : json_null());
	put(flow, "destination", address_value(&tuple->destination));
	put(flow, "destination_port",
	    has_ports ? json_integer(tuple->destination_port) : json_null());
	put(flow, "community_id",
	    text_value(has_ports ? st_community_id(tuple, community_id) : NULL));
	return flow;
}

static json_t *alpn_value(const char *alpn)
{
	g_auto(GStrv) words = g_strsplit(alpn, ",", -1);
	json_t *protocols = json_array();

	for (size_t i = 0; words[i]; i++)
		append(protocols, text_value(words[i]));
	return protocols;
}

static json_t *service_value(const struct st_identity *identity)
{
	json_t *service;

	if (identity->evidence == ST_EVIDENCE_NONE)
		return json_null();
	service = json_object();
	put(service, "name", text_value(identity->name));
	put(service, "host", text_value(identity->host));
	put(service, "evidence", text_value(st_evidence_text(identity->evidence)));
	if (identity->service) {
		put(service, "id", text_value(identity->service));
		put(service, "matched_by", text_value(st_evidence_text(identity->matched_by)));
	}
	if (identity->alpn)
		put(service, "alpn", alpn_value(identity->alpn));
	if (identity->ech)
		put(service, "ech", json_true());
	return service;
}

static json_t *mpls_value(const struct st_reply *reply)
{
	json_t *labels = json_array();

	for (size_t i = 0; i < reply->mpls_count && i < ST_MPLS_MAX; i++) {
		const struct st_mpls_label *label = &reply->mpls[i];
		json_t *entry = json_object();

		put(entry, "label", json_integer(label->label));
		put(entry, "tc", json_integer(label->tc));
		put(entry, "s", json_integer(label->bottom));
		put(entry, "ttl", json_integer(label->ttl));
		append(labels, entry);
	}
	return labels;
}

static json_t *matches_value(unsigned matched_by)
{
	static const struct {
		enum st_match bit;
		const char *name;
	} matches[] = {
		{ST_MATCH_TUPLE, "tuple"},   {ST_MATCH_IPID, "ipid"},
		{ST_MATCH_SEQ, "seq"},	     {ST_MATCH_PEER, "peer"},
		{ST_MATCH_LENGTH, "length"}, {ST_MATCH_CHECKSUM, "checksum"},
		{ST_MATCH_BYTES, "bytes"},
	};
	json_t *names = json_array();

	for (size_t i = 0; i < G_N_ELEMENTS(matches); i++)
		if (matched_by & matches[i].bit)
			append(names, json_string(matches[i].name));
	return names;
}

static json_t *reply_value(const struct st_reply *reply)
{
	json_t *object = json_object();

	put(object, "probe", json_integer(reply->probe));
	put(object, "address", address_value(&reply->address));
	put(object, "name", json_null());
	put(object, "rtt_ms", rtt_value(reply->rtt_ns));
	put(object, "icmp_type", json_integer(reply->icmp_type));
	put(object, "icmp_code", json_integer(reply->icmp_code));
	put(object, "reply_ttl", json_integer(reply->reply_ttl));
	put(object, "quoted_ttl", number_unless(reply->quoted_ttl, ST_QUOTED_TTL_UNKNOWN));
	if (reply->mpls_count > 0)
		put(object, "mpls", mpls_value(reply));
	if (reply->destination)
		put(object, "destination", json_true());
	if (reply->matched_by != 0)
		put(object, "matched_by", matches_value(reply->matched_by));
	return object;
}

static json_t *hop_value(const struct st_hop *hop)
{
	json_t *object = json_object();
	json_t *replies = json_array();

	for (size_t i = 0; i < hop->reply_count; i++)
		append(replies, reply_value(&hop->replies[i]));
	put(object, "ttl", json_integer(hop->ttl));
	put(object, "sent", json_integer(hop->sent));
	put(object, "replies", replies);
	return object;
}

static json_t *hops_value(const struct st_trace *trace)
{
	json_t *hops = json_array();

	for (size_t i = 0; i < trace->hop_count; i++)
		append(hops, hop_value(&trace->hops[i]));
	return hops;
}

static json_t *notes_value(const struct st_trace *trace)
{
	json_t *notes = json_array();

	for (size_t i = 0; i < trace->note_count; i++) {
		json_t *note = json_object();

		put(note, "kind", text_value(trace->notes[i].kind));
		put(note, "ttl", number_unless(trace->notes[i].ttl, 0));
		put(note, "detail", text_value(trace->notes[i].detail));
		append(notes, note);
	}
	return notes;
}

static void put_settings(json_t *object, const struct st_trace *trace)
{
	put(object, "algorithm", text_value(st_algorithm_text(trace->algorithm)));
	put(object, "probes_per_hop", number_unless(trace->probes_per_hop, 0));
	put(object, "first_ttl", number_unless(trace->first_ttl, 0));
	put(object, "max_ttl", number_unless(trace->max_ttl, 0));
}

static void put_outcome(json_t *object, const struct st_trace *trace)
{
	bool reached = trace->distance != 0;

	put(object, "stop_reason", text_value(st_stop_reason_text(trace->stop_reason)));
	put(object, "destination_reached", reached ? json_true() : json_null());
	put(object, "distance", number_unless(trace->distance, 0));
	put(object, "probes_sent", json_integer(trace->probes_sent));
	put(object, "replies_received", json_integer(trace->replies_received));
	put(object, "hops", hops_value(trace));
	put(object, "notes", notes_value(trace));
}

static json_t *report_value(const char *type, const char *generator)
{
	json_t *object = json_object();

	put(object, "type", json_string(type));
	put(object, "version", json_integer(REPORT_VERSION));
	put(object, "generator", text_value(generator));
	return object;
}

static json_t *trace_value(const struct st_trace *trace, const char *generator)
{
	json_t *object = report_value("trace", generator);

	put(object, "trace", json_integer((json_int_t)trace->number));
	put(object, "kind", json_string("in-flow"));
	put(object, "flow", flow_value(trace->flow_id, &trace->tuple));
	put(object, "service", service_value(&trace->identity));
	put(object, "start", time_value(trace->start_ns));
	put(object, "end", time_value(trace->end_ns));
	put_settings(object, trace);
	put_outcome(object, trace);
	return object;
}

static json_t *traffic_value(uint64_t packets, uint64_t bytes)
{
	json_t *traffic = json_object();

	put(traffic, "packets", json_integer((json_int_t)packets));
	put(traffic, "bytes", json_integer((json_int_t)bytes));
	return traffic;
}

static json_t *flow_record_value(const struct st_flow *flow, const char *generator)
{
	json_t *object = report_value("flow", generator);

	put(object, "flow", flow_value(flow->id, &flow->tuple));
	put(object, "service", service_value(&flow->identity));
	put(object, "start", time_value(flow->start_ns));
	put(object, "end", time_value(flow->end_ns));
	put(object, "sent", traffic_value(flow->sent_packets, flow->sent_bytes));
	put(object, "received", traffic_value(flow->received_packets, flow->received_bytes));
	return object;
}

/* Takes `object`. */
static char *dump(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(RTT_DIGITS));

	if (!text)
		g_error("out of memory in a report");
	json_decref(object);
	return text;
}

char *st_report_json(const struct st_trace *trace, const char *generator)
{
	return dump(trace_value(trace, generator));
}

char *st_report_flow_json(const struct st_flow *flow, const char *generator)
{
	return dump(flow_record_value(flow, generator));
}
