# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses for traceroutes to go to: each run gets one of its own, so that one capture holds many runs apart.

Beside the server's own there are kinds that a router answers for, or nobody: tracers.py names them.
"""

import ipaddress

import tracers

_SILENT = """
table inet mute {
	chain answers {
		type filter hook output priority 0; policy accept;
		icmp type time-exceeded drop
		icmpv6 type time-exceeded drop
	}
}
"""
# A router's refusal of what it would forward, so one hop farther than that of a route.
_REFUSAL = """
table inet refusal {{
	chain forward {{
		type filter hook forward priority 0; policy accept;
		ip daddr {v4} reject with icmp net-unreachable
		ip6 daddr {v6} reject with icmpv6 no-route
	}}
}}
"""
_PREFIXES = {
    tracers.SERVER: {4: "198.51.100.0/24", 6: "2001:db8:100::/64"},
    tracers.UNREACHABLE: {4: "192.0.2.0/26", 6: "2001:db8:1::/64"},
    tracers.PROHIBITED: {4: "192.0.2.64/26", 6: "2001:db8:2::/64"},
    tracers.HOLE: {4: "192.0.2.128/26", 6: "2001:db8:3::/64"},
    tracers.REFUSED: {4: "192.0.2.192/26", 6: "2001:db8:4::/64"},
}
_ROUTES = {tracers.UNREACHABLE: "unreachable", tracers.PROHIBITED: "prohibit", tracers.HOLE: "blackhole"}
# Linux: what a host sends in ICMP errors; with its limits some of the last probes would go without an answer.
_LIMITS = {"net.ipv4.icmp_ratelimit": 0, "net.ipv6.icmp.ratelimit": 0}


class Targets:
    """Of a built network, whose last router before the server is `last`."""

    def __init__(self, network, last):
        self._server = network.server
        self._given = 0
        for kind, action in _ROUTES.items():
            for family, prefix in _PREFIXES[kind].items():
                last.run(["ip", f"-{family}", "route", "add", action, prefix])
        prefixes = _PREFIXES[tracers.REFUSED]
        last.nft(_REFUSAL.format(v4=prefixes[4], v6=prefixes[6]))
        unlimited_answers(self._server)

    def next(self, kind, family):
        """An address that no run has had before."""
        self._given += 1
        address = str(ipaddress.ip_network(_PREFIXES[kind][family])[self._given])
        if kind == tracers.SERVER:
            self._server.add_address(address)
        return address


def unlimited_answers(host):
    for name, value in _LIMITS.items():
        host.set(name, value)


def silence(router):
    """It sends no Time Exceeded any more."""
    router.nft(_SILENT)
