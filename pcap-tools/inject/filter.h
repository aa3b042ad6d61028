/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's capture filter for a selection, as a pcap-filter(7) expression. */
#ifndef ST_INJECT_FILTER_H
#define ST_INJECT_FILTER_H

#include <servicetrace/config.h>

/*
 * Lets in TCP of what is selected, narrowed by the user's own `expression`
 * (NULL: none), and all ICMP errors of the selected IP version. It may let in
 * more than is selected (see FILTER_PEERS_MAX), never less. Freed with g_free().
 */
char *filter_text(const struct st_selection *selection, const char *expression);

/*
 * More peers than this are left to the tracer: the kernel takes 4096 instructions,
 * an IPv6 flow needs 50 of them, and FILTER wants its share.
 */
#define FILTER_PEERS_MAX 32

#endif
