/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The one QUIC packet that can be told from other datagrams by its header: the Initial. */
#ifndef ST_PACKET_QUIC_H
#define ST_PACKET_QUIC_H

#include <servicetrace/packet.h>

/*
 * True if the UDP packet holds a QUIC Initial: long header of version 1, 2 or
 * of a draft from 27 to 34 (RFC 9000, 17.2.2; RFC 9369, 3.2) in a datagram that
 * is as large as one must be (RFC 9000, 14.1). Neither decrypts nor verifies.
 */
bool quic_is_initial(const struct st_packet *packet, const struct st_frame *frame);

#endif
