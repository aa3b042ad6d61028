/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pool of what is pending. hello_tcp.c and hello_udp.c look for the ClientHellos. */
#include "service/hello.h"

#include "base/container.h"
#include "service/hello_pending.h"

/* Nothing but addresses: never written, never read. */
static const struct hello marks[HELLO_MARKS];

struct hello *hello_mark(unsigned number)
{
	return (struct hello *)&marks[MIN(number, HELLO_MARKS - 1)];
}

int hello_mark_number(const struct hello *hello)
{
	for (int i = 0; i < HELLO_MARKS; i++) {
		if (hello == &marks[i])
			return i;
	}
	return -1;
}

static void evict_oldest(struct hello_pool *pool)
{
	struct hello *oldest = container_of(pool->pending.head, struct hello, link);

	/* A TCP end with NULL would be held again with its next segment. */
	hello_end(pool, oldest->owner, oldest->is_quic ? NULL : hello_mark(0));
	pool->evicted++;
}

struct hello *hello_begin(struct hello_pool *pool, struct hello **owner, bool is_quic)
{
	struct hello *hello;

	hello_end(pool, owner, NULL);
	if (pool->pending.length >= HELLOS_MAX)
		evict_oldest(pool);
	hello = g_new0(struct hello, 1);
	hello->owner = owner;
	hello->is_quic = is_quic;
	g_queue_push_tail_link(&pool->pending, &hello->link);
	*owner = hello;
	return hello;
}

void hello_end(struct hello_pool *pool, struct hello **owner, struct hello *mark)
{
	struct hello *hello = *owner;

	*owner = mark;
	if (!hello || hello_mark_number(hello) >= 0)
		return;
	g_queue_unlink(&pool->pending, &hello->link);
	assembly_clear(&hello->bytes);
	g_free(hello);
}

void hello_drop(struct hello_pool *pool, struct hello **hello)
{
	hello_end(pool, hello, NULL);
}

void hello_pool_clear(struct hello_pool *pool)
{
	while (pool->pending.head)
		hello_drop(pool, container_of(pool->pending.head, struct hello, link)->owner);
	quic_crypto_free(pool->crypto);
	pool->crypto = NULL;
}
