#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Records the captures of testdata/captures in the kernel lab of tests/live. Run by hand, as root.

usage: record.py [NAME...]        (no name: all of them, each in a lab of its own)

Each recording is made twice at the same time: NAME.pcapng by st-inject -w, NAME.pcap by tcpdump with nanoseconds and
frames cut behind the headers. Nothing is written unless the live report and the replay of both files equal the lab's
truth. Leaves comparing later builds with what is written here to test_expected.py.
"""

import collections
import os
import shutil
import signal
import subprocess
import sys
import time

_HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(_HERE), "live"))

import apps  # noqa: E402  pylint: disable=wrong-import-position
import checks  # noqa: E402  pylint: disable=wrong-import-position
import reports  # noqa: E402  pylint: disable=wrong-import-position
import tools  # noqa: E402  pylint: disable=wrong-import-position
import topologies  # noqa: E402  pylint: disable=wrong-import-position
from lab import LabError, wait_until  # noqa: E402  pylint: disable=wrong-import-position
from truth import reverse  # noqa: E402  pylint: disable=wrong-import-position

FOLDER = os.path.join(tools.SOURCE, "testdata", "captures")
ROUTERS = 7
PORT = 80
DOWNLOAD_BYTES = 30_000
SNAP_BYTES = 144  # link, IPv6 and ICMPv6 header with a whole quoted header: 134 bytes with timestamps
FILE_BYTES_MAX = 60_000
ROUNDING_MS = 1e-7
_MUTE = """
table inet mute {
	chain output {
		type filter hook output priority 0; policy accept;
		meta l4proto { 1, 58 } drop
	}
}
"""

_NO_ZERO_CHECKSUMS = """
table inet picky {
	chain forward {
		type filter hook forward priority 0; policy accept;
		meta nfproto ipv6 udp checksum 0 drop
	}
}
"""

# where: the end that traces. flows: how many at once. seconds: how long each lives. talk: with the echo application
# of this protocol, which speaks all the time; None: downloads. silent: routers that never answer. picky: a router that
# drops what has no UDP checksum. last: the last router that may be reached. late: seconds that the flow is older than
# the captures. complete: every router up to the last is reached. options: of st-inject.
Recording = collections.namedtuple(
    "Recording", "family where flows seconds talk silent picky last late complete stop options")


def recording(family, stop, options, where="client", flows=1, seconds=3.0, talk=None, silent=(), picky=None,
              last=ROUTERS, late=0.0, complete=True):
    return Recording(family, where, flows, seconds, talk, silent, picky, last, late, complete, stop, options.split())


RECORDINGS = {
    "concurrent-v4": recording(4, "max-ttl", "-m 16 --wait 300ms", flows=2),
    "hop-by-hop-v6": recording(6, "missing-hops", "-a hop-by-hop --wait 200ms"),
    "packet-by-packet-v4": recording(4, "missing-hops", "-a packet-by-packet --wait 100ms"),
    "server-side-v4": recording(4, "max-ttl", "-m 10 --wait 300ms", where="server"),
    "server-side-v6": recording(6, "max-ttl", "-m 10 --wait 300ms", where="server"),
    "silent-router-v4": recording(4, "missing-hops", "-a hop-by-hop --wait 200ms", silent=(3,)),
    "silent-router-v6": recording(6, "max-ttl", "-m 10 --wait 300ms", silent=(4, 5)),
    "exact-v4": recording(4, "max-ttl", "-m 9 --tcp-probe exact --wait 300ms", talk="tcp"),
    "exact-v6": recording(6, "max-ttl", "-m 9 --tcp-probe exact --wait 200ms", talk="tcp", seconds=5.0),
    "exact-busy-v4": recording(4, "max-ttl", "-m 9 --tcp-probe exact --wait 300ms"),
    "mid-life-v4": recording(4, "max-ttl", "-m 10 --wait 300ms", talk="tcp", late=1.5, seconds=4.0),
    "mid-life-v6": recording(6, "max-ttl", "-m 10 --wait 300ms", talk="tcp", late=1.5, seconds=4.0),
    "flow-closed-v4": recording(4, "flow-closed", "-a packet-by-packet --inter-iteration-time 300ms --wait 300ms",
                                talk="tcp", seconds=1.2, complete=False),
    "udp-v4": recording(4, "near-destination", "--wait 300ms", talk="udp", last=ROUTERS - 1),
    "udp-checksum-v4": recording(4, "max-ttl", "--udp-probe checksum -m 7 --wait 300ms", talk="udp"),
    "udp-v6": recording(6, "max-ttl", "-m 10 --wait 300ms", talk="udp", flows=2),
    "udp-zero-checksum-v6": recording(6, "near-destination", "-m 10 --wait 300ms", talk="udp", picky=3,
                                      last=ROUTERS - 1, seconds=5.0),
}


class Talking:
    """An echo application in the form of a download: finish() tells the flow and whether its data are intact."""

    def __init__(self, protocol, client, server, seconds):
        options = {"chunk": 200} if protocol == "tcp" else {}
        self._talk = apps.TALKS[protocol](client, server, seconds=seconds, interval=0.1, **options)

    def finish(self):
        return self._talk.flow(), self._talk.finish()


class Applications:
    """Servers at the one end of a network, and what starts flows at the other."""

    def __init__(self, network, plan):
        self._network, self._plan = network, plan
        self._address = network.server_address[plan.family]
        if plan.talk == "tcp":
            apps.EchoServer(network.server)
        elif plan.talk == "udp":
            apps.DatagramServer(network.server)
        else:
            self._web = apps.WebServer(network.server, [PORT], DOWNLOAD_BYTES)

    def start(self):
        client, seconds = self._network.client, self._plan.seconds
        if self._plan.talk:
            return [Talking(self._plan.talk, client, self._address, seconds) for _ in range(self._plan.flows)]
        return [self._web.download(client, self._address, PORT, seconds) for _ in range(self._plan.flows)]


class Tcpdump:
    """A capture of an interface's headers by a program that is not ours."""

    def __init__(self, node, interface, path):
        self._path = path
        self._process = node.start(["tcpdump", "-Z", "root", "-n", "-U", "--immediate-mode", "-s", SNAP_BYTES, "-B",
                                    16384, "--time-stamp-precision=nano", "-i", interface, "-w", path])
        wait_until(lambda: "listening on" in self._process.stderr() or not self._process.running(), 5.0,
                   "tcpdump begins")

    def stop(self):
        time.sleep(0.4)  # until it has read the last packets
        code = self._process.stop(signal.SIGINT)
        if code != 0 or "\n0 packets dropped by kernel" not in self._process.stderr():
            raise LabError(f"tcpdump failed or lost packets: {self._process.stderr()}")
        return self._path


def record(check, network, plan):
    """Returns (live traces, {extension: path}, the flows as the tracing end sees them)."""
    node, interface = ((network.client, network.client_interface) if plan.where == "client"
                       else (network.server, network.server_interface))
    applications = Applications(network, plan)
    running = applications.start() if plan.late else []
    time.sleep(plan.late)
    written = tools.scratch("live.pcapng")
    complete = Tcpdump(node, interface, tools.scratch("complete.pcap"))
    peer = network.server_address[plan.family] if plan.where == "client" else network.client_address[plan.family]
    live = tools.inject(node, "-i", interface, "-H", peer, "-w", written, "--count", plan.flows, *plan.options)
    running = running or applications.start()
    check.equal(live.wait(30), 0, "st-inject ends with 0")
    done = [one.finish() for one in running]
    check.that(all(intact for _, intact in done), "the application's data are intact")
    flows = [flow if plan.where == "client" else reverse(flow) for flow, _ in done]
    return reports.parse(live.stdout()), {"pcapng": written, "pcap": complete.stop()}, flows


def check_truth(check, traces, flows, truth, plan, statement):
    """The traces are those of the flows, and their replies are the lab's routers, all of them if it is complete."""
    found = reports.by_flow(traces)
    check.that(len(traces) == len(flows) and set(found) == set(flows), f"{statement}: a trace of each flow",
               f"{sorted(found)} / {sorted(flows)}")
    for flow in set(flows) & set(found):
        wanted = {ttl: [address] * 3 for ttl, address in enumerate(truth.addresses(flow), start=1)
                  if ttl not in plan.silent and ttl <= plan.last}
        answers = reports.responders(found[flow])
        if plan.complete:
            check.equal(answers, wanted, f"{statement}: every hop is the truth")
        else:
            good = answers and all(set(addresses) == set(wanted[ttl]) for ttl, addresses in answers.items())
            check.that(good, f"{statement}: {len(answers)} hops so far, each the truth", str(answers))


def check_recording(check, network, plan, live, files, flows):
    truth = network.truth()
    check_truth(check, live, flows, truth, plan, "live")
    check.equal({one["stop_reason"] for one in live}, {plan.stop}, "live: stop reason")
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")
    for extension, path in files.items():
        replay = tools.replay(path)
        check.equal(replay.returncode, 0, f"{extension}: st-replay ends with 0")
        traces = reports.parse(replay.stdout)
        check_truth(check, traces, flows, truth, plan, extension)
        # The kernel's stamp of a frame is the same for all who capture; offline more may be told apart, never less.
        reports.compare_sets(check, live, traces, f"{extension}: the same hops, responders and RTTs as live",
                             ROUNDING_MS)
        reports.check_schema(check, traces)
        check.that(os.path.getsize(path) <= FILE_BYTES_MAX, f"{extension}: {os.path.getsize(path)} bytes",
                   f"more than {FILE_BYTES_MAX}")


def write_recording(check, name, files):
    """Copies the captures to testdata, each with its expected report."""
    for extension, path in files.items():
        target = os.path.join(FOLDER, f"{name}.{extension}")
        shutil.copyfile(path, target)
        with open(f"{target}.expected.json", "w", encoding="utf-8") as stream:
            stream.write(tools.replay(target).stdout)
        done = tools.replay("--expect", f"{target}.expected.json", target, report=None)
        check.equal((done.returncode, done.stdout), (0, ""), f"wrote {os.path.relpath(target, tools.SOURCE)}")


def main(check):
    name = sys.argv[1]
    plan = RECORDINGS[name]
    checks.section(name)
    network = topologies.chain(routers=ROUTERS)
    for number in plan.silent:
        network.lab.nodes[f"r{number}"].nft(_MUTE)
    if plan.picky:
        network.lab.nodes[f"r{plan.picky}"].nft(_NO_ZERO_CHECKSUMS)
    live, files, flows = record(check, network, plan)
    check_recording(check, network, plan, live, files, flows)
    if check.failed:
        print(f"{name} is not written")
    else:
        os.makedirs(FOLDER, exist_ok=True)
        write_recording(check, name, files)


def record_all(names):
    """Each in a process of its own: namespaces and time limits are per process."""
    unknown = [name for name in names if name not in RECORDINGS]
    if unknown:
        print(f"usage: record.py [NAME...]; unknown: {' '.join(unknown)}; known: {' '.join(RECORDINGS)}")
        return 2
    codes = [subprocess.run([sys.executable, os.path.abspath(__file__), name], timeout=120, check=False).returncode
             for name in names or RECORDINGS]
    return max(codes)


if __name__ == "__main__":
    if len(sys.argv) == 2 and sys.argv[1] in RECORDINGS:
        checks.run(main, ["nginx", "curl", "conntrack", "tcpdump"])
    sys.exit(record_all(sys.argv[1:]))
