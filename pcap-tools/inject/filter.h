/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's capture filter for a selection. */
#ifndef ST_INJECT_FILTER_H
#define ST_INJECT_FILTER_H

#include <glib.h>
#include <pcap/pcap.h>
#include <stdbool.h>

#include <servicetrace/config.h>

/* What the kernel takes; libpcap would else filter by itself, with a warning of its own. */
#define FILTER_INSTRUCTIONS_MAX 4096u

/*
 * More peers than this are left to the tracer: an IPv6 flow needs 50 instructions
 * or more, and FILTER wants its share.
 */
#define FILTER_PEERS_MAX 32

struct filter {
	char *text; /* what is let in, as pcap-filter(7) says it, for people */
	struct bpf_program program;
	bool plain_only; /* no room was left for packets behind tags, PPPoE and MPLS labels */
};

struct filter_request {
	const struct st_selection *selection;
	const char *expression; /* the user's own; NULL: none */
	bool with_answers;	/* of DNS, whatever else is selected */
};

/*
 * Compiles a filter that lets in TCP and UDP of what is selected, narrowed by the
 * user's own expression, all ICMP errors of the selected IP version, and perhaps
 * what DNS answers; on Ethernet also behind VLAN tags, PPPoE and MPLS labels. It may let
 * in more than is selected, never less, unless it says plain_only. False: the
 * expression is wrong or too long. filter_clear() in either case.
 */
bool filter_make(struct filter *filter, pcap_t *pcap, const struct filter_request *request,
		 GError **error);
void filter_clear(struct filter *filter);

/*
 * True if it asks of a packet what does not stand in its frame (`inbound`,
 * `ifindex`): pcap_offline_filter() would let nothing in.
 */
bool filter_needs_kernel(const struct filter *filter);

#endif
