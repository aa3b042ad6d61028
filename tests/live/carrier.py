# SPDX-License-Identifier: GPL-2.0-or-later
"""A link between two nodes that no kernel here makes: IP packets of two TUN devices, carried as they are, or in
Ethernet frames with VLAN tags, PPPoE or MPLS labels over the veth pair between the nodes.

As a user's PPPoE client does it, each packet that the kernel gives to the TUN device leaves in a frame, and the other
way round. What comes in is held against the header that the standards want for this very packet, byte for byte; what
differs is dropped and counted. Writes one JSON line when it is ready and one when it ends. Leaves addresses and routes
to the tests.
"""

import argparse
import ctypes
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys

_TUNSETIFF, _IFF_TUN, _IFF_NO_PI = 0x400454ca, 0x0001, 0x1000
_CLONE_NEWNET = 0x40000000
_SOL_PACKET, _PACKET_AUXDATA = 263, 8
_AUXDATA = struct.Struct("=IIIHHHH")
_VLAN_VALID, _TPID_VALID = 0x10, 0x40  # in its status
_EVERYTHING = 3  # ETH_P_ALL
_FRAME_MAX = 65536
_IPV4_BYTES, _IPV6_BYTES = 20, 40
_SHOWN = 3  # wrong headers that are told

VLAN, QINQ, PPPOE, MPLS = 0x8100, 0x88a8, 0x8864, 0x8847
_SESSION = 0x1234
_ETHERTYPES = {4: 0x0800, 6: 0x86dd}
_PPP = {4: 0x0021, 6: 0x0057}


def version_of(packet):
    return packet[0] >> 4


def _ttl(packet):
    return packet[8] if version_of(packet) == 4 else packet[7]


def _length(packet):
    """By the packet's own header."""
    if version_of(packet) == 6:
        return _IPV6_BYTES + struct.unpack_from("!H", packet, 4)[0]
    return struct.unpack_from("!H", packet, 2)[0]


def _tags(*tags):
    """A function that lays these VLAN tags, each (type, TCI), before (type, rest)."""
    def wrap(kind, rest):
        for tag, tci in reversed(tags):
            kind, rest = tag, struct.pack("!HH", tci, kind) + rest
        return kind, rest
    return wrap


def _plain(packet):
    return _ETHERTYPES[version_of(packet)], b""


def _pppoe(packet):
    return PPPOE, struct.pack("!HHHH", 0x1100, _SESSION, 2 + _length(packet), _PPP[version_of(packet)])


def _mpls(*entries):
    """Labels as (label, TTL); the TTL None is the packet's own (the uniform model of RFC 3443)."""
    def wrap(packet):
        words = [label << 12 | (number == len(entries) - 1) << 8 | (_ttl(packet) if ttl is None else ttl)
                 for number, (label, ttl) in enumerate(entries)]
        return MPLS, struct.pack(f"!{len(words)}I", *words)
    return wrap


def _tagged(tags, inner):
    return lambda packet: tags(*inner(packet))


# name -> (Ethernet type, what follows it) for a packet
KINDS = {
    "vlan": _tagged(_tags((VLAN, 0x6064)), _plain),
    "qinq": _tagged(_tags((QINQ, 100), (VLAN, 200)), _plain),
    "pppoe": _pppoe,
    "vlan-pppoe": _tagged(_tags((VLAN, 7)), _pppoe),
    "qinq-pppoe": _tagged(_tags((QINQ, 100), (VLAN, 7)), _pppoe),
    "mpls": _mpls((16001, None)),
    "mpls-3": _mpls((16001, 255), (16002, None), (16003, None)),
    "vlan-mpls": _tagged(_tags((VLAN, 7)), _mpls((16001, None))),
}


def header(kind, packet):
    """What stands between the Ethernet addresses and the packet."""
    ethertype, rest = KINDS[kind](packet)
    return struct.pack("!H", ethertype) + rest


class Tun:
    """A TUN device in the namespace that is entered now."""

    def __init__(self, name):
        self.descriptor = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        fcntl.ioctl(self.descriptor, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))

    def fileno(self):
        return self.descriptor

    def packets(self):
        try:
            while packet := os.read(self.descriptor, _FRAME_MAX):
                yield packet
        except BlockingIOError:
            return

    def write(self, packet):
        try:
            os.write(self.descriptor, packet)
        except OSError:  # down yet, or no longer up
            return


class Port:
    """One end of the veth pair, seen as a wire: whole frames, also where the kernel has taken a tag off."""

    def __init__(self, interface, kind, peer_mac):
        self.wrong = []
        self.wrong_count = 0
        self._kind = kind
        self._header_bytes = len(header(kind, bytes([0x45]) + bytes(_IPV4_BYTES)))  # with whatever packet
        kind_of_socket = socket.SOCK_RAW | socket.SOCK_NONBLOCK
        self._socket = socket.socket(socket.AF_PACKET, kind_of_socket, socket.htons(_EVERYTHING))
        self._socket.setsockopt(_SOL_PACKET, _PACKET_AUXDATA, 1)
        self._socket.bind((interface, _EVERYTHING))
        self._mac = self._socket.getsockname()[4]
        self._peer_mac = bytes.fromhex(peer_mac.replace(":", ""))

    def fileno(self):
        return self._socket.fileno()

    def write(self, packet):
        self._socket.send(self._peer_mac + self._mac + header(self._kind, packet) + packet)

    def packets(self):
        while True:
            try:
                frame, ancillary, _, address = self._socket.recvmsg(_FRAME_MAX, 64)
            except BlockingIOError:
                return
            if address[2] != socket.PACKET_OUTGOING:
                packet = self._unwrap(self._retag(frame, ancillary))
                if packet:
                    yield packet

    @staticmethod
    def _retag(frame, ancillary):
        for level, kind, data in ancillary:
            if (level, kind) == (_SOL_PACKET, _PACKET_AUXDATA):
                status, _, _, _, _, tci, tpid = _AUXDATA.unpack(data[:_AUXDATA.size])
                if status & _VLAN_VALID:
                    return frame[:12] + struct.pack("!HH", tpid if status & _TPID_VALID else VLAN, tci) + frame[12:]
        return frame

    def _unwrap(self, frame):
        """The packet, or None if the frame is none of this link's (the kernel's own IPv6 chatter) or is wrong."""
        outermost = frame[12:14]
        if outermost in (b"\x08\x00", b"\x86\xdd", b"\x08\x06"):
            return None
        packet = frame[12 + self._header_bytes:]
        if len(packet) >= _IPV4_BYTES and version_of(packet) in (4, 6):
            packet = packet[:_length(packet)]
            wanted = self._mac + self._peer_mac + header(self._kind, packet) + packet
            if frame[:len(wanted)] == wanted:
                return packet
        self.wrong_count += 1
        self.wrong += [frame[:64].hex()] if len(self.wrong) < _SHOWN else []
        return None


def _enter(namespace):
    descriptor = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns {namespace}")
    os.close(descriptor)


def carry(pairs):
    """Moves packets within each pair of ends until told to stop; returns how many each first end has given."""
    counts, running = [0] * len(pairs), True

    def stop(*_):
        nonlocal running
        running = False
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    ends = {source.fileno(): (number, source, target) for number, (source, target) in enumerate(pairs)}
    while running:
        for descriptor in select.select(list(ends), [], [], 0.05)[0]:
            number, source, target = ends[descriptor]
            for packet in source.packets():
                counts[number] += 1
                target.write(packet)
    return counts


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["raw", *KINDS])
    parser.add_argument("tun", help="name of the TUN device in this namespace")
    parser.add_argument("far_namespace")
    parser.add_argument("far_tun")
    parser.add_argument("--over", nargs=4, metavar=("INTERFACE", "MAC", "FAR_INTERFACE", "FAR_MAC"))
    arguments = parser.parse_args()
    ports = []
    near = Tun(arguments.tun)
    if arguments.over:
        ports.append(Port(arguments.over[0], arguments.kind, arguments.over[3]))
    _enter(arguments.far_namespace)
    far = Tun(arguments.far_tun)
    if arguments.over:
        ports.append(Port(arguments.over[2], arguments.kind, arguments.over[1]))
    print(json.dumps({"ready": True}), flush=True)
    pairs = [(near, far), (far, near)]
    if ports:
        pairs = [(near, ports[0]), (ports[1], far), (far, ports[1]), (ports[0], near)]
    counts = carry(pairs)
    print(json.dumps({"carried": counts, "wrong": sum(port.wrong_count for port in ports),
                      "examples": [text for port in ports for text in port.wrong]}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
