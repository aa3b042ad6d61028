/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hundred thousand flows through one tracer, thousands of them at once, each
 * traced: every report exact, no identifier ever missing, and no more memory at
 * the end than when it had settled. The driver is a lean one of its own, which
 * records nothing and drops what is over at once; what must come out follows
 * from the scenario alone.
 */
#include "tests.h"

#include "timeline.h"
#include "truth.h"

#include <malloc.h>

#define FLOWS 100000
#define FLOW_KINDS 4
#define FLOW_SPACING_NS (250 * ST_NS_PER_US) /* 4,000 begin in a second */
#define FLOW_REMAINS_NS (300 * ST_NS_PER_MS) /* after its end, so that the last packets find it */
#define SAMPLE_EVERY 500		     /* flows */
#define SETTLED_AT (FLOWS / 2)		     /* all tables have let go of the first by then */
#define GROWTH_MAX_BYTES (1 << 20)

static const char *scenario_lines =
	"[hop 1]\ndelay=300us\n[hop 2]\ndelay=1ms\nquote-bytes=8\n[hop 3]\ndelay=700us\n"
	"mpls=with-length\n[hop 4]\n[hop 5]\n[capture]\nlink=raw\n"
	"[flow a]\n[flow b]\nip=6\n[flow c]\nprotocol=udp\n[flow d]\nprotocol=udp\nip=6\n"
	"[tracer]\nprobes=1\nmax-ttl=3\nwait=300ms\nflow-timeout=2s\nrate=1000000\n"
	"max-flows=4096\nmax-known-flows=12000\n";

/* Something to happen in the life of a conversation. */
struct due {
	gint64 key;
	bool gone; /* it is to be forgotten; else advanced */
};

struct endurance {
	struct scenario *scenario;
	struct network *network;
	struct st_tracer *tracer;
	struct timeline *timeline; /* struct due */
	GHashTable *conversations; /* by key, owned */
	uint64_t now_ns;
	uint32_t begun, reported;
	size_t settled_bytes, last_bytes; /* most in use in the two quarters that are compared */
};

static void serve(struct endurance *e);

/* --- frames and packets --- */

static void show(struct endurance *e, enum st_direction direction, const struct sim_packet *packet)
{
	struct st_frame frame = {.stamp_ns = e->now_ns + SIM_EPOCH_NS,
				 .bytes = packet->bytes,
				 .captured_bytes = (uint32_t)packet->count,
				 .wire_bytes = (uint32_t)packet->count,
				 .link_type = ST_LINK_RAW,
				 .interface = 1,
				 .direction = direction};

	st_tracer_frame(e->tracer, e->now_ns, &frame, NULL);
	serve(e);
}

static void plan(struct endurance *e, struct conversation *c)
{
	struct due due = {.key = c->key};
	uint64_t next = conversation_next(c);

	if (next >= c->wake_ns)
		return;
	c->wake_ns = next;
	timeline_add(e->timeline, next, g_memdup2(&due, sizeof(due)));
}

static void flush(struct endurance *e, struct conversation *c)
{
	struct sim_packet *packet;
	bool lost;

	for (enum side side = SIDE_NEAR; side <= SIDE_FAR; side++)
		while ((packet = conversation_output(c, side, &lost))) {
			packet->flow = c->key;
			if (side == SIDE_NEAR)
				show(e, ST_DIRECTION_OUT, packet);
			network_send(e->network, e->now_ns, side, packet);
		}
	plan(e, c);
}

static void arrive(struct endurance *e, struct sim_packet *packet)
{
	struct conversation *c = g_hash_table_lookup(e->conversations, &packet->flow);
	struct segment read;

	if (packet->towards == SIDE_NEAR)
		show(e, ST_DIRECTION_IN, packet);
	if (c && !icmp_is_error(packet)) {
		g_assert_true(wire_read(packet->bytes, packet->count, &read));
		conversation_hear(c, e->now_ns, packet->towards, &read, 0);
		flush(e, c);
	}
	g_free(packet);
}

/* --- what the tracer hands out --- */

static void check_hop(const struct endurance *e, const struct st_trace *trace, size_t i)
{
	const struct st_hop *hop = &trace->hops[i];
	enum version version = trace->tuple.source.version == 4 ? V4 : V6;

	g_assert_cmpuint(hop->ttl, ==, i + 1);
	g_assert_cmpuint(hop->sent, ==, 1);
	g_assert_cmpuint(hop->reply_count, ==, 1);
	g_assert_true(
		st_addr_equal(&hop->replies[0].address, &e->scenario->hops[i].address[version]));
	g_assert_cmpint(hop->replies[0].rtt_ns, ==,
			(int64_t)truth_round_trip_ns(e->scenario, hop->ttl));
	g_assert_cmpuint(hop->replies[0].mpls_count, ==, e->scenario->hops[i].mpls ? 1 : 0);
}

static void check_trace(struct endurance *e, const struct st_trace *trace)
{
	g_assert_cmpuint(trace->hop_count, ==, 3);
	for (size_t i = 0; i < trace->hop_count; i++)
		check_hop(e, trace, i);
	g_assert_cmpint(trace->stop_reason, ==, ST_STOP_MAX_TTL);
	e->reported++;
}

static void take_events(struct endurance *e)
{
	struct st_event event;

	while (st_tracer_poll_event(e->tracer, &event) == ST_OK)
		if (event.type == ST_EVENT_TRACE_ENDED)
			check_trace(e, event.result);
		else if (event.type == ST_EVENT_SOCKET_ASKED)
			st_tracer_tell_socket(e->tracer, e->now_ns, event.tuple, ST_SOCKET_QUIET);
}

static void take_probes(struct endurance *e)
{
	uint8_t buffer[ST_PROBE_FRAME_MAX];
	struct st_probe probe;

	while (st_tracer_poll_probe(e->tracer, e->now_ns, buffer, sizeof(buffer), &probe) ==
	       ST_OK) {
		struct sim_packet *packet = packet_copy(buffer, probe.frame_bytes, 0);

		show(e, ST_DIRECTION_OUT, packet);
		network_send(e->network, e->now_ns, SIDE_NEAR, packet);
	}
}

static void serve(struct endurance *e)
{
	take_events(e);
	take_probes(e);
	take_events(e);
}

/* --- flows --- */

static void check_harm(const struct conversation *c)
{
	for (enum side side = SIDE_NEAR; side <= SIDE_FAR; side++)
		if (c->protocol == ST_PROTOCOL_UDP) {
			g_assert_cmpuint(c->udp[side].junk, ==, 0);
			g_assert_true(c->udp[side].has_heard);
		} else {
			g_assert_cmpuint(c->ends[side].retransmissions, ==, 0);
			g_assert_false(c->ends[side].stream_damaged);
			g_assert_cmpint(c->ends[side].state, ==, TCP_CLOSED);
		}
}

static void begin_flow(struct endurance *e)
{
	const struct sim_flow *flow = &e->scenario->flows[e->begun % FLOW_KINDS];
	struct conversation *c = conversation_new(e->scenario, flow, e->begun / FLOW_KINDS);
	struct due gone = {.key = c->key, .gone = true};

	c->start_ns = e->now_ns;
	c->end_ns = e->now_ns + flow->lifetime_ns;
	g_assert_true(g_hash_table_insert(e->conversations, &c->key, c));
	timeline_add(e->timeline, c->end_ns + FLOW_REMAINS_NS, g_memdup2(&gone, sizeof(gone)));
	plan(e, c);
	e->begun++;
}

static void take_due(struct endurance *e)
{
	uint64_t planned = timeline_next(e->timeline);
	struct due *due = timeline_take(e->timeline);
	struct conversation *c = g_hash_table_lookup(e->conversations, &due->key);

	if (due->gone) {
		check_harm(c);
		g_hash_table_remove(e->conversations, &due->key);
	} else if (c) {
		if (c->wake_ns == planned)
			c->wake_ns = ST_NEVER;
		if (conversation_next(c) <= e->now_ns)
			conversation_advance(c, e->now_ns);
		flush(e, c);
	}
	g_free(due);
}

/* --- the loop --- */

/* The most memory in use that was seen after the tables had filled, and near the end. */
static void sample(struct endurance *e)
{
	size_t bytes = mallinfo2().uordblks;

	if (e->begun >= SETTLED_AT && e->begun < SETTLED_AT + FLOWS / 4)
		e->settled_bytes = MAX(e->settled_bytes, bytes);
	if (e->begun >= FLOWS - FLOWS / 4)
		e->last_bytes = MAX(e->last_bytes, bytes);
}

static uint64_t next_flow(const struct endurance *e)
{
	return e->begun < FLOWS ? e->begun * FLOW_SPACING_NS : ST_NEVER;
}

static void step(struct endurance *e)
{
	struct sim_packet *packet;

	if (network_next(e->network) <= e->now_ns) {
		packet = network_step(e->network);
		if (packet)
			arrive(e, packet);
	} else if (timeline_next(e->timeline) <= e->now_ns) {
		take_due(e);
	} else if (next_flow(e) <= e->now_ns) {
		begin_flow(e);
		if (e->begun % SAMPLE_EVERY == 0)
			sample(e);
	} else {
		st_tracer_wake(e->tracer, e->now_ns);
		serve(e);
	}
}

static void run(struct endurance *e)
{
	for (;;) {
		uint64_t next = MIN(MIN(network_next(e->network), timeline_next(e->timeline)),
				    next_flow(e));

		if (next == ST_NEVER && st_tracer_stats(e->tracer)->traces_open == 0)
			return;
		next = MIN(next, st_tracer_next_wakeup(e->tracer));
		e->now_ns = MAX(e->now_ns, next);
		step(e);
	}
}

static void set_up(struct endurance *e)
{
	struct st_config config;

	e->scenario = scenario_of(scenario_lines);
	for (size_t i = 0; i < FLOW_KINDS; i++) {
		e->scenario->flows[i].lifetime_ns = 200 * ST_NS_PER_MS;
		e->scenario->flows[i].interval_ns = 50 * ST_NS_PER_MS;
		e->scenario->flows[i].request_bytes = 40;
		e->scenario->flows[i].reply_bytes = 60;
		e->scenario->flows[i].local_port = 10000;
	}
	scenario_config(e->scenario, &config);
	g_assert_cmpint(st_tracer_new(&config, &e->tracer), ==, ST_OK);
	e->network = network_new(e->scenario);
	e->timeline = timeline_new(g_free);
	e->conversations = g_hash_table_new_full(g_int64_hash, g_int64_equal, NULL,
						 (GDestroyNotify)conversation_free);
}

static void clean_up(struct endurance *e)
{
	g_hash_table_unref(e->conversations);
	timeline_free(e->timeline);
	network_free(e->network);
	st_tracer_free(e->tracer);
	scenario_free(e->scenario);
}

static void check_stats(const struct st_stats *stats)
{
	g_assert_cmpuint(stats->traces_ended, ==, FLOWS);
	g_assert_cmpuint(stats->probes_sent, ==, 3 * FLOWS);
	g_assert_cmpuint(stats->replies, ==, 3 * FLOWS);
	g_assert_cmpuint(stats->replies_duplicate + stats->replies_late, ==, 0);
	g_assert_cmpuint(stats->errors_unmatched + stats->errors_malformed, ==, 0);
	g_assert_cmpuint(stats->flows_refused + stats->flows_evicted, ==, 0);
	g_assert_cmpuint(stats->events_dropped, ==, 0);
}

static void test_endurance(void)
{
	struct endurance e = {0};
	gint64 began = g_get_monotonic_time();

	set_up(&e);
	run(&e);
	g_assert_cmpuint(e.reported, ==, FLOWS);
	check_stats(st_tracer_stats(e.tracer));
	g_test_message("%.0f flows a second; %zu kB in use when settled, %zu at the end",
		       FLOWS / ((double)(g_get_monotonic_time() - began) / G_USEC_PER_SEC),
		       e.settled_bytes / 1000, e.last_bytes / 1000);
	g_assert_cmpuint(e.last_bytes, <=, e.settled_bytes + GROWTH_MAX_BYTES);
	clean_up(&e);
}

void add_endurance_tests(void)
{
	g_test_add_func("/endurance/flows", test_endurance);
}
