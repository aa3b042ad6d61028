#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A real QUIC transfer is traced while it runs: every hop is the truth, the file intact, and the server not pressed.

A transfer that st-inject meets in the middle is not known to be QUIC, and is treated as any UDP flow.
usage: test_quic.py [4|6]
"""

import sys
import time

import checks
import datagrams
import reports
import segments
import tools
import topologies
import udp_apps

ROUTERS = 7
MAX_TTL = 9
SLOW_LINK = "8mbit"  # a transfer takes some seconds
POLITE_S = 0.1  # at most two probes may reach the server within so long
MIDDLE_S = 0.6


def trace(check, network, server, statement, arguments, late=False):
    """Returns (traces, the flow, the probes on the client's wire)."""
    capture = tools.Capture(network.client, network.client_interface, "udp")
    download = None
    if late:
        download = server.download(network.client, network.server_address[network.family])
        time.sleep(MIDDLE_S)
    live = tools.inject(network.client, "-i", network.client_interface, "-H", network.server_address[network.family],
                        "-m", MAX_TTL, "--wait", "200ms", "--count", 1, "--duration", "10s", *arguments)
    download = download or server.download(network.client, network.server_address[network.family])
    flow = download.flow()
    check.equal(live.wait(20), 0, f"{statement}: st-inject ends with 0")
    check.that(download.running(), f"{statement}: the transfer was going on all the time")
    check.that(download.finish(), f"{statement}: the file is intact")
    return reports.parse(live.stdout()), flow, segments.probes(datagrams.read(capture.stop()), flow)


def check_polite(check, statement, probes):
    """By the capture of another program, for the probes that can have reached the server."""
    times = [one.time for one in probes if one.ttl > ROUTERS]
    pressed = [late - early for early, late in zip(times, times[2:]) if late - early < POLITE_S]
    check.that(times and not pressed, f"{statement}: {len(times)} probes reach the server, never more than two "
                                      f"within {POLITE_S} s", str(pressed[:5]))


def check_known(check, network, server, algorithm):
    statement = f"IPv{network.family}, {algorithm}"
    traces, flow, probes = trace(check, network, server, statement, ["-a", algorithm])
    reports.check_traces(check, traces, [flow], network.truth(), statement, known_application=True,
                         algorithm=algorithm)
    check_polite(check, statement, probes)


def check_unknown(check, network, server):
    statement = f"IPv{network.family}, met in the middle"
    traces, flow, _ = trace(check, network, server, statement, [], late=True)
    algorithm = "hop-by-hop" if network.family == 4 else "concurrent"
    reports.check_traces(check, traces, [flow], network.truth(), statement, algorithm=algorithm)


def main(check):
    network = topologies.chain(routers=ROUTERS)
    network.family = int(sys.argv[1]) if len(sys.argv) > 1 else 4
    network.server.run(["tc", "qdisc", "add", "dev", network.server_interface, "root", "tbf", "rate", SLOW_LINK,
                        "burst", "16kb", "latency", "100ms"])
    server = udp_apps.QuicServer(network.server)
    before = network.server.udp_counters(network.family)
    for algorithm in ("concurrent", "hop-by-hop", "packet-by-packet"):
        check_known(check, network, server, algorithm)
    check_unknown(check, network, server)
    after = network.server.udp_counters(network.family)
    check.that(after["InDatagrams"] > before["InDatagrams"], "the server's kernel counts what it gets")
    check.equal(after["NoPorts"] - before["NoPorts"], 0, "and all of it had a receiver")
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "gtlsserver", "gtlsclient", "openssl"])
