/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses and prefixes as values: text to bytes and back, equality, "is it
 * inside". Names (DNS) and tables of prefixes are other rooms' business.
 */
#include "base/addr.h"

#include <arpa/inet.h>
#include <string.h>

#define PREFIX_DIGITS_MAX 3 /* "128" */

enum st_status st_addr_parse(const char *text, struct st_addr *addr)
{
	struct st_addr parsed = {0};

	if (inet_pton(AF_INET, text, parsed.bytes) == 1)
		parsed.version = 4;
	else if (inet_pton(AF_INET6, text, parsed.bytes) == 1)
		parsed.version = 6;
	else
		return ST_INVALID_ARGUMENT;
	*addr = parsed;
	return ST_OK;
}

const char *st_addr_format(const struct st_addr *addr, char text[ST_ADDR_TEXT_BYTES])
{
	text[0] = '\0';
	if (addr->version != 0)
		inet_ntop(addr->version == 4 ? AF_INET : AF_INET6, addr->bytes, text,
			  ST_ADDR_TEXT_BYTES);
	return text;
}

size_t st_addr_bytes(const struct st_addr *addr)
{
	if (addr->version == 0)
		return 0;
	return addr->version == 4 ? 4 : 16;
}

bool st_addr_equal(const struct st_addr *a, const struct st_addr *b)
{
	return a->version == b->version && memcmp(a->bytes, b->bytes, st_addr_bytes(a)) == 0;
}

/* The bits of byte `index` that belong to a prefix of `bits` bits. */
static uint8_t prefix_mask(uint8_t bits, size_t index)
{
	size_t before = index * 8;

	if (bits <= before)
		return 0;
	if (bits - before >= 8)
		return 0xff;
	return (uint8_t)(0xff << (8 - (bits - before)));
}

/* Digits only: strtoul would let signs, blanks and hexadecimal through. */
static bool parse_bits(const char *text, unsigned max, uint8_t *bits)
{
	size_t digits = strspn(text, "0123456789");
	unsigned value = 0;

	if (digits == 0 || digits > PREFIX_DIGITS_MAX || text[digits] != '\0')
		return false;
	if (text[0] == '0' && digits > 1)
		return false;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (unsigned)(text[i] - '0');
	*bits = (uint8_t)value;
	return value <= max;
}

enum st_status st_prefix_parse(const char *text, struct st_prefix *prefix)
{
	const char *slash = strchr(text, '/');
	size_t addr_chars = slash ? (size_t)(slash - text) : strlen(text);
	char addr_text[ST_ADDR_TEXT_BYTES];
	struct st_prefix parsed = {0};
	unsigned max;

	if (addr_chars >= sizeof(addr_text))
		return ST_INVALID_ARGUMENT;
	memcpy(addr_text, text, addr_chars);
	addr_text[addr_chars] = '\0';
	if (st_addr_parse(addr_text, &parsed.addr) != ST_OK)
		return ST_INVALID_ARGUMENT;
	max = parsed.addr.version == 4 ? 32 : 128;
	parsed.bits = (uint8_t)max;
	if (slash && !parse_bits(slash + 1, max, &parsed.bits))
		return ST_INVALID_ARGUMENT;
	for (size_t i = 0; i < sizeof(parsed.addr.bytes); i++)
		parsed.addr.bytes[i] &= prefix_mask(parsed.bits, i);
	*prefix = parsed;
	return ST_OK;
}

bool st_prefix_contains(const struct st_prefix *prefix, const struct st_addr *addr)
{
	if (addr->version == 0 || prefix->addr.version != addr->version)
		return false;
	for (size_t i = 0; i < st_addr_bytes(addr); i++) {
		uint8_t differing = prefix->addr.bytes[i] ^ addr->bytes[i];

		if (differing & prefix_mask(prefix->bits, i))
			return false;
	}
	return true;
}

bool addr_is_group(const struct st_addr *addr)
{
	static const struct st_addr broadcast = {.version = 4, .bytes = {255, 255, 255, 255}};

	if (addr->version == 6)
		return addr->bytes[0] == 0xff;
	return (addr->bytes[0] & 0xf0) == 0xe0 || st_addr_equal(addr, &broadcast);
}
