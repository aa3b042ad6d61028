/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds the frame of a probe from what the flow's own packets showed. Knows
 * headers and checksums; which values are harmless is the trace's business.
 */
#ifndef ST_PACKET_BUILD_H
#define ST_PACKET_BUILD_H

#include <servicetrace/packet.h>

/* The longest we send behind: Ethernet with QinQ and PPPoE is 30; labels have 4 bytes each. */
#define LINK_HEADER_MAX 64
#define UDP_HEADER_BYTES 8 /* RFC 768; also the length of a datagram without payload */
/* Of a UDP probe; with its headers it stays below the least MTU of IPv6 (RFC 8200, 5). */
#define UDP_PAYLOAD_MAX 1232

/* A TCP segment without data, ACK flag only. */
struct tcp_fields {
	uint32_t seq, ack;
	uint16_t window;
	bool has_timestamps;
	uint32_t tsval, tsecr;
};

/*
 * A UDP datagram of so many zero bytes. Its checksum is the right one, or left
 * out (0), or `checksum`: then the first two bytes of payload, which there must
 * be, are chosen so that it is right.
 */
struct udp_fields {
	uint16_t payload_bytes; /* up to UDP_PAYLOAD_MAX */
	bool no_checksum;
	uint16_t checksum; /* not 0: to be this one */
};

struct probe_fields {
	struct st_addr source, destination;
	uint16_t source_port, destination_port;
	uint8_t protocol; /* ST_PROTOCOL_TCP or ST_PROTOCOL_UDP */
	uint8_t ttl;
	uint8_t tos;
	uint16_t ip_id;	     /* IPv4 */
	bool dont_fragment;  /* IPv4 */
	uint32_t flow_label; /* IPv6 */
	union {
		struct tcp_fields tcp;
		struct udp_fields udp;
	};
};

/*
 * Writes link header (copied as it is), IP header (RFC 791 or RFC 8200) and TCP
 * segment (RFC 9293; timestamps as NOP NOP TS, RFC 7323 appendix A) or UDP
 * datagram (RFC 768) with right checksums into `buffer`; `*written` gets the
 * frame's length.
 * ST_NO_SPACE: `size` is too small; ST_INVALID_ARGUMENT: the addresses are not of
 * one IP version, or the protocol is neither. Nothing was written then.
 */
enum st_status build_probe(const struct probe_fields *probe, const uint8_t *link_header,
			   size_t link_header_bytes, uint8_t *buffer, size_t size, size_t *written);

/* The checksum that a UDP probe is sent with: quotes show it. */
uint16_t build_udp_checksum(const struct probe_fields *probe);

#endif
