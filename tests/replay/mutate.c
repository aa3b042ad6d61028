/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Damages captures and runs all of st-replay on each, thousands of times in one
 * process: nothing may crash, hang, or be kept from one run to the next.
 *
 *   mutate-captures COUNT SEED SIGNATURES CAPTURE...
 *
 * Captures are damaged as files (anything anywhere) or frame by frame (the file stays
 * whole: bytes of packets, link types, the order). The one in work is in the file
 * "mutant" of the working folder: what ends the process can be looked at there.
 * Prints how many ended with which exit code. What st-replay writes goes nowhere,
 * its complaints to standard error.
 */
#include <fcntl.h>
#include <glib.h>
#include <malloc.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MUTANT "mutant"
#define BASE_BYTES_MAX 49152 /* of each capture: many small runs find more than few long ones */
#define FRAMES_MAX 4096
#define RUN_SECONDS_MAX 60 /* SIGALRM ends the process: something hangs */
#define EXIT_CODES 4
#define WARM_UP 200			  /* runs after which nothing more should be kept */
#define KEPT_BYTES_MAX (4u * 1024 * 1024) /* by the libraries' caches and the allocator */

#define PCAP_HEAD_BYTES 24
#define PCAP_RECORD_BYTES 16
#define PCAP_LINK_AT 20
#define PCAPNG_SECTION 0x0a0d0d0au
#define PCAPNG_PACKET 6u
#define PCAPNG_INTERFACE 1u
#define PCAPNG_PACKET_BYTES 28 /* before the frame's own */
#define PCAPNG_LINK_AT 8

/* st-replay's, built in here under another name. */
int replay_main(int argc, char **argv);

/* Where frames are in a file, and where it says what they are. */
struct layout {
	size_t frame_at[FRAMES_MAX], frame_bytes[FRAMES_MAX];
	size_t frames;
	size_t link_at[FRAMES_MAX];
	size_t links;
};

struct dice {
	uint64_t state;
};

/* Marsaglia's xorshift: the same numbers everywhere. */
static uint64_t roll(struct dice *dice)
{
	dice->state ^= dice->state << 13;
	dice->state ^= dice->state >> 7;
	dice->state ^= dice->state << 17;
	return dice->state;
}

static size_t roll_below(struct dice *dice, size_t bound)
{
	return bound == 0 ? 0 : (size_t)(roll(dice) >> 11) % bound;
}

static uint32_t u32_at(const GByteArray *file, size_t at)
{
	uint32_t value = 0;

	if (at + sizeof(value) <= file->len)
		memcpy(&value, file->data + at, sizeof(value));
	return value;
}

static void add_frame(struct layout *layout, const GByteArray *file, size_t at, size_t bytes)
{
	if (layout->frames == FRAMES_MAX || at + bytes > file->len)
		return;
	layout->frame_at[layout->frames] = at;
	layout->frame_bytes[layout->frames++] = bytes;
}

static void find_in_pcap(struct layout *layout, const GByteArray *file)
{
	size_t at = PCAP_HEAD_BYTES;

	layout->link_at[layout->links++] = PCAP_LINK_AT;
	while (at + PCAP_RECORD_BYTES <= file->len) {
		size_t bytes = u32_at(file, at + 8);

		add_frame(layout, file, at + PCAP_RECORD_BYTES, bytes);
		at += PCAP_RECORD_BYTES + bytes;
	}
}

static void find_in_pcapng(struct layout *layout, const GByteArray *file)
{
	size_t at = 0;

	while (at + 12 <= file->len) {
		uint32_t type = u32_at(file, at);
		size_t bytes = u32_at(file, at + 4);

		if (type == PCAPNG_PACKET)
			add_frame(layout, file, at + PCAPNG_PACKET_BYTES, u32_at(file, at + 20));
		if (type == PCAPNG_INTERFACE && layout->links < FRAMES_MAX)
			layout->link_at[layout->links++] = at + PCAPNG_LINK_AT;
		at += MAX(bytes, 12u);
	}
}

/* Files of the other byte order, and of other formats, are damaged as files only. */
static struct layout *find_frames(const GByteArray *file)
{
	struct layout *layout = g_new0(struct layout, 1);
	uint32_t magic = u32_at(file, 0);

	if (magic == PCAPNG_SECTION)
		find_in_pcapng(layout, file);
	else if (magic == 0xa1b2c3d4 || magic == 0xa1b23c4d)
		find_in_pcap(layout, file);
	return layout;
}

static uint8_t odd_byte(struct dice *dice, uint8_t old)
{
	static const uint8_t extremes[] = {0, 1, 4, 0x40, 0x45, 0x60, 0x7f, 0x80, 0xfe, 0xff};

	switch (roll_below(dice, 3)) {
	case 0:
		return extremes[roll_below(dice, sizeof(extremes))];
	case 1:
		return (uint8_t)(old ^ 1u << roll_below(dice, 8));
	default:
		return (uint8_t)roll(dice);
	}
}

static size_t times(struct dice *dice)
{
	static const size_t some[] = {1, 1, 1, 2, 3, 8, 32};

	return some[roll_below(dice, G_N_ELEMENTS(some))];
}

/* Lengths and types are in a file's first bytes: there damage does most. */
static void damage_bytes(struct dice *dice, GByteArray *file)
{
	for (size_t left = times(dice); left > 0; left--) {
		size_t range = roll_below(dice, 4) == 0 ? MIN(file->len, 256u) : file->len;
		size_t at = roll_below(dice, range);

		file->data[at] = odd_byte(dice, file->data[at]);
	}
}

/* Takes a part out, doubles it, or cuts the file behind it. */
static void damage_part(struct dice *dice, GByteArray *file)
{
	size_t at = roll_below(dice, file->len);
	size_t wanted = 1 + roll_below(dice, 300), bytes = MIN(file->len - at, wanted);
	g_autofree uint8_t *part = g_memdup2(file->data + at, bytes);

	switch (roll_below(dice, 3)) {
	case 0:
		g_byte_array_remove_range(file, (guint)at, (guint)bytes);
		break;
	case 1:
		g_byte_array_append(file, part, (guint)bytes);
		break;
	default:
		g_byte_array_set_size(file, (guint)at);
	}
}

static void damage_frame(struct dice *dice, GByteArray *file, const struct layout *layout)
{
	size_t frame = roll_below(dice, layout->frames);
	size_t at = layout->frame_at[frame], bytes = layout->frame_bytes[frame];

	for (size_t left = times(dice); left > 0 && bytes > 0; left--) {
		size_t range = roll_below(dice, 2) == 0 ? MIN(bytes, 80u) : bytes;
		size_t place = at + roll_below(dice, range);

		file->data[place] = odd_byte(dice, file->data[place]);
	}
}

/* Another link type than the frames have; the names of known ones are below 300. */
static void change_link(struct dice *dice, GByteArray *file, const struct layout *layout)
{
	uint16_t link_type = (uint16_t)roll_below(dice, 300);
	size_t at = layout->link_at[roll_below(dice, layout->links)];

	if (layout->links > 0 && at + sizeof(link_type) <= file->len)
		memcpy(file->data + at, &link_type, sizeof(link_type));
}

/* One packet's bytes in the place of another's, as far as they go. */
static void swap_frames(struct dice *dice, GByteArray *file, const struct layout *layout)
{
	size_t from = roll_below(dice, layout->frames), to = roll_below(dice, layout->frames);

	memmove(file->data + layout->frame_at[to], file->data + layout->frame_at[from],
		MIN(layout->frame_bytes[from], layout->frame_bytes[to]));
}

static void damage_frames(struct dice *dice, GByteArray *file)
{
	struct layout *layout = find_frames(file);

	for (size_t left = 4 * times(dice); left > 0 && layout->frames > 0; left--) {
		switch (roll_below(dice, 16)) {
		case 0:
			change_link(dice, file, layout);
			break;
		case 1:
		case 2:
			swap_frames(dice, file, layout);
			break;
		default:
			damage_frame(dice, file, layout);
		}
	}
	g_free(layout);
}

static GByteArray *mutant_of(struct dice *dice, const GByteArray *base)
{
	GByteArray *file = g_byte_array_new();

	g_byte_array_append(file, base->data, base->len);
	if (roll_below(dice, 3) > 0) {
		damage_frames(dice, file);
		return file;
	}
	damage_bytes(dice, file);
	if (roll_below(dice, 3) == 0)
		damage_part(dice, file);
	return file;
}

static void must(bool condition, const char *what)
{
	if (condition)
		return;
	fprintf(stderr, "mutate-captures: %s\n", what);
	exit(EXIT_FAILURE);
}

static GPtrArray *load(char **paths)
{
	GPtrArray *bases = g_ptr_array_new_with_free_func((GDestroyNotify)g_byte_array_unref);

	for (; *paths != NULL; paths++) {
		char *content = NULL;
		gsize bytes = 0;

		must(g_file_get_contents(*paths, &content, &bytes, NULL), *paths);
		GByteArray *base = g_byte_array_new();
		g_byte_array_append(base, (const guint8 *)content,
				    (guint)MIN(bytes, BASE_BYTES_MAX));
		g_free(content);
		if (base->len > 0)
			g_ptr_array_add(bases, base);
		else
			g_byte_array_unref(base);
	}
	must(bases->len > 0, "no capture");
	return bases;
}

/* Not synchronized with the disk, as g_file_set_contents() would. */
static void write_mutant(const GByteArray *file)
{
	FILE *stream = fopen(MUTANT, "wb");

	must(stream != NULL, "cannot write");
	must(fwrite(file->data, 1, file->len, stream) == file->len, "cannot write");
	must(fclose(stream) == 0, "cannot write");
}

/* Each second run reports in text, each third one writes a capture. */
static int run(uint64_t number, char *signatures)
{
	char *words[] = {(char *)"st-replay",	 (char *)"--quiet",
			 (char *)"-n",		 (char *)"--flows",
			 (char *)"--signatures", signatures,
			 (char *)"-o",		 (char *)(number % 2 == 0 ? "json" : "text"),
			 (char *)MUTANT,	 (char *)(number % 3 == 0 ? "-w" : NULL),
			 (char *)"written",	 NULL};
	int status;

	alarm(RUN_SECONDS_MAX);
	status = replay_main((int)g_strv_length(words), words);
	alarm(0);
	return status;
}

int main(int argc, char **argv)
{
	uint64_t count, ends[EXIT_CODES] = {0};
	size_t warm = 0, kept;
	struct dice dice;
	GPtrArray *bases;
	int results;

	must(argc > 4, "usage: mutate-captures COUNT SEED SIGNATURES CAPTURE...");
	count = g_ascii_strtoull(argv[1], NULL, 10);
	dice.state = g_ascii_strtoull(argv[2], NULL, 10) * 2 + 1;
	bases = load(argv + 4);
	results = dup(STDOUT_FILENO);
	must(results >= 0 && freopen("/dev/null", "w", stdout) != NULL, "no standard output");
	for (uint64_t i = 0; i < count; i++) {
		GByteArray *file =
			mutant_of(&dice, g_ptr_array_index(bases, roll_below(&dice, bases->len)));
		int status;

		write_mutant(file);
		g_byte_array_unref(file);
		status = run(i, argv[3]);
		must(status == 0 || status == 1, "an exit code that is neither 0 nor 1");
		ends[status]++;
		if (i == WARM_UP)
			warm = mallinfo2().uordblks;
	}
	kept = mallinfo2().uordblks;
	dprintf(results, "%" G_GUINT64_FORMAT " good, %" G_GUINT64_FORMAT " not readable\n",
		ends[0], ends[1]);
	must(count <= WARM_UP || kept < warm + KEPT_BYTES_MAX, "memory is not given back");
	g_ptr_array_unref(bases);
	return 0;
}
