/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Outside ports are given out in turn; when all have been, the one given out
 * longest ago is given to the next flow.
 */
#include "translate.h"

#include "bytes.h"
#include "icmp.h"

#include <string.h>

#define FIRST_PORT 1024
#define PORTS (UINT16_MAX - FIRST_PORT + 1)
#define PORTS_BYTES 4
#define TCP_CHECKSUM_AT 16
#define UDP_CHECKSUM_AT 6

/* Somebody inside. Compared byte by byte, so it is always zeroed first. */
struct inside {
	struct st_addr addr;
	uint16_t port;
	uint8_t protocol;
	bool used;
};

struct translator {
	struct st_addr outside[VERSIONS];
	enum sim_nat nat;
	struct inside by_port[PORTS];
	GHashTable *ports; /* struct inside (in by_port) -> outside port */
	uint32_t given;
};

static guint hash_inside(gconstpointer key)
{
	return fnv1a(FNV1A_BASIS, key, sizeof(struct inside));
}

static gboolean same_inside(gconstpointer a, gconstpointer b)
{
	return memcmp(a, b, sizeof(struct inside)) == 0;
}

struct translator *translator_new(const struct st_addr outside[VERSIONS], enum sim_nat nat)
{
	struct translator *t = g_new0(struct translator, 1);

	memcpy(t->outside, outside, sizeof(t->outside));
	t->nat = nat;
	t->ports = g_hash_table_new(hash_inside, same_inside);
	return t;
}

void translator_free(struct translator *t)
{
	if (!t)
		return;
	g_hash_table_unref(t->ports);
	g_free(t);
}

/* --- packets --- */

static size_t address_bytes(const uint8_t *ip)
{
	return ip[0] >> 4 == 4 ? 4 : 16;
}

static uint8_t *source_at(uint8_t *ip)
{
	return ip + (ip[0] >> 4 == 4 ? 12 : 8);
}

static uint8_t *destination_at(uint8_t *ip)
{
	return source_at(ip) + address_bytes(ip);
}

static uint8_t protocol_of(const uint8_t *ip)
{
	return ip[ip[0] >> 4 == 4 ? 9 : 6];
}

/* Where the transport has its checksum; NULL: it has none, or it is cut off. */
static uint8_t *checksum_at(uint8_t *ip, size_t count)
{
	size_t at = ip_header_bytes(ip);

	if (protocol_of(ip) == ST_PROTOCOL_TCP)
		at += TCP_CHECKSUM_AT;
	else if (protocol_of(ip) == ST_PROTOCOL_UDP)
		at += UDP_CHECKSUM_AT;
	else
		return NULL;
	if (at + 2 > count || (protocol_of(ip) == ST_PROTOCOL_UDP && get16(ip + at) == 0))
		return NULL;
	return ip + at;
}

/* Writes `to` over these bytes, an even number, and adjusts the checksum (RFC 1624). */
static void replace(uint8_t *at, const uint8_t *to, size_t bytes, uint8_t *checksum)
{
	uint32_t sum;

	if (checksum) {
		sum = (uint16_t)~get16(checksum);
		for (size_t i = 0; i < bytes; i += 2)
			sum += (uint16_t)~get16(at + i) + (uint32_t)get16(to + i);
		put16(checksum, fold(sum));
	}
	memcpy(at, to, bytes);
}

static void replace_end(uint8_t *ip, uint8_t *checksum, uint8_t *address_at, uint8_t *port_at,
			const struct st_addr *addr, uint16_t port)
{
	uint8_t port_bytes[2];

	put16(port_bytes, port);
	replace(address_at, addr->bytes, address_bytes(ip), checksum);
	replace(port_at, port_bytes, 2, checksum);
	if (checksum && get16(checksum) == 0 && protocol_of(ip) == ST_PROTOCOL_UDP)
		put16(checksum, UINT16_MAX); /* zero would say that there is none */
	if (ip[0] >> 4 == 4)
		write_header_checksum(ip);
}

static bool has_ports(const uint8_t *ip, size_t count)
{
	return (protocol_of(ip) == ST_PROTOCOL_TCP || protocol_of(ip) == ST_PROTOCOL_UDP) &&
	       count >= ip_header_bytes(ip) + PORTS_BYTES;
}

/* --- the table --- */

static const struct st_addr *outside_of(const struct translator *t, const uint8_t *ip)
{
	return &t->outside[ip[0] >> 4 == 4 ? V4 : V6];
}

static bool is_outside(const struct translator *t, const uint8_t *ip, const uint8_t *address)
{
	return memcmp(outside_of(t, ip)->bytes, address, address_bytes(ip)) == 0;
}

static uint16_t give_port(struct translator *t, const struct inside *inside)
{
	uint32_t place = t->given++ % PORTS;

	if (t->by_port[place].used)
		g_hash_table_remove(t->ports, &t->by_port[place]);
	memcpy(&t->by_port[place], inside, sizeof(*inside)); /* padding too: it is the key */
	g_hash_table_insert(t->ports, &t->by_port[place], GUINT_TO_POINTER(FIRST_PORT + place));
	return (uint16_t)(FIRST_PORT + place);
}

static uint16_t port_of(struct translator *t, uint8_t *ip)
{
	struct inside inside;
	gpointer port;

	memset(&inside, 0, sizeof(inside));
	inside.addr.version = ip[0] >> 4 == 4 ? 4 : 6;
	memcpy(inside.addr.bytes, source_at(ip), address_bytes(ip));
	inside.port = get16(ip + ip_header_bytes(ip));
	inside.protocol = protocol_of(ip);
	inside.used = true;
	port = g_hash_table_lookup(t->ports, &inside);
	return port ? (uint16_t)GPOINTER_TO_UINT(port) : give_port(t, &inside);
}

/* Who has this outside port, or NULL. */
static const struct inside *who_has(const struct translator *t, const uint8_t *ip, uint16_t port)
{
	const struct inside *inside;

	if (port < FIRST_PORT)
		return NULL;
	inside = &t->by_port[port - FIRST_PORT];
	return inside->used && inside->protocol == protocol_of(ip) &&
			       inside->addr.version == (ip[0] >> 4 == 4 ? 4 : 6)
		       ? inside
		       : NULL;
}

/* --- the ways out and in --- */

void translator_leave(struct translator *t, struct sim_packet *packet)
{
	uint8_t *ip = packet->bytes;
	uint16_t port;

	if (!has_ports(ip, packet->count))
		return;
	port = port_of(t, ip);
	replace_end(ip, checksum_at(ip, packet->count), source_at(ip), ip + ip_header_bytes(ip),
		    outside_of(t, ip), port);
}

/* The quote tells whose the error is; a translator that is broken leaves it as it came. */
static bool enter_error(struct translator *t, struct sim_packet *packet)
{
	uint8_t *ip = packet->bytes;
	size_t count;
	uint8_t *quote = icmp_quote(packet, &count);
	const struct inside *inside;

	if (!quote || !has_ports(quote, count) || !is_outside(t, quote, source_at(quote)))
		return false;
	inside = who_has(t, quote, get16(quote + ip_header_bytes(quote)));
	if (!inside)
		return false;
	if (t->nat == NAT_BROKEN)
		packet->quotes_outside = true;
	else
		replace_end(quote, t->nat == NAT_RESTORING ? checksum_at(quote, count) : NULL,
			    source_at(quote), quote + ip_header_bytes(quote), &inside->addr,
			    inside->port);
	memcpy(destination_at(ip), inside->addr.bytes, address_bytes(ip));
	if (ip[0] >> 4 == 4)
		write_header_checksum(ip);
	icmp_write_checksum(packet);
	return true;
}

bool translator_enter(struct translator *t, struct sim_packet *packet)
{
	uint8_t *ip = packet->bytes;
	uint8_t *port_at = ip + ip_header_bytes(ip) + 2;
	const struct inside *inside;

	if (!is_outside(t, ip, destination_at(ip)))
		return true;
	if (icmp_is_error(packet))
		return enter_error(t, packet);
	if (!has_ports(ip, packet->count))
		return false;
	inside = who_has(t, ip, get16(port_at));
	if (!inside)
		return false;
	replace_end(ip, checksum_at(ip, packet->count), destination_at(ip), port_at, &inside->addr,
		    inside->port);
	return true;
}
