/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every packet goes from router to router, one event a hop, so that what a
 * router does may depend on the time at which the packet gets there.
 *
 * Link i lies before router i (counted from 0, the near side's first); the last
 * link leads to the peers.
 */
#include "network.h"

#include "rewriter.h"
#include "timeline.h"

#include <string.h>

struct network {
	const struct scenario *scenario;
	struct timeline *on_the_way; /* struct sim_packet */
	struct links *links;
	struct routers *routers;
	GRand *random;
	GArray *answers; /* struct answer */
	uint64_t arrivals[2];
	uint64_t tagged_arrivals;
};

struct network *network_new(const struct scenario *scenario)
{
	struct network *network = g_new0(struct network, 1);

	network->scenario = scenario;
	network->on_the_way = timeline_new(g_free);
	network->random = g_rand_new_with_seed(scenario->seed);
	network->links = links_new(scenario->hop_count + 1, network->random);
	network->routers = routers_new(scenario, network->random);
	network->answers = g_array_new(FALSE, FALSE, sizeof(struct answer));
	return network;
}

void network_free(struct network *network)
{
	if (!network)
		return;
	timeline_free(network->on_the_way);
	links_free(network->links);
	routers_free(network->routers);
	g_rand_free(network->random);
	g_array_unref(network->answers);
	g_free(network);
}

/* Routers still before the packet: 0 means that it has reached its end. */
static size_t routers_left(const struct network *network, const struct sim_packet *packet)
{
	size_t hops = network->scenario->hop_count;

	return packet->towards == SIDE_FAR ? hops - packet->position : packet->position;
}

static const struct sim_link *link_at(const struct network *network, size_t index)
{
	return index == network->scenario->hop_count ? &network->scenario->last_link
						     : &routers_hop(network->routers, index)->link;
}

/* Puts the packet on the link that follows its position; it may get lost there. */
static void enter_link(struct network *network, uint64_t now, struct sim_packet *packet)
{
	size_t at = packet->position;
	uint64_t arrivals[LINK_COPIES_MAX];
	size_t copies = links_carry(network->links, at, link_at(network, at), packet->towards, now,
				    packet->count, arrivals);

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
	packet_note_sent(packet);
	routers_change(network->routers, now);
	if (wire_is_routed(packet))
		enter_link(network, now, packet);
	else
		g_free(packet);
}

uint64_t network_next(const struct network *network)
{
	return timeline_next(network->on_the_way);
}

/* Sends the answer back over the link on which the packet came. */
static void send_back(struct network *network, uint64_t now, size_t index,
		      const struct sim_packet *expired, struct sim_packet *reply,
		      const struct answer *noted)
{
	uint64_t late_ns = routers_hop(network->routers, index)->answer_delay_ns;

	reply->flow = expired->flow;
	reply->sent_bytes = expired->sent_bytes;
	memcpy(reply->sent, expired->sent, sizeof(reply->sent));
	reply->towards = expired->towards == SIDE_FAR ? SIDE_NEAR : SIDE_FAR;
	reply->position = reply->towards == SIDE_NEAR ? index : index + 1;
	if (reply->tag) {
		g_array_append_val(network->answers, *noted);
		reply->answer = network->answers->len;
	}
	/* What waits in the router does not hold up others on the link. */
	if (late_ns)
		timeline_add(network->on_the_way,
			     now + late_ns + link_at(network, reply->position)->delay_ns, reply);
	else
		enter_link(network, now, reply);
}

/* The packet has come to router `index`. */
static void pass_router(struct network *network, uint64_t now, size_t index,
			struct sim_packet *packet)
{
	struct sim_packet *reply;
	struct answer noted;

	if (routers_pass(network->routers, now, index, &packet, &reply, &noted)) {
		packet->position = routers_next(network->routers, index, packet);
		enter_link(network, now, packet);
		return;
	}
	if (reply)
		send_back(network, now, index, packet, reply, &noted);
	g_free(packet);
}

static void note_arrival(struct network *network, uint64_t now, struct sim_packet *packet)
{
	struct answer *noted;

	packet->arrival = ++network->arrivals[packet->towards];
	if (packet->towards == SIDE_FAR && packet->tag)
		network->tagged_arrivals++;
	if (packet->towards == SIDE_FAR || !packet->answer)
		return;
	noted = &g_array_index(network->answers, struct answer, packet->answer - 1);
	if (noted->arrives_ns != ST_NEVER)
		return; /* its double */
	noted->arrives_ns = now;
	noted->arrival = packet->arrival;
	noted->reply_ttl = wire_ttl(packet);
	noted->quotes_outside = packet->quotes_outside;
	noted->altered = quote_altered(packet, noted->quote_bytes);
}

struct sim_packet *network_step(struct network *network)
{
	uint64_t now = network_next(network);
	struct sim_packet *packet = timeline_take(network->on_the_way);

	routers_change(network->routers, now);
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
