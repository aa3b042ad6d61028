/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as a RIPE Atlas traceroute result (firmware 4750, the first whose
 * documentation has all that is written here). What only a probe of RIPE Atlas
 * could know is 0; docs/output.md tells which that is. Replies at an unknown
 * distance have no place in it.
 */
#include <glib.h>

#include "report/formats.h"
#include "report/members.h"
#include "report/words.h"

#define FIRMWARE 4750
#define LAST_SYNC_UNKNOWN (-1)

#define MPLS_CLASS 1 /* RFC 4950: the class and type of a label stack's object */
#define MPLS_TYPE 1
#define EXTENSIONS_VERSION 2 /* RFC 4884 */

static const char *protocol_text(uint8_t protocol)
{
	switch (protocol) {
	case ST_PROTOCOL_TCP:
		return "TCP";
	case ST_PROTOCOL_UDP:
		return "UDP";
	case ST_PROTOCOL_ICMP:
	case ST_PROTOCOL_ICMPV6:
		return "ICMP";
	default:
		return "other"; /* RIPE Atlas has no other */
	}
}

static json_t *mpls_value(const struct st_reply *reply)
{
	json_t *labels = json_array();

	for (size_t i = 0; i < report_label_count(reply); i++) {
		json_t *label = json_object();

		report_put(label, "exp", json_integer(reply->mpls[i].tc));
		report_put(label, "label", json_integer(reply->mpls[i].label));
		report_put(label, "s", json_integer(reply->mpls[i].bottom));
		report_put(label, "ttl", json_integer(reply->mpls[i].ttl));
		report_append(labels, label);
	}
	return labels;
}

/* Whether the message told the length of its quote is not kept: "rfc4884" is 0. */
static json_t *extensions_value(const struct st_reply *reply)
{
	json_t *extensions = json_object(), *objects = json_array(), *object = json_object();

	report_put(object, "class", json_integer(MPLS_CLASS));
	report_put(object, "mpls", mpls_value(reply));
	report_put(object, "type", json_integer(MPLS_TYPE));
	report_append(objects, object);
	report_put(extensions, "obj", objects);
	report_put(extensions, "rfc4884", json_integer(0));
	report_put(extensions, "version", json_integer(EXTENSIONS_VERSION));
	return extensions;
}

/* The letters of unreachables; codes without a letter are numbers. */
static json_t *error_value(const struct st_reply *reply)
{
	static const char *const letters_v4[] = {
		[0] = "N", [1] = "H", [2] = "P", [3] = "p", [13] = "A"};
	static const char *const letters_v6[] = {"N", "A", "h", "H", "p"};
	bool v6 = reply->address.version == 6;
	const char *const *letters = v6 ? letters_v6 : letters_v4;
	size_t count = v6 ? G_N_ELEMENTS(letters_v6) : G_N_ELEMENTS(letters_v4);

	if (reply->icmp_code < count && letters[reply->icmp_code])
		return json_string(letters[reply->icmp_code]);
	return json_integer(reply->icmp_code);
}

static bool is_unreachable(const struct st_reply *reply)
{
	bool v6 = reply->address.version == 6;

	return reply->kind == ST_REPLY_ICMP_ERROR &&
	       reply->icmp_type == (v6 ? (int)ST_ICMPV6_UNREACHABLE : (int)ST_ICMP_UNREACHABLE);
}

/* "SA": in the order that RIPE Atlas has. */
static json_t *flags_value(uint8_t flags)
{
	static const struct {
		uint8_t flag;
		char letter;
	} letters[] = {{ST_TCP_FIN, 'F'}, {ST_TCP_SYN, 'S'}, {ST_TCP_RST, 'R'},
		       {ST_TCP_PSH, 'P'}, {ST_TCP_ACK, 'A'}, {ST_TCP_URG, 'U'}};
	char text[G_N_ELEMENTS(letters) + 1];
	size_t length = 0;

	for (size_t i = 0; i < G_N_ELEMENTS(letters); i++)
		if (flags & letters[i].flag)
			text[length++] = letters[i].letter;
	text[length] = '\0';
	return json_string(text);
}

static void put_error(json_t *object, const struct st_reply *reply)
{
	if (is_unreachable(reply))
		report_put(object, "err", error_value(reply));
	if (reply->quoted_ttl == ST_QUOTED_TTL_UNKNOWN)
		return;
	if (reply->quoted_tos != 0)
		report_put(object, "itos", json_integer(reply->quoted_tos));
	if (reply->quoted_ttl != 1)
		report_put(object, "ittl", json_integer(reply->quoted_ttl));
}

static json_t *reply_value(const struct st_reply *reply)
{
	json_t *object = json_object();

	report_put(object, "from", report_address_value(&reply->address));
	if (reply->rtt_ns != ST_RTT_UNKNOWN)
		report_put(object, "rtt", report_rounded_ms_value(reply->rtt_ns));
	report_put(object, "size", json_integer(reply->reply_bytes));
	report_put(object, "ttl", json_integer(reply->reply_ttl));
	if (reply->kind == ST_REPLY_ICMP_ERROR)
		put_error(object, reply);
	if (reply->kind == ST_REPLY_TCP)
		report_put(object, "flags", flags_value(reply->tcp_flags));
	if (report_label_count(reply) > 0)
		report_put(object, "icmpext", extensions_value(reply));
	return object;
}

static json_t *silence_value(void)
{
	json_t *object = json_object();

	report_put(object, "x", json_string("*"));
	return object;
}

static json_t *hop_value(const struct st_hop *hop)
{
	json_t *object = json_object(), *results = json_array();
	size_t next = 0;

	for (unsigned probe = 1; probe <= hop->sent || next < hop->reply_count; probe++) {
		if (probe <= hop->sent &&
		    (next == hop->reply_count || hop->replies[next].probe > probe))
			report_append(results, silence_value());
		for (; next < hop->reply_count && hop->replies[next].probe <= probe; next++)
			report_append(results, reply_value(&hop->replies[next]));
	}
	report_put(object, "hop", json_integer(hop->ttl));
	report_put(object, "result", results);
	return object;
}

static json_t *hops_value(const struct st_trace *trace)
{
	json_t *hops = json_array();

	for (size_t i = 0; i < trace->hop_count; i++)
		if (trace->hops[i].ttl != 0)
			report_append(hops, hop_value(&trace->hops[i]));
	return hops;
}

static json_t *seconds_value(uint64_t stamp_ns)
{
	return json_integer((json_int_t)(stamp_ns / ST_NS_PER_S));
}

/* Paris mode keeps a flow's identifiers: so do probes in a flow. Which variation it is counts 1. */
static bool is_paris(const struct st_trace *trace)
{
	return trace->kind == ST_TRACE_IN_FLOW || report_has_flow_ports(&trace->tuple);
}

json_t *report_atlas_trace(const struct st_trace *trace,
			   G_GNUC_UNUSED const struct st_report_options *options)
{
	const struct st_tuple *tuple = &trace->tuple;
	uint64_t start_ns = trace->start_ns != 0 ? trace->start_ns : trace->end_ns;
	char destination[ST_ADDR_TEXT_BYTES];
	json_t *object = json_object();

	st_addr_format(&tuple->destination, destination);
	report_put(object, "af", json_integer(tuple->destination.version));
	report_put(object, "dst_addr", json_string(destination));
	report_put(object, "dst_name",
		   report_text_value(trace->identity.host ? trace->identity.host : destination));
	report_put(object, "endtime", seconds_value(trace->end_ns));
	report_put(object, "from", report_address_value(&tuple->source));
	report_put(object, "fw", json_integer(FIRMWARE));
	report_put(object, "lts", json_integer(LAST_SYNC_UNKNOWN));
	report_put(object, "msm_id", json_integer(0));
	report_put(object, "msm_name", json_string("Traceroute"));
	report_put(object, "paris_id", json_integer(is_paris(trace)));
	report_put(object, "prb_id", json_integer(0));
	report_put(object, "proto", json_string(protocol_text(tuple->protocol)));
	report_put(object, "result", hops_value(trace));
	report_put(object, "size", json_integer(report_probe_bytes(trace)));
	report_put(object, "src_addr", report_address_value(&tuple->source));
	report_put(object, "timestamp", seconds_value(start_ns));
	report_put(object, "type", json_string("traceroute"));
	return object;
}
