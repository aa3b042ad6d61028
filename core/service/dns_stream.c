/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/dns_stream.h"

#include "base/container.h"
#include "base/serial.h"
#include "service/assembly.h"
#include "service/dns.h"

/* One direction of a connection. Offsets count from `begin`, where a message begins. */
struct dns_stream {
	struct hash_link link;
	GList age_link;
	struct st_addr source, destination;
	uint16_t source_port, destination_port;
	uint32_t begin;		     /* sequence number */
	uint32_t at;		     /* the next message; between two segments always 0 */
	uint32_t ahead;		     /* behind a gap a message seems to begin; 0: nowhere */
	struct assembly_range fresh; /* what the latest segment holds */
	bool cut;		     /* the latest segment goes on behind what was captured */
	bool finished;		     /* a FIN came */
	bool lost;		     /* what should be a message is none */
	struct assembly assembly;
};

struct segment {
	uint32_t seq;
	const uint8_t *bytes;
	uint32_t count;
	bool cut;
};

void dns_streams_init(struct dns_streams *streams, uint64_t seed)
{
	*streams = (struct dns_streams){.seed = seed};
}

static void drop(struct dns_streams *streams, struct dns_stream *stream)
{
	hash_table_remove(&streams->by_ends, &stream->link);
	g_queue_unlink(&streams->silent_first, &stream->age_link);
	assembly_clear(&stream->assembly);
	g_free(stream);
}

void dns_streams_clear(struct dns_streams *streams)
{
	while (streams->silent_first.head)
		drop(streams, streams->silent_first.head->data);
	hash_table_free(&streams->by_ends);
}

static uint64_t hash_of(const struct dns_streams *streams, const struct st_packet *packet)
{
	uint64_t hash = hash_addr(hash_addr(streams->seed, &packet->source), &packet->destination);

	return hash_mix(hash, (uint64_t)packet->source_port << 16 | packet->destination_port);
}

static struct dns_stream *find(const struct dns_streams *streams, const struct st_packet *packet)
{
	struct hash_link *link = hash_table_find(&streams->by_ends, hash_of(streams, packet));

	for (; link; link = hash_table_next(link)) {
		struct dns_stream *stream = container_of(link, struct dns_stream, link);

		if (stream->source_port == packet->source_port &&
		    stream->destination_port == packet->destination_port &&
		    st_addr_equal(&stream->source, &packet->source) &&
		    st_addr_equal(&stream->destination, &packet->destination))
			return stream;
	}
	return NULL;
}

static struct dns_stream *add(struct dns_streams *streams, const struct st_packet *packet)
{
	struct dns_stream *stream = g_new0(struct dns_stream, 1);

	if (streams->silent_first.length == DNS_STREAMS_MAX)
		drop(streams, streams->silent_first.head->data);
	stream->source = packet->source;
	stream->destination = packet->destination;
	stream->source_port = packet->source_port;
	stream->destination_port = packet->destination_port;
	stream->age_link.data = stream;
	hash_table_insert(&streams->by_ends, &stream->link, hash_of(streams, packet));
	g_queue_push_tail_link(&streams->silent_first, &stream->age_link);
	return stream;
}

static void begin_at(struct dns_stream *stream, uint32_t seq)
{
	assembly_clear(&stream->assembly);
	stream->begin = seq;
	stream->ahead = 0;
	stream->finished = false;
}

static uint32_t length_at(const uint8_t *bytes)
{
	return (uint32_t)bytes[0] << 8 | bytes[1];
}

/* Some servers send the length in a segment of its own. */
static bool begins_like_message(const struct segment *segment)
{
	uint32_t count = segment->count;

	if (count != DNS_STREAM_PREFIX_BYTES && count < DNS_STREAM_PREFIX_BYTES + DNS_HEADER_BYTES)
		return false;
	return dns_is_plausible(segment->bytes + DNS_STREAM_PREFIX_BYTES,
				count - DNS_STREAM_PREFIX_BYTES, length_at(segment->bytes));
}

/* Up to where there are bytes without a gap from `offset` on. */
static uint32_t run_end(const struct assembly *assembly, uint32_t offset)
{
	for (unsigned i = 0; i < assembly->range_count; i++) {
		if (assembly->ranges[i].begin <= offset && offset <= assembly->ranges[i].end)
			return assembly->ranges[i].end;
	}
	return offset;
}

/* Nothing before `stream->at` is needed any more. */
static void pass(struct dns_stream *stream)
{
	assembly_consume(&stream->assembly, stream->at);
	stream->begin += stream->at;
	stream->ahead = stream->ahead > stream->at ? stream->ahead - stream->at : 0;
	stream->at = 0;
}

/* Behind a gap the first segment that begins like a message is where to read on. */
static void look_ahead(struct dns_stream *stream, const struct segment *segment, uint32_t offset)
{
	const struct assembly *assembly = &stream->assembly;
	bool read_on = stream->ahead > 0 && offset >= stream->ahead &&
		       offset <= run_end(assembly, stream->ahead);

	if (offset > run_end(assembly, 0) && !read_on && begins_like_message(segment))
		stream->ahead = offset;
}

/* False: there is no room for it, or it is not from here. */
static bool put_segment(struct dns_stream *stream, const struct segment *segment)
{
	uint32_t offset = segment->seq - stream->begin, old = stream->begin - segment->seq;
	struct segment rest = *segment;

	if (old > 0 && old <= DNS_STREAM_BYTES_MAX) {
		if (old >= segment->count)
			return true;
		rest.bytes += old;
		rest.count -= old;
		offset = 0;
	}
	if (offset > DNS_STREAM_BYTES_MAX)
		return false;
	look_ahead(stream, &rest, offset);
	if (!assembly_add(&stream->assembly, offset, rest.bytes, rest.count, DNS_STREAM_BYTES_MAX))
		return false;
	stream->fresh = (struct assembly_range){offset, offset + rest.count};
	stream->cut = rest.cut;
	return true;
}

/* Where the segment has no place, what is missing will not come any more. */
static void add_segment(struct dns_stream *stream, const struct segment *segment)
{
	if (segment->count == 0 || put_segment(stream, segment))
		return;
	if (stream->ahead > 0) {
		stream->at = stream->ahead;
		pass(stream);
		if (put_segment(stream, segment))
			return;
	}
	stream->lost = !begins_like_message(segment);
	begin_at(stream, segment->seq);
	if (!stream->lost)
		stream->lost = !put_segment(stream, segment);
}

void dns_streams_take(struct dns_streams *streams, const struct st_packet *packet,
		      const struct st_frame *frame)
{
	uint8_t flags = packet->tcp.flags;
	bool opens = flags & ST_TCP_SYN && flags & ST_TCP_ACK;
	struct segment segment = {.seq = packet->tcp.seq + opens,
				  .bytes = frame->bytes + packet->payload_offset,
				  .count = packet->payload_captured,
				  .cut = packet->payload_captured < packet->payload_wire};
	struct dns_stream *stream = find(streams, packet);

	streams->current = NULL;
	if (flags & ST_TCP_RST) {
		if (stream)
			drop(streams, stream);
		return;
	}
	if (opens || (!stream && begins_like_message(&segment))) {
		stream = stream ? stream : add(streams, packet);
		begin_at(stream, segment.seq);
	}
	if (!stream)
		return;
	g_queue_unlink(&streams->silent_first, &stream->age_link);
	g_queue_push_tail_link(&streams->silent_first, &stream->age_link);
	stream->finished |= (flags & ST_TCP_FIN) != 0;
	stream->fresh = (struct assembly_range){0, 0};
	add_segment(stream, &segment);
	streams->current = stream;
}

/* The message at `*at`, which goes on to the next one if nothing is to come of this one. */
static bool next_from(struct dns_stream *stream, uint32_t *at, struct reader *message)
{
	uint32_t end = run_end(&stream->assembly, *at), there = end - *at, length;
	const uint8_t *bytes;

	if (there < DNS_STREAM_PREFIX_BYTES)
		return false;
	bytes = stream->assembly.bytes + *at;
	length = length_at(bytes);
	there = MIN(there - DNS_STREAM_PREFIX_BYTES, length);
	*message = reader_over(bytes + DNS_STREAM_PREFIX_BYTES, there);
	if (!dns_is_plausible(message->at, there, length)) {
		stream->lost |= at == &stream->at;
		stream->ahead = 0;
		return false;
	}
	if (there == length || (stream->cut && end == stream->fresh.end)) {
		*at += DNS_STREAM_PREFIX_BYTES + length;
		return true;
	}
	if (*at < stream->fresh.begin || *at >= stream->fresh.end)
		return false;
	stream->fresh.begin = *at + 1; /* what has begun now is handed out once */
	return true;
}

bool dns_streams_next(struct dns_streams *streams, struct reader *message)
{
	struct dns_stream *stream = streams->current;

	if (!stream || stream->lost)
		return false;
	return next_from(stream, &stream->at, message) ||
	       (stream->ahead > stream->at && next_from(stream, &stream->ahead, message));
}

bool dns_streams_settle(struct dns_streams *streams)
{
	struct dns_stream *stream = streams->current;
	bool kept;

	if (!stream)
		return false;
	kept = stream->fresh.end > stream->at;
	pass(stream);
	streams->current = NULL;
	if (stream->lost || (stream->finished && stream->assembly.range_count == 0)) {
		drop(streams, stream);
		return false;
	}
	return kept;
}
