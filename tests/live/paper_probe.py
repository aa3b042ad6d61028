# SPDX-License-Identifier: GPL-2.0-or-later
"""The original tool's TCP probe, sent by the test itself: what st-inject must not do to a flow.

A copy of the sequence and ACK numbers of the flow's last packet, with a constant window and without the flow's options,
as the paper's program sends it. For the comparison, the same bursts with st-inject's `stale` numbers.
Leaves frames to packets.py and what harm is to the tests.
"""

import collections
import ipaddress
import select
import socket
import struct

import packets
from truth import PROBE_TTL_LIMIT, family

FIRST_TTL = 5  # a distance that reaches the destination of a path of four routers
_EVERYTHING = 3  # ETH_P_ALL
_ETHERTYPES = {4: 0x0800, 6: 0x86dd}
_WINDOW = 0xffff  # the original's constant
_PATIENCE_S = 5.0
_SYN_FIN_RST = 0x07

Ack = collections.namedtuple("Ack", "seq ack window options")


def exact(flow, last):
    """The paper's: the last packet's numbers, a window and options of its own."""
    return packets.tcp(flow, last.seq, last.ack, window=_WINDOW)


def stale(flow, last):
    """Ours: a byte and more behind, else like the flow."""
    return packets.tcp(flow, last.seq - 2, last.ack - 1, window=last.window, options=last.options)


class Injector:
    """Watches a flow of raw IP packets on the client's TUN device and sends bursts into it."""

    def __init__(self, node, interface, flow):
        self._flow, self._version = flow, family(flow)
        self._to = (interface, _ETHERTYPES[self._version])
        with node.inside():
            self._watch = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(_EVERYTHING))
            self._send = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._watch.bind((interface, _EVERYTHING))
        self._last = None

    def burst(self, kind, count):
        """Right behind the next pure ACK that the flow sends, `count` probes to where the destination is.

        ACKs come in groups, as data do; a copy of the first of a group would be old when it comes to the server.
        """
        self._newest()
        if not select.select([self._watch], [], [], _PATIENCE_S)[0]:
            raise TimeoutError("the flow sends nothing")
        self.burst_at_last(kind, count)

    def burst_at_last(self, kind, count):
        """The same behind the last ACK that was seen, of a flow that may be silent now."""
        segment = kind(self._flow, self._newest())
        probes = [packets.ip(self._flow.source, self._flow.destination, 6, segment, ttl=FIRST_TTL + n,
                             identification=n + 1) for n in range(count)]
        for probe in probes:
            self._send.sendto(probe, self._to)

    def _newest(self):
        while select.select([self._watch], [], [], 0)[0]:
            self._last = self._read() or self._last
        return self._last

    def _read(self):
        """The next packet if it is an ACK of the flow, else None."""
        packet, address = self._watch.recvfrom(65536)
        at = 20 if self._version == 4 else 40
        if address[2] != socket.PACKET_OUTGOING or packet[0] >> 4 != self._version or len(packet) < at + 20:
            return None
        if packet[8 if self._version == 4 else 7] < PROBE_TTL_LIMIT:
            return None  # one of our own
        ends = packet[at - 4:at] if self._version == 4 else packet[at - 16:at]
        port, _, seq, ack, offset, flags, window = struct.unpack_from("!HHIIBBH", packet, at)
        if ends != ipaddress.ip_address(self._flow.destination).packed or port != self._flow.source_port:
            return None
        if flags & _SYN_FIN_RST or len(packet) > at + (offset >> 4) * 4:
            return None
        return Ack(seq, ack, window, packet[at + 20:at + (offset >> 4) * 4])
