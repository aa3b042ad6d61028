/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * st-replay: the same reports from captures. Each file is looked at by a tracer
 * of its own, in the order given; time is the largest stamp so far. It sends
 * nothing and needs no privilege.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "failure.h"
#include "interfaces.h"
#include "options.h"
#include "output.h"
#include "reader.h"
#include "session.h"

/* Whoever made the capture must not know it, or all flows could share a bucket. No report depends
 * on it. */
static uint64_t random_seed(void)
{
	return (uint64_t)g_random_int() << 32 | g_random_int();
}

/* Writing would empty the file before it is read. */
static bool check_overwrite(const struct options *options, GError **error)
{
	struct stat written, read;

	if (options->write_path == NULL || stat(options->write_path, &written) != 0)
		return true;
	for (guint i = 0; i < options->words->len; i++) {
		const char *path = g_ptr_array_index(options->words, i);

		if (!S_ISREG(written.st_mode) || stat(path, &read) != 0 ||
		    read.st_dev != written.st_dev || read.st_ino != written.st_ino)
			continue;
		g_set_error(error, FAILURE_ERROR, FAILURE_USAGE,
			    "-w: \"%s\" is also a file to be read", options->write_path);
		return false;
	}
	return true;
}

static bool load_expected(struct session *session, GError **error)
{
	const char *path = session->options->expect_path;
	g_autofree char *text = NULL;
	gsize bytes;
	GError *unread = NULL;
	char *why = NULL;

	if (path == NULL)
		return true;
	if (!g_file_get_contents(path, &text, &bytes, &unread)) {
		g_propagate_prefixed_error(error, unread, "--expect: ");
		return false;
	}
	session->expect = st_expect_new(text, bytes, &why);
	if (session->expect != NULL)
		return true;
	g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "--expect: %s: %s", path, why);
	free(why);
	return false;
}

static volatile sig_atomic_t is_interrupted;

static void interrupt(G_GNUC_UNUSED int number)
{
	is_interrupted = 1;
}

/* The first one ends the reading, not the report; the second one ends the program. */
static void heed_signals(void)
{
	struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

/*
 * Every frame up to the end, or to where the file is broken: what came before
 * counts. A lost output is noted in the session and ends it early.
 */
static void read_frames(struct session *session, struct reader *reader,
			struct interfaces *interfaces, GError **error)
{
	struct st_frame frame;
	uint64_t now = 0;

	while (session->error == NULL && !is_interrupted && reader_next(reader, &frame, error)) {
		now = MAX(now, frame.stamp_ns);
		frame.interface = interfaces_number(interfaces, session, &frame);
		session_frame(session, now, &frame);
		session_settle(session);
	}
	if (is_interrupted)
		g_clear_error(error); /* the read that it interrupted */
	session_finish(session, now);
}

static void tell_summary(const struct session *session, const struct reader *reader,
			 const char *path)
{
	g_autofree char *summary = session_summary(session, NULL);
	g_autofree char *frames = reader_count(reader);

	if (session->options->words->len > 1)
		fprintf(stderr, "%s: ", path);
	fprintf(stderr, "%s, %s\n", frames, summary);
}

/* A capture from its first frame to its last. */
static void replay_capture(struct session *session, struct reader *reader,
			   struct interfaces *interfaces, GError **error)
{
	session_start_tracer(session, random_seed());
	interfaces_next_file(interfaces);
	read_frames(session, reader, interfaces, error);
}

/*
 * All files; one that cannot be read has its line at once and does not keep the
 * others from being read. False: there was such a file.
 */
static bool replay_files(struct session *session)
{
	const GPtrArray *paths = session->options->words;
	struct interfaces *interfaces = interfaces_new();
	bool good = true;

	for (guint i = 0; i < paths->len && session->error == NULL && !is_interrupted; i++) {
		const char *path = g_ptr_array_index(paths, i);
		GError *error = NULL;
		struct reader *reader = reader_open(path, &error);

		if (reader != NULL)
			replay_capture(session, reader, interfaces, &error);
		if (error != NULL) {
			complain(session->program, "%s", error->message);
			g_error_free(error);
			good = false;
		} else if (!session->options->quiet) {
			tell_summary(session, reader, path);
		}
		reader_close(reader);
	}
	interfaces_settle(interfaces, session);
	interfaces_free(interfaces);
	return good;
}

/* True: there are differences, now on standard output. */
static bool print_differences(struct session *session)
{
	GError *error = NULL;
	char *differences = st_expect_differences(session->expect);
	bool any = *differences != '\0';

	if (!output_print(differences, &error))
		session_fail(session, error);
	free(differences);
	return any;
}

static enum failure replay(const struct options *options, GError **error)
{
	enum failure status = FAILURE_RUNNING;
	struct session session;
	bool good, differs;

	session_init(&session, options);
	if (check_overwrite(options, error) && load_expected(&session, error) &&
	    session_record(&session, options->config.wait_ns, error)) {
		session_begin_report(&session);
		good = replay_files(&session);
		session_close(&session);
		differs = session.expect != NULL && print_differences(&session);
		*error = g_steal_pointer(&session.error);
		status = !good ? FAILURE_RUNNING : differs ? FAILURE_DIFFERS : FAILURE_NONE;
	}
	st_expect_free(session.expect);
	session_clear(&session);
	return status;
}

static void print_and_free(char *text, GError **error)
{
	output_print(text, error);
	g_free(text);
}

static enum failure act(const struct options *options, GError **error)
{
	if (options->help)
		print_and_free(options_help(options->tool), error);
	else if (options->version)
		print_and_free(g_strdup_printf("st-replay %s\n", st_version()), error);
	else
		return replay(options, error);
	return FAILURE_NONE;
}

int main(G_GNUC_UNUSED int argc, char **argv)
{
	enum failure status = FAILURE_NONE;
	struct options options;
	GError *error = NULL;

	prepare_process();
	heed_signals();
	if (options_parse(&options, TOOL_REPLAY, argv, &error))
		status = act(&options, &error);
	if (error != NULL) {
		status = failure_status(error);
		complain("st-replay", "%s", error->message);
		g_error_free(error);
	}
	options_clear(&options);
	return (int)status;
}
