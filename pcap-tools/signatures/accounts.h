/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows counted under headings, and under parts of these: a small table of contents of a capture.
 */
#ifndef ST_SIGNATURES_ACCOUNTS_H
#define ST_SIGNATURES_ACCOUNTS_H

#include <glib.h>

#include <servicetrace/flow.h>

struct accounts;

struct accounts *accounts_new(void);
void accounts_free(struct accounts *accounts);

/* Counts a flow under `heading` and there under `part`; NULL: the heading has no parts. */
void accounts_add(struct accounts *accounts, const struct st_flow *flow, const char *heading,
		  const char *part);

/*
 * Appends a table with this title: flows, packets, bytes and heading, most bytes
 * first, each heading followed by its parts. Nothing if there are no flows.
 */
void accounts_print(const struct accounts *accounts, const char *title, GString *text);

#endif
