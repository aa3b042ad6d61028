/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes DNS messages byte by byte for the tests. Names are as written; a
 * closing '@' and a number is a compression pointer: "www@12".
 */
#ifndef ST_TESTS_UNIT_DNS_WIRE_H
#define ST_TESTS_UNIT_DNS_WIRE_H

#include <stdlib.h>

#include "wire.h"

#define DNS_TYPE_A 1
#define DNS_TYPE_CNAME 5
#define DNS_TYPE_AAAA 28
#define DNS_TYPE_HTTPS 65
#define DNS_FLAGS 0x8180 /* response, recursion desired and available, no error */

/* A header; the question and the answers follow. */
static inline void dns_wire_header(struct wire *wire, unsigned flags, unsigned questions,
				   unsigned answers)
{
	wire_u16(wire, 0x4242);
	wire_u16(wire, flags);
	wire_u16(wire, questions);
	wire_u16(wire, answers);
	wire_u32(wire, 0);
}

static inline void dns_wire_name(struct wire *wire, const char *name)
{
	while (*name && *name != '@') {
		size_t chars = strcspn(name, ".@");

		wire_u8(wire, (unsigned)chars);
		wire_bytes(wire, name, chars);
		name += chars + (name[chars] == '.');
	}
	if (*name == '@')
		wire_u16(wire, 0xc000u | (unsigned)strtoul(name + 1, NULL, 10));
	else
		wire_u8(wire, 0);
}

static inline void dns_wire_question(struct wire *wire, const char *name, unsigned type)
{
	dns_wire_name(wire, name);
	wire_u16(wire, type);
	wire_u16(wire, 1);
}

/* Up to the data's length, whose place it returns. */
static inline size_t dns_wire_record(struct wire *wire, const char *owner, unsigned type,
				     uint32_t ttl_s)
{
	dns_wire_name(wire, owner);
	wire_u16(wire, type);
	wire_u16(wire, 1);
	wire_u32(wire, ttl_s);
	wire_u16(wire, 0);
	return wire->count - 2;
}

static inline void dns_wire_end(struct wire *wire, size_t length_at)
{
	wire_set_u16(wire, length_at, (unsigned)(wire->count - length_at - 2));
}

static inline void dns_wire_address(struct wire *wire, const char *owner, const char *text,
				    uint32_t ttl_s)
{
	struct st_addr addr = {0};
	size_t at;

	g_assert_cmpint(st_addr_parse(text, &addr), ==, ST_OK);
	at = dns_wire_record(wire, owner, addr.version == 4 ? DNS_TYPE_A : DNS_TYPE_AAAA, ttl_s);
	wire_bytes(wire, addr.bytes, st_addr_bytes(&addr));
	dns_wire_end(wire, at);
}

static inline void dns_wire_alias(struct wire *wire, const char *owner, const char *target)
{
	size_t at = dns_wire_record(wire, owner, DNS_TYPE_CNAME, 60);

	dns_wire_name(wire, target);
	dns_wire_end(wire, at);
}

/* The answer to one question: `name` has `addr`, for five minutes. */
static inline void dns_wire_answer(struct wire *wire, const char *name, const char *addr)
{
	dns_wire_header(wire, DNS_FLAGS, 1, 1);
	dns_wire_question(wire, name, DNS_TYPE_A);
	dns_wire_address(wire, "@12", addr, 300);
}

#endif
