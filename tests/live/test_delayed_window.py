#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Slow and stalled readers over 20 ms, as video players are: traced, the server never sends beyond their window.

What the client's own segments offered and what the server sent is read from a capture on the server's side.
test_delayed_control.py shows that the paper's probe does let it send more.
"""

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
STALLED = {"seconds": 1.0, "stall": STALL_S}
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


def run_readers(network, server, downloads, meanwhile):
    """Downloads at once by readers who stall or are slow; returns [(Outcome, packets beyond its window)].

    downloads: [(version, options of bulk.Transfer)]; meanwhile: called with the running transfers.
    """
    capture = tools.Capture(network.server, network.server_interface, "tcp", snap_bytes=128)
    running = [bulk.Transfer(network.client, server, network.server_address[version], "down", **options)
               for version, options in downloads]
    meanwhile(running)
    outcomes = [one.finish() for one in running]
    path = capture.stop()
    found = [packets_beyond(path, one.flow) for one in outcomes]
    if not all(closed for _, closed in found):
        raise AssertionError("a reader's window never closed: nothing was tested")
    return [(outcome, beyond) for outcome, (beyond, _) in zip(outcomes, found)]


def check_readers(check, network, server, statement):
    kinds = {"stalled": STALLED, "slow": {"seconds": SLOW_S, "pace": SLOW_KB_PER_S}}
    downloads = [(version, options) for options in kinds.values() for version in (4, 6)]
    names = [f"{statement}, {name} reader, IPv{version}" for name in kinds for version in (4, 6)]
    before, seen = harm.tcp_counters(network.server), network.probes_at_server()
    live = tools.inject(network.client, "-i", network.client_interface, "-p", server.port, "--all",
                        "--count", len(downloads), *harm.OPTIONS)
    results = run_readers(network, server, downloads, lambda _: live.wait(15))
    check.equal(live.wait(1), 0, f"{statement}: st-inject ends with 0")
    traces = reports.parse(live.stdout())
    for name, (outcome, beyond) in zip(names, results):
        check.that(outcome.intact, f"{name}: the stream is intact")
        check.equal(beyond, 0, f"{name}: 0 packets beyond its window")
    after = harm.tcp_counters(network.server)
    counts = [harm.growth(before, after, name) for name in ("RetransSegs", "TCPTimeouts")]
    check.equal(counts, [0, 0], f"{statement}: 0 retransmissions and timeouts")
    reports.check_traces(check, traces, [one.flow for one, _ in results], network.truth(), statement, harm.PROBES)
    harm.check_arrivals(check, network, seen, traces, statement)


def main(check):
    network = delayed.Network(delayed.even_path(harm.HOPS, harm.ROUND_TRIP_MS, harm.LINK))
    network.set_both("net.ipv4.tcp_rmem", SMALL_WINDOW)
    # Else half of all stalled downloads, traced or not, have one tail loss probe: its timer and that of the reader's
    # delayed ACK are both 40 ms.
    network.server.set("net.ipv4.tcp_early_retrans", 0)
    server = bulk.Server(network.server)
    for sack in (1, 0):
        network.set_both("net.ipv4.tcp_sack", sack)
        check_readers(check, network, server, f"SACK {'on' if sack else 'off'}")
    network.remove()


if __name__ == "__main__":
    checks.run(main, tools.CAPTURING)
