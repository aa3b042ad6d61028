# SPDX-License-Identifier: GPL-2.0-or-later
"""Brings what the plugin's fields say and what st-replay reports into one shape, so that they can be compared.

Leaves running the programs to shark.py and the replay tests' harness.
"""

import collections

from shark import REPEATED

NS = 10**9
_LABEL_FIELDS = ("st.mpls.label", "st.mpls.tc", "st.mpls.s", "st.mpls.ttl")
REPLY_FIELDS = ("st.probe", "st.trace", "st.flow", "st.hop", "st.probe.index", "st.router", "st.rtt", "st.destination",
                "st.quoted_ttl", *_LABEL_FIELDS)
_TRUE = ("1", "True")  # 4.0 and later versions

# All that both tell of a reply.
Reply = collections.namedtuple("Reply", "trace flow hop probe router rtt_ns destination quoted_ttl mpls")


def _whole(text):
    return int(text, 0) if text else None


def _nanoseconds(text):
    """A decimal number of seconds; floating point would be off by one at times."""
    if not text:
        return None
    sign = -1 if text.startswith("-") else 1
    seconds, _, fraction = text.lstrip("-").partition(".")
    return sign * (int(seconds) * NS + int(fraction.ljust(9, "0")[:9]))


def values(cell):
    """All values of a cell of fields()."""
    return cell.split(REPEATED) if cell else []


def _labels(cells):
    label, traffic_class, bottom, ttl = map(values, cells)
    columns = [list(map(_whole, label)), list(map(_whole, traffic_class)), [int(value in _TRUE) for value in bottom],
               list(map(_whole, ttl))]
    return tuple(zip(*columns, strict=True))


def shown_replies(rows):
    """The Reply of each row, a {field: cell} of a frame with st.reply, in a list."""
    return [Reply(_whole(row["st.trace"]), _whole(row["st.flow"]), _whole(row["st.hop"]), _whole(row["st.probe.index"]),
                  row["st.router"], _nanoseconds(row["st.rtt"]), row["st.destination"] in _TRUE,
                  _whole(row["st.quoted_ttl"]), _labels([row[name] for name in _LABEL_FIELDS])) for row in rows]


def reported_replies(traces):
    """The same of reports."""
    return [_reported(trace, hop, reply) for trace in traces for hop in trace["hops"] for reply in hop["replies"]]


def _reported(trace, hop, reply):
    rtt = reply["rtt_ms"]
    labels = tuple((entry["label"], entry["tc"], entry["s"], entry["ttl"]) for entry in reply.get("mpls") or [])
    return Reply(trace["trace"], trace["flow"]["id"], hop["ttl"], reply["probe"], reply["address"],
                 None if rtt is None else round(rtt * 1e6), bool(reply.get("destination")), reply["quoted_ttl"], labels)


def within(rows, traces):
    """Rows without those of distances that a report leaves out: behind the destination only itself is told by them."""
    ends = {str(trace["trace"]): max((hop["ttl"] or 0 for hop in trace["hops"]), default=0) for trace in traces
            if trace["destination_reached"]}
    return [row for row in rows if not 0 < ends.get(row["st.trace"], 0) < int(row["st.hop"] or 0)
            or row["st.router"] and row["st.destination"] not in _TRUE and not row["st.probe"]]


def missing(shown, reported):
    """What is reported and not shown."""
    return list((collections.Counter(reported) - collections.Counter(shown)).elements())


def differences(shown, reported):
    """What is on one side only, as texts."""
    return [f"only shown: {reply}" for reply in sorted(missing(reported, shown), key=str)] + \
           [f"only reported: {reply}" for reply in sorted(missing(shown, reported), key=str)]
