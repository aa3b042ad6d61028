#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of the source itself: which floor includes which, sizes, licence lines, format.

Usage: check_source.py includes|sizes|licence|format [SOURCE_FOLDER]
Knows nothing of what the code does; the compiler and clang-tidy look at that.
"""
import pathlib
import re
import shutil
import statistics
import subprocess
import sys

# A floor includes only floors before it in this list (docs/architecture.md).
FLOORS = ["base", "packet", "service", "flow", "trace", "path", "tracer", "report"]
# The public header of each concept belongs to a floor too.
PUBLIC_FLOOR = {"base": "base", "packet": "packet", "service": "service", "flow": "flow", "trace": "trace",
                "config": "trace", "tracer": "tracer", "report": "report"}
FORMAT_VERSION = 14  # Debian 12's; each version formats a little differently
FUNCTION_MAX, FUNCTION_P90, FUNCTION_MEDIAN, FILE_MAX = 100, 50, 16, 600


def c_files(root, *folders):
    """All C sources and headers below the folders."""
    for folder in folders:
        yield from sorted(p for p in (root / folder).rglob("*.[ch]"))


def floor_of_include(name):
    """The core floor that an include names, or None for a library's header."""
    match = re.fullmatch(r"servicetrace/(\w+)\.h", name)
    if match:
        return PUBLIC_FLOOR.get(match.group(1))
    head = name.split("/")[0]
    return head if head in FLOORS and "/" in name else None


def allowed(floor, other):
    """May a file of `floor` include a header of `other`?"""
    if floor == "report" and other in FLOORS[:FLOORS.index("report")]:
        return True
    return FLOORS.index(other) <= FLOORS.index(floor)


def check_core_includes(root):
    for floor in FLOORS:
        for path in c_files(root, f"core/{floor}"):
            for name in re.findall(r'#include [<"]([^>"]+)[>"]', path.read_text()):
                other = floor_of_include(name)
                if other and not allowed(floor, other):
                    yield f"{path.relative_to(root)}: floor {floor} includes {name}"
                if floor == "report" and re.match(r"(flow|trace|path|tracer|packet)/", name):
                    yield f"{path.relative_to(root)}: reports are made of public values, not {name}"
                if re.match(r"pcap|epan|sys/(?!types)|unistd|net/|netinet/|linux/", name):
                    yield f"{path.relative_to(root)}: the core makes no system call, but has {name}"


def check_core_calls(root):
    calls = r"\b(clock_gettime|gettimeofday|time|printf|puts|fprintf|fopen|open|socket|getenv)\("
    for path in c_files(root, "core"):
        code = re.sub(r"/\*.*?\*/", "", path.read_text(), flags=re.S)
        for call in re.findall(calls, code):
            yield f"{path.relative_to(root)}: the core reads no clock and no file, but calls {call}()"


def check_tool_includes(root):
    for path in c_files(root, "pcap-tools", "wireshark-plugin", "examples"):
        for name in re.findall(r'#include "([^"]+)"', path.read_text()):
            if name.split("/")[0] in FLOORS:
                yield f"{path.relative_to(root)}: a driver sees the public headers only, not {name}"


def check_includes(root):
    yield from check_core_includes(root)
    yield from check_core_calls(root)
    yield from check_tool_includes(root)


def function_lengths(path):
    """Lines of each function: from the line of its opening brace's signature to its end."""
    start, signature = None, None
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if line == "{" and signature:
            start = signature
        elif line == "}" and start:
            yield number - start + 1, start
            start = signature = None
        elif re.match(r"[A-Za-z_]", line) and start is None and not line.endswith((";", ":")):
            signature = number if "(" in line or signature is None else signature
        elif not line:
            signature = None if start is None else signature


def check_sizes(root):
    lengths = []
    for path in c_files(root, "core", "pcap-tools", "wireshark-plugin", "examples", "tests", "bench"):
        lines = len(path.read_text().splitlines())
        if lines > FILE_MAX:
            yield f"{path.relative_to(root)}: {lines} lines, at most {FILE_MAX} are wanted"
        product = not path.relative_to(root).parts[0] in ("tests", "bench")
        for length, line in function_lengths(path):
            if length > FUNCTION_MAX:
                yield f"{path.relative_to(root)}:{line}: a function of {length} lines"
            if product:
                lengths.append(length)
    lengths.sort()
    median, p90 = statistics.median(lengths), lengths[int(len(lengths) * 0.9)]
    print(f"{len(lengths)} functions: median {median}, 90th percentile {p90}, "
          f"longest {lengths[-1]} lines")
    if median > FUNCTION_MEDIAN or p90 > FUNCTION_P90:
        yield f"functions grew: median {median} (<= {FUNCTION_MEDIAN}), p90 {p90} (<= {FUNCTION_P90})"


def check_licence(root):
    names = subprocess.run(["git", "-C", root, "ls-files"], capture_output=True, text=True,
                           check=False).stdout.split()
    suffixes = {".c", ".h", ".py", ".sh", ".cmake", ".txt", ".scd", ".in", ".scenario"}
    for name in names:
        path = root / name
        if path.suffix not in suffixes or not path.is_file():
            continue
        if "SPDX-License-Identifier: GPL-2.0-or-later" not in path.read_text()[:400]:
            yield f"{name}: no SPDX line"


def check_format(root):
    if not shutil.which("clang-format"):
        print("skipped: clang-format is not installed")
        sys.exit(77)
    version = subprocess.run(["clang-format", "--version"], capture_output=True, text=True, check=True).stdout
    if f"version {FORMAT_VERSION}." not in version:
        print(f"skipped: clang-format {FORMAT_VERSION} decides how the code looks, here is another version")
        sys.exit(77)
    files = list(c_files(root, "core", "pcap-tools", "wireshark-plugin", "examples", "tests", "bench"))
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *files], cwd=root,
                          capture_output=True, text=True, check=False)
    yield from [line for line in done.stderr.splitlines() if "error:" in line]


def main():
    root = pathlib.Path(sys.argv[2] if len(sys.argv) > 2 else ".").resolve()
    check = {"includes": check_includes, "sizes": check_sizes, "licence": check_licence,
             "format": check_format}[sys.argv[1]]
    complaints = list(check(root))
    print("\n".join(complaints) if complaints else f"{sys.argv[1]}: nothing to complain of")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
