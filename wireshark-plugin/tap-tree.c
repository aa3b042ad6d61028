/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -z st,tree: a tree of flow, trace, hop and router. It counts replies, with the average,
 * lowest and highest RTT in milliseconds of each hop and each of its routers; what was sent
 * is counted beside, so that a silent hop is seen too.
 *
 * The framework finds a node by its name and sorts by it: names are padded, those with
 * children differ in the whole tree.
 */
#include "compat.h"
#include "packet-st.h"
#include "tap-late.h"

#include <epan/stats_tree.h>
#include <inttypes.h>
#include <stdio.h>

#define NAME_BYTES 128 /* of a node; a longer service name is cut */

/* The framework walks over all children of a node to add one: traces whose flows are together. */
#define GROUP_TRACES 1000

static void name_flow(const stats_tree *tree, const struct store_flow *flow, char name[NAME_BYTES])
{
	const char *end;

	snprintf(name, NAME_BYTES, "Flow %4" PRIu64, flow->id);
	/* One whose name came late keeps the node that it has. */
	if (flow->service && stats_tree_parent_id_by_name((stats_tree *)tree, name) == 0)
		snprintf(name, NAME_BYTES, "Flow %4" PRIu64 ": %s", flow->id, flow->service);
	if (!g_utf8_validate(name, -1, &end))
		name[end - name] = '\0'; /* it was cut in the middle of a character */
}

static void name_hop(const struct mark *mark, char name[NAME_BYTES])
{
	uint64_t trace = mark->trace->number;

	if (mark->hop != 0)
		snprintf(name, NAME_BYTES, "Hop %3u of trace %" PRIu64, mark->hop, trace);
	else
		snprintf(name, NAME_BYTES, "Hop   ? of trace %" PRIu64, trace);
}

/* Where the flow belongs: below the root, or, if there are many, in a group. */
static int count_in_group(stats_tree *tree, const struct store_flow *flow, int replies)
{
	uint64_t before = (flow->first_trace - 1) / GROUP_TRACES * GROUP_TRACES;
	char name[NAME_BYTES];

	if (before == 0)
		return 0;
	snprintf(name, sizeof(name), "Flows, from trace %7" PRIu64 " on", before + 1);
	return increase_stat_node(tree, name, 0, true, replies);
}

/* Counts the replies in the flow and the trace; the number of the trace's node. */
static int count_in_trace(stats_tree *tree, const struct mark *mark, int replies)
{
	int group = count_in_group(tree, mark->trace->flow, replies), flow;
	char name[NAME_BYTES];

	name_flow(tree, mark->trace->flow, name);
	flow = increase_stat_node(tree, name, group, true, replies);
	snprintf(name, sizeof(name), "Trace %4" PRIu64, mark->trace->number);
	return increase_stat_node(tree, name, flow, true, replies);
}

/* The number of the hop's node, which averages: made here if a probe comes first. */
static int hop_node(stats_tree *tree, const struct mark *mark, int trace)
{
	char name[NAME_BYTES];
	int hop;

	name_hop(mark, name);
	hop = stats_tree_parent_id_by_name(tree, name);
	return hop ? hop : stats_tree_create_node(tree, name, trace, STAT_DT_FLOAT, true);
}

static void count_probe(stats_tree *tree, const struct mark *mark)
{
	int trace = count_in_trace(tree, mark, 0);

	tick_stat_node(tree, "Probes sent", hop_node(tree, mark, trace), false);
}

static void count_reply(stats_tree *tree, const struct mark *mark)
{
	int trace = count_in_trace(tree, mark, 1);
	int hop = hop_node(tree, mark, trace);
	char address[ST_ADDR_TEXT_BYTES], name[NAME_BYTES];
	float rtt_ms = (float)mark->reply->rtt_ns / (float)ST_NS_PER_MS;

	st_addr_format(&mark->reply->address, address);
	if (mark->reply->rtt_ns == ST_RTT_UNKNOWN) {
		snprintf(name, sizeof(name), "%s, RTT not known", address);
		tick_stat_node(tree, name, hop, false);
		return;
	}
	name_hop(mark, name);
	avg_stat_node_add_value_float(tree, name, trace, true, rtt_ms);
	avg_stat_node_add_value_float(tree, address, hop, false, rtt_ms);
}

static void count_mark(stats_tree *tree, const struct mark *mark)
{
	switch (mark->kind) {
	case MARK_PROBE:
		count_probe(tree, mark);
		break;
	case MARK_REPLY:
		count_reply(tree, mark);
		break;
	case MARK_COPY:
		break;
	}
}

static void settle(void *tree, const struct mark *mark, bool is_new)
{
	if (is_new)
		count_mark(tree, mark);
}

/* Of each frame: what is no probe now may prove to be one. */
static tap_packet_status tree_packet(stats_tree *tree, packet_info *pinfo,
				     epan_dissect_t *edt G_GNUC_UNUSED,
				     const void *what G_GNUC_UNUSED,
				     tap_flags_t flags G_GNUC_UNUSED)
{
	const struct store *store = st_store();

	if (!store)
		return TAP_PACKET_DONT_REDRAW;
	late_note(tree, pinfo, settle);
	for (const struct mark *mark = store_marks(store, pinfo->num); mark; mark = mark->next)
		count_mark(tree, mark);
	return TAP_PACKET_REDRAW;
}

static void tree_init(stats_tree *tree G_GNUC_UNUSED)
{
	st_review();
}

static void tree_cleanup(stats_tree *tree)
{
	late_forget(tree);
}

void tap_register_tree(void)
{
	stats_tree_register_plugin("frame", "st", "Service Traceroute Tree",
				   TL_REQUIRES_ERROR_PACKETS |
					   (ST_SORT_COL_NAME << ST_FLG_SRTCOL_SHIFT),
				   tree_packet, tree_init, tree_cleanup);
}
