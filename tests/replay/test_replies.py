#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What networks do to replies: long delays, losses, quotes that a router or a NAT has changed, and captures that hold
each frame twice. The committed captures come from a network without delay and without vice, so they are changed here.
"""

import ipaddress
import json

import capture_files as files
import harness
import rewriting as to

DELAY_NS, DELAY_MS = 150_000_000, 150  # many probes are on their way at once
KEYS = {"tcp": ["seq"], "udp": ["length", "checksum"]}  # what the whole key of a probe is called in a report
COPY_NS = 3000  # between a frame and its copy, as on a mirrored port
# Over IPv6 `exact` probes all look alike: only the order of packets tells them apart, so theirs stays as it was.
ALIKE = {"exact-v6.pcap", "exact-v6.pcapng"}


class Base:
    """A committed capture, its frames and its expected traces."""

    def __init__(self, check, folder, path):
        self.check, self.name, self._folder = check, path.name, folder
        self.frames = files.read(path.read_bytes()).frames
        text = harness.expected_of(path).read_text(encoding="utf-8")
        self.traces = [json.loads(line) for line in text.splitlines()]
        self.is_exact = path.name.startswith("exact")
        self.is_empty = path.stem == "udp-v4"  # datagrams that only their identification tells apart

    def replies(self, traces=None):
        for trace in self.traces if traces is None else traces:
            for hop in trace["hops"]:
                for reply in hop["replies"]:
                    yield trace, hop, reply

    def written(self, frames):
        path = self._folder / "changed.pcap"
        path.write_bytes(files.pcap_bytes(to.ETHERNET, sorted(frames, key=lambda frame: frame.stamp_ns)))
        return path

    def same(self, statement, frames):
        """Checks that the frames give self.traces."""
        expected = self._folder / "expected.json"
        expected.write_text("".join(json.dumps(trace) + "\n" for trace in self.traces), encoding="utf-8")
        faults = harness.differences(expected, self.written(frames))
        self.check.that(not faults, f"{self.name}: {statement}", faults)


def check_delay(base):
    for _, _, reply in base.replies():
        reply["rtt_ms"] += DELAY_MS
    for trace in base.traces:
        answered = [hop["ttl"] for hop in trace["hops"] if hop["replies"]]
        trace["notes"] += [{"kind": "high-rtt", "ttl": ttl, "detail": ""} for ttl in answered[:1]]
    later = [frame._replace(stamp_ns=frame.stamp_ns + DELAY_NS * to.is_error(frame)) for frame in base.frames]
    base.same(f"replies {DELAY_MS} ms later", later)


def check_loss(base):
    """A router whose replies are all lost, and one reply in three of the others'."""
    lost_router = base.traces[0]["hops"][1]["replies"][0]["address"]
    version = ipaddress.ip_address(lost_router).version
    kept, lost, number = [], set(), 0
    for frame in base.frames:
        if not to.is_error(frame):
            kept.append(frame)
            continue
        start, size = (14 + 12, 4) if version == 4 else (14 + 8, 16)
        router = str(ipaddress.ip_address(frame.bytes[start:start + size]))
        number += 1
        if router == lost_router or number % 3 == 0:
            lost.add(number)
        else:
            kept.append(frame)
    done = harness.report(base.written(kept))
    traces = [json.loads(line) for line in done.stdout.splitlines()]
    wanted = {key(*one) for one in base.replies()}
    found = {key(*one) for one in base.replies(traces)}
    base.check.that(found < wanted and len(found) == number - len(lost),
                    f"{base.name}: {len(lost)} of {number} replies lost: the others stay with their probes",
                    sorted(found - wanted)[:3])


def in_order(words):
    return [word for word in ("tuple", "ipid", "seq", "peer", "length", "checksum") if word in words]


def key(trace, hop, reply):
    return trace["flow"]["source_port"], hop["ttl"], reply["probe"], reply["address"], reply["rtt_ms"]


def check_changed_quotes(base):
    """A NAT that does not restore the quote, and routers that quote another identification."""
    hidden = to.with_quoted(12, bytes([203, 0, 113, 7]))
    ports = to.with_quoted(20, b"\x4e\x21")
    for trace, _, reply in base.replies():
        reply["matched_by"] = in_order({"ipid", "peer", *KEYS[trace["flow"]["protocol"]]})
    for trace in base.traces:
        trace["notes"].insert(0, {"kind": "nat", "ttl": 1, "detail": ""})
    base.same("quotes with another source address and port", [ports(hidden(frame)) for frame in base.frames])
    changed = [to.with_quoted(4, b"\xbe\xef")(frame) for frame in base.frames]
    done = harness.report(base.written(changed))
    traces = [json.loads(line) for line in done.stdout.splitlines()]
    found = {(*key(*one), tuple(one[2]["matched_by"])) for one in base.replies(traces)}
    wanted = {(*key(*one), ("tuple", *KEYS[one[0]["flow"]["protocol"]])) for one in base.replies()}
    if base.is_empty:
        base.check.equal(found, set(), f"{base.name}: another identification quoted: no reply is told")
    elif base.is_exact:  # nothing tells these probes apart, so few replies are told or none
        base.check.that(found <= wanted, f"{base.name}: another identification quoted: no reply is invented",
                        sorted(found - wanted)[:3])
    else:
        base.check.that(found == wanted, f"{base.name}: another identification quoted: the same replies",
                        sorted(found ^ wanted)[:3])


def check_copies(base):
    copies = [frame._replace(stamp_ns=frame.stamp_ns + COPY_NS) for frame in base.frames]
    base.same("each frame captured twice", base.frames + copies)


def main(check, folder):
    for path in harness.captures():
        if path.name in ALIKE:
            continue
        check_delay(Base(check, folder, path))
        check_loss(Base(check, folder, path))
        check_copies(Base(check, folder, path))
        if "-v4" in path.name:
            check_changed_quotes(Base(check, folder, path))


if __name__ == "__main__":
    harness.run(main)
