#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ten thousand damaged captures through all of st-replay in one process (mutate.c): no crash, no hang, no memory that is
kept, and one line of complaint for each that cannot be read. The captures are those of testdata and, where they are at
hand, the real ones of test_captures.py.

Arguments: how many captures, and the seed.
"""

import os
import pathlib
import subprocess
import sys

import harness
from test_captures import FOLDER, TRUTH

COUNT, SEED = 10000, 2026
LIMIT_S = 900  # sanitizers on a busy machine
SIGNATURES = harness.SOURCE / "signatures" / "youtube.service"


def environment(folder):
    """libwiretap 4.0 forgets some of what it has read of damaged files. Whole stacks tell that from leaks of ours: slow,
    but here all captures are one process, and what ours kept would not be seen otherwise."""
    known = folder / "leaks"
    known.write_text("leak:libwiretap.so\n", encoding="ascii")
    options = {name: harness.ENVIRONMENT[name] for name in ("ASAN_OPTIONS", "LSAN_OPTIONS")}
    options["ASAN_OPTIONS"] += ":fast_unwind_on_malloc=0"
    options["LSAN_OPTIONS"] += f":suppressions={known}:print_suppressions=0"
    return {**harness.ENVIRONMENT, **options}


def main(check, folder):
    count, seed = (sys.argv[1:] + [COUNT, SEED][len(sys.argv) - 1:])[:2]
    program = pathlib.Path(os.environ.get("ST_MUTATE") or harness.SOURCE / "build" / "tests" / "replay" / "bin" / "mutate-captures")
    real = sorted(path.with_name(path.name.removesuffix(TRUTH)) for path in FOLDER.rglob("*" + TRUTH))
    paths = [*harness.captures(), *(path for path in real if path.parent.name != "D")]
    print(f"{len(paths)} captures, {len(paths) - len(real)} of them the project's, seed {seed}", flush=True)
    done = subprocess.run([program.absolute(), str(count), str(seed), SIGNATURES, *paths], cwd=folder, timeout=LIMIT_S,
                          capture_output=True, encoding="utf-8", errors="backslashreplace", check=False,
                          env=environment(folder))
    lines = done.stderr.splitlines()
    check.equal(done.returncode, 0, f"{count} damaged captures: the process goes on to its end")
    check.none([line for line in lines if not line.startswith("st-replay: mutant: ")], "nothing but complaints is said")
    print(done.stdout.strip())
    good, bad = (int(word) for word in done.stdout.split() if word.isdigit())
    check.equal(len(lines), bad, "one line for each that cannot be read")
    check.that(4 * good > bad > 0, "enough can be read to the end, some cannot: the damage is as it should be")


if __name__ == "__main__":
    harness.run(main)
