#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Bad usage, missing rights, broken interfaces, full disks, files that are no captures: one clear line and the right
exit code (1 failed while running, 2 bad usage), nothing lost and never a crash.
"""

import os
import struct
import subprocess
import time

import apps
import checks
import reports
import tools
import topologies

QUICK_S = 6
NO_RIGHTS = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"]

# Each row alone makes the command line wrong.
BAD_USAGE = [
    ["--no-such-option"], ["-s"], ["-H"], ["-q", "0"], ["-q", "11"], ["-q", "-1"], ["-q", "three"], ["-q", "3x"],
    ["-q", "99999999999999999999"], ["-f", "0"], ["-f", "256"], ["-f", "-2"], ["-m", "0"], ["-m", "256"],
    ["-m", ""], ["-f", "9", "-m", "4"], ["-a", "paris"], ["-a", ""], ["-p", "0"], ["-p", "65536"], ["-p", "http?"],
    ["--protocol", "icmp"], ["-H", "10.0.0.1/33"], ["-H", "fd00::/129"], ["-H", "10.0.0.1/"], ["-H", "300.1.1.1"],
    ["-H", ""], ["-F", "tcp"], ["-F", ""], ["-F", "tcp 10.0.0.1:80"], ["-F", "tcp 10.0.0.1:0 10.0.0.2:80"],
    ["-F", "tcp 10.0.0.1:80 10.0.0.2:65536"], ["-F", "tcp fd00::1:80 fd00::2:80"],
    ["-F", "tcp 10.0.0.1:80 [fd00::2]:80"], ["-F", "sctp 10.0.0.1:80 10.0.0.2:80"],
    ["--wait", "soon"], ["--wait", "-1s"], ["--wait", "2parsecs"], ["--wait", ""], ["--wait", "0s"],
    ["--wait", "99999999999999999999s"], ["--inter-probe-time", "x"], ["--inter-iteration-time", "-5ms"],
    ["--max-missing", "-1"], ["--max-missing", "many"], ["--border", "10.0.0"], ["--border", "10.0.0.1/40"],
    ["--max-flows", "0"], ["--max-flows", "-5"], ["--rate", "0"], ["--rate", "fast"], ["--count", "-1"],
    ["--count", "two"], ["--duration", "tomorrow"], ["--idle", "-3s"], ["--tcp-probe", "polite"], ["-o", "xml"],
    ["--udp-probe", "version"], ["--udp-probe", ""], ["--protocol", ""], ["--protocol", "sctp"],
    ["--flow-timeout", "0s"], ["--flow-timeout", "later"], ["--flow-timeout", "-1s"], ["--retrace", "often"],
    ["--retrace", "-1s"], ["-F", "udp 10.0.0.1 10.0.0.2"],
    ["-4", "-6"], ["tcp prot 80"], ["((("],
]


class Bench:
    """One lab for all cases."""

    def __init__(self, check):
        self.check = check
        self.network = topologies.chain(routers=2, watched=0)
        self.client = self.network.client
        self.server = self.network.server_address[4]
        apps.EchoServer(self.network.server)
        self.client.run(["ip", "link", "add", "spare", "type", "veth", "peer", "name", "spare-peer"])

    def inject(self, *arguments, prefix=(), interface=None):
        where = ["-i", interface or self.network.client_interface]
        return self.client.run([*prefix, tools.program("st-inject"), *where, *arguments], check=False, timeout=QUICK_S)

    def start(self, *arguments, interface=None, **options):
        """A run with a flow that goes on; ends by itself after some seconds if nothing stops it."""
        where = ["-i", interface or self.network.client_interface]
        live = self.client.start([tools.program("st-inject"), *where, "-H", self.server, "-o", "json",
                                  "--duration", "8s", *arguments], **options)
        tools.wait_capturing(live)
        return live

    def talk(self, **options):
        return apps.Talk(self.client, self.server, **options)

    def refused(self, done, code, statement, silent=True):
        """done: anything with a return code and texts."""
        lines = done.stderr.splitlines()
        self.check.equal(done.returncode, code, f"{statement}: exit code")
        self.check.that(len(lines) == 1 and len(lines[0]) > 10, f"{statement}: one clear line", repr(done.stderr[:400]))
        if silent:
            self.check.equal(done.stdout, "", f"{statement}: nothing on standard output")


def outcome(live, timeout=12):
    """A Background's end in the form that refused() takes."""
    code = live.wait(timeout)
    return subprocess.CompletedProcess([], code, live.stdout(), live.stderr())


def without_summary(done):
    """What ran at all ends with a summary line, which is not part of the complaint."""
    done.stderr = "\n".join(line for line in done.stderr.splitlines() if "probes sent" not in line)
    return done


def check_usage(bench):
    for row in BAD_USAGE:
        bench.refused(bench.inject("--all", "--duration", "100ms", *row), 2, " ".join(row) or "(empty)")
    bench.refused(bench.inject("--duration", "100ms"), 2, "no selection")
    bench.refused(bench.inject("-p", "80", "--duration", "100ms"), 2, "only a narrowing option")
    for option in ("--help", "--version", "-D"):
        done = bench.client.run([tools.program("st-inject"), option], check=False, timeout=QUICK_S)
        bench.check.that(done.returncode == 0 and done.stdout, f"{option} ends with 0 and says something", done.stderr)


def check_interfaces(bench):
    bench.refused(bench.inject("--all", "--duration", "1s", interface="nosuch0"), 1, "unknown interface")
    bench.refused(bench.inject("--all", "--duration", "1s", interface="spare"), 1, "interface down at start")
    bench.refused(bench.inject("--all", "--duration", "1s", prefix=NO_RIGHTS), 1, "no permission")


def check_interface_lost(bench):
    """Goes down, or away, in the middle of a trace; each in a lab of its own because its routes go with it."""
    for command in ("ip link set to-r1 down", "ip link del to-r1"):
        bench.network.lab.remove()
        bench = Bench(bench.check)
        live = bench.start("-a", "packet-by-packet", "-q", "10", "--inter-probe-time", "50ms")
        talk = bench.talk(seconds=4.0)
        flow = talk.flow()
        time.sleep(0.8)
        bench.client.run(command.split())
        done = without_summary(outcome(live, timeout=6))
        bench.refused(done, 1, command, silent=False)
        traces = reports.parse(done.stdout)
        bench.check.equal([reports.flow_of(one) for one in traces], [flow], f"{command}: the open trace is reported")
        first = bench.network.lab.nodes["r1"].address(bench.client, 4)
        bench.check.equal([reports.path_of(one, 1) for one in traces], [[first]], f"{command}: with what it had")


def check_outputs(bench):
    missing = os.path.join(tools.scratch("no"), "such", "folder", "x.pcapng")
    bench.refused(bench.inject("--all", "--duration", "1s", "-w", missing), 1, "-w into a folder that is not there")
    bench.refused(bench.inject("--all", "--duration", "1s", "-w", "/run"), 1, "-w onto a folder")
    small = tools.scratch("small")
    os.makedirs(small)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", small], check=True)
    live = bench.start("-w", os.path.join(small, "x.pcapng"))
    talk = bench.talk(seconds=3.0, interval=0.005, chunk=1000)
    done = without_summary(outcome(live))
    bench.refused(done, 1, "-w onto a full disk", silent=False)
    bench.check.that(talk.finish(), "-w onto a full disk: the application's data are intact")
    bench.check.equal(len(reports.parse(done.stdout)), 1, "-w onto a full disk: the trace is reported all the same")
    with open("/dev/full", "wb") as full:
        live = bench.start("--count", "1", "--wait", "200ms", stdout=full)
        talk = bench.talk(seconds=2.0)
        bench.refused(without_summary(outcome(live)), 1, "standard output onto a full disk")
        talk.finish()


def written(name, content):
    path = tools.scratch(name)
    with open(path, "wb") as stream:
        stream.write(content)
    return path


def check_replay_of_no_capture(bench):
    header = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 147)  # 147: a private link type
    record = struct.pack("<IIII", 1, 0, 4, 4) + b"abcd"
    cases = [
        ("a text file", written("text", b"this is no capture\n" * 40)), ("an empty file", written("empty", b"")),
        ("a missing file", tools.scratch("missing.pcap")), ("a folder", "/run"),
        ("an unsupported link type", written("private.pcap", header + record)),
        ("four bytes of a capture", written("four", header[:4])),
        ("half a file header", written("half", header[:12])),
    ]
    for statement, path in cases:
        bench.refused(tools.replay(path, timeout=QUICK_S), 1, f"st-replay of {statement}")
    good = written("no-packets.pcap", struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
    bench.check.equal(tools.replay(good).returncode, 0, "st-replay of a capture without packets: exit code 0")
    bench.refused(tools.replay("--no-such-option", good, timeout=QUICK_S), 2, "st-replay with an unknown option")
    bench.refused(tools.replay("-H", "10.0.0.1/33", good, timeout=QUICK_S), 2, "st-replay with a malformed prefix")
    bench.refused(tools.replay(timeout=QUICK_S), 2, "st-replay without a file")
    for name, content in (("missing", None), ("broken", b"{not json"), ("other", b"[1,2]\n")):
        report = tools.scratch("no-report") if content is None else written("report", content)
        done = tools.replay("--expect", report, good, report=None, timeout=QUICK_S)
        bench.refused(done, 1, f"--expect with a {name} report")


def check_replay_of_cut_captures(bench):
    """What comes before the cut is reported, with a warning and exit code 1."""
    capture = tools.Capture(bench.client, bench.network.client_interface)
    path = tools.scratch("whole.pcapng")
    live = bench.start("--count", "1", "--wait", "300ms", "-w", path)
    talk = bench.talk(seconds=2.0)
    flow = talk.flow()
    live.wait(10)
    talk.finish()
    wanted = bench.network.truth().addresses(flow)
    for statement, whole in (("pcapng", path), ("pcap", capture.stop())):
        with open(whole, "rb") as stream:
            content = stream.read()
        done = without_summary(tools.replay(written("cut", content[:-7]), timeout=QUICK_S))
        bench.refused(done, 1, f"st-replay of a {statement} cut in its last packet", silent=False)
        traces = reports.parse(done.stdout)
        bench.check.equal([reports.path_of(one, len(wanted)) for one in traces], [wanted],
                          f"st-replay of a cut {statement}: what came before is reported")
        codes = {tools.replay(written("cut", content[:size]), timeout=QUICK_S).returncode
                 for size in range(30, len(content), max(1, len(content) // 25))}
        bench.check.that(codes <= {0, 1}, f"a {statement} cut anywhere: never a crash", str(codes))
    with open("/dev/full", "wb") as full:
        done = subprocess.run([tools.program("st-replay"), "-o", "json", path], stdout=full, stderr=subprocess.PIPE,
                              text=True, timeout=QUICK_S, check=False)
    bench.check.equal(done.returncode, 1, "st-replay onto a full disk: exit code 1")


def main(check):
    bench = Bench(check)
    check_usage(bench)
    check_interfaces(bench)
    check_outputs(bench)
    check_replay_of_no_capture(bench)
    check_replay_of_cut_captures(bench)
    check_interface_lost(bench)


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "setpriv"])
