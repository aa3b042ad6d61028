#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Compares st-inject with other programs, all in one run, in a private network of seven kernel routers.

Prints Markdown tables: medians and ratios, never a verdict. What the figures mean is told in README.md. The programs
are taken from $ST_BIN or build/bin. The lab itself belongs to tests/live.
"""

import collections
import os
import re
import select
import signal
import socket
import sys
import tempfile
import time

import figures
from figures import number, percentile, print_table, ratio

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "tests", "live"))
# pylint: disable=wrong-import-position
import apps
import isolation
import tools
import topologies
import wire
from lab import LabError, wait_until

TIME_LIMIT_S = 175
ROUTERS = 7

# 1: time to the first probe
FLOWS = 102  # of each program with each application
QUIET_S = 0.02  # how long a quiet flow stays open after its response: a trace's first probes
DOWNLOAD_BYTES = 2_000_000
QUIET_PORT, DOWNLOAD_PORT = 7100, 8100  # and those that follow, one for each program
REAL_TIME = ["chrt", "--fifo", "1"]  # what else the machine does waits: the programs' own time remains
ORIGINAL_MS = (33, 67)  # medians of the original Service Traceroute, measured earlier in another lab

# 2: a whole trace
ROUNDS = 15
SILENT_ROUNDS = 3
WAIT_S = 2
TRACE_PORT = 7200
UNPACED = ["--inter-probe-time", "0", "--inter-iteration-time", "0", "--rate", "1000000"]
SILENT_ENOUGH_S = 12
SILENT_SERVER = "table ip silent { chain input { type filter hook input priority 0; udp dport > 33000 drop; }; }"

# 3 and 4: memory and processor time
IDLE_S = 2
MANY_FLOWS, MANY_PORT = 500, 7300
CPU_FLOWS, CPU_PORT = 200, 7400
ORIGINAL_IDLE_MIB, ORIGINAL_CPU_MS = 320, (10, 23)

Program = collections.namedtuple("Program", "name port process")


def say(text):
    """Progress goes to standard error, so that standard output is the tables alone."""
    print(text, file=sys.stderr, flush=True)


def connect(network, port):
    with network.client.inside():
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    connection.settimeout(10)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.connect((network.server_address[4], port))
    return connection


def exchange(connection):
    """One request and its response."""
    connection.sendall(b"q" * 100)
    connection.recv(4096)


def start_inject(network, port, *arguments, before=(), **options):
    command = [*before, tools.program("st-inject"), "-n", "-i", network.client_interface, "-H",
               network.server_address[4], "-p", port, *arguments]
    return network.client.start(command, **options)


def start_responder(network, port, before=()):
    return network.client.start([*before, tools.program("bench-responder"), network.client_interface, port])


# --- 1: from the segment that makes a flow traceable to the first probe ---------------------------------------------

def quiet_flow(network, port):
    """One request, one response, and then silence: nothing but that response can start a trace."""
    with connect(network, port) as connection:
        exchange(connection)
        time.sleep(QUIET_S)


def download_flow(network, port):
    with connect(network, port) as connection:
        connection.sendall(b"GET /payload HTTP/1.0\r\n\r\n")
        buffer = bytearray(262144)
        while connection.recv_into(buffer):
            pass


def time_first_probes(network, folder, one_flow, first_port, before=()):
    """Three programs listen all the time, each to a port of its own; the flows go to the ports in turn."""
    capture = os.path.join(folder, f"first-{first_port}.pcapng")
    programs = [
        Program("minimal responder", first_port, start_responder(network, first_port, before)),
        Program("st-inject", first_port + 1, start_inject(network, first_port + 1, before=before)),
        Program("st-inject -w", first_port + 2, start_inject(network, first_port + 2, "-w", capture, before=before)),
    ]
    for program in programs:
        tools.wait_capturing(program.process)
    recording = wire.Recording(network)
    for flow in range(FLOWS):
        for turn in range(len(programs)):
            one_flow(network, programs[(flow + turn) % len(programs)].port)
    delays = wire.first_probe_delays(recording.packets())
    for program in programs:
        program.process.stop()
    return {program.name: delays[program.port] for program in programs}


def first_probe_rows(application, delays):
    base = [delay / 1e3 for delay in delays["minimal responder"] if delay is not None]
    floor, floor_best = figures.median(base), percentile(base, 10)
    for name, all_delays in delays.items():
        known = [delay / 1e3 for delay in all_delays if delay is not None]
        if not known:
            raise LabError(f"{name} sent no probe at all")
        middle = figures.median(known)
        best = percentile(known, 10)
        faster = f"{number(ORIGINAL_MS[0] * 1e3 / middle)} to {number(ORIGINAL_MS[1] * 1e3 / middle)}x"
        yield [f"{name}, {application}", f"{len(known)} of {len(all_delays)}", number(best), number(middle),
               number(percentile(known, 90)), ratio(best, floor_best), ratio(middle, floor), faster]


def measure_first_probe(network, folder):
    say("time to the first probe")
    rows = []
    echoes = [apps.EchoServer(network.server, QUIET_PORT + n) for n in range(3)]
    rows += first_probe_rows("quiet", time_first_probes(network, folder, quiet_flow, QUIET_PORT))
    rows += first_probe_rows("quiet, real-time", time_first_probes(network, folder, quiet_flow, QUIET_PORT, REAL_TIME))
    web = apps.WebServer(network.server, [DOWNLOAD_PORT + n for n in range(3)], DOWNLOAD_BYTES)
    rows += first_probe_rows("download", time_first_probes(network, folder, download_flow, DOWNLOAD_PORT))
    for server in [*echoes, web]:
        server.process.stop(signal.SIGKILL)
    print_table("1. From the segment that makes a flow traceable to its first probe (on the wire)",
                ["program, application", "flows", "10 %, us", "median, us", "90 %, us", "10 % to the responder's",
                 "median to the responder's", "the original's 33 to 67 ms to the median"], rows)


# --- 2: a whole trace ------------------------------------------------------------------------------------------------

class Reports:
    """st-inject whose standard output is read at once."""

    def __init__(self, network, port, *arguments):
        read_end, write_end = os.pipe()
        self.process = start_inject(network, port, "-o", "json", *arguments, stdout=write_end)
        os.close(write_end)
        self._pipe = read_end
        tools.wait_capturing(self.process)

    def wait(self, timeout):
        """When the next report came in, ns since the Epoch as captures count."""
        if not select.select([self._pipe], [], [], timeout)[0]:
            raise LabError(f"no report: {self.process.stderr()}")
        arrived = time.time_ns()
        if not os.read(self._pipe, 1 << 20).endswith(b"\n"):
            raise LabError("a report came in pieces")
        return arrived


Traced = collections.namedtuple("Traced", "name began ended processor_ns")


def trace_with_inject(network, name, port, reports, timeout=10):
    with connect(network, port) as connection:
        before = figures.processor_ns(reports.process.pid)
        began = time.time_ns()
        exchange(connection)
        ended = reports.wait(timeout)
        used = figures.processor_ns(reports.process.pid) - before
    return Traced(name, began, ended, used)


def trace_with_peer(network, name, command):
    """The peer's own start is part of its processor time, but not of the times on the wire."""
    before = figures.children_processor_ns()
    began = time.time_ns()
    network.client.run(command, timeout=30)
    ended = time.time_ns()
    return Traced(name, began, ended, figures.children_processor_ns() - before)


def traceroute(network, last_ttl):
    return ["traceroute", "-n", "-N", 32, "-q", 3, "-w", WAIT_S, "-m", last_ttl, network.server_address[4]]


def scamper(network, last_ttl):
    command = f"trace -P udp-paris -q 3 -Q -w {WAIT_S} -m {last_ttl}"
    return ["scamper", "-O", "json", "-p", 1000, "-c", command, "-i", network.server_address[4]]


def trace_all_in_turn(network):
    """What every program did and when, and the packets meanwhile."""
    variants = {"st-inject": [], "st-inject, no pacing": UNPACED}
    running = {name: (TRACE_PORT + n, Reports(network, TRACE_PORT + n, "-m", ROUTERS, *arguments))
               for n, (name, arguments) in enumerate(variants.items())}
    silent_port = TRACE_PORT + len(variants)
    silent = Reports(network, silent_port)
    recording = wire.Recording(network)
    traced = []
    for turn in range(ROUNDS):
        say(f"whole traces, round {turn + 1} of {ROUNDS}")
        traced += [trace_with_inject(network, name, *at) for name, at in running.items()]
        traced.append(trace_with_peer(network, "traceroute", traceroute(network, ROUTERS)))
        traced.append(trace_with_peer(network, "scamper", scamper(network, ROUTERS)))
        if turn < SILENT_ROUNDS:
            traced.append(trace_with_inject(network, "st-inject, silent", silent_port, silent, SILENT_ENOUGH_S))
            traced.append(trace_with_peer(network, "traceroute, silent", traceroute(network, 32)))
    packets = list(recording.packets())
    for reports in [silent, *(reports for _, reports in running.values())]:
        reports.process.stop()
    return traced, packets


class Timing:
    """One trace as milliseconds on the wire and after it."""

    def __init__(self, traced, packets):
        probes, replies = wire.probes_and_replies(
            packet for packet in packets if traced.began <= packet.stamp_ns <= traced.ended)
        if not probes or not replies:
            raise LabError(f"{traced.name}: {len(probes)} probes, {len(replies)} replies")
        self.probes, self.replies = len(probes), len(replies)
        self.answered = (replies[-1] - probes[0]) / 1e6  # first probe to last reply
        self.complete = (traced.ended - probes[0]) / 1e6  # first probe to the whole report
        self.processor = traced.processor_ns / 1e6
        self.after_reply = (traced.ended - replies[-1]) / 1e6
        self.after_wait = (traced.ended - probes[-1]) / 1e6 - WAIT_S * 1e3


def trace_rows(timings, names, base, last_event):
    def middle(name, what):
        return figures.median([getattr(timing, what) for timing in timings[name]])
    for name in names:
        yield [name, f"{middle(name, 'probes'):.0f} / {middle(name, 'replies'):.0f}",
               number(middle(name, "answered")), number(middle(name, last_event)), number(middle(name, "complete")),
               ratio(middle(name, "complete"), middle(base, "complete")), number(middle(name, "processor"))]


def measure_whole_trace(network):
    echoes = [apps.EchoServer(network.server, TRACE_PORT + n) for n in range(3)]
    # The destination answers no classic probe, as it answers none of ours: beyond the routers all is silent.
    network.server.nft(SILENT_SERVER)
    traced, packets = trace_all_in_turn(network)
    timings = collections.defaultdict(list)
    for one in traced:
        timings[one.name].append(Timing(one, packets))
    network.server.nft("delete table ip silent")
    for server in echoes:
        server.process.stop(signal.SIGKILL)
    head = ["program", "probes / replies", "first probe to last reply, ms"]
    tail = ["first probe to report, ms", "that to traceroute's", "processor time, ms"]
    print_table(f"2a. A trace of {ROUTERS} distances that all answer, 3 probes each (-m {ROUTERS})",
                [*head, "last reply to report, ms", *tail],
                trace_rows(timings, ["st-inject", "st-inject, no pacing", "traceroute", "scamper"], "traceroute",
                           "after_reply"))
    print_table(f"2b. A trace of 32 distances, {32 - ROUTERS} of them silent, wait {WAIT_S} s",
                [*head, "end of the last probe's wait to report, ms", *tail],
                trace_rows(timings, ["st-inject, silent", "traceroute, silent"], "traceroute, silent", "after_wait"))


# --- 3: memory -------------------------------------------------------------------------------------------------------

def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as stream:
        return [int(word) for word in stream.read().split()]


def memory_row(name, pid, base):
    resident, proportional = (sum(sizes) for sizes in
                              zip(*(figures.memory_kib(one) for one in [pid, *children(pid)])))
    return [name, number(resident / 1024), number(proportional / 1024), ratio(resident, base or resident)]


def start_idle_peers(network):
    """They capture what st-inject does, and throw it away."""
    interface, devnull = network.client_interface, ["-w", "/dev/null"]
    host = ["host", network.server_address[4]]
    peers = {
        "tcpdump -w": ["tcpdump", "-Z", "root", "-n", "-s", 512, "--immediate-mode", "-i", interface, *devnull, *host],
        "dumpcap": ["dumpcap", "-q", "-s", 512, "-i", interface, *devnull, "-f", " ".join(host)],
        "tshark and its dumpcap": ["tshark", "-n", "-s", 512, "-i", interface, "-f", " ".join(host)],
    }
    home = {**os.environ, "HOME": isolation.FOLDER}
    started = {name: network.client.start(command, env=home) for name, command in peers.items()}
    for name, process in started.items():
        wait_until(lambda one=process: re.search("listening on|Capturing on|File:", one.stderr()), 20,
                   f"{name} captures")
    return started


def trace_many(network):
    """MANY_FLOWS flows at once; the rate is raised, so that it does not take a minute."""
    server = apps.EchoServer(network.server, MANY_PORT)
    inject = start_inject(network, MANY_PORT, "--rate", 20000)
    tools.wait_capturing(inject)
    connections = [connect(network, MANY_PORT) for _ in range(MANY_FLOWS)]
    for connection in connections:
        exchange(connection)
    wait_until(lambda: inject.stdout().count("> ") >= MANY_FLOWS, 25, "all flows are reported")
    sizes = (*figures.memory_kib(inject.pid), figures.peak_kib(inject.pid))
    for connection in connections:
        connection.close()
    inject.stop()
    server.process.stop(signal.SIGKILL)
    return sizes


def measure_memory(network):
    say("memory")
    inject = start_inject(network, MANY_PORT)
    tools.wait_capturing(inject)
    idle = {"st-inject": inject, **start_idle_peers(network)}
    time.sleep(IDLE_S)
    base = figures.memory_kib(inject.pid)[0]
    rows = [memory_row(name, process.pid, base) for name, process in idle.items()]
    for process in idle.values():
        process.stop(signal.SIGTERM)
    resident, proportional, peak = trace_many(network)
    rows.append([f"st-inject, {MANY_FLOWS} flows traced at once", number(resident / 1024),
                 number(proportional / 1024), ratio(resident, base)])
    rows.append([f"st-inject, {MANY_FLOWS} flows, at its largest", number(peak / 1024), "-", ratio(peak, base)])
    rows.append(["the original, idle (measured earlier)", ORIGINAL_IDLE_MIB, "-",
                 ratio(ORIGINAL_IDLE_MIB * 1024, base)])
    print_table(f"3. Memory, after {IDLE_S} s idle unless told",
                ["program", "RSS, MiB", "PSS, MiB", "RSS to st-inject's"], rows)


# --- 4: processor time -----------------------------------------------------------------------------------------------

def start_counting(network, folder):
    """Programs that see the same 2 x CPU_FLOWS flows, half of them traced by each st-inject."""
    first, second = CPU_PORT, CPU_PORT + 1
    sniffer = ["tcpdump", "-Z", "root", "-n", "-U", "--immediate-mode", "-s", 512, "-i", network.client_interface,
               "-w", os.path.join(folder, "cpu.pcap"), f"icmp or tcp port {first} or tcp port {second}"]
    programs = {
        "st-inject": start_inject(network, first),
        "st-inject -w": start_inject(network, second, "-w", os.path.join(folder, "cpu.pcapng")),
        "tcpdump -U -w, the same packets": network.client.start(sniffer),
    }
    for process in programs.values():
        tools.wait_capturing(process)
    return programs


def measure_processor(network, folder):
    say("processor time")
    servers = [apps.EchoServer(network.server, CPU_PORT + n) for n in range(2)]
    programs = start_counting(network, folder)
    before = {name: figures.processor_ns(process.pid) for name, process in programs.items()}
    connections = []
    for _ in range(CPU_FLOWS):
        for port in (CPU_PORT, CPU_PORT + 1):
            connections.append(connect(network, port))
            exchange(connections[-1])
    for name in ("st-inject", "st-inject -w"):
        wait_until(lambda one=programs[name]: one.stdout().count("> ") >= CPU_FLOWS, 45, f"{name} has reported")
    used = {name: figures.processor_ns(process.pid) - before[name] for name, process in programs.items()}
    for connection in connections:
        connection.close()
    for process in [*programs.values(), *(server.process for server in servers)]:
        process.stop(signal.SIGTERM)
    per_flow = {name: used[name] / 1e6 / (CPU_FLOWS * (2 if "tcpdump" in name else 1)) for name in used}
    base = per_flow["st-inject"]
    rows = [[name, number(value), ratio(value, base)] for name, value in per_flow.items()]
    rows.append(["the original (measured earlier)", f"{ORIGINAL_CPU_MS[0]} to {ORIGINAL_CPU_MS[1]}",
                 f"{number(ORIGINAL_CPU_MS[0] / base)} to {number(ORIGINAL_CPU_MS[1] / base)}x"])
    print_table(f"4. Processor time (user and system) per traced flow, {CPU_FLOWS} flows, 32 distances, default pace",
                ["program", "ms a flow", "to st-inject's"], rows)


def run(folder):
    network = topologies.chain(routers=ROUTERS, watched=0)
    # The tests' counters of packets would slow the routers down.
    for node in network.lab.nodes.values():
        node.run(["nft", "flush", "ruleset"])
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} at the beginning; "
          f"{ROUTERS} kernel routers in namespaces, IPv4")
    measure_first_probe(network, folder)
    measure_whole_trace(network)
    measure_memory(network)
    measure_processor(network, folder)


def main():
    if os.geteuid() != 0:
        isolation.skip("tcpdump needs root")
    isolation.enter(["nginx", "traceroute", "scamper"])
    signal.signal(signal.SIGALRM, signal.default_int_handler)
    signal.alarm(TIME_LIMIT_S)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="st-bench-") as folder:
        run(folder)
    say(f"{time.monotonic() - begin:.0f} s in all")


if __name__ == "__main__":
    main()
