/* SPDX-License-Identifier: GPL-2.0-or-later */
/* DNS over UDP: datagrams, and their fragments in every order. */
#include "resolver_lab.h"
#include "service/fragments.h"

static void put_udp(struct wire *wire, const struct lab *lab, const struct wire *message)
{
	wire_u16(wire, lab->port);
	wire_u16(wire, lab->client_port);
	wire_u16(wire, (unsigned)(8 + message->count));
	wire_u16(wire, 0);
	wire_bytes(wire, message->bytes, message->count);
}

static bool show_datagram(struct lab *lab, const struct wire *message)
{
	struct wire wire = {0};

	put_ip(&wire, lab, ST_PROTOCOL_UDP, 8 + message->count);
	put_udp(&wire, lab, message);
	return show(lab, &wire);
}

static void test_datagrams(void)
{
	for (uint8_t version = 4; version <= 6; version += 2) {
		struct wire answer = {0}, nothing = {0};
		struct lab lab;

		lab_open(&lab, version);
		dns_wire_answer(&answer, "a.example", "192.0.2.1");
		g_assert_true(show_datagram(&lab, &answer));
		g_assert_true(knows(&lab, "192.0.2.1", "a.example"));
		dns_wire_header(&nothing, DNS_FLAGS, 1, 0);
		dns_wire_question(&nothing, "b.example", DNS_TYPE_A);
		g_assert_false(show_datagram(&lab, &nothing));
		lab.port = 5353;
		g_assert_false(show_datagram(&lab, &answer));
		g_assert_cmpuint(names_generation(lab.names), ==, 1);
		lab_close(&lab);
	}
	resolver_free(NULL);
}

static void put_fragment_header(struct wire *wire, const struct lab *lab, size_t offset, bool more,
				size_t count)
{
	if (lab->version == 4) {
		wire_ip4(wire, ST_PROTOCOL_UDP, count, 0);
		wire_set_u16(wire, 4, lab->id);
		wire_set_u16(wire, 6, (more ? 0x2000u : 0) | (unsigned)offset / 8);
		return;
	}
	wire_ip6(wire, 44, 8 + count);
	wire_u8(wire, ST_PROTOCOL_UDP);
	wire_u8(wire, 0);
	wire_u16(wire, (unsigned)offset | more);
	wire_u32(wire, lab->id);
}

/* The bytes from `offset` to `end` of a datagram. */
static bool show_fragment(struct lab *lab, const struct wire *datagram, size_t offset, size_t end)
{
	bool more = end < datagram->count;
	struct wire wire = {0};

	end = MIN(end, datagram->count);
	put_fragment_header(&wire, lab, offset, more, end - offset);
	wire_bytes(&wire, datagram->bytes + offset, end - offset);
	return show(lab, &wire);
}

static bool show_third(struct lab *lab, const struct wire *datagram, unsigned third)
{
	return show_fragment(lab, datagram, third * THIRD,
			     third == 2 ? SIZE_MAX : (third + 1) * (size_t)THIRD);
}

static void put_long_datagram(struct wire *datagram, const struct lab *lab)
{
	struct wire message = {0};

	put_long_answer(&message);
	put_udp(datagram, lab, &message);
}

static void test_fragments_in_every_order(void)
{
	for (size_t i = 0; i < 2 * G_N_ELEMENTS(lab_orders); i++) {
		const unsigned *order = lab_orders[i / 2];
		struct wire datagram = {0};
		bool first_came = false;
		struct lab lab;

		lab_open(&lab, i % 2 ? 6 : 4);
		put_long_datagram(&datagram, &lab);
		for (unsigned k = 0; k < 3; k++) {
			g_assert_true(show_third(&lab, &datagram, order[k]));
			g_assert_true(show_third(&lab, &datagram, order[k]) ==
				      (k < 2 || order[k] == 0));
			first_came |= order[k] == 0;
			g_assert_true(knows(&lab, "192.0.2.1", "a.example") == first_came);
			g_assert_true(knows(&lab, "192.0.2.2", "a.example") == (k == 2));
			g_assert_true(knows(&lab, "192.0.2.3", "a.example") == (k == 2));
		}
		lab_close(&lab);
	}
}

static void test_fragments_of_others(void)
{
	struct wire other = {0}, datagram = {0};
	struct lab lab;

	lab_open(&lab, 4);
	put_long_datagram(&datagram, &lab);
	lab.port = 5000;
	put_long_datagram(&other, &lab);
	/* What follows the first one is not kept; what came before it is dropped. */
	g_assert_false(show_third(&lab, &other, 0));
	g_assert_false(show_third(&lab, &other, 1));
	g_assert_false(show_third(&lab, &other, 2));
	lab.id++;
	g_assert_true(show_third(&lab, &other, 2));
	g_assert_false(show_third(&lab, &other, 0));
	g_assert_false(show_third(&lab, &other, 1));
	/* The same identification is given to an answer then. */
	g_assert_true(show_third(&lab, &datagram, 0));
	g_assert_true(show_third(&lab, &datagram, 2));
	g_assert_true(show_third(&lab, &datagram, 1));
	g_assert_true(knows(&lab, "192.0.2.3", "a.example"));
	lab_close(&lab);
}

static void test_fragments_that_do_not_fit(void)
{
	struct wire datagram = {0}, bent, beyond = {0};
	struct lab lab;

	lab_open(&lab, 4);
	put_long_datagram(&datagram, &lab);
	/* Of two that overlap the first counts. */
	bent = datagram;
	memset(bent.bytes + THIRD, 0xff, THIRD);
	g_assert_true(show_third(&lab, &datagram, 1));
	g_assert_true(show_fragment(&lab, &bent, 0, 2 * (size_t)THIRD));
	g_assert_true(show_third(&lab, &datagram, 2));
	g_assert_true(knows(&lab, "192.0.2.2", "a.example"));
	/* One that was not captured whole cannot become whole. */
	lab.id++;
	lab.not_captured = 3;
	g_assert_false(show_third(&lab, &datagram, 1));
	lab.not_captured = 0;
	g_assert_false(show_third(&lab, &datagram, 2));
	/* What follows the end that UDP tells is none of it. */
	lab.id++;
	bent = datagram;
	memcpy(bent.bytes + bent.count - 4, "\xc0\0\2\x4d", 4);
	wire_set_u16(&bent, 4, (unsigned)bent.count - 4);
	g_assert_true(show_third(&lab, &bent, 0) && show_third(&lab, &bent, 1));
	g_assert_true(show_third(&lab, &bent, 2));
	g_assert_false(knows(&lab, "192.0.2.77", "a.example"));
	/* No datagram goes that far. */
	lab.id++;
	put_fragment_header(&beyond, &lab, 65528, false, 100);
	wire_fill(&beyond, 0, 100);
	g_assert_false(show(&lab, &beyond));
	lab_close(&lab);
}

static void test_fragments_that_never_come(void)
{
	struct wire datagram = {0};
	struct lab lab;

	lab_open(&lab, 4);
	put_long_datagram(&datagram, &lab);
	g_assert_true(show_third(&lab, &datagram, 1));
	lab.now += FRAGMENTS_WAIT_NS;
	g_assert_true(show_third(&lab, &datagram, 0));
	g_assert_true(show_third(&lab, &datagram, 2));
	g_assert_false(knows(&lab, "192.0.2.3", "a.example"));
	/* The oldest leaves: here the one of above. */
	for (unsigned i = 0; i < FRAGMENTS_MAX; i++) {
		lab.id++;
		g_assert_true(show_third(&lab, &datagram, 1));
	}
	lab.id -= FRAGMENTS_MAX;
	g_assert_true(show_third(&lab, &datagram, 1));
	g_assert_false(knows(&lab, "192.0.2.3", "a.example"));
	lab.id += FRAGMENTS_MAX;
	g_assert_true(show_third(&lab, &datagram, 2));
	g_assert_true(show_third(&lab, &datagram, 0));
	g_assert_true(knows(&lab, "192.0.2.3", "a.example"));
	lab_close(&lab);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/resolver/datagrams", test_datagrams);
	g_test_add_func("/resolver/fragments-in-every-order", test_fragments_in_every_order);
	g_test_add_func("/resolver/fragments-of-others", test_fragments_of_others);
	g_test_add_func("/resolver/fragments-that-do-not-fit", test_fragments_that_do_not_fit);
	g_test_add_func("/resolver/fragments-that-never-come", test_fragments_that_never_come);
	return g_test_run();
}
