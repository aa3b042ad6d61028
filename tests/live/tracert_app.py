#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Traces the way that Windows' tracert does, which Debian does not have.

Three echo requests a hop, one after the other; a fixed identifier, sequence numbers that rise through the whole run,
64 zero bytes. Prints tracert's lines, with the decimals of its times that tracert leaves out.
usage: tracert_app.py 4|6 ADDRESS MAX-TTL WAIT-SECONDS
"""

import select
import socket
import struct
import sys
import time

IDENTIFIER = 1  # what Windows sends in every run
PROBES = 3
PAYLOAD = bytes(64)
ECHO = {4: (8, 0), 6: (128, 129)}  # request, reply
ERRORS = {4: (11, 3), 6: (3, 1)}  # time exceeded, unreachable


def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~(total + (total >> 16)) & 0xFFFF


def request(family, sequence):
    kind = ECHO[family][0]
    message = struct.pack("!BBHHH", kind, 0, 0, IDENTIFIER, sequence) + PAYLOAD
    value = checksum(message) if family == 4 else 0  # over IPv6 it is the kernel's work
    return struct.pack("!BBHHH", kind, 0, value, IDENTIFIER, sequence) + PAYLOAD


def answered(family, packet, sequence):
    """(type, code) of a message that answers the request with this sequence number, else None."""
    message = packet[(packet[0] & 15) * 4:] if family == 4 else packet
    wanted = struct.pack("!HH", IDENTIFIER, sequence)
    if message[0] == ECHO[family][1] and message[4:8] == wanted:
        return message[0], message[1]
    if message[0] not in ERRORS[family]:
        return None
    quote = message[8:]
    inner = (quote[0] & 15) * 4 if family == 4 else 40
    return (message[0], message[1]) if quote[inner + 4:inner + 8] == wanted else None


def probe(raw, family, address, ttl, sequence, wait_s):
    """(milliseconds, address, (type, code)) of the answer, or None."""
    level = (socket.IPPROTO_IP, socket.IP_TTL) if family == 4 else (socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)
    raw.setsockopt(*level, ttl)
    start = time.monotonic()
    raw.sendto(request(family, sequence), (address, 0))
    while (left := start + wait_s - time.monotonic()) > 0 and select.select([raw], [], [], left)[0]:
        packet, source = raw.recvfrom(2048)
        kind = answered(family, packet, sequence)
        if kind:
            return (time.monotonic() - start) * 1e3, source[0], kind
    return None


def line(family, ttl, answers):
    times = "".join(f"{a[0]:9.3f} ms" if a else "     *      " for a in answers)
    good = [a for a in answers if a]
    if not good:
        return f"{ttl:3d}{times}  Request timed out."
    if any(a[2][0] == ERRORS[family][1] for a in good):
        return f"{ttl:3d}  {good[-1][1]}  reports: Destination host unreachable."
    return f"{ttl:3d}{times}  {good[-1][1]} "


def main():
    family, address, last, wait_s = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
    protocol = {4: (socket.AF_INET, socket.IPPROTO_ICMP), 6: (socket.AF_INET6, socket.IPPROTO_ICMPV6)}[family]
    raw = socket.socket(protocol[0], socket.SOCK_RAW, protocol[1])
    print(f"\nTracing route to {address} over a maximum of {last} hops\n", flush=True)
    for ttl in range(1, last + 1):
        answers = [probe(raw, family, address, ttl, PROBES * (ttl - 1) + n + 1, wait_s) for n in range(PROBES)]
        print(line(family, ttl, answers), flush=True)
        if any(a and a[2][0] != ERRORS[family][0] for a in answers):
            break
    print("\nTrace complete.")


if __name__ == "__main__":
    main()
