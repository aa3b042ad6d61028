#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""st-inject on the server traces towards its clients: the way back, also to clients behind a NAT.

usage: test_server_side.py [tcp|udp]
"""

import sys

import apps
import checks
import reports
import tools
import topologies
from truth import reverse

FLOWS = 4
SECONDS = 4
PORT = apps.ECHO_PORT


def trace(check, network, load, family, watched):
    """Returns (traces, flows as the clients see them). watched: the clients' address as the server sees it."""
    live = tools.inject(network.server, "-i", network.server_interface, "-H", watched, "--count", FLOWS,
                        "--wait", "500ms")
    load.start(network.client, network.server_address[family], FLOWS, SECONDS)
    check.equal(live.wait(20), 0, f"IPv{family}: st-inject ends with 0")
    return reports.parse(live.stdout()), load.finish(check)


def check_chain(check, protocol):
    checks.section(f"chain, {protocol}")
    network = topologies.chain()
    load = apps.LOADS[protocol](network.server, [PORT])
    for family in (4, 6):
        traces, flows = trace(check, network, load, family, network.client_address[family])
        reports.check_traces(check, traces, [reverse(flow) for flow in flows], network.truth(), f"IPv{family}")
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")
    load.check_strays(check)
    network.lab.remove()


def check_behind_nat(check, protocol):
    checks.section(f"clients behind a NAT, a firewall and an asymmetric way, {protocol}")
    network = topologies.diverse()
    load = apps.LOADS[protocol](network.server, [PORT])
    for family in (4, 6):
        traces, flows = trace(check, network, load, family, network.outside_address[family])
        known = network.truth()
        seen = [known.seen_from_the_far_end(flow) for flow in flows]
        reports.check_traces(check, traces, seen, known, f"IPv{family}")
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")


def main(check):
    protocol = sys.argv[1] if len(sys.argv) > 1 else "tcp"
    check_chain(check, protocol)
    check_behind_nat(check, protocol)


if __name__ == "__main__":
    checks.run(main, ["nginx", "curl", "conntrack"])
