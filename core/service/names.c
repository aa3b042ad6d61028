/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/names.h"

#include <string.h>

#include "base/container.h"

struct names {
	struct hash_table by_addr;
	struct deadlines expiries; /* of those that expire */
	GQueue answered, told;	   /* by evidence; learned longest ago first */
	size_t bytes;
	uint64_t seed, last_number, last_told, evicted;
};

struct names *names_new(uint64_t seed)
{
	struct names *names = g_new0(struct names, 1);

	names->seed = seed;
	return names;
}

uint64_t names_seed(const struct names *names)
{
	return names->seed;
}

static GQueue *ages_of(struct names *names, const struct name *name)
{
	return name->evidence == ST_EVIDENCE_OPTION ? &names->told : &names->answered;
}

static void drop(struct names *names, struct name *name)
{
	hash_table_remove(&names->by_addr, &name->link);
	g_queue_unlink(ages_of(names, name), &name->age_link);
	deadlines_set(&names->expiries, &name->expiry, ST_NEVER);
	names->bytes -= name->bytes;
	g_free(name);
}

/* Which one has to leave if one has to. */
static struct name *oldest(const struct names *names)
{
	GList *first = names->answered.head ? names->answered.head : names->told.head;

	return first ? first->data : NULL;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	for (struct name *name = oldest(names); name; name = oldest(names))
		drop(names, name);
	hash_table_free(&names->by_addr);
	deadlines_free(&names->expiries);
	g_free(names);
}

static void drop_expired(struct names *names, uint64_t now)
{
	struct deadline *first = deadlines_first(&names->expiries);

	for (; first && first->at_ns <= now; first = deadlines_first(&names->expiries))
		drop(names, container_of(first, struct name, expiry));
}

static void evict(struct names *names, struct name *name)
{
	drop(names, name);
	names->evicted++;
}

static struct name *of_addr(struct hash_link *link, const struct st_addr *addr)
{
	for (; link; link = hash_table_next(link)) {
		struct name *name = container_of(link, struct name, link);

		if (st_addr_equal(&name->addr, addr))
			return name;
	}
	return NULL;
}

static struct name *first_of_addr(const struct names *names, const struct st_addr *addr)
{
	return of_addr(hash_table_find(&names->by_addr, hash_addr(names->seed, addr)), addr);
}

static struct name *next_of_addr(const struct name *name)
{
	return of_addr(hash_table_next(&name->link), &name->addr);
}

/* True if `a` has to leave before `b`. */
static bool leaves_before(const struct name *a, const struct name *b)
{
	if (a->evidence != b->evidence)
		return a->evidence == ST_EVIDENCE_DNS;
	return a->number < b->number;
}

/* Makes room for one more name of `addr`, of `bytes`. */
static void make_room(struct names *names, const struct st_addr *addr, size_t bytes)
{
	struct name *worst = NULL;
	unsigned count = 0;

	for (struct name *name = first_of_addr(names, addr); name; name = next_of_addr(name)) {
		if (!worst || leaves_before(name, worst))
			worst = name;
		count++;
	}
	if (worst && count >= NAMES_PER_ADDR_MAX)
		evict(names, worst);
	for (worst = oldest(names); worst; worst = oldest(names)) {
		if (names->by_addr.count < NAMES_MAX && names->bytes + bytes <= NAMES_BYTES_MAX)
			break;
		evict(names, worst);
	}
}

/* A name as it is told, before it is known whether that is new. */
struct telling {
	const struct st_addr *addr;
	struct st_addr client;
	enum st_evidence evidence;
	const char *const *hosts;
	unsigned host_count;
};

static bool says(const struct name *name, const struct telling *telling)
{
	if (name->evidence != telling->evidence || name->host_count != telling->host_count ||
	    !st_addr_equal(&name->client, &telling->client))
		return false;
	for (unsigned i = 0; i < name->host_count; i++) {
		if (g_ascii_strcasecmp(name->hosts[i], telling->hosts[i]) != 0)
			return false;
	}
	return true;
}

static struct name *find(const struct names *names, const struct telling *telling)
{
	struct name *name = first_of_addr(names, telling->addr);

	while (name && !says(name, telling))
		name = next_of_addr(name);
	return name;
}

/* One piece of memory: the struct, the pointers, what they point to. */
static size_t bytes_of(const struct telling *telling)
{
	size_t bytes = sizeof(struct name) + telling->host_count * sizeof(char *);

	for (unsigned i = 0; i < telling->host_count; i++)
		bytes += strlen(telling->hosts[i]) + 1;
	return bytes;
}

static void copy_hosts(struct name *name, const struct telling *telling)
{
	char *at = (char *)&name->hosts[telling->host_count];

	for (unsigned i = 0; i < telling->host_count; i++) {
		const char *from = telling->hosts[i];

		name->hosts[i] = at;
		while (*from)
			*at++ = g_ascii_tolower(*from++);
		*at++ = '\0';
	}
}

static struct name *add(struct names *names, const struct telling *telling)
{
	size_t bytes = bytes_of(telling);
	struct name *name;

	make_room(names, telling->addr, bytes);
	name = g_malloc0(bytes);
	name->addr = *telling->addr;
	name->client = telling->client;
	name->evidence = telling->evidence;
	name->bytes = bytes;
	name->host_count = telling->host_count;
	copy_hosts(name, telling);
	name->age_link.data = name;
	hash_table_insert(&names->by_addr, &name->link, hash_addr(names->seed, &name->addr));
	g_queue_push_tail_link(ages_of(names, name), &name->age_link);
	names->bytes += bytes;
	return name;
}

static uint64_t expiry_of(enum st_evidence evidence, uint32_t ttl_s, uint64_t now)
{
	if (evidence == ST_EVIDENCE_OPTION)
		return ST_NEVER;
	return deadline_after(now, ttl_s * ST_NS_PER_S + NAMES_GRACE_NS);
}

void names_learn(struct names *names, const struct st_addr *client, const struct st_addr *addr,
		 const char *const *hosts, unsigned host_count, uint32_t ttl_s,
		 enum st_evidence evidence, uint64_t now)
{
	struct telling telling = {
		.addr = addr, .evidence = evidence, .hosts = hosts, .host_count = host_count};
	struct name *name;

	g_assert(host_count > 0 && (client || evidence == ST_EVIDENCE_OPTION));
	if (client)
		telling.client = *client;
	drop_expired(names, now);
	name = find(names, &telling);
	if (!name)
		name = add(names, &telling);
	g_queue_unlink(ages_of(names, name), &name->age_link);
	g_queue_push_tail_link(ages_of(names, name), &name->age_link);
	name->number = ++names->last_number;
	if (!name->first)
		name->first = name->number;
	if (evidence == ST_EVIDENCE_OPTION)
		names->last_told = name->number;
	name->learned_ns = now;
	/* What an earlier answer allowed for longer stays allowed. */
	name->expires_ns = MAX(name->expires_ns, expiry_of(evidence, ttl_s, now));
	deadlines_set(&names->expiries, &name->expiry, name->expires_ns);
}

const struct name *names_next(const struct names *names, const struct st_addr *addr, uint64_t now,
			      const struct name *previous)
{
	const struct name *name = previous ? next_of_addr(previous) : first_of_addr(names, addr);

	while (name && name->expires_ns <= now)
		name = next_of_addr(name);
	return name;
}

uint64_t names_generation(const struct names *names)
{
	return names->last_number;
}

uint64_t names_told(const struct names *names)
{
	return names->last_told;
}

size_t names_count(const struct names *names)
{
	return names->by_addr.count;
}

uint64_t names_evicted(const struct names *names)
{
	return names->evicted;
}
