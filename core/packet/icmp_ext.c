/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ICMP extensions (RFC 4884) and the MPLS label stack in them (RFC 4950):
 * where the structure begins in spite of what routers state, and the walk over
 * its objects. Objects other than label stacks are handed out as they are.
 */
#include <servicetrace/packet.h>

#include "base/checksum.h"
#include "base/reader.h"

#include <string.h>

#define ICMP_HEADER_BYTES 8
#define EXTENSION_HEADER_BYTES 4
#define EXTENSION_VERSION 2
#define OBJECT_HEADER_BYTES 4

/* Where routers that state no length put the structure (RFC 4884, 5.1). */
#define QUOTE_BYTES_WITHOUT_LENGTH 128

#define CLASS_MPLS 1
#define C_TYPE_LABEL_STACK 1
#define LABEL_BYTES 4

/* Bytes of the quote as the length field has it: RFC 4884, 4.1 to 4.5; 0 if it says nothing. */
static size_t stated_quote_bytes(const uint8_t *message, size_t count, uint8_t ip_version)
{
	struct reader reader = reader_over(message, count);

	if (ip_version == 4) {
		reader_skip(&reader, 5);
		return (size_t)4 * reader_u8(&reader);
	}
	reader_skip(&reader, 4);
	return (size_t)8 * reader_u8(&reader);
}

/* Only these leave room for a length: RFC 4884, 4. */
static bool may_be_extended(const uint8_t *message, size_t count, uint8_t ip_version)
{
	struct reader reader = reader_over(message, count);
	uint8_t type = reader_u8(&reader);

	if (ip_version == 4)
		return type == 3 || type == 11 || type == 12;
	return type == 1 || type == 3;
}

static struct st_icmp_ext walk_from(const struct reader *reader)
{
	return (struct st_icmp_ext){
		.next = reader->left ? reader->at : NULL,
		.left = reader->left,
	};
}

/* Points `ext` behind the structure's header if there is one behind `quote_bytes` of quote. */
static bool structure_at(struct st_icmp_ext *ext, const uint8_t *message, size_t count,
			 size_t quote_bytes)
{
	struct reader reader = reader_over(message, count);
	const uint8_t *structure;
	size_t structure_bytes;

	reader_skip(&reader, ICMP_HEADER_BYTES + quote_bytes);
	structure = reader.at;
	structure_bytes = reader.left;
	if (structure_bytes < EXTENSION_HEADER_BYTES)
		return false;
	if (reader_u8(&reader) >> 4 != EXTENSION_VERSION)
		return false;
	if (checksum_finish(checksum_add(0, structure, structure_bytes)) != 0)
		return false;
	reader_skip(&reader, EXTENSION_HEADER_BYTES - 1);
	*ext = walk_from(&reader);
	return true;
}

enum st_status st_icmp_ext_init(struct st_icmp_ext *ext, const uint8_t *message, size_t count,
				uint8_t ip_version)
{
	size_t stated;

	*ext = (struct st_icmp_ext){0};
	if (!may_be_extended(message, count, ip_version))
		return ST_NONE;
	stated = stated_quote_bytes(message, count, ip_version);
	if (stated != 0 && structure_at(ext, message, count, stated))
		return ST_OK;
	if (structure_at(ext, message, count, QUOTE_BYTES_WITHOUT_LENGTH))
		return ST_OK;
	return ST_NONE;
}

enum st_status st_icmp_ext_next(struct st_icmp_ext *ext, struct st_icmp_object *object)
{
	struct reader reader = reader_over(ext->next, ext->left);
	uint16_t object_bytes;

	memset(object, 0, sizeof(*object));
	if (ext->next == NULL)
		return ST_NONE;
	object_bytes = reader_u16(&reader);
	object->class_num = reader_u8(&reader);
	object->c_type = reader_u8(&reader);
	if (reader.overrun || object_bytes < OBJECT_HEADER_BYTES || object_bytes > ext->left) {
		*ext = (struct st_icmp_ext){0};
		return ST_MALFORMED;
	}
	object->payload_bytes = object_bytes - OBJECT_HEADER_BYTES;
	object->payload = reader_bytes(&reader, object->payload_bytes);
	*ext = walk_from(&reader);
	return ST_OK;
}

size_t st_mpls_labels(const struct st_icmp_object *object, struct st_mpls_label *labels, size_t max)
{
	struct reader reader = reader_over(object->payload, object->payload_bytes);
	size_t count = 0;

	if (object->class_num != CLASS_MPLS || object->c_type != C_TYPE_LABEL_STACK)
		return 0;
	for (; count < max && reader.left >= LABEL_BYTES; count++) {
		uint32_t entry = reader_u32(&reader);

		labels[count] = (struct st_mpls_label){
			.label = entry >> 12,
			.tc = entry >> 9 & 0x7,
			.bottom = entry >> 8 & 0x1,
			.ttl = (uint8_t)entry,
		};
	}
	return count;
}
