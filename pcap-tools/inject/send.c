/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An AF_PACKET socket that only sends. It is not the capture's, because a
 * packet socket does not see what it sent itself; it goes through the queueing
 * discipline, because with PACKET_QDISC_BYPASS no packet socket sees it.
 */
#include "send.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "failure.h"

#define SLL_HEADER_BYTES 16u
#define SLL_PROTOCOL_AT 14u
#define SLL2_HEADER_BYTES 20u
#define SLL2_PROTOCOL_AT 0u
#define ETHERNET_TYPE_AT 12u

struct sender {
	int fd;
	int interface_index;
};

/* Protocol 0: the socket receives nothing that it would have to throw away. */
struct sender *sender_open(const struct interface *interface, GError **error)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	const struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_ifindex = interface->index,
	};

	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "cannot send on %s: %s",
			    interface->name, g_strerror(errno));
		if (fd >= 0)
			close(fd);
		return NULL;
	}
	struct sender *sender = g_new0(struct sender, 1);
	sender->fd = fd;
	sender->interface_index = interface->index;
	return sender;
}

void sender_close(struct sender *sender)
{
	if (sender == NULL)
		return;
	close(sender->fd);
	g_free(sender);
}

/* A cooked header is libpcap's invention; what leaves begins with the IP header. */
static size_t pseudo_header_bytes(const struct st_probe *probe)
{
	if (probe->link_type == ST_LINK_SLL)
		return SLL_HEADER_BYTES;
	if (probe->link_type == ST_LINK_SLL2)
		return SLL2_HEADER_BYTES;
	return 0;
}

static uint16_t field_at(const uint8_t *frame, size_t at)
{
	uint16_t field;

	memcpy(&field, frame + at, sizeof(field));
	return field;
}

/* The kernel's name for a frame that has a length where others have a type. */
static uint16_t ethernet_protocol(const uint8_t *frame)
{
	uint16_t protocol = field_at(frame, ETHERNET_TYPE_AT);

	return ntohs(protocol) < ETH_P_802_3_MIN ? htons(ETH_P_802_2) : protocol;
}

/*
 * What the frame carries, in network order: links without a header of their own
 * (tun, ppp) know it from nowhere else. On Ethernet it may be a VLAN tag, PPPoE
 * or MPLS.
 */
static uint16_t frame_protocol(const struct st_probe *probe, const uint8_t *frame)
{
	switch (probe->link_type) {
	case ST_LINK_ETHERNET:
		return ethernet_protocol(frame);
	case ST_LINK_SLL:
		return field_at(frame, SLL_PROTOCOL_AT);
	case ST_LINK_SLL2:
		return field_at(frame, SLL2_PROTOCOL_AT);
	default:
		return htons(probe->ip_version == 6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	}
}

int sender_send(const struct sender *sender, const struct st_probe *probe, const uint8_t *frame)
{
	size_t skipped = pseudo_header_bytes(probe);
	const struct sockaddr_ll address = {
		.sll_family = AF_PACKET,
		.sll_ifindex = sender->interface_index,
		.sll_protocol = frame_protocol(probe, frame),
	};
	ssize_t sent;

	do {
		sent = sendto(sender->fd, frame + skipped, probe->frame_bytes - skipped,
			      MSG_DONTWAIT, (const struct sockaddr *)&address, sizeof(address));
	} while (sent < 0 && errno == EINTR);
	return sent < 0 ? errno : 0;
}

bool sender_is_broken(int error_number)
{
	return error_number == ENETDOWN || error_number == ENODEV || error_number == ENXIO;
}
