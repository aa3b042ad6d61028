/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A listener of its own beside each tap. What listens later is drawn first; so it begins with
 * the tap's first frame, and its drawing is the moment before the tap's.
 */
#include "tap-late.h"

#include <epan/tap.h>
#include <wsutil/ws_assert.h>

struct late_frame {
	uint32_t number;
	uint32_t marks; /* that it had */
};

struct late {
	void *tap;
	late_settle settle;
	GArray *frames; /* struct late_frame */
};

static GHashTable *all; /* struct late by tap; NULL: none */

static void late_reset(void *data)
{
	struct late *late = data;

	g_array_set_size(late->frames, 0);
}

static tap_packet_status late_packet(void *data G_GNUC_UNUSED, packet_info *pinfo G_GNUC_UNUSED,
				     epan_dissect_t *edt G_GNUC_UNUSED,
				     const void *what G_GNUC_UNUSED,
				     tap_flags_t flags G_GNUC_UNUSED)
{
	return TAP_PACKET_DONT_REDRAW;
}

static void settle_frame(const struct late *late, const struct late_frame *frame)
{
	uint32_t count = 0;

	for (const struct mark *mark = store_marks(st_store(), frame->number); mark;
	     mark = mark->next)
		late->settle(late->tap, mark, count++ >= frame->marks);
}

static void late_draw(void *data)
{
	struct late *late = data;

	if (!st_store())
		return;
	st_review();
	for (guint i = 0; i < late->frames->len; i++)
		settle_frame(late, &g_array_index(late->frames, struct late_frame, i));
	late_reset(late);
}

static void late_finish(void *data)
{
	struct late *late = data;

	g_hash_table_remove(all, late->tap);
	if (g_hash_table_size(all) == 0)
		g_clear_pointer(&all, g_hash_table_unref);
	g_array_unref(late->frames);
	g_free(late);
}

static struct late *listen_beside(void *tap, late_settle settle)
{
	struct late *late = g_new0(struct late, 1);
	GString *why;

	late->tap = tap;
	late->settle = settle;
	late->frames = g_array_new(FALSE, FALSE, sizeof(struct late_frame));
	if (!all)
		all = g_hash_table_new(NULL, NULL);
	g_hash_table_insert(all, tap, late);
	why = register_tap_listener(ST_TAP, late, NULL, TL_REQUIRES_NOTHING, late_reset,
				    late_packet, late_draw, late_finish);
	ws_assert(!why); /* the tap is ours, and there is no filter */
	return late;
}

bool late_note(void *tap, const packet_info *pinfo, late_settle settle)
{
	const struct store *store = st_store();
	struct late_frame frame = {.number = pinfo->num};
	struct late *late;

	/* A window has all read again and then forgets its tap, though the file may still grow. */
	if (store && store_has_passed(store, pinfo->num))
		st_review();
	if (!store || store_is_reviewed(store))
		return false;
	late = all ? g_hash_table_lookup(all, tap) : NULL;
	if (!late)
		late = listen_beside(tap, settle);
	for (const struct mark *mark = store_marks(store, pinfo->num); mark; mark = mark->next)
		frame.marks++;
	g_array_append_val(late->frames, frame);
	return true;
}

void late_forget(void *tap)
{
	struct late *late = all ? g_hash_table_lookup(all, tap) : NULL;

	if (late)
		remove_tap_listener(late); /* calls late_finish() */
}
