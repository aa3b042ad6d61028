/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"

#include <epan/proto.h>

#include "stamp.h"

/* Where Wireshark has found an IP packet. */
struct layer {
	tvbuff_t *tvb;
	int start;
};

struct feed feed_begin(struct store *store, dissector_handle_t handle, bool any_encapsulation)
{
	struct feed feed = {
		.store = store,
		.latest = ENCAPSULATION_NONE,
		.any_encapsulation = any_encapsulation,
		.ip = proto_get_id_by_filter_name("ip"),
		.ipv6 = proto_get_id_by_filter_name("ipv6"),
		.icmp = proto_get_id_by_filter_name("icmp"),
		.icmpv6 = proto_get_id_by_filter_name("icmpv6"),
	};
	GArray *wanted = NULL;

	if (any_encapsulation) {
		wanted = g_array_new(FALSE, FALSE, sizeof(int));
		g_array_append_val(wanted, feed.ip);
		g_array_append_val(wanted, feed.ipv6);
	}
	set_postdissector_wanted_hfids(handle, wanted); /* takes it */
	return feed;
}

/*
 * Which IP layer counts: the last one before ICMP, behind which there are quotes.
 * Returns its protocol, 0 if there is none; *nth counts those of its protocol.
 */
static int find_innermost(const struct feed *feed, const packet_info *pinfo, unsigned *nth)
{
	unsigned seen = 0, seen_v6 = 0;
	int innermost = 0;

	for (wmem_list_frame_t *at = wmem_list_head(pinfo->layers); at;
	     at = wmem_list_frame_next(at)) {
		int protocol = GPOINTER_TO_INT(wmem_list_frame_data(at));

		if (protocol == feed->icmp || protocol == feed->icmpv6)
			break;
		if (protocol != feed->ip && protocol != feed->ipv6)
			continue;
		innermost = protocol;
		*nth = protocol == feed->ip ? seen++ : seen_v6++;
	}
	return innermost;
}

static bool find_layer(const struct feed *feed, const packet_info *pinfo, proto_tree *tree,
		       struct layer *layer)
{
	unsigned nth = 0;
	int protocol = find_innermost(feed, pinfo, &nth);
	const GPtrArray *found = protocol ? proto_get_finfo_ptr_array(tree, protocol) : NULL;
	const field_info *info;

	if (!found || nth >= found->len)
		return false;
	info = g_ptr_array_index(found, nth);
	*layer = (struct layer){info->ds_tvb, info->start};
	return layer->tvb && tvb_captured_length_remaining(layer->tvb, layer->start) > 0;
}

static void set_bytes(struct st_frame *frame, const struct layer *layer)
{
	int captured = tvb_captured_length_remaining(layer->tvb, layer->start);
	int reported = tvb_reported_length_remaining(layer->tvb, layer->start);

	frame->bytes = tvb_get_ptr(layer->tvb, layer->start, captured);
	frame->captured_bytes = (uint32_t)captured;
	frame->wire_bytes = (uint32_t)MAX(reported, captured);
}

void feed_packet(struct feed *feed, tvbuff_t *tvb, const packet_info *pinfo, proto_tree *tree)
{
	struct layer layer = {tvb, 0};
	bool has_stamp = pinfo->presence_flags & PINFO_HAS_TS;
	struct st_frame frame = {
		.stamp_ns = has_stamp ? stamp_from(pinfo->abs_ts.secs, pinfo->abs_ts.nsecs) : 0,
		.cookie = pinfo->num,
		.bytes = (const uint8_t *)"",
	};

	/* A log's entry, a system call: its header is another one. */
	if (pinfo->rec->rec_type != REC_TYPE_PACKET)
		return;
	if (feed->any_encapsulation && tree && find_layer(feed, pinfo, tree, &layer))
		frame.link_type = ST_LINK_RAW;
	else
		frame.link_type = encapsulation_of_frame(&feed->latest,
							 &pinfo->rec->rec_header.packet_header);
	frame.interface = encapsulation_interface(pinfo->rec);
	if (tvb_captured_length(layer.tvb) > 0)
		set_bytes(&frame, &layer);
	store_frame(feed->store, &frame);
}
