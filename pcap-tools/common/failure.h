/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the programs fail: a GError whose code is the exit status, and the one
 * line on standard error that tells a person.
 */
#ifndef ST_TOOLS_FAILURE_H
#define ST_TOOLS_FAILURE_H

#include <glib.h>

/* Exit statuses; the first three are also codes of FAILURE_ERROR. */
enum failure {
	FAILURE_NONE = 0,
	FAILURE_RUNNING = 1, /* no such interface, no permission, disk full ... */
	FAILURE_USAGE = 2,   /* the command line is wrong */
	FAILURE_DIFFERS = 3, /* st-replay --expect found differences */
};

#define FAILURE_ERROR failure_quark()
GQuark failure_quark(void);

/* The exit status that an error stands for: any error of another domain is FAILURE_RUNNING. */
enum failure failure_status(const GError *error);

/*
 * Writes "PROGRAM: TEXT" and a line's end to standard error, always as one line:
 * control characters in what the user gave are shown as "?".
 */
void complain(const char *program, const char *format, ...) G_GNUC_PRINTF(2, 3);

/*
 * What every program does first: a broken pipe is an error of write() and no
 * signal, and descriptors 0 to 2 are taken, so that no file opened later is
 * mistaken for standard output.
 */
void prepare_process(void);

#endif
