/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A scenario as a file that scenario_file.c reads: what is not at its default,
 * so that one that was made up from a seed can be looked at, and cut down.
 */
#include "scenario_keys.h"

#include <string.h>

static void append_number(GString *text, const struct key *key, uint32_t value)
{
	for (const struct word *word = key->words; word && word->name; word++)
		if ((uint32_t)word->value == value) {
			g_string_append(text, word->name);
			return;
		}
	g_string_append_printf(text, "%u", value);
}

static void append_time(GString *text, uint64_t ns)
{
	g_string_append_printf(text, "%u.%03ums", (unsigned)(ns / ST_NS_PER_MS),
			       (unsigned)(ns % ST_NS_PER_MS / ST_NS_PER_US));
}

static void append_share(GString *text, double share)
{
	char buffer[G_ASCII_DTOSTR_BUF_SIZE];

	g_string_append(text, g_ascii_dtostr(buffer, sizeof(buffer), share));
}

static void append_addr(GString *text, const struct st_addr *addr)
{
	char buffer[ST_ADDR_TEXT_BYTES];

	g_string_append(text, st_addr_format(addr, buffer));
}

static void append_prefixes(GString *text, const struct key *key, const char *base)
{
	const struct st_prefix *prefixes = (const void *)(base + key->offset);
	size_t count;

	memcpy(&count, base + key->count_offset, sizeof(count));
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			g_string_append(text, ", ");
		append_addr(text, &prefixes[i].addr);
		g_string_append_printf(text, "/%u", prefixes[i].bits);
	}
}

static void append_value(GString *text, const struct key *key, const char *base)
{
	const void *at = base + key->offset;

	switch (key->kind) {
	case TIME:
		append_time(text, *(const uint64_t *)at);
		break;
	case NUMBER:
	case WORD:
		append_number(text, key, *(const uint32_t *)at);
		break;
	case FLAG:
		g_string_append(text, *(const bool *)at ? "true" : "false");
		break;
	case SHARE:
		append_share(text, *(const double *)at);
		break;
	case ADDRESS_4:
	case ADDRESS_6:
		append_addr(text, at);
		break;
	case TEXT:
		g_string_append(text, at);
		break;
	case PREFIXES:
		append_prefixes(text, key, base);
		break;
	case BANDWIDTH:
		g_string_append_printf(text, "%" G_GUINT64_FORMAT "kbit",
				       *(const uint64_t *)at / 1000);
		break;
	case QUEUE:
		g_string_append_printf(
			text, "%" G_GUINT64_FORMAT "%s", ((const struct sim_queue *)at)->limit,
			((const struct sim_queue *)at)->in_packets ? "packets" : "B");
		break;
	}
}

/* The keys whose values are not those of `usual`, which is of the same type. */
static void append_keys(GString *text, const struct key *keys, const void *base, const void *usual)
{
	GString *value = g_string_new(NULL), *other = g_string_new(NULL);

	for (; keys->name; keys++) {
		g_string_truncate(value, 0);
		g_string_truncate(other, 0);
		append_value(value, keys, base);
		append_value(other, keys, usual);
		if (!g_string_equal(value, other))
			g_string_append_printf(text, "%s = %s\n", keys->name, value->str);
	}
	g_string_free(value, TRUE);
	g_string_free(other, TRUE);
}

static void append_path(GString *text, const struct scenario *s, struct scenario *usual)
{
	for (size_t i = 0; i < s->hop_count; i++) {
		g_string_append_printf(text, "[hop %zu]\n", i + 1);
		append_keys(text, hop_keys, &s->hops[i], scenario_add_hop(usual));
	}
	/* A change tells what differs from before: so `usual` has to go along. */
	memcpy(usual->hops, s->hops, sizeof(s->hops));
	for (size_t i = 0; i < s->change_count; i++) {
		const struct sim_change *change = &s->changes[i];
		struct sim_hop *before = scenario_add_change(usual, change->at_ns, change->hop);

		g_string_append_printf(text, "[change %zu]\nat = ", i + 1);
		append_time(text, change->at_ns);
		g_string_append_printf(text, "\nhop = %u\n", change->hop);
		append_keys(text, hop_keys, &change->after, before);
		*before = change->after;
	}
}

char *scenario_text(const struct scenario *s)
{
	struct scenario *usual = scenario_new(s->name);
	GString *text = g_string_new("[scenario]\n");

	append_keys(text, scenario_keys, s, usual);
	g_string_append(text, "[host]\n");
	append_keys(text, host_keys, s, usual);
	append_path(text, s, usual);
	g_string_append(text, "[destination]\n");
	append_keys(text, destination_keys, s, usual);
	for (size_t i = 0; i < s->flow_count; i++) {
		g_string_append_printf(text, "[flow %s]\n", s->flows[i].name);
		append_keys(text, flow_keys, &s->flows[i],
			    scenario_add_flow(usual, s->flows[i].name));
	}
	g_string_append(text, "[capture]\n");
	append_keys(text, capture_keys, s, usual);
	g_string_append(text, "[tracer]\n");
	append_keys(text, tracer_keys, &s->tracer, &usual->tracer);
	g_string_append(text, "[expect]\n");
	append_keys(text, expect_keys, &s->expect, &usual->expect);
	scenario_free(usual);
	return g_string_free(text, FALSE);
}
