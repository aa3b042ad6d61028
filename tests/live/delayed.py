# SPDX-License-Identifier: GPL-2.0-or-later
"""A lab with delay: the kernel's real TCP and UDP over the simulated network of tests/simnet.

client - simulated routers - server, or client - gateway (a kernel router) - simulated routers - server. The routers are
simnet-relay between two TUN devices; a scenario (testdata/scenarios/README.md) says what they do, and so what is true.
Leaves kernel routers to topologies.py and who talks to apps.py and bulk_app.py.
"""

import configparser
import json
import os
import signal
import time

import isolation
import tools
from lab import Lab, LabError, wait_until
from truth import PROBE_TTL_LIMIT, family

NEAR, FAR = "simnet0", "simnet0"  # names of the two TUN devices, each in its own namespace
GATEWAY = {4: "10.0.0.1", 6: "fd00::1"}
_HOST = {4: "10.0.0.2", 6: "fd00::2"}  # the defaults of scenario files, as scenario.c has them
_DESTINATION = {4: "10.99.0.2", 6: "fd00:99::2"}
_DEFAULT_DELAY = "1ms"
_UNITS_MS = {"ns": 1e-6, "us": 1e-3, "ms": 1.0, "s": 1e3}
_MTU = 1500
_QUEUE_PACKETS = 5000  # of a TUN device: what a sender's whole window may put there at once
# A witness of what reaches the server with a TTL that no host sends with.
_PROBE_COUNTER = f"""
table inet witness {{
	counter probes {{ }}
	chain prerouting {{
		type filter hook prerouting priority -300; policy accept;
		ip ttl < {PROBE_TTL_LIMIT} counter name probes
		ip6 hoplimit < {PROBE_TTL_LIMIT} counter name probes
	}}
}}
"""
_EVERYWHERE = {4: "0.0.0.0/0", 6: "::/0"}


class Scenario:
    """The text of a scenario and what is true of its path."""

    def __init__(self, text):
        self.text = text
        self._file = configparser.ConfigParser(interpolation=None, delimiters=("=",), comment_prefixes=("#",))
        self._file.read_string(text)
        self.hops = sum(name.startswith("hop ") for name in self._file.sections())
        self.host = self._addresses("host", _HOST)
        self.destination = self._addresses("destination", _DESTINATION)

    def get(self, group, key, otherwise=None):
        return self._file.get(group, key, fallback=otherwise)

    def routers(self, version):
        """The first address of each hop, in order."""
        return [self._addresses(f"hop {n}", {4: f"10.{n}.0.1", 6: f"fd00:{n:x}::1"})[version]
                for n in range(1, self.hops + 1)]

    def round_trip_ms(self, hop):
        """What the delays of the links make of it, there and back; hop hops + 1 is the destination."""
        groups = [f"hop {n}" for n in range(1, min(hop, self.hops) + 1)] + ["destination"] * (hop > self.hops)
        return 2 * sum(_milliseconds(self.get(group, "delay", _DEFAULT_DELAY)) for group in groups)

    def _addresses(self, group, otherwise):
        return {version: self.get(group, f"v{version}", otherwise[version]) for version in (4, 6)}


def even_path(hops, round_trip_ms, keys=None, extra=""):
    """A scenario of so many hops whose links share the delay evenly.

    keys: {hop: further lines of its group}; extra: further groups.
    """
    delay = f"delay = {round_trip_ms * 1000 / 2 / (hops + 1):.0f}us"
    groups = [f"[hop {n}]\n{delay}\n{(keys or {}).get(n, '')}" for n in range(1, hops + 1)]
    return Scenario("\n".join([*groups, f"[destination]\n{delay}", extra]) + "\n")


def _milliseconds(text):
    number = text.rstrip("mnsu")
    return float(number) * _UNITS_MS[text[len(number):]]


class Truth:
    """As truth.Truth, of a delayed network: the scenario's own addresses."""

    def __init__(self, scenario, gateway):
        self._scenario = scenario
        self._gateway = gateway

    def addresses(self, flow):
        version = family(flow)
        on_the_way = ([GATEWAY[version]] if self._gateway else []) + self._scenario.routers(version)
        return on_the_way if flow.destination == self._scenario.destination[version] else on_the_way[::-1]


class Relay:
    """simnet-relay between two nodes that have the TUN devices already."""

    def __init__(self, scenario, near, far):
        path = tools.scratch("relayed.scenario")
        with open(path, "w", encoding="utf-8") as stream:
            stream.write(scenario.text)
        # It goes into both namespaces itself; where it is started does not matter.
        self.process = near.start([_program(), path, _namespace(near), NEAR, _namespace(far), FAR])
        wait_until(lambda: self.process.stderr() or not self.process.running(), 5.0, "the relay runs")
        if not self.process.running():
            raise LabError(f"the relay ended: {self.process.stderr()}")

    def stop(self):
        """Returns its counters."""
        code = self.process.stop(signal.SIGTERM)
        if code != 0:
            raise LabError(f"the relay ended with {code}: {self.process.stderr()}")
        return json.loads(self.process.stdout())


def _program():
    if not os.access("/dev/net/tun", os.R_OK | os.W_OK):
        isolation.skip("no TUN devices here (/dev/net/tun)")
    path = os.environ.get("ST_RELAY") or os.path.join(tools.SOURCE, "build", "tests", "simnet-relay")
    if not os.access(path, os.X_OK):
        isolation.skip(f"{path} is not built (set ST_RELAY to the program)")
    return os.path.abspath(path)


def _namespace(node):
    return f"/run/netns/{node.name}"


class Device:
    """A TUN device; stands among a node's interfaces like the end of a link."""

    def __init__(self, node, name, addresses):
        self.node = node
        self.name = name
        self.addresses = addresses


class Network:
    """A built lab with delay; has what topologies.Network has, as far as it makes sense here."""

    def __init__(self, scenario, gateway=False):
        self.scenario = scenario
        self.lab = Lab()
        self.client, self.server = self.lab.host("client"), self.lab.host("server")
        self.gateway = self.lab.router("gateway") if gateway else None
        self.client_address, self.server_address = scenario.host, scenario.destination
        self.server.rules.append(_PROBE_COUNTER)
        if gateway:
            self._describe_gateway()
        self.lab.build()
        near = self.gateway or self.client
        _add_device(near, NEAR, {} if gateway else scenario.host)
        _add_device(self.server, FAR, scenario.destination)
        self.client_interface = self.client.interface(self.gateway).name if gateway else NEAR
        self.server_interface = FAR
        earliest = time.time()
        self.relay = Relay(scenario, near, self.server)
        self.began = (earliest, time.time())  # the scenario's time 0 lies between these

    def truth(self):
        return Truth(self.scenario, self.gateway)

    def probes_at_server(self):
        """Packets of a small TTL that came in there so far."""
        return self.server.counter("probes")

    def set_both(self, name, value):
        """A kernel setting of both hosts."""
        self.client.set(name, value)
        self.server.set(name, value)

    def remove(self):
        """Returns the relay's counters."""
        counters = self.relay.stop()
        self.lab.remove()
        return counters

    def _describe_gateway(self):
        self.lab.link(self.client, self.gateway)
        self.client.interface(self.gateway).addresses = self.scenario.host
        self.gateway.interface(self.client).addresses = GATEWAY
        self.client.route(_EVERYWHERE, [self.gateway])


def _add_device(node, name, addresses):
    node.run(["ip", "tuntap", "add", "mode", "tun", "name", name])
    node.run(["ip", "link", "set", name, "mtu", _MTU, "txqueuelen", _QUEUE_PACKETS, "up"])
    for version, address in addresses.items():
        bits = 32 if version == 4 else 128
        node.run(["ip", "address", "add", f"{address}/{bits}", "dev", name, *(["nodad"] if version == 6 else [])])
    for version, everywhere in _EVERYWHERE.items():
        node.run(["ip", f"-{version}", "route", "add", everywhere, "dev", name])
    node.interfaces["simnet"] = Device(node, name, addresses)
