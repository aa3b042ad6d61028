/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reports.h"

#include <poll.h>
#include <stdlib.h>

#include "held.h"
#include "output.h"
#include "routers.h"

struct reports {
	struct st_report *report; /* NULL: it has ended, or standard output has failed */
	struct routers *routers;
	struct held *held; /* NULL: no names are asked for */
	bool may_wait;	   /* the frames are in a file */
	GError *error;
};

static uint64_t monotonic_ns(void)
{
	return (uint64_t)g_get_monotonic_time() * ST_NS_PER_US;
}

/* Takes `text`. A report that cannot be written is over. */
static void print(struct reports *reports, char *text)
{
	if (!output_print(text, &reports->error))
		g_clear_pointer(&reports->report, st_report_free);
	free(text);
}

/* Two formats of others have no place for names. */
static bool has_names(enum st_report_format format)
{
	return format != ST_REPORT_ATLAS && format != ST_REPORT_ORIGINAL;
}

struct reports *reports_new(const struct options *options, const char *generator)
{
	struct reports *reports = g_new0(struct reports, 1);
	bool names = !options->numeric && has_names(options->format);
	struct st_report_options about = {.generator = generator, .lookup = routers_look};

	reports->may_wait = options->tool == TOOL_REPLAY;
	reports->routers = routers_new(names, options->asn);
	reports->held = names ? held_new(reports->routers) : NULL;
	about.user = reports->routers;
	reports->report = st_report_new(options->format, &about);
	print(reports, st_report_begin(reports->report));
	return reports;
}

void reports_free(struct reports *reports)
{
	if (reports == NULL)
		return;
	st_report_free(reports->report);
	held_free(reports->held);
	routers_free(reports->routers);
	g_clear_error(&reports->error);
	g_free(reports);
}

void reports_hear(struct reports *reports, const struct st_addr *router)
{
	if (reports->held != NULL)
		routers_ask(reports->routers, monotonic_ns(), router);
}

static void print_held(struct reports *reports, struct held_report held)
{
	if (reports->report != NULL && held.trace != NULL)
		print(reports, st_report_trace(reports->report, held.trace));
	else if (reports->report != NULL)
		print(reports, g_steal_pointer(&held.text));
	st_trace_free(held.trace);
	free(held.text);
}

static bool holds_any(const struct reports *reports)
{
	return reports->held != NULL && !held_is_empty(reports->held);
}

/* Prints the first report that is held, at the latest when it has waited long enough. */
static void await_first(struct reports *reports)
{
	struct pollfd answers = {.fd = routers_fd(reports->routers), .events = POLLIN};
	struct held_report held;
	uint64_t now = monotonic_ns();

	while (!held_take(reports->held, now, &held)) {
		uint64_t left_ns = held_due(reports->held) - now;

		poll(&answers, 1, (int)(left_ns / ST_NS_PER_MS) + 1);
		now = monotonic_ns();
	}
	print_held(reports, held);
}

/* A capture can wait; the network cannot. */
static void make_room(struct reports *reports)
{
	if (!held_is_full(reports->held))
		return;
	if (reports->may_wait)
		await_first(reports);
	else
		print_held(reports, held_take_first(reports->held));
}

void reports_trace(struct reports *reports, const struct st_trace *trace)
{
	uint64_t now = monotonic_ns();
	bool waits = reports->held != NULL && !held_is_named(reports->held, now, trace);

	if (reports->report == NULL)
		return;
	if (waits || holds_any(reports)) {
		make_room(reports);
		held_add_trace(reports->held, now, trace);
	} else {
		print(reports, st_report_trace(reports->report, trace));
	}
}

void reports_flow(struct reports *reports, const struct st_flow *flow)
{
	char *text;

	if (reports->report == NULL)
		return;
	text = st_report_flow(reports->report, flow);
	if (holds_any(reports)) {
		make_room(reports);
		held_add_text(reports->held, text);
	} else {
		print(reports, text);
	}
}

void reports_settle(struct reports *reports)
{
	struct held_report held;

	if (!holds_any(reports))
		return;
	while (held_take(reports->held, monotonic_ns(), &held))
		print_held(reports, held);
}

uint64_t reports_due(const struct reports *reports)
{
	return reports->held == NULL ? ST_NEVER : held_due(reports->held);
}

int reports_fd(const struct reports *reports)
{
	return routers_fd(reports->routers);
}

void reports_take_names(struct reports *reports)
{
	routers_take(reports->routers, monotonic_ns());
	reports_settle(reports);
}

void reports_end(struct reports *reports)
{
	while (reports->report != NULL && holds_any(reports))
		await_first(reports);
	if (reports->report == NULL)
		return;
	print(reports, st_report_end(reports->report));
	g_clear_pointer(&reports->report, st_report_free);
}

GError *reports_take_error(struct reports *reports)
{
	return g_steal_pointer(&reports->error);
}
