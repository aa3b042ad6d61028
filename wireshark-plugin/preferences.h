/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the user may set. */
#ifndef ST_WIRESHARK_PREFERENCES_H
#define ST_WIRESHARK_PREFERENCES_H

#include "compat.h"

#include <servicetrace/service.h>

struct preferences {
	unsigned rtt_high_ms; /* bands of the RTT: from the one to the other, and above */
	unsigned rtt_very_high_ms;
	unsigned wait_ms; /* for a reply */
	compat_bool info_column;
	compat_bool any_encapsulation;
};

/* Registers them for the protocol; returns what they are now and later. */
const struct preferences *preferences_register(int protocol);

/* The signature database by the preferences of now, see signatures_read(). */
struct st_signatures *preferences_signatures(void);

#endif
