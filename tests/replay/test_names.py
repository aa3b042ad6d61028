#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The services' names in real captures, against what tshark and an independent decoder of QUIC have found in them: the
name in a flow's own ClientHello exactly, else one that its client was given by DNS, never one that the capture does not
hold.

The captures are those of test_captures.py. With an argument, a capture's name or a part of it: that one, told in full.
"""

import json
import os
import pathlib
import sys

import harness

FOLDER = pathlib.Path(os.environ.get("ST_CAPTURES") or harness.SOURCE.parent / "shared" / "captures")
TRUTH = ".truth.json"
LEAST_SNI, LEAST_DNS = 0.99, 0.97
LEAST_FLOWS = 300  # with a name; fewer are not the folder that is meant


def ends_key(protocol, ends):
    return protocol, *sorted(ends)


def truth_key(flow):
    return ends_key(flow["proto"], [(flow["client"], flow["client_port"]), (flow["server"], flow["server_port"])])


def report_key(flow):
    return ends_key(flow["protocol"], [(flow["source"], flow["source_port"]),
                                       (flow["destination"], flow["destination_port"])])


def records(path):
    """The flows that st-replay reports, by their ends; a port that is used again has several. None: cannot be read."""
    done = harness.replay("--flows", "-o", "json", "--quiet", path, timeout=30)
    if harness.misbehaviour(done):
        raise RuntimeError(f"{path}: {harness.misbehaviour(done)}")
    found = {}
    for line in done.stdout.splitlines():
        one = json.loads(line)
        if one["type"] == "flow":
            found.setdefault(report_key(one["flow"]), []).append(one)
    return found


def host_of(record):
    return (record["service"] or {}).get("host")


def plain(name):
    return (name or "").rstrip(".").lower()


def held_names(truth):
    """Every name that the capture holds, as tshark reads them. It reads none in Google's QUIC and behind RDP's start."""
    names = {plain(one["name"]) for flow in truth["flows"] for one in flow.get("sni", [])}
    names |= {plain(flow["quic_initial"].get("sni")) for flow in truth["flows"] if flow.get("quic_initial")}
    for message in truth["dns"]:
        names |= {plain(query["name"]) for query in message["queries"]}
        for answer in message["answers"]:
            names |= {plain(answer.get(member)) for member in ("name", "cname", "svcb_target")}
    return names - {""}


class Score:
    """Flows of a kind, and those that have the right name."""

    def __init__(self, what, least):
        self.what, self.least, self.count, self.missed = what, least, 0, []

    def add(self, path, flow, hosts, wanted, fault=""):
        self.count += 1
        if fault or not hosts or not hosts <= wanted:
            self.missed.append(f"{path.name}: {truth_key(flow)} is {sorted(map(str, hosts))}, not {sorted(wanted)[:4]} {fault}")

    def tell(self, check):
        right = self.count - len(self.missed)
        check.that(self.count > 0 and right >= self.least * self.count,
                   f"{self.what}: {right} of {self.count} flows, at least {self.least:.0%}", "; ".join(self.missed[:8]))
        if len(sys.argv) > 1:
            print("\n".join(self.missed))


def wanted_names(flow):
    own = {plain(one["name"]) for one in flow.get("sni", [])}
    if not own and (flow.get("quic_initial") or {}).get("sni"):
        own = {plain(flow["quic_initial"]["sni"])}
    return own


def evidence_fault(records_of_flow, evidence, alpn=None):
    """What told the name, and with a ClientHello the protocols that it offers, as text; "" if that is right."""
    named = [one["service"] for one in records_of_flow if host_of(one)]
    if any(one["evidence"] != evidence for one in named):
        return f"by {[one['evidence'] for one in named]}"
    if alpn and not any(one.get("alpn") == alpn for one in named):
        return f"ALPN {[one.get('alpn') for one in named]}, not {alpn}"
    return ""


def judge(path, truth, found, sni, dns):
    for flow in truth["flows"]:
        hosts = {host_of(one) for one in found.get(truth_key(flow), [])} - {None}
        if wanted_names(flow):
            fault = evidence_fault(found.get(truth_key(flow), []), "sni", flow.get("alpn"))
            sni.add(path, flow, hosts, wanted_names(flow), fault)
        elif flow.get("dns_names"):
            dns.add(path, flow, hosts, {plain(name) for name in flow["dns_names"]},
                    evidence_fault(found.get(truth_key(flow), []), "dns"))


def invented(path, truth, found):
    held = held_names(truth)
    odd = [host_of(one) for several in found.values() for one in several if host_of(one) and host_of(one) not in held]
    raw = path.read_bytes().lower() if odd else b""
    return [f"{path.name}: {host}" for host in odd if host.encode() not in raw]


def check_folder(check, name, paths):
    sni = Score(f"{name}: a name in the flow itself", LEAST_SNI)
    dns = Score(f"{name}: names by DNS alone", LEAST_DNS)
    wrong, marked, unmarked = [], 0, []
    for path in paths:
        truth = json.loads(path.with_name(path.name + TRUTH).read_text(encoding="utf-8"))
        found = records(path)
        if not found:
            continue  # a link type or a file that is not read
        judge(path, truth, found, sni, dns)
        wrong += invented(path, truth, found)
        for flow in truth["flows"]:
            if flow.get("ech") and truth_key(flow) in found:
                services = [one["service"] or {} for one in found[truth_key(flow)]]
                marked += all(one.get("ech") for one in services)
                unmarked += [str(one) for one in services if not one.get("ech") or one["evidence"] != "sni"]
    sni.tell(check)
    dns.tell(check)
    check.that(not wrong, f"{name}: no flow has a name that the capture does not hold", "; ".join(wrong[:8]))
    check.that(not unmarked, f"{name}: {marked} flows with an encrypted ClientHello are marked", "; ".join(unmarked[:3]))
    return sni.count + dns.count


def main(check, _folder):
    harness.overlook_leaks()
    part = sys.argv[1] if len(sys.argv) > 1 else ""
    paths = [path.with_name(path.name.removesuffix(TRUTH)) for path in sorted(FOLDER.rglob(f"*{TRUTH}"))]
    paths = [path for path in paths if part in path.name]
    counted = check_folder(check, "DNS, TLS and QUIC", [path for path in paths if path.parent.name == "B"])
    counted += check_folder(check, "all others", [path for path in paths if path.parent.name != "B"])
    check.that(counted >= LEAST_FLOWS or part, f"{counted} flows with names are in the folder")


if __name__ == "__main__":
    if not FOLDER.is_dir():
        harness.skip(f"no captures in {FOLDER} (set ST_CAPTURES)")
    harness.run(main)
