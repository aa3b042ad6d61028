/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A turn of the loop reads the clock once, feeds a bounded batch of frames or
 * lets time pass, and sets the timer again. Probes are polled after each frame,
 * not after the batch: the first probe of a flow should leave at once.
 */
#include "loop.h"

#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <string.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"

/* A turn stays under a millisecond, so that timers and signals get theirs on a busy link. */
#define FRAMES_PER_TURN 128

struct loop {
	GMainLoop *main;
	struct session *session;
	struct capture *capture;
	struct sender *sender;
	const struct options *options;
	int timer_fd;
	uint64_t now; /* CLOCK_MONOTONIC at the beginning of the turn */
	uint64_t start;
	uint64_t last_wanted; /* when a packet of a wanted flow was last seen */
	uint64_t timer_at;    /* what the timer is set to; ST_NEVER: nothing */
	guint capture_source, timer_source, names_source, output_source, interrupt_source,
		terminate_source;
};

static uint64_t monotonic_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * ST_NS_PER_S + (uint64_t)time.tv_nsec;
}

static void end(struct loop *loop)
{
	g_main_loop_quit(loop->main);
}

static void fail(struct loop *loop, GError *error)
{
	session_fail(loop->session, error);
	end(loop);
}

static void probe_failed(struct loop *loop, const struct st_probe *probe, int error_number)
{
	GError *error = NULL;

	st_tracer_probe_failed(loop->session->tracer, probe->id, g_strerror(error_number));
	if (!sender_is_broken(error_number))
		return;
	if (capture_check(loop->capture, &error))
		error = g_error_new(FAILURE_ERROR, FAILURE_RUNNING, "cannot send: %s",
				    g_strerror(error_number));
	fail(loop, error);
}

static void send_due(struct loop *loop)
{
	uint8_t frame[ST_PROBE_FRAME_MAX];
	struct st_probe probe;

	while (st_tracer_poll_probe(loop->session->tracer, loop->now, frame, sizeof(frame),
				    &probe) == ST_OK) {
		int error_number = sender_send(loop->sender, &probe, frame);

		if (error_number != 0)
			probe_failed(loop, &probe, error_number);
	}
}

static void on_frame(void *user, const struct st_frame *frame)
{
	struct loop *loop = user;

	if (session_frame(loop->session, loop->now, frame))
		loop->last_wanted = loop->now;
	send_due(loop);
	session_settle(loop->session);
}

/* When an end by time is due; ST_NEVER if none can be told yet. */
static uint64_t end_time(const struct loop *loop)
{
	const struct options *options = loop->options;
	const struct st_stats *stats = st_tracer_stats(loop->session->tracer);
	uint64_t at = ST_NEVER;

	if (options->duration_ns > 0)
		at = loop->start + options->duration_ns;
	/* While a trace is open the run is not idle; the tracer's wake-ups lead back here. */
	if (options->idle_ns > 0 && stats->traces_open == 0)
		at = MIN(at, loop->last_wanted + options->idle_ns);
	return at;
}

static bool is_over(const struct loop *loop)
{
	const struct st_stats *stats = st_tracer_stats(loop->session->tracer);

	if (loop->options->count > 0 && stats->traces_ended >= loop->options->count)
		return true;
	return loop->session->error != NULL || end_time(loop) <= loop->now;
}

static void arm_timer(struct loop *loop)
{
	uint64_t at = MIN(st_tracer_next_wakeup(loop->session->tracer), end_time(loop));
	struct itimerspec timer = {0};

	at = MIN(at, session_due(loop->session));
	if (at == loop->timer_at)
		return;
	loop->timer_at = at;
	if (at != ST_NEVER) {
		/* All zeros would disarm it; the past fires at once. */
		at = MAX(at, 1);
		timer.it_value.tv_sec = (time_t)(at / ST_NS_PER_S);
		timer.it_value.tv_nsec = (long)(at % ST_NS_PER_S);
	}
	timerfd_settime(loop->timer_fd, TFD_TIMER_ABSTIME, &timer, NULL);
}

static void finish_turn(struct loop *loop)
{
	if (st_tracer_next_wakeup(loop->session->tracer) <= loop->now)
		st_tracer_wake(loop->session->tracer, loop->now);
	send_due(loop);
	session_settle(loop->session);
	session_flush(loop->session);
	if (is_over(loop))
		end(loop);
	arm_timer(loop);
}

static gboolean on_readable(G_GNUC_UNUSED int fd, GIOCondition condition, void *user)
{
	struct loop *loop = user;
	GError *error = NULL;

	loop->now = monotonic_ns();
	bool good = capture_read(loop->capture, FRAMES_PER_TURN, on_frame, loop, &error);
	/* libpcap waits for an interface that went down to come back; its user should know. */
	if (good && (condition & (G_IO_ERR | G_IO_HUP)) != 0)
		good = capture_check(loop->capture, &error);
	if (!good)
		fail(loop, error);
	finish_turn(loop);
	return G_SOURCE_CONTINUE;
}

static gboolean on_timer(int fd, G_GNUC_UNUSED GIOCondition condition, void *user)
{
	struct loop *loop = user;
	uint64_t expirations;

	/* Not read, the timer would fire again; that a later one has replaced it does not matter.
	 */
	if (read(fd, &expirations, sizeof(expirations)) < 0 && errno != EAGAIN)
		g_error("timerfd: %s", g_strerror(errno));
	loop->timer_at = ST_NEVER;
	loop->now = monotonic_ns();
	finish_turn(loop);
	return G_SOURCE_CONTINUE;
}

/* Names of routers have come; a report may wait for them. */
static gboolean on_names(G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition, void *user)
{
	struct loop *loop = user;

	session_take_names(loop->session);
	loop->now = monotonic_ns();
	finish_turn(loop);
	return G_SOURCE_CONTINUE;
}

/*
 * Who reads the capture at the other end of a pipe has gone. Without packets no
 * write would tell, and probing would go on for nobody.
 */
static gboolean on_output_gone(G_GNUC_UNUSED int fd, G_GNUC_UNUSED GIOCondition condition,
			       void *user)
{
	struct loop *loop = user;

	loop->output_source = 0;
	fail(loop, g_error_new_literal(FAILURE_ERROR, FAILURE_RUNNING,
				       "nobody reads the capture any more"));
	return G_SOURCE_REMOVE;
}

static gboolean on_interrupt(void *user)
{
	struct loop *loop = user;

	loop->interrupt_source = 0;
	end(loop);
	return G_SOURCE_REMOVE;
}

static gboolean on_terminate(void *user)
{
	struct loop *loop = user;

	loop->terminate_source = 0;
	end(loop);
	return G_SOURCE_REMOVE;
}

/*
 * GLib takes a source's descriptor out of the set around each callback, at the
 * price of two system calls, unless the source may recurse. Ours do not run loops.
 */
static guint add_descriptor(int fd, GIOCondition condition, GUnixFDSourceFunc callback,
			    struct loop *loop)
{
	GSource *source = g_unix_fd_source_new(fd, condition);
	guint id;

	g_source_set_can_recurse(source, TRUE);
	g_source_set_callback(source, G_SOURCE_FUNC(callback), loop, NULL);
	id = g_source_attach(source, NULL);
	g_source_unref(source);
	return id;
}

/*
 * The first signal asks for an end. A second one ends the program where it stands: there is no
 * handler any more, even if the loop has not come to the first one because it waits for the
 * reader of a pipe.
 */
static guint add_signal(int number, GSourceFunc callback, struct loop *loop)
{
	guint id = g_unix_signal_add(number, callback, loop);
	struct sigaction action;

	sigaction(number, NULL, &action);
	action.sa_flags |= (int)SA_RESETHAND;
	sigaction(number, &action, NULL);
	return id;
}

static void add_sources(struct loop *loop)
{
	loop->capture_source = add_descriptor(capture_fd(loop->capture),
					      G_IO_IN | G_IO_ERR | G_IO_HUP, on_readable, loop);
	loop->timer_source = add_descriptor(loop->timer_fd, G_IO_IN, on_timer, loop);
	if (session_names_fd(loop->session) >= 0)
		loop->names_source =
			add_descriptor(session_names_fd(loop->session), G_IO_IN, on_names, loop);
	if (loop->session->pcapng != NULL)
		loop->output_source = add_descriptor(pcapng_fd(loop->session->pcapng),
						     G_IO_ERR | G_IO_HUP, on_output_gone, loop);
	loop->interrupt_source = add_signal(SIGINT, on_interrupt, loop);
	loop->terminate_source = add_signal(SIGTERM, on_terminate, loop);
}

static void remove_sources(const struct loop *loop)
{
	g_source_remove(loop->capture_source);
	g_source_remove(loop->timer_source);
	if (loop->names_source != 0)
		g_source_remove(loop->names_source);
	if (loop->output_source != 0)
		g_source_remove(loop->output_source);
	if (loop->interrupt_source != 0)
		g_source_remove(loop->interrupt_source);
	if (loop->terminate_source != 0)
		g_source_remove(loop->terminate_source);
}

void loop_run(struct session *session, struct capture *capture, struct sender *sender)
{
	struct loop loop = {
		.session = session,
		.capture = capture,
		.sender = sender,
		.options = session->options,
		.timer_at = ST_NEVER,
		.timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
	};

	if (loop.timer_fd < 0) {
		session_fail(session, g_error_new(FAILURE_ERROR, FAILURE_RUNNING,
						  "cannot make a timer: %s", g_strerror(errno)));
		return;
	}
	loop.main = g_main_loop_new(NULL, FALSE);
	loop.now = loop.start = loop.last_wanted = monotonic_ns();
	add_sources(&loop);
	arm_timer(&loop);
	g_main_loop_run(loop.main);
	loop.now = monotonic_ns();
	session_finish(session, loop.now);
	remove_sources(&loop);
	g_main_loop_unref(loop.main);
	close(loop.timer_fd);
}
