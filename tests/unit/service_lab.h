/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What tells the lab's tracer names: answers of DNS, ClientHellos, signatures. */
#ifndef ST_TESTS_UNIT_SERVICE_LAB_H
#define ST_TESTS_UNIT_SERVICE_LAB_H

#include "tracer_lab.h"

#define RESOLVER 0x0a000035U
#define OTHER_CLIENT 0x0a000063U

static inline void put_name(struct wire *wire, const char *name)
{
	g_auto(GStrv) labels = g_strsplit(name, ".", -1);

	for (size_t i = 0; labels[i]; i++) {
		wire_u8(wire, (unsigned)strlen(labels[i]));
		wire_bytes(wire, labels[i], strlen(labels[i]));
	}
	wire_u8(wire, 0);
}

/* One record of class IN, to live for a minute. */
static inline void put_record(struct wire *wire, const char *owner, unsigned type)
{
	put_name(wire, owner);
	wire_u16(wire, type);
	wire_u16(wire, 1);
	wire_u32(wire, 60);
}

/* The answer for `name` and, unless NULL, its `alias`: the server's address. */
static inline void put_answer(struct wire *wire, const char *name, const char *alias)
{
	wire_u16(wire, 0x1234);
	wire_u16(wire, 0x8180);
	wire_u16(wire, 1);
	wire_u16(wire, alias ? 2 : 1);
	wire_u32(wire, 0);
	put_name(wire, name);
	wire_u32(wire, 0x00010001);
	if (alias) {
		put_record(wire, name, 5);
		wire_u16(wire, (unsigned)strlen(alias) + 2);
		put_name(wire, alias);
	}
	put_record(wire, alias ? alias : name, 1);
	wire_u16(wire, 4);
	wire_u32(wire, SERVER);
}

/* Comes in as a datagram behind the IP header that `wire` ends with. */
static inline void show_message(struct lab *lab, struct wire *wire, const struct wire *message)
{
	wire_u16(wire, 53);
	wire_u16(wire, 33333);
	wire_u16(wire, (unsigned)(8 + message->count));
	wire_u16(wire, 0xbeef);
	wire_bytes(wire, message->bytes, message->count);
	show_bytes(lab, wire->bytes, wire->count, ST_DIRECTION_IN, 0);
}

/* To a client that asks over IPv6. */
static inline void show_answer6(struct lab *lab, const char *name)
{
	struct wire message = {0}, wire = {0};

	put_answer(&message, name, NULL);
	wire_ethernet(&wire, 0x86dd);
	wire_ip6(&wire, 17, 8 + message.count);
	show_message(lab, &wire, &message);
}

static inline void show_answer_to(struct lab *lab, uint32_t client, const char *name,
				  const char *alias)
{
	struct wire message = {0}, wire = {0};

	put_answer(&message, name, alias);
	wire_ethernet(&wire, 0x0800);
	put_ip4(&wire, 17, 8 + message.count, RESOLVER, client, 60);
	show_message(lab, &wire, &message);
}

static inline void show_answer(struct lab *lab, const char *name)
{
	show_answer_to(lab, CLIENT, name, NULL);
}

static inline void put_extension(struct wire *wire, unsigned type, const struct wire *content)
{
	wire_u16(wire, type);
	wire_u16(wire, (unsigned)content->count);
	wire_bytes(wire, content->bytes, content->count);
}

/* A ClientHello of RFC 8446 in a record of its own. */
static inline void put_hello(struct wire *wire, const char *host, bool ech)
{
	struct wire extensions = {0}, content = {0};
	size_t body;

	wire_u16(&content, (unsigned)strlen(host) + 3);
	wire_u8(&content, 0);
	wire_u16(&content, (unsigned)strlen(host));
	wire_bytes(&content, host, strlen(host));
	put_extension(&extensions, 0, &content);
	content.count = 0;
	wire_fill(&content, 0, 40);
	if (ech)
		put_extension(&extensions, 0xfe0d, &content);
	body = 2 + 32 + 1 + 4 + 2 + 2 + extensions.count;
	wire_u8(wire, 22);
	wire_u16(wire, 0x0301);
	wire_u16(wire, (unsigned)body + 4);
	wire_u8(wire, 1);
	wire_u8(wire, 0);
	wire_u16(wire, (unsigned)body);
	wire_u16(wire, 0x0303);
	wire_fill(wire, 7, 32);
	wire_u8(wire, 0);
	wire_u32(wire, 0x00021301);
	wire_u16(wire, 0x0100);
	wire_u16(wire, (unsigned)extensions.count);
	wire_bytes(wire, extensions.bytes, extensions.count);
}

/* The client's first data; returns how many bytes. */
static inline size_t show_hello(struct lab *lab, const char *host, bool ech)
{
	struct wire hello = {0}, wire = {0};

	put_hello(&hello, host, ech);
	wire_ethernet(&wire, 0x0800);
	put_ip4(&wire, 6, 20 + hello.count, CLIENT, SERVER, 64);
	wire_u16(&wire, lab->port);
	wire_u16(&wire, 443);
	wire_u32(&wire, 1001);
	wire_u32(&wire, 5001);
	wire_u16(&wire, 0x5018);
	wire_u16(&wire, 501);
	wire_u32(&wire, 0);
	wire_bytes(&wire, hello.bytes, hello.count);
	show_bytes(lab, wire.bytes, wire.count, ST_DIRECTION_OUT, 0);
	return hello.count;
}

static inline void show_handshake(struct lab *lab)
{
	show_tcp(lab, true, ST_TCP_SYN, 1000, 0, 0, true);
	show_tcp(lab, false, ST_TCP_SYN | ACK, 5000, 1001, 0, true);
	show_tcp(lab, true, ACK, 1001, 5001, 0, false);
}

/* A whole TLS flow as far as its server's first ACK: then it can be traced. */
static inline void open_tls(struct lab *lab, const char *host, bool ech)
{
	size_t bytes;

	show_handshake(lab);
	bytes = show_hello(lab, host, ech);
	show_tcp(lab, false, ACK, 5001, 1001 + (uint32_t)bytes, 0, false);
}

/* Three services: video.test and its aliases, music.test, and a network. */
static inline struct st_signatures *make_signatures(void)
{
	struct st_signatures *signatures = st_signatures_new();

	st_signatures_add_service(signatures, "video", "Video");
	st_signatures_add_rule(signatures, "video", ST_RULE_DOMAIN, "video.test");
	st_signatures_add_rule(signatures, "video", ST_RULE_DOMAIN, "video-cdn.test");
	st_signatures_add_service(signatures, "music", "Music");
	st_signatures_add_rule(signatures, "music", ST_RULE_DOMAIN, "music.test");
	st_signatures_add_service(signatures, "network", "Network");
	st_signatures_add_rule(signatures, "network", ST_RULE_PREFIX, "10.9.0.0/16");
	return signatures;
}

/* A lab that knows three services and wants one of them, by id (NULL: all flows). */
static inline struct lab make_service_lab(struct st_signatures *signatures,
					  const char *const *service, bool active)
{
	struct st_config config = make_config();

	config.active = active;
	config.signatures = signatures;
	config.report_flows = true;
	config.selection.all = !service;
	config.selection.services = service;
	config.selection.service_count = service ? 1 : 0;
	return make_lab(&config);
}

static inline void end_lab(struct lab *lab, struct st_signatures *signatures)
{
	st_tracer_free(lab->tracer);
	st_signatures_free(signatures);
}

/* The flow's record at the end; there must be one, but for those of DNS. */
static inline void assert_flow(struct lab *lab, const char *host, const char *name,
			       enum st_evidence evidence, enum st_evidence matched_by, bool ech)
{
	struct st_event event;

	st_tracer_finish(lab->tracer, lab->now);
	do
		g_assert_true(next_event(lab, ST_EVENT_FLOW_ENDED, &event));
	while (event.flow->tuple.source_port == 53 || event.flow->tuple.destination_port == 53);
	g_assert_cmpstr(event.flow->identity.host, ==, host);
	g_assert_cmpstr(event.flow->identity.name, ==, name);
	g_assert_cmpint(event.flow->identity.evidence, ==, evidence);
	g_assert_cmpint(event.flow->identity.matched_by, ==, matched_by);
	g_assert_cmpint(event.flow->identity.ech, ==, ech);
}

static const char *const video[] = {"VIDEO"};

static inline void assert_traced(struct lab *lab, unsigned flows)
{
	const struct st_stats *stats = st_tracer_stats(lab->tracer);
	struct sent sent;

	g_assert_cmpuint(stats->flows_seen, ==, flows);
	g_assert_cmpuint(stats->traces_started, ==, flows);
	g_assert_true(send_one(lab, &sent) == (flows > 0));
}

#endif
