#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""st-inject on the server traces towards its clients: the way back, also to clients behind a NAT."""

import apps
import checks
import reports
import tools
import topologies
from truth import reverse

DOWNLOADS = 4
SECONDS = 4
PORT = 80


def trace(check, network, web, family, watched):
    """Returns (traces, flows as the clients see them). watched: the clients' address as the server sees it."""
    live = tools.inject(network.server, "-i", network.server_interface, "-H", watched, "--count", DOWNLOADS,
                        "--wait", "500ms")
    server = network.server_address[family]
    downloads = [web.download(network.client, server, PORT, SECONDS) for _ in range(DOWNLOADS)]
    check.equal(live.wait(20), 0, f"IPv{family}: st-inject ends with 0")
    done = [download.finish() for download in downloads]
    check.that(all(intact for _, intact in done), f"IPv{family}: {DOWNLOADS} downloads are intact")
    return reports.parse(live.stdout()), [flow for flow, _ in done]


def check_chain(check):
    checks.section("chain")
    network = topologies.chain()
    web = apps.WebServer(network.server, [PORT])
    for family in (4, 6):
        traces, flows = trace(check, network, web, family, network.client_address[family])
        reports.check_traces(check, traces, [reverse(flow) for flow in flows], network.truth(), f"IPv{family}")
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")
    network.lab.remove()


def check_behind_nat(check):
    checks.section("clients behind a NAT, a firewall and an asymmetric way")
    network = topologies.diverse()
    web = apps.WebServer(network.server, [PORT])
    for family in (4, 6):
        traces, flows = trace(check, network, web, family, network.outside_address[family])
        known = network.truth()
        seen = [known.seen_from_the_far_end(flow) for flow in flows]
        reports.check_traces(check, traces, seen, known, f"IPv{family}")
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")


def main(check):
    check_chain(check)
    check_behind_nat(check)


if __name__ == "__main__":
    checks.run(main, ["nginx", "curl", "conntrack"])
