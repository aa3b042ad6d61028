# SPDX-License-Identifier: GPL-2.0-or-later
"""Builds frames by hand, right ones and (by cutting and overwriting) wrong ones, and puts them on an interface.

Leaves what is wrong with a frame, and what should come of it, to the tests.
"""

import ipaddress
import socket
import struct

from truth import family

ACK = 0x10
_ETHERTYPES = {4: 0x0800, 6: 0x86dd}
_ICMP = {4: 1, 6: 58}
_EVERYTHING = 3  # ETH_P_ALL


def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def ethernet(source_mac, destination_mac, version, payload):
    return _mac(destination_mac) + _mac(source_mac) + struct.pack("!H", _ETHERTYPES[version]) + payload


def _mac(text):
    return bytes.fromhex(text.replace(":", ""))


def ip(source, destination, protocol, payload, ttl=64, identification=0, flags=0x4000):
    """An IPv4 or IPv6 packet, by the addresses."""
    one, other = (ipaddress.ip_address(text).packed for text in (source, destination))
    if len(one) == 16:
        return struct.pack("!IHBB", 6 << 28, len(payload), protocol, ttl) + one + other + payload
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(payload), identification, flags, ttl, protocol, 0) + one + other
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + payload


def _pseudo_header(source, destination, protocol, length):
    ends = ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed
    return ends + (struct.pack("!BBH", 0, protocol, length) if len(ends) == 8 else struct.pack("!II", length, protocol))


def tcp(flow, seq, ack, flags=ACK, window=501, options=b"", payload=b""):
    """A segment with a good checksum."""
    offset = (20 + len(options)) // 4
    header = struct.pack("!HHIIBBHHH", flow.source_port, flow.destination_port, seq % 2**32, ack % 2**32,
                         offset << 4, flags, window, 0, 0) + options
    total = checksum(_pseudo_header(flow.source, flow.destination, 6, len(header) + len(payload)) + header + payload)
    return header[:16] + struct.pack("!H", total) + header[18:] + payload


def udp(flow, payload=b""):
    """A datagram with a good checksum."""
    header = struct.pack("!HHHH", flow.source_port, flow.destination_port, 8 + len(payload), 0)
    total = checksum(_pseudo_header(flow.source, flow.destination, 17, len(header) + len(payload)) + header + payload)
    return header[:6] + struct.pack("!H", total) + payload


def timestamps(tsval, tsecr):
    """The TCP option, padded."""
    return struct.pack("!BBBBII", 1, 1, 8, 10, tsval, tsecr)


def icmp_error(router, flow, quote, kind=None, rest=0):
    """An ICMP error from the router to the flow's source about the quoted bytes; Time Exceeded unless told."""
    version = family(flow)
    number, code = kind or ({4: (11, 0), 6: (3, 0)}[version])
    message = struct.pack("!BBHI", number, code, 0, rest) + quote
    covered = message
    if version == 6:
        covered = _pseudo_header(router, flow.source, 58, len(message)) + message
    message = message[:2] + struct.pack("!H", checksum(covered)) + message[4:]
    return ip(router, flow.source, _ICMP[version], message)


class Sender:
    """Puts frames on a node's interface, as the link between it and its neighbour carries them; reads there too."""

    def __init__(self, node, peer, listen=False):
        interface = node.interface(peer)
        self._macs = (interface.mac, peer.interface(node).mac)
        with node.inside():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        self._socket.bind((interface.name, _EVERYTHING if listen else 0))

    def frames(self, sent_too=True):
        """The frames that passed since the last call, without waiting for more."""
        while True:
            try:
                frame, address = self._socket.recvfrom(65536, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            if sent_too or address[2] != socket.PACKET_OUTGOING:
                yield frame

    def send(self, version, packet):
        self.send_frame(ethernet(*self._macs, version, packet))

    def send_frame(self, frame):
        self._socket.send(frame)

    def close(self):
        self._socket.close()
