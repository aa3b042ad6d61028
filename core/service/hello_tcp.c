/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ClientHellos in TCP streams. One begins where a segment begins like one, at any
 * place of the stream (STARTTLS, a proxy's CONNECT). Segments are also held while
 * the stream's beginning is still to come: if they overtook it, or if no SYN told
 * where it is and the first ones seen may be the middle of a ClientHello.
 */
#include <string.h>

#include "base/serial.h"
#include "service/hello_pending.h"

/*
 * Segments held before a beginning is found. A ClientHello has one to three; of
 * a stream joined in the middle no more than these are copied, once.
 */
#define HELD_SEGMENTS_MAX 8
/* Where no SYN told the beginning, it is looked for in as many bytes before the first seen. */
#define BYTES_BEFORE_FIRST 4096
/*
 * Segments that may follow a ClientHello of which something is missing: so many
 * can be under way (RFC 6928 allows ten) before it is sent again. After them
 * what is missing is taken to be lost to the capture.
 */
#define OVERTAKING_MAX 10

/* A segment's bytes and where they lie. */
struct piece {
	uint32_t seq;
	const uint8_t *bytes;
	uint32_t count;
	bool cut; /* by the capture: there were more */
};

static struct piece piece_of(const struct st_packet *packet, const struct st_frame *frame)
{
	bool syn = packet->tcp.flags & ST_TCP_SYN;

	return (struct piece){
		.seq = packet->tcp.seq + (syn ? 1 : 0),
		.bytes = frame->bytes + packet->payload_offset,
		.count = packet->payload_captured,
		.cut = packet->payload_captured < packet->payload_wire,
	};
}

/* Nothing more can come: what has been read is all there is. */
static enum hello_verdict finish(struct hello_pool *pool, struct hello **owner,
				 struct hello_facts *facts)
{
	const struct hello *hello = *owner;
	struct hello_facts found;
	enum st_status status = tls_read_hello(hello->bytes.bytes, hello->message_bytes, &found);
	bool told = status == ST_OK || found.host[0] != '\0';

	hello_end(pool, owner, told ? NULL : hello_mark(0));
	if (!told)
		return HELLO_NONE;
	*facts = found;
	return HELLO_READ;
}

static enum hello_verdict give_up(struct hello_pool *pool, struct hello **owner)
{
	hello_end(pool, owner, hello_mark(0));
	return HELLO_NONE;
}

/* Takes what of the piece lies inside the bounds. */
static void add_piece(struct hello *hello, const struct piece *piece)
{
	struct hello_stream *stream = &hello->stream;
	uint32_t offset = piece->seq - stream->base, count = piece->count, before;

	if (serial_before(piece->seq, stream->base)) {
		before = stream->base - piece->seq;
		if (before >= count)
			return;
		offset = 0;
		count -= before;
	}
	if (offset >= HELLO_BYTES_MAX)
		return;
	(void)assembly_add(&hello->bytes, offset, piece->bytes + (piece->count - count),
			   MIN(count, HELLO_BYTES_MAX - offset), HELLO_BYTES_MAX);
	if (piece->cut && (!stream->cut || offset + count < stream->cut_at)) {
		stream->cut = true;
		stream->cut_at = offset + count;
	}
}

/* The hello begins `offset` bytes behind the base: what lies before is forgotten. */
static void found_at(struct hello *hello, uint32_t offset)
{
	struct hello_stream *stream = &hello->stream;

	assembly_consume(&hello->bytes, offset);
	stream->base += offset;
	stream->cut_at -= MIN(offset, stream->cut_at);
	stream->found = true;
}

/* Does one begin with this piece, or where the bytes before any other are missing? */
static bool find_beginning(struct hello *hello, const struct piece *piece)
{
	const struct assembly *assembly = &hello->bytes;
	uint32_t offset = piece->seq - hello->stream.base;

	if (offset < HELLO_BYTES_MAX && tls_begins_hello(piece->bytes, piece->count) == ST_OK) {
		found_at(hello, offset);
		return true;
	}
	for (unsigned i = 0; i < assembly->range_count; i++) {
		struct assembly_range range = assembly->ranges[i];

		if (tls_begins_hello(assembly->bytes + range.begin, range.end - range.begin) ==
		    ST_OK) {
			found_at(hello, range.begin);
			return true;
		}
	}
	return false;
}

/* No beginning is found yet: may there still be one? */
static bool may_begin(const struct hello *hello)
{
	const struct hello_stream *stream = &hello->stream;
	uint32_t prefix = assembly_prefix(&hello->bytes);

	if (stream->segments >= HELD_SEGMENTS_MAX)
		return false;
	if (!stream->anchored || prefix == 0)
		return true;
	return !(stream->cut && stream->cut_at <= prefix) &&
	       tls_begins_hello(hello->bytes.bytes, prefix) != ST_MALFORMED;
}

/* Behind the record that is being read, something of which is missing? */
static bool overtakes(const struct hello *hello, const struct piece *piece, uint32_t prefix)
{
	const struct hello_stream *stream = &hello->stream;
	uint32_t offset = piece->seq - stream->base;

	return !serial_before(piece->seq, stream->base) && offset > prefix &&
	       offset >= stream->records.at + stream->records.record_left;
}

static enum hello_verdict go_on(struct hello_pool *pool, struct hello **owner,
				const struct piece *piece, struct hello_facts *facts)
{
	struct hello *hello = *owner;
	struct hello_stream *stream = &hello->stream;
	uint32_t prefix = assembly_prefix(&hello->bytes);
	enum st_status records = tls_records_read(&stream->records, hello->bytes.bytes, prefix);
	enum st_status message;

	hello->message_bytes = stream->records.message_bytes;
	message = tls_check_hello(hello->bytes.bytes, hello->message_bytes);
	if (message == ST_MALFORMED)
		return give_up(pool, owner);
	if (message == ST_OK || records == ST_MALFORMED || prefix >= HELLO_BYTES_MAX ||
	    (stream->cut && prefix == stream->cut_at))
		return finish(pool, owner, facts);
	if (overtakes(hello, piece, prefix) && ++stream->overtaking >= OVERTAKING_MAX)
		return finish(pool, owner, facts);
	return HELLO_PART;
}

static enum hello_verdict take(struct hello_pool *pool, struct hello **owner,
			       const struct piece *piece, struct hello_facts *facts)
{
	struct hello *hello = *owner;

	add_piece(hello, piece);
	if (!hello->stream.found && !find_beginning(hello, piece)) {
		hello->stream.segments++;
		if (!may_begin(hello))
			return give_up(pool, owner);
		return hello->stream.anchored ? HELLO_PART : HELLO_HELD;
	}
	return go_on(pool, owner, piece, facts);
}

static void begin(struct hello_pool *pool, struct hello **owner, uint32_t base, bool anchored)
{
	struct hello_stream *stream = &hello_begin(pool, owner, false)->stream;

	stream->base = base;
	stream->anchored = anchored;
}

/* Nothing is pending: is there a reason to begin? */
static bool consider(struct hello_pool *pool, struct hello **owner, const struct piece *piece,
		     const uint32_t *start)
{
	enum st_status begins = tls_begins_hello(piece->bytes, piece->count);
	bool seen = hello_mark_number(*owner) >= 0;

	if (begins == ST_OK ||
	    (begins == ST_TRUNCATED && (seen || (start && piece->seq == *start))))
		begin(pool, owner, piece->seq, true);
	else if (seen || (start && serial_before(piece->seq, *start)))
		return false;
	else if (!start)
		begin(pool, owner, piece->seq - BYTES_BEFORE_FIRST, false);
	else if (piece->seq == *start || piece->seq - *start >= HELLO_BYTES_MAX)
		*owner = hello_mark(0);
	else
		begin(pool, owner, *start, true);
	return hello_mark_number(*owner) < 0;
}

/* Another connection of the same ports begins, or what was taken for a beginning was none. */
static bool is_elsewhere(const struct hello *hello, const struct piece *piece)
{
	return piece->seq - hello->stream.base >= HELLO_BYTES_MAX &&
	       tls_begins_hello(piece->bytes, piece->count) == ST_OK;
}

enum hello_verdict hello_tcp(struct hello_pool *pool, struct hello **hello,
			     const struct st_packet *packet, const struct st_frame *frame,
			     const uint32_t *start, struct hello_facts *facts)
{
	struct piece piece = piece_of(packet, frame);
	bool pending = *hello && hello_mark_number(*hello) < 0;

	if (packet->later_fragment || piece.count == 0)
		return HELLO_NONE;
	if (pending && is_elsewhere(*hello, &piece))
		begin(pool, hello, piece.seq, true);
	else if (!pending && !consider(pool, hello, &piece, start))
		return HELLO_NONE;
	return take(pool, hello, &piece, facts);
}
