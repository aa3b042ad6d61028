# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares traces with what a capture's truth file says of ICMP errors, echo replies and TCP answers: which probe each
of them answers, with which TTL, after how long, with which MPLS labels. One reply of a report stands for one of the
truth's, no more.
"""

PROTOCOLS = {"icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58, "sctp": 132}
RTT_MS = 0.010  # the bound; both have the same stamps, with other roundings
TIME_EXCEEDED = {4: 11, 6: 3}


def replies_of(traces):
    """(trace, hop, reply) for all."""
    return [(trace, hop, reply) for trace in traces for hop in trace["hops"] for reply in hop["replies"]]


def _labels(entries):
    return [entry["label"] if isinstance(entry, dict) else entry for entry in entries or []]


def _same_probe(answer, reply, hop):
    """`answer` is the truth's."""
    if answer.get("probe_ttl") != hop["ttl"]:
        return False
    if reply["rtt_ms"] is None or answer.get("rtt_ms") is None:
        return reply["rtt_ms"] == answer.get("rtt_ms")
    return abs(reply["rtt_ms"] - answer["rtt_ms"]) <= RTT_MS


def _is_error(error, trace, hop, reply):
    quoted, flow = error.get("quoted") or {}, trace["flow"]
    return (error["router"] == reply["address"] and quoted.get("proto") == PROTOCOLS.get(flow["protocol"])
            and quoted.get("dst") == flow["destination"]
            and flow["destination_port"] in (None, quoted.get("dport"))
            and flow["source_port"] in (None, quoted.get("sport"))
            and (error["icmp_type"], error["icmp_code"]) == (reply["icmp_type"], reply["icmp_code"])
            and _labels(error["mpls_labels"]) == _labels(reply.get("mpls")) and _same_probe(error, reply, hop))


def _is_answer(answer, trace, hop, reply):
    return (answer["from"] == reply["address"] == trace["flow"]["destination"] and reply.get("destination")
            and _same_probe(answer, reply, hop))


def _take(candidates, told, same):
    """Takes the first of `told` that none has taken so far and that is `same`."""
    for number, place in enumerate(told):
        if number not in candidates and same(*place):
            candidates.add(number)
            return True
    return False


def missing(traces, truth):
    """Time Exceeded messages whose probe is in the capture and that no trace tells."""
    told, taken, faults = replies_of(traces), set(), []
    for error in truth["icmp_errors"] or []:
        if error["icmp_type"] != TIME_EXCEEDED[error["family"]] or error["match"] == "none":
            continue
        if not _take(taken, told, lambda *place, error=error: _is_error(error, *place)):
            faults.append(f"frame {error['reply_frame']}: {error['router']} at TTL {error['probe_ttl']}")
    return faults


def invented(traces, truth):
    """Replies with a distance that the truth knows nothing of, and traces without a reply. A reply without a distance
    has to be one whose probe the truth does not find either."""
    faults = []
    for trace, hop, reply in replies_of(traces):
        errors = truth["icmp_errors"] or []
        if hop["ttl"] is None:
            true = any(error["router"] == reply["address"] and error["match"] == "none" for error in errors)
        else:
            true = any(_is_error(error, trace, hop, reply) for error in errors) or \
                any(_is_answer(answer, trace, hop, reply) for answer in truth.get("terminal_replies") or [])
        if not true:
            faults.append(f"{reply['address']} at hop {hop['ttl']} of {trace['flow']}")
    faults += [f"a trace of {trace['flow']} to which nobody replied" for trace in traces
               if not any(hop["replies"] for hop in trace["hops"])]
    return faults
