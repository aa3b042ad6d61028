/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * -z st,hops[,FILTER]: the hops of every trace as traceroute shows them, the same text as
 * st-replay's. A filter selects the traces of which a frame passes it.
 *
 * Listens to all frames, not to those with marks alone: in one pass a frame is often gone
 * by when it proves to be a probe. What it was is asked at the end.
 */
#include "compat.h"
#include "packet-st.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <epan/stat_tap_ui.h>
#include <epan/tap.h>
#include <servicetrace/report.h>
#include <wsutil/report_message.h>

#define ARGUMENT "st,hops"

struct hops_tap {
	bool is_filtered;
	GArray *frames; /* uint32_t: those that pass the filter; empty without one */
};

static void hops_reset(void *data)
{
	struct hops_tap *tap = data;

	g_array_set_size(tap->frames, 0);
}

static tap_packet_status hops_packet(void *data, packet_info *pinfo,
				     epan_dissect_t *edt G_GNUC_UNUSED,
				     const void *what G_GNUC_UNUSED,
				     tap_flags_t flags G_GNUC_UNUSED)
{
	struct hops_tap *tap = data;

	if (tap->is_filtered)
		g_array_append_val(tap->frames, pinfo->num);
	return TAP_PACKET_DONT_REDRAW; /* it is drawn at the end */
}

/* The numbers of the traces that have one of the frames. */
static GHashTable *traces_of(const struct store *store, const GArray *frames)
{
	GHashTable *traces = g_hash_table_new(NULL, NULL);

	for (guint i = 0; i < frames->len; i++) {
		const struct mark *mark = store_marks(store, g_array_index(frames, uint32_t, i));

		for (; mark; mark = mark->next)
			g_hash_table_add(traces, mark->trace);
	}
	return traces;
}

static void print_trace(const struct store_trace *trace)
{
	char *text = st_report_text(trace->result);

	fputs(text, stdout);
	free(text);
}

static void hops_draw(void *data)
{
	const struct hops_tap *tap = data;
	const struct store *store = st_store();
	GHashTable *wanted;

	if (!store)
		return;
	st_review();
	wanted = traces_of(store, tap->frames);
	for (uint64_t number = 1; number <= store_trace_count(store); number++) {
		const struct store_trace *trace = store_trace(store, number);

		if (!trace || !trace->result)
			continue;
		if (!tap->is_filtered || g_hash_table_contains(wanted, trace))
			print_trace(trace);
	}
	g_hash_table_unref(wanted);
}

static void hops_finish(void *data)
{
	struct hops_tap *tap = data;

	g_array_unref(tap->frames);
	g_free(tap);
}

/* False: that is another argument than "st,hops" or "st,hops,FILTER". */
static bool parse(const char *argument, const char **filter)
{
	const char *rest = argument + strlen(ARGUMENT); /* Wireshark has compared so far */

	*filter = *rest == ',' && rest[1] ? rest + 1 : NULL;
	return *rest == ',' || *rest == '\0';
}

/* NULL, or what is wrong with the filter, to be freed. */
static GString *listen(const char *filter)
{
	struct hops_tap *tap = g_new0(struct hops_tap, 1);
	GString *why;

	tap->is_filtered = filter;
	tap->frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));
	why = register_tap_listener("frame", tap, filter, TL_REQUIRES_ERROR_PACKETS, hops_reset,
				    hops_packet, hops_draw, hops_finish);
	if (why)
		hops_finish(tap);
	return why;
}

static bool hops_begin(const char *argument)
{
	const char *filter;
	GString *why;

	if (!parse(argument, &filter)) {
		report_failure("-z %s: it is -z " ARGUMENT " or -z " ARGUMENT ",FILTER", argument);
		return false;
	}
	why = listen(filter);
	if (why) {
		report_failure("-z %s: %s", argument, why->str);
		g_string_free(why, TRUE);
	}
	return !why;
}

COMPAT_STAT_INIT(hops_init, hops_begin)

void tap_register_hops(void)
{
	static tap_param params[] = {{PARAM_FILTER, "filter", "Filter", NULL, TRUE}};
	static stat_tap_ui hops = {
		.group = REGISTER_STAT_GROUP_GENERIC,
		.cli_string = ARGUMENT,
		.tap_init_cb = hops_init,
		.nparams = G_N_ELEMENTS(params),
		.params = params,
	};

	register_stat_tap_ui(&hops, NULL);
}
