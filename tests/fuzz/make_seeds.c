/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes the seeds of fuzz_frame.c from the unit tests' samples and a few ICMP
 * errors with extensions into the folder that is named. Nothing in them comes
 * from a real capture.
 */
#include "base/checksum.h"
#include "link_samples.h"
#include "seeds.h"
#include "tunnel_samples.h"

#define CUT_BYTES 64 /* a snap length that cuts the longer samples */

static void write_frame(const char *folder, const char *name, uint32_t link_type,
			const struct wire *frame, size_t captured)
{
	struct wire seed = {0};

	wire_u16(&seed, link_type);
	wire_u16(&seed, (unsigned)(frame->count - captured) / 4);
	wire_bytes(&seed, frame->bytes, captured);
	write_seed(folder, name, &seed);
}

static void put_extension(struct wire *wire)
{
	size_t start = wire->count;

	wire_u32(wire, 0x20000000);
	wire_u32(wire, 0x000c0101); /* label stack of two */
	wire_u32(wire, 0x03e81001);
	wire_u32(wire, 0x000181ff);
	wire_u32(wire, 0x0008020e); /* interface information, RFC 5837 */
	wire_u32(wire, 0xc0000201);
	wire_set_u16(wire, start + 2,
		     checksum_finish(checksum_add(0, wire->bytes + start, wire->count - start)));
}

/* An error whose quote is padded to `quote_bytes`, with `length` in the length field. */
static struct wire error_with_extension(uint8_t version, size_t quote_bytes, unsigned length)
{
	struct wire wire = {0};
	size_t quote;

	if (version == 4)
		wire_ip4(&wire, ST_PROTOCOL_ICMP, 8 + quote_bytes + 24, 0);
	else
		wire_ip6(&wire, ST_PROTOCOL_ICMPV6, 8 + quote_bytes + 24);
	wire_icmp(&wire, version == 4 ? 11 : 3, 0);
	wire.bytes[wire.count - (version == 4 ? 3 : 4)] = (uint8_t)length;
	quote = wire.count;
	if (version == 4)
		wire_ip4(&wire, ST_PROTOCOL_TCP, 20, 0);
	else
		wire_ip6(&wire, ST_PROTOCOL_TCP, 20);
	wire_tcp(&wire, NULL, 0);
	wire_fill(&wire, 0, quote + quote_bytes - wire.count);
	put_extension(&wire);
	return wire;
}

static void write_samples(const char *folder, const struct sample *some, size_t count)
{
	struct wire frame;

	for (size_t i = 0; i < count; i++) {
		frame = (struct wire){0};
		some[i].put(&frame);
		write_frame(folder, some[i].name, some[i].link_type, &frame, frame.count);
	}
}

int main(int argc, char **argv)
{
	struct wire frame;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
		return 2;
	}
	write_samples(argv[1], samples, G_N_ELEMENTS(samples));
	write_samples(argv[1], link_samples, G_N_ELEMENTS(link_samples));
	write_samples(argv[1], tunnels, G_N_ELEMENTS(tunnels));
	frame = (struct wire){0};
	sample_ethernet6(&frame);
	write_frame(argv[1], "snapped", ST_LINK_ETHERNET, &frame, CUT_BYTES);
	frame = error_with_extension(4, 128, 32);
	write_frame(argv[1], "icmp-extension", ST_LINK_RAW, &frame, frame.count);
	frame = error_with_extension(4, 128, 0);
	write_frame(argv[1], "icmp-extension-no-length", ST_LINK_RAW, &frame, frame.count);
	frame = error_with_extension(4, 40, 10);
	write_frame(argv[1], "icmp-extension-unpadded", ST_LINK_RAW, &frame, frame.count);
	frame = error_with_extension(6, 128, 16);
	write_frame(argv[1], "icmp6-extension", ST_LINK_RAW, &frame, frame.count);
	return 0;
}
