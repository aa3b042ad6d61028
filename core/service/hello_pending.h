/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What hello.c, hello_tcp.c and hello_udp.c share: a ClientHello in the making,
 * and marks, which stand in an end's pointer in its place and cost no memory.
 */
#ifndef ST_SERVICE_HELLO_PENDING_H
#define ST_SERVICE_HELLO_PENDING_H

#include "service/assembly.h"
#include "service/hello.h"
#include "service/quic.h"
#include "service/tls.h"

/* Of TCP. */
struct hello_stream {
	uint32_t base;	     /* sequence number of the assembly's first byte */
	bool anchored;	     /* at `base` the hello begins, or there is none */
	bool found;	     /* it does begin at `base` */
	bool cut;	     /* of bytes from cut_at on none is in the capture */
	uint32_t cut_at;     /* offset in the assembly */
	unsigned segments;   /* that were held before it was found */
	unsigned overtaking; /* that lie behind it, while something of it is missing */
	struct tls_records records;
};

/* Of QUIC. */
struct hello_initials {
	struct quic_keys keys;
	uint8_t dcid[QUIC_CONNECTION_ID_MAX]; /* of the first Initial: what keys are made of */
	uint8_t dcid_bytes;
	uint64_t packet_number_max;
	unsigned failures; /* packets that no key opened */
};

struct hello {
	struct hello **owner; /* the end's pointer to this */
	GList link;	      /* of the pool */
	struct assembly bytes;
	uint32_t message_bytes; /* of the message, from bytes.bytes[0] on */
	bool is_quic;
	union {
		struct hello_stream stream;
		struct hello_initials initials;
	};
};

/*
 * Marks: for TCP, number 0 says that the stream's beginning has been seen and is
 * no ClientHello; for UDP, number n says that n + 1 packets could not be opened.
 */
#define HELLO_MARKS 4

struct hello *hello_mark(unsigned number);

/* The number of the mark; -1: it is a ClientHello in the making, or NULL. */
int hello_mark_number(const struct hello *hello);

/* Begins one in the place of what *owner is; the oldest leaves if there are too many. */
struct hello *hello_begin(struct hello_pool *pool, struct hello **owner, bool is_quic);

/* Frees the one in the making, if there is one, and leaves `mark` in its place, or NULL. */
void hello_end(struct hello_pool *pool, struct hello **owner, struct hello *mark);

#endif
