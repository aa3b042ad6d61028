/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the ClientHello (RFC 8446, 4.1.2) of a flow and reads from it which host
 * is wanted: in TLS records over TCP, however cut up and in any order, and in
 * QUIC's Initial packets, decrypted with the keys that their header gives to
 * everybody (RFC 9001, 5.2). One struct hello an end of a flow, only while there
 * is something to wait for.
 */
#ifndef ST_SERVICE_HELLO_H
#define ST_SERVICE_HELLO_H

#include <glib.h>
#include <servicetrace/packet.h>

/* Pending at once; the oldest leaves. With HELLO_BYTES_MAX each: 16 MB at worst. */
#define HELLOS_MAX 1024
/* Post-quantum key shares make 2 KB; the rest is room for certificates' hints and padding. */
#define HELLO_BYTES_MAX 16384

#define HELLO_HOST_MAX 256 /* RFC 1035: 253 characters and the closing zero; more is no host */
#define HELLO_ALPN_MAX 128

/* What a ClientHello says. */
struct hello_facts {
	char host[HELLO_HOST_MAX]; /* server_name (RFC 6066, 3), lower case; "": none */
	char alpn[HELLO_ALPN_MAX]; /* as struct st_identity has it; "": none */
	bool ech; /* encrypted_client_hello, 0xfe0d (RFC 9849): host may be the outer name */
};

struct quic_crypto;

/* All that are pending. Zero-initialise; hello_pool_clear() when the last flow is gone. */
struct hello_pool {
	GQueue pending; /* struct hello, oldest first */
	uint64_t evicted;
	struct quic_crypto *crypto; /* NULL until the first Initial */
};

/*
 * Makes libgcrypt ready, unless the program has done so. For cold paths; before
 * the first hello_udp().
 */
void hello_crypto_init(void);

struct hello;

enum hello_verdict {
	HELLO_NONE, /* the packet is no part of one */
	HELLO_HELD, /* kept in case it is: nothing says so yet */
	HELLO_PART, /* it is, more is to come */
	HELLO_READ, /* the facts are told: all there are, or as many as can still come */
};

/*
 * Shows a TCP segment with data, or a UDP datagram, of the application: in the
 * order of their capture, all of one end with the same `*hello`, which is NULL
 * at first and then this module's: it is only to be compared with NULL, and must
 * stay where it is until hello_drop() or HELLO_READ. `start`: the sequence number
 * of the stream's first byte, NULL where no SYN told it. After HELLO_READ *hello
 * is NULL again; `facts` is set then only.
 */
enum hello_verdict hello_tcp(struct hello_pool *pool, struct hello **hello,
			     const struct st_packet *packet, const struct st_frame *frame,
			     const uint32_t *start, struct hello_facts *facts);
enum hello_verdict hello_udp(struct hello_pool *pool, struct hello **hello,
			     const struct st_packet *packet, const struct st_frame *frame,
			     struct hello_facts *facts);

/* The flow goes: nothing more is awaited. *hello becomes NULL. */
void hello_drop(struct hello_pool *pool, struct hello **hello);

void hello_pool_clear(struct hello_pool *pool);

#endif
