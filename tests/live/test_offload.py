#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""With the cards' offloads on, captures hold frames far larger than the link's: the hops must be right all the same."""

import apps
import checks
import reports
import tools
import topologies

PORT = 80
PAYLOAD_BYTES = 60_000_000
SECONDS = 4
LARGE_FRAME = 4000


def check_family(check, network, web, family):
    server = network.server_address[family]
    large = network.client.start(["dumpcap", "-q", "-P", "-c", 20, "-i", network.client_interface,
                                  "-f", f"greater {LARGE_FRAME}", "-w", tools.scratch("large.pcap")])
    live = tools.inject(network.client, "-i", network.client_interface, "-H", server, "--count", 2,
                        "--wait", "500ms", "--duration", "12s")
    download = web.download(network.client, server, PORT, SECONDS)
    upload = apps.Talk(network.client, server, seconds=float(SECONDS), chunk=200_000, interval=0.02)
    flows = [upload.flow()]
    check.equal(live.wait(20), 0, f"IPv{family}: st-inject ends with 0")
    flow, intact = download.finish()
    check.that(upload.finish() and intact, f"IPv{family}: a big upload and a big download are intact")
    reports.check_traces(check, reports.parse(live.stdout()), [*flows, flow], network.truth(), f"IPv{family}")
    check.equal(large.wait(5), 0, f"IPv{family}: frames of more than {LARGE_FRAME} bytes are in captures")


def main(check):
    network = topologies.chain(offloads=True)
    web = apps.WebServer(network.server, [PORT], payload_bytes=PAYLOAD_BYTES)
    apps.EchoServer(network.server)
    for family in (4, 6):
        check_family(check, network, web, family)
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "nginx", "curl"])
