/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS over TCP (RFC 7766): finds the messages in the streams that servers send,
 * each behind two bytes of length. Segments come in any order and more than
 * once. A message is handed out as far as it goes when its beginning is there,
 * and again when it is whole. Where the stream's beginning or a segment is
 * missing, the next segment that begins like a message is one, tentatively:
 * what is missing may still come.
 */
#ifndef ST_SERVICE_DNS_STREAM_H
#define ST_SERVICE_DNS_STREAM_H

#include <glib.h>
#include <servicetrace/packet.h>

#include "base/hash.h"
#include "base/reader.h"

/* Streams known at once; the one silent longest leaves. 32 MB at worst, a few KB each as a rule. */
#define DNS_STREAMS_MAX 256
#define DNS_STREAM_PREFIX_BYTES 2 /* RFC 1035, 4.2.2 */
/* The longest message. Of what lies farther behind a gap nothing is kept. */
#define DNS_STREAM_BYTES_MAX (DNS_STREAM_PREFIX_BYTES + 65535)

struct dns_stream;

struct dns_streams {
	struct hash_table by_ends;
	GQueue silent_first;
	uint64_t seed;
	struct dns_stream *current; /* whose messages are being handed out */
};

void dns_streams_init(struct dns_streams *streams, uint64_t seed);
void dns_streams_clear(struct dns_streams *streams);

/*
 * Shows a segment from a server. Then dns_streams_next() hands out the messages
 * that begin in it or end with it, perhaps one of them twice, until it answers
 * false; dns_streams_settle() ends that, and tells whether some of the segment
 * is kept because more is to come. The messages live until then.
 */
void dns_streams_take(struct dns_streams *streams, const struct st_packet *packet,
		      const struct st_frame *frame);
bool dns_streams_next(struct dns_streams *streams, struct reader *message);
bool dns_streams_settle(struct dns_streams *streams);

#endif
