/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stamps of captures as nanoseconds. */
#ifndef ST_TOOLS_STAMP_H
#define ST_TOOLS_STAMP_H

#include <servicetrace/base.h>

/* Stamps from here on do not fit 64 bits of nanoseconds: the year 2554. */
#define STAMP_SECONDS_MAX (UINT64_MAX / ST_NS_PER_S)

/* Damaged files have stamps of any kind: before 1970 becomes 1970, too late as late as can be. */
static inline uint64_t stamp_from(int64_t seconds, int64_t nanoseconds)
{
	if (seconds < 0 || nanoseconds < 0)
		return 0;
	if ((uint64_t)seconds >= STAMP_SECONDS_MAX)
		return STAMP_SECONDS_MAX * ST_NS_PER_S;
	return (uint64_t)seconds * ST_NS_PER_S + (uint64_t)nanoseconds;
}

#endif
