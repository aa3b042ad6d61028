/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/fragments.h"

#include "base/container.h"
#include "base/deadlines.h"

/* A datagram of which a part is there. */
struct partial {
	struct hash_link link;
	GList age_link;
	struct st_addr source, destination;
	uint32_t id;
	uint64_t until_ns;
	uint32_t total_bytes; /* 0: the last fragment has not come */
	struct assembly assembly;
};

void fragments_init(struct fragments *fragments, uint64_t seed, uint16_t port)
{
	*fragments = (struct fragments){.seed = seed, .port = port};
}

static void drop(struct fragments *fragments, struct partial *partial)
{
	hash_table_remove(&fragments->by_identity, &partial->link);
	g_queue_unlink(&fragments->oldest_first, &partial->age_link);
	assembly_clear(&partial->assembly);
	g_free(partial);
}

void fragments_clear(struct fragments *fragments)
{
	while (fragments->oldest_first.head)
		drop(fragments, fragments->oldest_first.head->data);
	hash_table_free(&fragments->by_identity);
	assembly_clear(&fragments->whole);
}

static uint64_t hash_of(const struct fragments *fragments, const struct st_packet *packet)
{
	uint64_t hash =
		hash_addr(hash_addr(fragments->seed, &packet->source), &packet->destination);

	return hash_mix(hash, packet->fragment_id);
}

static struct partial *find(const struct fragments *fragments, const struct st_packet *packet,
			    uint64_t hash)
{
	struct hash_link *link = hash_table_find(&fragments->by_identity, hash);

	for (; link; link = hash_table_next(link)) {
		struct partial *partial = container_of(link, struct partial, link);

		if (partial->id == packet->fragment_id &&
		    st_addr_equal(&partial->source, &packet->source) &&
		    st_addr_equal(&partial->destination, &packet->destination))
			return partial;
	}
	return NULL;
}

static struct partial *add(struct fragments *fragments, const struct st_packet *packet,
			   uint64_t hash, uint64_t now)
{
	struct partial *partial = g_new0(struct partial, 1);

	if (fragments->oldest_first.length == FRAGMENTS_MAX)
		drop(fragments, fragments->oldest_first.head->data);
	partial->source = packet->source;
	partial->destination = packet->destination;
	partial->id = packet->fragment_id;
	partial->until_ns = deadline_after(now, FRAGMENTS_WAIT_NS);
	partial->age_link.data = partial;
	hash_table_insert(&fragments->by_identity, &partial->link, hash);
	g_queue_push_tail_link(&fragments->oldest_first, &partial->age_link);
	return partial;
}

static void drop_late(struct fragments *fragments, uint64_t now)
{
	GList *first = fragments->oldest_first.head;

	for (; first; first = fragments->oldest_first.head) {
		struct partial *partial = first->data;

		if (partial->until_ns > now)
			return;
		drop(fragments, partial);
	}
}

static bool is_settled(const struct fragments *fragments, uint64_t hash, uint64_t now)
{
	size_t place = hash % FRAGMENTS_SETTLED;

	return fragments->settled[place].hash == hash && fragments->settled[place].until_ns > now;
}

/* Nothing more is wanted of this datagram. */
static void settle(struct fragments *fragments, struct partial *partial, uint64_t hash,
		   uint64_t now)
{
	size_t place = hash % FRAGMENTS_SETTLED;

	fragments->settled[place].hash = hash;
	fragments->settled[place].until_ns = deadline_after(now, FRAGMENTS_WAIT_NS);
	if (partial)
		drop(fragments, partial);
}

/* False: the datagram will never be whole. */
static bool take_piece(struct partial *partial, const struct st_packet *packet,
		       const struct st_frame *frame)
{
	uint32_t bytes = packet->transport_captured;

	if (bytes < packet->transport_wire ||
	    !assembly_add(&partial->assembly, packet->fragment_offset,
			  frame->bytes + packet->transport_offset, bytes, FRAGMENTS_BYTES_MAX))
		return false;
	if (!packet->more_fragments)
		partial->total_bytes = packet->fragment_offset + bytes;
	return true;
}

static bool is_whole(const struct partial *partial)
{
	return partial->total_bytes > 0 &&
	       assembly_prefix(&partial->assembly) >= partial->total_bytes;
}

/* Keeps the bytes for the caller until the next call. */
static struct reader hand_out(struct fragments *fragments, struct partial *partial)
{
	fragments->whole = partial->assembly;
	partial->assembly = (struct assembly){0};
	return reader_over(fragments->whole.bytes, partial->total_bytes);
}

enum fragment_verdict fragments_add(struct fragments *fragments, const struct st_packet *packet,
				    const struct st_frame *frame, uint64_t now,
				    struct reader *datagram)
{
	uint64_t hash = hash_of(fragments, packet);
	struct partial *partial;

	assembly_clear(&fragments->whole);
	drop_late(fragments, now);
	partial = find(fragments, packet, hash);
	if (!packet->later_fragment && packet->source_port != fragments->port) {
		settle(fragments, partial, hash, now);
		return FRAGMENT_NONE;
	}
	/* A first fragment begins anew: identifications come again, every 65536 over IPv4. */
	if (!partial && packet->later_fragment && is_settled(fragments, hash, now))
		return FRAGMENT_NONE;
	if (!partial)
		partial = add(fragments, packet, hash, now);
	if (!take_piece(partial, packet, frame)) {
		settle(fragments, partial, hash, now);
		return FRAGMENT_NONE;
	}
	if (!is_whole(partial))
		return FRAGMENT_KEPT;
	*datagram = hand_out(fragments, partial);
	settle(fragments, partial, hash, now);
	return FRAGMENT_WHOLE;
}
