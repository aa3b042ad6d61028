# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads scamper's JSON: the "trace" objects of `scamper -O json` and sc_warts2json, as version 20211212 writes them
(and "name", which newer ones add). Written after what scamper itself puts out."""

import json

from shapes import address, faults, integer, number, text, word

METHODS = ("udp", "udp-paris", "icmp-echo", "icmp-echo-paris", "tcp", "tcp-ack")
STOPS = ("NONE", "COMPLETED", "UNREACH", "ICMP", "LOOP", "GAPLIMIT", "ERROR", "HOPLIMIT", "GSS", "HALTED")
BYTE, WORD = integer(0, 255), integer(0, 65535)
STAMP = {"sec": integer(1), "usec": integer(0, 999999)}
LABEL = {"mpls_ttl": BYTE, "mpls_s": integer(0, 1), "mpls_exp": integer(0, 7), "mpls_label": integer(0, 2**20 - 1)}
EXTENSION = {"ie_cn": BYTE, "ie_ct": BYTE, "ie_dl": WORD, "mpls_labels?": [LABEL]}
HOP = {
    "addr": address, "name?": text, "probe_ttl": integer(1, 255), "probe_id": BYTE, "probe_size": WORD, "tx?": STAMP,
    "rtt?": number, "reply_ttl": BYTE, "reply_tos": BYTE, "reply_ipid": WORD, "reply_size": WORD, "icmp_type?": BYTE,
    "icmp_code?": BYTE, "icmp_q_ttl?": BYTE, "icmp_q_ipl?": WORD, "icmp_q_tos?": BYTE, "tcp_flags?": BYTE,
    "icmpext?": [EXTENSION]}
TRACE = {
    "type": word("trace"), "version": word("0.1"), "userid": integer(), "method": word(*METHODS), "src": address,
    "dst": address, "sport?": WORD, "dport?": WORD, "icmp_sum?": WORD, "stop_reason": word(*STOPS), "stop_data": WORD,
    "start": {**STAMP, "ftime": text}, "hop_count": WORD, "attempts": BYTE, "hoplimit": BYTE, "firsthop": BYTE,
    "wait": BYTE, "wait_probe": BYTE, "tos": BYTE, "probe_size": WORD, "probe_count": WORD, "hops?": [HOP]}


def _together(hop, names):
    """The members stand together or not at all."""
    return len([name for name in names if name in hop]) in (0, len(names))


def _hop_faults(hop, where):
    is_tcp, is_icmp = "tcp_flags" in hop, "icmp_type" in hop
    if is_tcp == is_icmp:
        yield f"{where}: must be either TCP or ICMP"
    if not _together(hop, ("icmp_type", "icmp_code")) or not _together(hop, ("icmp_q_ttl", "icmp_q_ipl")):
        yield f"{where}: a half message"
    if ("icmp_q_tos" in hop) != ("icmp_q_ttl" in hop and ":" not in hop["addr"]):
        yield f"{where}: icmp_q_tos belongs to IPv4 quotes"
    for extension in hop.get("icmpext", []):
        if extension["ie_dl"] != 4 * len(extension.get("mpls_labels", [])):
            yield f"{where}: ie_dl is the length of the labels"


def _trace_faults(trace, where):
    ported = trace["method"].startswith(("udp", "tcp"))
    if ("sport" in trace) != ported or ("dport" in trace) != ported:
        yield f"{where}: ports belong to UDP and TCP"
    if trace.get("hops") == []:
        yield f"{where}: without replies there are no hops at all"
    order = [(hop["probe_ttl"], hop["probe_id"]) for hop in trace.get("hops", [])]
    if order != sorted(order):
        yield f"{where}: hops are sorted by TTL and probe"
    for i, hop in enumerate(trace.get("hops", [])):
        yield from _hop_faults(hop, f"{where}.hops[{i}]")


def read(lines):
    """(traces, faults) of lines."""
    traces, found = [], []
    for number_, line in enumerate(lines.splitlines(), 1):
        trace = json.loads(line)
        wrong = list(faults(trace, TRACE, f"line {number_}")) or list(_trace_faults(trace, f"line {number_}"))
        found += wrong
        traces.append(trace)
    return traces, found


def replies(trace):
    """(TTL, probe, address, RTT in ms or None) of each."""
    return [(hop["probe_ttl"], hop["probe_id"], hop["addr"], hop.get("rtt")) for hop in trace.get("hops", [])]
