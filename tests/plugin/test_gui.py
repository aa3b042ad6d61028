#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Wireshark's window with the plugin and its profile, on a display of its own: what it shows is checked by pixel.

Usage: test_gui.py list | links | details | graph | table. The capture is the simulated network's; what is true of each frame
follows from its scenario (bands.py). Leaves live captures to test_gui_live.py, and what fields say to test_fields.py.
"""

import re
import sys

import bands
import gui
import shark as sharks

sys.path.insert(0, str(sharks.SOURCE / "tests" / "replay"))
import harness  # noqa: E402  pylint: disable=wrong-import-position

MARKS = 40  # pixels at the left of the list where marks of related packets are
LEAST_MARK = 12  # pixels of an arrow
LEAST_OF_A_BAND = 3  # rows
TABLE_TITLE = "Service Traceroute Hops"
TABLE_PLACES = (11, 12, 10, 13)  # in the menu, counted from 0
ROUTER_COLUMN = (190, 260)  # from left to right
LEAST_DOT = 6  # pixels of a graph's dot
NOTE = (160, 255, 255)  # Wireshark's colour of expert items of this severity


def check_list(check, shark, capture, frames):
    """Every row that can be seen has its band's colour."""
    gui.list_only(shark)
    with gui.Display(*gui.TALL) as display, gui.Wireshark(shark, display, "-r", capture) as wireshark:
        wireshark.open(capture.name)
        rows = gui.PacketList(display)
        picture = display.settled()
        seen = [frame for frame in frames[2:] if rows.lines(frame.number)[1] < display.height - gui.STATUS_BAR]
        shown = {frame.number: rows.colour(picture, frame.number) for frame in seen}
    for band, name in enumerate(("silent", "good", "high", "very high")):
        wanted = [frame for frame in seen if frame.band == band]
        wrong = [(frame, shown[frame.number]) for frame in wanted if shown[frame.number] != bands.COLOURS[band]]
        kinds = {frame.kind for frame in wanted}
        check.that(not wrong and len(wanted) >= LEAST_OF_A_BAND and kinds == ({"probe", "reply"} if band else {"probe"}),
                   f"the {len(wanted)} rows of the band \"{name}\" are {bands.COLOURS[band]}", f"{wrong[:4]}")
    others = {shown[frame.number] for frame in seen if frame.band is None}
    check.that(others and not others & set(bands.COLOURS.values()), f"the other rows are not: {others}")


def marks(picture, rows, row):
    """Pixels at the left of a row that are not its background."""
    top, bottom = rows.lines(row)
    counts = picture.colours(0, top, MARKS, bottom)
    return sum(counts.values()) - counts.most_common(1)[0][1]


def check_links(check, shark, capture, frames):
    """Selecting a probe marks its reply's row, and the other way round; not those of others."""
    gui.list_only(shark)
    fields = shark.fields(capture, "st.probe_in", ["frame.number", "st.probe_in"], ["-2"])
    pairs = [(int(probe), int(reply)) for reply, probe in fields]
    for ends in (pairs[1], pairs[6]):
        known = [(frames[number - 1].kind, frames[number - 1].hop) for number in ends]
        check.equal(known, [("probe", known[1][1]), ("reply", known[0][1])],
                    f"frames {ends} are a probe and a reply of the same hop")
    with gui.Display(*gui.TALL) as display, gui.Wireshark(shark, display, "-r", capture) as wireshark:
        wireshark.open(capture.name)
        rows = gui.PacketList(display)
        pictures = {row: rows.select(row) for row in (*pairs[1], *pairs[6])}
    for one, other in ((pairs[1], pairs[6]), (pairs[6], pairs[1])):
        for selected, marked, elsewhere in ((one[0], one[1], other[0]), (one[1], one[0], other[1])):
            more = marks(pictures[selected], rows, marked) - marks(pictures[elsewhere], rows, marked)
            check.that(more >= LEAST_MARK, f"selecting frame {selected}, not {elsewhere}, draws an arrow at {marked}",
                       f"{more} pixels")


def check_details(check, shark, capture, frames):
    """The protocol's tree opens, warns in Wireshark's colours, and its link leads to the other packet."""
    silent = next(frame.number for frame in frames if frame.band == bands.SILENT)
    reply, probe = map(int, shark.fields(capture, "st.probe_in", ["frame.number", "st.probe_in"], ["-2"])[0])
    with gui.Display(*gui.TALL) as display, gui.Wireshark(shark, display, "-r", capture) as wireshark:
        wireshark.open(capture.name)
        rows = gui.PacketList(display)
        tree = gui.Details(display, rows)
        at, lines = tree_lines(shark, capture, probe)
        rows.select(probe)
        picture = tree.expand(at)
        check.equal(tree.filled(picture), at + len(lines), f"the details of probe {probe} have {len(lines)} lines of ours")
        selected = rows.colour(picture, probe)
        link = next(n for n, line in enumerate(lines) if f"Reply in: {reply}" in line)
        tree.click(at + link, times=2)
        check.equal(rows.colour(display.settled(), reply), selected, f"a double click on its link selects {reply}")

        at, lines = tree_lines(shark, capture, silent)
        picture = rows.select(silent)  # what was opened of one packet is open of the next
        check.equal(tree.filled(picture), at + len(lines), f"the details of probe {silent} open by themselves")
        warned = next(n for n, line in enumerate(lines) if "[Probe: " in line)
        check.equal(tree.colour(picture, at + warned), NOTE, "that there is no reply has the colour of a note")
        check.that(tree.colour(picture, at + len(lines) - 1) != NOTE, "the last line has not")


def tree_lines(shark, capture, frame):
    """(how many lines of other protocols are before, the lines of ours) of a packet's details."""
    text = shark.tshark("-2", "-r", capture, "-Y", f"frame.number == {frame}", "-O", "st").stdout.rstrip("\n")
    lines = text.split("\n")
    at = next(n for n, line in enumerate(lines) if line.startswith("Service Traceroute"))
    return at, lines[at:]


def check_graph(check, shark, capture, frames):
    """The profile's graphs: a dot for each hop that answered, none for the others."""
    answered = {frame.hop for frame in frames if frame.kind == "reply"}
    with gui.Display() as display, gui.Wireshark(shark, display, "-r", capture) as wireshark:
        wireshark.open(capture.name)
        display.keys("alt+s")
        display.settled()
        display.keys("i")
        left, top, width, height = display.region(display.window("I/O Graphs"))

        def dotted():
            plot = display.picture().colours(left, top, left + width, top + height * 7 // 10)
            return {hop for hop, colour in graph_colours().items() if plot[colour] >= LEAST_DOT}
        gui.wait_until(dotted, gui.SETTLE_S, "dots in the graph")  # it goes through the file in the background
        display.settled()
        check.equal(sorted(dotted()), sorted(answered), "the graph has a dot for each hop that answered, and no other")


def graph_colours():
    """{hop: colour} as the profile has it."""
    text = (gui.PROFILE_FOLDER / "io_graphs").read_text(encoding="utf-8")
    found = re.findall(r'^"Enabled",[^,]*,"st\.hop == (\d+)","#(..)(..)(..)"', text.replace(", ", " "), re.M)
    return {int(hop): tuple(int(part, 16) for part in colour) for hop, *colour in found}


def check_table(check, shark, capture, frames):
    """The hop table, from the menu: a line for each hop."""
    hops = {frame.hop for frame in frames if frame.hop}
    with gui.Display(*gui.TALL) as display, gui.Wireshark(shark, display, "-r", capture) as wireshark:
        wireshark.open(capture.name)
        window = open_table(display)
        check.that(window, "the menu Statistics has the table")
        display.place(window, 0, 0, display.width, display.height)
        picture = display.settled()
        # The title is the first text; the rest of the window's buttons are at the bottom.
        found = gui.text_lines(picture, *ROUTER_COLUMN, 0, display.height * 3 // 4)
        check.equal(found, 1 + len(hops), f"below the title it has {len(hops)} lines, one for each hop")


def open_table(display):
    """Chooses from the menu until it is the table: versions have different items before it."""
    for downs in TABLE_PLACES:
        display.keys("alt+s")
        display.settled()
        display.keys("Down", times=downs)
        display.keys("Return")
        display.settled()
        if display.windows(TABLE_TITLE):
            return display.windows(TABLE_TITLE)[0]
        display.keys("Escape", "Escape")
    return None


PARTS = {"table": check_table, "list": check_list, "links": check_links, "details": check_details, "graph": check_graph}


def main(check, folder):
    gui.skip_without_programs()
    with sharks.Shark() as shark:
        capture = shark.file(bands.record(folder))
        PARTS[sys.argv[1]](check, shark, capture, bands.truth(shark, capture))


if __name__ == "__main__":
    harness.run(main)
