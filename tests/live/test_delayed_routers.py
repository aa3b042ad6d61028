#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Routers as the Internet has them, simulated with delay, before the kernel's real TCP: the report is the scenario.

Label stacks, short quotes, silence, rate limits, translators, firewalls, TTLs counted strangely, lossy links, a path
that changes under --retrace. What must come out is written beside each scenario, per TTL.

usage: test_delayed_routers.py [answers|ways]
"""

import datetime
import sys

import apps
import checks
import delayed
import reports
import tools

HOPS, ROUND_TRIP_MS = 5, 24
MAX_TTL = 8
SECONDS = 2.0
VERSIONS = (4, 6)
LATE_MS = 60  # what a busy machine may add to a round trip; the simulated one is never shorter than it should be


class Bench:
    """One network a case; an echo over IPv4 and one over IPv6 are traced in it at once."""

    def __init__(self, check):
        self.check = check

    def trace(self, statement, keys, *options, extra="", gateway=False, seconds=SECONDS, ends_by_count=True):
        """Returns (scenario, {version: traces of its flow}, network's began)."""
        scenario = delayed.even_path(HOPS, ROUND_TRIP_MS, keys, extra)
        network = delayed.Network(scenario, gateway)
        apps.EchoServer(network.server)
        end = ["--count", len(VERSIONS)] if ends_by_count else []
        live = tools.inject(network.client, "-i", network.client_interface, "--all", "-p", apps.ECHO_PORT,
                            "-m", MAX_TTL, "--wait", "400ms", *end, *options)
        talks = {version: apps.Talk(network.client, network.server_address[version], seconds=seconds)
                 for version in VERSIONS}
        flows = {version: talk.flow() for version, talk in talks.items()}
        self.check.that(all([talk.finish() for talk in talks.values()]), f"{statement}: the data are intact")
        self.check.equal(live.wait(15) if ends_by_count else live.stop(), 0, f"{statement}: st-inject ends with 0")
        traces = reports.parse(live.stdout())
        reports.check_schema(self.check, traces)
        network.remove()
        found = {version: [one for one in traces if reports.flow_of(one) == flow] for version, flow in flows.items()}
        if ends_by_count:
            self.check.equal([len(one) for one in found.values()], [1, 1], f"{statement}: a trace of each flow")
        return scenario, found, network.began

    def expect(self, statement, traces, wanted, some=False):
        """wanted(version): {ttl: addresses of the replies}; silent TTLs are left out. some: a reply may be missing."""
        def seen(hops):
            return {ttl: set(found) for ttl, found in hops.items()} if some else hops
        for version in VERSIONS:
            for trace in traces[version]:
                self.check.equal(seen(reports.responders(trace)), seen(wanted(version)),
                                 f"{statement}: the hops, IPv{version}")

    def expect_delays(self, statement, scenario, traces):
        """Round trips are the scenario's, and never shorter."""
        odd = [(hop["ttl"], reply["rtt_ms"]) for found in traces.values() for trace in found for hop in trace["hops"]
               for reply in hop["replies"]
               if not 0 <= reply["rtt_ms"] - scenario.round_trip_ms(hop["ttl"]) < LATE_MS]
        self.check.equal(odd, [], f"{statement}: the round trips")


def replies(trace, ttl):
    return next(hop["replies"] for hop in trace["hops"] if hop["ttl"] == ttl)


def all_hops(scenario, version, probes=3, silent=(), changed=None):
    """{ttl: addresses}, as each router answers with its own address at its own distance."""
    routers = {**dict(enumerate(scenario.routers(version), start=1)), **(changed or {})}
    return {ttl: [address] * probes for ttl, address in routers.items() if ttl not in silent}


def check_plain(bench):
    scenario, traces, _ = bench.trace("plain", {})
    bench.expect("plain", traces, lambda version: all_hops(scenario, version))
    bench.expect_delays("plain", scenario, traces)


def check_gateway(bench):
    scenario, traces, _ = bench.trace("behind a kernel router", {}, gateway=True)
    bench.expect("behind a kernel router", traces, lambda version: {
        1: [delayed.GATEWAY[version]] * 3, **{ttl + 1: found for ttl, found in all_hops(scenario, version).items()}})


def check_labels(bench):
    keys = {2: "mpls = with-length\nlabel = 300416\nlabels = 3",
            4: "mpls = without-length\nlabel = 17\nquote-bytes = 8"}
    stacks = {2: [300416, 300417, 300418], 4: [17]}
    scenario, traces, _ = bench.trace("labels", keys)
    bench.expect("labels", traces, lambda version: all_hops(scenario, version))
    for version in VERSIONS:
        found = {hop["ttl"]: {tuple(label["label"] for label in reply.get("mpls", [])) for reply in hop["replies"]}
                 for trace in traces[version] for hop in trace["hops"] if hop["replies"]}
        wanted = {ttl: {tuple(stacks.get(ttl, ()))} for ttl in range(1, HOPS + 1)}
        bench.check.equal(found, wanted, f"labels: the stacks, IPv{version}")


def check_quotes(bench):
    keys = {1: "quote-bytes = 8", 2: "silent = true", 3: "quoted-ttl = 0\nquoted-tos = 0x48\nquote-bytes = 8",
            4: "quoted-ipid = swapped\nanswers-from-v4 = 10.7.7.7\nanswers-from-v6 = fd00:7::7", 5: "reply-ttl = 255"}
    other = {4: "10.7.7.7", 6: "fd00:7::7"}
    scenario, traces, _ = bench.trace("odd answers", keys)
    bench.expect("odd answers", traces,
                 lambda version: all_hops(scenario, version, silent=[2], changed={4: other[version]}))
    for version, (trace,) in traces.items():
        bench.check.equal([reply["quoted_ttl"] for reply in replies(trace, 3)], [0] * 3,
                          f"odd answers: a quoted TTL of 0, IPv{version}")
        bench.check.equal([reply["reply_ttl"] for reply in replies(trace, 5)], [255 - (HOPS - 1)] * 3,
                          f"odd answers: the reply's TTL, IPv{version}")


def check_limits(bench):
    """Linux's limit: a burst of six, then one a second. What is not answered is not invented."""
    scenario, traces, _ = bench.trace("rate limits", {1: "answer-rate = 1\nanswer-burst = 6"}, "-q", 9)
    bench.expect("rate limits", traces, lambda version: {
        **all_hops(scenario, version, probes=9), 1: [scenario.routers(version)[0]] * 6})


def check_translators(bench):
    for kind, notes in (("restoring", []), ("broken", [("nat", 3)])):
        scenario, traces, _ = bench.trace(f"{kind} translator", {2: f"nat = {kind}", 3: "quote-bytes = 8"})
        bench.expect(f"{kind} translator", traces, lambda version, scenario=scenario: all_hops(scenario, version))
        for version in VERSIONS:
            said = [(note["kind"], note["ttl"]) for trace in traces[version] for note in trace["notes"]]
            bench.check.equal(said, notes, f"{kind} translator: notes, IPv{version}")


def check_firewalls(bench):
    # Its own answer is not hindered by the first; the second has dropped the probe before its TTL could end.
    for kind, options, silent in (("icmp-errors", [], [4, 5]), ("old-segments", [], [3, 4, 5]),
                                  ("old-segments", ["--tcp-probe", "exact"], [])):
        statement = f"a firewall that drops {kind}" + (", exact probes" if options else "")
        scenario, traces, _ = bench.trace(statement, {3: f"drop = {kind}"}, *options, seconds=8 if options else SECONDS)
        # Data that leave just before an exact probe, copied from what was before them, make an old segment of it.
        bench.expect(statement, traces,
                     lambda version, scenario=scenario, silent=silent: all_hops(scenario, version, silent=silent),
                     some=bool(options))


def check_counting(bench):
    keys = {2: "decrement = 0", 3: "forwards-zero = true"}
    scenario, traces, _ = bench.trace("strange counting", keys)

    def wanted(version):
        routers = scenario.routers(version)
        return {ttl: [routers[index]] * 3 for ttl, index in ((1, 0), (2, 3), (3, 3), (4, 4))}
    bench.expect("strange counting", traces, wanted)
    for version, (trace,) in traces.items():
        found = [[reply["quoted_ttl"] for reply in replies(trace, ttl)] for ttl in (2, 3)]
        bench.check.equal(found, [[0] * 3, [1] * 3], f"strange counting: the quoted TTLs, IPv{version}")


def check_links(bench):
    """TCP repeats itself, packets overtake each other; what is found is still right, and each reply is counted once."""
    keys = {1: "jitter = 2ms", 2: "loss = 0.03\nreorder = 0.1\nreorder-delay = 3ms", 4: "duplicate = 0.2\nloss = 0.03"}
    scenario, traces, _ = bench.trace("bad links", keys, "-q", 5, seconds=3)
    bench.expect("bad links", traces, lambda version: all_hops(scenario, version), some=True)
    for version in VERSIONS:
        for trace in traces[version]:
            bench.check.that(all(len({reply["probe"] for reply in hop["replies"]}) == len(hop["replies"]) <= 5
                                 for hop in trace["hops"]), f"bad links: a reply a probe at most, IPv{version}")


def check_change(bench):
    at_s, new = 4.0, {4: "10.22.0.1", 6: "fd00:22::1"}
    change = f"[change 1]\nat = {at_s}s\nhop = 2\nv4 = {new[4]}\nv6 = {new[6]}\ndelay = 8ms"
    scenario, traces, began = bench.trace("path change", {}, "--retrace", "700ms", extra=change, seconds=7,
                                          ends_by_count=False)
    for version in VERSIONS:
        whole = [trace for trace in traces[version] if trace["stop_reason"] == "max-ttl"]
        before = [one for one in whole if moment(one["end"]) < began[0] + at_s]
        after = [one for one in whole if moment(one["start"]) > began[1] + at_s]
        bench.check.that(before and after and len(before) + len(after) >= len(whole) - 1,
                         f"path change: traced {len(before)} times before and {len(after)} after it, IPv{version}")
        for some, changed, when in ((before, {}, "before"), (after, {2: new[version]}, "after")):
            wanted = all_hops(scenario, version, changed=changed)
            odd = [reports.responders(one) for one in some if reports.responders(one) != wanted]
            bench.check.equal(odd, [], f"path change: all hops {when} it, IPv{version}")


def moment(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


PARTS = {
    "answers": (check_plain, check_gateway, check_labels, check_quotes, check_limits, check_counting),
    "ways": (check_translators, check_firewalls, check_links, check_change),
}


def main(check):
    bench = Bench(check)
    chosen = sys.argv[1:] or PARTS
    for part in (part for name in chosen for part in PARTS[name]):
        checks.section(part.__name__.removeprefix("check_"))
        part(bench)


if __name__ == "__main__":
    checks.run(main)
