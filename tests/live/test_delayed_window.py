#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Slow and stalled readers over 20 ms, as video players are: traced, the server never sends beyond their window.

What the client's own segments offered and what the server sent is read from a capture on the server's side.
test_delayed_control.py shows that the paper's probe does let it send more.
"""

import time

import bulk
import checks
import delayed
import reports
import segments
import test_delayed_harm as harm
import tools
from truth import PROBE_TTL_LIMIT, reverse

SMALL_WINDOW = "4096 131072 400000"
STALL_S = 4.0
SLOW_S, SLOW_KB_PER_S = 4.0, 400
_FIELDS = {"ttl4": "ip.ttl", "ttl6": "ipv6.hlim", "port": "tcp.srcport", "seq": "tcp.seq_raw", "ack": "tcp.ack_raw",
           "length": "tcp.len", "window": "tcp.window_size", "flags": "tcp.flags"}


def packets_beyond(path, flow):
    """Data packets of the server that end beyond all that the client's own segments had offered until then."""
    chosen = f"tcp.port == {flow.source_port} and not icmp and not icmpv6"
    rows = tools.tshark_rows(path, list(_FIELDS.values()), chosen, ["-o", "tcp.relative_sequence_numbers:FALSE"])
    edge, beyond, closed = None, 0, False
    for row in rows:
        row = {name: row[field] for name, field in _FIELDS.items()}
        number = {name: int(row[name] or 0, 0) for name in ("port", "seq", "ack", "length", "window", "flags")}
        if number["port"] == flow.source_port:
            if int(row["ttl4"] or row["ttl6"]) < PROBE_TTL_LIMIT or not number["flags"] & segments.ACK:
                continue
            offered = number["ack"] + number["window"]
            edge = offered if edge is None or segments.distance(offered, edge) > 0 else edge
            closed |= number["window"] == 0
        elif number["length"] and segments.distance(number["seq"] + number["length"], edge) > 0:
            beyond += 1
    return beyond, closed


def run_stalled(network, server, version, meanwhile, **options):
    """A download by a reader who stalls or is slow; returns (Outcome, packets beyond its window)."""
    options = options or {"seconds": 1.0, "stall": STALL_S}
    capture = tools.Capture(network.server, network.server_interface, "tcp", snap_bytes=128)
    running = bulk.Transfer(network.client, server, network.server_address[version], "down", **options)
    meanwhile(running)
    outcome = running.finish()
    beyond, closed = packets_beyond(capture.stop(), outcome.flow)
    if not closed:
        raise AssertionError("the reader's window never closed: nothing was tested")
    return outcome, beyond


def check_reader(check, network, server, version, statement, **options):
    before, seen = harm.tcp_counters(network.server), network.probes_at_server()
    live = tools.inject(network.client, "-i", network.client_interface, "-H", network.server_address[version],
                        "--count", 1, *harm.OPTIONS)
    outcome, beyond = run_stalled(network, server, version, lambda _: live.wait(15), **options)
    check.equal(live.wait(1), 0, f"{statement}: st-inject ends with 0")
    arrived = network.probes_at_server() - seen
    check.that(outcome.intact and arrived > 100, f"{statement}: intact, though {arrived} probes came to the server")
    check.equal(beyond, 0, f"{statement}: 0 packets beyond the window")
    after = harm.tcp_counters(network.server)
    counts = [harm.growth(before, after, name) for name in ("RetransSegs", "TCPTimeouts")]
    check.equal(counts, [0, 0], f"{statement}: 0 retransmissions and timeouts")
    reports.check_traces(check, reports.parse(live.stdout()), [outcome.flow], network.truth(), statement, harm.PROBES)


def main(check):
    network = delayed.Network(delayed.even_path(harm.HOPS, harm.ROUND_TRIP_MS, harm.LINK))
    network.set_both("net.ipv4.tcp_rmem", SMALL_WINDOW)
    # Else half of all stalled downloads, traced or not, have one tail loss probe: its timer and that of the reader's
    # delayed ACK are both 40 ms.
    network.server.set("net.ipv4.tcp_early_retrans", 0)
    server = bulk.Server(network.server)
    for sack in (1, 0):
        network.set_both("net.ipv4.tcp_sack", sack)
        for version in (4, 6):
            setting = f"IPv{version}, SACK {'on' if sack else 'off'}"
            check_reader(check, network, server, version, f"{setting}, stalled reader", seconds=1.0, stall=STALL_S)
            check_reader(check, network, server, version, f"{setting}, slow reader", seconds=SLOW_S,
                         pace=SLOW_KB_PER_S)
    network.remove()


if __name__ == "__main__":
    checks.run(main, tools.CAPTURING)
