/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Into tunnels, and not into what merely uses their ports; what an observing
 * and an active tracer make of them.
 */
#include "tunnel_samples.h"

#include <servicetrace/tracer.h>

struct carried {
	struct wire wire;
	struct st_frame frame;
	struct st_packet packet;
};

/* The sample's outer packet, as st_packet_decode sees it. */
static void decode_outer(struct carried *carried, size_t captured)
{
	carried->frame = (struct st_frame){
		.bytes = carried->wire.bytes,
		.captured_bytes = (uint32_t)captured,
		.wire_bytes = (uint32_t)carried->wire.count,
		.link_type = ST_LINK_RAW,
	};
	g_assert_cmpint(st_packet_decode(&carried->frame, &carried->packet), ==, ST_OK);
}

static void carry(const struct sample *sample, struct carried *carried)
{
	*carried = (struct carried){0};
	sample->put(&carried->wire);
	decode_outer(carried, carried->wire.count);
}

static const struct sample *tunnel_named(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(tunnels); i++) {
		if (strcmp(tunnels[i].name, name) == 0)
			return &tunnels[i];
	}
	g_assert_not_reached();
}

/* The inner packet is that of its bytes alone, but for where it is; and it is no tunnel. */
static void test_enter(gconstpointer data)
{
	const struct sample *sample = data;
	struct carried carried;
	struct wire alone = {0};
	struct st_packet wanted, *inner = &carried.packet;

	carry(sample, &carried);
	g_assert_cmpint(st_packet_enter(&carried.frame, inner), ==, ST_OK);
	g_assert_cmpuint(inner->ip_offset, ==, sample->ip_offset);
	wire_bytes(&alone, carried.wire.bytes + sample->ip_offset,
		   carried.wire.count - sample->ip_offset);
	g_assert_cmpint(decode(&alone, ST_LINK_RAW, &wanted), ==, ST_OK);
	wanted.ip_offset += sample->ip_offset;
	wanted.transport_offset += sample->ip_offset;
	wanted.payload_offset += sample->ip_offset;
	g_assert_true(memcmp(inner, &wanted, sizeof(wanted)) == 0);
	g_assert_cmpuint(inner->source_port, ==, 40312);
	g_assert_cmpint(st_packet_enter(&carried.frame, inner), ==, ST_NONE);
	g_assert_true(memcmp(inner, &wanted, sizeof(wanted)) == 0);
}

/* Cut anywhere before the inner ports, the outer packet stays. */
static void test_cut(gconstpointer data)
{
	const struct sample *sample = data;
	struct carried carried;

	carry(sample, &carried);
	for (size_t bytes = 48; bytes < sample->ip_offset + sample->ip_bytes; bytes++) {
		struct st_packet outer;
		enum st_status status;

		decode_outer(&carried, bytes);
		outer = carried.packet;
		status = st_packet_enter(&carried.frame, &carried.packet);
		g_assert_cmpint(status, ==,
				outer.protocol == ST_PROTOCOL_UDP ? ST_NONE : ST_TRUNCATED);
		g_assert_true(memcmp(&carried.packet, &outer, sizeof(outer)) == 0);
	}
}

static enum st_status entered(struct carried *carried)
{
	struct st_packet outer = carried->packet;
	enum st_status status = st_packet_enter(&carried->frame, &carried->packet);

	g_assert_cmpint(memcmp(&outer, &carried->packet, sizeof(outer)) == 0, ==, status != ST_OK);
	return status;
}

static void test_fixed_bits(void)
{
	static const struct {
		const char *name;
		size_t at;
		unsigned value;
		enum st_status status;
	} cases[] = {
		{"gre", 20, 0x40, ST_UNSUPPORTED},  /* a source route, RFC 1701 */
		{"gre", 21, 0x02, ST_UNSUPPORTED},  /* version */
		{"gre", 22, 0x00, ST_UNSUPPORTED},  /* keepalive: type 0 */
		{"gre", 23, 0x06, ST_UNSUPPORTED},  /* ARP */
		{"gre", 20, 0x01, ST_OK},	    /* reserved: to be ignored */
		{"gre", 24, 0x65, ST_MALFORMED},    /* another IP version than the type's */
		{"pptp", 20, 0x10, ST_UNSUPPORTED}, /* without a key */
		{"pptp", 20, 0x20, ST_NONE},	    /* an acknowledgment alone */
		{"pptp", 23, 0x0c, ST_UNSUPPORTED},
		{"pptp", 39, 0xc0, ST_UNSUPPORTED}, /* no packet: control of PPP */
		{"etherip", 20, 0x20, ST_UNSUPPORTED},
		{"mpls-in-ip", 24, 0x05, ST_UNSUPPORTED}, /* a pseudowire */
		{"4in4", 20, 0x55, ST_MALFORMED},
		{"vxlan", 28, 0x00, ST_NONE}, /* no identifier */
		{"vxlan", 28, 0x0c, ST_NONE},
		{"vxlan", 35, 0x01, ST_NONE}, /* reserved */
		{"vxlan", 48, 0x86, ST_NONE},
		{"vxlan", 49, 0x06, ST_NONE}, /* ARP */
		{"vxlan", 50, 0x65, ST_NONE}, /* no IPv4 packet */
		{"vxlan", 52, 0x80, ST_NONE}, /* longer than what carries it */
		{"vxlan-gpe", 31, 0x00, ST_NONE},
		{"vxlan-gpe", 28, 0x08, ST_NONE},
		{"nsh", 37, 0x01, ST_NONE}, /* shorter than itself */
		{"nsh", 39, 0x04, ST_NONE},
		{"geneve", 28, 0x42, ST_NONE}, /* version */
		{"geneve", 28, 0x03, ST_NONE}, /* options */
		{"geneve", 29, 0x01, ST_NONE}, /* reserved */
		{"geneve", 29, 0x40, ST_OK},   /* critical options: not ours to understand */
		{"geneve", 30, 0x00, ST_NONE},
		{"gtp", 28, 0x50, ST_NONE}, /* version */
		{"gtp", 28, 0x20, ST_NONE}, /* GTP' */
		{"gtp", 29, 1, ST_NONE},    /* an echo request */
		{"gtp-extended", 40, 0, ST_NONE},
		{"gtp-extended", 40, 9, ST_NONE},
		{"teredo", 49, 0x45, ST_NONE},
		{"l2tp", 28, 0xca, ST_NONE}, /* a control message */
		{"l2tp", 29, 0x03, ST_NONE}, /* version */
		{"l2tp", 45, 0x23, ST_NONE},
		{"gre-in-udp", 29, 0x02, ST_NONE},
		{"mpls-in-udp", 32, 0x05, ST_NONE},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct carried carried;

		g_test_message("%s, byte %zu", cases[i].name, cases[i].at);
		carry(tunnel_named(cases[i].name), &carried);
		carried.wire.bytes[cases[i].at] = (uint8_t)cases[i].value;
		g_assert_cmpint(entered(&carried), ==, cases[i].status);
	}
}

/* A port of a tunnel at the other end is chance; and so is anything but UDP. */
static void test_ports(void)
{
	static const struct {
		const char *name;
		unsigned source, destination;
		enum st_status status;
	} cases[] = {
		{"vxlan", 4789, 51000, ST_NONE},      {"vxlan", 4789, 4789, ST_OK},
		{"geneve", 6081, 51000, ST_NONE},     {"gtp", 2152, 40000, ST_OK},
		{"teredo", 40000, 3544, ST_OK},	      {"teredo", 40000, 3545, ST_NONE},
		{"l2tp", 1701, 40000, ST_OK},	      {"mpls-in-udp", 6635, 51000, ST_NONE},
		{"gre-in-udp", 4754, 51000, ST_NONE}, {"vxlan", 51000, 443, ST_NONE},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct carried carried = {0};

		tunnel_named(cases[i].name)->put(&carried.wire);
		wire_set_u16(&carried.wire, 20, cases[i].source);
		wire_set_u16(&carried.wire, 22, cases[i].destination);
		decode_outer(&carried, carried.wire.count);
		g_assert_cmpint(entered(&carried), ==, cases[i].status);
	}
}

static void test_fragments(void)
{
	struct carried carried = {0};

	tunnel_vxlan(&carried.wire);
	wire_set_u16(&carried.wire, 6, 0x2000); /* the first of several */
	wire_set_u16(&carried.wire, 52, 600);	/* so the inner packet is longer */
	decode_outer(&carried, carried.wire.count);
	g_assert_cmpint(entered(&carried), ==, ST_OK);
	g_assert_cmpuint(carried.packet.transport_wire, ==, 580);
	carried = (struct carried){0};
	tunnel_4in4(&carried.wire);
	wire_set_u16(&carried.wire, 6, 0x0001);
	decode_outer(&carried, carried.wire.count);
	g_assert_cmpint(entered(&carried), ==, ST_NONE);
}

static uint64_t flows_of(const struct wire *wire, bool active)
{
	struct st_frame frame = {
		.bytes = wire->bytes,
		.captured_bytes = (uint32_t)wire->count,
		.wire_bytes = (uint32_t)wire->count,
		.link_type = ST_LINK_RAW,
		.stamp_ns = ST_NS_PER_S,
	};
	struct st_frame_info info;
	struct st_config config;
	struct st_tracer *tracer;
	uint64_t flows;

	st_config_init(&config);
	config.active = active;
	config.selection.all = true;
	g_assert_cmpint(st_tracer_new(&config, &tracer), ==, ST_OK);
	st_tracer_frame(tracer, ST_NS_PER_S, &frame, &info);
	flows = st_tracer_stats(tracer)->flows_seen;
	if (flows > 0)
		g_assert_cmpuint(info.header_bytes, <=, wire->count);
	st_tracer_free(tracer);
	return flows;
}

/* The tunnels stand one in the other: TCP is seen behind so many, and no more. */
static void test_depth(void)
{
	for (size_t depth = 0; depth < 12; depth++) {
		struct wire wire = {0};

		for (size_t left = depth; left > 0; left--)
			wire_ip4(&wire, 4, 20 * (left - 1) + 65, 0);
		put_tcp_over_ip4(&wire);
		g_assert_cmpuint(flows_of(&wire, false), ==, depth <= 8);
	}
}

/* Who sends probes has nothing to do with what is inside of tunnels. */
static void test_tracer(void)
{
	struct wire ip = {0}, udp = {0};

	tunnel_4in4(&ip);
	tunnel_vxlan(&udp);
	g_assert_cmpuint(flows_of(&ip, false), ==, 1);
	g_assert_cmpuint(flows_of(&ip, true), ==, 0);
	g_assert_cmpuint(flows_of(&udp, false), ==, 1);
	g_assert_cmpuint(flows_of(&udp, true), ==, 1); /* the tunnel's own */
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(tunnels); i++) {
		add_sample_test("/tunnel/enter", &tunnels[i], test_enter);
		add_sample_test("/tunnel/cut", &tunnels[i], test_cut);
	}
	g_test_add_func("/tunnel/fixed-bits", test_fixed_bits);
	g_test_add_func("/tunnel/ports", test_ports);
	g_test_add_func("/tunnel/fragments", test_fragments);
	g_test_add_func("/tunnel/depth", test_depth);
	g_test_add_func("/tunnel/tracer", test_tracer);
	return g_test_run();
}
