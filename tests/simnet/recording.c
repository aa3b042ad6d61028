/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames kept in memory, and as pcap files through libpcap alone. */
#include "recording.h"

#include <pcap/pcap.h>
#include <string.h>

struct recording *recording_new(uint32_t link_type, uint32_t snap_bytes)
{
	struct recording *recording = g_new0(struct recording, 1);

	recording->link_type = link_type;
	recording->snap_bytes = snap_bytes;
	recording->frames = g_array_new(FALSE, TRUE, sizeof(struct recorded));
	return recording;
}

void recording_free(struct recording *recording)
{
	if (!recording)
		return;
	for (size_t i = 0; i < recording->frames->len; i++)
		g_free(recording_at(recording, i)->bytes);
	g_array_unref(recording->frames);
	g_free(recording);
}

size_t link_header(const struct scenario *scenario, enum st_direction direction,
		   uint8_t header[LINK_HEADER_BYTES_MAX])
{
	static const uint8_t host[6] = {2, 0, 0, 0, 0, 2}, gateway[6] = {2, 0, 0, 0, 0, 1};
	static const uint8_t tag[4] = {0x81, 0x00, 0x00, 0x07};
	bool out = direction == ST_DIRECTION_OUT;

	if (scenario->link != ST_LINK_ETHERNET)
		return 0;
	memcpy(header, out ? gateway : host, 6);
	memcpy(header + 6, out ? host : gateway, 6);
	if (!scenario->vlan)
		return 12;
	memcpy(header + 12, tag, 4);
	return 16;
}

static size_t whole_header(const struct scenario *scenario, enum st_direction direction,
			   const struct sim_packet *packet, uint8_t header[LINK_HEADER_BYTES_MAX])
{
	bool v4 = packet->bytes[0] >> 4 == 4;
	size_t bytes = link_header(scenario, direction, header);

	if (bytes == 0)
		return 0;
	header[bytes] = v4 ? 0x08 : 0x86;
	header[bytes + 1] = v4 ? 0x00 : 0xdd;
	return bytes + 2;
}

size_t recording_add(struct recording *recording, const struct scenario *scenario,
		     uint64_t stamp_ns, enum st_direction direction,
		     const struct sim_packet *packet)
{
	uint8_t header[LINK_HEADER_BYTES_MAX];
	size_t header_bytes = whole_header(scenario, direction, packet, header);
	struct recorded frame = {.stamp_ns = stamp_ns,
				 .tag = packet->tag,
				 .probe = packet->tag && direction == ST_DIRECTION_OUT,
				 .direction = direction,
				 .wire_bytes = (uint32_t)(header_bytes + packet->count)};

	frame.captured_bytes = MIN(frame.wire_bytes, recording->snap_bytes);
	frame.bytes = g_malloc(frame.wire_bytes);
	memcpy(frame.bytes, header, header_bytes);
	memcpy(frame.bytes + header_bytes, packet->bytes, packet->count);
	g_array_append_val(recording->frames, frame);
	return recording->frames->len - 1;
}

const struct recorded *recording_at(const struct recording *recording, size_t place)
{
	return &g_array_index(recording->frames, struct recorded, place);
}

struct st_frame recording_frame(const struct recording *recording, size_t place)
{
	const struct recorded *frame = recording_at(recording, place);

	return (struct st_frame){.stamp_ns = frame->stamp_ns,
				 .cookie = place,
				 .bytes = frame->bytes,
				 .captured_bytes = frame->captured_bytes,
				 .wire_bytes = frame->wire_bytes,
				 .link_type = recording->link_type,
				 .interface = 1,
				 .direction = frame->direction};
}

/* libpcap has a number of its own for raw IP (pcap-linktype(7)); files hold LINKTYPE_RAW. */
static int data_link(uint32_t link_type)
{
	return link_type == ST_LINK_RAW ? DLT_RAW : (int)link_type;
}

static void dump_frame(pcap_dumper_t *dumper, const struct recorded *frame)
{
	struct pcap_pkthdr header = {.caplen = frame->captured_bytes, .len = frame->wire_bytes};

	header.ts.tv_sec = (time_t)(frame->stamp_ns / ST_NS_PER_S);
	header.ts.tv_usec = (suseconds_t)(frame->stamp_ns % ST_NS_PER_S);
	pcap_dump((u_char *)dumper, &header, frame->bytes);
}

char *recording_save(const struct recording *recording, const char *path)
{
	pcap_t *pcap = pcap_open_dead_with_tstamp_precision(data_link(recording->link_type),
							    (int)recording->snap_bytes,
							    PCAP_TSTAMP_PRECISION_NANO);
	pcap_dumper_t *dumper = pcap_dump_open(pcap, path);
	char *why = NULL;

	for (size_t i = 0; dumper && i < recording->frames->len; i++)
		dump_frame(dumper, recording_at(recording, i));
	if (!dumper)
		why = g_strdup(pcap_geterr(pcap));
	else if (pcap_dump_flush(dumper) != 0)
		why = g_strdup_printf("%s: cannot be written", path);
	if (dumper)
		pcap_dump_close(dumper);
	pcap_close(pcap);
	return why;
}

static void load_frame(struct recording *recording, const struct pcap_pkthdr *header,
		       const u_char *bytes)
{
	struct recorded frame = {
		.stamp_ns =
			(uint64_t)header->ts.tv_sec * ST_NS_PER_S + (uint64_t)header->ts.tv_usec,
		.captured_bytes = header->caplen,
		.wire_bytes = header->len,
		.bytes = g_malloc(header->caplen),
	};

	memcpy(frame.bytes, bytes, header->caplen);
	g_array_append_val(recording->frames, frame);
}

struct recording *recording_load(const char *path, char **why)
{
	char error[PCAP_ERRBUF_SIZE];
	pcap_t *pcap =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, error);
	struct recording *recording;
	struct pcap_pkthdr *header;
	const u_char *bytes;

	if (!pcap) {
		*why = g_strdup(error);
		return NULL;
	}
	recording = recording_new((uint32_t)pcap_datalink(pcap), (uint32_t)pcap_snapshot(pcap));
	while (pcap_next_ex(pcap, &header, &bytes) == 1)
		load_frame(recording, header, bytes);
	pcap_close(pcap);
	return recording;
}
