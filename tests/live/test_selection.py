#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Which flows are traced: each kind of selection takes the wanted flows, and no probe goes into any other.

The flows are there before st-inject starts, so it also has to take up flows in the middle of their lives.
"""

import time

import apps
import checks
import reports
import segments
import tools
import topologies
from apps import host_text

PORTS = [7007, 7008]
SECOND = {4: "10.99.0.2", 6: "fd00:99::2"}  # another host as far as selections go
FLOW_SECONDS = 50.0  # longer than the test; the flows die with it


def prepare():
    """Returns (network, {(which server, family, port): flow}) with one running flow for each combination."""
    network = topologies.chain(routers=4, watched=0)
    for family, address in SECOND.items():
        network.server.run(["ip", "addr", "add", f"{address}/{32 if family == 4 else 128}", "dev", "lo"])
    for port in PORTS:
        apps.EchoServer(network.server, port)
    targets = {(which, family, port): (network.server_address if which == "first" else SECOND)[family]
               for which in ("first", "second") for family in (4, 6) for port in PORTS}
    talks = {key: apps.Talk(network.client, address, key[2], seconds=FLOW_SECONDS, interval=0.02)
             for key, address in targets.items()}
    return network, {key: talk.flow() for key, talk in talks.items()}


def selection(flow, backwards=False):
    ends = [f"{host_text(flow.source)}:{flow.source_port}", f"{host_text(flow.destination)}:{flow.destination_port}"]
    return "tcp " + " ".join(reversed(ends) if backwards else ends)


def cases(network, flows):
    """(arguments, test of the key that tells which flows must be traced)"""
    first, one4, one6 = network.server_address, flows["first", 4, 7008], flows["second", 6, 7007]
    return [
        (["-H", first[4]], lambda which, family, port: (which, family) == ("first", 4)),
        (["-H", "10.99.0.0/16"], lambda which, family, port: (which, family) == ("second", 4)),
        (["-H", "fd00:99::/64"], lambda which, family, port: (which, family) == ("second", 6)),
        (["-H", first[6], "-H", SECOND[4]], lambda *key: key[:2] in (("first", 6), ("second", 4))),
        (["-H", "10.77.0.0/16"], lambda *key: False),
        (["-F", selection(one4)], lambda *key: flows[key] == one4),
        (["-F", selection(one4, backwards=True)], lambda *key: flows[key] == one4),
        (["-F", selection(one6), "-F", selection(one4)], lambda *key: flows[key] in (one4, one6)),
        (["-F", selection(one6, backwards=True)], lambda *key: flows[key] == one6),
        (["--all"], lambda *key: True),
        (["--all", "-4"], lambda which, family, port: family == 4),
        (["--all", "-6", "-p", "7008"], lambda which, family, port: (family, port) == (6, 7008)),
        (["-H", first[4], "-p", "7007"], lambda *key: key == ("first", 4, 7007)),
        (["--all", "tcp port 7008 and host " + SECOND[4]], lambda *key: key == ("second", 4, 7008)),
        (["--all", "not", "ip6"], lambda which, family, port: family == 4),
    ]


def run_case(check, network, truth, arguments, selected):
    """Returns when it ran, as (begin, end)."""
    statement, begin = " ".join(arguments), time.time()
    # Options come first: the FILTER trails.
    live = tools.inject(network.client, "-i", network.client_interface, "-m", 6, "--wait", "300ms",
                        "--duration", "1200ms", "-o", "json", *arguments, report=None)
    check.equal(live.wait(10), 0, f"{statement}: exit code 0")
    traces = reports.parse(live.stdout())
    check.equal(sorted(map(reports.flow_of, traces)), sorted(selected), f"{statement}: {len(selected)} flows traced")
    wrong = [text for trace in traces for text in reports.wrong_hops(trace, truth.addresses(reports.flow_of(trace)))]
    check.that(not wrong, f"{statement}: their hops are right", str(wrong[:3]))
    return begin, time.time()


def main(check):
    network, flows = prepare()
    truth = network.truth()
    capture = tools.Capture(network.client, network.client_interface, "tcp")
    done = []
    for arguments, wanted in cases(network, flows):
        selected = {flow for key, flow in flows.items() if wanted(*key)}
        done.append((arguments, selected, run_case(check, network, truth, arguments, selected)))
    probes = segments.probes(segments.read(capture.stop()))
    for arguments, selected, (begin, end) in done:
        probed = {one.flow for one in probes if begin < one.time < end}
        check.equal(sorted(probed), sorted(selected), f"{' '.join(arguments)}: these flows got probes, and no other")


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING])
