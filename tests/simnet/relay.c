/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scenario's network in real time, between two TUN devices: what the kernel
 * sends into one comes out of the other, delayed, lost and answered as the
 * scenario says. So real TCP and UDP of the kernel run over simulated routers.
 *
 *     simnet-relay SCENARIO NEAR-NETNS NEAR-DEVICE FAR-NETNS FAR-DEVICE
 *
 * Of the scenario only what describes the path counts. SIGINT and SIGTERM end
 * the relay, and so does the scenario's `limit`; then it prints its counters as
 * one JSON object. What the network does is network.c's business, what the
 * devices are called in which namespace tun.c's; addresses and routes are the
 * caller's.
 */
#define _GNU_SOURCE /* ppoll */

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "network.h"
#include "tun.h"

#define PACKET_MAX 65535  /* what IPv4 can be */
#define PACKETS_A_TURN 64 /* read from one side before the other and the clock get their turn */
/*
 * Events are not waited for more precisely than this, so that a busy path costs
 * 5,000 turns a second at most; a round trip of milliseconds does not notice.
 */
#define TICK_NS 200000
#define EXIT_USAGE 2

enum { POLL_NEAR, POLL_FAR, POLL_SIGNAL, POLLS };

struct way_count {
	uint64_t sent;	    /* by the host at its beginning */
	uint64_t ignored;   /* of these: what no router passes on */
	uint64_t delivered; /* to the host at its end, answers of routers among them */
	uint64_t refused;   /* by the device at its end: it is down or full */
};

struct relay {
	struct network *network;
	struct pollfd polls[POLLS];
	struct way_count ways[2];    /* [SIDE_FAR]: towards the far side */
	uint64_t start_ns, limit_ns; /* the network's clock begins at 0 */
	uint64_t latest_ns;	     /* behind its time, of any packet */
	bool more;		     /* a side has more to read than one turn takes */
	bool ended;
	uint8_t buffer[PACKET_MAX];
};

static uint64_t clock_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * ST_NS_PER_S + (uint64_t)now.tv_nsec;
}

/* NULL if it is nothing that a router passes on: broken, or for this link alone. */
static struct sim_packet *packet_to_pass(const uint8_t *bytes, size_t count)
{
	struct sim_packet *packet = wire_is_ip(bytes, count) ? packet_copy(bytes, count, 0) : NULL;

	if (packet && wire_is_routed(packet))
		return packet;
	g_free(packet);
	return NULL;
}

static uint64_t now_of(const struct relay *relay)
{
	return clock_ns() - relay->start_ns;
}

static void deliver(struct relay *relay, struct sim_packet *packet)
{
	struct way_count *way = &relay->ways[packet->towards];
	ssize_t written = write(relay->polls[packet->towards].fd, packet->bytes, packet->count);

	if (written == (ssize_t)packet->count)
		way->delivered++;
	else
		way->refused++;
	g_free(packet);
}

/* Everything that was to happen until now. */
static void let_happen(struct relay *relay, uint64_t now)
{
	uint64_t next;

	while ((next = network_next(relay->network)) <= now) {
		struct sim_packet *packet = network_step(relay->network);

		relay->latest_ns = MAX(relay->latest_ns, now - next);
		if (packet)
			deliver(relay, packet);
	}
}

/*
 * One packet of the host at this side; false if it has none. The clock is read
 * after it, so that no packet enters before it was there: delays are never shorter
 * than the scenario's.
 */
static bool take_one(struct relay *relay, enum side from)
{
	struct way_count *way = &relay->ways[from == SIDE_NEAR ? SIDE_FAR : SIDE_NEAR];
	ssize_t count = read(relay->polls[from].fd, relay->buffer, sizeof(relay->buffer));
	uint64_t now = now_of(relay);
	struct sim_packet *packet;

	if (count <= 0)
		return false;
	way->sent++;
	packet = packet_to_pass(relay->buffer, (size_t)count);
	let_happen(relay, now);
	if (packet)
		network_send(relay->network, now, from, packet);
	else
		way->ignored++;
	return true;
}

static void take_in(struct relay *relay, enum side from)
{
	size_t taken = 0;

	while (taken < PACKETS_A_TURN && take_one(relay, from))
		taken++;
	relay->more |= taken == PACKETS_A_TURN;
}

static struct timespec until_next(const struct relay *relay)
{
	uint64_t now = now_of(relay);
	uint64_t next = MIN(network_next(relay->network), relay->limit_ns);
	uint64_t wait = relay->more || next <= now ? 0 : MAX(next - now, TICK_NS);

	return (struct timespec){.tv_sec = (time_t)(wait / ST_NS_PER_S),
				 .tv_nsec = (long)(wait % ST_NS_PER_S)};
}

static void take_turn(struct relay *relay)
{
	struct timespec wait;

	relay->more = false;
	let_happen(relay, now_of(relay));
	take_in(relay, SIDE_NEAR);
	take_in(relay, SIDE_FAR);
	wait = until_next(relay);
	if (ppoll(relay->polls, POLLS, &wait, NULL) < 0 && errno != EINTR)
		g_error("ppoll: %s", g_strerror(errno));
	relay->ended = relay->polls[POLL_SIGNAL].revents || now_of(relay) >= relay->limit_ns;
}

static void print_way(const char *name, const struct way_count *way)
{
	printf("\"%s\":{\"sent\":%" PRIu64 ",\"ignored\":%" PRIu64 ",\"delivered\":%" PRIu64
	       ",\"refused\":%" PRIu64 "}",
	       name, way->sent, way->ignored, way->delivered, way->refused);
}

static void print_counters(const struct relay *relay)
{
	const struct link_counts *links = network_link_counts(relay->network);

	printf("{");
	print_way("to_far", &relay->ways[SIDE_FAR]);
	printf(",");
	print_way("to_near", &relay->ways[SIDE_NEAR]);
	printf(",\"overflowed\":%" PRIu64 ",\"lost\":%" PRIu64 ",\"latest_ns\":%" PRIu64 "}\n",
	       links->overflowed, links->lost, relay->latest_ns);
}

/* Signals are read like packets, so that none comes at a bad moment. */
static int open_signals(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	return signalfd(-1, &ends, SFD_CLOEXEC);
}

static bool open_polls(struct relay *relay, char *const *ends, GError **error)
{
	for (size_t i = 0; i < POLLS; i++)
		relay->polls[i] = (struct pollfd){.fd = -1, .events = POLLIN};
	relay->polls[POLL_SIGNAL].fd = open_signals();
	relay->polls[POLL_NEAR].fd = tun_open(ends[0], ends[1], error);
	if (relay->polls[POLL_NEAR].fd >= 0)
		relay->polls[POLL_FAR].fd = tun_open(ends[2], ends[3], error);
	return relay->polls[POLL_FAR].fd >= 0;
}

static void close_polls(struct relay *relay)
{
	for (size_t i = 0; i < POLLS; i++)
		if (relay->polls[i].fd >= 0)
			close(relay->polls[i].fd);
}

static bool run(const struct scenario *scenario, char *const *ends, GError **error)
{
	struct relay *relay = g_new0(struct relay, 1);
	bool good = open_polls(relay, ends, error);

	relay->limit_ns = scenario->limit_ns;
	relay->network = network_new(scenario);
	relay->start_ns = clock_ns();
	if (good)
		fprintf(stderr, "relaying\n");
	while (good && !relay->ended)
		take_turn(relay);
	if (good)
		print_counters(relay);
	close_polls(relay);
	network_free(relay->network);
	g_free(relay);
	return good;
}

int main(int argc, char **argv)
{
	GError *error = NULL;
	struct scenario *scenario;
	bool good;

	if (argc != 6) {
		fprintf(stderr,
			"usage: %s SCENARIO NEAR-NETNS NEAR-DEVICE FAR-NETNS FAR-DEVICE\n"
			"A namespace is a name, a path, or . for the own one.\n",
			argv[0]);
		return EXIT_USAGE;
	}
	prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL); /* the usual 50 us would add to each delay */
	scenario = scenario_load_path(argv[1], &error);
	good = scenario && run(scenario, argv + 2, &error);
	if (!good)
		fprintf(stderr, "%s\n", error->message);
	g_clear_error(&error);
	scenario_free(scenario);
	return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
