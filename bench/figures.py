# SPDX-License-Identifier: GPL-2.0-or-later
"""What the kernel says of a process (memory, processor time), and figures as Markdown.

Leaves what is measured to live.py and what packets tell to wire.py.
"""

import math
import resource
import statistics
import time

_CPUCLOCK_SCHED = 2


def memory_kib(pid):
    """(resident set size, proportional set size) in KiB."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as stream:
        rows = dict(line.split()[:2] for line in stream.readlines()[1:])
    return int(rows["Rss:"]), int(rows["Pss:"])


def peak_kib(pid):
    """The largest resident set size so far, in KiB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as stream:
        return next(int(line.split()[1]) for line in stream if line.startswith("VmHWM:"))


def processor_ns(pid):
    """User and system time of all threads of another process; /proc/PID/stat counts in hundredths of a second."""
    return time.clock_gettime_ns((~pid << 3) | _CPUCLOCK_SCHED)


def children_processor_ns():
    """User and system time of all children that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return int((usage.ru_utime + usage.ru_stime) * 1e9)


def percentile(values, percent):
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def median(values):
    return statistics.median(values) if values else math.nan


def number(value):
    """Three digits that count."""
    if value is None or math.isnan(value):
        return "-"
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:.{digits}f}"


def ratio(value, other):
    return f"{number(value / other)}x" if other and not math.isnan(value) else "-"


def print_table(title, head, rows):
    print(f"\n**{title}**\n")
    print("| " + " | ".join(head) + " |")
    print("|---|" + "---:|" * (len(head) - 1))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)
