/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/quic.h"

#include "base/reader.h"

#define LONG_HEADER_AND_FIXED_BIT 0xc0
#define PACKET_TYPE_MASK 0x30
#define CONNECTION_ID_MAX 20 /* RFC 9000, 17.2 */
#define INITIAL_DATAGRAM_MIN 1200

#define VERSION_1 0x00000001
#define VERSION_2 0x6b3343cf
#define VERSION_DRAFT_27 0xff00001b
#define VERSION_DRAFT_34 0xff000022

static bool is_initial_type(uint8_t first, uint32_t version)
{
	uint8_t type = first & PACKET_TYPE_MASK;

	if (version == VERSION_2)
		return type == 0x10; /* RFC 9369, 3.2 */
	if (version == VERSION_1 || (version >= VERSION_DRAFT_27 && version <= VERSION_DRAFT_34))
		return type == 0x00;
	return false;
}

static bool pass_connection_id(struct reader *reader)
{
	uint8_t bytes = reader_u8(reader);

	reader_skip(reader, bytes);
	return bytes <= CONNECTION_ID_MAX;
}

bool quic_is_initial(const struct st_packet *packet, const struct st_frame *frame)
{
	struct reader reader;
	uint8_t first;

	if (packet->payload_wire < INITIAL_DATAGRAM_MIN || packet->payload_captured == 0)
		return false;
	reader = reader_over(frame->bytes + packet->payload_offset, packet->payload_captured);
	first = reader_u8(&reader);
	return (first & LONG_HEADER_AND_FIXED_BIT) == LONG_HEADER_AND_FIXED_BIT &&
	       is_initial_type(first, reader_u32(&reader)) && pass_connection_id(&reader) &&
	       pass_connection_id(&reader) && !reader.overrun;
}
