/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the fuzzer has made, taken byte by byte; where it ends, zeros follow. */
#ifndef ST_TESTS_FUZZ_INPUT_H
#define ST_TESTS_FUZZ_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct input {
	const uint8_t *at;
	size_t left;
};

static inline uint8_t take(struct input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->at++;
}

static inline unsigned take_u16(struct input *input)
{
	unsigned high = take(input);

	return high << 8 | take(input);
}

/* The next `count` bytes; NULL if there are fewer. */
static inline const uint8_t *take_bytes(struct input *input, size_t count)
{
	const uint8_t *bytes = input->at;

	if (count > input->left)
		return NULL;
	input->at += count;
	input->left -= count;
	return bytes;
}

/* As many of the next `count` bytes as there are. */
static inline struct input take_part(struct input *input, size_t count)
{
	struct input part = {input->at, count < input->left ? count : input->left};

	input->at += part.left;
	input->left -= part.left;
	return part;
}

/* Not assert: the fuzz preset is an optimised build, which drops it. */
static inline void must_at(bool condition, const char *what, const char *file, int line)
{
	if (condition)
		return;
	fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
	abort();
}

#define must(condition) must_at(condition, #condition, __FILE__, __LINE__)

#endif
