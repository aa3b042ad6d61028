#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Every committed capture gives its expected report, the schema allows what is reported, and the two captures of one
recording (by st-inject -w and by tcpdump) tell the same.

UPDATE_EXPECTED=1 rewrites the expected reports whose meaning has changed, and only those: look at the difference
before committing it.
"""

import os
import subprocess
import sys

import harness

CHECK_SCHEMA = harness.SOURCE / "tests" / "checks" / "check_schema.py"


def update(check):
    for capture in harness.captures():
        expected = harness.expected_of(capture)
        if expected.exists() and not harness.differences(expected, capture):
            continue
        done = harness.report(capture)
        if check.equal(done.returncode, harness.OK, f"{capture.name}: reported anew"):
            expected.write_text(done.stdout, encoding="utf-8")
            print(f"rewrote {expected.relative_to(harness.SOURCE)}")


def check_reports(check):
    for capture in harness.captures():
        faults = harness.differences(harness.expected_of(capture), capture)
        check.that(not faults, f"{capture.name} gives its expected report", faults)


def check_twins(check):
    """The same frames captured by two programs; what they keep beside them differs."""
    for capture in harness.captures():
        twin = capture.with_suffix(".pcap" if capture.suffix == ".pcapng" else ".pcapng")
        if twin.exists():
            faults = harness.differences(harness.expected_of(twin), capture)
            check.that(not faults, f"{capture.name} tells the same as {twin.name}", faults)


def check_folder(check):
    expected = {harness.expected_of(capture) for capture in harness.captures()}
    check.none(sorted(set(harness.CAPTURES.glob("*.expected.json")) ^ expected),
               "each capture has an expected report, and each of these a capture")
    text = (harness.CAPTURES / "README.md").read_text(encoding="utf-8")
    check.none([capture.name for capture in harness.captures() if f"`{capture.stem}`" not in text],
               "each capture is described in the README")


def check_schema(check, folder):
    """One report with --strict too: the schema is no sieve."""
    fresh, one = folder / "fresh.json", folder / "one.json"
    fresh.write_text(harness.report(*harness.captures()).stdout, encoding="utf-8")
    one.write_text(harness.report(harness.CAPTURES / "flow-closed-v4.pcapng").stdout, encoding="utf-8")
    saved = [harness.expected_of(capture) for capture in harness.captures()]
    for what, files, options in (("all new", [fresh], []), ("all expected", saved, []),
                                 ("no spoiled", [one], ["--strict"])):
        done = subprocess.run([sys.executable, CHECK_SCHEMA, *options, *files], capture_output=True, text=True,
                              timeout=60, check=False)
        if done.returncode == harness.SKIPPED:
            print(f"        ({what} reports: {done.stdout.strip()})")
        else:
            check.that(done.returncode == 0, f"the schema allows {what} reports", done.stdout + done.stderr)


def main(check, folder):
    if os.environ.get("UPDATE_EXPECTED") == "1":
        update(check)
    check_reports(check)
    check_twins(check)
    check_folder(check)
    check_schema(check, folder)


if __name__ == "__main__":
    harness.run(main)
