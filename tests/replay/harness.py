# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs a program, mostly st-replay, says what is checked and what came out, and turns the outcome into an exit code (0
good, 1 bad, 77 skipped). Needs no privileges and no network.

Leaves the meaning of the checks to the tests, and capture formats to capture_files.py.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

SOURCE = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(SOURCE / "tests" / "live"))
import checks as live_checks  # noqa: E402  pylint: disable=wrong-import-position

CAPTURES = SOURCE / "testdata" / "captures"
SKIPPED = 77  # ctest's SKIP_RETURN_CODE
HANG_S = 10  # no capture here takes a second; sanitizers and a busy machine make it several
OK, FAILED, USAGE, DIFFERS = range(4)  # exit codes of st-replay

_SANITIZER_EXIT = 99  # their own default, 1, would look like a capture that cannot be read
_SANITIZER_WORDS = ("Sanitizer", "runtime error:")
_TEXT_SHOWN = 600


def skip(reason):
    """Ends the process the way ctest understands as "skipped"."""
    print(f"skipped: {reason}", flush=True)
    sys.exit(SKIPPED)


def program(name):
    """Path of a program under test."""
    path = pathlib.Path(os.environ.get("ST_BIN") or SOURCE / "build" / "bin").absolute() / name
    if not os.access(path, os.X_OK):
        print(f"FAILED  {path} is not built (set ST_BIN to the build's bin folder)")
        sys.exit(1)
    return str(path)


def _environment():
    sanitizers = {name: f"{os.environ.get(name, '')}:exitcode={_SANITIZER_EXIT}:halt_on_error=1".lstrip(":")
                  for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS")}
    # MALLOC_PERTURB_ makes what is read before it is written, or after it is freed, differ from one run to the next.
    return {**os.environ, **sanitizers, "LC_ALL": "C.UTF-8", "MALLOC_PERTURB_": "165"}


ENVIRONMENT = _environment()


def overlook_leaks():
    """For captures that libwiretap or libmaxminddb reads: both forget some of what they have read of damaged files, and
    whole stacks, by which that is told apart from leaks of ours, take ten times as long."""
    ENVIRONMENT["ASAN_OPTIONS"] += ":detect_leaks=0"


def run_program(name, *arguments, text=True, timeout=HANG_S, **options):
    """Runs to the end with output captured. A program that hangs gets the return code of a timeout, 124."""
    if "input" not in options:
        options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    if text:
        options.update(encoding="utf-8", errors="backslashreplace")
    command = [program(name), *map(str, arguments)]
    try:
        return subprocess.run(command, timeout=timeout, check=False, env=ENVIRONMENT, **options)
    except subprocess.TimeoutExpired as expired:
        empty = "" if text else b""
        return subprocess.CompletedProcess(command, 124, expired.stdout or empty, f"hangs ({timeout} s)")


def has_wiretap():
    """Whether st-replay was built with libwiretap."""
    return "libwiretap" in subprocess.run(["ldd", program("st-replay")], capture_output=True, text=True, check=True).stdout


def replay(*arguments, **options):
    """st-replay, which asks nobody for names: no address outside this machine is ever contacted."""
    return run_program("st-replay", "-n", *arguments, **options)


def report(*arguments, **options):
    """replay() with reports as JSON and nothing else said."""
    return replay("-o", "json", "--quiet", *arguments, **options)


def misbehaviour(done, allowed=(OK, FAILED)):
    """A crash, a hang, a sanitizer's finding or an exit code that is not allowed, as text; "" if there is none."""
    stderr = done.stderr if isinstance(done.stderr, str) else done.stderr.decode(errors="backslashreplace")
    if done.returncode in allowed and not any(word in stderr for word in _SANITIZER_WORDS):
        return ""
    return f"exit {done.returncode}: {stderr[:_TEXT_SHOWN] or 'nothing on standard error'}"


def differences(expected, capture, *arguments):
    """What --expect says of a capture and a saved report; "" if they agree."""
    done = replay("--quiet", *arguments, "--expect", expected, capture)
    if done.returncode == OK and not done.stdout and not done.stderr:
        return ""
    return f"exit {done.returncode}: {done.stdout[:_TEXT_SHOWN]}{done.stderr[:_TEXT_SHOWN]}"


def captures():
    """The committed captures, in a fixed order."""
    found = sorted(path for path in CAPTURES.iterdir() if path.suffix in (".pcap", ".pcapng"))
    if not found:
        print(f"FAILED  no captures in {CAPTURES}")
        sys.exit(1)
    return found


def expected_of(capture):
    """The expected report that belongs to a committed capture."""
    return capture.with_name(capture.name + ".expected.json")


class Checks(live_checks.Checks):
    """One line a check, as in the live tests."""

    def none(self, faults, statement, shown=5):
        """Checks that a list of faults is empty."""
        rest = f" (and {len(faults) - shown} more)" if len(faults) > shown else ""
        return self.that(not faults, statement, "\n        ".join(map(str, faults[:shown])) + rest)

    def complains(self, done, code, statement):
        """Checks the exit code and that standard error holds one clear line of the program."""
        lines = done.stderr.splitlines()
        name = pathlib.Path(done.args[0]).name
        good = done.returncode == code and len(lines) == 1 and lines[0].startswith(f"{name}: ") and len(lines[0]) > 25
        shown = f"exit {done.returncode}, standard error {done.stderr[:_TEXT_SHOWN]!r}"
        return self.that(good, f"{statement}: exit {code}, one clear line", shown)


def section(text):
    print(f"--- {text}", flush=True)


def run(test):
    """Runs test(checks, folder for scratch files) and ends the process with its outcome."""
    checks = Checks()
    folder = pathlib.Path(tempfile.mkdtemp(prefix="st-replay-"))
    try:
        test(checks, folder)
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
        checks.that(False, "the test runs to its end")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"{checks.passed} good, {checks.failed} failed", flush=True)
    sys.exit(1 if checks.failed or not checks.passed else 0)
