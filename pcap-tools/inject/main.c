/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * st-inject: traces the path of live flows. Opens everything, runs the loop,
 * sums up. What is privileged (two packet sockets) happens before the loop.
 * Where Wireshark calls it, extcap.c says what to do.
 */
#include <stdio.h>
#include <sys/random.h>

#include "capture.h"
#include "extcap.h"
#include "failure.h"
#include "loop.h"
#include "options.h"
#include "output.h"
#include "send.h"
#include "session.h"
#include "sockets.h"

/* Everything a run has open. */
struct run {
	struct interface interface;
	struct capture *capture;
	struct sender *sender;
	struct sockets *sockets; /* NULL: the kernel answers no questions about them */
	struct session session;
};

/* Makes hash collisions and first IPIDs hard to guess; without it they are only less so. */
static uint64_t random_seed(void)
{
	uint64_t seed = 0;

	if (getrandom(&seed, sizeof(seed), GRND_NONBLOCK) != sizeof(seed))
		seed = (uint64_t)g_get_real_time();
	return seed;
}

static enum st_socket look(void *user, const struct st_tuple *flow)
{
	return sockets_look(user, flow);
}

/* Without it flows are traced all the same, with a note that the flag is unknown. */
static void open_sockets(struct run *run)
{
	run->sockets = sockets_open(run->interface.index, NULL);
	if (run->sockets == NULL)
		return;
	run->session.look = look;
	run->session.look_user = run->sockets;
}

/* A reader of a pipe waits for the interface, too, before it knows what it reads. */
static bool begin_capture_file(struct run *run, GError **error)
{
	struct pcapng *pcapng = run->session.pcapng;

	return pcapng_add_interface(pcapng, run->interface.name, capture_link_type(run->capture),
				    CAPTURE_SNAP_BYTES, error) &&
	       pcapng_flush(pcapng, error);
}

/* The capture file comes last: a run that cannot start does not overwrite an old one. */
static bool open_run(struct run *run, const struct options *options, GError **error)
{
	if (!interface_find(&run->interface, options->interface,
			    options->config.selection.ip_version, error))
		return false;
	run->capture = capture_open(&run->interface, options, error);
	if (run->capture == NULL)
		return false;
	run->sender = sender_open(&run->interface, error);
	open_sockets(run);
	if (run->sender == NULL || !session_record(&run->session, 0, error))
		return false;
	return run->session.pcapng == NULL || begin_capture_file(run, error);
}

static void close_run(struct run *run)
{
	session_clear(&run->session);
	sockets_close(run->sockets);
	sender_close(run->sender);
	capture_close(run->capture);
	interface_clear(&run->interface);
}

static void tell_start(const struct run *run)
{
	if (run->session.options->quiet)
		return;
	if (run->interface.is_loopback)
		complain(run->session.program,
			 "on %s nothing can be traced: its packets cross no router",
			 run->interface.name);
	if (capture_filter(run->capture)->plain_only)
		complain(run->session.program,
			 "the filter is long: packets behind VLAN tags, PPPoE or MPLS labels are "
			 "not seen");
	if (!run->session.options->verbose)
		return;
	complain(run->session.program, "interface %s", run->interface.name);
	complain(run->session.program, "filter %s", capture_filter(run->capture)->text);
}

static void tell_summary(const struct run *run, uint64_t drops)
{
	g_autofree char *summary = session_summary(&run->session, &drops);

	fprintf(stderr, "%s\n", summary);
}

static void trace(const struct options *options, GError **error)
{
	struct run run = {0};

	session_init(&run.session, options);
	if (open_run(&run, options, error)) {
		tell_start(&run);
		session_start_tracer(&run.session, random_seed());
		session_begin_report(&run.session);
		loop_run(&run.session, run.capture, run.sender);
		/* While names are awaited nobody reads any more. */
		uint64_t drops = capture_drops(run.capture);
		session_close(&run.session);
		if (!options->quiet)
			tell_summary(&run, drops);
		*error = g_steal_pointer(&run.session.error);
	}
	close_run(&run);
}

static void print_and_free(char *text, GError **error)
{
	if (text != NULL)
		output_print(text, error);
	g_free(text);
}

static void act(const struct options *options, GError **error)
{
	if (options->help)
		print_and_free(options_help(options->tool), error);
	else if (options->version)
		print_and_free(g_strdup_printf("st-inject %s\n", st_version()), error);
	else if (options->list_interfaces)
		print_and_free(interface_list(error), error);
	else
		trace(options, error);
}

static void run(char **argv, GError **error)
{
	struct options options;

	if (options_parse(&options, TOOL_INJECT, argv, error))
		act(&options, error);
	options_clear(&options);
}

static void run_extcap(char **argv, GError **error)
{
	g_auto(GStrv) command = extcap_answer(argv, error);

	if (command == NULL)
		return;
	run(command, error);
	if (extcap_is_stopped())
		g_clear_error(error);
}

int main(G_GNUC_UNUSED int argc, char **argv)
{
	GError *error = NULL;
	enum failure status = FAILURE_NONE;

	prepare_process();
	if (extcap_is_meant(argv))
		run_extcap(argv, &error);
	else
		run(argv, &error);
	if (error != NULL) {
		status = failure_status(error);
		complain("st-inject", "%s", error->message);
		g_error_free(error);
	}
	return (int)status;
}
