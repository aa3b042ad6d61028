/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a middlebox does not let pass, and what it must remember of flows for it. */
#include "middlebox.h"

#include "icmp.h"

struct middlebox {
	GHashTable *ends; /* hash of a flow's direction -> behind its last byte */
};

struct middlebox *middlebox_new(void)
{
	struct middlebox *middlebox = g_new0(struct middlebox, 1);

	middlebox->ends = g_hash_table_new(NULL, NULL);
	return middlebox;
}

void middlebox_free(struct middlebox *middlebox)
{
	if (!middlebox)
		return;
	g_hash_table_unref(middlebox->ends);
	g_free(middlebox);
}

/* Empty, and its place in the stream has gone by: as a firewall with a mind of its own has it. */
static bool is_old(struct middlebox *middlebox, const struct sim_packet *packet,
		   const struct segment *s)
{
	uint32_t flags = s->flags & (ST_TCP_SYN | ST_TCP_FIN);
	uint32_t end = s->seq + (uint32_t)s->payload_bytes + (flags ? 1 : 0);
	gpointer key = GUINT_TO_POINTER(wire_flow_hash(packet));
	gpointer known;

	if (g_hash_table_lookup_extended(middlebox->ends, key, NULL, &known) &&
	    !(s->flags & ST_TCP_SYN) && (int32_t)(end - GPOINTER_TO_UINT(known)) < 0)
		return s->payload_bytes == 0 && !flags;
	g_hash_table_insert(middlebox->ends, key, GUINT_TO_POINTER(end));
	return false;
}

bool middlebox_drops(struct middlebox *middlebox, enum sim_drop kind,
		     const struct sim_packet *packet)
{
	struct segment s;

	if (kind == DROP_NOTHING || !wire_read(packet->bytes, packet->count, &s))
		return false;
	switch (kind) {
	case DROP_NOTHING:
		return false;
	case DROP_ZERO_CHECKSUM:
		return s.tuple.protocol == ST_PROTOCOL_UDP && s.tuple.source.version == 6 &&
		       s.udp_checksum == 0;
	case DROP_ICMP_ERRORS:
		return icmp_is_error(packet);
	case DROP_EMPTY_DATAGRAMS:
		return s.tuple.protocol == ST_PROTOCOL_UDP && s.payload_bytes == 0;
	case DROP_OLD_SEGMENTS:
		return s.tuple.protocol == ST_PROTOCOL_TCP && is_old(middlebox, packet, &s);
	}
	g_assert_not_reached();
}
