#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers that limit their ICMP errors as kernels do by default: one flow, three probes a hop, every hop is known."""

import apps
import checks
import reports
import tools
import topologies


def check_family(check, network, family):
    server = network.server_address[family]
    live = tools.inject(network.client, "-i", network.client_interface, "-H", server, "--count", 1,
                        "--wait", "1s", "--duration", "8s")
    talk = apps.Talk(network.client, server, seconds=5.0)
    flow = talk.flow()
    check.equal(live.wait(15), 0, f"IPv{family}: st-inject ends with 0")
    check.that(talk.finish(), f"IPv{family}: the application's data are intact")
    traces = reports.parse(live.stdout())
    wanted = network.truth().addresses(flow)
    found = [reports.path_of(trace, len(wanted)) for trace in traces]
    check.equal(found, [wanted], f"IPv{family}: every hop is known")
    beyond = [ttl for trace in traces for ttl in reports.responders(trace) if ttl > len(wanted)]
    check.equal(beyond, [], f"IPv{family}: nothing beyond the routers answers")


def main(check):
    network = topologies.chain(limited_icmp=True)
    limit = network.lab.nodes["r1"].setting("net.ipv4.icmp_ratelimit")
    check.equal(limit, "1000", "the routers have the kernel's default limit")
    apps.EchoServer(network.server)
    for family in (4, 6):
        check_family(check, network, family)


if __name__ == "__main__":
    checks.run(main)
