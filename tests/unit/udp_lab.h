/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A UDP flow over a chain of routers, the other end DISTANCE hops away: what
 * the tests of UDP have in common.
 */
#ifndef ST_TESTS_UNIT_UDP_LAB_H
#define ST_TESTS_UNIT_UDP_LAB_H

#include "tracer_lab.h"

#define DISTANCE 7
#define CLIENT_PORT 40000
#define SERVER_PORT 4433
#define DATAGRAM 100
#define UDP_BYTES 8
#define QUIC_INITIAL_BYTES 1200

struct talk {
	uint8_t ip_version;
	uint16_t server_port;
	uint8_t first_byte; /* of the payload */
	size_t payload;
	bool no_checksum;
	uint8_t client_ttl, server_ttl; /* as captured; 0: 64, and what DISTANCE leaves of it */
};

static const struct talk TALK_4 = {4, SERVER_PORT, 'x', DATAGRAM, false, 0, 0};
static const struct talk TALK_6 = {6, SERVER_PORT, 'x', DATAGRAM, false, 0, 0};
static const struct talk QUIC_4 = {4, 443, 0xc3, QUIC_INITIAL_BYTES, false, 0, 0};
/* A tunnel's: its ends have agreed to do without checksums. */
static const struct talk TUNNEL_6 = {6, SERVER_PORT, 'x', DATAGRAM, true, 0, 0};

static inline void put_ip6(struct wire *wire, unsigned protocol, size_t payload, unsigned from,
			   unsigned to, unsigned ttl)
{
	const unsigned ends[] = {from, to};

	wire_u32(wire, 0x60000000);
	wire_u16(wire, (unsigned)payload);
	wire_u8(wire, protocol);
	wire_u8(wire, ttl);
	for (unsigned i = 0; i < 2; i++) {
		wire_u32(wire, 0xfd000000);
		wire_fill(wire, 0, 8);
		wire_u32(wire, ends[i]);
	}
}

static inline void put_ip(struct wire *wire, uint8_t version, unsigned protocol, size_t payload,
			  uint32_t from, uint32_t to, unsigned ttl)
{
	wire_ethernet(wire, version == 4 ? 0x0800 : 0x86dd);
	if (version == 4)
		put_ip4(wire, protocol, payload, from, to, ttl);
	else
		put_ip6(wire, protocol, payload, from, to, ttl);
}

static inline unsigned ttl_of(const struct talk *talk, bool from_client)
{
	if (from_client)
		return talk->client_ttl ? talk->client_ttl : 64;
	return talk->server_ttl ? talk->server_ttl : 64 - DISTANCE + 1;
}

static inline void say(struct lab *lab, const struct talk *talk, bool from_client)
{
	struct wire wire = {0};

	put_ip(&wire, talk->ip_version, 17, UDP_BYTES + talk->payload,
	       from_client ? CLIENT : SERVER, from_client ? SERVER : CLIENT,
	       ttl_of(talk, from_client));
	wire_u16(&wire, from_client ? CLIENT_PORT : talk->server_port);
	wire_u16(&wire, from_client ? talk->server_port : CLIENT_PORT);
	wire_u16(&wire, (unsigned)(UDP_BYTES + talk->payload));
	wire_u16(&wire, talk->no_checksum ? 0 : 0x1234);
	wire_u8(&wire, talk->first_byte);
	wire_u32(&wire, 1); /* QUIC's version */
	wire_fill(&wire, 0, talk->payload - 5);
	show_bytes(lab, wire.bytes, wire.count, from_client ? ST_DIRECTION_OUT : ST_DIRECTION_IN,
		   0);
}

static inline void exchange(struct lab *lab, const struct talk *talk)
{
	say(lab, talk, true);
	say(lab, talk, false);
}

/* Router `ttl` answers, quoting eight bytes of transport. */
static inline void reply_to(struct lab *lab, const struct sent *sent, unsigned ttl)
{
	uint8_t version = sent->probe.ip_version;
	size_t quoted = (version == 4 ? 20 : 40) + 8;
	struct wire wire = {0};

	put_ip(&wire, version, version == 4 ? 1 : 58, 8 + quoted, 0x0a000100 + ttl, CLIENT, 60);
	wire_u32(&wire, version == 4 ? 0x0b000000 : 0x03000000);
	wire_u32(&wire, 0);
	wire_bytes(&wire, sent->bytes + 14, quoted);
	show_bytes(lab, wire.bytes, wire.count, ST_DIRECTION_IN, 0);
}

static inline unsigned udp_field(const struct sent *sent, size_t at)
{
	const uint8_t *field = sent->bytes + 14 + (sent->probe.ip_version == 4 ? 20 : 40) + at;

	return (unsigned)field[0] << 8 | field[1];
}

struct path {
	unsigned answering;	/* routers up to here answer */
	unsigned zero_checksum; /* a middlebox behind this router drops datagrams without one */
	unsigned sent[256];
	uint64_t first[256]; /* when the first of them left */
	unsigned highest;
	unsigned total;
};

static inline bool is_answered(const struct path *path, const struct sent *sent)
{
	unsigned ttl = sent->probe.ttl;

	if (path->zero_checksum && ttl > path->zero_checksum && !udp_field(sent, 6))
		return false;
	return ttl <= path->answering;
}

/* Lets the trace run to its end; the tracer keeps its own time. */
static inline struct st_event run(struct lab *lab, struct path *path)
{
	struct st_event event;
	struct sent sent;

	for (;;) {
		while (send_one(lab, &sent)) {
			if (!path->sent[sent.probe.ttl]++)
				path->first[sent.probe.ttl] = lab->now;
			path->total++;
			path->highest = MAX(path->highest, sent.probe.ttl);
			if (is_answered(path, &sent))
				reply_to(lab, &sent, sent.probe.ttl);
		}
		if (next_event(lab, ST_EVENT_TRACE_ENDED, &event))
			return event;
		g_assert_cmpuint(st_tracer_next_wakeup(lab->tracer), !=, ST_NEVER);
		lab->now = MAX(lab->now, st_tracer_next_wakeup(lab->tracer));
		st_tracer_wake(lab->tracer, lab->now);
	}
}

static inline struct st_config udp_config(void)
{
	struct st_config config = make_config();

	config.max_ttl = 12;
	config.flow_timeout_ns = 600 * ST_NS_PER_S;
	return config;
}

/* A lab whose flow may be probed now. */
static inline struct lab begin_udp(const struct st_config *config, const struct talk *talk,
				   enum st_socket socket)
{
	struct lab lab = make_lab(config);

	exchange(&lab, talk);
	tell_socket(&lab, socket);
	return lab;
}

static inline void check_note(const struct st_trace *trace, const char *kind, bool wanted)
{
	bool found = false;

	for (size_t i = 0; i < trace->note_count; i++)
		found = found || g_str_equal(trace->notes[i].kind, kind);
	g_assert_cmpint(found, ==, wanted);
}

#endif
