/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the kernel's routes as /proc shows them: the default route with the
 * lowest metric. Policy routing is not looked at: who uses it names the
 * interface with -i.
 */
#include "default_route.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define LINE_BYTES 512
#define ROUTE_UP 0x0001u
#define ROUTE_REJECT 0x0200u

struct route {
	char name[IF_NAMESIZE];
	uint32_t metric;
	uint32_t flags;
	bool is_default;
};

/* IF_NAMESIZE is 16: that is the 15 in the formats below. */
static bool parse_ipv4(const char *line, struct route *route)
{
	unsigned destination, flags, metric, mask;

	if (sscanf(line, "%15s %x %*x %x %*d %*u %u %x", route->name, &destination, &flags, &metric,
		   &mask) != 5)
		return false;
	route->is_default = destination == 0 && mask == 0;
	route->flags = flags;
	route->metric = metric;
	return true;
}

static bool parse_ipv6(const char *line, struct route *route)
{
	char destination[33];
	unsigned bits, metric, flags;

	if (sscanf(line, "%32s %x %*s %*x %*s %x %*x %*x %x %15s", destination, &bits, &metric,
		   &flags, route->name) != 5)
		return false;
	route->is_default = bits == 0;
	route->flags = flags;
	route->metric = metric;
	return true;
}

static bool best_route(const char *path, bool (*parse)(const char *, struct route *),
		       char name[IF_NAMESIZE])
{
	FILE *file = fopen(path, "re");
	char line[LINE_BYTES];
	uint32_t best = UINT32_MAX; /* the metric of the kernel's own "unreachable" route, too */

	if (file == NULL)
		return false;
	while (fgets(line, sizeof(line), file) != NULL) {
		struct route route;

		if (!parse(line, &route) || !route.is_default || route.metric >= best)
			continue;
		if ((route.flags & ROUTE_UP) == 0 || (route.flags & ROUTE_REJECT) != 0)
			continue;
		best = route.metric;
		memcpy(name, route.name, IF_NAMESIZE);
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
