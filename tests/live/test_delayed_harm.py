#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bulk transfers of the kernel's TCP over 20 ms and 50 Mb/s, traced as hard as st-inject can: no harm is done.

With and without SACK and timestamps, both ways, over both IP versions: the sender's kernel counts 0 retransmissions
with tracing as without, the stream arrives intact, and every hop is the scenario's. That this way of measuring can see
harm is shown by test_delayed_control.py.

usage: test_delayed_harm.py [cubic|bbr]
"""

import sys

import bulk
import checks
import delayed
import isolation
import reports
import tools

HOPS, ROUND_TRIP_MS = 4, 20
# More room than all windows together, so that untraced transfers lose nothing.
LINK = {1: "bandwidth = 50Mbit\nqueue = 8MB"}
WINDOW = "4096 131072 1000000"
WAYS = [(way, version) for way in ("down", "up") for version in (4, 6)]
UNTRACED_S, TRACED_S = 1.5, 4.0
PROBES = 10
# In a burst: what goes up to two hops beyond the destination leaves without a pause.
OPTIONS = ["-q", PROBES, "--inter-probe-time", "0ms", "--inter-iteration-time", "0ms", "--wait", "1s"]


def tcp_counters(node):
    """The namespace's counters of TCP, by name."""
    rows = []
    for path in ("/proc/net/snmp", "/proc/net/netstat"):
        rows += [line.split() for line in node.run(["cat", path]).stdout.splitlines()]
    return {name: int(value) for names, values in zip(rows[::2], rows[1::2]) if names[0] in ("Tcp:", "TcpExt:")
            for name, value in zip(names[1:], values[1:])}


def growth(before, after, name):
    return after[name] - before[name]


def run_transfers(network, server, congestion, seconds):
    running = [bulk.Transfer(network.client, server, network.server_address[version], way, seconds=seconds,
                             congestion=congestion) for way, version in WAYS]
    return [one.finish() for one in running]


def check_unharmed(check, outcomes, statement, wanted):
    """wanted: what must have been negotiated and used."""
    check.that(all(one.intact for one in outcomes), f"{statement}: every stream is intact")
    odd = [one.sender for one in outcomes if any(one.sender[name] != value for name, value in wanted.items())]
    check.that(not odd, f"{statement}: the connections are what they should be", str(odd))
    rates = [one.sender["mbit_per_s"] for one in outcomes]
    check.equal([one.sender["retransmissions"] for one in outcomes], [0] * len(outcomes),
                f"{statement}: 0 retransmissions by the senders' tcp_info, at {rates} Mb/s")


def check_combination(check, network, server, congestion, sack, timestamps):
    statement = f"{congestion}, SACK {'on' if sack else 'off'}, timestamps {'on' if timestamps else 'off'}"
    network.set_both("net.ipv4.tcp_sack", int(sack))
    network.set_both("net.ipv4.tcp_timestamps", int(timestamps))
    wanted = {"sack": sack, "timestamps": timestamps, "congestion": congestion}
    untraced = run_transfers(network, server, congestion, UNTRACED_S)
    check_unharmed(check, untraced, f"{statement}, untraced", wanted)
    before = {node: tcp_counters(node) for node in (network.client, network.server)}
    arrived = network.probes_at_server()
    live = tools.inject(network.client, "-i", network.client_interface, "-p", server.port, "--all",
                        "--count", len(WAYS), *OPTIONS)
    outcomes = run_transfers(network, server, congestion, TRACED_S)
    check.equal(live.wait(15), 0, f"{statement}: st-inject ends with 0")
    check_unharmed(check, outcomes, f"{statement}, traced", wanted)
    traces = reports.parse(live.stdout())
    reports.check_traces(check, traces, [one.flow for one in outcomes], network.truth(), statement, PROBES)
    check_counters(check, network, before, traces, statement)
    check_arrivals(check, network, arrived, traces, statement)


def check_arrivals(check, network, before, traces, statement):
    """What was sent farther than the routers did come to the server."""
    beyond = sum(hop["sent"] for trace in traces for hop in trace["hops"] if hop["ttl"] > HOPS)
    check.equal(network.probes_at_server() - before, beyond, f"{statement}: {beyond} probes came to the server")


def check_counters(check, network, before, traces, statement):
    """What the kernels of both ends counted while the transfers were traced."""
    for node, counted in before.items():
        now = tcp_counters(node)
        check.equal(growth(counted, now, "RetransSegs"), 0, f"{statement}: 0 RetransSegs on the {node.name}")
        check.equal(growth(counted, now, "TCPTimeouts"), 0, f"{statement}: 0 TCPTimeouts on the {node.name}")
        if node is network.client:
            replies = sum(trace["replies_received"] for trace in traces)
            check.equal(growth(counted, now, "OutOfWindowIcmps"), replies,
                        f"{statement}: the client's kernel ignores each of the {replies} Time Exceeded")


def available_congestion_controls():
    with open("/proc/sys/net/ipv4/tcp_available_congestion_control", encoding="ascii") as stream:
        return stream.read().split()


def main(check):
    congestion = sys.argv[1] if len(sys.argv) > 1 else "cubic"
    if congestion not in available_congestion_controls():
        isolation.skip(f"this kernel has no {congestion}")
    network = delayed.Network(delayed.even_path(HOPS, ROUND_TRIP_MS, LINK))
    network.set_both("net.ipv4.tcp_rmem", WINDOW)
    server = bulk.Server(network.server)
    for sack in (True, False):
        for timestamps in (True, False):
            check_combination(check, network, server, congestion, sack, timestamps)
    counters = network.remove()
    check.equal((counters["overflowed"], counters["to_far"]["refused"], counters["to_near"]["refused"]), (0, 0, 0),
                "the simulated network dropped nothing")


if __name__ == "__main__":
    checks.run(main)
