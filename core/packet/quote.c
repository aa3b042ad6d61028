/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The packet inside an ICMP error (RFC 792; RFC 1812, 4.3.2.3; RFC 4443, 2.4),
 * as far as it goes. Routers alter what they quote: nothing here compares it
 * with what was sent, that is the correlator's business.
 */
#include "packet/decode.h"

#include <string.h>

#include "packet/build.h"

#define TCP_HEADER_MIN 20
#define ICMP_HEADER_BYTES 8

static uint32_t transport_header_min(uint8_t protocol)
{
	switch (protocol) {
	case ST_PROTOCOL_TCP:
		return TCP_HEADER_MIN;
	case ST_PROTOCOL_UDP:
		return UDP_HEADER_BYTES;
	case ST_PROTOCOL_ICMP:
	case ST_PROTOCOL_ICMPV6:
		return ICMP_HEADER_BYTES;
	default:
		return 1;
	}
}

/*
 * Hides padding and extensions behind the quoted packet. A length that leaves
 * no room for the transport's header is the router's doing (some quote it in
 * their own byte order or less the header) and is not believed.
 */
static void limit_to_quoted(struct reader *reader, const struct ip_header *ip)
{
	uint32_t stated;

	if (ip->total_bytes <= ip->header_bytes)
		return;
	stated = ip->total_bytes - ip->header_bytes;
	if (!ip->is_fragment && stated < transport_header_min(ip->protocol))
		return;
	if (reader->left > stated)
		reader->left = stated;
}

static void read_tcp(struct reader *reader, struct st_quote *quote)
{
	quote->has_seq = reader->left >= 4;
	quote->seq = reader_u32(reader);
	quote->has_ack = reader->left >= 4;
	quote->ack = reader_u32(reader);
	quote->has_flags = reader->left >= 4;
	if (!quote->has_flags)
		return;
	/* RFC 4884 pads short quotes with zeros: a header without a length is no header. */
	quote->has_flags = quote->has_ack = reader_u8(reader) >> 4 != 0;
	quote->tcp_flags = reader_u8(reader);
	quote->tcp_window = reader_u16(reader);
}

static void read_udp(struct reader *reader, struct st_quote *quote)
{
	if (reader->left < 4)
		return;
	quote->has_udp = true;
	quote->udp_length = reader_u16(reader);
	quote->udp_checksum = reader_u16(reader);
}

static void read_key(struct reader reader, struct st_quote *quote)
{
	struct reader icmp = reader;

	reader_skip(&reader, 4);
	quote->key = reader_u32(&reader);
	quote->has_key = !reader.overrun;
	if (quote->has_key && protocol_is_icmp(quote->protocol))
		icmp_read(&icmp, &quote->icmp);
}

static void read_transport(struct reader *reader, struct st_quote *quote)
{
	if (!quote->later_fragment)
		read_key(*reader, quote);
	if (!protocol_has_ports(quote->protocol) || quote->later_fragment || reader->left < 4)
		return;
	quote->has_ports = true;
	quote->source_port = reader_u16(reader);
	quote->destination_port = reader_u16(reader);
	if (quote->protocol == ST_PROTOCOL_TCP)
		read_tcp(reader, quote);
	else if (quote->protocol == ST_PROTOCOL_UDP)
		read_udp(reader, quote);
}

static void fill_from_ip(struct st_quote *quote, const struct ip_header *ip)
{
	quote->source = ip->source;
	quote->destination = ip->destination;
	quote->ip_version = ip->source.version;
	quote->protocol = ip->protocol;
	quote->ttl = ip->ttl;
	quote->tos = ip->tos;
	quote->flow_label = ip->flow_label;
	quote->ip_id = ip->id;
	quote->dont_fragment = ip->dont_fragment;
	quote->total_bytes = ip->total_bytes;
	quote->later_fragment = ip->later_fragment;
}

enum st_status st_quote_decode(const uint8_t *bytes, size_t count, uint8_t ip_version,
			       struct st_quote *quote)
{
	struct reader reader = reader_over(bytes, count);
	struct ip_header ip;
	enum st_status status;

	memset(quote, 0, sizeof(*quote));
	status = ip_decode(&reader, ip_version, &ip);
	if (status != ST_OK)
		return status;
	status = ip_pass_extensions(&reader, &ip);
	if (status == ST_MALFORMED)
		return status;
	if (status == ST_TRUNCATED)
		ip.protocol = 0; /* the chain is cut before the transport is named */
	fill_from_ip(quote, &ip);
	limit_to_quoted(&reader, &ip);
	quote->transport_bytes = (uint32_t)reader.left;
	read_transport(&reader, quote);
	return ST_OK;
}
