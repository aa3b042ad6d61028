# SPDX-License-Identifier: GPL-2.0-or-later
"""Runs traceroute programs in a lab while captures of it are taken, and gives the captures to st-replay.

Leaves the programs to tracers.py and the comparison to traced.py.
"""

import printed
import reports
import tools
import traced
import udp_apps

_RUN_TIMEOUT_S = 40
_ATTEMPTS = 2
_SNAP_BYTES = 2000  # more than any frame here: on "any", libpcap's buffer holds few packets of whatever size


class Session:
    """One capture at each of some points; between start and stop any number of runs."""

    def __init__(self, network, targets, points=None):
        """points: {name: (node, interface)}; without them the sender's own interface, as "sender"."""
        self._network = network
        self._targets = targets
        places = points or {"sender": (network.client, network.client_interface)}
        self._captures = {name: tools.Capture(*place, snap_bytes=_SNAP_BYTES) for name, place in places.items()}
        self.done = []  # (run, family, address, text)
        self.addresses = set()  # that any run went to
        udp_apps.NameServer.ask_at("127.0.0.1")  # dublin-traceroute asks for names: that there are none is said at once
        self.paths = {}

    def run(self, run, family):
        """One program to its end; once more if it prints no hop (scamper's own neighbour discovery fails at times)."""
        for _ in range(_ATTEMPTS):
            address = self._targets.next(run.where, family)
            words = [str(word) for word in run.command(family, address)]
            text = self._network.client.run(words, timeout=_RUN_TIMEOUT_S).stdout
            self.addresses.add(address)
            if traced.hops_printed(_verdict(run, family, address, text)):
                break
        self.done.append((run, family, address, text))

    def stop(self):
        for name, capture in self._captures.items():
            self.paths[name] = capture.stop()

    def verdicts(self, traces):
        """What each run printed, beside the traces to its target."""
        return [_verdict(*done, traced.to_address(traces, done[2])) for done in self.done]


def _verdict(run, family, address, text, traces=()):
    return traced.Verdict(run, family, address, traced.JUDGES[run.reader][0](text), traces)


def read(check, path, statement, *options):
    """The traces that st-replay finds in a capture."""
    done = tools.replay("-n", path, *options)
    check.that(done.returncode == 0 and not done.stderr.startswith("st-replay: error"),
               f"{statement}: st-replay reads it", done.stderr[-600:])
    traces = reports.parse(done.stdout)
    reports.check_schema(check, traces)
    return traces


def read_text(path):
    """{destination: hops} of its text report, as the traceroute it promises to read like."""
    return printed.replay(tools.replay("-n", path, report=None).stdout)
