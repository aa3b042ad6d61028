/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the JSON formats share: how values that may be unknown, or come from the wire, are put. */
#ifndef ST_REPORT_MEMBERS_H
#define ST_REPORT_MEMBERS_H

#include <jansson.h>

#include <servicetrace/report.h>

/* Both take `value`. Only a lack of memory can make them fail; then we end as GLib would. */
void report_put(json_t *object, const char *name, json_t *value);
void report_append(json_t *array, json_t *value);

/* Text that may come from the wire: JSON must be UTF-8. NULL is an unknown value. */
json_t *report_text_value(const char *text);

json_t *report_number_unless(uint64_t number, uint64_t unknown);
json_t *report_address_value(const struct st_addr *addr);

/* Milliseconds down to nanoseconds; null for ST_RTT_UNKNOWN. */
json_t *report_ms_value(int64_t ns);

/* The same rounded to microseconds: what the formats of other tools have. */
json_t *report_rounded_ms_value(int64_t ns);

/* The object on one line, without the line's end, to be freed with free(). Takes `object`. */
char *report_dump(json_t *object);

#endif
