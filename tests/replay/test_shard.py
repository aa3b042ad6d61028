#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""--shard I/N: the reports of all shards together are those of a run without it, whatever the capture, and so are the
numbers of their summaries; a pair of addresses falls to the same shard on any machine.

The project's own captures, and those of others in the folder ST_CAPTURES (default: ../shared/captures from the
source) where that is there.
"""

import collections
import concurrent.futures
import ipaddress
import json
import os
import pathlib
import re
import struct

import capture_files as files
import harness
import rewriting as to

FOLDER = pathlib.Path(os.environ.get("ST_CAPTURES") or harness.SOURCE.parent / "shared" / "captures")
SHARDS = (1, 2, 3, 8)
AT_ONCE = 2
CLIENT = bytes([10, 0, 1, 1])
LIMIT_S = 60
SEED = 0x7365727669636574
WORD = 2 ** 64 - 1
# What each shard tells of the whole file: it reads all of it, and all answers of DNS.
OF_THE_FILE = ("frame", "malformed packet", "cut packet", "name forgotten", "names forgotten")


def mix(state, value):
    product = (((state ^ value) ^ 0x9e3779b97f4a7c15) * ((value + state + 0xd6e8feb86659fd93) & WORD))
    return (product >> 64) ^ (product & WORD)


def shard_of(one, other, shards):
    """The shard of what passes between two addresses, reckoned here anew."""
    state = SEED
    for packed in sorted(ipaddress.ip_address(end).packed.ljust(16, b"\0") for end in (one, other)):
        state = mix(mix(state, int.from_bytes(packed[:8], "big")), int.from_bytes(packed[8:], "big"))
    return state % shards + 1


def unnumbered(line):
    """A report without what counts traces and flows of one run."""
    told = json.loads(line)
    told.pop("trace", None)
    told.pop("id", None)
    told.get("flow", {}).pop("id", None)
    return json.dumps(told, sort_keys=True)


def counts(summary):
    """The numbers of a summary that add up, by what they count (in the singular, as far as that is regular)."""
    found = collections.Counter()
    for number, what in re.findall(r"(\d+) ([^,(\n]+)", summary):
        what = what.strip().replace("replies", "reply").replace("flows", "flow").replace("errors", "error")
        what = re.sub(r"^(\S+)s\b", r"\1", re.sub(r"packets$", "packet", what)).replace("probes", "probe")
        if what not in OF_THE_FILE:
            found[what] += int(number)
    return +found


class Run:
    """What a run over one capture told."""

    def __init__(self, capture, *arguments):
        self.done = harness.replay("-o", "json", "--flows", *arguments, capture, timeout=LIMIT_S)
        self.reports = [unnumbered(line) for line in self.done.stdout.splitlines()]
        self.counts = counts(self.done.stderr.splitlines()[-1] if self.done.stderr else "")


def ends(report):
    told = json.loads(report)
    flow = told.get("flow", told)
    return flow["source"], flow["destination"]


def sharing_faults(capture):
    whole = Run(capture)
    faults = []
    for shards in SHARDS:
        runs = [Run(capture, "--shard", f"{number}/{shards}") for number in range(1, shards + 1)]
        reports = sorted(report for run in runs for report in run.reports)
        numbers = sum((run.counts for run in runs), collections.Counter())
        if reports != sorted(whole.reports):
            different = collections.Counter(reports)
            different.subtract(whole.reports)
            faults.append(f"{capture}: {shards} shards: {[one for one in different.items() if one[1]][:2]}")
        # Of a file that cannot be read to its end each run says so, instead of a summary.
        if whole.done.returncode == harness.OK and numbers != whole.counts:
            faults.append(f"{capture}: {shards} shards: {dict(numbers)} instead of {dict(whole.counts)}")
        faults += [f"{capture}: {number}/{shards}: exit {run.done.returncode} instead of {whole.done.returncode}"
                   for number, run in enumerate(runs, 1) if run.done.returncode != whole.done.returncode]
        faults += [f"{capture}: {ends(report)} is not of shard {number}/{shards}"
                   for number, run in enumerate(runs, 1) for report in run.reports
                   if shard_of(*ends(report), shards) != number]
    return faults, len(whole.reports)


def check_sharing(check, paths, statement):
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        outcomes = list(pool.map(sharing_faults, paths))
    check.that(sum(reports for _, reports in outcomes) > 0, f"{statement}: something is reported")
    check.none([fault for faults, _ in outcomes for fault in faults],
               f"{statement}: {len(paths)} captures, {SHARDS} shards: together they are the whole")


def check_spread(check):
    """Sixteen pairs with one end in common do not all fall to one of two shards, and both directions fall together."""
    peers = [f"198.51.100.{number}" for number in range(1, 17)]
    fallen = collections.Counter(shard_of("192.0.2.1", peer, 2) for peer in peers)
    check.that(len(fallen) == 2, "flows of one host are spread", fallen)


def check_usage(check):
    capture = harness.captures()[0]
    for value in ("0/2", "3/2", "2", "1/0", "1/65537", "/", "a/b", "1/2/3", "-1/2", ""):
        check.complains(harness.replay("--shard", value, capture), harness.USAGE, f"--shard {value!r}")


def of_client(frame, number):
    """The frame, of TCP over IPv4 without options or an error about such, for another client with other numbers."""
    at = to.ETHERNET_BYTES + 20 + (28 if to.is_error(frame) else 0)
    content = bytearray(frame.bytes.replace(CLIENT, CLIENT[:3] + bytes([number])))
    for field in (at + 4, at + 8):  # sequence and ACK number, where captured or quoted
        if len(content) >= field + 4:
            value = struct.unpack_from("!I", content, field)[0] + (number << 24) & 0xffffffff
            struct.pack_into("!I", content, field, value)
    return frame._replace(bytes=bytes(content))


def crowd(frames, clients=7):
    """Each frame for several clients; 10.0.1.1 is the one in the captures."""
    return [of_client(frame, number) for frame in frames for number in range(1, clients + 1)]


def hidden(frames):
    """A translator between the clients and the routers that does not restore quotes."""
    return [to.with_quoted(12, bytes([203, 0, 113, 7]))(frame) for frame in frames]


def replies_only(frames):
    return [frame for frame in frames if to.is_error(frame)]


def variants(folder):
    """Captures of many clients, made of one: as it is, behind a translator, and with nothing but ICMP errors."""
    frames = files.read((harness.CAPTURES / "concurrent-v4.pcapng").read_bytes()).frames
    made = {"crowd": crowd(frames), "hidden": hidden(crowd(frames)), "replies": replies_only(crowd(frames)),
            "hidden-replies": hidden(replies_only(frames))}
    for name, content in made.items():
        (folder / name).write_bytes(files.pcap_bytes(to.ETHERNET, content))
    return [folder / name for name in made]


def real_captures():
    truths = sorted(FOLDER.glob("*/*.truth.json"))
    return [path.with_name(path.name.removesuffix(".truth.json")) for path in truths]


def main(check, folder):
    check_usage(check)
    check_spread(check)
    check_sharing(check, harness.captures(), "our own")
    check_sharing(check, variants(folder), "many clients")
    if real_captures():
        check_sharing(check, real_captures(), "of others")


if __name__ == "__main__":
    harness.run(main)
