/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens the client's Initial packets of QUIC: their keys are made of what their
 * own headers say (RFC 9001, 5.2), so that everybody on the path can read them.
 * And the frames inside.
 */
#ifndef ST_SERVICE_QUIC_H
#define ST_SERVICE_QUIC_H

#include "packet/quic.h"

/* Far above any path's MTU; a longer packet is passed over. */
#define QUIC_PACKET_MAX 16384

/* Handles of libgcrypt and room for a packet; one a pool. */
struct quic_crypto;

/* NULL: libgcrypt has not what it takes. */
struct quic_crypto *quic_crypto_new(void);
void quic_crypto_free(struct quic_crypto *crypto);

struct quic_keys {
	enum quic_dialect dialect;
	uint8_t key[16], iv[12], header_key[16];
};

/* The client's keys for the connection that began with this destination connection id. */
bool quic_make_keys(struct quic_crypto *crypto, enum quic_dialect dialect, const uint8_t *dcid,
		    size_t dcid_bytes, struct quic_keys *keys);

/* An Initial as it lies in a datagram. */
struct quic_initial {
	struct quic_long_header header;
	const uint8_t *bytes; /* of the packet, protected */
	uint32_t captured;    /* of them there */
	uint32_t wire;	      /* by the packet's own length */
	uint32_t packet_number_offset;
};

/*
 * Takes the next packet of a datagram. ST_OK: an Initial; ST_NONE: another one,
 * passed over; ST_MALFORMED: no more that can be told apart.
 */
enum st_status quic_next_initial(struct reader *datagram, struct quic_initial *initial);

/*
 * Opens an Initial. `packet_number_max` is the highest opened with these keys, 0
 * at first. `frames` live until the next packet is opened. ST_OK: opened, and
 * authentic; ST_MALFORMED: these are not its keys, or it is cut.
 */
enum st_status quic_open(struct quic_crypto *crypto, const struct quic_keys *keys,
			 const struct quic_initial *initial, uint64_t *packet_number_max,
			 struct reader *frames);

/* A piece of the handshake's bytes. */
struct quic_crypto_frame {
	uint64_t offset;
	const uint8_t *bytes;
	uint64_t count; /* those that are there */
	bool cut;	/* by the end of `frames`: there were more */
};

/*
 * Finds the next CRYPTO frame (RFC 9000, 19.6), passing over what else an Initial
 * may hold (12.4). ST_NONE: there are no more; ST_MALFORMED: a frame that may not
 * be there, or is cut; the rest cannot be read.
 */
enum st_status quic_next_crypto(struct reader *frames, struct quic_crypto_frame *frame);

#endif
