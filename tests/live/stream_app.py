#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A TCP application for both ends: an echo server, and a client that checks that every byte comes back unchanged.

The client writes one JSON line when connected and one when done. Leaves starting and placing it to apps.py.
"""

import argparse
import hashlib
import json
import random
import select
import socket
import struct
import sys
import threading
import time

_BLOCK = 65536
_POLL_S = 0.05
_STALL_LIMIT = 30.0  # seconds without progress after which both ends give up


def serve(arguments):
    """Sends back what it is sent, for each connection, until killed. Silent until spoken to."""
    listener = socket.create_server(("::", arguments.port), family=socket.AF_INET6, backlog=128, dualstack_ipv6=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=echo, args=(connection,), daemon=True).start()


def echo(connection):
    connection.settimeout(_STALL_LIMIT)
    with connection:
        try:
            while block := connection.recv(_BLOCK):
                connection.sendall(block)
        except OSError as error:
            print(f"echo ends: {error}", file=sys.stderr)


def talk(arguments):
    """Sends random bytes for some time and reads the echo; exit 1 unless all of it came back unchanged."""
    connection = _connect(arguments)
    local = connection.getsockname()[:2]
    say(connected=True, local_address=local[0], local_port=local[1])
    sent, received, enough = hashlib.sha256(), hashlib.sha256(), threading.Event()
    reader = threading.Thread(target=_read_all, args=(connection, received, enough))
    reader.start()
    error = _write_for_a_while(connection, sent, arguments)
    if arguments.reset:
        enough.set()  # a socket that somebody still reads from is not reset
        reader.join(_STALL_LIMIT)
        _reset(connection)
    reader.join(_STALL_LIMIT)
    intact = error is None and not reader.is_alive() and sent.digest() == received.digest()
    say(done=True, intact=intact or arguments.reset, error=error)
    return 0 if intact or arguments.reset else 1


def _connect(arguments):
    version = socket.AF_INET6 if ":" in arguments.address else socket.AF_INET
    connection = socket.socket(version, socket.SOCK_STREAM)
    connection.settimeout(_STALL_LIMIT)
    is4 = version == socket.AF_INET
    level = socket.IPPROTO_IP if is4 else socket.IPPROTO_IPV6
    if arguments.tos is not None:
        connection.setsockopt(level, socket.IP_TOS if is4 else socket.IPV6_TCLASS, arguments.tos)
    if arguments.ttl is not None:
        connection.setsockopt(level, socket.IP_TTL if is4 else socket.IPV6_UNICAST_HOPS, arguments.ttl)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.connect((arguments.address, arguments.port))
    return connection


def _write_for_a_while(connection, digest, arguments):
    """Returns what went wrong, or None."""
    source = random.Random(connection.getsockname()[1])
    time.sleep(arguments.silence)
    end = time.monotonic() + arguments.seconds
    try:
        while time.monotonic() < end:
            block = source.randbytes(arguments.chunk)
            connection.sendall(block)
            digest.update(block)
            time.sleep(arguments.interval)
        if not arguments.reset:
            connection.shutdown(socket.SHUT_WR)
    except OSError as error:
        return str(error)
    return None


def _reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _read_all(connection, digest, enough):
    """Until the peer is done, or `enough` is set."""
    last = time.monotonic()
    try:
        while not enough.is_set() and time.monotonic() - last < _STALL_LIMIT:
            if not select.select([connection], [], [], _POLL_S)[0]:
                continue
            last = time.monotonic()
            block = connection.recv(_BLOCK)
            if not block:
                break
            digest.update(block)
    except OSError as error:
        print(f"reading ends: {error}", file=sys.stderr)


def say(**members):
    print(json.dumps(members), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    server = roles.add_parser("serve")
    server.add_argument("port", type=int)
    client = roles.add_parser("talk")
    client.add_argument("address")
    client.add_argument("port", type=int)
    client.add_argument("--seconds", type=float, default=3.0)
    client.add_argument("--interval", type=float, default=0.05)
    client.add_argument("--chunk", type=int, default=400)
    client.add_argument("--silence", type=float, default=0.0, help="seconds before the first byte")
    client.add_argument("--tos", type=int, help="IPv4 TOS byte or IPv6 traffic class")
    client.add_argument("--ttl", type=int, help="IPv4 TTL or IPv6 hop limit")
    client.add_argument("--reset", action="store_true", help="end with RST instead of FIN")
    arguments = parser.parse_args()
    return serve(arguments) if arguments.role == "serve" else talk(arguments)


if __name__ == "__main__":
    sys.exit(main())
