/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One client, one server and a tracer between them, frame by frame: what the
 * tests of the facade have in common.
 */
#ifndef ST_TESTS_UNIT_TRACER_LAB_H
#define ST_TESTS_UNIT_TRACER_LAB_H

#include <glib.h>
#include <servicetrace/servicetrace.h>
#include <string.h>

#include "wire.h"

#define CLIENT 0x0a000002U
#define SERVER 0x0a090002U
#define ACK ST_TCP_ACK
#define MS ST_NS_PER_MS

struct lab {
	struct st_tracer *tracer;
	uint64_t now;
	uint16_t port; /* the client's */
};

static inline struct st_config make_config(void)
{
	struct st_config config;

	st_config_init(&config);
	config.selection.all = true;
	config.max_ttl = 4;
	config.inter_probe_ns = 0;
	config.inter_iteration_ns = 0;
	config.rate_pps = ST_RATE_LIMIT;
	return config;
}

static inline struct lab make_lab(const struct st_config *config)
{
	struct lab lab = {.now = 1000 * MS, .port = 40000};

	g_assert_cmpint(st_tracer_new(config, &lab.tracer), ==, ST_OK);
	return lab;
}

static inline void put_ip4(struct wire *wire, unsigned protocol, size_t payload, uint32_t from,
			   uint32_t to, unsigned ttl)
{
	wire_u16(wire, 0x4500);
	wire_u16(wire, (unsigned)(20 + payload));
	wire_u32(wire, 0x00004000);
	wire_u8(wire, ttl);
	wire_u8(wire, protocol);
	wire_u16(wire, 0);
	wire_u32(wire, from);
	wire_u32(wire, to);
}

static inline void show_bytes(struct lab *lab, const uint8_t *bytes, size_t count,
			      enum st_direction direction, uint64_t cookie)
{
	struct st_frame frame = {
		.stamp_ns = 1700000000 * ST_NS_PER_S + lab->now,
		.cookie = cookie,
		.bytes = bytes,
		.captured_bytes = (uint32_t)count,
		.wire_bytes = (uint32_t)count,
		.link_type = ST_LINK_ETHERNET,
		.interface = 7,
		.direction = direction,
	};

	st_tracer_frame(lab->tracer, lab->now, &frame, NULL);
}

/* A segment; with `sack`, SACK permitted stands among the options of a SYN. */
static inline void show_tcp_going(struct lab *lab, bool from_client, enum st_direction direction,
				  unsigned flags, uint32_t seq, uint32_t ack, size_t payload,
				  bool sack)
{
	struct wire wire = {0};
	size_t options = flags & ST_TCP_SYN ? 4 : 0;

	wire_ethernet(&wire, 0x0800);
	put_ip4(&wire, 6, 20 + options + payload, from_client ? CLIENT : SERVER,
		from_client ? SERVER : CLIENT, from_client ? 64 : 60);
	wire_u16(&wire, from_client ? lab->port : 443);
	wire_u16(&wire, from_client ? 443 : lab->port);
	wire_u32(&wire, seq);
	wire_u32(&wire, ack);
	wire_u8(&wire, (unsigned)(5 + options / 4) << 4);
	wire_u8(&wire, flags);
	wire_u16(&wire, 501);
	wire_u32(&wire, 0);
	if (options)
		wire_u32(&wire, sack ? 0x04020101 : 0x01010101);
	wire_fill(&wire, 'x', payload);
	show_bytes(lab, wire.bytes, wire.count, direction, 0);
}

static inline void show_tcp(struct lab *lab, bool from_client, unsigned flags, uint32_t seq,
			    uint32_t ack, size_t payload, bool sack)
{
	show_tcp_going(lab, from_client, from_client ? ST_DIRECTION_OUT : ST_DIRECTION_IN, flags,
		       seq, ack, payload, sack);
}

static inline void open_flow(struct lab *lab, bool sack)
{
	show_tcp(lab, true, ST_TCP_SYN, 1000, 0, 0, sack);
	show_tcp(lab, false, ST_TCP_SYN | ACK, 5000, 1001, 0, sack);
	show_tcp(lab, true, ACK, 1001, 5001, 0, false);
	show_tcp(lab, true, ACK, 1001, 5001, 600, false);
	show_tcp(lab, false, ACK, 5001, 1601, 0, false);
}

struct sent {
	uint8_t bytes[ST_PROBE_FRAME_MAX];
	struct st_probe probe;
};

/* Takes one probe and shows it leaving. */
static inline bool send_one(struct lab *lab, struct sent *sent)
{
	if (st_tracer_poll_probe(lab->tracer, lab->now, sent->bytes, sizeof(sent->bytes),
				 &sent->probe) != ST_OK)
		return false;
	show_bytes(lab, sent->bytes, sent->probe.frame_bytes, ST_DIRECTION_OUT, sent->probe.id);
	lab->now += 1000; /* the rate allows one per microsecond */
	return true;
}

/* An ICMP error from `router`, which is its cookie too, quoting `quoted` bytes of an IP packet. */
static inline void send_error(struct lab *lab, unsigned type, const uint8_t *packet,
			      uint32_t router, size_t quoted)
{
	struct wire wire = {0};

	wire_ethernet(&wire, 0x0800);
	put_ip4(&wire, 1, 8 + quoted, router, CLIENT, 62);
	wire_u32(&wire, type << 24);
	wire_u32(&wire, 0);
	wire_bytes(&wire, packet, quoted);
	show_bytes(lab, wire.bytes, wire.count, ST_DIRECTION_IN, router);
}

static inline void answer(struct lab *lab, const struct sent *sent, uint32_t router, size_t quoted)
{
	send_error(lab, 11, sent->bytes + 14, router, quoted);
}

/* The next event of this type, others passed over. */
static inline bool next_event(struct lab *lab, enum st_event_type type, struct st_event *event)
{
	while (st_tracer_poll_event(lab->tracer, event) == ST_OK) {
		if (event->type == type)
			return true;
	}
	return false;
}

/* Answers the question about the flow's socket, which must have been asked. */
static inline void tell_socket(struct lab *lab, enum st_socket socket)
{
	struct st_event event;
	struct st_tuple tuple;

	g_assert_true(next_event(lab, ST_EVENT_SOCKET_ASKED, &event));
	tuple = *event.tuple;
	st_tracer_tell_socket(lab->tracer, lab->now, &tuple, socket);
}

#endif
