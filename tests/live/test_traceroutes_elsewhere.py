#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The same traceroutes, captured elsewhere or in other words: what still can be known is still found.

On the sender's "any", at two interfaces at once, at a router in the middle; with every frame twice, in another order,
with a clock that steps, with nothing but the replies.
usage: test_traceroutes_elsewhere.py [4|6]
"""

import collections
import sys

import apps
import checks
import recorded
import rewritten
import targets
import tools
import topologies
import traced
import tracers

ROUTERS = 7
MIDDLE = 3  # routers that stand between the sender and the capture in the middle
WITHIN_MS = 50
STEPS_S = (10, -3, 3600, -3600)
ROUNDING_MS = 1e-5
ERRORS = "icmp.type == 3 or icmp.type == 11 or icmpv6.type in {1, 3}"
ICMP_ERRORS = (1, 3, 11)  # of both versions; no type means one thing here and another there
RUNS = tracers.named("traceroute", "traceroute -N 1", "traceroute -U --sport", "traceroute -I", "traceroute -T, open",
                     "mtr", "mtr -u", "scamper udp-paris", "dublin-traceroute", "tcptraceroute, closed", "tracert")
# Over IPv6 its probes are alike in every bit but the TTL, which routers do not quote as sent: only order tells which
# of them is meant.
ALIKE = {("traceroute -U --sport", 6)}
# All its probes bear one sequence number: which of them a RST answers, only order tells.
ALIKE_AT_THE_END = ("tcptraceroute, closed",)
STEPPED = tracers.named("traceroute -N 1", "traceroute -I", "scamper udp-paris")


def shape(traces, beyond=0):
    """What a set of traces tells, without times, as one value. beyond: distances count from this router on."""
    return collections.Counter(
        (trace["kind"], trace["flow"]["protocol"], trace["flow"]["source"], trace["flow"]["source_port"],
         trace["flow"]["destination_port"], trace["distance"] and trace["distance"] - beyond,
         tuple((hop["ttl"] - beyond, hop["sent"],
                tuple(sorted((reply["probe"], reply["address"]) for reply in hop["replies"])))
               for hop in trace["hops"] if hop["ttl"] > beyond))
        for trace in traces)


def answers(traces, last=255):
    """{(ttl, address): replies}"""
    return collections.Counter((hop["ttl"], reply["address"]) for trace in traces for hop in trace["hops"]
                               if hop["ttl"] <= last for reply in hop["replies"])


def sent(traces, last=255):
    found = collections.Counter()
    for hop in (hop for trace in traces for hop in trace["hops"]):
        if hop["ttl"] <= last:
            found[hop["ttl"]] += hop["sent"]
    return found


class Bench:
    """A session's runs, with what st-replay says of the sender's own capture."""

    def __init__(self, check, session, path):
        self.check = check
        self.addresses = session.addresses
        self.runs = [(run, address) for run, _, address, _ in session.done]
        self.alike = {address for run, family, address, _ in session.done if (run.name, family) in ALIKE}
        # A cycle is over when the next one begins; what comes later in the file than that is late.
        self.cyclic = {address for run, _, address, _ in session.done if run.cycles > 1}
        self.alike_at_the_end = {address for run, _, address, _ in session.done if run.name in ALIKE_AT_THE_END}
        self.plain = self.read(path, "the sender's")

    def read(self, path, statement):
        """{address: traces}"""
        traces = recorded.read(self.check, path, statement)
        found = {address: traced.to_address(traces, address) for _, address in self.runs}
        strangers = [trace["flow"] for trace in traces if trace["flow"]["destination"] not in self.addresses]
        self.check.that(not strangers, f"{statement}: no trace to anywhere else", str(strangers[:3]))
        return found

    def each(self, statement, other, agree, leave_out=frozenset()):
        """agree(traces of the sender's capture, traces of the other): what is wrong, or nothing."""
        for run, address in self.runs:
            if address in leave_out:
                continue
            wrong = agree(self.plain[address], other[address]) if self.plain[address] else "the sender's has none"
            self.check.that(not wrong, f"{statement}: {run.name}", str(wrong))


def differs(wanted, got):
    return "" if wanted == got else f"wanted {wanted - got}, got {got - wanted}"


def same(beyond=0):
    return lambda plain, other: differs(shape(plain, beyond), shape(other))


def round_trips_within(limit_ms):
    """The same shape, and round trips as long as the sender's or, seen nearer to the routers, shorter."""
    def agree(plain, other):
        ours, theirs = times(plain), times(other)
        far = {key: (value, theirs.get(key)) for key, value in ours.items()
               if theirs.get(key) is None or not -limit_ms <= value - theirs[key] <= limit_ms}
        return same()(plain, other) or (str(list(far.items())[:3]) if far else "")
    return agree


def times(traces):
    return {(number, hop["ttl"], reply["probe"]): reply["rtt_ms"]
            for number, trace in enumerate(sorted(traces, key=lambda trace: trace["start"]))
            for hop in trace["hops"] for reply in hop["replies"]}


def replies_only(plain, other):
    """One trace whose hops have no distance, one a router; who answered is known, and how often."""
    wanted = collections.Counter(
        reply["address"] for trace in plain for hop in trace["hops"] for reply in hop["replies"]
        if reply["icmp_type"] in ICMP_ERRORS)
    got = collections.Counter(reply["address"] for trace in other for hop in trace["hops"]
                              for reply in hop["replies"])
    if len(other) != 1:
        return f"{len(other)} traces"
    known = {other[0]["distance"], *(hop["ttl"] for hop in other[0]["hops"])}
    missing, surplus = wanted - got, got - wanted
    # Which of the destination's answers came from beyond its distance only the probes tell.
    strangers = {address for address in surplus if address != plain[0]["flow"]["destination"]}
    return str((missing, strangers) if missing or strangers else "") or ("" if known == {None} else f"distances {known}")


def same_answers(plain, other):
    """As far as the destination: what is beyond is told or not, as it comes before its answer or behind it."""
    last = plain[0]["distance"]
    return differs(answers(plain, last), answers(other, last)) or differs(sent(plain, last), sent(other, last))


def same_routers(plain, other):
    """The same without the destination."""
    last = plain[0]["distance"] - 1
    return differs(answers(plain, last), answers(other, last)) or differs(sent(plain, last), sent(other, last))


def all_but_one(plain, other):
    """Between the step's probe and its answer nothing is certain; all else is there, and nothing is invented."""
    missing, invented = answers(plain) - answers(other), answers(other) - answers(plain)
    if sum(missing.values()) > 1 or invented:
        return f"missing {missing}, invented {invented}"
    odd = [reply for trace in other for hop in trace["hops"] for reply in hop["replies"]
           if reply["rtt_ms"] is not None and reply["rtt_ms"] < 0]
    return f"negative round trips: {odd}" if odd else differs(sent(plain), sent(other))


def points_of(network):
    first, middle = network.lab.nodes["r1"], network.lab.nodes[f"r{MIDDLE}"]
    onward = middle.interface(network.lab.nodes[f"r{MIDDLE + 1}"]).name
    return {"sender": (network.client, network.client_interface), "any": (network.client, "any"),
            "first in": (first, first.interface(network.client).name),
            "first out": (first, first.interface(network.lab.nodes["r2"]).name),
            "middle": (middle, onward), "middle any": (middle, "any")}


def check_points(check, network, offered, family):
    session = recorded.Session(network, offered, points_of(network))
    for run in tracers.usable(RUNS, family):
        session.run(run, family)
    session.stop()
    paths = session.paths
    bench = Bench(check, session, paths["sender"])
    bench.each("on any", bench.read(paths["any"], "on any"), round_trips_within(0.5))
    beside = rewritten.merged("beside.pcap", paths["sender"], paths["first in"])
    bench.each("on both ends of a link", bench.read(beside, "on both ends of a link"), same())
    across = rewritten.merged("across.pcap", paths["sender"], paths["first out"])
    bench.each("before and behind a router", bench.read(across, "before and behind a router"), same())
    bench.each("in the middle", bench.read(paths["middle"], "in the middle"), same(MIDDLE))
    bench.each("on any in the middle", bench.read(paths["middle any"], "on any in the middle"), same(MIDDLE - 1))
    twice = rewritten.doubled(paths["sender"], 3)
    bench.each("every frame twice", bench.read(twice, "every frame twice"), round_trips_within(ROUNDING_MS))
    mixed = rewritten.shuffled(paths["sender"], WITHIN_MS)
    found = bench.read(mixed, "shuffled")
    bench.each("shuffled", found, same_answers,
               bench.alike | bench.alike_at_the_end | bench.cyclic)
    bench.each("shuffled, routers only", found, same_routers,
               bench.alike | bench.alike_at_the_end | bench.cyclic)
    errors = rewritten.chosen("errors.pcap", paths["sender"], ERRORS)
    bench.each("replies only", bench.read(errors, "replies only"), replies_only, bench.alike)


def check_steps(check, network, offered, family):
    for run in tracers.usable(STEPPED, family):
        session = recorded.Session(network, offered)
        session.run(run, family)
        session.stop()
        path = session.paths["sender"]
        bench = Bench(check, session, path)
        middle = len(rewritten.load(path)[1]) // 2
        for by_s in STEPS_S:
            for at in (middle, middle + 1):  # before a probe and before its answer
                statement = f"a step of {by_s} s"
                stepped = rewritten.stepped(path, at, by_s)
                bench.each(statement, bench.read(stepped, statement), all_but_one)


def main(check):
    family = int((sys.argv[1:] or ["4"])[0])
    checks.section(f"IPv{family}")
    network = topologies.chain(ROUTERS, watched=None)
    offered = targets.Targets(network, network.lab.nodes[f"r{ROUTERS}"])
    apps.EchoServer(network.server, tracers.OPEN_PORT)
    check_points(check, network, offered, family)
    check_steps(check, network, offered, family)


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "mergecap", *tracers.programs(RUNS)])
