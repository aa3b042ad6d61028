# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads and writes pcap and pcapng in either byte order and any resolution: an eye on captures that shares nothing with
libpcap or with the programs under test.

Knows no compression. Leaves what is inside of frames to rewriting.py.
"""

import collections
import struct

MICRO, NANO = 6, 9  # decimal places of stamps; pcapng knows others too
ORDERS = {"little": "<", "big": ">"}
_PCAP_MAGIC = {0xa1b2c3d4: MICRO, 0xa1b23c4d: NANO}
_PCAPNG_SECTION, _PCAPNG_INTERFACE, _PCAPNG_PACKET = 0x0a0d0d0a, 1, 6
_PCAPNG_ORDER_MAGIC = 0x1a2b3c4d
_OPTION_COMMENT, _OPTION_RESOLUTION = 1, 9
_BINARY_RESOLUTION = 0x80
_SNAP_BYTES = 262144

# stamp_ns: since 1970. bytes: as captured. wire_bytes: length on the wire. comment: of pcapng, or None.
Frame = collections.namedtuple("Frame", "stamp_ns bytes wire_bytes comment", defaults=[None])
# link_type: of all frames; where they differ, a list of each frame's.
# ends: for each frame, the offset in the file behind its record. head: offset behind what comes before the first frame.
Capture = collections.namedtuple("Capture", "link_type frames ends head")


def read(content):
    """A Capture of the bytes of a whole file; anything odd raises."""
    if content[:4] == struct.pack("<I", _PCAPNG_SECTION):
        return _read_pcapng(content)
    return _read_pcap(content)


def _read_pcap(content):
    order = next(order for order in ORDERS.values() if struct.unpack_from(order + "I", content)[0] in _PCAP_MAGIC)
    magic, major, minor, _, _, _, link_type = struct.unpack_from(order + "IHHiIII", content)
    if (major, minor) != (2, 4):
        raise ValueError(f"version {major}.{minor}")
    unit = 10 ** (9 - _PCAP_MAGIC[magic])
    frames, ends, at = [], [], 24
    while at < len(content):
        seconds, fraction, captured, wire = struct.unpack_from(order + "IIII", content, at)
        at += 16 + captured
        if at > len(content):
            raise ValueError("cut off")
        frames.append(Frame(seconds * 10**9 + fraction * unit, content[at - captured:at], wire))
        ends.append(at)
    return Capture(link_type, frames, ends, 24)


def pcap_bytes(link_type, frames, order="little", places=NANO):
    """The content of a pcap file; finer parts of stamps are cut off."""
    mark = ORDERS[order]
    magic = next(magic for magic, resolution in _PCAP_MAGIC.items() if resolution == places)
    parts = [struct.pack(mark + "IHHiIII", magic, 2, 4, 0, 0, _SNAP_BYTES, link_type)]
    for frame in frames:
        seconds, rest = divmod(frame.stamp_ns, 10**9)
        fraction = rest // 10 ** (9 - places)
        parts.append(struct.pack(mark + "IIII", seconds, fraction, len(frame.bytes), frame.wire_bytes) + frame.bytes)
    return b"".join(parts)


def _read_pcapng(content):
    order = "<" if struct.unpack_from("<I", content, 8)[0] == _PCAPNG_ORDER_MAGIC else ">"
    interfaces, frames, ends, head, at = [], [], [], 0, 0  # interfaces: (link type, ticks a second)
    link_types = []
    while at < len(content):
        kind, length = struct.unpack_from(order + "II", content, at)
        body = content[at + 8:at + length - 4]
        if struct.unpack_from(order + "I", content, at + length - 4)[0] != length:
            raise ValueError(f"block at {at}: lengths differ")
        at += length
        if kind == _PCAPNG_INTERFACE:
            link_type = struct.unpack_from(order + "H", body)[0]
            resolution = dict(_options(body[8:], order)).get(_OPTION_RESOLUTION, bytes([MICRO]))[0]
            interfaces.append((link_type, _ticks(resolution)))
        elif kind == _PCAPNG_PACKET:
            frames.append(_packet(body, order, interfaces))
            link_types.append(interfaces[struct.unpack_from(order + "I", body)[0]][0])
            ends.append(at)
        head = head if frames else at
    alike = len({link_type for link_type, _ in interfaces}) == 1
    return Capture(interfaces[0][0] if alike else link_types, frames, ends, head)


def _ticks(resolution):
    """Ticks a second of an if_tsresol option."""
    return 2 ** (resolution & 0x7f) if resolution & _BINARY_RESOLUTION else 10**resolution


def _packet(body, order, interfaces):
    interface, high, low, captured, wire = struct.unpack_from(order + "IIIII", body)
    ticks = interfaces[interface][1]
    options = dict(_options(body[20 + captured + -captured % 4:], order))
    comment = options[_OPTION_COMMENT].decode() if _OPTION_COMMENT in options else None
    return Frame((high << 32 | low) * 10**9 // ticks, body[20:20 + captured], wire, comment)


def _options(data, order):
    at = 0
    while at + 4 <= len(data):
        code, length = struct.unpack_from(order + "HH", data, at)
        if code == 0:
            return
        yield code, data[at + 4:at + 4 + length]
        at += 4 + length + -length % 4


def _padded(data):
    return data + bytes(-len(data) % 4)


def _block(order, kind, body):
    length = len(body) + 12
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)


def pcapng_bytes(link_type, frames, order="little", resolution=NANO):
    """The content of a pcapng file. resolution: as in if_tsresol; None leaves the option out (microseconds)."""
    mark = ORDERS[order]
    ticks = _ticks(MICRO if resolution is None else resolution)
    section = struct.pack(mark + "IHHq", _PCAPNG_ORDER_MAGIC, 1, 0, -1)
    interface = struct.pack(mark + "HHI", link_type, 0, _SNAP_BYTES)
    if resolution is not None:
        interface += struct.pack(mark + "HH", _OPTION_RESOLUTION, 1) + _padded(bytes([resolution])) + bytes(4)
    parts = [_block(mark, _PCAPNG_SECTION, section), _block(mark, _PCAPNG_INTERFACE, interface)]
    for frame in frames:
        stamp = frame.stamp_ns * ticks // 10**9
        body = struct.pack(mark + "IIIII", 0, stamp >> 32, stamp & 0xffffffff, len(frame.bytes), frame.wire_bytes)
        body += _padded(frame.bytes)
        if frame.comment is not None:
            text = frame.comment.encode()
            body += struct.pack(mark + "HH", _OPTION_COMMENT, len(text)) + _padded(text) + bytes(4)
        parts.append(_block(mark, _PCAPNG_PACKET, body))
    return b"".join(parts)
