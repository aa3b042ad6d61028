/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * st-inject as one of Wireshark's external capture programs (extcap): with a
 * link to it in Wireshark's extcap folder each interface that can be traced on
 * has a second entry, "Service Traceroute: eth0", in the start page.
 */
#ifndef ST_INJECT_EXTCAP_H
#define ST_INJECT_EXTCAP_H

#include <glib.h>
#include <stdbool.h>

#include "extcap_request.h"

/*
 * Answers what Wireshark asks on standard output and returns NULL, with `error`
 * if that failed. For a capture it returns the command line of the run instead,
 * for options_parse(), and standard output is Wireshark's pipe from then on;
 * freed with g_strfreev().
 */
char **extcap_answer(char *const *argv, GError **error);

/*
 * True if nobody reads standard output any more: Wireshark has stopped the
 * capture, and what could not be written to it is no failure.
 */
bool extcap_is_stopped(void);

#endif
