/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The protocol "st": a postdissector. When a packet is seen for the first time it
 * goes to the core (feed.c), which says what it is and what earlier ones were
 * (store.c). Whenever a packet is shown, also out of order and without a tree, what is known by
 * then is shown with it (show.c).
 */
#include "packet-st.h"

#include <epan/tap.h>

#include "feed.h"
#include "preferences.h"
#include "show.h"
#include "signatures.h"

static int proto_st = -1;
static int tap_st = -1;
static dissector_handle_t st_handle;
static const struct preferences *preferences;
static struct feed feed; /* of the file in view */
/* The latest frame that was fed. */
static uint32_t last_frame;
static int64_t last_offset;

struct store *st_store(void)
{
	return feed.store;
}

void st_review(void)
{
	if (feed.store)
		store_review(feed.store);
}

static void open_file(void)
{
	struct st_config config;
	struct store *store;

	st_config_init(&config);
	config.active = false;
	config.selection.all = true;
	config.wait_ns = CLAMP(preferences->wait_ms * ST_NS_PER_MS, ST_NS_PER_MS, ST_WAIT_MAX_NS);
	config.signatures = preferences_signatures();
	config.seed = g_random_int();
	store = store_new(&config);
	feed = feed_begin(store, st_handle,
			  preferences->any_encapsulation &&
				  proto_is_protocol_enabled(find_protocol_by_id(proto_st)));
	last_frame = 0;
}

static void close_file(void)
{
	g_clear_pointer(&feed.store, store_free);
}

/*
 * Each frame is fed once, although a window with a read filter dissects it twice. What that
 * filter rejects leaves its number to the next frame, which is elsewhere in the file.
 */
static bool is_new(const packet_info *pinfo)
{
	if (PINFO_FD_VISITED(pinfo) || pinfo->num < last_frame)
		return false;
	return pinfo->num > last_frame || pinfo->fd->file_off != last_offset;
}

static int dissect_st(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, G_GNUC_UNUSED void *data)
{
	const struct mark *mark;

	if (!feed.store)
		return 0;
	if (is_new(pinfo)) {
		last_frame = pinfo->num;
		last_offset = pinfo->fd->file_off;
		feed_packet(&feed, tvb, pinfo, tree);
	}
	mark = store_marks(feed.store, pinfo->num);
	show_packet(feed.store, preferences, tvb, pinfo, tree, proto_st);
	if (mark) {
		/* A quote too short for its dissector leaves this set, and taps would not get
		 * the reply; I/O graphs neither. */
		pinfo->flags.in_error_pkt = 0;
		tap_queue_packet(tap_st, pinfo, mark);
	}
	return (int)tvb_captured_length(tvb);
}

void proto_register_st(void)
{
	proto_st = proto_register_protocol("Service Traceroute", "Service Traceroute", "st");
	show_register(proto_st);
	preferences = preferences_register(proto_st);
	st_handle = register_dissector("st", dissect_st, proto_st);
	tap_st = register_tap(ST_TAP);
	register_init_routine(open_file);
	register_cleanup_routine(close_file);
	register_postseq_cleanup_routine(st_review);
	register_shutdown_routine(signatures_forget);
	register_postdissector(st_handle);
}

void proto_reg_handoff_st(void)
{
	show_find_fields();
}
