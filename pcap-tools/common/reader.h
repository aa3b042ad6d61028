/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures as a source of frames, whichever library reads them. */
#ifndef ST_TOOLS_READER_H
#define ST_TOOLS_READER_H

#include <glib.h>
#include <stdbool.h>

#include <servicetrace/packet.h>

struct reader;

/*
 * Opens a capture ("-": standard input). NULL: `error` is one line that begins with
 * the file's name.
 */
struct reader *reader_open(const char *path, GError **error);
void reader_close(struct reader *reader);

/*
 * Reads a frame, whose bytes live until the next call; its cookie is its number
 * in the file, its link type and interface are its own. False at the end; with
 * `error` if the file is broken here, or if none of its frames could be decoded for
 * their link type.
 */
bool reader_next(struct reader *reader, struct st_frame *frame, GError **error);

/*
 * "25 frames", read so far, and how many of them could not be decoded for their link
 * type, with its name. Freed with g_free().
 */
char *reader_count(const struct reader *reader);

#endif
