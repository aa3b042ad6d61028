/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which keys a scenario file may hold, group by group: name, kind of value, and
 * where in its struct the value goes. What they mean is told by
 * testdata/scenarios/README.md.
 */
#ifndef SIMNET_SCENARIO_KEYS_H
#define SIMNET_SCENARIO_KEYS_H

#include "scenario.h"

enum kind {
	TIME,
	NUMBER,
	FLAG,
	SHARE,
	ADDRESS_4,
	ADDRESS_6,
	WORD,
	PREFIXES,
	BANDWIDTH,
	QUEUE,
	TEXT
};

/* A word that stands for a number. Lists of them end with a NULL name. */
struct word {
	const char *name;
	int value;
};

struct key {
	const char *name;
	enum kind kind;
	size_t offset;
	uint32_t min, max;	  /* NUMBER; PREFIXES: at most max; TEXT: max bytes of room */
	const struct word *words; /* WORD; NUMBER: words that stand for numbers, or NULL */
	size_t count_offset;	  /* PREFIXES */
};

/* Each list ends with a NULL name. */
extern const struct key scenario_keys[], host_keys[], destination_keys[], capture_keys[],
	hop_keys[], change_keys[], flow_keys[], tracer_keys[], expect_keys[];

/* Reads the value into its place behind `base`; false if it is not one of its kind. */
bool key_read(const struct key *key, const char *text, void *base);

/* What its values look like, for complaints. */
const char *key_kind_text(enum kind kind);

#endif
