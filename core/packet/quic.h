/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QUIC's long headers, and the one packet that can be told from other datagrams
 * by them: the Initial. Neither decrypts nor verifies; service/quic.c does.
 */
#ifndef ST_PACKET_QUIC_H
#define ST_PACKET_QUIC_H

#include <servicetrace/packet.h>

#include "base/reader.h"

#define QUIC_CONNECTION_ID_MAX 20 /* RFC 9000, 17.2 */
#define QUIC_DATAGRAM_MIN 1200	  /* that holds a client's Initial (RFC 9000, 14.1) */

/* Versions whose Initials look and are protected alike. */
enum quic_dialect {
	QUIC_1, /* RFC 9000; drafts 33 and 34 */
	QUIC_2, /* RFC 9369 */
	QUIC_DRAFT_29,
	QUIC_DRAFT_23,
	QUIC_DRAFT_22,
	QUIC_Q050, /* Google's, with its own handshake inside */
	QUIC_T050, /* Google's, with TLS inside */
	QUIC_T051,
	QUIC_DIALECTS
};

enum quic_packet_type { QUIC_INITIAL, QUIC_ZERO_RTT, QUIC_HANDSHAKE, QUIC_RETRY };

/* What long headers have in common (RFC 8999, 5.1), and the type. */
struct quic_long_header {
	enum quic_dialect dialect;
	enum quic_packet_type type;
	bool standard;	/* version of an RFC, or a draft that was in general use: from 27 on */
	bool fixed_bit; /* the QUIC bit; clients that come again may clear it (RFC 9287, 3.1) */
	const uint8_t *dcid; /* destination connection id; borrowed from the packet */
	uint8_t dcid_bytes;
};

/*
 * Reads a long header of a version that is known, down to both connection ids;
 * what follows depends on the type. False: there is none, or it is cut.
 */
bool quic_read_long_header(struct reader *reader, struct quic_long_header *header);

/* An integer of 1 to 8 bytes (RFC 9000, 16). */
uint64_t quic_read_varint(struct reader *reader);

/*
 * True if the UDP packet holds a QUIC Initial: long header of version 1, 2 or of
 * a draft from 27 to 34 (RFC 9000, 17.2.2; RFC 9369, 3.2) in a datagram that is as
 * large as one must be. One without the QUIC bit is none here: where nobody
 * decrypts it, that bit tells it from other protocols.
 */
bool quic_is_initial(const struct st_packet *packet, const struct st_frame *frame);

#endif
