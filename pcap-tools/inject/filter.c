/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts the filter together as text. It only keeps work away from the program;
 * which flow is wanted is decided by the tracer. Compiling it is left to capture.c.
 */
#include "filter.h"

#include <glib.h>

/* Unreachable, the old source quench, time exceeded, parameter problem (RFC 792). */
#define ICMP4_ERRORS "icmp and (icmp[0] = 3 or icmp[0] = 4 or icmp[0] = 11 or icmp[0] = 12)"
/* The four errors of RFC 4443; 40 is the length of an IPv6 header. */
#define ICMP6_ERRORS "icmp6 and ip6[40] >= 1 and ip6[40] <= 4"

static void add_host(GString *text, const struct st_prefix *prefix)
{
	char addr[ST_ADDR_TEXT_BYTES];

	st_addr_format(&prefix->addr, addr);
	/* libpcap refuses prefixes of no bits. */
	if (prefix->bits == 0)
		g_string_append(text, prefix->addr.version == 6 ? "ip6" : "ip");
	else
		g_string_append_printf(text, "net %s/%u", addr, prefix->bits);
}

static void add_one_way(GString *text, const char *source, unsigned source_port,
			const char *destination, unsigned destination_port)
{
	g_string_append_printf(text,
			       "(src host %s and src port %u and dst host %s and dst port %u)",
			       source, source_port, destination, destination_port);
}

static void add_flow(GString *text, const struct st_tuple *flow)
{
	char source[ST_ADDR_TEXT_BYTES], destination[ST_ADDR_TEXT_BYTES];

	st_addr_format(&flow->source, source);
	st_addr_format(&flow->destination, destination);
	add_one_way(text, source, flow->source_port, destination, flow->destination_port);
	g_string_append(text, " or ");
	add_one_way(text, destination, flow->destination_port, source, flow->source_port);
}

static void add_peers(GString *text, const struct st_selection *selection)
{
	const char *before = " and (";

	if (selection->all || selection->host_count + selection->flow_count > FILTER_PEERS_MAX)
		return;
	for (size_t i = 0; i < selection->host_count; i++, before = " or ") {
		g_string_append(text, before);
		add_host(text, &selection->hosts[i]);
	}
	for (size_t i = 0; i < selection->flow_count; i++, before = " or ") {
		g_string_append(text, before);
		add_flow(text, &selection->flows[i]);
	}
	g_string_append(text, ")");
}

/*
 * The user's expression stands last: `vlan` and `mpls` in it move the offsets
 * of all that follows.
 */
char *filter_text(const struct st_selection *selection, const char *expression)
{
	GString *text = g_string_new(NULL);

	if (selection->ip_version != 6)
		g_string_append(text, "(" ICMP4_ERRORS ") or ");
	if (selection->ip_version != 4)
		g_string_append(text, "(" ICMP6_ERRORS ") or ");
	g_string_append(text, selection->protocol == ST_PROTOCOL_TCP   ? "(tcp"
			      : selection->protocol == ST_PROTOCOL_UDP ? "(udp"
								       : "((tcp or udp)");
	if (selection->ip_version != 0)
		g_string_append(text, selection->ip_version == 4 ? " and ip" : " and ip6");
	if (selection->port != 0)
		g_string_append_printf(text, " and port %u", selection->port);
	add_peers(text, selection);
	if (expression != NULL)
		g_string_append_printf(text, " and (%s)", expression);
	g_string_append(text, ")");
	return g_string_free(text, FALSE);
}
