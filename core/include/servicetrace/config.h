/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What to trace and how. A plain struct: st_config_init fills in the defaults,
 * the caller changes what it wants, st_tracer_new checks it.
 */
#ifndef SERVICETRACE_CONFIG_H
#define SERVICETRACE_CONFIG_H

#include <servicetrace/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a TCP probe is made from its flow; both are empty ACKs inside the flow. */
enum st_tcp_probe {
	ST_TCP_PROBE_STALE =
		0,	    /* a sequence number the peer has already acknowledged: does no harm */
	ST_TCP_PROBE_EXACT, /* the flow's latest seq and ack, as in the paper; only where SACK is on
			     */
};

/*
 * How a UDP probe is made. Over IPv4 an unknown application must not be reached:
 * with AUTO such a flow is probed hop by hop, and not near its destination. To
 * name a kind says that the application bears it.
 */
enum st_udp_probe {
	ST_UDP_PROBE_AUTO =
		0, /* EMPTY over IPv4; over IPv6 SELF_DESTRUCT, and CHECKSUM where that fails */
	ST_UDP_PROBE_EMPTY,    /* no payload, as in the paper */
	ST_UDP_PROBE_CHECKSUM, /* two bytes of payload that make the checksum a number of ours */
	ST_UDP_PROBE_SELF_DESTRUCT, /* IPv6 only: no checksum, so the destination drops it */
};

/*
 * Which flows are wanted. `all`, hosts, names, services and flows add up (any may
 * match); port, ip_version and protocol must match too, where given. Without any
 * of the first five nothing is wanted. A flow can become wanted when its name
 * becomes known, or when an answer of DNS names its server; until a ClientHello
 * has told better, all names that its client was given for the address count.
 */
struct st_selection {
	bool all;
	const struct st_prefix *hosts; /* flows with a peer in one of these */
	size_t host_count;
	const char *const *names; /* flows with a host of this name; "*.example.com": below it */
	size_t name_count;
	const char *const *services; /* flows of all services called so, by id or name */
	size_t service_count;
	const struct st_tuple *flows; /* these very flows, either direction */
	size_t flow_count;
	uint16_t port;	    /* of either end; 0: any */
	uint8_t ip_version; /* 4 or 6; 0: any */
	uint8_t protocol;   /* ST_PROTOCOL_TCP or ST_PROTOCOL_UDP; 0: either */
};

#define ST_PROBES_PER_HOP_MAX 10	  /* as traceroute */
#define ST_MAX_MISSING_DEFAULT UINT16_MAX /* 0 for concurrent, else 3 */
#define ST_FLOWS_KNOWN_DEFAULT 65536	  /* about 45 MB when full */
#define ST_MAX_FLOWS_LIMIT 65536
#define ST_RATE_LIMIT 1000000 /* probes per second */
#define ST_WAIT_MAX_NS (60 * ST_NS_PER_S)
#define ST_SHARDS_MAX 65536
#define ST_PERIOD_MAX_NS (UINT64_C(365) * 24 * 3600 * ST_NS_PER_S) /* of the two times below */

/* Everything pointed to must live until the tracer is freed. */
struct st_config {
	bool active; /* send probes; else only recognise those in the frames shown */
	struct st_selection selection;
	const struct st_signatures *signatures; /* NULL: no service is known */
	bool report_flows; /* ST_EVENT_FLOW_ENDED for each flow that is wanted */
	enum st_algorithm algorithm;
	enum st_tcp_probe tcp_probe;
	enum st_udp_probe udp_probe;
	uint16_t probes_per_hop;     /* 1 .. ST_PROBES_PER_HOP_MAX; default 3 */
	uint8_t first_ttl;	     /* default 1 */
	uint8_t max_ttl;	     /* default 32 */
	uint64_t inter_probe_ns;     /* between two probes of one TTL; default 1 ms */
	uint64_t inter_iteration_ns; /* between the trains of two TTLs; default 1 ms */
	uint64_t wait_ns;	     /* how long a reply is awaited; default 2 s */
	uint16_t max_missing;	     /* stop after so many silent hops in a row; 0: never */
	uint64_t flow_timeout_ns;    /* a flow silent for so long is over; default 30 s */
	uint64_t retrace_ns;	     /* trace again so long after a trace's end; 0: once */
	const struct st_prefix *borders;
	size_t border_count;
	uint32_t max_flows;	  /* traced at once, 1 .. ST_MAX_FLOWS_LIMIT; default 1024 */
	uint32_t max_known_flows; /* remembered; the one idle longest leaves; ST_FLOWS_KNOWN_DEFAULT
				   */
	uint32_t rate_pps;	  /* probes per second over all flows; default 1000 */
	uint64_t max_traces;	  /* begin no more than this; 0: no bound */
	/*
	 * The flows of how many runs this is one of: only those between two addresses
	 * whose hash falls to `shard` (1 .. shards) are looked at, the same on any machine.
	 * 0 or 1 shards: all. Names are taken from all DNS answers.
	 */
	uint32_t shard, shards;
	uint64_t seed; /* of hashes and first IPID; any number, random when live */
};

ST_API void st_config_init(struct st_config *config);

/* NULL if the values are usable together, else one line that says which is not. */
ST_API const char *st_config_check(const struct st_config *config);

#ifdef __cplusplus
}
#endif

#endif
