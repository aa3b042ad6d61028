# SPDX-License-Identifier: GPL-2.0-or-later
"""Rewrites Ethernet frames: other link layers around the same IP packet, IPv4 options and IPv6 extension headers in it,
other lengths of what is captured and of what ICMP errors quote.

Written from the standards, not from the decoder under test. Leaves files to capture_files.py.
"""

import struct

ETHERNET, NULL, RAW, LOOP, SLL, IPV4, IPV6, SLL2 = 1, 0, 101, 108, 113, 228, 229, 276
RAW_BSD, RAW_OPENBSD = 12, 14
PPP, PPP_HDLC, PPP_ETHER, C_HDLC = 9, 50, 51, 104
PPPOE, MPLS, MPLS_UPSTREAM = 0x8864, 0x8847, 0x8848
ETHERNET_BYTES = 14
_ETHERTYPES = {0x0800: 4, 0x86dd: 6}
_ICMP = {4: 1, 6: 58}
_ERRORS = {4: (3, 11), 6: (1, 3)}  # unreachable, time exceeded
_AF_INET = 2
_ARPHRD_ETHER = 1
TCP = 6

# IPv4 options: four of padding; a router alert; as many as fit, with a record route.
OPTIONS_SHORT = bytes.fromhex("01010100")
OPTIONS_ALERT = bytes.fromhex("9404000001010100")
OPTIONS_LONG = bytes.fromhex("072704") + bytes(36) + b"\0"
# IPv6 extension headers by number: without the next header and the length, padded to 8 bytes.
HOP_BY_HOP, FRAGMENT, DESTINATION_OPTIONS = 0, 44, 60
_PAD_N = bytes.fromhex("010400000000")
_ROUTER_ALERT = bytes.fromhex("05020000") + bytes.fromhex("0100")


def version_of(frame):
    """4 or 6, or None if the Ethernet frame holds no IP."""
    return _ETHERTYPES.get(struct.unpack_from("!H", frame.bytes, 12)[0])


def _replace_head(frame, head, head_bytes=ETHERNET_BYTES):
    return frame._replace(bytes=head + frame.bytes[head_bytes:], wire_bytes=frame.wire_bytes + len(head) - head_bytes)


def tag(*tags):
    """Inserts VLAN tags, each (type, TCI), the outermost first."""
    inserted = b"".join(struct.pack("!HH", *one) for one in tags)
    return lambda frame: _replace_head(frame, frame.bytes[:12] + inserted + frame.bytes[12:14])


_PPP_NUMBERS = {4: 0x0021, 6: 0x0057}
_PPP_MPLS = 0x0281


def _ppp_number(number, compressed):
    return struct.pack("!B" if compressed else "!H", number)


def _packet_bytes(frame):
    """Of the IP packet, by its own header; captured or not."""
    packet, is4 = frame.bytes[ETHERNET_BYTES:], version_of(frame) == 4
    return struct.unpack_from("!H", packet, 2)[0] if is4 else 40 + struct.unpack_from("!H", packet, 4)[0]


def _pppoe_header(frame, inner):
    """RFC 2516: session 0x1234, and the length of what follows."""
    return struct.pack("!HHH", 0x1100, 0x1234, len(inner) + _packet_bytes(frame)) + inner


def label_stack(*labels):
    """RFC 3032: label, traffic class 5, bottom of stack, TTL 64."""
    return b"".join(struct.pack("!I", label << 12 | 5 << 9 | (number == len(labels) - 1) << 8 | 64)
                    for number, label in enumerate(labels))


def pppoe(*tags, compressed=False, labels=()):
    """Puts each packet into a PPPoE session, behind VLAN tags as tag() takes them; labels: MPLS inside of PPP."""
    def rewrite(frame):
        inner = _ppp_number(_PPP_MPLS if labels else _PPP_NUMBERS[version_of(frame)], compressed and not labels)
        header = _pppoe_header(frame, inner + label_stack(*labels))
        return tag(*tags)(_replace_head(frame, frame.bytes[:12] + struct.pack("!H", PPPOE) + header))
    return rewrite


def mpls(*labels, tags=(), ethertype=MPLS):
    """Puts labels before each packet, behind VLAN tags as tag() takes them."""
    def rewrite(frame):
        return tag(*tags)(_replace_head(frame, frame.bytes[:12] + struct.pack("!H", ethertype) + label_stack(*labels)))
    return rewrite


def ppp(framing=b"", compressed=False, labels=()):
    """PPP as a serial line carries it; framing: what stands before the protocol number."""
    def rewrite(frame):
        number = _PPP_MPLS if labels else _PPP_NUMBERS[version_of(frame)]
        return _replace_head(frame, framing + _ppp_number(number, compressed and not labels) + label_stack(*labels))
    return rewrite


def ppp_ether(frame):
    """PPPoE without Ethernet."""
    return _replace_head(frame, _pppoe_header(frame, _ppp_number(_PPP_NUMBERS[version_of(frame)], False)))


def cisco(address, labels=()):
    """Cisco's framing: address, a zero, and an Ethernet type."""
    def rewrite(frame):
        kind = struct.pack("!H", MPLS) if labels else frame.bytes[12:14]
        return _replace_head(frame, bytes([address, 0]) + kind + label_stack(*labels))
    return rewrite


def sll(frame):
    """Linux "cooked" capture, version 1; the packet type is "sent by us" or "to us"."""
    return _replace_head(frame, struct.pack("!HHH", 4, _ARPHRD_ETHER, 6) + frame.bytes[6:12] + bytes(2)
                         + frame.bytes[12:14])


def cooked(rewrite):
    """sll() of a frame that rewrite() has left an Ethernet one: PPPoE, MPLS or tags behind a cooked header."""
    return lambda frame: sll(rewrite(frame))


def sll2(frame):
    """Linux "cooked" capture, version 2."""
    return _replace_head(frame, frame.bytes[12:14] + struct.pack("!HIHBB", 0, 7, _ARPHRD_ETHER, 0, 6)
                         + frame.bytes[6:12] + bytes(2))


def raw(frame):
    return _replace_head(frame, b"")


def loopback(order, family6):
    """BSD loopback with the address family in the byte order given."""
    return lambda frame: _replace_head(frame, struct.pack(order + "I", _AF_INET if version_of(frame) == 4 else family6))


def trailer(frame):
    """What some cards leave behind a packet, as a longer padding would be."""
    if len(frame.bytes) < frame.wire_bytes:
        return frame
    return frame._replace(bytes=frame.bytes + b"\xee" * 6, wire_bytes=frame.wire_bytes + 6)


def cut(count):
    """Keeps the first bytes, as a snap length does."""
    return lambda frame: frame._replace(bytes=frame.bytes[:count])


def checksum(data):
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def _with_ip4_checksum(header):
    return header[:10] + struct.pack("!H", checksum(header[:10] + bytes(2) + header[12:])) + header[12:]


def _ip4_with_options(packet, options, grown=0):
    """The packet with options; `grown`: bytes by which what is behind the header grows too."""
    total = struct.unpack_from("!H", packet, 2)[0] + len(options) + grown
    header = bytes([packet[0] + len(options) // 4]) + packet[1:2] + struct.pack("!H", total) + packet[4:20] + options
    return _with_ip4_checksum(header) + packet[20:]


def _ip6_with_headers(packet, chain, grown=0):
    """The packet with these extension headers between its header and what followed it."""
    following = [*chain[1:], packet[6]]
    inserted = b"".join(_extension(kind, following[i]) for i, kind in enumerate(chain))
    length = struct.unpack_from("!H", packet, 4)[0] + len(inserted) + grown
    return packet[:4] + struct.pack("!HB", length, chain[0]) + packet[7:40] + inserted + packet[40:]


def _extension(kind, next_header):
    if kind == FRAGMENT:  # an "atomic" fragment: offset 0 and nothing more to come (RFC 6946)
        return struct.pack("!BBHI", next_header, 0, 0, 0x12345678)
    return bytes([next_header, 0]) + (_ROUTER_ALERT if kind == HOP_BY_HOP else _PAD_N)


def _error_offset(packet, version):
    """Where the quote of an ICMP error begins in a packet without options, or None if it is none."""
    at = 20 if version == 4 else 40
    protocol = packet[9] if version == 4 else packet[6]
    if protocol != _ICMP[version] or packet[at] not in _ERRORS[version]:
        return None
    return at + 8


def is_error(frame):
    """Whether an Ethernet frame holds an ICMP error."""
    version = version_of(frame)
    return bool(version and _error_offset(frame.bytes[ETHERNET_BYTES:], version))


def with_options(options):
    """Inserts IPv4 options in every packet and in what ICMP errors quote."""
    def rewrite(frame):
        if version_of(frame) != 4:
            return frame
        packet, grown = frame.bytes[ETHERNET_BYTES:], 0
        quote = _error_offset(packet, 4)
        if quote:
            packet, grown = packet[:quote] + _ip4_with_options(packet[quote:], options), len(options)
        packet = _ip4_with_options(packet, options, grown)
        return frame._replace(bytes=frame.bytes[:ETHERNET_BYTES] + packet,
                              wire_bytes=frame.wire_bytes + len(options) + grown)
    return rewrite


def with_headers(*chain):
    """Inserts IPv6 extension headers in every packet and in what ICMPv6 errors quote."""
    def rewrite(frame):
        if version_of(frame) != 6:
            return frame
        packet, grown = frame.bytes[ETHERNET_BYTES:], 0
        if packet[6] not in (TCP, _ICMP[6]):
            return frame
        quote = _error_offset(packet, 6)
        if quote:
            packet, grown = packet[:quote] + _ip6_with_headers(packet[quote:], chain), 8 * len(chain)
        packet = _ip6_with_headers(packet, chain, grown)
        return frame._replace(bytes=frame.bytes[:ETHERNET_BYTES] + packet,
                              wire_bytes=frame.wire_bytes + 8 * len(chain) + grown)
    return rewrite


def with_quote(transport_bytes):
    """Makes ICMP errors quote that many bytes behind the quoted IP header (IPv6 quotes are no shorter by the book)."""
    def rewrite(frame):
        if not is_error(frame):
            return frame
        version, packet = version_of(frame), frame.bytes[ETHERNET_BYTES:]
        quote = _error_offset(packet, version)
        size = quote + (20 if version == 4 else 40) + transport_bytes
        packet = packet[:size]
        if version == 4:
            packet = _with_ip4_checksum(packet[:2] + struct.pack("!H", size) + packet[4:20]) + packet[20:]
            packet = packet[:22] + bytes(2) + packet[24:]
            packet = packet[:22] + struct.pack("!H", checksum(packet[20:])) + packet[24:]
        else:  # the ICMPv6 checksum stays wrong: routers' are, at times, and a reply is a reply
            packet = packet[:4] + struct.pack("!H", size - 40) + packet[6:]
        return frame._replace(bytes=frame.bytes[:ETHERNET_BYTES] + packet, wire_bytes=ETHERNET_BYTES + size)
    return rewrite


def with_quoted(offset4, new):
    """Writes over the quoted IPv4 header or what follows it, as middleboxes do; checksums stay as they were."""
    def rewrite(frame):
        if version_of(frame) != 4 or not is_error(frame):
            return frame
        at = ETHERNET_BYTES + _error_offset(frame.bytes[ETHERNET_BYTES:], 4) + offset4
        return frame._replace(bytes=frame.bytes[:at] + new + frame.bytes[at + len(new):])
    return rewrite


def from_router(address, other):
    """Makes replies of one router come from another address (a rewriting that must not go unnoticed)."""
    def rewrite(frame):
        if not is_error(frame):
            return frame
        packet, at = frame.bytes[ETHERNET_BYTES:], 12 if version_of(frame) == 4 else 8
        if packet[at:at + len(address)] != address:
            return frame
        packet = packet[:at] + other + packet[at + len(other):]
        return frame._replace(bytes=frame.bytes[:ETHERNET_BYTES] + packet)
    return rewrite
