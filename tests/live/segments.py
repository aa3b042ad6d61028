# SPDX-License-Identifier: GPL-2.0-or-later
"""TCP segments of a capture as Wireshark decodes them: the independent eye on what was really sent.

Leaves what is right and wrong to the tests.
"""

import collections

import tools
from truth import PROBE_TTL_LIMIT, Flow

_FIELDS = {
    "time": "frame.time_epoch", "source4": "ip.src", "source6": "ipv6.src", "destination4": "ip.dst",
    "destination6": "ipv6.dst", "ttl": "ip.ttl", "hop_limit": "ipv6.hlim", "tos": "ip.dsfield", "df": "ip.flags.df",
    "ip_id": "ip.id", "traffic_class": "ipv6.tclass", "flow_label": "ipv6.flow", "source_port": "tcp.srcport",
    "destination_port": "tcp.dstport", "flags": "tcp.flags", "seq": "tcp.seq_raw", "ack": "tcp.ack_raw",
    "length": "tcp.len", "window": "tcp.window_size_value", "tsval": "tcp.options.timestamp.tsval",
    "tsecr": "tcp.options.timestamp.tsecr", "sack": "tcp.options.sack_le", "urgent": "tcp.urgent_pointer",
    "checksum": "tcp.checksum.status", "ip_checksum": "ip.checksum.status", "next_header": "ipv6.nxt",
    "options_length": "tcp.hdr_len", "ip_options": "ip.hdr_len",
}
_STRICT = ["-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE", "-o", "tcp.relative_sequence_numbers:FALSE"]
FIN, SYN, RST, ACK = 0x01, 0x02, 0x04, 0x10
GOOD = "1"  # Wireshark's checksum status

Segment = collections.namedtuple("Segment", [
    "time", "flow", "ttl", "tos", "df", "ip_id", "flow_label", "flags", "seq", "ack", "length", "window", "tsval",
    "tsecr", "has_sack", "urgent", "checksum_good", "plain_headers"])


def read(path):
    """Every TCP segment of the capture, in order; quotes inside ICMP errors are not segments."""
    rows = tools.tshark_rows(path, list(_FIELDS.values()), "tcp and not icmp and not icmpv6", _STRICT)
    return [_segment({name: row[field] for name, field in _FIELDS.items()}) for row in rows]


def is_probe(segment):
    return segment.ttl < PROBE_TTL_LIMIT


def probes(segments, flow=None):
    return [one for one in segments if is_probe(one) and flow in (None, one.flow)]


def distance(later, earlier):
    """later - earlier in sequence space, as a signed number."""
    return (later - earlier + 2**31) % 2**32 - 2**31


def _segment(row):
    is4 = bool(row["source4"])
    flow = Flow(row["source4"] or row["source6"], int(row["source_port"]),
                row["destination4"] or row["destination6"], int(row["destination_port"]))
    return Segment(
        time=float(row["time"]), flow=flow, ttl=int(row["ttl"] or row["hop_limit"]),
        tos=_number(row["tos"] if is4 else row["traffic_class"]), df=row["df"] in ("1", "True") if is4 else None,
        ip_id=_number(row["ip_id"]), flow_label=_number(row["flow_label"]), flags=_number(row["flags"]),
        seq=int(row["seq"]), ack=int(row["ack"]), length=int(row["length"]), window=int(row["window"]),
        tsval=_number(row["tsval"]), tsecr=_number(row["tsecr"]), has_sack=bool(row["sack"]),
        urgent=int(row["urgent"] or 0), plain_headers=row["ip_options"] == "20" if is4 else row["next_header"] == "6",
        checksum_good=row["checksum"] == GOOD and (not is4 or row["ip_checksum"] == GOOD))


def _number(text):
    return int(text, 0) if text else None
