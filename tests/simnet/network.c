/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every packet goes from router to router, one event a hop, so that what a
 * router does may depend on the time at which the packet gets there.
 *
 * Link i lies before router i (counted from 0, the near side's first); the last
 * link leads to the peers.
 */
#include "network.h"

#include "links.h"
#include "timeline.h"

struct network {
	const struct scenario *scenario;
	struct timeline *on_the_way; /* struct sim_packet */
	struct links *links;
	GRand *random;
	GArray *answers; /* struct answer */
	uint64_t tagged_arrivals;
	uint16_t ip_id;
};

struct network *network_new(const struct scenario *scenario)
{
	struct network *network = g_new0(struct network, 1);

	network->scenario = scenario;
	network->on_the_way = timeline_new(g_free);
	network->random = g_rand_new_with_seed(scenario->seed);
	network->links = links_new(scenario->hop_count + 1, network->random);
	network->answers = g_array_new(FALSE, FALSE, sizeof(struct answer));
	return network;
}

void network_free(struct network *network)
{
	if (!network)
		return;
	timeline_free(network->on_the_way);
	links_free(network->links);
	g_rand_free(network->random);
	g_array_unref(network->answers);
	g_free(network);
}

static bool happens(struct network *network, double probability)
{
	return probability > 0 && g_rand_double(network->random) < probability;
}

/* Routers still before the packet: 0 means that it has reached its end. */
static size_t routers_left(const struct network *network, const struct sim_packet *packet)
{
	size_t hops = network->scenario->hop_count;

	return packet->towards == SIDE_FAR ? hops - packet->position : packet->position;
}

/* Puts the packet on the link that follows its position; it may get lost there. */
static void enter_link(struct network *network, uint64_t now, struct sim_packet *packet)
{
	const struct scenario *s = network->scenario;
	size_t at = packet->position;
	const struct sim_link *link = at == s->hop_count ? &s->last_link : &s->hops[at].link;
	uint64_t arrivals[LINK_COPIES_MAX];
	size_t copies = links_carry(network->links, at, link, packet->towards, now, packet->count,
				    arrivals);

	for (size_t i = 1; i < copies; i++)
		timeline_add(network->on_the_way, arrivals[i], packet_double(packet));
	if (copies > 0)
		timeline_add(network->on_the_way, arrivals[0], packet);
	else
		g_free(packet);
}

void network_send(struct network *network, uint64_t now, enum side from, struct sim_packet *packet)
{
	packet->towards = from == SIDE_NEAR ? SIDE_FAR : SIDE_NEAR;
	packet->position = from == SIDE_NEAR ? 0 : network->scenario->hop_count;
	enter_link(network, now, packet);
}

uint64_t network_next(const struct network *network)
{
	return timeline_next(network->on_the_way);
}

/* The router of this hop that the packet's flow passes; parallel ones count up in address. */
static struct st_addr router_of(const struct sim_hop *hop, size_t ttl,
				const struct sim_packet *packet)
{
	bool v4 = packet->bytes[0] >> 4 == 4;
	struct st_addr router = hop->address[v4 ? V4 : V6];
	uint32_t mixed = (wire_flow_hash(packet) ^ (uint32_t)ttl * 2654435761u) * 2246822519u;
	uint32_t add = (mixed >> 7) % hop->routers;

	for (size_t i = v4 ? 4 : 16; i-- > 0 && add > 0;) {
		add += router.bytes[i];
		router.bytes[i] = (uint8_t)add;
		add >>= 8;
	}
	return router;
}

static uint16_t quoted_ip_id(struct network *network, const struct sim_hop *hop,
			     const struct sim_packet *expired)
{
	switch (hop->quoted_ip_id) {
	case IP_ID_KEPT:
	case IP_ID_ZERO:
		return 0;
	case IP_ID_SWAPPED:
		return (uint16_t)(expired->bytes[5] << 8 | expired->bytes[4]);
	case IP_ID_RANDOM:
		return (uint16_t)g_rand_int(network->random);
	}
	g_assert_not_reached();
}

static struct time_exceeded how_to_answer(struct network *network, const struct sim_hop *hop,
					  size_t ttl, const struct sim_packet *expired)
{
	return (struct time_exceeded){
		.router = router_of(hop, ttl, expired),
		.ttl = (uint8_t)hop->reply_ttl,
		.ip_id = ++network->ip_id,
		.quote_bytes = hop->quote_bytes,
		.quoted_ttl = (uint8_t)hop->quoted_ttl,
		.change_tos = hop->quoted_tos != AS_SENT,
		.quoted_tos = (uint8_t)hop->quoted_tos,
		.change_ip_id = hop->quoted_ip_id != IP_ID_KEPT,
		.quoted_ip_id = quoted_ip_id(network, hop, expired),
		.mpls = hop->mpls != MPLS_NONE,
		.mpls_length = hop->mpls == MPLS_WITH_LENGTH,
		.label = hop->label,
	};
}

/* A swapped or random value can happen to be the sent one. */
static bool alters_ip_id(const struct time_exceeded *how, const struct sim_packet *expired)
{
	uint16_t sent = (uint16_t)(expired->bytes[4] << 8 | expired->bytes[5]);

	return how->change_ip_id && how->quoted_ip_id != sent;
}

static void note_answer(struct network *network, struct sim_packet *packet,
			const struct time_exceeded *how, const struct sim_packet *expired,
			size_t ttl)
{
	struct answer answer = {.tag = packet->tag,
				.arrives_ns = ST_NEVER,
				.ttl = ttl,
				.router = how->router,
				.altered_ip_id = alters_ip_id(how, expired)};

	g_array_append_val(network->answers, answer);
	packet->answer = network->answers->len;
}

/* Sends the answer back over the link on which the expired packet came. */
static void answer(struct network *network, uint64_t now, size_t index,
		   const struct sim_packet *expired)
{
	const struct sim_hop *hop = &network->scenario->hops[index];
	struct time_exceeded how = how_to_answer(network, hop, index + 1, expired);
	struct sim_packet *packet = wire_time_exceeded(&how, expired);

	packet->tag = expired->tag;
	packet->towards = expired->towards == SIDE_FAR ? SIDE_NEAR : SIDE_FAR;
	packet->position = packet->towards == SIDE_NEAR ? index : index + 1;
	if (packet->tag)
		note_answer(network, packet, &how, expired, index + 1);
	enter_link(network, now, packet);
}

/* The packet has come to router `index`. */
static void pass_router(struct network *network, uint64_t now, size_t index,
			struct sim_packet *packet)
{
	const struct sim_hop *hop = &network->scenario->hops[index];

	if (wire_decrement_ttl(packet)) {
		packet->position = packet->towards == SIDE_FAR ? index + 1 : index;
		enter_link(network, now, packet);
		return;
	}
	if (!wire_is_icmp_error(packet) && !hop->silent && !happens(network, hop->answer_loss))
		answer(network, now, index, packet);
	g_free(packet);
}

static void note_arrival(struct network *network, uint64_t now, const struct sim_packet *packet)
{
	struct answer *noted;
	struct segment read;

	if (packet->towards == SIDE_FAR && packet->tag)
		network->tagged_arrivals++;
	if (packet->towards == SIDE_FAR || !packet->answer)
		return;
	noted = &g_array_index(network->answers, struct answer, packet->answer - 1);
	noted->arrives_ns = now;
	g_assert_true(wire_read(packet->bytes, packet->count, &read));
	noted->reply_ttl = read.ttl;
}

struct sim_packet *network_step(struct network *network)
{
	uint64_t now = network_next(network);
	struct sim_packet *packet = timeline_take(network->on_the_way);

	if (routers_left(network, packet) > 0) {
		size_t index =
			packet->towards == SIDE_FAR ? packet->position : packet->position - 1;

		pass_router(network, now, index, packet);
		return NULL;
	}
	note_arrival(network, now, packet);
	return packet;
}

const struct answer *network_answers(const struct network *network, size_t *count)
{
	*count = network->answers->len;
	return (const struct answer *)(const void *)network->answers->data;
}

const struct link_counts *network_link_counts(const struct network *network)
{
	return links_counts(network->links);
}

uint64_t network_tagged_arrivals(const struct network *network)
{
	return network->tagged_arrivals;
}
