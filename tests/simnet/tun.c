/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Opens TUN devices. A device belongs to the namespace in which /dev/net/tun
 * was opened, so the thread goes there for that moment and comes back.
 */
#define _GNU_SOURCE /* setns */

#include "tun.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sched.h>
#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define OWN_NAMESPACE "/proc/thread-self/ns/net"

static int fail(int fd, const char *what, const char *which, GError **error)
{
	int number = errno;

	if (fd >= 0)
		close(fd);
	g_set_error(error, G_FILE_ERROR, (int)g_file_error_from_errno(number), "%s %s: %s", what,
		    which, g_strerror(number));
	return -1;
}

static char *namespace_path(const char *netns)
{
	if (g_str_equal(netns, "."))
		return g_strdup(OWN_NAMESPACE);
	if (strchr(netns, '/'))
		return g_strdup(netns);
	return g_build_filename("/run/netns", netns, NULL);
}

static bool enter(const char *netns, GError **error)
{
	char *path = namespace_path(netns);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool good = fd >= 0 && setns(fd, CLONE_NEWNET) == 0;

	if (!good)
		fail(fd, "cannot enter the namespace", path, error);
	else
		close(fd);
	g_free(path);
	return good;
}

/* Without IFF_VNET_HDR the kernel cuts large segments and finishes checksums before. */
static int attach(const char *device, GError **error)
{
	struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return fail(fd, "cannot open", "/dev/net/tun", error);
	g_strlcpy(request.ifr_name, device, sizeof(request.ifr_name));
	if (ioctl(fd, TUNSETIFF, &request) < 0)
		return fail(fd, "cannot make the device", device, error);
	return fd;
}

int tun_open(const char *netns, const char *device, GError **error)
{
	int home = open(OWN_NAMESPACE, O_RDONLY | O_CLOEXEC);
	int fd = -1;

	if (home < 0)
		return fail(home, "cannot open", OWN_NAMESPACE, error);
	if (enter(netns, error))
		fd = attach(device, error);
	if (setns(home, CLONE_NEWNET) < 0 && fd >= 0) {
		close(fd);
		return fail(home, "cannot return from", netns, error);
	}
	close(home);
	return fd;
}
