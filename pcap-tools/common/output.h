/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writing to a descriptor so that nothing is lost silently: all bytes are out
 * when the call returns, or the error says what could not be written and why.
 */
#ifndef ST_TOOLS_OUTPUT_H
#define ST_TOOLS_OUTPUT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

/* Writes all `count` bytes; `name` is what the error calls the place ("standard output"). */
bool output_write(int fd, const char *name, const void *bytes, size_t count, GError **error);

/* Writes a text to standard output. */
bool output_print(const char *text, GError **error);

#endif
