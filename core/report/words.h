/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the report formats share: which members a flow has, and text fit to be shown. */
#ifndef ST_REPORT_WORDS_H
#define ST_REPORT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* True if flows of this protocol are told apart by ports. */
bool report_has_ports(uint8_t protocol);

/*
 * `text` as one line that does a terminal no harm: what is no UTF-8 becomes
 * U+FFFD, control and formatting characters become "?". To be freed with g_free().
 */
char *report_printable(const char *text);

#endif
