#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""--tcp-probe: `exact` works where SACK was negotiated and is refused where it was not; `stale` works in both."""

import apps
import checks
import reports
import segments
import tools
import topologies


def trace(check, network, family, kind, statement):
    """Returns (traces, flow, probes on the wire)."""
    server = network.server_address[family]
    capture = tools.Capture(network.client, network.client_interface, "tcp")
    live = tools.inject(network.client, "-i", network.client_interface, "-H", server, "--tcp-probe", kind,
                        "--wait", "500ms", "--duration", "4s", "--count", 1)
    talk = apps.Talk(network.client, server, seconds=2.5)
    flow = talk.flow()
    check.equal(live.wait(15), 0, f"{statement}: st-inject ends with 0")
    check.that(talk.finish(), f"{statement}: the application's data are intact")
    return reports.parse(live.stdout()), flow, segments.probes(segments.read(capture.stop()))


def check_works(check, network, family, kind, sack):
    statement = f"IPv{family}, {kind}, SACK {sack}"
    traces, flow, probes = trace(check, network, family, kind, statement)
    reports.check_traces(check, traces, [flow], network.truth(), statement)
    check.that(probes, f"{statement}: {len(probes)} probes on the wire")


def check_refused(check, network, family):
    statement = f"IPv{family}, exact, SACK off"
    traces, _, probes = trace(check, network, family, "exact", statement)
    check.equal(len(probes), 0, f"{statement}: no probe leaves")
    check.that(not any(reports.responders(one) for one in traces), f"{statement}: no hops are claimed")


def main(check):
    network = topologies.chain()
    apps.EchoServer(network.server)
    for family in (4, 6):
        check_works(check, network, family, "exact", "on")
    for end in (network.server, network.client):
        checks.section(f"the {end.name} does without SACK")
        network.client.set("net.ipv4.tcp_sack", 1)
        end.set("net.ipv4.tcp_sack", 0)
        family = 4 if end is network.server else 6
        check_refused(check, network, family)
        check_works(check, network, family, "stale", "off")
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING])
