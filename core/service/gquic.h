/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Google's own QUIC and its client hello (CHLO), which names the host as a
 * ClientHello does: in clear up to Q046, in encrypted Initials with Q050.
 */
#ifndef ST_SERVICE_GQUIC_H
#define ST_SERVICE_GQUIC_H

#include <servicetrace/base.h>

#include "service/hello.h"

/* Does a handshake message begin as a CHLO does? ST_TRUNCATED: as far as it goes. */
enum st_status gquic_begins_chlo(const uint8_t *message, size_t count);

/*
 * Reads the host from a CHLO. ST_OK: all of it was there; ST_TRUNCATED: not, and
 * what was there had no host, or was none.
 */
enum st_status gquic_read_chlo(const uint8_t *message, size_t count, struct hello_facts *facts);

/*
 * The CHLO in a datagram of a version without encryption (Q024 to Q046), which is
 * padded to have one to itself. ST_NONE: there is none.
 */
enum st_status gquic_find_chlo(const uint8_t *datagram, size_t count, const uint8_t **chlo,
			       size_t *chlo_count);

#endif
