#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real traceroute programs over a path with delay and labels: what they print of round trips and MPLS stacks is found.

The routers are simulated (testdata/scenarios/README.md), the destination is the kernel's.
usage: test_delayed_traceroutes.py [4|6]
"""

import collections
import sys

import apps
import checks
import delayed
import recorded
import targets
import tools
import traced
import tracers

HOPS, ROUND_TRIP_MS = 5, 60
KEYS = {2: "mpls = with-length\nlabel = 300416\nlabels = 3", 3: "quote-bytes = 8",
        4: "mpls = without-length\nlabel = 17"}
STACKS = {2: [300416, 300417, 300418], 4: [17]}
SILENT = 5
SHARE_CLOSE = 0.75  # of the round trips; where a busy machine halts a program, it comes late to all on their way
RUNS = tracers.LABELS + tracers.named(
    "traceroute -N 1", "traceroute -T, open", "traceroute -U --sport", "scamper udp-paris", "scamper icmp-paris",
    "tcptraceroute, closed", "tracepath", "tracert")


class OneTarget:
    """All runs go to the same place."""

    def __init__(self, addresses):
        self._addresses = addresses

    def next(self, _kind, family):
        return self._addresses[family]


def labels_of(trace):
    """{ttl: stacks of its replies}"""
    found = {hop["ttl"]: {tuple(tuple(label[name] for name in ("label", "tc", "s", "ttl")) for label in reply["mpls"])
                          for reply in hop["replies"] if reply.get("mpls")} for hop in trace["hops"]}
    return {ttl: stacks for ttl, stacks in found.items() if stacks}


def printed_labels(verdict):
    if verdict.run.reader == "raw":
        found = {ttl: hop.stacks for ttl, hop in verdict.printed.items()}
    else:
        found = {ttl: {answer.labels for answer in answers if answer and answer.labels}
                 for ttl, answers in verdict.printed.items()}
    return {ttl: stacks for ttl, stacks in found.items() if stacks}


def check_labels(check, verdict):
    for trace in verdict.traces:
        found = labels_of(trace)
        check.equal({ttl: [[label[0] for label in stack] for stack in stacks] for ttl, stacks in found.items()},
                    {ttl: [stack] for ttl, stack in STACKS.items()}, f"{verdict.run.name}: the stacks are the path's")
        if verdict.run in tracers.LABELS:
            check.equal(found, printed_labels(verdict), f"{verdict.run.name}: and what it printed")


def printed_times(verdict):
    """[(TTL, ours, printed)] of programs that tell the time of each answer."""
    if verdict.run.reader in ("probes", "tracepath", "tracert"):
        return traced.round_trips(verdict)
    if verdict.run.reader == "scamper":
        told = {ttl: [answer.rtt_ms for answer in answers] for ttl, answers in verdict.printed[0].items()}
    elif verdict.run.reader == "raw":
        told = {ttl: [time for time in hop.times if time is not None] for ttl, hop in verdict.printed.items()}
    else:
        return []
    ours = collections.defaultdict(list)
    for trace in sorted(verdict.traces, key=lambda trace: trace["start"]):
        for hop in trace["hops"]:
            ours[hop["ttl"]] += [reply["rtt_ms"] for reply in hop["replies"]]
    return [(ttl, *pair) for ttl, times in told.items() if ttl in ours  # mtr's log goes on beyond the destination
            for pair in zip(ours[ttl], times, strict=True)]


def check_times(check, scenario, verdict):
    trips = printed_times(verdict)
    close = [trip for trip in trips if abs(trip[1] - trip[2]) <= traced.CLOSE_MS]
    early = [trip for trip in trips if trip[1] < scenario.round_trip_ms(trip[0])]
    check.that(len(close) >= min(SHARE_CLOSE * len(trips), len(trips) - 1) and not early,
               f"{verdict.run.name}: {len(trips)} round trips are its own and the path's",
               f"{[trip for trip in trips if trip not in close][:4]} {early[:4]}")


def trace_one(check, network, run, family):
    """Each run has a capture of its own, as all go to one address."""
    session = recorded.Session(network, OneTarget(network.server_address))
    session.run(run, family)
    session.stop()
    verdict, = session.verdicts(recorded.read(check, session.paths["sender"], run.name))
    faults = traced.faults_of(verdict)
    check.that(not faults, f"{run.name}: what it printed is what st-replay found", "; ".join(faults[:5]))
    if not faults:
        check_labels(check, verdict)
        check_times(check, network.scenario, verdict)


def main(check):
    family = int((sys.argv[1:] or ["4"])[0])
    checks.section(f"IPv{family}")
    keys = {**KEYS, SILENT: "silent = true"}
    network = delayed.Network(delayed.even_path(HOPS, ROUND_TRIP_MS, keys))
    targets.unlimited_answers(network.server)
    apps.EchoServer(network.server, tracers.OPEN_PORT)
    for run in tracers.usable(RUNS, family):
        trace_one(check, network, run, family)


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, *tracers.programs(RUNS)])
