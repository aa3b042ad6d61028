#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The library's example, a monitoring system in small, prints for every committed capture the traces that st-replay
reports: whoever embeds the library through its public headers gets the same.
"""

import json
import os
import subprocess

import harness

PROGRAM = os.environ.get("ST_MONITOR") or harness.program("example-monitor")


def monitor(*arguments, **options):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False,
                          timeout=harness.HANG_S, stdin=subprocess.DEVNULL, env=harness.ENVIRONMENT, **options)


def traces_of(text):
    traces = [json.loads(line) for line in text.splitlines()]
    return [{name: value for name, value in trace.items() if name != "generator"} for trace in traces]


def main(check, folder):
    for capture in harness.captures():
        done, wanted = monitor(capture), traces_of(harness.report(capture).stdout)
        check.equal((done.returncode, done.stderr), (0, ""), f"{capture.name}: the example ends with 0")
        check.equal(traces_of(done.stdout), wanted, f"{capture.name}: it prints what st-replay reports")
        check.that(wanted and '"generator":"monitor' in done.stdout, f"{capture.name}: and signs with its own name")
    text = folder / "text"
    text.write_text("no capture\n", encoding="utf-8")
    for statement, arguments in (("without a file", []), ("with a text", [text]), ("with no file", [folder / "none"])):
        done = monitor(*arguments)
        check.that(done.returncode == 1 and len(done.stderr.splitlines()) == 1, f"{statement}: exit 1, one line",
                   f"exit {done.returncode}: {done.stderr}")


if __name__ == "__main__":
    harness.run(main)
