#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The negative control of the harm tests: probes that do harm must be seen to do it.

Over the link of test_delayed_harm.py, without SACK and timestamps, the paper's own probe (a copy of the flow's last ACK
with a window of its own) costs a download more than 50 retransmissions; the same bursts with `stale` numbers, and
st-inject itself in bursts, cost none. Into a reader that has stalled the paper's probe lets the server send beyond the
window (see test_delayed_window.py for ours).
"""

import time

import bulk
import checks
import delayed
import paper_probe
import reports
import test_delayed_harm as harm
import test_delayed_window as window
import tools

SECONDS = 4.5
SETTLED_S = 1.2
# A burst harms if enough of it meets the server between two ACKs. As a rule one of the first 12 bursts does, which
# together are what a trace of 3 probes sends to distances 5 to 32; a busy machine may be too slow, and tries again.
PROBES_A_BURST, BETWEEN_S, BURSTS_MIN = 7, 0.07, 3
ATTEMPTS = 3
HARM = 50


def download(network, server, version):
    return bulk.Transfer(network.client, server, network.server_address[version], "down", seconds=SECONDS,
                         congestion="cubic")


def retransmissions(node):
    """RetransSegs of the node's kernel, read without starting a program: every ms counts between two bursts."""
    with node.inside(), open("/proc/thread-self/net/snmp", encoding="ascii") as stream:
        names, values = [line.split() for line in stream if line.startswith("Tcp:")]
    return int(values[names.index("RetransSegs")])


def inject_bursts(network, server, version, kind):
    """Sends bursts into a download until harm is seen or it nears its end; returns (Outcome, bursts)."""
    running = download(network, server, version)
    injector = paper_probe.Injector(network.client, network.client_interface, running.flow())
    end = time.monotonic() + SECONDS - SETTLED_S / 2
    before, bursts = retransmissions(network.server), 0
    time.sleep(SETTLED_S)
    while time.monotonic() < end and retransmissions(network.server) - before <= HARM:
        injector.burst(kind, PROBES_A_BURST)
        bursts += 1
        time.sleep(BETWEEN_S)
    return running.finish(), bursts


def describe(outcome):
    sender = outcome.sender
    return (f"{sender['retransmissions']} retransmissions, lowest window {sender['lowest_cwnd']} packets, "
            f"{sender['mbit_per_s']} Mb/s")


def check_bursts(check, network, server, version):
    statement = f"IPv{version}"
    for _ in range(ATTEMPTS):
        arrived = network.probes_at_server()
        outcome, bursts = inject_bursts(network, server, version, paper_probe.exact)
        count = network.probes_at_server() - arrived
        check.equal(count, bursts * PROBES_A_BURST, f"{statement}: the paper's probes came to the server")
        if outcome.sender["retransmissions"] > HARM:
            break
    check.that(outcome.sender["retransmissions"] > HARM and not outcome.sender["sack"],
               f"{statement}: {count} copies of the last ACK do harm: {describe(outcome)}", f"wanted more than {HARM}")
    outcome, bursts = inject_bursts(network, server, version, paper_probe.stale)
    check.that(outcome.sender["retransmissions"] == 0 and bursts >= BURSTS_MIN,
               f"{statement}: {bursts * PROBES_A_BURST} with stale numbers do none: {describe(outcome)}")


def check_ours(check, network, server, version):
    """st-inject as it is, with no pause up to two hops beyond the destination."""
    statement = f"IPv{version}, st-inject"
    live = tools.inject(network.client, "-i", network.client_interface, "-H", network.server_address[version],
                        "--count", 1, *harm.OPTIONS)
    running = download(network, server, version)
    check.equal(live.wait(15), 0, f"{statement}: ends with 0")
    outcome = running.finish()
    check.that(outcome.intact, f"{statement}: the download is intact")
    check.equal(outcome.sender["retransmissions"], 0, f"{statement}: {describe(outcome)}")
    reports.check_traces(check, reports.parse(live.stdout()), [outcome.flow], network.truth(), statement, harm.PROBES)


def check_stalled(check, network, server, version):
    """The paper's window opens one that is closed."""
    def copies(running):
        injector = paper_probe.Injector(network.client, network.client_interface, running[0].flow())
        time.sleep(window.STALL_S / 2)
        injector.burst_at_last(paper_probe.exact, PROBES_A_BURST)
    (outcome, beyond), = window.run_readers(network, server, [(version, window.STALLED)], copies)
    check.that(outcome.intact and beyond > 0, f"IPv{version}: with copies, {beyond} packets go beyond a closed window")


def main(check):
    network = delayed.Network(delayed.even_path(harm.HOPS, harm.ROUND_TRIP_MS, harm.LINK))
    network.set_both("net.ipv4.tcp_rmem", harm.WINDOW)
    network.set_both("net.ipv4.tcp_sack", 0)
    # With timestamps Linux often notices that a retransmission was in vain, and is deaf to duplicate ACKs from then on:
    # 0 or 600 retransmissions, as it happens. And what it learns of one connection is not to change the next.
    network.set_both("net.ipv4.tcp_timestamps", 0)
    network.set_both("net.ipv4.tcp_no_metrics_save", 1)
    server = bulk.Server(network.server)
    for version in (4, 6):
        check_bursts(check, network, server, version)
        check_ours(check, network, server, version)
    check_stalled(check, network, server, 4)
    counters = network.remove()
    check.equal(counters["overflowed"], 0, "the simulated network dropped nothing")


if __name__ == "__main__":
    checks.run(main, tools.CAPTURING)
