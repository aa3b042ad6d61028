#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Names of routers by reverse DNS: they are in both programs' reports, whatever nonsense a zone may hold is not, nobody
is asked twice, and a name server that keeps silent delays a report by no more than the bound.

usage: test_router_names.py [names|silence]
"""

import collections
import json
import os
import sys
import time

import apps
import checks
import reports
import tools
import topologies
import udp_apps

RESOLVER = "10.53.0.53"
POINTER_APP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pointer_app.py")
SECONDS = 2.5
OPTIONS = ["--wait", "300ms", "-m", "9"]
HELD_S = 2.0  # how long a report waits for names: HELD_WAIT_NS
SPARE_S = 1.0  # what a busy machine may add
# By hop: what the zone says, and what may be reported of it.
LABELS = {
    1: (["gw", "example"], "gw.example"),
    2: (["xe-0_1", "Core", "example", "net"], "xe-0_1.Core.example.net"),
    3: (["10", "0", "0", "1"], None),
    4: (["\x1b[31mred", "example"], None),
    5: ([], None),
    6: (["a.b", "example"], None),  # a dot inside a label
    7: (["<b>bold</b>", "example"], None),
}


class NameServer:
    """pointer_app.py on the server, asked by all nodes' glibc."""

    def __init__(self, network, records):
        network.server.add_address(RESOLVER)
        self._process = network.server.start([sys.executable, POINTER_APP, RESOLVER, json.dumps(records)])
        network.server.wait_listening(udp_apps.DNS_PORT, self._process, "udp")
        udp_apps.NameServer.ask_at(RESOLVER)

    def asked(self):
        """{address: how often}"""
        return collections.Counter(self._process.stdout().split())


def routers(network, family):
    """The routers' addresses on the way to the server, as a flow's truth would tell."""
    nodes = [network.client, *(node for node in network.lab.nodes.values() if node.forwards)]
    return [node.interface(before).addresses[family] for before, node in zip(nodes, nodes[1:])]


def named(report):
    """{address: name} of a trace."""
    return {reply["address"]: reply["name"] for hop in report["hops"] for reply in hop["replies"]}


def trace(network, families, *arguments, names=True, report="json"):
    """Traces an application's flow over each IP version; returns st-inject and how long it took after the last."""
    live = tools.inject(network.client, "-i", network.client_interface, "--all", "--count", len(families), *OPTIONS,
                        *arguments, names=names, report=report)
    talks = [apps.Talk(network.client, network.server_address[family], seconds=SECONDS) for family in families]
    flows = [talk.flow() for talk in talks]
    begin = time.monotonic()
    live.wait(20)
    taken = time.monotonic() - begin
    intact = all([talk.finish() for talk in talks])
    return live, flows, taken, intact


def replay(network, *arguments):
    """st-replay where the name server can be reached."""
    return network.client.run([tools.program("st-replay"), *arguments], timeout=15)


def check_names(check):
    network = topologies.chain()
    apps.EchoServer(network.server)
    path = {family: routers(network, family) for family in (4, 6)}
    records = {address: LABELS[hop][0] for one in path.values() for hop, address in enumerate(one, 1)}
    wanted = {address: LABELS[hop][1] for one in path.values() for hop, address in enumerate(one, 1)}
    server = NameServer(network, records)
    written = tools.scratch("named.pcapng")

    live, flows, _, intact = trace(network, (4, 6), "-w", written)
    traces = reports.parse(live.stdout())
    check.equal(sorted(map(reports.flow_of, traces)), sorted(flows), "the application's flows are traced, no lookup is")
    found = {address: name for one in traces for address, name in named(one).items()}
    check.equal(found, wanted, "each router has its name, if it is one")
    check.that(intact, "the applications' data are intact")
    check.equal({address: count for address, count in server.asked().items() if address in wanted},
                dict.fromkeys(wanted, 1), "each router was asked for once")

    done = replay(network, "-o", "json", written)
    again = {address: name for one in reports.parse(done.stdout) for address, name in named(one).items()}
    check.equal(again, wanted, "st-replay tells the same names")
    text = replay(network, written).stdout
    check.that(f" 1  gw.example ({path[4][0]})  " in text and f" 3  {path[4][2]} ({path[4][2]})  " in text,
               "so does the text report", text)
    check_nobody_asked(check, network, server, written)


def check_nobody_asked(check, network, server, written):
    before = server.asked()
    saved = tools.scratch("saved.json")
    with open(saved, "w", encoding="utf-8") as stream:
        stream.write(replay(network, "-n", "-o", "json", written).stdout)
    done = replay(network, "--quiet", "--expect", saved, written)
    check.equal((done.returncode, done.stdout), (0, ""), "--expect passes names over")
    replay(network, "-o", "atlas", written)
    trace(network, (4,), names=False)
    check.equal(server.asked(), before, "with -n, --expect, or a format without names nobody is asked")


def check_silence(check):
    network = topologies.chain()
    apps.EchoServer(network.server)
    path = routers(network, 4)
    records = {address: ["known", "example"] for address in path}
    records[path[2]] = None
    NameServer(network, records)
    written = tools.scratch("silent.pcapng")

    _, _, base, _ = trace(network, (4,), "-w", written, names=False)
    live, _, taken, _ = trace(network, (4,))
    found = [named(one) for one in reports.parse(live.stdout())]
    check.equal(found, [{address: None if address == path[2] else "known.example" for address in path}],
                "one router's name is not told: the others are")
    check.that(taken < base + HELD_S + SPARE_S, "the report came in time", f"{taken:.1f} s instead of {base:.1f} s")
    timed_replay(check, network, written, "one silent name")

    udp_apps.NameServer.ask_at("10.53.0.54")  # nobody has this address: the server's kernel does not even refuse
    network.server.run(["ip", "route", "add", "blackhole", "10.53.0.54/32"])
    live, _, taken, _ = trace(network, (4,))
    check.equal([set(named(one).values()) for one in reports.parse(live.stdout())], [{None}],
                "a name server that is not there: no names, but the report")
    check.that(taken < base + HELD_S + SPARE_S, "it came in time", f"{taken:.1f} s instead of {base:.1f} s")
    timed_replay(check, network, written, "no name server")
    check_interruption(check, network)


def timed_replay(check, network, written, statement):
    begin = time.monotonic()
    done = replay(network, written, written, written)
    taken = time.monotonic() - begin
    check.that(done.stdout.count("10.0.3.2 (10.0.3.2)") == 3 and HELD_S - 0.1 < taken < HELD_S + SPARE_S,
               f"st-replay of three files, {statement}: the bound holds for all together", f"{taken:.1f} s")


def check_interruption(check, network):
    """A live trace that waits for names goes on tracing others, and an interruption loses none."""
    live = tools.inject(network.client, "-i", network.client_interface, "--all", *OPTIONS, names=True)
    talks = [apps.Talk(network.client, network.server_address[4], seconds=SECONDS) for _ in range(3)]
    flows = [talk.flow() for talk in talks]
    time.sleep(1.2)  # the traces have ended, their names are awaited
    check.equal(live.stdout(), "", "nothing is reported yet")
    begin = time.monotonic()
    check.equal(live.stop(), 0, "it ends with 0")
    check.that(time.monotonic() - begin < HELD_S + SPARE_S, "and soon")
    check.equal(sorted(map(reports.flow_of, reports.parse(live.stdout()))), sorted(flows), "every trace is reported")
    del talks


if __name__ == "__main__":
    PARTS = {"names": check_names, "silence": check_silence}
    checks.run(PARTS[sys.argv[1]])
