# SPDX-License-Identifier: GPL-2.0-or-later
"""The networks that the live tests use, each with a client at one end and a server at the other.

Leaves the making of nodes to lab.py and the knowledge of packets' ways to truth.py.
"""

import apps
import truth
from lab import Lab

EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}
POLICY_PORT = 8443  # in diverse(), flows to this port take another router
BRANCHES = "abcd"
UDP_SERVICES = (apps.ECHO_PORT, POLICY_PORT)  # that diverse()'s firewall lets through

# Counts what connection tracking calls INVALID, before anything could drop it.
_CONNTRACK_WATCH = """
table inet watch {
	counter invalid_tcp { }
	counter invalid_other { }
	counter tracked { }
	chain prerouting {
		type filter hook prerouting priority -100; policy accept;
		ct state invalid meta l4proto tcp counter name invalid_tcp
		ct state invalid meta l4proto != tcp counter name invalid_other
		ct state established counter name tracked
	}
}
"""

# What an office firewall does: out is allowed to begin with TCP and with some UDP, in only what belongs to it.
_STATEFUL_FIREWALL = """
table inet firewall {{
	counter refused {{ }}
	chain forward {{
		type filter hook forward priority 0; policy drop;
		ct state established,related accept
		iifname {{ {inside} }} meta l4proto tcp tcp flags & (syn | ack | rst | fin) == syn ct state new accept
		iifname {{ {inside} }} udp dport {{ {services} }} ct state new accept
		counter name refused drop
	}}
}}
"""

# The port range makes sure that the translated flow's hash differs from the original's.
_MASQUERADE = """
table inet translation {{
	chain postrouting {{
		type nat hook postrouting priority srcnat; policy accept;
		oifname "{outside}" meta l4proto {{ tcp, udp }} masquerade to :20000-29999 random
		oifname "{outside}" masquerade
	}}
}}
"""


class Network:
    """A built topology: its ends, its routers and what is true of it."""

    def __init__(self, lab, client, server):
        self.lab = lab
        self.client = client
        self.server = server
        self.client_interface = next(iter(client.interfaces.values())).name
        self.server_interface = next(iter(server.interfaces.values())).name
        self.client_address = next(iter(client.interfaces.values())).addresses
        self.server_address = next(iter(server.interfaces.values())).addresses
        self.watched = []  # nodes that count conntrack's INVALID

    def truth(self):
        """What is true now of the flows so far."""
        return truth.Truth(self.lab)

    def invalid(self):
        """Packets that connection tracking called INVALID, in all routers that have it."""
        return sum(node.counter(name) for node in self.watched for name in ("invalid_tcp", "invalid_other"))

    def tracked(self):
        """Packets that connection tracking took as part of a connection (0 would make invalid() meaningless)."""
        return min(node.counter("tracked") for node in self.watched)


def chain(routers=7, watched=4, **options):
    """client - r1 - ... - rN - server; the router numbered `watched` tracks connections."""
    lab = Lab(**options)
    nodes = [lab.host("client"), *(lab.router(f"r{n}") for n in range(1, routers + 1)), lab.host("server")]
    for near, far in zip(nodes, nodes[1:]):
        lab.link(near, far)
    home = nodes[0].interface(nodes[1]).subnets
    for before, node, after in zip(nodes, nodes[1:], nodes[2:]):
        node.route(EVERYWHERE, [after])
        node.route(home, [before]) if before is not nodes[0] else None
    nodes[0].route(EVERYWHERE, [nodes[1]])
    nodes[-1].route(EVERYWHERE, [nodes[-2]])
    network = Network(lab, nodes[0], nodes[-1])
    if watched:
        network.watched = [nodes[watched]]
        nodes[watched].rules.append(_CONNTRACK_WATCH)
    truth.watch_flows(lab)
    lab.build()
    return network


def fan(**options):
    """client - gate - lb = (a1-a2 | b1-b2 | c1-c2 | d1-d2) = join - edge - server, by flow hash, nothing in the way."""
    lab = Lab(**options)
    client, server = lab.host("client"), lab.host("server")
    gate, lb, join, edge = (lab.router(name) for name in ("gate", "lb", "join", "edge"))
    first = [lab.router(f"{branch}1") for branch in BRANCHES]
    second = [lab.router(f"{branch}2") for branch in BRANCHES]
    for near, far in [(client, gate), (gate, lb), *((lb, one) for one in first), *zip(first, second),
                      *((one, join) for one in second), (join, edge), (edge, server)]:
        lab.link(near, far)
    home = client.interface(gate).subnets
    ways_out = [(client, [gate]), (gate, [lb]), (lb, first), *((one, [two]) for one, two in zip(first, second)),
                *((one, [join]) for one in second), (join, [edge]), (edge, [server]), (server, [edge])]
    ways_home = [(lb, gate), *((one, lb) for one in first), *((two, one) for one, two in zip(first, second)),
                 (join, second[0]), (edge, join)]
    for node, via in ways_out:
        node.route(EVERYWHERE, via)
    for node, via in ways_home:
        node.route(home, [via])
    network = Network(lab, client, server)
    truth.watch_flows(lab)
    lab.build()
    return network


def diverse(**options):
    """NAT, then four branches of two routers by flow hash, a stateful firewall, and a way of its own for one port.

    client - nat - lb = (a1-a2 | b1-b2 | c1-c2 | d1-d2) = fw = (std | alt) = edge - server
    """
    lab = Lab(**options)
    client, server = lab.host("client"), lab.host("server")
    nat, lb, fw, std, alt, edge = (lab.router(name) for name in ("nat", "lb", "fw", "std", "alt", "edge"))
    first = [lab.router(f"{branch}1") for branch in BRANCHES]
    second = [lab.router(f"{branch}2") for branch in BRANCHES]
    pairs = [(client, nat), (nat, lb), *((lb, one) for one in first), *zip(first, second),
             *((one, fw) for one in second), (fw, std), (fw, alt), (std, edge), (alt, edge), (edge, server)]
    for near, far in pairs:
        lab.link(near, far)
    _diverse_routes(client, server, nat, lb, first, second, fw, std, alt, edge)
    nat.translates = True
    nat.rules += [_MASQUERADE.format(outside=nat.interface(lb).name), _CONNTRACK_WATCH]
    inside = ", ".join(f'"{fw.interface(one).name}"' for one in second)
    fw.rules += [_CONNTRACK_WATCH, _STATEFUL_FIREWALL.format(inside=inside, services=", ".join(map(str, UDP_SERVICES)))]
    network = Network(lab, client, server)
    network.watched = [nat, fw]
    network.firewall = fw
    network.outside_address = nat.interface(lb).addresses  # what the server takes for its clients
    truth.watch_flows(lab)
    lab.build()
    return network


def _diverse_routes(client, server, nat, lb, first, second, fw, std, alt, edge):
    outside = nat.interface(lb).subnets  # where all flows seem to come from
    client.route(EVERYWHERE, [nat])
    nat.route(EVERYWHERE, [lb])
    lb.route(EVERYWHERE, first)
    for one, two in zip(first, second):
        one.route(EVERYWHERE, [two])
        one.route(outside, [lb])
        two.route(EVERYWHERE, [fw])
        two.route(outside, [one])
    fw.route(EVERYWHERE, [std])
    fw.route(EVERYWHERE, [alt], table=100)
    for protocol in truth.PROTOCOLS.values():
        fw.rule(f"ipproto {protocol} dport {POLICY_PORT} lookup 100")
    fw.route(outside, [second[0]])
    for way in (std, alt):
        way.route(EVERYWHERE, [edge])
        way.route(outside, [fw])
    edge.route(outside, [std])
    edge.route(fw.interface(std).subnets, [std])
    server.route(EVERYWHERE, [edge])
