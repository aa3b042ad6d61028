/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transport headers: TCP with the options that matter to a probe, UDP, ICMP,
 * ICMPv6 and SCTP. What ICMP errors carry is read by quote.c and icmp_ext.c.
 */
#include "packet/build.h"
#include "packet/decode.h"

#define TCP_HEADER_MIN 20
#define ICMP_HEADER_BYTES 8

/* Types (RFC 792; RFC 4443, 4). */
#define ICMP_ECHO_REPLY_TYPE 0
#define ICMP_ECHO_REQUEST_TYPE 8
#define ICMPV6_ECHO_REQUEST 128
#define ICMPV6_ECHO_REPLY 129

#define SCTP_HEADER_BYTES 12

/* TCP option kinds (IANA). */
#define TCP_OPTION_END 0
#define TCP_OPTION_NOP 1
#define TCP_OPTION_SACK_PERMITTED 4 /* RFC 2018, 2 */
#define TCP_OPTION_SACK 5	    /* RFC 2018, 3 */
#define TCP_OPTION_TIMESTAMPS 8	    /* RFC 7323, 3.2 */

/*
 * What a header that does not fit says of the packet: a whole packet is
 * malformed, a cut one is not, and a fragment may end anywhere (RFC 791, 3.2).
 */
static enum st_status too_short(const struct st_packet *packet, uint32_t needed)
{
	if (needed > packet->transport_wire && !packet->is_fragment)
		return ST_MALFORMED;
	return ST_TRUNCATED;
}

/* The payload is what follows `header_bytes`, if anything of it was captured or sent. */
static void set_payload(struct st_packet *packet, uint32_t header_bytes)
{
	packet->payload_offset = packet->transport_offset + header_bytes;
	packet->payload_captured = 0;
	packet->payload_wire = 0;
	if (packet->transport_captured > header_bytes)
		packet->payload_captured = packet->transport_captured - header_bytes;
	if (packet->transport_wire > header_bytes)
		packet->payload_wire = packet->transport_wire - header_bytes;
}

/* For a transport that tells its own length, shorter perhaps than what IP carries. */
static void limit_payload(struct st_packet *packet, uint32_t bytes)
{
	if (packet->payload_captured > bytes)
		packet->payload_captured = bytes;
	if (packet->payload_wire > bytes)
		packet->payload_wire = bytes;
}

static void read_tcp_option(struct st_tcp *tcp, uint8_t kind, struct reader *value)
{
	if (kind == TCP_OPTION_SACK_PERMITTED && value->left == 0)
		tcp->sack_permitted = true;
	if (kind == TCP_OPTION_SACK && value->left > 0 && value->left % 8 == 0)
		tcp->has_sack_blocks = true;
	if (kind == TCP_OPTION_TIMESTAMPS && value->left == 8) {
		tcp->has_timestamps = true;
		tcp->tsval = reader_u32(value);
		tcp->tsecr = reader_u32(value);
	}
}

/* A broken option ends the list without making the segment bad: receivers do the same. */
static void read_tcp_options(struct reader *options, struct st_tcp *tcp)
{
	while (options->left > 0) {
		uint8_t kind = reader_u8(options);
		struct reader value;
		uint8_t length;

		if (kind == TCP_OPTION_END)
			return;
		if (kind == TCP_OPTION_NOP)
			continue;
		length = reader_u8(options);
		if (length < 2 || length - 2u > options->left)
			return;
		value = reader_over(options->at, length - 2u);
		reader_skip(options, length - 2u);
		read_tcp_option(tcp, kind, &value);
	}
}

/* RFC 9293, 3.1 */
static enum st_status tcp_decode(struct reader *reader, struct st_packet *packet)
{
	struct st_tcp *tcp = &packet->tcp;
	uint32_t options_bytes;

	packet->source_port = reader_u16(reader);
	packet->destination_port = reader_u16(reader);
	tcp->seq = reader_u32(reader);
	tcp->ack = reader_u32(reader);
	tcp->header_bytes = (uint8_t)(4 * (reader_u8(reader) >> 4));
	tcp->flags = reader_u8(reader);
	tcp->window = reader_u16(reader);
	reader_skip(reader, 4);
	if (reader->overrun)
		return too_short(packet, TCP_HEADER_MIN);
	if (tcp->header_bytes < TCP_HEADER_MIN)
		return ST_MALFORMED;
	if (tcp->header_bytes > packet->transport_wire && !packet->is_fragment)
		return ST_MALFORMED;
	options_bytes = tcp->header_bytes - TCP_HEADER_MIN;
	tcp->options_cut = options_bytes > reader->left;
	if (!tcp->options_cut)
		reader->left = options_bytes;
	read_tcp_options(reader, tcp);
	packet->has_ports = true;
	set_payload(packet, tcp->header_bytes);
	return ST_OK;
}

/* Is the stated length one that a receiver would take? */
static bool udp_length_fits(const struct st_packet *packet)
{
	if (packet->udp.length == 0 && packet->ip_version == 6)
		return true; /* jumbogram: the IP header tells (RFC 2675, 4) */
	if (packet->udp.length < UDP_HEADER_BYTES)
		return false;
	return packet->udp.length <= packet->transport_wire || packet->is_fragment;
}

/* RFC 768 */
static enum st_status udp_decode(struct reader *reader, struct st_packet *packet)
{
	packet->source_port = reader_u16(reader);
	packet->destination_port = reader_u16(reader);
	packet->udp.length = reader_u16(reader);
	packet->udp.checksum = reader_u16(reader);
	if (reader->overrun)
		return too_short(packet, UDP_HEADER_BYTES);
	if (!udp_length_fits(packet))
		return ST_MALFORMED;
	packet->has_ports = true;
	set_payload(packet, UDP_HEADER_BYTES);
	if (packet->udp.length != 0)
		limit_payload(packet, packet->udp.length - UDP_HEADER_BYTES);
	return ST_OK;
}

static bool icmp4_is_error(uint8_t type)
{
	switch ((enum st_icmp_type)type) {
	case ST_ICMP_UNREACHABLE:
	case ST_ICMP_SOURCE_QUENCH:
	case ST_ICMP_REDIRECT:
	case ST_ICMP_TIME_EXCEEDED:
	case ST_ICMP_PARAMETER_PROBLEM:
		return true;
	}
	return false;
}

/* An ICMP of the other IP version is nothing that a receiver would heed. */
static bool icmp_is_error(const struct st_packet *packet, uint8_t type)
{
	if (packet->protocol == ST_PROTOCOL_ICMP)
		return packet->ip_version == 4 && icmp4_is_error(type);
	return packet->ip_version == 6 && type >= ST_ICMPV6_UNREACHABLE &&
	       type <= ST_ICMPV6_PARAMETER_PROBLEM;
}

enum icmp_echo icmp_echo_of(uint8_t protocol, const struct st_icmp *icmp)
{
	bool v6 = protocol == ST_PROTOCOL_ICMPV6;

	if (!v6 && protocol != ST_PROTOCOL_ICMP)
		return ICMP_ECHO_NONE;
	if (icmp->type == (v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST_TYPE))
		return ICMP_ECHO_REQUEST;
	return icmp->type == (v6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY_TYPE) ? ICMP_ECHO_REPLY
									     : ICMP_ECHO_NONE;
}

void icmp_read(struct reader *reader, struct st_icmp *icmp)
{
	icmp->type = reader_u8(reader);
	icmp->code = reader_u8(reader);
	icmp->checksum = reader_u16(reader);
	icmp->echo_id = reader_u16(reader);
	icmp->echo_seq = reader_u16(reader);
}

static enum st_status icmp_decode(struct reader *reader, struct st_packet *packet)
{
	icmp_read(reader, &packet->icmp);
	if (reader->overrun)
		return too_short(packet, ICMP_HEADER_BYTES);
	packet->icmp.is_error = icmp_is_error(packet, packet->icmp.type);
	set_payload(packet, ICMP_HEADER_BYTES);
	return ST_OK;
}

/* RFC 9260, 3: its verification tag is the key. */
static enum st_status sctp_decode(struct reader *reader, struct st_packet *packet)
{
	packet->source_port = reader_u16(reader);
	packet->destination_port = reader_u16(reader);
	reader_skip(reader, SCTP_HEADER_BYTES - 4);
	if (reader->overrun)
		return too_short(packet, SCTP_HEADER_BYTES);
	set_payload(packet, SCTP_HEADER_BYTES);
	return ST_OK;
}

static void read_key(struct reader reader, struct st_packet *packet)
{
	reader_skip(&reader, 4);
	packet->key = reader_u32(&reader);
	packet->has_key = !reader.overrun;
}

enum st_status transport_decode(struct reader *reader, struct st_packet *packet)
{
	set_payload(packet, 0);
	if (packet->later_fragment)
		return ST_OK;
	read_key(*reader, packet);
	switch (packet->protocol) {
	case ST_PROTOCOL_TCP:
		return tcp_decode(reader, packet);
	case ST_PROTOCOL_UDP:
		return udp_decode(reader, packet);
	case ST_PROTOCOL_ICMP:
	case ST_PROTOCOL_ICMPV6:
		return icmp_decode(reader, packet);
	case ST_PROTOCOL_SCTP:
		return sctp_decode(reader, packet);
	default:
		return ST_OK;
	}
}
