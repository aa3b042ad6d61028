/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values of scenario files, by their kind: text in, struct field out. */
#include "scenario_keys.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

struct unit {
	const char *name;
	uint64_t one;
};

static const struct unit times[] = {
	{"ns", 1},	    {"us", ST_NS_PER_US},      {"ms", ST_NS_PER_MS},
	{"s", ST_NS_PER_S}, {"min", 60 * ST_NS_PER_S}, {NULL, 0}};
static const struct unit bandwidths[] = {
	{"kbit", 1000}, {"Mbit", 1000000}, {"Gbit", 1000000000}, {NULL, 0}};
static const struct unit sizes[] = {{"B", 1}, {"kB", 1000}, {"MB", 1000000}, {NULL, 0}};
static const struct unit packets[] = {{"packets", 1}, {NULL, 0}};

static bool read_with_unit(const char *text, const struct unit *units, uint64_t *read)
{
	char *end;
	double value = g_ascii_strtod(text, &end);

	if (!g_ascii_isdigit(text[0]) || value > 1e6)
		return false;
	for (; units->name; units++)
		if (g_str_equal(end, units->name)) {
			*read = (uint64_t)(value * (double)units->one + 0.5);
			return true;
		}
	return false;
}

static bool read_queue(const char *text, struct sim_queue *queue)
{
	queue->in_packets = read_with_unit(text, packets, &queue->limit);
	return queue->in_packets || read_with_unit(text, sizes, &queue->limit);
}

static bool read_word(const char *text, const struct word *words, int *value)
{
	for (; words && words->name; words++)
		if (g_str_equal(text, words->name)) {
			*value = words->value;
			return true;
		}
	return false;
}

static bool read_number(const char *text, const struct key *key, uint32_t *number)
{
	char *end;
	guint64 value;
	int named;

	if (read_word(text, key->words, &named)) {
		*number = (uint32_t)named;
		return true;
	}
	errno = 0;
	value = g_ascii_strtoull(text, &end, 0);
	if (!g_ascii_isdigit(text[0]) || *end || errno || value < key->min || value > key->max)
		return false;
	*number = (uint32_t)value;
	return true;
}

static bool read_share(const char *text, double *share)
{
	char *end;

	*share = g_ascii_strtod(text, &end);
	return g_ascii_isdigit(text[0]) && !*end && *share <= 1;
}

static bool read_flag(const char *text, bool *flag)
{
	*flag = g_str_equal(text, "true");
	return *flag || g_str_equal(text, "false");
}

static bool read_address(const char *text, int family, struct st_addr *addr)
{
	*addr = (struct st_addr){.version = family == AF_INET ? 4 : 6};
	return inet_pton(family, text, addr->bytes) == 1;
}

/* A list separated by commas. */
static bool read_prefixes(const char *text, const struct key *key, void *base)
{
	char **items = g_strsplit(text, ",", -1);
	struct st_prefix *prefixes = (struct st_prefix *)(void *)((char *)base + key->offset);
	size_t count = g_strv_length(items);
	bool good = count <= key->max;

	for (size_t i = 0; good && i < count; i++)
		good = st_prefix_parse(g_strstrip(items[i]), &prefixes[i]) == ST_OK;
	memcpy((char *)base + key->count_offset, &count, sizeof(count));
	g_strfreev(items);
	return good;
}

const char *key_kind_text(enum kind kind)
{
	switch (kind) {
	case TIME:
		return "a time such as 20ms";
	case BANDWIDTH:
		return "a bandwidth such as 50Mbit";
	case QUEUE:
		return "a queue such as 100packets or 64kB";
	case NUMBER:
		return "a number";
	case FLAG:
		return "true or false";
	case SHARE:
		return "a share from 0 to 1";
	case ADDRESS_4:
		return "an IPv4 address";
	case ADDRESS_6:
		return "an IPv6 address";
	case WORD:
		return "one of the known words";
	case TEXT:
		return "a short text";
	case PREFIXES:
		return "a short list of addresses or prefixes";
	}
	g_assert_not_reached();
}

bool key_read(const struct key *key, const char *text, void *base)
{
	void *at = (char *)base + key->offset;

	switch (key->kind) {
	case TIME:
		return read_with_unit(text, times, at);
	case BANDWIDTH:
		return read_with_unit(text, bandwidths, at) && *(uint64_t *)at > 0;
	case QUEUE:
		return read_queue(text, at);
	case NUMBER:
		return read_number(text, key, at);
	case FLAG:
		return read_flag(text, at);
	case SHARE:
		return read_share(text, at);
	case ADDRESS_4:
		return read_address(text, AF_INET, at);
	case ADDRESS_6:
		return read_address(text, AF_INET6, at);
	case WORD:
		return read_word(text, key->words, at);
	case TEXT:
		return g_strlcpy(at, text, key->max) < key->max;
	case PREFIXES:
		return read_prefixes(text, key, base);
	}
	g_assert_not_reached();
}
