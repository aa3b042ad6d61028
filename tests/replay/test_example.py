#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The library's example, a monitoring system in small, prints for every committed capture the traces and flows that
st-replay reports, with the services of the same signatures: whoever embeds the library through its public headers gets
the same.
"""

import json
import os
import subprocess

import harness

PROGRAM = os.environ.get("ST_MONITOR") or harness.program("example-monitor")


def monitor(*arguments, **options):
    return subprocess.run([PROGRAM, *map(str, arguments)], capture_output=True, text=True, check=False,
                          timeout=harness.HANG_S, stdin=subprocess.DEVNULL, env=harness.ENVIRONMENT, **options)


def reports_of(text):
    reports = [json.loads(line) for line in text.splitlines()]
    return [{name: value for name, value in report.items() if name != "generator"} for report in reports]


def write_signature(path):
    """Every server of the captures is in one of its prefixes."""
    path.write_text("[Service]\nName=The lab\nPrefixes=10.0.0.0/8;fd00::/8\n", encoding="utf-8")


def services(reports):
    return {(report["service"] or {}).get("name") for report in reports}


def check_capture(check, capture, signature):
    wanted = reports_of(harness.report("--flows", "--signatures", signature, capture).stdout)
    done = monitor(capture, signature)
    check.equal((done.returncode, done.stderr), (0, ""), f"{capture.name}: the example ends with 0")
    check.equal(reports_of(done.stdout), wanted, f"{capture.name}: it prints what st-replay reports")
    check.equal(({report["type"] for report in wanted}, services(wanted)), ({"trace", "flow"}, {"The lab"}),
                f"{capture.name}: traces and flows, all of the signature's service")
    check.that('"generator":"monitor' in done.stdout, f"{capture.name}: and signs with its own name")
    check.equal(services(reports_of(monitor(capture).stdout)), {None}, f"{capture.name}: without signatures of none")


def main(check, folder):
    signature = folder / "lab.service"
    write_signature(signature)
    for capture in harness.captures():
        check_capture(check, capture, signature)
    text = folder / "text"
    text.write_text("no capture\n", encoding="utf-8")
    for statement, arguments in (("without a file", []), ("with a text", [text]), ("with no file", [folder / "none"]),
                                 ("with a text for signatures", [harness.captures()[0], text])):
        done = monitor(*arguments)
        check.that(done.returncode == 1 and len(done.stderr.splitlines()) == 1, f"{statement}: exit 1, one line",
                   f"exit {done.returncode}: {done.stderr}")


if __name__ == "__main__":
    harness.run(main)
