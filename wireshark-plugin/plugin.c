/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Wireshark looks for in a plugin's file. */
#define WS_BUILD_DLL
#include <ws_symbol_export.h>

#include "compat.h"
#include "packet-st.h"

WS_DLL_PUBLIC_DEF const char plugin_version[] = ST_VERSION;
WS_DLL_PUBLIC_DEF const int plugin_want_major = WIRESHARK_VERSION_MAJOR;
WS_DLL_PUBLIC_DEF const int plugin_want_minor = WIRESHARK_VERSION_MINOR;

WS_DLL_PUBLIC_DEF void plugin_register(void);
WS_DLL_PUBLIC_DEF uint32_t plugin_describe(void);

/* Shown in About: a dissector (1) that listens to taps (16); asked for from 4.2 on. */
uint32_t plugin_describe(void)
{
	return 1 | 16;
}

static void hand_off(void)
{
	proto_reg_handoff_st();
	conversation_register();
	/* Here, not as a tap plugin: sharkd does not ask those. */
	tap_register_hops();
	tap_register_table();
	tap_register_tree();
}

void plugin_register(void)
{
	static proto_plugin protocol = {
		.register_protoinfo = proto_register_st,
		.register_handoff = hand_off,
	};

	proto_register_plugin(&protocol);
}
