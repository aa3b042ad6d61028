# SPDX-License-Identifier: GPL-2.0-or-later
"""What st-replay reports of a capture, in the shapes of the plugin's statistics: rows of the table, counts of the tree.
And the answers of tshark and sharkd in the same shapes.

Leaves running the programs to shark.py and the replay tests' harness.
"""

import collections
import re
import statistics

# A row of the table; the times are in ms, None where there are none.
Row = collections.namedtuple("Row", "flow service trace hop router sent answered loss "
                                    "best average worst deviation last")

_DECIMALS = 3  # of the table's times; 2 of a share
_HEADER = re.compile(r"^\S+ \S+ > ", re.M)
_UNKNOWN_HOP = "?"


def parts(printed):
    """What tshark prints of -z st,hops, st,table and st,tree in one run, apart from one another."""
    found = {"hops": printed}
    for name, pattern in (("table", r"\n=+\nService Traceroute Hops:\n.*?\n=+\n"),
                          ("tree", r"\n=+\nService Traceroute Tree:\n.*?\n-+\n.*?\n-+\n")):
        match = re.search(pattern, found["hops"], re.S)
        found[name] = match.group() if match else ""
        found["hops"] = found["hops"].replace(found[name], "")
    return found


def texts(printed):
    """The traces in what st-replay -o text or -z st,hops prints: a text each, in the order of printing."""
    begins = [match.start() for match in _HEADER.finditer(printed)]
    return [printed[begin:end] for begin, end in zip(begins, [*begins[1:], len(printed)])]


def _whole(cell):
    cell = str(cell).strip()
    return None if cell == _UNKNOWN_HOP else int(cell)


def _decimal(cell):
    return float(cell) if cell.strip() else None


def row(cells):
    """A row of cells, as texts or as sharkd's values."""
    flow, service, trace, hop, router, sent, answered, *rest = cells
    return Row(_whole(flow), service.strip(), _whole(trace), _whole(hop), router.strip(), _whole(sent),
               _whole(answered), *map(_decimal, rest))


def printed_rows(printed):
    """The rows of what tshark prints of a table."""
    lines = [line.split("|")[:-1] for line in printed.splitlines() if line.count("|") == len(Row._fields)]
    return [row(cells) for cells in lines[1:]]  # behind the names of the columns


def answered_rows(answer):
    """The rows of sharkd's answer."""
    return [row(cells) for table in answer["tables"] for cells in table["i"] if cells[0] is not None]


def reported_rows(traces, last_ms):
    """The rows that a table has to have. last_ms: {(trace, hop, router): RTT of the latest reply}."""
    return [made for trace in traces for hop in trace["hops"] for made in _hop_rows(trace, hop, last_ms)]


def _hop_rows(trace, hop, last_ms):
    replies = collections.defaultdict(list)
    for reply in hop["replies"]:
        replies[reply["address"]].append(reply)
    service = ((trace["service"] or {}).get("name")) or ""
    lost = hop["sent"] - len({reply["probe"] for reply in hop["replies"]})
    loss = 100 * max(lost, 0) / hop["sent"] if hop["sent"] else None
    for router, given in (replies or {"*": []}).items():
        times = [reply["rtt_ms"] for reply in given if reply["rtt_ms"] is not None]
        numbers = (min(times), statistics.fmean(times), max(times), statistics.pstdev(times),
                   last_ms[trace["trace"], hop["ttl"], router]) if times else (None,) * 5
        yield Row(trace["flow"]["id"], service, trace["trace"], hop["ttl"], router, hop["sent"],
                  len({reply["probe"] for reply in given}), loss, *numbers)


def _alike(shown, wanted, decimals):
    if shown is None or wanted is None:
        return shown is wanted
    return abs(shown - wanted) <= 0.51 * 10**-decimals + abs(wanted) * 1e-6


def row_differences(shown, wanted):
    """What is wrong with the rows shown, as texts. Their order does not matter."""
    by_place = [{(made.trace, made.hop or 0, made.router): made for made in rows} for rows in (shown, wanted)]
    faults = [f"{len(shown)} rows, not {len(wanted)}"] if len(shown) != len(wanted) else []
    for place in sorted(set(by_place[0]) | set(by_place[1])):
        left, right = by_place[0].get(place), by_place[1].get(place)
        if not left or not right or left[:7] != right[:7] or not _alike(left.loss, right.loss, 2) or \
           not all(map(_alike, left[8:], right[8:], [_DECIMALS] * 5)):
            faults.append(f"{left} is shown, not {right}")
    return faults


def tree_counts(nodes):
    """The nodes of sharkd's tree, as {(flow, trace, hop, what): (count, lowest, highest)}."""
    return {path: values for node in nodes for path, values in _branch(node, ())}


def _branch(node, above):
    path = (*above, _node_name(node["name"], len(above)))
    yield path, (node["count"], node.get("min"), node.get("max"))
    for below in node.get("sub", []):
        yield from _branch(below, path)


def _node_name(name, depth):
    number = re.match(r"(?:Flow|Trace|Hop)\s+(\d+|\?)", name)
    return _whole(number.group(1)) if depth < 3 else name


def printed_counts(printed):
    """How many replies tshark counts in each trace of the tree."""
    return {int(trace): int(count) for trace, count in re.findall(r"^\s*Trace\s+(\d+)\s+(\d+)", printed, re.M)}


def printed_nodes(printed):
    """The lines of what tshark prints of a tree, without rates and bursts."""
    lines = printed.splitlines()
    head = next(line for line in lines if line.startswith("Topic / Item"))
    return [line[:head.index("Rate")].rstrip() for line in lines if line.strip() and not line.startswith(("=", "-"))]


def reported_counts(traces, sent):
    """The same of reports. sent: {(trace, hop): probes that are in the capture}."""
    found = collections.defaultdict(list)  # times of replies
    for trace in traces:
        for hop in trace["hops"]:
            place = (trace["flow"]["id"], trace["trace"], hop["ttl"])
            for end in (1, 2, 3):
                found[place[:end]] += []
            for reply in hop["replies"]:
                _count_reply(found, place, reply)
    counts = {path: _extremes(path, times) for path, times in found.items()}
    return {**counts, **{(*path, "Probes sent"): (sent[path[1:]], None, None) for path in found if sent.get(path[1:])}}


def _count_reply(found, place, reply):
    known = reply["rtt_ms"] is not None
    found[*place, reply["address"] if known else f"{reply['address']}, RTT not known"].append(reply["rtt_ms"])
    if known:
        found[place].append(reply["rtt_ms"])
    for end in (1, 2):
        found[place[:end]].append(None)


def _extremes(path, times):
    if len(path) < 3 or not times or None in times:
        return len(times), None, None
    return len(times), min(times), max(times)


def count_differences(shown, wanted):
    """What is wrong with the counts of a tree, as texts."""
    faults = []
    for path in sorted(set(shown) | set(wanted), key=str):
        left, right = shown.get(path), wanted.get(path)
        if not left or not right or left[0] != right[0] or \
           not all(_alike(*pair, decimals=5) for pair in zip(left[1:], right[1:])):
            faults.append(f"{path}: {left} is shown, not {right}")
    return faults
