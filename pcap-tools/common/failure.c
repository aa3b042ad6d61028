/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One clear line for each failure, and a process that sees its failures: a
 * closed pipe or a closed standard output must be an error that can be told.
 */
#include "failure.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

G_DEFINE_QUARK(st - tools - failure, failure)

enum failure failure_status(const GError *error)
{
	return error->domain == FAILURE_ERROR ? (enum failure)error->code : FAILURE_RUNNING;
}

void complain(const char *program, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	char *text = g_strdup_vprintf(format, arguments);
	va_end(arguments);
	for (char *at = text; *at != '\0'; at++) {
		if (g_ascii_iscntrl(*at))
			*at = '?';
	}
	fprintf(stderr, "%s: %s\n", program, text);
	g_free(text);
}

void prepare_process(void)
{
	int fd;

	signal(SIGPIPE, SIG_IGN);
	/* Read-only on purpose: writing to a standard output that was closed must fail. */
	do {
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	} while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}
