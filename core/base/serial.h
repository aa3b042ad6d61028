/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sequence numbers that wrap (RFC 9293 section 3.4): comparisons within half the circle. */
#ifndef ST_BASE_SERIAL_H
#define ST_BASE_SERIAL_H

#include <stdbool.h>
#include <stdint.h>

static inline bool serial_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool serial_after(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

#endif
