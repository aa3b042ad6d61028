# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads JSON reports and compares them with the lab's truth, with the schema and with each other.

Leaves running the tools to tools.py and the truth itself to truth.py.
"""

import base64
import hashlib
import ipaddress
import json
import os

import tools
from truth import PROTOCOLS, Flow, family

TIME_EXCEEDED = {4: (11, 0), 6: (3, 0)}
_SCHEMA = os.path.join(tools.SOURCE, "docs", "report.schema.json")


def parse(text):
    """The traces of a JSON Lines report."""
    objects = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [one for one in objects if one.get("type") == "trace"]


def flow_of(trace):
    flow = trace["flow"]
    return Flow(flow["source"], flow["source_port"], flow["destination"], flow["destination_port"], flow["protocol"])


def by_flow(traces):
    return {flow_of(trace): trace for trace in traces}


def responders(trace):
    """{ttl: sorted addresses of its replies}, TTLs without a reply left out."""
    return {hop["ttl"]: sorted(reply["address"] for reply in hop["replies"]) for hop in trace["hops"] if hop["replies"]}


def round_trips(trace):
    """{(ttl, probe): rtt_ms}"""
    return {(hop["ttl"], reply["probe"]): reply["rtt_ms"] for hop in trace["hops"] for reply in hop["replies"]}


def sent(trace):
    return {hop["ttl"]: hop["sent"] for hop in trace["hops"]}


def path_of(trace, routers):
    """The single responder of each of the first hops, None where there is none or more than one."""
    answers = responders(trace)
    found = []
    for ttl in range(1, routers + 1):
        addresses = set(answers.get(ttl, []))
        found.append(addresses.pop() if len(addresses) == 1 else None)
    return found


def wrong_hops(trace, truth, probes=3):
    """Everything in which the trace departs from the lab's truth, as texts; empty is right.

    truth: the routers' addresses in order; the destination's distance is one more, and it does not answer
    probes of the kinds tested here.
    """
    faults, version = [], family(flow_of(trace))
    hops = {hop["ttl"]: hop for hop in trace["hops"]}
    for ttl, address in enumerate(truth, start=1):
        if ttl not in hops:
            faults.append(f"TTL {ttl} was not probed")
            continue
        faults += _wrong_replies(hops[ttl], address, probes, version)
    for ttl, hop in hops.items():
        if ttl > len(truth) and hop["replies"]:
            faults.append(f"TTL {ttl} is beyond the routers but has {hop['replies']}")
    if [hop["ttl"] for hop in trace["hops"]] != list(range(trace["first_ttl"], trace["first_ttl"] + len(hops))):
        faults.append(f"hops are not every TTL once, in order: {list(hops)}")
    return faults


def _wrong_replies(hop, address, probes, version):
    ttl, replies, faults = hop["ttl"], hop["replies"], []
    if hop["sent"] != probes:
        faults.append(f"TTL {ttl}: sent {hop['sent']}, wanted {probes}")
    if sorted(reply["probe"] for reply in replies) != list(range(1, probes + 1)):
        faults.append(f"TTL {ttl}: answered probes {[reply['probe'] for reply in replies]}")
    for reply in replies:
        if reply["address"] != address:
            faults.append(f"TTL {ttl}: {reply['address']} answered, the truth is {address}")
        if (reply["icmp_type"], reply["icmp_code"]) != TIME_EXCEEDED[version]:
            faults.append(f"TTL {ttl}: ICMP {reply['icmp_type']}/{reply['icmp_code']}")
        if not reply["rtt_ms"] or reply["rtt_ms"] <= 0:
            faults.append(f"TTL {ttl}: RTT {reply['rtt_ms']}")
        if reply["quoted_ttl"] != 1:
            faults.append(f"TTL {ttl}: quoted TTL {reply['quoted_ttl']}")
        if reply.get("destination"):
            faults.append(f"TTL {ttl}: a router taken for the destination")
    return faults


def differences(one, other, tolerance_ms=None):
    """How two traces of the same flow differ in probes, responders and (where a tolerance is given) RTTs."""
    faults = []
    if sent(one) != sent(other):
        faults.append(f"probes sent: {sent(one)} / {sent(other)}")
    if responders(one) != responders(other):
        faults.append(f"responders: {responders(one)} / {responders(other)}")
    if tolerance_ms is None:
        return faults
    left, right = round_trips(one), round_trips(other)
    for key in sorted(left.keys() | right.keys()):
        if key not in left or key not in right or abs(left[key] - right[key]) > tolerance_ms:
            faults.append(f"RTT of TTL {key[0]} probe {key[1]}: {left.get(key)} / {right.get(key)}")
    return faults


def odd_members(trace, **wanted):
    """Members of a live trace that contradict each other, the wanted values or the contract, as texts."""
    flow = trace["flow"]
    expected = {"version": 1, "kind": "in-flow", "probes_sent": sum(sent(trace).values()),
                "replies_received": sum(len(hop["replies"]) for hop in trace["hops"]), **wanted}
    faults = [f"{name} is {trace.get(name)!r}, not {value!r}" for name, value in expected.items()
              if trace.get(name) != value]
    if flow["community_id"] != community_id(flow_of(trace)):
        faults.append(f"community_id {flow['community_id']}, not {community_id(flow_of(trace))}")
    if not trace["generator"].startswith("st-inject "):
        faults.append(f"generator {trace['generator']}")
    if not trace["start"] <= trace["end"]:
        faults.append(f"starts {trace['start']}, ends {trace['end']}")
    return faults


def sends_below(flow):
    """True where the application must not be reached by any probe: nobody knows what it would make of one.

    (Over IPv6 it is the destination's kernel that stops the default probe.) Then the last router is not probed either.
    """
    return flow.protocol == "udp" and family(flow) == 4


def wanted_hops(flow, addresses, known_application=False):
    """The routers, of all on the flow's way, that are to be found. Right where the way back is as long."""
    return addresses[:-1] if sends_below(flow) and not known_application else addresses


def _too_far(trace, wanted):
    beyond = [hop["ttl"] for hop in trace["hops"] if hop["ttl"] > len(wanted)]
    return [f"TTLs {beyond} were probed, too near to the application"] if beyond else []


def check_traces(check, traces, flows, truth, statement, probes=3, known_application=False, **wanted):
    """Checks that exactly these flows were traced, once each, with the true hops."""
    found = by_flow(traces)
    check.that(len(traces) == len(flows) and set(found) == set(flows),
               f"{statement}: each of {len(flows)} flows has a trace",
               f"{len(traces)} traces, not traced: {sorted(set(flows) - set(found))}, "
               f"not asked for: {sorted(set(found) - set(flows))}")
    faults = []
    for flow in found.keys() & set(flows):
        hops, trace = wanted_hops(flow, truth.addresses(flow), known_application), found[flow]
        faults += [f"{flow}: {text}" for text in wrong_hops(trace, hops, probes) + odd_members(trace, **wanted)]
        if sends_below(flow) and not known_application:
            faults += [f"{flow}: {text}" for text in _too_far(trace, hops)]
    check.that(not faults and found, f"{statement}: every hop of every flow is the truth", "; ".join(faults[:6]))


def compare_sets(check, live, other, statement, tolerance_ms=None):
    """Checks that two reports hold the same traces of the same flows."""
    left, right = by_flow(live), by_flow(other)
    faults = [] if left.keys() == right.keys() and len(live) == len(other) else [
        f"{len(live)} traces of {len(left)} flows / {len(other)} traces of {len(right)} flows"]
    for flow in left.keys() & right.keys():
        faults += [f"{flow}: {text}" for text in differences(left[flow], right[flow], tolerance_ms)]
    check.that(not faults, statement, "; ".join(faults[:4]))


def schema_faults(traces):
    """What the schema does not allow, as texts; None when the schema or its checker is missing."""
    try:
        import jsonschema  # pylint: disable=import-outside-toplevel
    except ImportError:
        return None
    if not os.path.exists(_SCHEMA):
        return None
    with open(_SCHEMA, encoding="utf-8") as stream:
        validator = jsonschema.validators.validator_for(json.load(stream))
        stream.seek(0)
        checker = validator(json.load(stream))
    return [error.message for trace in traces for error in checker.iter_errors(trace)]


def check_schema(check, traces):
    faults = schema_faults(traces)
    if faults is None:
        print("        (no schema or no jsonschema module: not validated)")
    else:
        check.that(not faults, f"{len(traces)} reports follow the JSON schema", str(faults[:3]))


def community_id(flow):
    """Community ID version 1 (seed 0), from its specification."""
    ends = sorted([(ipaddress.ip_address(flow.source).packed, flow.source_port),
                   (ipaddress.ip_address(flow.destination).packed, flow.destination_port)])
    ports = b"".join(port.to_bytes(2, "big") for _, port in ends)
    data = b"\0\0" + ends[0][0] + ends[1][0] + bytes([PROTOCOLS[flow.protocol], 0]) + ports
    return "1:" + base64.b64encode(hashlib.sha1(data).digest()).decode()
