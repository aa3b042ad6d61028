# SPDX-License-Identifier: GPL-2.0-or-later
"""Says what is checked and what came out, and turns the outcome into an exit code (0 good, 1 bad, 77 skipped).

Leaves the meaning of the checks to the tests.
"""

import signal
import sys
import traceback

import isolation

_TIME_LIMIT_S = 110  # a test that hangs ends itself before ctest has to


class Checks:
    """One line a check."""

    def __init__(self):
        self.failed = 0
        self.passed = 0

    def that(self, condition, statement, detail=""):
        """Prints the statement with ok or FAILED; the detail only where it failed."""
        if condition:
            self.passed += 1
            print(f"ok      {statement}", flush=True)
        else:
            self.failed += 1
            print(f"FAILED  {statement}" + (f"\n        {detail}" if detail else ""), flush=True)
        return bool(condition)

    def equal(self, got, wanted, statement):
        return self.that(got == wanted, statement, f"wanted {wanted!r}, got {got!r}")


def section(text):
    print(f"--- {text}", flush=True)


def run(test, programs=()):
    """Runs test(checks) inside private namespaces and ends the process with its outcome."""
    isolation.enter(programs)
    signal.signal(signal.SIGALRM, _too_long)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    signal.alarm(_TIME_LIMIT_S)
    checks = Checks()
    try:
        test(checks)
    except Exception:  # pylint: disable=broad-except
        traceback.print_exc()
        checks.that(False, "the test runs to its end")
    print(f"{checks.passed} good, {checks.failed} failed", flush=True)
    sys.exit(1 if checks.failed or not checks.passed else 0)


def _too_long(*_):
    raise TimeoutError(f"the test takes longer than {_TIME_LIMIT_S} s")
