#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP of the kernel over simulated routers with delay: an echo, other people's QUIC, odd routers on the way.

The hops are the scenario's as far as they may be probed, and no application gets anything but its own.

usage: test_delayed_udp.py [echo|quic]
"""

import sys

import apps
import checks
import datagrams
import delayed
import reports
import segments
import tools
import udp_apps

HOPS, ROUND_TRIP_MS = 7, 24
MAX_TTL = 10
DROPPING = 3
FAR_MS = 400  # a round trip that is longer than any pause that would do on a short way
QUIC_HOPS, QUIC_LINK, QUIC_MAX_TTL = 5, {1: "bandwidth = 8Mbit\nqueue = 4MB"}, 9


class Case:
    """One network with an application in it whose datagrams are counted at both ends."""

    def __init__(self, check, statement, keys):
        self.check, self.statement = check, statement
        self.network = delayed.Network(delayed.even_path(HOPS, ROUND_TRIP_MS, keys))
        self.server = apps.DatagramServer(self.network.server)

    def trace(self, version, *options, seconds=3.0):
        """Returns (trace, flow); checks that the application is undisturbed, the server's kernel a second witness."""
        statement, network = f"{self.statement}, IPv{version}", self.network
        before, arrived = network.server.udp_counters(version), network.probes_at_server()
        live = tools.inject(network.client, "-i", network.client_interface, "-H", network.server_address[version],
                            "-m", MAX_TTL, "--wait", "300ms", "--count", 1, *options)
        talk = apps.DatagramTalk(network.client, network.server_address[version], seconds=seconds, answers=3)
        flow = talk.flow()
        end = talk.outcome()
        self.check.that(end.get("intact"), f"{statement}: every request has its answers", str(end))
        self.check.equal(live.wait(15), 0, f"{statement}: st-inject ends with 0")
        arrived = network.probes_at_server() - arrived
        after = network.server.udp_counters(version)
        change = {name: after[name] - before[name] for name in ("InDatagrams", "InCsumErrors", "NoPorts")}
        self.check.equal(change, {"InDatagrams": end.get("sent"), "InCsumErrors": arrived, "NoPorts": 0},
                         f"{statement}: the application got its own, its kernel dropped the {arrived} probes that came")
        traces = reports.parse(live.stdout())
        reports.check_schema(self.check, traces)
        self.check.equal([reports.flow_of(one) for one in traces], [flow], f"{statement}: one trace of the flow")
        return traces, flow, arrived

    def finish(self):
        got = self.server.finish()
        self.check.equal((got["empty"], got["stray"]), (0, 0), f"{self.statement}: no empty datagram, no junk")
        self.network.remove()


def notes(traces):
    """Those that tell of the way; of an IPv6 socket it cannot be seen whether it wants ICMP errors."""
    return [(note["kind"], note["ttl"]) for trace in traces for note in trace["notes"]
            if note["kind"] in ("nat", "zero-checksum")]


def check_echo(check):
    for statement, keys, wanted_notes in (("plain", {}, []),
                                          ("restoring translator", {2: "nat = restoring"}, []),
                                          ("broken translator", {2: "nat = broken"}, [("nat", 3)])):
        checks.section(statement)
        case = Case(check, statement, keys)
        for version in (4, 6):
            traces, flow, arrived = case.trace(version)
            reports.check_traces(check, traces, [flow], case.network.truth(), f"{statement}, IPv{version}")
            check.equal(notes(traces), wanted_notes, f"{statement}, IPv{version}: notes")
            # Over IPv4 none may; over IPv6 the kernel stops them.
            check.equal(arrived > 0, version == 6, f"{statement}, IPv{version}: {arrived} probes came to the server")
        case.finish()


def check_zero_checksum(check):
    """The dropping router drops before it counts TTLs down, so it is the first that needs a checksum."""
    checks.section("a middlebox that drops datagrams without a checksum")
    case = Case(check, "middlebox", {DROPPING: "drop = zero-checksum"})
    traces, flow, arrived = case.trace(6, seconds=7.0)
    known = case.network.truth().addresses(flow)[:HOPS - 1]  # probes with a checksum keep away from the application
    for trace in traces:
        check.equal({ttl: set(found) for ttl, found in reports.responders(trace).items()},
                    {ttl: {address} for ttl, address in enumerate(known, start=1)}, "middlebox: the hops behind it too")
    check.equal(notes(traces), [("zero-checksum", DROPPING)], "middlebox: a note says from where on")
    check.equal(arrived, 0, "middlebox: no probe came to the server")
    case.finish()


def check_quic(check, round_trip_ms):
    checks.section(f"QUIC over {round_trip_ms} ms")
    network = delayed.Network(delayed.even_path(QUIC_HOPS, round_trip_ms, QUIC_LINK))
    server = udp_apps.QuicServer(network.server)
    for version in (4, 6):
        statement = f"QUIC over {round_trip_ms} ms, IPv{version}"
        capture = tools.Capture(network.server, network.server_interface, "udp", snap_bytes=128)
        live = tools.inject(network.client, "-i", network.client_interface, "-H", network.server_address[version],
                            "-m", QUIC_MAX_TTL, "--wait", "1s", "--count", 1, "--duration", "15s")
        download = server.download(network.client, network.server_address[version])
        flow = download.flow()
        check.equal(live.wait(20), 0, f"{statement}: st-inject ends with 0")
        check.that(download.finish(), f"{statement}: the file is intact")
        reports.check_traces(check, reports.parse(live.stdout()), [flow], network.truth(), statement,
                             known_application=True, algorithm="concurrent")
        check_polite(check, statement, segments.probes(datagrams.read(capture.stop()), flow), round_trip_ms / 1000)
    network.remove()


def check_polite(check, statement, probes, round_trip_s):
    """By another program's capture at the server."""
    pressed = [late.time - early.time for early, late in zip(probes, probes[2:])
               if late.time - early.time < round_trip_s]
    check.that(len(probes) == 3 * (QUIC_MAX_TTL - QUIC_HOPS) and not pressed,
               f"{statement}: {len(probes)} probes reach the server, at most two a round trip", str(pressed[:5]))


def main(check):
    chosen = sys.argv[1:] or ["echo", "quic"]
    if "echo" in chosen:
        check_echo(check)
        check_zero_checksum(check)
    if "quic" in chosen:
        for round_trip_ms in (ROUND_TRIP_MS, FAR_MS):
            check_quic(check, round_trip_ms)


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "gtlsserver", "gtlsclient", "openssl"])
