#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The formats of other tools, read by readers of their own that know nothing of ours: over the captures of testdata and
over odd traces made by hand (samples.py). What they read must be what the JSON report says.

With scamper at hand and as root, scamper's own output (in an empty network namespace) must satisfy its reader too.
"""

import collections
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "replay")]
import harness  # noqa: E402  pylint: disable=wrong-import-position
import read_atlas  # noqa: E402  pylint: disable=wrong-import-position
import read_csv  # noqa: E402  pylint: disable=wrong-import-position
import read_dot  # noqa: E402  pylint: disable=wrong-import-position
import read_original  # noqa: E402  pylint: disable=wrong-import-position
import read_scamper  # noqa: E402  pylint: disable=wrong-import-position
from samples import samples  # noqa: E402  pylint: disable=wrong-import-position

FORMATS = ("json", "scamper", "atlas", "service-traceroute", "csv", "dot")
BANDS = {"#1f6fd6": lambda ms: ms <= 100, "#f08c00": lambda ms: 100 < ms <= 150, "#d6293e": lambda ms: ms > 150}


def rounded(ms):
    return None if ms is None else round(ms + 1e-12, 3)


def same_rtt(a, b, tolerance=0.00051):
    return a is b is None or (a is not None and b is not None and abs(a - b) <= tolerance)


def replies_of(trace, unknown_ttl=False):
    return [(hop["ttl"], reply["probe"], reply["address"], reply["rtt_ms"]) for hop in trace["hops"]
            for reply in hop["replies"] if unknown_ttl or hop["ttl"] is not None]


def same_replies(ours, theirs):
    return len(ours) == len(theirs) and all(a[:-1] == b[:-1] and same_rtt(a[-1], b[-1])
                                            for a, b in zip(ours, theirs))


def check_scamper(text, traces):
    theirs, found = read_scamper.read(text)
    for trace, their in zip(traces, theirs):
        if not same_replies(replies_of(trace), read_scamper.replies(their)):
            found.append(f"trace {trace['trace']}: {read_scamper.replies(their)}")
        if their["probe_count"] != trace["probes_sent"] or (their["src"], their["dst"]) != (
                trace["flow"]["source"], trace["flow"]["destination"]):
            found.append(f"trace {trace['trace']}: its flow or its probes")
        if (their["stop_reason"] == "COMPLETED") != (trace["stop_reason"] == "destination"):
            found.append(f"trace {trace['trace']} ended by {their['stop_reason']}")
    return found + ([f"{len(theirs)} traces"] if len(theirs) != len(traces) else [])


def atlas_outcomes(trace):
    for hop in trace["hops"]:
        probes = collections.defaultdict(list)
        for reply in hop["replies"]:
            probes[reply["probe"]].append(reply)
        for probe in range(1, max([hop["sent"], *probes]) + 1) if hop["ttl"] is not None else []:
            yield from [(hop["ttl"], r["address"], r["rtt_ms"]) for r in probes[probe]] or (
                [(hop["ttl"], None, None)] if probe <= hop["sent"] else [])


def check_atlas(text, traces):
    theirs, found = read_atlas.read(text)
    for trace, their in zip(traces, theirs):
        if not same_replies(list(atlas_outcomes(trace)), read_atlas.replies(their)):
            found.append(f"trace {trace['trace']}: {read_atlas.replies(their)}")
        if their["dst_addr"] != trace["flow"]["destination"] or their["src_addr"] != trace["flow"]["source"]:
            found.append(f"trace {trace['trace']}: its flow")
    return found + ([f"{len(theirs)} results"] if len(theirs) != len(traces) else [])


def check_original(text, traces):
    theirs, found = read_original.read(text)
    for trace, their in zip(traces, theirs):
        ours = [(ttl, who, rtt) for ttl, _, who, rtt in replies_of(trace) if rtt is not None]
        if not same_replies(ours, read_original.replies(their)):
            found.append(f"trace {trace['trace']}: {read_original.replies(their)}")
        algorithm, last, _ = read_original.analyse(json.dumps(their))
        if algorithm != (trace["algorithm"] or "").replace("-", "") or last != max([ttl for ttl, _, _ in ours], default=0):
            found.append(f"trace {trace['trace']}: {algorithm}, last hop {last}")
    return found + ([f"{len(theirs)} reports"] if len(theirs) != len(traces) else [])


def cell(value):
    """A member of the JSON report as CSV writes it."""
    return "" if value is None else {True: "true", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def check_row(row, trace, hop, reply):
    service = trace["service"] or {}
    wanted = {**{name: trace[name] for name in ("trace", "kind", "start", "end", "algorithm", "probes_per_hop", "first_ttl",
                                                "max_ttl", "stop_reason", "distance", "probes_sent", "replies_received")},
              "destination_reached": trace["destination_reached"], "flow": trace["flow"]["id"],
              **{name: trace["flow"][name] for name in ("protocol", "source", "source_port", "destination",
                                                        "destination_port", "community_id")},
              "evidence": service.get("evidence"), "ttl": hop["ttl"], "sent": hop["sent"]}
    if reply:
        wanted.update({name: reply.get(name) for name in ("probe", "address", "asn", "country", "icmp_type", "icmp_code",
                                                          "reply_ttl", "quoted_ttl")})
        wanted["matched_by"] = " ".join(reply.get("matched_by", []))
        wanted["altered"] = " ".join(reply.get("altered", []))
        wanted["tcp_flags"] = " ".join(reply.get("tcp_flags", []))
        wanted["is_destination"] = reply.get("destination")
        wanted["mpls"] = "/".join(f"L={m['label']},E={m['tc']},S={m['s']},T={m['ttl']}" for m in reply.get("mpls", []))
        if not same_rtt(float(row["rtt_ms"]) if row["rtt_ms"] else None, reply["rtt_ms"], 1e-7):
            yield f"rtt_ms {row['rtt_ms']}, not {reply['rtt_ms']}"
    elif any(row[name] for name in list(row)[list(row).index("address"):]):
        yield f"a probe without a reply has {row}"
    for name, value in wanted.items():
        if row[name] != cell(value):
            yield f"{name} {row[name]!r}, not {cell(value)!r}"


def csv_rows(traces):
    """What rows there must be: (trace, hop, reply or None)."""
    for trace in traces:
        for hop in trace["hops"]:
            for probe in range(1, max([hop["sent"]] + [r["probe"] for r in hop["replies"]]) + 1):
                replies = [r for r in hop["replies"] if r["probe"] == probe]
                yield from [(trace, hop, r) for r in replies] or ([(trace, hop, None)] if probe <= hop["sent"] else [])


def check_csv(text, traces):
    rows, found = read_csv.read(text)
    wanted = list(csv_rows(traces))
    if len(rows) != len(wanted):
        return found + [f"{len(rows)} rows, not {len(wanted)}"]
    for i, (row, (trace, hop, reply)) in enumerate(zip(rows, wanted), 2):
        found += [f"row {i}: {fault}" for fault in check_row(row, trace, hop, reply)]
    return found


def average(values):
    values = [value for value in values if value is not None]
    return sum(values) / len(values) if values else None


def check_dot(text, traces):
    nodes, edges = read_dot.read(text)
    found, rtts, members = [], collections.defaultdict(list), collections.defaultdict(set)
    for trace in traces:
        members["to " + trace["flow"]["destination"]].add(trace["trace"])  # answered or not
        for hop in trace["hops"]:
            for reply in hop["replies"]:
                name = "to " + trace["flow"]["destination"] if reply.get("destination") else reply["address"]
                rtts[name].append(reply["rtt_ms"])
                members[name].add(trace["trace"])
    for name, values in rtts.items():
        if name not in nodes:
            found.append(f"{name} is no node")
            continue
        mean, color = average(values), nodes[name]["fillcolor"]
        if int(nodes[name]["traces"]) != len(members[name]):
            found.append(f"{name}: {nodes[name]['traces']} traces, not {len(members[name])}")
        if mean is not None and not BANDS[color](mean):
            found.append(f"{name}: {mean} ms is {color}")
    routers = {name for name, node in nodes.items() if node["class"] == "router"}
    found += [f"{name} has not answered" for name in routers - set(rtts)]
    found += [f"edge {a!r} -> {b!r} leads nowhere" for a, b, _ in edges if a not in nodes or b not in nodes]
    found += [f"{name}: silence is black" for name, node in nodes.items()
              if node["class"] == "silent" and node["fillcolor"] != "#000000"]
    for trace in traces:
        if "from " + trace["flow"]["source"] not in nodes or "to " + trace["flow"]["destination"] not in nodes:
            found.append(f"trace {trace['trace']} has no ends")
    return found


CHECKERS = {"scamper": check_scamper, "atlas": check_atlas, "service-traceroute": check_original, "csv": check_csv,
            "dot": check_dot}


def graphviz_faults(text):
    """What Graphviz itself complains of; nothing where it is not installed."""
    if not shutil.which("dot"):
        return []
    done = subprocess.run(["dot", "-Tsvg", "-Gnslimit=1", "-o", os.devnull], input=text, capture_output=True, check=False,
                          encoding="utf-8", timeout=100)
    return [done.stderr] if done.returncode or done.stderr else []


def check_texts(checks, texts, what):
    traces = [json.loads(line) for line in texts["json"].splitlines()]
    for name, check in CHECKERS.items():
        try:
            found = check(texts[name], traces)
        except (ValueError, KeyError, IndexError) as error:
            found = [f"cannot be read: {error!r}"]
        if name == "dot":
            found += graphviz_faults(texts[name])
        checks.none(found, f"{what}: {name} is what its reader wants, and says what the JSON report says")


def replayed(name, *captures):
    done = harness.replay("--quiet", "-n", "-o", name, *captures, text=False)
    return done.stdout.decode("utf-8"), done


def test_captures(checks):
    captures = harness.captures()
    for capture in captures:
        check_texts(checks, {name: replayed(name, capture)[0] for name in FORMATS}, capture.name)
    texts = {name: replayed(name, *captures[:6])[0] for name in FORMATS}
    # Each file's traces are numbered from 1: what the graph counts by number is left to the single files.
    for name in ("csv", "dot"):
        heads = {"csv": "trace,kind,", "dot": "digraph "}[name]
        checks.that(texts[name].count(heads) == 1, f"{name} of several captures is one document", texts[name].count(heads))
    for name in ("scamper", "atlas", "service-traceroute", "csv"):
        found = CHECKERS[name](texts[name], [json.loads(line) for line in texts["json"].splitlines()])
        checks.none(found, f"{name} of several captures holds them all")


def test_samples(checks):
    texts = {name: samples(name) for name in (*FORMATS, "text")}
    check_texts(checks, texts, "odd traces")
    labels = [node["label"] for node in read_dot.read(texts["dot"])[0].values()]
    checks.that(any('a"b\\c,d\\' in label for label in labels), "dot: quotes and backslashes of names arrive whole", labels)
    shown = [line for line in texts["text"].splitlines() if not line.isprintable()]
    checks.none(shown, "text: nothing in a name moves the terminal")
    names = {row["name"] for row in read_csv.read(texts["csv"])[0]}
    checks.that("'=cmd|' /C calc'!A0" in names, "csv: a name that is a formula is text", names)


def test_usage(checks):
    capture = harness.captures()[0]
    for name in ("scamper", "atlas", "service-traceroute", "csv", "dot", "html"):
        checks.complains(harness.replay("--flows", "-o", name, capture), harness.USAGE, f"--flows with -o {name}")
    checks.complains(harness.replay("-o", "yaml", capture), harness.USAGE, "an unknown format")
    checks.complains(harness.replay("-o", "csv", "--expect", harness.expected_of(capture), capture), harness.USAGE,
                     "--expect with -o")


def test_broken(checks, folder):
    """A capture that is cut still gives a whole document."""
    capture = harness.captures()[0]
    cut = folder / "cut.pcap"
    cut.write_bytes(capture.read_bytes()[:-7])
    for name in ("csv", "dot"):
        text, done = replayed(name, cut)
        whole = text.endswith("\r\n") if name == "csv" else text.endswith("}\n")
        checks.that(done.returncode == harness.FAILED and whole, f"{name} of a cut capture is a whole document", done.stderr)


def test_scamper_itself(checks):
    """The reader is right: scamper satisfies it."""
    if os.getuid() != 0 or not shutil.which("scamper") or not shutil.which("unshare"):
        print("        scamper itself is not asked: it takes root and scamper")
        return
    script = "ip link set lo up && for m in udp udp-paris icmp icmp-paris tcp tcp-ack; do " \
             "scamper -O json -c \"trace -P $m -q 1 -Q\" -i 127.0.0.1; done"
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(["unshare", "--net", "sh", "-c", script], capture_output=True, text=True, check=False,
                              timeout=100, cwd=folder)
    lines = [line for line in done.stdout.splitlines() if '"type":"trace"' in line]
    if not lines:
        print("        scamper itself could not be asked:", done.stderr[:200])
        return
    _, found = read_scamper.read("\n".join(lines))
    checks.none(found, f"scamper's own output ({len(lines)} traces) is what its reader wants")


def main(checks, folder):
    harness.section("captures")
    test_captures(checks)
    harness.section("odd traces")
    test_samples(checks)
    harness.section("usage")
    test_usage(checks)
    test_broken(checks, folder)
    harness.section("scamper")
    test_scamper_itself(checks)


if __name__ == "__main__":
    harness.run(main)
