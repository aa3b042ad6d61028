# SPDX-License-Identifier: GPL-2.0-or-later
"""Odd traces made by hand, in any format: what unit-report_formats writes (ST_SAMPLES names another)."""

import os
import pathlib
import subprocess

_PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "build" / "tests" / "unit-report_formats"


def samples(name):
    command = [os.environ.get("ST_SAMPLES") or str(_PROGRAM), "--samples", name]
    return subprocess.run(command, capture_output=True, check=True).stdout.decode("utf-8")
