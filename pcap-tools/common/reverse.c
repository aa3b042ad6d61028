/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * getnameinfo() in threads of our own, since there is no way to call it that
 * does not block. A thread may be stuck in it for as long as the resolver's own
 * patience lasts; so nobody ever joins one, and what threads and owner share
 * lives until the last of them is gone.
 */
#include "reverse.h"

#include <errno.h>
#include <glib.h>
#include <netdb.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host_name.h"
#include "socket_address.h"

/* As many as a path has routers, so that one silent name server does not hold up all the others. */
#define THREADS_MAX 16

/* A minute's work where each answer takes a second; behind that nobody waits for a name any more.
 */
#define QUESTIONS_MAX 1024

/* A thread that takes this from the queue ends. */
static char last_question;

struct shared {
	GAsyncQueue *questions; /* struct st_addr *, or &last_question */
	GAsyncQueue *answers;	/* struct reverse_answer * */
	int event_fd;		/* readable: there are answers */
};

struct reverse {
	struct shared *shared;
	unsigned threads;
	unsigned unanswered;
};

static void clear_shared(void *data)
{
	struct shared *shared = data;
	struct reverse_answer *answer;

	while ((answer = g_async_queue_try_pop(shared->answers)) != NULL) {
		g_free(answer->name);
		g_free(answer);
	}
	g_async_queue_unref(shared->questions);
	g_async_queue_unref(shared->answers);
	close(shared->event_fd);
}

static void release(struct shared *shared)
{
	g_atomic_rc_box_release_full(shared, clear_shared);
}

static struct shared *make_shared(int event_fd)
{
	struct shared *shared = g_atomic_rc_box_new(struct shared);

	shared->questions = g_async_queue_new();
	shared->answers = g_async_queue_new();
	shared->event_fd = event_fd;
	return shared;
}

/* An address is no name, nor is what no host may be called: whoever runs the zone can say anything.
 */
static char *usable_name(const char *name)
{
	size_t bytes = strlen(name);
	g_autofree char *usable =
		g_strndup(name, bytes > 0 && name[bytes - 1] == '.' ? bytes - 1 : bytes);

	return is_host_name(usable) ? g_steal_pointer(&usable) : NULL;
}

static struct reverse_answer *resolve(const struct st_addr *addr)
{
	struct reverse_answer *answer = g_new0(struct reverse_answer, 1);
	struct sockaddr_storage storage;
	socklen_t bytes = socket_address(addr, &storage);
	char name[NI_MAXHOST];
	int error = getnameinfo((const struct sockaddr *)&storage, bytes, name, sizeof(name), NULL,
				0, NI_NAMEREQD);

	answer->addr = *addr;
	answer->name = error == 0 ? usable_name(name) : NULL;
	answer->is_silent = error == EAI_AGAIN;
	return answer;
}

static void *answer_questions(void *data)
{
	struct shared *shared = data;
	const uint64_t one = 1;
	void *question;

	while ((question = g_async_queue_pop(shared->questions)) != &last_question) {
		g_async_queue_push(shared->answers, resolve(question));
		g_free(question);
		/* A full counter is as readable as any other: that is the only way to fail. */
		if (write(shared->event_fd, &one, sizeof(one)) < 0 && errno != EAGAIN)
			g_error("eventfd: %s", g_strerror(errno));
	}
	release(shared);
	return NULL;
}

/* Without a thread (no memory, no process left) a question stays for those that are there. */
static void add_thread(struct reverse *reverse)
{
	struct shared *shared = g_atomic_rc_box_acquire(reverse->shared);
	GThread *thread = g_thread_try_new("names", answer_questions, shared, NULL);

	if (thread == NULL) {
		release(shared);
		return;
	}
	g_thread_unref(thread);
	reverse->threads++;
}

struct reverse *reverse_new(void)
{
	int event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct reverse *reverse;

	if (event_fd < 0)
		return NULL;
	reverse = g_new0(struct reverse, 1);
	reverse->shared = make_shared(event_fd);
	return reverse;
}

void reverse_free(struct reverse *reverse)
{
	void *question;

	if (reverse == NULL)
		return;
	while ((question = g_async_queue_try_pop(reverse->shared->questions)) != NULL)
		g_free(question);
	for (unsigned i = 0; i < reverse->threads; i++)
		g_async_queue_push(reverse->shared->questions, &last_question);
	release(reverse->shared);
	g_free(reverse);
}

bool reverse_ask(struct reverse *reverse, const struct st_addr *addr)
{
	struct st_addr *question;

	if (reverse->unanswered >= QUESTIONS_MAX)
		return false;
	question = g_new(struct st_addr, 1);
	*question = *addr;
	reverse->unanswered++;
	g_async_queue_push(reverse->shared->questions, question);
	if (reverse->threads < MIN(reverse->unanswered, THREADS_MAX))
		add_thread(reverse);
	return true;
}

bool reverse_take(struct reverse *reverse, struct reverse_answer *answer)
{
	struct reverse_answer *taken = g_async_queue_try_pop(reverse->shared->answers);
	uint64_t count;

	if (taken == NULL)
		return false;
	/* Emptied with the first of them; whatever comes later fills it again. */
	if (read(reverse->shared->event_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
		g_error("eventfd: %s", g_strerror(errno));
	reverse->unanswered--;
	*answer = *taken;
	g_free(taken);
	return true;
}

int reverse_fd(const struct reverse *reverse)
{
	return reverse->shared->event_fd;
}
