#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a user sees: the text report, a capture piped into st-replay, and which words go to which stream."""

import re
import subprocess

import apps
import checks
import reports
import tools
import topologies

SECONDS = 1.5
OPTIONS = ["--count", "1", "--wait", "300ms", "-m", "9"]


def trace(network, family, *arguments):
    """Returns (the ended st-inject, the flow)."""
    server = network.server_address[family]
    live = tools.inject(network.client, "-i", network.client_interface, "-H", server, *OPTIONS, *arguments, report=None)
    talk = apps.Talk(network.client, server, seconds=SECONDS)
    flow = talk.flow()
    live.wait(10)
    talk.finish()
    return live, flow


def text_faults(text, flow, truth):
    """Where the text departs from the traceroute format people know and from the truth."""
    lines = text.splitlines()
    ends = f"tcp {apps.host_text(flow.source)}:{flow.source_port} > " \
           f"{apps.host_text(flow.destination)}:{flow.destination_port}"
    faults = [] if lines[0].startswith(ends) else [f"the first line is {lines[0]!r}"]
    if "9 hops max, 3 probes per hop" not in lines[0]:
        faults.append(f"the first line tells no bounds: {lines[0]!r}")
    for ttl, address in enumerate(truth, start=1):
        words = re.fullmatch(r"\s*(\d+)  \S+ \((\S+)\)((  \d+\.\d{3} ms){3})", lines[ttl])
        if not words or (int(words[1]), words[2]) != (ttl, address):
            faults.append(f"line {ttl} is {lines[ttl]!r}, the truth is {address}")
    if not re.fullmatch(rf"\s*{len(truth) + 1}-9  \* \* \*", lines[len(truth) + 1]):
        faults.append(f"silent hops are not folded: {lines[len(truth) + 1]!r}")
    return faults


def check_text(check, network, family):
    for options in ([], ["-o", "text"]):
        live, flow = trace(network, family, *options)
        faults = text_faults(live.stdout(), flow, network.truth().addresses(flow))
        asked = 'with -o text' if options else 'by default'
        check.that(not faults, f"IPv{family}: the text report, {asked}, is right", "; ".join(faults))


def check_streams(check, network):
    live, flow = trace(network, 4, "-o", "json", "-v")
    check.equal([reports.flow_of(one) for one in reports.parse(live.stdout())], [flow],
                "-v leaves standard output to the reports")
    check.that(len(live.stderr().splitlines()) > 1, "-v tells more on standard error")
    live, _ = trace(network, 4, "-o", "json", "--quiet")
    check.equal(live.stderr(), "", "--quiet says nothing on standard error")


def check_pipe(check, network, family):
    """st-inject -w - | st-replay -, and a reader that goes away."""
    server = network.server_address[family]
    command = [tools.program("st-inject"), "-i", network.client_interface, "-H", server, *OPTIONS, "-w", "-"]
    live = network.client.start(command, stdout=subprocess.PIPE)
    offline = subprocess.Popen([tools.program("st-replay"), "-o", "json", "-"], stdin=live.process.stdout,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    live.process.stdout.close()
    tools.wait_capturing(live)
    talk = apps.Talk(network.client, server, seconds=SECONDS)
    flow = talk.flow()
    text, _ = offline.communicate(timeout=15)
    check.equal((live.wait(5), offline.returncode), (0, 0), f"IPv{family}: st-inject -w - | st-replay - ends with 0")
    truth = network.truth().addresses(flow)
    found = [(reports.flow_of(one), reports.path_of(one, len(truth))) for one in reports.parse(text)]
    check.equal(found, [(flow, truth)], f"IPv{family}: and tells the flow's hops")
    check.that(talk.finish(), f"IPv{family}: the application's data are intact")


def check_reader_gone(check, network):
    reader = subprocess.Popen(["true"], stdin=subprocess.PIPE)
    reader.wait()
    server = network.server_address[4]
    live = network.client.start([tools.program("st-inject"), "-i", network.client_interface, "-H", server, *OPTIONS,
                                 "-w", "-"], stdout=reader.stdin)
    tools.wait_capturing(live)
    talk = apps.Talk(network.client, server, seconds=SECONDS)
    code = live.wait(10)
    check.that(code == 1 and len(live.stderr().splitlines()) <= 2,
               "a reader that has gone away: exit 1 and a clear line", f"exit {code}: {live.stderr()}")
    check.that(talk.finish(), "the application's data are intact")


def main(check):
    network = topologies.chain()
    apps.EchoServer(network.server)
    for family in (4, 6):
        check_text(check, network, family)
        check_pipe(check, network, family)
    check_streams(check, network)
    check_reader_gone(check, network)


if __name__ == "__main__":
    checks.run(main)
