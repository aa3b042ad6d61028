#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Damaged captures: tshark with the plugin neither crashes nor complains, in one pass and two, with Wireshark's own
allocator checking itself and its dissector bugs fatal. Where Wireshark alone fails as well, it is not the plugin.
A build with sanitizers is checked by those too.

Usage: test_fuzz.py [ROUNDS [CAPTURE...]]   (1, and some of testdata/captures; a long run takes all there are)
"""

import itertools
import pathlib
import shutil
import subprocess
import sys

import shark as sharks

sys.path.insert(0, str(sharks.SOURCE / "tests" / "replay"))
import harness  # noqa: E402  pylint: disable=wrong-import-position

PROBABILITIES = ("0.002", "0.02")  # of a byte's change: packets that are nearly whole, and others
WAYS = (("-nVxr",), ("-2", "-Y", "st", "-nr"), ("-q", "-z", "st,hops", "-nr"), ("-q", "-z", "st,tree", "-nr"))
SOME = ("concurrent-v4.pcapng", "exact-v6.pcap", "udp-v6.pcap", "server-side-v4.pcap")
DEBUGGING = {"WIRESHARK_DEBUG_WMEM_OVERRIDE": "strict", "WIRESHARK_ABORT_ON_DISSECTOR_BUG": "1"}
OK = 0
READ_ERRORS = (2, 14)  # by version of tshark, of a file that is cut short or no capture


def damage(capture, probability, seed, folder):
    """A copy with random changes, the same every time; None if editcap cannot read or write such a file."""
    damaged = folder / f"damaged{capture.suffix}"
    for kind in ((), ("-T", "ether")):
        done = subprocess.run(["editcap", "-E", probability, "--seed", str(seed), *kind, capture, damaged],
                              capture_output=True, check=False)
        if done.returncode == 0:
            return damaged
    return None


def fault(shark, path, way):
    """What went wrong, as text; "" if nothing did."""
    done = shark.run(["tshark", *way, path], env=shark.env(**DEBUGGING), quiet=False)
    lines = sharks.noise(done.stderr)
    if done.returncode == OK and not lines:
        return ""
    if done.returncode in READ_ERRORS and len(lines) == 1:
        return ""
    return f"exit {done.returncode}: " + " | ".join(lines[:4])


def is_ours(alone, path):
    """Whether Wireshark without the plugin gets through that."""
    return not fault(alone, path, ("-nVxr",)) and not fault(alone, path, ("-2", "-nr"))


def main(check, folder):
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 1
    captures = [pathlib.Path(path) for path in sys.argv[2:]] or [harness.CAPTURES / name for name in SOME]
    faults, others, runs = [], 0, 0
    with sharks.Shark() as shark, sharks.Shark(plugins=False) as alone:
        readable = shark.file(captures[0]).with_name("damaged")
        for seed, (number, capture) in itertools.product(range(rounds), enumerate(captures)):
            damaged = damage(capture, PROBABILITIES[(seed + number) % 2], seed, folder)
            if damaged is None:
                continue
            shutil.copy(damaged, readable)
            readable.chmod(0o644)
            found = [(way, fault(shark, readable, way)) for way in WAYS]
            runs += len(WAYS)
            texts = [f"{capture.name}, seed {seed}, {' '.join(way)}: {text}" for way, text in found if text]
            if texts and is_ours(alone, readable):
                faults += texts
            else:
                others += len(texts)
    check.that(runs >= len(WAYS), f"{runs} runs, {others} failures of Wireshark's own")
    check.none(faults, "no crash, no complaint")


if __name__ == "__main__":
    harness.run(main)
