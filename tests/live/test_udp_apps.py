#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""UDP applications that take any datagram for their peer's: traced, they get exactly what was sent to them, and live.

The kernel of the server is the second witness; a control shows that one empty datagram is the end of some of them.
"""

import socket

import apps
import checks
import datagrams
import reports
import segments
import tools
import topologies
import udp_apps
from lab import wait_until

SECONDS = 4.0
PORTS = {"stream": 7007, "netcat": 7010, "listen": 7011, "receive": 7012}
_SOCKET_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


class Applications:
    """One of each, all talking at once."""

    def __init__(self, network, family):
        self.network = network
        server, address = network.server, network.server_address[family]
        self.stream = apps.DatagramServer(server, PORTS["stream"])
        self.listen = udp_apps.Socat(server, family, PORTS["listen"], forks=False)
        self.receive = udp_apps.Socat(server, family, PORTS["receive"], forks=True)
        self.netcat = udp_apps.Netcat(server, network.client, address, PORTS["netcat"], SECONDS)
        self.talks = [apps.DatagramTalk(network.client, address, PORTS[name], seconds=SECONDS, answers=answers)
                      for name, answers in (("stream", 8), ("listen", 1), ("receive", 1))]
        self.flows = [*(talk.flow() for talk in self.talks), self.netcat.flow(network.client_address[family])]

    def finish(self, check, statement):
        """Returns how many datagrams the clients sent."""
        ends = [talk.outcome() for talk in self.talks]
        check.that(all(end.get("intact") for end in ends), f"{statement}: every request has its answers", str(ends))
        check.equal(self.netcat.faults(SECONDS), [], f"{statement}: both netcats got every line and no other")
        check.that(self.listen.process.running() and self.receive.process.running(), f"{statement}: socat lives")
        got = self.stream.finish()
        check.equal((got["good"], got["empty"], got["stray"]), (ends[0].get("sent"), 0, 0),
                    f"{statement}: the stream's server got its client's datagrams and no other")
        return sum(end.get("sent", 0) for end in ends) + self.netcat.lines()

    def check_control(self, check, statement):
        """One empty datagram in the client's name: were any to come through, it would show."""
        for name, program, flow in (("netcat", self.netcat.server, self.flows[3]),
                                    ("socat", self.listen.process, self.flows[1])):
            self.netcat.client.stop()
            send_empty(self.network.client, flow)
            wait_until(lambda program=program: not program.running(), 5.0, f"{name} ends")
            check.that(True, f"{statement}: an empty datagram is the end of {name}, so none had come")
        self.receive.process.stop()


def send_empty(client, flow):
    version = 6 if ":" in flow.source else 4
    with client.inside(), socket.socket(_SOCKET_FAMILY[version], socket.SOCK_DGRAM) as one:
        one.bind((flow.source, flow.source_port))
        one.sendto(b"", (flow.destination, flow.destination_port))


def check_kernel(check, statement, family, before, after, sent, arrived):
    """arrived: the probes that another program saw at the server."""
    change = {name: after[name] - before[name] for name in ("InDatagrams", "NoPorts", "InErrors", "InCsumErrors")}
    refused = len(arrived) if family == 6 else 0
    wanted = {"InDatagrams": sent, "NoPorts": 0, "InErrors": refused, "InCsumErrors": refused}
    check.equal(change, wanted, f"{statement}: the server's kernel gave its applications what their clients sent, "
                                f"and refused {refused} probes")
    if family == 4:
        check.equal(arrived, [], f"{statement}: no probe came as far as the server")
        return
    check.that(arrived, f"{statement}: {len(arrived)} probes came as far as the server")
    check.that(all(one.checksum == 0 and one.length for one in arrived),
               f"{statement}: all of them with a checksum of zero, for its kernel to drop", str(arrived[:2]))


def check_family(check, network, family):
    statement = f"IPv{family}"
    before = network.server.udp_counters(family)
    capture = tools.Capture(network.server, network.server_interface, "udp")
    live = tools.inject(network.client, "-i", network.client_interface, "--all", "-m", 10, "--wait", "300ms")
    running = Applications(network, family)
    sent = running.finish(check, statement)
    check.equal(live.stop(), 0, f"{statement}: st-inject ends with 0")
    arrived = segments.probes(datagrams.read(capture.stop()))
    check_kernel(check, statement, family, before, network.server.udp_counters(family), sent, arrived)
    reports.check_traces(check, reports.parse(live.stdout()), running.flows, network.truth(), statement)
    running.check_control(check, statement)


def main(check):
    network = topologies.chain()
    for family in (4, 6):
        check_family(check, network, family)
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "nc", "socat"])
