/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the report formats share: which members a flow has. */
#ifndef ST_REPORT_WORDS_H
#define ST_REPORT_WORDS_H

#include <stdbool.h>
#include <stdint.h>

/* True if flows of this protocol are told apart by ports. */
bool report_has_ports(uint8_t protocol);

#endif
