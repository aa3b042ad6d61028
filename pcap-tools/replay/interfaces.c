/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers interfaces in the order in which their first frames come, which is
 * also the order of their descriptions in the file of -w.
 */
#include "interfaces.h"

/* As much as libpcap reads. What was captured of a packet tells itself. */
#define SNAP_BYTES 262144
/* A damaged file could name one in each frame; the rest share the last number. */
#define INTERFACES_MAX 65536

struct interfaces {
	GHashTable *numbers; /* of this file: interface and link type -> number */
	uint64_t latest;     /* the key that was last asked for */
	uint32_t latest_number;
	uint32_t count; /* over all files */
	bool is_fresh;	/* nothing was asked of this file */
};

struct interfaces *interfaces_new(void)
{
	struct interfaces *interfaces = g_new0(struct interfaces, 1);

	interfaces->numbers = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
	interfaces->is_fresh = true;
	return interfaces;
}

void interfaces_free(struct interfaces *interfaces)
{
	if (interfaces == NULL)
		return;
	g_hash_table_unref(interfaces->numbers);
	g_free(interfaces);
}

void interfaces_next_file(struct interfaces *interfaces)
{
	g_hash_table_remove_all(interfaces->numbers);
	interfaces->is_fresh = true;
}

static uint32_t add(struct interfaces *interfaces, struct session *session, uint64_t key,
		    uint32_t link_type)
{
	uint32_t number = interfaces->count;
	GError *error = NULL;

	if (number == INTERFACES_MAX)
		return number - 1;
	if (session->pcapng != NULL &&
	    !pcapng_add_interface(session->pcapng, NULL, link_type, SNAP_BYTES, &error))
		session_fail(session, error);
	g_hash_table_insert(interfaces->numbers, g_memdup2(&key, sizeof(key)),
			    GUINT_TO_POINTER(number));
	interfaces->count++;
	return number;
}

uint32_t interfaces_number(struct interfaces *interfaces, struct session *session,
			   const struct st_frame *frame)
{
	uint64_t key = (uint64_t)frame->interface << 32 | frame->link_type;
	void *number;

	if (!st_link_type_known(frame->link_type))
		return 0; /* it is not decoded, so it is never written */
	if (!interfaces->is_fresh && key == interfaces->latest)
		return interfaces->latest_number;
	if (g_hash_table_lookup_extended(interfaces->numbers, &key, NULL, &number))
		interfaces->latest_number = GPOINTER_TO_UINT(number);
	else
		interfaces->latest_number = add(interfaces, session, key, frame->link_type);
	interfaces->latest = key;
	interfaces->is_fresh = false;
	return interfaces->latest_number;
}

void interfaces_settle(struct interfaces *interfaces, struct session *session)
{
	if (interfaces->count == 0)
		add(interfaces, session, 0, ST_LINK_ETHERNET);
}
