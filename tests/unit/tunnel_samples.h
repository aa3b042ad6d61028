/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sample packets of samples.h inside of tunnels, as raw IP frames: written
 * from the RFCs that tunnel.c names.
 */
#ifndef ST_TESTS_UNIT_TUNNEL_SAMPLES_H
#define ST_TESTS_UNIT_TUNNEL_SAMPLES_H

#include "samples.h"

/* The outer IPv4 packet around `bytes` of what follows. */
static inline void put_outer(struct wire *wire, unsigned protocol, size_t bytes)
{
	wire_ip4(wire, protocol, bytes, 0);
	wire->bytes[8] = 64; /* another TTL than the inner packet's */
}

static inline void put_outer_udp(struct wire *wire, unsigned source, unsigned destination,
				 size_t bytes)
{
	put_outer(wire, ST_PROTOCOL_UDP, 8 + bytes);
	wire_u16(wire, source);
	wire_u16(wire, destination);
	wire_u16(wire, (unsigned)(8 + bytes));
	wire_u16(wire, 0);
}

static inline void tunnel_4in4(struct wire *wire)
{
	put_outer(wire, 4, 65);
	put_tcp_over_ip4(wire);
}

static inline void tunnel_6in4(struct wire *wire)
{
	put_outer(wire, 41, 89);
	put_tcp_over_ip6(wire);
}

static inline void tunnel_4in6(struct wire *wire)
{
	wire_ip6(wire, 60, 8 + 65);
	wire_bytes(wire, "\x04\0\x04\x01\x04\x01\x01\0", 8); /* encapsulation limit, RFC 2473 */
	put_tcp_over_ip4(wire);
}

static inline void tunnel_gre(struct wire *wire)
{
	put_outer(wire, 47, 4 + 65);
	wire_u32(wire, 0x00000800);
	put_tcp_over_ip4(wire);
}

static inline void tunnel_gre_fields(struct wire *wire)
{
	put_outer(wire, 47, 16 + 89);
	wire_u32(wire, 0xb00086dd);
	wire_fill(wire, 0x99, 12);
	put_tcp_over_ip6(wire);
}

static inline void tunnel_gre_bridged(struct wire *wire)
{
	put_outer(wire, 47, 8 + 18 + 65);
	wire_u32(wire, 0x20006558);
	wire_u32(wire, 77);
	sample_vlan(wire);
}

static inline void tunnel_gre_mpls(struct wire *wire)
{
	put_outer(wire, 47, 4 + 8 + 89);
	wire_u32(wire, 0x00008847);
	put_labels(wire, 2);
	put_tcp_over_ip6(wire);
}

static inline void tunnel_pptp(struct wire *wire)
{
	put_outer(wire, 47, 16 + 4 + 65);
	wire_u32(wire, 0x3081880b);
	wire_u16(wire, 4 + 65);
	wire_u16(wire, 0x1234);
	wire_u32(wire, 9);
	wire_u32(wire, 8);
	wire_u32(wire, 0xff030021);
	put_tcp_over_ip4(wire);
}

static inline void tunnel_erspan1(struct wire *wire)
{
	put_outer(wire, 47, 4 + 14 + 65);
	wire_u32(wire, 0x000088be);
	sample_ethernet(wire);
}

static inline void tunnel_erspan2(struct wire *wire)
{
	put_outer(wire, 47, 8 + 8 + 14 + 65);
	wire_u32(wire, 0x100088be);
	wire_u32(wire, 3);
	wire_bytes(wire, "\x10\x64\x08\x01\0\0\0\1", 8);
	sample_ethernet(wire);
}

static inline void tunnel_erspan3(struct wire *wire)
{
	put_outer(wire, 47, 8 + 20 + 14 + 89);
	wire_u32(wire, 0x100022eb);
	wire_u32(wire, 3);
	wire_bytes(wire, "\x20\x64\0\1\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0", 20);
	sample_ethernet6(wire);
}

static inline void tunnel_wccp(struct wire *wire)
{
	put_outer(wire, 47, 8 + 65);
	wire_u32(wire, 0x0000883e);
	wire_u32(wire, 0x00640000);
	put_tcp_over_ip4(wire);
}

static inline void tunnel_aruba(struct wire *wire)
{
	put_outer(wire, 47, 4 + 26 + 8 + 65);
	wire_u32(wire, 0x00008240);
	wire_u16(wire, 0x8802);
	wire_fill(wire, 0, 24);
	wire_bytes(wire, "\xaa\xaa\x03\0\0\0\x08\x00", 8);
	put_tcp_over_ip4(wire);
}

static inline void tunnel_etherip(struct wire *wire)
{
	put_outer(wire, 97, 2 + 14 + 65);
	wire_u16(wire, 0x3000);
	sample_ethernet(wire);
}

static inline void tunnel_mpls(struct wire *wire)
{
	put_outer(wire, 137, 4 + 65);
	put_labels(wire, 1);
	put_tcp_over_ip4(wire);
}

static inline void tunnel_vxlan(struct wire *wire)
{
	put_outer_udp(wire, 51000, 4789, 8 + 14 + 65);
	wire_u32(wire, 0x08000000);
	wire_u32(wire, 0x00007b00);
	sample_ethernet(wire);
}

static inline void tunnel_vxlan_policy(struct wire *wire)
{
	put_outer_udp(wire, 51000, 8472, 8 + 14 + 89);
	wire_u32(wire, 0x88080123);
	wire_u32(wire, 0x00007b00);
	sample_ethernet6(wire);
}

static inline void tunnel_vxlan_gpe(struct wire *wire)
{
	put_outer_udp(wire, 51000, 4790, 8 + 65);
	wire_u32(wire, 0x0c000001);
	wire_u32(wire, 0x00007b00);
	put_tcp_over_ip4(wire);
}

static inline void tunnel_nsh(struct wire *wire)
{
	put_outer_udp(wire, 51000, 4790, 8 + 24 + 14 + 65);
	wire_u32(wire, 0x0c000004);
	wire_u32(wire, 0x00007b00);
	wire_u32(wire, 0x0fc60103);
	wire_u32(wire, 0x00000aff);
	wire_fill(wire, 0, 16);
	sample_ethernet(wire);
}

static inline void tunnel_geneve(struct wire *wire)
{
	put_outer_udp(wire, 51000, 6081, 8 + 8 + 14 + 89);
	wire_u32(wire, 0x02006558);
	wire_u32(wire, 0x00007b00);
	wire_bytes(wire, "\x01\x02\x03\x01\0\0\0\1", 8);
	sample_ethernet6(wire);
}

static inline void tunnel_gtp(struct wire *wire)
{
	put_outer_udp(wire, 2152, 2152, 8 + 65);
	wire_u32(wire, 0x30ff0041);
	wire_u32(wire, 0x12345678);
	put_tcp_over_ip4(wire);
}

/* With a sequence number and the extension of 5G's sessions. */
static inline void tunnel_gtp_extended(struct wire *wire)
{
	put_outer_udp(wire, 40000, 2152, 8 + 4 + 4 + 89);
	wire_u32(wire, 0x36ff0061);
	wire_u32(wire, 0x12345678);
	wire_u32(wire, 0x00010085);
	wire_u32(wire, 0x01000100);
	put_tcp_over_ip6(wire);
}

static inline void tunnel_teredo(struct wire *wire)
{
	put_outer_udp(wire, 3544, 40000, 13 + 8 + 89);
	wire_bytes(wire, "\0\1\0\0\1\2\3\4\5\6\7\x08\0", 13);
	wire_bytes(wire, "\0\0\x9c\x40\x3f\xff\xfd\xfe", 8);
	put_tcp_over_ip6(wire);
}

static inline void tunnel_l2tp(struct wire *wire)
{
	put_outer_udp(wire, 1701, 1701, 14 + 4 + 65);
	wire_u16(wire, 0x4a02);
	wire_u16(wire, 14 + 4 + 65);
	wire_u32(wire, 0x00010002);
	wire_u32(wire, 0x00030004);
	wire_u16(wire, 0); /* no offset */
	wire_u32(wire, 0xff030021);
	put_tcp_over_ip4(wire);
}

static inline void tunnel_gre_in_udp(struct wire *wire)
{
	put_outer_udp(wire, 51000, 4754, 4 + 65);
	wire_u32(wire, 0x00000800);
	put_tcp_over_ip4(wire);
}

static inline void tunnel_mpls_in_udp(struct wire *wire)
{
	put_outer_udp(wire, 51000, 6635, 4 + 89);
	put_labels(wire, 1);
	put_tcp_over_ip6(wire);
}

static const struct sample tunnels[] = {
	{"4in4", ST_LINK_RAW, 20, 20, ST_PROTOCOL_TCP, tunnel_4in4},
	{"6in4", ST_LINK_RAW, 20, 40, ST_PROTOCOL_TCP, tunnel_6in4},
	{"4in6", ST_LINK_RAW, 48, 20, ST_PROTOCOL_TCP, tunnel_4in6},
	{"gre", ST_LINK_RAW, 24, 20, ST_PROTOCOL_TCP, tunnel_gre},
	{"gre-fields", ST_LINK_RAW, 36, 40, ST_PROTOCOL_TCP, tunnel_gre_fields},
	{"gre-bridged", ST_LINK_RAW, 46, 20, ST_PROTOCOL_TCP, tunnel_gre_bridged},
	{"gre-mpls", ST_LINK_RAW, 32, 40, ST_PROTOCOL_TCP, tunnel_gre_mpls},
	{"pptp", ST_LINK_RAW, 40, 20, ST_PROTOCOL_TCP, tunnel_pptp},
	{"erspan1", ST_LINK_RAW, 38, 20, ST_PROTOCOL_TCP, tunnel_erspan1},
	{"erspan2", ST_LINK_RAW, 50, 20, ST_PROTOCOL_TCP, tunnel_erspan2},
	{"erspan3", ST_LINK_RAW, 62, 40, ST_PROTOCOL_TCP, tunnel_erspan3},
	{"wccp", ST_LINK_RAW, 28, 20, ST_PROTOCOL_TCP, tunnel_wccp},
	{"aruba", ST_LINK_RAW, 58, 20, ST_PROTOCOL_TCP, tunnel_aruba},
	{"etherip", ST_LINK_RAW, 36, 20, ST_PROTOCOL_TCP, tunnel_etherip},
	{"mpls-in-ip", ST_LINK_RAW, 24, 20, ST_PROTOCOL_TCP, tunnel_mpls},
	{"vxlan", ST_LINK_RAW, 50, 20, ST_PROTOCOL_TCP, tunnel_vxlan},
	{"vxlan-policy", ST_LINK_RAW, 50, 40, ST_PROTOCOL_TCP, tunnel_vxlan_policy},
	{"vxlan-gpe", ST_LINK_RAW, 36, 20, ST_PROTOCOL_TCP, tunnel_vxlan_gpe},
	{"nsh", ST_LINK_RAW, 74, 20, ST_PROTOCOL_TCP, tunnel_nsh},
	{"geneve", ST_LINK_RAW, 58, 40, ST_PROTOCOL_TCP, tunnel_geneve},
	{"gtp", ST_LINK_RAW, 36, 20, ST_PROTOCOL_TCP, tunnel_gtp},
	{"gtp-extended", ST_LINK_RAW, 44, 40, ST_PROTOCOL_TCP, tunnel_gtp_extended},
	{"teredo", ST_LINK_RAW, 49, 40, ST_PROTOCOL_TCP, tunnel_teredo},
	{"l2tp", ST_LINK_RAW, 46, 20, ST_PROTOCOL_TCP, tunnel_l2tp},
	{"gre-in-udp", ST_LINK_RAW, 32, 20, ST_PROTOCOL_TCP, tunnel_gre_in_udp},
	{"mpls-in-udp", ST_LINK_RAW, 32, 40, ST_PROTOCOL_TCP, tunnel_mpls_in_udp},
};

#endif
