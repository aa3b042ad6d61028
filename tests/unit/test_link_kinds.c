/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Link types that are only read: behind each header is the same packet, cut
 * headers tell that they are, and what a header says it is not is no IP packet.
 */
#include "flow/life.h"

#include "link_samples.h"

/* The sample's packet by itself, decoded as raw IP. */
static struct st_packet packet_alone(const struct sample *sample)
{
	struct wire frame = {0}, alone = {0};
	struct st_packet packet;

	sample->put(&frame);
	wire_bytes(&alone, frame.bytes + sample->ip_offset, frame.count - sample->ip_offset);
	g_assert_cmpint(decode(&alone, ST_LINK_RAW, &packet), ==, ST_OK);
	return packet;
}

/* What the packet is, without where it is. */
static struct st_packet without_offsets(struct st_packet packet)
{
	packet.payload_offset -= packet.ip_offset;
	packet.transport_offset -= packet.ip_offset;
	packet.ip_offset = 0;
	return packet;
}

static void test_same_packet(gconstpointer data)
{
	const struct sample *sample = data;
	struct wire wire = {0};
	struct st_packet packet, alone = packet_alone(sample);

	sample->put(&wire);
	g_assert_true(st_link_type_known(sample->link_type));
	g_assert_false(st_link_type_sendable(sample->link_type));
	g_assert_cmpint(decode(&wire, sample->link_type, &packet), ==, ST_OK);
	g_assert_cmpuint(packet.ip_offset, ==, sample->ip_offset);
	g_assert_cmpuint(packet.source_port, ==, 40312);
	packet = without_offsets(packet);
	g_assert_true(memcmp(&packet, &alone, sizeof(packet)) == 0);
}

/* Padding, checksums and other attributes behind the packet are no part of it. */
static void test_trailer(gconstpointer data)
{
	const struct sample *sample = data;
	struct wire wire = {0};
	struct st_packet packet, alone = packet_alone(sample);

	sample->put(&wire);
	wire_fill(&wire, 0xee, 11);
	g_assert_cmpint(decode(&wire, sample->link_type, &packet), ==, ST_OK);
	packet = without_offsets(packet);
	g_assert_true(memcmp(&packet, &alone, sizeof(packet)) == 0);
}

static void test_cut(gconstpointer data)
{
	const struct sample *sample = data;
	struct wire wire = {0};
	struct st_packet packet;

	sample->put(&wire);
	for (size_t bytes = 0; bytes < sample->ip_offset + 20; bytes++)
		g_assert_cmpint(decode_as(&wire, sample->link_type, bytes, wire.count, &packet), ==,
				ST_TRUNCATED);
}

static enum st_status changed(const char *name, size_t at, unsigned value)
{
	for (size_t i = 0; i < G_N_ELEMENTS(link_samples); i++) {
		struct wire wire = {0};
		struct st_packet packet;

		if (strcmp(link_samples[i].name, name) != 0)
			continue;
		link_samples[i].put(&wire);
		wire.bytes[at] = (uint8_t)value;
		return decode(&wire, link_samples[i].link_type, &packet);
	}
	g_assert_not_reached();
}

static void test_not_ip(void)
{
	static const struct {
		const char *name;
		size_t at;
		unsigned value;
		enum st_status status;
	} cases[] = {
		{"token-ring", 1, 0x00, ST_UNSUPPORTED},	 /* a frame of the ring itself */
		{"token-ring", 14, 0xe0, ST_UNSUPPORTED},	 /* IPX by LLC */
		{"token-ring", 17, 0x08, ST_UNSUPPORTED},	 /* SNAP of somebody's own */
		{"token-ring", 19, 0xf8, ST_OK},		 /* SNAP of IEEE 802.1H */
		{"token-ring-routed", 14, 0x04, ST_UNSUPPORTED}, /* a shorter route */
		{"fddi", 0, 0x40, ST_UNSUPPORTED},		 /* station management */
		{"fddi", 0, 0x54, ST_OK},			 /* another priority */
		{"slip", 16, 0x75, ST_UNSUPPORTED},		 /* compressed TCP */
		{"atm-nlpid", 3, 0x81, ST_UNSUPPORTED},		 /* CLNP */
		{"atm-nlpid", 3, 0x8e, ST_MALFORMED},		 /* says IPv6, is IPv4 */
		{"atm-bridged", 7, 0x04, ST_UNSUPPORTED},	 /* bridged FDDI */
		{"sunatm", 0, 0x86, ST_UNSUPPORTED},		 /* signalling */
		{"wifi", 0, 0x80, ST_UNSUPPORTED},		 /* a beacon */
		{"wifi", 0, 0x48, ST_UNSUPPORTED},		 /* no data */
		{"wifi", 0, 0x09, ST_UNSUPPORTED},		 /* another version */
		{"wifi", 1, 0x41, ST_UNSUPPORTED},		 /* encrypted */
		{"wifi", 22, 0x31, ST_UNSUPPORTED},		 /* a later fragment */
		{"wifi-qos", 25, 0x01, ST_OK},	     /* a bit that is the mesh's elsewhere */
		{"radiotap", 0, 1, ST_UNSUPPORTED},  /* version */
		{"radiotap", 2, 7, ST_UNSUPPORTED},  /* shorter than itself */
		{"radiotap", 3, 0x20, ST_TRUNCATED}, /* longer than the frame */
		{"avs", 0, 0x81, ST_UNSUPPORTED},    /* magic */
		{"avs", 7, 7, ST_UNSUPPORTED},	     /* shorter than itself */
		{"prism", 4, 143, ST_UNSUPPORTED},
		{"frame-relay", 3, 0x81, ST_UNSUPPORTED},
		{"frame-relay-snap", 7, 0x80, ST_UNSUPPORTED},	/* SNAP of IEEE 802.1 */
		{"frame-relay-cisco", 3, 0x06, ST_UNSUPPORTED}, /* ARP */
		{"enc", 0, 7, ST_UNSUPPORTED},
		{"pflog", 0, 0, ST_UNSUPPORTED},
		{"pflog", 1, 30, ST_MALFORMED},
		{"arcnet", 4, 213, ST_UNSUPPORTED}, /* ARP */
		{"arcnet", 5, 1, ST_OK},	    /* the first of two fragments */
		{"arcnet", 5, 2, ST_UNSUPPORTED},   /* the second */
		{"firewire", 17, 6, ST_UNSUPPORTED},
		{"ppp-pppd", 2, 0xc0, ST_UNSUPPORTED},
		{"juniper", 0, 0, ST_UNSUPPORTED},
		{"juniper", 3, 0x83, ST_UNSUPPORTED},
		{"ppi-wifi", 0, 1, ST_UNSUPPORTED},
		{"ppi-wifi", 2, 7, ST_UNSUPPORTED},
		{"ppi-wifi", 4, 192, ST_UNSUPPORTED}, /* itself inside of itself */
		{"ppi-ethernet", 4, 2, ST_UNSUPPORTED},
		{"erf", 8, 0x83, ST_UNSUPPORTED}, /* ATM */
		{"ipnet", 0, 2, ST_UNSUPPORTED},
		{"ipnet", 1, 7, ST_UNSUPPORTED},
		{"nflog", 0, 10, ST_MALFORMED}, /* says IPv6, is IPv4 */
		{"nflog", 1, 1, ST_UNSUPPORTED},
		{"nflog", 4, 3, ST_MALFORMED}, /* shorter than itself; of the writer's order */
		{"nflog-bridge", 16, 0x00, ST_UNSUPPORTED},
		{"infiniband", 41, 6, ST_UNSUPPORTED},
		{"pktap", 0, 11, ST_UNSUPPORTED},
		{"pktap", 4, 2, ST_UNSUPPORTED}, /* no packet */
		{"pktap", 9, 1, ST_UNSUPPORTED}, /* a link type of the middle of nowhere */
		{"pktap", 8, ST_LINK_PPI, ST_UNSUPPORTED},
		{"mpacket", 7, 0x61, ST_UNSUPPORTED}, /* goes on with an interrupted frame */
		{"mpacket", 7, 0xe6, ST_OK},
		{"marvell", 17, 6, ST_UNSUPPORTED},
	};

	for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s, byte %zu", cases[i].name, cases[i].at);
		g_assert_cmpint(changed(cases[i].name, cases[i].at, cases[i].value), ==,
				cases[i].status);
	}
}

/* A header of nothing but attributes, present words, extensions must end. */
static void test_endless(void)
{
	struct wire nflog = {0}, radiotap = {0}, erf = {0};
	struct st_packet packet;

	wire_u32(&nflog, 0x02000000);
	while (nflog.count < WIRE_MAX)
		put_attribute(&nflog, 1, 0);
	g_assert_cmpint(decode(&nflog, ST_LINK_NFLOG, &packet), ==, ST_UNSUPPORTED);
	wire_u16(&radiotap, 0);
	wire_le16(&radiotap, 2048);
	while (radiotap.count < 2048)
		wire_le32(&radiotap, 0x80000003);
	sample_wifi(&radiotap);
	g_assert_cmpint(decode(&radiotap, ST_LINK_WIFI_RADIOTAP, &packet), ==, ST_OK);
	put_erf(&erf, 0x82);
	while (erf.count < WIRE_MAX)
		wire_u8(&erf, 0x82);
	g_assert_cmpint(decode(&erf, ST_LINK_ERF, &packet), ==, ST_UNSUPPORTED);
}

/* True if a probe could be built with the link header of the sample's frame. */
static bool is_template(const struct sample *sample)
{
	struct flow_template latest = {0};
	struct wire wire = {0};
	struct st_packet packet;
	struct st_frame frame = {.link_type = sample->link_type, .bytes = wire.bytes};

	sample->put(&wire);
	g_assert_cmpint(decode(&wire, sample->link_type, &packet), ==, ST_OK);
	learn_headers(&latest, &packet, &frame);
	return latest.valid;
}

/* Those of Ethernet and of what looks like it are made anew for probes; the others are not. */
static void test_sendable(void)
{
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++)
		g_assert_true(st_link_type_sendable(samples[i].link_type));
	for (size_t i = 0; i < G_N_ELEMENTS(samples); i++)
		g_assert_cmpint(is_template(&samples[i]), ==, samples[i].ip_offset <= 64);
	for (size_t i = 0; i < G_N_ELEMENTS(link_samples); i++)
		g_assert_false(is_template(&link_samples[i]));
	g_assert_false(st_link_type_sendable(147));
	g_assert_false(st_link_type_sendable(UINT32_MAX));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	for (size_t i = 0; i < G_N_ELEMENTS(link_samples); i++) {
		add_sample_test("/link-kinds/same-packet", &link_samples[i], test_same_packet);
		add_sample_test("/link-kinds/trailer", &link_samples[i], test_trailer);
		add_sample_test("/link-kinds/cut", &link_samples[i], test_cut);
	}
	g_test_add_func("/link-kinds/not-ip", test_not_ip);
	g_test_add_func("/link-kinds/endless", test_endless);
	g_test_add_func("/link-kinds/sendable", test_sendable);
	return g_test_run();
}
