/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A trace as the original Service Traceroute (version 0.3d, -output json) writes
 * it, {"Info":…,"Data":…}, for the scripts that read its logs. Its lists have one
 * element a TTL, from 1 on; null where nothing was sent. A setting that a trace
 * does not keep is 0; docs/output.md tells which.
 */
#include <glib.h>

#include "report/formats.h"
#include "report/members.h"
#include "report/words.h"

/* The lists, which run side by side. */
struct lists {
	json_t *hops, *averages, *variances, *addresses, *rtts;
};

static const char *algorithm_text(enum st_algorithm algorithm)
{
	switch (algorithm) {
	case ST_ALGORITHM_UNKNOWN:
		return "";
	case ST_ALGORITHM_CONCURRENT:
		return "concurrent";
	case ST_ALGORITHM_HOP_BY_HOP:
		return "hopbyhop";
	case ST_ALGORITHM_PACKET_BY_PACKET:
		return "packetbypacket";
	}
	return "";
}

/* A TTL at which nothing was sent. */
static void append_nothing(const struct lists *lists)
{
	report_append(lists->hops, json_string(""));
	report_append(lists->averages, json_integer(0));
	report_append(lists->variances, json_integer(0));
	report_append(lists->addresses, json_null());
	report_append(lists->rtts, json_null());
}

/* Only replies with an RTT count, as in the original; the last of them names the hop. */
static void append_hop(const struct lists *lists, const struct st_hop *hop)
{
	json_t *addresses = json_array(), *rtts = json_array();
	double sum_ms = 0, squares_ms = 0, count = 0, average_ms = 0, variance = 0;
	char text[ST_ADDR_TEXT_BYTES] = "";

	for (size_t i = 0; i < hop->reply_count; i++) {
		const struct st_reply *reply = &hop->replies[i];
		double rtt_ms = (double)reply->rtt_ns / (double)ST_NS_PER_MS;

		if (reply->rtt_ns == ST_RTT_UNKNOWN)
			continue;
		st_addr_format(&reply->address, text);
		report_append(addresses, json_string(text));
		report_append(rtts, json_real(rtt_ms));
		sum_ms += rtt_ms;
		squares_ms += rtt_ms * rtt_ms;
		count++;
	}
	if (count > 0) {
		average_ms = sum_ms / count;
		variance = MAX(0, squares_ms / count - average_ms * average_ms);
	}
	report_append(lists->hops, json_string(text));
	report_append(lists->averages, json_real(average_ms));
	report_append(lists->variances, json_real(variance));
	report_append(lists->addresses, addresses);
	report_append(lists->rtts, rtts);
}

/* Returns how many TTLs there are. */
static unsigned append_hops(const struct lists *lists, const struct st_trace *trace)
{
	unsigned ttl = 0;

	for (size_t i = 0; i < trace->hop_count; i++) {
		const struct st_hop *hop = &trace->hops[i];

		if (hop->ttl <= ttl)
			continue; /* at an unknown distance: there is no place for it */
		while (++ttl < hop->ttl)
			append_nothing(lists);
		append_hop(lists, hop);
	}
	return ttl;
}

static unsigned iterations(const struct st_trace *trace)
{
	unsigned most = trace->probes_per_hop;

	for (size_t i = 0; trace->probes_per_hop == 0 && i < trace->hop_count; i++)
		most = MAX(most, trace->hops[i].sent);
	return most;
}

static json_t *ms_since_epoch(uint64_t stamp_ns)
{
	return json_integer((json_int_t)(stamp_ns / ST_NS_PER_MS));
}

static void put_flow(json_t *data, const struct st_trace *trace)
{
	const struct st_tuple *tuple = &trace->tuple;
	char protocol[ST_PROTOCOL_TEXT_BYTES];
	const char *service = trace->identity.name, *host = trace->identity.host;

	report_put(data, "TransportProtocol",
		   json_string(st_protocol_text(tuple->protocol, protocol)));
	report_put(data, "TargetIP", report_address_value(&tuple->destination));
	report_put(data, "TargetPort", json_integer(tuple->destination_port));
	report_put(data, "LocalIP", report_address_value(&tuple->source));
	report_put(data, "LocalPort", json_integer(tuple->source_port));
	report_put(data, "Service", report_text_value(service ? service : ""));
	report_put(data, "IPResolution", report_text_value(host ? host : ""));
}

static void put_settings(json_t *data, const struct st_trace *trace, unsigned distance)
{
	enum st_stop_reason reason = trace->stop_reason;

	report_put(data, "MaxTtl", json_integer(trace->max_ttl != 0 ? trace->max_ttl : distance));
	report_put(data, "BorderDistance", json_integer(distance));
	report_put(data, "Iterations", json_integer(iterations(trace)));
	report_put(data, "MaxConsecutiveMissingHops", json_integer(0));
	report_put(data, "ReachedMaxConsecutiveMissingHops",
		   json_boolean(reason == ST_STOP_MISSING_HOPS));
	report_put(data, "ProbingAlgorithm", json_string(algorithm_text(trace->algorithm)));
	report_put(data, "StartWithEmptyPacket", json_true());
	report_put(data, "InterProbeTime", json_integer(0));
	report_put(data, "InterIterationTime", json_integer(0));
	report_put(data, "Timeout", json_integer(0));
	report_put(data, "FlowTimeout", json_integer(0));
	report_put(data, "ReachedFlowTimeout", json_boolean(reason == ST_STOP_FLOW_TIMEOUT));
	report_put(data, "FlowEnded", json_boolean(reason == ST_STOP_FLOW_CLOSED));
	report_put(data, "ReachedBorderRouter", json_boolean(reason == ST_STOP_BORDER));
}

static json_t *data_value(const struct st_trace *trace)
{
	const struct lists lists = {.hops = json_array(),
				    .averages = json_array(),
				    .variances = json_array(),
				    .addresses = json_array(),
				    .rtts = json_array()};
	unsigned distance = append_hops(&lists, trace);
	json_t *data = json_object();

	put_flow(data, trace);
	report_put(data, "Hops", lists.hops);
	report_put(data, "RttsAvg", lists.averages);
	report_put(data, "RttsVar", lists.variances);
	put_settings(data, trace, distance);
	report_put(data, "TsStart",
		   ms_since_epoch(trace->start_ns != 0 ? trace->start_ns : trace->end_ns));
	report_put(data, "TsEnd", ms_since_epoch(trace->end_ns));
	report_put(data, "HopIPs", lists.addresses);
	report_put(data, "Rtts", lists.rtts);
	return data;
}

json_t *report_original_trace(const struct st_trace *trace, const struct st_report_options *options)
{
	json_t *object = json_object(), *info = json_object();

	report_put(info, "Version", report_text_value(options->generator));
	report_put(info, "Conf", json_string(""));
	report_put(info, "Type", json_string("ServiceTraceroute"));
	report_put(object, "Info", info);
	report_put(object, "Data", data_value(trace));
	return object;
}
