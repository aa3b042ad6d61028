/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Internet checksum (RFC 1071). What goes into it (pseudo headers, fields
 * taken as zero) is left to those who know the protocol.
 */
#include "base/checksum.h"

uint64_t checksum_add(uint64_t sum, const uint8_t *bytes, size_t count)
{
	size_t i = 0;

	/* 64 bits cannot overflow below 2^48 such words, so carries wait for the end. */
	for (; i + 1 < count; i += 2)
		sum += (uint64_t)(bytes[i] << 8 | bytes[i + 1]);
	if (i < count)
		sum += (uint64_t)bytes[i] << 8;
	return sum;
}

uint16_t checksum_finish(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}
