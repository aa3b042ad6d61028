/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <servicetrace/base.h>

const char *st_status_text(enum st_status status)
{
	switch (status) {
	case ST_OK:
		return "ok";
	case ST_NONE:
		return "nothing";
	case ST_TRUNCATED:
		return "truncated";
	case ST_MALFORMED:
		return "malformed";
	case ST_UNSUPPORTED:
		return "unsupported";
	case ST_NO_SPACE:
		return "buffer too small";
	case ST_INVALID_ARGUMENT:
		return "invalid argument";
	}
	return "unknown status";
}
