/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "socket_address.h"

#include <netinet/in.h>
#include <string.h>

socklen_t socket_address(const struct st_addr *addr, struct sockaddr_storage *storage)
{
	struct sockaddr_in ip4 = {.sin_family = AF_INET};
	struct sockaddr_in6 ip6 = {.sin6_family = AF_INET6};

	if (addr->version == 4) {
		memcpy(&ip4.sin_addr, addr->bytes, sizeof(ip4.sin_addr));
		memcpy(storage, &ip4, sizeof(ip4));
		return sizeof(ip4);
	}
	memcpy(&ip6.sin6_addr, addr->bytes, sizeof(ip6.sin6_addr));
	memcpy(storage, &ip6, sizeof(ip6));
	return sizeof(ip6);
}
