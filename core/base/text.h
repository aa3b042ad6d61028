/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that is not ours, made fit to be shown. */
#ifndef ST_BASE_TEXT_H
#define ST_BASE_TEXT_H

/*
 * `text` as one line that does a terminal no harm: what is no UTF-8 becomes
 * U+FFFD, control and formatting characters become "?". To be freed with g_free().
 */
char *text_printable(const char *text);

#endif
