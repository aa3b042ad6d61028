/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A finished trace as one JSON object; docs/report.schema.json describes it.
 * Members stand in the order in which they are put. A value that is not known
 * is null, so a reader never has to tell "zero" from "unknown".
 */
#include <glib.h>

#include "report/formats.h"
#include "report/members.h"
#include "report/words.h"

#define REPORT_VERSION 1

static json_t *time_value(uint64_t stamp_ns)
{
	g_autofree char *text = report_time_text(stamp_ns);

	return report_text_value(text);
}

/* Of a trace, port 0 stands for one that varies; of a flow it is one. */
static json_t *port_value(const struct st_tuple *tuple, uint16_t port, bool is_of_flow)
{
	if (!report_has_ports(tuple->protocol) || (!port && !is_of_flow))
		return json_null();
	return json_integer(port);
}

static json_t *flow_value(uint64_t id, const struct st_tuple *tuple, bool is_of_flow)
{
	char protocol[ST_PROTOCOL_TEXT_BYTES], community_id[ST_COMMUNITY_ID_BYTES];
	bool has_id = is_of_flow || report_has_flow_ports(tuple);
	json_t *flow = json_object();

	report_put(flow, "id", json_integer((json_int_t)id));
	report_put(flow, "protocol",
		   report_text_value(st_protocol_text(tuple->protocol, protocol)));
	report_put(flow, "source", report_address_value(&tuple->source));
	report_put(flow, "source_port", port_value(tuple, tuple->source_port, is_of_flow));
	report_put(flow, "destination", report_address_value(&tuple->destination));
	report_put(flow, "destination_port",
		   port_value(tuple, tuple->destination_port, is_of_flow));
	report_put(flow, "community_id",
		   report_text_value(has_id ? st_community_id(tuple, community_id) : NULL));
	return flow;
}

static json_t *alpn_value(const char *alpn)
{
	g_auto(GStrv) words = g_strsplit(alpn, ",", -1);
	json_t *protocols = json_array();

	for (size_t i = 0; words[i]; i++)
		report_append(protocols, report_text_value(words[i]));
	return protocols;
}

static json_t *service_value(const struct st_identity *identity)
{
	json_t *service;

	if (identity->evidence == ST_EVIDENCE_NONE)
		return json_null();
	service = json_object();
	report_put(service, "name", report_text_value(identity->name));
	report_put(service, "host", report_text_value(identity->host));
	report_put(service, "evidence", report_text_value(st_evidence_text(identity->evidence)));
	if (identity->service) {
		report_put(service, "id", report_text_value(identity->service));
		report_put(service, "matched_by",
			   report_text_value(st_evidence_text(identity->matched_by)));
	}
	if (identity->alpn)
		report_put(service, "alpn", alpn_value(identity->alpn));
	if (identity->ech)
		report_put(service, "ech", json_true());
	return service;
}

static json_t *mpls_value(const struct st_reply *reply)
{
	json_t *labels = json_array();

	for (size_t i = 0; i < report_label_count(reply); i++) {
		const struct st_mpls_label *label = &reply->mpls[i];
		json_t *entry = json_object();

		report_put(entry, "label", json_integer(label->label));
		report_put(entry, "tc", json_integer(label->tc));
		report_put(entry, "s", json_integer(label->bottom));
		report_put(entry, "ttl", json_integer(label->ttl));
		report_append(labels, entry);
	}
	return labels;
}

/* `names` ends with NULL. */
static json_t *words_value(const char *const *names)
{
	json_t *words = json_array();

	for (; *names; names++)
		report_append(words, json_string(*names));
	return words;
}

/* What is known of the responder: its name always, the rest where it is known. */
static void put_router(json_t *object, const struct st_router *router)
{
	report_put(object, "name", report_text_value(router->name));
	if (router->asn != 0)
		report_put(object, "asn", json_integer(router->asn));
	if (router->as_name)
		report_put(object, "as_name", report_text_value(router->as_name));
	if (router->country)
		report_put(object, "country", report_text_value(router->country));
}

static void put_message(json_t *object, const struct st_reply *reply)
{
	const char *flags[REPORT_TCP_FLAGS_MAX];
	bool is_icmp = reply->kind == ST_REPLY_ICMP_ERROR || reply->kind == ST_REPLY_ECHO;

	report_put(object, "icmp_type", is_icmp ? json_integer(reply->icmp_type) : json_null());
	report_put(object, "icmp_code", is_icmp ? json_integer(reply->icmp_code) : json_null());
	if (reply->kind != ST_REPLY_TCP)
		return;
	report_tcp_flags(reply->tcp_flags, flags);
	report_put(object, "tcp_flags", words_value(flags));
}

static json_t *reply_value(const struct st_reply *reply, const struct st_report_options *options)
{
	struct st_router router = report_router(options, &reply->address);
	const char *matches[ST_MATCH_NAMES_MAX], *altered[ST_ALTERED_NAMES_MAX];
	json_t *object = json_object();

	report_put(object, "probe", json_integer(reply->probe));
	report_put(object, "address", report_address_value(&reply->address));
	put_router(object, &router);
	report_put(object, "rtt_ms", report_ms_value(reply->rtt_ns));
	put_message(object, reply);
	report_put(object, "reply_ttl", json_integer(reply->reply_ttl));
	report_put(object, "quoted_ttl",
		   report_number_unless(reply->quoted_ttl, ST_QUOTED_TTL_UNKNOWN));
	if (reply->mpls_count > 0)
		report_put(object, "mpls", mpls_value(reply));
	if (reply->destination)
		report_put(object, "destination", json_true());
	st_match_names(reply->matched_by, matches);
	if (matches[0])
		report_put(object, "matched_by", words_value(matches));
	st_altered_names(reply->altered, altered);
	if (altered[0])
		report_put(object, "altered", words_value(altered));
	return object;
}

static json_t *statistics_value(const struct st_hop *hop)
{
	struct st_rtt_statistics rtt = st_hop_rtt(hop);
	json_t *object;

	if (rtt.count == 0)
		return json_null();
	object = json_object();
	report_put(object, "best_ms", report_ms_value(rtt.best_ns));
	report_put(object, "average_ms", report_ms_value(rtt.average_ns));
	report_put(object, "worst_ms", report_ms_value(rtt.worst_ns));
	report_put(object, "deviation_ms", report_ms_value(rtt.deviation_ns));
	report_put(object, "jitter_ms", report_ms_value(rtt.jitter_ns));
	return object;
}

static const char *band_text(enum st_band band)
{
	switch (band) {
	case ST_BAND_SILENT:
		return "silent";
	case ST_BAND_GOOD:
		return "good";
	case ST_BAND_HIGH:
		return "high";
	case ST_BAND_VERY_HIGH:
		return "very-high";
	}
	return NULL;
}

/* A hop that answered is not silent: without an RTT its band is not known. */
static json_t *band_value(const struct st_hop *hop)
{
	enum st_band band = st_hop_band(hop);

	if (band == ST_BAND_SILENT && hop->reply_count > 0)
		return json_null();
	return report_text_value(band_text(band));
}

static json_t *hop_value(const struct st_hop *hop, const struct st_report_options *options)
{
	json_t *object = json_object();
	json_t *replies = json_array();

	for (size_t i = 0; i < hop->reply_count; i++)
		report_append(replies, reply_value(&hop->replies[i], options));
	report_put(object, "ttl", report_number_unless(hop->ttl, 0));
	report_put(object, "sent", json_integer(hop->sent));
	report_put(object, "rtt", statistics_value(hop));
	report_put(object, "band", band_value(hop));
	report_put(object, "replies", replies);
	return object;
}

static json_t *hops_value(const struct st_trace *trace, const struct st_report_options *options)
{
	json_t *hops = json_array();

	for (size_t i = 0; i < trace->hop_count; i++)
		report_append(hops, hop_value(&trace->hops[i], options));
	return hops;
}

static json_t *notes_value(const struct st_trace *trace)
{
	json_t *notes = json_array();

	for (size_t i = 0; i < trace->note_count; i++) {
		json_t *note = json_object();

		report_put(note, "kind", report_text_value(trace->notes[i].kind));
		report_put(note, "ttl", report_number_unless(trace->notes[i].ttl, 0));
		report_put(note, "detail", report_text_value(trace->notes[i].detail));
		report_append(notes, note);
	}
	return notes;
}

static void put_settings(json_t *object, const struct st_trace *trace)
{
	report_put(object, "algorithm", report_text_value(st_algorithm_text(trace->algorithm)));
	report_put(object, "probes_per_hop", report_number_unless(trace->probes_per_hop, 0));
	report_put(object, "first_ttl", report_number_unless(trace->first_ttl, 0));
	report_put(object, "max_ttl", report_number_unless(trace->max_ttl, 0));
}

static void put_outcome(json_t *object, const struct st_trace *trace,
			const struct st_report_options *options)
{
	bool reached = trace->distance != 0;

	report_put(object, "stop_reason",
		   report_text_value(st_stop_reason_text(trace->stop_reason)));
	report_put(object, "destination_reached", reached ? json_true() : json_null());
	report_put(object, "distance", report_number_unless(trace->distance, 0));
	report_put(object, "probes_sent", json_integer(trace->probes_sent));
	report_put(object, "replies_received", json_integer(trace->replies_received));
	report_put(object, "hops", hops_value(trace, options));
	report_put(object, "notes", notes_value(trace));
}

static json_t *report_value(const char *type, const char *generator)
{
	json_t *object = json_object();

	report_put(object, "type", json_string(type));
	report_put(object, "version", json_integer(REPORT_VERSION));
	report_put(object, "generator", report_text_value(generator));
	return object;
}

json_t *report_json_trace(const struct st_trace *trace, const struct st_report_options *options)
{
	json_t *object = report_value("trace", options->generator);

	report_put(object, "trace", json_integer((json_int_t)trace->number));
	report_put(object, "kind", report_text_value(st_trace_kind_text(trace->kind)));
	report_put(object, "flow", flow_value(trace->flow_id, &trace->tuple, false));
	report_put(object, "service", service_value(&trace->identity));
	report_put(object, "start", time_value(trace->start_ns));
	report_put(object, "end", time_value(trace->end_ns));
	put_settings(object, trace);
	put_outcome(object, trace, options);
	return object;
}

static json_t *traffic_value(uint64_t packets, uint64_t bytes)
{
	json_t *traffic = json_object();

	report_put(traffic, "packets", json_integer((json_int_t)packets));
	report_put(traffic, "bytes", json_integer((json_int_t)bytes));
	return traffic;
}

static json_t *flow_record_value(const struct st_flow *flow, const char *generator)
{
	json_t *object = report_value("flow", generator);

	report_put(object, "flow", flow_value(flow->id, &flow->tuple, true));
	report_put(object, "service", service_value(&flow->identity));
	report_put(object, "start", time_value(flow->start_ns));
	report_put(object, "end", time_value(flow->end_ns));
	report_put(object, "sent", traffic_value(flow->sent_packets, flow->sent_bytes));
	report_put(object, "received", traffic_value(flow->received_packets, flow->received_bytes));
	return object;
}

char *st_report_json(const struct st_trace *trace, const char *generator)
{
	const struct st_report_options options = {.generator = generator};

	return report_dump(report_json_trace(trace, &options));
}

char *st_report_flow_json(const struct st_flow *flow, const char *generator)
{
	return report_dump(flow_record_value(flow, generator));
}
