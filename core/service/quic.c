/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/quic.h"

#include <gcrypt.h>
#include <glib.h>
#include <string.h>

#define HASH_BYTES 32 /* SHA-256 */
#define SALT_BYTES 20
#define TAG_BYTES 16
#define SAMPLE_BYTES 16
#define PACKET_NUMBER_BYTES_MAX 4
#define LONG_HEADER_PROTECTED_BITS 0x0f
#define LABEL_MAX 32

struct quic_crypto {
	gcry_cipher_hd_t aead, block;
	gcry_md_hd_t hmac;
	uint8_t plain[QUIC_PACKET_MAX];
};

/* What makes keys differ from dialect to dialect. */
struct derivation {
	const char *salt;
	const char *key, *iv, *header_key; /* labels */
};

#define LABELS_1 "quic key", "quic iv", "quic hp"
#define LABELS_2 "quicv2 key", "quicv2 iv", "quicv2 hp"

/* RFC 9001, 5.2; RFC 9369, 3.3.1; the drafts of the former; QUICHE's source. */
static const struct derivation derivations[QUIC_DIALECTS] = {
	[QUIC_1] = {"\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f"
		    "\x0a",
		    LABELS_1},
	[QUIC_2] = {"\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e"
		    "\xd9",
		    LABELS_2},
	[QUIC_DRAFT_29] = {"\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43"
			   "\x90\xa8\x99",
			   LABELS_1},
	[QUIC_DRAFT_23] = {"\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe"
			   "\xf9\xf5\x02",
			   LABELS_1},
	[QUIC_DRAFT_22] = {"\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a"
			   "\x02\x64\x4a",
			   LABELS_1},
	[QUIC_Q050] = {"\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5"
		       "\x6b\x45",
		       LABELS_1},
	[QUIC_T050] = {"\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48"
		       "\x83\x10",
		       LABELS_1},
	[QUIC_T051] = {"\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e"
		       "\x03\x3d",
		       LABELS_1},
};

struct quic_crypto *quic_crypto_new(void)
{
	struct quic_crypto *crypto = g_new0(struct quic_crypto, 1);

	if (gcry_cipher_open(&crypto->aead, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_GCM, 0) ||
	    gcry_cipher_open(&crypto->block, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_ECB, 0) ||
	    gcry_md_open(&crypto->hmac, GCRY_MD_SHA256, GCRY_MD_FLAG_HMAC)) {
		quic_crypto_free(crypto);
		return NULL;
	}
	return crypto;
}

void quic_crypto_free(struct quic_crypto *crypto)
{
	if (!crypto)
		return;
	gcry_cipher_close(crypto->aead);
	gcry_cipher_close(crypto->block);
	gcry_md_close(crypto->hmac);
	g_free(crypto);
}

static bool hmac(struct quic_crypto *crypto, const void *key, size_t key_bytes, const void *data,
		 size_t count, uint8_t out[HASH_BYTES])
{
	if (gcry_md_setkey(crypto->hmac, key, key_bytes))
		return false;
	gcry_md_write(crypto->hmac, data, count);
	memcpy(out, gcry_md_read(crypto->hmac, 0), HASH_BYTES);
	return true;
}

/* HKDF-Expand-Label (RFC 8446, 7.1) without context, for up to one block of the hash. */
static bool expand(struct quic_crypto *crypto, const uint8_t secret[HASH_BYTES], const char *label,
		   uint8_t *out, size_t count)
{
	static const char prefix[] = "tls13 ";
	size_t prefix_bytes = sizeof(prefix) - 1, label_bytes = strlen(label), at = 0;
	uint8_t info[LABEL_MAX], block[HASH_BYTES];

	g_assert(prefix_bytes + label_bytes + 5 <= sizeof(info) && count <= sizeof(block));
	info[at++] = 0;
	info[at++] = (uint8_t)count;
	info[at++] = (uint8_t)(prefix_bytes + label_bytes);
	memcpy(info + at, prefix, prefix_bytes);
	memcpy(info + at + prefix_bytes, label, label_bytes);
	at += prefix_bytes + label_bytes;
	info[at++] = 0; /* the context's length */
	info[at++] = 1; /* the block's number (RFC 5869, 2.3) */
	if (!hmac(crypto, secret, HASH_BYTES, info, at, block))
		return false;
	memcpy(out, block, count);
	return true;
}

bool quic_make_keys(struct quic_crypto *crypto, enum quic_dialect dialect, const uint8_t *dcid,
		    size_t dcid_bytes, struct quic_keys *keys)
{
	const struct derivation *how = &derivations[dialect];
	uint8_t initial[HASH_BYTES], client[HASH_BYTES];

	keys->dialect = dialect;
	return hmac(crypto, how->salt, SALT_BYTES, dcid, dcid_bytes, initial) &&
	       expand(crypto, initial, "client in", client, sizeof(client)) &&
	       expand(crypto, client, how->key, keys->key, sizeof(keys->key)) &&
	       expand(crypto, client, how->iv, keys->iv, sizeof(keys->iv)) &&
	       expand(crypto, client, how->header_key, keys->header_key, sizeof(keys->header_key));
}

/* What lies between the connection ids and the length: an Initial's token (RFC 9000, 17.2.2). */
static bool pass_token(struct reader *reader)
{
	uint64_t bytes = quic_read_varint(reader);

	if (bytes > reader->left)
		return false;
	reader_skip(reader, (size_t)bytes);
	return true;
}

enum st_status quic_next_initial(struct reader *datagram, struct quic_initial *initial)
{
	const uint8_t *begin = datagram->at;
	size_t there = datagram->left;
	uint64_t length;

	if (!quic_read_long_header(datagram, &initial->header) ||
	    initial->header.type == QUIC_RETRY ||
	    (initial->header.type == QUIC_INITIAL && !pass_token(datagram)))
		return ST_MALFORMED;
	length = quic_read_varint(datagram);
	if (datagram->overrun || length > QUIC_PACKET_MAX)
		return ST_MALFORMED;
	initial->bytes = begin;
	initial->packet_number_offset = (uint32_t)(there - datagram->left);
	initial->wire = initial->packet_number_offset + (uint32_t)length;
	initial->captured = (uint32_t)MIN(initial->wire, there);
	reader_skip(datagram, (size_t)MIN(length, datagram->left));
	return initial->header.type == QUIC_INITIAL ? ST_OK : ST_NONE;
}

/* RFC 9000, A.3: the number nearest to the next one expected that ends in these bits. */
static uint64_t whole_packet_number(uint64_t max, uint32_t truncated, unsigned bytes)
{
	uint64_t window = UINT64_C(1) << (8 * bytes), expected = max + 1;
	uint64_t number = (expected & ~(window - 1)) | truncated;

	if (number + window / 2 <= expected)
		return number + window;
	if (number > expected + window / 2 && number >= window)
		return number - window;
	return number;
}

/* The part of the header that is protected, laid open (RFC 9001, 5.4). */
struct opened_header {
	uint8_t first;
	uint8_t number[PACKET_NUMBER_BYTES_MAX];
	unsigned number_bytes;
	uint64_t packet_number;
};

static bool open_header(struct quic_crypto *crypto, const struct quic_keys *keys,
			const struct quic_initial *initial, uint64_t packet_number_max,
			struct opened_header *header)
{
	const uint8_t *number = initial->bytes + initial->packet_number_offset;
	uint32_t sample_end =
		initial->packet_number_offset + PACKET_NUMBER_BYTES_MAX + SAMPLE_BYTES;
	uint32_t truncated = 0;
	uint8_t mask[SAMPLE_BYTES];

	if (initial->captured < sample_end ||
	    gcry_cipher_setkey(crypto->block, keys->header_key, sizeof(keys->header_key)) ||
	    gcry_cipher_encrypt(crypto->block, mask, sizeof(mask), number + PACKET_NUMBER_BYTES_MAX,
				SAMPLE_BYTES))
		return false;
	header->first = initial->bytes[0] ^ (mask[0] & LONG_HEADER_PROTECTED_BITS);
	header->number_bytes = (header->first & 0x3U) + 1;
	for (unsigned i = 0; i < header->number_bytes; i++) {
		header->number[i] = number[i] ^ mask[1 + i];
		truncated = truncated << 8 | header->number[i];
	}
	header->packet_number =
		whole_packet_number(packet_number_max, truncated, header->number_bytes);
	return true;
}

/* Key, nonce and associated data (RFC 9001, 5.3). */
static bool prepare_aead(struct quic_crypto *crypto, const struct quic_keys *keys,
			 const struct quic_initial *initial, const struct opened_header *header)
{
	uint8_t nonce[sizeof(keys->iv)];

	memcpy(nonce, keys->iv, sizeof(nonce));
	for (unsigned i = 0; i < sizeof(header->packet_number); i++)
		nonce[sizeof(nonce) - 1 - i] ^= (uint8_t)(header->packet_number >> (8 * i));
	return !gcry_cipher_setkey(crypto->aead, keys->key, sizeof(keys->key)) &&
	       !gcry_cipher_setiv(crypto->aead, nonce, sizeof(nonce)) &&
	       !gcry_cipher_authenticate(crypto->aead, &header->first, 1) &&
	       !gcry_cipher_authenticate(crypto->aead, initial->bytes + 1,
					 initial->packet_number_offset - 1) &&
	       !gcry_cipher_authenticate(crypto->aead, header->number, header->number_bytes);
}

enum st_status quic_open(struct quic_crypto *crypto, const struct quic_keys *keys,
			 const struct quic_initial *initial, uint64_t *packet_number_max,
			 struct reader *frames)
{
	struct opened_header header;
	uint32_t begin, end, count;

	if (initial->captured < initial->wire ||
	    !open_header(crypto, keys, initial, *packet_number_max, &header))
		return ST_MALFORMED;
	begin = initial->packet_number_offset + header.number_bytes;
	end = initial->wire - TAG_BYTES;
	count = end - begin;
	if (count > sizeof(crypto->plain) || !prepare_aead(crypto, keys, initial, &header) ||
	    gcry_cipher_decrypt(crypto->aead, crypto->plain, sizeof(crypto->plain),
				initial->bytes + begin, count))
		return ST_MALFORMED;
	*frames = reader_over(crypto->plain, count);
	if (gcry_cipher_checktag(crypto->aead, initial->bytes + end, TAG_BYTES))
		return ST_MALFORMED;
	*packet_number_max = MAX(*packet_number_max, header.packet_number);
	return ST_OK;
}
