/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An observer and what it is shown: packets of any protocol with any TTL ("shots"),
 * the errors that quote them, other answers. IPv4 throughout; what differs with
 * IPv6 is tried with real captures.
 */
#ifndef ST_TESTS_UNIT_SESSION_LAB_H
#define ST_TESTS_UNIT_SESSION_LAB_H

#include "tracer_lab.h"

#define ROUTER(n) (0x0a000100U + (n))

struct shot {
	unsigned protocol;
	uint32_t source, destination;		/* 0: CLIENT, SERVER */
	unsigned source_port, destination_port; /* ICMP: identifier, sequence number */
	unsigned ttl;
	unsigned ip_id;
	unsigned flags;	   /* TCP */
	uint32_t seq, ack; /* TCP */
	unsigned checksum; /* UDP, ICMP: any */
	unsigned payload;  /* bytes */
};

static inline struct lab watch(void)
{
	struct st_config config = make_config();

	config.active = false;
	config.max_ttl = 32;
	return make_lab(&config);
}

static inline void put_shot_transport(struct wire *wire, const struct shot *shot)
{
	if (shot->protocol == ST_PROTOCOL_ICMP) {
		wire_u16(wire, 0x0800);
		wire_u16(wire, shot->checksum);
		wire_u16(wire, shot->source_port);
		wire_u16(wire, shot->destination_port);
		return;
	}
	wire_u16(wire, shot->source_port);
	wire_u16(wire, shot->destination_port);
	if (shot->protocol == ST_PROTOCOL_UDP) {
		wire_u16(wire, 8 + shot->payload);
		wire_u16(wire, shot->checksum);
		return;
	}
	wire_u32(wire, shot->seq);
	wire_u32(wire, shot->ack);
	wire_u8(wire, 5 << 4);
	wire_u8(wire, shot->flags);
	wire_u16(wire, 501);
	wire_u32(wire, 0);
}

/* The IP packet; `ttl` as it is on the wire here. */
static inline void put_shot(struct wire *wire, const struct shot *shot, unsigned ttl)
{
	unsigned header = shot->protocol == ST_PROTOCOL_TCP ? 20 : 8;

	wire_u16(wire, 0x4500);
	wire_u16(wire, 20 + header + shot->payload);
	wire_u16(wire, shot->ip_id);
	wire_u16(wire, 0);
	wire_u8(wire, ttl);
	wire_u8(wire, shot->protocol);
	wire_u16(wire, 0);
	wire_u32(wire, shot->source ? shot->source : CLIENT);
	wire_u32(wire, shot->destination ? shot->destination : SERVER);
	put_shot_transport(wire, shot);
	wire_fill(wire, 'p', shot->payload);
}

static inline void show_wire(struct lab *lab, const struct wire *wire)
{
	show_bytes(lab, wire->bytes, wire->count, ST_DIRECTION_UNKNOWN, 0);
}

/* A millisecond passes before each packet, as between a traceroute's. */
static inline void shoot(struct lab *lab, const struct shot *shot)
{
	struct wire wire = {0};

	lab->now += MS;
	wire_ethernet(&wire, 0x0800);
	put_shot(&wire, shot, shot->ttl);
	show_wire(lab, &wire);
}

/* An ICMP error of `type` and `code` by `router` that quotes all of the shot. */
static inline void complain(struct lab *lab, const struct shot *shot, uint32_t router,
			    unsigned type, unsigned code)
{
	struct wire wire = {0}, quote = {0};

	put_shot(&quote, shot, 1);
	lab->now += 2 * MS;
	wire_ethernet(&wire, 0x0800);
	put_ip4(&wire, ST_PROTOCOL_ICMP, 8 + quote.count, router,
		shot->source ? shot->source : CLIENT, 60);
	wire_u8(&wire, type);
	wire_u8(&wire, code);
	wire_u16(&wire, 0);
	wire_u32(&wire, 0);
	wire_bytes(&wire, quote.bytes, quote.count);
	show_wire(lab, &wire);
}

static inline void expire(struct lab *lab, const struct shot *shot, uint32_t router)
{
	complain(lab, shot, router, ST_ICMP_TIME_EXCEEDED, 0);
}

static inline void end(struct lab *lab)
{
	st_tracer_finish(lab->tracer, lab->now);
}

/* The next trace that has ended, NULL if there is none. It lives until the next call. */
static inline const struct st_trace *next_trace(struct lab *lab)
{
	static struct st_event event;

	while (st_tracer_poll_event(lab->tracer, &event) == ST_OK) {
		if (event.type == ST_EVENT_TRACE_ENDED)
			return event.result;
	}
	return NULL;
}

/* Of the only trace there is: "TTL:sent/replies ..." */
static inline void assert_hops(const struct st_trace *trace, const char *expected)
{
	g_autoptr(GString) hops = g_string_new(NULL);

	g_assert_nonnull(trace);
	for (size_t i = 0; i < trace->hop_count; i++)
		g_string_append_printf(hops, "%s%u:%u/%u", i ? " " : "", trace->hops[i].ttl,
				       trace->hops[i].sent, (unsigned)trace->hops[i].reply_count);
	g_assert_cmpstr(hops->str, ==, expected);
}

static inline void assert_only(struct lab *lab, const char *expected)
{
	end(lab);
	assert_hops(next_trace(lab), expected);
	g_assert_null(next_trace(lab));
	st_tracer_free(lab->tracer);
}

static inline void assert_none(struct lab *lab)
{
	end(lab);
	g_assert_null(next_trace(lab));
	st_tracer_free(lab->tracer);
}

/* One of traceroute(8): each probe its own ports and identification. */
static inline struct shot rising(unsigned number, unsigned per_hop)
{
	return (struct shot){.protocol = ST_PROTOCOL_UDP,
			     .source_port = 50000 + 7 * number % 97,
			     .destination_port = 33434 + number,
			     .ttl = 1 + number / per_hop,
			     .ip_id = 9000 + number,
			     .checksum = 100 + number,
			     .payload = 32};
}

static inline struct shot syn(unsigned ttl)
{
	return (struct shot){.protocol = ST_PROTOCOL_TCP,
			     .source_port = 40000 + ttl,
			     .destination_port = 80,
			     .ttl = ttl,
			     .ip_id = 500 + ttl,
			     .flags = ST_TCP_SYN,
			     .seq = 1000 * ttl};
}

/* The server's answer with these flags and numbers to the probe of this distance. */
static inline void show_tcp_answer(struct lab *lab, unsigned ttl, unsigned flags, uint32_t seq,
				   uint32_t ack)
{
	struct shot shot = {.protocol = ST_PROTOCOL_TCP,
			    .source = SERVER,
			    .destination = CLIENT,
			    .source_port = 80,
			    .destination_port = 40000 + ttl,
			    .ttl = 60,
			    .flags = flags,
			    .seq = seq,
			    .ack = ack};

	shoot(lab, &shot);
}

#endif
