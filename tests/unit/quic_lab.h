/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes a client's Initial packets, by RFC 9001 and with calls of libgcrypt that
 * the core does not use; test_quic.c holds it against the RFCs' samples.
 */
#ifndef ST_TESTS_UNIT_QUIC_LAB_H
#define ST_TESTS_UNIT_QUIC_LAB_H

#include <gcrypt.h>

#include "hello_lab.h"

#define SALT_1 "38762cf7f55934b34d179ae6a4c80cadccbb7f0a"
#define SALT_2 "0dede3def700a6db819381be6e269dcbf9bd2ed9"
#define SALT_DRAFT_29 "afbfec289993d24c9e9786f19c6111e04390a899"
#define SALT_DRAFT_23 "c3eef712c72ebb5a11a7d2432bb46365bef9f502"
#define SALT_Q050 "504574efd066fe2f9d945cfcdbd3a7f0d3b56b45"
#define SALT_T050 "7ff579e5acd072915580304c43a2367c60488310"
#define SALT_T051 "7a4edef4e7ccee5fa4506c19124fc8ccda6e033d"

/* What a sender needs to know. */
struct sealing {
	uint32_t version;
	const char *salt;    /* NULL: version 1's */
	const char *label;   /* before " key"; NULL: "quic" */
	const char *sender;  /* NULL: "client in" */
	const char *keys_of; /* connection id that the keys are made of, 8 bytes as text */
	const char *dcid;    /* in the header; NULL: the same */
	uint64_t number;
	unsigned number_bytes; /* 0: 4 */
	size_t token_bytes;
	unsigned type; /* bits 4 and 5 of the first byte */
	bool greased;  /* without the QUIC bit (RFC 9287) */
};

static inline void quic_lab_hmac(const void *key, size_t key_bytes, const void *data, size_t count,
				 uint8_t out[32])
{
	size_t out_bytes = 32;
	gcry_mac_hd_t mac;

	g_assert_cmpint(gcry_mac_open(&mac, GCRY_MAC_HMAC_SHA256, 0, NULL), ==, 0);
	g_assert_cmpint(gcry_mac_setkey(mac, key, key_bytes), ==, 0);
	g_assert_cmpint(gcry_mac_write(mac, data, count), ==, 0);
	g_assert_cmpint(gcry_mac_read(mac, out, &out_bytes), ==, 0);
	gcry_mac_close(mac);
}

static inline void quic_lab_expand(const uint8_t secret[32], const char *prefix, const char *label,
				   size_t count, uint8_t out[32])
{
	g_autofree char *whole = g_strconcat("tls13 ", prefix, label, NULL);
	GByteArray *info = g_byte_array_new();

	lab_number(info, count, 2);
	lab_number(info, strlen(whole), 1);
	lab_append(info, whole, strlen(whole));
	lab_number(info, 0x0001, 2);
	quic_lab_hmac(secret, 32, info->data, info->len, out);
	g_byte_array_free(info, TRUE);
}

struct quic_lab_keys {
	uint8_t key[32], iv[32], header[32];
};

static inline struct quic_lab_keys quic_lab_keys(const struct sealing *with)
{
	GByteArray *salt = lab_from_hex(with->salt ? with->salt : SALT_1);
	const char *label = with->label ? with->label : "quic";
	uint8_t initial[32], secret[32];
	struct quic_lab_keys keys;

	quic_lab_hmac(salt->data, salt->len, with->keys_of, 8, initial);
	quic_lab_expand(initial, "", with->sender ? with->sender : "client in", 32, secret);
	quic_lab_expand(secret, label, " key", 16, keys.key);
	quic_lab_expand(secret, label, " iv", 12, keys.iv);
	quic_lab_expand(secret, label, " hp", 16, keys.header);
	g_byte_array_free(salt, TRUE);
	return keys;
}

/* The header down to the packet number, which is not protected yet. */
static inline GByteArray *quic_lab_header(const struct sealing *with, unsigned number_bytes,
					  size_t payload_bytes)
{
	GByteArray *header = g_byte_array_new();
	g_autofree uint8_t *token = g_malloc0(with->token_bytes + 1);

	lab_number(header, (with->greased ? 0x80 : 0xc0) | with->type << 4 | (number_bytes - 1), 1);
	lab_number(header, with->version, 4);
	lab_number(header, 8, 1);
	lab_append(header, with->dcid ? with->dcid : with->keys_of, 8);
	lab_number(header, 0, 1);
	if (with->token_bytes > 0)
		lab_number(header, 0x4000 | with->token_bytes, 2);
	else
		lab_number(header, 0, 1);
	lab_append(header, token, with->token_bytes);
	lab_number(header, 0x4000 | (number_bytes + payload_bytes + 16), 2);
	lab_number(header, with->number, number_bytes);
	return header;
}

/* AEAD_AES_128_GCM of `count` bytes in place, the tag behind them. */
static inline void quic_lab_encrypt(const struct quic_lab_keys *keys, uint64_t number,
				    const GByteArray *header, uint8_t *bytes, size_t count)
{
	gcry_cipher_hd_t cipher;
	uint8_t nonce[12];

	for (unsigned i = 0; i < 12; i++)
		nonce[i] = (uint8_t)(keys->iv[i] ^ (i < 4 ? 0 : number >> (8 * (11 - i))));
	g_assert_cmpint(gcry_cipher_open(&cipher, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_GCM, 0), ==,
			0);
	g_assert_cmpint(gcry_cipher_setkey(cipher, keys->key, 16), ==, 0);
	g_assert_cmpint(gcry_cipher_setiv(cipher, nonce, 12), ==, 0);
	g_assert_cmpint(gcry_cipher_authenticate(cipher, header->data, header->len), ==, 0);
	g_assert_cmpint(gcry_cipher_encrypt(cipher, bytes, count, NULL, 0), ==, 0);
	g_assert_cmpint(gcry_cipher_gettag(cipher, bytes + count, 16), ==, 0);
	gcry_cipher_close(cipher);
}

static inline void quic_lab_protect_header(const struct quic_lab_keys *keys, GByteArray *packet,
					   size_t number_at, unsigned number_bytes)
{
	gcry_cipher_hd_t cipher;
	uint8_t mask[16];

	g_assert_cmpint(gcry_cipher_open(&cipher, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_ECB, 0), ==,
			0);
	g_assert_cmpint(gcry_cipher_setkey(cipher, keys->header, 16), ==, 0);
	g_assert_cmpint(gcry_cipher_encrypt(cipher, mask, 16, packet->data + number_at + 4, 16), ==,
			0);
	gcry_cipher_close(cipher);
	packet->data[0] ^= mask[0] & 0x0f;
	for (unsigned i = 0; i < number_bytes; i++)
		packet->data[number_at + i] ^= mask[1 + i];
}

/* The protected packet with these frames, padded to `padded` bytes of them; frees the frames. */
static inline GByteArray *quic_lab_seal(const struct sealing *with, GByteArray *frames,
					size_t padded)
{
	unsigned number_bytes = with->number_bytes ? with->number_bytes : 4;
	size_t count = MAX(padded, frames->len);
	GByteArray *packet = quic_lab_header(with, number_bytes, count);
	g_autofree uint8_t *payload = g_malloc0(count + 16);
	struct quic_lab_keys keys = quic_lab_keys(with);
	size_t number_at = packet->len - number_bytes;

	memcpy(payload, frames->data, frames->len);
	quic_lab_encrypt(&keys, with->number, packet, payload, count);
	lab_append(packet, payload, count + 16);
	quic_lab_protect_header(&keys, packet, number_at, number_bytes);
	g_byte_array_free(frames, TRUE);
	return packet;
}

/* Appends a CRYPTO frame with bytes [from, to) of the message. */
static inline void quic_lab_crypto(GByteArray *frames, const GByteArray *message, guint from,
				   guint to)
{
	lab_number(frames, 6, 1);
	lab_number(frames, 0x80000000u | from, 4);
	lab_number(frames, 0x4000 | (to - from), 2);
	lab_append(frames, message->data + from, to - from);
}

#endif
