/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Puts the filter together. It only keeps work away from the program; which flow
 * is wanted is decided by the tracer.
 *
 * In pcap-filter(7) `vlan`, `pppoes` and `mpls` move the offsets of all that
 * follows, so one expression cannot speak of packets with and without them.
 * Therefore several programs are compiled and laid one behind the other: where
 * one would refuse a frame, the next one is asked.
 */
#include "filter.h"

#include <string.h>

#include "failure.h"

/* Unreachable, the old source quench, time exceeded, parameter problem (RFC 792). */
#define ICMP4_ERRORS "icmp and (icmp[0] = 3 or icmp[0] = 4 or icmp[0] = 11 or icmp[0] = 12)"
/* The four errors of RFC 4443; 40 is the length of an IPv6 header. */
#define ICMP6_ERRORS "icmp6 and ip6[40] >= 1 and ip6[40] <= 4"
/*
 * What DNS answers, also in pieces: later fragments say nothing of ports. A name may be asked for
 * over one IP version and used over the other.
 */
#define ANSWERS                                                                                    \
	"(udp src port 53) or (tcp src port 53) or (ip proto 17 and ip[6:2] & 0x1fff != 0) or "    \
	"(ip6 proto 44)"

/* What a link may lay around a host's packets. Deeper stacks are not a host's, or not known to
 * libpcap. */
static const char *const encapsulations[] = {
	"pppoes",
	"mpls",
	"mpls and mpls",
	"mpls and mpls and mpls",
	"vlan",
	"vlan and pppoes",
	"vlan and mpls",
	"vlan and mpls and mpls",
	"vlan and vlan",
	"vlan and vlan and pppoes",
	"vlan and vlan and mpls",
};

static void add_host(GString *text, const struct st_prefix *prefix)
{
	char addr[ST_ADDR_TEXT_BYTES];

	st_addr_format(&prefix->addr, addr);
	/* libpcap refuses prefixes of no bits. */
	if (prefix->bits == 0)
		g_string_append(text, prefix->addr.version == 6 ? "ip6" : "ip");
	else
		g_string_append_printf(text, "net %s/%u", addr, prefix->bits);
}

static void add_one_way(GString *text, const char *source, unsigned source_port,
			const char *destination, unsigned destination_port)
{
	g_string_append_printf(text,
			       "(src host %s and src port %u and dst host %s and dst port %u)",
			       source, source_port, destination, destination_port);
}

static void add_flow(GString *text, const struct st_tuple *flow)
{
	char source[ST_ADDR_TEXT_BYTES], destination[ST_ADDR_TEXT_BYTES];

	st_addr_format(&flow->source, source);
	st_addr_format(&flow->destination, destination);
	add_one_way(text, source, flow->source_port, destination, flow->destination_port);
	g_string_append(text, " or ");
	add_one_way(text, destination, flow->destination_port, source, flow->source_port);
}

/* False: a name can select any flow, or there are too many peers to name. */
static bool can_name_peers(const struct st_selection *selection)
{
	return !selection->all && selection->name_count == 0 && selection->service_count == 0 &&
	       selection->host_count + selection->flow_count <= FILTER_PEERS_MAX;
}

static void add_peers(GString *text, const struct st_selection *selection)
{
	const char *before = " and (";

	if (!can_name_peers(selection))
		return;
	for (size_t i = 0; i < selection->host_count; i++, before = " or ") {
		g_string_append(text, before);
		add_host(text, &selection->hosts[i]);
	}
	for (size_t i = 0; i < selection->flow_count; i++, before = " or ") {
		g_string_append(text, before);
		add_flow(text, &selection->flows[i]);
	}
	g_string_append(text, ")");
}

static const char *transports(const struct st_selection *selection)
{
	switch (selection->protocol) {
	case ST_PROTOCOL_TCP:
		return "tcp";
	case ST_PROTOCOL_UDP:
		return "udp";
	default:
		return "(tcp or udp)";
	}
}

static const char *errors_text(const struct st_selection *selection)
{
	switch (selection->ip_version) {
	case 4:
		return "(" ICMP4_ERRORS ")";
	case 6:
		return "(" ICMP6_ERRORS ")";
	default:
		return "(" ICMP4_ERRORS ") or (" ICMP6_ERRORS ")";
	}
}

/* What is let in whatever the expression says. */
static char *always_text(const struct filter_request *request)
{
	const char *errors = errors_text(request->selection);

	return request->with_answers ? g_strdup_printf("%s or (" ANSWERS ")", errors)
				     : g_strdup(errors);
}

static char *flows_text(const struct st_selection *selection, bool with_peers)
{
	GString *text = g_string_new(transports(selection));

	if (selection->ip_version != 0)
		g_string_append(text, selection->ip_version == 4 ? " and ip" : " and ip6");
	if (selection->port != 0)
		g_string_append_printf(text, " and port %u", selection->port);
	if (with_peers)
		add_peers(text, selection);
	return g_string_free(text, FALSE);
}

/* The expression stands last, in case it moves offsets. */
static char *whole_text(const struct filter_request *request, bool with_peers)
{
	g_autofree char *always = always_text(request);
	g_autofree char *flows = flows_text(request->selection, with_peers);

	if (request->expression == NULL)
		return g_strdup_printf("%s or (%s)", always, flows);
	return g_strdup_printf("%s or (%s and (%s))", always, flows, request->expression);
}

/* A name that contains one of the words costs some instructions, nothing else. */
static bool speaks_of_encapsulation(const char *expression)
{
	return expression != NULL &&
	       (strstr(expression, "vlan") != NULL || strstr(expression, "pppoes") != NULL ||
		strstr(expression, "mpls") != NULL || strstr(expression, "geneve") != NULL);
}

/*
 * For packets behind `encapsulation`. An expression that speaks of such things
 * itself says where it wants to be true; then only what is always let in remains here.
 */
static char *encapsulated_text(const char *encapsulation, const struct filter_request *request,
			       bool with_peers)
{
	g_autofree char *inner = speaks_of_encapsulation(request->expression)
					 ? always_text(request)
					 : whole_text(request, with_peers);

	return g_strdup_printf("%s and (%s)", encapsulation, inner);
}

/* Appends a program; all that it refuses goes on behind it. */
static void append(GArray *joined, const struct bpf_program *program)
{
	for (u_int i = 0; i < program->bf_len; i++) {
		struct bpf_insn instruction = program->bf_insns[i];

		if (instruction.code == (BPF_RET | BPF_K) && instruction.k == 0)
			instruction = (struct bpf_insn)BPF_STMT(BPF_JMP | BPF_JA,
								program->bf_len - i - 1);
		g_array_append_val(joined, instruction);
	}
}

static void append_instruction(GArray *joined, struct bpf_insn instruction)
{
	g_array_append_val(joined, instruction);
}

/* Plain IP has had its say: it need not be asked for tags it has not. */
static void append_end_of_plain_ip(GArray *joined)
{
	append_instruction(joined, (struct bpf_insn)BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 12));
	append_instruction(joined,
			   (struct bpf_insn)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x0800, 1, 0));
	append_instruction(joined,
			   (struct bpf_insn)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0x86dd, 0, 1));
	append_instruction(joined, (struct bpf_insn)BPF_STMT(BPF_RET | BPF_K, 0));
}

/* False: libpcap cannot ask this on such a link, or it is never true there. */
static bool append_if_possible(GArray *joined, pcap_t *pcap, const char *text)
{
	struct bpf_program program;

	if (pcap_compile(pcap, &program, text, true, PCAP_NETMASK_UNKNOWN) != 0)
		return false;
	append(joined, &program);
	pcap_freecode(&program);
	return true;
}

/*
 * On a live Ethernet libpcap asks the kernel for a tag that it has taken off, and
 * gets lost between `vlan` and `pppoes` (1.10.3). What the kernel has taken off is
 * not in our way; so these are compiled for frames as they lie there, unless the
 * expression asks what only a live link can tell (`inbound` ...).
 */
static void append_for_frames(GArray *joined, pcap_t *pcap, const char *text)
{
	pcap_t *frames = pcap_open_dead(DLT_EN10MB, pcap_snapshot(pcap));

	if (!append_if_possible(joined, frames, text))
		append_if_possible(joined, pcap, text);
	pcap_close(frames);
}

static void append_encapsulated(GArray *joined, pcap_t *pcap, const struct filter_request *request,
				bool with_peers)
{
	append_end_of_plain_ip(joined);
	for (size_t i = 0; i < G_N_ELEMENTS(encapsulations); i++) {
		g_autofree char *text = encapsulated_text(encapsulations[i], request, with_peers);

		append_for_frames(joined, pcap, text);
	}
}

/* Room is kept for the last instruction, which refuses what nobody has let in. */
static bool fits(const GArray *joined)
{
	return joined->len < FILTER_INSTRUCTIONS_MAX;
}

/* With peers, unless so many copies of what has been said of plain IP will hardly fit. */
static bool add_encapsulated(GArray *joined, pcap_t *pcap, const struct filter_request *request)
{
	guint before = joined->len;
	bool with_peers = before * (G_N_ELEMENTS(encapsulations) + 1) < FILTER_INSTRUCTIONS_MAX;

	append_encapsulated(joined, pcap, request, with_peers);
	if (!fits(joined) && with_peers) {
		g_array_set_size(joined, before);
		append_encapsulated(joined, pcap, request, false);
	}
	if (fits(joined))
		return true;
	g_array_set_size(joined, before);
	return false;
}

static bool compile(pcap_t *pcap, struct bpf_program *program, const char *text, bool optimize,
		    GError **error)
{
	if (pcap_compile(pcap, program, text, optimize, PCAP_NETMASK_UNKNOWN) == 0)
		return true;
	g_set_error(error, FAILURE_ERROR, FAILURE_USAGE, "filter \"%s\": %s", text,
		    pcap_geterr(pcap));
	return false;
}

/* Alone and first, so that an error speaks of nothing else. */
static bool check_expression(pcap_t *pcap, const char *expression, GError **error)
{
	struct bpf_program program;

	if (expression == NULL)
		return true;
	if (!compile(pcap, &program, expression, false, error))
		return false;
	pcap_freecode(&program);
	return true;
}

/* First, so that it moves the offsets of what it is about; a tag may be where it lies, or taken
 * off. */
static void add_moving_expression(GArray *joined, pcap_t *pcap,
				  const struct filter_request *request)
{
	if (!speaks_of_encapsulation(request->expression))
		return;
	g_autofree char *flows = flows_text(request->selection, true);
	g_autofree char *text = g_strdup_printf("(%s) and (%s)", request->expression, flows);

	append_if_possible(joined, pcap, text);
	if (pcap_datalink(pcap) == DLT_EN10MB)
		append_for_frames(joined, pcap, text);
}

static void take(struct filter *filter, GArray *joined)
{
	append_instruction(joined, (struct bpf_insn)BPF_STMT(BPF_RET | BPF_K, 0));
	filter->program.bf_len = joined->len;
	filter->program.bf_insns = (struct bpf_insn *)(void *)g_array_free(joined, FALSE);
}

bool filter_make(struct filter *filter, pcap_t *pcap, const struct filter_request *request,
		 GError **error)
{
	struct bpf_program plain;
	GArray *joined;

	*filter = (struct filter){0};
	if (!check_expression(pcap, request->expression, error))
		return false;
	filter->text = whole_text(request, true);
	if (!compile(pcap, &plain, filter->text, true, error))
		return false;
	joined = g_array_new(FALSE, FALSE, sizeof(struct bpf_insn));
	append(joined, &plain);
	pcap_freecode(&plain);
	add_moving_expression(joined, pcap, request);
	if (!fits(joined)) {
		g_set_error(error, FAILURE_ERROR, FAILURE_USAGE,
			    "the filter is too long for the kernel: %u instructions of %u",
			    joined->len + 1, FILTER_INSTRUCTIONS_MAX);
		g_array_unref(joined);
		return false;
	}
	if (pcap_datalink(pcap) == DLT_EN10MB)
		filter->plain_only = !add_encapsulated(joined, pcap, request);
	take(filter, joined);
	return true;
}

/* Linux gives what it knows of a packet at negative offsets (SKF_AD_OFF in linux/filter.h). */
bool filter_needs_kernel(const struct filter *filter)
{
	for (u_int i = 0; i < filter->program.bf_len; i++) {
		const struct bpf_insn *instruction = &filter->program.bf_insns[i];

		if (BPF_CLASS(instruction->code) == BPF_LD &&
		    BPF_MODE(instruction->code) == BPF_ABS && instruction->k > INT32_MAX)
			return true;
	}
	return false;
}

void filter_clear(struct filter *filter)
{
	g_free(filter->program.bf_insns);
	g_free(filter->text);
	*filter = (struct filter){0};
}
