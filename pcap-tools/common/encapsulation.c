/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "encapsulation.h"

#include <glib.h>

#include <servicetrace/packet.h>
#include <wiretap/pcap-encap.h>

/* Link types without a number of libpcap's are told by libwiretap's, above all of those. */
#define OWN_NUMBERS 0x10000u
/* Interfaces of later sections are others: sections count above what one can number. */
#define SECTION_SHIFT 16
/* Link types have numbers up to some 300; there is room for as many more. */
#define NUMBER_MAX 600

#define ERF_TYPE 0x7f
#define ERF_HDLC 1
#define ERF_ETHERNET 2
#define ERF_ETHERNET_COLOUR 11
#define ERF_IPV4 22
#define ERF_IPV6 23

/* What is left of frames whose direction or radio libwiretap keeps apart. */
static const struct {
	int encapsulation;
	uint32_t link_type;
} without_header[] = {
	{WTAP_ENCAP_PPP_WITH_PHDR, ST_LINK_PPP},
	{WTAP_ENCAP_CHDLC_WITH_PHDR, ST_LINK_C_HDLC},
	{WTAP_ENCAP_FRELAY_WITH_PHDR, ST_LINK_FRAME_RELAY},
	{WTAP_ENCAP_IEEE_802_11_WITH_RADIO, ST_LINK_WIFI},
	{WTAP_ENCAP_FDDI, ST_LINK_FDDI},
	{WTAP_ENCAP_NETTL_ETHERNET, ST_LINK_ETHERNET},
	{WTAP_ENCAP_NETTL_RAW_IP, ST_LINK_RAW},
};

/*
 * libpcap's number of an encapsulation, of several the one that is decoded here;
 * -1: it has none. libwiretap tells the way back only.
 */
static int pcap_number(int encapsulation)
{
	int found = -1;

	if (encapsulation <= WTAP_ENCAP_UNKNOWN)
		return -1;
	for (int number = 0; number <= NUMBER_MAX; number++) {
		if (wtap_pcap_encap_to_wtap_encap(number) != encapsulation)
			continue;
		found = number;
		if (st_link_type_known((uint32_t)number))
			break;
	}
	return found;
}

uint32_t encapsulation_link_type(int encapsulation)
{
	int number;

	for (size_t i = 0; i < G_N_ELEMENTS(without_header); i++) {
		if (without_header[i].encapsulation == encapsulation)
			return without_header[i].link_type;
	}
	number = wtap_encap_requires_phdr(encapsulation) ? -1 : pcap_number(encapsulation);
	return number < 0 ? OWN_NUMBERS + (uint32_t)MAX(encapsulation, 0) : (uint32_t)number;
}

int encapsulation_of(uint32_t link_type)
{
	return link_type >= OWN_NUMBERS ? (int)(link_type - OWN_NUMBERS)
					: wtap_pcap_encap_to_wtap_encap((int)link_type);
}

bool encapsulation_has_number(int encapsulation)
{
	return pcap_number(encapsulation) >= 0;
}

/* Endace's records have one type of their own in a file and one a frame. */
static uint32_t erf_link_type(const union wtap_pseudo_header *header)
{
	switch (header->erf.phdr.type & ERF_TYPE) {
	case ERF_ETHERNET:
	case ERF_ETHERNET_COLOUR:
		return ST_LINK_ETHERNET;
	case ERF_HDLC:
		return ST_LINK_PPP_HDLC;
	case ERF_IPV4:
		return ST_LINK_IPV4;
	case ERF_IPV6:
		return ST_LINK_IPV6;
	default:
		return OWN_NUMBERS + WTAP_ENCAP_ERF;
	}
}

uint32_t encapsulation_of_frame(struct encapsulation *latest, const wtap_packet_header *header)
{
	if (header->pkt_encap == WTAP_ENCAP_ERF)
		return erf_link_type(&header->pseudo_header);
	if (header->pkt_encap == WTAP_ENCAP_ATM_PDUS &&
	    header->pseudo_header.atm.type == TRAF_LLCMX)
		return ST_LINK_ATM;
	if (header->pkt_encap != latest->latest) {
		latest->latest = header->pkt_encap;
		latest->link_type = encapsulation_link_type(header->pkt_encap);
	}
	return latest->link_type;
}

uint32_t encapsulation_interface(const wtap_rec *record)
{
	bool has_interface = record->presence_flags & WTAP_HAS_INTERFACE_ID;
	bool has_section = record->presence_flags & WTAP_HAS_SECTION_NUMBER;
	uint32_t section = has_section ? record->section_number : 0;

	return (section << SECTION_SHIFT) +
	       (has_interface ? record->rec_header.packet_header.interface_id : 0);
}
