#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which flows are traced: each kind of selection takes the wanted flows, and no probe goes into any other.

The flows are there before st-inject starts, so it also has to take up flows in the middle of their lives.
"""

import time

import apps
import checks
import datagrams
import reports
import segments
import tools
import topologies
from apps import host_text

PORTS = [7007, 7008]
SECOND = {4: "10.99.0.2", 6: "fd00:99::2"}  # another host as far as selections go
FLOW_SECONDS = 90.0  # longer than the test; the flows die with it
INTERVAL_S = 0.04


def prepare():
    """Returns (network, {(protocol, which server, family, port): flow}) with one running flow for each combination."""
    network = topologies.chain(routers=4, watched=0)
    for address in SECOND.values():
        network.server.add_address(address)
    apps.start_servers(network.server, PORTS)
    targets = {(protocol, which, family, port): (network.server_address if which == "first" else SECOND)[family]
               for protocol in apps.TALKS for which in ("first", "second") for family in (4, 6) for port in PORTS}
    talks = {key: apps.TALKS[key[0]](network.client, address, key[3], seconds=FLOW_SECONDS, interval=INTERVAL_S)
             for key, address in targets.items()}
    return network, {key: talk.flow() for key, talk in talks.items()}


def selection(flow, backwards=False):
    ends = [f"{host_text(flow.source)}:{flow.source_port}", f"{host_text(flow.destination)}:{flow.destination_port}"]
    return f"{flow.protocol} " + " ".join(reversed(ends) if backwards else ends)


def cases(network, flows):
    """(arguments, test of (protocol, which, family, port) that tells which flows must be traced)"""
    first = network.server_address
    one4, one6 = flows["tcp", "first", 4, 7008], flows["tcp", "second", 6, 7007]
    udp4, udp6 = flows["udp", "second", 4, 7008], flows["udp", "first", 6, 7007]
    wrong_protocol = selection(one4).replace("tcp", "udp")
    return [
        (["-H", first[4]], lambda *key: key[1:3] == ("first", 4)),
        (["-H", "10.99.0.0/16"], lambda *key: key[1:3] == ("second", 4)),
        (["-H", "fd00:99::/64", "--protocol", "tcp"], lambda *key: key[:3] == ("tcp", "second", 6)),
        (["-H", first[6], "-H", SECOND[4]], lambda *key: key[1:3] in (("first", 6), ("second", 4))),
        (["-H", "10.77.0.0/16"], lambda *key: False),
        (["-F", selection(one4)], lambda *key: flows[key] == one4),
        (["-F", wrong_protocol], lambda *key: False),
        (["-F", selection(one6), "-F", selection(one4)], lambda *key: flows[key] in (one4, one6)),
        (["-F", selection(one6, backwards=True), "-F", selection(udp4)], lambda *key: flows[key] in (one6, udp4)),
        (["-F", selection(udp4, backwards=True)], lambda *key: flows[key] == udp4),
        (["-F", selection(udp6)], lambda *key: flows[key] == udp6),
        (["--all"], lambda *key: True),
        (["--all", "-4"], lambda protocol, which, family, port: family == 4),
        (["--all", "--protocol", "udp"], lambda protocol, which, family, port: protocol == "udp"),
        (["--all", "-6", "-p", "7008"], lambda protocol, which, family, port: (family, port) == (6, 7008)),
        (["-H", first[4], "-p", "7007", "--protocol", "udp"], lambda *key: key == ("udp", "first", 4, 7007)),
        (["--all", "port 7008 and host " + SECOND[4]], lambda *key: key[1:] == ("second", 4, 7008)),
        (["--all", "udp or port 7008"], lambda *key: key[0] == "udp" or key[3] == 7008),
        (["--all", "not", "ip6"], lambda protocol, which, family, port: family == 4),
    ]


def wanted(truth, flow):
    return reports.wanted_hops(flow, truth.addresses(flow))


def run_case(check, network, truth, arguments, selected):
    """Returns when it ran, as (begin, end)."""
    statement, begin = " ".join(arguments), time.time()
    # Options come first: the FILTER trails.
    live = tools.inject(network.client, "-i", network.client_interface, "-m", 6, "--wait", "300ms",
                        "--duration", "1200ms", "-o", "json", *arguments, report=None)
    check.equal(live.wait(10), 0, f"{statement}: exit code 0")
    traces = reports.parse(live.stdout())
    check.equal(sorted(map(reports.flow_of, traces)), sorted(selected), f"{statement}: {len(selected)} flows traced")
    wrong = [text for trace in traces for text in reports.wrong_hops(trace, wanted(truth, reports.flow_of(trace)))]
    check.that(not wrong, f"{statement}: their hops are right", str(wrong[:3]))
    return begin, time.time()


def main(check):
    network, flows = prepare()
    truth = network.truth()
    capture = tools.Capture(network.client, network.client_interface, "tcp or udp")
    done = []
    for arguments, chosen in cases(network, flows):
        selected = {flow for key, flow in flows.items() if chosen(*key)}
        done.append((arguments, selected, run_case(check, network, truth, arguments, selected)))
    path = capture.stop()
    probes = segments.probes([*segments.read(path), *datagrams.read(path)])
    for arguments, selected, (begin, end) in done:
        probed = {one.flow for one in probes if begin < one.time < end}
        check.equal(sorted(probed), sorted(selected), f"{' '.join(arguments)}: these flows got probes, and no other")


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING])
