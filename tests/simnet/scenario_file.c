/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads scenario files: GKeyFiles in which every key must be known and every
 * value in its range. One table a group says which keys there are and where
 * their values go; testdata/scenarios/README.md says what they mean.
 */
#include "scenario.h"

#include <arpa/inet.h>
#include <errno.h>
#include <servicetrace/report.h>
#include <stdio.h>
#include <string.h>

enum kind { TIME, NUMBER, FLAG, SHARE, ADDRESS_4, ADDRESS_6, WORD, PREFIXES, BANDWIDTH, QUEUE };

struct word {
	const char *name;
	int value;
};

struct key {
	const char *name;
	enum kind kind;
	size_t offset;
	uint32_t min, max;	  /* NUMBER; PREFIXES: at most max */
	const struct word *words; /* WORD; NUMBER: words that stand for numbers, or NULL */
	size_t count_offset;	  /* PREFIXES */
};

static const struct word algorithms[] = {{"concurrent", ST_ALGORITHM_CONCURRENT},
					 {"hop-by-hop", ST_ALGORITHM_HOP_BY_HOP},
					 {"packet-by-packet", ST_ALGORITHM_PACKET_BY_PACKET},
					 {NULL, 0}};
static const struct word tcp_probes[] = {
	{"stale", ST_TCP_PROBE_STALE}, {"exact", ST_TCP_PROBE_EXACT}, {NULL, 0}};
static const struct word stop_reasons[] = {{"destination", ST_STOP_DESTINATION},
					   {"max-ttl", ST_STOP_MAX_TTL},
					   {"missing-hops", ST_STOP_MISSING_HOPS},
					   {"border", ST_STOP_BORDER},
					   {"flow-closed", ST_STOP_FLOW_CLOSED},
					   {"interrupted", ST_STOP_INTERRUPTED},
					   {NULL, 0}};
static const struct word sides[] = {{"local", SIM_LOCAL}, {"remote", SIM_REMOTE}, {NULL, 0}};
static const struct word roles[] = {{"client", SIM_REMOTE}, {"server", SIM_LOCAL}, {NULL, 0}};
static const struct word ends[] = {
	{"fin", END_FIN}, {"rst", END_RST}, {"silent", END_SILENT}, {NULL, 0}};
static const struct word ip_ids[] = {{"kept", IP_ID_KEPT},
				     {"zero", IP_ID_ZERO},
				     {"swapped", IP_ID_SWAPPED},
				     {"random", IP_ID_RANDOM},
				     {NULL, 0}};
static const struct word mpls_kinds[] = {{"none", MPLS_NONE},
					 {"with-length", MPLS_WITH_LENGTH},
					 {"without-length", MPLS_WITHOUT_LENGTH},
					 {NULL, 0}};
static const struct word links[] = {
	{"ethernet", ST_LINK_ETHERNET}, {"raw", ST_LINK_RAW}, {NULL, 0}};
static const struct word quotes[] = {{"all", -1}, {NULL, 0}};
static const struct word missing[] = {{"default", ST_MAX_MISSING_DEFAULT}, {NULL, 0}};

#define AT(type, field) offsetof(struct type, field)

#define LINK_KEYS(type, link)                                                                      \
	{"delay", TIME, AT(type, link.delay_ns), 0, 0, NULL, 0},                                   \
		{"jitter", TIME, AT(type, link.jitter_ns), 0, 0, NULL, 0},                         \
		{"loss", SHARE, AT(type, link.loss), 0, 0, NULL, 0},                               \
		{"duplicate", SHARE, AT(type, link.duplicate), 0, 0, NULL, 0},                     \
		{"reorder", SHARE, AT(type, link.reorder), 0, 0, NULL, 0},                         \
		{"reorder-delay", TIME, AT(type, link.reorder_ns), 0, 0, NULL, 0},                 \
		{"bandwidth", BANDWIDTH, AT(type, link.bandwidth_bps), 0, 0, NULL, 0},             \
	{                                                                                          \
		"queue", QUEUE, AT(type, link.queue), 0, 0, NULL, 0                                \
	}

static const struct key scenario_keys[] = {
	{"seed", NUMBER, AT(scenario, seed), 0, UINT32_MAX, NULL, 0},
	{"limit", TIME, AT(scenario, limit_ns), 0, 0, NULL, 0},
	{NULL, 0, 0, 0, 0, NULL, 0}};

static const struct key host_keys[] = {{"v4", ADDRESS_4, AT(scenario, host[V4]), 0, 0, NULL, 0},
				       {"v6", ADDRESS_6, AT(scenario, host[V6]), 0, 0, NULL, 0},
				       {NULL, 0, 0, 0, 0, NULL, 0}};

static const struct key destination_keys[] = {
	{"v4", ADDRESS_4, AT(scenario, destination[V4]), 0, 0, NULL, 0},
	{"v6", ADDRESS_6, AT(scenario, destination[V6]), 0, 0, NULL, 0},
	LINK_KEYS(scenario, last_link),
	{NULL, 0, 0, 0, 0, NULL, 0}};

static const struct key capture_keys[] = {
	{"link", WORD, AT(scenario, link), 0, 0, links, 0},
	{"vlan", FLAG, AT(scenario, vlan), 0, 0, NULL, 0},
	{"snap-bytes", NUMBER, AT(scenario, snap_bytes), 54, 262144, NULL, 0},
	{"delay", TIME, AT(scenario, capture_delay_ns), 0, 0, NULL, 0},
	{NULL, 0, 0, 0, 0, NULL, 0}};

static const struct key hop_keys[] = {
	{"v4", ADDRESS_4, AT(sim_hop, address[V4]), 0, 0, NULL, 0},
	{"v6", ADDRESS_6, AT(sim_hop, address[V6]), 0, 0, NULL, 0},
	{"routers", NUMBER, AT(sim_hop, routers), 1, 65536, NULL, 0},
	LINK_KEYS(sim_hop, link),
	{"answer-loss", SHARE, AT(sim_hop, answer_loss), 0, 0, NULL, 0},
	{"silent", FLAG, AT(sim_hop, silent), 0, 0, NULL, 0},
	{"quote-bytes", NUMBER, AT(sim_hop, quote_bytes), 0, 65535, quotes, 0},
	{"quoted-ttl", NUMBER, AT(sim_hop, quoted_ttl), 0, 255, NULL, 0},
	{"quoted-tos", NUMBER, AT(sim_hop, quoted_tos), 0, 255, NULL, 0},
	{"quoted-ipid", WORD, AT(sim_hop, quoted_ip_id), 0, 0, ip_ids, 0},
	{"reply-ttl", NUMBER, AT(sim_hop, reply_ttl), 1, 255, NULL, 0},
	{"mpls", WORD, AT(sim_hop, mpls), 0, 0, mpls_kinds, 0},
	{"label", NUMBER, AT(sim_hop, label), 0, 0xfffff, NULL, 0},
	{NULL, 0, 0, 0, 0, NULL, 0}};

static const struct key flow_keys[] = {
	{"count", NUMBER, AT(sim_flow, count), 1, 25000, NULL, 0},
	{"ip", NUMBER, AT(sim_flow, ip_version), 4, 6, NULL, 0},
	{"role", WORD, AT(sim_flow, server), 0, 0, roles, 0},
	{"local-port", NUMBER, AT(sim_flow, local_port), 1, 65535, NULL, 0},
	{"remote-port", NUMBER, AT(sim_flow, remote_port), 1, 65535, NULL, 0},
	{"start", TIME, AT(sim_flow, start_ns), 0, 0, NULL, 0},
	{"spacing", TIME, AT(sim_flow, spacing_ns), 0, 0, NULL, 0},
	{"first-message", TIME, AT(sim_flow, first_message_ns), 0, 0, NULL, 0},
	{"interval", TIME, AT(sim_flow, interval_ns), 0, 0, NULL, 0},
	{"lifetime", TIME, AT(sim_flow, lifetime_ns), 0, 0, NULL, 0},
	{"request-bytes", NUMBER, AT(sim_flow, request_bytes), 0, 10000000, NULL, 0},
	{"reply-bytes", NUMBER, AT(sim_flow, reply_bytes), 0, 10000000, NULL, 0},
	{"segment-bytes", NUMBER, AT(sim_flow, segment_bytes), 1, 65000, NULL, 0},
	{"sack", FLAG, AT(sim_flow, sack), 0, 0, NULL, 0},
	{"timestamps", FLAG, AT(sim_flow, timestamps), 0, 0, NULL, 0},
	{"local-isn", NUMBER, AT(sim_flow, local_isn), 0, UINT32_MAX, NULL, 0},
	{"remote-isn", NUMBER, AT(sim_flow, remote_isn), 0, UINT32_MAX, NULL, 0},
	{"local-window", NUMBER, AT(sim_flow, local_window), 1, 0x3fffffff, NULL, 0},
	{"remote-window", NUMBER, AT(sim_flow, remote_window), 1, 0x3fffffff, NULL, 0},
	{"window-scale", NUMBER, AT(sim_flow, window_scale), 0, 14, NULL, 0},
	{"stalled", FLAG, AT(sim_flow, stalled), 0, 0, NULL, 0},
	{"end", WORD, AT(sim_flow, end), 0, 0, ends, 0},
	{"end-by", WORD, AT(sim_flow, end_by), 0, 0, sides, 0},
	{"seen-after", TIME, AT(sim_flow, seen_after_ns), 0, 0, NULL, 0},
	{"lost-third-ack", FLAG, AT(sim_flow, lost_third_ack), 0, 0, NULL, 0},
	{"tos", NUMBER, AT(sim_flow, tos), 0, 255, NULL, 0},
	{"flow-label", NUMBER, AT(sim_flow, flow_label), 0, 0xfffff, NULL, 0},
	{"ttl", NUMBER, AT(sim_flow, ttl), 1, 255, NULL, 0},
	{NULL, 0, 0, 0, 0, NULL, 0}};

static const struct key tracer_keys[] = {
	{"algorithm", WORD, AT(sim_tracer, algorithm), 0, 0, algorithms, 0},
	{"tcp-probe", WORD, AT(sim_tracer, tcp_probe), 0, 0, tcp_probes, 0},
	{"probes", NUMBER, AT(sim_tracer, probes), 1, ST_PROBES_PER_HOP_MAX, NULL, 0},
	{"first-ttl", NUMBER, AT(sim_tracer, first_ttl), 1, 255, NULL, 0},
	{"max-ttl", NUMBER, AT(sim_tracer, max_ttl), 1, 255, NULL, 0},
	{"max-missing", NUMBER, AT(sim_tracer, max_missing), 0, 255, missing, 0},
	{"inter-probe-time", TIME, AT(sim_tracer, inter_probe_ns), 0, 0, NULL, 0},
	{"inter-iteration-time", TIME, AT(sim_tracer, inter_iteration_ns), 0, 0, NULL, 0},
	{"wait", TIME, AT(sim_tracer, wait_ns), 0, 0, NULL, 0},
	{"border", PREFIXES, AT(sim_tracer, borders), 0, SIM_BORDERS_MAX, NULL,
	 AT(sim_tracer, border_count)},
	{"host", PREFIXES, AT(sim_tracer, hosts), 0, SIM_HOSTS_MAX, NULL,
	 AT(sim_tracer, host_count)},
	{"port", NUMBER, AT(sim_tracer, port), 0, 65535, NULL, 0},
	{"ip", NUMBER, AT(sim_tracer, ip_version), 0, 6, NULL, 0},
	{"max-flows", NUMBER, AT(sim_tracer, max_flows), 1, ST_MAX_FLOWS_LIMIT, NULL, 0},
	{"max-known-flows", NUMBER, AT(sim_tracer, max_known_flows), 1, 1000000, NULL, 0},
	{"rate", NUMBER, AT(sim_tracer, rate), 1, ST_RATE_LIMIT, NULL, 0},
	{"max-traces", NUMBER, AT(sim_tracer, max_traces), 0, UINT32_MAX, NULL, 0},
	{NULL, 0, 0, 0, 0, NULL, 0}};

static const struct key expect_keys[] = {
	{"traces", NUMBER, AT(sim_expect, traces), 0, UINT32_MAX, NULL, 0},
	{"refused", NUMBER, AT(sim_expect, refused), 0, UINT32_MAX, NULL, 0},
	{"unmatched", NUMBER, AT(sim_expect, unmatched), 0, UINT32_MAX, NULL, 0},
	{"stop-reason", WORD, AT(sim_expect, stop_reason), 0, 0, stop_reasons, 0},
	{"complete", FLAG, AT(sim_expect, complete), 0, 0, NULL, 0},
	{NULL, 0, 0, 0, 0, NULL, 0}};

struct unit {
	const char *name;
	uint64_t one;
};

static const struct unit times[] = {
	{"ns", 1},	    {"us", ST_NS_PER_US},      {"ms", ST_NS_PER_MS},
	{"s", ST_NS_PER_S}, {"min", 60 * ST_NS_PER_S}, {NULL, 0}};
static const struct unit bandwidths[] = {
	{"kbit", 1000}, {"Mbit", 1000000}, {"Gbit", 1000000000}, {NULL, 0}};
static const struct unit sizes[] = {{"B", 1}, {"kB", 1000}, {"MB", 1000000}, {NULL, 0}};
static const struct unit packets[] = {{"packets", 1}, {NULL, 0}};

static bool read_with_unit(const char *text, const struct unit *units, uint64_t *read)
{
	char *end;
	double value = g_ascii_strtod(text, &end);

	if (!g_ascii_isdigit(text[0]) || value > 1e6)
		return false;
	for (; units->name; units++)
		if (g_str_equal(end, units->name)) {
			*read = (uint64_t)(value * (double)units->one + 0.5);
			return true;
		}
	return false;
}

static bool read_queue(const char *text, struct sim_queue *queue)
{
	queue->in_packets = read_with_unit(text, packets, &queue->limit);
	return queue->in_packets || read_with_unit(text, sizes, &queue->limit);
}

static bool read_word(const char *text, const struct word *words, int *value)
{
	for (; words && words->name; words++)
		if (g_str_equal(text, words->name)) {
			*value = words->value;
			return true;
		}
	return false;
}

static bool read_number(const char *text, const struct key *key, uint32_t *number)
{
	char *end;
	guint64 value;
	int named;

	if (read_word(text, key->words, &named)) {
		*number = (uint32_t)named;
		return true;
	}
	errno = 0;
	value = g_ascii_strtoull(text, &end, 0);
	if (!g_ascii_isdigit(text[0]) || *end || errno || value < key->min || value > key->max)
		return false;
	*number = (uint32_t)value;
	return true;
}

static bool read_share(const char *text, double *share)
{
	char *end;

	*share = g_ascii_strtod(text, &end);
	return g_ascii_isdigit(text[0]) && !*end && *share <= 1;
}

static bool read_flag(const char *text, bool *flag)
{
	*flag = g_str_equal(text, "true");
	return *flag || g_str_equal(text, "false");
}

static bool read_address(const char *text, int family, struct st_addr *addr)
{
	*addr = (struct st_addr){.version = family == AF_INET ? 4 : 6};
	return inet_pton(family, text, addr->bytes) == 1;
}

/* A list separated by commas. */
static bool read_prefixes(const char *text, const struct key *key, void *base)
{
	char **items = g_strsplit(text, ",", -1);
	struct st_prefix *prefixes = (struct st_prefix *)(void *)((char *)base + key->offset);
	size_t count = g_strv_length(items);
	bool good = count <= key->max;

	for (size_t i = 0; good && i < count; i++)
		good = st_prefix_parse(g_strstrip(items[i]), &prefixes[i]) == ST_OK;
	memcpy((char *)base + key->count_offset, &count, sizeof(count));
	g_strfreev(items);
	return good;
}

static const char *kind_text(enum kind kind)
{
	switch (kind) {
	case TIME:
		return "a time such as 20ms";
	case BANDWIDTH:
		return "a bandwidth such as 50Mbit";
	case QUEUE:
		return "a queue such as 100packets or 64kB";
	case NUMBER:
		return "a number";
	case FLAG:
		return "true or false";
	case SHARE:
		return "a share from 0 to 1";
	case ADDRESS_4:
		return "an IPv4 address";
	case ADDRESS_6:
		return "an IPv6 address";
	case WORD:
		return "one of the known words";
	case PREFIXES:
		return "a short list of addresses or prefixes";
	}
	g_assert_not_reached();
}

static bool read_value(const char *text, const struct key *key, void *base)
{
	void *at = (char *)base + key->offset;

	switch (key->kind) {
	case TIME:
		return read_with_unit(text, times, at);
	case BANDWIDTH:
		return read_with_unit(text, bandwidths, at) && *(uint64_t *)at > 0;
	case QUEUE:
		return read_queue(text, at);
	case NUMBER:
		return read_number(text, key, at);
	case FLAG:
		return read_flag(text, at);
	case SHARE:
		return read_share(text, at);
	case ADDRESS_4:
		return read_address(text, AF_INET, at);
	case ADDRESS_6:
		return read_address(text, AF_INET6, at);
	case WORD:
		return read_word(text, key->words, at);
	case PREFIXES:
		return read_prefixes(text, key, base);
	}
	g_assert_not_reached();
}

static const struct key *find_key(const struct key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (g_str_equal(keys->name, name))
			return keys;
	return NULL;
}

static bool fail(GError **error, const char *where, const char *what)
{
	g_set_error(error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_INVALID_VALUE, "%s: %s", where, what);
	return false;
}

/* What is wrong with the value, to be freed; NULL if it is right and was stored. */
static char *store_value(const char *text, const struct key *key, void *base)
{
	if (!key)
		return g_strdup("unknown key");
	if (read_value(text, key, base))
		return NULL;
	if (key->kind == NUMBER)
		return g_strdup_printf("not a number from %u to %u", key->min, key->max);
	return g_strdup_printf("not %s", kind_text(key->kind));
}

static bool read_key(GKeyFile *file, const char *group, const char *name, const struct key *keys,
		     void *base, GError **error)
{
	char *text = g_strstrip(g_key_file_get_value(file, group, name, NULL));
	char *what = store_value(text, find_key(keys, name), base);
	bool good = !what;

	if (!good) {
		char *where = g_strdup_printf("[%s] %s = %s", group, name, text);

		fail(error, where, what);
		g_free(where);
	}
	g_free(what);
	g_free(text);
	return good;
}

static bool read_group(GKeyFile *file, const char *group, const struct key *keys, void *base,
		       GError **error)
{
	char **names = g_key_file_get_keys(file, group, NULL, NULL);
	bool good = true;

	for (char **name = names; good && *name; name++)
		good = read_key(file, group, *name, keys, base, error);
	g_strfreev(names);
	return good;
}

/* "[hop 3]" must follow "[hop 2]", so that a forgotten hop does not go unnoticed. */
static bool read_hop(GKeyFile *file, const char *group, struct scenario *s, GError **error)
{
	char *expected = g_strdup_printf("hop %zu", s->hop_count + 1);
	bool right = g_str_equal(group, expected);
	struct sim_hop *hop = right ? scenario_add_hop(s) : NULL;

	g_free(expected);
	if (!right)
		return fail(error, group, "hops must be numbered 1, 2, 3 … in their order");
	if (!hop)
		return fail(error, group, "too many hops");
	return read_group(file, group, hop_keys, hop, error);
}

static bool read_flow(GKeyFile *file, const char *group, struct scenario *s, GError **error)
{
	struct sim_flow *flow = scenario_add_flow(s, group + strlen("flow "));

	if (!flow)
		return fail(error, group, "too many kinds of flows");
	return read_group(file, group, flow_keys, flow, error);
}

static bool read_any_group(GKeyFile *file, const char *group, struct scenario *s, GError **error)
{
	const struct {
		const char *name;
		const struct key *keys;
		void *base;
	} groups[] = {{"scenario", scenario_keys, s},	    {"host", host_keys, s},
		      {"destination", destination_keys, s}, {"capture", capture_keys, s},
		      {"tracer", tracer_keys, &s->tracer},  {"expect", expect_keys, &s->expect}};

	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
		if (g_str_equal(group, groups[i].name))
			return read_group(file, group, groups[i].keys, groups[i].base, error);
	if (g_str_has_prefix(group, "hop "))
		return read_hop(file, group, s, error);
	if (g_str_has_prefix(group, "flow "))
		return read_flow(file, group, s, error);
	return fail(error, group, "unknown group");
}

static bool read_groups(GKeyFile *file, struct scenario *scenario, GError **error)
{
	char **groups = g_key_file_get_groups(file, NULL);
	bool good = true;

	for (char **group = groups; good && *group; group++)
		good = read_any_group(file, *group, scenario, error);
	g_strfreev(groups);
	return good;
}

void scenario_each_key(void (*visit)(const char *group, const char *key, void *data), void *data)
{
	const struct {
		const char *name;
		const struct key *keys;
	} groups[] = {{"scenario", scenario_keys},
		      {"host", host_keys},
		      {"destination", destination_keys},
		      {"capture", capture_keys},
		      {"hop N", hop_keys},
		      {"flow NAME", flow_keys},
		      {"tracer", tracer_keys},
		      {"expect", expect_keys}};

	for (size_t i = 0; i < G_N_ELEMENTS(groups); i++)
		for (const struct key *key = groups[i].keys; key->name; key++)
			visit(groups[i].name, key->name, data);
}

typedef const char *check_function(const struct scenario *scenario);

static bool passes(const struct scenario *scenario, check_function *check, GError **error)
{
	const char *why = check(scenario);

	return !why || fail(error, "the whole", why);
}

static struct scenario *parse(const char *name, const char *text, check_function *check,
			      GError **error)
{
	GKeyFile *file = g_key_file_new();
	struct scenario *scenario = scenario_new(name);
	bool good = g_key_file_load_from_data(file, text, strlen(text), G_KEY_FILE_NONE, error) &&
		    read_groups(file, scenario, error) && passes(scenario, check, error);

	g_key_file_free(file);
	if (good)
		return scenario;
	g_prefix_error(error, "%s: ", name);
	scenario_free(scenario);
	return NULL;
}

struct scenario *scenario_parse(const char *name, const char *text, GError **error)
{
	return parse(name, text, scenario_check, error);
}

static struct scenario *load(const char *path, check_function *check, GError **error)
{
	struct scenario *scenario;
	char *text;

	if (!g_file_get_contents(path, &text, NULL, error))
		return NULL;
	scenario = parse(path, text, check, error);
	g_free(text);
	return scenario;
}

struct scenario *scenario_load(const char *path, GError **error)
{
	return load(path, scenario_check, error);
}

struct scenario *scenario_load_path(const char *path, GError **error)
{
	return load(path, scenario_check_path, error);
}
