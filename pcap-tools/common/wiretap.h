/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Captures that libpcap cannot read, through libwiretap where it is built in:
 * several link types in one file, compressed files, other programs' formats. Where
 * it is not (reader_none.c), no file opens.
 */
#ifndef ST_TOOLS_WIRETAP_H
#define ST_TOOLS_WIRETAP_H

#include <glib.h>
#include <stdbool.h>

#include <servicetrace/packet.h>

struct wiretap;

/*
 * Opens a file. NULL: it cannot be read; *why says why (freed by the caller), or
 * stays NULL if it is no capture in any format that is known here.
 */
struct wiretap *wiretap_open(const char *path, char **why);
void wiretap_close(struct wiretap *wiretap);

/*
 * Reads a frame, all but its cookie; its bytes live until the next call. False at the
 * end; with *why, the caller's to free, if the file is broken here.
 */
bool wiretap_next(struct wiretap *wiretap, struct st_frame *frame, char **why);

/*
 * What frames of this link type are, also where that has no number but libwiretap's
 * own; "unknown" if libwiretap does not know either.
 */
const char *wiretap_link_name(uint32_t link_type);

#endif
