# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts the programs under test and the ones that watch them: st-inject, st-replay, tcpdump, tshark.

Leaves the meaning of what they say to reports.py and the tests.
"""

import os
import re
import signal
import subprocess
import time

import isolation
from lab import LabError, wait_until

_HERE = os.path.dirname(os.path.abspath(__file__))
CAPTURING = ("tcpdump", "dumpcap", "tshark")  # the programs that captures and their decoding need
SOURCE = os.path.dirname(os.path.dirname(_HERE))
SETTLE_S = 0.15  # from an open capture socket to its filter in place
_FLUSH_S = 0.4  # from the last packet to the capturing program having read it


def program(name):
    """Path of a program under test."""
    folder = os.environ.get("ST_BIN") or os.path.join(SOURCE, "build", "bin")
    path = os.path.abspath(os.path.join(folder, name))
    if not os.access(path, os.X_OK):
        isolation.skip(f"{path} is not built (set ST_BIN to the build's bin folder)")
    return path


def scratch(name):
    """A path in the lab's private folder."""
    return os.path.join(isolation.FOLDER, name)


def inject(node, *arguments, report="json", wait=True, names=False):
    """Starts st-inject in a node and returns once it captures. report=None leaves -o out; names: DNS is asked."""
    output = ["-o", report] if report else []
    process = node.start([program("st-inject"), *([] if names else ["-n"]), *arguments, *output])
    if wait:
        wait_capturing(process)
    return process


def wait_capturing(process, timeout=5.0):
    """Until the program has a running packet socket; a program that ends first is the caller's to look at."""
    wait_until(lambda: not process.running() or has_packet_socket(process.pid), timeout,
               f"{process.name} captures")
    time.sleep(SETTLE_S)


def has_packet_socket(pid):
    # Columns: sk RefCnt Type Proto Iface R Rmem User Inode; Proto 0 would be a socket that only sends.
    try:
        with open(f"/proc/{pid}/net/packet", encoding="ascii") as stream:
            rows = [line.split() for line in stream][1:]
        inodes = {f"socket:[{row[8]}]" for row in rows if row[3] != "0000" and row[5] == "1"}
        links = {os.readlink(f"/proc/{pid}/fd/{entry}") for entry in os.listdir(f"/proc/{pid}/fd")}
    except OSError:
        return False
    return bool(inodes & links)


def replay(*arguments, report="json", **options):
    """Runs st-replay to its end."""
    output = ["-o", report] if report else []
    options.setdefault("timeout", 30)
    return subprocess.run([program("st-replay"), "-n", *map(str, arguments), *output], check=False, text=True,
                          capture_output=True, stdin=subprocess.DEVNULL, **options)


def _capture_command(interface, path, expression, snap_bytes):
    """tcpdump, but it insists on giving up root, which a user namespace forbids; then Wireshark's dumpcap."""
    if isolation.may_change_groups():
        return ["tcpdump", "-Z", "root", "-n", "-U", "--immediate-mode", "-s", snap_bytes, "-B", 16384,
                "--time-stamp-precision=nano", "-i", interface, "-w", path, *expression.split()]
    chosen = ["-f", expression] if expression else []
    return ["dumpcap", "-P", "-B", 16, "-s", snap_bytes, "-i", interface, "-w", path, *chosen]


class Capture:
    """A complete capture of one interface with nanosecond stamps, by a program that is not ours.

    snap_bytes: kept of each packet, 0: all. On a TUN device libpcap's buffer holds few whole packets, as it takes the
    largest there are for each.
    """

    _counter = 0

    def __init__(self, node, interface, expression="", snap_bytes=0):
        Capture._counter += 1
        self.path = scratch(f"capture-{Capture._counter}.pcap")
        self._process = node.start(_capture_command(interface, self.path, expression, snap_bytes))
        wait_until(lambda: re.search("listening on|File:", self._process.stderr()) or not self._process.running(),
                   5.0, "the capture begins")

    def stop(self):
        """Returns the capture's path."""
        time.sleep(_FLUSH_S)
        code = self._process.stop(signal.SIGINT)
        lost = re.search(r"(\d+) packets dropped by kernel|: \d+/(\d+)", self._process.stderr())
        if code != 0 or not lost or int(lost[1] or lost[2]) > 0:
            raise LabError(f"the capture failed or lost packets: {self._process.stderr()}")
        return self.path


def tshark(*arguments, timeout=30):
    done = subprocess.run(["tshark", "-n", *map(str, arguments)], capture_output=True, text=True, timeout=timeout,
                          check=False, env={**os.environ, "HOME": isolation.FOLDER})
    if done.returncode != 0:
        raise LabError(f"tshark {arguments}: {done.stderr}")
    return done.stdout


def tshark_rows(path, fields, display_filter="", options=()):
    """One dict a frame: field -> text (the first occurrence, so the outermost header)."""
    words = [word for field in fields for word in ("-e", field)]
    chosen = ["-Y", display_filter] if display_filter else []
    text = tshark(*options, "-r", path, *chosen, "-T", "fields", "-E", "separator=/t", "-E", "occurrence=f", *words)
    return [dict(zip(fields, line.split("\t"))) for line in text.splitlines()]


def rewrite(path, capture_format, new_name):
    """The same packets in another capture format; comments and other hints are gone where it cannot hold them."""
    target = scratch(new_name)
    tshark("-r", path, "-F", capture_format, "-w", target)
    return target
