/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The frames that a capture on the tracing host holds: link headers put before
 * packets, a list of frames in the order of their stamps, and that list as a
 * pcap file, written and read back by libpcap.
 */
#ifndef SIMNET_RECORDING_H
#define SIMNET_RECORDING_H

#include "scenario.h"
#include "wire.h"

#define LINK_HEADER_BYTES_MAX 18

struct recorded {
	uint64_t stamp_ns;
	uint64_t tag; /* as in its packet; 0 when read from a file */
	bool probe;
	enum st_direction direction; /* unknown when read from a file */
	uint32_t captured_bytes, wire_bytes;
	uint8_t *bytes;
};

struct recording {
	uint32_t link_type;
	uint32_t snap_bytes;
	GArray *frames; /* struct recorded */
};

struct recording *recording_new(uint32_t link_type, uint32_t snap_bytes);
void recording_free(struct recording *recording);

/* The header of the scenario's link, for this direction; returns its length. */
size_t link_header(const struct scenario *scenario, enum st_direction direction,
		   uint8_t header[LINK_HEADER_BYTES_MAX]);

/* Appends the packet behind its link header; returns its place. */
size_t recording_add(struct recording *recording, const struct scenario *scenario,
		     uint64_t stamp_ns, enum st_direction direction,
		     const struct sim_packet *packet);

const struct recorded *recording_at(const struct recording *recording, size_t place);

/* The frame as the tracer wants it; borrows from the recording. */
struct st_frame recording_frame(const struct recording *recording, size_t place);

/* Nanosecond pcap. NULL, or what went wrong, to be freed with g_free. */
char *recording_save(const struct recording *recording, const char *path);

/* NULL and what went wrong in *why, to be freed with g_free. */
struct recording *recording_load(const char *path, char **why);

#endif
