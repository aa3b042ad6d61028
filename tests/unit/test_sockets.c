/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is said of sockets against what the kernel does to them: real sockets on
 * loopback send to a port where nobody listens, and those that want errors find
 * the ICMP error in their queue.
 */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK_INDEX 1
#define CLOSED_PORT 9 /* "discard": tests of this machine have no server there */
#define SOCKETS_MAX 10000
#define ERROR_WAIT_MS 20

enum binding { BOUND_TO_ALL, BOUND_TO_ADDRESS, CONNECTED };

static struct sockets *open_sockets(void)
{
	GError *error = NULL;
	struct sockets *sockets = sockets_open(LOOPBACK_INDEX, &error);

	g_assert_no_error(error);
	return sockets;
}

static void must(int result)
{
	if (result != 0)
		g_error("%s", g_strerror(errno));
}

static struct sockaddr_in ipv4(const char *text, uint16_t port)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_port = htons(port)};

	g_assert_cmpint(inet_pton(AF_INET, text, &addr.sin_addr), ==, 1);
	return addr;
}

static struct sockaddr_in6 ipv6(const char *text, uint16_t port)
{
	struct sockaddr_in6 addr = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

	g_assert_cmpint(inet_pton(AF_INET6, text, &addr.sin6_addr), ==, 1);
	return addr;
}

static void set(int fd, int level, int option)
{
	int on = 1;

	must(setsockopt(fd, level, option, &on, sizeof(on)));
}

static int udp4(enum binding binding, uint16_t port, bool reuse)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in local = ipv4(binding == BOUND_TO_ALL ? "0.0.0.0" : "127.0.0.1", port);
	struct sockaddr_in peer = ipv4("127.0.0.1", CLOSED_PORT);

	if (reuse)
		set(fd, SOL_SOCKET, SO_REUSEPORT);
	must(bind(fd, (struct sockaddr *)&local, sizeof(local)));
	if (binding == CONNECTED)
		must(connect(fd, (struct sockaddr *)&peer, sizeof(peer)));
	return fd;
}

/* A socket of both versions; connected, its addresses are v4-mapped ones. */
static int udp6(enum binding binding)
{
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), off = 0;
	struct sockaddr_in6 local = ipv6(binding == BOUND_TO_ALL ? "::" : "::ffff:127.0.0.1", 0);
	struct sockaddr_in6 peer = ipv6("::ffff:127.0.0.1", CLOSED_PORT);

	must(setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)));
	must(bind(fd, (struct sockaddr *)&local, sizeof(local)));
	if (binding == CONNECTED)
		must(connect(fd, (struct sockaddr *)&peer, sizeof(peer)));
	return fd;
}

static uint16_t port_of(int fd)
{
	struct sockaddr_storage addr;
	socklen_t bytes = sizeof(addr);

	must(getsockname(fd, (struct sockaddr *)&addr, &bytes));
	return addr.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)(void *)&addr)->sin6_port)
					  : ntohs(((struct sockaddr_in *)(void *)&addr)->sin_port);
}

static struct st_tuple flow_from(uint8_t protocol, const char *source, uint16_t port,
				 const char *destination, uint16_t destination_port)
{
	struct st_tuple flow = {
		.protocol = protocol, .source_port = port, .destination_port = destination_port};

	g_assert_cmpint(st_addr_parse(source, &flow.source), ==, ST_OK);
	g_assert_cmpint(st_addr_parse(destination, &flow.destination), ==, ST_OK);
	return flow;
}

static enum st_socket look_for(struct st_tuple flow)
{
	struct sockets *sockets = open_sockets();
	enum st_socket socket = sockets_look(sockets, &flow);

	sockets_close(sockets);
	return socket;
}

static enum st_socket look_udp(uint16_t port)
{
	return look_for(flow_from(ST_PROTOCOL_UDP, "127.0.0.1", port, "127.0.0.1", CLOSED_PORT));
}

/* True if an ICMP error is put into the socket's queue, with its address or without. */
static bool is_told(int fd)
{
	struct pollfd poll_fd = {.fd = fd};
	char bytes[64], control[512];
	struct iovec vector = {bytes, sizeof(bytes)};
	struct msghdr message = {.msg_iov = &vector,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control)};

	poll(&poll_fd, 1, ERROR_WAIT_MS);
	return recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0;
}

static void send_to_nobody(int fd)
{
	struct sockaddr_in four = ipv4("127.0.0.1", CLOSED_PORT);
	struct sockaddr_in6 six = ipv6("::ffff:127.0.0.1", CLOSED_PORT);
	struct sockaddr_storage own;
	socklen_t bytes = sizeof(own);

	must(getsockname(fd, (struct sockaddr *)&own, &bytes));
	if (own.ss_family == AF_INET)
		g_assert_cmpint(sendto(fd, "x", 1, 0, (struct sockaddr *)&four, sizeof(four)), ==,
				1);
	else
		g_assert_cmpint(sendto(fd, "x", 1, 0, (struct sockaddr *)&six, sizeof(six)), ==, 1);
}

static void check_one(int fd)
{
	g_assert_cmpint(look_udp(port_of(fd)), ==, ST_SOCKET_QUIET);
	send_to_nobody(fd);
	g_assert_false(is_told(fd));
	set(fd, IPPROTO_IP, IP_RECVERR);
	g_assert_cmpint(look_udp(port_of(fd)), ==, ST_SOCKET_WANTS_ERRORS);
	/* What came before, a connected socket is told once, as an error of the next call. */
	recv(fd, NULL, 0, MSG_DONTWAIT);
	send_to_nobody(fd);
	g_assert_true(is_told(fd));
	close(fd);
}

static void test_udp4(void)
{
	check_one(udp4(BOUND_TO_ALL, 0, false));
	check_one(udp4(BOUND_TO_ADDRESS, 0, false));
	check_one(udp4(CONNECTED, 0, false));
}

static void test_dual_stack(void)
{
	check_one(udp6(BOUND_TO_ALL));
	check_one(udp6(BOUND_TO_ADDRESS));
	check_one(udp6(CONNECTED));
}

/* IPV6_RECVERR says nothing of IPv4 errors. */
static void test_other_flag(void)
{
	int fd = udp6(BOUND_TO_ALL);

	set(fd, IPPROTO_IPV6, IPV6_RECVERR);
	g_assert_cmpint(look_udp(port_of(fd)), ==, ST_SOCKET_QUIET);
	send_to_nobody(fd);
	g_assert_false(is_told(fd));
	close(fd);
}

static void test_device(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in local = ipv4("0.0.0.0", 0);

	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 3) != 0) {
		g_test_skip("this kernel lets only root bind a socket to a device");
		close(fd);
		return;
	}
	must(bind(fd, (struct sockaddr *)&local, sizeof(local)));
	check_one(fd);
}

/* A group that shares a port: each flow has one of them, and only that one counts. */
static void test_reuseport(void)
{
	int first = udp4(BOUND_TO_ALL, 0, true), told[2] = {0};
	int fds[2] = {first, udp4(BOUND_TO_ALL, port_of(first), true)};

	set(fds[0], IPPROTO_IP, IP_RECVERR);
	for (uint16_t peer = CLOSED_PORT; peer < CLOSED_PORT + 10; peer++) {
		struct sockaddr_in to = ipv4("127.0.0.1", peer);
		enum st_socket socket = look_for(
			flow_from(ST_PROTOCOL_UDP, "127.0.0.1", port_of(first), "127.0.0.1", peer));

		sendto(fds[1], "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
		g_assert_cmpint(is_told(fds[0]), ==, socket == ST_SOCKET_WANTS_ERRORS);
		g_assert_false(is_told(fds[1]));
		g_assert_cmpint(socket, !=, ST_SOCKET_UNKNOWN);
		told[socket == ST_SOCKET_WANTS_ERRORS]++;
	}
	g_test_message("%d of 10 flows belong to the other socket", told[0]);
	close(fds[0]);
	close(fds[1]);
}

/* The connected socket gets its flow's errors, whatever the listener on its port wants. */
static void test_connected_beside_listener(void)
{
	for (int connected_wants = 0; connected_wants < 2; connected_wants++) {
		int listener = udp4(BOUND_TO_ALL, 0, true);
		int connected = udp4(CONNECTED, port_of(listener), true);

		set(connected_wants ? connected : listener, IPPROTO_IP, IP_RECVERR);
		g_assert_cmpint(look_udp(port_of(listener)), ==,
				connected_wants ? ST_SOCKET_WANTS_ERRORS : ST_SOCKET_QUIET);
		send_to_nobody(connected);
		g_assert_false(is_told(listener));
		g_assert_cmpint(is_told(connected), ==, connected_wants);
		close(listener);
		close(connected);
	}
}

static void test_nobody(void)
{
	int fd = udp4(CONNECTED, 0, false), all = udp4(BOUND_TO_ALL, 0, false);
	uint16_t port = port_of(fd);

	close(fd);
	g_assert_cmpint(look_udp(port), ==, ST_SOCKET_UNKNOWN);
	/* A forwarded flow from a port that one of our sockets happens to have. */
	g_assert_cmpint(look_for(flow_from(ST_PROTOCOL_UDP, "192.0.2.9", port_of(all),
					   "198.51.100.1", 443)),
			==, ST_SOCKET_UNKNOWN);
	/* A protocol that has no such sockets. */
	g_assert_cmpint(look_for(flow_from(132, "127.0.0.1", port_of(all), "127.0.0.1", 9)), ==,
			ST_SOCKET_UNKNOWN);
	close(all);
}

static void test_tcp(void)
{
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in local = ipv4("127.0.0.1", 0);
	struct st_tuple flow;

	must(bind(listener, (struct sockaddr *)&local, sizeof(local)));
	must(listen(listener, 1));
	local = ipv4("127.0.0.1", port_of(listener));
	must(connect(client, (struct sockaddr *)&local, sizeof(local)));
	flow = flow_from(ST_PROTOCOL_TCP, "127.0.0.1", port_of(client), "127.0.0.1",
			 port_of(listener));
	g_assert_cmpint(look_for(flow), ==, ST_SOCKET_QUIET);
	set(client, IPPROTO_IP, IP_RECVERR);
	g_assert_cmpint(look_for(flow), ==, ST_SOCKET_WANTS_ERRORS);
	flow = st_tuple_reversed(&flow); /* the accepted end: another socket, without the flag */
	g_assert_cmpint(look_for(flow), ==, ST_SOCKET_QUIET);
	close(client);
	close(listener);
}

static void test_ipv6(void)
{
	int fd = udp6(BOUND_TO_ALL);
	struct st_tuple flow = flow_from(ST_PROTOCOL_UDP, "::1", port_of(fd), "::1", CLOSED_PORT);

	g_assert_cmpint(look_for(flow), ==, ST_SOCKET_UNKNOWN);
	/* Measured on Linux 6.18: this is what counts, and it does not show. */
	set(fd, IPPROTO_IPV6, IPV6_RECVERR);
	g_assert_cmpint(look_for(flow), ==, ST_SOCKET_UNKNOWN);
	set(fd, IPPROTO_IP, IP_RECVERR);
	g_assert_cmpint(look_for(flow), ==, ST_SOCKET_WANTS_ERRORS);
	close(fd);
}

/* All are found, and quickly enough; how quickly is printed. */
static void test_many_sockets(void)
{
	struct rlimit limit;
	struct sockets *sockets = open_sockets();
	GArray *fds = g_array_new(FALSE, FALSE, sizeof(int));
	gint64 begin;

	must(getrlimit(RLIMIT_NOFILE, &limit));
	limit.rlim_cur = limit.rlim_max;
	must(setrlimit(RLIMIT_NOFILE, &limit));
	while (fds->len < SOCKETS_MAX && fds->len + 100 < limit.rlim_cur) {
		int fd = udp4(fds->len % 2 ? CONNECTED : BOUND_TO_ALL, 0, false);

		if (fds->len % 3 == 0)
			set(fd, IPPROTO_IP, IP_RECVERR);
		g_array_append_val(fds, fd);
	}
	begin = g_get_monotonic_time();
	for (guint i = 0; i < fds->len; i++) {
		struct st_tuple flow =
			flow_from(ST_PROTOCOL_UDP, "127.0.0.1", port_of(g_array_index(fds, int, i)),
				  "127.0.0.1", CLOSED_PORT);

		g_assert_cmpint(sockets_look(sockets, &flow), ==,
				i % 3 == 0 ? ST_SOCKET_WANTS_ERRORS : ST_SOCKET_QUIET);
	}
	g_test_message("%u sockets: %.1f us each", fds->len,
		       (double)(g_get_monotonic_time() - begin) / fds->len);
	for (guint i = 0; i < fds->len; i++)
		close(g_array_index(fds, int, i));
	g_array_unref(fds);
	sockets_close(sockets);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/sockets/udp4", test_udp4);
	g_test_add_func("/sockets/dual-stack", test_dual_stack);
	g_test_add_func("/sockets/other-flag", test_other_flag);
	g_test_add_func("/sockets/device", test_device);
	g_test_add_func("/sockets/reuseport", test_reuseport);
	g_test_add_func("/sockets/connected-beside-listener", test_connected_beside_listener);
	g_test_add_func("/sockets/nobody", test_nobody);
	g_test_add_func("/sockets/tcp", test_tcp);
	g_test_add_func("/sockets/ipv6", test_ipv6);
	g_test_add_func("/sockets/many", test_many_sockets);
	return g_test_run();
}
