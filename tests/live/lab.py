# SPDX-License-Identifier: GPL-2.0-or-later
"""A private network of kernel hosts and routers: network namespaces joined by veth pairs, IPv4 and IPv6.

A node is one namespace. A link is one veth pair with one IPv4 and one IPv6 subnet; the interface of node A towards
node B is called "to-B". Describe nodes, links and routes first, then build() makes them in a few batches.
Leaves to topologies.py which networks there are, to truth.py which way a packet takes, to apps.py who talks.
"""

import ctypes
import json
import os
import signal
import subprocess
import time

import isolation

DEFAULT_TIMEOUT = 20.0
_POLL = 0.02
_MAX_LINKS = 250

# One line of reason each: see "The kernel lab: what bites" in the design notes.
_COMMON_SETTINGS = {
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    "net.ipv4.icmp_errors_use_inbound_ifaddr": 1,  # a router behind ECMP answers with the address it was reached by
    "net.ipv6.conf.all.accept_dad": 0,
    "net.ipv6.conf.default.accept_dad": 0,
    "net.ipv6.conf.default.router_solicitations": 0,
    "net.ipv4.fib_multipath_hash_policy": 3,  # over veth, policy 1 uses a hash that injected packets do not carry
    "net.ipv6.fib_multipath_hash_policy": 3,
    "net.ipv4.fib_multipath_hash_fields": 55,  # addresses, protocol, ports
    "net.ipv6.fib_multipath_hash_fields": 55,
    "net.ipv4.ping_group_range": "0 0",
}
_UNLIMITED_ICMP = {
    "net.ipv4.icmp_ratelimit": 0,
    "net.ipv6.icmp.ratelimit": 0,
    "net.ipv4.icmp_msgs_per_sec": 1000000,  # before Linux 6.12 only the first namespace has these two
    "net.ipv4.icmp_msgs_burst": 1000000,
}
_FORWARDING = {"net.ipv4.ip_forward": 1, "net.ipv6.conf.all.forwarding": 1}


class LabError(Exception):
    """The lab itself failed; says nothing about the program under test."""


class Interface:
    """One end of a link."""

    def __init__(self, node, peer, link_number, end):
        self.node = node
        self.peer = peer
        self.name = f"to-{peer.name}"
        self.mac = f"02:00:00:00:{link_number:02x}:{end:02x}"
        self.addresses = {4: f"10.0.{link_number}.{end}", 6: f"fd00:0:0:{link_number:x}::{end}"}
        self.subnets = {4: f"10.0.{link_number}.0/24", 6: f"fd00:0:0:{link_number:x}::/64"}


class Background:
    """A program that runs in a node while the test goes on. Its output is in files."""

    def __init__(self, process, name, stdout_path, stderr_path):
        self.process = process
        self.name = name
        self.stdout_path = stdout_path
        self.stderr_path = stderr_path

    @property
    def pid(self):
        return self.process.pid

    def running(self):
        return self.process.poll() is None

    def send_signal(self, number):
        if self.running():
            self.process.send_signal(number)

    def wait(self, timeout=DEFAULT_TIMEOUT):
        """Exit code; a program that does not end in time is killed and raises."""
        try:
            return self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise LabError(f"{self.name} did not end within {timeout} s; "
                           f"it said: {self.stderr()[-600:]!r}") from None

    def stop(self, number=signal.SIGINT, timeout=DEFAULT_TIMEOUT):
        self.send_signal(number)
        return self.wait(timeout)

    def stdout(self):
        with open(self.stdout_path, encoding="utf-8", errors="replace") as stream:
            return stream.read()

    def stderr(self):
        with open(self.stderr_path, encoding="utf-8", errors="replace") as stream:
            return stream.read()


class Node:
    """A host or a router: one network namespace."""

    def __init__(self, lab, name, forwards):
        self.lab = lab
        self.name = name
        self.forwards = forwards
        self.translates = False  # set by whoever gives it NAT rules
        self.spreads = False  # has several next hops for one destination
        self.interfaces = {}  # by the peer's name
        self.settings = dict(_COMMON_SETTINGS)
        self.rules = []  # nft rulesets, as text
        self.batches = {4: [], 6: []}
        self._started = []

    def interface(self, peer):
        return self.interfaces[peer.name]

    def address(self, peer, family):
        return self.interfaces[peer.name].addresses[family]

    def owns(self, address):
        return any(address in one.addresses.values() for one in self.interfaces.values())

    def route(self, destinations, via, table=None):
        """Both families. destinations: {4: prefix, 6: prefix}; via: one neighbour, or several for flow-hash ECMP."""
        self.spreads |= len(via) > 1
        for family in (4, 6):
            hops = [peer.address(self, family) for peer in via]
            towards = f"via {hops[0]}" if len(hops) == 1 else " ".join(f"nexthop via {hop}" for hop in hops)
            place = f" table {table}" if table else ""
            # IPv6 has no "answer with the address that was reached", and kernels differ in what they choose.
            source = f" src {self.address(via[0], 6)}" if family == 6 else ""
            self.batches[family].append(f"route add {destinations[family]}{place}{source} {towards}")

    def add_address(self, address):
        """One more for the running node, on its loopback interface."""
        self.run(["ip", "addr", "add", f"{address}/{128 if ':' in address else 32}", "dev", "lo"])

    def rule(self, text):
        """A policy routing rule, in both families."""
        for family in (4, 6):
            self.batches[family].append(f"rule add {text}")

    def run(self, command, timeout=DEFAULT_TIMEOUT, check=True, **options):
        """Runs to the end inside the node; output is captured as text."""
        options.setdefault("stdout", subprocess.PIPE)
        options.setdefault("stderr", subprocess.PIPE)
        if "input" not in options:
            options.setdefault("stdin", subprocess.DEVNULL)
        done = subprocess.run(self.command(command), text=True, timeout=timeout, check=False, **options)
        if check and done.returncode != 0:
            raise LabError(f"{self.name}: {' '.join(map(str, command))}: exit {done.returncode}: {done.stderr}")
        return done

    def start(self, command, name=None, **options):
        """Starts a program inside the node and returns at once."""
        name = name or os.path.basename(str(command[0]))
        stem = os.path.join(isolation.FOLDER, f"{self.name}-{len(self._started)}-{name}")
        with open(stem + ".out", "wb") as out, open(stem + ".err", "wb") as err:
            options.setdefault("stdout", out)
            options.setdefault("stderr", err)
            options.setdefault("stdin", subprocess.DEVNULL)
            process = subprocess.Popen(self.command(command), **options)  # pylint: disable=consider-using-with
        self._started.append(Background(process, name, stem + ".out", stem + ".err"))
        return self._started[-1]

    def kill_all(self):
        """Ends every program started here."""
        for background in self._started:
            background.send_signal(signal.SIGKILL)
            background.wait()

    def command(self, command):
        # Not setns alone: `ip netns exec` also mounts the /sys that belongs to the namespace.
        return ["ip", "netns", "exec", self.name, *map(str, command)]

    def ip_json(self, *arguments):
        done = subprocess.run(["ip", "-n", self.name, "-j", *map(str, arguments)],
                              capture_output=True, text=True, timeout=DEFAULT_TIMEOUT, check=False)
        if done.returncode != 0:
            raise LabError(f"{self.name}: ip {' '.join(map(str, arguments))}: {done.stderr}")
        return json.loads(done.stdout or "[]")

    def nft(self, ruleset):
        self.run(["nft", "-f", "-"], input=ruleset)

    def counter(self, name):
        """Packets counted by a named nft counter."""
        listing = json.loads(self.run(["nft", "-j", "list", "counters"]).stdout)
        for entry in listing["nftables"]:
            if entry.get("counter", {}).get("name") == name:
                return entry["counter"]["packets"]
        raise LabError(f"{self.name} has no counter {name}")

    def set(self, name, value):
        """Changes a kernel setting of the running node."""
        self.run(["sh", "-ec", f"echo {value} > {_setting(name)}"])

    def setting(self, name):
        """A kernel setting of the running node, as text."""
        return self.run(["cat", _setting(name)]).stdout.strip()

    def wait_listening(self, port, server, protocol="tcp", timeout=5.0):
        """server: the Background that shall listen."""
        def listening():
            if not server.running():
                raise LabError(f"{server.name} ended: {server.stderr()}")
            return self.run(["ss", f"-{protocol[0]}lnH", f"sport = :{port}"]).stdout.strip()
        wait_until(listening, timeout, f"{self.name} listens on {protocol} port {port}")

    def udp_counters(self, family):
        """What this host's kernel did with datagrams so far: InDatagrams (given to applications), InCsumErrors, ..."""
        if family == 6:
            rows = [line.split() for line in self.run(["cat", "/proc/net/snmp6"]).stdout.splitlines()]
            return {name.removeprefix("Udp6"): int(value) for name, value in rows if name.startswith("Udp6")}
        rows = [line.split() for line in self.run(["cat", "/proc/net/snmp"]).stdout.splitlines()]
        names, values = [row[1:] for row in rows if row[0] == "Udp:"]
        return dict(zip(names, map(int, values)))

    def inside(self):
        """A context in which this very thread's new sockets belong to the node."""
        return _InsideNamespace(self.name)


class _InsideNamespace:
    _CLONE_NEWNET = 0x40000000

    def __init__(self, name):
        self._path = f"/run/netns/{name}"
        self._back = None

    def _enter(self, descriptor):
        libc = ctypes.CDLL(None, use_errno=True)  # os.setns came with Python 3.12
        if libc.setns(descriptor, self._CLONE_NEWNET) != 0:
            raise LabError(f"setns {self._path}: {os.strerror(ctypes.get_errno())}")

    def __enter__(self):
        self._back = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        descriptor = os.open(self._path, os.O_RDONLY)
        try:
            self._enter(descriptor)
        finally:
            os.close(descriptor)

    def __exit__(self, *_):
        self._enter(self._back)
        os.close(self._back)


class Lab:
    """All nodes and links of one network."""

    def __init__(self, offloads=False, limited_icmp=False):
        self.offloads = offloads  # True leaves the virtual cards' offloads on: GSO-sized frames, unfinished checksums
        self.limited_icmp = limited_icmp  # True keeps the kernel's default limits of ICMP errors
        self.nodes = {}
        self.links = []

    def host(self, name):
        return self._node(name, forwards=False)

    def router(self, name):
        return self._node(name, forwards=True)

    def link(self, one, other):
        number = len(self.links) + 1
        if number > _MAX_LINKS:
            raise LabError("too many links for the address plan")
        ends = (Interface(one, other, number, 1), Interface(other, one, number, 2))
        one.interfaces[other.name], other.interfaces[one.name] = ends
        self.links.append(ends)

    def owner(self, address):
        """(node, interface) that has this address, or (None, None)."""
        for node in self.nodes.values():
            for interface in node.interfaces.values():
                if address in interface.addresses.values():
                    return node, interface
        return None, None

    def build(self):
        """Makes what was described."""
        _batch([], [f"netns add {name}" for name in self.nodes])
        for node in self.nodes.values():
            self._settle(node)
        _batch([], [_veth(one, other) for one, other in self.links])
        for node in self.nodes.values():
            _configure_interfaces(node)
        for node in self.nodes.values():
            self._finish(node)

    def remove(self):
        """Makes room for another lab in the same process; at the process's end nothing needs to be removed."""
        for node in self.nodes.values():
            node.kill_all()
        _batch([], [f"netns del {name}" for name in self.nodes])

    def _node(self, name, forwards):
        node = Node(self, name, forwards)
        if forwards:
            node.settings.update(_FORWARDING)
            if not self.limited_icmp:
                node.settings.update(_UNLIMITED_ICMP)
        self.nodes[name] = node
        return node

    @staticmethod
    def _settle(node):
        # Settings that this kernel does not have, or keeps in the first namespace only, are left alone.
        lines = [f"[ ! -e {_setting(name)} ] || echo {value} > {_setting(name)}"
                 for name, value in node.settings.items()]
        node.run(["sh", "-e"], input="\n".join(lines) + "\n")

    def _finish(self, node):
        for family in (4, 6):
            _batch(["-n", node.name, f"-{family}"], node.batches[family])
        if not self.offloads:
            commands = [f"ethtool -K {one.name} tx off gso off tso off gro off" for one in node.interfaces.values()]
            node.run(["sh", "-ec", "\n".join(commands)])
        for ruleset in node.rules:
            node.nft(ruleset)


def _setting(name):
    return "/proc/sys/" + name.replace(".", "/")


def _veth(one, other):
    return (f"link add {one.name} netns {one.node.name} address {one.mac} type veth "
            f"peer name {other.name} netns {other.node.name} address {other.mac}")


def _configure_interfaces(node):
    lines = ["link set lo up"]
    for peer_name, interface in node.interfaces.items():
        there = node.lab.nodes[peer_name].interface(node)
        lines.append(f"addr add {interface.addresses[4]}/24 dev {interface.name}")
        lines.append(f"addr add {interface.addresses[6]}/64 dev {interface.name} nodad")
        lines.append(f"link set {interface.name} up")
        for address in there.addresses.values():  # unresolved neighbours queue little: never let them be unresolved
            lines.append(f"neigh add {address} lladdr {there.mac} dev {interface.name} nud permanent")
    _batch(["-n", node.name], lines)


def _batch(options, lines):
    if not lines:
        return
    done = subprocess.run(["ip", *options, "-batch", "-"], input="\n".join(lines) + "\n",
                          capture_output=True, text=True, timeout=DEFAULT_TIMEOUT, check=False)
    if done.returncode != 0:
        raise LabError(f"ip {' '.join(options)}: {done.stderr}")


def wait_until(condition, timeout, what):
    """Polls until the condition holds; returns its value."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise LabError(f"not within {timeout} s: {what}")
        time.sleep(_POLL)
