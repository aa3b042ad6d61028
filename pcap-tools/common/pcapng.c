/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pcapng writer: section header, interface description and enhanced packet
 * blocks, in the host's byte order (the magic tells it). Blocks are collected in
 * memory and written together. What to write is the recorder's decision.
 */
#include "pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "output.h"

#define BLOCK_SECTION 0x0A0D0D0Au
#define BLOCK_INTERFACE 1u
#define BLOCK_PACKET 6u
#define BYTE_ORDER_MAGIC 0x1A2B3C4Du
#define SECTION_LENGTH_UNKNOWN UINT64_MAX

#define OPTION_END 0u
#define OPTION_COMMENT 1u
#define OPTION_SECTION_PROGRAM 4u
#define OPTION_INTERFACE_NAME 2u
#define OPTION_INTERFACE_STAMPS 9u
#define STAMPS_NANOSECONDS 9u /* 10^-9 s */

/* Raw IP is DLT 12 for libpcap on Linux, 14 on OpenBSD, but always 101 in a file. */
#define DLT_RAW_LINUX 12u
#define DLT_RAW_OPENBSD 14u
#define LINKTYPE_RAW 101u

/* So much is collected at most before it is written, whether the driver asks or not. */
#define PENDING_MAX (64u * 1024)

struct pcapng {
	int fd;
	bool is_file;	     /* ours and seekable: a block that is not whole can be taken back */
	uint64_t whole;	     /* bytes of whole blocks in the file */
	char *name;	     /* for errors */
	GByteArray *block;   /* the block in the making */
	GByteArray *pending; /* whole blocks not written yet */
};

static void put(struct pcapng *pcapng, const void *bytes, size_t count)
{
	g_byte_array_append(pcapng->block, bytes, (guint)count);
}

static void put_u16(struct pcapng *pcapng, uint16_t value)
{
	put(pcapng, &value, sizeof(value));
}

static void put_u32(struct pcapng *pcapng, uint32_t value)
{
	put(pcapng, &value, sizeof(value));
}

static void put_u64(struct pcapng *pcapng, uint64_t value)
{
	put(pcapng, &value, sizeof(value));
}

/* Bytes and the zeros up to the next multiple of four. */
static void put_padded(struct pcapng *pcapng, const void *bytes, size_t count)
{
	static const uint8_t zeros[3];

	put(pcapng, bytes, count);
	put(pcapng, zeros, (4 - count % 4) % 4);
}

static void put_option(struct pcapng *pcapng, uint16_t code, const void *bytes, size_t count)
{
	put_u16(pcapng, code);
	put_u16(pcapng, (uint16_t)count);
	put_padded(pcapng, bytes, count);
}

/* Longer texts than an option can hold are cut; no text of ours is. */
static void put_text_option(struct pcapng *pcapng, uint16_t code, const char *text)
{
	put_option(pcapng, code, text, strnlen(text, UINT16_MAX));
}

static void begin_block(struct pcapng *pcapng, uint32_t type)
{
	g_byte_array_set_size(pcapng->block, 0);
	put_u32(pcapng, type);
	put_u32(pcapng, 0); /* the length, known at the end */
}

static bool end_block(struct pcapng *pcapng, GError **error)
{
	uint32_t length = pcapng->block->len + 4;

	put_u32(pcapng, length);
	memcpy(pcapng->block->data + 4, &length, sizeof(length));
	g_byte_array_append(pcapng->pending, pcapng->block->data, length);
	return pcapng->pending->len < PENDING_MAX || pcapng_flush(pcapng, error);
}

/* Bytes of the pending blocks that lie wholly within the first `written` bytes. */
static uint64_t whole_blocks(const struct pcapng *pcapng, uint64_t written)
{
	uint64_t whole = 0;
	uint32_t length;

	while (whole < pcapng->pending->len) {
		memcpy(&length, pcapng->pending->data + whole + 4, sizeof(length));
		if (whole + length > written)
			break;
		whole += length;
	}
	return whole;
}

/* Should this fail too, readers meet a block that is cut off, as after a crash. */
static void take_back_the_rest(struct pcapng *pcapng)
{
	off_t end = pcapng->is_file ? lseek(pcapng->fd, 0, SEEK_CUR) : -1;

	if (end < 0 || (uint64_t)end < pcapng->whole)
		return;
	pcapng->whole += whole_blocks(pcapng, (uint64_t)end - pcapng->whole);
	if (ftruncate(pcapng->fd, (off_t)pcapng->whole) != 0)
		errno = 0;
}

bool pcapng_flush(struct pcapng *pcapng, GError **error)
{
	bool good = output_write(pcapng->fd, pcapng->name, pcapng->pending->data,
				 pcapng->pending->len, error);

	if (good)
		pcapng->whole += pcapng->pending->len;
	else
		take_back_the_rest(pcapng);
	g_byte_array_set_size(pcapng->pending, 0);
	return good;
}

static bool write_section(struct pcapng *pcapng, const char *program, GError **error)
{
	begin_block(pcapng, BLOCK_SECTION);
	put_u32(pcapng, BYTE_ORDER_MAGIC);
	put_u16(pcapng, 1); /* version 1.0 */
	put_u16(pcapng, 0);
	put_u64(pcapng, SECTION_LENGTH_UNKNOWN);
	put_text_option(pcapng, OPTION_SECTION_PROGRAM, program);
	put_u32(pcapng, OPTION_END);
	return end_block(pcapng, error);
}

static int open_file(const char *path, bool *is_file, GError **error)
{
	struct stat status;
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

	if (fd < 0) {
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "cannot write %s: %s", path,
			    g_strerror(errno));
		return -1;
	}
	*is_file = fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	return fd;
}

struct pcapng *pcapng_create(const char *path, const char *program, GError **error)
{
	bool to_stdout = strcmp(path, "-") == 0;
	bool is_file = false;
	int fd = to_stdout ? STDOUT_FILENO : open_file(path, &is_file, error);

	if (fd < 0)
		return NULL;
	struct pcapng *pcapng = g_new0(struct pcapng, 1);
	pcapng->fd = fd;
	pcapng->is_file = is_file;
	pcapng->name = g_strdup(to_stdout ? "standard output" : path);
	pcapng->block = g_byte_array_new();
	pcapng->pending = g_byte_array_new();
	if (write_section(pcapng, program, error) && pcapng_flush(pcapng, error))
		return pcapng;
	pcapng_close(pcapng, NULL);
	return NULL;
}

bool pcapng_add_interface(struct pcapng *pcapng, const char *name, uint32_t link_type,
			  uint32_t snap_bytes, GError **error)
{
	static const uint8_t stamps = STAMPS_NANOSECONDS;
	bool is_raw = link_type == DLT_RAW_LINUX || link_type == DLT_RAW_OPENBSD;

	begin_block(pcapng, BLOCK_INTERFACE);
	put_u16(pcapng, (uint16_t)(is_raw ? LINKTYPE_RAW : link_type));
	put_u16(pcapng, 0);
	put_u32(pcapng, snap_bytes);
	if (name != NULL)
		put_text_option(pcapng, OPTION_INTERFACE_NAME, name);
	put_option(pcapng, OPTION_INTERFACE_STAMPS, &stamps, sizeof(stamps));
	put_u32(pcapng, OPTION_END);
	return end_block(pcapng, error);
}

bool pcapng_write(struct pcapng *pcapng, const struct pcapng_packet *packet, GError **error)
{
	begin_block(pcapng, BLOCK_PACKET);
	put_u32(pcapng, packet->interface);
	put_u32(pcapng, (uint32_t)(packet->stamp_ns >> 32));
	put_u32(pcapng, (uint32_t)packet->stamp_ns);
	put_u32(pcapng, packet->captured_bytes);
	put_u32(pcapng, packet->wire_bytes);
	put_padded(pcapng, packet->bytes, packet->captured_bytes);
	if (packet->comment != NULL) {
		put_text_option(pcapng, OPTION_COMMENT, packet->comment);
		put_u32(pcapng, OPTION_END);
	}
	return end_block(pcapng, error);
}

int pcapng_fd(const struct pcapng *pcapng)
{
	return pcapng->fd;
}

bool pcapng_close(struct pcapng *pcapng, GError **error)
{
	bool good;

	if (pcapng == NULL)
		return true;
	good = pcapng_flush(pcapng, error);
	/* Network file systems tell at close() what they could not store. */
	if (pcapng->fd != STDOUT_FILENO && close(pcapng->fd) != 0 && good) {
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "cannot write %s: %s",
			    pcapng->name, g_strerror(errno));
		good = false;
	}
	g_byte_array_unref(pcapng->block);
	g_byte_array_unref(pcapng->pending);
	g_free(pcapng->name);
	g_free(pcapng);
	return good;
}
