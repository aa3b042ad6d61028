/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report/members.h"

#include <glib.h>

/*
 * RTTs are whole nanoseconds shown in ms. Fifteen digits are what a double always
 * keeps of a decimal number: 0.231456 stays that, for RTTs of up to eleven days.
 */
#define RTT_DIGITS 15

#define NS_PER_US ((int64_t)ST_NS_PER_US)

void report_put(json_t *object, const char *name, json_t *value)
{
	if (json_object_set_new(object, name, value) != 0)
		g_error("out of memory in a report");
}

void report_append(json_t *array, json_t *value)
{
	if (json_array_append_new(array, value) != 0)
		g_error("out of memory in a report");
}

json_t *report_text_value(const char *text)
{
	char *valid;
	json_t *value;

	if (!text)
		return json_null();
	valid = g_utf8_make_valid(text, -1);
	value = json_string(valid);
	g_free(valid);
	return value;
}

json_t *report_number_unless(uint64_t number, uint64_t unknown)
{
	return number == unknown ? json_null() : json_integer((json_int_t)number);
}

json_t *report_address_value(const struct st_addr *addr)
{
	char text[ST_ADDR_TEXT_BYTES];

	return report_text_value(st_addr_format(addr, text));
}

json_t *report_ms_value(int64_t ns)
{
	if (ns == ST_RTT_UNKNOWN)
		return json_null();
	return json_real((double)ns / (double)ST_NS_PER_MS);
}

json_t *report_rounded_ms_value(int64_t ns)
{
	return report_ms_value(ns == ST_RTT_UNKNOWN ? ns
						    : (ns + NS_PER_US / 2) / NS_PER_US * NS_PER_US);
}

char *report_dump(json_t *object)
{
	char *text = json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(RTT_DIGITS));

	if (!text)
		g_error("out of memory in a report");
	json_decref(object);
	return text;
}
