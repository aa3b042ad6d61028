#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The man pages and --help name the same options, and no program accepts one that they do not name.

The man pages are the built ones: what a build leaves out must be left out of its pages, too.
Usage: check_options.py DOCS_FOLDER BIN_FOLDER
"""
import pathlib
import re
import subprocess
import sys

PROGRAMS = ["st-inject", "st-replay", "st-signatures"]
# Of contract.md's table, but of features that are not built: they must be unknown.
NOT_BUILT = ["--shield"]


def long_options(text):
    return set(re.findall(r"(?<![\w-])--([a-z][\w-]+)", text))


def plain(roff):
    """Without fonts and escapes."""
    return re.sub(r"\\f[BIRP]", "", roff).replace("\\-", "-")


def check(docs, folder, program):
    usage = subprocess.run([folder / program, "--help"], capture_output=True, text=True, check=True).stdout
    helped = set(re.findall(r"^\s+(?:-\w, )?--([a-z][\w-]+)", usage, flags=re.M))
    described = long_options(plain((docs / f"{program}.1").read_text()))
    for name in sorted(helped - described):
        if not (program == "st-replay" and name in ("ipv4", "ipv6")):
            yield f"{program}: the man page does not describe --{name}"
    for name in sorted(described - helped):
        yield f"{program}: the man page describes --{name}, --help does not"
    for name in NOT_BUILT:
        done = subprocess.run([folder / program, name, "x"], capture_output=True, text=True, check=False)
        if done.returncode != 2 or len(done.stderr.strip().splitlines()) != 1:
            yield f"{program} {name}: exit {done.returncode}, {done.stderr!r}"


def main():
    docs, folder = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    complaints = [line for program in PROGRAMS for line in check(docs, folder, program)]
    print("\n".join(complaints) or "options: man pages and --help agree")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
