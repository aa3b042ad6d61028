/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libwiretap's encapsulations as link types: libpcap's numbers where there are any.
 * Headers that libwiretap has taken off a frame are not put back: the frame has the
 * link type of what is left.
 */
#ifndef ST_TOOLS_ENCAPSULATION_H
#define ST_TOOLS_ENCAPSULATION_H

#include <stdbool.h>
#include <stdint.h>
#include <wiretap/wtap.h>

/* The encapsulation of the latest frame and what that is: frames of one kind follow each other. */
struct encapsulation {
	int latest;
	uint32_t link_type;
};

/* What no frame is. */
#define ENCAPSULATION_NONE ((struct encapsulation){.latest = WTAP_ENCAP_PER_PACKET})

/* The link type of a frame. One without a number gets one above all of libpcap's. */
uint32_t encapsulation_of_frame(struct encapsulation *latest, const wtap_packet_header *header);

/* The same for a whole file, or an interface. */
uint32_t encapsulation_link_type(int encapsulation);

/* The way back: WTAP_ENCAP_UNKNOWN if libwiretap knows none. */
int encapsulation_of(uint32_t link_type);

/* True if libpcap has a number for it. */
bool encapsulation_has_number(int encapsulation);

/* A number for the interface of a record, those of later sections of a file are others; 0: none. */
uint32_t encapsulation_interface(const wtap_rec *record);

#endif
