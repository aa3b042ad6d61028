#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""st-replay's command line: usage errors, selections, --expect and its differences, -w, and outputs that fail. Each
failure is one clear line and its exit code: 1 failed while running, 2 bad usage, 3 differences.
"""

import copy
import json
import os
import re
import resource
import subprocess

import capture_files as files
import harness

TWO_FLOWS = harness.CAPTURES / "concurrent-v4.pcap"
ONE_FLOW = harness.CAPTURES / "flow-closed-v4.pcap"
IP6 = harness.CAPTURES / "hop-by-hop-v6.pcap"

BAD_USAGE = [
    ["--no-such-option"], ["-Z"], ["-H"], ["-H", ""], ["-H", "10.0.0.1/33"], ["-H", "fd00::/129"], ["-H", "300.1.1.1"],
    ["-H", "host example"], ["-H", "10.0.0.256"], ["-s", "nobody"], ["-F", ""], ["-F", "tcp"], ["-F", "tcp 10.0.0.1:80"], ["-F", "tcp 10.0.0.1:0 10.0.0.2:80"],
    ["-F", "tcp 10.0.0.1:80 [fd00::2]:80"], ["-F", "icmp 10.0.0.1:53 10.0.0.2:53"], ["-p", "0"], ["-p", "65536"],
    ["-p", "http"], ["--protocol", "icmp"], ["--flow-timeout", "0"], ["-4", "-6"],
    ["--border", "10.0.0"], ["--border", "fd00::1/129"], ["--wait", ""], ["--wait", "0s"],
    ["--wait", "2"], ["--wait", "-1s"], ["--wait", "soon"], ["--wait", "99999999999999999999s"], ["--wait", "61s"],
    ["-o", "xml"], ["-o", ""], ["-w", ""], ["--expect", ""], ["--quiet=no"], ["-w", "-", "-o", "json"],
    ["-w", "-", "--expect", "x"], ["-o", "json", "--expect", "x"],
    # of st-inject alone
    ["-i", "lo"], ["-a", "concurrent"], ["-q", "3"], ["-f", "1"], ["-m", "9"], ["--inter-probe-time", "1ms"],
    ["--max-missing", "3"], ["--tcp-probe", "stale"], ["--udp-probe", "empty"], ["--retrace", "1s"],
    ["--max-flows", "9"], ["--rate", "9"], ["--count", "1"],
    ["--duration", "1s"], ["--idle", "1s"], ["-D"],
]
NO_REPORTS = {
    "a text": b"no report\n", "broken JSON": b'{"type":"trace"\n', "an array": b"[1, 2]\n", "a number": b"7\n",
    "an object without a type": b"{}\n", "a trace without anything": b'{"type":"trace"}\n', "bytes": bytes(range(256)),
    "a capture": None, "another version": b'{"type":"trace","version":2,"hops":[],"flow":{"protocol":"tcp",'
    b'"source":"10.0.0.1","destination":"10.0.0.2"}}\n',
}


def traces_of(path):
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def saved(path, traces):
    path.write_text("".join(json.dumps(trace) + "\n" for trace in traces), encoding="utf-8")
    return path


def check_usage(check, folder):
    for row in BAD_USAGE:
        done = harness.replay(*row, ONE_FLOW)
        check.complains(done, harness.USAGE, " ".join(row))
        check.equal(done.stdout, "", f"{' '.join(row)}: nothing on standard output")
    check.complains(harness.replay(), harness.USAGE, "no FILE")
    check.complains(harness.replay("--all"), harness.USAGE, "an option, but no FILE")
    copied = folder / "copied.pcap"
    copied.write_bytes(ONE_FLOW.read_bytes())
    os.link(copied, folder / "linked.pcap")
    for target in (copied, folder / "linked.pcap"):
        check.complains(harness.replay("-w", target, copied), harness.USAGE,
                        f"-w {target.name} onto a file that is read")
    check.equal(copied.read_bytes(), ONE_FLOW.read_bytes(), "and it is as it was")
    for option in ("--help", "--version"):
        done = harness.replay(option)
        check.that(done.returncode == harness.OK and "st-replay" in done.stdout and not done.stderr,
                   f"{option} says something and ends with 0", done.stderr)
    done = harness.replay("--help")
    check.none([word for word in ("--expect", "--wait", "--border", "--write") if word not in done.stdout],
               "--help tells the options")


def check_selection(check, folder):
    both = traces_of(harness.expected_of(TWO_FLOWS))
    one = both[1]["flow"]
    ends = f"{one['source']}:{one['source_port']}", f"{one['destination']}:{one['destination_port']}"
    # What is selected, as arguments and as the traces that remain.
    cases = [
        ([], both), (["--all"], both), (["-4"], both), (["-6"], []), (["-p", one["destination_port"]], both),
        (["-p", one["source_port"]], both[1:]), (["-p", "1"], []), (["-H", one["destination"]], both),
        (["-H", "10.0.0.0/8"], both), (["-H", "192.0.2.0/24"], []), (["-H", "192.0.2.1", "-H", "10.0.8.0/24"], both),
        (["-F", f"tcp {ends[0]} {ends[1]}"], both[1:]), (["-F", f"tcp {ends[1]} {ends[0]}"], both[1:]),
        (["-F", f"tcp {ends[0]} {ends[1]}", "-H", "192.0.2.1"], both[1:]),
        (["-F", f"tcp {ends[0]} {ends[1]}", "-p", "1"], []),
        (["-H", "fd00::/16"], []),
    ]
    for arguments, wanted in cases:
        faults = harness.differences(saved(folder / "selected.json", wanted), TWO_FLOWS, *arguments)
        check.that(not faults, f"{' '.join(map(str, arguments)) or 'no selection'}: {len(wanted)} traces", faults)
    done = harness.replay("--wait", "500us", TWO_FLOWS)
    check.complains(done, harness.USAGE, "--wait 500us, out of its range")
    border = both[0]["hops"][3]["replies"][0]["address"]
    for trace in map(json.loads, harness.report("--border", border, TWO_FLOWS).stdout.splitlines()):
        check.equal((trace["stop_reason"], [hop["ttl"] for hop in trace["hops"]]), ("border", [1, 2, 3, 4]),
                    f"--border {border} cuts the later hops")


def changed_reports(traces):
    """(what is changed, the changed traces, what the differences must tell)"""
    def change(what, told, edit):
        other = copy.deepcopy(traces)
        edit(other)
        return what, other, told

    flow = traces[0]["flow"]
    port, other_port = flow["source_port"], flow["source_port"] % 60000 + 1024
    first = traces[0]["hops"][0]["replies"][0]
    yield change("an address", ["hop 4", "192.0.2.77"], lambda all_: all_[0]["hops"][3]["replies"][1].update(
        address="192.0.2.77"))
    yield change("an RTT", ["hop 1", "probe 1", "rtt_ms", "99.5"], lambda all_: all_[0]["hops"][0]["replies"][0].update(
        rtt_ms=99.5))
    yield change("an RTT by 2 us", ["hop 1", "rtt_ms"], lambda all_: all_[0]["hops"][0]["replies"][0].update(
        rtt_ms=first["rtt_ms"] + 0.002))
    yield change("a reply more", ["hop 2"], lambda all_: all_[0]["hops"][1]["replies"].append(
        {**first, "probe": 4, "address": "192.0.2.78"}))
    yield change("a reply less", ["hop 2"], lambda all_: all_[0]["hops"][1]["replies"].pop())
    yield change("a hop less", ["hop 5"], lambda all_: all_[0]["hops"].pop(4))
    yield change("the probes of a hop", ["hop 6", "sent", "7"], lambda all_: all_[0]["hops"][5].update(sent=7))
    yield change("how a reply was matched", ["matched_by"], lambda all_: all_[0]["hops"][0]["replies"][0].update(
        matched_by=["tuple"]))
    yield change("an ICMP code", ["icmp_code"], lambda all_: all_[0]["hops"][0]["replies"][0].update(icmp_code=1))
    yield change("the distance", ["distance", "8"], lambda all_: all_[0].update(distance=8))
    yield change("a note", ["nat"], lambda all_: all_[0]["notes"].append({"kind": "nat", "ttl": None, "detail": "x"}))
    yield change("another flow", [str(port), str(other_port)], lambda all_: all_[0]["flow"].update(
        source_port=other_port))
    yield change("a trace less", [str(port)], lambda all_: all_.pop(0))
    yield change("a trace twice", [str(port), "trace 2"], lambda all_: all_.append(all_[0]))


def check_differences(check, folder):
    traces = traces_of(harness.expected_of(TWO_FLOWS))
    for what, other, told in changed_reports(traces):
        done = harness.replay("--quiet", "--expect", saved(folder / "changed.json", other), TWO_FLOWS)
        lines = done.stdout.splitlines()
        check.equal((done.returncode, done.stderr), (harness.DIFFERS, ""), f"{what}: exit 3")
        missing = [text for text in told if text not in done.stdout]
        readable = lines and all(re.match(r"tcp \S+ > \S+[:,] ", line) and "expected" in line for line in lines)
        check.that(not missing and readable and len(lines) <= 3, f"{what}: {lines[0] if lines else 'nothing'}",
                   f"missing {missing} in {done.stdout}")
    check.equal(harness.replay("--quiet", "--expect", saved(folder / "none.json", []), TWO_FLOWS).returncode,
                harness.DIFFERS, "an empty report of a capture with traces: exit 3")


def check_no_differences(check, folder):
    """What does not count."""
    traces = traces_of(harness.expected_of(TWO_FLOWS))
    same = copy.deepcopy(traces)
    for number, trace in enumerate(same, 7):
        trace.update(trace=number, generator="st-replay 99.9", start="2001-01-01T00:00:00.000000Z", end=None)
        trace["flow"]["id"] = number
        trace.update(algorithm="concurrent", probes_per_hop=3, max_ttl=16, stop_reason="max-ttl")
        for reply in (reply for hop in trace["hops"] for reply in hop["replies"]):
            reply.update(name="router.example", rtt_ms=reply["rtt_ms"] + 0.0009)
    other = json.dumps({"type": "flow", "whatever": 1}) + "\n\n"
    report = saved(folder / "same.json", reversed(same))
    report.write_text(other + report.read_text(encoding="utf-8"), encoding="utf-8")
    faults = harness.differences(report, TWO_FLOWS)
    check.that(not faults, "times of day, names, numbers, the generator and what captures cannot tell do not count",
               faults)
    both = [harness.expected_of(path).read_text(encoding="utf-8") for path in (TWO_FLOWS, IP6)]
    (folder / "both.json").write_text("".join(both), encoding="utf-8")
    done = harness.replay("--quiet", "--expect", folder / "both.json", IP6, TWO_FLOWS)
    check.equal((done.returncode, done.stdout), (harness.OK, ""), "one report of two captures")
    done = harness.replay("--expect", harness.expected_of(ONE_FLOW), ONE_FLOW)
    check.that(done.returncode == harness.OK and not done.stdout and len(done.stderr.splitlines()) == 1,
               "without --quiet: the summary on standard error, nothing on standard output", done.stderr)


def check_no_reports(check, folder):
    for what, content in NO_REPORTS.items():
        path = folder / "no-report"
        path.write_bytes(ONE_FLOW.read_bytes() if content is None else content)
        check.complains(harness.replay("--expect", path, ONE_FLOW), harness.FAILED, f"--expect with {what}")
    for what, path in (("a missing file", folder / "missing"), ("a folder", folder)):
        check.complains(harness.replay("--expect", path, ONE_FLOW), harness.FAILED, f"--expect with {what}")
    good = harness.expected_of(ONE_FLOW).read_bytes()
    (folder / "no-report").write_bytes(good + good[:200])
    done = harness.replay("--expect", folder / "no-report", ONE_FLOW)
    check.complains(done, harness.FAILED, "--expect with a report that is cut off")
    check.that("line 2" in done.stderr, "which tells the line", done.stderr)
    done = harness.replay("--quiet", "--expect", harness.expected_of(ONE_FLOW), ONE_FLOW, folder / "missing")
    check.complains(done, harness.FAILED, "--expect where a capture is missing: that counts more")


def comment_faults(capture, traces):
    """What comments tell of probes and replies, against the frames and the report."""
    probes, replies, faults = 0, 0, []
    hops = [hop for trace in traces for hop in trace["hops"]]
    addresses = {(hop["ttl"], reply["address"]) for hop in hops for reply in hop["replies"]}
    for number, frame in enumerate(capture.frames, 1):
        told = re.search(r"probe (\d+) of hop (\d+)", frame.comment or "")
        if not told:
            continue
        hop, is4 = int(told[2]), frame.bytes[14] >> 4 == 4
        if frame.comment.startswith("reply"):
            replies += 1
            router = re.search(r"from (\S+?),", frame.comment)[1]
            faults += [] if (hop, router) in addresses else [f"frame {number}: {frame.comment}"]
        else:
            probes += 1
            faults += [] if frame.bytes[22 if is4 else 21] == hop else [f"frame {number}: {frame.comment}"]
    wanted = sum(trace["probes_sent"] for trace in traces), sum(trace["replies_received"] for trace in traces)
    return faults + ([] if (probes, replies) == wanted else [f"{probes} probes and {replies} replies, not {wanted}"])


def check_writing(check, folder):
    for path in harness.captures():
        target = folder / "written.pcapng"
        done = harness.report("-w", target, path)
        check.equal((done.returncode, done.stdout, done.stderr), (harness.OK, harness.report(path).stdout, ""),
                    f"{path.name}: -w and the report at once")
        traces = [json.loads(line) for line in done.stdout.splitlines()]
        check.none(comment_faults(files.read(target.read_bytes()), traces),
                   f"{path.name}: a comment on each probe and each reply")
        faults = harness.differences(harness.expected_of(path), target)
        check.that(not faults, f"{path.name}: what is written gives the same report", faults)
        again = harness.replay("--quiet", "-w", "-", path, text=False)
        check.equal((again.returncode, again.stdout), (harness.OK, target.read_bytes()),
                    f"{path.name}: -w - writes the same")
    target, both = folder / "all.pcapng", [TWO_FLOWS, ONE_FLOW]
    done = harness.report("-w", target, *both)
    (folder / "all.json").write_text(done.stdout, encoding="utf-8")
    faults = harness.differences(folder / "all.json", target)
    check.that(done.returncode == harness.OK and not faults, "-w of two captures holds the traces of both", faults)


def check_failing_outputs(check, folder):
    with open("/dev/full", "wb") as full:
        for what, row in (("reports", [ONE_FLOW]), ("JSON reports", ["-o", "json", ONE_FLOW]), ("--help", ["--help"]),
                          ("--version", ["--version"]), ("-w -", ["-w", "-", ONE_FLOW]),
                          ("differences", ["--expect", harness.expected_of(IP6), ONE_FLOW])):
            done = harness.replay("--quiet", *row, stdout=full)
            check.complains(done, harness.FAILED, f"{what} to a full disk")
    check.complains(harness.replay("--quiet", "-w", "/dev/full", ONE_FLOW), harness.FAILED, "-w to a full disk")
    for what, path in (("into a folder that is not there", folder / "no" / "x"), ("onto a folder", folder)):
        check.complains(harness.replay("-w", path, ONE_FLOW), harness.FAILED, f"-w {what}")
    check.complains(harness.replay("--quiet", ONE_FLOW, stdout=None, preexec_fn=lambda: os.close(1)), harness.FAILED,
                    "a closed standard output")
    reading, writing = os.pipe()
    os.close(reading)
    check.complains(harness.replay("--quiet", ONE_FLOW, stdout=writing), harness.FAILED, "a pipe that nobody reads")
    os.close(writing)


def check_disk_that_fills(check, folder):
    """-w fails in the middle: all traces are reported, and what is written holds whole frames."""
    target, limit = folder / "full.pcapng", 9000
    # Python ignores SIGXFSZ; with restore_signals=False the program inherits that and sees an error of write().
    done = harness.report("-w", target, TWO_FLOWS, restore_signals=False,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
    check.complains(done, harness.FAILED, "-w to a disk that fills")
    check.equal(done.stdout, harness.report(TWO_FLOWS).stdout, "all traces are reported all the same")
    kept = files.read(target.read_bytes()).frames
    check.that(kept, f"{len(kept)} whole frames are kept")


def check_verbosity(check, _folder):
    quiet, plain, verbose = (harness.replay(*row, ONE_FLOW) for row in (["--quiet"], [], ["-v"]))
    check.equal({done.stdout for done in (plain, verbose)}, {quiet.stdout},
                "what is said beside does not change reports")
    lines = len(files.read(ONE_FLOW.read_bytes()).frames)
    check.that(not quiet.stderr and plain.stderr.startswith(f"{lines} frames, 1 flow"),
               "the summary counts frames and flows", plain.stderr)
    check.that("trace 1 ended" in verbose.stderr and plain.stderr in verbose.stderr, "-v tells what is done",
               verbose.stderr)
    locale = subprocess.run([harness.program("st-replay"), "-n", "-o", "json", "--quiet", ONE_FLOW], capture_output=True,
                            text=True, check=False, timeout=harness.HANG_S, env={**os.environ, "LC_ALL": "de_DE.UTF-8"})
    check.equal(locale.stdout, harness.report(ONE_FLOW).stdout, "no locale changes a report")


def main(check, folder):
    for part in (check_usage, check_selection, check_differences, check_no_differences, check_no_reports,
                 check_writing, check_failing_outputs, check_disk_that_fills, check_verbosity):
        harness.section(part.__name__.removeprefix("check_"))
        part(check, folder)


if __name__ == "__main__":
    harness.run(main)
