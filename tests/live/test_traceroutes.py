#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real traceroute programs, captured at the sender: st-replay finds the hops that the program itself printed.

Over a chain of routers, over one with a silent router in it, and over four branches by flow hash.
usage: test_traceroutes.py traceroute|mtr|scamper|others [4|6]
"""

import sys

import apps
import checks
import isolation
import recorded
import targets
import tools
import topologies
import traced
import tracers

RUNS = {"traceroute": tracers.TRACEROUTE, "mtr": tracers.MTR, "scamper": tracers.SCAMPER, "others": tracers.OTHERS}
# In the other networks the ways of sending matter that differ in what a router or a balancer sees.
SAMPLE = ("traceroute", "traceroute -U", "traceroute -I", "traceroute -T, closed", "traceroute -U --sport",
          "traceroute -q 5", "mtr", "mtr -u", "mtr -T, closed", "scamper udp", "scamper udp-paris",
          "scamper icmp-paris", "scamper tcp, open", "dublin-traceroute", "tcptraceroute, open", "tracepath", "tracert",
          "lft", "lft -u")
ROUTERS = 7
SILENT = 3


def candidates(network, family, sender):
    """[addresses of the routers that can stand at distance 1, 2, ...]: the interfaces towards the sender."""
    found, near, seen = [], [sender], {sender.name, network.server.name}
    while near:
        far = [(peer, node) for node in near for peer in
               (network.lab.nodes[name] for name in node.interfaces) if peer.name not in seen]
        seen.update(peer.name for peer, _ in far)
        if far:
            found.append({peer.address(node, family) for peer, node in far})
        near = list({peer.name: peer for peer, _ in far}.values())
    return found


def check_printed(check, network, family, verdicts):
    """The program saw the network as it is: else there is nothing to compare with."""
    known = candidates(network, family, network.client)
    for verdict in verdicts:
        hops = traced.hops_printed(verdict)
        wrong = {ttl: found for ttl, found in hops.items() if ttl <= len(known) and not found <= known[ttl - 1]}
        answered = sum(bool(found) for found in hops.values())
        check.that(not wrong and answered >= len(known) - 3,
                   f"{verdict.run.name}: the program prints the lab's routers", f"{wrong} {hops}")


def check_reports(check, verdicts, traces, addresses):
    for verdict in verdicts:
        faults = list(traced.faults_of(verdict))
        check.that(not faults, f"{verdict.run.name}: what it printed is what st-replay found", "; ".join(faults[:5]))
        if verdict.run.reader in ("probes", "tracepath", "tracert") and verdict.traces:
            check_round_trips(check, verdict)
    strangers = [(trace["flow"], traced.addresses_of([trace])) for trace in traces
                 if trace["flow"]["destination"] not in addresses]
    check.that(not strangers, "and no other trace", str(strangers[:3]))


def check_texts(check, verdicts, path):
    """The same as text: it reads like the program's own output, marks and all."""
    shown = recorded.read_text(path)
    for verdict in verdicts:
        if verdict.run.reader in ("probes", "tracepath", "tracert"):
            faults = list(traced.text_faults(verdict, shown.get(verdict.address)))
            check.that(not faults, f"{verdict.run.name}: and so is the text report", "; ".join(faults[:5]))


def check_round_trips(check, verdict):
    trips = traced.round_trips(verdict)
    short = [trip for trip in trips if trip[1] is None or trip[2] < trip[1] - traced.CLOSE_MS]
    check.that(trips and not short and traced.median_apart_ms(trips) <= traced.CLOSE_MS,
               f"{verdict.run.name}: the round trips are its own", str(short[:3] or trips[:3]))


def compare(check, network, offered, runs, family):
    session = recorded.Session(network, offered)
    for run in runs:
        session.run(run, family)
    session.stop()
    traces = recorded.read(check, session.paths["sender"], f"{len(runs)} runs")
    verdicts = session.verdicts(traces)
    check_printed(check, network, family, verdicts)
    check_reports(check, verdicts, traces, session.addresses)
    check_texts(check, verdicts, session.paths["sender"])


def offer(network, last):
    apps.EchoServer(network.server, tracers.OPEN_PORT)
    return targets.Targets(network, network.lab.nodes[last])


def main(check):
    name, family = sys.argv[1:] or ("traceroute", "4")
    family = int(family)
    runs = tracers.usable(RUNS[name], family)
    if not runs:
        isolation.skip(f"{name} does not run in a user namespace")
    few = [run for run in runs if run.name in SAMPLE]
    checks.section(f"{name}, IPv{family}, a chain of routers")
    network = topologies.chain(ROUTERS, watched=None)
    offered = offer(network, f"r{ROUTERS}")
    compare(check, network, offered, runs, family)
    checks.section(f"{name}, IPv{family}, router {SILENT} is silent")
    targets.silence(network.lab.nodes[f"r{SILENT}"])
    compare(check, network, offered, few, family)
    network.lab.remove()
    checks.section(f"{name}, IPv{family}, four branches")
    network = topologies.fan()
    compare(check, network, offer(network, "edge"), few, family)


if __name__ == "__main__":
    chosen = RUNS.get((sys.argv[1:] or ["traceroute"])[0], [])
    checks.run(main, [*tools.CAPTURING, *tracers.programs(chosen)])
