#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Live in Wireshark's window: from the start page through the dialog of st-inject's interface to rows of a traced
download, annotated and coloured; by command line too. In the lab with delay, whose routers are of all latency bands.

Usage: test_gui_live.py dialog | live. Leaves what st-inject does and tells to test_extcap.py.
"""

import sys
import time

import bands
import gui
import test_extcap

sys.path.insert(0, str(gui.shark.SOURCE / "tests" / "live"))
import apps  # noqa: E402  pylint: disable=wrong-import-position
import checks  # noqa: E402  pylint: disable=wrong-import-position
import delayed  # noqa: E402  pylint: disable=wrong-import-position
import tools  # noqa: E402  pylint: disable=wrong-import-position

PORT = 80
INTERFACE = f"st-{delayed.NEAR}"
DOWNLOAD_S = 3.0
DOWNLOAD_BYTES = 12_000  # in few packets, so that all rows are on one page
REPLIES_S = 15
MOST_REPLIES = 12  # of 18, three of each router that answers; the last may be on the next page
NOT_JUDGED = (225, 225, 225)  # what the profile paints a probe whose reply may yet come
START_PAGE = "Wireshark Network Analyzer"
GEAR, ROW = 24, 20  # pixels: more than the width of a gear, and than a row of the start page
DARK = 60
TOOLBARS = 150  # the menu and what is below it ends before
# Of the dialog's window: the second tab, the first line of text below it, and the buttons, from its corners.
FLOWS_TAB, HOSTS_LINE = (142, 26), (300, 91)
SAVE_BUTTON, CLOSE_BUTTON = (-223, -24), (-137, -24)


class Window:
    """A lab, a display and Wireshark there, run by nobody who may capture."""

    def __init__(self, check, shark, display, *arguments):
        self.check, self.display = check, display
        self.network = delayed.Network(delayed.Scenario(bands.SCENARIO.read_text(encoding="utf-8")))
        self.web = apps.WebServer(self.network.server, [PORT], DOWNLOAD_BYTES)
        self.installed = test_extcap.Installed(shark)
        gui.list_only(shark)
        self.wireshark = gui.Wireshark(
            shark, display, "-o", "capture.auto_scroll:FALSE", *option("maxttl", len(bands.routers())), *arguments,
            command=lambda words: self.network.client.command(self.installed.command(words)),
            WIRESHARK_EXTCAP_DIR=self.installed.program.parent)

    def download(self):
        """Once st-inject captures, a download that is traced while it is watched; ends the capture."""
        gui.wait_until(lambda: any(map(tools.has_packet_socket, self.installed.running())), gui.START_S,
                       "st-inject captures")
        time.sleep(tools.SETTLE_S)
        download = self.web.download(self.network.client, self.network.server_address[4], PORT, DOWNLOAD_S)
        gui.wait_until(lambda: self.coloured() >= {bands.GOOD, bands.HIGH, bands.VERY_HIGH}, REPLIES_S,
                       "rows of three colours")
        self.check.that(download.running(), "rows are coloured while the download goes on")
        self.check.that(download.finish()[1], "it is intact")
        time.sleep(1.0)
        self.display.focus(self.wireshark.window)
        self.leave_filter()
        self.display.keys("ctrl+e")
        gui.wait_until(lambda: not self.installed.running(), test_extcap.STOP_S, "st-inject ends")
        self.display.settled()

    def leave_filter(self):
        """Clicks into the list: in the line of the filter a cursor blinks, and takes keys."""
        self.display.click(self.display.width // 2, self.display.height // 2)
        self.display.park()

    def coloured(self):
        """The bands whose colours there are now in the list."""
        counts = self.display.picture().colours(0, 0, self.display.width, self.display.height)
        return {band for band, colour in bands.COLOURS.items() if counts[colour] > self.display.width}


def option(name, value):
    """What the dialog would keep."""
    return ["-o", f"extcap.{INTERFACE.replace('-', '_')}.{name}:{value}"]


def rows_by_truth(window, path):
    """The frames that can be seen, and how each row is painted."""
    frames = bands.truth(window.installed.shark, path)
    rows = gui.PacketList(window.display)
    picture = window.display.settled()
    seen = [frame for frame in frames[2:] if rows.lines(frame.number)[1] < window.display.height - gui.STATUS_BAR]
    return {frame: rows.colour(picture, frame.number) for frame in seen}


def check_live(check, shark, display):
    """-k: the capture begins at once, with options given as preferences."""
    live = "live.pcapng"
    window = Window(check, shark, display, "-k", "-i", INTERFACE, *option("host", bands.DESTINATION), "-w", live)
    with window.wireshark as wireshark:
        wireshark.open(f"Capturing from .*{INTERFACE}")
        window.download()
        path = window.installed.shark.folder / live
        shown = rows_by_truth(window, path)
        replies = [frame for frame in shown if frame.kind == "reply"]
        wrong = [frame for frame in replies if shown[frame] != bands.COLOURS[frame.band]]
        check.that(len(replies) >= MOST_REPLIES and not wrong,
                   f"{len(replies)} replies have the colours of their bands", f"{wrong[:4]}")
        wrong = [frame for frame in shown if frame.kind == "probe"
                 and shown[frame] not in (bands.COLOURS[frame.band], NOT_JUDGED)]
        check.that(not wrong, "probes have theirs, or one that says that the reply may yet come", f"{wrong[:4]}")
        display.keys("ctrl+r")
        time.sleep(1.0)
        window.leave_filter()
        display.settled()
        shown = rows_by_truth(window, path)
        marked = [frame for frame in shown if frame.kind]
        wrong = [frame for frame in marked if shown[frame] != bands.COLOURS[frame.band]]
        check.that({frame.band for frame in marked} == set(bands.COLOURS) and not wrong,
                   f"loaded again all {len(marked)} probes and replies have the colours of their bands", f"{wrong[:4]}")


def check_dialog(check, shark, display):
    """The gear on the start page, a host typed into the dialog, a double click on the interface: a trace."""
    window = Window(check, shark, display)
    with window.wireshark as wireshark:
        wireshark.open(START_PAGE)
        gear = await_gear(display)
        display.click(*gear)
        title = f"Interface Options: .*{INTERFACE}"
        dialog = display.window(title)
        display.settled()
        left, top, width, height = display.region(dialog)

        def click(place):
            display.click(left + place[0] % width, top + place[1] % height)
        click(FLOWS_TAB)
        click(HOSTS_LINE)
        display.type(bands.DESTINATION)
        click(SAVE_BUTTON)
        click(CLOSE_BUTTON)
        gui.wait_until(lambda: not display.windows(title), gui.SETTLE_S, "the dialog closes")
        check.that(True, "the gear opens a dialog, which takes a host")
        display.focus(wireshark.window)
        display.click(gear[0] + 100, gear[1], times=2)
        display.window(f"Capturing from .*{INTERFACE}")
        check.that(True, "a double click on the interface begins a capture")
        window.download()
        check.that(True, "rows have three bands' colours")


def await_gear(display):
    """Where it is, once there is one: interfaces are listed some time after the window is drawn."""
    return gui.wait_until(lambda: find_gear(display.picture()), gui.START_S, "a gear on the start page")


def find_gear(picture):
    """Of the one interface that has options, below the one that is selected at first, left of its name."""
    middle = picture.width // 2, picture.width * 3 // 4
    selected = next((y for y in range(TOOLBARS, picture.height - ROW)
                     if len(picture.colours(middle[0], y, middle[1], y + ROW // 2)) == 1
                     and is_coloured(picture.pixel(middle[0], y))), picture.height)
    left = next((x for x in range(middle[0]) if is_coloured(picture.pixel(x, min(selected + 2, picture.height - 1)))), 0)
    for y in range(selected + ROW, picture.height * 3 // 4):
        if any(max(colour) < DARK for colour in picture.colours(left + 4, y, left + GEAR, y + 1)):
            return left + GEAR // 2, y + gui.FONT_PIXELS // 2
    return None


def is_coloured(pixel):
    return len(set(pixel)) == 3


def main(check):
    gui.skip_without_programs()
    test_extcap.skip_without_privileges()
    with gui.shark.Shark() as shark, gui.Display(*gui.TALL) as display:
        {"dialog": check_dialog, "live": check_live}[sys.argv[1]](check, shark, display)


if __name__ == "__main__":
    checks.run(main, ["tshark", "dumpcap", "setpriv", "curl", "nginx"])
