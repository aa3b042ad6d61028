/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "words.h"

#define MS_WITH_THREE_DECIMALS 10

const char *words_rtt(wmem_allocator_t *pool, int64_t rtt_ns)
{
	double ms = (double)rtt_ns / (double)ST_NS_PER_MS;

	if (rtt_ns == ST_RTT_UNKNOWN)
		return "";
	return wmem_strdup_printf(pool, "%.*f ms", ms < MS_WITH_THREE_DECIMALS ? 3 : 1, ms);
}

const char *words_address(wmem_allocator_t *pool, const struct st_addr *addr)
{
	char text[ST_ADDR_TEXT_BYTES];

	return wmem_strdup(pool, st_addr_format(addr, text));
}

const char *words_hop(wmem_allocator_t *pool, const struct mark *mark)
{
	return mark->hop ? wmem_strdup_printf(pool, "hop %u", mark->hop) : "hop ?";
}

static const char *place_of(wmem_allocator_t *pool, const struct mark *mark)
{
	return wmem_strdup_printf(pool, "probe %u of %s", mark->index, words_hop(pool, mark));
}

/* "10.0.0.1, 12.3 ms". */
static const char *answer_of(wmem_allocator_t *pool, const struct st_reply *reply)
{
	const char *address = words_address(pool, &reply->address);

	if (reply->rtt_ns == ST_RTT_UNKNOWN)
		return address;
	return wmem_strdup_printf(pool, "%s, %s", address, words_rtt(pool, reply->rtt_ns));
}

static const char *words_probe(wmem_allocator_t *pool, const struct store *store,
			       const struct mark *mark)
{
	const char *place = place_of(pool, mark);

	if (mark->first_reply)
		return wmem_strdup_printf(pool, "%s, answered by %s", place,
					  answer_of(pool, mark->first_reply->reply));
	return store_is_silent(store, mark) ? wmem_strdup_printf(pool, "%s, no reply", place)
					    : place;
}

const char *words_mark(wmem_allocator_t *pool, const struct store *store, const struct mark *mark)
{
	switch (mark->kind) {
	case MARK_PROBE:
		return words_probe(pool, store, mark);
	case MARK_REPLY:
		return wmem_strdup_printf(pool, "reply to %s by %s", place_of(pool, mark),
					  answer_of(pool, mark->reply));
	case MARK_COPY:
		return wmem_strdup_printf(pool, "again: %s",
					  words_mark(pool, store, mark->original));
	}
	return "";
}

const char *words_short(wmem_allocator_t *pool, const struct store *store, const struct mark *mark)
{
	const struct mark *reply = mark->kind == MARK_PROBE ? mark->first_reply : mark;
	const char *hop = words_hop(pool, mark);

	if (mark->kind == MARK_COPY && !mark->original->frame)
		return "again";
	if (mark->kind == MARK_COPY)
		return wmem_strdup_printf(pool, "again: frame %u", mark->original->frame);
	if (!reply)
		return store_is_silent(store, mark)
			       ? wmem_strdup_printf(pool, "%s " ARROW " *", hop)
			       : hop;
	if (reply->reply->rtt_ns == ST_RTT_UNKNOWN)
		return wmem_strdup_printf(pool, "%s " ARROW " %s", hop,
					  words_address(pool, &reply->reply->address));
	return wmem_strdup_printf(pool, "%s " ARROW " %s %s", hop,
				  words_address(pool, &reply->reply->address),
				  words_rtt(pool, reply->reply->rtt_ns));
}

static const char *words_end(wmem_allocator_t *pool, const struct st_addr *addr, uint16_t port)
{
	const char *address = words_address(pool, addr);

	if (!port)
		return address;
	return wmem_strdup_printf(pool, addr->version == 6 ? "[%s]:%u" : "%s:%u", address, port);
}

const char *words_tuple(wmem_allocator_t *pool, const struct st_tuple *tuple)
{
	char protocol[ST_PROTOCOL_TEXT_BYTES];
	bool is_icmp = tuple->protocol == ST_PROTOCOL_ICMP ||
		       tuple->protocol == ST_PROTOCOL_ICMPV6; /* its identifier is no port */

	return wmem_strdup_printf(pool, "%s %s > %s", st_protocol_text(tuple->protocol, protocol),
				  words_end(pool, &tuple->source, is_icmp ? 0 : tuple->source_port),
				  words_end(pool, &tuple->destination, tuple->destination_port));
}

const char *words_evidence(enum st_evidence evidence)
{
	switch (evidence) {
	case ST_EVIDENCE_NONE:
		break;
	case ST_EVIDENCE_PREFIX:
		return "prefix: the server's address is one of the service's";
	case ST_EVIDENCE_DNS:
		return "dns: an answer of DNS that the client got names the address";
	case ST_EVIDENCE_OPTION:
		return "option";
	case ST_EVIDENCE_SNI:
		return "sni: the flow's own ClientHello";
	}
	return "";
}

static const char *words_error(const struct st_reply *reply)
{
	bool is_v4 = reply->address.version == 4;

	if (reply->icmp_type == (is_v4 ? ST_ICMP_TIME_EXCEEDED : ST_ICMPV6_TIME_EXCEEDED))
		return "a router's Time Exceeded";
	if (reply->icmp_type == (is_v4 ? ST_ICMP_UNREACHABLE : ST_ICMPV6_UNREACHABLE))
		return reply->destination ? "the destination's Unreachable"
					  : "a router's Unreachable";
	return reply->destination ? "the destination's Parameter Problem"
				  : "a router's Parameter Problem";
}

const char *words_reply(const struct st_reply *reply)
{
	switch ((enum st_reply_kind)reply->kind) {
	case ST_REPLY_ICMP_ERROR:
		return words_error(reply);
	case ST_REPLY_ECHO:
		return "the destination's echo reply";
	case ST_REPLY_TCP:
		return reply->tcp_flags & ST_TCP_RST ? "the destination's RST"
						     : "the destination's SYN-ACK";
	case ST_REPLY_OTHER:
		break;
	}
	return "the destination's own packet";
}

const char *words_list(wmem_allocator_t *pool, const char *const *names)
{
	wmem_strbuf_t *list = wmem_strbuf_new(pool, "");

	for (size_t i = 0; names[i]; i++) {
		wmem_strbuf_append(list, i ? ", " : "");
		wmem_strbuf_append(list, names[i]);
	}
	return wmem_strbuf_finalize(list);
}

const char *words_count(wmem_allocator_t *pool, size_t count, const char *one, const char *many)
{
	return wmem_strdup_printf(pool, "%zu %s", count, count == 1 ? one : many);
}
