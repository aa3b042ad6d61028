#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A UDP application for both ends, whose datagrams all have one form, so that each stray one is noticed and counted.

A request asks for one answer (which is its echo, so that other echo servers do) or for several (a stream). Both ends
count what they get; the server says it in one JSON line when it is ended (SIGINT), the client writes one line when it
has its address and one when done.
Leaves starting and placing it to apps.py.
"""

import argparse
import collections
import json
import select
import signal
import socket
import struct
import sys
import time

_MAGIC = b"STd1"
_HEADER = struct.Struct("!4sIHH")  # magic, number of the request, answers wanted or number of the answer, payload bytes
_LARGEST = 65536
_FILLER = bytes(range(256)) * (_LARGEST // 256 + 1)
_LAST_ANSWER_S = 0.5  # how long the client waits for what is still on its way
_PKTINFO_BYTES = 20
_ERROR_WAITS_S = 0.01
_IP_RECVERR, _IPV6_RECVERR = 11, 25  # the socket module does not name them


def datagram(number, which, size):
    """size: of the whole UDP payload."""
    start = (number + which) & 0xff
    return _HEADER.pack(_MAGIC, number, which, size) + _FILLER[start:start + size - _HEADER.size]


def understood(payload):
    """(number, which, size) of a datagram of ours, or None."""
    if len(payload) < _HEADER.size:
        return None
    magic, number, which, size = _HEADER.unpack_from(payload)
    good = magic == _MAGIC and size >= _HEADER.size and payload == datagram(number, which, size)
    return (number, which, size) if good else None


class Tally:
    """What came in."""

    def __init__(self):
        self.counts = collections.Counter(good=0, empty=0, stray=0)
        self.strays = []

    def take(self, payload):
        """Returns what understood() makes of it."""
        meaning = understood(payload)
        self.counts["good" if meaning else "stray" if payload else "empty"] += 1
        if meaning is None:
            self.strays.append(payload[:16].hex())
        return meaning

    def members(self):
        return {**self.counts, "strays": self.strays[:5]}


def serve(arguments):
    """Answers until told to end."""
    one = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    one.bind(("::", arguments.port))
    tally = Tally()
    signal.signal(signal.SIGINT, lambda *_: sys.exit(0))
    try:
        while True:
            # What came with it names the address that was asked, which is the one to answer from.
            payload, addressed, _, peer = one.recvmsg(_LARGEST, socket.CMSG_SPACE(_PKTINFO_BYTES))
            meaning = tally.take(payload)
            if meaning:
                number, wanted, size = meaning
                for which in range(1, wanted + 1):
                    one.sendmsg([datagram(number, which, size)], addressed, 0, peer)
    finally:
        _say(**tally.members())


class Client:
    """Sends a request now and then and takes answers in between."""

    def __init__(self, arguments):
        self.arguments = arguments
        self.tally = Tally()
        self.answers = collections.Counter()
        self.errors = []
        self.sent = 0
        self.socket = self._socket()

    def _socket(self):
        is4 = ":" not in self.arguments.address
        one = socket.socket(socket.AF_INET if is4 else socket.AF_INET6, socket.SOCK_DGRAM)
        level = socket.IPPROTO_IP if is4 else socket.IPPROTO_IPV6
        if self.arguments.recverr:
            one.setsockopt(level, _IP_RECVERR if is4 else _IPV6_RECVERR, 1)
        if self.arguments.tos is not None:
            one.setsockopt(level, socket.IP_TOS if is4 else socket.IPV6_TCLASS, self.arguments.tos)
        if self.arguments.ttl is not None:
            one.setsockopt(level, socket.IP_TTL if is4 else socket.IPV6_UNICAST_HOPS, self.arguments.ttl)
        one.connect((self.arguments.address, self.arguments.port))
        return one

    def talk(self):
        end = time.monotonic() + self.arguments.seconds
        while time.monotonic() < end:
            self._send()
            self._receive_until(time.monotonic() + self.arguments.interval)
        self._receive_until(time.monotonic() + _LAST_ANSWER_S)

    def _send(self):
        try:
            self.socket.send(datagram(self.sent, self.arguments.answers, self.arguments.size))
        except OSError as error:
            self.errors.append(f"send {self.sent}: {error}")
        self.sent += 1

    def _receive_until(self, end):
        while (left := end - time.monotonic()) > 0:
            if not select.select([self.socket], [], [], left)[0]:
                return
            try:
                meaning = self.tally.take(self.socket.recv(_LARGEST, socket.MSG_DONTWAIT))
            except BlockingIOError:  # it is only the error queue that has something
                time.sleep(min(left, _ERROR_WAITS_S))
                continue
            except OSError as error:
                self.errors.append(f"receive: {error}")
                continue
            if meaning:
                self.answers[meaning[:2]] += 1

    def error_queue(self):
        """How many errors wait at the socket."""
        count = 0
        while True:
            try:
                self.socket.recvmsg(_LARGEST, 1024, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
            except BlockingIOError:
                return count
            count += 1

    def intact(self):
        """Every answer exactly once, nothing else, and no call that failed."""
        wanted = {(number, which): 1 for number in range(self.sent) for which in range(1, self.arguments.answers + 1)}
        return dict(self.answers) == wanted and self.tally.counts["good"] == len(wanted) \
            and not self.tally.strays and not self.errors


def talk(arguments):
    client = Client(arguments)
    local = client.socket.getsockname()[:2]
    _say(connected=True, local_address=local[0], local_port=local[1])
    client.talk()
    intact = client.intact()
    _say(done=True, intact=intact, sent=client.sent, errors=client.errors[:5], error_queue=client.error_queue(),
         **client.tally.members())
    return 0 if intact else 1


def _say(**members):
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
    client.add_argument("--size", type=int, default=200, help="bytes of each datagram's payload")
    client.add_argument("--answers", type=int, default=1, help="datagrams that the server sends for each request")
    client.add_argument("--tos", type=int, help="IPv4 TOS byte or IPv6 traffic class")
    client.add_argument("--ttl", type=int, help="IPv4 TTL or IPv6 hop limit")
    client.add_argument("--recverr", action="store_true", help="wants to be told of ICMP errors")
    arguments = parser.parse_args()
    return serve(arguments) if arguments.role == "serve" else talk(arguments)


if __name__ == "__main__":
    sys.exit(main())
