/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps of fuzz_tracer.c in which flows tell their hosts. A ClientHello begins as
 * a right one and is then altered as the input says.
 */
#include "craft.h"
#include "quic_lab.h"
#include "tracer_run.h"

#include "packet/quic.h"

/* The two ends that the other steps' flows have. */
static struct craft_ends flow_ends(uint8_t what, uint8_t net)
{
	bool is_out = what & 1;

	return (struct craft_ends){
		.is_v6 = what & 2,
		.net = net,
		.source = is_out ? 2 : 9,
		.destination = is_out ? 9 : 2,
		.source_port = is_out ? what >> 6 : 80,
		.destination_port = is_out ? 80 : what >> 6,
	};
}

static GByteArray *take_hello(struct run *run, struct input *input, bool ech)
{
	static const uint8_t zeros[40];
	const char *host = names_take_host(run, input);
	GByteArray *extensions = g_byte_array_new();

	lab_server_name(extensions, host, strlen(host));
	lab_extension(extensions, 16, "\0\3\2h2", 5);
	if (ech)
		lab_extension(extensions, 0xfe0d, zeros, sizeof(zeros));
	return lab_hello(extensions);
}

/* Altered; frees the bytes. */
static struct wire wire_of(struct run *run, struct input *input, GByteArray *bytes)
{
	struct wire wire = {0};

	wire_bytes(&wire, bytes->data, bytes->len);
	g_byte_array_free(bytes, TRUE);
	names_alter(run, input, &wire);
	return wire;
}

static void show(struct run *run, const struct wire *wire, bool is_out, bool names_only)
{
	run_show(run, wire->bytes, wire->count, is_out ? ST_DIRECTION_OUT : ST_DIRECTION_IN,
		 ST_LINK_RAW, names_only);
}

/* All of it, or from one byte to another. */
void names_hello(struct run *run, struct input *input)
{
	uint8_t what = take(input), seq = take(input), from = 0;
	struct craft_ends ends = flow_ends(what & ~2, 10);
	GByteArray *stream = lab_records(take_hello(run, input, what & 4), what & 16 ? 50 : 1000);
	struct wire hello = wire_of(run, input, stream), wire = {0};
	size_t count = hello.count;

	if (what & 8) {
		from = take(input) % (uint8_t)MIN(hello.count, UINT8_MAX);
		count = 1 + take(input) % (hello.count - from);
	}
	craft_tcp(&wire, &ends, seq + from, take(input), 0x18, count);
	wire_bytes(&wire, hello.bytes + from, count);
	show(run, &wire, what & 1, false);
}

/* In one CRYPTO frame, or from a byte on. */
void names_initial(struct run *run, struct input *input)
{
	static const struct sealing sealing = {.version = 1, .keys_of = "fuzzing."};
	uint8_t what = take(input);
	struct craft_ends ends = flow_ends(what, 0);
	struct wire hello = wire_of(run, input, take_hello(run, input, what & 4)), wire = {0};
	GByteArray message = {.data = hello.bytes, .len = (guint)hello.count};
	GByteArray *frames = g_byte_array_new(), *packet;
	guint from = what & 8 ? take(input) % message.len : 0;

	quic_lab_crypto(frames, &message, from, message.len);
	packet = quic_lab_seal(&sealing, frames, QUIC_DATAGRAM_MIN);
	craft_udp(&wire, &ends, packet->len);
	wire_bytes(&wire, packet->data, packet->len);
	g_byte_array_free(packet, TRUE);
	show(run, &wire, what & 1, what & 16);
}
