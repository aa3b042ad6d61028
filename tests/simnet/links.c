/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet waits in the queue before its link, is sent at the link's bandwidth,
 * and is then on its way for the delay and a share of the jitter. Those that
 * follow do not overtake it, unless reordering holds it back.
 */
#include "links.h"

#define BITS_PER_BYTE 8

/* A packet that has not wholly left its router. */
struct departure {
	uint64_t starts_ns;
	size_t bytes;
};

/* One direction of a link. */
struct way {
	uint64_t free_ns;	  /* the sender has nothing more to send from then on */
	uint64_t last_arrival_ns; /* nobody is to come out before, unless held back */
	GQueue waiting;		  /* struct departure, the first to start first */
	size_t waiting_bytes;
};

struct links {
	GRand *random; /* the network's */
	struct way (*ways)[2];
	size_t count;
	struct link_counts counts;
};

struct links *links_new(size_t count, GRand *random)
{
	struct links *links = g_new0(struct links, 1);

	links->random = random;
	links->count = count;
	links->ways = g_malloc0_n(count, sizeof(*links->ways));
	return links;
}

void links_free(struct links *links)
{
	if (!links)
		return;
	for (size_t i = 0; i < links->count; i++)
		for (enum side towards = SIDE_NEAR; towards <= SIDE_FAR; towards++)
			g_queue_clear_full(&links->ways[i][towards].waiting, g_free);
	g_free(links->ways);
	g_free(links);
}

const struct link_counts *links_counts(const struct links *links)
{
	return &links->counts;
}

static bool happens(const struct links *links, double probability)
{
	return probability > 0 && g_rand_double(links->random) < probability;
}

static void forget_started(struct way *way, uint64_t now)
{
	struct departure *first;

	while ((first = g_queue_peek_head(&way->waiting)) && first->starts_ns <= now) {
		way->waiting_bytes -= first->bytes;
		g_free(g_queue_pop_head(&way->waiting));
	}
}

static bool has_room(const struct way *way, const struct sim_queue *queue, size_t bytes)
{
	if (queue->in_packets)
		return way->waiting.length < queue->limit;
	return way->waiting_bytes + bytes <= queue->limit;
}

/* Puts the packet into the queue; says when it has wholly left it. False: there is no room. */
static bool transmit(struct way *way, const struct sim_link *how, uint64_t now, size_t bytes,
		     uint64_t *sent_ns)
{
	uint64_t starts_ns = MAX(now, way->free_ns);

	*sent_ns = now;
	if (how->bandwidth_bps == 0)
		return true;
	forget_started(way, now);
	if (starts_ns > now) {
		struct departure departure = {starts_ns, bytes};

		if (!has_room(way, &how->queue, bytes))
			return false;
		g_queue_push_tail(&way->waiting, g_memdup2(&departure, sizeof(departure)));
		way->waiting_bytes += bytes;
	}
	*sent_ns = starts_ns + bytes * BITS_PER_BYTE * ST_NS_PER_S / how->bandwidth_bps;
	way->free_ns = *sent_ns;
	return true;
}

/* From its sending to its arrival. */
static uint64_t arrival(struct links *links, struct way *way, const struct sim_link *how,
			uint64_t sent_ns)
{
	uint64_t arrives = sent_ns + how->delay_ns;

	if (how->jitter_ns > 0)
		arrives += (uint64_t)(g_rand_double(links->random) * (double)how->jitter_ns);
	arrives = MAX(arrives, way->last_arrival_ns);
	if (happens(links, how->reorder)) {
		links->counts.held_back++;
		return arrives + how->reorder_ns;
	}
	way->last_arrival_ns = arrives;
	return arrives;
}

size_t links_carry(struct links *links, size_t index, const struct sim_link *how, enum side towards,
		   uint64_t now, size_t bytes, uint64_t arrivals[LINK_COPIES_MAX])
{
	struct way *way = &links->ways[index][towards];
	uint64_t sent_ns;

	if (!transmit(way, how, now, bytes, &sent_ns)) {
		links->counts.overflowed++;
		return 0;
	}
	if (happens(links, how->loss)) {
		links->counts.lost++;
		return 0;
	}
	links->counts.carried++;
	arrivals[0] = arrivals[1] = arrival(links, way, how, sent_ns);
	if (!happens(links, how->duplicate))
		return 1;
	links->counts.doubled++;
	return 2;
}
