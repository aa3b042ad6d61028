/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is simulated: a path of routers, the applications that talk over it, how
 * the tracer is set and what must come out. Read from a scenario file
 * (testdata/scenarios/README.md documents every key) or made up from a seed.
 * Holds data only; network.c, conversation.c and simnet.c bring it to life.
 */
#ifndef SIMNET_SCENARIO_H
#define SIMNET_SCENARIO_H

#include <glib.h>
#include <servicetrace/config.h>

#define SIM_HOPS_MAX 64	 /* the paths of the Internet are shorter */
#define SIM_FLOWS_MAX 16 /* kinds of flows, not flows */
#define SIM_CHANGES_MAX 32
#define SIM_LABELS_MAX 12 /* more than the tracer keeps */
#define SIM_BORDERS_MAX 8
#define SIM_HOSTS_MAX 8
#define QUOTE_ALL UINT32_MAX
#define AS_SENT UINT32_MAX  /* a number that is not set */
#define SIM_NOTES_BYTES 256 /* of a list of notes, as text */

enum version { V4, V6, VERSIONS };

enum sim_mpls { MPLS_NONE, MPLS_WITH_LENGTH, MPLS_WITHOUT_LENGTH };
#define QUEUE_PACKETS 1000 /* as Linux has it before an interface */

/* What becomes of a field of the packet that a router quotes. */
enum sim_field { FIELD_KEPT, FIELD_ZERO, FIELD_SWAPPED, FIELD_RANDOM };

/* By what a router chooses between parallel ones behind it. */
enum sim_balance { BALANCE_FLOW, BALANCE_PACKET };

/* What a middlebox does not let pass, in either direction. */
enum sim_drop {
	DROP_NOTHING,
	DROP_ZERO_CHECKSUM,   /* UDP over IPv6 without a checksum */
	DROP_ICMP_ERRORS,     /* of the routers behind it; its own leave */
	DROP_EMPTY_DATAGRAMS, /* UDP without payload */
	DROP_OLD_SEGMENTS,    /* TCP: empty, and behind what was sent before */
};

/* An address translator restores the packet that an error quotes, or but for checksums, or not. */
enum sim_nat { NAT_NONE, NAT_RESTORING, NAT_HALF_RESTORING, NAT_BROKEN };

/* What a middlebox writes into the headers of packets that leave it for the far side. */
struct sim_rewrite {
	uint32_t dscp, ecn;   /* or AS_SENT */
	uint32_t flow_label;  /* IPv6; or AS_SENT */
	enum sim_field ip_id; /* IPv4 */
	bool clears_df;	      /* IPv4 */
	/* Of TCP probes alone, so that the flow itself lives. */
	uint32_t window;    /* or AS_SENT */
	uint32_t add_ack;   /* to the ACK number */
	uint32_t set_flags; /* beside those that are set */
	uint32_t add_bytes; /* of payload */
};

/* The room before a link whose bandwidth is used up; what does not fit is dropped. */
struct sim_queue {
	uint64_t limit;
	bool in_packets; /* else bytes */
};

/* A link; what it does, it does in each direction for itself. */
struct sim_link {
	uint64_t delay_ns;  /* one way */
	uint64_t jitter_ns; /* at most so much more; the order stays */
	double loss;	    /* of any packet, as the following ones */
	double duplicate;
	double reorder; /* held back by reorder_ns, so that others overtake it */
	uint64_t reorder_ns;
	uint64_t bandwidth_bps; /* 0: no bound, and nothing waits */
	struct sim_queue queue;
};

/* A router, or a group of parallel ones. */
struct sim_hop {
	struct st_addr address[VERSIONS]; /* of the first; the others count up */
	uint32_t routers;
	enum sim_balance balance;
	uint32_t detour;	  /* every second branch has so many more routers */
	struct sim_link link;	  /* before it */
	double answer_loss;	  /* of this router's answers only */
	uint64_t answer_delay_ns; /* it takes its time to answer */
	bool silent;
	uint32_t answer_rate; /* a second and client; 0: no limit */
	uint32_t answer_burst;
	struct st_addr answers_from[VERSIONS]; /* version 0: its own address */
	uint32_t quote_bytes;		       /* of transport, or QUOTE_ALL */
	uint32_t quoted_ttl;		       /* or AS_SENT */
	uint32_t quoted_tos;		       /* or AS_SENT */
	enum sim_field quoted_ip_id, quoted_udp_length, quoted_udp_checksum;
	uint32_t reply_ttl; /* as the router sends it */
	enum sim_mpls mpls;
	uint32_t label, labels;	 /* of the top entry, the others count up; how many */
	uint32_t label_ttl;	 /* of the top entry */
	uint32_t decrement;	 /* of the TTL; 0: it is not seen by probes */
	uint32_t decrement_back; /* of what comes back; AS_SENT: the same */
	uint32_t loops_to;	 /* probes go on from before this hop; 0: they go on ahead */
	struct sim_rewrite rewrite;
	bool forwards_zero; /* a TTL that ends here goes on as 0 */
	enum sim_drop drop;
	enum sim_nat nat;
};

/* From a time on a hop is another one. */
struct sim_change {
	uint64_t at_ns;
	uint32_t hop; /* counted from 1 */
	struct sim_hop after;
};

enum sim_side { SIM_LOCAL, SIM_REMOTE };
enum sim_end { END_FIN, END_RST, END_SILENT };

/* Whether the local socket has IP_RECVERR set, or nobody can see that. */
enum sim_recverr { RECVERR_NO, RECVERR_YES, RECVERR_UNKNOWN };

/* A number of like flows of an application. */
struct sim_flow {
	char *name;
	uint32_t protocol; /* ST_PROTOCOL_TCP or ST_PROTOCOL_UDP */
	bool quic;	   /* UDP: begins with QUIC Initials */
	bool checksums;	   /* UDP: sent, and over IPv6 insisted on */
	enum sim_recverr recverr;
	uint32_t count;
	uint32_t ip_version;
	enum sim_side server;		  /* which end listens */
	uint32_t local_port, remote_port; /* the client's counts up from flow to flow */
	uint64_t start_ns, spacing_ns;
	uint64_t first_message_ns; /* after the handshake */
	uint64_t interval_ns;	   /* between the client's messages */
	uint64_t lifetime_ns;	   /* from its start to its end */
	uint32_t request_bytes, reply_bytes;
	uint32_t segment_bytes; /* data in one segment; more than a link carries with GSO */
	bool sack, timestamps;
	uint32_t local_isn, remote_isn;
	uint32_t local_window, remote_window; /* bytes of receive buffer */
	uint32_t window_scale;
	bool stalled; /* the local application never reads */
	enum sim_end end;
	enum sim_side end_by;
	uint64_t seen_after_ns; /* the capture begins this long after its start */
	bool lost_third_ack;	/* and SYN cookies: the server knows nothing until an ACK */
	uint32_t tos, flow_label, ttl;
};

/* Kinds of notes that a scenario may expect. */
enum sim_note {
	NOTE_ANY,
	NOTE_NAT,
	NOTE_ALGORITHM,
	NOTE_NEAR_DESTINATION,
	NOTE_ZERO_CHECKSUM,
	NOTE_RECVERR_UNKNOWN
};

/* What must come out beside what follows from the path. */
struct sim_expect {
	uint32_t traces; /* AS_SENT: not checked, so for the following ones */
	uint32_t refused;
	uint32_t unmatched;  /* ICMP errors that no probe explains */
	int32_t stop_reason; /* enum st_stop_reason of every trace; ST_STOP_NONE: not checked */
	bool complete;	     /* every TTL asked for got all its probes */
	enum sim_note note;  /* that every trace has */
	/* All notes of what the path does, of a flow's first trace and of later ones; "": not
	 * checked.
	 */
	char notes[SIM_NOTES_BYTES], later_notes[SIM_NOTES_BYTES];
};

struct sim_tracer {
	enum st_algorithm algorithm;
	enum st_tcp_probe tcp_probe;
	enum st_udp_probe udp_probe;
	uint64_t flow_timeout_ns, retrace_ns;
	uint32_t probes, first_ttl, max_ttl, max_missing;
	uint64_t inter_probe_ns, inter_iteration_ns, wait_ns;
	struct st_prefix borders[SIM_BORDERS_MAX];
	size_t border_count;
	struct st_prefix hosts[SIM_HOSTS_MAX];
	size_t host_count; /* 0: every flow is wanted */
	uint32_t port, ip_version, protocol;
	uint32_t max_flows, max_known_flows, rate, max_traces;
};

struct scenario {
	char *name;
	uint32_t seed;
	uint64_t limit_ns; /* the simulation never lasts longer */
	struct st_addr host[VERSIONS];
	struct st_addr destination[VERSIONS];
	struct sim_link last_link; /* before the destination */
	size_t hop_count;
	struct sim_hop hops[SIM_HOPS_MAX]; /* [0] is TTL 1 */
	size_t change_count;
	struct sim_change changes[SIM_CHANGES_MAX]; /* in the order of time */
	size_t flow_count;
	struct sim_flow flows[SIM_FLOWS_MAX];
	enum st_link_type link;
	bool vlan;
	uint32_t snap_bytes;	   /* frames are captured up to here */
	uint64_t capture_delay_ns; /* from a frame's stamp to its being shown */
	struct sim_tracer tracer;
	struct sim_expect expect;
};

/* Calls `visit` for every key that a file may hold; for the test of its documentation. */
void scenario_each_key(void (*visit)(const char *group, const char *key, void *data), void *data);

/* Everything at its default: no hop, no flow. */
struct scenario *scenario_new(const char *name);

/* Reads a file; NULL and an error that names file and key if it is not right. */
struct scenario *scenario_load(const char *path, GError **error);

/* The same of a file that need not hold a flow: who borrows the path alone brings his own. */
struct scenario *scenario_load_path(const char *path, GError **error);

/* As scenario_load, from text; `name` stands in errors. */
struct scenario *scenario_parse(const char *name, const char *text, GError **error);

/* As a file that reads the same (times in whole microseconds); freed with g_free. */
char *scenario_text(const struct scenario *scenario);

void scenario_free(struct scenario *scenario);

/* Appends a hop or flow at its defaults; NULL if there are too many. */
struct sim_hop *scenario_add_hop(struct scenario *scenario);

/* The hop (from 1) as it is from then on: so far like before. NULL: no such hop, or too many. */
struct sim_hop *scenario_add_change(struct scenario *scenario, uint64_t at_ns, uint32_t hop);
struct sim_flow *scenario_add_flow(struct scenario *scenario, const char *name);

/* The tracer's configuration; it points into the scenario. */
void scenario_config(const struct scenario *scenario, struct st_config *config);

/* One line that says what does not go together, or NULL. */
const char *scenario_check(const struct scenario *scenario);

/* The same of the path alone, whatever flows there are. */
const char *scenario_check_path(const struct scenario *scenario);

#endif
