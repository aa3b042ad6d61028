/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/resolver.h"

#include "packet/build.h"
#include "service/dns.h"
#include "service/dns_stream.h"
#include "service/fragments.h"

struct resolver {
	struct names *names;
	struct fragments fragments;
	struct dns_streams streams;
};

struct resolver *resolver_new(struct names *names)
{
	struct resolver *resolver = g_new0(struct resolver, 1);

	resolver->names = names;
	fragments_init(&resolver->fragments, names_seed(names), DNS_PORT);
	dns_streams_init(&resolver->streams, names_seed(names));
	return resolver;
}

void resolver_free(struct resolver *resolver)
{
	if (!resolver)
		return;
	fragments_clear(&resolver->fragments);
	dns_streams_clear(&resolver->streams);
	g_free(resolver);
}

/* What a message says to the one that it is sent to. True: a name was among it. */
static bool learn(struct resolver *resolver, const struct st_addr *client, const uint8_t *bytes,
		  size_t count, uint64_t now)
{
	struct dns_message message;
	struct dns_binding binding;
	bool taught = false;

	if (dns_open(&message, bytes, count) != ST_OK)
		return false;
	while (dns_next(&message, &binding) == ST_OK) {
		names_learn(resolver->names, client, &binding.addr, binding.hosts,
			    binding.host_count, binding.ttl_s, ST_EVIDENCE_DNS, now);
		taught = true;
	}
	return taught;
}

static bool take_datagram(struct resolver *resolver, const struct st_packet *packet,
			  const struct st_frame *frame, uint64_t now)
{
	return learn(resolver, &packet->destination, frame->bytes + packet->payload_offset,
		     packet->payload_captured, now);
}

static bool take_whole(struct resolver *resolver, const struct st_packet *packet,
		       struct reader datagram, uint64_t now)
{
	uint16_t length;

	reader_skip(&datagram, 4);
	length = reader_u16(&datagram);
	reader_skip(&datagram, 2);
	if (datagram.overrun || length < UDP_HEADER_BYTES)
		return false;
	return learn(resolver, &packet->destination, datagram.at,
		     MIN(datagram.left, length - (size_t)UDP_HEADER_BYTES), now);
}

/* The first fragment is read for itself too: the others may never come. */
static bool take_fragment(struct resolver *resolver, const struct st_packet *packet,
			  const struct st_frame *frame, uint64_t now)
{
	struct reader datagram;
	bool taught = false;

	if (!packet->later_fragment && packet->source_port == DNS_PORT)
		taught = take_datagram(resolver, packet, frame, now);
	switch (fragments_add(&resolver->fragments, packet, frame, now, &datagram)) {
	case FRAGMENT_NONE:
		return taught;
	case FRAGMENT_KEPT:
		return true;
	case FRAGMENT_WHOLE:
		return take_whole(resolver, packet, datagram, now) || taught;
	}
	return taught;
}

static bool take_segment(struct resolver *resolver, const struct st_packet *packet,
			 const struct st_frame *frame, uint64_t now)
{
	struct reader message;
	bool taught = false;

	dns_streams_take(&resolver->streams, packet, frame);
	while (dns_streams_next(&resolver->streams, &message))
		taught |= learn(resolver, &packet->destination, message.at, message.left, now);
	return dns_streams_settle(&resolver->streams) || taught;
}

bool resolver_take(struct resolver *resolver, const struct st_packet *packet,
		   const struct st_frame *frame, uint64_t now)
{
	if (packet->is_fragment)
		return take_fragment(resolver, packet, frame, now);
	if (packet->protocol == ST_PROTOCOL_TCP)
		return take_segment(resolver, packet, frame, now);
	return take_datagram(resolver, packet, frame, now);
}
