# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads the JSON of the original Service Traceroute (0.3d), after the structures that it marshals: every member is
there, strings are never null, a list in a list is null where nothing was sent. And goes through it as the published
analysis scripts do."""

import json

from shapes import address, boolean, either, faults, integer, nothing, number, text, word

INFO = {"Version": text, "Conf": text, "Type": word("ServiceTraceroute")}
DATA = {
    "TransportProtocol": text, "TargetIP": address, "TargetPort": integer(0, 65535), "LocalIP": address,
    "LocalPort": integer(0, 65535), "Service": text, "IPResolution": text, "Hops": [either(address, word(""))],
    "RttsAvg": [number], "RttsVar": [number], "MaxTtl": integer(0, 255), "BorderDistance": integer(0, 255),
    "Iterations": integer(), "MaxConsecutiveMissingHops": integer(), "ReachedMaxConsecutiveMissingHops": boolean,
    "ProbingAlgorithm": word("packetbypacket", "hopbyhop", "concurrent", ""), "StartWithEmptyPacket": boolean,
    "InterProbeTime": integer(), "InterIterationTime": integer(), "Timeout": integer(), "FlowTimeout": integer(),
    "ReachedFlowTimeout": boolean, "FlowEnded": boolean, "ReachedBorderRouter": boolean, "TsStart": integer(1),
    "TsEnd": integer(1), "HopIPs": [either([address], nothing)], "Rtts": [either([number], nothing)]}
LISTS = ("Hops", "RttsAvg", "RttsVar", "HopIPs", "Rtts")


def _data_faults(data, where):
    if {len(data[name]) for name in LISTS} != {data["BorderDistance"]}:
        yield f"{where}: the lists have one element a TTL up to BorderDistance"
        return
    for i, (hop, addresses, rtts) in enumerate(zip(data["Hops"], data["HopIPs"], data["Rtts"])):
        if (addresses is None) != (rtts is None) or len(addresses or []) != len(rtts or []):
            yield f"{where}: TTL {i + 1} has {addresses} but {rtts}"
        elif hop != (addresses or [""])[-1]:
            yield f"{where}: TTL {i + 1} is {hop!r}, its last answer is of {addresses}"


def read(lines):
    reports, found = [], []
    for number_, line in enumerate(lines.splitlines(), 1):
        report = json.loads(line)
        where = f"line {number_}"
        found += (list(faults(report, {"Info": INFO, "Data": DATA}, where)) or list(_data_faults(report["Data"], where)))
        reports.append(report)
    return reports, found


def replies(report):
    """(TTL, address, RTT in ms) of each."""
    data = report["Data"]
    return [(i + 1, who, rtt) for i, (whos, rtts) in enumerate(zip(data["HopIPs"], data["Rtts"]))
            for who, rtt in zip(whos or [], rtts or [])]


def analyse(line):
    """What the analysis scripts take out of a line of a log: (algorithm, last hop that answered, routers that differ)."""
    if line[0] != "{":
        return None
    data = json.loads(line)["Data"]
    last = max([i + 1 for i, hop in enumerate(data["Hops"]) if hop != ""], default=0)
    differing = sum(hop != other for hop, others in zip(data["Hops"], data["HopIPs"]) for other in others or [])
    return data["ProbingAlgorithm"].lower(), last, differing
