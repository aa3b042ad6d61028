/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A cache of names, those that are not to be had included, and the lookup that
 * reports make. Who asks the resolver is reverse.c, who reads databases asn.c.
 */
#include "routers.h"

#include <glib.h>
#include <string.h>

#include "reverse.h"

/* All routers near a host and most of those of many paths; about 3 MB when full. */
#define ROUTERS_MAX 16384
/* A name server that was silent may be there again. */
#define ASK_AGAIN_NS (60 * ST_NS_PER_S)

struct name {
	struct st_addr addr; /* the key */
	bool is_settled;
	char *text;	   /* NULL: none, or not yet */
	uint64_t stale_at; /* when it is asked for again; ST_NEVER: it is not */
	GList link;	   /* in routers.by_age */
};

struct routers {
	struct reverse *reverse; /* NULL: no names are asked for */
	struct asn *asn;	 /* borrowed */
	GHashTable *names;	 /* of struct name, keys inside */
	GQueue by_age;
	uint64_t last_answer;
	uint64_t answers;
};

static guint hash_of_addr(gconstpointer key)
{
	const struct st_addr *addr = key;
	guint hash = addr->version;

	for (size_t i = 0; i < st_addr_bytes(addr); i++)
		hash = hash * 33 + addr->bytes[i];
	return hash;
}

static gboolean same_addr(gconstpointer a, gconstpointer b)
{
	return st_addr_equal(a, b);
}

static void free_name(gpointer data)
{
	struct name *name = data;

	g_free(name->text);
	g_free(name);
}

struct routers *routers_new(bool names, struct asn *asn)
{
	struct routers *routers = g_new0(struct routers, 1);

	routers->reverse = names ? reverse_new() : NULL;
	routers->asn = asn;
	routers->names = g_hash_table_new_full(hash_of_addr, same_addr, NULL, free_name);
	return routers;
}

void routers_free(struct routers *routers)
{
	if (routers == NULL)
		return;
	reverse_free(routers->reverse);
	g_hash_table_unref(routers->names);
	g_free(routers);
}

static struct name *add_name(struct routers *routers, const struct st_addr *addr)
{
	struct name *name = g_new0(struct name, 1);

	name->addr = *addr;
	name->link.data = name;
	g_queue_push_tail_link(&routers->by_age, &name->link);
	g_hash_table_insert(routers->names, &name->addr, name);
	return name;
}

/* Its answer, if it is still to come, will find nobody. */
static void forget_oldest(struct routers *routers)
{
	struct name *oldest = routers->by_age.head->data;

	g_queue_unlink(&routers->by_age, &oldest->link);
	g_hash_table_remove(routers->names, &oldest->addr);
}

void routers_ask(struct routers *routers, uint64_t now, const struct st_addr *addr)
{
	struct name *name = g_hash_table_lookup(routers->names, addr);

	if (routers->reverse == NULL || (name != NULL && now < name->stale_at))
		return;
	if (name == NULL && routers->by_age.length >= ROUTERS_MAX)
		forget_oldest(routers);
	if (name == NULL)
		name = add_name(routers, addr);
	name->is_settled = !reverse_ask(routers->reverse, addr);
	name->stale_at = name->is_settled ? now + ASK_AGAIN_NS : ST_NEVER;
}

/* The answer's name is ours now. */
static void settle(struct routers *routers, uint64_t now, const struct reverse_answer *answer)
{
	struct name *name = g_hash_table_lookup(routers->names, &answer->addr);

	routers->answers++;
	if (!answer->is_silent)
		routers->last_answer = now;
	if (name == NULL || name->is_settled) {
		g_free(answer->name);
		return;
	}
	name->is_settled = true;
	name->text = answer->name;
	name->stale_at = answer->is_silent ? now + ASK_AGAIN_NS : ST_NEVER;
}

void routers_take(struct routers *routers, uint64_t now)
{
	struct reverse_answer answer;

	while (routers->reverse != NULL && reverse_take(routers->reverse, &answer))
		settle(routers, now, &answer);
}

bool routers_is_settled(const struct routers *routers, const struct st_addr *addr)
{
	const struct name *name = g_hash_table_lookup(routers->names, addr);

	return name == NULL || name->is_settled;
}

uint64_t routers_answers(const struct routers *routers)
{
	return routers->answers;
}

uint64_t routers_last_answer(const struct routers *routers)
{
	return routers->last_answer;
}

bool routers_look(void *user, const struct st_addr *addr, struct st_router *router)
{
	struct routers *routers = user;
	const struct name *name = g_hash_table_lookup(routers->names, addr);

	*router = (struct st_router){.name = name == NULL ? NULL : name->text};
	return asn_look(routers->asn, addr, router) || router->name != NULL;
}

int routers_fd(const struct routers *routers)
{
	return routers->reverse == NULL ? -1 : reverse_fd(routers->reverse);
}
