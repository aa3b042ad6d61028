/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses as system calls and other libraries take them. */
#ifndef ST_TOOLS_SOCKET_ADDRESS_H
#define ST_TOOLS_SOCKET_ADDRESS_H

#include <sys/socket.h>

#include <servicetrace/base.h>

/* Writes the address, without a port; returns how many bytes of `storage` count. */
socklen_t socket_address(const struct st_addr *addr, struct sockaddr_storage *storage);

#endif
