/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four things can happen next: a packet moves in the network, an application or
 * its timer acts, a frame is shown to the tracer, the tracer wants to wake. The
 * loop takes the earliest; at equal times in this order, so every run is alike.
 */
#include "simnet.h"

#include "timeline.h"

#include <inttypes.h>
#include <string.h>

#define STEPS_MAX 200000000 /* a run that lasts longer hangs */
#define WAKES_AT_ONCE_MAX 10000

/* An entry of the timeline: a conversation to be advanced, or a frame to be shown. */
struct happening {
	struct conversation *conversation; /* NULL: show the frame */
	size_t frame;
	struct segment segment;	       /* of the frame, without payload */
	struct conversation *shown_of; /* NULL: an ICMP message or a probe */
	uint64_t arrival, tag;	       /* its packet's */
};

static void serve(struct simnet *n);

const struct sent_probe *simnet_probe(const struct simnet *n, size_t place)
{
	return &g_array_index(n->probes, struct sent_probe, place);
}

static uint64_t tracer_clock(const struct simnet *n)
{
	return n->now_ns + SIM_CLOCK_NS;
}

/* --- frames --- */

/* Records the packet as captured now; the tracer is shown it after the capture's delay. */
static void capture(struct simnet *n, enum st_direction direction, const struct sim_packet *packet,
		    struct conversation *conversation, const struct segment *segment)
{
	struct happening *shown;

	if (conversation && n->now_ns < conversation->start_ns + conversation->flow->seen_after_ns)
		return;
	shown = g_new0(struct happening, 1);
	shown->frame = recording_add(n->recording, n->scenario, n->now_ns + SIM_EPOCH_NS, direction,
				     packet);
	shown->shown_of = conversation;
	shown->arrival = packet->arrival;
	shown->tag = packet->tag;
	if (segment)
		shown->segment = *segment;
	timeline_add(n->timeline, n->now_ns + n->scenario->capture_delay_ns, shown);
}

/* What the rules may know from now on. */
static void watch(struct simnet *n, const struct happening *shown, bool out)
{
	const struct sent_probe *answered;

	if (shown->shown_of) {
		watch_frame(&shown->shown_of->watch, n->now_ns, out, &shown->segment);
	} else if (shown->tag && !out) {
		answered = simnet_probe(n, shown->tag - 1);
		watch_answer(&answered->conversation->watch, answered->trace, answered->ttl);
	}
}

static void show(struct simnet *n, const struct happening *shown)
{
	struct st_frame frame = recording_frame(n->recording, shown->frame);
	uint8_t *lent = g_memdup2(frame.bytes, frame.captured_bytes);

	watch(n, shown, frame.direction == ST_DIRECTION_OUT);
	n->shown++;
	n->arrivals = MAX(n->arrivals, shown->arrival);
	frame.bytes = lent; /* freed at once: whoever keeps it is found out */
	st_tracer_frame(n->tracer, tracer_clock(n), &frame, NULL);
	g_free(lent);
	serve(n);
}

/* --- conversations --- */

static void schedule(struct simnet *n, struct conversation *c)
{
	uint64_t next = conversation_next(c);
	struct happening *happening;

	if (next >= c->wake_ns)
		return;
	c->wake_ns = next;
	happening = g_new0(struct happening, 1);
	happening->conversation = c;
	timeline_add(n->timeline, next, happening);
}

/* Puts on the wire what the two ends have to say. */
static void flush(struct simnet *n, struct conversation *c)
{
	struct sim_packet *packet;
	struct segment read;
	bool lost;

	for (enum side side = SIDE_NEAR; side <= SIDE_FAR; side++)
		while ((packet = conversation_output(c, side, &lost))) {
			g_assert_true(wire_read(packet->bytes, packet->count, &read));
			packet->flow = c->key;
			if (side == SIDE_NEAR)
				capture(n, ST_DIRECTION_OUT, packet, c, &read);
			if (lost)
				g_free(packet);
			else
				network_send(n->network, n->now_ns, side, packet);
		}
	schedule(n, c);
}

/* Whose a segment from the tracing host is. */
static struct conversation *conversation_of(const struct simnet *n, const struct segment *s)
{
	gint64 key = conversation_key(&s->tuple);

	return g_hash_table_lookup(n->by_key, &key);
}

/* Whatever translators did on the way, an end hears only what is addressed to it by its peer. */
static void check_addresses(const struct simnet *n, const struct conversation *c, enum side side,
			    const struct segment *read)
{
	struct st_tuple wanted = st_tuple_reversed(conversation_tuple(c, side));

	if (!st_tuple_equal(&wanted, &read->tuple))
		finding(n->findings, "port %u: a packet for somebody else", wanted.source_port);
}

static void note_reached(struct simnet *n, uint64_t tag)
{
	struct reached reached = {tag - 1, n->now_ns};

	g_array_append_val(n->reached, reached);
}

/* A packet leaves the network at one of its sides. */
static void arrive(struct simnet *n, struct sim_packet *packet)
{
	struct conversation *c = NULL;
	struct segment read;

	g_assert_true(wire_read(packet->bytes, packet->count, &read));
	if (!icmp_is_error(packet))
		c = g_hash_table_lookup(n->by_key, &packet->flow);
	if (packet->towards == SIDE_NEAR)
		capture(n, ST_DIRECTION_IN, packet, c, &read);
	if (packet->towards == SIDE_FAR && packet->tag)
		note_reached(n, packet->tag);
	if (c) {
		conversation_hear(c, n->now_ns, packet->towards, &read, packet->tag);
		check_addresses(n, c, packet->towards, &read);
		flush(n, c);
	}
	g_free(packet);
}

static void advance(struct simnet *n, struct conversation *c, uint64_t planned_ns)
{
	if (c->wake_ns == planned_ns)
		c->wake_ns = ST_NEVER;
	if (conversation_next(c) <= n->now_ns)
		conversation_advance(c, n->now_ns);
	flush(n, c);
}

/* --- the tracer --- */

/* The packet behind the link header, which must be the flow's own. */
static const uint8_t *behind_link(struct simnet *n, const uint8_t *frame, size_t bytes,
				  uint8_t ip_version, const char *what)
{
	uint8_t header[LINK_HEADER_BYTES_MAX];
	size_t count = link_header(n->scenario, ST_DIRECTION_OUT, header);

	if (count == 0)
		return frame;
	header[count++] = ip_version == 4 ? 0x08 : 0x86;
	header[count++] = ip_version == 4 ? 0x00 : 0xdd;
	if (bytes < count || memcmp(frame, header, count) != 0)
		finding(n->findings, "%s: link header differs from the flow's", what);
	return frame + count;
}

static void note_probe(struct simnet *n, const struct st_probe *probe, const struct segment *s,
		       struct conversation *c)
{
	struct sent_probe sent = {.sent_ns = n->now_ns,
				  .flow_id = probe->flow_id,
				  .trace = probe->trace,
				  .conversation = c,
				  .protocol = s->tuple.protocol,
				  .seq = s->seq,
				  .udp_bytes = (uint16_t)s->payload_bytes,
				  .udp_checksum = s->udp_checksum,
				  .ip_id = s->ip_id,
				  .index = probe->index,
				  .ttl = probe->ttl,
				  .ip_version = probe->ip_version};

	g_array_append_val(n->probes, sent);
}

static void send_probe(struct simnet *n, const struct st_probe *probe, const uint8_t *frame)
{
	char *what =
		g_strdup_printf("probe %u, trace %" PRIu64 " TTL %u at %.6f s", n->probes->len + 1,
				probe->trace, probe->ttl, (double)n->now_ns / 1e9);
	const uint8_t *ip = behind_link(n, frame, probe->frame_bytes, probe->ip_version, what);
	size_t count = probe->frame_bytes - (size_t)(ip - frame);
	struct sim_packet *packet = packet_copy(ip, count, n->probes->len + 1);
	struct conversation *c = NULL;
	struct segment read;

	struct probe_sent checked = {&read, probe->trace, n->now_ns, what};

	if (!wire_read(ip, count, &read))
		finding(n->findings, "%s: is no packet", what);
	else if (!(c = conversation_of(n, &read)))
		finding(n->findings, "%s: belongs to no flow", what);
	else
		rules_check_probe(&c->watch, &n->config, &checked, n->findings);
	if (probe->ttl != read.ttl || probe->interface != 1)
		finding(n->findings, "%s: is described wrongly", what);
	packet->flow = c ? c->key : 0;
	note_probe(n, probe, &read, c);
	capture(n, ST_DIRECTION_OUT, packet, NULL, NULL);
	network_send(n->network, n->now_ns, SIDE_NEAR, packet);
	g_free(what);
}

static void take_probes(struct simnet *n)
{
	uint8_t buffer[ST_PROBE_FRAME_MAX];
	struct st_probe probe;

	while (st_tracer_poll_probe(n->tracer, tracer_clock(n), buffer, sizeof(buffer), &probe) ==
	       ST_OK)
		send_probe(n, &probe, buffer);
}

/* The frame numbers in an event must be those of this probe and of what answers it. */
static void check_cookies(struct simnet *n, const struct st_event *event)
{
	bool reply = event->type == ST_EVENT_REPLY;
	const struct recorded *probe =
		recording_at(n->recording, reply ? event->probe_cookie : event->cookie);
	const struct sent_probe *sent = probe->tag ? simnet_probe(n, probe->tag - 1) : NULL;

	if (!probe->probe || sent->ttl != event->ttl || sent->index != event->index ||
	    sent->trace != event->trace || sent->flow_id != event->flow_id)
		finding(n->findings, "event about frame %" PRIu64 " names another probe",
			event->cookie);
	if (reply && recording_at(n->recording, event->cookie)->tag != probe->tag)
		finding(n->findings, "frame %" PRIu64 " is held for the reply to another probe",
			event->cookie);
}

/* What socket diagnostics would show. */
static enum st_socket socket_of(const struct conversation *c)
{
	switch (c->flow->recverr) {
	case RECVERR_NO:
		return ST_SOCKET_QUIET;
	case RECVERR_YES:
		return ST_SOCKET_WANTS_ERRORS;
	case RECVERR_UNKNOWN:
		return ST_SOCKET_UNKNOWN;
	}
	g_assert_not_reached();
}

static void tell_socket(struct simnet *n, const struct st_tuple *tuple)
{
	gint64 key = conversation_key(tuple);
	struct conversation *c = g_hash_table_lookup(n->by_key, &key);

	if (!c) {
		finding(n->findings, "asked about the socket of another host");
		return;
	}
	c->watch.told = true;
	c->watch.wants_errors = c->flow->recverr == RECVERR_YES;
	st_tracer_tell_socket(n->tracer, tracer_clock(n), tuple, socket_of(c));
}

static void keep_outcome(struct simnet *n, const struct st_trace *trace)
{
	gint64 key = conversation_key(&trace->tuple);
	const struct conversation *c = g_hash_table_lookup(n->by_key, &key);
	struct outcome *outcome = outcome_new(trace);

	outcome->reported_ns = n->now_ns;
	outcome->arrivals = n->arrivals;
	outcome->ceiling = c ? rules_ceiling(&c->watch) : 0;
	g_ptr_array_add(n->outcomes, outcome);
}

static void take_event(struct simnet *n, const struct st_event *event)
{
	switch (event->type) {
	case ST_EVENT_TRACE_STARTED:
	case ST_EVENT_TRACE_SO_FAR:
	case ST_EVENT_COPY:
	case ST_EVENT_FLOW_NAMED:
	case ST_EVENT_FLOW_ENDED:
		break;
	case ST_EVENT_PROBE:
	case ST_EVENT_REPLY:
		check_cookies(n, event);
		break;
	case ST_EVENT_TRACE_ENDED:
		keep_outcome(n, event->result);
		break;
	case ST_EVENT_FLOW_REFUSED:
		n->refused++;
		break;
	case ST_EVENT_SOCKET_ASKED:
		tell_socket(n, event->tuple);
		break;
	}
}

static void take_events(struct simnet *n)
{
	struct st_event event;

	while (st_tracer_poll_event(n->tracer, &event) == ST_OK)
		take_event(n, &event);
}

/* Takes what the tracer has to hand out. */
static void serve(struct simnet *n)
{
	take_events(n);
	take_probes(n);
	take_events(n);
}

/* When the tracer is to be woken, in simulated time. */
static uint64_t tracer_next(const struct simnet *n)
{
	uint64_t wakeup = st_tracer_next_wakeup(n->tracer);

	if (wakeup == ST_NEVER)
		return ST_NEVER;
	return MAX(wakeup, tracer_clock(n)) - SIM_CLOCK_NS;
}

static void wake(struct simnet *n)
{
	st_tracer_wake(n->tracer, tracer_clock(n));
	serve(n);
}

/* --- the loop --- */

static void happen(struct simnet *n)
{
	uint64_t planned = timeline_next(n->timeline);
	struct happening *happening = timeline_take(n->timeline);

	if (happening->conversation)
		advance(n, happening->conversation, planned);
	else
		show(n, happening);
	g_free(happening);
}

/* Nothing moves any more and no trace is open: what still sleeps is idle-time housekeeping. */
static bool quiet(const struct simnet *n)
{
	return network_next(n->network) == ST_NEVER && timeline_next(n->timeline) == ST_NEVER &&
	       st_tracer_stats(n->tracer)->traces_open == 0;
}

static uint64_t next_time(const struct simnet *n)
{
	uint64_t next = MIN(network_next(n->network), timeline_next(n->timeline));

	return MIN(next, tracer_next(n));
}

static void step(struct simnet *n)
{
	struct sim_packet *packet;

	if (network_next(n->network) <= n->now_ns) {
		packet = network_step(n->network);
		if (packet)
			arrive(n, packet);
	} else if (timeline_next(n->timeline) <= n->now_ns) {
		happen(n);
	} else {
		wake(n);
	}
}

static void run(struct simnet *n)
{
	uint32_t at_once = 0;

	while (!quiet(n)) {
		uint64_t next = next_time(n);

		if (next > n->scenario->limit_ns)
			break;
		at_once = next > n->now_ns ? 0 : at_once + (tracer_next(n) <= n->now_ns);
		n->now_ns = MAX(next, n->now_ns);
		if (++n->steps > STEPS_MAX || at_once > WAKES_AT_ONCE_MAX) {
			finding(n->findings, "the tracer keeps asking to be woken at once");
			break;
		}
		step(n);
	}
	st_tracer_finish(n->tracer, tracer_clock(n));
	take_events(n);
	n->stats = *st_tracer_stats(n->tracer);
}

static void add_conversations(struct simnet *n, const struct sim_flow *flow)
{
	for (uint32_t i = 0; i < flow->count; i++) {
		struct conversation *c = conversation_new(n->scenario, flow, i);

		g_assert_null(g_hash_table_lookup(n->by_key, &c->key));
		g_ptr_array_add(n->conversations, c);
		g_hash_table_insert(n->by_key, &c->key, c);
		schedule(n, c);
	}
}

struct simnet *simnet_run(const struct scenario *scenario)
{
	struct simnet *n = g_new0(struct simnet, 1);

	n->scenario = scenario;
	scenario_config(scenario, &n->config);
	n->network = network_new(scenario);
	n->conversations = g_ptr_array_new_with_free_func((GDestroyNotify)conversation_free);
	n->recording = recording_new(scenario->link, scenario->snap_bytes);
	n->probes = g_array_new(FALSE, FALSE, sizeof(struct sent_probe));
	n->reached = g_array_new(FALSE, FALSE, sizeof(struct reached));
	n->outcomes = g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
	n->findings = g_ptr_array_new_with_free_func(g_free);
	n->timeline = timeline_new(g_free);
	n->by_key = g_hash_table_new(g_int64_hash, g_int64_equal);
	g_assert_cmpint(st_tracer_new(&n->config, &n->tracer), ==, ST_OK);
	for (size_t i = 0; i < scenario->flow_count; i++)
		add_conversations(n, &scenario->flows[i]);
	run(n);
	return n;
}

void simnet_free(struct simnet *n)
{
	if (!n)
		return;
	st_tracer_free(n->tracer);
	timeline_free(n->timeline);
	g_hash_table_unref(n->by_key);
	g_ptr_array_unref(n->findings);
	g_ptr_array_unref(n->outcomes);
	g_array_unref(n->probes);
	g_array_unref(n->reached);
	recording_free(n->recording);
	g_ptr_array_unref(n->conversations);
	network_free(n->network);
	g_free(n);
}

static void keep_outcomes(struct st_tracer *tracer, GPtrArray *outcomes)
{
	struct st_event event;

	while (st_tracer_poll_event(tracer, &event) == ST_OK)
		if (event.type == ST_EVENT_TRACE_ENDED)
			g_ptr_array_add(outcomes, outcome_new(event.result));
}

GPtrArray *simnet_replay(const struct scenario *scenario, const struct recording *recording)
{
	GPtrArray *outcomes = g_ptr_array_new_with_free_func((GDestroyNotify)outcome_free);
	struct st_tracer *tracer;
	struct st_config config;
	uint64_t now = 0;

	scenario_config(scenario, &config);
	config.active = false;
	g_assert_cmpint(st_tracer_new(&config, &tracer), ==, ST_OK);
	for (size_t i = 0; i < recording->frames->len; i++) {
		struct st_frame frame = recording_frame(recording, i);

		now = MAX(now, frame.stamp_ns);
		st_tracer_wake(tracer, now);
		st_tracer_frame(tracer, now, &frame, NULL);
		keep_outcomes(tracer, outcomes);
	}
	st_tracer_finish(tracer, now);
	keep_outcomes(tracer, outcomes);
	st_tracer_free(tracer);
	return outcomes;
}
