/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every option once: its names, its programs, its range, its help. A value out
 * of its range never reaches the rest of the program. What options mean
 * together is left to options.c.
 */
#include "option_table.h"

#include <string.h>

#include <servicetrace/flow.h>
#include <servicetrace/report.h>

#include "failure.h"
#include "host_name.h"
#include "values.h"

/* Longer waits between two probes of a trace serve nobody: the flow is gone by then. */
#define PAUSE_MAX_NS (60 * ST_NS_PER_S)
/* A reply within less is not to be had on any network. */
#define WAIT_MIN_NS ST_NS_PER_MS
/* A year: whoever wants more wants no bound. */
#define RUN_MAX_NS ST_PERIOD_MAX_NS
#define RUN_MIN_NS ST_NS_PER_MS
#define COUNT_MAX UINT32_MAX

static bool bad_value(GError **error, const char *name, const char *value, const char *why)
{
	g_set_error(error, FAILURE_ERROR, FAILURE_USAGE, "%s: \"%s\" %s", name, value, why);
	return false;
}

/* A number that fits a byte or two; the range says that the cast at the caller loses nothing. */
static bool small_number(const char *name, const char *value, uint64_t low, uint64_t high,
			 uint16_t *number, GError **error)
{
	uint64_t wide;

	if (!value_number(name, value, low, high, &wide, error))
		return false;
	*number = (uint16_t)wide;
	return true;
}

static gboolean set_interface(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	if (*value == '\0')
		return bad_value(error, name, value, "is no interface");
	if (strcmp(value, "any") == 0)
		return bad_value(error, name, value,
				 "cannot send probes; name one interface (-D lists them)");
	g_free(options->interface);
	options->interface = g_strdup(value);
	return TRUE;
}

static char *without_final_dot(const char *name)
{
	size_t bytes = strlen(name);

	return g_strndup(name, bytes > 1 && name[bytes - 1] == '.' ? bytes - 1 : bytes);
}

/* A host's name, or "*." and one. */
static bool is_name_selection(const char *value)
{
	g_autofree char *name = without_final_dot(value);

	return is_host_name(g_str_has_prefix(name, "*.") ? name + 2 : name);
}

static gboolean add_host(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;
	struct st_prefix prefix;

	if (st_prefix_parse(value, &prefix) == ST_OK)
		g_array_append_val(options->hosts, prefix);
	else if (is_name_selection(value))
		g_ptr_array_add(options->names, without_final_dot(value));
	else
		return bad_value(error, name, value, "is no address, prefix or host name");
	return TRUE;
}

static gboolean add_service(G_GNUC_UNUSED const char *name, const char *value, void *data,
			    G_GNUC_UNUSED GError **error)
{
	g_ptr_array_add(((struct options *)data)->services, g_strdup(value));
	return TRUE;
}

static gboolean add_signatures(const char *name, const char *value, void *data, GError **error)
{
	if (*value == '\0')
		return bad_value(error, name, value, "is no file or folder");
	g_ptr_array_add(((struct options *)data)->signature_paths, g_strdup(value));
	return TRUE;
}

static gboolean add_asn_db(const char *name, const char *value, void *data, GError **error)
{
	if (*value == '\0')
		return bad_value(error, name, value, "is no file");
	g_ptr_array_add(((struct options *)data)->asn_paths, g_strdup(value));
	return TRUE;
}

static gboolean add_border(const char *name, const char *value, void *data, GError **error)
{
	struct st_prefix prefix;

	if (st_prefix_parse(value, &prefix) != ST_OK)
		return bad_value(error, name, value, "is no address or prefix");
	g_array_append_val(((struct options *)data)->borders, prefix);
	return TRUE;
}

static gboolean add_flow(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;
	struct st_tuple flow;

	if (st_tuple_parse(value, &flow) != ST_OK)
		return bad_value(error, name, value,
				 "is not like \"tcp SRC:PORT DST:PORT\" (or udp)");
	g_array_append_val(options->flows, flow);
	return TRUE;
}

static gboolean set_port(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	return small_number(name, value, 1, UINT16_MAX, &options->config.selection.port, error);
}

static gboolean set_protocol(const char *name, const char *value, void *data, GError **error)
{
	static const struct value_word words[] = {
		{"tcp", ST_PROTOCOL_TCP},
		{"udp", ST_PROTOCOL_UDP},
	};
	struct options *options = data;
	int word;

	if (!value_word(name, value, words, G_N_ELEMENTS(words), &word, error))
		return FALSE;
	options->config.selection.protocol = (uint8_t)word;
	return TRUE;
}

static gboolean set_algorithm(const char *name, const char *value, void *data, GError **error)
{
	static const enum st_algorithm known[] = {
		ST_ALGORITHM_CONCURRENT,
		ST_ALGORITHM_HOP_BY_HOP,
		ST_ALGORITHM_PACKET_BY_PACKET,
	};
	struct options *options = data;

	for (size_t i = 0; i < G_N_ELEMENTS(known); i++) {
		if (strcmp(value, st_algorithm_text(known[i])) == 0) {
			options->config.algorithm = known[i];
			return TRUE;
		}
	}
	return bad_value(error, name, value,
			 "is not one of concurrent, hop-by-hop, packet-by-packet");
}

static gboolean set_probes(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	return small_number(name, value, 1, ST_PROBES_PER_HOP_MAX, &options->config.probes_per_hop,
			    error);
}

static gboolean set_first_ttl(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;
	uint16_t ttl;

	if (!small_number(name, value, 1, UINT8_MAX, &ttl, error))
		return FALSE;
	options->config.first_ttl = (uint8_t)ttl;
	return TRUE;
}

static gboolean set_max_ttl(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;
	uint16_t ttl;

	if (!small_number(name, value, 1, UINT8_MAX, &ttl, error))
		return FALSE;
	options->config.max_ttl = (uint8_t)ttl;
	return TRUE;
}

static gboolean set_inter_probe(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	return value_time(name, value, 0, PAUSE_MAX_NS, &options->config.inter_probe_ns, error);
}

static gboolean set_inter_iteration(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	return value_time(name, value, 0, PAUSE_MAX_NS, &options->config.inter_iteration_ns, error);
}

static gboolean set_wait(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	return value_time(name, value, WAIT_MIN_NS, ST_WAIT_MAX_NS, &options->config.wait_ns,
			  error);
}

static gboolean set_max_missing(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	return small_number(name, value, 0, UINT8_MAX, &options->config.max_missing, error);
}

static gboolean set_tcp_probe(const char *name, const char *value, void *data, GError **error)
{
	static const struct value_word words[] = {
		{"stale", ST_TCP_PROBE_STALE},
		{"exact", ST_TCP_PROBE_EXACT},
	};
	struct options *options = data;
	int word;

	if (!value_word(name, value, words, G_N_ELEMENTS(words), &word, error))
		return FALSE;
	options->config.tcp_probe = (enum st_tcp_probe)word;
	return TRUE;
}

static gboolean set_udp_probe(const char *name, const char *value, void *data, GError **error)
{
	static const struct value_word words[] = {
		{"empty", ST_UDP_PROBE_EMPTY},
		{"checksum", ST_UDP_PROBE_CHECKSUM},
		{"self-destruct", ST_UDP_PROBE_SELF_DESTRUCT},
	};
	struct options *options = data;
	int word;

	if (!value_word(name, value, words, G_N_ELEMENTS(words), &word, error))
		return FALSE;
	options->config.udp_probe = (enum st_udp_probe)word;
	return TRUE;
}

static gboolean set_flow_timeout(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	return value_time(name, value, RUN_MIN_NS, ST_PERIOD_MAX_NS,
			  &options->config.flow_timeout_ns, error);
}

static gboolean set_retrace(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	return value_time(name, value, 0, ST_PERIOD_MAX_NS, &options->config.retrace_ns, error);
}

static gboolean set_max_flows(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;
	uint64_t number;

	if (!value_number(name, value, 1, ST_MAX_FLOWS_LIMIT, &number, error))
		return FALSE;
	options->config.max_flows = (uint32_t)number;
	return TRUE;
}

static gboolean set_rate(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;
	uint64_t number;

	if (!value_number(name, value, 1, ST_RATE_LIMIT, &number, error))
		return FALSE;
	options->config.rate_pps = (uint32_t)number;
	return TRUE;
}

static gboolean set_count(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	return value_number(name, value, 1, COUNT_MAX, &options->count, error);
}

static gboolean set_duration(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	return value_time(name, value, RUN_MIN_NS, RUN_MAX_NS, &options->duration_ns, error);
}

static gboolean set_idle(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	return value_time(name, value, RUN_MIN_NS, RUN_MAX_NS, &options->idle_ns, error);
}

static gboolean set_format(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;

	if (st_report_format_parse(value, &options->format) != ST_OK)
		return bad_value(error, name, value,
				 "is not one of text, json, scamper, atlas, service-traceroute, "
				 "csv, dot, html");
	options->format_given = true;
	return TRUE;
}

/* "2/8": of eight shards the second. */
static gboolean set_shard(const char *name, const char *value, void *data, GError **error)
{
	struct options *options = data;
	g_auto(GStrv) halves = g_strsplit(value, "/", 2);
	uint64_t shard, shards;

	if (g_strv_length(halves) != 2)
		return bad_value(error, name, value, "is not of the form I/N");
	if (!value_number(name, halves[1], 1, ST_SHARDS_MAX, &shards, error) ||
	    !value_number(name, halves[0], 1, shards, &shard, error))
		return FALSE;
	options->config.shard = (uint32_t)shard;
	options->config.shards = (uint32_t)shards;
	return TRUE;
}

static bool set_path(char **path, const char *name, const char *value, GError **error)
{
	if (*value == '\0')
		return bad_value(error, name, value, "is no file");
	g_free(*path);
	*path = g_strdup(value);
	return true;
}

static gboolean set_write(const char *name, const char *value, void *data, GError **error)
{
	return set_path(&((struct options *)data)->write_path, name, value, error);
}

static gboolean set_expect(const char *name, const char *value, void *data, GError **error)
{
	return set_path(&((struct options *)data)->expect_path, name, value, error);
}

#define BOTH (TOOL_INJECT | TOOL_REPLAY)
/* Without the library that reads the databases the option does not exist. */
#define WITH_MAXMINDDB (ST_HAVE_MAXMINDDB ? BOTH : 0)
#define FLAG(field) NULL, offsetof(struct options, field), NULL
#define VALUE(argument, set) argument, 0, set

/* In the order in which --help shows them. */
const struct option_spec option_table[] = {
	{"interface", 'i', TOOL_INJECT, VALUE("IFACE", set_interface),
	 "Capture and send here (default route's)"},
	{"service", 's', BOTH, VALUE("NAME", add_service),
	 "Flows of this service (repeatable; st-signatures list)"},
	{"host", 'H', BOTH, VALUE("NAME|ADDRESS|PREFIX", add_host),
	 "Flows with this peer (repeatable)"},
	{"flow", 'F', BOTH, VALUE("FLOW", add_flow),
	 "This flow, \"tcp|udp SRC:PORT DST:PORT\" (repeatable)"},
	{"all", 0, BOTH, FLAG(all), "Every TCP and UDP flow"},
	{"port", 'p', BOTH, VALUE("N", set_port), "Of these only flows with this port"},
	{"protocol", 0, BOTH, VALUE("NAME", set_protocol), "Of these only tcp or udp"},
	{"ipv4", '4', BOTH, FLAG(ipv4), "Of these only IPv4"},
	{"ipv6", '6', BOTH, FLAG(ipv6), "Of these only IPv6"},
	{"algorithm", 'a', TOOL_INJECT, VALUE("NAME", set_algorithm),
	 "concurrent, hop-by-hop or packet-by-packet"},
	{"probes", 'q', TOOL_INJECT, VALUE("N", set_probes), "Probes per hop, 1 to 10 (3)"},
	{"first-ttl", 'f', TOOL_INJECT, VALUE("N", set_first_ttl),
	 "The first distance probed, 1 to 255 (1)"},
	{"max-ttl", 'm', TOOL_INJECT, VALUE("N", set_max_ttl),
	 "The last distance probed, 1 to 255 (32)"},
	{"inter-probe-time", 0, TOOL_INJECT, VALUE("T", set_inter_probe),
	 "Between two probes of a hop (1ms)"},
	{"inter-iteration-time", 0, TOOL_INJECT, VALUE("T", set_inter_iteration),
	 "Between the probes of two hops (1ms)"},
	{"wait", 0, BOTH, VALUE("T", set_wait), "How long a reply is awaited (2s)"},
	{"max-missing", 0, TOOL_INJECT, VALUE("N", set_max_missing),
	 "Stop after N silent hops in a row, 0: never"},
	{"border", 0, BOTH, VALUE("ADDRESS|PREFIX", add_border),
	 "Stop at this router (repeatable)"},
	{"flow-timeout", 0, BOTH, VALUE("T", set_flow_timeout),
	 "A flow silent for so long is over (30s)"},
	{"retrace", 0, TOOL_INJECT, VALUE("T", set_retrace),
	 "Trace the same flow again T after a trace, 0: once"},
	{"tcp-probe", 0, TOOL_INJECT, VALUE("KIND", set_tcp_probe),
	 "stale (harmless, default) or exact"},
	{"udp-probe", 0, TOOL_INJECT, VALUE("KIND", set_udp_probe),
	 "empty, checksum or self-destruct (by IP version)"},
	{"max-flows", 0, TOOL_INJECT, VALUE("N", set_max_flows),
	 "Flows traced at once, at most (1024)"},
	{"rate", 0, TOOL_INJECT, VALUE("PPS", set_rate),
	 "Probes a second at most, all flows (1000)"},
	{"count", 0, TOOL_INJECT, VALUE("N", set_count), "End after N traces"},
	{"duration", 0, TOOL_INJECT, VALUE("T", set_duration), "End after T"},
	{"idle", 0, TOOL_INJECT, VALUE("T", set_idle), "End after T without a wanted packet"},
	{"signatures", 0, BOTH, VALUE("PATH", add_signatures),
	 "Services of this folder or file, too (repeatable)"},
	{"flows", 0, BOTH, FLAG(flows_too), "Report each flow as such, too"},
	{"shard", 0, TOOL_REPLAY, VALUE("I/N", set_shard),
	 "Only the I-th of N shares of the flows"},
	{"output", 'o', BOTH, VALUE("FORMAT", set_format),
	 "text, json, csv, html, dot, scamper, atlas or service-traceroute (text)"},
	{"numeric", 'n', BOTH, FLAG(numeric), "Do not ask DNS for the names of routers"},
	{"asn-db", 0, WITH_MAXMINDDB, VALUE("FILE", add_asn_db),
	 "AS numbers or countries of this MaxMind DB (repeatable)"},
	{"write", 'w', BOTH, VALUE("FILE", set_write),
	 "Write what matters as pcapng (-: to stdout)"},
	{"expect", 0, TOOL_REPLAY, VALUE("REPORT", set_expect),
	 "Print differences to this saved JSON report"},
	{"list-interfaces", 'D', TOOL_INJECT, FLAG(list_interfaces), "List the interfaces"},
	{"verbose", 'v', BOTH, FLAG(verbose), "Tell on stderr what is done and why"},
	{"quiet", 0, BOTH, FLAG(quiet), "No summary"},
	{"version", 0, BOTH, FLAG(version), "Show the version"},
	{"help", 0, BOTH, FLAG(help), "Show this text"},
};

const size_t option_count = G_N_ELEMENTS(option_table);
