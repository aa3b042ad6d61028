# SPDX-License-Identifier: GPL-2.0-or-later
"""Real applications for the lab: nginx and curl, and the echo applications of stream_app.py and datagram_app.py.

All check that the bytes arrive intact, because tracing must not harm the traced flow. Leaves other programs that speak
UDP to udp_apps.py.
"""

import collections
import hashlib
import json
import os
import sys
import tempfile

import isolation
from lab import LabError, wait_until
from truth import Flow

ECHO_PORT = 7007
_HERE = os.path.dirname(os.path.abspath(__file__))
_STREAM_APP = os.path.join(_HERE, "stream_app.py")
_DATAGRAM_APP = os.path.join(_HERE, "datagram_app.py")
_PAYLOAD_BYTES = 400_000

_NGINX = """
# One process, and that as root: in a user namespace there is no other user to become.
user root; daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ worker_connections 1024; }}
http {{
	access_log off; sendfile on; tcp_nodelay on;
	client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
	uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
	server {{
		{listen}
		root {folder};
		limit_rate $arg_rate;
	}}
}}
"""


def host_text(address):
    """An address as URLs and flow selections write it."""
    return f"[{address}]" if ":" in address else address


class WebServer:
    """nginx with files that can be told to come slowly."""

    def __init__(self, node, ports, payload_bytes=_PAYLOAD_BYTES):
        self.node = node
        self.payload_bytes = payload_bytes
        folder = tempfile.mkdtemp(prefix="nginx-", dir=isolation.FOLDER)
        payload = os.urandom(payload_bytes)
        self.digest = hashlib.sha256(payload).hexdigest()
        with open(os.path.join(folder, "payload"), "wb") as stream:
            stream.write(payload)
        listen = " ".join(f"listen {port}; listen [::]:{port} ipv6only=on;" for port in ports)
        configuration = os.path.join(folder, "nginx.conf")
        with open(configuration, "w", encoding="utf-8") as stream:
            stream.write(_NGINX.format(folder=folder, listen=listen))
        self.process = node.start(["nginx", "-e", "stderr", "-p", folder, "-c", configuration])
        for port in ports:
            node.wait_listening(port, self.process)

    def download(self, client, host, port, seconds, version=None):
        """Starts a curl that takes about so many seconds (0: as fast as it goes). host: an address, or a name that is
        to be looked up and reached in this version of IP."""
        rate = int(self.payload_bytes / seconds) if seconds else 0
        options = [f"-{version}"] if version else []
        return Download(client, f"http://{host_text(host)}:{port}/payload?rate={rate}", self.digest, seconds, options)


class Download:
    """One curl."""

    _counter = 0

    def __init__(self, client, url, digest, seconds, options=()):
        Download._counter += 1
        self._digest = digest
        self._seconds = seconds
        self._file = os.path.join(isolation.FOLDER, f"download-{Download._counter}")
        self._process = client.start([
            "curl", "-q", *options, "--silent", "--show-error", "--noproxy", "*", "--max-time", str(int(seconds) + 20),
            "--output", self._file, "--write-out",
            "%{local_ip} %{local_port} %{remote_ip} %{remote_port} %{http_code}", url])

    def running(self):
        return self._process.running()

    def finish(self):
        """Waits; returns (the flow as the client sees it, whether the file is intact)."""
        code = self._process.wait(self._seconds + 25)
        words = self._process.stdout().split()
        if code != 0 or len(words) != 5:
            raise LabError(f"curl: exit {code}: {self._process.stderr()}")
        with open(self._file, "rb") as stream:
            intact = hashlib.sha256(stream.read()).hexdigest() == self._digest and words[4] == "200"
        os.unlink(self._file)
        return Flow(words[0], int(words[1]), words[2], int(words[3])), intact


class EchoServer:
    """stream_app.py's server; says nothing until spoken to."""

    def __init__(self, node, port=ECHO_PORT):
        self.process = node.start([sys.executable, _STREAM_APP, "serve", port], name="echo-server")
        node.wait_listening(port, self.process)


class DatagramServer:
    """datagram_app.py's server; its port may be that of an EchoServer."""

    def __init__(self, node, port=ECHO_PORT):
        self.process = node.start([sys.executable, _DATAGRAM_APP, "serve", port], name="datagram-server")
        node.wait_listening(port, self.process, "udp")

    def finish(self):
        """Ends it; returns what it was sent: {"good": datagrams of its clients, "empty": ..., "stray": ...}."""
        self.process.stop()
        return json.loads(self.process.stdout())


def start_servers(node, ports=(ECHO_PORT,)):
    """Both kinds, for all TALKS."""
    for port in ports:
        EchoServer(node, port)
        DatagramServer(node, port)


class Talk:
    """stream_app.py's client: writes, and checks what comes back."""

    program, protocol = _STREAM_APP, "tcp"

    def __init__(self, client, address, port=ECHO_PORT, **options):
        words = []
        for name, value in options.items():
            words += [f"--{name}"] if value is True else [f"--{name}", value]
        self._seconds = options.get("seconds", 3.0) + options.get("silence", 0.0)
        self._process = client.start([sys.executable, self.program, "talk", address, port, *words], name="talk")
        self._peer = (address, port)

    def flow(self, timeout=5.0):
        """The flow as the client sees it; waits until it is connected."""
        wait_until(lambda: self._lines() or not self._process.running(), timeout, "the application connects")
        if not self._lines():
            raise LabError(f"the application could not connect: {self._process.stderr()}")
        first = self._lines()[0]
        return Flow(first["local_address"], first["local_port"], *self._peer, self.protocol)

    def running(self):
        return self._process.running()

    def finish(self):
        """Waits; returns whether every byte came back unchanged."""
        return self.outcome().get("intact", False)

    def outcome(self):
        """Waits; returns all that the application says at its end."""
        self._process.wait(self._seconds + 35)
        return (self._lines() or [{}])[-1]

    def _lines(self):
        return [json.loads(line) for line in self._process.stdout().splitlines() if line.endswith("}")]


class DatagramTalk(Talk):
    """datagram_app.py's client: sends requests and checks that each is answered as it should, by nothing else."""

    program, protocol = _DATAGRAM_APP, "udp"


TALKS = {talk.protocol: talk for talk in (Talk, DatagramTalk)}


class Downloads:
    """Several downloads at once from nginx, in turn from its ports."""

    def __init__(self, server, ports):
        self._web = WebServer(server, sorted(set(ports)))
        self._ports = ports
        self._running = []

    def start(self, client, address, count, seconds):
        self._running = [self._web.download(client, address, self._ports[n % len(self._ports)], seconds)
                         for n in range(count)]

    def finish(self, check):
        """Returns the flows."""
        done = [download.finish() for download in self._running]
        check.that(all(intact for _, intact in done), f"{len(done)} downloads at once are intact")
        return [flow for flow, _ in done]

    def check_strays(self, check):
        """Whether the server got what was not meant for it; TCP keeps that from the application."""


class Streams:
    """Several UDP flows at once, whose requests have several answers each; in turn from the ports."""

    def __init__(self, server, ports):
        self._servers = [DatagramServer(server, port) for port in sorted(set(ports))]
        self._ports = ports
        self._running = []
        self._sent = 0

    def start(self, client, address, count, seconds):
        self._running = [DatagramTalk(client, address, self._ports[n % len(self._ports)], seconds=seconds, answers=3)
                         for n in range(count)]

    def finish(self, check):
        """Returns the flows."""
        ends = [talk.outcome() for talk in self._running]
        faults = [end for end in ends if not end.get("intact")]
        check.that(not faults, f"{len(ends)} streams of datagrams at once are intact", str(faults[:2]))
        self._sent += sum(end.get("sent", 0) for end in ends)
        return [talk.flow() for talk in self._running]

    def check_strays(self, check):
        """Ends the servers: none got anything but what its clients sent."""
        got = collections.Counter()
        for server in self._servers:
            got.update({name: count for name, count in server.finish().items() if name != "strays"})
        check.equal(dict(got), {"good": self._sent, "empty": 0, "stray": 0},
                    f"the application got the {self._sent} datagrams that were meant for it and nothing else")


LOADS = {"tcp": Downloads, "udp": Streams}
