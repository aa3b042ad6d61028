/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The floor that st-inject is measured against: how soon can a program that
 * does next to nothing, with the same libpcap, put a packet into a flow? It
 * answers, once a flow, the segment that shows that the server is ESTABLISHED
 * with the flow's last outgoing headers and TTL 1. Ethernet, IPv4 and one
 * client only; it waits for no replies, paces and reports nothing.
 */
#include <arpa/inet.h>
#include <pcap/pcap.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RING_BYTES (4 * 1024 * 1024) /* as st-inject */
#define IP_AT 14u		     /* behind the Ethernet header */
#define HEADER_BYTES_MAX (IP_AT + 60 + 60)

#define TCP_SYN 0x02
#define TCP_ACK 0x10

/* What is known of the flow with this port of the client. */
struct flow {
	uint8_t headers[HEADER_BYTES_MAX]; /* of its last outgoing segment with ACK */
	uint8_t header_bytes;		   /* 0: none yet */
	bool answered;
};

struct responder {
	pcap_t *pcap;
	uint16_t server_port;
	struct flow flows[UINT16_MAX + 1];
};

static uint16_t get_u16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void put_u16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static uint32_t ip_header_bytes(const uint8_t *ip)
{
	return (ip[0] & 0x0fu) * 4;
}

static uint32_t tcp_header_bytes(const uint8_t *tcp)
{
	return (tcp[12] >> 4) * 4u;
}

/* RFC 1071 over an even number of bytes, begun with `sum`. */
static uint32_t checksum(uint32_t sum, const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i += 2)
		sum += get_u16(bytes + i);
	while (sum > UINT16_MAX)
		sum = (sum & UINT16_MAX) + (sum >> 16);
	return ~sum & UINT16_MAX;
}

/* Makes of the last outgoing headers an empty segment that dies at the first router. */
static void answer(struct responder *responder, struct flow *flow)
{
	uint8_t *ip = flow->headers + IP_AT;
	uint32_t ip_bytes = ip_header_bytes(ip);
	uint8_t *tcp = ip + ip_bytes;
	uint32_t tcp_bytes = tcp_header_bytes(tcp);
	uint32_t addresses;

	put_u16(ip + 2, ip_bytes + tcp_bytes);
	ip[8] = 1; /* TTL */
	put_u16(ip + 10, 0);
	put_u16(ip + 10, checksum(0, ip, ip_bytes));
	put_u16(tcp + 16, 0);
	addresses = ~checksum(0, ip + 12, 8) & UINT16_MAX;
	put_u16(tcp + 16, checksum(addresses + IPPROTO_TCP + tcp_bytes, tcp, tcp_bytes));
	if (pcap_inject(responder->pcap, flow->headers, flow->header_bytes) < 0)
		fprintf(stderr, "bench-responder: %s\n", pcap_geterr(responder->pcap));
	flow->answered = true;
}

static void take_segment(struct responder *responder, const uint8_t *frame, const uint8_t *tcp)
{
	bool leaves = get_u16(tcp + 2) == responder->server_port;
	struct flow *flow = &responder->flows[get_u16(leaves ? tcp : tcp + 2)];
	size_t header_bytes = (size_t)(tcp - frame) + tcp_header_bytes(tcp);

	if (tcp[13] & TCP_SYN) {
		flow->header_bytes = 0; /* perhaps a port used again */
		flow->answered = false;
	} else if (!(tcp[13] & TCP_ACK) || flow->answered) {
		return;
	} else if (leaves) {
		memcpy(flow->headers, frame, header_bytes);
		flow->header_bytes = (uint8_t)header_bytes;
	} else if (flow->header_bytes > 0) {
		answer(responder, flow);
	}
}

static void on_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *bytes)
{
	uint32_t tcp_at;

	if (header->caplen < IP_AT + 20)
		return;
	tcp_at = IP_AT + ip_header_bytes(bytes + IP_AT);
	if (header->caplen < tcp_at + 20 ||
	    header->caplen < tcp_at + tcp_header_bytes(bytes + tcp_at))
		return;
	take_segment((struct responder *)(void *)user, bytes, bytes + tcp_at);
}

static bool open_capture(struct responder *responder, const char *interface)
{
	char text[PCAP_ERRBUF_SIZE];
	struct bpf_program filter;

	responder->pcap = pcap_create(interface, text);
	if (responder->pcap == NULL || pcap_set_snaplen(responder->pcap, HEADER_BYTES_MAX) != 0 ||
	    pcap_set_immediate_mode(responder->pcap, 1) != 0 ||
	    pcap_set_buffer_size(responder->pcap, RING_BYTES) != 0 ||
	    pcap_set_tstamp_precision(responder->pcap, PCAP_TSTAMP_PRECISION_NANO) != 0 ||
	    pcap_activate(responder->pcap) != 0 || pcap_datalink(responder->pcap) != DLT_EN10MB)
		return false;
	snprintf(text, sizeof(text), "ip and tcp port %u", responder->server_port);
	return pcap_compile(responder->pcap, &filter, text, 1, PCAP_NETMASK_UNKNOWN) == 0 &&
	       pcap_setfilter(responder->pcap, &filter) == 0;
}

int main(int argc, char **argv)
{
	static struct responder responder; /* large, and zero */

	responder.server_port = (uint16_t)(argc == 3 ? strtoul(argv[2], NULL, 10) : 0);
	if (argc != 3 || !open_capture(&responder, argv[1])) {
		fprintf(stderr, "usage: bench-responder INTERFACE SERVER-PORT (as root)\n");
		return 1;
	}
	return pcap_loop(responder.pcap, -1, on_packet, (u_char *)&responder) == 0 ? 0 : 1;
}
