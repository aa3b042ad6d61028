/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names, state, MAC and addresses of interfaces from the kernel, and the
 * direction of frames that follows from them. Opening one for capture or for
 * sending is left to capture.c and send.c.
 */
#include "interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if_arp.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "default_route.h"
#include "failure.h"

/* Frames of others, which have none of our addresses either, must not cost more than this. */
#define ADDRESSES_READ_INTERVAL_NS ST_NS_PER_S

#define ETHERNET_SOURCE_AT 6u
#define ETHERNET_HEADER_BYTES 14u
#define SLL_HEADER_BYTES 16u
/* Of the kernel's headers; the C library's have it not. */
#define ARPHRD_NETLINK 824
#define SLL_OUTGOING 4u /* the packet type in the first two bytes */

static bool request(const char *name, unsigned long what, struct ifreq *ifreq)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	memset(ifreq, 0, sizeof(*ifreq));
	g_strlcpy(ifreq->ifr_name, name, sizeof(ifreq->ifr_name));
	bool good = ioctl(fd, what, ifreq) == 0;
	close(fd);
	return good;
}

static bool socket_address(const struct sockaddr *from, struct st_addr *addr)
{
	*addr = (struct st_addr){0};
	if (from == NULL)
		return false;
	if (from->sa_family == AF_INET) {
		addr->version = 4;
		memcpy(addr->bytes, &((const struct sockaddr_in *)(const void *)from)->sin_addr, 4);
	} else if (from->sa_family == AF_INET6) {
		addr->version = 6;
		memcpy(addr->bytes, &((const struct sockaddr_in6 *)(const void *)from)->sin6_addr,
		       16);
	}
	return addr->version != 0;
}

/* Of all interfaces: a host may answer on one with the address of another. */
static GArray *own_addresses(void)
{
	GArray *addresses = g_array_new(FALSE, FALSE, sizeof(struct st_addr));
	struct ifaddrs *list = NULL;

	if (getifaddrs(&list) != 0)
		return addresses;
	for (const struct ifaddrs *at = list; at != NULL; at = at->ifa_next) {
		struct st_addr addr;

		if (socket_address(at->ifa_addr, &addr))
			g_array_append_val(addresses, addr);
	}
	freeifaddrs(list);
	return addresses;
}

static bool fill(struct interface *interface, const char *name, GError **error)
{
	struct ifreq ifreq;

	/* Longer names would be cut to the name of another interface. */
	interface->index = strlen(name) < IF_NAMESIZE ? (int)if_nametoindex(name) : 0;
	if (interface->index == 0) {
		g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING,
			    "no such interface: %s (-D lists them)", name);
		return false;
	}
	g_strlcpy(interface->name, name, sizeof(interface->name));
	if (request(name, SIOCGIFFLAGS, &ifreq))
		interface->is_loopback = (ifreq.ifr_flags & IFF_LOOPBACK) != 0;
	if (request(name, SIOCGIFHWADDR, &ifreq))
		memcpy(interface->mac, ifreq.ifr_hwaddr.sa_data, sizeof(interface->mac));
	interface->own_addresses = own_addresses();
	return true;
}

/* Pseudo devices of libpcap (any, nflog, usb ...) are no interfaces that could send. */
static bool is_real(const pcap_if_t *device)
{
	return if_nametoindex(device->name) != 0;
}

/* The name of the interface that -D shows with this number; NULL: there is none. */
static char *name_of_number(const char *text)
{
	pcap_if_t *devices = NULL;
	char why[PCAP_ERRBUF_SIZE];
	char *name = NULL;
	guint64 wanted, number = 0;

	if (!g_ascii_string_to_unsigned(text, 10, 1, G_MAXUINT32, &wanted, NULL))
		return NULL;
	if (pcap_findalldevs(&devices, why) != 0)
		return NULL;
	for (const pcap_if_t *at = devices; at != NULL && name == NULL; at = at->next) {
		if (is_real(at) && ++number == wanted)
			name = g_strdup(at->name);
	}
	pcap_freealldevs(devices);
	return name;
}

static bool find_default(char name[IF_NAMESIZE], uint8_t ip_version)
{
	if (ip_version == 6)
		return default_route_ipv6(name);
	if (ip_version == 4)
		return default_route_ipv4(name);
	return default_route_ipv4(name) || default_route_ipv6(name);
}

bool interface_find(struct interface *interface, const char *name, uint8_t ip_version,
		    GError **error)
{
	char default_name[IF_NAMESIZE];
	g_autofree char *numbered = NULL;

	*interface = (struct interface){0};
	if (name == NULL) {
		if (find_default(default_name, ip_version))
			return fill(interface, default_name, error);
		g_set_error_literal(error, FAILURE_ERROR, FAILURE_RUNNING,
				    "there is no default route: name the interface with -i");
		return false;
	}
	if (if_nametoindex(name) == 0)
		numbered = name_of_number(name);
	return fill(interface, numbered == NULL ? name : numbered, error);
}

void interface_clear(struct interface *interface)
{
	g_clear_pointer(&interface->own_addresses, g_array_unref);
}

enum interface_state interface_state(const struct interface *interface)
{
	struct ifreq ifreq;

	if ((int)if_nametoindex(interface->name) != interface->index)
		return INTERFACE_GONE;
	if (!request(interface->name, SIOCGIFFLAGS, &ifreq))
		return INTERFACE_GONE;
	return (ifreq.ifr_flags & IFF_UP) != 0 ? INTERFACE_UP : INTERFACE_DOWN;
}

static bool is_own(const struct interface *interface, uint8_t version, const uint8_t *bytes)
{
	const struct st_addr *own =
		(const struct st_addr *)(const void *)interface->own_addresses->data;

	for (guint i = 0; i < interface->own_addresses->len; i++) {
		if (own[i].version == version &&
		    memcmp(own[i].bytes, bytes, version == 4 ? 4 : 16) == 0)
			return true;
	}
	return false;
}

/* The source address is at 12 (RFC 791) or 8 (RFC 8200), the destination's follows. */
static enum st_direction direction_by_addresses(const struct interface *interface,
						const struct st_frame *frame)
{
	uint8_t version = frame->captured_bytes > 0 ? frame->bytes[0] >> 4 : 0;
	uint32_t source_at = version == 4 ? 12 : 8;
	uint32_t address_bytes = version == 4 ? 4 : 16;

	if ((version != 4 && version != 6) || frame->captured_bytes < source_at + 2 * address_bytes)
		return ST_DIRECTION_UNKNOWN;
	if (is_own(interface, version, frame->bytes + source_at))
		return ST_DIRECTION_OUT;
	if (is_own(interface, version, frame->bytes + source_at + address_bytes))
		return ST_DIRECTION_IN;
	return ST_DIRECTION_UNKNOWN;
}

/* The clock of stamps may be set back, too. */
static bool read_addresses_again(struct interface *interface, uint64_t stamp_ns)
{
	uint64_t last = interface->addresses_read_ns;

	if (stamp_ns >= last && stamp_ns - last < ADDRESSES_READ_INTERVAL_NS)
		return false;
	interface->addresses_read_ns = stamp_ns;
	g_array_unref(interface->own_addresses);
	interface->own_addresses = own_addresses();
	return true;
}

static enum st_direction raw_direction(struct interface *interface, const struct st_frame *frame)
{
	enum st_direction direction = direction_by_addresses(interface, frame);

	if (direction == ST_DIRECTION_UNKNOWN && read_addresses_again(interface, frame->stamp_ns))
		direction = direction_by_addresses(interface, frame);
	return direction;
}

/* Every frame on loopback has the same addresses and is seen once. */
static enum st_direction ethernet_direction(const struct interface *interface,
					    const struct st_frame *frame)
{
	if (interface->is_loopback || frame->captured_bytes < ETHERNET_HEADER_BYTES)
		return ST_DIRECTION_UNKNOWN;
	return memcmp(frame->bytes + ETHERNET_SOURCE_AT, interface->mac, sizeof(interface->mac)) ==
			       0
		       ? ST_DIRECTION_OUT
		       : ST_DIRECTION_IN;
}

static enum st_direction cooked_direction(const struct st_frame *frame)
{
	if (frame->captured_bytes < SLL_HEADER_BYTES)
		return ST_DIRECTION_UNKNOWN;
	return frame->bytes[1] == SLL_OUTGOING ? ST_DIRECTION_OUT : ST_DIRECTION_IN;
}

enum st_direction interface_direction(struct interface *interface, const struct st_frame *frame)
{
	if (frame->link_type == ST_LINK_ETHERNET)
		return ethernet_direction(interface, frame);
	if (frame->link_type == ST_LINK_SLL)
		return cooked_direction(frame);
	return raw_direction(interface, frame);
}

static const char *connection_text(uint32_t flags)
{
	switch (flags & PCAP_IF_CONNECTION_STATUS) {
	case PCAP_IF_CONNECTION_STATUS_CONNECTED:
		return ", Connected";
	case PCAP_IF_CONNECTION_STATUS_DISCONNECTED:
		return ", Disconnected";
	default: /* unknown, or does not apply (loopback) */
		return "";
	}
}

static char *device_line(const pcap_if_t *device, unsigned number)
{
	const char *text = device->description;
	g_autofree char *description = text != NULL ? g_strdup_printf(" (%s)", text) : NULL;
	g_autofree char *flags = g_strconcat(
		(device->flags & PCAP_IF_UP) != 0 ? ", Up" : "",
		(device->flags & PCAP_IF_RUNNING) != 0 ? ", Running" : "",
		(device->flags & PCAP_IF_LOOPBACK) != 0 ? ", Loopback" : "",
		(device->flags & PCAP_IF_WIRELESS) != 0 ? ", Wireless" : "",
		(device->flags & PCAP_IF_UP) != 0 ? connection_text(device->flags) : "", NULL);

	return g_strdup_printf("%u.%s%s [%s]\n", number, device->name,
			       description == NULL ? "" : description,
			       *flags == '\0' ? "none" : flags + 2);
}

static pcap_if_t *all_devices(GError **error)
{
	pcap_if_t *devices = NULL;
	char why[PCAP_ERRBUF_SIZE];

	if (pcap_findalldevs(&devices, why) == 0)
		return devices;
	g_set_error(error, FAILURE_ERROR, FAILURE_RUNNING, "cannot list interfaces: %s", why);
	return NULL;
}

char *interface_list(GError **error)
{
	GError *wrong = NULL;
	pcap_if_t *devices = all_devices(&wrong);
	unsigned number = 0;

	if (wrong != NULL) {
		g_propagate_error(error, wrong);
		return NULL;
	}
	GString *text = g_string_new(NULL);
	for (const pcap_if_t *at = devices; at != NULL; at = at->next) {
		if (!is_real(at))
			continue;
		g_autofree char *line = device_line(at, ++number);
		g_string_append(text, line);
	}
	pcap_freealldevs(devices);
	return g_string_free(text, FALSE);
}

/* What has no header of its own is raw IP, what has one that libpcap does not know is cooked. */
int interface_link_type(const char *name)
{
	struct ifreq ifreq;

	if (!request(name, SIOCGIFHWADDR, &ifreq))
		return DLT_EN10MB;
	switch (ifreq.ifr_hwaddr.sa_family) {
	case ARPHRD_ETHER:
	case ARPHRD_LOOPBACK:
		return DLT_EN10MB;
	case ARPHRD_NONE:
	case ARPHRD_RAWIP:
	case ARPHRD_TUNNEL:
	case ARPHRD_SIT:
	case ARPHRD_SLIP:
	case ARPHRD_CSLIP:
	case ARPHRD_SLIP6:
	case ARPHRD_CSLIP6:
		return DLT_RAW;
	case ARPHRD_IEEE80211:
		return DLT_IEEE802_11;
	case ARPHRD_IEEE80211_PRISM:
		return DLT_PRISM_HEADER;
	case ARPHRD_IEEE80211_RADIOTAP:
		return DLT_IEEE802_11_RADIO;
	case ARPHRD_NETLINK:
		return DLT_NETLINK;
	default:
		return DLT_LINUX_SLL;
	}
}

/* What passes there is others'; this host's own packets leave by the bridge. */
static bool is_bridge_port(const char *name)
{
	g_autofree char *path = g_strdup_printf("/sys/class/net/%s/brport", name);

	return g_file_test(path, G_FILE_TEST_EXISTS);
}

static bool is_traceable(const pcap_if_t *device)
{
	return is_real(device) && (device->flags & PCAP_IF_UP) != 0 &&
	       (device->flags & PCAP_IF_LOOPBACK) == 0 && !is_bridge_port(device->name) &&
	       st_link_type_sendable((uint32_t)interface_link_type(device->name));
}

GPtrArray *interface_traceable(GError **error)
{
	GError *wrong = NULL;
	pcap_if_t *devices = all_devices(&wrong);

	if (wrong != NULL) {
		g_propagate_error(error, wrong);
		return NULL;
	}
	GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
	for (const pcap_if_t *at = devices; at != NULL; at = at->next) {
		if (is_traceable(at))
			g_ptr_array_add(names, g_strdup(at->name));
	}
	pcap_freealldevs(devices);
	return names;
}
