# SPDX-License-Identifier: GPL-2.0-or-later
"""Writes large captures: conversations of TCP and UDP over Ethernet, with probes in them and the routers' replies, or
without. Every run writes the same bytes.

Leaves what they are for to wireshark.py.
"""

import random
import struct

FLOW_PACKETS = 100  # of each conversation, probes and replies among them
HOPS = 5
FIRST_S = 1_700_000_000
_PAYLOAD = bytes(512)  # costs a reader least, so that what is compared shows most
_ETHERNET = bytes.fromhex("020000000002020000000001") + b"\x08\x00"
_TCP, _UDP, _ICMP = 6, 17, 1
_ACK, _SYN, _PUSH = 0x10, 0x02, 0x08
_HOST_TTL = 64
_TIME_EXCEEDED = 11
_MAGIC_NS = 0xa1b23c4d
_AT_ONCE = 16  # conversations that are under way at any time


def _sum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xffff) + (total >> 16)
    return (total & 0xffff) + (total >> 16)


def _checksum(data):
    return ~_sum(data) & 0xffff


def _ip(protocol, source, destination, ttl, identification, payload):
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(payload), identification, 0x4000, ttl, protocol, 0, source,
                       destination)
    return head[:10] + struct.pack("!H", _checksum(head)) + head[12:] + payload


class Conversation:
    """A client on one side that sends a little and a server that sends much; frames() yields what is seen of it."""

    def __init__(self, number, probes):
        self._probes = probes
        self._client = struct.pack("!I", 0x0a000000 + number % 250 + 2)
        self._server = struct.pack("!I", 0x0a800000 + number // 250 + 2)
        self._ports = (20000 + number % 20000, 45000)  # nobody's: what dissectors of applications take is not the matter
        self._is_tcp = number % 4 != 3  # probes are in those of TCP
        chance = random.Random(number)
        self._sent, self._received = chance.getrandbits(32), chance.getrandbits(32)
        self._identification = chance.getrandbits(16)

    def frames(self):
        """FLOW_PACKETS of them, or as many with the probes and replies."""
        if not self._is_tcp:
            for place in range(FLOW_PACKETS):
                yield self._udp(place % 8 == 0)
            return
        yield self._tcp(True, _SYN)
        yield self._tcp(False, _SYN | _ACK)
        yield self._tcp(True, _ACK)
        yield self._tcp(True, _ACK | _PUSH, 64)
        yield self._tcp(False, _ACK | _PUSH, 512)
        yield from self._trace()
        for place in range(FLOW_PACKETS - 5 - 2 * self._probes):
            yield self._tcp(True, _ACK) if place % 3 == 2 else self._tcp(False, _ACK, 512)

    def _trace(self):
        """Each probe and what the router of its distance says to it."""
        for number in range(self._probes):
            hop = number * HOPS // self._probes + 1
            probe = self._segment(True, _ACK, 0, hop, self._next_identification())
            yield _ETHERNET + probe
            quote = probe[:8] + b"\x01" + probe[9:28]  # as a router finds it: the last TTL
            icmp = struct.pack("!BBHI", _TIME_EXCEEDED, 0, 0, 0) + quote
            icmp = icmp[:2] + struct.pack("!H", _checksum(icmp)) + icmp[4:]
            router = struct.pack("!I", 0x0ac00000 + hop)
            yield _ETHERNET + _ip(_ICMP, router, self._client, _HOST_TTL - hop, number, icmp)

    def _next_identification(self):
        self._identification = self._identification + 1 & 0xffff
        return self._identification

    def _tcp(self, from_client, flags, length=0):
        packet = self._segment(from_client, flags, length, _HOST_TTL, self._next_identification())
        moved = length + (1 if flags & _SYN else 0)
        if from_client:
            self._sent = self._sent + moved & 0xffffffff
        else:
            self._received = self._received + moved & 0xffffffff
        return _ETHERNET + packet

    def _segment(self, from_client, flags, length, ttl, identification):
        ends = (self._client, self._server) if from_client else (self._server, self._client)
        ports = self._ports if from_client else self._ports[::-1]
        numbers = (self._sent, self._received) if from_client else (self._received, self._sent)
        if not flags & _ACK:
            numbers = (numbers[0], 0)
        head = struct.pack("!HHIIBBHHH", *ports, *numbers, 0x50, flags, 64000, 0, 0)
        total = _sum(ends[0] + ends[1] + struct.pack("!HH", _TCP, len(head) + length) + head)
        head = head[:16] + struct.pack("!H", ~total & 0xffff) + head[18:]
        return _ip(_TCP, *ends, ttl, identification, head + _PAYLOAD[:length])

    def _udp(self, from_client):
        ends = (self._client, self._server) if from_client else (self._server, self._client)
        ports = self._ports if from_client else self._ports[::-1]
        packet = struct.pack("!HHHH", *ports, 8 + 256, 0) + _PAYLOAD[:256]
        return _ETHERNET + _ip(_UDP, *ends, _HOST_TTL, self._next_identification(), packet)


def write(path, packets, probes=0):
    """A capture of so many packets, of which so many are probes that are answered. Returns the number of each."""
    flows = packets // FLOW_PACKETS
    traced = sum(number % 4 != 3 for number in range(flows))
    each = -(-probes // traced) if probes else 0
    chance = random.Random(1)
    frames, sent = 0, 0
    with open(path, "wb") as stream:
        stream.write(struct.pack("<IHHiIII", _MAGIC_NS, 2, 4, 0, 0, 262144, 1))
        under_way, begun = [], 0
        while begun < flows or under_way:
            while begun < flows and len(under_way) < _AT_ONCE:
                mine = min(each, probes - sent) if begun % 4 != 3 else 0
                under_way.append(Conversation(begun, mine).frames())
                sent += mine
                begun += 1
            turn = chance.randrange(len(under_way))
            frame = next(under_way[turn], None)
            if frame is None:
                under_way.pop(turn)
                continue
            seconds, rest = divmod(frames * 50_000, 10**9)  # 20,000 a second
            stream.write(struct.pack("<IIII", FIRST_S + seconds, rest, len(frame), len(frame)) + frame)
            frames += 1
    return frames, sent
