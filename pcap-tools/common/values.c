/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads numbers and times as people write them. No floating point: what is
 * given is what is used, and no locale changes the decimal point.
 */
#include "values.h"

#include <string.h>

#include <servicetrace/base.h>

#include "failure.h"

struct unit {
	const char *name;
	uint64_t ns;
};

/* From the largest down, as value_time_text() wants them. */
static const struct unit units[] = {
	{"h", 3600 * ST_NS_PER_S}, {"min", 60 * ST_NS_PER_S}, {"s", ST_NS_PER_S},
	{"ms", ST_NS_PER_MS},	   {"us", ST_NS_PER_US},
};

static bool parse_digits(const char **at, uint64_t *number)
{
	const char *start = *at;
	uint64_t value = 0;

	for (; g_ascii_isdigit(**at); (*at)++) {
		uint64_t digit = (uint64_t)(**at - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return false;
		value = value * 10 + digit;
	}
	*number = value;
	return *at > start;
}

bool value_number(const char *option, const char *text, uint64_t low, uint64_t high,
		  uint64_t *number, GError **error)
{
	const char *at = text;

	if (parse_digits(&at, number) && *at == '\0' && *number >= low && *number <= high)
		return true;
	g_set_error(error, FAILURE_ERROR, FAILURE_USAGE,
		    "%s: \"%s\" is not within %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT, option,
		    text, low, high);
	return false;
}

/* The digits behind the point as nanoseconds of one `unit_ns`; what is finer is cut off. */
static uint64_t parse_fraction(const char **at, uint64_t unit_ns)
{
	uint64_t sum = 0;

	for (uint64_t place = unit_ns / 10; g_ascii_isdigit(**at); (*at)++, place /= 10)
		sum += (uint64_t)(**at - '0') * place;
	return sum;
}

static const struct unit *find_unit(const char *name)
{
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (strcmp(name, units[i].name) == 0)
			return &units[i];
	}
	return NULL;
}

static bool parse_time(const char *text, uint64_t *time_ns)
{
	const char *at = text;

	if (!parse_digits(&at, time_ns))
		return false;
	if (*time_ns == 0 && *at == '\0')
		return true;
	const char *fraction = *at == '.' ? at + 1 : NULL;
	if (fraction != NULL)
		at = fraction + strspn(fraction, "0123456789");
	const struct unit *unit = find_unit(at);
	if (unit == NULL || at == fraction || *time_ns > UINT64_MAX / unit->ns - 1)
		return false;
	*time_ns *= unit->ns;
	if (fraction != NULL)
		*time_ns += parse_fraction(&fraction, unit->ns);
	return true;
}

bool value_time(const char *option, const char *text, uint64_t low_ns, uint64_t high_ns,
		uint64_t *time_ns, GError **error)
{
	if (!parse_time(text, time_ns)) {
		g_set_error(error, FAILURE_ERROR, FAILURE_USAGE,
			    "%s: \"%s\" is no time with a unit (20ms, 2s, 10min)", option, text);
		return false;
	}
	if (*time_ns >= low_ns && *time_ns <= high_ns)
		return true;
	g_autofree char *low = value_time_text(low_ns);
	g_autofree char *high = value_time_text(high_ns);
	g_set_error(error, FAILURE_ERROR, FAILURE_USAGE, "%s: \"%s\" is not within %s to %s",
		    option, text, low, high);
	return false;
}

char *value_time_text(uint64_t time_ns)
{
	if (time_ns == 0)
		return g_strdup("0");
	for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
		if (time_ns % units[i].ns == 0)
			return g_strdup_printf("%" G_GUINT64_FORMAT "%s", time_ns / units[i].ns,
					       units[i].name);
	}
	return g_strdup_printf("%" G_GUINT64_FORMAT "ns", time_ns);
}

bool value_word(const char *option, const char *text, const struct value_word *words, size_t count,
		int *value, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);

	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, words[i].text) == 0) {
			*value = words[i].value;
			return true;
		}
		g_string_append_printf(known, "%s%s", i > 0 ? ", " : "", words[i].text);
	}
	g_set_error(error, FAILURE_ERROR, FAILURE_USAGE, "%s: \"%s\" is not one of %s", option,
		    text, known->str);
	return false;
}
