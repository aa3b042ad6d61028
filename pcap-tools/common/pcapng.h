/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes captures in the pcapng format (draft-ietf-opsawg-pcapng): nanosecond
 * stamps and a comment on each packet that deserves one. Every block is out
 * when its call returns, so a killed run leaves a readable file.
 */
#ifndef ST_TOOLS_PCAPNG_H
#define ST_TOOLS_PCAPNG_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

struct pcapng;

struct pcapng_packet {
	uint64_t stamp_ns;
	const uint8_t *bytes;
	uint32_t captured_bytes;
	uint32_t wire_bytes;
	uint32_t interface;  /* 0 is the first one added */
	const char *comment; /* UTF-8; NULL: none */
};

/*
 * Creates the file ("-": standard output) and writes the section's header;
 * `program` is named in it as the writer. NULL: `error` says why.
 */
struct pcapng *pcapng_create(const char *path, const char *program, GError **error);

/*
 * Adds an interface: packets are numbered by the order of these calls. `name`
 * may be NULL; `link_type` is what libpcap calls it (a DLT_).
 */
bool pcapng_add_interface(struct pcapng *pcapng, const char *name, uint32_t link_type,
			  uint32_t snap_bytes, GError **error);

/* Adds a packet; it may be written now or with later ones. */
bool pcapng_write(struct pcapng *pcapng, const struct pcapng_packet *packet, GError **error);

/*
 * Writes what was added. After an error, of this or another call, the file ends
 * behind the last packet that is whole.
 */
bool pcapng_flush(struct pcapng *pcapng, GError **error);

/* The descriptor that is written to; of a pipe, its condition tells when the reader has gone. */
int pcapng_fd(const struct pcapng *pcapng);

/* Flushes, closes and frees; false if not all reached the file. NULL is allowed. */
bool pcapng_close(struct pcapng *pcapng, GError **error);

#endif
