/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The simulation itself: what it holds for true must be true, and its checks
 * must bite. No tracer takes part here.
 */
#include "tests.h"

#include "timeline.h"

#include <glib/gstdio.h>
#include <string.h>

#define MS ST_NS_PER_MS

/* --- scenario files --- */

struct bad_file {
	const char *text;
	const char *complaint; /* stands in the error */
};

static const struct bad_file bad_files[] = {
	{"[hop 1]\ndealy = 1ms\n", "[hop 1] dealy = 1ms: unknown key"},
	{"[hops]\ndelay = 1ms\n", "hops: unknown group"},
	{"[hop 2]\n", "hop 2: hops must be numbered"},
	{"[hop 1]\ndelay = 1\n", "[hop 1] delay = 1: not a time"},
	{"[hop 1]\ndelay = -1ms\n", "not a time"},
	{"[hop 1]\nloss = 2\n", "not a share"},
	{"[hop 1]\nbandwidth = 50\n", "not a bandwidth"},
	{"[hop 1]\nbandwidth = 0Mbit\n", "not a bandwidth"},
	{"[hop 1]\nqueue = 5\n", "not a queue"},
	{"[hop 1]\nqueue = 5packets\n", "needs bandwidth"},
	{"[destination]\nreorder = 0.1\nreorder-delay = 0ms\n", "needs reorder-delay"},
	{"[hop 1]\nv4 = fd00::1\n", "not an IPv4 address"},
	{"[hop 1]\nv6 = 10.0.0.1\n", "not an IPv6 address"},
	{"[hop 1]\nsilent = yes\n", "not true or false"},
	{"[hop 1]\nmpls = some\n", "not one of the known words"},
	{"[hop 1]\nquote-bytes = 70000\n", "not a number from 0 to 65535"},
	{"[flow a]\nlocal-isn = 0x1ffffffff\n", "not a number from 0 to 4294967295"},
	{"[flow a]\ncount = 2x\n", "not a number from 1 to 25000"},
	{"[flow a]\nip = 5\n", "neither 4 nor 6"},
	{"[flow a]\nlocal-port = 65535\ncount = 2\n", "no ports"},
	{"[flow a]\nwindow-scale = 0\nlocal-window = 70000\n", "window-scale"},
	{"[flow a]\n[tracer]\nborder = 10.0.0.0/40\n", "not a short list of addresses"},
	{"[flow a]\n[tracer]\nfirst-ttl = 5\nmax-ttl = 4\n", "the whole: "},
	{"[hop 1]\nmpls = with-length\nquote-bytes = 7\n[flow a]\n", "padding"},
	{"[hop 1]\n", "there is no flow"},
	{"delay = 1ms\n", "bad: "},
};

static void test_bad_files(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(bad_files); i++) {
		GError *error = NULL;
		struct scenario *scenario = scenario_parse("bad", bad_files[i].text, &error);

		g_assert_null(scenario);
		g_assert_nonnull(error);
		g_assert_true(g_str_has_prefix(error->message, "bad: "));
		g_assert_nonnull(strstr(error->message, bad_files[i].complaint));
		g_error_free(error);
	}
	g_assert_null(scenario_load("/does/not/exist", NULL));
}

/* A path without a flow is enough for the relay, but it must be a right one. */
static void test_path_alone(void)
{
	const char *texts[] = {"[hop 1]\n", "[hop 1]\nmpls = with-length\nquote-bytes = 7\n"};
	char *folder = g_dir_make_tmp("scenario-XXXXXX", NULL);
	char *file = g_build_filename(folder, "path.scenario", NULL);

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
		struct scenario *path;

		g_assert_true(g_file_set_contents(file, texts[i], -1, NULL));
		g_assert_null(scenario_load(file, NULL));
		path = scenario_load_path(file, NULL);
		g_assert_cmpint(path != NULL, ==, i == 0);
		scenario_free(path);
	}
	g_remove(file);
	g_rmdir(folder);
	g_free(file);
	g_free(folder);
}

static void find_in_readme(const char *group, const char *key, void *readme)
{
	char *quoted = g_strdup_printf("`%s`", key);
	char *example = g_strdup_printf("`%s = ", key);

	if (!strstr(readme, quoted) || !strstr(readme, example)) {
		g_test_message("README.md lacks [%s] %s or its example", group, key);
		g_test_fail();
	}
	g_free(quoted);
	g_free(example);
}

/* Every key is documented with an example, and the README's whole example is right. */
static void test_readme(gconstpointer folder)
{
	char *path = g_build_filename(folder, "README.md", NULL);
	char *readme = NULL, *start, *end;

	g_assert_true(g_file_get_contents(path, &readme, NULL, NULL));
	scenario_each_key(find_in_readme, readme);
	start = strstr(readme, "```ini\n");
	g_assert_nonnull(start);
	end = strstr(start + 3, "```");
	g_assert_nonnull(end);
	*end = '\0';
	scenario_free(scenario_of(start + strlen("```ini\n")));
	g_free(readme);
	g_free(path);
}

/* --- packets and routers --- */

static struct sim_packet *probe_packet(const struct scenario *s, enum version version, uint8_t ttl)
{
	struct segment segment = {
		.tuple = {s->host[version], s->destination[version], 40000, 443, ST_PROTOCOL_TCP},
		.ttl = ttl,
		.ip_id = 0x1234,
		.seq = 1000,
		.ack = 2000,
		.flags = ST_TCP_ACK,
		.window = 500,
		.window_scale = NO_WINDOW_SCALE,
		.timestamps = true,
		.tsval = 7,
		.tsecr = 8,
	};
	struct sim_packet *packet = wire_tcp(&segment);

	packet->tag = ttl;
	return packet;
}

/* Lets the network run until a packet leaves it; NULL if none does. */
static struct sim_packet *run_network(struct network *network, uint64_t *now)
{
	struct sim_packet *packet = NULL;

	while (!packet && network_next(network) != ST_NEVER) {
		*now = network_next(network);
		packet = network_step(network);
	}
	return packet;
}

static const char *three_hops = "[hop 1]\ndelay=1ms\n[hop 2]\ndelay=2ms\nsilent=true\n"
				"[hop 3]\ndelay=4ms\nreply-ttl=255\n[destination]\ndelay=8ms\n"
				"[flow a]\n";

static void check_hop(struct network *network, const struct scenario *s, enum version version,
		      uint8_t ttl)
{
	uint64_t now = 0, round_trip[] = {0, 2 * MS, 0, 14 * MS};
	struct sim_packet *packet;
	struct segment read;

	network_send(network, 0, SIDE_NEAR, probe_packet(s, version, ttl));
	packet = run_network(network, &now);
	if (s->hops[ttl - 1].silent) {
		g_assert_null(packet);
		return;
	}
	g_assert_nonnull(packet);
	g_assert_true(wire_read(packet->bytes, packet->count, &read));
	g_assert_true(read.checksums_right);
	g_assert_cmpint(packet->towards, ==, SIDE_NEAR);
	g_assert_cmpuint(packet->tag, ==, ttl);
	g_assert_cmpuint(now, ==, round_trip[ttl]);
	g_assert_true(st_addr_equal(&read.tuple.source, &s->hops[ttl - 1].address[version]));
	g_assert_cmpuint(read.ttl, ==, s->hops[ttl - 1].reply_ttl - (ttl - 1u));
	g_free(packet);
}

static void test_routers(void)
{
	struct scenario *s = scenario_of(three_hops);

	for (enum version version = V4; version <= V6; version++)
		for (uint8_t ttl = 1; ttl <= 3; ttl++) {
			struct network *network = network_new(s);

			check_hop(network, s, version, ttl);
			network_free(network);
		}
	scenario_free(s);
}

/* Past the last router, the packet itself arrives, its TTL less by the hops, checksums right. */
static void test_delivery(void)
{
	struct scenario *s = scenario_of(three_hops);
	struct network *network = network_new(s);
	struct sim_packet *packet;
	struct segment read;
	uint64_t now = 0;

	network_send(network, 5 * MS, SIDE_NEAR, probe_packet(s, V4, 4));
	packet = run_network(network, &now);
	g_assert_cmpuint(now, ==, 20 * MS);
	g_assert_cmpint(packet->towards, ==, SIDE_FAR);
	g_assert_true(wire_read(packet->bytes, packet->count, &read));
	g_assert_true(read.checksums_right);
	g_assert_cmpuint(read.ttl, ==, 1);
	g_assert_cmpuint(network_tagged_arrivals(network), ==, 1);
	network_send(network, now, SIDE_FAR, packet);
	packet = run_network(network, &now); /* TTL 1: hop 3 answers whoever sent it */
	g_assert_cmpuint(now, ==, 36 * MS);
	g_assert_cmpint(packet->towards, ==, SIDE_FAR);
	g_assert_true(icmp_is_error(packet));
	g_free(packet);
	network_free(network);
	scenario_free(s);
}

static void test_timeline(void)
{
	struct timeline *timeline = timeline_new(NULL);
	GRand *random = g_rand_new_with_seed(1);
	uint64_t last = 0;

	for (size_t i = 0; i < 1000; i++)
		timeline_add(timeline, (uint64_t)g_rand_int_range(random, 0, 50),
			     GSIZE_TO_POINTER(i));
	for (size_t i = 0, before = 0; i < 1000; i++) {
		uint64_t time = timeline_next(timeline);
		size_t what = GPOINTER_TO_SIZE(timeline_take(timeline));

		g_assert_cmpuint(time, >=, last);
		g_assert_true(i == 0 || time > last || what > before);
		last = time;
		before = what;
	}
	g_assert_cmpuint(timeline_next(timeline), ==, ST_NEVER);
	timeline_free(timeline);
	g_rand_free(random);
}

/* --- connections --- */

static struct segment stale_ack(const struct tcp_peer *to, uint32_t back)
{
	return (struct segment){.tuple = st_tuple_reversed(&to->setup.tuple),
				.seq = to->rcv_acked - back,
				.ack = to->snd_una,
				.flags = ST_TCP_ACK,
				.window = 100};
}

/* As Linux: the first stale segment is answered, the next ones not for 500 ms. */
static void test_stale_segments(void)
{
	struct tcp_setup setup = {.segment_bytes = 1000, .receive_buffer = 10000, .isn = 1};
	struct tcp_peer peer;
	struct segment stale;
	const enum reaction wanted[] = {HEARD_OLD_ACKED, HEARD_OLD_IGNORED, HEARD_OLD_IGNORED,
					HEARD_OLD_ACKED};
	const uint64_t times[] = {1000, 1001, 1499, 1500};

	setup.tuple.source.version = setup.tuple.destination.version = 4;
	tcp_peer_init(&peer, &setup);
	peer.state = TCP_ESTABLISHED;
	peer.rcv_nxt = peer.rcv_acked = 5000;
	stale = stale_ack(&peer, 3);
	for (size_t i = 0; i < G_N_ELEMENTS(times); i++) {
		tcp_peer_hear(&peer, times[i] * MS, &stale, i + 1);
		g_assert_cmpint(g_array_index(peer.log, struct heard, i).reaction, ==, wanted[i]);
	}
	g_assert_cmpuint(peer.out.length, ==, 2);
	tcp_peer_clear(&peer);
}

/* --- the checks bite --- */

static struct segment flow_segment(uint8_t flags, uint32_t seq, uint32_t ack, uint32_t data)
{
	return (struct segment){.tuple.protocol = ST_PROTOCOL_TCP,
				.ttl = 64,
				.flags = flags,
				.seq = seq,
				.ack = ack,
				.window = 100,
				.window_scale = flags & ST_TCP_SYN ? 7 : NO_WINDOW_SCALE,
				.sack_permitted = flags & ST_TCP_SYN,
				.timestamps = true,
				.tsval = 10,
				.tsecr = 20,
				.dont_fragment = true,
				.payload_bytes = data,
				.checksums_right = true};
}

static struct watch established(void)
{
	struct watch watch = {0};
	struct segment syn = flow_segment(ST_TCP_SYN, 1000, 0, 0);
	struct segment syn_ack = flow_segment(ST_TCP_SYN | ST_TCP_ACK, 5000, 1001, 0);
	struct segment request = flow_segment(ST_TCP_ACK, 1001, 5001, 300);
	struct segment reply = flow_segment(ST_TCP_ACK, 5001, 1301, 500);
	struct segment ack = flow_segment(ST_TCP_ACK, 1301, 5501, 0);

	watch_frame(&watch, 0, true, &syn);
	watch_frame(&watch, 0, false, &syn_ack);
	watch_frame(&watch, 0, true, &request);
	g_assert_false(watch.established);
	watch_frame(&watch, 0, false, &reply);
	g_assert_true(watch.established);
	watch_frame(&watch, 0, true, &ack);
	return watch;
}

static guint count_findings(const struct watch *watch, enum st_tcp_probe kind,
			    const struct segment *probe)
{
	GPtrArray *findings = g_ptr_array_new_with_free_func(g_free);
	struct probe_sent sent = {.segment = probe, .trace = 1, .what = "probe"};
	struct watch looked_at = *watch;
	struct st_config config;
	guint count;

	st_config_init(&config);
	config.tcp_probe = kind;
	looked_at.told = true;
	rules_check_probe(&looked_at, &config, &sent, findings);
	count = findings->len;
	g_ptr_array_unref(findings);
	return count;
}

#define ASSERT_FOUND(field, value)                                                                 \
	do {                                                                                       \
		struct segment bad = good;                                                         \
		bad.field = value;                                                                 \
		g_assert_cmpuint(count_findings(&watch, ST_TCP_PROBE_STALE, &bad), ==, 1);         \
	} while (0)

static void test_rules(void)
{
	struct watch watch = established();
	struct segment good = flow_segment(ST_TCP_ACK, 1301 - 2, 5500, 0);

	good.ttl = 3;
	g_assert_cmpuint(count_findings(&watch, ST_TCP_PROBE_STALE, &good), ==, 0);
	ASSERT_FOUND(seq, 1301);       /* not stale */
	ASSERT_FOUND(seq, 1301 - 513); /* too far behind */
	ASSERT_FOUND(ack, 5502);       /* of the future */
	ASSERT_FOUND(window, 101);
	ASSERT_FOUND(window, 99);
	ASSERT_FOUND(timestamps, false);
	ASSERT_FOUND(tsval, 11);
	ASSERT_FOUND(flags, ST_TCP_ACK | ST_TCP_PSH);
	ASSERT_FOUND(payload_bytes, 1);
	ASSERT_FOUND(checksums_right, false);
	ASSERT_FOUND(ttl, 33);
	ASSERT_FOUND(tos, 4);
	ASSERT_FOUND(flow_label, 4);
	ASSERT_FOUND(dont_fragment, false);
	ASSERT_FOUND(sack_permitted, true);
	ASSERT_FOUND(tuple.source_port, 4);
	good.seq = 1301;
	good.ack = 5501;
	g_assert_cmpuint(count_findings(&watch, ST_TCP_PROBE_EXACT, &good), ==, 0);
	watch.sack_in = false;
	g_assert_cmpuint(count_findings(&watch, ST_TCP_PROBE_EXACT, &good), ==, 1);
}

/* Before the peer has spoken after the third ACK, after FIN and RST, and never seen at all. */
static void test_rules_of_life(void)
{
	struct watch watch = established(), unseen = {0};
	struct segment good = flow_segment(ST_TCP_ACK, 1301 - 2, 5500, 0);
	struct segment fin = flow_segment(ST_TCP_ACK | ST_TCP_FIN, 5501, 1301, 0);

	good.ttl = 3;
	watch.established = false;
	g_assert_cmpuint(count_findings(&watch, ST_TCP_PROBE_STALE, &good), ==, 1);
	watch.established = true;
	watch_frame(&watch, 0, false, &fin);
	g_assert_cmpuint(count_findings(&watch, ST_TCP_PROBE_STALE, &good), ==, 1);
	g_assert_cmpuint(count_findings(&unseen, ST_TCP_PROBE_STALE, &good), ==, 1);
}

/* A client's probe that copies the raw window of a SYN-ACK opens it 128 times as wide. */
static void test_rules_of_windows(void)
{
	struct watch watch = {0};
	struct segment syn = flow_segment(ST_TCP_SYN, 5000, 0, 0);
	struct segment syn_ack = flow_segment(ST_TCP_SYN | ST_TCP_ACK, 1000, 5001, 0);
	struct segment ack = flow_segment(ST_TCP_ACK, 5001, 1001, 0);
	struct segment probe = flow_segment(ST_TCP_ACK, 1001 - 2, 5001, 0);

	syn_ack.window = 64000;
	watch_frame(&watch, 0, false, &syn);
	watch_frame(&watch, 0, true, &syn_ack);
	watch_frame(&watch, 0, false, &ack);
	probe.ttl = 3;
	probe.window = 64000;
	g_assert_cmpuint(count_findings(&watch, ST_TCP_PROBE_STALE, &probe), ==, 1);
	probe.window = 64000 >> 7;
	g_assert_cmpuint(count_findings(&watch, ST_TCP_PROBE_STALE, &probe), ==, 0);
}

void add_network_tests(const char *folder)
{
	g_test_add_func("/simulation/bad-files", test_bad_files);
	g_test_add_func("/simulation/path-alone", test_path_alone);
	g_test_add_data_func("/simulation/readme", folder, test_readme);
	g_test_add_func("/simulation/timeline", test_timeline);
	g_test_add_func("/simulation/routers", test_routers);
	g_test_add_func("/simulation/delivery", test_delivery);
	g_test_add_func("/simulation/stale-segments", test_stale_segments);
	g_test_add_func("/simulation/rules", test_rules);
	g_test_add_func("/simulation/rules-of-life", test_rules_of_life);
	g_test_add_func("/simulation/rules-of-windows", test_rules_of_windows);
}
