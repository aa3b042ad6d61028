#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""st-signatures explain: a capture made here, of flows with a name in a ClientHello (OpenSSL's), by DNS, by an alias,
by a prefix and without any; where each is counted, with how many packets and bytes. Captures that are none.
"""

import ipaddress
import re
import ssl
import struct

import place as places
from place import harness, text

import capture_files  # beside harness

CLIENT, RESOLVER = "192.0.2.10", "192.0.2.53"
TCP, UDP, RAW_IP = 6, 17, 101
SYN, ACK, PSH, FIN = 2, 16, 8, 1

DATABASE = {
    "video.service": text(Name="Video", Domains="video.net", DomainRegex="edge[0-9]+[.]carrier[.]org"),
    "flix.service": text(Name="Flix", Domains="flix.com", Prefixes="45.57.0.0/17;45.57.1.0/24"),
}
# Heading, part, flows: what is made and where it has to be counted.
SECTIONS = ["services and rules", "names of no service", "addresses without a name"]


class Maker:
    """Frames of raw IPv4, a millisecond apart, and what they come to for each flow."""

    def __init__(self):
        self.frames, self.counts, self.port = [], {}, 40000

    def packet(self, flow, protocol, ends, payload):
        total = 20 + len(payload)
        header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, total, len(self.frames), 0, 64, protocol, 0,
                             *(ipaddress.ip_address(end).packed for end in ends))
        stamp = 10**18 + len(self.frames) * 10**6
        self.frames.append(capture_files.Frame(stamp, header + payload, total))
        packets, octets = self.counts.get(flow, (0, 0))
        self.counts[flow] = packets + 1, octets + total

    def udp(self, flow, server, port, payloads, client_port):
        for number, payload in enumerate(payloads):
            ends, ports = ((CLIENT, server), (client_port, port))
            if number % 2:
                ends, ports = ends[::-1], ports[::-1]
            self.packet(flow, UDP, ends, struct.pack("!HHHH", *ports, 8 + len(payload), 0) + payload)

    def datagrams(self, flow, server, port, count=4):
        self.port += 1
        self.udp(flow, server, port, [b"x" * (100 + number) for number in range(count)], self.port)

    def answer(self, flow, *records):
        """A query for the first record's name and an answer; records are (name, CNAME or address)."""
        self.port += 1
        question = dns_name(records[0][0]) + struct.pack("!HH", 1, 1)
        body = b"".join(dns_record(name, value) for name, value in records)
        self.udp(flow, RESOLVER, 53, [struct.pack("!6H", 7, 0x100, 1, 0, 0, 0) + question,
                                      struct.pack("!6H", 7, 0x8180, 1, len(records), 0, 0) + question + body], self.port)

    def tls(self, flow, server, host, download):
        self.port += 1
        hello, sequence = client_hello(host), {True: 1000, False: 5000}
        script = [(True, SYN, b""), (False, SYN | ACK, b""), (True, ACK, b""), (True, ACK | PSH, hello),
                  (False, ACK, b"\x17\x03\x03" + b"d" * download), (True, ACK | FIN, b""), (False, ACK | FIN, b""),
                  (True, ACK, b"")]
        for own, flags, payload in script:
            ends, ports = ((CLIENT, server), (self.port, 443))
            if not own:
                ends, ports = ends[::-1], ports[::-1]
            head = struct.pack("!HHIIBBHHH", *ports, sequence[own], sequence[not own] if flags & ACK else 0, 0x50,
                               flags, 65535, 0, 0)
            sequence[own] += len(payload) + bool(flags & (SYN | FIN))
            self.packet(flow, TCP, ends, head + payload)


def dns_name(name):
    return b"".join(bytes([len(label)]) + label.encode() for label in name.split(".")) + b"\0"


def dns_record(name, value):
    try:
        data, kind = ipaddress.ip_address(value).packed, 1
    except ValueError:
        data, kind = dns_name(value), 5
    return dns_name(name) + struct.pack("!HHIH", kind, 1, 300, len(data)) + data


def client_hello(host):
    context, out = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ssl.MemoryBIO()
    connection = context.wrap_bio(ssl.MemoryBIO(), out, server_hostname=host)
    try:
        connection.do_handshake()
    except ssl.SSLWantReadError:
        return out.read()
    raise RuntimeError("a handshake without a peer")


def make():
    """A capture and where its flows belong: (section, heading, part)."""
    maker = Maker()
    service, name, address = SECTIONS
    maker.tls((service, "video", "domain video.net"), "198.51.100.1", "www.video.net", 9000)
    maker.tls((service, "video", "domain video.net"), "198.51.100.2", "a.b.video.net", 500)
    maker.tls((service, "video", "regex edge[0-9]+[.]carrier[.]org"), "198.51.100.3", "edge12.carrier.org", 50)
    maker.answer((address, RESOLVER, "udp port 53"), ("www.brand.org", "x.video.net"), ("x.video.net", "198.51.100.4"))
    maker.datagrams((service, "video", "an alias of www.brand.org"), "198.51.100.4", 443)
    maker.answer((address, RESOLVER, "udp port 53"), ("flix.com", "198.51.100.5"))
    maker.datagrams((service, "flix", "domain flix.com"), "198.51.100.5", 443)
    maker.datagrams((service, "flix", "prefix 45.57.0.0/17"), "45.57.2.2", 443)
    maker.datagrams((service, "flix", "prefix 45.57.1.0/24"), "45.57.1.1", 443)
    maker.tls((service, "flix", "prefix 45.57.0.0/17, as cdn.newflix.org"), "45.57.2.3", "cdn.newflix.org", 700)
    maker.tls((name, "unknown.co.uk", "api.unknown.co.uk"), "198.51.100.6", "api.unknown.co.uk", 900)
    maker.tls((name, "unknown.co.uk", "cdn.unknown.co.uk"), "198.51.100.7", "cdn.unknown.co.uk", 8000)
    maker.tls((name, "unknown.co.uk", "cdn.unknown.co.uk"), "198.51.100.8", "cdn.unknown.co.uk", 80)
    maker.tls((name, "lonely.org", "lonely.org"), "198.51.100.9", "lonely.org", 1)
    maker.answer((address, RESOLVER, "udp port 53"), ("host.lan", "10.0.0.9"))
    maker.datagrams((name, "host.lan", "host.lan"), "10.0.0.9", 8000)
    maker.datagrams((address, "203.0.113.9", "udp port 4000"), "203.0.113.9", 4000, 6)
    maker.datagrams((address, "203.0.113.9", "udp port 4001"), "203.0.113.9", 4001, 1)
    maker.datagrams((address, "203.0.113.9", "udp port 4000"), "203.0.113.9", 4000, 2)
    return maker


def wanted_counts(maker, flows):
    """Section -> heading -> (flows, packets, bytes), and the same for (heading, part)."""
    wanted = {}
    for (section, heading, part), (packets, octets) in maker.counts.items():
        for key in ((section, heading, None), (section, heading, part)):
            old = wanted.get(key, (0, 0, 0))
            wanted[key] = old[0] + flows[(section, heading, part)], old[1] + packets, old[2] + octets
    return wanted


def read_tables(output):
    """The tables as printed: the same keys, and the order of each section's headings."""
    found, order, section, heading = {}, [], None, None
    for line in output.splitlines():
        if title := re.fullmatch(r" +flows +packets +bytes  (.+)", line):
            section = title[1]
        elif row := re.fullmatch(r" +(\d+) +(\d+) +(\d+)  (  )?(.+)", line):
            heading = heading if row[4] else row[5]
            key = (section, heading, row[5] if row[4] else None)
            found[key] = tuple(int(row[number]) for number in (1, 2, 3))
            order.append(key)
        elif line:
            raise ValueError(line)
    return found, order


def check_tables(check, place, maker):
    # TCP flows have 8 packets each, the datagrams' ports change: the number of flows is known from how they were made.
    flows = {key: 1 for key in maker.counts}
    flows.update({(SECTIONS[0], "video", "domain video.net"): 2, (SECTIONS[2], RESOLVER, "udp port 53"): 3,
                  (SECTIONS[1], "unknown.co.uk", "cdn.unknown.co.uk"): 2, (SECTIONS[2], "203.0.113.9", "udp port 4000"): 2})
    wanted = wanted_counts(maker, flows)
    done = place.run("explain", "made.pcap")
    found, order = read_tables(done.stdout)
    check.equal((done.returncode, done.stderr), (0, ""), "explain of a capture")
    for key, counts in wanted.items():
        check.equal(found.get(key), counts, f"{key[1]}, {key[2] or 'all'}")
    check.equal(set(found) - set(wanted), set(), "and nothing else")
    check.equal(sum(row[1] for key, row in found.items() if key[2] is None), len(maker.frames), "each packet once")
    check.equal(list(dict.fromkeys(key[0] for key in order)), SECTIONS, "three tables, in order")
    for section in SECTIONS:
        octets = [found[key][2] for key in order if key[0] == section and key[2] is None]
        check.equal(octets, sorted(octets, reverse=True), f"{section}: most bytes first")
    with open(place.work / "made.pcap", "rb") as capture:
        check.equal(place.run("explain", "-", stdin=capture).stdout, done.stdout, "the same from standard input")
    twice, _ = read_tables(place.run("explain", "made.pcap", "made.pcap").stdout)
    check.equal(twice, {key: tuple(2 * count for count in counts) for key, counts in wanted.items()},
                "two captures count together, each for itself")


def check_without(check, place, maker):
    """Without signatures everything is of no service; a new one takes what it is for."""
    place.fill(place.installed, {})
    found, _ = read_tables(place.run("explain", "made.pcap").stdout)
    check.equal((sum(counts[1] for key, counts in found.items() if key[2] is None),
                 {key[0] for key in found}), (len(maker.frames), set(SECTIONS[1:])), "no signatures at all")
    place.fill(place.work / "new", {"new.service": text(Domains="unknown.co.uk")})
    found, _ = read_tables(place.run("--signatures", "new", "explain", "made.pcap").stdout)
    check.that((SECTIONS[0], "new", "domain unknown.co.uk") in found
               and not any(key[1] == "unknown.co.uk" for key in found), "a new signature, by --signatures")
    place.fill(place.installed, DATABASE)


def check_damage(check, place):
    content = (place.work / "made.pcap").read_bytes()
    whole = place.run("explain", "made.pcap").stdout
    (place.work / "cut.pcap").write_bytes(content[:-7])
    done = place.run("explain", "cut.pcap")
    check.complains(done, harness.FAILED, "a capture that is cut off")
    check.that("video" in done.stdout and done.stdout != whole, "what came before is explained")
    done = place.run("explain", "missing.pcap", "made.pcap")
    check.complains(done, harness.FAILED, "a missing one before another")
    check.equal(done.stdout, whole, "the other is explained")
    for what, odd in {"a text": b"no capture\n", "nothing": b"", "bytes": bytes(range(256)) * 40}.items():
        (place.work / "odd").write_bytes(odd)
        check.complains(place.run("explain", "odd"), harness.FAILED, what)
    (place.work / "empty.pcap").write_bytes(content[:24])
    done = place.run("explain", "empty.pcap")
    check.equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "a capture without a frame")
    check.complains(place.run("explain"), harness.USAGE, "no capture")
    check.complains(place.run("--signatures", "missing", "explain", "made.pcap"), harness.FAILED, "signatures missing")


def test(check, place):
    place.fill(place.installed, DATABASE)
    maker = make()
    (place.work / "made.pcap").write_bytes(capture_files.pcap_bytes(RAW_IP, maker.frames))
    harness.section("tables")
    check_tables(check, place, maker)
    check_without(check, place, maker)
    harness.section("damage")
    check_damage(check, place)


places.run(test)
