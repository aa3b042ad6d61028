/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TLS as far as its first message: the records that carry it (RFC 8446, 5.1) and
 * what a ClientHello says (4.1.2). Reads whole messages and beginnings of such.
 */
#ifndef ST_SERVICE_TLS_H
#define ST_SERVICE_TLS_H

#include <servicetrace/base.h>

#include "service/hello.h"

/*
 * Do these bytes begin a record that begins a ClientHello? ST_OK: they do;
 * ST_TRUNCATED: as far as they go, they may; ST_MALFORMED: they do not.
 */
enum st_status tls_begins_hello(const uint8_t *bytes, size_t count);

/* Where in a stream the message's bytes lie between the headers of its records. */
struct tls_records {
	uint32_t at;		/* what lies before is read */
	uint32_t record_left;	/* of the record that `at` is in */
	uint32_t message_bytes; /* gathered */
};

/*
 * Goes on with a stream of which the first `count` bytes are there: moves the
 * message's bytes together, so that bytes[0 .. message_bytes) is what there is of
 * it. ST_MALFORMED: what follows is no handshake record; nothing more will come.
 */
enum st_status tls_records_read(struct tls_records *records, uint8_t *bytes, uint32_t count);

/*
 * Is a handshake message a ClientHello? ST_OK: it is, and whole; ST_TRUNCATED: it
 * may be, but more is to come; ST_MALFORMED: it is none.
 */
enum st_status tls_check_hello(const uint8_t *message, size_t count);

/*
 * Reads the facts from a ClientHello, or from the beginning of one, as far as
 * they make sense. ST_OK: all that it says; ST_TRUNCATED: what it says before its
 * bytes end.
 * A draft of the encrypted name (ESNI, 0xffce) is no `ech`: it had no outer name
 * that could mislead.
 */
enum st_status tls_read_hello(const uint8_t *message, size_t count, struct hello_facts *facts);

/*
 * Takes a host's name from the wire: lower case, without a final dot. Names with
 * bytes that cannot be printed, or longer than names can be, are no names.
 */
void tls_set_host(struct hello_facts *facts, const uint8_t *name, size_t count);

#endif
