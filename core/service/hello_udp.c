/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ClientHellos in QUIC: a client's first Initials, opened with the keys that its
 * first one gives. Those stay while they fit; a packet that they do not open is
 * tried with keys of its own (a server's Retry, or a new connection between the
 * same ports), or with those of another version (RFC 9368), and what opens it
 * stays instead.
 */
#include <gcrypt.h>
#include <string.h>

#include "service/gquic.h"
#include "service/hello_pending.h"

/*
 * Work is bounded: keys are made for a first Initial only where its connection id
 * may be a client's choice, and its datagram is as large as a client's has to be.
 * Where HELLO_MARKS of them do not open, they are the other end's or garbage:
 * the end is given up for as long as the flow lasts.
 */
#define FIRST_DCID_BYTES_MIN 8 /* RFC 9000, 7.2 */
/* While one is pending the other end cannot be meant, but anybody can send garbage. */
#define PENDING_FAILURES_MAX 16

void hello_crypto_init(void)
{
	if (gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P))
		return;
	(void)gcry_check_version(NULL);
	gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
	gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
}

/* What the calls for one datagram share. */
struct reading {
	struct hello_pool *pool;
	struct hello **owner;
	struct hello_facts *facts;
	uint32_t datagram_bytes; /* on the wire */
	bool cut;		 /* not all of them are there */
};

static struct hello *pending(const struct reading *reading)
{
	struct hello *hello = *reading->owner;

	return hello && hello_mark_number(hello) < 0 ? hello : NULL;
}

static enum st_status read_message(const struct hello *hello, struct hello_facts *facts)
{
	const uint8_t *message = hello->bytes.bytes;

	if (hello->initials.keys.dialect == QUIC_Q050)
		return gquic_read_chlo(message, hello->message_bytes, facts);
	return tls_read_hello(message, hello->message_bytes, facts);
}

/* Is the message whole? As tls_check_hello(). */
static enum st_status check_message(const struct hello *hello)
{
	struct hello_facts facts;

	if (hello->initials.keys.dialect != QUIC_Q050)
		return tls_check_hello(hello->bytes.bytes, hello->message_bytes);
	if (gquic_begins_chlo(hello->bytes.bytes, hello->message_bytes) == ST_MALFORMED)
		return ST_MALFORMED;
	return gquic_read_chlo(hello->bytes.bytes, hello->message_bytes, &facts);
}

/* One more that was of no use. */
static enum hello_verdict fail(struct reading *reading)
{
	int number = hello_mark_number(*reading->owner);

	hello_end(reading->pool, reading->owner, hello_mark((unsigned)(number + 1)));
	return HELLO_NONE;
}

/* Nothing more can come: what has been read is all there is. */
static enum hello_verdict finish(struct reading *reading)
{
	struct hello_facts found;
	enum st_status status = read_message(*reading->owner, &found);

	if (status != ST_OK && found.host[0] == '\0')
		return fail(reading);
	hello_end(reading->pool, reading->owner, NULL);
	*reading->facts = found;
	return HELLO_READ;
}

/* Keys that open the packet, made for what of it has been learned. */
static enum st_status open_with(struct hello_pool *pool, const struct quic_initial *initial,
				const uint8_t *dcid, uint8_t dcid_bytes,
				struct hello_initials *opened, struct reader *frames)
{
	opened->packet_number_max = 0;
	opened->failures = 0;
	opened->dcid_bytes = dcid_bytes;
	memcpy(opened->dcid, dcid, dcid_bytes);
	if (!quic_make_keys(pool->crypto, initial->header.dialect, dcid, dcid_bytes, &opened->keys))
		return ST_MALFORMED;
	return quic_open(pool->crypto, &opened->keys, initial, &opened->packet_number_max, frames);
}

/* With the keys at hand, or those of the same connection in another version. */
static enum st_status open_known(struct hello_pool *pool, struct hello *hello,
				 const struct quic_initial *initial, struct reader *frames)
{
	struct hello_initials *known = &hello->initials, other;
	enum st_status status;

	if (initial->header.dialect == known->keys.dialect)
		return quic_open(pool->crypto, &known->keys, initial, &known->packet_number_max,
				 frames);
	if (known->failures >= PENDING_FAILURES_MAX)
		return ST_MALFORMED;
	status = open_with(pool, initial, known->dcid, known->dcid_bytes, &other, frames);
	if (status == ST_OK)
		*known = other;
	else
		known->failures++;
	return status;
}

/* With keys of its own: another connection, or none. */
static enum st_status open_first(struct reading *reading, const struct quic_initial *initial,
				 struct reader *frames)
{
	const struct quic_long_header *header = &initial->header;
	struct hello *hello = pending(reading);
	struct hello_initials opened;
	enum st_status status;

	if (header->dcid_bytes < FIRST_DCID_BYTES_MIN ||
	    reading->datagram_bytes < QUIC_DATAGRAM_MIN ||
	    (hello && ++hello->initials.failures > PENDING_FAILURES_MAX))
		return ST_NONE;
	status = open_with(reading->pool, initial, header->dcid, header->dcid_bytes, &opened,
			   frames);
	if (status == ST_OK) {
		hello_begin(reading->pool, reading->owner, true)->initials = opened;
		return status;
	}
	if (!hello)
		(void)fail(reading);
	return ST_MALFORMED;
}

/* True: bytes are missing that will not come. */
static bool take_frames(struct hello *hello, struct reader frames)
{
	struct quic_crypto_frame frame;
	bool lost = false;

	while (quic_next_crypto(&frames, &frame) == ST_OK) {
		uint32_t room;

		lost = lost || frame.cut;
		if (frame.offset >= HELLO_BYTES_MAX)
			continue;
		room = HELLO_BYTES_MAX - (uint32_t)frame.offset;
		(void)assembly_add(&hello->bytes, (uint32_t)frame.offset, frame.bytes,
				   (uint32_t)MIN(frame.count, room), HELLO_BYTES_MAX);
	}
	hello->message_bytes = assembly_prefix(&hello->bytes);
	return lost || hello->message_bytes >= HELLO_BYTES_MAX;
}

static enum hello_verdict take_initial(struct reading *reading, const struct quic_initial *initial)
{
	enum st_status status = ST_MALFORMED, message;
	struct hello *hello = pending(reading);
	struct reader frames;
	bool lost;

	if (hello)
		status = open_known(reading->pool, hello, initial, &frames);
	if (status == ST_MALFORMED)
		status = open_first(reading, initial, &frames);
	hello = pending(reading);
	if (!hello || status != ST_OK)
		return HELLO_NONE;
	lost = take_frames(hello, frames);
	message = check_message(hello);
	if (message == ST_MALFORMED)
		return fail(reading);
	return message == ST_OK || lost ? finish(reading) : HELLO_PART;
}

/* All Initials of a datagram (RFC 9000, 12.2). */
static enum hello_verdict take_datagram(struct reading *reading, struct reader datagram)
{
	enum hello_verdict verdict = HELLO_NONE;

	while (datagram.left > 0 && verdict != HELLO_READ) {
		struct quic_initial initial;
		enum st_status status = quic_next_initial(&datagram, &initial);
		enum hello_verdict one;

		/* A packet ends where its datagram does, unless that is cut. */
		if (status == ST_MALFORMED || (initial.captured < initial.wire && !reading->cut))
			break;
		/* What cannot be authenticated is not believed; nor will the rest of it come. */
		if (status == ST_OK && initial.captured < initial.wire)
			return pending(reading) ? finish(reading) : HELLO_NONE;
		/* The client has the server's answer, so all of its ClientHello has gone. */
		if (status == ST_NONE && initial.header.type == QUIC_HANDSHAKE && pending(reading))
			return finish(reading);
		one = status == ST_OK ? take_initial(reading, &initial) : HELLO_NONE;
		verdict = one == HELLO_NONE ? verdict : one;
	}
	return verdict;
}

static bool have_crypto(struct hello_pool *pool)
{
	if (!pool->crypto)
		pool->crypto = quic_crypto_new();
	return pool->crypto;
}

/* A version without encryption: the hello is there, or nothing is. */
static enum hello_verdict read_plain(struct reading *reading, const uint8_t *bytes, size_t count)
{
	struct hello_facts found;
	const uint8_t *chlo;

	if (gquic_find_chlo(bytes, count, &chlo, &count) != ST_OK ||
	    (gquic_read_chlo(chlo, count, &found) != ST_OK && found.host[0] == '\0'))
		return HELLO_NONE;
	hello_end(reading->pool, reading->owner, NULL);
	*reading->facts = found;
	return HELLO_READ;
}

enum hello_verdict hello_udp(struct hello_pool *pool, struct hello **hello,
			     const struct st_packet *packet, const struct st_frame *frame,
			     struct hello_facts *facts)
{
	const uint8_t *bytes = frame->bytes + packet->payload_offset;
	struct reader datagram = reader_over(bytes, packet->payload_captured), header = datagram;
	struct reading reading = {
		.pool = pool,
		.owner = hello,
		.facts = facts,
		.datagram_bytes = packet->payload_wire,
		.cut = packet->is_fragment || packet->payload_captured < packet->payload_wire,
	};
	struct quic_long_header initial;

	if (packet->later_fragment || datagram.left == 0 ||
	    hello_mark_number(*hello) == HELLO_MARKS - 1)
		return HELLO_NONE;
	if (!quic_read_long_header(&header, &initial))
		return read_plain(&reading, bytes, datagram.left);
	return have_crypto(pool) ? take_datagram(&reading, datagram) : HELLO_NONE;
}
