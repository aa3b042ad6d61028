/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The values of options as text: whole numbers and times within a range.
 * The error says which option, which value and what would be right.
 */
#ifndef ST_TOOLS_VALUES_H
#define ST_TOOLS_VALUES_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Reads a whole decimal number from `low` to `high`; `option` is for the error ("--probes"). */
bool value_number(const char *option, const char *text, uint64_t low, uint64_t high,
		  uint64_t *number, GError **error);

/*
 * Reads a time with its unit (us, ms, s, min, h; "1.5s" is fine, as is a bare
 * "0") from `low_ns` to `high_ns`, in nanoseconds.
 */
bool value_time(const char *option, const char *text, uint64_t low_ns, uint64_t high_ns,
		uint64_t *time_ns, GError **error);

/* A time in the largest unit that shows it as a whole number, "20ms"; freed with g_free(). */
char *value_time_text(uint64_t time_ns);

/* A word that an option takes, and what it stands for. */
struct value_word {
	const char *text;
	int value;
};

/* One of `count` known words. False: `error` names them all. */
bool value_word(const char *option, const char *text, const struct value_word *words, size_t count,
		int *value, GError **error);

#endif
