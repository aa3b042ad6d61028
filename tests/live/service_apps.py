# SPDX-License-Identifier: GPL-2.0-or-later
"""Applications whose service names tell (TLS, names looked up in DNS), signatures of services, and st-inject that
watches both.

Leaves QUIC and the name server itself to udp_apps.py.
"""

import collections
import os
import sys
import tempfile
import time

import apps
import datagrams
import isolation
import reports
import segments
import tools
import udp_apps
from lab import LabError
from truth import PROBE_TTL_LIMIT, Flow, reverse

TLS_PORT = 8443
RESOLVER_ADDRESS = "10.53.0.53"  # nobody's that has a name: lookups are flows of no service
MAX_TTL = 8
TLS_APP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tls_app.py")
OPTIONS = ["-m", MAX_TTL, "--wait", "300ms", "-o", "json"]
_LINGER_S = 0.4  # from the applications' end to st-inject having read their last packets

# The service that most tests select. What must not be taken for it has a name that only contains the domain.
DOMAIN = "example.test"
HOST = f"video.{DOMAIN}"
STRANGER = f"not{DOMAIN}"
SERVICE = {"id": "example-video", "name": "Example Video"}


def signature(identity="example-video", name="Example Video", folder=None, **keys):
    """Writes a file of the database; lists become what GKeyFile takes for one. Returns its path."""
    folder = folder or tempfile.mkdtemp(prefix="signatures-", dir=isolation.FOLDER)
    os.makedirs(folder, exist_ok=True)
    lines = ["[Service]", f"Name={name}", "Source=observed: this test", "Checked=2026-11-22"]
    lines += [f"{key}={';'.join(value)};" for key, value in keys.items()]
    path = os.path.join(folder, f"{identity}.service")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write("\n".join(lines) + "\n")
    return path


def known(evidence, host=None, matched_by=None, **more):
    """The report's member about a flow of the service above."""
    return {**SERVICE, "host": host, "evidence": evidence, "matched_by": matched_by or evidence, **more}


class TlsServer:
    """tls_app.py's server."""

    def __init__(self, node, port=TLS_PORT):
        key, certificate = udp_apps.make_certificate(node, tempfile.mkdtemp(prefix="tls-", dir=isolation.FOLDER))
        self.process = node.start([sys.executable, TLS_APP, "serve", port, key, certificate], name="tls-server")
        node.wait_listening(port, self.process)


class TlsTalk(apps.Talk):
    """tls_app.py's client."""

    program = TLS_APP

    def __init__(self, client, address, port=TLS_PORT, **options):
        super().__init__(client, address, port, **options)


def name_server(network, records):
    """dnsmasq on the server, asked over IPv4. records: {name: its addresses, or the name that it is an alias of}."""
    more = [f"--cname={name},{value}" if isinstance(value, str) else f"--host-record={name},{value[4]},{value[6]}"
            for name, value in records.items()]
    network.server.add_address(RESOLVER_ADDRESS)
    return udp_apps.NameServer(network.server, RESOLVER_ADDRESS, more)


def resolve(node, name, family, over_tcp=False):
    """A lookup by glibc; returns the addresses it was given."""
    environment = {**os.environ, "RES_OPTIONS": "use-vc"} if over_tcp else dict(os.environ)
    answer = node.run(["getent", f"ahostsv{family}", name], check=False, env=environment)
    found = {line.split()[0] for line in answer.stdout.splitlines()}
    if not found:
        raise LabError(f"{name} has no IPv{family} address: exit {answer.returncode}, {answer.stderr}")
    return found


class Watch:
    """st-inject on the client, and another program's capture of the same interface, until finish()."""

    def __init__(self, network, *arguments):
        self._capture = tools.Capture(network.client, network.client_interface)
        # What is given comes last: it may end in a FILTER.
        self.live = tools.inject(network.client, "-i", network.client_interface, *OPTIONS, *arguments, report=None)
        self.path, self.code, self.probes = None, None, []

    def finish(self, talks=()):
        """Waits for the applications and ends; returns the traces. Raises where an application was harmed."""
        if not all([talk.finish() for talk in talks]):
            raise LabError("an application did not get what it was sent")
        time.sleep(_LINGER_S)
        self.code = self.live.stop()
        self.path = self._capture.stop()
        self.probes = segments.probes([*segments.read(self.path), *datagrams.read(self.path)])
        return reports.parse(self.live.stdout())


def services(traces):
    """{flow: what the report says of its service}"""
    return {reports.flow_of(trace): trace["service"] for trace in traces}


def check_traced(check, network, statement, watch, traces, wanted, others, **how):
    """Checks that exactly the flows {flow: service} are traced, with the true hops and this service, and that the
    others, which were there too, got no probe."""
    check.equal(watch.code, 0, f"{statement}: st-inject ends with 0")
    reports.check_traces(check, traces, list(wanted), network.truth(), statement, **how)
    check.equal(services(traces), wanted, f"{statement}: and this is known of the service")
    probed = {one.flow for one in watch.probes}
    check.equal((sorted(probed), sorted(probed & set(others))), (sorted(wanted), []),
                f"{statement}: {len(watch.probes)} probes, none of them in any other of {len(others)} flows")
    silent = set(others) - {reverse(flow) for flow in traffic(watch.path)}
    check.equal(silent, set(), f"{statement}: in which there were packets")
    reports.check_schema(check, traces)


_ENDS = ["ip.src", "ipv6.src", "ip.dst", "ipv6.dst", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport"]
_OPTIONS = ("-2", "-d", f"tcp.port=={TLS_PORT},tls")  # twice: what a segment is part of comes later
_IPV6_HEADER_BYTES = 40


def packets(path, fields, display_filter):
    """[(flow, one direction, of the packet, {field: text})] as Wireshark sees them."""
    rows = tools.tshark_rows(path, [*_ENDS, *fields], display_filter, _OPTIONS)
    return [(_flow(row), row) for row in rows]


def _flow(row):
    protocol = "tcp" if row["tcp.srcport"] else "udp"
    return Flow(row["ip.src"] or row["ipv6.src"], int(row[f"{protocol}.srcport"]),
                row["ip.dst"] or row["ipv6.dst"], int(row[f"{protocol}.dstport"]), protocol)


def traffic(path):
    """{flow, one direction: {"packets", "bytes" of IP packets}} as another program saw it; no probes."""
    counts = collections.defaultdict(collections.Counter)
    for flow, row in packets(path, ["ip.ttl", "ipv6.hlim", "ip.len", "ipv6.plen"],
                             "(tcp or udp) and not icmp and not icmpv6"):
        if int(row["ip.ttl"] or row["ipv6.hlim"]) >= PROBE_TTL_LIMIT:
            length = int(row["ip.len"] or int(row["ipv6.plen"]) + _IPV6_HEADER_BYTES)
            counts[flow] += collections.Counter(packets=1, bytes=length)
    return {flow: dict(count) for flow, count in counts.items()}


def server_names(path):
    """{flow: SNI} of all ClientHellos, of QUIC too."""
    name = "tls.handshake.extensions_server_name"
    return {flow: row[name] for flow, row in packets(path, [name], name)}


def answers(path):
    """[(flow, one direction, of the answer, the name asked for)]; those without an address left out."""
    rows = packets(path, ["dns.qry.name"], "dns.flags.response == 1 and (dns.a or dns.aaaa)")
    return [(flow, row["dns.qry.name"]) for flow, row in rows]
