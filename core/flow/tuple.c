/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of a flow: comparing and turning 5-tuples, reading them from text,
 * Community ID. Which flows exist and what they do is told by flow.c and table.c.
 */
#include <stdio.h>
#include <string.h>

#include <glib.h>

#include <servicetrace/flow.h>
#include <servicetrace/packet.h>

bool st_tuple_equal(const struct st_tuple *a, const struct st_tuple *b)
{
	return a->protocol == b->protocol && a->source_port == b->source_port &&
	       a->destination_port == b->destination_port &&
	       st_addr_equal(&a->source, &b->source) &&
	       st_addr_equal(&a->destination, &b->destination);
}

struct st_tuple st_tuple_reversed(const struct st_tuple *tuple)
{
	return (struct st_tuple){
		.source = tuple->destination,
		.destination = tuple->source,
		.source_port = tuple->destination_port,
		.destination_port = tuple->source_port,
		.protocol = tuple->protocol,
	};
}

/* Without its brackets; only IPv6 has them, else the last group could be taken for the port. */
static enum st_status parse_host(const char *text, size_t bytes, struct st_addr *addr)
{
	bool brackets = bytes >= 2 && text[0] == '[' && text[bytes - 1] == ']';
	char host[ST_ADDR_TEXT_BYTES];

	if (brackets) {
		text++;
		bytes -= 2;
	}
	if (bytes >= sizeof(host))
		return ST_INVALID_ARGUMENT;
	memcpy(host, text, bytes);
	host[bytes] = '\0';
	if (st_addr_parse(host, addr) != ST_OK || (addr->version == 6) != brackets)
		return ST_INVALID_ARGUMENT;
	return ST_OK;
}

static enum st_status parse_endpoint(const char *text, struct st_addr *addr, uint16_t *port)
{
	const char *colon = strrchr(text, ':');
	guint64 number;

	if (!colon || !g_ascii_string_to_unsigned(colon + 1, 10, 1, UINT16_MAX, &number, NULL))
		return ST_INVALID_ARGUMENT;
	*port = (uint16_t)number;
	return parse_host(text, (size_t)(colon - text), addr);
}

static enum st_status parse_words(char **words, struct st_tuple *tuple)
{
	struct st_tuple read = {0};

	if (g_strv_length(words) != 3)
		return ST_INVALID_ARGUMENT;
	if (strcmp(words[0], "tcp") == 0)
		read.protocol = ST_PROTOCOL_TCP;
	else if (strcmp(words[0], "udp") == 0)
		read.protocol = ST_PROTOCOL_UDP;
	else
		return ST_INVALID_ARGUMENT;
	if (parse_endpoint(words[1], &read.source, &read.source_port) != ST_OK ||
	    parse_endpoint(words[2], &read.destination, &read.destination_port) != ST_OK ||
	    read.source.version != read.destination.version)
		return ST_INVALID_ARGUMENT;
	*tuple = read;
	return ST_OK;
}

enum st_status st_tuple_parse(const char *text, struct st_tuple *tuple)
{
	char **words = g_strsplit(text, " ", -1);
	enum st_status status = parse_words(words, tuple);

	g_strfreev(words);
	return status;
}

/* Community ID hashes the end with the lower address, then the lower port, first. */
static bool is_lower_end_first(const struct st_tuple *tuple)
{
	int order =
		memcmp(tuple->source.bytes, tuple->destination.bytes, sizeof(tuple->source.bytes));

	return order < 0 || (order == 0 && tuple->source_port < tuple->destination_port);
}

static void hash_number(GChecksum *sha1, uint16_t number)
{
	const guchar wire[2] = {(guchar)(number >> 8), (guchar)number};

	g_checksum_update(sha1, wire, sizeof(wire));
}

static void hash_ordered(GChecksum *sha1, const struct st_tuple *tuple)
{
	const guchar protocol_and_padding[2] = {tuple->protocol, 0};
	const uint16_t seed = 0;

	hash_number(sha1, seed);
	g_checksum_update(sha1, tuple->source.bytes, (gssize)st_addr_bytes(&tuple->source));
	g_checksum_update(sha1, tuple->destination.bytes,
			  (gssize)st_addr_bytes(&tuple->destination));
	g_checksum_update(sha1, protocol_and_padding, sizeof(protocol_and_padding));
	hash_number(sha1, tuple->source_port);
	hash_number(sha1, tuple->destination_port);
}

const char *st_community_id(const struct st_tuple *tuple, char text[ST_COMMUNITY_ID_BYTES])
{
	struct st_tuple ordered = is_lower_end_first(tuple) ? *tuple : st_tuple_reversed(tuple);
	GChecksum *sha1 = g_checksum_new(G_CHECKSUM_SHA1);
	guint8 digest[20];
	gsize bytes = sizeof(digest);
	char *base64;

	hash_ordered(sha1, &ordered);
	g_checksum_get_digest(sha1, digest, &bytes);
	g_checksum_free(sha1);
	base64 = g_base64_encode(digest, bytes);
	snprintf(text, ST_COMMUNITY_ID_BYTES, "1:%s", base64);
	g_free(base64);
	return text;
}

const char *st_protocol_text(uint8_t protocol, char text[ST_PROTOCOL_TEXT_BYTES])
{
	switch (protocol) {
	case ST_PROTOCOL_TCP:
		g_strlcpy(text, "tcp", ST_PROTOCOL_TEXT_BYTES);
		return text;
	case ST_PROTOCOL_UDP:
		g_strlcpy(text, "udp", ST_PROTOCOL_TEXT_BYTES);
		return text;
	case ST_PROTOCOL_ICMP:
		g_strlcpy(text, "icmp", ST_PROTOCOL_TEXT_BYTES);
		return text;
	case ST_PROTOCOL_ICMPV6:
		g_strlcpy(text, "icmpv6", ST_PROTOCOL_TEXT_BYTES);
		return text;
	case ST_PROTOCOL_SCTP:
		g_strlcpy(text, "sctp", ST_PROTOCOL_TEXT_BYTES);
		return text;
	default: /* a number of IANA's registry, no enum */
		snprintf(text, ST_PROTOCOL_TEXT_BYTES, "%u", protocol);
		return text;
	}
}
