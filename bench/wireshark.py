#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the Wireshark plugin costs tshark, as Markdown: processor time with and without it on a large capture without
probes, and how time and memory grow with captures that hold many. All is measured in one run and in turn.

Usage: wireshark.py [CAPTURE...]   CAPTUREs are measured beside the made ones. ST_BUILD: the build folder. Takes minutes.
"""

import pathlib
import os
import shutil
import subprocess
import sys
import tempfile

import made_captures
from figures import median, number, print_table, ratio

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "tests" / "plugin"))
import shark as sharks  # noqa: E402  pylint: disable=wrong-import-position

RUNS = 5  # of each, in turn
PLAIN_PACKETS = 300_000
GROWTH = ((62_500, 6_250), (250_000, 25_000), (1_000_000, 100_000))  # packets, probes among them
WAYS = {"summary lines": (), "two passes": ("-2",), "statistics alone": ("-q", "-z", "io,stat,0"), "details": ("-V",)}
VARIANTS = {"without the plugin": None, "with it": (), "protocol disabled": ("--disable-protocol", "st"),
            "any encapsulation": ("-o", "st.any_encapsulation:TRUE")}


class Bench:
    """Runs tshark with and without the plugin."""

    def __init__(self, shark, alone):
        self._shark, self._alone = shark, alone

    def measure(self, capture, arguments, plugin=True):
        """(processor seconds, peak resident KiB) of one run."""
        shark = self._shark if plugin else self._alone
        command = shark.command(["tshark", "-n", *arguments, "-r", capture])
        with subprocess.Popen(command, env=shark.env(), cwd=shark.folder, stdin=subprocess.DEVNULL,
                              stdout=subprocess.DEVNULL) as process:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise RuntimeError(f"{command}: exit {process.returncode}")
        return usage.ru_utime + usage.ru_stime, usage.ru_maxrss

    def variant(self, capture, arguments, options):
        """measure() of one of VARIANTS."""
        return self.measure(capture, (*arguments, *(options or ())), options is not None)


def cost(bench, capture, title):
    """A table of all variants for all ways to run."""
    rows = []
    for way, arguments in WAYS.items():
        if way == "details" and capture.stat().st_size > 20_000_000:
            continue  # minutes each; the plugin's part is smallest there
        taken = {name: [] for name in VARIANTS}
        for _ in range(RUNS):
            for name, options in VARIANTS.items():
                taken[name].append(bench.variant(capture, arguments, options)[0])
        base = taken["without the plugin"]
        for name, seconds in taken.items():
            pairs = [one / other for one, other in zip(seconds, base)]
            rows.append((f"{way}, {name}", number(median(seconds)), number(min(seconds)),
                         ratio(median(seconds), median(base)), ratio(min(seconds), min(base)), number(median(pairs))))
    print_table(title, ("tshark -n -r", "median, s", "fastest, s", "median to without", "fastest to without",
                        "median of the runs' ratios"), rows)


def growth(bench, folder):
    """Does time and memory for each packet stay the same?"""
    rows, starts = [], [bench.measure(_empty(folder), ("-2",))[0] for _ in range(3)]
    for packets, probes in GROWTH:
        capture = folder / "probes.pcap"
        written, sent = made_captures.write(capture, packets, probes)
        capture.chmod(0o644)
        for way, arguments in (("one pass", ()), ("two passes", ("-2",)), ("-z st,hops", ("-q", "-z", "st,hops"))):
            plain = ("-q", "-z", "io,stat,0") if "-q" in arguments else arguments  # -q alone dissects nothing
            seconds, peak = zip(*[bench.measure(capture, arguments) for _ in range(2)])
            base, base_peak = zip(*[bench.measure(capture, plain, False) for _ in range(2)])
            own = min(seconds) - min(starts)
            rows.append((f"{written} packets, {sent} probes, {way}", number(min(seconds)), number(own / written * 1e6),
                         ratio(min(seconds), min(base)), number(min(peak) / 1024),
                         number((min(peak) - min(base_peak)) * 1024 / written)))
    print_table("Captures with probes", ("capture", "fastest of 2, s", "us a packet, without tshark's start",
                                         "to without the plugin", "peak memory, MiB",
                                         "the plugin's part of it, bytes a packet"), rows)


def _empty(folder):
    path = folder / "empty.pcap"
    made_captures.write(path, 0)
    path.chmod(0o644)
    return path


def main():
    """All tables."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="st-bench-"))
    folder.chmod(0o755)
    try:
        with sharks.Shark() as shark, sharks.Shark(plugins=False) as alone:
            bench = Bench(shark, alone)
            print(f"Wireshark {'.'.join(map(str, sharks.version()))}")
            plain = folder / "plain.pcap"
            frames, _ = made_captures.write(plain, PLAIN_PACKETS)
            plain.chmod(0o644)
            cost(bench, plain, f"{frames} packets without a probe")
            for path in map(pathlib.Path, sys.argv[1:]):
                cost(bench, shark.file(path.absolute()), path.name)
            growth(bench, folder)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
