# SPDX-License-Identifier: GPL-2.0-or-later
"""Wireshark's window on a display of its own (Xvfb): started, driven by keys and the mouse, and looked at pixel by pixel.

There is no window manager: windows are where they are put, and the one that gets the keys is told so. Leaves to
shark.py as whom Wireshark runs and with which plugin, and to the tests what its pixels mean.
"""

import collections
import os
import pathlib
import random
import re
import shutil
import signal
import subprocess
import time

import shark

PROGRAMS = ("Xvfb", "xdotool", "import", "wireshark")
PROFILE = "Service Traceroute"
PROFILE_FOLDER = shark.SOURCE / "wireshark-plugin" / "profile" / PROFILE
START_S = 60  # of Wireshark, on a busy machine
SETTLE_S = 20  # until a window has been drawn
_FIRST_DISPLAY, _LAST_DISPLAY = 90, 99
_POLL_S = 0.15
_BYTES_A_PIXEL = 3


class Absent(Exception):
    """What was awaited on the display has not come."""


def skip_without_programs():
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        shark.skip("missing programs: " + " ".join(missing))


def wait_until(condition, timeout, what):
    """Polls until the condition holds; returns its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise Absent(f"not within {timeout} s: {what}")
        time.sleep(_POLL_S)


class Picture:
    """What a display showed. Colours are (red, green, blue), each to 255."""

    def __init__(self, width, height, data):
        self.width, self.height, self.data = width, height, data

    def __eq__(self, other):
        return self.data == other.data

    def pixel(self, x, y):
        at = (y * self.width + x) * _BYTES_A_PIXEL
        return tuple(self.data[at:at + _BYTES_A_PIXEL])

    def line(self, y, left, right):
        """The bytes of a part of a line."""
        return self.data[(y * self.width + left) * _BYTES_A_PIXEL:(y * self.width + right) * _BYTES_A_PIXEL]

    def colours(self, left, top, right, bottom):
        """How often each colour occurs in a part."""
        counts = collections.Counter()
        for y in range(top, bottom):
            line = self.line(y, left, right)
            counts.update(zip(line[0::3], line[1::3], line[2::3]))
        return counts

    def background(self, left, top, right, bottom):
        """The commonest colour of a part."""
        return self.colours(left, top, right, bottom).most_common(1)[0][0]

    def differing(self, other, left=0, right=None, top=0, bottom=None):
        """The lines that differ from another picture's, in this part."""
        right, bottom = right or self.width, bottom or self.height
        return [y for y in range(top, bottom) if self.line(y, left, right) != other.line(y, left, right)]


class Display:
    """An Xvfb, from with to end; os.environ is left alone."""

    def __init__(self, width=1400, height=900):
        self.width, self.height = width, height

    def __enter__(self):
        # Whether a number is free is not left to Xvfb: in a process namespace others' locks look stale to it.
        numbers = [number for number in range(_FIRST_DISPLAY, _LAST_DISPLAY + 1) if not _is_taken(number)]
        if not numbers:
            raise Absent(f"no display from :{_FIRST_DISPLAY} to :{_LAST_DISPLAY} is free")
        self.number = random.choice(numbers)
        self.name = f":{self.number}"
        self._process = subprocess.Popen(
            ["Xvfb", self.name, "-screen", "0", f"{self.width}x{self.height}x24", "-nolisten", "tcp", "-ac", "-noreset"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            wait_until(lambda: self._process.poll() is not None or os.path.exists(_socket(self.number)), START_S,
                       "Xvfb runs")
        except Absent:
            self.__exit__()
            raise
        if self._process.poll() is not None:
            raise Absent("Xvfb does not start")
        return self

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(10)

    def _run(self, *command):
        return subprocess.run(list(map(str, command)), env={**os.environ, "DISPLAY": self.name}, capture_output=True,
                              timeout=START_S, check=False)

    def picture(self):
        done = self._run("import", "-silent", "-window", "root", "-depth", "8", "rgb:-")
        if len(done.stdout) != self.width * self.height * _BYTES_A_PIXEL:
            raise Absent(f"no picture of the display: {done.stderr.decode(errors='replace')[:300]}")
        return Picture(self.width, self.height, done.stdout)

    def save(self, path, region=None):
        """A PNG of the display or of (left, top, width, height)."""
        crop = ["-crop", "{2}x{3}+{0}+{1}".format(*region), "+repage"] if region else []
        done = self._run("import", "-silent", "-window", "root", *crop, "-strip", "-colors", "255", "-depth", "8",
                         f"png8:{path}")
        if done.returncode:
            raise Absent(f"{path}: {done.stderr.decode(errors='replace')[:300]}")

    def settled(self, timeout=SETTLE_S, still_s=0.6):
        """A picture, once nothing has changed for a while."""
        end, since, last = time.monotonic() + timeout, time.monotonic(), self.picture()
        while time.monotonic() - since < still_s:
            if time.monotonic() > end:
                raise Absent(f"the display does not come to rest within {timeout} s")
            time.sleep(_POLL_S)
            now = self.picture()
            if now != last:
                since, last = time.monotonic(), now
        return last

    def do(self, *words):
        """xdotool; returns what it prints."""
        return self._run("xdotool", *words).stdout.decode(errors="replace")

    def windows(self, title):
        """The visible windows whose title matches a regular expression."""
        return self.do("search", "--onlyvisible", "--name", title).split()

    def window(self, title, timeout=START_S):
        """Waits for one."""
        return wait_until(lambda: self.windows(title), timeout, f"a window {title!r}")[-1]

    def place(self, window, left, top, width, height):
        self.do("windowmove", window, left, top, "windowsize", window, width, height)
        self.focus(window)

    def region(self, window):
        """(left, top, width, height)"""
        found = dict(re.findall(r"(\w+)=(-?\d+)", self.do("getwindowgeometry", "--shell", window)))
        return tuple(int(found[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))

    def focus(self, window):
        self.do("windowraise", window, "windowfocus", "--sync", window)

    def keys(self, *names):
        for name in names:
            self.do("key", "--clearmodifiers", name)
            time.sleep(_POLL_S)

    def type(self, text):
        self.do("type", "--delay", "15", text)

    def click(self, x, y, button=1, times=1):
        self.do("mousemove", x, y, "click", "--repeat", times, "--delay", "80", button)
        time.sleep(_POLL_S)

    def park(self):
        """Puts the mouse where it points at nothing."""
        self.do("mousemove", self.width - 1, self.height - 1)


def _socket(number):
    return f"/tmp/.X11-unix/X{number}"


def _is_taken(number):
    return os.path.exists(_socket(number)) or os.path.exists(f"/tmp/.X{number}-lock")


class Wireshark:
    """A running Wireshark whose main window fills the display, with the project's profile."""

    def __init__(self, sharks, display, *arguments, profile=True, prefix=(), **more):
        """sharks: a shark.Shark. prefix: words before the command, more: for its environment."""
        self.display = display
        self._log = sharks.folder / f"wireshark-{time.monotonic_ns()}.log"
        if profile:
            install_profile(sharks)
            arguments = ("-C", PROFILE, *arguments)
        environment = sharks.env(DISPLAY=display.name, QT_QPA_PLATFORM="xcb", QT_LOGGING_TO_CONSOLE="1", **more)
        command = [*prefix, *sharks.command(["wireshark", *arguments])]
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             cwd=sharks.folder, start_new_session=True)
        self.window = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.close()
        if kind is None and self.noise():
            raise shark.Noise("wireshark: " + "\n".join(self.noise()[:10]))

    def open(self, title):
        """Waits for the main window, and until it is drawn."""
        self.window = wait_until(self._found(title), START_S, f"Wireshark's window {title!r}")
        self.display.place(self.window, 0, 0, self.display.width, self.display.height)
        self.display.park()
        return self.display.settled()

    def _found(self, title):
        def found():
            if self._process.poll() is not None:
                raise Absent(f"Wireshark ended: {self.said()[:600]}")
            return next(iter(self.display.windows(title)), None)
        return found

    def said(self):
        return self._log.read_text(encoding="utf-8", errors="replace")

    def noise(self):
        return shark.noise(self.said())

    def close(self):
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            return self._process.wait()


def install_profile(sharks):
    """Puts the project's profile where a user's own are; returns its folder."""
    target = pathlib.Path(sharks.env()["XDG_CONFIG_HOME"]) / "wireshark" / "profiles" / PROFILE
    if not target.exists():
        shutil.copytree(PROFILE_FOLDER, target)
        sharks.run(["true"])
    return target
