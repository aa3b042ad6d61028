#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin's fields tell of every capture what st-replay reports of it: each reply with its trace, distance, probe,
router, RTT and labels, in one pass of tshark and in two; in two also which reply each probe has and which have none,
and what each flow is called. sharkd, asked for frames in random order, tells the same again and again.

What a reply answers shows only later at times (docs/recognition.md): where the probe is not in the capture, or the quote
has another identification than any packet. One pass, which shows such a reply before, does not call it one. What the destination answers to probes
of larger distances than its own is shown, but not reported.

Usage: test_fields.py made | real | simulated. "made" are the project's captures; "real" those of others in the folder
ST_CAPTURES (default: ../shared/captures from the source; skipped without it); "simulated" are recorded by the simulated
network, whose program is ST_SIMNET.
"""

import collections
import json
import os
import pathlib
import random
import subprocess
import sys

import annotations
import shark as sharks

sys.path.insert(0, str(sharks.SOURCE / "tests" / "replay"))
import harness  # noqa: E402  pylint: disable=wrong-import-position

REAL = pathlib.Path(os.environ.get("ST_CAPTURES") or sharks.SOURCE.parent / "shared" / "captures")
FLOW = ("st.flow", "st.flow.service", "st.flow.host")
EXPERT = ("st.probe", "st.reply", "st.no_reply")  # have no value: tshark prints what the tree says
ASKED_MAX = 60  # frames of a capture that sharkd is asked for, each twice
FAULTS_SHOWN = 5
SHARKD_FILES = 40  # that one sharkd loads
LEAST_SIMULATED = 90
LEAST_REPLIES = {"made": 700, "real": 200, "simulated": 4000}  # else too little was compared
SIMULATED_RANDOM = 20  # scenarios made up beside the written ones
SIMULATED_MAX_BYTES = 4_000_000


class Comparison:
    """Collects what differs, capture by capture."""

    def __init__(self, shark, may_be_late=False):
        self._may_be_late = may_be_late
        self.shark, self._sharkd = shark, None
        self.faults = collections.defaultdict(list)
        self.counted = collections.Counter()
        self._chance = random.Random(6)
        self._names = field_names(shark)

    def close(self, quiet=True):
        """Ends the sharkd in use."""
        if self._sharkd:
            self._sharkd.close(quiet)
        self._sharkd = None

    def _ready_sharkd(self):
        """One that is not old: by itself it keeps 11 MB of each file."""
        if self.counted["captures"] % SHARKD_FILES == 0:
            self.close()
        self._sharkd = self._sharkd or self.shark.sharkd()
        return self._sharkd

    def capture(self, path):
        """One capture; of those without traces only that nothing is found."""
        done = harness.report("--flows", path, timeout=60)
        if done.returncode not in (harness.OK, harness.FAILED):
            raise RuntimeError(f"st-replay on {path}: exit {done.returncode}: {done.stderr}")
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        traces = [line for line in lines if line["type"] == "trace"]
        self.counted["captures"] += 1
        self.counted["traces"] += len(traces)
        if done.returncode == harness.OK and not traces:
            self._nothing(path)
            return
        try:
            rows = self._rows(path, "st", ("frame.number", *self._names, *EXPERT), ("-2",))
        except (RuntimeError, sharks.Noise):
            self._refused(path)
            return
        self._replies(path, traces, rows)
        self._probes(path, traces, rows)
        self._flows(path, lines, rows)
        self._any_order(path, rows)

    def _refused(self, path):
        """Damaged, or in a format that only libpcap knows: Wireshark alone does not read it either."""
        self.counted["refused"] += 1
        with sharks.Shark(plugins=False) as alone:
            done = alone.tshark("-2", "-r", alone.file(path), quiet=False)
        self._note("none", path, [] if done.returncode else ["not read, but without the plugin it is"])

    def _nothing(self, path):
        """No trace: a quicker look. sharkd remembers what a filter let through, of the file before also: each is asked in
        words of its own."""
        sharkd = self._ready_sharkd()
        try:
            sharkd.load(path)
        except RuntimeError:
            self.close(quiet=False)
            self._refused(path)
            return
        found = sharkd.ask("frames", filter=f"st.trace && frame.number < {10**9 + self.counted['captures']}")
        self._note("none", path, [f"frame {frame['num']}" for frame in found])

    def _rows(self, path, condition, names, extra=()):
        return [dict(zip(names, row)) for row in self.shark.fields(path, condition, names, extra)]

    def _note(self, kind, path, faults):
        self.faults[kind] += [f"{path.name}: {fault}" for fault in faults]

    def _replies(self, path, traces, rows):
        reported = annotations.reported_replies(traces)
        self.counted["replies"] += len(reported)
        in_one_pass = annotations.within(self._rows(path, "st.reply", annotations.REPLY_FIELDS), traces)
        in_two = annotations.within([row for row in rows if row["st.reply"]], traces)
        self._note("two passes", path, annotations.differences(annotations.shown_replies(in_two), reported))
        shown = annotations.shown_replies(in_one_pass)
        late = [reply for reply in annotations.missing(shown, reported) if self._may_be_late
                and (reply.hop is None or reply in self._undecided(in_two, traces))]
        self.counted["late replies"] += len(late)
        self._note("one pass", path, annotations.differences([*shown, *late], reported))

    @staticmethod
    def _undecided(rows, traces):
        """Replies that wait for a better probe, since their quote has another identification; what answers no router's."""
        return annotations.shown_replies([row for row in annotations.within(rows, traces)
                                          if "ipid" not in row["st.matched_by"]])

    def _probes(self, path, traces, rows):
        """Links lead both ways, and silence is said where there is no link."""
        wanted = collections.defaultdict(set)
        for row in rows:
            for probe in annotations.values(row["st.probe_in"]):
                wanted[probe].add(row["frame.number"])
        probes = {row["frame.number"]: row for row in rows if row["st.probe"]}
        self.counted["probes"] += len(probes)
        faults = [f"frame {number}: linked to by {wanted[number]}, links to {row['st.reply_in'] or 'none'}"
                  for number, row in probes.items() if wanted[number] != set(annotations.values(row["st.reply_in"]))]
        faults += [f"frame {number}: linked to, no probe" for number in wanted if number not in probes]
        faults += [f"frame {number}: replies {row['st.reply_in']!r}, but st.no_reply {row['st.no_reply']!r}"
                   for number, row in probes.items() if bool(row["st.reply_in"]) == bool(row["st.no_reply"])]
        seen = collections.Counter(row["st.trace"] for row in annotations.within(probes.values(), traces))
        for trace in traces:
            shown, sent = seen[str(trace["trace"])], trace["probes_sent"]
            if not sent - unseen_probes(trace) <= shown <= sent:
                faults.append(f"trace {trace['trace']}: {shown} probes shown, {sent} reported")
        self._note("probes", path, faults)

    def _flows(self, path, flows, rows):
        """What each flow is called, those of traceroutes too."""
        called = {tuple(row[name] for name in FLOW) for row in rows}
        wanted = {(str(flow["flow"]["id"]), (flow["service"] or {}).get("name") or "",
                   (flow["service"] or {}).get("host") or "") for flow in flows}
        self._note("flows", path, [f"shown {name}, not reported" for name in sorted(called - wanted)])
        self.counted["flows"] += len(called & wanted)

    def _any_order(self, path, rows):
        wanted = {int(row["frame.number"]): shown_by_tshark(row, self._names) for row in rows}
        numbers = self._chance.sample(sorted(wanted), min(ASKED_MAX, len(wanted))) * 2
        self._chance.shuffle(numbers)
        faults = []
        sharkd = self._ready_sharkd()
        sharkd.load(path)
        for number in numbers:
            got = shown_by_sharkd(sharkd.ask("frame", frame=number, proto=True)["tree"])
            faults += [f"frame {number}: {name} {got.get(name)}, tshark {wanted[number].get(name)}"
                       for name in sorted(set(got) | set(wanted[number])) if got.get(name) != wanted[number].get(name)]
        self.counted["frames asked for"] += len(numbers)
        self._note("any order", path, faults)

    def report(self, check):
        """One line a kind of fault."""
        count = self.counted
        print(f"        {dict(count)}")
        late = f", but for {count['late replies']} that answer what proves to be a probe later" if self._may_be_late else ""
        for kind, statement in (
                ("none", "nothing is found where st-replay finds nothing"),
                ("one pass", f"one pass: the replies are st-replay's ({count['replies']}{late})"),
                ("two passes", "two passes: the same"),
                ("probes", f"probes ({count['probes']}): links lead both ways, silence is said"),
                ("flows", f"flows are called what st-replay calls them ({count['flows']})"),
                ("any order", f"sharkd tells the same in any order ({count['frames asked for']} frames)")):
            faults = self.faults[kind]
            check.that(not faults, statement, "\n        ".join(faults[:FAULTS_SHOWN]) + f"\n        {len(faults)} in all")


def unseen_probes(trace):
    """How many probes of a report may be missing in the capture: without their stamp there is no round-trip time."""
    return len({(hop["ttl"], reply["probe"]) for hop in trace["hops"] for reply in hop["replies"]
                if reply["rtt_ms"] is None})


def field_names(shark):
    """Names of all fields of the protocol that have values, expert items aside."""
    rows = [line.split("\t") for line in shark.tshark("-G", "fields").stdout.splitlines()]
    return [row[2] for row in rows if row[0] == "F" and row[4] == "st" and row[3] not in ("FT_NONE",)]


def plain(value):
    """A value as text, however a program writes it."""
    if value in ("True", "False"):
        return str(int(value == "True"))
    try:
        return repr(float(int(value, 0)))
    except ValueError:
        pass
    try:
        return repr(float(value))
    except ValueError:
        return value


def shown_by_tshark(row, names):
    """{field: [values]} of a {field: cell}."""
    return {name: [plain(value) for value in annotations.values(row[name])] for name in names if row[name]}


def shown_by_sharkd(nodes):
    """The same of a frame's tree: each node with a value has it in the filter that sharkd offers."""
    found = collections.defaultdict(list)
    for node in nodes:
        name, equal, value = node.get("f", "").partition(" == ")
        if equal and name.startswith("st."):
            found[name].append(plain(json.loads(value) if value.startswith('"') else value))
        for below, values in shown_by_sharkd(node.get("n", [])).items():
            found[below] += values
    return found


def made(_):
    return harness.captures()


def real(_):
    if not REAL.is_dir():
        sharks.skip(f"no captures in {REAL} (set ST_CAPTURES)")
    return sorted(path.with_name(path.name.removesuffix(".truth.json")) for path in REAL.rglob("*.truth.json"))


def simulated(folder):
    """Recorded by the simulated network: labels, translators, altered quotes, lost and late replies."""
    program = os.environ.get("ST_SIMNET") or str(sharks.build_folder() / "tests" / "simnet-test")
    subprocess.run([program, "-k", "-p", "/scenarios", "-p", "/random", str(sharks.SOURCE / "testdata" / "scenarios")],
                   env={**os.environ, "SIMNET_KEEP": str(folder), "SIMNET_RUNS": str(SIMULATED_RANDOM),
                        "SIMNET_SEED": "6"}, stdout=subprocess.DEVNULL, check=True)
    return sorted(path for path in folder.glob("*.pcap") if path.stat().st_size <= SIMULATED_MAX_BYTES)


def main(check, folder):
    harness.overlook_leaks()
    captures = {"made": made, "real": real, "simulated": simulated}[sys.argv[1]](folder)
    if sys.argv[1] == "simulated":
        check.that(len(captures) >= LEAST_SIMULATED, f"{len(captures)} captures are there")
    with sharks.Shark() as shark:
        comparison = Comparison(shark, sys.argv[1] == "real")
        for capture in captures:
            comparison.capture(capture)
        comparison.close()
        comparison.report(check)
        check.that(comparison.counted["replies"] >= LEAST_REPLIES[sys.argv[1]], "there are replies enough to compare")


if __name__ == "__main__":
    harness.run(main)
