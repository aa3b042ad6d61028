#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Applications that ask the kernel for ICMP errors (IP_RECVERR), above all glibc's resolver: tracing leaves them alone.

A probe's Time Exceeded would make their next send fail; a control shows that.
"""

import apps
import checks
import datagrams
import packets
import reports
import segments
import tools
import topologies
import udp_apps

LOOKUP_SECONDS = 3.0
LEAST_LOOKUPS = 30
TALK_SECONDS = 4.0


def check_lookups(check, network, family):
    """glibc asks dnsmasq, in the given IP version, while everything is traced."""
    checks.section(f"name lookups over IPv{family}")
    capture = tools.Capture(network.client, network.client_interface, "udp or tcp")
    live = tools.inject(network.client, "-i", network.client_interface, "--all", "-m", 8, "--wait", "300ms")
    talks = [talk(network.client, network.server_address[family], seconds=LOOKUP_SECONDS)
             for talk in apps.TALKS.values()]
    count, faults = udp_apps.look_up(network.client, LOOKUP_SECONDS)
    check.that(count > LEAST_LOOKUPS and not faults, f"all of {count} name lookups succeed", str(faults[:3]))
    check.that(all([talk.finish() for talk in talks]), "so do a TCP and a UDP application")
    check.equal(live.stop(), 0, "st-inject ends with 0")
    reports.check_traces(check, reports.parse(live.stdout()), [talk.flow() for talk in talks], network.truth(),
                         "what is not a name lookup is traced")
    path = capture.stop()
    seen = datagrams.read(path)
    questions = [one for one in seen if one.flow.destination_port == udp_apps.DNS_PORT]
    check.that(len(questions) >= 2 * count, f"{len(questions)} questions were on the wire")
    probes = segments.probes([*seen, *segments.read(path)])
    asked = [one for one in probes if udp_apps.DNS_PORT in (one.flow.source_port, one.flow.destination_port)]
    check.equal((len(asked), len(probes) > 0), (0, True), f"none of {len(probes)} probes has to do with port 53")


def trace_talk(check, network, family, statement, **options):
    """Returns (the application's own words, traces, flow, probes)."""
    capture = tools.Capture(network.client, network.client_interface, "udp")
    live = tools.inject(network.client, "-i", network.client_interface, "--all", "-m", 8, "--wait", "300ms")
    talk = apps.DatagramTalk(network.client, network.server_address[family], seconds=TALK_SECONDS, **options)
    flow, end = talk.flow(), talk.outcome()
    check.equal(live.stop(), 0, f"{statement}: st-inject ends with 0")
    return end, reports.parse(live.stdout()), flow, segments.probes(datagrams.read(capture.stop()), flow)


def check_wants_errors(check, network):
    checks.section("IP_RECVERR")
    end, traces, _, probes = trace_talk(check, network, 4, "with IP_RECVERR", recverr=True)
    check.that(end["intact"] and end["sent"] > 50, f"with IP_RECVERR: all {end['sent']} sends succeed", str(end))
    check.equal(end["error_queue"], 0, "with IP_RECVERR: nothing waits in the socket's error queue")
    check.equal((probes, traces), ([], []), "with IP_RECVERR: the flow is refused, no probe leaves")
    for family in (4, 6):
        statement = f"without it, IPv{family}"
        end, traces, flow, probes = trace_talk(check, network, family, statement)
        check.that(end["intact"] and probes, f"{statement}: {len(probes)} probes, and all sends succeed", str(end))
        reports.check_traces(check, traces, [flow], network.truth(), statement)
        check_note(check, statement, traces, family == 6)
    statement = "with IPV6_RECVERR"
    _, traces, flow, _ = trace_talk(check, network, 6, statement, recverr=True)
    check.equal([reports.flow_of(one) for one in traces], [flow], f"{statement}: no kernel shows it, so it is traced")
    check_note(check, statement, traces, True)


def check_note(check, statement, traces, is_unknown):
    """Where the kernel does not show what the socket wants, the report says that nobody knows."""
    notes = [note["kind"] for trace in traces for note in trace["notes"]]
    check.equal("recverr-unknown" in notes, is_unknown,
                f"{statement}: {'a' if is_unknown else 'no'} note says that the socket's wishes are unknown")


def check_control(check, network):
    """A probe into the same application, put on the wire by this test: its sends do fail."""
    router = network.lab.nodes["r1"]
    wire = packets.Sender(network.client, router)
    talk = apps.DatagramTalk(network.client, network.server_address[4], seconds=1.0, recverr=True)
    flow = talk.flow()
    wire.send(4, packets.ip(flow.source, flow.destination, 17, packets.udp(flow), ttl=1))
    end = talk.outcome()
    wire.close()
    check.that(end["errors"] and not end["intact"], "a control: one probe, and a send or receive of it fails", str(end))


def main(check):
    network = topologies.chain()
    for server in (apps.EchoServer, apps.DatagramServer):
        server(network.server)
    resolver = udp_apps.NameServer(network.server, network.server_address[4])
    check_lookups(check, network, 4)
    resolver.ask_at(network.server_address[6])
    check_lookups(check, network, 6)
    check_wants_errors(check, network)
    check_control(check, network)


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "dnsmasq", "getent"])
