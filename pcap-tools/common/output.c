/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * write() until all is written. Without stdio, so that no buffer hides an error
 * until the end and each report is out as soon as it exists.
 */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"

/* Standard output may be non-blocking because another program that shares it made it so. */
static void wait_writable(int fd)
{
	struct pollfd pollfd = {.fd = fd, .events = POLLOUT};

	poll(&pollfd, 1, -1);
}

bool output_write(int fd, const char *name, const void *bytes, size_t count, GError **error)
{
	const uint8_t *at = bytes;

	while (count > 0) {
		ssize_t written = write(fd, at, count);

		if (written >= 0) {
			at += written;
			count -= (size_t)written;
		} else if (errno == EAGAIN) {
			wait_writable(fd);
		} else if (errno != EINTR) {
			g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "cannot write %s: %s",
				    name, g_strerror(errno));
			return false;
		}
	}
	return true;
}

bool output_print(const char *text, GError **error)
{
	return output_write(STDOUT_FILENO, "standard output", text, strlen(text), error);
}
