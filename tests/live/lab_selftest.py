#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Proves the lab itself, with no tracing tool at all.

The truth (route lookups and the NAT's table, see truth.py) must agree with a second witness: the nftables counters of
every router.
The applications must work, the captures must show good checksums, the stateful firewall must refuse what it should.
"""

import socket

import apps
import checks
import tools
import topologies

FLOWS = 24
FAMILIES = (4, 6)
SOCKET_FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}


def compare(check, network, flows, statement):
    """The walk against the counters, for both directions of each flow."""
    known = network.truth()
    both = [*flows, *(known.seen_from_the_far_end(flow) for flow in flows)]
    wrong = [(flow, known.places(flow), known.witnessed(flow))
             for flow in both if known.places(flow) != known.witnessed(flow)]
    check.that(not wrong, f"{statement}: walk and counters agree for {len(both)} flows", str(wrong[:2]))
    probed = any(known.witnessed(flow, "probes") for flow in both)
    check.that(not probed, f"{statement}: no probes were counted")


def download_several(network, family, ports, count, seconds=0.3):
    web = network.web
    running = [web.download(network.client, network.server_address[family], ports[n % len(ports)], seconds)
               for n in range(count)]
    return [one.finish() for one in running]


def test_chain(check):
    checks.section("chain")
    network = topologies.chain()
    network.web = apps.WebServer(network.server, [80])
    for server in (apps.EchoServer, apps.DatagramServer):
        server(network.server)
    for family in FAMILIES:
        capture = tools.Capture(network.client, network.client_interface)
        flow, intact = download_several(network, family, [80], 1)[0]
        talks = [talk(network.client, network.server_address[family], seconds=0.3) for talk in apps.TALKS.values()]
        check.that(intact and all([talk.finish() for talk in talks]),
                   f"IPv{family}: nginx and the echo applications keep their data intact")
        check_capture(check, capture.stop(), family)
        routers = [f"r{n}" for n in range(1, 8)]
        check.equal(network.truth().routers(flow), routers, f"IPv{family}: the truth has 7 routers")
        compare(check, network, [flow, *(talk.flow() for talk in talks)], f"IPv{family}")
    check.that(network.tracked() > 0, "connection tracking is at work")
    check.equal(network.invalid(), 0, "connection tracking calls nothing INVALID")
    network.lab.remove()


def check_capture(check, path, family):
    for name in ("tcp", "udp"):
        status, strict = f"{name}.checksum.status", ["-o", f"{name}.check_checksum:TRUE"]
        rows = tools.tshark_rows(path, [status, "frame.len"], name, strict)
        bad = [row for row in rows if row[status] != "1"]
        check.that(rows and not bad, f"IPv{family}: {len(rows)} captured {name} checksums are good", str(bad[:3]))
        too_large = [row for row in rows if int(row["frame.len"]) > 1514]
        check.that(not too_large, f"IPv{family}: no {name} frame is larger than the link's", str(too_large[:3]))


def test_diverse(check):
    checks.section("diverse")
    network = topologies.diverse()
    network.web = apps.WebServer(network.server, [80, topologies.POLICY_PORT])
    for port in topologies.UDP_SERVICES:
        apps.DatagramServer(network.server, port)
    for family in FAMILIES:
        done = download_several(network, family, [80, 80, topologies.POLICY_PORT], FLOWS)
        check_diversity(check, network, family, [flow for flow, _ in done], 80)
        check.that(all(intact for _, intact in done), f"IPv{family}: {FLOWS} downloads at once are intact")
        ports = [*topologies.UDP_SERVICES, apps.ECHO_PORT] * (FLOWS // 3)
        talks = [apps.DatagramTalk(network.client, network.server_address[family], port, seconds=0.3) for port in ports]
        check.that(all([talk.finish() for talk in talks]), f"IPv{family}: {FLOWS} UDP flows at once are intact")
        check_diversity(check, network, family, [talk.flow() for talk in talks], apps.ECHO_PORT)
        check_firewall(check, network, family)
    check.that(network.tracked() > 0, "connection tracking is at work")
    check.equal(network.invalid(), 0, "connection tracking calls nothing INVALID")


def check_diversity(check, network, family, flows, usual_port):
    statement = f"IPv{family}, {flows[0].protocol}"
    compare(check, network, flows, statement)
    known = network.truth()
    paths = [known.routers(flow) for flow in flows]
    check.equal({len(path) for path in paths}, {7}, f"{statement}: every path has 7 routers")
    check.equal({path[2] for path in paths}, {f"{name}1" for name in topologies.BRANCHES},
                f"{statement}: every branch has flows")
    by_port = {(flow.destination_port, path[5]) for flow, path in zip(flows, paths)}
    check.equal(by_port, {(usual_port, "std"), (topologies.POLICY_PORT, "alt")},
                f"{statement}: one port has a way of its own")
    addresses = {tuple(known.addresses(flow)) for flow in flows}
    check.that(len(addresses) > 4, f"{statement}: {len(addresses)} different paths by address")


def check_firewall(check, network, family):
    before = network.firewall.counter("refused")
    with network.client.inside(), socket.socket(SOCKET_FAMILY[family], socket.SOCK_DGRAM) as stray:
        stray.sendto(b"stray", (network.server_address[family], 33434))
    check.equal(network.firewall.counter("refused") - before, 1, f"IPv{family}: the firewall refuses a stray datagram")


def main(check):
    test_chain(check)
    test_diverse(check)


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "nginx", "curl", "conntrack"])
