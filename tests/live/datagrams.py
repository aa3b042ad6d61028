# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP datagrams of a capture as Wireshark decodes them; sister of segments.py, whose words for probes hold here too.

Leaves what is right and wrong to the tests.
"""

import collections

import tools
from truth import Flow

_FIELDS = {
    "time": "frame.time_epoch", "source4": "ip.src", "source6": "ipv6.src", "destination4": "ip.dst",
    "destination6": "ipv6.dst", "ttl": "ip.ttl", "hop_limit": "ipv6.hlim", "tos": "ip.dsfield", "df": "ip.flags.df",
    "ip_id": "ip.id", "traffic_class": "ipv6.tclass", "flow_label": "ipv6.flow", "source_port": "udp.srcport",
    "destination_port": "udp.dstport", "length": "udp.length", "checksum": "udp.checksum",
    "status": "udp.checksum.status", "ip_status": "ip.checksum.status", "next_header": "ipv6.nxt",
    "ip_header": "ip.hdr_len",
}
_STRICT = ["-o", "udp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE"]
_HEADER_BYTES = 8
_GOOD = "1"  # Wireshark's checksum status

Datagram = collections.namedtuple("Datagram", [
    "time", "flow", "ttl", "tos", "df", "ip_id", "flow_label", "length", "checksum", "checksum_good", "plain_headers"])


def read(path):
    """Every UDP datagram of the capture, in order; quotes inside ICMP errors are not datagrams."""
    rows = tools.tshark_rows(path, list(_FIELDS.values()), "udp and not icmp and not icmpv6", _STRICT)
    return [_datagram({name: row[field] for name, field in _FIELDS.items()}) for row in rows]


def key(datagram):
    """What tells a probe from the others of its flow: the IPv4 identification; in IPv6 length and checksum."""
    return datagram.ip_id if datagram.ip_id is not None else (datagram.length, datagram.checksum)


def _datagram(row):
    is4 = bool(row["source4"])
    flow = Flow(row["source4"] or row["source6"], int(row["source_port"]),
                row["destination4"] or row["destination6"], int(row["destination_port"]), "udp")
    return Datagram(
        time=float(row["time"]), flow=flow, ttl=int(row["ttl"] or row["hop_limit"]),
        tos=int(row["tos"] if is4 else row["traffic_class"], 0), df=row["df"] in ("1", "True") if is4 else None,
        ip_id=int(row["ip_id"], 0) if is4 else None, flow_label=int(row["flow_label"], 0) if not is4 else None,
        length=int(row["length"]) - _HEADER_BYTES, checksum=int(row["checksum"], 0),
        checksum_good=row["status"] == _GOOD and (not is4 or row["ip_status"] == _GOOD),
        plain_headers=row["ip_header"] == "20" if is4 else row["next_header"] == "17")
