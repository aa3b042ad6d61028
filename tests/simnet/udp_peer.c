/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Contents are no zeros anywhere, and look like a QUIC packet with a short
 * header where that is wanted, so that neither an empty datagram nor one of
 * zeros nor one of two bytes passes for the peer's.
 */
#include "udp_peer.h"

#include "bytes.h"

#include <string.h>

#define INITIAL_BYTES 1200 /* RFC 9000 section 14.1 */
#define QUIC_VERSION 1
#define CONNECTION_ID_BYTES 8
#define FIXED_BIT 0x40

void udp_peer_init(struct udp_peer *peer, const struct udp_setup *setup)
{
	*peer = (struct udp_peer){.setup = *setup,
				  .ip_id = (uint16_t)(setup->tuple.source_port * 7),
				  .out = G_QUEUE_INIT};
}

void udp_peer_clear(struct udp_peer *peer)
{
	g_queue_clear_full(&peer->out, g_free);
}

struct sim_packet *udp_peer_output(struct udp_peer *peer)
{
	return g_queue_pop_head(&peer->out);
}

static void fill(uint8_t *payload, uint32_t bytes, uint8_t seed)
{
	for (uint32_t i = 0; i < bytes; i++)
		payload[i] = (uint8_t)(FIXED_BIT | ((i * 7 + seed) & 0x3f));
}

/* The unprotected part of RFC 9000, 17.2.2; what follows only has to look like chance. */
static void fill_initial(uint8_t *payload, uint8_t seed)
{
	uint8_t *at = payload;

	fill(payload, INITIAL_BYTES, seed);
	*at++ = 0xc0; /* long header, Initial */
	put32(at, QUIC_VERSION);
	at += 4;
	*at = CONNECTION_ID_BYTES;
	at += 1 + CONNECTION_ID_BYTES;
	*at = CONNECTION_ID_BYTES;
	at += 1 + CONNECTION_ID_BYTES;
	*at++ = 0; /* no token */
	put16(at, 0x4000u | (uint32_t)(INITIAL_BYTES - (at + 2 - payload)));
}

static void send_datagram(struct udp_peer *peer, const uint8_t *payload, uint32_t bytes)
{
	struct segment s = {
		.tuple = peer->setup.tuple,
		.ttl = peer->setup.ttl,
		.tos = peer->setup.tos,
		.flow_label = peer->setup.flow_label,
		.ip_id = peer->ip_id++,
		.dont_fragment = true,
		.no_checksum = !peer->setup.checksums,
		.payload = payload,
		.payload_bytes = bytes,
	};

	peer->has_spoken = true;
	g_queue_push_tail(&peer->out, wire_udp(&s));
}

static void send_initial(struct udp_peer *peer)
{
	uint8_t payload[INITIAL_BYTES];

	fill_initial(payload, peer->setup.seed);
	send_datagram(peer, payload, INITIAL_BYTES);
}

void udp_peer_write(struct udp_peer *peer, uint32_t bytes)
{
	uint8_t *payload = g_malloc(peer->setup.datagram_bytes);

	if (peer->setup.quic && !peer->has_spoken)
		send_initial(peer);
	for (; bytes > 0; bytes -= MIN(bytes, peer->setup.datagram_bytes)) {
		uint32_t part = MIN(bytes, peer->setup.datagram_bytes);

		fill(payload, part, peer->setup.seed);
		send_datagram(peer, payload, part);
	}
	g_free(payload);
}

/* An Initial is from the peer too, but holds nothing of a message. */
static bool is_from_peer(const struct udp_peer *peer, const struct segment *s, bool *initial)
{
	uint8_t *wanted = g_malloc(MAX(s->payload_bytes, (size_t)INITIAL_BYTES));
	bool known;

	fill_initial(wanted, peer->setup.peer_seed);
	*initial = peer->setup.quic && s->payload_bytes == INITIAL_BYTES &&
		   memcmp(wanted, s->payload, INITIAL_BYTES) == 0;
	fill(wanted, (uint32_t)s->payload_bytes, peer->setup.peer_seed);
	known = s->payload_bytes > 0 && memcmp(wanted, s->payload, s->payload_bytes) == 0;
	g_free(wanted);
	return known || *initial;
}

void udp_peer_hear(struct udp_peer *peer, const struct segment *s)
{
	bool initial;

	if (!s->checksums_right) {
		peer->damaged++;
		return;
	}
	/* RFC 8200 section 8.1; Linux counts it in Udp6InCsumErrors. */
	if (s->tuple.source.version == 6 && s->udp_checksum == 0 && peer->setup.checksums) {
		peer->unverified++;
		return;
	}
	if (!is_from_peer(peer, s, &initial)) {
		peer->junk++;
		return;
	}
	if (!peer->has_heard)
		peer->setup.tuple = st_tuple_reversed(&s->tuple); /* translated, maybe */
	peer->has_heard = true;
	peer->received_bytes += initial ? 0 : s->payload_bytes;
}
