/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/tls.h"

#include <string.h>

#include "base/reader.h"

#define RECORD_HANDSHAKE 22
#define RECORD_HEADER_BYTES 5
#define RECORD_BYTES_MAX 16384 /* of what is not encrypted */
#define VERSION_MAJOR 3	       /* of SSL 3.0 and every TLS */
#define VERSION_MINOR_MAX 4
#define CLIENT_HELLO 1
#define HANDSHAKE_HEADER_BYTES 4
#define BEGINNING_BYTES (RECORD_HEADER_BYTES + 1) /* a record's header and the message's type */

/* Version, random, no session, one cipher suite, one compression method. */
#define BODY_BYTES_MIN 41
/* The same with every length at its most. */
#define BODY_BYTES_MAX (2 + 32 + 33 + 2 + 65534 + 256 + 2 + 65535)

#define RANDOM_BYTES 32
#define EXTENSION_SERVER_NAME 0
#define EXTENSION_ALPN 16
#define EXTENSION_ECH 0xfe0d
#define NAME_TYPE_HOST 0
#define NAME_BYTES_MAX 253 /* RFC 1035, 2.3.4, as text */

enum st_status tls_begins_hello(const uint8_t *bytes, size_t count)
{
	uint32_t length;

	if ((count > 0 && bytes[0] != RECORD_HANDSHAKE) ||
	    (count > 1 && bytes[1] != VERSION_MAJOR) || (count > 2 && bytes[2] > VERSION_MINOR_MAX))
		return ST_MALFORMED;
	if (count < RECORD_HEADER_BYTES)
		return ST_TRUNCATED;
	length = (uint32_t)bytes[3] << 8 | bytes[4];
	if (length == 0 || length > RECORD_BYTES_MAX)
		return ST_MALFORMED;
	if (count < BEGINNING_BYTES)
		return ST_TRUNCATED;
	return bytes[BEGINNING_BYTES - 1] == CLIENT_HELLO ? ST_OK : ST_MALFORMED;
}

/* An empty record of a handshake is forbidden (RFC 8446, 5.1). */
static enum st_status read_record_header(struct tls_records *records, const uint8_t *bytes)
{
	struct reader reader = reader_over(bytes + records->at, RECORD_HEADER_BYTES);
	bool handshake = reader_u8(&reader) == RECORD_HANDSHAKE;
	bool version = reader_u8(&reader) == VERSION_MAJOR;

	reader_skip(&reader, 1);
	records->record_left = reader_u16(&reader);
	records->at += RECORD_HEADER_BYTES;
	if (!handshake || !version || records->record_left == 0 ||
	    records->record_left > RECORD_BYTES_MAX)
		return ST_MALFORMED;
	return ST_OK;
}

enum st_status tls_records_read(struct tls_records *records, uint8_t *bytes, uint32_t count)
{
	for (;;) {
		uint32_t there = MIN(records->record_left, count - records->at);

		memmove(bytes + records->message_bytes, bytes + records->at, there);
		records->message_bytes += there;
		records->at += there;
		records->record_left -= there;
		if (records->record_left > 0 || count - records->at < RECORD_HEADER_BYTES)
			return ST_OK;
		if (read_record_header(records, bytes) != ST_OK)
			return ST_MALFORMED;
	}
}

static uint32_t body_bytes(const uint8_t *message)
{
	return (uint32_t)message[1] << 16 | (uint32_t)message[2] << 8 | message[3];
}

enum st_status tls_check_hello(const uint8_t *message, size_t count)
{
	uint32_t body;

	if (count > 0 && message[0] != CLIENT_HELLO)
		return ST_MALFORMED;
	if (count < HANDSHAKE_HEADER_BYTES)
		return ST_TRUNCATED;
	body = body_bytes(message);
	if (body < BODY_BYTES_MIN || body > BODY_BYTES_MAX)
		return ST_MALFORMED;
	if (count > HANDSHAKE_HEADER_BYTES && message[HANDSHAKE_HEADER_BYTES] != VERSION_MAJOR)
		return ST_MALFORMED;
	return count - HANDSHAKE_HEADER_BYTES < body ? ST_TRUNCATED : ST_OK;
}

static bool is_printable(const uint8_t *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!g_ascii_isgraph(bytes[i]))
			return false;
	}
	return true;
}

void tls_set_host(struct hello_facts *facts, const uint8_t *name, size_t count)
{
	if (count > 0 && name[count - 1] == '.')
		count--;
	if (count == 0 || count > NAME_BYTES_MAX || !is_printable(name, count))
		return;
	for (size_t i = 0; i < count; i++)
		facts->host[i] = g_ascii_tolower((char)name[i]);
	facts->host[count] = '\0';
}

/* RFC 6066, 3: of names of one type there is one. */
static void read_server_name(struct reader *extension, struct hello_facts *facts)
{
	reader_skip(extension, 2); /* the list's length is the extension's */
	while (extension->left > 0) {
		uint8_t type = reader_u8(extension);
		uint16_t count = reader_u16(extension);
		const uint8_t *name = reader_bytes(extension, count);

		if (name && type == NAME_TYPE_HOST) {
			tls_set_host(facts, name, count);
			return;
		}
	}
}

/* Values that mean nothing and are there to be passed over (RFC 8701, 2). */
static bool is_grease(const uint8_t *bytes, size_t count)
{
	return count == 2 && (bytes[0] & 0x0f) == 0x0a && bytes[0] == bytes[1];
}

/* The list is written with commas; an entry that has one could not be told from two. */
static bool can_be_listed(const uint8_t *protocol, size_t count)
{
	return count > 0 && !is_grease(protocol, count) && is_printable(protocol, count) &&
	       !memchr(protocol, ',', count);
}

/* RFC 7301, 3.1. An entry that does not fit any more ends the list. */
static void read_alpn(struct reader *extension, struct hello_facts *facts)
{
	size_t used = 0;

	reader_skip(extension, 2);
	while (extension->left > 0) {
		uint8_t count = reader_u8(extension);
		const uint8_t *protocol = reader_bytes(extension, count);
		size_t comma = used > 0 ? 1 : 0;

		if (!protocol || !can_be_listed(protocol, count))
			continue;
		if (used + comma + count >= HELLO_ALPN_MAX)
			return;
		if (comma)
			facts->alpn[used++] = ',';
		memcpy(facts->alpn + used, protocol, count);
		used += count;
		facts->alpn[used] = '\0';
	}
}

static void read_extension(uint16_t type, struct reader extension, struct hello_facts *facts)
{
	if (type == EXTENSION_SERVER_NAME && facts->host[0] == '\0')
		read_server_name(&extension, facts);
	else if (type == EXTENSION_ALPN && facts->alpn[0] == '\0')
		read_alpn(&extension, facts);
	else if (type == EXTENSION_ECH)
		facts->ech = true;
}

/* Of an extension that is cut, what is there. */
static void read_extensions(struct reader *reader, struct hello_facts *facts)
{
	while (reader->left > 0) {
		uint16_t type = reader_u16(reader), count = reader_u16(reader);
		size_t there = MIN(count, reader->left);

		if (reader->overrun)
			return;
		read_extension(type, reader_over(reader->at, there), facts);
		reader_skip(reader, there);
	}
}

enum st_status tls_read_hello(const uint8_t *message, size_t count, struct hello_facts *facts)
{
	struct reader reader = reader_over(message, count);
	bool whole = tls_check_hello(message, count) == ST_OK;
	uint16_t extensions;

	*facts = (struct hello_facts){0};
	if (whole)
		reader.left = HANDSHAKE_HEADER_BYTES + body_bytes(message);
	reader_skip(&reader, HANDSHAKE_HEADER_BYTES + 2 + RANDOM_BYTES);
	reader_skip(&reader, reader_u8(&reader));  /* session id */
	reader_skip(&reader, reader_u16(&reader)); /* cipher suites */
	reader_skip(&reader, reader_u8(&reader));  /* compression methods */
	if (reader.overrun)
		return ST_TRUNCATED;
	extensions = reader_u16(&reader); /* SSL 3.0 has none */
	reader.left = MIN(reader.left, extensions);
	read_extensions(&reader, facts);
	return whole ? ST_OK : ST_TRUNCATED;
}
