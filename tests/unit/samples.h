/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One good frame for each thing that the packet floor decodes, all with the
 * addresses, ports and values of wire.h, for the tests to bend and cut; and the
 * way from such a frame to its decoded view.
 */
#ifndef ST_TESTS_UNIT_SAMPLES_H
#define ST_TESTS_UNIT_SAMPLES_H

#include "wire.h"

#define MSS_SACK_TS_WS                                                                             \
	"\x02\x04\x05\xb4\x04\x02\x08\x0a\x11\x22\x33\x44\x55\x66\x77\x88\x01\x03\x03\x07"
#define TS_SACK_BLOCK                                                                              \
	"\x01\x01\x08\x0a\x11\x22\x33\x44\x55\x66\x77\x88\x01\x01\x05\x0a\0\0\0\1\0\0\0\2"

static inline void put_tcp_over_ip4(struct wire *wire)
{
	wire_ip4(wire, ST_PROTOCOL_TCP, 20 + 20 + 5, 0);
	wire_tcp(wire, MSS_SACK_TS_WS, 20);
	wire_bytes(wire, "hello", 5);
}

static inline void put_tcp_over_ip6(struct wire *wire)
{
	wire_ip6(wire, ST_PROTOCOL_TCP, 20 + 24 + 5);
	wire_tcp(wire, TS_SACK_BLOCK, 24);
	wire_bytes(wire, "hello", 5);
}

static inline void sample_ethernet(struct wire *wire)
{
	wire_ethernet(wire, 0x0800);
	put_tcp_over_ip4(wire);
}

static inline void sample_ethernet6(struct wire *wire)
{
	wire_ethernet(wire, 0x86dd);
	put_tcp_over_ip6(wire);
}

static inline void put_tag(struct wire *wire, unsigned next_type)
{
	wire_u16(wire, 0x2064);
	wire_u16(wire, next_type);
}

static inline void sample_vlan(struct wire *wire)
{
	wire_ethernet(wire, 0x8100);
	put_tag(wire, 0x0800);
	put_tcp_over_ip4(wire);
}

static inline void sample_qinq(struct wire *wire)
{
	wire_ethernet(wire, 0x88a8);
	put_tag(wire, 0x9100);
	put_tag(wire, 0x8100);
	put_tag(wire, 0x86dd);
	put_tcp_over_ip6(wire);
}

static inline void sample_vn_tag(struct wire *wire)
{
	wire_ethernet(wire, 0x8926);
	wire_u32(wire, 0x80010002);
	wire_u16(wire, 0x8100);
	put_tag(wire, 0x0800);
	put_tcp_over_ip4(wire);
}

static inline void sample_snap(struct wire *wire)
{
	wire_ethernet(wire, 8 + 65);
	wire_bytes(wire, "\xaa\xaa\x03\0\0\0\x08\x00", 8);
	put_tcp_over_ip4(wire);
}

static inline void sample_sll(struct wire *wire)
{
	wire_bytes(wire, "\0\4\0\1\0\6\1\2\3\4\5\6\0\0\x08\x00", 16);
	put_tcp_over_ip4(wire);
}

static inline void sample_sll_vlan(struct wire *wire)
{
	wire_bytes(wire, "\0\4\0\1\0\6\1\2\3\4\5\6\0\0\x81\x00", 16);
	put_tag(wire, 0x86dd);
	put_tcp_over_ip6(wire);
}

static inline void sample_sll2(struct wire *wire)
{
	wire_bytes(wire, "\x86\xdd\0\0\0\0\0\2\0\1\0\6\1\2\3\4\5\6\0\0", 20);
	put_tcp_over_ip6(wire);
}

/* Session 0x1234; the length counts the PPP header and the packet. */
static inline void put_pppoe(struct wire *wire, size_t payload)
{
	wire_u32(wire, 0x11001234);
	wire_u16(wire, (unsigned)payload);
}

/* Label 16001 + `depth`, TTL 7 as the packet's, down to the bottom of the stack. */
static inline void put_labels(struct wire *wire, unsigned depth)
{
	while (depth-- > 0)
		wire_u32(wire, (16001 + depth) << 12 | 3 << 9 | (depth == 0 ? 0x100U : 0) | 7);
}

static inline void sample_pppoe(struct wire *wire)
{
	wire_ethernet(wire, 0x8864);
	put_pppoe(wire, 2 + 65);
	wire_u16(wire, 0x0021);
	put_tcp_over_ip4(wire);
}

static inline void sample_pppoe_qinq(struct wire *wire)
{
	wire_ethernet(wire, 0x88a8);
	put_tag(wire, 0x8100);
	put_tag(wire, 0x8864);
	put_pppoe(wire, 1 + 89);
	wire_u8(wire, 0x57); /* compressed */
	put_tcp_over_ip6(wire);
}

static inline void sample_pppoe_mpls(struct wire *wire)
{
	wire_bytes(wire, "\0\4\0\1\0\6\1\2\3\4\5\6\0\0\x88\x64", 16);
	put_pppoe(wire, 2 + 8 + 89);
	wire_u16(wire, 0x0281);
	put_labels(wire, 2);
	put_tcp_over_ip6(wire);
}

static inline void sample_mpls(struct wire *wire)
{
	wire_ethernet(wire, 0x8847);
	put_labels(wire, 1);
	put_tcp_over_ip4(wire);
}

static inline void sample_mpls_stack(struct wire *wire)
{
	wire_ethernet(wire, 0x8100);
	put_tag(wire, 0x8848);
	put_labels(wire, 16);
	put_tcp_over_ip6(wire);
}

static inline void sample_mpls_sll2(struct wire *wire)
{
	wire_bytes(wire, "\x88\x47\0\0\0\0\0\2\0\1\0\6\1\2\3\4\5\6\0\0", 20);
	put_labels(wire, 3);
	put_tcp_over_ip4(wire);
}

static inline void sample_ppp(struct wire *wire)
{
	wire_u16(wire, 0x0021);
	put_tcp_over_ip4(wire);
}

static inline void sample_ppp_compressed(struct wire *wire)
{
	wire_u8(wire, 0x57);
	put_tcp_over_ip6(wire);
}

static inline void sample_ppp_framed(struct wire *wire)
{
	wire_u32(wire, 0xff030057);
	put_tcp_over_ip6(wire);
}

static inline void sample_ppp_framed_compressed(struct wire *wire)
{
	wire_bytes(wire, "\xff\x03\x21", 3);
	put_tcp_over_ip4(wire);
}

static inline void sample_ppp_mpls(struct wire *wire)
{
	wire_u16(wire, 0x0283);
	put_labels(wire, 1);
	put_tcp_over_ip4(wire);
}

static inline void sample_cisco(struct wire *wire)
{
	wire_u32(wire, 0x0f000800);
	put_tcp_over_ip4(wire);
}

static inline void sample_cisco_mpls(struct wire *wire)
{
	wire_u32(wire, 0x8f008847);
	put_labels(wire, 2);
	put_tcp_over_ip6(wire);
}

static inline void sample_ppp_ether(struct wire *wire)
{
	put_pppoe(wire, 2 + 65);
	wire_u16(wire, 0x0021);
	put_tcp_over_ip4(wire);
}

static inline void sample_null(struct wire *wire)
{
	wire_bytes(wire, "\2\0\0\0", 4);
	put_tcp_over_ip4(wire);
}

static inline void sample_loop6(struct wire *wire)
{
	wire_u32(wire, 24);
	put_tcp_over_ip6(wire);
}

static inline void sample_ip4_options(struct wire *wire)
{
	wire_ip4(wire, ST_PROTOCOL_UDP, 8 + 4, 10);
	wire_udp(wire, 4);
	wire_fill(wire, 'x', 4);
}

static inline void sample_udp6(struct wire *wire)
{
	wire_ip6(wire, ST_PROTOCOL_UDP, 8 + 4);
	wire_udp(wire, 4);
	wire_fill(wire, 'x', 4);
}

static inline void sample_icmp(struct wire *wire)
{
	wire_ip4(wire, ST_PROTOCOL_ICMP, 8 + 65, 0);
	wire_icmp(wire, 11, 0);
	put_tcp_over_ip4(wire);
}

static inline void sample_icmp6(struct wire *wire)
{
	wire_ip6(wire, ST_PROTOCOL_ICMPV6, 8 + 89);
	wire_icmp(wire, 3, 0);
	put_tcp_over_ip6(wire);
}

/* Hop-by-hop, destination, routing, fragment (first), AH, destination, mobility, HIP, shim6. */
static inline void sample_ip6_extensions(struct wire *wire)
{
	wire_ip6(wire, 0, 8 + 16 + 24 + 8 + 24 + 5 * 8 + 20);
	wire_bytes(wire, "\x3c\0\1\4\0\0\0\0", 8);
	wire_bytes(wire, "\x2b\1\1\14", 4);
	wire_fill(wire, 0, 12);
	wire_bytes(wire, "\x2c\2\4\0", 4);
	wire_fill(wire, 0, 20);
	wire_bytes(wire, "\x33\0\0\1\0\0\0\1", 8);
	wire_bytes(wire, "\x3c\4", 2);
	wire_fill(wire, 0xee, 22);
	wire_bytes(wire, "\x87\0\1\4\0\0\0\0", 8);
	wire_bytes(wire, "\x8b\0\1\4\0\0\0\0", 8);
	wire_bytes(wire, "\x8c\0\1\4\0\0\0\0", 8);
	wire_bytes(wire, "\x3c\0\1\4\0\0\0\0", 8);
	wire_bytes(wire, "\x06\0\1\4\0\0\0\0", 8);
	wire_tcp(wire, NULL, 0);
}

static inline void sample_sctp(struct wire *wire)
{
	wire_ip4(wire, 132, 12, 0);
	wire_fill(wire, 0x11, 12);
}

static const struct sample {
	const char *name;
	uint32_t link_type;
	uint32_t ip_offset;
	uint32_t ip_bytes; /* header with options or extensions */
	uint8_t protocol;
	void (*put)(struct wire *wire);
} samples[] = {
	{"ethernet", ST_LINK_ETHERNET, 14, 20, ST_PROTOCOL_TCP, sample_ethernet},
	{"ethernet-ip6", ST_LINK_ETHERNET, 14, 40, ST_PROTOCOL_TCP, sample_ethernet6},
	{"vlan", ST_LINK_ETHERNET, 18, 20, ST_PROTOCOL_TCP, sample_vlan},
	{"qinq", ST_LINK_ETHERNET, 26, 40, ST_PROTOCOL_TCP, sample_qinq},
	{"vn-tag", ST_LINK_ETHERNET, 24, 20, ST_PROTOCOL_TCP, sample_vn_tag},
	{"snap", ST_LINK_ETHERNET, 22, 20, ST_PROTOCOL_TCP, sample_snap},
	{"sll", ST_LINK_SLL, 16, 20, ST_PROTOCOL_TCP, sample_sll},
	{"sll-vlan", ST_LINK_SLL, 20, 40, ST_PROTOCOL_TCP, sample_sll_vlan},
	{"sll2", ST_LINK_SLL2, 20, 40, ST_PROTOCOL_TCP, sample_sll2},
	{"pppoe", ST_LINK_ETHERNET, 22, 20, ST_PROTOCOL_TCP, sample_pppoe},
	{"pppoe-qinq", ST_LINK_ETHERNET, 29, 40, ST_PROTOCOL_TCP, sample_pppoe_qinq},
	{"pppoe-mpls", ST_LINK_SLL, 32, 40, ST_PROTOCOL_TCP, sample_pppoe_mpls},
	{"mpls", ST_LINK_ETHERNET, 18, 20, ST_PROTOCOL_TCP, sample_mpls},
	{"mpls-stack", ST_LINK_ETHERNET, 82, 40, ST_PROTOCOL_TCP, sample_mpls_stack},
	{"mpls-sll2", ST_LINK_SLL2, 32, 20, ST_PROTOCOL_TCP, sample_mpls_sll2},
	{"ppp", ST_LINK_PPP, 2, 20, ST_PROTOCOL_TCP, sample_ppp},
	{"ppp-compressed", ST_LINK_PPP, 1, 40, ST_PROTOCOL_TCP, sample_ppp_compressed},
	{"ppp-framed", ST_LINK_PPP_HDLC, 4, 40, ST_PROTOCOL_TCP, sample_ppp_framed},
	{"ppp-framed-compressed", ST_LINK_PPP, 3, 20, ST_PROTOCOL_TCP,
	 sample_ppp_framed_compressed},
	{"ppp-mpls", ST_LINK_PPP, 6, 20, ST_PROTOCOL_TCP, sample_ppp_mpls},
	{"ppp-cisco", ST_LINK_PPP_HDLC, 4, 20, ST_PROTOCOL_TCP, sample_cisco},
	{"cisco-mpls", ST_LINK_C_HDLC, 12, 40, ST_PROTOCOL_TCP, sample_cisco_mpls},
	{"ppp-ether", ST_LINK_PPP_ETHER, 8, 20, ST_PROTOCOL_TCP, sample_ppp_ether},
	{"null", ST_LINK_NULL, 4, 20, ST_PROTOCOL_TCP, sample_null},
	{"loop", ST_LINK_LOOP, 4, 40, ST_PROTOCOL_TCP, sample_loop6},
	{"raw", ST_LINK_RAW, 0, 20, ST_PROTOCOL_TCP, put_tcp_over_ip4},
	{"raw-bsd", ST_LINK_RAW_BSD, 0, 40, ST_PROTOCOL_TCP, put_tcp_over_ip6},
	{"raw-openbsd", ST_LINK_RAW_OPENBSD, 0, 20, ST_PROTOCOL_TCP, put_tcp_over_ip4},
	{"ip4", ST_LINK_IPV4, 0, 20, ST_PROTOCOL_TCP, put_tcp_over_ip4},
	{"ip6", ST_LINK_IPV6, 0, 40, ST_PROTOCOL_TCP, put_tcp_over_ip6},
	{"ip4-options", ST_LINK_RAW, 0, 60, ST_PROTOCOL_UDP, sample_ip4_options},
	{"udp6", ST_LINK_RAW, 0, 40, ST_PROTOCOL_UDP, sample_udp6},
	{"icmp", ST_LINK_RAW, 0, 20, ST_PROTOCOL_ICMP, sample_icmp},
	{"icmp6", ST_LINK_RAW, 0, 40, ST_PROTOCOL_ICMPV6, sample_icmp6},
	{"ip6-extensions", ST_LINK_RAW, 0, 40 + 8 + 16 + 24 + 8 + 24 + 5 * 8, ST_PROTOCOL_TCP,
	 sample_ip6_extensions},
	{"sctp", ST_LINK_RAW, 0, 20, 132, sample_sctp},
};

/* Decodes an exact copy of the first `captured` bytes of a frame of `on_wire` bytes. */
static inline enum st_status decode_as(const struct wire *wire, uint32_t link_type, size_t captured,
				       size_t on_wire, struct st_packet *packet)
{
	uint8_t *bytes = wire_exact(wire->bytes, captured);
	struct st_frame frame = {
		.bytes = bytes,
		.captured_bytes = (uint32_t)captured,
		.wire_bytes = (uint32_t)on_wire,
		.link_type = link_type,
	};
	enum st_status status = st_packet_decode(&frame, packet);

	g_free(bytes);
	return status;
}

static inline enum st_status decode(const struct wire *wire, uint32_t link_type,
				    struct st_packet *packet)
{
	return decode_as(wire, link_type, wire->count, wire->count, packet);
}

/* Registers the test of a sample as FOLDER/NAME. */
static inline void add_sample_test(const char *folder, const struct sample *sample,
				   GTestDataFunc test)
{
	g_autofree char *path = g_strdup_printf("%s/%s", folder, sample->name);

	g_test_add_data_func(path, sample, test);
}

#endif
