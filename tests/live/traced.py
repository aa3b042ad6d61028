# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares what st-replay reads out of a capture with what the traceroute program itself printed.

Each judge takes a Verdict, which holds a run, its hops as printed.py read them and st-replay's traces to the run's
target, and yields what is wrong as texts. Leaves running both to recorded.py.
"""

import collections
import statistics

import printed
import tracers

_PROTOCOL_NAMES = {tracers.UDP: "udp", tracers.TCP: "tcp", tracers.SCTP: "sctp", tracers.UDPLITE: "136",
                   tracers.UNASSIGNED: "253"}
# Marks of traceroute(1); a port unreachable is how the destination answers, and has none.
_MARKS = {
    4: {(3, 0): "!N", (3, 1): "!H", (3, 2): "!P", (3, 3): "", (3, 4): "!F", (3, 5): "!S", (3, 13): "!X", (11, 0): "",
        (0, 0): ""},
    6: {(1, 0): "!N", (1, 1): "!X", (1, 3): "!H", (1, 4): "", (3, 0): "", (129, 0): "", (4, 1): "!P"},
}
CLOSE_MS = 1.0

Verdict = collections.namedtuple("Verdict", "run family address printed traces")


def protocol_name(run, family):
    if run.protocol == tracers.ICMP:
        return {4: "icmp", 6: "icmpv6"}[family]
    return _PROTOCOL_NAMES[run.protocol]


def to_address(traces, address):
    return [trace for trace in traces if trace["flow"]["destination"] == address]


def mark_of(reply, family):
    if reply["icmp_type"] is None:  # a TCP answer
        return ""
    kind = reply["icmp_type"], reply["icmp_code"]
    return _MARKS[family].get(kind, f"!<{kind[0]}-{kind[1]}>")


def addresses_of(traces):
    """{ttl: set of the addresses that answered}"""
    found = collections.defaultdict(set)
    for hop in (hop for trace in traces for hop in trace["hops"]):
        found[hop["ttl"]].update(reply["address"] for reply in hop["replies"])
    return dict(found)


def faults_of(verdict):
    """Everything in which the report departs from what was printed, as texts; empty is right."""
    run, traces = verdict.run, verdict.traces
    if not traces:
        return [f"no trace to {verdict.address}"]
    judge = JUDGES[run.reader][1]
    return [*judge(verdict), *_destination_faults(verdict), *_member_faults(verdict)]


def _member_faults(verdict):
    run = verdict.run
    for trace in verdict.traces:
        flow = trace["flow"]
        if trace["kind"] != "classic":
            yield f"kind {trace['kind']}"
        if flow["protocol"] != protocol_name(run, verdict.family):
            yield f"protocol {flow['protocol']}"
        # A trace of one hop has ports that vary nowhere.
        if len(trace["hops"]) > 1 and not run.ports.agree(flow["source_port"], flow["destination_port"]):
            if run.reader != "dublin":
                yield f"ports {flow['source_port']} > {flow['destination_port']}"
        if trace["probes_sent"] != sum(hop["sent"] for hop in trace["hops"]):
            yield f"{trace['probes_sent']} probes sent in all, not the hops' sum"
        ttls = [hop["ttl"] for hop in trace["hops"]]
        if ttls != sorted(set(ttls)):
            yield f"TTLs {ttls}"


def hops_printed(verdict):
    """Addresses by TTL, whatever else the program tells."""
    hops = verdict.printed
    if verdict.run.reader == "dublin":
        return {ttl: {answer.address for answer in answers if answer}
                for flow in hops.values() for ttl, answers in flow.items()}
    if verdict.run.reader == "scamper":
        hops = hops[0]
    if verdict.run.reader in ("mtr", "raw"):
        return {ttl: hop.addresses for ttl, hop in hops.items()}
    return {ttl: {answer.address for answer in answers if answer} for ttl, answers in hops.items()}


def _destination_faults(verdict):
    if verdict.run.reader in ("dublin", "hping3"):  # judged per flow; and hping3 goes on beyond its ladder
        return
    reached = [ttl for ttl, addresses in sorted(hops_printed(verdict).items()) if verdict.address in addresses]
    for trace in verdict.traces:
        said = trace["destination_reached"], trace["distance"]
        last = trace["hops"][-1]["ttl"] if verdict.run.cycles > 1 else None
        if reached and last is not None and last < reached[0]:
            continue  # one of several traces, that did not get so far
        if reached and said != (True, reached[0]):
            yield f"destination {said}, printed at {reached[0]}"
        if not reached and (trace["destination_reached"] is True or trace["distance"] is not None):
            yield f"destination {said}, printed nowhere"


def _beyond_faults(trace, last, allowed):
    """Programs send farther than they print: there only who answered last may answer."""
    for hop in trace["hops"]:
        if hop["ttl"] > last and not {reply["address"] for reply in hop["replies"]} <= allowed:
            yield f"TTL {hop['ttl']}, not printed: {hop['replies']}"


def _single(verdict):
    if len(verdict.traces) != 1:
        yield f"{len(verdict.traces)} traces"


def judge_probes(verdict):
    """Programs that print every probe: each is there, answered by whom and how it is printed."""
    yield from _single(verdict)
    trace = verdict.traces[0]
    hops = {hop["ttl"]: hop for hop in trace["hops"]}
    for ttl, answers in verdict.printed.items():
        if ttl not in hops:
            yield f"TTL {ttl} is missing"
            continue
        if hops[ttl]["sent"] != len(answers):
            yield f"TTL {ttl}: {hops[ttl]['sent']} sent, {len(answers)} printed"
        yield from _reply_faults(verdict, hops[ttl], answers)
    below = [ttl for ttl in hops if ttl < min(verdict.printed)]
    if below:
        yield f"TTLs {below} were not probed"
    last = max(verdict.printed)
    yield from _beyond_faults(trace, last, {answer.address for answer in verdict.printed[last] if answer})


def _reply_faults(verdict, hop, answers):
    replies = {reply["probe"]: reply for reply in hop["replies"]}
    if len(replies) != len(hop["replies"]):
        yield f"TTL {hop['ttl']}: replies to probes {[reply['probe'] for reply in hop['replies']]}"
    for number, answer in enumerate(answers, start=1):
        reply = replies.get(number)
        got = reply and (reply["address"], mark_of(reply, verdict.family))
        wanted = answer and (answer.address, answer.mark)
        if got != wanted:
            yield f"TTL {hop['ttl']} probe {number}: {got}, printed {wanted}"


def judge_answers(verdict):
    """scamper prints the answers, and how many probes it sent in all."""
    yield from _single(verdict)
    trace, (hops, count) = verdict.traces[0], verdict.printed
    found = {hop["ttl"]: collections.Counter(reply["address"] for reply in hop["replies"])
             for hop in trace["hops"] if hop["replies"]}
    wanted = {ttl: collections.Counter(answer.address for answer in answers) for ttl, answers in hops.items()}
    if found != wanted:
        yield f"answers {found}, printed {wanted}"
    if trace["probes_sent"] != count:
        yield f"{trace['probes_sent']} probes, printed {count}"


def judge_addresses(verdict):
    """Programs that print who answered, but not how often they asked."""
    if len(verdict.traces) > verdict.run.cycles:
        yield f"{len(verdict.traces)} traces"
    found = addresses_of(verdict.traces)
    wanted = hops_printed(verdict)
    seen = {ttl: found.get(ttl, set()) for ttl in wanted}
    if seen != wanted:
        yield f"addresses {seen}, printed {wanted}"
    last = max(wanted)
    for trace in verdict.traces:
        yield from _beyond_faults(trace, last, wanted[last] | {verdict.address})


def judge_mtr(verdict):
    """Its cycles are so many traces, as a TTL that begins again begins another; its report is all of them together."""
    found, hops = addresses_of(verdict.traces), verdict.printed
    whole = all(hop.answered == hop.sent for hop in hops.values())
    if not 1 <= len(verdict.traces) <= verdict.run.cycles or (whole and len(verdict.traces) < verdict.run.cycles):
        yield f"{len(verdict.traces)} traces of {verdict.run.cycles} cycles"
    # Its log also tells the probes that it sent beyond before it knew the distance; a report may end there.
    last = min((ttl for ttl, hop in hops.items() if verdict.address in hop.addresses), default=max(hops))
    for ttl, hop in hops.items():
        if ttl > last:
            continue
        of_all = [one for trace in verdict.traces for one in trace["hops"] if one["ttl"] == ttl]
        sent, answered = sum(one["sent"] for one in of_all), sum(len(one["replies"]) for one in of_all)
        if verdict.run.protocol == tracers.TCP and not answered:
            sent = min(sent, hop.sent)  # the kernel sends its SYN again, which mtr does not know
        if (found.get(ttl, set()), sent, answered) != (hop.addresses, hop.sent, hop.answered):
            yield f"TTL {ttl}: {(found.get(ttl), sent, answered)}, printed {tuple(hop[:3])}"
    for trace in verdict.traces:
        yield from _beyond_faults(trace, last, hops[last].addresses)


def judge_dublin(verdict):
    """A trace for each of its flows."""
    by_port = {trace["flow"]["destination_port"]: trace for trace in verdict.traces}
    if len(by_port) != len(verdict.traces) or by_port.keys() != verdict.printed.keys():
        yield f"destination ports {[trace['flow']['destination_port'] for trace in verdict.traces]}"
        return
    routers = collections.defaultdict(set)
    for hops in verdict.printed.values():
        for ttl, answers in hops.items():
            routers[ttl].update(answer.address for answer in answers if answer)
    reached = min((ttl for ttl, addresses in routers.items() if verdict.address in addresses), default=None)
    for port, hops in verdict.printed.items():
        trace, last = by_port[port], max(hops)
        found = {hop["ttl"]: [reply["address"] for reply in hop["replies"]] for hop in trace["hops"]}
        wanted = {ttl: [answer.address for answer in answers if answer] for ttl, answers in hops.items()}
        # It begins to listen a moment after its first probe; then its other flows tell who stands there.
        odd = {ttl: (found.get(ttl), addresses) for ttl, addresses in wanted.items()
               if found.get(ttl) != addresses and not (not addresses and set(found.get(ttl, [])) <= routers[ttl])}
        if odd:
            yield f"port {port}: found and printed {odd}"
        yield from _beyond_faults(trace, last, {verdict.address})
        if trace["distance"] != reached:
            yield f"port {port}: destination at {trace['distance']}, printed at {reached}"


# name of a reader -> (parser, judge)
JUDGES = {
    "probes": (printed.traceroute, judge_probes),
    "tracepath": (printed.tracepath, judge_probes),
    "tracert": (printed.tracert, judge_probes),
    "scamper": (printed.scamper, judge_answers),
    "lft": (printed.lft, judge_addresses),
    "nmap": (printed.nmap, judge_addresses),
    "hping3": (printed.hping3, judge_addresses),
    "mtr": (printed.mtr, judge_mtr),
    "raw": (printed.mtr_raw, judge_mtr),
    "dublin": (printed.dublin, judge_dublin),
}


def text_faults(verdict, shown):
    """shown: the run's hops in st-replay's text report, read like the program's own lines."""
    if shown is None:
        yield "no such report"
        return
    for ttl, answers in verdict.printed.items():
        wanted = [answer and (answer.address, answer.mark) for answer in answers]
        got = [answer and (answer.address, answer.mark) for answer in shown.get(ttl, [])]
        if got != wanted:
            yield f"TTL {ttl}: {got}, printed {wanted}"


def round_trips(verdict):
    """[(TTL, ours, printed)] in ms, of programs that print every probe."""
    hops = {hop["ttl"]: {reply["probe"]: reply for reply in hop["replies"]} for hop in verdict.traces[0]["hops"]}
    return [(ttl, hops[ttl][number]["rtt_ms"], answer.rtt_ms)
            for ttl, answers in verdict.printed.items() for number, answer in enumerate(answers, start=1)
            if answer and answer.rtt_ms is not None and number in hops.get(ttl, {})]


def median_apart_ms(trips):
    """By how much the printed times exceed the captured ones, as a rule (a busy machine makes some much longer)."""
    return statistics.median(abs(printed_ms - ours_ms) for _, ours_ms, printed_ms in trips)
