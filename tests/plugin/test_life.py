#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The plugin through the life of a Wireshark: files one after another, again, empty and cut ones; preferences and
signatures that change; the protocol disabled; beside another postdissector; with another Wireshark than it was built
for. Nothing is ever said on the console that should not be.
"""

import struct
import sys

import shark as sharks

sys.path.insert(0, str(sharks.SOURCE / "tests" / "replay"))
sys.path.insert(0, str(sharks.SOURCE / "bench"))
import capture_files  # noqa: E402  pylint: disable=wrong-import-position
import made_captures  # noqa: E402  pylint: disable=wrong-import-position
import harness  # noqa: E402  pylint: disable=wrong-import-position

TCP4 = harness.CAPTURES / "concurrent-v4.pcap"
TCP6 = harness.CAPTURES / "exact-v6.pcap"
UDP4 = harness.CAPTURES / "udp-v4.pcap"
NAMES = {  # of contract and documentation
    "st.flow", "st.flow.service", "st.flow.host", "st.flow.evidence", "st.trace", "st.hop", "st.probe", "st.probe.index",
    "st.reply", "st.reply_in", "st.probe_in", "st.rtt", "st.rtt_ms", "st.router", "st.destination", "st.band", "st.note",
    "st.matched_by", "st.quoted_ttl", "st.quote.altered", "st.copy_of", "st.mpls.label", "st.mpls.tc", "st.mpls.s",
    "st.mpls.ttl", "st.no_reply", "st.rtt_high", "st.quote_altered", "st.loop", "st.only_probe"}
PREFERENCES = {"st.rtt_high", "st.rtt_very_high", "st.wait", "st.info_column", "st.any_encapsulation",
               "st.signatures_path"}
CUT = (2, 14)  # how tshark ends, by version
STRICT = {"WIRESHARK_DEBUG_WMEM_OVERRIDE": "strict"}
LOADS = 8
PACKETS, PROBES = 50_000, 5_000  # of a file of which the plugin keeps some 20 MB
LEAKED_MAX = 0.1  # of what the plugin takes for one file, kept of each further one


def replies(sharkd, way=0):
    """Frame numbers of all replies, by a filter in words of its own each time: sharkd remembers results of filters."""
    return [frame["num"] for frame in sharkd.ask("frames", filter=f"st.reply && frame.number < {10**9 + way}")]


def check_names(check, shark):
    rows = [line.split("\t") for line in shark.tshark("-G", "fields").stdout.splitlines()]
    names = [row[2] for row in rows if row[0] == "F" and row[2].split(".")[0] == "st"]
    check.equal(sorted(NAMES - set(names)), [], "all fields of the contract are there")
    check.equal(sorted({name for name in names if names.count(name) > 1}), [], "none is registered twice")
    check.equal([row for row in rows if row[0] == "F" and row[2].startswith("st.") and row[4] not in ("st", "_ws.expert")],
                [], "no other protocol's field has such a name")
    said = shark.tshark("-G", "currentprefs").stdout
    check.equal([name for name in sorted(PREFERENCES) if f"{name}:" not in said], [], "all preferences are there")


def check_files(check, shark, empty):
    """One after another, and again."""
    with shark.sharkd() as sharkd:
        first = {}
        for number, path in enumerate((TCP4, TCP6, UDP4, empty, TCP4, TCP6, TCP4, TCP4)):
            sharkd.load(path)
            found = replies(sharkd, number)
            check.equal(found, first.setdefault(path, found), f"load {number + 1}, {path.name}: {len(found)} replies")
        check.that(first[TCP4] and first[TCP6] and first[UDP4] and not first[empty], "as many as there are")


def growth(shark, path, environment):
    """(first load, all further ones): by how many KiB sharkd grows."""
    with shark.sharkd(**environment) as sharkd:
        before = sharkd.resident_kib()
        sharkd.load(path)
        first = sharkd.resident_kib()
        for _ in range(LOADS):
            sharkd.load(path)
        return first - before, sharkd.resident_kib() - first


def check_memory(check, shark, path, environment, what):
    """What a file has taken is given back with it. sharkd itself keeps much of each, so it is compared with itself."""
    with sharks.Shark(plugins=False) as alone:
        plain = growth(alone, path, environment)
    own = growth(shark, path, environment)
    taken, kept = own[0] - plain[0], (own[1] - plain[1]) / LOADS
    check.that(kept <= LEAKED_MAX * taken, f"{what}: takes {taken} KiB for a file and keeps {kept:.0f} KiB of each")


def check_odd_files(check, shark, folder):
    whole = TCP4.read_bytes()
    for name, content, code in (("no packets", whole[:24], 0), ("cut", whole[:len(whole) // 2 + 7], CUT),
                                ("nothing", b"", (0, 1, 2, 3)), ("no capture", b"\0" * 100, (1, 2, 3))):
        path = folder / f"{name}.pcap"
        path.write_bytes(content)
        done = shark.tshark("-2", "-r", shark.file(path), quiet=False)
        codes = code if isinstance(code, tuple) else (code,)
        check.that(done.returncode in codes and bool(done.returncode) == done.stderr.startswith("tshark: "), f"a file with {name}: exit {done.returncode}",
                   f"{done.returncode}, {done.stderr}")
    cut = shark.tshark("-r", shark.file(folder / "cut.pcap"), "-Y", "st.reply", quiet=False)
    check.that(cut.stdout.count("\n") > 5, "replies before the cut are shown")


def bands(shark, *options):
    """{band: frames} of replies."""
    rows = shark.fields(TCP4, "st.reply", ["st.band"], options)
    return {row[0]: rows.count(row) for row in rows}


def check_thresholds(check, shark):
    total = len(shark.fields(TCP4, "st.reply", ["frame.number"]))
    check.equal(bands(shark), {"1": total}, "all round-trip times of the capture are good")
    check.equal(bands(shark, "-o", "st.rtt_high:0"), {"2": total}, "over a threshold of 0 they are high")
    check.equal(bands(shark, "-o", "st.rtt_high:0", "-o", "st.rtt_very_high:0"), {"3": total}, "or very high")
    with shark.sharkd() as sharkd:
        sharkd.load(TCP4)
        sharkd.ask("setconf", name="st.rtt_high", value="0")
        found = sharkd.ask("frames", filter="st.reply && st.band == 2")
        check.equal(len(found), total, "a threshold that changes while the file is open counts at once")
    check.equal(bands(shark, "-o", "st.wait:0"), {"1": total}, "no wait at all is the shortest, not the end of all hops")
    silent = shark.fields(TCP4, "st.no_reply", ["st.band"], ("-2",))
    check.that(silent and all(row == ["0"] for row in silent), f"{len(silent)} silent probes have a band of their own")


def check_info_column(check, shark):
    lines = shark.tshark("-r", shark.file(TCP4), "-Y", "st.reply").stdout
    check.that("[hop 5 \u2192 10.0.5.2 " in lines, "the Info column tells the hop", lines[:600])
    lines = shark.tshark("-r", shark.file(TCP4), "-Y", "st.reply", "-o", "st.info_column:FALSE").stdout
    check.that(lines and "[hop" not in lines, "and does not, if it is not to")


def signature(service, kind, value):
    """As -o takes a row of the table."""
    return "-o", f'uat:st_signatures:"{service}","{kind}","{value}"'


def services(shark, *options, quiet=True):
    done = shark.tshark(*options, "-r", shark.file(TCP4), "-T", "fields", "-e", "st.flow.service", quiet=quiet)
    return {line for line in done.stdout.splitlines() if line}, done


def check_signatures(check, shark, folder):
    check.equal(services(shark)[0], set(), "the capture's flows have no name")
    check.equal(services(shark, *signature("My video", "prefix", "10.0.8.0/24"))[0], {"My video"},
                "a row of the table names them")
    for service, kind, value in (("My video", "prefix", "10.0.8.0/99"), ("My video", "domain", ".."),
                                 ("My video", "regex", "("), ("", "domain", "example.com"),
                                 ("My video", "nothing", "example.com")):
        found, done = services(shark, *signature(service, kind, value), quiet=False)
        check.that(not found and (done.returncode or done.stderr), f"refused with a message: {service!r} {kind} {value!r}",
                   f"{found} {done.returncode} {done.stderr!r}")
    (folder / "own").mkdir()
    (folder / "own" / "mine.service").write_text(
        "[Service]\nName=Mine\nCategory=test\nPrefixes=10.0.8.0/24\nSource=made up\nChecked=2026-11-01\n", encoding="utf-8")
    place = shark.file(folder / "own" / "mine.service").parent
    check.equal(services(shark, "-o", f"st.signatures_path:{place}")[0], {"Mine"}, "a folder of signatures names them")
    _, done = services(shark, "-o", "st.signatures_path:/nonexistent", quiet=False)
    check.that(done.returncode == 0 and "Traceroute: /nonexistent: " in done.stderr,
               "a folder that is not there ends nothing, and is named", done.stderr)


def check_encapsulation(check, shark, folder):
    """IP in what only Wireshark decodes: Ethernet in TZSP in UDP, which the core takes for the payload it is."""
    frames = capture_files.read(TCP4.read_bytes()).frames
    wrapped = [frame._replace(bytes=tzsp(frame.bytes), wire_bytes=len(tzsp(frame.bytes))) for frame in frames]
    path = folder / "tzsp.pcap"
    path.write_bytes(capture_files.pcap_bytes(1, wrapped))
    plain = len(shark.fields(TCP4, "st.reply", ["frame.number"]))
    check.equal(len(shark.fields(path, "st.reply", ["frame.number"])), 0, "packets in TZSP are not looked into")
    found = shark.fields(path, "st.reply", ["frame.number"], ("-o", "st.any_encapsulation:TRUE"))
    check.equal(len(found), plain, "with any_encapsulation they are")
    same = shark.fields(TCP4, "st.reply", ["frame.number", "st.router", "st.rtt"], ("-o", "st.any_encapsulation:TRUE"))
    check.equal(same, shark.fields(TCP4, "st.reply", ["frame.number", "st.router", "st.rtt"]),
                "and what is in plain sight is the same")


def tzsp(frame):
    """An Ethernet frame with that in it: version 1, received, Ethernet, end of tags."""
    payload = struct.pack("!BBHB", 1, 0, 1, 1) + frame
    udp = struct.pack("!HHHH", 40000, 37008, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0, bytes((192, 0, 2, 1)),
                       bytes((192, 0, 2, 2)))
    return bytes.fromhex("02000000000202000000000108 00") + head + udp


def check_read_filter(check, shark, folder):
    """What it rejects has no number: here each second frame, another program's; then the probes themselves."""
    frames = capture_files.read(TCP4.read_bytes()).frames
    strange = bytes.fromhex("ffffffffffff02000000000188b5") + bytes(46)
    path = folder / "among-others.pcap"
    path.write_bytes(capture_files.pcap_bytes(1, [one for frame in frames for one in (
        frame._replace(bytes=strange, wire_bytes=len(strange)), frame)]))
    shown = ["frame.number", "st.hop", "st.probe_in", "st.reply_in", "st.router", "st.rtt"]
    check.equal(shark.fields(path, "st.probe || st.reply", shown, ("-2", "-R", "ip")),
                shark.fields(TCP4, "st.probe || st.reply", shown, ("-2",)), "a read filter for IP: the same, with its links")
    found = shark.fields(TCP4, "", shown[1:], ("-2", "-R", "icmp"))
    check.equal(found, [[row[1], "", "", *row[4:]] for row in shark.fields(TCP4, "st.reply", shown)],
                "one for ICMP: replies without their probes have hop, router and time, and no link")


def check_disabled(check, shark):
    found = shark.tshark("--disable-protocol", "st", "-2", "-r", shark.file(TCP4), "-T", "fields", "-e", "st.flow",
                         "-e", "_ws.col.Info")
    check.that("\u2192 10.0.5.2" not in found.stdout and all(line.startswith("\t") for line in found.stdout.splitlines()),
               "disabled: no field and nothing in the Info column")
    with shark.sharkd() as sharkd:
        sharkd.load(TCP4)
        check.that(replies(sharkd), "enabled: replies are there")


def check_neighbours(check):
    """transum is a postdissector, too."""
    with sharks.Shark(beside=("transum",)) as shark:
        transum = ("--enable-protocol", "transum")
        rows = shark.fields(TCP4, "transum || st.reply", ["transum.status", "st.router"], ("-2", *transum))
        check.that(any(row[0] for row in rows) and sum(bool(row[1]) for row in rows) ==
                   len(shark.fields(TCP4, "st.reply", ["frame.number"])), "beside transum both tell their own")


def check_version(check):
    """A file built for another Wireshark, by its own word, in this one's folder."""
    with sharks.Shark() as shark:
        library = next(shark.plugins.rglob("st.so"))
        patch_version(library)
        done = shark.tshark("-r", shark.file(TCP4), quiet=False)
        check.that("st.so" in done.stderr and "version" in done.stderr and "hop" not in done.stdout,
                   f"built for another version: {done.stderr.strip()[:200]!r}")


def patch_version(library):
    """Sets plugin_want_minor to another value, in the file."""
    content = bytearray(library.read_bytes())
    address = symbol(content, b"plugin_want_minor")
    content[address:address + 4] = struct.pack("<i", 99)
    library.write_bytes(content)


def symbol(content, name):
    """The place in an ELF file (64 bit, little-endian) of what a dynamic symbol names."""
    sections_at, = struct.unpack_from("<Q", content, 0x28)
    size, count, _ = struct.unpack_from("<HHH", content, 0x3a)
    sections = [struct.unpack_from("<IIQQQQIIQQ", content, sections_at + size * number) for number in range(count)]
    dynamic = next(section for section in sections if section[1] == 11)  # SHT_DYNSYM
    names = sections[dynamic[6]]
    for at in range(dynamic[4], dynamic[4] + dynamic[5], 24):
        offset, _, _, _, value, _ = struct.unpack_from("<IBBHQQ", content, at)
        start = names[4] + offset
        if content[start:start + len(name) + 1] == name + b"\0":
            return next(value - section[3] + section[4] for section in sections
                        if section[1] == 1 and section[3] <= value < section[3] + section[5])
    raise LookupError(name)


def main(check, folder):
    empty = folder / "empty.pcap"
    empty.write_bytes(capture_files.pcap_bytes(1, []))
    large = folder / "large.pcap"
    made_captures.write(large, PACKETS, PROBES)
    with sharks.Shark() as shark:
        check_names(check, shark)
        check_files(check, shark, empty)
        check_memory(check, shark, large, {}, "sharkd")
        check_memory(check, shark, large, STRICT, "with Wireshark's allocator checking itself")
        check_odd_files(check, shark, folder)
        check_thresholds(check, shark)
        check_info_column(check, shark)
        check_signatures(check, shark, folder)
        check_encapsulation(check, shark, folder)
        check_read_filter(check, shark, folder)
        check_disabled(check, shark)
    check_neighbours(check)
    check_version(check)


if __name__ == "__main__":
    harness.run(main)
