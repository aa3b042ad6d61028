/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole tracer against invariants: the input is a list of steps (a frame, a
 * pause, a poll, a failed probe, something about names), run in active or in observing mode. Frames
 * begin as segments and datagrams of a few flows, so that the fuzzer need not find checksums
 * of luck; any byte of them may then be anything.
 */
#include "tracer_run.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEPS_MAX 2000
#define POLLS_MAX 64
/* Half of the steps of the last kind show what has no flow. */
#define OTHER_FROM 132

/* The tuple lives as long as its event. */
static void answer_socket(struct run *run, uint8_t what, const struct st_tuple *asked)
{
	struct st_tuple tuple = *asked;

	if (what % 4 <= ST_SOCKET_WANTS_ERRORS)
		st_tracer_tell_socket(run->tracer, run->now, &tuple, (enum st_socket)(what % 4));
}

static void poll_events(struct run *run, uint8_t what)
{
	struct st_event event;

	while (st_tracer_poll_event(run->tracer, &event) == ST_OK) {
		events_check(run, &event);
		if (event.type == ST_EVENT_SOCKET_ASKED)
			answer_socket(run, what, event.tuple);
	}
}

void run_show(struct run *run, const uint8_t *bytes, size_t count, enum st_direction direction,
	      uint32_t link_type, bool names_only)
{
	struct st_frame_info info;
	struct st_frame frame = {
		.stamp_ns = ST_NS_PER_S + run->now,
		.bytes = bytes,
		.captured_bytes = (uint32_t)count,
		.wire_bytes = (uint32_t)count,
		.link_type = link_type,
		.direction = direction,
		.names_only = names_only,
	};

	st_tracer_frame(run->tracer, run->now, &frame, &info);
	must((info.wanted || !info.flow_id) && info.header_bytes <= count);
	must(info.wanted == (info.flow_id != 0) || !run->config.active);
}

static void show(struct run *run, const uint8_t *bytes, size_t count, enum st_direction direction,
		 uint32_t link_type)
{
	run_show(run, bytes, count, direction, link_type, false);
}

/* It may be answered later, more than once. */
static void remember(struct run *run, const uint8_t *packet, size_t count)
{
	memcpy(run->last, packet, count);
	run->last_bytes = count;
}

/* From one of the fixed ends to the other; in part as if it had gone astray. */
static enum st_direction direction_of(uint8_t what)
{
	if (what & 16)
		return ST_DIRECTION_UNKNOWN;
	return (what & 1) && !(what & 8) ? ST_DIRECTION_OUT : ST_DIRECTION_IN;
}

/* A segment between two fixed ends; flags and numbers are the input's. */
static void show_segment(struct run *run, struct input *input)
{
	uint8_t bytes[60] = {0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 0, 0, 2, 10, 0, 0, 9};
	uint8_t what = take(input), payload = take(input) & 0x0f;
	bool is_out = what & 1;

	bytes[3] = (uint8_t)(40 + payload);
	bytes[8] = what & 2 ? 64 : take(input);
	bytes[15] = is_out ? 2 : 9;
	bytes[19] = is_out ? 9 : 2;
	bytes[20 + (is_out ? 0 : 2)] = (uint8_t)(what >> 6);
	bytes[21 + (is_out ? 2 : 0)] = 80;
	bytes[27] = take(input);
	bytes[31] = take(input);
	bytes[32] = 0x50;
	bytes[33] = what & 4 ? 0x10 : take(input);
	show(run, bytes, 40u + payload, direction_of(what), ST_LINK_RAW);
	remember(run, bytes, 40u + payload);
}

/* A datagram between two fixed ends, IPv4 or IPv6; a long one is a QUIC Initial. */
static void show_datagram(struct run *run, struct input *input)
{
	uint8_t bytes[1300] = {0};
	uint8_t what = take(input), payload = take(input);
	bool is_out = what & 1, is_v6 = what & 2, is_quic = payload == UINT8_MAX;
	size_t ip = is_v6 ? 40 : 20, count = 8 + (is_quic ? 1200U : payload);
	uint8_t *udp = bytes + ip, *end = bytes + (is_v6 ? 8 + 15 : 15);

	bytes[0] = is_v6 ? 0x60 : 0x45;
	bytes[is_v6 ? 4 : 2] = (uint8_t)((is_v6 ? count : ip + count) >> 8);
	bytes[is_v6 ? 5 : 3] = (uint8_t)(is_v6 ? count : ip + count);
	bytes[is_v6 ? 6 : 9] = 17;
	bytes[is_v6 ? 7 : 8] = what & 4 ? 60 : take(input);
	end[0] = is_out ? 2 : 9;
	end[is_v6 ? 16 : 4] = is_out ? 9 : 2;
	udp[is_out ? 0 : 2] = (uint8_t)(what >> 6);
	udp[is_out ? 3 : 1] = what & 8 ? 53 : 80;
	udp[4] = (uint8_t)(count >> 8);
	udp[5] = (uint8_t)count;
	udp[7] = what & 16 ? 0 : 1;
	udp[8] = is_quic ? 0xc0 : 0;
	udp[12] = is_quic;
	show(run, bytes, ip + count, is_out ? ST_DIRECTION_OUT : ST_DIRECTION_IN, ST_LINK_RAW);
	remember(run, bytes, ip + count);
}

/* What has no flow: an echo or its reply, SCTP, another protocol. */
static void show_other(struct run *run, struct input *input)
{
	static const uint8_t protocols[] = {1, 132, 253, 1};
	uint8_t bytes[40] = {0x45, 0, 0, 40, 0, 0, 0, 0, 1, 1, 0, 0, 10, 0, 0, 2, 10, 0, 0, 9};
	uint8_t what = take(input);
	bool is_out = what & 1;

	bytes[5] = take(input);
	bytes[8] = take(input);
	bytes[9] = protocols[what >> 6];
	bytes[15] = is_out ? 2 : 9;
	bytes[19] = is_out ? 9 : 2;
	bytes[20] = is_out ? 8 : 0;
	bytes[23] = what & 2;
	bytes[25] = what & 4;
	bytes[27] = take(input);
	show(run, bytes, sizeof(bytes), ST_DIRECTION_UNKNOWN, ST_LINK_RAW);
	remember(run, bytes, sizeof(bytes));
}

/* An ICMP error of the probe's IP version that quotes all of it, or 28 bytes, perhaps altered. */
static void answer_probe(struct run *run, struct input *input, const uint8_t *frame, size_t count,
			 uint8_t fate)
{
	uint8_t reply[48 + ST_PROBE_FRAME_MAX] = {0};
	bool is_v6 = frame[0] >> 4 == 6;
	size_t ip = is_v6 ? 40 : 20;
	size_t whole = ip + 8 + (fate & 16 ? MIN(count, ip + 8) : count);
	size_t stated = is_v6 ? whole - ip : whole;

	reply[0] = is_v6 ? 0x60 : 0x45;
	reply[is_v6 ? 4 : 2] = (uint8_t)(stated >> 8);
	reply[is_v6 ? 5 : 3] = (uint8_t)stated;
	reply[is_v6 ? 6 : 9] = is_v6 ? 58 : 1;
	reply[is_v6 ? 7 : 8] = 60;
	reply[is_v6 ? 8 : 12] = fate;
	reply[ip] = is_v6 ? 3 : 11;
	memcpy(reply + ip + 8, frame, count);
	if (fate & 8)
		reply[ip + 8 + (take(input) % count)] ^= take(input);
	show(run, reply, whole, ST_DIRECTION_IN, ST_LINK_RAW);
}

/* Sends what is due; the input says whether it is seen, answered, forged or lost. */
static void poll_probes(struct run *run, struct input *input)
{
	uint8_t frame[ST_PROBE_FRAME_MAX];
	struct st_probe probe;

	for (unsigned i = 0; i < POLLS_MAX; i++) {
		uint8_t fate = take(input);

		if (st_tracer_poll_probe(run->tracer, run->now, frame, sizeof(frame), &probe) !=
		    ST_OK)
			return;
		must(probe.id > run->last_probe_id && probe.frame_bytes >= 28);
		run->last_probe_id = probe.id;
		remember(run, frame, probe.frame_bytes);
		if (fate & 1)
			show(run, frame, probe.frame_bytes, ST_DIRECTION_OUT, ST_LINK_RAW);
		if (fate & 2)
			st_tracer_probe_failed(run->tracer, probe.id, "fuzz");
		if (fate & 4)
			answer_probe(run, input, frame, probe.frame_bytes, fate);
	}
}

/* Any bytes behind a link header, and what they may say. */
static void show_bytes(struct run *run, struct input *input, uint8_t how, size_t count)
{
	static const uint32_t links[] = {ST_LINK_ETHERNET, ST_LINK_RAW, ST_LINK_SLL, ST_LINK_NULL};
	const uint8_t *bytes = take_bytes(input, count);

	if (!bytes)
		return;
	run->may_match = run->is_told = true;
	show(run, bytes, count, (enum st_direction)(how % 3), links[how / 3 % 4]);
}

static void let_pass(struct run *run, uint64_t count)
{
	run->now += count * count * ST_NS_PER_MS;
	st_tracer_wake(run->tracer, run->now);
	must(st_tracer_next_wakeup(run->tracer) > run->now ||
	     st_tracer_stats(run->tracer)->traces_open > 0);
}

static void step(struct run *run, struct input *input)
{
	uint8_t kind = take(input);
	size_t count = take(input);

	switch (kind % 12) {
	case 0:
		show_segment(run, input);
		break;
	case 1:
		show_bytes(run, input, kind / 12, count);
		break;
	case 2:
		if (count)
			let_pass(run, count);
		else
			st_tracer_review(run->tracer, run->now);
		break;
	case 3:
		poll_probes(run, input);
		break;
	case 4:
		show_datagram(run, input);
		break;
	case 5:
		poll_events(run, (uint8_t)count);
		break;
	case 6:
		names_hello(run, input);
		break;
	case 7:
		names_initial(run, input);
		break;
	case 8:
		names_answer(run, input);
		break;
	case 9:
		names_tell(run, input);
		break;
	case 10:
		names_add_rule(run, input);
		break;
	default:
		if (kind >= OTHER_FROM)
			show_other(run, input);
		else if (run->last_bytes)
			answer_probe(run, input, run->last, run->last_bytes, (uint8_t)count);
	}
}

static void configure(struct run *run, struct input *input)
{
	uint8_t a = take(input), b = take(input), c = take(input);
	struct st_config *config = &run->config;

	st_config_init(config);
	config->selection.all = true;
	config->active = a & 1;
	config->algorithm = (enum st_algorithm)(1 + (a >> 1) % 3);
	config->tcp_probe = a & 16 ? ST_TCP_PROBE_EXACT : ST_TCP_PROBE_STALE;
	config->max_flows = 1 + (a >> 5);
	config->max_known_flows = config->max_flows + (b & 1);
	config->probes_per_hop = (uint16_t)(1 + (b >> 1) % 10);
	config->max_ttl = (uint8_t)(1 + (b >> 4));
	config->max_missing = b & 4 ? 2 : 0;
	config->udp_probe = (enum st_udp_probe)(c % 4);
	config->retrace_ns = c & 4 ? ST_NS_PER_S : 0;
	config->flow_timeout_ns = c & 8 ? 5 * ST_NS_PER_S : 30 * ST_NS_PER_S;
	run->may_match = true;
	if (c & 16)
		names_configure(run, input);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct run run = {.now = ST_NS_PER_S, .ended = g_hash_table_new(NULL, NULL)};
	const struct st_stats *stats;

	configure(&run, &input);
	must(st_tracer_new(&run.config, &run.tracer) == ST_OK);
	stats = st_tracer_stats(run.tracer);
	for (unsigned i = 0; i < STEPS_MAX && input.left; i++) {
		step(&run, &input);
		must(stats->flows_known <= run.config.max_known_flows);
		must(!run.config.active || stats->traces_open <= run.config.max_flows);
		must(run.config.active || stats->probes_handed_out == 0);
	}
	st_tracer_finish(run.tracer, run.now);
	must(stats->traces_open == 0 && stats->traces_started == stats->traces_ended);
	poll_events(&run, ST_SOCKET_QUIET);
	events_check_sum(&run);
	st_tracer_free(run.tracer);
	g_hash_table_unref(run.ended);
	names_free_all(&run);
	return 0;
}
