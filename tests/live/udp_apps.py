# SPDX-License-Identifier: GPL-2.0-or-later
"""Other people's programs that speak UDP: netcat, socat, a QUIC server and client, a name server and glibc's resolver.

Most of them know nothing of tracing and take any datagram for their peer's, an empty one for its end. Leaves our own
applications to apps.py.
"""

import hashlib
import os
import re
import subprocess
import tempfile
import threading
import time

import isolation
from apps import host_text
from lab import LabError, wait_until
from truth import Flow

QUIC_PORT = 4433
ZONE = "lab.test"
DNS_PORT = 53


class _Typist(threading.Thread):
    """Types lines into a program's standard input, which stays open: the program has no reason of its own to end."""

    LINE_EVERY_S = 0.05

    def __init__(self, word, count):
        super().__init__(daemon=True)
        self.lines = [f"{word} {number}\n" for number in range(count)]
        self.program = None

    def run(self):
        for line in self.lines:
            try:
                self.program.process.stdin.write(line.encode())
                self.program.process.stdin.flush()
            except OSError:
                return  # it has ended; whoever looks at it will say so
            time.sleep(self.LINE_EVERY_S)

    def text(self):
        return "".join(self.lines)


class Netcat:
    """`nc -u -l` and a `nc -u` that talk to each other, line by line, for about so many seconds."""

    def __init__(self, server, client, address, port, seconds):
        self.port, self.local_port = port, 40000 + port  # known, so that a control can speak for the client
        self._address = address
        family = "-6" if ":" in address else "-4"
        self._typists = [_Typist(word, int(seconds / _Typist.LINE_EVERY_S)) for word in ("question", "answer")]
        self.server = server.start(["nc", family, "-u", "-l", "-p", port], name="netcat-server", stdin=subprocess.PIPE)
        server.wait_listening(port, self.server, "udp")
        self.client = client.start(["nc", family, "-u", "-p", self.local_port, address, port], name="netcat-client",
                                   stdin=subprocess.PIPE)
        for typist, program in zip(self._typists, (self.client, self.server)):
            typist.program = program
            typist.start()

    def flow(self, source):
        return Flow(source, self.local_port, self._address, self.port, "udp")

    def lines(self):
        """How many lines, so datagrams, the client sends."""
        return len(self._typists[0].lines)

    def faults(self, timeout):
        """Waits until all is said; returns what is wrong, as texts."""
        ends = list(zip((self.server, self.client), self._typists))
        try:
            wait_until(lambda: all(len(end.stdout()) >= len(typist.text()) for end, typist in ends), timeout,
                       "all lines arrive")
        except LabError as error:
            return [str(error), *(f"{end.name} got {end.stdout()[-60:]!r}" for end, _ in ends)]
        return [f"{end.name} did not get what was sent" for end, typist in ends if end.stdout() != typist.text()] + \
            [f"{end.name} has ended: {end.stderr()}" for end, _ in ends if not end.running()]


class Socat:
    """socat as an echo server. For UDP-LISTEN an empty datagram is the end; UDP-RECVFROM makes a child for each one."""

    def __init__(self, node, family, port, forks):
        address = f"UDP{family}-RECVFROM:{port},fork" if forks else f"UDP{family}-LISTEN:{port}"
        self.process = node.start(["socat", address, "EXEC:cat" if forks else "PIPE"])
        node.wait_listening(port, self.process, "udp")


def make_certificate(node, folder):
    """Returns the paths of a new key and of a certificate that nobody vouches for."""
    paths = [os.path.join(folder, name) for name in ("key.pem", "certificate.pem")]
    node.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
              "-days", "2", "-subj", f"/CN=web.{ZONE}", "-keyout", paths[0], "-out", paths[1]])
    return paths


class QuicServer:
    """ngtcp2's HTTP/3 server with one file of random bytes."""

    PAYLOAD_BYTES = 4_000_000

    def __init__(self, node):
        self.node = node
        self._folder = tempfile.mkdtemp(prefix="quic-", dir=isolation.FOLDER)
        payload = os.urandom(self.PAYLOAD_BYTES)
        self.digest = hashlib.sha256(payload).hexdigest()
        with open(os.path.join(self._folder, "payload"), "wb") as stream:
            stream.write(payload)
        key, certificate = make_certificate(node, self._folder)
        self.process = node.start(["gtlsserver", "-q", "-d", self._folder, "*", QUIC_PORT, key, certificate])
        node.wait_listening(QUIC_PORT, self.process, "udp")

    def download(self, client, address, name=None):
        """name: whom the client wants to reach, so what it says in SNI; it has to find the address by it."""
        return QuicDownload(client, address, self.digest, name)


class QuicDownload:
    """One transfer by ngtcp2's client."""

    def __init__(self, client, address, digest, name=None):
        self._client, self._address, self._digest = client, address, digest
        self._folder = tempfile.mkdtemp(prefix="fetched-", dir=isolation.FOLDER)
        self.process = client.start(["gtlsclient", "-q", "--exit-on-all-streams-close", "--download", self._folder,
                                     name or address, QUIC_PORT,
                                     f"https://{host_text(address)}:{QUIC_PORT}/payload"])

    def flow(self, timeout=5.0):
        """The flow as the client sees it."""
        def connected():
            table = self._client.run(["ss", "-uanpH"]).stdout  # it binds its socket and does not connect it
            return re.search(rf"(\S+):(\d+)\s+\S+:\*.*pid={self.process.pid}\b", table)
        found = wait_until(connected, timeout, "the QUIC client has a socket")
        return Flow(found[1].strip("[]"), int(found[2]), self._address, QUIC_PORT, "udp")

    def running(self):
        return self.process.running()

    def finish(self, timeout=30):
        """Waits; returns whether the file is intact."""
        if self.process.wait(timeout) != 0:
            raise LabError(f"the QUIC client: {self.process.stderr()[-600:]}")
        with open(os.path.join(self._folder, "payload"), "rb") as stream:
            return hashlib.sha256(stream.read()).hexdigest() == self._digest


class NameServer:
    """dnsmasq with names host0.lab.test ... in both IP versions, and all nodes' glibc made to ask it."""

    NAMES = 200

    def __init__(self, node, address, more=()):
        """more: further options of dnsmasq."""
        records = [f"--host-record=host{n}.{ZONE},192.0.2.{n + 1},2001:db8::{n + 1:x}" for n in range(self.NAMES)]
        self.process = node.start(["dnsmasq", "--keep-in-foreground", "--no-resolv", "--no-hosts", "--no-daemon",
                                   "--conf-file=/dev/null", f"--port={DNS_PORT}", *records, *more],
                                  name="dnsmasq")
        node.wait_listening(DNS_PORT, self.process, "udp")
        self.ask_at(address)

    @staticmethod
    def ask_at(address):
        cover("/etc/resolv.conf", f"nameserver {address}\noptions timeout:2 attempts:1\n")
        cover("/etc/nsswitch.conf", "hosts: files dns\n")


def cover(path, text):
    """Puts another file over one of the system's. The mounts are the test's own; a later one covers those before."""
    covered = os.path.realpath(path)
    if covered.startswith("/run/") and not os.path.exists(covered):  # a link into the folder that we hide
        os.makedirs(os.path.dirname(covered), exist_ok=True)
        open(covered, "x", encoding="ascii").close()
    if not os.path.exists(covered):
        isolation.skip(f"there is no {path} to put another one over")
    with tempfile.NamedTemporaryFile("w", prefix="etc-", dir=isolation.FOLDER, delete=False) as stream:
        stream.write(text)
    subprocess.run(["mount", "--bind", stream.name, covered], check=True)


def say_hosts(addresses):
    """{name: address} that glibc knows without asking anybody."""
    cover("/etc/hosts", "".join(f"{address} {name}\n" for name, address in addresses.items()))
    cover("/etc/nsswitch.conf", "hosts: files dns\n")


def look_up(node, seconds):
    """glibc's own lookups, one after the other for so long; returns (how many, what went wrong)."""
    done, faults, end = 0, [], time.monotonic() + seconds
    while time.monotonic() < end:
        number = done % NameServer.NAMES
        answer = node.run(["getent", "ahosts", f"host{number}.{ZONE}"], check=False)
        done += 1
        if not (f"192.0.2.{number + 1} " in answer.stdout and f"2001:db8::{number + 1:x} " in answer.stdout):
            faults.append(f"lookup {done}: exit {answer.returncode}, {answer.stdout!r} {answer.stderr!r}")
    return done, faults
