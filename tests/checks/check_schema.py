#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Validates reports (JSON Lines) against docs/report.schema.json.

usage: check_schema.py [--strict] [FILE...]        (no file, or "-": standard input)

--strict also spoils every report in many ways and wants each of them refused: a schema that lets everything pass
would else go unnoticed. Exit: 0 all valid, 1 not so (or there was no report at all), 77 jsonschema is not installed.
"""

import argparse
import copy
import json
import pathlib
import sys

try:
    import jsonschema
except ImportError:
    print("skipped: python3-jsonschema is not installed")
    sys.exit(77)

SCHEMA = pathlib.Path(__file__).resolve().parents[2] / "docs" / "report.schema.json"


def make_validator():
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())


def lines_of(names):
    for name in names or ["-"]:
        with sys.stdin.buffer if name == "-" else open(name, "rb") as stream:
            for number, line in enumerate(stream, 1):
                if line.strip():
                    yield f"{name}:{number}", line


def traces_of(names):
    for where, line in lines_of(names):
        report = json.loads(line.decode("utf-8"))
        if report.get("type") in ("trace", "flow"):  # the schema describes no other object
            yield where, report


def objects_in(value, path="report"):
    """Every JSON object in a report, with the way to it."""
    if isinstance(value, dict):
        yield path, value
        for name, member in value.items():
            yield from objects_in(member, f"{path}.{name}")
    elif isinstance(value, list):
        for i, member in enumerate(value):
            yield from objects_in(member, f"{path}[{i}]")


OPTIONAL = {
    "probe": {"mpls", "destination", "matched_by"},  # of a reply
    "evidence": {"id", "matched_by", "alpn", "ech"},  # of a service
}


def spoiled(report):
    """The report with one defect at a time, each with what it is."""
    for index, (path, found) in enumerate(objects_in(report)):
        def twin():
            other = copy.deepcopy(report)
            return other, list(objects_in(other))[index][1]

        other, place = twin()
        place["surprise"] = 1
        yield f"{path} with a member more", other
        for name in found:
            other, place = twin()
            place[name] = {"surprise": 1}
            yield f"{path}.{name} of another type", other
            if any(mark in found and name in optional for mark, optional in OPTIONAL.items()):
                continue
            other, place = twin()
            del place[name]
            yield f"{path} without {name}", other


def main():
    parser = argparse.ArgumentParser(description="validates reports against docs/report.schema.json")
    parser.add_argument("--strict", action="store_true", help="also check that spoiled reports are refused")
    parser.add_argument("files", nargs="*", metavar="FILE")
    arguments = parser.parse_args()

    validator = make_validator()
    count = failures = 0
    for where, report in traces_of(arguments.files):
        count += 1
        for error in validator.iter_errors(report):
            failures += 1
            print(f"{where}: {error.json_path}: {error.message}")
        for what, bad in spoiled(report) if arguments.strict else ():
            if validator.is_valid(bad):
                failures += 1
                print(f"{where}: the schema accepts {what}")
    if count == 0:
        print("no report was read")
    print(f"{count} reports, {failures} failures")
    return 0 if count > 0 and failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
