/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A resolver, a way to show it packets, and answers for those to hold. */
#ifndef ST_TESTS_UNIT_RESOLVER_LAB_H
#define ST_TESTS_UNIT_RESOLVER_LAB_H

#include "service/resolver.h"

#include "dns_wire.h"

struct lab {
	struct names *names;
	struct resolver *resolver;
	uint64_t now;
	uint8_t version;
	unsigned port; /* the server's */
	unsigned client_port;
	uint32_t id;	       /* of the datagram in fragments */
	uint32_t not_captured; /* bytes at a frame's end */
};

static inline void lab_open(struct lab *lab, uint8_t version)
{
	*lab = (struct lab){.version = version, .port = 53, .client_port = 40312, .id = 7};
	lab->names = names_new(3);
	lab->resolver = resolver_new(lab->names);
	lab->now = ST_NS_PER_S;
}

static inline void lab_close(struct lab *lab)
{
	resolver_free(lab->resolver);
	names_free(lab->names);
}

static inline bool show(struct lab *lab, const struct wire *wire)
{
	uint32_t captured = (uint32_t)wire->count - lab->not_captured;
	uint8_t *bytes = wire_exact(wire->bytes, captured);
	struct st_frame frame = {.bytes = bytes,
				 .captured_bytes = captured,
				 .wire_bytes = (uint32_t)wire->count,
				 .link_type = ST_LINK_RAW};
	struct st_packet packet;
	bool taken;

	g_assert_cmpint(st_packet_decode(&frame, &packet), ==, ST_OK);
	taken = resolver_wants(&packet) && resolver_take(lab->resolver, &packet, &frame, lab->now);
	g_free(bytes);
	return taken;
}

/* Does the client know this name of the address? */
static inline bool knows(const struct lab *lab, const char *text, const char *host)
{
	struct st_addr addr = {0};
	char client[ST_ADDR_TEXT_BYTES];

	g_assert_cmpint(st_addr_parse(text, &addr), ==, ST_OK);
	for (const struct name *name = names_next(lab->names, &addr, lab->now, NULL); name;
	     name = names_next(lab->names, &addr, lab->now, name)) {
		g_assert_cmpstr(st_addr_format(&name->client, client), ==,
				lab->version == 4 ? "198.51.100.2" : "2001:db8::2");
		if (strcmp(name->hosts[0], host) == 0)
			return true;
	}
	return false;
}

static inline void put_ip(struct wire *wire, const struct lab *lab, unsigned protocol,
			  size_t payload)
{
	if (lab->version == 4)
		wire_ip4(wire, protocol, payload, 0);
	else
		wire_ip6(wire, protocol, payload);
}

/* What three pieces can come in. */
static const unsigned lab_orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
					 {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

/* Three addresses far apart, one in each piece if pieces are THIRD bytes long. */
#define THIRD 480
static inline void put_long_answer(struct wire *message)
{
	static const char *const addresses[] = {"192.0.2.1", "192.0.2.2", "192.0.2.3"};

	dns_wire_header(message, DNS_FLAGS, 1, 5);
	dns_wire_question(message, "a.example", DNS_TYPE_A);
	for (unsigned i = 0; i < 3; i++) {
		dns_wire_address(message, "@12", addresses[i], 300);
		if (i < 2) {
			size_t at = dns_wire_record(message, "@12", 16, 300);

			wire_fill(message, 'x', THIRD);
			dns_wire_end(message, at);
		}
	}
}

#endif
