#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What ends a trace and what ends the program: each stop reason and each bound, with exit code and summary."""

import fcntl
import os
import signal
import time

import apps
import checks
import reports
import tools
import topologies

ROUTERS = 7
SLOW = ["-a", "packet-by-packet", "-q", "10", "--inter-probe-time", "50ms", "--inter-iteration-time", "50ms"]
_PIPE_BYTES = 4096  # the least that there is
_MUTE = """
table inet mute {
	chain output {
		type filter hook output priority 0; policy accept;
		meta l4proto { 1, 58 } drop
	}
}
"""


class Bench:
    """One lab for all cases; each case is one run of st-inject on fresh flows."""

    def __init__(self, check):
        self.check = check
        self.network = topologies.chain(routers=ROUTERS)
        apps.EchoServer(self.network.server)

    def start(self, *arguments, family=4):
        return tools.inject(self.network.client, "-i", self.network.client_interface, "-H",
                            self.network.server_address[family], "--wait", "200ms", *arguments)

    def talk(self, family=4, **options):
        return apps.Talk(self.network.client, self.network.server_address[family], **options)

    def trace_one(self, statement, *arguments, family=4, seconds=1.5):
        """Runs until one trace is done; returns (trace or None, the truth's addresses)."""
        live = self.start("--count", 1, "--duration", "10s", *arguments, family=family)
        talk = self.talk(family, seconds=seconds)
        flow = talk.flow()
        self.ended(live, statement)
        self.check.that(talk.finish(), f"{statement}: the application's data are intact")
        traces = reports.parse(live.stdout())
        self.check.equal([reports.flow_of(one) for one in traces], [flow], f"{statement}: one trace of the flow")
        return (traces or [None])[0], self.network.truth().addresses(flow)

    def ended(self, live, statement, timeout=15):
        self.check.equal(live.wait(timeout), 0, f"{statement}: exit code 0")
        lines = live.stderr().splitlines()
        self.check.that(len(lines) == 1, f"{statement}: a one-line summary on standard error", repr(live.stderr()))

    def expect(self, statement, trace, hops, reason, silent=()):
        """The trace has exactly these hops ({ttl: address}, silent TTLs beside them) and this stop reason."""
        if trace is None:
            return
        wanted = {ttl: [address] * 3 for ttl, address in hops.items()}
        self.check.equal(reports.responders(trace), wanted, f"{statement}: the right hops")
        self.check.equal([hop["ttl"] for hop in trace["hops"]], sorted([*hops, *silent]),
                         f"{statement}: every TTL probed, no other")
        self.check.equal(trace["stop_reason"], reason, f"{statement}: stop reason")


def numbered(addresses, first, last):
    return {ttl: addresses[ttl - 1] for ttl in range(first, last + 1)}


def check_border(bench):
    cases = [("concurrent", 4, "{}"), ("hop-by-hop", 6, "{}"), ("packet-by-packet", 4, "{}/32"),
             ("concurrent", 6, "{}/128")]
    for algorithm, family, form in cases:
        statement = f"--border, {algorithm}, IPv{family}"
        border = bench.network.lab.nodes["r4"].address(bench.network.lab.nodes["r3"], family)
        trace, truth = bench.trace_one(statement, "-a", algorithm, "--border", "192.0.2.0/24",
                                       "--border", form.format(border), family=family)
        bench.expect(statement, trace, numbered(truth, 1, 4), "border")


def check_missing(bench):
    mute = bench.network.lab.nodes["r5"]
    mute.nft(_MUTE)
    for algorithm in ("hop-by-hop", "packet-by-packet"):
        statement = f"--max-missing 1 before a silent router, {algorithm}"
        trace, truth = bench.trace_one(statement, "-a", algorithm, "--max-missing", 1)
        bench.expect(statement, trace, numbered(truth, 1, 4), "missing-hops", silent=[5])
    statement = "--max-missing 0 goes past a silent router"
    trace, truth = bench.trace_one(statement, "-a", "hop-by-hop", "--max-missing", 0, "-m", 7, family=6)
    hops = {ttl: address for ttl, address in numbered(truth, 1, 7).items() if ttl != 5}
    bench.expect(statement, trace, hops, "max-ttl", silent=[5])
    statement = "a silent router, concurrent"
    trace, truth = bench.trace_one(statement, "-m", 9)
    hops = {ttl: address for ttl, address in numbered(truth, 1, 7).items() if ttl != 5}
    bench.expect(statement, trace, hops, "max-ttl", silent=[5, 8, 9])
    mute.run(["nft", "delete", "table", "inet", "mute"])


def check_distances(bench):
    for algorithm in ("concurrent", "hop-by-hop"):
        statement = f"-f 3 -m 5, {algorithm}"
        trace, truth = bench.trace_one(statement, "-f", 3, "-m", 5, "-a", algorithm, seconds=1.5)
        bench.expect(statement, trace, numbered(truth, 3, 5), "max-ttl")
        if trace:
            bench.check.equal((trace["first_ttl"], trace["max_ttl"]), (3, 5), f"{statement}: the report says so")


def check_count(bench):
    live = bench.start("--count", 2, "-m", 8)
    talks = [bench.talk(seconds=2.0) for _ in range(5)]
    bench.ended(live, "--count 2 of 5 flows")
    bench.check.equal(len(reports.parse(live.stdout())), 2, "--count 2: two traces")
    bench.check.that(all([talk.finish() for talk in talks]), "--count 2: all data are intact")


def check_times(bench):
    began = time.monotonic()
    live = bench.start("--duration", "1500ms")
    talk = bench.talk(seconds=2.0)
    bench.ended(live, "--duration 1500ms")
    lasted = time.monotonic() - began
    bench.check.that(1.4 < lasted < 3.0, f"--duration: it ran {lasted:.2f} s")
    talk.finish()
    began = time.monotonic()
    live = bench.start("--idle", "1s", "-m", 8)
    talk = bench.talk(seconds=2.0)
    bench.ended(live, "--idle 1s")
    lasted = time.monotonic() - began
    bench.check.that(2.9 < lasted < 6.0, f"--idle: it outlived the flow of 2 s and ended after {lasted:.2f} s")
    bench.check.that(talk.finish() and len(reports.parse(live.stdout())) == 1, "--idle: the flow was traced")


def check_signals(bench):
    for number in (signal.SIGINT, signal.SIGTERM):
        live = bench.start(*SLOW)
        talk = bench.talk(seconds=2.5)
        flow = talk.flow()
        time.sleep(1.2)
        live.send_signal(number)
        bench.ended(live, number.name, timeout=3)
        traces = reports.parse(live.stdout())
        bench.check.equal([(reports.flow_of(one), one["stop_reason"]) for one in traces], [(flow, "interrupted")],
                          f"{number.name}: the open trace is reported as interrupted")
        hops = [hop for one in traces for hop in one["hops"]]
        wanted = bench.network.truth().addresses(flow)
        good = hops and all(reply["address"] == wanted[hop["ttl"] - 1] for hop in hops for reply in hop["replies"])
        bench.check.that(good, f"{number.name}: with {len(hops)} hops so far, all right")
        talk.finish()


def check_reader_stalls(bench):
    """Who is to read the capture does not: st-inject waits in the middle of writing, and a second signal ends it."""
    path = tools.scratch("stalled")
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
    live = bench.start("-w", path)
    talk = bench.talk(seconds=3.0)
    time.sleep(2.0)
    live.send_signal(signal.SIGTERM)
    time.sleep(0.5)
    bench.check.that(live.running(), "nobody reads: the first signal has to wait")
    live.send_signal(signal.SIGTERM)
    bench.check.equal(live.wait(3), -signal.SIGTERM, "nobody reads: the second one ends it")
    os.close(reader)
    talk.finish()


def check_flow_closed(bench):
    for family in (4, 6):
        statement = f"a flow that closes in mid-trace, IPv{family}"
        trace, truth = bench.trace_one(statement, *SLOW, seconds=1.2, family=family)
        if trace:
            bench.check.equal(trace["stop_reason"], "flow-closed", f"{statement}: stop reason")
            answers = reports.responders(trace)
            bench.check.that(answers and all(set(found) == {truth[ttl - 1]} for ttl, found in answers.items()),
                             f"{statement}: {len(answers)} hops so far, all right")


def check_max_flows(bench):
    live = bench.start("--max-flows", 1, "--duration", "4s", "-m", 8)
    talks = [bench.talk(seconds=3.5) for _ in range(4)]
    flows = [talk.flow() for talk in talks]
    bench.ended(live, "--max-flows 1")
    traces = sorted(reports.parse(live.stdout()), key=lambda one: one["start"])
    bench.check.that(traces and all(reports.flow_of(one) in flows for one in traces),
                     f"--max-flows 1: {len(traces)} of 4 flows traced")
    bench.check.that(all(one["end"] <= other["start"] for one, other in zip(traces, traces[1:])),
                     "--max-flows 1: never two at once", str([(one["start"], one["end"]) for one in traces]))
    bench.check.that(all([talk.finish() for talk in talks]), "--max-flows 1: all data are intact")


def main(check):
    bench = Bench(check)
    for part in (check_border, check_missing, check_distances, check_count, check_times, check_signals,
                 check_reader_stalls, check_flow_closed, check_max_flows):
        checks.section(part.__name__.removeprefix("check_"))
        part(bench)
    check.equal(bench.network.invalid(), 0, "connection tracking calls no packet INVALID")


if __name__ == "__main__":
    checks.run(main)
