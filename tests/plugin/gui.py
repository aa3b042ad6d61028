# SPDX-License-Identifier: GPL-2.0-or-later
"""Wireshark's window on a display of its own (Xvfb): started, driven by keys and the mouse, and looked at pixel by pixel.

There is no window manager: windows are where they are put, and the one that gets the keys is told so. Leaves to
shark.py as whom Wireshark runs and with which plugin, and to the tests what its pixels mean.

ST_GUI_KEEP=FOLDER keeps a picture of what was to be seen when a test broke off.
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
TALL = (1400, 1100)  # a display with room for all replies of a short capture, or for all details
STATUS_BAR = 40  # pixels at the bottom of the main window that are no pane's
PROFILE_FOLDER = shark.SOURCE / "wireshark-plugin" / "profile" / PROFILE
START_S = 60  # of Wireshark, on a busy machine
SETTLE_S = 20  # until a window has been drawn
_FIRST_DISPLAY, _LAST_DISPLAY = 90, 99
_LIST_ONLY = "gui.tree_view_show: FALSE\ngui.byte_view_show: FALSE\ngui.packet_diagram_show: FALSE\n"
_POLL_S = 0.15
_BYTES_A_PIXEL = 3
FONT_PIXELS = 8  # no row is lower
_GAP = 40  # pixels
_UNSIZED = 60  # pixels; a window is smaller before it is laid out
# Of Wireshark itself: where the kernel has no wireless devices; of each capture's begin and end.
_HARMLESS = re.compile(r"nl80211 not found\.|.*\[Capture MESSAGE\] -- .*|")


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


def text_lines(picture, left, right, top, bottom):
    """How many lines of text there are in this part, from its first to the first gap of several."""
    count, empty = 0, _GAP
    for y in range(top, bottom):
        if len(picture.colours(left, y, right, y + 1)) > 1:
            count, empty = count + (empty > 0), 0
        else:
            empty += 1
            if count and empty > _GAP:
                break
    return count


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
        """Waits for one, and until it has its size."""
        window = wait_until(lambda: self.windows(title), timeout, f"a window {title!r}")[-1]
        wait_until(lambda: self.region(window)[2] > _UNSIZED, timeout, f"a size of the window {title!r}")
        return window

    def place(self, window, left, top, width, height):
        self.do("windowmove", window, left, top, "windowsize", window, width, height)
        self.focus(window)

    def region(self, window):
        """(left, top, width, height)"""
        found = dict(re.findall(r"(\w+)=(-?\d+)", self.do("getwindowgeometry", "--shell", window)))
        return tuple(int(found.get(name, 0)) for name in ("X", "Y", "WIDTH", "HEIGHT"))

    def focus(self, window):
        self.do("windowraise", window, "windowfocus", "--sync", window)

    def keys(self, *names, times=1):
        for name in names:
            self.do("key", "--clearmodifiers", "--repeat", times, "--delay", 40, name)
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

    def __init__(self, sharks, display, *arguments, profile=True, command=None, **more):
        """sharks: a shark.Shark. command: makes of the words the command that runs them as nobody; more: for the
        environment."""
        self.display = display
        self._log = sharks.folder / f"wireshark-{time.monotonic_ns()}.log"
        if profile:
            install_profile(sharks)
            arguments = ("-C", PROFILE, *arguments)
        environment = sharks.env(DISPLAY=display.name, QT_QPA_PLATFORM="xcb", QT_LOGGING_TO_CONSOLE="1", **more)
        words = (command or sharks.command)(["wireshark", *arguments])
        with open(self._log, "wb") as log:
            self._process = subprocess.Popen(words, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                             cwd=sharks.folder, start_new_session=True)
        self.window = None

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind and os.environ.get("ST_GUI_KEEP"):
            self.display.save(pathlib.Path(os.environ["ST_GUI_KEEP"]) / f"{os.getpid()}.png")
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
        return [line for line in shark.noise(self.said()) if not _HARMLESS.fullmatch(line)]

    def close(self):
        if self._process.poll() is None:
            self._process.terminate()
        try:
            return self._process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            return self._process.wait()


class PacketList:
    """Where its rows are, found by moving the selection from the first to the second."""

    def __init__(self, display):
        self._display = display
        display.keys("ctrl+Home")
        first = display.settled()
        display.keys("ctrl+Down")
        # To the right of the first columns nothing but the selection changes; further down are other panes.
        self.left, self.right = display.width * 6 // 10, display.width * 8 // 10
        lines = first.differing(display.settled(), self.left, self.right)
        run = next((n for n, (one, other) in enumerate(zip(lines, lines[1:]), 1) if other != one + 1), len(lines))
        if run < 2 * FONT_PIXELS or run % 2:
            raise Absent(f"the selection does not go from the first row to the second: {lines[:50]}")
        self._top, self.height = lines[0], run // 2

    def lines(self, row):
        """(top, bottom) of a row, counted from 1, while the list begins with the first."""
        top = self._top + (row - 1) * self.height
        return top, top + self.height

    def colour(self, picture, row):
        return picture.background(self.left, self.lines(row)[0], self.right, self.lines(row)[1])

    def select(self, row):
        """Returns the picture then."""
        self._display.keys("ctrl+Home")
        if row > 1:
            self._display.keys("ctrl+Down", times=row - 1)
        return self._display.settled()


class Details:
    """The tree of a packet's details, below the list at the left; its lines are as high as the list's rows."""

    def __init__(self, display, rows):
        self._display, self._rows = display, rows
        self._left, self._right = 60, display.width // 2 - 60
        before, after = rows.select(1), rows.select(2)
        # Of the list only rows 1 and 2 change; the next that does is the number in the details' first line.
        lines = before.differing(after, self._left, self._right, rows.lines(4)[0])
        if not lines:
            raise Absent("no details below the list")
        self._top = lines[0] - (rows.height - FONT_PIXELS) // 2

    def _lines(self, number):
        top = self._top + number * self._rows.height
        return top, top + self._rows.height

    def click(self, number, times=1):
        """A line, counted from 0."""
        self._display.click(self._left, sum(self._lines(number)) // 2, times=times)
        self._display.park()

    def expand(self, number):
        """All below a line; returns the picture then."""
        self.click(number)
        self._display.keys("shift+Right")
        return self._display.settled()

    def region(self, picture, first, count):
        """(left, top, width, height) of some lines, as wide as their text."""
        top, bottom = self._lines(first)[0], self._lines(first + count)[0]
        right = next(x for x in range(self._right, 0, -1)
                     if len(picture.colours(x, top + self._rows.height, x + 1, bottom)) > 1)
        return 0, top, right + 20, bottom - top

    def colour(self, picture, number):
        top, bottom = self._lines(number)
        return picture.background(self._left, top + 2, self._right, bottom - 2)

    def filled(self, picture):
        """How many lines there are, from the first to the first empty one."""
        number = 0
        while len(picture.colours(self._left, *self._between(number))) > 1:
            number += 1
        return number

    def _between(self, number):
        top, bottom = self._lines(number)
        return top + 3, self._right, bottom - 3


def install_profile(sharks):
    """Puts the project's profile where a user's own are; returns its folder."""
    folder = pathlib.Path(sharks.env()["XDG_CONFIG_HOME"]) / "wireshark"
    target = folder / "profiles" / PROFILE
    if not target.exists():
        shutil.copytree(PROFILE_FOLDER, target)
        if os.geteuid() == 0:
            for path in (folder, *folder.rglob("*")):
                os.chown(path, shark.NOBODY, shark.NOBODY)
    return target


def list_only(sharks):
    """Leaves the list nearly the whole main window."""
    recent = install_profile(sharks) / "recent"
    recent.write_text(recent.read_text(encoding="utf-8") + _LIST_ONLY, encoding="utf-8")
