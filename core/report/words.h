/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the report formats share: words, times, and which values a trace has. */
#ifndef ST_REPORT_WORDS_H
#define ST_REPORT_WORDS_H

#include <glib.h>

#include <servicetrace/report.h>

/* True if flows of this protocol are told apart by ports. */
bool report_has_ports(uint8_t protocol);

/* True if both ports are there: they vary within some classic traces. */
bool report_has_flow_ports(const struct st_tuple *tuple);

/* "syn", "ack" …: the names of the TCP flags that are set, NULL at the end. */
#define REPORT_TCP_FLAGS_MAX 9
void report_tcp_flags(uint8_t flags, const char *names[REPORT_TCP_FLAGS_MAX]);

/* RFC 3339 in UTC, down to microseconds, to be freed with g_free(); NULL if there is no stamp. */
char *report_time_text(uint64_t stamp_ns);

/* What is known of a router; all zero if nothing is. Its texts live until the next call. */
struct st_router report_router(const struct st_report_options *options, const struct st_addr *addr);

/* How many labels a reply really holds. */
size_t report_label_count(const struct st_reply *reply);

/* "L=16001,E=0,S=1,T=1", more labels behind "/". */
void report_append_labels(GString *out, const struct st_reply *reply);

/* The reply's probe, or NULL: it is not in the capture. */
const struct st_sent *report_probe_of(const struct st_hop *hop, const struct st_reply *reply);

/* Length of the first probe of which it is known, as an IP packet; 0: of none. */
uint16_t report_probe_bytes(const struct st_trace *trace);

#endif
