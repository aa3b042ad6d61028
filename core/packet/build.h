/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Builds the frame of a probe from what the flow's own packets showed. Knows
 * headers and checksums; which values are harmless is the trace's business.
 */
#ifndef ST_PACKET_BUILD_H
#define ST_PACKET_BUILD_H

#include <servicetrace/packet.h>

#define LINK_HEADER_MAX 64 /* Ethernet with QinQ is 22, the longest we send behind */

/* A TCP segment without data, ACK flag only. */
struct tcp_probe {
	struct st_addr source, destination;
	uint16_t source_port, destination_port;
	uint8_t ttl;
	uint8_t tos;
	uint16_t ip_id;	     /* IPv4 */
	bool dont_fragment;  /* IPv4 */
	uint32_t flow_label; /* IPv6 */
	uint32_t seq, ack;
	uint16_t window;
	bool has_timestamps;
	uint32_t tsval, tsecr;
};

/*
 * Writes link header (copied as it is), IP header (RFC 791 or RFC 8200) and TCP
 * header (RFC 9293; timestamps as NOP NOP TS, RFC 7323 appendix A) with right
 * checksums into `buffer`; `*written` gets the frame's length.
 * ST_NO_SPACE: `size` is too small; ST_INVALID_ARGUMENT: the addresses are not of
 * one IP version. Nothing was written then.
 */
enum st_status build_tcp_probe(const struct tcp_probe *probe, const uint8_t *link_header,
			       size_t link_header_bytes, uint8_t *buffer, size_t size,
			       size_t *written);

#endif
