/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hop is a router, or a row of parallel branches; a branch is a router, or
 * where it makes a detour several of them in a chain, without a link between.
 */
#include "routers.h"

#include "bytes.h"
#include "limiter.h"
#include "middlebox.h"
#include "rewriter.h"
#include "translate.h"

#include <string.h>

struct routers {
	const struct scenario *scenario;
	GRand *random;	      /* the network's */
	struct sim_hop *hops; /* as they are now */
	size_t changes_made;
	struct limiter *limiter;
	struct middlebox **middleboxes;	 /* by hop; NULL where nothing is dropped so far */
	struct translator **translators; /* by hop; NULL: none */
	uint16_t ip_id;
};

struct routers *routers_new(const struct scenario *s, GRand *random)
{
	struct routers *routers = g_new0(struct routers, 1);

	routers->scenario = s;
	routers->random = random;
	routers->hops = g_memdup2(s->hops, s->hop_count * sizeof(*s->hops));
	routers->limiter = limiter_new();
	routers->middleboxes = g_new0(struct middlebox *, s->hop_count + 1);
	routers->translators = g_new0(struct translator *, s->hop_count + 1);
	for (size_t i = 0; i < s->hop_count; i++)
		if (s->hops[i].nat != NAT_NONE)
			routers->translators[i] =
				translator_new(s->hops[i].address, s->hops[i].nat);
	return routers;
}

void routers_free(struct routers *routers)
{
	if (!routers)
		return;
	for (size_t i = 0; i < routers->scenario->hop_count; i++) {
		middlebox_free(routers->middleboxes[i]);
		translator_free(routers->translators[i]);
	}
	g_free(routers->middleboxes);
	g_free(routers->translators);
	limiter_free(routers->limiter);
	g_free(routers->hops);
	g_free(routers);
}

void routers_change(struct routers *routers, uint64_t now)
{
	const struct scenario *s = routers->scenario;

	for (; routers->changes_made < s->change_count; routers->changes_made++) {
		const struct sim_change *change = &s->changes[routers->changes_made];

		if (change->at_ns > now)
			return;
		routers->hops[change->hop - 1] = change->after;
	}
}

const struct sim_hop *routers_hop(const struct routers *routers, size_t index)
{
	return &routers->hops[index];
}

static bool happens(struct routers *routers, double probability)
{
	return probability > 0 && g_rand_double(routers->random) < probability;
}

/* --- which router --- */

static uint32_t branch_of(struct routers *routers, const struct sim_hop *hop, size_t index,
			  const struct sim_packet *packet)
{
	uint32_t mixed;

	if (hop->routers == 1)
		return 0;
	if (hop->balance == BALANCE_PACKET)
		return (uint32_t)g_rand_int_range(routers->random, 0, (gint32)hop->routers);
	mixed = (wire_flow_hash(packet) ^ (uint32_t)(index + 1) * 2654435761u) * 2246822519u;
	return (mixed >> 7) % hop->routers;
}

/* How many routers stand in this branch, one behind the other. */
static uint32_t chain_of(const struct sim_hop *hop, uint32_t branch)
{
	return branch % 2 ? 1 + hop->detour : 1;
}

/* Addresses count up, first over the branches, then along the detours. */
static struct st_addr address_of(const struct sim_hop *hop, uint32_t add, bool v4)
{
	struct st_addr router = hop->address[v4 ? V4 : V6];

	for (size_t i = v4 ? 4 : 16; i-- > 0 && add > 0;) {
		add += router.bytes[i];
		router.bytes[i] = (uint8_t)add;
		add >>= 8;
	}
	return router;
}

/* --- answers --- */

static struct alteration set_to(uint32_t value)
{
	return (struct alteration){value != AS_SENT, (uint16_t)value};
}

static struct alteration alter(struct routers *routers, enum sim_field how, uint16_t sent)
{
	switch (how) {
	case FIELD_KEPT:
		return (struct alteration){false, sent};
	case FIELD_ZERO:
		return (struct alteration){true, 0};
	case FIELD_SWAPPED:
		return (struct alteration){true, (uint16_t)(sent << 8 | sent >> 8)};
	case FIELD_RANDOM:
		return (struct alteration){true, (uint16_t)g_rand_int(routers->random)};
	}
	g_assert_not_reached();
}

/* The 16 bits at this place of the transport header; 0 if they are not there. */
static uint16_t transport_field(const struct sim_packet *packet, size_t at)
{
	at += ip_header_bytes(packet->bytes);
	return at + 2 <= packet->count ? get16(packet->bytes + at) : 0;
}

/* The label on top had the packet's TTL, which ends; those below never counted down. */
static void fill_labels(struct time_exceeded *how, const struct sim_hop *hop)
{
	how->label_count = hop->mpls == MPLS_NONE ? 0 : hop->labels;
	how->mpls_length = hop->mpls == MPLS_WITH_LENGTH;
	for (uint32_t i = 0; i < how->label_count; i++)
		how->labels[i] = (struct st_mpls_label){
			.label = (hop->label + i) & 0xfffff,
			.tc = (uint8_t)(i % 8),
			.bottom = i + 1 == hop->labels,
			.ttl = i == 0 ? (uint8_t)hop->label_ttl : (uint8_t)(255 - i),
		};
}

static struct time_exceeded how_to_answer(struct routers *routers, const struct sim_hop *hop,
					  const struct st_addr *router,
					  const struct sim_packet *expired)
{
	bool v4 = expired->bytes[0] >> 4 == 4;
	const struct st_addr *from = &hop->answers_from[v4 ? V4 : V6];
	struct time_exceeded how = {
		.router = from->version ? *from : *router,
		.ttl = (uint8_t)hop->reply_ttl,
		.ip_id = ++routers->ip_id,
		.quote_bytes = hop->quote_bytes,
		.quoted_ttl = set_to(hop->quoted_ttl),
		.quoted_tos = set_to(hop->quoted_tos),
		.quoted_ip_id = alter(routers, hop->quoted_ip_id, get16(expired->bytes + 4)),
	};

	if (wire_protocol(expired) == ST_PROTOCOL_UDP) {
		how.udp_length =
			alter(routers, hop->quoted_udp_length, transport_field(expired, 4));
		how.udp_checksum =
			alter(routers, hop->quoted_udp_checksum, transport_field(expired, 6));
	}
	fill_labels(&how, hop);
	return how;
}

/* A swapped or random value can happen to be the sent one. */
static bool differs(const struct alteration *alteration, uint16_t sent)
{
	return alteration->made && alteration->to != sent;
}

static struct answer note(const struct time_exceeded *how, size_t index,
			  const struct sim_packet *expired)
{
	struct answer noted = {
		.tag = expired->tag,
		.arrives_ns = ST_NEVER,
		.hop = index + 1,
		.router = how->router,
		.quoted_ttl =
			how->quoted_ttl.made ? (uint8_t)how->quoted_ttl.to : wire_ttl(expired),
		.quote_bytes = how->quote_bytes,
		.altered_length = differs(&how->udp_length, transport_field(expired, 4)),
		.label_count = how->label_count,
	};

	memcpy(noted.labels, how->labels, sizeof(noted.labels));
	return noted;
}

static struct st_addr sender_of(const struct sim_packet *packet)
{
	bool v4 = packet->bytes[0] >> 4 == 4;
	struct st_addr sender = {.version = v4 ? 4 : 6};

	memcpy(sender.bytes, packet->bytes + (v4 ? 12 : 8), v4 ? 4 : 16);
	return sender;
}

static bool is_allowed(struct routers *routers, uint64_t now, const struct sim_hop *hop,
		       const struct st_addr *router, const struct sim_packet *expired)
{
	struct st_addr client = sender_of(expired);

	return hop->answer_rate == 0 || limiter_allows(routers->limiter, now, router, &client,
						       hop->answer_rate, hop->answer_burst);
}

/* The answer to a packet whose TTL ends at this router, NULL if it does not answer. */
static struct sim_packet *answer(struct routers *routers, uint64_t now, size_t index,
				 const struct st_addr *router, const struct sim_packet *expired,
				 struct answer *noted)
{
	const struct sim_hop *hop = &routers->hops[index];
	struct time_exceeded how;
	struct sim_packet *packet;

	if (icmp_is_error(expired) || hop->silent || happens(routers, hop->answer_loss) ||
	    !is_allowed(routers, now, hop, router, expired))
		return NULL;
	how = how_to_answer(routers, hop, router, expired);
	packet = icmp_time_exceeded(&how, expired);
	packet->tag = expired->tag;
	*noted = note(&how, index, expired);
	return packet;
}

/* --- the way through --- */

/* False if its TTL ends at this router. */
static bool count_down(const struct sim_hop *hop, struct sim_packet *packet)
{
	bool is_back = packet->towards == SIDE_NEAR && hop->decrement_back != AS_SENT;
	uint32_t decrement = is_back ? hop->decrement_back : hop->decrement;
	uint8_t ttl = wire_ttl(packet);

	if (decrement == 0)
		return true;
	if (ttl <= decrement && !hop->forwards_zero)
		return false;
	wire_set_ttl(packet, ttl <= decrement ? 0 : (uint8_t)(ttl - decrement));
	return true;
}

static bool pass_branch(struct routers *routers, uint64_t now, size_t index,
			struct sim_packet *packet, struct sim_packet **reply, struct answer *noted)
{
	const struct sim_hop *hop = &routers->hops[index];
	uint32_t branch = branch_of(routers, hop, index, packet);
	uint32_t chain = chain_of(hop, branch);

	for (uint32_t i = 0; i < chain; i++) {
		struct st_addr router;

		if (count_down(hop, packet))
			continue;
		router = address_of(hop, branch + i * hop->routers, packet->bytes[0] >> 4 == 4);
		*reply = answer(routers, now, index, &router, packet, noted);
		return false;
	}
	return true;
}

static bool is_dropped(struct routers *routers, size_t index, const struct sim_packet *packet)
{
	enum sim_drop kind = routers->hops[index].drop;

	if (kind == DROP_NOTHING)
		return false;
	if (!routers->middleboxes[index])
		routers->middleboxes[index] = middlebox_new();
	return middlebox_drops(routers->middleboxes[index], kind, packet);
}

/* Translation is the last thing on the way out and the first on the way in. */
bool routers_pass(struct routers *routers, uint64_t now, size_t index, struct sim_packet **packet,
		  struct sim_packet **reply, struct answer *noted)
{
	struct translator *translator = routers->translators[index];
	bool leaves = (*packet)->towards == SIDE_FAR;

	*reply = NULL;
	if (translator && !leaves && !translator_enter(translator, *packet))
		return false;
	if (is_dropped(routers, index, *packet) ||
	    !pass_branch(routers, now, index, *packet, reply, noted))
		return false;
	if (leaves)
		*packet = rewriter_pass(&routers->hops[index].rewrite, *packet, routers->random);
	if (translator && leaves)
		translator_leave(translator, *packet);
	return true;
}

/* Only probes are led round in a circle: the flow has to live. */
size_t routers_next(const struct routers *routers, size_t index, const struct sim_packet *packet)
{
	uint32_t loops_to = routers->hops[index].loops_to;

	if (packet->towards == SIDE_NEAR)
		return index;
	return loops_to && packet->tag ? loops_to - 1 : index + 1;
}
