/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as scamper's JSON has it (the "trace" object of `scamper -O json` and
 * sc_warts2json). What scamper always writes but a trace does not know is 0, as
 * scamper has it for what was not asked for; what scamper itself leaves out is
 * left out. docs/output.md tells which is which. Replies at an unknown distance
 * have no place in it.
 */
#include <glib.h>

#include "report/formats.h"
#include "report/members.h"
#include "report/words.h"

#define FORMAT_VERSION "0.1"

#define MPLS_CLASS 1 /* RFC 4950: the class and type of a label stack's object */
#define MPLS_TYPE 1
#define MPLS_LABEL_BYTES 4

/* What comes nearest to a probe inside a flow: the flow's identifiers stay, TCP probes are ACKs. */
static const char *method_text(const struct st_trace *trace)
{
	bool fixed = report_has_flow_ports(&trace->tuple);

	switch (trace->tuple.protocol) {
	case ST_PROTOCOL_TCP:
		return trace->kind == ST_TRACE_CLASSIC ? "tcp" : "tcp-ack";
	case ST_PROTOCOL_UDP:
		return fixed ? "udp-paris" : "udp";
	case ST_PROTOCOL_ICMP:
	case ST_PROTOCOL_ICMPV6:
		return "icmp-echo";
	case ST_PROTOCOL_SCTP:
		return "sctp"; /* none of scamper's own */
	default:
		return "other";
	}
}

static const char *stop_text(enum st_stop_reason reason)
{
	switch (reason) {
	case ST_STOP_DESTINATION:
		return "COMPLETED";
	case ST_STOP_MISSING_HOPS:
		return "GAPLIMIT";
	case ST_STOP_MAX_TTL:
		return "HOPLIMIT";
	case ST_STOP_BORDER:
		return "GSS"; /* an address of the stop set has answered */
	case ST_STOP_FLOW_CLOSED:
	case ST_STOP_FLOW_TIMEOUT:
	case ST_STOP_NEAR_DESTINATION:
	case ST_STOP_INTERRUPTED:
		return "HALTED";
	case ST_STOP_NONE:
	case ST_STOP_END_OF_CAPTURE:
		return "NONE";
	}
	return "NONE";
}

static json_t *stamp_value(uint64_t stamp_ns)
{
	json_t *stamp = json_object();

	report_put(stamp, "sec", json_integer((json_int_t)(stamp_ns / ST_NS_PER_S)));
	report_put(stamp, "usec",
		   json_integer((json_int_t)(stamp_ns % ST_NS_PER_S / ST_NS_PER_US)));
	return stamp;
}

/* "2026-11-22 10:20:30", in UTC: a report does not depend on where it is written. */
static json_t *start_value(const struct st_trace *trace)
{
	uint64_t start_ns = trace->start_ns != 0 ? trace->start_ns : trace->end_ns;
	json_t *start = stamp_value(start_ns);
	g_autofree char *text = report_time_text(start_ns);

	if (text) {
		text[10] = ' ';
		text[19] = '\0';
	}
	report_put(start, "ftime", json_string(text ? text : ""));
	return start;
}

static json_t *extensions_value(const struct st_reply *reply)
{
	json_t *labels = json_array(), *object = json_object(), *extensions = json_array();
	size_t count = report_label_count(reply);

	for (size_t i = 0; i < count; i++) {
		json_t *label = json_object();

		report_put(label, "mpls_ttl", json_integer(reply->mpls[i].ttl));
		report_put(label, "mpls_s", json_integer(reply->mpls[i].bottom));
		report_put(label, "mpls_exp", json_integer(reply->mpls[i].tc));
		report_put(label, "mpls_label", json_integer(reply->mpls[i].label));
		report_append(labels, label);
	}
	report_put(object, "ie_cn", json_integer(MPLS_CLASS));
	report_put(object, "ie_ct", json_integer(MPLS_TYPE));
	report_put(object, "ie_dl", json_integer((json_int_t)count * MPLS_LABEL_BYTES));
	report_put(object, "mpls_labels", labels);
	report_append(extensions, object);
	return extensions;
}

static void put_probe(json_t *object, const struct st_hop *hop, const struct st_reply *reply)
{
	const struct st_sent *sent = report_probe_of(hop, reply);
	uint16_t bytes = reply->probe_bytes;

	if (bytes == 0 && sent)
		bytes = sent->bytes;
	report_put(object, "probe_ttl", json_integer(hop->ttl));
	report_put(object, "probe_id", json_integer(reply->probe));
	report_put(object, "probe_size", json_integer(bytes));
	if (sent && sent->stamp_ns != 0)
		report_put(object, "tx", stamp_value(sent->stamp_ns));
	if (reply->rtt_ns != ST_RTT_UNKNOWN)
		report_put(object, "rtt", report_rounded_ms_value(reply->rtt_ns));
}

static void put_quote(json_t *object, const struct st_reply *reply)
{
	if (reply->quoted_ttl == ST_QUOTED_TTL_UNKNOWN)
		return;
	report_put(object, "icmp_q_ttl", json_integer(reply->quoted_ttl));
	report_put(object, "icmp_q_ipl", json_integer(reply->quoted_bytes));
	if (reply->address.version == 4)
		report_put(object, "icmp_q_tos", json_integer(reply->quoted_tos));
}

static void put_message(json_t *object, const struct st_reply *reply)
{
	if (reply->kind == ST_REPLY_TCP) {
		report_put(object, "tcp_flags", json_integer(reply->tcp_flags));
		return;
	}
	if (reply->kind == ST_REPLY_OTHER)
		return;
	report_put(object, "icmp_type", json_integer(reply->icmp_type));
	report_put(object, "icmp_code", json_integer(reply->icmp_code));
	if (reply->kind == ST_REPLY_ICMP_ERROR)
		put_quote(object, reply);
}

static json_t *hop_value(const struct st_hop *hop, const struct st_reply *reply,
			 const struct st_report_options *options)
{
	struct st_router router = report_router(options, &reply->address);
	json_t *object = json_object();

	report_put(object, "addr", report_address_value(&reply->address));
	if (router.name)
		report_put(object, "name", report_text_value(router.name));
	put_probe(object, hop, reply);
	report_put(object, "reply_ttl", json_integer(reply->reply_ttl));
	report_put(object, "reply_tos", json_integer(reply->reply_tos));
	report_put(object, "reply_ipid", json_integer(reply->reply_ip_id));
	report_put(object, "reply_size", json_integer(reply->reply_bytes));
	put_message(object, reply);
	if (report_label_count(reply) > 0)
		report_put(object, "icmpext", extensions_value(reply));
	return object;
}

static json_t *hops_value(const struct st_trace *trace, const struct st_report_options *options)
{
	json_t *hops = json_array();

	for (size_t i = 0; i < trace->hop_count; i++) {
		const struct st_hop *hop = &trace->hops[i];

		for (size_t j = 0; hop->ttl != 0 && j < hop->reply_count; j++)
			report_append(hops, hop_value(hop, &hop->replies[j], options));
	}
	return hops;
}

static unsigned hop_count(const struct st_trace *trace)
{
	if (trace->distance != 0)
		return trace->distance;
	return trace->hop_count > 0 ? trace->hops[trace->hop_count - 1].ttl : 0;
}

static void put_settings(json_t *object, const struct st_trace *trace)
{
	report_put(object, "hop_count", json_integer(hop_count(trace)));
	report_put(object, "attempts", json_integer(trace->probes_per_hop));
	report_put(object, "hoplimit", json_integer(trace->max_ttl));
	report_put(object, "firsthop", json_integer(trace->first_ttl));
	report_put(object, "wait", json_integer(0));
	report_put(object, "wait_probe", json_integer(0));
	report_put(object, "tos", json_integer(0));
	report_put(object, "probe_size", json_integer(report_probe_bytes(trace)));
	report_put(object, "probe_count", json_integer(trace->probes_sent));
}

json_t *report_scamper_trace(const struct st_trace *trace, const struct st_report_options *options)
{
	json_t *object = json_object();
	json_t *hops = hops_value(trace, options);

	report_put(object, "type", json_string("trace"));
	report_put(object, "version", json_string(FORMAT_VERSION));
	report_put(object, "userid", json_integer(0));
	report_put(object, "method", json_string(method_text(trace)));
	report_put(object, "src", report_address_value(&trace->tuple.source));
	report_put(object, "dst", report_address_value(&trace->tuple.destination));
	if (report_has_ports(trace->tuple.protocol)) {
		report_put(object, "sport", json_integer(trace->tuple.source_port));
		report_put(object, "dport", json_integer(trace->tuple.destination_port));
	}
	report_put(object, "stop_reason", json_string(stop_text(trace->stop_reason)));
	report_put(object, "stop_data", json_integer(0));
	report_put(object, "start", start_value(trace));
	put_settings(object, trace);
	if (json_array_size(hops) > 0)
		report_put(object, "hops", hops);
	else
		json_decref(hops);
	return object;
}
