/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the readers of link headers share. Each moves `reader` over its header
 * and what it knows to be inside of it, up to the IP packet. ST_TRUNCATED: the
 * bytes end before; ST_UNSUPPORTED: what follows is not IP, or cannot be read.
 */
#ifndef ST_PACKET_LINK_H
#define ST_PACKET_LINK_H

#include "packet/decode.h"

typedef enum st_status (*link_pass)(struct reader *reader, struct link_layout *layout);

/* link.c */

/* The packet follows, of this version; 0: whichever its first bits tell. */
enum st_status link_pass_ip(const struct reader *reader, uint8_t version,
			    struct link_layout *layout);

/* What an Ethernet type announces. VLAN tags and lengths are no such types here. */
enum st_status link_pass_type(struct reader *reader, uint16_t type, struct link_layout *layout);

/* The same with VLAN tags and, where the type is a length (IEEE 802.3), LLC. */
enum st_status link_pass_ethertype(struct reader *reader, uint16_t type,
				   struct link_layout *layout);

/* LLC (IEEE 802.2): SNAP, IP's own access point, or network layer protocol identifiers. */
enum st_status link_pass_llc(struct reader *reader, struct link_layout *layout);

enum st_status link_pass_ethernet(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_labels(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_ppp(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_ppp_protocol(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_cisco_hdlc(struct reader *reader, struct link_layout *layout);

/* An address family of any BSD, or Linux's. */
enum st_status link_pass_family(const struct reader *reader, uint32_t family,
				struct link_layout *layout);

/* A frame of another link type inside of a capture's own header, but no second such header. */
enum st_status link_pass_wrapped(struct reader *reader, uint32_t link_type,
				 struct link_layout *layout);

/* link_wifi.c */
enum st_status link_pass_wifi(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_radiotap(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_prism(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_avs(struct reader *reader, struct link_layout *layout);

/* link_networks.c */
enum st_status link_pass_token_ring(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_fddi(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_slip(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_atm(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_sunatm(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_frame_relay(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_frame_relay_direction(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_fibre_channel(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_arcnet(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_firewire(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_infiniband(struct reader *reader, struct link_layout *layout);

/* link_pseudo.c */
enum st_status link_pass_enc(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_pflog(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_nflog(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_ipnet(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_ppp_pppd(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_ppp_direction(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_cisco_hdlc_direction(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_ppi(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_pktap(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_erf(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_juniper_ethernet(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_preamble(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_mpacket(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_broadcom(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_broadcom_before(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_marvell(struct reader *reader, struct link_layout *layout);
enum st_status link_pass_marvell_typed(struct reader *reader, struct link_layout *layout);

#endif
