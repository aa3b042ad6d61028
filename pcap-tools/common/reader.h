/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Captures as a source of frames. */
#ifndef ST_TOOLS_READER_H
#define ST_TOOLS_READER_H

#include <glib.h>
#include <stdbool.h>

#include <servicetrace/packet.h>

struct reader;

/*
 * Opens a capture ("-": standard input) of a link type that can be decoded.
 * NULL: `error` is one line that begins with the file's name.
 */
struct reader *reader_open(const char *path, GError **error);
void reader_close(struct reader *reader);

/* The DLT_ of all its frames. */
uint32_t reader_link_type(const struct reader *reader);

/*
 * Reads a frame, whose bytes live until the next call; its cookie is its number
 * in the file. False at the end; with `error` if the file is broken here.
 */
bool reader_next(struct reader *reader, struct st_frame *frame, GError **error);

#endif
