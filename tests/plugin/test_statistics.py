#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin's statistics of every capture are what st-replay reports of it: the hops as text, the table, the tree, and
what tshark makes of st.rtt_ms; in one pass and in two, and in sharkd, with filters and without.
The conversation filter is that of the frame's flow.

Usage: test_statistics.py made | real | simulated, as test_fields.py.
"""

import collections
import decimal
import json
import re
import shutil
import sys

import annotations
import shark as sharks
import statistics_report as reports
import test_fields

sys.path.insert(0, str(sharks.SOURCE / "bench"))
sys.path.insert(0, str(sharks.SOURCE / "tests" / "replay"))
import made_captures  # noqa: E402  pylint: disable=wrong-import-position
import harness  # noqa: E402  pylint: disable=wrong-import-position

PASSES = {"one pass": (), "two passes": ("-2",)}
KINDS = ("hops, one pass", "hops, two passes", "table, one pass", "table, two passes", "table of sharkd",
         "tree of sharkd", "tree, one pass and two",
         "filtered hops", "filtered table", "filtered tree")
FILTERED_MAX = 2  # traces of a capture that are asked for one by one
TIME_LIMIT_S = 60
# io,stat of 4.0 adds doubles to memory that it has not cleared: with these, malloc() gives memory that is.
ZEROES = {"MALLOC_PERTURB_": 255, "GLIBC_TUNABLES": "glibc.malloc.tcache_count=0"}
MANY, CHILDREN_MAX = 1500, 1001  # flows with a trace; children of a node of the tree


def _moment(row):
    """When a reply came; of two at the same time the later probe's counts as later."""
    return decimal.Decimal(row[1]), int(row[6] or 0)


class Comparison:
    """Collects what differs, capture by capture."""

    def __init__(self, shark, sharkd):
        self.shark, self.sharkd = shark, sharkd
        self.faults = collections.defaultdict(list)
        self.counted = collections.Counter()

    def capture(self, path):
        done = harness.report(path, timeout=TIME_LIMIT_S)
        if done.returncode not in (harness.OK, harness.FAILED):
            raise RuntimeError(f"st-replay on {path}: exit {done.returncode}: {done.stderr}")
        traces = [json.loads(line) for line in done.stdout.splitlines()]
        loaded = traces and self.sharkd.request({"method": "load", "params": {"file": str(self.shark.file(path))}})
        if not loaded or "result" not in loaded:
            return
        self.counted["captures"] += 1
        self.counted["traces"] += len(traces)
        last_ms, sent = self._seen(path)
        wanted = reports.reported_rows(traces, last_ms)
        shown = {name: self._all_three(path, extra) for name, extra in PASSES.items()}
        self._hops(path, shown)
        self._table(path, shown, wanted)
        self._tree(path, shown, reports.reported_counts(traces, sent))
        if len(traces) > 1:
            for trace in [trace for trace in traces if trace["replies_received"]][:FILTERED_MAX]:
                self._filtered(path, trace, wanted, shown["two passes"])

    def _note(self, kind, path, faults):
        self.faults[kind] += [f"{path.name}: {fault}" for fault in faults]

    def statistics(self, path, what, extra=(), **options):
        """What tshark prints of one of its statistics."""
        done = self.shark.tshark(*extra, "-r", self.shark.file(path), "-q", "-z", what, **options)
        return done.stdout

    def _all_three(self, path, extra, condition=""):
        """All of ours in one run."""
        chosen = f",{condition}" if condition else ""
        what = [word for name in ("hops", "table", "tree") for word in ("-z", f"st,{name}{chosen}")]
        return reports.parts(self.shark.tshark(*extra, "-r", self.shark.file(path), "-q", *what).stdout)

    def _seen(self, path):
        """The RTT of the latest reply of each router of each hop, and how many probes each hop has in the capture."""
        names = ["st.probe", "frame.time_epoch", "st.trace", "st.hop", "st.router", "st.rtt_ms", "st.probe.index"]
        rows = self.shark.fields(path, "st.probe || st.rtt", names, ("-2",))
        probes = [row for row in rows if row[0]]
        sent = collections.Counter((int(trace), int(hop)) for row in probes
                                   for trace, hop in zip(*map(annotations.values, row[2:4])))
        replies = sorted((row for row in rows if not row[0]), key=_moment)
        last_ms = {(int(row[2]), int(row[3]) if row[3] else None, row[4]): float(row[5]) for row in replies}
        return last_ms, sent

    def _hops(self, path, shown):
        done = harness.replay("-o", "text", "--quiet", path, timeout=TIME_LIMIT_S)
        wanted = collections.Counter(reports.texts(done.stdout))
        for name, parts in shown.items():
            texts = collections.Counter(reports.texts(parts["hops"]))
            self._note(f"hops, {name}", path, [f"missing: {text}" for text in (wanted - texts).elements()])
            self._note(f"hops, {name}", path, [f"invented: {text}" for text in (texts - wanted).elements()])

    def _table(self, path, shown, wanted):
        self.counted["rows"] += len(wanted)
        for name, parts in shown.items():
            self._note(f"table, {name}", path, reports.row_differences(reports.printed_rows(parts["table"]), wanted))
        rows = reports.answered_rows(self._tap("nstat:st,table"))
        self._note("table of sharkd", path, reports.row_differences(rows, wanted))

    def _tap(self, name):
        return self.sharkd.ask("tap", tap0=name)["taps"][0]

    def _tree(self, path, shown, wanted):
        self.counted["nodes"] += len(wanted)
        counts = reports.tree_counts(self._tap("stat:st")["stats"])
        self._note("tree of sharkd", path, reports.count_differences(counts, wanted))
        once, twice = (set(reports.printed_nodes(parts["tree"])) for parts in shown.values())
        self._note("tree, one pass and two", path, sorted(once ^ twice))

    def _filtered(self, path, trace, wanted, unfiltered):
        """The answered hops of one trace."""
        number = trace["trace"]
        parts = self._all_three(path, ("-2",), f"st.trace == {number} && st.reply")
        self.counted["filtered"] += 1
        if reports.texts(parts["hops"]) != [reports.texts(unfiltered["hops"])[number - 1]]:
            self._note("filtered hops", path, [f"trace {number}: {parts['hops']}"])
        rows = [row for row in wanted if row.trace == number and row.answered]
        self._note("filtered table", path, reports.row_differences(reports.printed_rows(parts["table"]), rows))
        counts = reports.printed_counts(parts["tree"])
        if counts != {number: trace["replies_received"]}:
            self._note("filtered tree", path, [f"trace {number}: {counts}, not {trace['replies_received']}"])

    def report(self, check):
        """One line a kind of fault."""
        print(f"        {dict(self.counted)}")
        for kind in KINDS:
            check.none(self.faults[kind], f"{kind}: st-replay's")


def check_frames(check, comparison, path):
    """A frame that is a probe selects its trace and, in the table, its hop, also where it proves to be one later."""
    rows = comparison.shark.fields(path, "st.probe", ["frame.number", "st.hop"], ("-2",))
    number, hop = rows[0]
    condition = f"frame.number == {number}"
    text = comparison.statistics(path, f"st,hops,{condition}")
    check.equal(len(reports.texts(text)), 1, f"{path.name}: probe {number} selects its trace in one pass")
    shown = reports.printed_rows(comparison.statistics(path, f"st,table,{condition}", ("-2",)))
    check.equal({row.hop for row in shown}, {int(hop)}, f"{path.name}: and its hop, {hop}, in the table")
    nothing = comparison.statistics(path, "st,hops,st.hop == 250")
    check.equal(nothing, "", f"{path.name}: a filter that no frame passes selects nothing")


def check_bad_arguments(check, shark, path):
    """One line about what is wrong, and nothing else."""
    for argument in ("st,hopsx", "st,hops,no such filter", "st,table,no such filter"):
        done = shark.tshark("-r", shark.file(path), "-q", "-z", argument, quiet=False)
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        check.that(len(lines) == 1 and lines[0].startswith("tshark: ") and not done.stdout.strip(),
                   f"-z {argument}: one line of complaint", f"{done.stdout[:200]!r} {lines}")


def check_own_statistics(check, comparison, path):
    """tshark's io,stat averages st.rtt_ms of each hop to what the report says."""
    traces = [json.loads(line) for line in harness.report(path).stdout.splitlines()]
    hops = [(trace["trace"], hop["ttl"], hop["rtt"]["average_ms"]) for trace in traces for hop in trace["hops"]
            if hop["ttl"] and hop.get("rtt")]
    columns = [f"AVG(st.rtt_ms)st.rtt_ms && st.trace == {trace} && st.hop == {ttl}" for trace, ttl, _ in hops]
    printed = comparison.statistics(path, "io,stat,0," + ",".join(columns), ("-2",), env=comparison.shark.env(**ZEROES))
    values = [re.findall(r"\|\s*([\d.]+)\s*(?=\|)", line) for line in printed.splitlines() if "<>" in line]
    faults = [f"{hop}: {value}" for hop, value in zip(hops, values[0]) if abs(float(value) - hop[2]) > 0.0015]
    check.that(len(values) == 1 and len(values[0]) == len(hops) and not faults,
               f"{path.name}: io,stat averages the RTTs of {len(hops)} hops as reported", f"{faults} {printed}")


def check_again(check, comparison):
    """The statistics of one file say nothing of the file before, and asking again gives the same."""
    first, second = harness.captures()[0], harness.captures()[-1]
    answers = {}
    for path in (first, second, first, first):
        comparison.sharkd.load(path)
        for name in ("nstat:st,table", "stat:st"):
            for _ in range(2):
                answer = json.dumps(comparison.sharkd.ask("tap", tap0=name))
                answers.setdefault((path.name, name), set()).add(answer)
    check.equal([len(found) for found in answers.values()], [1] * 4,
                "sharkd's answers stay the same over files and requests")


def check_conversations(check, shark, path):
    """A plugin beside ours asks all conversation filters, as the window's menu does."""
    folder = next(shark.plugins.glob("*/epan"))
    shutil.copy(sharks.build_folder() / "tests" / "plugin" / "st-test-conversations.so", folder)
    try:
        done = shark.tshark("-2", "-r", shark.file(path), "-q", "-z", "st-test,conversations")
        flows = shark.fields(path, "", ["frame.number", "st.flow"], ("-2",))
    finally:
        (folder / "st-test-conversations.so").unlink()
    wanted = [f"{number}\tst.flow == {flow}" if flow else f"{number}\t" for number, flow in flows]
    check.that(any(flow for _, flow in flows), f"{path.name}: there are frames of flows")
    check.equal(done.stdout.splitlines(), wanted, f"{path.name}: the conversation filter is that of the frame's flow")


def check_many(check, comparison, folder):
    """To add a node the framework walks over all children of the one above: there must not be too many."""
    path = folder / "many.pcap"
    made_captures.write(path, packets=MANY * 4 // 3 * made_captures.FLOW_PACKETS, probes=MANY)
    comparison.sharkd.load(path)
    nodes = comparison.sharkd.ask("tap", tap0="stat:st")["taps"][0]["stats"]
    groups = [node for node in nodes if node["name"].startswith("Flows")]
    flows = [flow for node in nodes for flow in (node["sub"] if node in groups else [node])]
    most = max(len(nodes), *(len(group["sub"]) for group in groups)) if groups else len(nodes)
    check.that(most <= CHILDREN_MAX, f"{len(flows)} flows in the tree, at most {most} beside each other")
    check.equal((len(flows), sum(node["count"] for node in nodes)), (MANY, MANY), "each has its reply")


def check_long_name(check, shark, path):
    """The framework has a bound for names; one is not cut in the middle of a character."""
    rule = 'uat:st_signatures:"%s","prefix","0.0.0.0/0"'
    for begin in ("", "a"):
        done = shark.tshark("-o", rule % (begin + 200 * "\u00e9"), "-r", shark.file(path), "-q", "-z", "st,tree")
        check.that(": " + begin + 50 * "\u00e9" in done.stdout and "\\x" not in done.stdout,
                   f"a long name that begins with {begin!r} is cut where a character ends")


def main(check, folder):
    harness.overlook_leaks()
    captures = getattr(test_fields, sys.argv[1])(folder)
    with sharks.Shark() as shark, shark.sharkd() as sharkd:
        comparison = Comparison(shark, sharkd)
        for path in captures:
            comparison.capture(path)
        comparison.report(check)
        if sys.argv[1] == "simulated":
            for path in [path for path in captures if re.search("-(vlan|late-capture|short-quotes)[.]", path.name)]:
                check_own_statistics(check, comparison, path)
        if sys.argv[1] == "made":
            for name in ("silent-router-v4.pcap", "udp-v6.pcapng"):
                check_frames(check, comparison, harness.CAPTURES / name)
                check_own_statistics(check, comparison, harness.CAPTURES / name)
                check_conversations(check, shark, harness.CAPTURES / name)
            check_bad_arguments(check, shark, captures[0])
            check_long_name(check, shark, harness.CAPTURES / "silent-router-v4.pcap")
            check_many(check, comparison, folder)
            check_again(check, comparison)


if __name__ == "__main__":
    harness.run(main)
