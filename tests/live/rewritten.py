# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures made out of captures: other orders, other clocks, fewer packets.

Reads and writes the classic pcap format in this machine's byte order, as tools.Capture makes it.
"""

import collections
import random
import struct
import subprocess

import tools
from lab import LabError

_UNITS_NS = {0xa1b23c4d: 1, 0xa1b2c3d4: 1000}  # by the first word: what a stamp's second word counts
_HEADER_BYTES = 24
_RECORD = struct.Struct("=IIII")
NS_PER_S = 1_000_000_000

Packet = collections.namedtuple("Packet", "stamp_ns data wire_bytes")


def _magic(header):
    return struct.unpack_from("=I", header)[0]


def load(path):
    """(file header, packets)"""
    with open(path, "rb") as stream:
        content = stream.read()
    if len(content) < _HEADER_BYTES or _magic(content) not in _UNITS_NS:
        raise LabError(f"{path} is no pcap of this machine's byte order")
    packets, offset = [], _HEADER_BYTES
    while offset < len(content):
        seconds, fraction, kept, wire = _RECORD.unpack_from(content, offset)
        offset += _RECORD.size
        stamp_ns = seconds * NS_PER_S + fraction * _UNITS_NS[_magic(content)]
        packets.append(Packet(stamp_ns, content[offset:offset + kept], wire))
        offset += kept
    return content[:_HEADER_BYTES], packets


def store(name, header, packets):
    """Returns the new capture's path."""
    path = tools.scratch(name)
    with open(path, "wb") as stream:
        stream.write(header)
        for packet in packets:
            seconds, rest_ns = divmod(packet.stamp_ns, NS_PER_S)
            fraction = rest_ns // _UNITS_NS[_magic(header)]
            stream.write(_RECORD.pack(seconds, fraction, len(packet.data), packet.wire_bytes) + packet.data)
    return path


def shuffled(path, within_ms, seed=1):
    """Each packet stands up to so much later in the file than its stamp says."""
    header, packets = load(path)
    chance = random.Random(seed)
    places = sorted(packets, key=lambda packet: packet.stamp_ns + chance.uniform(0, within_ms * 1e6))
    return store(f"shuffled-{within_ms}.pcap", header, places)


def stepped(path, at, by_s):
    """From packet number `at` on (0 is the first), the clock is so many seconds ahead."""
    header, packets = load(path)
    return store(f"stepped-{by_s}.pcap", header, packets[:at] + [
        packet._replace(stamp_ns=packet.stamp_ns + by_s * NS_PER_S) for packet in packets[at:]])


def doubled(path, after_us):
    """Every frame comes again a little later, as from a second interface that saw it too."""
    header, packets = load(path)
    again = [packet._replace(stamp_ns=packet.stamp_ns + int(after_us * 1000)) for packet in packets]
    return store("doubled.pcap", header, sorted(packets + again, key=lambda packet: packet.stamp_ns))


def merged(name, *paths):
    """By Wireshark's mergecap, in the order of the stamps."""
    target = tools.scratch(name)
    done = subprocess.run(["mergecap", "-F", "nsecpcap", "-w", target, *paths], capture_output=True, text=True,
                          timeout=30, check=False)
    if done.returncode != 0:
        raise LabError(f"mergecap: {done.stderr}")
    return target


def chosen(name, path, display_filter):
    """Only the packets that tshark shows with this filter."""
    target = tools.scratch(name)
    tools.tshark("-r", path, "-Y", display_filter, "-F", "nsecpcap", "-w", target)
    return target
