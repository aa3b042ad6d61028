/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet/quic.h"

#define LONG_HEADER 0x80
#define FIXED_BIT 0x40
#define PACKET_TYPE_SHIFT 4
#define PACKET_TYPE_MASK 0x3

struct version_range {
	uint32_t first, last;
	enum quic_dialect dialect;
	bool standard;
};

/* Drafts before 22 have another header, Google's plain versions another packet. */
static const struct version_range versions[] = {
	{0x00000001, 0x00000001, QUIC_1, true},
	{0x6b3343cf, 0x6b3343cf, QUIC_2, true},
	{0xff000021, 0xff000022, QUIC_1, true},
	{0xff00001d, 0xff000020, QUIC_DRAFT_29, true},
	{0xff00001b, 0xff00001c, QUIC_DRAFT_23, true},
	{0xff000017, 0xff00001a, QUIC_DRAFT_23, false},
	{0xff000016, 0xff000016, QUIC_DRAFT_22, false},
	{0xfaceb001, 0xfaceb001, QUIC_DRAFT_22, false}, /* Facebook's */
	{0xfaceb002, 0xfaceb002, QUIC_DRAFT_23, false},
	{0xfaceb00e, 0xfaceb00e, QUIC_DRAFT_23, false},
	{0x51303530, 0x51303530, QUIC_Q050, false}, /* "Q050" */
	{0x54303530, 0x54303530, QUIC_T050, false},
	{0x54303531, 0x54303531, QUIC_T051, false},
};

static const struct version_range *find_version(uint32_t version)
{
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		if (version >= versions[i].first && version <= versions[i].last)
			return &versions[i];
	}
	return NULL;
}

/* Version 2 has each type's number one higher (RFC 9369, 3.2). */
static enum quic_packet_type type_of(uint8_t first, enum quic_dialect dialect)
{
	unsigned type = first >> PACKET_TYPE_SHIFT;

	if (dialect == QUIC_2)
		type--;
	return (enum quic_packet_type)(type & PACKET_TYPE_MASK);
}

static const uint8_t *read_connection_id(struct reader *reader, uint8_t *bytes)
{
	*bytes = reader_u8(reader);
	if (*bytes > QUIC_CONNECTION_ID_MAX)
		return NULL;
	return reader_bytes(reader, *bytes);
}

bool quic_read_long_header(struct reader *reader, struct quic_long_header *header)
{
	uint8_t first = reader_u8(reader), source_bytes;
	const struct version_range *version = find_version(reader_u32(reader));

	if (!(first & LONG_HEADER) || !version)
		return false;
	header->dialect = version->dialect;
	header->standard = version->standard;
	header->fixed_bit = first & FIXED_BIT;
	header->type = type_of(first, header->dialect);
	header->dcid = read_connection_id(reader, &header->dcid_bytes);
	return header->dcid && read_connection_id(reader, &source_bytes) && !reader->overrun;
}

uint64_t quic_read_varint(struct reader *reader)
{
	uint8_t first = reader_u8(reader);
	uint64_t value = first & 0x3f;

	for (unsigned more = (1U << (first >> 6)) - 1; more > 0; more--)
		value = value << 8 | reader_u8(reader);
	return value;
}

bool quic_is_initial(const struct st_packet *packet, const struct st_frame *frame)
{
	struct quic_long_header header;
	struct reader reader;

	if (packet->payload_wire < QUIC_DATAGRAM_MIN || packet->payload_captured == 0)
		return false;
	reader = reader_over(frame->bytes + packet->payload_offset, packet->payload_captured);
	return quic_read_long_header(&reader, &header) && header.standard && header.fixed_bit &&
	       header.type == QUIC_INITIAL;
}
