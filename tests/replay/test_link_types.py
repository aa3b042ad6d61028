#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same packets in other link layers and tunnels, file formats, byte orders and resolutions, and with IP options or extension
headers: the report stays the same.
"""

import gzip
import ipaddress
import json
import shutil
import subprocess
import sys

import capture_files as files
import harness
import rewriting as to
import rewriting_links as further

BASES = {4: ["concurrent-v4.pcap", "exact-v4.pcap", "silent-router-v4.pcapng"],
         6: ["hop-by-hop-v6.pcap", "exact-v6.pcap", "silent-router-v6.pcapng"]}
LATER_NS = 1500  # a microsecond is forgiven
VLAN, QINQ, OLD_QINQ = 0x8100, 0x88a8, 0x9100
HDLC = b"\xff\x03"
FIELDS = ["ip.src", "ip.dst", "ip.ttl", "ip.id", "ipv6.src", "ipv6.dst", "ipv6.hlim", "tcp.seq_raw", "tcp.ack_raw",
          "icmp.type", "icmpv6.type"]

# name -> (link type, what is done with each frame)
LINKS = {
    "Ethernet with a trailer": (to.ETHERNET, to.trailer),
    "VLAN": (to.ETHERNET, to.tag((VLAN, 0x6064))),
    "priority tag": (to.ETHERNET, to.tag((VLAN, 0xe000))),
    "QinQ": (to.ETHERNET, to.tag((QINQ, 100), (VLAN, 200))),
    "QinQ, older types": (to.ETHERNET, to.tag((VLAN, 100), (VLAN, 200))),
    "QinQ, type 0x9100": (to.ETHERNET, to.tag((OLD_QINQ, 100), (VLAN, 200))),
    "PPPoE": (to.ETHERNET, to.pppoe()),
    "PPPoE, compressed protocol": (to.ETHERNET, to.pppoe(compressed=True)),
    "PPPoE behind QinQ": (to.ETHERNET, to.pppoe((QINQ, 100), (VLAN, 7))),
    "MPLS in PPPoE": (to.ETHERNET, to.pppoe(labels=(16001, 16002))),
    "MPLS": (to.ETHERNET, to.mpls(16001)),
    "MPLS, explicit null": (to.ETHERNET, to.mpls(16001, 0)),
    "MPLS, sixteen labels": (to.ETHERNET, to.mpls(*range(100, 116))),
    "MPLS, upstream labels": (to.ETHERNET, to.mpls(16001, 16002, ethertype=to.MPLS_UPSTREAM)),
    "MPLS behind a VLAN tag": (to.ETHERNET, to.mpls(16001, 16002, tags=[(VLAN, 7)])),
    "PPP": (to.PPP, to.ppp()),
    "PPP, compressed protocol": (to.PPP, to.ppp(compressed=True)),
    "PPP in HDLC framing": (to.PPP_HDLC, to.ppp(HDLC)),
    "PPP in HDLC framing by the other link type": (to.PPP, to.ppp(HDLC, compressed=True)),
    "MPLS in PPP": (to.PPP, to.ppp(labels=(16001,))),
    "PPPoE without Ethernet": (to.PPP_ETHER, to.ppp_ether),
    "Cisco HDLC": (to.C_HDLC, to.cisco(0x0f)),
    "Cisco HDLC as PPP": (to.PPP_HDLC, to.cisco(0x8f)),
    "MPLS in Cisco HDLC": (to.C_HDLC, to.cisco(0x0f, labels=(16001, 16002))),
    "SLL": (to.SLL, to.sll),
    "SLL, PPPoE": (to.SLL, to.cooked(to.pppoe())),
    "SLL, MPLS": (to.SLL, to.cooked(to.mpls(16001))),
    "SLL2": (to.SLL2, to.sll2),
    "RAW": (to.RAW, to.raw),
    "NULL, little-endian": (to.NULL, to.loopback("<", 24)),
    "NULL, big-endian": (to.NULL, to.loopback(">", 28)),
    "NULL of macOS": (to.NULL, to.loopback("<", 30)),
    "NULL of Linux": (to.NULL, to.loopback("<", 10)),
    "LOOP": (to.LOOP, to.loopback(">", 24)),
}
LINKS_OF = {4: {"IPV4": (to.IPV4, to.raw)}, 6: {"IPV6": (to.IPV6, to.raw)}}
INSERTED = {
    4: {"four bytes of IPv4 options": to.with_options(to.OPTIONS_SHORT),
        "IPv4 router alert": to.with_options(to.OPTIONS_ALERT),
        "forty bytes of IPv4 options": to.with_options(to.OPTIONS_LONG)},
    6: {"hop-by-hop options": to.with_headers(to.HOP_BY_HOP),
        "destination options": to.with_headers(to.DESTINATION_OPTIONS),
        "atomic fragments": to.with_headers(to.FRAGMENT),
        "three extension headers": to.with_headers(to.HOP_BY_HOP, to.DESTINATION_OPTIONS, to.FRAGMENT)},
}
FORMATS = {
    "pcap, little-endian, nanoseconds": (files.pcap_bytes, {}),
    "pcap, big-endian, nanoseconds": (files.pcap_bytes, {"order": "big"}),
    "pcap, little-endian, microseconds": (files.pcap_bytes, {"places": files.MICRO}),
    "pcap, big-endian, microseconds": (files.pcap_bytes, {"order": "big", "places": files.MICRO}),
    "pcapng, little-endian, nanoseconds": (files.pcapng_bytes, {}),
    "pcapng, big-endian, nanoseconds": (files.pcapng_bytes, {"order": "big"}),
    "pcapng, little-endian, no resolution": (files.pcapng_bytes, {"resolution": None}),
    "pcapng, big-endian, microseconds": (files.pcapng_bytes, {"order": "big", "resolution": files.MICRO}),
    "pcapng, units of 10 ns": (files.pcapng_bytes, {"resolution": 8}),
    "pcapng, 2^-30 seconds": (files.pcapng_bytes, {"resolution": 0x80 | 30}),
}


class Base:
    """A committed capture and what has to come of its variants."""

    def __init__(self, check, folder, name):
        self.check, self.name = check, name
        self.path = harness.CAPTURES / name
        self.capture = files.read(self.path.read_bytes())
        self.expected = harness.expected_of(self.path)
        self._variant = folder / "variant"
        self.packets = [frame for frame in self.capture.frames if to.version_of(frame)]

    def differences(self, content):
        self._variant.write_bytes(content)
        return harness.differences(self.expected, self._variant)

    def same(self, statement, content):
        faults = self.differences(content)
        self.check.that(not faults, f"{self.name}: {statement}", faults)

    def rewritten(self, rewrite):
        return [rewrite(frame) for frame in self.packets]


def check_formats(base):
    for name, (write, options) in FORMATS.items():
        base.same(name, write(to.ETHERNET, base.capture.frames, **options))


def check_links(base, family):
    for name, (link_type, rewrite) in {**LINKS, **LINKS_OF[family]}.items():
        base.same(name, files.pcap_bytes(link_type, base.rewritten(rewrite)))
        base.same(f"{name}, pcapng", files.pcapng_bytes(link_type, base.rewritten(rewrite), order="big"))


def check_further(base, family):
    links = {**further.LINKS, **further.LINKS_OF[family], **further.UNREAD, **further.TUNNELS}
    for name, (link_type, rewrite) in links.items():
        base.same(name, files.pcapng_bytes(link_type, base.rewritten(rewrite), order=sys.byteorder))


def check_mixture(base, folder):
    """Each frame of another link type than the one before: what libwiretap is for."""
    if not harness.has_wiretap():
        print("without libwiretap: files of several link types are not checked")
        return
    links = list({**LINKS, **further.LINKS, **further.TUNNELS}.values())
    content = b"".join(files.pcapng_bytes(links[number % len(links)][0], [links[number % len(links)][1](frame)])
                       for number, frame in enumerate(base.packets))
    base.same("every link type in one file", content)
    written = folder / "written"
    harness.replay("--quiet", "-w", written, folder / "variant")
    base.same("what -w made of that", written.read_bytes())
    for name, squeeze in (("gzip", gzip.compress), ("gzip of all link types", lambda _: gzip.compress(content))):
        base.same(name, squeeze(base.path.read_bytes()))


def is_same(row, wanted, is_tunnel):
    """Whether tshark's fields are the same; in a tunnel, those of the outer packet come first."""
    pairs = list(zip(row.split("\t"), wanted.split("\t")))
    return all(one == other or is_tunnel and one.endswith(other) for one, other in pairs) and "\t" in row


def check_rewriting(base, family, folder):
    """Wireshark sees in each rewritten frame what it sees in the frame as captured: the rewriting itself is right."""
    if not shutil.which("tshark"):
        print("no tshark: the rewriting is not checked")
        return
    links = {"as captured": (to.ETHERNET, lambda frame: frame), **LINKS, **LINKS_OF[family], **further.LINKS,
             **further.LINKS_OF[family], **further.TUNNELS}
    del links["NULL of Linux"]  # Wireshark 4.0 knows the BSDs' numbers for IPv6 only
    path = folder / "all.pcapng"  # each file is a section, with a link type of its own
    path.write_bytes(b"".join(files.pcapng_bytes(link_type, base.rewritten(rewrite))
                              for link_type, rewrite in links.values()))
    words = [word for field in FIELDS for word in ("-e", field)]
    done = subprocess.run(["tshark", "-n", "-r", path, "-T", "fields", *words], capture_output=True, text=True,
                          check=True, timeout=60, env={**harness.ENVIRONMENT, "HOME": str(folder)})
    rows, count = done.stdout.splitlines(), len(base.packets)
    base.check.equal(len(rows), count * len(links), f"{base.name}: tshark reads every rewritten frame")
    faults = [f"{name}, frame {number + 1}: {row!r}, not {rows[number]!r}" for place, name in enumerate(links)
              for number, row in enumerate(rows[place * count:(place + 1) * count])
              if not is_same(row, rows[number], name in further.TUNNELS)]
    base.check.none(faults, f"{base.name}: and sees the same packets in {len(links)} link layers")


def check_inserted(base, family):
    for name, rewrite in INSERTED[family].items():
        base.same(name, files.pcap_bytes(to.ETHERNET, base.rewritten(rewrite)))
        tagged = [to.sll(rewrite(frame)) for frame in base.packets]
        base.same(f"{name}, SLL", files.pcap_bytes(to.SLL, tagged))


def check_is_no_sieve(base, family):
    """What has another meaning gives another report."""
    def packed(text):
        return ipaddress.ip_address(text).packed

    trace = json.loads(base.expected.read_text(encoding="utf-8").splitlines()[0])
    router = trace["hops"][1]["replies"][0]["address"]
    other = {4: "192.0.2.77", 6: "2001:db8::77"}[family]
    changed = base.rewritten(to.from_router(packed(router), packed(other)))
    base.check.that(other in base.differences(files.pcap_bytes(to.ETHERNET, changed)),
                    f"{base.name}: another router is another report")
    later = [frame._replace(stamp_ns=frame.stamp_ns + LATER_NS * to.is_error(frame)) for frame in base.packets]
    base.check.that("rtt_ms" in base.differences(files.pcap_bytes(to.ETHERNET, later)),
                    f"{base.name}: replies that come later are another report")
    wrong = files.pcap_bytes(to.IPV6 if family == 4 else to.IPV4, base.rewritten(to.raw))
    base.check.that(base.differences(wrong), f"{base.name}: of the other IP version by its link type: nothing is found")


def main(check, folder):
    harness.overlook_leaks()
    for family, names in BASES.items():
        for name in names:
            base = Base(check, folder, name)
            harness.section(name)
            check_formats(base)
            check_links(base, family)
            if name == names[0]:
                check_rewriting(base, family, folder)
                check_further(base, family)
                check_mixture(base, folder)
            check_inserted(base, family)
            check_is_no_sieve(base, family)


if __name__ == "__main__":
    harness.run(main)
