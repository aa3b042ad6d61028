/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The conversation filter "Service Traceroute flow": from one frame to all of its flow, the
 * probes in it and the replies to them, of which no address tells whose they are.
 */
#include "compat.h"
#include "packet-st.h"

static const struct store_flow *flow_of(const packet_info *pinfo)
{
	const struct store *store = st_store();

	return store ? store_flow(store, pinfo->num) : NULL;
}

static compat_bool is_of_flow(COMPAT_FILTER_ARGUMENTS(pinfo))
{
	return flow_of(pinfo) != NULL;
}

/* Wireshark frees it. */
static char *flow_filter(COMPAT_FILTER_ARGUMENTS(pinfo))
{
	const struct store_flow *flow = flow_of(pinfo);

	return flow ? g_strdup_printf("st.flow == %" G_GUINT64_FORMAT, flow->id) : NULL;
}

void conversation_register(void)
{
	register_conversation_filter("st", "Service Traceroute flow", is_of_flow,
				     flow_filter COMPAT_FILTER_USER_DATA);
}
