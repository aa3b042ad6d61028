# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads RIPE Atlas traceroute results, after the documentation of measurement results for firmware 4610 and 4750."""

import json

from shapes import address, either, faults, integer, number, text, word

BYTE, WORD = integer(0, 255), integer(0, 65535)
LABEL = {"exp": integer(0, 7), "label": integer(0, 2**20 - 1), "s": integer(0, 1), "ttl": BYTE}
OBJECT = {"class": BYTE, "type": BYTE, "mpls?": [LABEL]}
EXTENSIONS = {"version": integer(2, 2), "rfc4884": integer(0, 1), "obj": [OBJECT]}
REPLY = {
    "from": address, "rtt?": number, "size": WORD, "ttl": BYTE, "late?": integer(), "mtu?": WORD,
    "err?": either(word("N", "H", "A", "P", "p", "h"), BYTE), "itos?": integer(1, 255), "ittl?": BYTE,
    "edst?": address, "flags?": text, "icmpext?": EXTENSIONS}
SILENCE = {"x": word("*")}
HOP = {"hop": integer(1, 255), "result": [either(REPLY, SILENCE)]}
RESULT = {
    "af": word(4, 6), "dst_addr": address, "dst_name": text, "endtime": integer(1), "from": address,
    "fw": integer(4750, 4999), "group_id?": integer(), "lts": integer(-1), "msm_id": integer(),
    "msm_name": word("Traceroute"), "paris_id": integer(0, 64), "prb_id": integer(),
    "proto": word("UDP", "ICMP", "TCP"), "result": [HOP], "size": WORD, "src_addr": address, "timestamp": integer(1),
    "type": word("traceroute")}


def _reply_faults(reply, where, protocol):
    if reply.get("ittl") == 1:
        yield f"{where}: ittl is left out where it is 1"
    if "flags" in reply and (protocol != "TCP" or not reply["flags"]
                             or reply["flags"] != "".join(f for f in "FSRPAU" if f in reply["flags"])):
        yield f"{where}: flags {reply['flags']!r}"
    for thing in reply.get("icmpext", {}).get("obj", []):
        if ("mpls" in thing) != ((thing["class"], thing["type"]) == (1, 1)):
            yield f"{where}: labels belong to objects of class 1 and type 1"


def _result_faults(result, where):
    versions = {6 if ":" in result[name] else 4 for name in ("dst_addr", "src_addr")}
    if versions != {result["af"]}:
        yield f"{where}: af {result['af']} is not that of the addresses"
    hops = [hop["hop"] for hop in result["result"]]
    if hops != sorted(set(hops)):
        yield f"{where}: hops are told once each, in their order"
    for hop in result["result"]:
        for i, reply in enumerate(hop["result"]):
            yield from _reply_faults(reply, f"{where} hop {hop['hop']}[{i}]", result["proto"])


def read(lines):
    results, found = [], []
    for number_, line in enumerate(lines.splitlines(), 1):
        result = json.loads(line)
        found += (list(faults(result, RESULT, f"line {number_}"))
                  or list(_result_faults(result, f"line {number_}")))
        results.append(result)
    return results, found


def replies(result):
    """(TTL, address or None for silence, RTT in ms or None) of each probe's outcome."""
    return [(hop["hop"], reply.get("from"), reply.get("rtt")) for hop in result["result"] for reply in hop["result"]]
