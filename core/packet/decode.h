/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the decoders of this floor share: link layer, IP header and transport
 * one after the other along one reader. Only files of packet/ include it.
 */
#ifndef ST_PACKET_DECODE_H
#define ST_PACKET_DECODE_H

#include <servicetrace/packet.h>

#include "base/reader.h"

/* Where in a link header are fields that depend on the packet behind it, from its first byte. */
struct link_layout {
	size_t bytes;		/* all that the reader was over */
	size_t llc_at;		/* right behind a length (802.3) or protocol (SLL); 0: no LLC */
	size_t pppoe_length_at; /* 0: no PPPoE */
	size_t labels_at;	/* the first MPLS label */
	unsigned labels;	/* MPLS labels, down to the bottom one; 0: none */
	uint8_t ip_version;	/* that the header names; 0: it leaves that to the packet */
};

/*
 * Moves `reader` from the first byte of a frame, or of a link header alone, to
 * where the packet begins. Behind MPLS labels that may be no IP packet.
 * ST_TRUNCATED, or ST_UNSUPPORTED: what follows is not IP.
 */
enum st_status link_walk(uint32_t link_type, struct reader *reader, struct link_layout *layout);

/*
 * Moves `reader` from a frame's first byte behind its link header. *ip_version
 * gets the version that the header names, 0 if it leaves that to the packet.
 * ST_TRUNCATED, or ST_UNSUPPORTED: what follows is not IP.
 */
enum st_status link_decode(uint32_t link_type, struct reader *reader, uint8_t *ip_version);

/*
 * ST_OK if what follows at `reader`, which is not moved, may be an IP packet by its
 * first bits (ST_UNSUPPORTED if not): for headers that do not say what they carry.
 */
enum st_status look_for_ip(const struct reader *reader);

/* An IP header, of a packet on the wire or of a quote. */
struct ip_header {
	struct st_addr source, destination;
	uint32_t header_bytes; /* IPv4 options or IPv6 extension headers passed so far included */
	uint32_t total_bytes;  /* as stated, header included; 0: not stated */
	uint32_t flow_label;
	uint16_t id;
	uint8_t protocol;
	uint8_t ttl;
	uint8_t tos;
	bool dont_fragment;
	bool is_fragment;
	bool later_fragment;
	bool more_fragments;
	uint16_t fragment_offset; /* bytes */
	uint32_t fragment_id;	  /* 0 unless is_fragment */
};

/*
 * Reads an IPv4 header with its options (RFC 791, 3.1) or a fixed IPv6 header
 * (RFC 8200, 3). `version` is the one to expect, 0 for either.
 * ST_TRUNCATED, or ST_MALFORMED: another version, or a length below the minimum.
 */
enum st_status ip_decode(struct reader *reader, uint8_t version, struct ip_header *ip);

/*
 * Passes IPv6 extension headers (RFC 8200, 4) up to the transport, or up to
 * the data of a later fragment; does nothing for IPv4. ST_TRUNCATED: the bytes
 * end inside the chain, ip->protocol is the header that could not be read.
 * ST_MALFORMED: more headers than any sender has a reason for.
 */
enum st_status ip_pass_extensions(struct reader *reader, struct ip_header *ip);

/*
 * Reads the transport header and fills in ports, union and payload of `packet`,
 * whose transport_* and protocol are set; `reader` holds the captured transport.
 * ST_OK also for protocols it does not know.
 */
enum st_status transport_decode(struct reader *reader, struct st_packet *packet);

/* True if st_packet_enter() steps into packets of this IP protocol, UDP's tunnels aside. */
bool tunnel_has_protocol(uint8_t protocol);

/* Ports in the first four bytes, as far as is known here. */
static inline bool protocol_has_ports(uint8_t protocol)
{
	return protocol == ST_PROTOCOL_TCP || protocol == ST_PROTOCOL_UDP ||
	       protocol == ST_PROTOCOL_SCTP;
}

static inline bool protocol_is_icmp(uint8_t protocol)
{
	return protocol == ST_PROTOCOL_ICMP || protocol == ST_PROTOCOL_ICMPV6;
}

/* What an ICMP or ICMPv6 header (by the IP protocol) is of; neither: something else. */
enum icmp_echo { ICMP_ECHO_NONE, ICMP_ECHO_REQUEST, ICMP_ECHO_REPLY };

enum icmp_echo icmp_echo_of(uint8_t protocol, const struct st_icmp *icmp);

/* Reads the 8 bytes of an ICMP header; is_error is left to the caller. */
void icmp_read(struct reader *reader, struct st_icmp *icmp);

/*
 * Decodes the IP packet at `reader`, which is at `offset` in its frame; `wire_left`
 * bytes were there on the wire from here on. `version` is the one to expect, 0 for
 * either. The answers are those of st_packet_decode.
 */
enum st_status packet_decode_at(struct reader *reader, uint32_t offset, uint32_t wire_left,
				uint8_t version, struct st_packet *packet);

#endif
