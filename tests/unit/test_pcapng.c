/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pcapng writer: read back block by block, and what is left when the disk
 * is full. That other programs read its files is shown by the live tests.
 */
#include <fcntl.h>
#include <glib.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "failure.h"
#include "pcapng.h"

struct fixture {
	char *folder;
	char *path;
	char *bytes; /* of the file, after load() */
	gsize count;
	size_t at;
};

static void set_up(struct fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	fixture->folder = g_dir_make_tmp("st-pcapng-XXXXXX", NULL);
	fixture->path = g_build_filename(fixture->folder, "out.pcapng", NULL);
}

static void tear_down(struct fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	g_unlink(fixture->path);
	g_rmdir(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->path);
	g_free(fixture->bytes);
}

static void load(struct fixture *fixture)
{
	g_free(fixture->bytes);
	fixture->at = 0;
	g_assert_true(g_file_get_contents(fixture->path, &fixture->bytes, &fixture->count, NULL));
}

static uint32_t u32_at(const struct fixture *fixture, size_t at)
{
	uint32_t value;

	g_assert_cmpuint(at + sizeof(value), <=, fixture->count);
	memcpy(&value, fixture->bytes + at, sizeof(value));
	return value;
}

static void assert_bytes(const struct fixture *fixture, size_t at, const char *bytes, size_t count)
{
	g_assert_cmpuint(at + count, <=, fixture->count);
	g_assert_true(memcmp(fixture->bytes + at, bytes, count) == 0);
}

/* Checks the lengths at both ends of the next block; returns where it begins. */
static size_t next_block(struct fixture *fixture, uint32_t type)
{
	size_t at = fixture->at;
	uint32_t length = u32_at(fixture, at + 4);

	g_assert_cmphex(u32_at(fixture, at), ==, type);
	g_assert_cmpuint(length % 4, ==, 0);
	g_assert_cmpuint(u32_at(fixture, at + length - 4), ==, length);
	fixture->at += length;
	return at;
}

static const uint8_t some_bytes[] = {0x45, 1, 2, 3, 4};

static struct pcapng_packet packet_of(const char *comment)
{
	return (struct pcapng_packet){
		.stamp_ns = UINT64_C(1700000000123456789),
		.bytes = some_bytes,
		.captured_bytes = sizeof(some_bytes),
		.wire_bytes = 60,
		.comment = comment,
	};
}

static struct pcapng *create(const struct fixture *fixture)
{
	GError *error = NULL;
	struct pcapng *pcapng = pcapng_create(fixture->path, "test 1", &error);

	g_assert_no_error(error);
	pcapng_add_interface(pcapng, "eth0", 1, 512, &error);
	g_assert_no_error(error);
	return pcapng;
}

static void test_headers(struct fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	size_t at;

	g_assert_true(pcapng_close(create(fixture), NULL));
	load(fixture);
	at = next_block(fixture, 0x0A0D0D0A);
	g_assert_cmphex(u32_at(fixture, at + 8), ==, 0x1A2B3C4D);
	g_assert_cmpuint(u32_at(fixture, at + 12), ==, 1);
	at = next_block(fixture, 1);
	g_assert_cmpuint(u32_at(fixture, at + 8), ==, 1);
	g_assert_cmpuint(u32_at(fixture, at + 12), ==, 512);
	g_assert_cmphex(u32_at(fixture, at + 16), ==, 0x00040002); /* if_name, 4 bytes */
	assert_bytes(fixture, at + 20, "eth0", 4);
	g_assert_cmphex(u32_at(fixture, at + 24), ==, 0x00010009); /* if_tsresol, 1 byte */
	g_assert_cmphex(u32_at(fixture, at + 28), ==, 9);
	g_assert_cmpuint(fixture->at, ==, fixture->count);
}

static void test_raw_link(struct fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	struct pcapng *pcapng = pcapng_create(fixture->path, "test 1", NULL);

	g_assert_true(pcapng_add_interface(pcapng, NULL, 12, 512, NULL));
	g_assert_true(pcapng_close(pcapng, NULL));
	load(fixture);
	next_block(fixture, 0x0A0D0D0A);
	g_assert_cmpuint(u32_at(fixture, next_block(fixture, 1) + 8), ==, 101);
}

static void test_packet(struct fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	struct pcapng *pcapng = create(fixture);
	const struct pcapng_packet bare = packet_of(NULL), told = packet_of("hello");
	size_t at;

	g_assert_true(pcapng_write(pcapng, &bare, NULL));
	g_assert_true(pcapng_write(pcapng, &told, NULL));
	g_assert_true(pcapng_flush(pcapng, NULL));
	load(fixture); /* before the close: a killed run leaves whole blocks */
	next_block(fixture, 0x0A0D0D0A);
	next_block(fixture, 1);
	at = next_block(fixture, 6);
	g_assert_cmpuint(u32_at(fixture, at + 4), ==, 28 + 8 + 4);
	g_assert_cmphex(u32_at(fixture, at + 12), ==, UINT64_C(1700000000123456789) >> 32);
	g_assert_cmphex(u32_at(fixture, at + 16), ==, (uint32_t)UINT64_C(1700000000123456789));
	g_assert_cmpuint(u32_at(fixture, at + 20), ==, sizeof(some_bytes));
	g_assert_cmpuint(u32_at(fixture, at + 24), ==, 60);
	assert_bytes(fixture, at + 28, "\x45\1\2\3\4\0\0\0", 8);
	at = next_block(fixture, 6);
	g_assert_cmphex(u32_at(fixture, at + 36), ==, 0x00050001); /* opt_comment, 5 bytes */
	assert_bytes(fixture, at + 40, "hello\0\0\0", 8);
	g_assert_cmphex(u32_at(fixture, at + 48), ==, 0); /* opt_endofopt */
	g_assert_cmpuint(fixture->at, ==, fixture->count);
	g_assert_true(pcapng_close(pcapng, NULL));
}

/* A limit on the size of files is a disk that is full at a chosen byte. */
static void test_full_disk(struct fixture *fixture, G_GNUC_UNUSED gconstpointer data)
{
	struct rlimit before, full;
	struct pcapng *pcapng = create(fixture);
	const struct pcapng_packet packet = packet_of("comment");
	GError *error = NULL;
	unsigned written = 0;

	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	full = before;
	full.rlim_cur = 250;
	setrlimit(RLIMIT_FSIZE, &full);
	while (pcapng_write(pcapng, &packet, &error) && pcapng_flush(pcapng, &error))
		written++;
	setrlimit(RLIMIT_FSIZE, &before);
	g_assert_error(error, FAILURE_ERROR, FAILURE_RUNNING);
	g_assert_nonnull(strstr(error->message, fixture->path));
	g_clear_error(&error);
	pcapng_close(pcapng, NULL);
	load(fixture);
	next_block(fixture, 0x0A0D0D0A);
	next_block(fixture, 1);
	for (; written > 0; written--)
		next_block(fixture, 6);
	g_assert_cmpuint(fixture->at, ==, fixture->count);
}

static void test_cannot_create(void)
{
	GError *error = NULL;

	g_assert_null(pcapng_create("/nonexistent/x", "test 1", &error));
	g_assert_error(error, FAILURE_ERROR, FAILURE_RUNNING);
	g_assert_cmpstr(error->message, ==,
			"cannot write /nonexistent/x: No such file or directory");
	g_clear_error(&error);
	g_assert_null(pcapng_create("/dev/full", "test 1", &error));
	g_assert_error(error, FAILURE_ERROR, FAILURE_RUNNING);
	g_clear_error(&error);
	g_assert_true(pcapng_close(NULL, NULL));
}

#define ADD(name, function)                                                                        \
	g_test_add("/pcapng/" name, struct fixture, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("headers", test_headers);
	ADD("raw-link", test_raw_link);
	ADD("packet", test_packet);
	ADD("full-disk", test_full_disk);
	g_test_add_func("/pcapng/cannot-create", test_cannot_create);
	return g_test_run();
}
