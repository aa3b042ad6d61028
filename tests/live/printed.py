# SPDX-License-Identifier: GPL-2.0-or-later
"""Reads what traceroute programs print: each parser turns a program's own output into hops.

{ttl: [Answer or None, ...]}, one entry a probe in the order in which the program prints them, None for a probe without
an answer. Written from the programs' manuals and from what they print; knows nothing of our reports.
"""

import collections
import json
import re

Answer = collections.namedtuple("Answer", "address rtt_ms mark labels", defaults=[None, "", ()])

# Labels as `traceroute -e` tells them: label, traffic class, bottom of stack, TTL
_TRACEROUTE_STACK = re.compile(r"L=(\d+),E=(\d+),S=(\d+),T=(\d+)")
_ADDRESS = re.compile(r"(?:\d+\.\d+\.\d+\.\d+|[0-9a-f]*:[0-9a-f:.]*)$")
_TRACEPATH_TRIES = 3
_NUMBER = re.compile(r"[\d.]+$")


def _stack(text):
    return tuple(tuple(int(field) for field in entry) for entry in _TRACEROUTE_STACK.findall(text))


def traceroute(text):
    """traceroute, tcptraceroute, and the text reports of st-replay, which promise the same format (run with -n)."""
    hops = {}
    for match in re.finditer(r"^ *(\d+)(?:-(\d+))?  ?(\S.*)$", text, re.MULTILINE):
        for ttl in range(int(match[1]), int(match[2] or match[1]) + 1):
            hops[ttl] = _traceroute_line(match[3])
    return hops


def _traceroute_line(line):
    address, labels, answers = None, (), []
    for word in re.sub(r"\[MPLS: ([^]]*)\]|<MPLS:([^>]*)>", r"<\1\2>", line).replace(" ms", "").split():
        if word == "*":
            answers.append(None)
        elif word.startswith("!"):
            # traceroute has no letter for IPv6's way to say "protocol unreachable" (RFC 4443, 3.4); the reports have.
            answers[-1] = answers[-1]._replace(mark=word.replace("!<4-1>", "!P"))
        elif word.startswith("<L="):
            labels = _stack(word)
            # traceroute prints the stack before the first time, the reports behind the last of the address.
            answers = [one and one._replace(labels=labels) if one and one.address == address else one
                       for one in answers]
        elif _ADDRESS.match(word):
            address, labels = word, labels if word == address else ()
        elif _NUMBER.match(word):
            answers.append(Answer(address, float(word), labels=labels))
    return answers


def tracepath(text):
    """One probe a hop; where it tried a TTL again, each try has a line of its own, but three in vain are one line."""
    hops = collections.defaultdict(list)
    for match in re.finditer(r"^ *(\d+):  (?:(no reply)|(\S+) +([\d.]+)ms *(\S*))", text, re.MULTILINE):
        mark = match[5] if match[2] is None and match[5].startswith("!") else ""
        hops[int(match[1])] += [None] * _TRACEPATH_TRIES if match[2] else [Answer(match[3], float(match[4]), mark)]
    return dict(hops)


def tracert(text):
    """Windows' own lines: three times, then one address for all of them."""
    hops = {}
    for match in re.finditer(r"^ *(\d+) +((?:(?:[\d.]+ ms|\*) +)+)(\S+)", text, re.MULTILINE):
        times = re.findall(r"([\d.]+) ms|\*", match[2])
        hops[int(match[1])] = [Answer(match[3], float(time)) if time else None for time in times]
    return hops


def lft(text):
    """The answers of one run, however often it asked."""
    hops = {}
    for match in re.finditer(r"^ *(\d+)  (?:\[[^]]*\] )?(\S+?)(?::\d+)? [\d./]+ms$", text, re.MULTILINE):
        hops[int(match[1])] = [Answer(match[2])]
    return hops


def nmap(text):
    hops = {}
    for match in re.finditer(r"^(\d+) +([\d.]+) ms +(\S+)$", text, re.MULTILINE):
        hops[int(match[1])] = [Answer(match[3], float(match[2]))]
    return hops


def hping3(text):
    """Its ladder only: at the destination's distance it goes on like ping."""
    return {int(match[1]): [Answer(match[2])]
            for match in re.finditer(r"^hop=(\d+) .* from ip=(\S+)", text, re.MULTILINE)}


def scamper(text):
    """(hops, probes sent) of its JSON; probes without an answer are only counted."""
    found = [one for one in map(json.loads, text.splitlines()) if one["type"] == "trace"]
    hops = collections.defaultdict(list)
    for hop in found[0].get("hops", []):
        hops[hop["probe_ttl"]].append(Answer(hop["addr"], hop["rtt"]))
    return dict(hops), found[0]["probe_count"]


def dublin(text):
    """{destination port: hops} of its trace.json; not its times, which are those of its next look at the clock."""
    flows = {}
    for port, probes in json.loads(text)["flows"].items():
        flows[int(port)] = {probe["sent"]["ip"]["ttl"]: [probe["received"] and Answer(probe["received"]["ip"]["src"])]
                            for probe in probes}
    return flows


# stacks: the label stacks its router quoted; times: RTTs in ms in the order of the probes, None where there is none
MtrHop = collections.namedtuple("MtrHop", "addresses sent answered stacks times", defaults=[(), ()])


def mtr(text):
    """{ttl: MtrHop} of `mtr --report`, all cycles together."""
    hops = {}
    for line in text.splitlines():
        first = re.match(r" *(\d+)\.\|-- (\S+) +([\d.]+)%? +(\d+) ", line)
        if first:
            ttl, sent = int(first[1]), int(first[4])
            answered = round(sent * (1 - float(first[3]) / 100))
            hops[ttl] = MtrHop(set() if first[2] == "???" else {first[2]}, sent, answered)
        elif hops and _ADDRESS.match(line.strip()):
            hops[ttl].addresses.add(line.strip())
    return hops


def mtr_raw(text):
    """The same of `mtr --raw`, a log of what it sends (x), who answers (h), with what labels (m) and when (p)."""
    sent, times, addresses, stacks = [], {}, collections.defaultdict(set), {}
    for kind, *words in filter(None, map(str.split, text.splitlines())):
        ttl = int(words[0]) + 1
        if kind == "x":
            sent.append((ttl, words[1]))
        elif kind == "h":
            addresses[ttl].add(words[1])
            stacks[ttl] = []  # told again each time
        elif kind == "m":
            stacks[ttl].append(tuple(map(int, words[1:])))
        elif kind == "p":
            times[words[2]] = int(words[1]) / 1e3
    hops = {}
    for ttl in sorted({ttl for ttl, _ in sent}):
        of_hop = [times.get(sequence) for number, sequence in sent if number == ttl]
        hops[ttl] = MtrHop(addresses[ttl], len(of_hop), sum(time is not None for time in of_hop),
                           {tuple(stacks[ttl])} if stacks.get(ttl) else set(), of_hop)
    return hops


def replay(text):
    """{destination: hops} of st-replay's text report, whose lines are to read like traceroute's own."""
    sections, lines = {}, []
    for line in text.splitlines():
        head = re.match(r"\S+ \S+ > (?:\[([^]]*)\]|([^ :\[]*))", line) or re.match(r"\S+ \S+ > (\S+:\S+)()", line)
        if head:
            lines = sections.setdefault(head[1] or head[2], [])
        elif line.startswith(" ") or line[:1].isdigit():
            lines.append(line)
    return {destination: traceroute("\n".join(found)) for destination, found in sections.items()}
