# SPDX-License-Identifier: GPL-2.0-or-later
"""Starts the bulk transfers of bulk_app.py in a lab and brings together what both their ends say.

Leaves the network to delayed.py and what is right to the tests.
"""

import collections
import json
import os
import sys

from lab import LabError, wait_until
from truth import Flow

PORT = 7070
_APP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bulk_app.py")
_SLACK_S = 35  # until a transfer that hangs is given up

# sender: what the sending end said, with the kernel's counts; intact: the digests of both ends agree.
Outcome = collections.namedtuple("Outcome", "flow sender intact")


def lines_of(process):
    return [json.loads(line) for line in process.stdout().splitlines() if line.endswith("}")]


class Server:
    """The far end of any number of transfers."""

    def __init__(self, node, port=PORT):
        self.port = port
        self.process = node.start([sys.executable, _APP, "serve", port], name="bulk-server")
        node.wait_listening(port, self.process)

    def said(self, role, client_port):
        for line in lines_of(self.process):
            if line["role"] == role and line["peer_port"] == client_port:
                return line
        return None


class Transfer:
    """One transfer; way "up" is from the client to the server."""

    def __init__(self, client, server, address, way, **options):
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self._seconds = options.get("seconds", 3.0) + options.get("stall", 0.0)
        self._server, self._way, self._peer = server, way, (address, server.port)
        self.process = client.start([sys.executable, _APP, "transfer", address, server.port, way, *words],
                                    name=f"transfer-{way}")

    def flow(self, timeout=10.0):
        """The flow as the client sees it; waits until it is connected."""
        wait_until(lambda: self._lines() or not self.process.running(), timeout, "the transfer connects")
        if not self._lines():
            raise LabError(f"the transfer could not connect: {self.process.stderr()}")
        first = self._lines()[0]
        return Flow(first["local_address"], first["local_port"], *self._peer)

    def finish(self):
        """Waits; returns the Outcome."""
        code = self.process.wait(self._seconds + _SLACK_S)
        flow, last = self.flow(), self._lines()[-1]
        role = "receiver" if self._way == "up" else "sender"
        if code != 0 or last["role"] == "connected":
            raise LabError(f"the transfer {self._way} failed: {self.process.stderr()}")
        other = wait_until(lambda: self._server.said(role, flow.source_port), 10.0, "the server tells what it saw")
        sender = last if self._way == "up" else other
        return Outcome(flow, sender, last["digest"] == other["digest"] and last["bytes"] == other["bytes"] > 0)

    def _lines(self):
        return lines_of(self.process)
