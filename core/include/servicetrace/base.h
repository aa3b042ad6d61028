/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values that every floor shares: status codes, time, addresses and prefixes.
 * Nothing here knows of packets or flows.
 */
#ifndef SERVICETRACE_BASE_H
#define SERVICETRACE_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ST_API __attribute__((visibility("default")))

/* What a function of the packet path answers. A status is never an errno. */
enum st_status {
	ST_OK = 0,
	ST_NONE,	     /* nothing to hand out now; not an error */
	ST_TRUNCATED,	     /* the bytes end before the header does (snap length, cut quote) */
	ST_MALFORMED,	     /* the bytes contradict the protocol */
	ST_UNSUPPORTED,	     /* well formed perhaps, but not a protocol that is decoded here */
	ST_NO_SPACE,	     /* the caller's buffer is too small */
	ST_INVALID_ARGUMENT, /* a value outside its documented range */
};

/* A short English text for a status; never NULL, never to be freed. */
ST_API const char *st_status_text(enum st_status status);

/*
 * Time is nanoseconds in a uint64_t: capture stamps count from the Unix epoch,
 * "now" from any fixed point of a clock that never steps (CLOCK_MONOTONIC).
 */
#define ST_NS_PER_US UINT64_C(1000)
#define ST_NS_PER_MS UINT64_C(1000000)
#define ST_NS_PER_S UINT64_C(1000000000)
#define ST_NEVER UINT64_MAX /* a time that does not come */

/* An IPv4 or IPv6 address in network order; IPv4 uses bytes[0..3], the rest is zero. */
struct st_addr {
	uint8_t version; /* 4 or 6; 0: no address */
	uint8_t bytes[16];
};

/* All addresses that share the first `bits` bits of `addr` (0..32 or 0..128). */
struct st_prefix {
	struct st_addr addr;
	uint8_t bits;
};

#define ST_ADDR_TEXT_BYTES 46 /* room for any address as text, with the closing zero */

/* Reads "192.0.2.1" or "2001:db8::1". ST_INVALID_ARGUMENT if it is neither. */
ST_API enum st_status st_addr_parse(const char *text, struct st_addr *addr);

/* Writes the address in its canonical form (RFC 5952 for IPv6); returns `text`. */
ST_API const char *st_addr_format(const struct st_addr *addr, char text[ST_ADDR_TEXT_BYTES]);

/* Bytes that count in bytes[]: 4, 16, or 0 without an address. */
ST_API size_t st_addr_bytes(const struct st_addr *addr);

ST_API bool st_addr_equal(const struct st_addr *a, const struct st_addr *b);

/*
 * Reads an address (all its bits count) or "ADDRESS/BITS". Bits behind the
 * prefix are cleared. ST_INVALID_ARGUMENT if it is neither.
 */
ST_API enum st_status st_prefix_parse(const char *text, struct st_prefix *prefix);

ST_API bool st_prefix_contains(const struct st_prefix *prefix, const struct st_addr *addr);

#ifdef __cplusplus
}
#endif

#endif
