#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Ordinary traffic is no traceroute, whatever its TTLs: st-replay finds nothing in it.

Downloads, lookups, pings, keepalives, port scans, clients with many TTLs seen at a gateway, multicast with a TTL of 1,
neighbours that speak with a TTL of 1. The control is a traceroute in the same captures, which is found, and alone.
usage: test_ordinary.py [4|6]
"""

import contextlib
import ipaddress
import socket
import struct
import sys
import time

import apps
import checks
import recorded
import targets
import tools
import topologies
import traced
import tracers
import udp_apps

ROUTERS = 7
WEB_PORT = 80
# Hosts' own, and some that rise one by one; all reach the server.
TTLS = (64, 128, 255, 32, 11, 12, 13, 14)
SHORT_TTLS = (9, 10, 11, 12, 13, 14)  # behind the fifth router they are 4, 5, 6 ...
GROUPS = {4: "239.255.255.250", 6: "ff05::c"}
PING_COUNT, SCANNED_PORTS = 4, range(4100, 4130)
CONTROL = tracers.named("traceroute")[0]
_SOCKET = {4: (socket.AF_INET, socket.IPPROTO_IP, socket.IP_TTL),
           6: (socket.AF_INET6, socket.IPPROTO_IPV6, socket.IPV6_UNICAST_HOPS)}


class Talker:
    """Opens sockets in a node, in one version of IP."""

    def __init__(self, node, family):
        self.node = node
        self.family = family

    @contextlib.contextmanager
    def socket(self, kind, ttl=None):
        domain, level, option = _SOCKET[self.family]
        with self.node.inside():
            opened = socket.socket(domain, kind)
        with opened:
            opened.settimeout(2.0)
            if ttl is not None:
                opened.setsockopt(level, option, ttl)
            yield opened

    def echo(self, address, ttl=None, times=3, pause_s=0.0):
        """A conversation over TCP."""
        with self.socket(socket.SOCK_STREAM, ttl) as stream:
            stream.connect((address, apps.ECHO_PORT))
            for _ in range(times):
                stream.sendall(b"x" * 100)
                stream.recv(1000)
                time.sleep(pause_s)

    def idle(self, address, seconds):
        """A connection that only keepalives cross: segments of a stale sequence number."""
        with self.socket(socket.SOCK_STREAM) as stream:
            for option, value in ((socket.TCP_KEEPIDLE, 1), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 9)):
                stream.setsockopt(socket.IPPROTO_TCP, option, value)
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            stream.connect((address, apps.ECHO_PORT))
            time.sleep(seconds)

    def knock(self, address, ports):
        """Datagrams to ports that nobody listens on."""
        for port in ports:
            with self.socket(socket.SOCK_DGRAM) as datagrams:
                datagrams.sendto(b"hello", (address, port))

    def connect_in_vain(self, address, port):
        with self.socket(socket.SOCK_STREAM) as stream, contextlib.suppress(OSError):
            stream.connect((address, port))

    def search(self, group, ttls, port):
        """An expanding ring search: to a multicast group, farther each time."""
        level, option = _SOCKET[self.family][1], socket.IP_MULTICAST_TTL
        if self.family == 6:
            option = socket.IPV6_MULTICAST_HOPS
        with self.socket(socket.SOCK_DGRAM) as datagrams:
            for ttl in ttls:
                datagrams.setsockopt(level, option, ttl)
                datagrams.sendto(b"M-SEARCH * HTTP/1.1\r\n\r\n", (group, port))

    def join(self, group, interface):
        """The kernel says so to the routers, with a TTL of 1."""
        with self.socket(socket.SOCK_DGRAM) as datagrams:
            if self.family == 4:
                request = struct.pack("4s4s", socket.inet_aton(group), socket.inet_aton(interface.addresses[4]))
                datagrams.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, request)
            else:
                with self.node.inside():
                    index = socket.if_nametoindex(interface.name)
                request = ipaddress.ip_address(group).packed + struct.pack("@I", index)
                datagrams.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, request)
            time.sleep(0.1)


def set_ttl(node, ttl):
    """Of all that it sends from now on."""
    node.set("net.ipv4.ip_default_ttl", ttl)
    for interface in node.interfaces.values():
        node.set(f"net.ipv6.conf.{interface.name}.hop_limit", ttl)


def talk_with_many_ttls(check, network, family, web):
    client, server = network.client, network.server_address[family]
    for ttl in TTLS:
        set_ttl(client, ttl)
        set_ttl(network.server, ttl)
        client.run(["ping", f"-{family}", "-n", "-c", PING_COUNT, "-i", "0.02", server])
        _, intact = web.download(client, server, WEB_PORT, 0).finish()
        talk = apps.DatagramTalk(client, server, seconds=0.2)
        client.run(["getent", "ahosts", f"host1.{udp_apps.ZONE}"])
        check.that(intact and talk.finish(), f"a ping, a download, datagrams and a lookup with a TTL of {ttl}")
    set_ttl(client, 64)
    set_ttl(network.server, 64)


def talk_in_other_ways(network, family, offered):
    server, near = network.server_address[family], network.lab.nodes["r1"]
    talker = Talker(network.client, family)
    talker.idle(server, 3.5)
    for ttl in SHORT_TTLS:
        talker.echo(server, ttl)
    apps.EchoServer(near)
    for ttl in (1, 255, 1, 2, 3, 4):  # a neighbour is reached with any
        talker.echo(near.address(network.client, family), ttl, times=2)
    talker.knock(server, SCANNED_PORTS)
    for port in SCANNED_PORTS:
        talker.connect_in_vain(server, port)
    for kind in (tracers.UNREACHABLE, tracers.PROHIBITED, tracers.REFUSED):
        talker.connect_in_vain(offered.next(kind, family), apps.ECHO_PORT)
        talker.knock(offered.next(kind, family), SCANNED_PORTS)
    talker.join(GROUPS[family], network.client.interface(near))
    for port in (1900, 5353):
        talker.search(GROUPS[family], (1, 2, 3, 4, 4), port)


def main(check):
    family = int((sys.argv[1:] or ["4"])[0])
    checks.section(f"IPv{family}")
    network = topologies.chain(ROUTERS, watched=None)
    web = apps.WebServer(network.server, [WEB_PORT], 20_000)
    apps.start_servers(network.server)
    middle = network.lab.nodes["r5"]
    points = {"sender": (network.client, "any"), "gateway": (network.lab.nodes["r1"], "any"),
              "middle": (middle, middle.interface(network.lab.nodes["r6"]).name), "server": (network.server, "any")}
    offered = targets.Targets(network, network.lab.nodes[f"r{ROUTERS}"])
    session = recorded.Session(network, offered, points)
    udp_apps.NameServer(network.server, network.server_address[4])
    talk_with_many_ttls(check, network, family, web)
    talk_in_other_ways(network, family, offered)
    session.run(CONTROL, family)
    session.stop()
    _, _, wanted, _ = session.done[0]
    for name, path in session.paths.items():
        traces = recorded.read(check, path, f"at the {name}")
        found = traced.to_address(traces, wanted)
        check.equal(len(found), 1, f"at the {name}: the traceroute is found")
        others = [(one["kind"], one["flow"], traced.addresses_of([one])) for one in traces if one not in found]
        check.that(not others, f"at the {name}: and nothing else", "\n        ".join(map(str, others[:4])))


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "nginx", "curl", "dnsmasq", "ping", *tracers.programs([CONTROL])])
