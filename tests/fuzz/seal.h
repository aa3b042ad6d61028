/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Protects what the fuzzer has made as a client protects its Initials (RFC 9001,
 * 5): no fuzzer guesses a tag of 16 bytes. The keys are the core's own; unit
 * tests hold those against the RFC.
 */
#ifndef ST_TESTS_FUZZ_SEAL_H
#define ST_TESTS_FUZZ_SEAL_H

#include <gcrypt.h>

#include "input.h"
#include "service/quic.h"
#include "wire.h"

#define SEAL_TAG_BYTES 16
#define SEAL_FRAMES_MAX 1600 /* of one packet; it and its headers fit into a struct wire */

struct seal {
	uint32_t version;
	enum quic_dialect dialect; /* that of the version */
	unsigned type;		   /* bits 4 and 5 of the first byte */
	const uint8_t *keys_of;	   /* connection id that the keys are made of */
	uint8_t keys_of_bytes;
	const uint8_t *dcid; /* in the header */
	uint8_t dcid_bytes;
	uint8_t token_bytes;
	uint32_t number;
	unsigned number_bytes; /* 1 to 4 */
};

/* Down to the packet number, which is not protected yet. */
static inline void seal_header(struct wire *wire, const struct seal *seal, size_t frames)
{
	wire_u8(wire, 0xc0 | (seal->type & 3) << 4 | (seal->number_bytes - 1));
	wire_u32(wire, seal->version);
	wire_u8(wire, seal->dcid_bytes);
	wire_bytes(wire, seal->dcid, seal->dcid_bytes);
	wire_u8(wire, 0);
	wire_u16(wire, 0x4000u | seal->token_bytes);
	wire_fill(wire, 7, seal->token_bytes);
	wire_u16(wire, (unsigned)(0x4000u | (seal->number_bytes + frames + SEAL_TAG_BYTES)));
	for (unsigned i = seal->number_bytes; i > 0; i--)
		wire_u8(wire, seal->number >> (8 * (i - 1)) & 0xff);
}

static inline void seal_frames(const struct quic_keys *keys, uint32_t number, const uint8_t *header,
			       size_t header_bytes, uint8_t *frames, size_t count)
{
	gcry_cipher_hd_t aead;
	uint8_t nonce[sizeof(keys->iv)];

	memcpy(nonce, keys->iv, sizeof(nonce));
	for (unsigned i = 0; i < 4; i++)
		nonce[sizeof(nonce) - 1 - i] ^= (uint8_t)(number >> (8 * i));
	must(!gcry_cipher_open(&aead, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_GCM, 0));
	must(!gcry_cipher_setkey(aead, keys->key, sizeof(keys->key)));
	must(!gcry_cipher_setiv(aead, nonce, sizeof(nonce)));
	must(!gcry_cipher_authenticate(aead, header, header_bytes));
	must(!gcry_cipher_encrypt(aead, frames, count, NULL, 0));
	must(!gcry_cipher_gettag(aead, frames + count, SEAL_TAG_BYTES));
	gcry_cipher_close(aead);
}

static inline void seal_number(const struct quic_keys *keys, uint8_t *first, uint8_t *number,
			       unsigned number_bytes)
{
	gcry_cipher_hd_t block;
	uint8_t mask[16];

	must(!gcry_cipher_open(&block, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_ECB, 0));
	must(!gcry_cipher_setkey(block, keys->header_key, sizeof(keys->header_key)));
	must(!gcry_cipher_encrypt(block, mask, sizeof(mask), number + 4, sizeof(mask)));
	gcry_cipher_close(block);
	*first ^= mask[0] & 0x0f;
	for (unsigned i = 0; i < number_bytes; i++)
		number[i] ^= mask[1 + i];
}

/* Appends the protected packet of these frames, at most SEAL_FRAMES_MAX and at least 4 bytes. */
static inline void seal_packet(struct wire *wire, struct quic_crypto *crypto,
			       const struct seal *seal, const uint8_t *frames, size_t count)
{
	size_t begin = wire->count, number_at, frames_at;
	struct quic_keys keys;

	must(count >= 4 && count <= SEAL_FRAMES_MAX);
	must(quic_make_keys(crypto, seal->dialect, seal->keys_of, seal->keys_of_bytes, &keys));
	seal_header(wire, seal, count);
	frames_at = wire->count;
	number_at = frames_at - seal->number_bytes;
	wire_bytes(wire, frames, count);
	wire_fill(wire, 0, SEAL_TAG_BYTES);
	seal_frames(&keys, seal->number, wire->bytes + begin, frames_at - begin,
		    wire->bytes + frames_at, count);
	seal_number(&keys, wire->bytes + begin, wire->bytes + number_at, seal->number_bytes);
}

#endif
