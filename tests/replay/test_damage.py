#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Captures that are cut off, damaged, no captures at all, or whose packets are cut: never a crash, a hang or a
sanitizer's finding; one clear line a file that cannot be read; what came before the damage is reported.
"""

import json
import os
import random
import subprocess

import capture_files as files
import harness
import rewriting as to

CUT_EVERYWHERE = ["flow-closed-v4.pcap", "flow-closed-v4.pcapng"]
CUTS_PER_OTHER = 12
BATCH = 250  # files a call
BATCH_S = 60
VARIANTS, SEED = 2000, 2026
FRAMES_FOR_VARIANTS = 120


def replay_batch(folder, contents):
    """Runs st-replay once over many files; returns (outcome, its lines on standard error by file)."""
    names = [f"{i}" for i in range(len(contents))]
    for name, content in zip(names, contents):
        (folder / name).write_bytes(content)
    done = harness.replay("-o", "json", *names, cwd=folder, timeout=BATCH_S)
    lines = {name: [] for name in names}
    for line in done.stderr.splitlines():
        name = line.removeprefix("st-replay: ").split(":")[0]
        lines.setdefault(name, []).append(line)
    return done, list(lines.values())


def is_complaint(line):
    return line.startswith("st-replay: ")


def culprits(folder, contents, limit=3):
    """Which of the files alone bring st-replay down, as texts."""
    found = []
    for i, content in enumerate(contents):
        (folder / "single").write_bytes(content)
        fault = harness.misbehaviour(harness.report(folder / "single"))
        if fault:
            found.append(f"number {i} of the batch: {fault}")
        if len(found) == limit:
            break
    return found or ["none of the files alone does it"]


def batch_faults(folder, contents):
    """What is wrong with a run over these files; ([], outcome, lines) if nothing is."""
    done, lines = replay_batch(folder, contents)
    fault = harness.misbehaviour(done)
    if fault:
        return [fault, *culprits(folder, contents)], done, lines
    faults = [f"file {i}: {one}" for i, one in enumerate(lines) if len(one) != 1]
    complaints = any(is_complaint(one[0]) for one in lines if one)
    if complaints != (done.returncode == harness.FAILED):
        faults.append(f"exit {done.returncode}, but complaints: {complaints}")
    return faults, done, lines


class Prefixes:
    """What st-replay says of a capture's first frames, written as a whole file."""

    def __init__(self, folder, content):
        self.capture = files.read(content)
        self._path, self._content, self._known = folder / "prefix", content, {}

    def whole_frames(self, size):
        return sum(end <= size for end in self.capture.ends)

    def is_whole(self, size):
        return size == self.capture.head or size in self.capture.ends

    def report(self, count):
        if count not in self._known:
            self._path.write_bytes(self._content[:self.capture.ends[count - 1] if count else self.capture.head])
            done = harness.report(self._path)
            if done.returncode != harness.OK:
                raise ValueError(f"{count} whole frames: {harness.misbehaviour(done, [harness.OK])}")
            self._known[count] = done.stdout
        return self._known[count]


def cut_faults(folder, content, sizes, prefixes):
    faults, done, lines = batch_faults(folder, [content[:size] for size in sizes])
    faults += [f"cut at {size}: {one[0]}" for size, one in zip(sizes, lines)
               if len(one) == 1 and is_complaint(one[0]) == prefixes.is_whole(size)]
    wanted = "".join(prefixes.report(prefixes.whole_frames(size)) for size in sizes)
    if done.stdout != wanted:
        faults.append(f"cut at {sizes[0]} to {sizes[-1]}: other reports than of the frames before the cuts")
    return faults


def check_cuts(check, folder):
    for name in CUT_EVERYWHERE:
        content = (harness.CAPTURES / name).read_bytes()
        prefixes, faults = Prefixes(folder, content), []
        for start in range(0, len(content), BATCH):
            faults += cut_faults(folder, content, range(start, min(start + BATCH, len(content))), prefixes)
        check.none(faults,
                   f"{name}, cut at each of {len(content)} lengths: what came before is reported, one line each")
    faults = []
    for path in harness.captures():
        content = path.read_bytes()
        sizes = range(37, len(content), len(content) // CUTS_PER_OTHER)
        faults += [f"{path.name}: {fault}" for fault in cut_faults(folder, content, sizes, Prefixes(folder, content))]
    check.none(faults, f"every capture, cut at {CUTS_PER_OTHER} lengths: the same")


def check_single_cuts(check, folder):
    """The same for a file alone, where the exit code is its own."""
    content = (harness.CAPTURES / CUT_EVERYWHERE[0]).read_bytes()
    prefixes, path = Prefixes(folder, content), folder / "cut.pcap"
    for size in (0, 3, 4, 23, 24, 25, 39, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        done = harness.report(path)
        if prefixes.is_whole(size):
            check.equal((done.returncode, done.stderr), (harness.OK, ""), f"cut at {size}, behind a frame: exit 0")
        else:
            check.complains(done, harness.FAILED, f"cut at {size}")
        check.equal(done.stdout, prefixes.report(prefixes.whole_frames(size)),
                    f"cut at {size}: reports what came before")


def damaged(content, head, dice):
    """The file with some bytes changed, and sometimes a part taken out, doubled or filled with one value."""
    data = bytearray(content)
    for _ in range(dice.choice((1, 1, 2, 4, 16, 64))):
        # Where lengths and types are, damage does most: in the file's head, else anywhere.
        place = dice.randrange(head if dice.random() < 0.15 else len(data))
        data[place] = dice.choice((0, 0xff, 0x7f, 0x80, data[place] ^ 1 << dice.randrange(8), dice.randrange(256)))
    if dice.random() < 0.25:
        start = dice.randrange(len(data))
        part = data[start:start + dice.choice((1, 2, 4, 16, 100, 1000))]
        data[start:start + len(part)] = dice.choice((b"", part + part, b"\0" * len(part), b"\xff" * len(part)))
    return bytes(data)


def check_flips(check, folder):
    dice = random.Random(SEED)
    bases = []
    for path in harness.captures():
        capture = files.read(path.read_bytes())
        write = files.pcap_bytes if path.suffix == ".pcap" else files.pcapng_bytes
        bases.append(write(capture.link_type, capture.frames[:FRAMES_FOR_VARIANTS]))
    variants = [damaged(base, files.read(base).head, dice) for base in (dice.choice(bases) for _ in range(VARIANTS))]
    faults, complaints, traces = [], 0, 0
    for start in range(0, VARIANTS, BATCH):
        some, done, lines = batch_faults(folder, variants[start:start + BATCH])
        faults += [f"variants from {start} on: {fault}" for fault in some]
        complaints += sum(is_complaint(one[0]) for one in lines if one)
        traces += len([json.loads(line) for line in done.stdout.splitlines()])
    check.none(faults, f"{VARIANTS} damaged captures (seed {SEED}): no crash, one line each")
    check.that(VARIANTS // 20 < complaints < VARIANTS and traces > VARIANTS // 4,
               f"of them {complaints} cannot be read to the end, and {traces} traces are found",
               "the damage is too weak or too strong to tell anything")


def pcap_of(link_type):
    return files.pcap_bytes(link_type, [files.Frame(0, bytes(60), 60)])


def check_no_captures(check, folder):
    def written(name, content):
        (folder / name).write_bytes(content)
        return folder / name

    cases = {
        "an empty file": written("empty.pcap", b""),
        "a text": written("text.pcap", b"no capture at all\n" * 50),
        "a short text": written("short.pcap", b"a"),
        "a file of zeros": written("zeros.pcap", bytes(5000)),
        "a report": harness.expected_of(harness.captures()[0]),
        "a folder": folder,
        "a missing file": folder / "missing.pcap",
        "a file below a file": harness.captures()[0] / "x.pcap",
        "a name of 5000 letters": "x" * 5000,
        "a name with control characters": folder / "no\nsuch\033[31mfile",
        "IEEE 802.15.4": written("wpan.pcap", pcap_of(195)),
        "a private link type": written("private.pcap", pcap_of(147)),
        "a link type nobody has heard of": written("unknown.pcap", pcap_of(4000)),
        "pcapng without an interface": written("no-interface.pcapng", files.pcapng_bytes(1, [])[:28]),
    }
    if not harness.has_wiretap():
        cases["pcapng of two link types"] = written("two.pcapng", files.pcapng_bytes(1, [files.Frame(0, bytes(60), 60)])
                                                    + files.pcapng_bytes(113, [files.Frame(0, bytes(60), 60)]))
    good = harness.captures()[0]
    for statement, path in cases.items():
        done = harness.report(path)
        check.complains(done, harness.FAILED, statement)
        check.equal(done.stdout, "", f"{statement}: no report")
    done = harness.report(*cases.values(), good)
    check.equal(len(done.stderr.splitlines()), len(cases), "all of them at once: a line each")
    check.equal((done.returncode, done.stdout), (harness.FAILED, harness.report(good).stdout),
                "and the good capture behind them is reported")
    for write in (files.pcap_bytes, files.pcapng_bytes):
        done = harness.report(written("no-frames", write(to.ETHERNET, [])))
        check.equal((done.returncode, done.stdout, done.stderr), (harness.OK, "", ""),
                    "a capture without frames: exit 0, no report")


def check_standard_input(check, folder):
    path = harness.captures()[0]
    content, wanted = path.read_bytes(), harness.report(path).stdout
    with open(path, "rb") as stream:
        done = harness.report("-", stdin=stream)
    check.equal((done.returncode, done.stdout), (harness.OK, wanted), "standard input from a file")
    done = harness.report("-", text=False, input=content)
    check.equal((done.returncode, done.stdout.decode()), (harness.OK, wanted), "standard input from a pipe")
    cut = len(content) // 2
    prefixes = Prefixes(folder, content)
    done = harness.report("-", text=False, input=content[:cut])
    done = subprocess.CompletedProcess(done.args, done.returncode, done.stdout.decode(), done.stderr.decode())
    check.complains(done, harness.FAILED, "standard input that is cut off")
    check.equal(done.stdout, prefixes.report(prefixes.whole_frames(cut)), "and what came before is reported")
    check.complains(harness.report("-", stdin=subprocess.DEVNULL), harness.FAILED, "empty standard input")
    done = harness.report("-", input="this is no capture\n")
    check.complains(done, harness.FAILED, "a text on standard input")
    done = harness.report("-", stdin=None, preexec_fn=lambda: os.close(0))
    check.complains(done, harness.FAILED, "standard input that is closed")
    with open(path, "rb") as stream:
        done = harness.report("-", "-", stdin=stream)
    check.complains(done, harness.FAILED, "standard input twice: it is empty the second time")
    check.equal(done.stdout, wanted, "and reported once")


def answers(text):
    """[(ttl, probe, address, what it was matched by)] of all replies in a report."""
    return sorted((hop["ttl"], reply["probe"], reply["address"], tuple(reply["matched_by"]))
                  for line in text.splitlines() for hop in json.loads(line)["hops"] for reply in hop["replies"])


# Bytes of a frame up to the end of the TCP header without options, the quoted ports, the quoted sequence number.
NEEDED = {"concurrent-v4.pcap": (54, 66, 70), "exact-v4.pcap": (54, 66, 70), "hop-by-hop-v6.pcap": (74, 106, 110)}


def check_snap_lengths(check, folder):
    """As much of a packet as there is gets used, and no more is made of it."""
    path = folder / "snapped.pcap"
    for name, (whole_tcp, ports, seq) in NEEDED.items():
        frames = files.read((harness.CAPTURES / name).read_bytes()).frames
        expected = harness.expected_of(harness.CAPTURES / name)
        wanted = answers(expected.read_text(encoding="utf-8"))
        by_ip_id = [(*one[:3], ("tuple", "ipid")) for one in wanted] if name.endswith("-v4.pcap") else []
        faults = []
        for count in range(0, seq + 20):
            path.write_bytes(files.pcap_bytes(to.ETHERNET, [to.cut(count)(frame) for frame in frames]))
            done = harness.report(path)
            right = wanted if count >= seq else by_ip_id if count >= ports else []
            if done.returncode != harness.OK or done.stderr or answers(done.stdout) != right:
                faults.append(f"{count} bytes a packet: {harness.misbehaviour(done) or answers(done.stdout)[:4]}")
            if bool(done.stdout) != (count >= whole_tcp) and name != "exact-v4.pcap":
                faults.append(f"{count} bytes a packet: {len(done.stdout.splitlines())} traces")
            if count >= seq and harness.differences(expected, path):
                faults.append(f"{count} bytes a packet: {harness.differences(expected, path)}")
        check.none(faults, f"{name}, each packet cut after 0 to {seq + 19} bytes: the hops that can be told, no others")


def check_short_quotes(check, folder):
    path = folder / "quotes.pcap"
    for name in NEEDED:
        frames = files.read((harness.CAPTURES / name).read_bytes()).frames
        expected = harness.expected_of(harness.CAPTURES / name)
        wanted = answers(expected.read_text(encoding="utf-8"))
        is4 = name.endswith("-v4.pcap")
        for count in (*range(0, 21), 28):
            path.write_bytes(files.pcap_bytes(to.ETHERNET, [to.with_quote(count)(frame) for frame in frames]))
            done = harness.report(path)
            check.equal((done.returncode, done.stderr), (harness.OK, ""), f"{name}, quotes of {count} bytes: exit 0")
            if count >= 8:
                right = wanted
                faults = harness.differences(expected, path)
                check.that(not faults, f"{name}, quotes of {count} bytes: the same report", faults)
            else:
                right = [(*one[:3], ("tuple", "ipid")) for one in wanted] if is4 and count >= 4 else []
            check.equal(answers(done.stdout), right, f"{name}, quotes of {count} bytes: {len(right)} replies are told")


def main(check, folder):
    harness.overlook_leaks()
    for part in (check_cuts, check_single_cuts, check_flips, check_no_captures, check_standard_input,
                 check_snap_lengths, check_short_quotes):
        harness.section(part.__name__.removeprefix("check_"))
        part(check, folder)


if __name__ == "__main__":
    harness.run(main)
