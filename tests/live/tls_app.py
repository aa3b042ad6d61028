#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A TLS application for both ends: an echo server, and a client that checks each answer before its next request.

Its ClientHello can be given a name, protocols, and more of them than fit into a segment. Speaks as stream_app.py does;
leaves starting and placing it to service_apps.py.
"""

import argparse
import os
import socket
import ssl
import sys
import threading
import time

import stream_app

_STALL_LIMIT = 30.0  # seconds without progress after which the client gives up
_CHUNK_BYTES = 400
_PADDING_BYTES = 50  # of each protocol that nobody speaks


def serve(arguments):
    """Sends back what it is sent, for each connection, until killed."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(arguments.certificate, arguments.key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    listener = socket.create_server(("::", arguments.port), family=socket.AF_INET6, backlog=128, dualstack_ipv6=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_secure, args=(context, connection), daemon=True).start()


def _secure(context, connection):
    try:
        secured = context.wrap_socket(connection, server_side=True)
    except OSError as error:  # such as a client that a test ends
        print(f"no handshake: {error}", file=sys.stderr)
        return
    stream_app.echo(secured)


def talk(arguments):
    """Exit 1 unless all came back unchanged."""
    connection = _connect(arguments)
    local = connection.getsockname()[:2]
    stream_app.say(connected=True, local_address=local[0], local_port=local[1])
    error = _ask_for_a_while(connection, arguments)
    connection.close()
    stream_app.say(done=True, intact=error is None, error=error)
    return 0 if error is None else 1


def _connect(arguments):
    version = socket.AF_INET6 if ":" in arguments.address else socket.AF_INET
    plain = socket.socket(version, socket.SOCK_STREAM)
    plain.settimeout(_STALL_LIMIT)
    if arguments.mss:
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, arguments.mss)
    plain.connect((arguments.address, arguments.port))
    return _context(arguments).wrap_socket(plain, server_hostname=arguments.name)


def _context(arguments):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    protocols = arguments.alpn.split(",") if arguments.alpn else []
    protocols += [f"{number:0{_PADDING_BYTES}}" for number in range(arguments.padding // _PADDING_BYTES)]
    if protocols:
        context.set_alpn_protocols(protocols)
    return context


def _ask_for_a_while(connection, arguments):
    """Returns what went wrong, or None."""
    end = time.monotonic() + arguments.seconds
    try:
        while time.monotonic() < end:
            block, answer = os.urandom(_CHUNK_BYTES), b""
            connection.sendall(block)
            while len(answer) < len(block) and (more := connection.recv(len(block) - len(answer))):
                answer += more
            if answer != block:
                return "an answer is not what was sent"
            time.sleep(arguments.interval)
    except OSError as error:
        return str(error)
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    server = roles.add_parser("serve")
    server.add_argument("port", type=int)
    server.add_argument("key")
    server.add_argument("certificate")
    client = roles.add_parser("talk")
    client.add_argument("address")
    client.add_argument("port", type=int)
    client.add_argument("--seconds", type=float, default=3.0)
    client.add_argument("--interval", type=float, default=0.05)
    client.add_argument("--name", help="SNI; without it none is sent")
    client.add_argument("--alpn", help="protocols offered, with commas between them")
    client.add_argument("--padding", type=int, default=0, help="bytes of further protocols")
    client.add_argument("--mss", type=int, help="largest segment of both directions")
    arguments = parser.parse_args()
    return serve(arguments) if arguments.role == "serve" else talk(arguments)


if __name__ == "__main__":
    sys.exit(main())
