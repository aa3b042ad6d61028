/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plugin for tests: -z st-test,conversations prints for each frame its number and what the
 * conversation filter "Service Traceroute flow" makes of it, asked as the window's menu asks.
 */
#define WS_BUILD_DLL
#include <ws_symbol_export.h>

#include "compat.h"

#include <stdio.h>
#include <string.h>

#include <epan/stat_tap_ui.h>
#include <epan/tap.h>

#define TITLE "Service Traceroute flow"

#if COMPAT_VERSION >= 402
#define ASK(filter, question, pinfo) (filter)->question(pinfo, (filter)->user_data)
#else
#define ASK(filter, question, pinfo) (filter)->question(pinfo)
#endif

static const conversation_filter_t *find_filter(void)
{
	for (const GList *at = packet_conv_filter_list; at; at = at->next) {
		const conversation_filter_t *filter = at->data;

		if (strcmp(filter->display_name, TITLE) == 0)
			return filter;
	}
	return NULL;
}

static tap_packet_status packet(void *data G_GNUC_UNUSED, packet_info *pinfo,
				epan_dissect_t *edt G_GNUC_UNUSED, const void *what G_GNUC_UNUSED,
				tap_flags_t flags G_GNUC_UNUSED)
{
	const conversation_filter_t *filter = find_filter();
	char *text = NULL;

	if (filter && ASK(filter, is_filter_valid, pinfo))
		text = ASK(filter, build_filter_string, pinfo);
	printf("%u\t%s\n", pinfo->num, text ? text : "");
	g_free(text);
	return TAP_PACKET_DONT_REDRAW;
}

static bool begin(const char *argument G_GNUC_UNUSED)
{
	GString *why = register_tap_listener("frame", &packet_conv_filter_list, NULL,
					     TL_REQUIRES_NOTHING, NULL, packet, NULL, NULL);

	return !why;
}

COMPAT_STAT_INIT(init, begin)

static void register_statistics(void)
{
	static stat_tap_ui conversations = {
		.group = REGISTER_STAT_GROUP_GENERIC,
		.cli_string = "st-test,conversations",
		.tap_init_cb = init,
	};

	register_stat_tap_ui(&conversations, NULL);
}

WS_DLL_PUBLIC_DEF const char plugin_version[] = "0";
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

WS_DLL_PUBLIC_DEF void plugin_register(void);
WS_DLL_PUBLIC_DEF uint32_t plugin_describe(void);

uint32_t plugin_describe(void)
{
	return 16; /* it listens to taps */
}

void plugin_register(void)
{
	static tap_plugin taps = {.register_tap_listener = register_statistics};

	tap_register_plugin(&taps);
}
