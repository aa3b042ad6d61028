#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Flows over seven routers: every hop of every flow is the truth, and the capture tells the same offline.

TCP are downloads, UDP are streams of an application that counts what it should not get; there is no QUIC here.
usage: test_chain.py [tcp|udp] [4|6] [concurrent|hop-by-hop|packet-by-packet]
"""

import json
import re
import sys

import apps
import checks
import reports
import tools
import topologies

FLOWS = 6
SECONDS = 6
PORT = 80
# The sequential algorithms wait for each silent probe, so they get a short wait; the lab has no delay.
OPTIONS = {
    "concurrent": ["--wait", "500ms"],
    "hop-by-hop": ["--wait", "300ms"],
    "packet-by-packet": ["--wait", "200ms"],
}
MICROSECOND_MS = 0.001
ROUNDING_MS = 1e-7


def outcome(family, protocol, algorithm):
    """(algorithm, stop reason) that the reports must tell."""
    if protocol == "udp" and family == 4:  # one after the other, and not as far as the application
        return "hop-by-hop" if algorithm == "concurrent" else algorithm, "near-destination"
    return algorithm, "max-ttl" if algorithm == "concurrent" else "missing-hops"


def trace_live(check, network, family, protocol, algorithm):
    """Returns (report text, path of the program's capture, path of the complete capture, flows)."""
    written = tools.scratch("live.pcapng")
    load = apps.LOADS[protocol](network.server, [PORT])
    capture = tools.Capture(network.client, network.client_interface)
    live = tools.inject(network.client, "-i", network.client_interface, "-H", network.server_address[family],
                        "-p", PORT, "--protocol", protocol, "-a", algorithm, "-w", written,
                        "--count", FLOWS, *OPTIONS[algorithm])
    load.start(network.client, network.server_address[family], FLOWS, SECONDS)
    check.equal(live.wait(30), 0, "st-inject ends with 0 after --count traces")
    flows = load.finish(check)
    load.check_strays(check)
    check_summary(check, live.stderr())
    return live.stdout(), written, capture.stop(), flows


def check_summary(check, text):
    lines = text.splitlines()
    check.that(len(lines) == 1 and re.search(rf"\b{FLOWS}\b", lines[0]) and "drop" in lines[0],
               "standard error holds the one-line summary and nothing else", repr(text))


def check_live(check, network, traces, flows, algorithm, reason):
    reports.check_traces(check, traces, flows, network.truth(), "live", algorithm=algorithm, probes_per_hop=3,
                         first_ttl=1, max_ttl=32, stop_reason=reason)
    odd = [(hop["ttl"], reply["reply_ttl"]) for trace in traces for hop in trace["hops"] for reply in hop["replies"]
           if reply["reply_ttl"] != 65 - hop["ttl"]]
    check.that(not odd, "every reply came in with the TTL that its distance leaves", str(odd[:5]))
    reports.check_schema(check, traces)
    check.that(network.tracked() > 0, "connection tracking is at work in the middle")
    check.equal(network.invalid(), 0, "and calls no packet INVALID")


def check_replays(check, live, written, complete):
    """The same capture in three formats, and the complete capture of another program."""
    variants = [
        ("the capture of -w", written, ROUNDING_MS),
        ("rewritten with nanoseconds, comments gone", tools.rewrite(written, "nsecpcap", "nano.pcap"), ROUNDING_MS),
        ("rewritten with microseconds", tools.rewrite(written, "pcap", "micro.pcap"), MICROSECOND_MS + ROUNDING_MS),
        ("the complete capture of another program", complete, None),
    ]
    for name, path, tolerance in variants:
        offline = tools.replay(path)
        check.that(offline.returncode == 0, f"st-replay reads {name}", offline.stderr)
        what = "hops and responders" if tolerance is None else "hops, responders and RTTs"
        traces = reports.parse(offline.stdout)
        reports.compare_sets(check, live, traces, f"{name}: the same {what}", tolerance)
        reports.check_schema(check, traces)


def check_expect(check, text, written):
    good, bad = tools.scratch("live.json"), tools.scratch("tampered.json")
    with open(good, "w", encoding="utf-8") as stream:
        stream.write(text)
    with open(bad, "w", encoding="utf-8") as stream:
        stream.write(tampered(text))
    same = tools.replay("--expect", good, written, report=None)
    check.that(same.returncode == 0, "--expect accepts the live report", same.stdout[-500:] + same.stderr[-500:])
    other = tools.replay("--expect", bad, written, report=None)
    check.equal(other.returncode, 3, "--expect refuses a report with one address changed, exit 3")
    check.that("192.0.2.77" in other.stdout + other.stderr, "and shows the difference", other.stdout + other.stderr)


def tampered(text):
    """The report with one reply's address replaced."""
    lines = text.splitlines()
    first = json.loads(lines[0])
    first["hops"][3]["replies"][1]["address"] = "192.0.2.77"
    return "\n".join([json.dumps(first), *lines[1:]]) + "\n"


def check_comments(check, written, traces, family, protocol):
    """Stock Wireshark shows the hop on each probe and each reply."""
    ttl = "ip.ttl" if family == 4 else "ipv6.hlim"
    icmp = "icmp.type == 11" if family == 4 else "icmpv6.type == 3"
    chosen = f"{protocol} and not icmp and not icmpv6 and {ttl} < 33"
    probes = tools.tshark_rows(written, [ttl, "frame.comment"], chosen)
    check.equal(len(probes), sum(trace["probes_sent"] for trace in traces), "the capture of -w holds every probe")
    wrong = [row for row in probes if row[ttl] not in re.findall(r"\d+", row["frame.comment"])]
    check.that(not wrong, "each probe's frame has a comment with its hop", str(wrong[:3]))
    source = "ip.src" if family == 4 else "ipv6.src"
    hops = {reply["address"]: str(hop["ttl"]) for trace in traces for hop in trace["hops"] for reply in hop["replies"]}
    replies = tools.tshark_rows(written, [source, "frame.comment"], icmp)
    check.equal(len(replies), sum(trace["replies_received"] for trace in traces), "and every reply")
    wrong = [row for row in replies if hops.get(row[source]) not in re.findall(r"\d+", row["frame.comment"])]
    check.that(not wrong, "each reply's frame has a comment with its hop", str(wrong[:3]))


def main(check):
    protocol, family, algorithm = sys.argv[1:] or ("tcp", "4", "concurrent")
    family = int(family)
    checks.section(f"{protocol}, IPv{family}, {algorithm}")
    network = topologies.chain()
    text, written, complete, flows = trace_live(check, network, family, protocol, algorithm)
    live = reports.parse(text)
    check_live(check, network, live, flows, *outcome(family, protocol, algorithm))
    check_replays(check, live, written, complete)
    check_expect(check, text, written)
    check_comments(check, written, live, family, protocol)


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "nginx", "curl"])
