/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The few bytes of a link header that a packet's length and TTL decide.
 */
#include "packet/link_header.h"

#include "packet/decode.h"

#define LABEL_BYTES 4
#define LABEL_TTL_AT 3

/* The field counts all that stands behind it. */
static void set_length(uint8_t *header, size_t field_at, size_t frame_bytes)
{
	size_t length = frame_bytes - field_at - 2;

	header[field_at] = (uint8_t)(length >> 8);
	header[field_at + 1] = (uint8_t)length;
}

void link_header_finish(uint32_t link_type, uint8_t *header, size_t header_bytes,
			size_t packet_bytes, uint8_t flow_ttl, uint8_t ttl)
{
	struct reader reader = reader_over(header, header_bytes);
	struct link_layout layout;

	if (link_walk(link_type, &reader, &layout) != ST_OK)
		return;
	/* Cooked headers have a protocol number there, not a length. */
	if (layout.llc_at > 0 && link_type == ST_LINK_ETHERNET)
		set_length(header, layout.llc_at - 2, header_bytes + packet_bytes);
	if (layout.pppoe_length_at > 0)
		set_length(header, layout.pppoe_length_at, header_bytes + packet_bytes);
	for (unsigned i = 0; i < layout.labels; i++) {
		uint8_t *label_ttl =
			header + layout.labels_at + (size_t)i * LABEL_BYTES + LABEL_TTL_AT;

		if (*label_ttl == flow_ttl)
			*label_ttl = ttl;
	}
}
