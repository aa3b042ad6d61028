#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Malformed and forged packets of every kind arrive while a flow is traced: the tool goes on and is not deceived.

The same packets in a capture must not trouble st-replay.
"""

import random
import struct
import time

import apps
import checks
import packets
import reports
import tools
import topologies
from truth import PROBE_TTL_LIMIT

LIAR = {4: "10.66.6.6", 6: "fd00:66::6"}  # who claims to be a router
ATTACK_LIMIT_S = 8
FAR_AWAY = 0x40000000  # in sequence space: no number of the flow or of a probe
ETHERTYPE = {4: b"\x08\x00", 6: b"\x86\xdd"}
_HOP_BY_HOP, _DESTINATION_OPTIONS, _FRAGMENT, _AUTHENTICATION = 0, 60, 44, 51


class Forge:
    """Everything that is wrong, for one flow whose current numbers are known."""

    def __init__(self, flow, version, seq, ack):
        self.flow = flow
        self.version = version
        self.liar = LIAR[version]
        self.lies = 0
        self.random = random.Random(version)
        segment = packets.tcp(flow, seq + FAR_AWAY, ack)
        # IPID 1 to 0x7fff by chance may be a probe's: the wrong sequence number must be enough to refuse it.
        self.probe = packets.ip(flow.source, flow.destination, 6, segment, ttl=1,
                                identification=self.random.randrange(1, 0x7fff))
        self.header_length = len(self.probe) - len(segment)

    def lie_about(self, probe):
        """probe: a real one, as a whole IP packet. The lie knows the flow but neither of the probe's numbers.

        (One right number is enough on purpose: there are routers that alter IPIDs and firewalls that alter sequence
        numbers, and matched_by tells which one it was.)
        """
        lie, sequence_at = bytearray(probe), self.header_length + 4
        lie[sequence_at:sequence_at + 4] = self.random.randbytes(4)
        if self.version == 4:
            lie[4] ^= 0x80  # the IPID
        return self.error(bytes(lie))

    def error(self, quote, **options):
        return packets.icmp_error(self.liar, self.flow, quote, **options)

    def incoming(self):
        """Whole IP packets that the client shall receive."""
        return [*self.short_quotes(), *self.cut_packets(), *self.wrong_lengths(), *self.wrong_tcp(),
                *self.extensions(), *self.forged(), *self.fragments(), *self.chains()]

    def short_quotes(self):
        return [self.error(self.probe[:size]) for size in range(len(self.probe) + 1)]

    def cut_packets(self):
        whole = self.error(self.probe)
        return [whole[:size] for size in range(1, 60)]

    def wrong_lengths(self):
        whole, found = self.error(self.probe), []
        for first in range(0x100):
            if first >> 4 not in (4, 6) or first & 0xf < 5 or first & 0xf > 12:
                found.append(bytes([first]) + whole[1:])
                found.append(self.error(bytes([first]) + self.probe[1:]))
        place = 2 if self.version == 4 else 4
        for length in (0, 1, 7, 8, 19, 20, 21, 0x7fff, 0xffff):
            number = struct.pack("!H", length)
            found.append(whole[:place] + number + whole[place + 2:])
            found.append(self.error(self.probe[:place] + number + self.probe[place + 2:]))
        return found

    def wrong_tcp(self):
        """Wrong data offsets, on the wire and in quotes."""
        back = packets.tcp(self.flow._replace(source=self.flow.destination, destination=self.flow.source), 1, 1)
        found = []
        for offset in (0, 1, 4, 6, 11, 15):
            wrong = bytes([offset << 4])
            quote = self.probe[:self.header_length + 12] + wrong + self.probe[self.header_length + 13:]
            found.append(self.error(quote))
            found.append(packets.ip(self.flow.destination, self.flow.source, 6, back[:12] + wrong + back[13:]))
        for size in range(20):
            found.append(packets.ip(self.flow.destination, self.flow.source, 6, back[:size]))
        return found

    def extensions(self):
        """Quotes padded to 128 bytes with all sorts of garbage after them."""
        padded = self.probe.ljust(128, b"\0")
        found = []
        for size in (0, 1, 3, 4, 7, 8, 9, 64, 300):
            found.append(self.error(padded + self.random.randbytes(size)))
        for length in (0, 1, 3, 4, 8, 0x7fff, 0xffff):
            objects = struct.pack("!HBB", length, 1, 1) + b"\0\0\x11\x01"
            body = struct.pack("!BBH", 0x20, 0, 0) + objects
            body = body[:2] + struct.pack("!H", packets.checksum(body)) + body[4:]
            for words in (0, 1, 16, 32, 255):
                rest = words << (16 if self.version == 4 else 24)
                found.append(self.error(padded + body, rest=rest))
                found.append(self.error(self.probe + body, rest=rest))
        return found

    def forged(self):
        """Well made, about this very flow, but about no probe that was ever sent."""
        found = [self.error(self.probe)] * 5
        reset = packets.ip(self.flow.source, self.flow.destination, 17, b"\0" * 20, ttl=1)
        found.append(self.error(reset))
        for number in range(256):
            found.append(self.error(self.probe, kind=(number, self.random.randrange(256))))
        return found

    def fragments(self):
        if self.version == 6:
            return self.fragments_of_version_6()
        body = self.error(self.probe)[20:]
        return [packets.ip(self.liar, self.flow.source, protocol, body, flags=flags, identification=77)
                for protocol in (1, 6) for flags in (0x2000, 0x0001, 0x2001, 0x1fff, 0x3fff, 0x8000)]

    def fragments_of_version_6(self):
        body = self.error(self.probe)[40:]
        found = []
        for next_header in (58, 6, _FRAGMENT, 59, 255):
            for offset in (0, 1, 8, 9, 0xfff8, 0xfff9):
                header = struct.pack("!BBHI", next_header, 0, offset, 77)
                found.append(packets.ip(self.liar, self.flow.source, _FRAGMENT, header + body))
                found.append(self.error(self.probe[:6] + bytes([_FRAGMENT]) + self.probe[7:40] + header))
        return found

    def chains(self):
        """Extension headers without end, and ones that claim to be longer than the packet (IPv6)."""
        if self.version == 4:
            return []
        body, found = self.error(self.probe)[40:], []
        for kind in (_HOP_BY_HOP, _DESTINATION_OPTIONS, 43, _AUTHENTICATION, 135):
            for count in (1, 2, 9, 150):
                chain = bytes([kind, 0, 1, 4, 0, 0, 0, 0]) * count
                for tail in (b"", body):
                    found.append(packets.ip(self.liar, self.flow.source, kind, chain + tail))
            for size in (0, 1, 2, 255):
                found.append(packets.ip(self.liar, self.flow.source, kind, bytes([58, size]) + body[:10]))
            quote = self.probe[:6] + bytes([kind]) + self.probe[7:40] + bytes([kind, 0, 1, 4, 0, 0, 0, 0]) * 100
            found.append(self.error(quote[:1200]))
        return found

    def frames(self):
        """Whole frames: cut Ethernet headers' payloads, VLAN tags without end, unknown types, noise."""
        ends = bytes.fromhex("020000000101020000000102")
        found = [ends + struct.pack("!H", kind) + self.random.randbytes(size)
                 for kind in (0x0800, 0x86dd, 0x8100, 0x88a8, 0x8847, 0x0806, 0, 46, 0xffff)
                 for size in (0, 1, 2, 3, 4, 19, 20, 39, 40, 60, 400)]
        found += [ends + bytes.fromhex("81000001") * count for count in (1, 2, 3, 20, 300)]
        return found

    def outgoing(self):
        """What the client's own card could show leaving: cut and broken packets of the flow, never well-made ones."""
        whole = packets.ip(self.flow.source, self.flow.destination, 6, packets.tcp(self.flow, 1, 1))
        cut = [whole[:size] for size in range(1, len(whole))]
        broken = self.header_length + 12
        return cut + [whole[:broken] + bytes([offset << 4]) + whole[broken + 1:] for offset in (0, 1, 4, 15)]


def current_numbers(capture_node, peer, flow):
    """(seq, ack) of a segment of the flow that passes now."""
    path = tools.scratch(f"glance-{flow.source_port}.pcap")
    capture_node.run(["dumpcap", "-q", "-P", "-c", "1", "-i", capture_node.interface(peer).name, "-w", path, "-f",
                      f"src port {flow.source_port} and tcp"], timeout=5)
    row = tools.tshark_rows(path, ["tcp.seq_raw", "tcp.ack_raw"])[0]
    return int(row["tcp.seq_raw"]), int(row["tcp.ack_raw"])


def attack(forge, from_router, from_client, live):
    """Sends everything, again and again until the program is done; returns how many packets."""
    end, count = time.monotonic() + ATTACK_LIMIT_S, 0
    jobs = [(from_router.send, forge.version, one) for one in forge.incoming()]
    jobs += [(from_client.send, forge.version, one) for one in forge.outgoing()]
    jobs += [(lambda _, frame: from_router.send_frame(frame), 0, one) for one in forge.frames()]
    while live.running() and time.monotonic() < end:
        forge.random.shuffle(jobs)
        for send, version, packet in jobs:
            send(version, packet)
            count += 1
            if count % 20 == 0:
                deceive(forge, from_router)
                time.sleep(0.003)
    return count


def deceive(forge, router):
    """Answers each probe that passes the router with a lie about it, while its own answer is being awaited."""
    ttl_at = 14 + (8 if forge.version == 4 else 7)
    for frame in router.frames(sent_too=False):
        whole = len(frame) >= 14 + forge.header_length + 20 and frame[12:14] == ETHERTYPE[forge.version]
        if whole and frame[ttl_at] < PROBE_TTL_LIMIT:
            router.send(forge.version, forge.lie_about(frame[14:]))
            forge.lies += 1


def check_family(check, network, version):
    client, router = network.client, network.lab.nodes["r1"]
    capture = tools.Capture(client, network.client_interface)
    live = tools.inject(client, "-i", network.client_interface, "-H", network.server_address[version], "-m", 7,
                        "-a", "packet-by-packet", "-q", 5, "--inter-probe-time", "20ms", "--wait", "300ms",
                        "--inter-iteration-time", "50ms", "--count", 1, "--duration", "10s")
    talk = apps.Talk(client, network.server_address[version], seconds=7.0)
    flow = talk.flow()
    forge = Forge(flow, version, *current_numbers(client, router, flow))
    senders = packets.Sender(router, client, listen=True), packets.Sender(client, router)
    count = attack(forge, *senders, live)
    for sender in senders:
        sender.close()
    check.equal(live.wait(15), 0, f"IPv{version}: st-inject survives {count} malformed packets, exit code 0")
    check.that(forge.lies >= 5, f"IPv{version}: {forge.lies} probes were answered with a lie")
    check.that(talk.finish(), f"IPv{version}: the application's data are intact")
    traces = reports.parse(live.stdout())
    truth = network.truth()
    reports.check_traces(check, traces, [flow], truth, f"IPv{version}", probes=5)
    offline = tools.replay(capture.stop(), "-H", network.server_address[version])
    check.equal(offline.returncode, 0, f"IPv{version}: st-replay of all that, exit code 0")
    mine = [one for one in reports.parse(offline.stdout) if reports.flow_of(one) == flow]
    reports.compare_sets(check, traces, mine, f"IPv{version}: st-replay tells the same")


def main(check):
    network = topologies.chain(routers=4, watched=0)
    apps.EchoServer(network.server)
    for version in (4, 6):
        check_family(check, network, version)


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING])
