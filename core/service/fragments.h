/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts UDP datagrams from one port together that IP cut into fragments (RFC 791,
 * RFC 8200, 4.5). They come in any order; of two that overlap the first counts.
 * Which port it is only the first fragment says: what came before it waits for
 * that, what comes after a first fragment of another port is not kept.
 */
#ifndef ST_SERVICE_FRAGMENTS_H
#define ST_SERVICE_FRAGMENTS_H

#include <glib.h>
#include <servicetrace/packet.h>

#include "base/hash.h"
#include "base/reader.h"
#include "service/assembly.h"

/* Datagrams that wait at once; the oldest leaves. 4 MB at worst. */
#define FRAGMENTS_MAX 64
#define FRAGMENTS_BYTES_MAX 65535
/* RFC 791 begins with 15 s, Linux waits 30; the rest of a datagram rarely takes one. */
#define FRAGMENTS_WAIT_NS (30 * ST_NS_PER_S)
/*
 * Datagrams of which nothing more is wanted, 16 bytes each. Where more than
 * that are on their way at once, some are kept until their time is over.
 */
#define FRAGMENTS_SETTLED 1024

struct fragments {
	struct hash_table by_identity;
	GQueue oldest_first;
	uint64_t seed;
	uint16_t port;
	struct assembly whole;
	struct {
		uint64_t hash, until_ns;
	} settled[FRAGMENTS_SETTLED]; /* at the hash's place; the latest there counts */
};

enum fragment_verdict {
	FRAGMENT_NONE,	/* no use for it */
	FRAGMENT_KEPT,	/* more is to come */
	FRAGMENT_WHOLE, /* with this one the datagram is there */
};

void fragments_init(struct fragments *fragments, uint64_t seed, uint16_t port);
void fragments_clear(struct fragments *fragments);

/*
 * Shows a fragment of a UDP datagram. FRAGMENT_WHOLE: `datagram` is on its UDP
 * header, until the next call.
 */
enum fragment_verdict fragments_add(struct fragments *fragments, const struct st_packet *packet,
				    const struct st_frame *frame, uint64_t now,
				    struct reader *datagram);

#endif
