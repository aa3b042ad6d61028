/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sample packets of samples.h behind the link headers that are only read,
 * never copied: written from the descriptions of pcap-linktype(7).
 */
#ifndef ST_TESTS_UNIT_LINK_SAMPLES_H
#define ST_TESTS_UNIT_LINK_SAMPLES_H

#include "samples.h"

#define SNAP_IP4 "\xaa\xaa\x03\0\0\0\x08\x00"
#define SNAP_IP6 "\xaa\xaa\x03\0\0\0\x86\xdd"

static inline void wire_le16(struct wire *wire, unsigned value)
{
	wire_u8(wire, value & 0xff);
	wire_u8(wire, value >> 8);
}

static inline void wire_le32(struct wire *wire, uint32_t value)
{
	wire_le16(wire, value & 0xffff);
	wire_le16(wire, value >> 16);
}

/* In the order of the machine that captures. */
static inline void wire_host16(struct wire *wire, uint16_t value)
{
	wire_bytes(wire, &value, sizeof(value));
}

static inline void sample_token_ring(struct wire *wire)
{
	wire_u16(wire, 0x1040);
	wire_fill(wire, 0x02, 12);
	wire_bytes(wire, SNAP_IP4, 8);
	put_tcp_over_ip4(wire);
}

static inline void sample_token_ring_routed(struct wire *wire)
{
	wire_u16(wire, 0x1040);
	wire_fill(wire, 0x02, 6);
	wire_fill(wire, 0x82, 6);
	wire_bytes(wire, "\x06\x30\x0f\xa1\x01\x20", 6);
	wire_bytes(wire, SNAP_IP6, 8);
	put_tcp_over_ip6(wire);
}

static inline void sample_slip(struct wire *wire)
{
	wire_bytes(wire, "\x01\x45", 2);
	wire_fill(wire, 0, 14);
	put_tcp_over_ip4(wire);
}

static inline void sample_fddi(struct wire *wire)
{
	wire_u8(wire, 0x50);
	wire_fill(wire, 0x02, 12);
	wire_bytes(wire, SNAP_IP4, 8);
	put_tcp_over_ip4(wire);
}

static inline void sample_atm(struct wire *wire)
{
	wire_bytes(wire, SNAP_IP6, 8);
	put_tcp_over_ip6(wire);
}

static inline void sample_atm_nlpid(struct wire *wire)
{
	wire_bytes(wire, "\xfe\xfe\x03\xcc", 4);
	put_tcp_over_ip4(wire);
}

static inline void sample_atm_bridged(struct wire *wire)
{
	wire_bytes(wire, "\xaa\xaa\x03\x00\x80\xc2\x00\x07\0\0", 10);
	sample_ethernet6(wire);
}

static inline void sample_sunatm(struct wire *wire)
{
	wire_bytes(wire, "\x82\x00\x00\x64", 4);
	wire_bytes(wire, SNAP_IP4, 8);
	put_tcp_over_ip4(wire);
}

static inline void sample_sunatm_lane(struct wire *wire)
{
	wire_bytes(wire, "\x01\x00\x00\x64\x00\x02", 6);
	sample_ethernet(wire);
}

static inline void put_wifi(struct wire *wire, unsigned control, unsigned addresses)
{
	wire_u16(wire, control);
	wire_u16(wire, 0);
	wire_fill(wire, 0x02, 18);
	wire_le16(wire, 0x1230);
	wire_fill(wire, 0x04, 6 * (size_t)(addresses - 3));
}

static inline void sample_wifi(struct wire *wire)
{
	put_wifi(wire, 0x0801, 3);
	wire_bytes(wire, SNAP_IP4, 8);
	put_tcp_over_ip4(wire);
}

static inline void sample_wifi_qos(struct wire *wire)
{
	put_wifi(wire, 0x8802, 3);
	wire_u16(wire, 0x0600);
	wire_bytes(wire, SNAP_IP6, 8);
	put_tcp_over_ip6(wire);
}

static inline void sample_wifi_four_addresses(struct wire *wire)
{
	put_wifi(wire, 0x8883, 4); /* with HT control */
	wire_u16(wire, 0);
	wire_u32(wire, 0);
	wire_bytes(wire, SNAP_IP4, 8);
	put_tcp_over_ip4(wire);
}

static inline void sample_wifi_mesh(struct wire *wire)
{
	put_wifi(wire, 0x8803, 4);
	wire_u16(wire, 0x0001);
	wire_u16(wire, 0x021f); /* two more addresses, TTL 31 */
	wire_u32(wire, 77);
	wire_fill(wire, 0x06, 12);
	wire_bytes(wire, SNAP_IP4, 8);
	put_tcp_over_ip4(wire);
}

static inline void sample_wifi_amsdu(struct wire *wire)
{
	put_wifi(wire, 0x8801, 3);
	wire_u16(wire, 0x8000);
	wire_fill(wire, 0x02, 12);
	wire_u16(wire, 8 + 65);
	wire_bytes(wire, SNAP_IP4, 8);
	put_tcp_over_ip4(wire);
}

/* Stamp and flags are present, and another word of what is. */
static inline void put_radiotap(struct wire *wire, unsigned flags)
{
	wire_u16(wire, 0);
	wire_le16(wire, 4 + 4 + 4 + 4 + 8 + 2);
	wire_le32(wire, 0x80000003);
	wire_le32(wire, 0);
	wire_le32(wire, 0); /* aligns the stamp */
	wire_fill(wire, 0x77, 8);
	wire_u8(wire, flags);
	wire_u8(wire, 0);
}

static inline void sample_radiotap(struct wire *wire)
{
	put_radiotap(wire, 0x10);
	sample_wifi(wire);
}

static inline void sample_radiotap_padded(struct wire *wire)
{
	put_radiotap(wire, 0x20);
	put_wifi(wire, 0x8802, 3);
	wire_u16(wire, 0);
	wire_u16(wire, 0xeeee); /* up to a multiple of four */
	wire_bytes(wire, SNAP_IP4, 8);
	put_tcp_over_ip4(wire);
}

static inline void sample_prism(struct wire *wire)
{
	wire_le32(wire, 0x44);
	wire_le32(wire, 144);
	wire_fill(wire, 0x55, 136);
	sample_wifi_qos(wire);
}

static inline void sample_prism_big(struct wire *wire)
{
	wire_u32(wire, 0x44);
	wire_u32(wire, 144);
	wire_fill(wire, 0x55, 136);
	sample_wifi(wire);
}

static inline void sample_avs(struct wire *wire)
{
	wire_u32(wire, 0x80211001);
	wire_u32(wire, 64);
	wire_fill(wire, 0x55, 56);
	sample_wifi(wire);
}

static inline void sample_frame_relay(struct wire *wire)
{
	wire_bytes(wire, "\x18\x41\x03\xcc", 4);
	put_tcp_over_ip4(wire);
}

static inline void sample_frame_relay_snap(struct wire *wire)
{
	wire_bytes(wire, "\x18\x40\x02\x01\x03\x00\x80\x00\x00\x00\x86\xdd", 12);
	put_tcp_over_ip6(wire);
}

static inline void sample_frame_relay_cisco(struct wire *wire)
{
	wire_u32(wire, 0x18410800);
	put_tcp_over_ip4(wire);
}

static inline void sample_frame_relay_direction(struct wire *wire)
{
	wire_bytes(wire, "\x01\x18\x41\x03\x8e", 5);
	put_tcp_over_ip6(wire);
}

static inline void sample_enc(struct wire *wire)
{
	wire_le32(wire, 2);
	wire_u32(wire, 0x1000);
	wire_u32(wire, 3);
	put_tcp_over_ip4(wire);
}

static inline void sample_enc_big(struct wire *wire)
{
	wire_u32(wire, 24);
	wire_u32(wire, 0x1000);
	wire_u32(wire, 3);
	put_tcp_over_ip6(wire);
}

static inline void sample_pflog(struct wire *wire)
{
	wire_u8(wire, 61);
	wire_u8(wire, 2);
	wire_fill(wire, 0, 62);
	put_tcp_over_ip4(wire);
}

static inline void sample_fibre_channel(struct wire *wire)
{
	wire_fill(wire, 0x10, 16);
	wire_bytes(wire, SNAP_IP6, 8);
	put_tcp_over_ip6(wire);
}

static inline void sample_arcnet(struct wire *wire)
{
	wire_bytes(wire, "\x01\x02\0\0\xd4\0\x12\x34", 8);
	put_tcp_over_ip4(wire);
}

static inline void sample_arcnet_exception(struct wire *wire)
{
	wire_bytes(wire, "\x01\x02\0\0\xd4\xff\xff\xff\xff\0\x12\x34", 12);
	put_tcp_over_ip4(wire);
}

static inline void sample_arcnet_old(struct wire *wire)
{
	wire_bytes(wire, "\x01\x02\0\0\xf0", 5);
	put_tcp_over_ip4(wire);
}

static inline void sample_firewire(struct wire *wire)
{
	wire_fill(wire, 0x10, 16);
	wire_u16(wire, 0x0800);
	put_tcp_over_ip4(wire);
}

static inline void sample_ppp_pppd(struct wire *wire)
{
	wire_u32(wire, 0x01030021);
	put_tcp_over_ip4(wire);
}

static inline void sample_ppp_direction(struct wire *wire)
{
	wire_bytes(wire, "\x01\xff\x03\x00\x57", 5);
	put_tcp_over_ip6(wire);
}

static inline void sample_cisco_direction(struct wire *wire)
{
	wire_u8(wire, 0);
	sample_cisco(wire);
}

static inline void sample_juniper(struct wire *wire)
{
	wire_u32(wire, 0x4d474381); /* with extensions, incoming */
	wire_u16(wire, 6);
	wire_fill(wire, 1, 6);
	sample_vlan(wire);
}

static inline void put_ppi(struct wire *wire, unsigned fields, uint32_t link_type)
{
	wire_u16(wire, 0);
	wire_le16(wire, 8 + fields);
	wire_le32(wire, link_type);
	wire_fill(wire, 0x22, fields);
}

static inline void sample_ppi_wifi(struct wire *wire)
{
	put_ppi(wire, 24, ST_LINK_WIFI);
	sample_wifi(wire);
}

static inline void sample_ppi_ethernet(struct wire *wire)
{
	put_ppi(wire, 0, ST_LINK_ETHERNET);
	sample_ethernet6(wire);
}

static inline void put_erf(struct wire *wire, unsigned type)
{
	wire_fill(wire, 0x33, 8);
	wire_u8(wire, type);
	wire_fill(wire, 0x33, 7);
}

static inline void sample_erf(struct wire *wire)
{
	put_erf(wire, 0x82);
	wire_bytes(wire, "\x83\0\0\0\0\0\0\0\x04\0\0\0\0\0\0\0", 16);
	wire_u16(wire, 0);
	sample_ethernet(wire);
}

static inline void sample_erf_hdlc(struct wire *wire)
{
	put_erf(wire, 1);
	sample_ppp_framed(wire);
}

static inline void sample_mpls_alone(struct wire *wire)
{
	put_labels(wire, 2);
	put_tcp_over_ip6(wire);
}

static inline void sample_ipnet(struct wire *wire)
{
	wire_bytes(wire, "\x01\x1a\0\1\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\1\0\0\0\1", 24);
	put_tcp_over_ip6(wire);
}

static inline void put_attribute(struct wire *wire, uint16_t type, uint16_t payload)
{
	wire_host16(wire, (uint16_t)(4 + payload));
	wire_host16(wire, type);
}

static inline void sample_nflog(struct wire *wire)
{
	wire_u32(wire, 0x02000005);
	put_attribute(wire, 10, 1); /* a prefix, empty; padded */
	wire_u32(wire, 0);
	put_attribute(wire, 9, 65);
	put_tcp_over_ip4(wire);
}

static inline void sample_nflog_bridge(struct wire *wire)
{
	wire_u32(wire, 0x07000005);
	put_attribute(wire, 1, 4);
	wire_u32(wire, 0x86dd0300);
	put_attribute(wire, 9, 89);
	put_tcp_over_ip6(wire);
}

static inline void sample_infiniband(struct wire *wire)
{
	wire_fill(wire, 0, 40);
	wire_u32(wire, 0x08000000);
	put_tcp_over_ip4(wire);
}

static inline void sample_pktap(struct wire *wire)
{
	wire_le32(wire, 108);
	wire_le32(wire, 1);
	wire_le32(wire, ST_LINK_RAW_BSD);
	wire_fill(wire, 0x41, 96);
	put_tcp_over_ip6(wire);
}

static inline void sample_preamble(struct wire *wire)
{
	wire_bytes(wire, "\x55\x55\xd5\x55\x55\x80\x01\x99", 8);
	sample_qinq(wire);
}

static inline void sample_mpacket(struct wire *wire)
{
	wire_bytes(wire, "\x55\x55\x55\x55\x55\x55\x55\xd5", 8);
	sample_ethernet(wire);
}

static inline void put_tagged(struct wire *wire, const void *tag, size_t tag_bytes)
{
	wire_fill(wire, 0x02, 12);
	wire_bytes(wire, tag, tag_bytes);
	wire_u16(wire, 0x0800);
	put_tcp_over_ip4(wire);
}

static inline void sample_broadcom(struct wire *wire)
{
	put_tagged(wire, "\x20\0\0\1", 4);
}

static inline void sample_broadcom_before(struct wire *wire)
{
	wire_u32(wire, 0x20000001);
	sample_ethernet6(wire);
}

static inline void sample_marvell(struct wire *wire)
{
	put_tagged(wire, "\xc0\x08\0\0", 4);
}

static inline void sample_marvell_typed(struct wire *wire)
{
	put_tagged(wire, "\xda\xda\0\0\xc0\x08\0\0", 8);
}

static const struct sample link_samples[] = {
	{"token-ring", ST_LINK_TOKEN_RING, 22, 20, ST_PROTOCOL_TCP, sample_token_ring},
	{"token-ring-routed", ST_LINK_TOKEN_RING, 28, 40, ST_PROTOCOL_TCP,
	 sample_token_ring_routed},
	{"slip", ST_LINK_SLIP, 16, 20, ST_PROTOCOL_TCP, sample_slip},
	{"fddi", ST_LINK_FDDI, 21, 20, ST_PROTOCOL_TCP, sample_fddi},
	{"atm", ST_LINK_ATM, 8, 40, ST_PROTOCOL_TCP, sample_atm},
	{"atm-nlpid", ST_LINK_ATM_BSD, 4, 20, ST_PROTOCOL_TCP, sample_atm_nlpid},
	{"atm-bridged", ST_LINK_ATM, 24, 40, ST_PROTOCOL_TCP, sample_atm_bridged},
	{"sunatm", ST_LINK_SUNATM, 12, 20, ST_PROTOCOL_TCP, sample_sunatm},
	{"sunatm-lane", ST_LINK_SUNATM, 20, 20, ST_PROTOCOL_TCP, sample_sunatm_lane},
	{"wifi", ST_LINK_WIFI, 32, 20, ST_PROTOCOL_TCP, sample_wifi},
	{"wifi-qos", ST_LINK_WIFI, 34, 40, ST_PROTOCOL_TCP, sample_wifi_qos},
	{"wifi-four-addresses", ST_LINK_WIFI, 44, 20, ST_PROTOCOL_TCP, sample_wifi_four_addresses},
	{"wifi-mesh", ST_LINK_WIFI, 58, 20, ST_PROTOCOL_TCP, sample_wifi_mesh},
	{"wifi-amsdu", ST_LINK_WIFI, 48, 20, ST_PROTOCOL_TCP, sample_wifi_amsdu},
	{"radiotap", ST_LINK_WIFI_RADIOTAP, 58, 20, ST_PROTOCOL_TCP, sample_radiotap},
	{"radiotap-padded", ST_LINK_WIFI_RADIOTAP, 62, 20, ST_PROTOCOL_TCP, sample_radiotap_padded},
	{"prism", ST_LINK_WIFI_PRISM, 178, 40, ST_PROTOCOL_TCP, sample_prism},
	{"prism-big", ST_LINK_WIFI_PRISM, 176, 20, ST_PROTOCOL_TCP, sample_prism_big},
	{"prism-avs", ST_LINK_WIFI_PRISM, 96, 20, ST_PROTOCOL_TCP, sample_avs},
	{"avs", ST_LINK_WIFI_AVS, 96, 20, ST_PROTOCOL_TCP, sample_avs},
	{"frame-relay", ST_LINK_FRAME_RELAY, 4, 20, ST_PROTOCOL_TCP, sample_frame_relay},
	{"frame-relay-snap", ST_LINK_FRAME_RELAY, 12, 40, ST_PROTOCOL_TCP, sample_frame_relay_snap},
	{"frame-relay-cisco", ST_LINK_FRAME_RELAY, 4, 20, ST_PROTOCOL_TCP,
	 sample_frame_relay_cisco},
	{"frame-relay-direction", ST_LINK_FRAME_RELAY_DIRECTION, 5, 40, ST_PROTOCOL_TCP,
	 sample_frame_relay_direction},
	{"enc", ST_LINK_ENC, 12, 20, ST_PROTOCOL_TCP, sample_enc},
	{"enc-big", ST_LINK_ENC, 12, 40, ST_PROTOCOL_TCP, sample_enc_big},
	{"pflog", ST_LINK_PFLOG, 64, 20, ST_PROTOCOL_TCP, sample_pflog},
	{"fibre-channel", ST_LINK_FIBRE_CHANNEL, 24, 40, ST_PROTOCOL_TCP, sample_fibre_channel},
	{"arcnet", ST_LINK_ARCNET, 8, 20, ST_PROTOCOL_TCP, sample_arcnet},
	{"arcnet-exception", ST_LINK_ARCNET, 12, 20, ST_PROTOCOL_TCP, sample_arcnet_exception},
	{"arcnet-old", ST_LINK_ARCNET, 5, 20, ST_PROTOCOL_TCP, sample_arcnet_old},
	{"firewire", ST_LINK_FIREWIRE, 18, 20, ST_PROTOCOL_TCP, sample_firewire},
	{"ppp-pppd", ST_LINK_PPP_PPPD, 4, 20, ST_PROTOCOL_TCP, sample_ppp_pppd},
	{"ppp-direction", ST_LINK_PPP_DIRECTION, 5, 40, ST_PROTOCOL_TCP, sample_ppp_direction},
	{"cisco-direction", ST_LINK_C_HDLC_DIRECTION, 5, 20, ST_PROTOCOL_TCP,
	 sample_cisco_direction},
	{"juniper", ST_LINK_JUNIPER_ETHERNET, 30, 20, ST_PROTOCOL_TCP, sample_juniper},
	{"ppi-wifi", ST_LINK_PPI, 64, 20, ST_PROTOCOL_TCP, sample_ppi_wifi},
	{"ppi-ethernet", ST_LINK_PPI, 22, 40, ST_PROTOCOL_TCP, sample_ppi_ethernet},
	{"erf", ST_LINK_ERF, 48, 20, ST_PROTOCOL_TCP, sample_erf},
	{"erf-hdlc", ST_LINK_ERF, 20, 40, ST_PROTOCOL_TCP, sample_erf_hdlc},
	{"mpls-alone", ST_LINK_MPLS, 8, 40, ST_PROTOCOL_TCP, sample_mpls_alone},
	{"ipnet", ST_LINK_IPNET, 24, 40, ST_PROTOCOL_TCP, sample_ipnet},
	{"nflog", ST_LINK_NFLOG, 16, 20, ST_PROTOCOL_TCP, sample_nflog},
	{"nflog-bridge", ST_LINK_NFLOG, 16, 40, ST_PROTOCOL_TCP, sample_nflog_bridge},
	{"infiniband", ST_LINK_INFINIBAND, 44, 20, ST_PROTOCOL_TCP, sample_infiniband},
	{"pktap", ST_LINK_PKTAP, 108, 40, ST_PROTOCOL_TCP, sample_pktap},
	{"pktap-darwin", ST_LINK_PKTAP_DARWIN, 108, 40, ST_PROTOCOL_TCP, sample_pktap},
	{"preamble", ST_LINK_PREAMBLE, 34, 40, ST_PROTOCOL_TCP, sample_preamble},
	{"mpacket", ST_LINK_MPACKET, 22, 20, ST_PROTOCOL_TCP, sample_mpacket},
	{"broadcom", ST_LINK_BROADCOM, 18, 20, ST_PROTOCOL_TCP, sample_broadcom},
	{"broadcom-before", ST_LINK_BROADCOM_BEFORE, 18, 40, ST_PROTOCOL_TCP,
	 sample_broadcom_before},
	{"marvell", ST_LINK_MARVELL, 18, 20, ST_PROTOCOL_TCP, sample_marvell},
	{"marvell-typed", ST_LINK_MARVELL_TYPED, 22, 20, ST_PROTOCOL_TCP, sample_marvell_typed},
};

#endif
