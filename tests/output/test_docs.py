#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""docs/output.md: its examples are what the tool writes, and every member that a format can have is described in its
section. With --write the examples are made anew."""

import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "replay")]
import harness  # noqa: E402  pylint: disable=wrong-import-position
import read_csv  # noqa: E402  pylint: disable=wrong-import-position
import read_dot  # noqa: E402  pylint: disable=wrong-import-position
from samples import samples  # noqa: E402  pylint: disable=wrong-import-position

PAGE = harness.SOURCE / "docs" / "output.md"
CAPTURE = harness.CAPTURES / "silent-router-v4.pcapng"
EXAMPLE = re.compile(r"<!-- example: ([a-z-]+) -->\n(?:\n```[a-z]*\n.*?\n```\n)?", re.S)
FORMATS = ("json", "csv", "dot", "scamper", "atlas", "service-traceroute")


def cut_lists(value, name=None):
    """One hop, one reply; the lists of the original keep two TTLs."""
    if isinstance(value, dict):
        return {key: cut_lists(member, key) for key, member in value.items()}
    if isinstance(value, list):
        keep = 2 if name in ("Hops", "RttsAvg", "RttsVar", "HopIPs", "Rtts") else 1 if name in ("hops", "replies", "result") else 9
        return [cut_lists(element) for element in value[:keep]]
    return value


def indented(value):
    """JSON with a line a member; what fits a line stays in one."""
    text = json.dumps(value, indent=1, ensure_ascii=False)
    return re.sub(r"[\[{][^\[\]{}]{0,160}[\]}]", lambda found: re.sub(r"\s*\n\s*", " ", found.group()), text)


def example(name):
    text = harness.replay("--quiet", "-n", "-o", name, CAPTURE, text=False).stdout.decode("utf-8")
    if name == "text":
        return "text, the first trace", text.split("\ntcp ")[0].rstrip("\n")
    if name == "csv":
        silent = next(line for line in text.splitlines() if line.endswith(",,,,,,,"))
        return "csv, the head, a reply, a probe without one", "\n".join(text.splitlines()[:2] + [silent])
    if name == "dot":
        return "dot", text.rstrip("\n")
    return f"{name}, shortened, on many lines instead of one", indented(cut_lists(json.loads(text.splitlines()[0])))


def with_examples(page):
    def made(found):
        _, text = example(found.group(1))
        kind = {"text": "text", "csv": "text", "dot": "dot"}.get(found.group(1), "json")
        return f"<!-- example: {found.group(1)} -->\n\n```{kind}\n{text}\n```\n"
    return EXAMPLE.sub(made, page)


def section(page, name):
    return page.split(f"\n## {name}\n")[1].split("\n## ")[0]


def names_in(value):
    if isinstance(value, dict):
        for name, member in value.items():
            yield name
            yield from names_in(member)
    elif isinstance(value, list):
        for element in value:
            yield from names_in(element)


def member_names(name, text):
    if name == "csv":
        return read_csv.rows_of(text)[0]
    if name == "dot":
        nodes, edges = read_dot.read(text)
        return {key for attributes in [*nodes.values(), *(edge[2] for edge in edges)] for key in attributes}
    return {key for line in text.splitlines() for key in names_in(json.loads(line))}


def main(checks, _folder):
    page = PAGE.read_text(encoding="utf-8")
    checks.that(len(EXAMPLE.findall(page)) == 7, "every format that has an example has one")
    checks.that(with_examples(page) == page, "the examples are what the tool writes (else: test_docs.py --write)")
    for name in FORMATS:
        text = samples(name)
        described = set(re.findall(r"`([A-Za-z_0-9]+)`", re.sub(r"```.*?```", "", section(page, name), flags=re.S)))
        checks.none(sorted(set(member_names(name, text)) - described), f"{name}: every member is described")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        PAGE.write_text(with_examples(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        harness.run(main)
