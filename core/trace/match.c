/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trace/match.h"

#include "packet/build.h"
#include "packet/decode.h"

/* Of an ICMP echo's key: the identifier is a translator's to change. */
#define ECHO_SEQ 0xffffU

struct st_tuple quote_tuple(const struct st_quote *quote)
{
	struct st_tuple tuple = {
		.source = quote->source,
		.destination = quote->destination,
		.source_port = quote->source_port,
		.destination_port = quote->destination_port,
		.protocol = quote->protocol,
	};

	if (quote->has_key && icmp_echo_of(quote->protocol, &quote->icmp) == ICMP_ECHO_REQUEST)
		tuple.source_port = quote->icmp.echo_id;
	return tuple;
}

struct match_wanted match_make(const struct st_quote *quote, uint64_t now, bool without_checksum)
{
	return (struct match_wanted){
		.quote = quote,
		.tuple = quote_tuple(quote),
		.now = now,
		.without_checksum = without_checksum,
	};
}

/* Fewer bytes name a flow at best, and nothing where there are no ports. */
bool match_is_possible(const struct st_quote *quote)
{
	return quote->has_ports || quote->has_key;
}

static bool is_same_peer(const struct probe *probe, const struct st_quote *quote)
{
	return probe->tuple.protocol == quote->protocol &&
	       probe->tuple.destination_port == quote->destination_port &&
	       st_addr_equal(&probe->tuple.destination, &quote->destination);
}

static unsigned ip_id_agreement(const struct probe *probe, const struct st_quote *quote)
{
	bool is_equal = quote->ip_version == 4 && probe->tuple.source.version == 4 &&
			probe->ip_id == quote->ip_id;

	/* Zero is what many systems send who use no identification. */
	return is_equal && quote->ip_id ? ST_MATCH_IPID : 0;
}

static unsigned ends_agreement(const struct probe *probe, const struct match_wanted *wanted)
{
	if (st_tuple_equal(&probe->tuple, &wanted->tuple))
		return ST_MATCH_TUPLE;
	return is_same_peer(probe, wanted->quote) ? ST_MATCH_PEER : 0;
}

/* A sequence number is worth more than other keys: with the identification it will do. */
static unsigned match_tcp(const struct probe *probe, const struct st_quote *quote, unsigned ends,
			  unsigned ip_id)
{
	if (!quote->has_seq)
		return ends == ST_MATCH_TUPLE && ip_id ? ends | ip_id : 0;
	if (quote->seq != probe->key)
		return 0;
	return ends || (ip_id && probe->tuple.protocol == quote->protocol)
		       ? ST_MATCH_SEQ | ends | ip_id
		       : 0;
}

/*
 * All empty datagrams of a flow are alike, the application's own too, but for the
 * identification. A checksum that is not ours is a translator's doing, or it was
 * still to be made when the datagram was captured.
 */
static unsigned match_udp(const struct probe *probe, const struct match_wanted *wanted,
			  unsigned ends, unsigned ip_id)
{
	const struct st_quote *quote = wanted->quote;

	if (!quote->has_udp)
		return ends == ST_MATCH_TUPLE && ip_id ? ends | ip_id : 0;
	if (!ends || probe->key >> 16 != quote->udp_length)
		return 0;
	if (!ip_id && quote->ip_version == 4 && quote->udp_length == UDP_HEADER_BYTES &&
	    !wanted->without_checksum)
		return 0;
	if ((uint16_t)probe->key == quote->udp_checksum)
		return ends | ip_id | ST_MATCH_LENGTH | ST_MATCH_CHECKSUM;
	if (ip_id || (ends == ST_MATCH_TUPLE && wanted->without_checksum))
		return ends | ip_id | ST_MATCH_LENGTH;
	return 0;
}

static unsigned match_icmp(const struct probe *probe, const struct st_quote *quote, unsigned ends,
			   unsigned ip_id)
{
	if (!quote->has_key || (quote->key & ECHO_SEQ) != (probe->key & ECHO_SEQ))
		return 0;
	if (ends == ST_MATCH_TUPLE || (ends && (quote->key == probe->key || ip_id)))
		return ends | ip_id | ST_MATCH_SEQ;
	return 0;
}

/* Of other protocols it is not known what these bytes are, but that they are quoted. */
static unsigned match_other(const struct probe *probe, const struct st_quote *quote, unsigned ends,
			    unsigned ip_id)
{
	if (ends != ST_MATCH_TUPLE)
		return 0;
	if (quote->has_key)
		return quote->key == probe->key ? ends | ip_id | ST_MATCH_BYTES : 0;
	return ip_id ? ends | ip_id : 0;
}

unsigned match_probe(const struct probe *probe, const struct match_wanted *wanted)
{
	const struct st_quote *quote = wanted->quote;
	unsigned ends = ends_agreement(probe, wanted);
	unsigned ip_id = ip_id_agreement(probe, quote);

	if (quote->protocol == ST_PROTOCOL_TCP)
		return match_tcp(probe, quote, ends, ip_id);
	if (quote->protocol == ST_PROTOCOL_UDP)
		return match_udp(probe, wanted, ends, ip_id);
	if (protocol_is_icmp(quote->protocol))
		return match_icmp(probe, quote, ends, ip_id);
	return match_other(probe, quote, ends, ip_id);
}

static unsigned rank(unsigned by)
{
	return (by & (ST_MATCH_SEQ | ST_MATCH_CHECKSUM | ST_MATCH_BYTES) ? 8U : 0) +
	       (by & ST_MATCH_TUPLE ? 4U : 0) + (by & ST_MATCH_IPID ? 2U : 0) +
	       (by & ST_MATCH_PEER ? 1U : 0);
}

bool match_is_best(unsigned by)
{
	return rank(by) == rank(ST_MATCH_TUPLE | ST_MATCH_IPID | ST_MATCH_SEQ);
}

bool match_is_better(unsigned by, unsigned than)
{
	return rank(by) > rank(than);
}

void match_consider(struct match_choice *choice, struct probe *probe, unsigned by, bool is_awaited)
{
	if (!by || (choice->probe && rank(by) < rank(choice->by)))
		return;
	if (!choice->probe || rank(by) > rank(choice->by))
		*choice = (struct match_choice){.probe = probe, .by = by};
	if (is_awaited)
		choice->probe = probe;
	choice->count++;
	choice->awaited += is_awaited;
}

struct probe *match_chosen(const struct match_choice *choice, uint8_t *matched_by)
{
	*matched_by = (uint8_t)choice->by;
	return choice->count > 1 && choice->awaited != 1 ? NULL : choice->probe;
}
