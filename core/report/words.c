/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fixed words of reports. How they are arranged is told by json.c and text.c. */
#include <servicetrace/report.h>

#include "report/words.h"
#include "version.h"

const char *st_version(void)
{
	return ST_VERSION_TEXT;
}

const char *st_algorithm_text(enum st_algorithm algorithm)
{
	switch (algorithm) {
	case ST_ALGORITHM_UNKNOWN:
		return NULL;
	case ST_ALGORITHM_CONCURRENT:
		return "concurrent";
	case ST_ALGORITHM_HOP_BY_HOP:
		return "hop-by-hop";
	case ST_ALGORITHM_PACKET_BY_PACKET:
		return "packet-by-packet";
	}
	return NULL;
}

const char *st_stop_reason_text(enum st_stop_reason reason)
{
	switch (reason) {
	case ST_STOP_NONE:
		return NULL;
	case ST_STOP_DESTINATION:
		return "destination";
	case ST_STOP_MAX_TTL:
		return "max-ttl";
	case ST_STOP_MISSING_HOPS:
		return "missing-hops";
	case ST_STOP_BORDER:
		return "border";
	case ST_STOP_FLOW_CLOSED:
		return "flow-closed";
	case ST_STOP_INTERRUPTED:
		return "interrupted";
	case ST_STOP_END_OF_CAPTURE:
		return "end-of-capture";
	case ST_STOP_FLOW_TIMEOUT:
		return "flow-timeout";
	case ST_STOP_NEAR_DESTINATION:
		return "near-destination";
	}
	return NULL;
}

bool report_has_ports(uint8_t protocol)
{
	return protocol == ST_PROTOCOL_TCP || protocol == ST_PROTOCOL_UDP;
}
