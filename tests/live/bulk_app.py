#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A bulk TCP transfer for both ends, either way, whose sender tells what the kernel did: retransmissions, window.

Each end writes JSON lines: the client one when connected, both one per finished transfer with the digest of the stream.
Leaves starting and placing it to delayed.py.
"""

import argparse
import hashlib
import json
import os
import socket
import struct
import sys
import threading
import time

_BLOCK = 65536
_STALL_LIMIT = 30.0  # seconds without progress after which both ends give up
_SAMPLE_S = 0.02  # between two looks at the congestion window
_SETTLED_S = 1.0  # the window grows before that

# struct tcp_info of linux/tcp.h: offsets of what is read here.
_TCP_INFO_BYTES = 248
_OPTIONS_AT, _SND_CWND_AT, _TOTAL_RETRANS_AT, _MIN_RTT_AT = 5, 80, 100, 148
_TIMESTAMPS, _SACK = 1, 2  # bits of its options


def look(connection):
    """What the kernel tells about the connection."""
    info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)

    def number(offset):
        return struct.unpack_from("=I", info, offset)[0]
    return {"timestamps": bool(info[_OPTIONS_AT] & _TIMESTAMPS), "sack": bool(info[_OPTIONS_AT] & _SACK),
            "cwnd": number(_SND_CWND_AT), "retransmissions": number(_TOTAL_RETRANS_AT),
            "min_rtt_ms": number(_MIN_RTT_AT) / 1000}


def send(connection, seconds, congestion):
    """Sends as fast as it goes; returns once the peer has read all of it."""
    if congestion:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, congestion.encode())
    ports = ends(connection)  # a connection that is over does not tell them any more
    block, digest, count = os.urandom(_BLOCK - 8), hashlib.sha256(), 0
    began = time.monotonic()
    end, sample_at, windows = began + seconds, began + _SETTLED_S, []
    while (now := time.monotonic()) < end:
        data = struct.pack("!Q", count) + block
        connection.sendall(data)
        digest.update(data)
        count += 1
        if now >= sample_at:
            windows.append(look(connection)["cwnd"])
            sample_at = now + _SAMPLE_S
    connection.shutdown(socket.SHUT_WR)
    connection.recv(1)  # its end: everything has arrived
    lasted = time.monotonic() - began
    used = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_CONGESTION, 16).rstrip(b"\0").decode()
    say(role="sender", **ports, digest=digest.hexdigest(), bytes=count * _BLOCK,
        mbit_per_s=round(count * _BLOCK * 8 / lasted / 1e6, 2), congestion=used,
        lowest_cwnd=min(windows, default=None), **look(connection))


def receive(connection, stall_s, pace_kb):
    """Reads all of it, after having read nothing for so long, and no faster than so many kB a second (0: any)."""
    ports, digest, count = ends(connection), hashlib.sha256(), 0
    time.sleep(stall_s)
    while block := connection.recv(_BLOCK):
        digest.update(block)
        count += len(block)
        time.sleep(len(block) / pace_kb / 1000 if pace_kb else 0)
    say(role="receiver", **ports, digest=digest.hexdigest(), bytes=count)


def ends(connection):
    return {"local_port": connection.getsockname()[1], "peer_port": connection.getpeername()[1]}


def say(**members):
    sys.stdout.write(json.dumps(members) + "\n")  # in one piece, as threads of the server speak at once
    sys.stdout.flush()


def serve(arguments):
    """Does for each connection what its first line asks for, until killed."""
    listener = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    listener.bind(("::", arguments.port))
    listener.listen(64)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection):
    connection.settimeout(_STALL_LIMIT)
    with connection:
        line = b""
        while not line.endswith(b"\n"):
            line += connection.recv(1)
        asked = json.loads(line)
        if asked["way"] == "down":
            send(connection, asked["seconds"], asked["congestion"])
        else:
            receive(connection, asked["stall"], asked["pace"])


def transfer(arguments):
    """The client's end."""
    version = socket.AF_INET6 if ":" in arguments.address else socket.AF_INET
    connection = socket.socket(version, socket.SOCK_STREAM)
    connection.settimeout(_STALL_LIMIT + arguments.stall)
    connection.connect((arguments.address, arguments.port))
    local = connection.getsockname()[:2]
    say(role="connected", local_address=local[0], local_port=local[1])
    asked = {"way": arguments.way, "seconds": arguments.seconds, "congestion": arguments.congestion,
             "stall": arguments.stall, "pace": arguments.pace}
    connection.sendall(json.dumps(asked).encode() + b"\n")
    if arguments.way == "up":
        send(connection, arguments.seconds, arguments.congestion)
    else:
        receive(connection, arguments.stall, arguments.pace)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    server = roles.add_parser("serve")
    server.add_argument("port", type=int)
    client = roles.add_parser("transfer")
    client.add_argument("address")
    client.add_argument("port", type=int)
    client.add_argument("way", choices=["up", "down"])
    client.add_argument("--seconds", type=float, default=3.0, help="how long the sender sends")
    client.add_argument("--stall", type=float, default=0.0, help="how long the receiver reads nothing at first")
    client.add_argument("--pace", type=float, default=0.0, help="kB a second that the receiver reads; 0: any")
    client.add_argument("--congestion", default="", help="the sender's congestion control")
    arguments = parser.parse_args()
    serve(arguments) if arguments.role == "serve" else transfer(arguments)


if __name__ == "__main__":
    main()
