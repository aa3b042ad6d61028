# SPDX-License-Identifier: GPL-2.0-or-later
"""Other tracing tools, for comparison in the same lab: each takes a target and gives the list of answering routers.

They are given every chance: the flow's server and port, one probe a hop, no early give-up before the flow's distance.
"""

import json
import re

import isolation

_MAX_TTL = 8  # one more than the lab's routers
_TIMEOUT_S = 25


def _traceroute(*options):
    def trace(node, family, address, port):
        chosen = [str(port) if word == "PORT" else word for word in options]
        done = node.run(["traceroute", f"-{family}", "-n", "-q", "1", "-w", "0.5", "-N", "8", "-m", _MAX_TTL,
                         *chosen, address], check=False, timeout=_TIMEOUT_S)
        return [match[1] if match[1] != "*" else None
                for match in re.finditer(r"^\s*\d+\s+(\S+)", done.stdout, re.MULTILINE)]
    return trace


def _scamper(method):
    def trace(node, _family, address, port):
        where = "" if method.startswith("icmp") else f" -d {port}"
        command = f"trace -P {method}{where} -q 1 -w 1 -g 1 -m {_MAX_TTL}"
        done = node.run(["scamper", "-O", "json", "-p", "1000", "-c", command, "-i", address], check=False,
                        timeout=_TIMEOUT_S)
        hops = {}
        for line in done.stdout.splitlines():
            for hop in json.loads(line).get("hops", []):
                hops[hop["probe_ttl"]] = hop["addr"]
        return [hops.get(ttl) for ttl in range(1, max(hops, default=0) + 1)]
    return trace


_ANY = {
    "traceroute (UDP)": _traceroute(),
    "scamper udp-paris": _scamper("udp-paris"),
    "scamper icmp-paris": _scamper("icmp-paris"),
}
_TRACERS = {
    "tcp": {
        **_ANY,
        "traceroute -T": _traceroute("-T", "-p", "PORT"),
        "scamper tcp-ack": _scamper("tcp-ack"),
        "scamper tcp": _scamper("tcp"),
    },
    "udp": {**_ANY, "traceroute -U": _traceroute("-U", "-p", "PORT")},
}


def tracers(protocol):
    """For flows of the protocol: {name: function(node, family, address, port) -> addresses, None where silent}"""
    fitting = _TRACERS[protocol]
    if isolation.may_change_groups():
        return fitting
    print("(scamper does not run in a user namespace: left out)")
    return {name: trace for name, trace in fitting.items() if not name.startswith("scamper")}
