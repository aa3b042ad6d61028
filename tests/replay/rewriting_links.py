# SPDX-License-Identifier: GPL-2.0-or-later
"""Puts the IP packet of an Ethernet frame behind the headers of other links and of capturing programs, and into tunnels.

Written from the descriptions of pcap-linktype(7) and the RFCs, not from the decoder under test. The links that hosts
have are in rewriting.py.
"""

import struct
import sys

import rewriting as to

TOKEN_RING, SLIP, FDDI, ATM, WIFI, FRAME_RELAY, ENC, PFLOG, PRISM, FIBRE_CHANNEL = 6, 8, 10, 100, 105, 107, 109, 117, 119, 122
SUNATM, RADIOTAP, ARCNET, FIREWIRE, AVS, PPPD, JUNIPER, PPI, ERF, PPP_DIRECTION = 123, 127, 129, 138, 163, 166, 178, 192, 197, 204
CISCO_DIRECTION, FRAME_RELAY_DIRECTION, MPLS, IPNET, NFLOG, INFINIBAND, PKTAP = 205, 206, 219, 226, 239, 242, 258
PREAMBLE, MPACKET, BROADCOM, BROADCOM_BEFORE, MARVELL, MARVELL_TYPED = 259, 274, 281, 282, 284, 285

_HOST = "<" if sys.byteorder == "little" else ">"
_GRE, _UDP = 47, 17
_FAMILIES = {4: 2, 6: 24}


def _behind(header):
    """Rewrites with what `header` makes of a frame before its IP packet."""
    return lambda frame: to._replace_head(frame, header(frame))  # pylint: disable=protected-access


def _type(frame):
    return frame.bytes[12:14]


def _snap(frame):
    return bytes.fromhex("aaaa03000000") + _type(frame)


def _packet_bytes(frame):
    return frame.wire_bytes - to.ETHERNET_BYTES


def _captured_bytes(frame):
    return len(frame.bytes) - to.ETHERNET_BYTES


def _family(frame):
    return _FAMILIES[to.version_of(frame)]


def _wifi(frame, control=0x0801, extra=b"", snap=None):
    """IEEE 802.11 data to or from the access point; extra: what follows the three addresses and the sequence."""
    return struct.pack("!HH", control, 0) + frame.bytes[:12] + bytes(6) + b"\x30\x12" + extra + (snap or _snap(frame))


def _amsdu(frame):
    subframe = frame.bytes[:12] + struct.pack("!H", 8 + _packet_bytes(frame))
    return _wifi(frame, 0x8801, b"\x80\x00" + subframe)


def _radiotap(frame):
    return struct.pack("<BBHIQB", 0, 0, 17, 3, 1234567, 0) + _wifi(frame)


def _prism(frame):
    return struct.pack("<II16s", 0x44, 144, b"wlan0") + bytes(120) + _wifi(frame)


def _avs(frame):
    return struct.pack("!II", 0x80211001, 64) + bytes(56) + _wifi(frame)


def _ppi(link_type, inner):
    return lambda frame: struct.pack("<BBHI", 0, 0, 8, link_type) + inner(frame)


def _ethernet(frame):
    return frame.bytes[:14]


def _frame_relay(frame):
    return b"\x18\x41\x03" + {4: b"\xcc", 6: b"\x8e"}[to.version_of(frame)]


def _ppp(frame):
    return {4: b"\x00\x21", 6: b"\x00\x57"}[to.version_of(frame)]


def _erf(frame):
    length = 18 + frame.wire_bytes
    return struct.pack("!QBBHHH", 0, 2, 4, length, 0, frame.wire_bytes) + bytes(2) + _ethernet(frame)


def _ipnet(frame):
    return struct.pack("!BBHIIIII", 1, {4: 2, 6: 26}[to.version_of(frame)], 1, _captured_bytes(frame), 2, 0, 0, 1)


def _nflog(frame):
    family = {4: 2, 6: 10}[to.version_of(frame)]
    prefix = struct.pack(_HOST + "HH", 5, 10) + bytes(4)
    return struct.pack("!BBH", family, 0, 7) + prefix + struct.pack(_HOST + "HH", 4 + _captured_bytes(frame), 9)


def _pktap(frame):
    return struct.pack("<III", 108, 1, 1) + bytes(96) + _ethernet(frame)


def _tagged(tag):
    return lambda frame: frame.bytes[:12] + tag + _type(frame)


# name -> (link type, what is done with each frame)
LINKS = {
    "Token Ring": (TOKEN_RING, _behind(lambda frame: b"\x10\x40" + frame.bytes[:12] + _snap(frame))),
    "Token Ring, routed": (TOKEN_RING, _behind(lambda frame: b"\x10\x40" + frame.bytes[:6] + b"\x82" + frame.bytes[7:12]
                                               + bytes.fromhex("06300fa10120") + _snap(frame))),
    "FDDI": (FDDI, _behind(lambda frame: b"\x50" + frame.bytes[:12] + _snap(frame))),
    "ATM": (ATM, _behind(_snap)),
    "SunATM": (SUNATM, _behind(lambda frame: b"\x02\x00\x00\x64" + _snap(frame))),
    "802.11": (WIFI, _behind(_wifi)),
    "802.11 with QoS": (WIFI, _behind(lambda frame: _wifi(frame, 0x8802, b"\x06\x00"))),
    "802.11 with four addresses": (WIFI, _behind(lambda frame: _wifi(frame, 0x0803, bytes(6)))),
    "802.11, frames put together": (WIFI, _behind(_amsdu)),
    "radiotap": (RADIOTAP, _behind(_radiotap)),
    "Prism": (PRISM, _behind(_prism)),
    "AVS": (AVS, _behind(_avs)),
    "frame relay": (FRAME_RELAY, _behind(_frame_relay)),
    "ENC": (ENC, _behind(lambda frame: struct.pack("<I", _family(frame)) + bytes(8))),
    "PFLOG": (PFLOG, _behind(lambda frame: bytes([61, _family(frame)]) + bytes(62))),
    "Fibre Channel": (FIBRE_CHANNEL, _behind(lambda frame: bytes(16) + _snap(frame))),
    "IEEE 1394": (FIREWIRE, _behind(lambda frame: bytes(16) + _type(frame))),
    "PPP, direction": (PPP_DIRECTION, _behind(lambda frame: b"\x01\xff\x03" + _ppp(frame))),
    "Juniper": (JUNIPER, _behind(lambda frame: b"MGC\x80\x00\x06\x03\x01\x01\x04\x01\x0e" + _ethernet(frame))),
    "PPI, Ethernet": (PPI, _behind(_ppi(1, _ethernet))),
    "PPI, 802.11": (PPI, _behind(_ppi(105, _wifi))),
    "ERF": (ERF, _behind(_erf)),
    "IPNET": (IPNET, _behind(_ipnet)),
    "NFLOG": (NFLOG, _behind(_nflog)),
    "InfiniBand": (INFINIBAND, _behind(lambda frame: bytes(40) + _type(frame) + bytes(2))),
    "PKTAP": (PKTAP, _behind(_pktap)),
    "EPON": (PREAMBLE, _behind(lambda frame: bytes.fromhex("5555d5555580 0199") + _ethernet(frame))),
}
LINKS_OF = {4: {"ARCNET": (ARCNET, _behind(lambda frame: b"\x01\x02\0\0\xd4\0\x12\x34"))}, 6: {}}
# Wireshark 4.0 does not read these; tcpdump reads the switches' tags, pppd's frames and SLIP.
UNREAD = {
    "frame relay, direction": (FRAME_RELAY_DIRECTION, _behind(lambda frame: b"\x01" + _frame_relay(frame))),
    "pppd": (PPPD, _behind(lambda frame: b"\x01\x03" + _ppp(frame))),
    "Cisco HDLC, direction": (CISCO_DIRECTION, _behind(lambda frame: b"\x01\x0f\x00" + _type(frame))),
    "MPLS alone": (MPLS, _behind(lambda frame: to.label_stack(100, 200))),
    "preamble": (MPACKET, _behind(lambda frame: b"\x55" * 7 + b"\xd5" + _ethernet(frame))),
    "SLIP": (SLIP, _behind(lambda frame: b"\x01\x45" + bytes(14))),
    "Broadcom's tag": (BROADCOM, _behind(_tagged(b"\x20\0\0\1"))),
    "Broadcom's tag before": (BROADCOM_BEFORE, _behind(lambda frame: b"\x20\0\0\1" + _ethernet(frame))),
    "Marvell's tag": (MARVELL, _behind(_tagged(b"\xc0\x08\0\0"))),
    "Marvell's tag with a type": (MARVELL_TYPED, _behind(_tagged(b"\xda\xda\0\0\xc0\x08\0\0"))),
}


def _outer4(protocol, payload_bytes):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + payload_bytes, 1, 0, 64, protocol, 0, bytes([192, 0, 2, 101]),
                         bytes([192, 0, 2, 102]))
    return header[:10] + struct.pack("!H", to.checksum(header)) + header[12:]


def _outer6(protocol, payload_bytes):
    ends = [bytes.fromhex("20010db8") + bytes(11) + bytes([last]) for last in (101, 102)]
    return struct.pack("!IHBB", 6 << 28, payload_bytes, protocol, 64) + ends[0] + ends[1]


def _udp(source, destination, payload_bytes):
    return struct.pack("!HHHH", source, destination, 8 + payload_bytes, 0)


def _tunnel(protocol, header, ports=None, keeps_ethernet=False, outer=_outer4):
    """Puts a packet, or with keeps_ethernet the frame, behind header(frame) into another IP packet, in UDP with ports."""
    def rewrite(frame):
        inner = header(frame) + (frame.bytes[:14] if keeps_ethernet else b"")
        carried = len(inner) + _packet_bytes(frame)
        if ports:
            inner = _udp(*ports, carried) + inner
            carried += 8
        ethertype = b"\x08\x00" if outer is _outer4 else b"\x86\xdd"
        return to._replace_head(frame, frame.bytes[:12] + ethertype  # pylint: disable=protected-access
                                + outer(protocol or {4: 4, 6: 41}[to.version_of(frame)], carried) + inner)
    return (to.ETHERNET, rewrite)


def _gtp(frame):
    return struct.pack("!BBHI", 0x30, 255, _packet_bytes(frame), 1)


TUNNELS = {
    "IP in IPv4": _tunnel(None, lambda frame: b""),
    "IP in IPv6": _tunnel(None, lambda frame: b"", outer=_outer6),
    "GRE": _tunnel(_GRE, lambda frame: b"\0\0" + _type(frame)),
    "GRE with all fields": _tunnel(_GRE, lambda frame: b"\xb0\x00" + _type(frame) + bytes(12)),
    "Ethernet in GRE": _tunnel(_GRE, lambda frame: b"\0\0\x65\x58", keeps_ethernet=True, outer=_outer6),
    "MPLS in GRE": _tunnel(_GRE, lambda frame: b"\0\0\x88\x47" + to.label_stack(7)),
    "PPTP": _tunnel(_GRE, lambda frame: struct.pack("!HHHHI", 0x3001, 0x880b, 4 + _packet_bytes(frame), 7, 1) + b"\xff\x03"
                    + _ppp(frame)),
    "ERSPAN II": _tunnel(_GRE, lambda frame: b"\x10\0\x88\xbe\0\0\0\1\x10\x64\0\0\0\0\0\1", keeps_ethernet=True),
    "VXLAN": _tunnel(_UDP, lambda frame: b"\x08\0\0\0\0\0\x7b\0", (50000, 4789), True),
    "VXLAN over IPv6": _tunnel(_UDP, lambda frame: b"\x08\0\0\0\0\0\x7b\0", (50000, 4789), True, _outer6),
    "VXLAN-GPE": _tunnel(_UDP, lambda frame: b"\x0c\0\0" + {4: b"\1", 6: b"\2"}[to.version_of(frame)] + bytes(4), (50000, 4790)),
    "Geneve": _tunnel(_UDP, lambda frame: b"\0\0" + _type(frame) + b"\0\0\x7b\0", (50000, 6081)),
    "GTP-U": _tunnel(_UDP, _gtp, (2152, 2152)),
    "L2TP": _tunnel(_UDP, lambda frame: b"\0\2\0\1\0\2\xff\3" + _ppp(frame), (1701, 1701)),
    "MPLS in UDP": _tunnel(_UDP, lambda frame: to.label_stack(7), (50000, 6635)),
    "VXLAN in GRE": None,  # set below
}
TUNNELS["VXLAN in GRE"] = (to.ETHERNET, lambda frame: TUNNELS["GRE"][1](TUNNELS["VXLAN"][1](frame)))
