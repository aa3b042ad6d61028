/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "show.h"

#include <epan/expert.h>
#include <servicetrace/report.h>

#include "words.h"

static int hf_flow = -1, hf_service = -1, hf_host = -1, hf_evidence = -1;
static int hf_trace = -1, hf_note = -1;
static int hf_probe = -1, hf_reply = -1, hf_hop = -1, hf_index = -1;
static int hf_reply_in = -1, hf_probe_in = -1, hf_copy_of = -1;
static int hf_rtt = -1, hf_rtt_ms = -1, hf_band = -1;
static int hf_router = -1, hf_destination = -1;
static int hf_quoted_ttl = -1, hf_altered = -1, hf_matched_by = -1;
static int hf_mpls = -1, hf_label = -1, hf_tc = -1, hf_bottom = -1, hf_label_ttl = -1;

static int ett_st = -1, ett_flow = -1, ett_trace = -1, ett_mpls = -1;

static expert_field ei_no_reply = EI_INIT;
static expert_field ei_rtt_high = EI_INIT;
static expert_field ei_quote_altered = EI_INIT;
static expert_field ei_loop = EI_INIT;
static expert_field ei_only_probe = EI_INIT;

static const value_string bands[] = {
	{ST_BAND_SILENT, "silent"},
	{ST_BAND_GOOD, "good"},
	{ST_BAND_HIGH, "high"},
	{ST_BAND_VERY_HIGH, "very high"},
	{0, NULL},
};

/* What Wireshark may call a probe. */
static struct {
	const char *abbreviation, *name;
	int field;
} disguises[] = {
	{"tcp.analysis.duplicate_ack", "Dup ACK", -1},
	{"tcp.analysis.keep_alive", "Keep-Alive", -1},
	{"tcp.analysis.spurious_retransmission", "Spurious Retransmission", -1},
	{"tcp.analysis.fast_retransmission", "Fast Retransmission", -1},
	{"tcp.analysis.retransmission", "Retransmission", -1},
	{"tcp.analysis.out_of_order", "Out-Of-Order", -1},
	{"tcp.analysis.window_update", "Window Update", -1},
};

/* Where the items of a packet go. */
struct view {
	struct store *store;
	const struct preferences *preferences;
	packet_info *pinfo;
	tvbuff_t *tvb;
	proto_tree *tree;
};

static proto_item *generated(proto_item *item)
{
	proto_item_set_generated(item);
	return item;
}

static proto_item *add_number(const struct view *view, proto_tree *tree, int field, uint32_t number)
{
	return generated(proto_tree_add_uint(tree, field, view->tvb, 0, 0, number));
}

static proto_item *add_text(const struct view *view, proto_tree *tree, int field, const char *text)
{
	return generated(proto_tree_add_string(tree, field, view->tvb, 0, 0, text));
}

/* By the thresholds of the preferences. */
static enum st_band band_of(const struct preferences *preferences, int64_t rtt_ns)
{
	if (rtt_ns > (int64_t)(preferences->rtt_very_high_ms * ST_NS_PER_MS))
		return ST_BAND_VERY_HIGH;
	return rtt_ns > (int64_t)(preferences->rtt_high_ms * ST_NS_PER_MS) ? ST_BAND_HIGH
									   : ST_BAND_GOOD;
}

static void show_name(const struct view *view, proto_tree *tree, const struct store_flow *flow)
{
	enum st_evidence evidence = flow->host ? flow->evidence : flow->matched_by;

	if (flow->service)
		add_text(view, tree, hf_service, flow->service);
	if (flow->host)
		add_text(view, tree, hf_host, flow->host);
	if (evidence == ST_EVIDENCE_NONE)
		return;
	generated(proto_tree_add_string_format_value(
		tree, hf_evidence, view->tvb, 0, 0, st_evidence_text(evidence), "%s%s",
		words_evidence(evidence), flow->ech ? " (ECH: perhaps the outer name)" : ""));
}

static void show_flow(const struct view *view, const struct store_flow *flow,
		      const struct mark *mark)
{
	proto_item *item = add_number(view, view->tree, hf_flow, (uint32_t)flow->id);
	const char *name = flow->service ? flow->service : flow->host;

	if (mark)
		proto_item_append_text(item, " (%s)",
				       words_tuple(view->pinfo->pool, &mark->trace->tuple));
	if (name)
		proto_item_append_text(item, ", %s", name);
	if (flow->service || flow->host)
		show_name(view, proto_item_add_subtree(item, ett_flow), flow);
}

static void show_trace(const struct view *view, const struct store_trace *trace)
{
	proto_item *item = add_number(view, view->tree, hf_trace, (uint32_t)trace->number);
	const struct st_trace *result = trace->result;
	wmem_allocator_t *pool = view->pinfo->pool;
	proto_tree *tree;

	if (!result)
		return;
	proto_item_append_text(item, " (%s: %s, %s, %s%s)", st_trace_kind_text(result->kind),
			       words_count(pool, result->hop_count, "hop", "hops"),
			       words_count(pool, result->probes_sent, "probe", "probes"),
			       words_count(pool, result->replies_received, "reply", "replies"),
			       result->distance ? ", destination reached" : "");
	if (!result->note_count)
		return;
	tree = proto_item_add_subtree(item, ett_trace);
	for (size_t i = 0; i < result->note_count; i++) {
		const struct st_note *note = &result->notes[i];

		item = add_text(view, tree, hf_note, note->kind);
		if (note->ttl)
			proto_item_append_text(item, ", hop %u", note->ttl);
		proto_item_append_text(item, ": %s", note->detail);
	}
}

static void show_hop(const struct view *view, const struct mark *mark)
{
	if (mark->hop)
		add_number(view, view->tree, hf_hop, mark->hop);
	add_number(view, view->tree, hf_index, mark->index);
}

static void show_link(const struct view *view, int field, uint32_t frame)
{
	if (!frame)
		return;
	add_number(view, view->tree, field, frame);
	mark_frame_as_depended_upon(COMPAT_DEPENDENT(view->pinfo), frame);
}

static void show_band(const struct view *view, const struct st_reply *reply)
{
	if (reply->rtt_ns != ST_RTT_UNKNOWN)
		add_number(view, view->tree, hf_band, band_of(view->preferences, reply->rtt_ns));
}

static proto_item *show_router(const struct view *view, const struct st_reply *reply)
{
	return add_text(view, view->tree, hf_router,
			words_address(view->pinfo->pool, &reply->address));
}

static void show_rtt(const struct view *view, const struct mark *mark)
{
	const struct st_reply *reply = mark->reply;
	nstime_t rtt = {
		.secs = (time_t)(reply->rtt_ns / (int64_t)ST_NS_PER_S),
		.nsecs = (int)(reply->rtt_ns % (int64_t)ST_NS_PER_S),
	};
	double ms = (double)reply->rtt_ns / (double)ST_NS_PER_MS;
	enum st_band band = band_of(view->preferences, reply->rtt_ns);
	proto_item *item;

	item = generated(proto_tree_add_time(view->tree, hf_rtt, view->tvb, 0, 0, &rtt));
	generated(proto_tree_add_double(view->tree, hf_rtt_ms, view->tvb, 0, 0, ms));
	if (band != ST_BAND_GOOD)
		expert_add_info_format(view->pinfo, item, &ei_rtt_high,
				       "%s round-trip time to %s: %s",
				       band == ST_BAND_HIGH ? "High" : "Very high",
				       words_hop(view->pinfo->pool, mark),
				       words_rtt(view->pinfo->pool, reply->rtt_ns));
}

static void show_labels(const struct view *view, const struct st_reply *reply)
{
	for (unsigned i = 0; i < reply->mpls_count; i++) {
		const struct st_mpls_label *label = &reply->mpls[i];
		proto_item *item = generated(proto_tree_add_none_format(
			view->tree, hf_mpls, view->tvb, 0, 0,
			"MPLS label %u, traffic class %u, %sTTL %u", label->label, label->tc,
			label->bottom ? "bottom of the stack, " : "", label->ttl));
		proto_tree *tree = proto_item_add_subtree(item, ett_mpls);

		add_number(view, tree, hf_label, label->label);
		add_number(view, tree, hf_tc, label->tc);
		generated(proto_tree_add_boolean(tree, hf_bottom, view->tvb, 0, 0, label->bottom));
		add_number(view, tree, hf_label_ttl, label->ttl);
	}
}

static void show_quote(const struct view *view, const struct st_reply *reply)
{
	const char *names[MAX(ST_ALTERED_NAMES_MAX, ST_MATCH_NAMES_MAX)];
	const char *altered;
	proto_item *item;

	st_match_names(reply->matched_by, names);
	if (names[0])
		add_text(view, view->tree, hf_matched_by, words_list(view->pinfo->pool, names));
	if (reply->kind != ST_REPLY_ICMP_ERROR)
		return;
	if (reply->quoted_ttl != ST_QUOTED_TTL_UNKNOWN)
		add_number(view, view->tree, hf_quoted_ttl, reply->quoted_ttl);
	if (!reply->altered)
		return;
	st_altered_names(reply->altered, names);
	altered = words_list(view->pinfo->pool, names);
	item = add_text(view, view->tree, hf_altered, altered);
	expert_add_info_format(view->pinfo, item, &ei_quote_altered,
			       "The quote is not as the probe was sent: %s differs", altered);
}

/* The hop of a note that says so, if the router is in that loop; else NULL. */
static const struct st_note *loop_of(const struct mark *mark)
{
	const struct st_trace *result = mark->trace->result;

	for (size_t i = 0; result && i < result->note_count; i++) {
		const struct st_note *note = &result->notes[i];

		if (strcmp(note->kind, "loop") != 0)
			continue;
		for (size_t j = 0; j < result->hop_count; j++) {
			const struct st_hop *hop = &result->hops[j];

			if (hop->ttl == note->ttl && hop->reply_count &&
			    st_addr_equal(&hop->replies[0].address, &mark->reply->address))
				return note;
		}
	}
	return NULL;
}

static void show_reply(const struct view *view, const struct mark *mark)
{
	const struct st_reply *reply = mark->reply;
	const struct st_note *loop = loop_of(mark);
	proto_item *router;

	generated(proto_tree_add_none_format(view->tree, hf_reply, view->tvb, 0, 0, "Reply: %s",
					     words_reply(reply)));
	show_hop(view, mark);
	router = show_router(view, reply);
	if (loop)
		expert_add_info_format(view->pinfo, router, &ei_loop, "Loop: %s", loop->detail);
	if (reply->destination)
		generated(proto_tree_add_boolean(view->tree, hf_destination, view->tvb, 0, 0, 1));
	if (reply->rtt_ns != ST_RTT_UNKNOWN)
		show_rtt(view, mark);
	show_band(view, reply);
	if (mark->probe)
		show_link(view, hf_probe_in, mark->probe->frame);
	show_quote(view, reply);
	show_labels(view, reply);
}

/*
 * Stock Wireshark takes a probe for a segment of the flow: it repeats an earlier number, as a
 * duplicate ACK, a keep-alive or a needless retransmission does. Only a tree that is looked
 * at holds what it said.
 */
static const char *disguise_of(proto_tree *tree)
{
	for (size_t i = 0; i < G_N_ELEMENTS(disguises); i++) {
		if (disguises[i].field > 0 &&
		    proto_find_first_finfo(proto_tree_get_root(tree), disguises[i].field))
			return disguises[i].name;
	}
	return NULL;
}

static void show_disguise(const struct view *view, const struct mark *mark, proto_item *item)
{
	const char *name;

	if (mark->trace->tuple.protocol != ST_PROTOCOL_TCP)
		return;
	name = disguise_of(view->tree);
	if (name)
		expert_add_info_format(view->pinfo, item, &ei_only_probe,
				       "What Wireshark calls \"%s\" here is only this probe", name);
	else
		expert_add_info(view->pinfo, item, &ei_only_probe);
}

static void show_silence(const struct view *view, const struct mark *mark, proto_item *item)
{
	if (!store_is_silent(view->store, mark))
		return;
	add_number(view, view->tree, hf_band, ST_BAND_SILENT);
	expert_add_info_format(view->pinfo, item, &ei_no_reply, "No reply from %s",
			       words_hop(view->pinfo->pool, mark));
}

static void show_probe(const struct view *view, const struct mark *mark)
{
	bool is_classic = mark->trace->result && mark->trace->result->kind == ST_TRACE_CLASSIC;
	const struct mark *reply = mark->first_reply;
	proto_item *item = generated(proto_tree_add_none_format(
		view->tree, hf_probe, view->tvb, 0, 0, "Probe: %s",
		is_classic ? "of a traceroute in flows of its own" : "inside the flow"));

	show_disguise(view, mark, item);
	show_hop(view, mark);
	if (reply) {
		show_router(view, reply->reply);
		show_band(view, reply->reply);
	}
	for (; reply; reply = reply->next_reply)
		show_link(view, hf_reply_in, reply->frame);
	show_silence(view, mark, item);
}

static void show_copy(const struct view *view, const struct mark *mark)
{
	show_hop(view, mark);
	show_link(view, hf_copy_of, mark->original->frame);
}

static void show_mark(const struct view *view, const struct mark *mark)
{
	switch (mark->kind) {
	case MARK_PROBE:
		show_probe(view, mark);
		break;
	case MARK_REPLY:
		show_reply(view, mark);
		break;
	case MARK_COPY:
		show_copy(view, mark);
		break;
	}
	show_trace(view, mark->trace);
}

static void show_tree(const struct view *view, const struct store_flow *flow,
		      const struct mark *mark, proto_item *root)
{
	if (mark)
		proto_item_append_text(root, ", %s",
				       words_mark(view->pinfo->pool, view->store, mark));
	else if (flow->service || flow->host)
		proto_item_append_text(root, ", %s", flow->service ? flow->service : flow->host);
	show_flow(view, flow, mark);
	for (; mark; mark = mark->next)
		show_mark(view, mark);
}

/* At the front, as Wireshark's own "[TCP Dup ACK]": the end is mostly out of sight. */
static void show_info(const struct view *view, const struct mark *mark)
{
	col_prepend_fstr(view->pinfo->cinfo, COL_INFO, "[%s] ",
			 words_short(view->pinfo->pool, view->store, mark));
}

void show_packet(struct store *store, const struct preferences *preferences, tvbuff_t *tvb,
		 packet_info *pinfo, proto_tree *tree, int protocol)
{
	const struct store_flow *flow = store_flow(store, pinfo->num);
	const struct mark *mark = store_marks(store, pinfo->num);
	struct view view = {store, preferences, pinfo, tvb, NULL};
	proto_item *root;

	if (mark && preferences->info_column)
		show_info(&view, mark);
	if (!tree || !flow)
		return;
	root = proto_tree_add_item(tree, protocol, tvb, 0, 0, ENC_NA);
	view.tree = proto_item_add_subtree(root, ett_st);
	show_tree(&view, flow, mark, root);
}

static hf_register_info fields[] = {
	{&hf_flow, {"Flow", "st.flow", FT_UINT32, BASE_DEC, NULL, 0, "Number of the flow", HFILL}},
	{&hf_service,
	 {"Service", "st.flow.service", FT_STRING, BASE_NONE, NULL, 0,
	  "The service that the flow belongs to, by the signatures", HFILL}},
	{&hf_host,
	 {"Host", "st.flow.host", FT_STRING, BASE_NONE, NULL, 0,
	  "The server's name, as seen on the wire", HFILL}},
	{&hf_evidence,
	 {"Known by", "st.flow.evidence", FT_STRING, BASE_NONE, NULL, 0,
	  "How the name is known: prefix, dns, sni", HFILL}},
	{&hf_trace,
	 {"Trace", "st.trace", FT_UINT32, BASE_DEC, NULL, 0, "Number of the trace", HFILL}},
	{&hf_note,
	 {"Note", "st.note", FT_STRING, BASE_NONE, NULL, 0,
	  "What the trace shows of the path: nat, loop, mpls ...", HFILL}},
	{&hf_probe,
	 {"Probe", "st.probe", FT_NONE, BASE_NONE, NULL, 0, "A packet with a limited TTL", HFILL}},
	{&hf_reply,
	 {"Reply", "st.reply", FT_NONE, BASE_NONE, NULL, 0, "What answers a probe", HFILL}},
	{&hf_hop, {"Hop", "st.hop", FT_UINT8, BASE_DEC, NULL, 0, "TTL of the probe", HFILL}},
	{&hf_index,
	 {"Probe of the hop", "st.probe.index", FT_UINT16, BASE_DEC, NULL, 0,
	  "Number of the probe within its hop, from 1", HFILL}},
	{&hf_reply_in,
	 {"Reply in", "st.reply_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_RESPONSE), 0,
	  "The frame that answers this probe", HFILL}},
	{&hf_probe_in,
	 {"Probe in", "st.probe_in", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_REQUEST), 0,
	  "The frame that this one answers", HFILL}},
	{&hf_copy_of,
	 {"Copy of", "st.copy_of", FT_FRAMENUM, BASE_NONE, FRAMENUM_TYPE(FT_FRAMENUM_RETRANS_PREV),
	  0, "The frame that this one repeats: seen twice, or answered twice", HFILL}},
	{&hf_rtt,
	 {"Round-trip time", "st.rtt", FT_RELATIVE_TIME, BASE_NONE, NULL, 0,
	  "From the probe to this reply", HFILL}},
	{&hf_rtt_ms,
	 {"Round-trip time (ms)", "st.rtt_ms", FT_DOUBLE, BASE_NONE, NULL, 0,
	  "From the probe to this reply, in milliseconds", HFILL}},
	{&hf_band,
	 {"Band", "st.band", FT_UINT8, BASE_DEC, VALS(bands), 0,
	  "Of the round-trip time, by the preferences; silent: no reply", HFILL}},
	{&hf_router,
	 {"Router", "st.router", FT_STRING, BASE_NONE, NULL, 0, "Address that answered", HFILL}},
	{&hf_destination,
	 {"Destination", "st.destination", FT_BOOLEAN, BASE_NONE, NULL, 0,
	  "The destination's own answer", HFILL}},
	{&hf_quoted_ttl,
	 {"Quoted TTL", "st.quoted_ttl", FT_UINT8, BASE_DEC, NULL, 0,
	  "TTL of the probe as it came to the router; 1 by the book", HFILL}},
	{&hf_altered,
	 {"Altered on the way", "st.quote.altered", FT_STRING, BASE_NONE, NULL, 0,
	  "What the quote holds else than the probe was sent with", HFILL}},
	{&hf_matched_by,
	 {"Matched by", "st.matched_by", FT_STRING, BASE_NONE, NULL, 0,
	  "What of the quote agrees with the probe", HFILL}},
	{&hf_mpls, {"MPLS label", "st.mpls", FT_NONE, BASE_NONE, NULL, 0, NULL, HFILL}},
	{&hf_label, {"Label", "st.mpls.label", FT_UINT32, BASE_DEC, NULL, 0, NULL, HFILL}},
	{&hf_tc, {"Traffic class", "st.mpls.tc", FT_UINT8, BASE_DEC, NULL, 0, NULL, HFILL}},
	{&hf_bottom,
	 {"Bottom of the stack", "st.mpls.s", FT_BOOLEAN, BASE_NONE, NULL, 0, NULL, HFILL}},
	{&hf_label_ttl, {"TTL", "st.mpls.ttl", FT_UINT8, BASE_DEC, NULL, 0, NULL, HFILL}},
};

static ei_register_info experts[] = {
	{&ei_no_reply, {"st.no_reply", PI_SEQUENCE, PI_NOTE, "No reply to this probe", EXPFILL}},
	{&ei_rtt_high, {"st.rtt_high", PI_SEQUENCE, PI_NOTE, "High round-trip time", EXPFILL}},
	{&ei_quote_altered,
	 {"st.quote_altered", PI_SEQUENCE, PI_NOTE, "The quote is not as the probe was sent",
	  EXPFILL}},
	{&ei_loop, {"st.loop", PI_SEQUENCE, PI_WARN, "Loop", EXPFILL}},
	{&ei_only_probe,
	 {"st.only_probe", PI_COMMENTS_GROUP, PI_CHAT,
	  "Only a probe, where Wireshark says duplicate ACK, keep-alive or retransmission",
	  EXPFILL}},
};

void show_register(int protocol)
{
	static int *trees[] = {&ett_st, &ett_flow, &ett_trace, &ett_mpls};

	proto_register_field_array(protocol, fields, array_length(fields));
	proto_register_subtree_array(trees, array_length(trees));
	expert_register_field_array(expert_register_protocol(protocol), experts,
				    array_length(experts));
}

void show_find_fields(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(disguises); i++)
		disguises[i].field = proto_registrar_get_id_byname(disguises[i].abbreviation);
}
