/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any frame through the decoders, into all tunnels, and its link header through what
 * fits it to a probe. The input is the link type (2 bytes), by how many times 4 bytes the
 * frame on the wire is longer than what was captured (2 bytes), and the captured
 * bytes; make_seeds.c writes the same form.
 */
#include <servicetrace/packet.h>

#include "base/reader.h"
#include "input.h"
#include "packet/link_header.h"

#include <stdlib.h>
#include <string.h>

#define PROBE_MAX 1280 /* longer than any probe, short enough for a length of IEEE 802.3 */
#define LABELS_MAX 4   /* fewer than fit a message, so that the bound is met */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What the drivers rely on: no offset leads out of the frame. */
static void check_packet(const struct st_frame *frame, const struct st_packet *packet)
{
	uint64_t payload_end = (uint64_t)packet->payload_offset + packet->payload_captured;

	must(packet->ip_version == 4 || packet->ip_version == 6);
	must(packet->ip_offset < packet->transport_offset);
	must(packet->transport_offset <= packet->payload_offset);
	must(packet->transport_captured <= packet->transport_wire);
	must(packet->payload_captured <= packet->payload_wire);
	must(packet->payload_wire <= packet->transport_wire);
	must((uint64_t)packet->transport_offset + packet->transport_captured <=
	     frame->captured_bytes);
	must(packet->payload_captured == 0 || payload_end <= frame->captured_bytes);
}

/* Each step leads further into the frame, so the steps come to an end. */
static void check_tunnels(const struct st_frame *frame, const struct st_packet *packet)
{
	struct st_packet inner = *packet, outer;
	enum st_status status;

	do {
		outer = inner;
		status = st_packet_enter(frame, &inner);
		must(status == ST_OK || memcmp(&inner, &outer, sizeof(inner)) == 0);
		must(status != ST_OK || inner.ip_offset > outer.ip_offset);
		check_packet(frame, &inner);
	} while (status == ST_OK);
}

/* Finished for another packet, a link header is as long as it was and leads to the same place. */
static void check_link_header(const struct st_frame *frame, const struct st_packet *packet)
{
	uint8_t *bytes = malloc(frame->captured_bytes);
	uint8_t *header = malloc(packet->ip_offset + 1u);
	struct st_frame finished = *frame;
	struct st_packet again;

	must(bytes && header);
	memcpy(bytes, frame->bytes, frame->captured_bytes);
	memcpy(header, bytes, packet->ip_offset);
	link_header_finish(frame->link_type, header, packet->ip_offset,
			   packet->payload_wire % PROBE_MAX, packet->ttl,
			   (uint8_t)(packet->ttl + 1));
	memcpy(bytes, header, packet->ip_offset);
	finished.bytes = bytes;
	must(st_packet_decode(&finished, &again) == ST_OK);
	must(again.ip_offset == packet->ip_offset && again.ip_version == packet->ip_version);
	free(header);
	free(bytes);
}

static void check_extension(const uint8_t *message, size_t count, uint8_t ip_version)
{
	struct st_mpls_label labels[LABELS_MAX];
	struct st_icmp_object object;
	struct st_icmp_ext ext;
	uint8_t sum = 0;

	if (st_icmp_ext_init(&ext, message, count, ip_version) != ST_OK)
		return;
	while (st_icmp_ext_next(&ext, &object) == ST_OK) {
		must(object.payload_bytes <= count);
		must(st_mpls_labels(&object, labels, LABELS_MAX) <= LABELS_MAX);
		for (size_t i = 0; i < object.payload_bytes; i++)
			sum ^= object.payload[i]; /* every byte is there to be read */
	}
	__asm__ volatile("" : : "r"(sum));
}

static void check_error(const struct st_frame *frame, const struct st_packet *packet)
{
	const uint8_t *message = frame->bytes + packet->transport_offset;
	struct st_quote quote;

	if (st_quote_decode(frame->bytes + packet->payload_offset, packet->payload_captured,
			    packet->ip_version, &quote) == ST_OK) {
		must(quote.transport_bytes < packet->payload_captured);
		must(!quote.has_ports || quote.transport_bytes >= 4);
		must(!quote.has_seq || quote.transport_bytes >= 8);
		must(!quote.has_ack || quote.transport_bytes >= 12);
	}
	check_extension(message, packet->transport_captured, packet->ip_version);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct reader reader = reader_over(data, size);
	struct st_frame frame = {.link_type = reader_u16(&reader)};
	uint32_t beyond = 4u * reader_u16(&reader);
	struct st_packet packet;
	bool icmp;

	if (reader.overrun)
		return -1;
	frame.bytes = reader.at;
	frame.captured_bytes = (uint32_t)reader.left;
	frame.wire_bytes = frame.captured_bytes + beyond;
	if (st_packet_decode(&frame, &packet) != ST_OK)
		return 0;
	check_packet(&frame, &packet);
	check_tunnels(&frame, &packet);
	if (st_link_type_sendable(frame.link_type))
		check_link_header(&frame, &packet);
	icmp = packet.protocol == ST_PROTOCOL_ICMP || packet.protocol == ST_PROTOCOL_ICMPV6;
	if (icmp && !packet.later_fragment && packet.icmp.is_error)
		check_error(&frame, &packet);
	return 0;
}
