#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Makes the pictures of docs/wireshark.md: docs/images/*.png. Run by hand, as root, after a build; needs what the tests of
Wireshark's window need (tests/plugin/gui.py).

All data are made in a private network: a real download by name, of a service of the database, through simulated routers
with delays, traced by st-inject. No address of it belongs to anybody.
"""

import pathlib
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(SOURCE / "tests" / "plugin"), str(SOURCE / "tests" / "live")]

import apps  # noqa: E402  pylint: disable=wrong-import-position
import checks  # noqa: E402  pylint: disable=wrong-import-position
import delayed  # noqa: E402  pylint: disable=wrong-import-position
import gui  # noqa: E402  pylint: disable=wrong-import-position
import service_apps  # noqa: E402  pylint: disable=wrong-import-position
import shark as sharks  # noqa: E402  pylint: disable=wrong-import-position
import test_extcap  # noqa: E402  pylint: disable=wrong-import-position
import test_gui  # noqa: E402  pylint: disable=wrong-import-position
import test_gui_live  # noqa: E402  pylint: disable=wrong-import-position
import tools  # noqa: E402  pylint: disable=wrong-import-position

IMAGES = SOURCE / "docs" / "images"
LEAST_BYTES, MOST_BYTES = 10_000, 200_000
DISPLAY = (1500, 1500)
MAIN_WINDOW = (1500, 760)
PORT = 80
SERVICE, HOST = "youtube", "r3.googlevideo.com"
DOWNLOAD_BYTES, DOWNLOAD_S = 60_000, 25
PATH = """
[hop 1]
v4 = 192.0.2.1
delay = 400us
jitter = 200us
[hop 2]
v4 = 198.51.100.1
delay = 3ms
jitter = 1ms
[hop 3]
v4 = 198.51.100.9
delay = 2ms
jitter = 2ms
mpls = with-length
label = 300416
quoted-tos = 0x48
[hop 4]
silent = true
[hop 5]
v4 = 203.0.113.5
delay = 46ms
jitter = 4ms
[hop 6]
v4 = 203.0.113.17
delay = 1ms
jitter = 3ms
[hop 7]
v4 = 203.0.113.66
delay = 27ms
jitter = 6ms
answer-loss = 0.2
[destination]
delay = 500us
"""


class Studio:
    """The network, a folder of Wireshark's, and a capture of a traced download."""

    def __init__(self, shark):
        self.shark = shark
        self.installed = test_extcap.Installed(shark)
        self.network = delayed.Network(delayed.Scenario(PATH))
        self.web = apps.WebServer(self.network.server, [PORT], DOWNLOAD_BYTES)
        service_apps.name_server(self.network, {HOST: self.network.server_address})

    def record(self):
        """Traced once a second, so that the graph has something to show."""
        path = tools.scratch("youtube.pcapng")
        live = tools.inject(self.network.client, "-i", self.network.client_interface, "-s", SERVICE, "-m", 7, "-w", path,
                            "--wait", "400ms", "--retrace", "1s", report=None)
        download = self.web.download(self.network.client, HOST, PORT, DOWNLOAD_S, 4)
        if not download.finish()[1]:
            raise RuntimeError("the download is damaged")
        live.stop()
        return self.shark.file(path)

    def window(self, display, *arguments):
        return gui.Wireshark(self.shark, display, *arguments,
                             command=lambda words: self.network.client.command(self.installed.command(words)),
                             WIRESHARK_EXTCAP_DIR=self.installed.program.parent)


def keep(check, display, name, region=None):
    path = IMAGES / f"{name}.png"
    display.save(path, region)
    check.that(LEAST_BYTES < path.stat().st_size < MOST_BYTES, f"{path.name}: {path.stat().st_size} bytes")


def show_main_window(check, display, studio, capture):
    """The list and the details of a reply with an MPLS label."""
    rows = studio.shark.fields(capture, "st.mpls.label", ["frame.number"], ["-2"])
    reply = int(rows[0][0])
    with studio.window(display, "-r", capture) as wireshark:
        wireshark.open(capture.name)
        listed = gui.PacketList(display)
        details = gui.Details(display, listed)
        listed.select(reply)
        at, lines = test_gui.tree_lines(studio.shark, capture, reply)
        picture = details.expand(at)
        keep(check, display, "details", details.region(picture, at, len(lines)))
        display.place(wireshark.window, 0, 0, *MAIN_WINDOW)
        listed.select(reply)
        keep(check, display, "packet-list", (0, 0, *MAIN_WINDOW))


def show_windows(check, display, studio, capture):
    """The hop table and the graph."""
    with studio.window(display, "-r", capture) as wireshark:
        wireshark.open(capture.name)
        table = test_gui.open_table(display)
        display.place(table, 0, 0, 1000, 330)
        display.settled()
        keep(check, display, "hop-table", display.region(table))
        display.keys("Escape")
        display.focus(wireshark.window)
        display.keys("alt+s")
        display.settled()
        display.keys("i")
        graph = display.window("I/O Graphs")
        display.place(graph, 0, 0, 1000, 640)
        time.sleep(3.0)  # it goes through the file in the background
        display.settled()
        keep(check, display, "io-graph", display.region(graph))


def show_dialog(check, display, studio):
    """The options of the capture interface, with a service chosen."""
    with studio.window(display) as wireshark:
        wireshark.open(test_gui_live.START_PAGE)
        display.click(*test_gui_live.await_gear(display))
        dialog = display.window("Interface Options")
        display.settled()
        left, top, width, height = display.region(dialog)
        display.click(left + 300, top + 60)
        for word in ("vid", "Right", "YouT", "space"):
            display.keys(word) if word in ("Right", "space") else display.type(word)
            time.sleep(1.5)  # what is typed in one go is one search
        display.park()
        display.settled()
        keep(check, display, "capture-dialog", (left, top, width, height))


def main(check):
    gui.skip_without_programs()
    IMAGES.mkdir(exist_ok=True)
    with sharks.Shark() as shark, gui.Display(*DISPLAY) as display:
        studio = Studio(shark)
        show_dialog(check, display, studio)
        capture = studio.record()
        show_main_window(check, display, studio, capture)
        show_windows(check, display, studio, capture)


if __name__ == "__main__":
    checks.run(main, ["setpriv", "curl", "nginx", "dnsmasq", *gui.PROGRAMS])
