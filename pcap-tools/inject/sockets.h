/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the kernel about the socket of a local application, through socket
 * diagnostics (sock_diag(7)): does it want to be told of ICMP errors?
 */
#ifndef ST_INJECT_SOCKETS_H
#define ST_INJECT_SOCKETS_H

#include <glib.h>

#include <servicetrace/tracer.h>

struct sockets;

/*
 * `interface_index`: where the answers to probes come in, for sockets that are
 * bound to a device. Needs no privilege. NULL: `error` says why; then nothing is
 * known of any socket. sockets_close() takes NULL.
 */
struct sockets *sockets_open(int interface_index, GError **error);
void sockets_close(struct sockets *sockets);

/*
 * What is known of the socket to which the kernel would hand an ICMP error about
 * a packet of this flow, whose source is the local end. Of all sockets that match
 * (SO_REUSEPORT, a listener and a connected one ...) that is the one asked.
 *
 * ST_SOCKET_WANTS_ERRORS: IP_RECVERR is set.
 * ST_SOCKET_QUIET: it is not (IPv4 only). A Time Exceeded then never shows; a
 *   connected UDP socket is still told, once, of an Unreachable of code 2, 3, 9,
 *   10 or 13 (measured on Linux 6.18), as it would be of its own packets'.
 * ST_SOCKET_UNKNOWN: there is no such socket in this network namespace (the flow
 *   is forwarded, or of a container), the kernel does not show the flag (before
 *   Linux 5.10), or the flow is of IPv6: there IPV6_RECVERR counts, which is never
 *   shown; IP_RECVERR is, and who sets that on a socket of both versions means both.
 *
 * Takes some 10 us, however many sockets there are; gives up after 50 ms.
 */
enum st_socket sockets_look(struct sockets *sockets, const struct st_tuple *local_first);

#endif
