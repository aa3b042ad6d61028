# SPDX-License-Identifier: GPL-2.0-or-later
"""Which routers a flow's packets really pass: from the kernel's own decisions, never from a traceroute.

The walk asks each node for its route of exactly this 5-tuple and follows the next hop; where a node translates
addresses, its connection tracking table says how the packet goes on. Where an IPv6 node has several next hops the
kernel's lookup for user space hashes otherwise than forwarding does (no packet, so one hashing step less), so there
the node's own count of what it sent where decides.

A second, independent witness: every node counts where each flow's packets come in; lab_selftest.py compares the two.
"""

import collections
import ipaddress
import json
import re

from lab import LabError

Flow = collections.namedtuple("Flow", "source source_port destination destination_port protocol", defaults=["tcp"])
Hop = collections.namedtuple("Hop", "node interface address flow")

_MAX_HOPS = 32
PROBE_TTL_LIMIT = 33  # hosts send with 64 and the lab is short: what arrives with less is a probe

PROTOCOLS = {"tcp": 6, "udp": 17}

# Sets of "interface . 5-tuple" that the packets themselves fill. (nft joins five fields at most: a set a protocol.)
_COUNTED_SET = """
	set {what}{version}_{protocol} {{
		type ifname . ipv{version}_addr . inet_service . ipv{version}_addr . inet_service
		flags dynamic; size 65535
	}}"""
_WHOSE = "\n\t\t{ip} {ttl} {limit} meta l4proto {protocol} update @{what}{version}_{protocol}"
_RULE = _WHOSE + " {{ {way} . {ip} saddr . {protocol} sport . {ip} daddr . {protocol} dport }}"
_COUNTERS = """
table inet witness {{{sets}
	chain prerouting {{
		type filter hook prerouting priority -300; policy accept;{incoming}
	}}
	chain postrouting {{
		type filter hook postrouting priority 300; policy accept;{outgoing}
	}}
}}
"""
_HEADERS = {4: {"version": 4, "ip": "ip", "ttl": "ttl"}, 6: {"version": 6, "ip": "ip6", "ttl": "hoplimit"}}
_OWN, _PROBE = f">= {PROBE_TTL_LIMIT}", f"< {PROBE_TTL_LIMIT}"


def family(flow):
    return ipaddress.ip_address(flow.destination).version


def reverse(flow):
    return Flow(flow.destination, flow.destination_port, flow.source, flow.source_port, flow.protocol)


def watch_flows(lab):
    """Makes every node count where each flow's packets come in and go out, from build() on."""
    kinds = [{**header, "protocol": protocol} for header in _HEADERS.values() for protocol in PROTOCOLS]
    sets = [_COUNTED_SET.format(what=what, **kind) for what in ("in", "probes", "out") for kind in kinds]
    incoming = [_RULE.format(what=what, limit=limit, way="iifname", **kind)
                for what, limit in (("in", _OWN), ("probes", _PROBE)) for kind in kinds]
    outgoing = [_RULE.format(what="out", limit=_OWN, way="oifname", **kind) for kind in kinds]
    rules = _COUNTERS.format(sets="".join(sets), incoming="".join(incoming), outgoing="".join(outgoing))
    for node in lab.nodes.values():
        node.rules.append(rules)


class Truth:
    """What was true when first asked: tables are read once, so make a new one after new flows."""

    def __init__(self, lab):
        self._lab = lab
        self._connections = {}
        self._counted = {}
        self._walks = {}
        self._answers = {}

    def addresses(self, flow):
        """Addresses of the routers on the flow's way, in order, as these routers answer."""
        return [hop.address for hop in self.walk(flow)[:-1]]

    def routers(self, flow):
        """Names of the routers on the flow's way, in order."""
        return [hop.node.name for hop in self.walk(flow)[:-1]]

    def seen_from_the_far_end(self, flow):
        """The flow from its destination's view, destination first; behind a NAT that is not the plain reverse."""
        return reverse(self.walk(flow)[-1].flow)

    def walk(self, flow):
        """Every node where the flow's packets come in, as Hop; the last one is the destination."""
        if flow not in self._walks:
            self._walks[flow] = self._walk(flow)
        return self._walks[flow]

    def _walk(self, flow):
        node, _ = self._lab.owner(flow.source)
        arrived_on, hops = None, []
        for _ in range(_MAX_HOPS):
            flow = self._translated_before_routing(node, arrived_on, flow)
            next_hop = self._next_hop(node, arrived_on, flow)
            if next_hop is None:
                return hops
            flow = self._translated_after_routing(node, arrived_on, flow)
            node, arrived_on = self._lab.owner(next_hop)
            if node is None:
                raise LabError(f"the route of {flow} leaves the lab: {next_hop}")
            hops.append(Hop(node, arrived_on, self._answering_address(node, arrived_on, flow), flow))
        raise LabError(f"the route of {flow} does not end")

    def places(self, flow):
        """{(node name, interface name)} where the flow's packets come in, by the walk."""
        return {(hop.node.name, hop.interface.name) for hop in self.walk(flow)}

    def witnessed(self, flow, what="in"):
        """The same by the counters: where packets of this 5-tuple, or of what a NAT made of it, came in.

        what: "in" for the flow's own packets, "probes" for the ones with a small TTL.
        """
        tuples = {flow} | {hop.flow for hop in self.walk(flow)}
        return {(node.name, interface) for node in self._lab.nodes.values()
                for interface, seen in self._counts(node, what, flow) if seen in tuples}

    def _next_hop(self, node, arrived_on, flow):
        """The neighbour's address, or None where the flow has arrived."""
        where = ["iif", arrived_on.name] if arrived_on else []
        route = node.ip_json(f"-{family(flow)}", "route", "get", flow.destination, "from", flow.source, *where,
                             "ipproto", PROTOCOLS[flow.protocol], "sport", flow.source_port,
                             "dport", flow.destination_port)[0]
        if route.get("type") == "local":
            return None
        if family(flow) == 6 and node.spreads:
            return self._next_hop_by_count(node, flow)
        return route.get("gateway", flow.destination)

    def _next_hop_by_count(self, node, flow):
        used = {interface for interface, seen in self._counts(node, "out", flow) if seen == flow}
        if len(used) != 1:
            raise LabError(f"{node.name} sent {flow} to {used or 'nobody'}")
        name = used.pop()
        peer = next(peer for peer, one in node.interfaces.items() if one.name == name)
        return self._lab.nodes[peer].interface(node).addresses[6]

    def _translated_before_routing(self, node, arrived_on, flow):
        """Answers to a masqueraded flow get their real destination back before the route is looked up."""
        if arrived_on and node.translates and node.owns(flow.destination):
            for original, answer in self._tracked(node, flow):
                if answer == flow:
                    return reverse(original)
        return flow

    def _translated_after_routing(self, node, arrived_on, flow):
        """A masqueraded flow goes on with the router's address, and its answers say under which port."""
        if arrived_on and node.translates:
            for original, answer in self._tracked(node, flow):
                if original == flow:
                    return reverse(answer)
        return flow

    def _answering_address(self, node, arrived_on, flow):
        """The source of an ICMP error: in IPv4 the inbound interface's address, in IPv6 what the way back prefers."""
        if family(flow) == 4:
            return arrived_on.addresses[4]
        key = (node.name, flow.source)
        if key not in self._answers:
            self._answers[key] = node.ip_json("-6", "route", "get", flow.source)[0]["prefsrc"]
        return self._answers[key]

    def _tracked(self, node, flow):
        key = (node.name, family(flow), flow.protocol)
        if key not in self._connections:
            self._connections[key] = _connections(node, *key[1:])
        return self._connections[key]

    def _counts(self, node, what, flow):
        """What the node's sets for packets of the flow's kind hold."""
        key = (node.name, what, family(flow), flow.protocol)
        if key not in self._counted:
            self._counted[key] = _counted_flows(node, *key[1:])
        return self._counted[key]


def _connections(node, version, protocol):
    """(original direction, answering direction) of every connection in the node's tracking table."""
    listing = node.run(["conntrack", "-L", "-p", protocol, "-f", f"ipv{version}"]).stdout
    found = []
    for line in listing.splitlines():
        tuples = re.findall(r"src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)", line)
        if len(tuples) == 2:
            found.append([Flow(src, int(sport), dst, int(dport), protocol) for src, dst, sport, dport in tuples])
    return found


def _counted_flows(node, what, version, protocol):
    """[(interface name, flow)] of one of the node's counting sets."""
    name = f"{what}{version}_{protocol}"
    listing = json.loads(node.run(["nft", "-j", "list", "set", "inet", "witness", name]).stdout)
    elements = next(entry["set"].get("elem", []) for entry in listing["nftables"] if "set" in entry)
    found = []
    for element in elements:
        interface, *ends = element.get("elem", {}).get("val", element)["concat"]
        found.append((interface, Flow(*ends, protocol)))
    return found
