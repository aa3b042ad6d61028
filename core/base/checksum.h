/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Internet checksum (RFC 1071), in pieces: start with 0, add byte runs and
 * numbers, finish. Only the last run may have an odd length.
 */
#ifndef ST_BASE_CHECKSUM_H
#define ST_BASE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

uint64_t checksum_add(uint64_t sum, const uint8_t *bytes, size_t count);

/* The field's value in host order; 0 if the summed bytes already held a right one. */
uint16_t checksum_finish(uint64_t sum);

#endif
