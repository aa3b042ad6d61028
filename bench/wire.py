# SPDX-License-Identifier: GPL-2.0-or-later
"""What a capture at the client's interface tells about timing: an independent tcpdump, nanosecond stamps, IPv4.

A probe is an outgoing packet whose TTL no application's packet of the lab has. Leaves starting things to live.py.
"""

import collections
import re
import signal
import socket
import struct
import time

import tools
from lab import LabError, wait_until

PROBE_TTL_MAX = 32  # hosts of the lab send with 64
_NANOSECOND_MAGIC = 0xA1B23C4D
_SNAP_BYTES = 64
_TCP, _ICMP = 6, 1
_SYN, _RST, _ACK = 0x02, 0x04, 0x10
_FLUSH_S = 1.3  # tcpdump without immediate mode is given packets at least once a second

Packet = collections.namedtuple("Packet", "stamp_ns leaves ttl protocol source_port destination_port flags")


class Recording:
    """tcpdump at the client's interface, from here to packets()."""

    _counter = 0

    def __init__(self, network):
        Recording._counter += 1
        self._client = network.client_address[4]
        self._path = tools.scratch(f"bench-{Recording._counter}.pcap")
        self._process = network.client.start([
            "tcpdump", "-Z", "root", "-n", "-s", _SNAP_BYTES, "-B", 32768, "--time-stamp-precision=nano",
            "-i", network.client_interface, "-w", self._path, "ip"], name="recording")
        wait_until(lambda: "listening on" in self._process.stderr(), 5.0, "the recording begins")

    def packets(self):
        """Stops; yields what was recorded. Lost packets would make the figures lies."""
        time.sleep(_FLUSH_S)
        self._process.stop(signal.SIGINT)
        lost = re.search(r"(\d+) packets? dropped by kernel", self._process.stderr())
        if not lost or int(lost[1]):
            raise LabError(f"the recording lost packets: {self._process.stderr()}")
        return _read(self._path, socket.inet_aton(self._client))


def _read(path, client):
    with open(path, "rb") as stream:
        data = stream.read()
    if struct.unpack_from("<I", data)[0] != _NANOSECOND_MAGIC:
        raise LabError("not a capture with nanosecond stamps")
    record = struct.Struct("<IIII").unpack_from
    ports = struct.Struct("!HH").unpack_from
    at = 24
    while at + 16 <= len(data):
        seconds, nanoseconds, captured, _ = record(data, at)
        ip = at + 16 + 14  # behind the Ethernet header
        at += 16 + captured
        transport = ip + (data[ip] & 15) * 4
        is_tcp = data[ip + 9] == _TCP
        source_port, destination_port = ports(data, transport) if is_tcp else (0, 0)
        yield Packet(seconds * 10**9 + nanoseconds, data[ip + 12:ip + 16] == client, data[ip + 8], data[ip + 9],
                     source_port, destination_port, data[transport + 13] if is_tcp else 0)


class _Flow:
    """How far a flow has come: client's ACK, the server's segment after it, the first probe."""

    __slots__ = ("has_ack", "traceable_ns", "probe_ns")

    def __init__(self):
        self.has_ack = False
        self.traceable_ns = self.probe_ns = None


def first_probe_delays(packets):
    """{server port: [ns from the segment that makes a flow traceable to its first probe, None where none came]}"""
    flows = {}
    delays = collections.defaultdict(list)
    for packet in packets:
        if packet.protocol != _TCP:
            continue
        ends = (packet.source_port, packet.destination_port)
        ends = ends if packet.leaves else ends[::-1]
        if ends not in flows or (packet.flags & _SYN and flows[ends].has_ack and packet.leaves):
            _finish(delays, ends, flows.get(ends))  # the client's ports are used again
            flows[ends] = _Flow()
        if flows[ends].probe_ns is None:
            _follow(flows[ends], packet)
    for ends, flow in flows.items():
        _finish(delays, ends, flow)
    return delays


def _finish(delays, ends, flow):
    if flow:
        known = flow.traceable_ns and flow.probe_ns
        delays[ends[1]].append(flow.probe_ns - flow.traceable_ns if known else None)


def _follow(flow, packet):
    if packet.leaves and packet.ttl <= PROBE_TTL_MAX:
        flow.probe_ns = packet.stamp_ns
    elif packet.flags & (_SYN | _RST) or not packet.flags & _ACK:
        return
    elif packet.leaves:
        flow.has_ack = True
    elif flow.has_ack and flow.traceable_ns is None:
        flow.traceable_ns = packet.stamp_ns


def probes_and_replies(packets):
    """Stamps of all probes, of whatever protocol, and of all ICMP packets that came in."""
    probes, replies = [], []
    for packet in packets:
        if packet.leaves and packet.ttl <= PROBE_TTL_MAX:
            probes.append(packet.stamp_ns)
        elif not packet.leaves and packet.protocol == _ICMP:
            replies.append(packet.stamp_ns)
    return probes, replies
