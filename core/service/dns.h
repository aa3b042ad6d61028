/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads from a DNS response (RFC 1035) which addresses the names asked for have.
 * A message that was cut, by a snap length or by its server, is read as far as
 * it goes. An address that no question of the message leads to says nothing:
 * anybody can put one there. Where the message comes from, and whether anybody
 * asked, is the caller's to know.
 */
#ifndef ST_SERVICE_DNS_H
#define ST_SERVICE_DNS_H

#include "base/reader.h"
#include "service/names.h"

#define DNS_HEADER_BYTES 12
/* RFC 1035, 2.3.4: 255 bytes on the wire are 253 characters; and the closing zero. */
#define DNS_HOST_BYTES 254
/* One is usual (RFC 9619); the work for a message grows with them. */
#define DNS_QUESTIONS_MAX 4
/*
 * Answers looked at, and addresses told of one message, hints among them: four times what a UDP
 * message can hold by today's customs.
 */
#define DNS_RECORDS_MAX 1024
/* Aliases in one message: more than one chain of the longest, 12 KB of the reader's stack. */
#define DNS_ALIASES_MAX 24

struct dns_alias {
	char owner[DNS_HOST_BYTES], target[DNS_HOST_BYTES];
};

/* The reader's place in a message. It points into itself: not to be copied. */
struct dns_message {
	const uint8_t *bytes;
	size_t count;
	bool asked; /* there are questions */
	struct reader questions;
	unsigned questions_left;
	struct reader first_answer, answers;
	unsigned answer_count, answers_left;
	/* from the name asked for over its aliases */
	char root[DNS_HOST_BYTES];
	const char *chain[NAMES_CHAIN_MAX];
	unsigned chain_count;
	/* of the record that is being read */
	unsigned host_count; /* of the chain, up to the record's owner */
	uint32_t ttl_s;
	unsigned told; /* addresses, so far */
	struct reader addresses;
	uint8_t addr_version;
	struct reader params; /* of an SVCB record */
	bool params_cut;
	int last_param;
	unsigned alias_count;
	struct dns_alias aliases[DNS_ALIASES_MAX];
};

/* hosts[0], which was asked for, has this address; the others are its aliases on the way. */
struct dns_binding {
	struct st_addr addr;
	uint32_t ttl_s;
	unsigned host_count;
	const char *const *hosts; /* lower case; until the next dns_next() */
};

/*
 * Begins with the `count` bytes of a message, which are borrowed as long as it
 * is read. ST_TRUNCATED: they end before the questions do. ST_UNSUPPORTED: no
 * answer to a query, or an error. ST_MALFORMED: more questions than anybody asks.
 */
enum st_status dns_open(struct dns_message *message, const uint8_t *bytes, size_t count);

/*
 * The next address of the answer section: A, AAAA, and the hints of SVCB and
 * HTTPS records (RFC 9460, 7.3). ST_NONE: there are no more, or too many.
 */
enum st_status dns_next(struct dns_message *message, struct dns_binding *binding);

/*
 * Can a response of `length` bytes begin with these `count`? For streams, of
 * which nobody knows where a message begins. Fewer than a header say nothing: true.
 */
bool dns_is_plausible(const uint8_t *bytes, size_t count, size_t length);

#endif
