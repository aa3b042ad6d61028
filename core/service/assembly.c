/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "service/assembly.h"

#include <glib.h>
#include <string.h>

#define CAPACITY_MIN 1024

static void make_room(struct assembly *assembly, uint32_t bytes)
{
	uint32_t capacity = MAX(assembly->capacity, CAPACITY_MIN);

	if (bytes <= assembly->capacity)
		return;
	while (capacity < bytes)
		capacity *= 2;
	assembly->bytes = g_realloc(assembly->bytes, capacity);
	assembly->capacity = capacity;
}

/* The first range that ends at `offset` or later; ranges that touch are to be one. */
static unsigned first_at(const struct assembly *assembly, uint32_t offset)
{
	unsigned i = 0;

	while (i < assembly->range_count && assembly->ranges[i].end < offset)
		i++;
	return i;
}

/* Copies what lies between the ranges: what is there stays. */
static void fill_gaps(struct assembly *assembly, unsigned first, unsigned past,
		      struct assembly_range piece, const uint8_t *bytes)
{
	uint32_t at = piece.begin;

	for (unsigned i = first; i <= past; i++) {
		uint32_t until = i < past ? MIN(assembly->ranges[i].begin, piece.end) : piece.end;

		if (at < until)
			memcpy(assembly->bytes + at, bytes + (at - piece.begin), until - at);
		if (i < past)
			at = MAX(at, assembly->ranges[i].end);
	}
}

/* Puts one range in the place of those from `first` up to before `past`. */
static void merge(struct assembly *assembly, unsigned first, unsigned past,
		  struct assembly_range range)
{
	memmove(&assembly->ranges[first + 1], &assembly->ranges[past],
		(assembly->range_count - past) * sizeof(range));
	assembly->ranges[first] = range;
	assembly->range_count = assembly->range_count + 1 - (past - first);
}

bool assembly_add(struct assembly *assembly, uint32_t offset, const uint8_t *bytes, uint32_t count,
		  uint32_t max)
{
	struct assembly_range piece = {offset, offset + count}, range = piece;
	unsigned first = first_at(assembly, offset), past = first;

	if (count == 0)
		return true;
	if (offset > max || count > max - offset)
		return false;
	while (past < assembly->range_count && assembly->ranges[past].begin <= piece.end)
		past++;
	if (past == first && assembly->range_count == ASSEMBLY_RANGES_MAX)
		return false;
	make_room(assembly, piece.end);
	fill_gaps(assembly, first, past, piece, bytes);
	if (past > first) {
		range.begin = MIN(range.begin, assembly->ranges[first].begin);
		range.end = MAX(range.end, assembly->ranges[past - 1].end);
	}
	merge(assembly, first, past, range);
	return true;
}

uint32_t assembly_prefix(const struct assembly *assembly)
{
	bool from_start = assembly->range_count > 0 && assembly->ranges[0].begin == 0;

	return from_start ? assembly->ranges[0].end : 0;
}

void assembly_consume(struct assembly *assembly, uint32_t count)
{
	unsigned kept = 0;

	if (count == 0)
		return;
	for (unsigned i = 0; i < assembly->range_count; i++) {
		struct assembly_range range = assembly->ranges[i];

		if (range.end <= count)
			continue;
		range.begin = range.begin > count ? range.begin - count : 0;
		range.end -= count;
		assembly->ranges[kept++] = range;
	}
	assembly->range_count = kept;
	if (kept > 0)
		memmove(assembly->bytes, assembly->bytes + count, assembly->ranges[kept - 1].end);
}

void assembly_clear(struct assembly *assembly)
{
	g_free(assembly->bytes);
	*assembly = (struct assembly){0};
}
