/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A finished trace in the format of traceroute(8), which people and their
 * scripts already read: one line a hop; the address where it changes, then the
 * time of each probe, or "*" in its place. A router that answers a probe which
 * another has answered too simply adds its time.
 */
#include <glib.h>

#include "base/text.h"
#include "report/formats.h"
#include "report/words.h"

static void append_endpoint(GString *out, const struct st_addr *addr, uint16_t port)
{
	char text[ST_ADDR_TEXT_BYTES];

	st_addr_format(addr, text);
	g_string_append_printf(out, addr->version == 6 ? "[%s]" : "%s", text);
	if (port != 0)
		g_string_append_printf(out, ":%u", port);
}

static void append_printable(GString *out, const char *text)
{
	char *clean = text_printable(text);

	g_string_append(out, clean);
	g_free(clean);
}

/* "tcp 192.0.2.1:1234 > 198.51.100.2:443 (www.example.com), Example" */
static void append_flow(GString *out, const struct st_tuple *tuple,
			const struct st_identity *identity)
{
	bool has_ports = report_has_ports(tuple->protocol);
	char protocol[ST_PROTOCOL_TEXT_BYTES];

	g_string_append_printf(out, "%s ", st_protocol_text(tuple->protocol, protocol));
	append_endpoint(out, &tuple->source, has_ports ? tuple->source_port : 0);
	g_string_append(out, " > ");
	append_endpoint(out, &tuple->destination, has_ports ? tuple->destination_port : 0);
	if (identity->host) {
		g_string_append(out, " (");
		append_printable(out, identity->host);
		g_string_append(out, identity->ech ? ", ECH)" : ")");
	}
	if (identity->name) {
		g_string_append(out, ", ");
		append_printable(out, identity->name);
	}
}

static void append_header(GString *out, const struct st_trace *trace)
{
	unsigned probes = trace->probes_per_hop;

	append_flow(out, &trace->tuple, &trace->identity);
	if (trace->max_ttl != 0)
		g_string_append_printf(out, ", %u hops max", trace->max_ttl);
	if (probes != 0)
		g_string_append_printf(out, ", %u probe%s per hop", probes, probes == 1 ? "" : "s");
	g_string_append_c(out, '\n');
}

/* Destination unreachable, RFC 792 and RFC 1812; NULL: no letter of its own. */
static const char *unreachable_v4(uint8_t code)
{
	static const char *const letters[] = {
		[0] = "!N",  [1] = "!H",  [2] = "!P",  [3] = "",    [4] = "!F",	 [5] = "!S",
		[6] = "!N",  [7] = "!H",  [8] = "!N",  [9] = "!X",  [10] = "!X", [11] = "!N",
		[12] = "!H", [13] = "!X", [14] = "!V", [15] = "!C",
	};

	return code < G_N_ELEMENTS(letters) ? letters[code] : NULL;
}

/* Destination unreachable, RFC 4443. */
static const char *unreachable_v6(uint8_t code)
{
	static const char *const letters[] = {
		[0] = "!N", [1] = "!X", [2] = "!H", [3] = "!H", [4] = "",
	};

	return code < G_N_ELEMENTS(letters) ? letters[code] : NULL;
}

/* traceroute's letters; nothing for what a router or the destination is expected to answer. */
static void append_annotation(GString *out, const struct st_reply *reply)
{
	bool v6 = reply->address.version == 6;
	uint8_t type = reply->icmp_type, code = reply->icmp_code;
	bool unreachable = type == (v6 ? ST_ICMPV6_UNREACHABLE : ST_ICMP_UNREACHABLE);
	const char *letter = NULL;

	if (reply->kind != ST_REPLY_ICMP_ERROR)
		return;
	if (type == (v6 ? ST_ICMPV6_TIME_EXCEEDED : ST_ICMP_TIME_EXCEEDED) && code == 0)
		letter = "";
	else if (unreachable)
		letter = v6 ? unreachable_v6(code) : unreachable_v4(code);
	else if (v6 && type == ST_ICMPV6_TOO_BIG)
		letter = "!F";
	else if (v6 && type == ST_ICMPV6_PARAMETER_PROBLEM && code == ST_ICMPV6_UNKNOWN_NEXT_HEADER)
		letter = "!P";

	if (letter)
		g_string_append_printf(out, "%s%s", *letter ? " " : "", letter);
	else if (unreachable)
		g_string_append_printf(out, " !<%u>", code);
	else
		g_string_append_printf(out, " !<%u-%u>", type, code);
}

/* Not printf: its decimal point is the locale's. */
static void append_rtt(GString *out, int64_t rtt_ns)
{
	char text[G_ASCII_DTOSTR_BUF_SIZE];
	double rtt_ms = (double)rtt_ns / (double)ST_NS_PER_MS;

	if (rtt_ns == ST_RTT_UNKNOWN)
		g_string_append(out, "  ? ms");
	else
		g_string_append_printf(out, "  %s ms",
				       g_ascii_formatd(text, sizeof(text), "%.3f", rtt_ms));
}

static void append_labels(GString *out, const struct st_reply *reply)
{
	if (report_label_count(reply) == 0)
		return;
	g_string_append(out, " [MPLS: ");
	report_append_labels(out, reply);
	g_string_append_c(out, ']');
}

static bool labels_equal(const struct st_reply *a, const struct st_reply *b)
{
	if (report_label_count(a) != report_label_count(b))
		return false;
	for (size_t i = 0; i < report_label_count(a); i++) {
		const struct st_mpls_label *x = &a->mpls[i], *y = &b->mpls[i];

		if (x->label != y->label || x->tc != y->tc || x->bottom != y->bottom ||
		    x->ttl != y->ttl)
			return false;
	}
	return true;
}

/* The same router with the same labels: their replies share one address and one stack. */
static bool same_responder(const struct st_reply *a, const struct st_reply *b)
{
	return st_addr_equal(&a->address, &b->address) && labels_equal(a, b);
}

/* " gw.example (192.0.2.1) [AS64500]"; without a name the address stands in its place. */
static void append_router(GString *out, const struct st_addr *addr,
			  const struct st_report_options *options)
{
	struct st_router router = report_router(options, addr);
	char text[ST_ADDR_TEXT_BYTES];

	st_addr_format(addr, text);
	g_string_append_c(out, ' ');
	append_printable(out, router.name ? router.name : text);
	g_string_append_printf(out, " (%s)", text);
	if (router.asn != 0)
		g_string_append_printf(out, " [AS%" G_GUINT32_FORMAT "]", router.asn);
}

static void append_reply(GString *out, const struct st_hop *hop, size_t index,
			 const struct st_report_options *options)
{
	const struct st_reply *reply = &hop->replies[index];
	bool first = index == 0 || !same_responder(reply - 1, reply);
	bool last = index + 1 == hop->reply_count || !same_responder(reply, reply + 1);

	if (first)
		append_router(out, &reply->address, options);
	append_rtt(out, reply->rtt_ns);
	append_annotation(out, reply);
	if (last)
		append_labels(out, reply);
}

/* Of replies whose probes are not there, one line a responder: no distance, no time. */
static void append_unknown_hop(GString *out, const struct st_hop *hop,
			       const struct st_report_options *options)
{
	for (size_t i = 0; i < hop->reply_count; i++) {
		const struct st_reply *reply = &hop->replies[i];

		if (i && same_responder(reply - 1, reply))
			continue;
		g_string_append(out, " ? ");
		append_router(out, &reply->address, options);
		append_annotation(out, reply);
		append_labels(out, reply);
		g_string_append_c(out, '\n');
	}
}

static void append_hop(GString *out, const struct st_hop *hop,
		       const struct st_report_options *options)
{
	const struct st_reply *replies = hop->replies;
	unsigned probes = MAX(hop->sent, 1);
	size_t next = 0;

	g_string_append_printf(out, "%2u ", hop->ttl);
	for (unsigned probe = 1; probe <= probes || next < hop->reply_count; probe++) {
		if (next == hop->reply_count || replies[next].probe > probe)
			g_string_append(out, " *");
		for (; next < hop->reply_count && replies[next].probe <= probe; next++)
			append_reply(out, hop, next, options);
	}
	g_string_append_c(out, '\n');
}

/* The silent hops from `hops` on, as far as their TTLs follow one another; returns how many. */
static size_t append_silent(GString *out, const struct st_hop *hops, size_t count)
{
	unsigned probes = MAX(hops[0].sent, 1);
	size_t run = 1;

	for (; run < count && hops[run].ttl == hops[run - 1].ttl + 1; run++)
		probes = MAX(probes, hops[run].sent);
	if (run == 1)
		g_string_append_printf(out, "%2u ", hops[0].ttl);
	else
		g_string_append_printf(out, "%2u-%u ", hops[0].ttl, hops[run - 1].ttl);
	for (unsigned i = 0; i < probes; i++)
		g_string_append(out, " *");
	g_string_append_c(out, '\n');
	return run;
}

static void append_hops(GString *out, const struct st_trace *trace,
			const struct st_report_options *options)
{
	size_t answered = trace->hop_count;

	while (answered > 0 && trace->hops[answered - 1].reply_count == 0)
		answered--;
	for (size_t i = 0; i < answered; i++)
		if (trace->hops[i].ttl == 0)
			append_unknown_hop(out, &trace->hops[i], options);
		else
			append_hop(out, &trace->hops[i], options);
	while (answered < trace->hop_count)
		answered += append_silent(out, &trace->hops[answered], trace->hop_count - answered);
}

static void append_notes(GString *out, const struct st_trace *trace)
{
	for (size_t i = 0; i < trace->note_count; i++) {
		const struct st_note *note = &trace->notes[i];

		g_string_append(out, "note: ");
		if (note->ttl != 0)
			g_string_append_printf(out, "hop %u: ", note->ttl);
		append_printable(out, note->detail);
		g_string_append_c(out, '\n');
	}
}

/* NULL for the ends that the hops themselves show. */
static const char *stop_sentence(enum st_stop_reason reason)
{
	switch (reason) {
	case ST_STOP_NONE:
	case ST_STOP_DESTINATION:
	case ST_STOP_MAX_TTL:
		return NULL;
	case ST_STOP_MISSING_HOPS:
		return "too many silent hops in a row";
	case ST_STOP_BORDER:
		return "a border router answered";
	case ST_STOP_FLOW_CLOSED:
		return "the flow closed";
	case ST_STOP_INTERRUPTED:
		return "interrupted";
	case ST_STOP_END_OF_CAPTURE:
		return "the capture ended";
	case ST_STOP_FLOW_TIMEOUT:
		return "the flow fell silent";
	case ST_STOP_NEAR_DESTINATION:
		return "the destination is near";
	}
	return NULL;
}

char *report_text_trace(const struct st_trace *trace, const struct st_report_options *options)
{
	const char *stopped = stop_sentence(trace->stop_reason);
	GString *out = g_string_new(NULL);

	append_header(out, trace);
	append_hops(out, trace, options);
	append_notes(out, trace);
	if (stopped)
		g_string_append_printf(out, "stopped: %s\n", stopped);
	return g_string_free(out, FALSE); /* GLib's memory is malloc's since 2.46 */
}

char *st_report_text(const struct st_trace *trace)
{
	const struct st_report_options options = {0};

	return report_text_trace(trace, &options);
}

static void append_traffic(GString *out, const char *what, uint64_t packets, uint64_t bytes)
{
	g_string_append_printf(
		out, ", %s %" G_GUINT64_FORMAT " packet%s %" G_GUINT64_FORMAT " byte%s", what,
		packets, packets == 1 ? "" : "s", bytes, bytes == 1 ? "" : "s");
}

char *st_report_flow_text(const struct st_flow *flow)
{
	uint64_t lasted_ns = flow->end_ns - flow->start_ns;
	GString *out = g_string_new("flow ");

	append_flow(out, &flow->tuple, &flow->identity);
	append_traffic(out, "sent", flow->sent_packets, flow->sent_bytes);
	append_traffic(out, "received", flow->received_packets, flow->received_bytes);
	g_string_append_printf(out, ", %.3f s\n", (double)lasted_ns / (double)ST_NS_PER_S);
	return g_string_free(out, FALSE);
}
