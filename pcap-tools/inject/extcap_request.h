/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What Wireshark asks of an extcap program, read from a command line, and the
 * command line of st-inject that does what is asked.
 */
#ifndef ST_INJECT_EXTCAP_REQUEST_H
#define ST_INJECT_EXTCAP_REQUEST_H

#include <glib.h>
#include <stdbool.h>

#include "extcap_fields.h"

enum extcap_action {
	EXTCAP_NOTHING, /* nothing that is known: later versions of Wireshark ask more */
	EXTCAP_LIST_INTERFACES,
	EXTCAP_LIST_LINK_TYPES,
	EXTCAP_SHOW_DIALOG,
	EXTCAP_CHECK_FILTER,
	EXTCAP_CAPTURE,
};

/* A field of the dialog and what was entered; points into the command line. */
struct extcap_answer {
	const struct extcap_field *field;
	const char *value; /* NULL: a flag, which is set */
};

/* Points into the command line. */
struct extcap_request {
	enum extcap_action action;
	const char *interface; /* of the operating system; NULL: none is named */
	const char *fifo;      /* NULL: none is named */
	const char *filter;    /* NULL: none, or an empty one */
	const char *reload;    /* the field whose choices are wanted anew; NULL: the dialog */
	GArray *answers;       /* struct extcap_answer */
};

/* Wireshark's name of an interface begins so. */
#define EXTCAP_INTERFACE_PREFIX "st-"

/* True if this command line is Wireshark's. */
bool extcap_is_meant(char *const *argv);

/*
 * Reads all of it; argv[0] is passed over. False: `error` is the first thing that
 * is wrong, one line of code FAILURE_USAGE, and what could be read is in `request`
 * all the same. extcap_request_clear() in either case.
 */
bool extcap_request_read(struct extcap_request *request, char *const *argv, GError **error);
void extcap_request_clear(struct extcap_request *request);

/*
 * A command line for options_parse() that captures as asked and writes the
 * capture to standard output, without reports. Freed with g_strfreev(). NULL:
 * `error` says what is missing.
 */
char **extcap_request_command(const struct extcap_request *request, GError **error);

/* The values entered for the option `option` of st-inject (char *); freed with g_ptr_array_unref().
 */
GPtrArray *extcap_request_values(const struct extcap_request *request, const char *option);

#endif
