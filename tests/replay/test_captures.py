#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Real captures that nobody of this project made, damaged ones among them: each ends in time with 0, or with 1 and a
reason; what libpcap can read, and with libwiretap what tshark can, is read to its last frame; TCP and UDP flows are
the ones that tshark found, inside of tunnels too; every Time Exceeded whose probe is in the capture is told with its
TTL, router, RTT and labels, and none is that the truth does not pair with that probe.

The captures, each with CAPTURE.truth.json beside it, are in the folder ST_CAPTURES (default: ../shared/captures from
the source). Nothing of them is part of this project: without the folder the test is skipped.
"""

import copy
import json
import os
import pathlib
import re

import capture_files as files
import harness
from test_names import report_key, truth_key
from truth_pairs import invented, missing

FOLDER = pathlib.Path(os.environ.get("ST_CAPTURES") or harness.SOURCE.parent / "shared" / "captures")
LIMIT_S = 20
HAS_WIRETAP = harness.has_wiretap()
TRUTH = ".truth.json"
SUPPORTED = {0, 1, 6, 8, 9, 10, 12, 14, 50, 51, 100, 101, 104, 105, 107, 108, 109, 113, 117, 119, 122, 123, 127, 129, 138,
             149, 163, 166, 178, 192, 197, 204, 205, 206, 219, 226, 228, 229, 239, 242, 258, 259, 274, 276, 281, 282,
             284, 285}
LEAST_CAPTURES = 50  # fewer are not the folder that is meant
# Resets alone begin no flow; packets inside of netlink's messages are not looked for; nor Cisco's framing behind a link
# type that has address families there.
NO_FLOWS = {"zeek__llc.pcap", "tcpdump__tcp_rst_data-trunc.pcap", "sample-captures__netlink-nflog.pcap",
            "PcapPlusPlus__null_loopback.pcap"}
# What tshark's own count has and ours has not: records that are no packets.
OTHER_RECORDS = {"gopacket__test202.pcapng": 3}


class Capture:
    """A capture, its truth, and what st-replay made of it."""

    def __init__(self, truth_path, written):
        self.path = truth_path.with_name(truth_path.name.removesuffix(TRUTH))
        self.name = str(self.path.relative_to(FOLDER))
        self.truth = json.loads(truth_path.read_text(encoding="utf-8"))
        self.done = harness.replay("--flows", "-o", "json", "-w", written, self.path, timeout=LIMIT_S)
        reports = [json.loads(line) for line in self.done.stdout.splitlines()]
        self.traces = [report for report in reports if report["type"] == "trace"]
        self.flows = {report_key(report["flow"]) for report in reports if report["type"] == "flow"}
        self.written = written

    @property
    def supported(self):
        """Whether the whole file can be read (tcpdump did, or tshark) and its link type is one of ours."""
        read = self.truth["tcpdump"]["rc"] == 0 or (HAS_WIRETAP and self.truth["tshark"]["rc"] == 0)
        link_types = self.truth["container"].get("linktypes")
        return read and (set(link_types) <= SUPPORTED if link_types else bool(self.truth["flows"]))

    def counted(self, what):
        found = re.search(rf"(\d+) {what}s?\b", self.done.stderr)
        return int(found[1]) if found else 0


def transport_fronts(truth):
    """The protocols in front of TCP or UDP, for each kind of frame whose own packet (not a quote in it) is one."""
    chains = [chain.split(":") for chain in truth["tshark"].get("protocol_chains") or {}]
    ends = [min((chain.index(one) for one in ("tcp", "udp") if one in chain), default=None) for chain in chains]
    fronts = [chain[:end] for chain, end in zip(chains, ends) if end is not None]
    return [front for front in fronts if not {"icmp", "icmpv6"} & set(front)]


def has_lone_fragments(truth):
    """tshark names a fragment's transport only once all are there; the first one has the ports all the same."""
    return any(chain.endswith("ip:data") for chain in truth["tshark"].get("protocol_chains") or {})


def ending_fault(capture):
    fault = harness.misbehaviour(capture.done)
    lines = capture.done.stderr.splitlines()
    if fault or len(lines) != 1:
        return fault or f"{len(lines)} lines on standard error: {lines[:3]}"
    if capture.supported and capture.done.returncode != harness.OK:
        return f"libpcap reads it, st-replay does not: {lines[0]}"
    if capture.done.returncode == harness.FAILED and (str(capture.path) not in lines[0] or "frames, " in lines[0]):
        return f"no reason: {lines[0]}"
    return ""


def reading_fault(capture):
    """Frames and flows that should have been seen."""
    if capture.done.returncode != harness.OK:
        return ""
    truth = capture.truth
    wanted = truth["tshark"]["packets"] - OTHER_RECORDS.get(capture.path.name, 0)
    if truth["tshark"]["rc"] == 0 and capture.counted("frame") != wanted:
        return f"{capture.counted('frame')} frames, tshark reads {wanted}"
    fronts, seen = transport_fronts(truth), capture.counted("flow")
    odd = capture.counted("malformed packet") + len(truth["tshark"].get("malformed_frames") or [])
    odd += len(capture.traces)  # of ICMP
    if truth["tshark"]["rc"] == 0 and not fronts and not has_lone_fragments(truth) and seen > odd:
        return f"{seen} flows, tshark sees neither TCP nor UDP"
    missing = missing_flows(capture)
    odd = capture.counted("malformed packet") + capture.counted("cut packet")
    return f"without {missing[:3]}, which tshark sees" if len(missing) > odd else ""


def carries_other(flow):
    """Whether what the flow carries is a tunnel's packet that is neither TCP nor UDP: then it is no flow of its own."""
    layers = (flow.get("tunnel") or "").split(":")
    last = max((place for place, layer in enumerate(layers) if layer in ("ip", "ipv6")), default=0)
    return last > 0 and not {"tcp", "udp"} & set(layers[last:])


def missing_flows(capture):
    """The flows of the truth that st-replay has not seen."""
    if capture.path.name in NO_FLOWS:
        return []
    return [key for flow, key in ((flow, truth_key(flow)) for flow in capture.truth["flows"])
            if key not in capture.flows and not carries_other(flow)]


def writing_fault(capture):
    """What -w has written is a whole pcapng, also where the capture broke off."""
    if capture.done.returncode != harness.OK and not capture.written.exists():
        return ""
    try:
        files.read(capture.written.read_bytes())
    except (ValueError, KeyError, IndexError, files.struct.error) as error:
        return f"-w wrote no pcapng: {error}"
    return ""


def check_matcher(check):
    """The comparison with the truth itself: a made-up report of a true reply, and the same with one thing changed."""
    truth = {"icmp_errors": [{"router": "192.0.2.1", "probe_ttl": 3, "icmp_type": 11, "icmp_code": 0, "rtt_ms": 1.5,
                              "family": 4, "match": "exact", "reply_frame": 2, "mpls_labels": [],
                              "quoted": {"proto": 6, "dst": "198.51.100.1", "dport": 80, "sport": 4000}}]}
    reply = {"address": "192.0.2.1", "icmp_type": 11, "icmp_code": 0, "rtt_ms": 1.5}
    flow = {"protocol": "tcp", "destination": "198.51.100.1", "destination_port": 80, "source_port": None}
    trace = {"flow": flow, "hops": [{"ttl": 3, "replies": [reply]}]}
    check.equal(invented([trace], truth), [], "a true reply is not called invented")
    check.equal(missing([trace], truth), [], "nor missing")
    check.that(missing([], truth), "it is missing where there is no trace")
    for name, value in (("address", "192.0.2.2"), ("rtt_ms", 1.6), ("icmp_code", 1)):
        other = copy.deepcopy(trace)
        other["hops"][0]["replies"][0][name] = value
        check.that(invented([other], truth) and missing([other], truth), f"one with another {name} is both")
    check.that(invented([{**trace, "hops": []}], truth), "a trace without a reply is")


def main(check, folder):
    harness.overlook_leaks()
    check_matcher(check)
    found = sorted(FOLDER.rglob("*" + TRUTH))
    check.that(len(found) >= LEAST_CAPTURES, f"{len(found)} captures are there")
    faults = {kind: [] for kind in ("ending", "reading", "missing", "invented", "writing")}
    read = flows = traces = pairs = 0
    for path in found:
        capture = Capture(path, folder / "written.pcapng")
        kinds = {"ending": [ending_fault(capture)], "reading": [reading_fault(capture)],
                 "missing": missing(capture.traces, capture.truth),
                 "invented": invented(capture.traces, capture.truth), "writing": [writing_fault(capture)]}
        for kind, texts in kinds.items():
            faults[kind] += [f"{capture.name}: {text}" for text in texts if text]
        read += capture.done.returncode == harness.OK
        flows += capture.counted("flow")
        traces += len(capture.traces)
        pairs += sum(error["match"] != "none" for error in capture.truth["icmp_errors"] or [])
        capture.written.unlink(missing_ok=True)
    check.none(faults["ending"], f"each ends within {LIMIT_S} s with 0 or with a reason ({read} can be read)")
    check.none(faults["reading"], f"frames are read to the last one, and flows are seen ({flows})")
    check.none(faults["missing"], f"every Time Exceeded whose probe is there is told ({pairs})")
    check.none(faults["invented"], f"no reply and no trace is invented ({traces} traces)")
    check.none(faults["writing"], "what -w writes can be read")


if __name__ == "__main__":
    if not FOLDER.is_dir():
        harness.skip(f"no captures in {FOLDER} (set ST_CAPTURES)")
    harness.run(main)
