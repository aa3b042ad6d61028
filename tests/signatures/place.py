# SPDX-License-Identifier: GPL-2.0-or-later
"""A place for st-signatures to run in: a copy of the program, an installed database and a user's folder, all of them
this test's own. Leaves running programs and saying what came out to tests/replay/harness.py.
"""

import datetime
import os
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "replay"))
import harness  # noqa: E402  pylint: disable=wrong-import-position

PROGRAM = "st-signatures"


def day(days=0):
    """The date so many days from today, as signatures have it."""
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=days)).strftime("%Y-%m-%d")


# The lines of a file nothing is wrong with; the group is the first line.
GOOD = {"Name": "Example", "Category": "video", "Domains": "example.com", "Source": "its documentation",
        "Checked": day(-30)}


def text(**keys):
    """A signature like GOOD with some keys changed, added behind, or left out (None)."""
    wanted = {**GOOD, **keys}
    return "[Service]\n" + "".join(f"{key}={value}\n" for key, value in wanted.items() if value is not None)


def line_of(content, key):
    """The number of a key's line; 0 for none."""
    lines = content.splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.startswith(key + "=")), 0)


class Place:
    """Folders below `root`: bin, share (installed), config (the user's) and work, where programs run."""

    def __init__(self, root):
        self.installed = root / "share" / "servicetrace" / "signatures"
        self.user = root / "config" / "servicetrace" / "signatures"
        self.work = root / "work"
        for folder in (root / "bin", self.installed, root / "config", self.work):
            folder.mkdir(parents=True)
        shutil.copy(harness.program(PROGRAM), root / "bin")
        os.environ["ST_BIN"] = str(root / "bin")
        harness.ENVIRONMENT["XDG_CONFIG_HOME"] = str(root / "config")

    def run(self, *arguments, **options):
        return harness.run_program(PROGRAM, *arguments, cwd=self.work, **options)

    def fill(self, folder, files):
        """Makes `folder` hold these files (name: content) and nothing else."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for name, content in files.items():
            mode = "wb" if isinstance(content, bytes) else "w"
            with open(folder / name, mode, encoding=None if mode == "wb" else "utf-8") as file:
                file.write(content)
        return folder


def run(test):
    """Runs test(checks, place) and ends the process with its outcome."""
    harness.run(lambda checks, folder: test(checks, Place(folder)))
