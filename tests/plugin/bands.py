# SPDX-License-Identifier: GPL-2.0-or-later
"""The scenario whose routers are of all latency bands, its capture by the simulated network, and what is true of each
frame: its hop, and the band that the links' delays put it into. Not by the plugin.
"""

import collections
import os
import re
import subprocess

import shark as sharks

NAME = "latency-bands"
SCENARIO = sharks.SOURCE / "testdata" / "scenarios" / f"{NAME}.scenario"
DESTINATION = "10.99.0.2"
SILENT, GOOD, HIGH, VERY_HIGH = range(4)  # as st.band has it
# What the profile paints them: black, light blue, orange, red.
COLOURS = {SILENT: (18, 18, 18), GOOD: (174, 216, 255), HIGH: (255, 170, 50), VERY_HIGH: (212, 46, 46)}
_HIGH_MS, _VERY_HIGH_MS = 100, 150  # the defaults of the preferences
_DEFAULT_DELAY_MS = 1

Frame = collections.namedtuple("Frame", "number kind hop band")  # kind: probe, reply or None


def record(folder):
    """Plays the scenario; returns the capture's path."""
    program = os.environ.get("ST_SIMNET") or str(sharks.build_folder() / "tests" / "simnet-test")
    subprocess.run([program, "-k", "-p", f"/scenarios/{NAME}.scenario", str(SCENARIO.parent)],
                   env={**os.environ, "SIMNET_KEEP": str(folder)}, stdout=subprocess.DEVNULL, check=True)
    return next(folder.glob(f"*{NAME}*.pcap"))


def routers():
    """{hop: (address, band)}"""
    groups = re.findall(r"^\[hop (\d+)\]\n((?:[^\[\n].*\n)*)", SCENARIO.read_text(encoding="utf-8"), re.M)
    found, way_ms = {}, 0.0
    for number, lines in groups:
        delay = re.search(r"^delay = ([\d.]+)ms$", lines, re.M)
        way_ms += float(delay.group(1)) if delay else _DEFAULT_DELAY_MS
        found[int(number)] = (f"10.{number}.0.1", SILENT if "silent = true" in lines else _band(2 * way_ms))
    return found


def _band(rtt_ms):
    return VERY_HIGH if rtt_ms > _VERY_HIGH_MS else HIGH if rtt_ms > _HIGH_MS else GOOD


def truth(shark, path):
    """All frames, in order."""
    hops = routers()
    by_address = {address: hop for hop, (address, _) in hops.items()}
    frames = []
    for number, source, ttls in shark.fields(path, "", ["frame.number", "ip.src", "ip.ttl"]):
        source, ttl = source.split(sharks.REPEATED)[0], int(ttls.split(sharks.REPEATED)[0])
        kind, hop = ("reply", by_address[source]) if source in by_address else ("probe", ttl)
        known = hop in hops
        frames.append(Frame(int(number), kind if known else None, hop if known else None, hops[hop][1] if known else None))
    return frames
