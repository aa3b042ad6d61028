#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Flows are traced whose service is known: by the name in their ClientHello, by DNS, by an address of the service.

Beside each there are flows, to the same server where names tell, that must not be traced. test_service_names.py has
more on names, test_service_output.py on what is reported and written.
usage: test_service.py [sni|quic|dns|late|prefix|segments]
"""

import sys
import time

import apps
import checks
import reports
import service_apps
import tools
import topologies
import udp_apps
from service_apps import DOMAIN, HOST, STRANGER, TlsTalk, known
from truth import reverse

ALPN = ["h2", "http/1.1"]
SECONDS = 2.0
SLOW_LINK = "16mbit"  # two QUIC transfers take some seconds
PREFIX = {4: "10.99.0.0/25", 6: "fd00:99::/65"}
INSIDE = {4: "10.99.0.2", 6: "fd00:99::2"}
BEYOND = {4: "10.99.0.130", 6: "fd00:99::8000:0:0:2"}  # the first address but some of the other half
SMALLEST_MSS = 88
HELLO_PADDING = {False: 600, True: 2000}  # with and without offloads


def start(network, path, *arguments):
    return service_apps.Watch(network, "-s", "example-video", "--signatures", path, *arguments)


def flows(talks):
    return [talk.flow() for talk in talks]


def all_services(talks, service):
    return {talk.flow(): service for talk in talks}


def check_names(check, statement, watch, wanted, names):
    """By Wireshark: the name was on the wire where the report says so."""
    seen = service_apps.server_names(watch.path)
    check.equal([seen.get(flow) for flow in wanted], names,
                f"{statement}: Wireshark reads {' and '.join(names)} in the ClientHello")


def check_sni(check, network, family):
    """No DNS at all. To the same port at the same time: another name, a name that only ends alike, no name."""
    statement = f"TLS, IPv{family}"
    checks.section(statement)
    address = network.server_address[family]
    names = [HOST, HOST.upper()]
    watch = start(network, service_apps.signature(Domains=[DOMAIN]))
    wanted = [TlsTalk(network.client, address, seconds=SECONDS, name=name, alpn=",".join(ALPN)) for name in names]
    others = [TlsTalk(network.client, address, seconds=SECONDS, name=STRANGER, alpn=",".join(ALPN)),
              TlsTalk(network.client, address, seconds=SECONDS, name=f"{DOMAIN}.invalid"),
              TlsTalk(network.client, address, seconds=SECONDS), apps.Talk(network.client, address, seconds=SECONDS)]
    traces = watch.finish([*wanted, *others])
    service_apps.check_traced(check, network, statement, watch, traces,
                              all_services(wanted, known("sni", HOST, alpn=ALPN)), flows(others))
    check_names(check, statement, watch, flows(wanted), names)
    check.equal(service_apps.answers(watch.path), [], f"{statement}: there was no DNS")


def check_quic(check, network, family):
    statement = f"QUIC, IPv{family}"
    checks.section(statement)
    address = network.server_address[family]
    udp_apps.say_hosts({name: address for name in (HOST, STRANGER)})
    watch = start(network, service_apps.signature(Domains=[DOMAIN]))
    wanted, other = (network.quic.download(network.client, address, name) for name in (HOST, STRANGER))
    plain = apps.DatagramTalk(network.client, address, seconds=SECONDS)
    found, stranger = {wanted.flow(): known("sni", HOST, alpn=["h3"])}, other.flow()
    traces = watch.finish([wanted, other, plain])
    service_apps.check_traced(check, network, statement, watch, traces, found, [stranger, plain.flow()],
                              known_application=True)
    check_names(check, statement, watch, found, [HOST])
    check.equal(service_apps.answers(watch.path), [], f"{statement}: there was no DNS")


def check_dns(check, network, family, over_tcp):
    """The server's address is learned from an answer over IPv4, and used in any version. What says that it is somebody
    else's, at the same address, is not traced, nor is what nobody asked for."""
    statement = f"DNS over {'TCP' if over_tcp else 'UDP'}, IPv{family}"
    checks.section(statement)
    address = network.server_address[family]
    watch = start(network, service_apps.signature(Domains=[DOMAIN]))
    given = service_apps.resolve(network.client, HOST, family, over_tcp)
    check.equal(given, {address}, f"{statement}: the application is given the server's address")
    service_apps.resolve(network.client, STRANGER, family, over_tcp)
    wanted = [talk(network.client, address, seconds=SECONDS) for talk in apps.TALKS.values()]
    others = [TlsTalk(network.client, address, seconds=SECONDS, name=STRANGER),
              *(talk(network.client, INSIDE[family], seconds=SECONDS) for talk in apps.TALKS.values())]
    traces = watch.finish([*wanted, *others])
    service_apps.check_traced(check, network, statement, watch, traces, all_services(wanted, known("dns", HOST)),
                              flows(others))
    asked = {(flow.protocol, flow.destination) for flow, name in service_apps.answers(watch.path) if name == HOST}
    check.equal(asked, {("tcp" if over_tcp else "udp", network.client_address[4])},
                f"{statement}: Wireshark reads the answer there")


def check_late(check, network, family):
    """The flows are there before anybody asks; st-inject even meets one in the middle."""
    statement = f"an answer that comes late, IPv{family}"
    checks.section(statement)
    address = network.server_address[family]
    early = apps.Talk(network.client, address, seconds=2 * SECONDS)
    early.flow()
    watch = start(network, service_apps.signature(Domains=[DOMAIN]))
    wanted = [early, *(talk(network.client, address, seconds=2 * SECONDS) for talk in apps.TALKS.values())]
    others = [TlsTalk(network.client, address, seconds=2 * SECONDS, name=STRANGER),
              apps.Talk(network.client, INSIDE[family], seconds=2 * SECONDS)]
    time.sleep(SECONDS / 2)
    asked = time.time()
    service_apps.resolve(network.client, HOST, family)
    traces = watch.finish([*wanted, *others])
    service_apps.check_traced(check, network, statement, watch, traces, all_services(wanted, known("dns", HOST)),
                              flows(others))
    check.that(watch.probes and min(one.time for one in watch.probes) > asked,
               f"{statement}: nothing is probed before it")


def check_prefix(check, network, family):
    """No names at all, and a name that tells another service."""
    statement = f"prefix, IPv{family}"
    checks.section(statement)
    watch = start(network, service_apps.signature(Prefixes=list(PREFIX.values())))
    wanted = [talk(network.client, INSIDE[family], seconds=SECONDS) for talk in apps.TALKS.values()]
    named = TlsTalk(network.client, INSIDE[family], seconds=SECONDS, name=STRANGER)
    others = [talk(network.client, address, seconds=SECONDS) for talk in apps.TALKS.values()
              for address in (BEYOND[family], network.server_address[family])]
    others.append(TlsTalk(network.client, BEYOND[family], seconds=SECONDS, name=HOST))
    traces = watch.finish([*wanted, named, *others])
    found = all_services(wanted, known("prefix"))
    found[named.flow()] = known("sni", STRANGER, matched_by="prefix")
    service_apps.check_traced(check, network, statement, watch, traces, found, flows(others))
    check.equal(service_apps.answers(watch.path), [], f"{statement}: there was no DNS")


def hello_segments(path, flow):
    """Lengths of the segments that the ClientHello came in, as the client's interface shows them."""
    rows = service_apps.packets(path, ["tcp.seq", "tcp.len"], "tcp.len > 0")
    server_spoke = next(number for number, (one, _) in enumerate(rows) if one == reverse(flow))
    return [int(row["tcp.len"]) for one, row in rows[:server_spoke] if one == flow]


def check_segments(check, offloads):
    """The client's segments hold less than its ClientHello; with offloads captures show them before they are cut."""
    network = prepare(offloads=offloads)
    for family in (4, 6):
        statement = f"a ClientHello in {'one frame that is cut later' if offloads else 'segments'}, IPv{family}"
        checks.section(statement)
        watch = start(network, service_apps.signature(Domains=[DOMAIN]))
        wanted, other = (TlsTalk(network.client, network.server_address[family], seconds=SECONDS, name=name,
                                 alpn=ALPN[0], padding=HELLO_PADDING[offloads], mss=SMALLEST_MSS)
                         for name in (HOST, STRANGER))
        traces = watch.finish([wanted, other])
        for trace in traces:
            offered = trace["service"].pop("alpn")
            check.equal(offered[0], ALPN[0], f"{statement}: what the client speaks is known")
        service_apps.check_traced(check, network, statement, watch, traces, {wanted.flow(): known("sni", HOST)},
                                  [other.flow()])
        lengths = hello_segments(watch.path, wanted.flow())
        check.that(max(lengths) > SMALLEST_MSS if offloads else len(lengths) > 5 and max(lengths) < SMALLEST_MSS,
                   f"{statement}: it came in {len(lengths)} of at most {max(lengths)} bytes")
    network.lab.remove()


def prepare(**options):
    """A chain whose server has more addresses, and all that answers in it."""
    network = topologies.chain(**options)
    for address in (*INSIDE.values(), *BEYOND.values()):
        network.server.add_address(address)
    apps.start_servers(network.server)
    service_apps.TlsServer(network.server)
    return network


def main_sni(check, network):
    for family in (4, 6):
        check_sni(check, network, family)


def main_quic(check, network):
    network.server.run(["tc", "qdisc", "add", "dev", network.server_interface, "root", "tbf", "rate", SLOW_LINK,
                        "burst", "16kb", "latency", "100ms"])
    network.quic = udp_apps.QuicServer(network.server)
    for family in (4, 6):
        check_quic(check, network, family)


def start_names(network):
    service_apps.name_server(network, {HOST: network.server_address, STRANGER: INSIDE})


def main_dns(check, network):
    start_names(network)
    for family in (4, 6):
        for over_tcp in (False, True):
            check_dns(check, network, family, over_tcp)


def main_late(check, network):
    start_names(network)
    for family in (4, 6):
        check_late(check, network, family)


def main_prefix(check, network):
    for family in (4, 6):
        check_prefix(check, network, family)


PARTS = {"sni": main_sni, "quic": main_quic, "dns": main_dns, "late": main_late, "prefix": main_prefix}


def main(check):
    part = sys.argv[1] if len(sys.argv) > 1 else "sni"
    if part == "segments":
        for offloads in (False, True):
            check_segments(check, offloads)
        return
    network = prepare()
    PARTS[part](check, network)
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "openssl", "dnsmasq", "getent", "gtlsserver", "gtlsclient"])
