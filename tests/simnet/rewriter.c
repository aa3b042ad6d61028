/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rewrites headers in place, and mends their checksums. */
#include "rewriter.h"

#include "bytes.h"
#include "icmp.h"

#include <servicetrace/trace.h>
#include <string.h>

#define TCP_CHECKSUM_AT 16
#define TCP_FLAGS_BYTES 16 /* of the header, up to the window */
#define UDP_KEY_BYTES 8

static bool is_v4(const uint8_t *ip)
{
	return ip[0] >> 4 == 4;
}

static uint8_t get_tos(const uint8_t *ip)
{
	return is_v4(ip) ? ip[1] : (uint8_t)(get16(ip) >> 4);
}

static void set_tos(uint8_t *ip, uint32_t tos)
{
	if (is_v4(ip))
		ip[1] = (uint8_t)tos;
	else
		put16(ip, (get16(ip) & 0xf00fu) | tos << 4);
}

static uint16_t new_ip_id(enum sim_field how, uint16_t sent, GRand *random)
{
	switch (how) {
	case FIELD_KEPT:
		return sent;
	case FIELD_ZERO:
		return 0;
	case FIELD_SWAPPED:
		return (uint16_t)(sent << 8 | sent >> 8);
	case FIELD_RANDOM:
		return (uint16_t)g_rand_int(random);
	}
	g_assert_not_reached();
}

static void rewrite_ip(const struct sim_rewrite *rewrite, uint8_t *ip, GRand *random)
{
	if (rewrite->dscp != AS_SENT)
		set_tos(ip, rewrite->dscp << 2 | (get_tos(ip) & 3u));
	if (rewrite->ecn != AS_SENT)
		set_tos(ip, (get_tos(ip) & 0xfcu) | rewrite->ecn);
	if (!is_v4(ip)) {
		if (rewrite->flow_label != AS_SENT)
			put32(ip, (get32(ip) & 0xfff00000u) | rewrite->flow_label);
		return;
	}
	put16(ip + 4, new_ip_id(rewrite->ip_id, get16(ip + 4), random));
	if (rewrite->clears_df)
		ip[6] &= 0xbf;
	write_header_checksum(ip);
}

static void rewrite_tcp(const struct sim_rewrite *rewrite, struct sim_packet *packet)
{
	uint8_t *tcp = packet->bytes + ip_header_bytes(packet->bytes);

	if (rewrite->window != AS_SENT)
		put16(tcp + 14, rewrite->window);
	put32(tcp + 8, get32(tcp + 8) + rewrite->add_ack);
	tcp[13] |= (uint8_t)rewrite->set_flags;
	put16(tcp + TCP_CHECKSUM_AT, 0);
	put16(tcp + TCP_CHECKSUM_AT,
	      transport_checksum(packet->bytes, packet->count, ST_PROTOCOL_TCP));
}

/* The same with so many zeros more behind it. */
static struct sim_packet *lengthen(struct sim_packet *packet, size_t bytes)
{
	struct sim_packet *longer = packet_new(packet->count + bytes);
	uint8_t *ip = longer->bytes;

	memcpy(longer, packet, sizeof(*packet) + packet->count);
	longer->count = packet->count + bytes;
	g_free(packet);
	if (is_v4(ip)) {
		put16(ip + 2, (uint32_t)longer->count);
		write_header_checksum(ip);
	} else {
		put16(ip + 4, (uint32_t)(longer->count - IPV6_HEADER));
	}
	return longer;
}

struct sim_packet *rewriter_pass(const struct sim_rewrite *rewrite, struct sim_packet *packet,
				 GRand *random)
{
	rewrite_ip(rewrite, packet->bytes, random);
	if (!packet->tag || wire_protocol(packet) != ST_PROTOCOL_TCP)
		return packet;
	if (rewrite->add_bytes)
		packet = lengthen(packet, rewrite->add_bytes);
	rewrite_tcp(rewrite, packet);
	return packet;
}

/* --- what shows --- */

static bool differ(const uint8_t *a, const uint8_t *b, size_t at, size_t bytes)
{
	return memcmp(a + at, b + at, bytes) != 0;
}

static unsigned altered_ip(const uint8_t *sent, const uint8_t *quote)
{
	unsigned tos = get_tos(sent) ^ get_tos(quote);
	unsigned altered = (tos & 0xfc ? ST_ALTERED_DSCP : 0) | (tos & 3 ? ST_ALTERED_ECN : 0);

	if (!is_v4(sent)) {
		altered |= differ(sent, quote, 4, 2) ? ST_ALTERED_LENGTH : 0;
		altered |= differ(sent, quote, 8, 16) ? ST_ALTERED_SOURCE : 0;
		altered |= differ(sent, quote, 24, 16) ? ST_ALTERED_DESTINATION : 0;
		return altered |
		       ((get32(sent) ^ get32(quote)) & 0xfffff ? ST_ALTERED_FLOW_LABEL : 0);
	}
	altered |= differ(sent, quote, 2, 2) ? ST_ALTERED_LENGTH : 0;
	altered |= differ(sent, quote, 4, 2) ? ST_ALTERED_IPID : 0;
	altered |= (sent[6] ^ quote[6]) & 0x40 ? ST_ALTERED_FRAGMENT : 0;
	altered |= differ(sent, quote, 12, 4) ? ST_ALTERED_SOURCE : 0;
	return altered | (differ(sent, quote, 16, 4) ? ST_ALTERED_DESTINATION : 0);
}

/* Checksums of TCP are not compared: few quotes are long enough, and what they cover is. */
static unsigned altered_transport(uint8_t protocol, const uint8_t *sent, const uint8_t *quote,
				  size_t bytes)
{
	unsigned altered = 0;

	if (bytes >= 4) {
		altered |= differ(sent, quote, 0, 2) ? ST_ALTERED_SOURCE : 0;
		altered |= differ(sent, quote, 2, 2) ? ST_ALTERED_DESTINATION : 0;
	}
	if (protocol == ST_PROTOCOL_UDP && bytes >= UDP_KEY_BYTES)
		altered |= differ(sent, quote, 6, 2) ? ST_ALTERED_CHECKSUM : 0;
	if (protocol != ST_PROTOCOL_TCP)
		return altered;
	if (bytes >= 8)
		altered |= differ(sent, quote, 4, 4) ? ST_ALTERED_SEQ : 0;
	if (bytes >= 12)
		altered |= differ(sent, quote, 8, 4) ? ST_ALTERED_ACK : 0;
	if (bytes < TCP_FLAGS_BYTES)
		return altered;
	altered |= differ(sent, quote, 13, 1) ? ST_ALTERED_FLAGS : 0;
	return altered | (differ(sent, quote, 14, 2) ? ST_ALTERED_WINDOW : 0);
}

uint16_t quote_altered(struct sim_packet *error, size_t quote_bytes)
{
	size_t count, header = ip_header_bytes(error->bytes);
	const uint8_t *quote = icmp_quote(error, &count);

	if (!quote || error->sent_bytes < header)
		return 0;
	header = ip_header_bytes(quote);
	quote_bytes = MIN(quote_bytes, MIN(count, error->sent_bytes) - header);
	return (uint16_t)(altered_ip(error->sent, quote) |
			  altered_transport(wire_protocol(error) == ST_PROTOCOL_ICMP
						    ? error->sent[9]
						    : error->sent[6],
					    error->sent + header, quote + header, quote_bytes));
}
