#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Links that are not plain Ethernet: flows on each are seen and probed, and the hops are the lab's; on loopback none.

No kernel here forwards MPLS or speaks PPP, so those links are made by carrier.py in user space, as PPPoE clients of
some systems are; it holds each header against the standards. Kinds of interfaces that only a kernel can make (ipvlan,
VLAN, dummy, bridge, macvlan) are tried where this one has them.
"""

import os
import re
import sys
import time

import apps
import carrier
import checks
import isolation
import reports
import tools
from lab import Lab, LabError, wait_until
from topologies import EVERYWHERE

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 1.6
DISTANCE = 4
# What each link carries between client and first router.
HOME = {4: "10.200.0.0/24", 6: "fd00:200::/64"}
CLIENT = {4: "10.200.0.2", 6: "fd00:200::2"}
FIRST = {4: "10.200.0.1", 6: "fd00:200::1"}
SECOND_CLIENT = "10.200.0.77"
NEAR, FAR = "wan0", "peer0"
BOTH_FAMILIES = [("tcp", 4), ("tcp", 6)]
# Over IPv4 UDP probes keep away from the destination, which is near here; over IPv6 each has a length of its own.
WITH_UDP = [*BOTH_FAMILIES, ("udp", 6)]
FILTERED = ("pppoe", "qinq", "vlan-pppoe", "vlan-mpls")
MTU = 1400


def build():
    """client = r1 - r2 - r3 - server, where the first link is whatever is laid over it."""
    lab = Lab()
    client, server = lab.host("client"), lab.host("server")
    routers = [lab.router(f"r{number}") for number in (1, 2, 3)]
    nodes = [client, *routers, server]
    for near, far in zip(nodes, nodes[1:]):
        lab.link(near, far)
    for before, node, after in zip(nodes[1:], nodes[2:], nodes[3:]):
        node.route(HOME, [before])
        if after is not server:
            node.route(EVERYWHERE, [after])
    routers[0].route({family: server.interface(routers[2]).subnets[family] for family in (4, 6)}, [routers[1]])
    server.route(EVERYWHERE, [routers[2]])
    lab.build()
    return lab


class Bench:
    """The lab, and what is asked on each link."""

    def __init__(self, check):
        self.check = check
        self.lab = build()
        self.client, self.server = self.lab.nodes["client"], self.lab.nodes["server"]
        self.routers = [self.lab.nodes[f"r{number}"] for number in (1, 2, 3)]
        self.target = self.server.interface(self.routers[2]).addresses
        apps.EchoServer(self.server)
        apps.DatagramServer(self.server)

    def truth(self, family):
        """Addresses of the routers, the first one's on the link in question."""
        rest = [node.address(before, family) for before, node in zip(self.routers, self.routers[1:])]
        return [FIRST[family], *rest]

    def carry(self, kind):
        """Starts the carrier and gives both ends of its link their addresses."""
        first = self.routers[0]
        near, far = self.client.interface(first), first.interface(self.client)
        over = [] if kind == "raw" else ["--over", near.name, near.mac, far.name, far.mac]
        process = self.client.start([sys.executable, os.path.join(HERE, "carrier.py"), kind, NEAR, first.name, FAR,
                                     *over], name="carrier")
        wait_until(lambda: "ready" in process.stdout() or not process.running(), 5.0, "the carrier is ready")
        if not process.running():
            raise LabError(f"carrier: {process.stderr()}")
        for node, name, addresses in ((self.client, NEAR, CLIENT), (first, FAR, FIRST)):
            self.configure(node, name, addresses)
        self.client.run(["ip", "route", "replace", "default", "dev", NEAR])
        self.client.run(["ip", "-6", "route", "replace", "default", "dev", NEAR])
        return process

    @staticmethod
    def configure(node, name, addresses):
        node.run(["ip", "link", "set", name, "mtu", MTU])
        node.run(["ip", "addr", "replace", f"{addresses[4]}/24", "dev", name])
        node.run(["ip", "addr", "replace", f"{addresses[6]}/64", "dev", name, "nodad"])
        node.run(["ip", "link", "set", name, "up"])

    def trace(self, statement, interface, *arguments, flows=BOTH_FAMILIES):
        """Traces one flow of each (protocol, family); returns the path of the program's capture."""
        written = tools.scratch(re.sub(r"\W", "-", statement) + ".pcapng")
        live = tools.inject(self.client, "-i", interface, "--all", "-m", DISTANCE, "--wait", "400ms", "-w", written,
                            "--count", len(flows), "--duration", "8s", *arguments)
        talks = [apps.TALKS[protocol](self.client, self.target[family], seconds=SECONDS) for protocol, family in flows]
        wanted = [talk.flow() for talk in talks]
        self.check.equal(live.wait(15), 0, f"{statement}: exit code 0")
        self.check.that(all([talk.finish() for talk in talks]), f"{statement}: the applications' data are intact")
        traces = {(one["flow"]["protocol"], *reports.flow_of(one)): one for one in reports.parse(live.stdout())}
        keys = [(protocol, *flow) for (protocol, _), flow in zip(flows, wanted)]
        self.check.equal(sorted(traces), sorted(keys), f"{statement}: its flows are traced")
        for (protocol, family), key in zip(flows, keys):
            if key in traces:
                faults = reports.wrong_hops(traces[key], self.truth(family))
                self.check.that(not faults, f"{statement}: {protocol} over IPv{family}: the hops are the truth",
                                str(faults[:3]))
        self.check.that("unseen" not in live.stderr() and "not sent" not in live.stderr(),
                        f"{statement}: every probe was seen leaving", live.stderr())
        self.check_replay(statement, live, written)
        return written

    def check_replay(self, statement, live, written):
        report = written + ".json"
        with open(report, "w", encoding="utf-8") as stream:
            stream.write(live.stdout())
        done = tools.replay("--expect", report, written, report=None)
        self.check.that(done.returncode == 0, f"{statement}: the capture of -w tells the same",
                        done.stdout[-300:] + done.stderr[-300:])


def check_tun(bench):
    process = bench.carry("raw")
    bench.trace("tun", NEAR, flows=WITH_UDP)
    check_new_address(bench)
    process.stop()


def check_new_address(bench):
    """A tunnel that reconnects has another address than when the program began."""
    live = tools.inject(bench.client, "-i", NEAR, "--all", "-4", "-m", DISTANCE, "--wait", "400ms", "--count", 1,
                        "--duration", "8s")
    bench.client.run(["ip", "addr", "del", f"{CLIENT[4]}/24", "dev", NEAR])
    bench.client.run(["ip", "addr", "add", f"{SECOND_CLIENT}/24", "dev", NEAR])
    bench.client.run(["ip", "route", "replace", "default", "dev", NEAR])
    talk = apps.Talk(bench.client, bench.target[4], seconds=SECONDS)
    flow = talk.flow()
    live.wait(15)
    talk.finish()
    bench.check.equal(flow.source, SECOND_CLIENT, "tun, another address: the flow has it")
    traces = reports.by_flow(reports.parse(live.stdout()))
    bench.check.that(flow in traces and not reports.wrong_hops(traces[flow], bench.truth(4)),
                     "tun, another address: the flow is traced, and right", live.stdout()[-600:] + live.stderr())


def check_carried(bench, kind):
    """On the Ethernet interface below the link: the frames as they are on the wire."""
    interface = bench.client.interface(bench.routers[0]).name
    process = bench.carry(kind)
    written = bench.trace(kind, interface, flows=WITH_UDP)
    if kind in FILTERED:
        bench.trace(f"{kind} with a FILTER", interface, "tcp", "port", str(apps.ECHO_PORT), flows=[("tcp", 4)])
    process.stop()
    said = process.stdout().splitlines()[-1]
    bench.check.that('"wrong": 0' in said, f"{kind}: every frame's header is what the standards want", said)
    protocols = set(tools.tshark("-r", written, "-Y", "tcp or udp", "-T", "fields", "-e", "frame.protocols").split())
    wanted = {"pppoe": "pppoes:ppp", "mpls": "mpls", "vlan": "vlan", "qinq": "ieee8021ad:ethertype:vlan"}
    for word in kind.split("-"):
        if word in wanted:
            bench.check.that(protocols and all(wanted[word] in chain for chain in protocols),
                             f"{kind}: tshark sees it in the capture of -w", str(protocols))


def check_other_filter(bench):
    """A FILTER holds behind the headers too: another port's flow is neither seen nor probed."""
    process = bench.carry("pppoe")
    live = tools.inject(bench.client, "-i", bench.client.interface(bench.routers[0]).name, "--all", "--duration", "2s",
                        "port", "9")
    talk = apps.Talk(bench.client, bench.target[4], seconds=1.0)
    bench.check.that(talk.finish(), "pppoe, FILTER of another port: the data are intact")
    live.wait(10)
    bench.check.that("0 flows seen" in live.stderr(), "pppoe, FILTER of another port: no flow is seen", live.stderr())
    process.stop()


def received(node, interface):
    return node.ip_json("-s", "link", "show", "dev", interface)[0]["stats64"]["rx"]["packets"]


def check_loopback(bench):
    """On lo flows are seen once, and nothing is sent into them."""
    written = tools.scratch("lo.pcapng")
    apps.EchoServer(bench.client)
    before = received(bench.client, "lo")
    live = tools.inject(bench.client, "-i", "lo", "--all", "-w", written, "--duration", "2500ms")
    talks = [apps.Talk(bench.client, address, seconds=1.0) for address in ("127.0.0.1", "::1")]
    flows = [talk.flow() for talk in talks]
    bench.check.that(all([talk.finish() for talk in talks]), "lo: the data are intact")
    live.wait(10)
    carried = received(bench.client, "lo") - before
    lines = live.stderr().splitlines()
    bench.check.that(len(lines) == 2 and "nothing can be traced" in lines[0], "lo: a line says so", live.stderr())
    bench.check.that(re.search(r"\b2 flows seen, 0 traced, 0 probes sent", live.stderr()), "lo: seen, and left alone",
                     live.stderr())
    rows = tools.tshark_rows(written, ["tcp.srcport", "tcp.dstport", "ip.ttl", "ipv6.hlim"], "tcp")
    bench.check.equal(len(rows), carried, "lo: each packet of the kernel's count is captured once, and no other")
    ports = {frozenset((int(row["tcp.srcport"]), int(row["tcp.dstport"]))) for row in rows}
    bench.check.equal(ports, {frozenset((flow.source_port, flow.destination_port)) for flow in flows},
                      "lo: they are those of the flows")
    bench.check.equal({row["ip.ttl"] or row["ipv6.hlim"] for row in rows}, {"64"}, "lo: none has a small TTL")


def has_link(bench, kind, *words):
    """Makes `wan0` of that kind on top of the client's interface, if this kernel can."""
    below = bench.client.interface(bench.routers[0]).name
    command = ["ip", "link", "add", *(["link", below] if kind != "bridge" else []), "name", NEAR, "type", kind, *words]
    done = bench.client.run(command, check=False)
    if done.returncode != 0:
        print(f"skipped: this kernel has no {kind}: {done.stderr.strip()}", flush=True)
    return done.returncode == 0


def check_stacked(bench, kind, *words):
    """An interface of the kernel's on top of the Ethernet one. Its far end is the router's plain interface or VLAN."""
    first, family_of = bench.routers[0], {4: "-4", 6: "-6"}
    below, far = bench.client.interface(first).name, first.interface(bench.client).name
    if not has_link(bench, kind, *words):
        return
    place = far
    if kind == "vlan":
        first.run(["ip", "link", "add", "link", far, "name", FAR, "type", "vlan", *words])
        place = FAR
    if kind == "bridge":
        bench.client.run(["ip", "link", "set", below, "master", NEAR])
    bench.configure(bench.client, NEAR, CLIENT)
    bench.configure(first, place, FIRST)
    for family, option in family_of.items():
        bench.client.run(["ip", option, "route", "replace", "default", "via", FIRST[family], "dev", NEAR])
    bench.trace(kind, NEAR)
    if kind == "vlan":
        bench.trace("vlan of the kernel, on its parent", below)
    bench.client.run(["ip", "link", "del", NEAR])
    for family in (4, 6):
        first.run(["ip", "addr", "del", f"{FIRST[family]}/{24 if family == 4 else 64}", "dev", place])


def main(check):
    bench = Bench(check)
    parts = [("tun", check_tun),
             *((kind, lambda bench, kind=kind: check_carried(bench, kind)) for kind in carrier.KINDS),
             ("filter", check_other_filter),
             ("loopback", check_loopback),
             ("macvlan", lambda bench: check_stacked(bench, "macvlan", "mode", "bridge")),
             ("ipvlan", lambda bench: check_stacked(bench, "ipvlan", "mode", "l2")),
             ("vlan of the kernel", lambda bench: check_stacked(bench, "vlan", "id", "42")),
             ("bridge", lambda bench: check_stacked(bench, "bridge"))]
    chosen = sys.argv[1:]
    for name, part in parts:
        if not chosen or name in chosen:
            checks.section(name)
            begin = time.monotonic()
            part(bench)
            print(f"({time.monotonic() - begin:.1f} s)", flush=True)


if __name__ == "__main__":
    if not os.path.exists("/dev/net/tun"):
        isolation.skip("no /dev/net/tun here")
    checks.run(main, [*tools.CAPTURING])
