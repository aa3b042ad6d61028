/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's filter, asked here in libpcap's own interpreter: what is selected
 * passes behind every kind of link header, what is not selected does not.
 */
#include "filter.h"
#include "samples.h"

#define SNAP_BYTES 512

/* The sample flow's client is its source; see wire.h. */
#define PORT 443
#define CLIENT4 "192.0.2.1"
#define SERVER4 "198.51.100.2"
#define SERVER6 "2001:db8::2"

static struct st_selection everything(void)
{
	return (struct st_selection){.all = true};
}

static struct filter make(const struct st_selection *selection, const char *expression,
			  int link_type)
{
	pcap_t *pcap = pcap_open_dead(link_type, SNAP_BYTES);
	struct filter filter;
	GError *error = NULL;

	const struct filter_request request = {selection, expression, true};

	filter_make(&filter, pcap, &request, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(filter.program.bf_len, <=, FILTER_INSTRUCTIONS_MAX);
	g_assert_true(bpf_validate(filter.program.bf_insns, (int)filter.program.bf_len));
	pcap_close(pcap);
	return filter;
}

static bool passes(const struct filter *filter, const struct wire *wire)
{
	const struct pcap_pkthdr header = {.caplen = (bpf_u_int32)wire->count,
					   .len = (bpf_u_int32)wire->count};

	return pcap_offline_filter(&filter->program, &header, wire->bytes) != 0;
}

static bool selects(const struct st_selection *selection, const char *expression,
		    const struct wire *wire)
{
	struct filter filter = make(selection, expression, DLT_EN10MB);
	bool passed = passes(&filter, wire);

	filter_clear(&filter);
	return passed;
}

/* What stands around a packet on Ethernet, and whether the filter looks behind it. */
static const struct envelope {
	const char *name;
	uint16_t type;	 /* of the frame */
	uint16_t tag[2]; /* what the tags say comes next; 0: no tag */
	unsigned labels;
	bool pppoe;
} envelopes[] = {
	{"plain", 0, {0, 0}, 0, false},
	{"vlan", 0x8100, {0, 0}, 0, false},
	{"qinq", 0x88a8, {0x8100, 0}, 0, false},
	{"pppoe", 0x8864, {0, 0}, 0, true},
	{"vlan-pppoe", 0x8100, {0x8864, 0}, 0, true},
	{"qinq-pppoe", 0x88a8, {0x8100, 0x8864}, 0, true},
	{"mpls", 0x8847, {0, 0}, 1, false},
	{"mpls-2", 0x8847, {0, 0}, 2, false},
	{"mpls-3", 0x8847, {0, 0}, 3, false},
	{"vlan-mpls", 0x8100, {0x8847, 0}, 1, false},
	{"vlan-mpls-2", 0x8100, {0x8847, 0}, 2, false},
	{"qinq-mpls", 0x88a8, {0x8100, 0x8847}, 1, false},
};

static bool is_tag(unsigned type)
{
	return type == 0x8100 || type == 0x88a8;
}

/* Ethernet, tags, PPPoE or labels, up to where a packet of this version begins. */
static void put_envelope(struct wire *wire, const struct envelope *envelope, uint8_t version)
{
	unsigned ip = version == 4 ? 0x0800 : 0x86dd;
	unsigned type = envelope->type ? envelope->type : ip;

	wire_ethernet(wire, type);
	for (size_t i = 0; is_tag(type); i++) {
		type = i < 2 && envelope->tag[i] ? envelope->tag[i] : ip;
		put_tag(wire, type);
	}
	put_labels(wire, envelope->labels);
	if (envelope->pppoe) {
		put_pppoe(wire, 100);
		wire_u16(wire, version == 4 ? 0x0021 : 0x0057);
	}
}

static struct wire packet_in(const struct envelope *envelope, uint8_t version, uint8_t protocol)
{
	struct wire wire = {0};

	put_envelope(&wire, envelope, version);
	if (version == 4)
		wire_ip4(&wire, protocol, 28, 0);
	else
		wire_ip6(&wire, protocol, 28);
	if (protocol == ST_PROTOCOL_UDP) {
		wire_udp(&wire, 20);
		wire_fill(&wire, 'x', 20);
	} else if (protocol == ST_PROTOCOL_TCP) {
		wire_tcp(&wire, NULL, 0);
		wire_fill(&wire, 'x', 8);
	} else {
		wire_icmp(&wire, version == 4 ? 11 : 3, 0);
		wire_fill(&wire, 'x', 20);
	}
	return wire;
}

static bool decodes(const struct wire *wire, uint8_t version, uint8_t protocol)
{
	struct st_packet packet;

	return decode(wire, ST_LINK_ETHERNET, &packet) == ST_OK && packet.ip_version == version &&
	       packet.protocol == protocol;
}

static void test_envelope(gconstpointer data)
{
	static const uint8_t protocols[2][3] = {
		{ST_PROTOCOL_TCP, ST_PROTOCOL_UDP, ST_PROTOCOL_ICMP},
		{ST_PROTOCOL_TCP, ST_PROTOCOL_UDP, ST_PROTOCOL_ICMPV6},
	};
	const struct envelope *envelope = data;

	for (int i = 0; i < 6; i++) {
		uint8_t version = i < 3 ? 4 : 6, protocol = protocols[i / 3][i % 3];
		struct wire wire = packet_in(envelope, version, protocol);
		struct st_selection selection = everything();

		g_assert_true(decodes(&wire, version, protocol));
		g_assert_true(selects(&selection, NULL, &wire));
		selection.ip_version = 10 - version;
		g_assert_false(selects(&selection, NULL, &wire));
		if (i % 3 == 2)
			continue;
		selection.ip_version = version;
		selection.protocol = protocol;
		g_assert_true(selects(&selection, NULL, &wire));
		selection.protocol =
			protocol == ST_PROTOCOL_TCP ? ST_PROTOCOL_UDP : ST_PROTOCOL_TCP;
		g_assert_false(selects(&selection, NULL, &wire));
	}
}

static void test_narrowed(gconstpointer data)
{
	const struct envelope *envelope = data;
	struct wire four = packet_in(envelope, 4, ST_PROTOCOL_TCP);
	struct wire six = packet_in(envelope, 6, ST_PROTOCOL_TCP);
	struct wire error = packet_in(envelope, 4, ST_PROTOCOL_ICMP);
	struct wire echo = error;
	struct st_selection selection = everything();
	struct st_prefix host;
	size_t type_at = error.count - 28;

	echo.bytes[type_at] = 8;
	g_assert_false(selects(&selection, NULL, &echo));
	selection.port = PORT;
	g_assert_true(selects(&selection, NULL, &four) && selects(&selection, NULL, &six));
	selection.port = PORT + 1;
	g_assert_false(selects(&selection, NULL, &four) || selects(&selection, NULL, &six));
	g_assert_true(selects(&selection, NULL, &error));
	g_assert_cmpint(st_prefix_parse(SERVER6, &host), ==, ST_OK);
	selection = (struct st_selection){.hosts = &host, .host_count = 1};
	g_assert_true(selects(&selection, NULL, &six));
	g_assert_false(selects(&selection, NULL, &four));
	g_assert_true(selects(&selection, NULL, &error));
}

static void test_expression(gconstpointer data)
{
	const struct envelope *envelope = data;
	struct wire wire = packet_in(envelope, 4, ST_PROTOCOL_TCP);
	struct wire error = packet_in(envelope, 4, ST_PROTOCOL_ICMP);
	struct st_selection selection = everything();

	g_assert_true(selects(&selection, "port 443 and dst host " SERVER4, &wire));
	g_assert_false(selects(&selection, "port 443 and dst host " CLIENT4, &wire));
	g_assert_false(selects(&selection, "not port 443", &wire));
	g_assert_true(selects(&selection, "not port 443", &error));
	selection.port = 1;
	g_assert_false(selects(&selection, "port 443", &wire));
}

/* The source port of TCP or UDP, which lies 28 bytes before the end in packet_in()'s packets. */
static struct wire answer_in(const struct envelope *envelope, uint8_t version, uint8_t protocol,
			     uint16_t port)
{
	struct wire wire = packet_in(envelope, version, protocol);

	wire_set_u16(&wire, wire.count - 28, port);
	return wire;
}

/* DNS is heard whoever else is selected, behind every kind of header. */
static void test_answers(gconstpointer data)
{
	static const uint8_t protocols[] = {ST_PROTOCOL_TCP, ST_PROTOCOL_UDP};
	const struct envelope *envelope = data;
	struct st_selection selection = everything();

	selection.port = 4444;
	for (size_t i = 0; i < 4; i++) {
		uint8_t version = i < 2 ? 4 : 6, protocol = protocols[i % 2];
		struct wire answer = answer_in(envelope, version, protocol, 53);
		struct wire other = answer_in(envelope, version, protocol, 54);

		selection.ip_version = 10 - version; /* names of one version for the other */
		g_assert_true(selects(&selection, NULL, &answer));
		g_assert_true(selects(&selection, "tcp port 80", &answer));
		g_assert_false(selects(&selection, NULL, &other));
	}
}

/* Later fragments tell no ports; of TCP there are none. */
static void test_fragments(void)
{
	struct st_selection selection = everything();
	struct wire wire = packet_in(&envelopes[0], 4, ST_PROTOCOL_UDP);

	selection.port = 4444;
	g_assert_false(selects(&selection, NULL, &wire));
	wire_set_u16(&wire, 14 + 6, 0x2001);
	g_assert_true(selects(&selection, NULL, &wire));
	wire.bytes[14 + 9] = ST_PROTOCOL_TCP;
	g_assert_false(selects(&selection, NULL, &wire));
	wire = packet_in(&envelopes[0], 6, 44);
	g_assert_true(selects(&selection, NULL, &wire));
}

/* A flow of any peer may turn out to be of a service. */
static void test_selection_by_name(void)
{
	static const char *const name = "www.example.org";
	struct wire wire = packet_in(&envelopes[0], 4, ST_PROTOCOL_TCP);
	struct st_selection selection = {0};
	struct st_prefix host;

	g_assert_cmpint(st_prefix_parse(SERVER6, &host), ==, ST_OK);
	selection.hosts = &host;
	selection.host_count = 1;
	g_assert_false(selects(&selection, NULL, &wire));
	selection.names = &name;
	selection.name_count = 1;
	g_assert_true(selects(&selection, NULL, &wire));
	selection.name_count = 0;
	selection.services = &name;
	selection.service_count = 1;
	g_assert_true(selects(&selection, NULL, &wire));
}

/* What tells DNS that FILTER refuses from the rest asks for no answers. */
static void test_without_answers(void)
{
	struct st_selection selection = everything();
	struct wire wire = answer_in(&envelopes[0], 4, ST_PROTOCOL_UDP, 53);
	const struct filter_request request = {&selection, "tcp port 80", false};
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, SNAP_BYTES);
	struct filter filter;

	g_assert_true(filter_make(&filter, pcap, &request, NULL));
	g_assert_false(passes(&filter, &wire));
	filter_clear(&filter);
	pcap_close(pcap);
}

/* An expression that moves offsets is true where it says, and nowhere else. */
static void test_moving_expressions(void)
{
	static const struct {
		const char *envelope, *expression;
		bool passes;
	} cases[] = {
		{"vlan", "vlan", true},
		{"vlan", "vlan 100", true}, /* that of put_tag() */
		{"vlan", "vlan 100 and port 443", true},
		{"vlan", "vlan 101", false},
		{"vlan", "vlan 100 and port 80", false},
		{"plain", "vlan 100", false},
		{"pppoe", "pppoes", true},
		{"pppoe", "pppoes and port 443", true},
		{"pppoe", "pppoes 0x1234", true},
		{"pppoe", "pppoes 0x1235", false},
		{"pppoe", "pppoes and port 80", false},
		{"pppoe", "vlan", false},
		{"vlan-pppoe", "vlan 100 and pppoes and port 443", true},
		{"vlan-pppoe", "vlan 101 and pppoes and port 443", false},
		{"mpls", "mpls 16001", true},
		{"mpls", "mpls 16002", false},
		{"mpls-2", "mpls 16002 and mpls 16001 and host " CLIENT4, true},
		{"plain", "mpls", false},
	};
	struct st_selection selection = everything();

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		for (size_t j = 0; j < G_N_ELEMENTS(envelopes); j++) {
			struct wire wire = packet_in(&envelopes[j], 4, ST_PROTOCOL_TCP);
			struct wire error = packet_in(&envelopes[j], 4, ST_PROTOCOL_ICMP);

			if (strcmp(envelopes[j].name, cases[i].envelope) != 0)
				continue;
			g_test_message("%s: %s", cases[i].envelope, cases[i].expression);
			g_assert_cmpint(selects(&selection, cases[i].expression, &wire), ==,
					cases[i].passes);
			g_assert_true(selects(&selection, cases[i].expression, &error));
		}
	}
}

static void test_no_ip(void)
{
	static const uint16_t types[] = {0x0806, 0x88cc, 0x8863, 0x8864, 0x8847, 0x8100, 0x88a8};
	struct st_selection selection = everything();
	struct filter filter = make(&selection, NULL, DLT_EN10MB);

	for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
		struct wire wire = {0};

		wire_ethernet(&wire, types[i]);
		wire_fill(&wire, 0, 60);
		g_assert_false(passes(&filter, &wire));
	}
	filter_clear(&filter);
}

/* As many peers as there may be, and more: it fits, and lets in what it must. */
static void test_many_peers(void)
{
	struct st_tuple flows[FILTER_PEERS_MAX + 1] = {0};
	struct st_selection selection = {.flows = flows};

	for (size_t i = 0; i < G_N_ELEMENTS(flows); i++) {
		bool last = i == G_N_ELEMENTS(flows) - 1;

		g_assert_cmpint(st_addr_parse("2001:db8::1", &flows[i].source), ==, ST_OK);
		g_assert_cmpint(st_addr_parse(SERVER6, &flows[i].destination), ==, ST_OK);
		flows[i].source_port = (uint16_t)(i % 16 + (last ? 40312 - i % 16 : 1));
		flows[i].destination_port = PORT;
		flows[i].source.bytes[7] = last ? 0 : (uint8_t)(i + 1);
	}
	for (size_t count = 1; count <= G_N_ELEMENTS(flows); count += 4) {
		struct filter filter;

		selection.flows = flows + G_N_ELEMENTS(flows) - count;
		selection.flow_count = count;
		filter = make(&selection, NULL, DLT_EN10MB);
		g_test_message("%zu flows: %u instructions", count, filter.program.bf_len);
		for (size_t i = 0; i < G_N_ELEMENTS(envelopes); i++) {
			struct wire wire = packet_in(&envelopes[i], 6, ST_PROTOCOL_TCP);

			g_assert_true(passes(&filter, &wire));
		}
		filter_clear(&filter);
	}
}

/* `terms` of an expression, none of which is true of the sample flow but the last. */
static char *long_expression(unsigned terms)
{
	GString *text = g_string_new(NULL);

	for (unsigned i = 0; i < terms; i++)
		g_string_append_printf(text, "ip host 10.%u.%u.1 or ", i / 250, i % 250);
	g_string_append(text, "port 443");
	return g_string_free(text, FALSE);
}

static void test_long_expressions(void)
{
	struct st_selection selection = everything();
	struct wire plain = packet_in(&envelopes[0], 4, ST_PROTOCOL_TCP);
	struct wire tagged = packet_in(&envelopes[1], 4, ST_PROTOCOL_TCP);
	unsigned plain_only = 0;

	for (unsigned terms = 10; terms < 700; terms *= 2) {
		g_autofree char *expression = long_expression(terms);
		struct filter filter = make(&selection, expression, DLT_EN10MB);

		g_assert_true(passes(&filter, &plain));
		g_assert_cmpint(passes(&filter, &tagged), ==, !filter.plain_only);
		plain_only += filter.plain_only;
		filter_clear(&filter);
	}
	g_assert_cmpuint(plain_only, >, 0);
	g_assert_cmpuint(plain_only, <, 5);
}

static void test_wrong_expressions(void)
{
	g_autofree char *endless = long_expression(1300);
	const char *wrong[] = {"prot 443", "port 443 and", endless};
	pcap_t *pcap = pcap_open_dead(DLT_EN10MB, SNAP_BYTES);
	struct st_selection selection = everything();

	for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
		const struct filter_request request = {&selection, wrong[i], true};
		struct filter filter;
		GError *error = NULL;

		g_assert_false(filter_make(&filter, pcap, &request, &error));
		g_assert_nonnull(error);
		g_error_free(error);
		filter_clear(&filter);
	}
	pcap_close(pcap);
}

/* What libpcap compiles for no link in particular, too, but only the kernel can answer. */
static void test_needs_kernel(void)
{
	static const struct {
		const char *expression;
		bool needs_kernel;
	} cases[] = {
		{"inbound", true},	    {"tcp and outbound", true},
		{"ifindex 3", true},	    {"port 443 or inbound", true},
		{"tcp port 443", false},    {"vlan 5", false},
		{"pppoes and mpls", false}, {NULL, false},
	};
	struct st_selection selection = everything();

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct filter filter = make(&selection, cases[i].expression, DLT_EN10MB);

		g_assert_cmpint(filter_needs_kernel(&filter), ==, cases[i].needs_kernel);
		filter_clear(&filter);
	}
}

/* Links without such headers get the plain filter. */
static void test_other_links(void)
{
	struct st_selection selection = everything();
	struct wire wire = {0}, cooked = {0};
	struct filter filter = make(&selection, NULL, DLT_RAW);

	put_tcp_over_ip4(&wire);
	g_assert_true(passes(&filter, &wire));
	filter_clear(&filter);
	filter = make(&selection, "port 443", DLT_LINUX_SLL);
	sample_sll(&cooked);
	g_assert_true(passes(&filter, &cooked));
	filter_clear(&filter);
}

static void add_envelopes(const char *kind, GTestDataFunc test)
{
	for (size_t i = 0; i < G_N_ELEMENTS(envelopes); i++) {
		char *path = g_strdup_printf("/filter/%s/%s", kind, envelopes[i].name);

		g_test_add_data_func(path, &envelopes[i], test);
		g_free(path);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	add_envelopes("everything", test_envelope);
	add_envelopes("narrowed", test_narrowed);
	add_envelopes("expression", test_expression);
	add_envelopes("answers", test_answers);
	g_test_add_func("/filter/fragments", test_fragments);
	g_test_add_func("/filter/selection-by-name", test_selection_by_name);
	g_test_add_func("/filter/without-answers", test_without_answers);
	g_test_add_func("/filter/moving-expressions", test_moving_expressions);
	g_test_add_func("/filter/no-ip", test_no_ip);
	g_test_add_func("/filter/many-peers", test_many_peers);
	g_test_add_func("/filter/long-expressions", test_long_expressions);
	g_test_add_func("/filter/wrong-expressions", test_wrong_expressions);
	g_test_add_func("/filter/other-links", test_other_links);
	g_test_add_func("/filter/needs-kernel", test_needs_kernel);
	return g_test_run();
}
