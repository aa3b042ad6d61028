/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the kernel's routes as /proc shows them: the default route with the
 * lowest metric. Policy routing is not looked at: who uses it names the
 * interface with -i.
 */
#include "default_route.h"

#include <glib.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 512
#define FIELDS_MAX 11 /* of /proc/net/route; /proc/net/ipv6_route has 10 */
#define ROUTE_UP 0x0001u
#define ROUTE_REJECT 0x0200u

struct route {
	const char *name;
	uint64_t metric;
	uint64_t flags;
	bool is_default;
};

static size_t split(char *line, const char *fields[FIELDS_MAX])
{
	char *rest = NULL;
	size_t count = 0;

	for (char *field = strtok_r(line, " \t\n", &rest); field != NULL && count < FIELDS_MAX;
	     field = strtok_r(NULL, " \t\n", &rest))
		fields[count++] = field;
	return count;
}

/* Iface Destination Gateway Flags RefCnt Use Metric Mask MTU Window IRTT */
static bool parse_ipv4(char *line, struct route *route)
{
	const char *fields[FIELDS_MAX];

	if (split(line, fields) < 8)
		return false;
	route->name = fields[0];
	route->is_default =
		strcmp(fields[1], "00000000") == 0 && strcmp(fields[7], "00000000") == 0;
	route->flags = g_ascii_strtoull(fields[3], NULL, 16);
	route->metric = g_ascii_strtoull(fields[6], NULL, 10);
	return true;
}

/* destination bits source bits gateway metric references uses flags interface */
static bool parse_ipv6(char *line, struct route *route)
{
	const char *fields[FIELDS_MAX];

	if (split(line, fields) < 10)
		return false;
	route->name = fields[9];
	route->is_default = strcmp(fields[1], "00") == 0;
	route->flags = g_ascii_strtoull(fields[8], NULL, 16);
	route->metric = g_ascii_strtoull(fields[5], NULL, 16);
	return true;
}

static bool best_route(const char *path, bool (*parse)(char *line, struct route *route),
		       char name[IF_NAMESIZE])
{
	FILE *file = fopen(path, "re");
	char line[LINE_BYTES];
	uint64_t best = UINT32_MAX; /* the metric of the kernel's own "unreachable" route, too */

	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL) {
		struct route route;

		if (!parse(line, &route) || !route.is_default || route.metric >= best)
			continue;
		if ((route.flags & ROUTE_UP) == 0 || (route.flags & ROUTE_REJECT) != 0)
			continue;
		best = route.metric;
		g_strlcpy(name, route.name, IF_NAMESIZE);
	}
	fclose(file);
	return best != UINT32_MAX;
}

bool default_route_ipv4(char name[IF_NAMESIZE])
{
	return best_route("/proc/self/net/route", parse_ipv4, name);
}

bool default_route_ipv6(char name[IF_NAMESIZE])
{
	return best_route("/proc/self/net/ipv6_route", parse_ipv6, name);
}
