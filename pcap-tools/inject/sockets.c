/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One question to the kernel, one answer. It is not the list of all sockets that
 * is asked for, but the very lookup by which the kernel finds the socket that an
 * ICMP error belongs to; so host, device, SO_REUSEPORT and dual-stack sockets
 * need no rules here, and ten thousand sockets cost no more than one.
 */
#include "sockets.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "failure.h"

/* The kernel answers before send() returns; what takes longer is not worth a stopped loop. */
#define ANSWER_TIMEOUT_NS (50 * ST_NS_PER_MS)
/* An answer has some 200 bytes. */
#define ANSWER_BYTES 8192

struct sockets {
	int fd;
	uint32_t interface_index;
	uint32_t sequence; /* of the latest question; older answers are passed over */
};

struct question {
	struct nlmsghdr header;
	struct inet_diag_req_v2 request;
};

/* What an answer tells. */
struct answer {
	bool found;
	struct inet_diag_msg socket;
	bool has_options;
	struct inet_diag_sockopt options;
};

static uint64_t monotonic_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * ST_NS_PER_S + (uint64_t)time.tv_nsec;
}

/*
 * A packet on its way in: from the peer, to us. TCP's lookup takes our end as the
 * source, UDP's takes the packet's, "for historical reasons" (net/ipv4/udp_diag.c).
 */
static struct question make_question(const struct sockets *sockets, const struct st_tuple *flow)
{
	bool swapped = flow->protocol == ST_PROTOCOL_UDP;
	const struct st_addr *source = swapped ? &flow->destination : &flow->source;
	const struct st_addr *destination = swapped ? &flow->source : &flow->destination;
	struct question question = {
		.header = {.nlmsg_len = sizeof(question),
			   .nlmsg_type = SOCK_DIAG_BY_FAMILY,
			   .nlmsg_flags = NLM_F_REQUEST,
			   .nlmsg_seq = sockets->sequence},
		.request = {.sdiag_family = flow->source.version == 6 ? AF_INET6 : AF_INET,
			    .sdiag_protocol = flow->protocol,
			    .idiag_states = UINT32_MAX,
			    .id = {.idiag_sport = htons(swapped ? flow->destination_port
								: flow->source_port),
				   .idiag_dport = htons(swapped ? flow->source_port
								: flow->destination_port),
				   .idiag_if = sockets->interface_index,
				   .idiag_cookie = {INET_DIAG_NOCOOKIE, INET_DIAG_NOCOOKIE}}},
	};

	memcpy(question.request.id.idiag_src, source->bytes, st_addr_bytes(source));
	memcpy(question.request.id.idiag_dst, destination->bytes, st_addr_bytes(destination));
	return question;
}

static void read_attributes(const uint8_t *at, size_t left, struct answer *answer)
{
	struct rtattr attribute;

	while (left >= sizeof(attribute)) {
		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.rta_len < sizeof(attribute) || attribute.rta_len > left)
			return;
		if (attribute.rta_type == INET_DIAG_SOCKOPT &&
		    attribute.rta_len >= RTA_LENGTH(sizeof(answer->options))) {
			memcpy(&answer->options, at + RTA_LENGTH(0), sizeof(answer->options));
			answer->has_options = true;
		}
		size_t passed = RTA_ALIGN(attribute.rta_len);
		at += MIN(passed, left);
		left -= MIN(passed, left);
	}
}

/* True if the message answers our question, with a socket or with an error. */
static bool read_message(const struct sockets *sockets, const uint8_t *bytes, size_t count,
			 struct answer *answer)
{
	struct nlmsghdr header;
	size_t body = NLMSG_LENGTH(sizeof(answer->socket));

	memcpy(&header, bytes, sizeof(header));
	if (header.nlmsg_seq != sockets->sequence)
		return false;
	if (header.nlmsg_type == SOCK_DIAG_BY_FAMILY && count >= body) {
		answer->found = true;
		memcpy(&answer->socket, bytes + NLMSG_HDRLEN, sizeof(answer->socket));
		read_attributes(bytes + body, count - body, answer);
	}
	return true;
}

static bool read_datagram(const struct sockets *sockets, const uint8_t *bytes, size_t count,
			  struct answer *answer)
{
	struct nlmsghdr header;

	while (count >= sizeof(header)) {
		memcpy(&header, bytes, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > count)
			return false;
		if (read_message(sockets, bytes, header.nlmsg_len, answer))
			return true;
		size_t passed = MIN(NLMSG_ALIGN(header.nlmsg_len), count);
		bytes += passed;
		count -= passed;
	}
	return false;
}

/* False: nothing will come in time. */
static bool wait_readable(int fd, uint64_t until_ns)
{
	uint64_t now = monotonic_ns();
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	if (now >= until_ns)
		return false;
	return poll(&poll_fd, 1, (int)((until_ns - now) / ST_NS_PER_MS) + 1) > 0 || errno == EINTR;
}

/* Takes what has been sent to us, whoever asked for it, until the answer is there. */
static void receive(const struct sockets *sockets, struct answer *answer)
{
	uint64_t until = monotonic_ns() + ANSWER_TIMEOUT_NS;
	uint8_t bytes[ANSWER_BYTES];

	for (;;) {
		ssize_t count = recv(sockets->fd, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (count >= 0 && read_datagram(sockets, bytes, (size_t)count, answer))
			return;
		/* ENOBUFS: something was lost, perhaps the answer; then the time will tell. */
		if (count < 0 && errno != EAGAIN && errno != EINTR && errno != ENOBUFS)
			return;
		if (count < 0 && errno == EAGAIN && !wait_readable(sockets->fd, until))
			return;
		if (monotonic_ns() >= until)
			return;
	}
}

static struct answer ask(struct sockets *sockets, const struct st_tuple *flow)
{
	static const struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct answer answer = {0};
	struct question question;
	ssize_t sent;

	sockets->sequence++;
	question = make_question(sockets, flow);
	do {
		sent = sendto(sockets->fd, &question, sizeof(question), MSG_DONTWAIT,
			      (const struct sockaddr *)&kernel, sizeof(kernel));
	} while (sent < 0 && errno == EINTR);
	if (sent == sizeof(question))
		receive(sockets, &answer);
	return answer;
}

/* Whether a socket can be bound to it, as an application of this host would. */
static bool is_ours(const struct st_addr *addr)
{
	struct sockaddr_in6 six = {.sin6_family = AF_INET6};
	struct sockaddr_in four = {.sin_family = AF_INET};
	int fd = socket(addr->version == 6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ours;

	if (fd < 0)
		return false;
	memcpy(&six.sin6_addr, addr->bytes, sizeof(six.sin6_addr));
	memcpy(&four.sin_addr, addr->bytes, sizeof(four.sin_addr));
	if (addr->version == 6)
		ours = bind(fd, (const struct sockaddr *)&six, sizeof(six)) == 0;
	else
		ours = bind(fd, (const struct sockaddr *)&four, sizeof(four)) == 0;
	close(fd);
	return ours;
}

static bool is_bound_to_all(const struct inet_diag_msg *socket)
{
	return (socket->id.idiag_src[0] | socket->id.idiag_src[1] | socket->id.idiag_src[2] |
		socket->id.idiag_src[3]) == 0;
}

enum st_socket sockets_look(struct sockets *sockets, const struct st_tuple *local_first)
{
	struct answer answer = ask(sockets, local_first);

	if (!answer.found || !answer.has_options ||
	    answer.socket.id.idiag_sport != htons(local_first->source_port))
		return ST_SOCKET_UNKNOWN;
	/* A socket for all our addresses would also be found for an address that is not ours. */
	if (is_bound_to_all(&answer.socket) && !is_ours(&local_first->source))
		return ST_SOCKET_UNKNOWN;
	if (answer.options.recverr)
		return ST_SOCKET_WANTS_ERRORS;
	return local_first->source.version == 4 ? ST_SOCKET_QUIET : ST_SOCKET_UNKNOWN;
}

/* At the first question of each protocol the kernel may have to load a module: not in the loop. */
static void warm_up(struct sockets *sockets)
{
	static const uint8_t protocols[] = {ST_PROTOCOL_TCP, ST_PROTOCOL_UDP};

	for (size_t i = 0; i < G_N_ELEMENTS(protocols); i++) {
		struct st_tuple nobody = {.protocol = protocols[i],
					  .source = {.version = 4},
					  .destination = {.version = 4}};

		ask(sockets, &nobody);
	}
}

struct sockets *sockets_open(int interface_index, GError **error)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);

	if (fd < 0) {
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING,
			    "cannot ask the kernel about sockets: %s", g_strerror(errno));
		return NULL;
	}
	struct sockets *sockets = g_new0(struct sockets, 1);
	sockets->fd = fd;
	sockets->interface_index = (uint32_t)interface_index;
	warm_up(sockets);
	return sockets;
}

void sockets_close(struct sockets *sockets)
{
	if (sockets == NULL)
		return;
	close(sockets->fd);
	g_free(sockets);
}
