#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What the original Service Traceroute got wrong and no other test here is about; ../README.md has the whole list.

It stopped for ever after 682 traces; it corrupted probes that were sent without pauses; it took any outgoing packet
with a TTL up to 32 for a probe; it never noticed the destination.
"""

import collections
import time

import apps
import checks
import datagrams
import reports
import segments
import tools
import topologies

ROUTERS = 4
OLD_LIMIT = 682  # traces of three probes at 32 distances
MANY_TRACES = 1000
MAX_TTL = 9
LOW_TTL = 30  # an application's own; above MAX_TTL, so that the test can tell


def read(path):
    return [*segments.read(path), *datagrams.read(path)]


def is_whole(probe):
    """By its checksum; over IPv6 the default UDP probe has none on purpose."""
    return probe.checksum_good or probe.flow.protocol == "udp" and ":" in probe.flow.source and probe.checksum == 0


def start(network, family, *arguments):
    return tools.inject(network.client, "-i", network.client_interface, "-H", network.server_address[family],
                        *arguments)


def talks(network, families, **options):
    return [talk(network.client, network.server_address[family], **options)
            for family in families for talk in apps.TALKS.values()]


def check_many_traces(check, network):
    """A few flows, traced again and again."""
    live = tools.inject(network.client, "-i", network.client_interface, "--all", "-m", 2, "-q", 1,
                        "--wait", "100ms", "--retrace", "5ms", "--count", MANY_TRACES, "--duration", "20s")
    running = talks(network, (4, 6) * 3, seconds=9.0)
    check.equal(live.wait(20), 0, "st-inject ends with 0")
    check.that(all([one.finish() for one in running]), "the applications are undisturbed")
    traces, truth = reports.parse(live.stdout()), network.truth()
    whole = [one for one in traces if one["stop_reason"] != "interrupted"]
    check.that(len(whole) > OLD_LIMIT, f"{len(whole)} traces of {len(running)} flows in one process")
    wanted = {one.flow(): truth.addresses(one.flow())[:2] for one in running}
    wrong = [text for one in whole for text in reports.wrong_hops(one, wanted[reports.flow_of(one)], probes=1)]
    check.equal(wrong, [], "and every hop of every one is right")


def check_unpaced(check, network, family):
    """By the capture of another program: every probe asked for left once, whole, with a key of its own."""
    statement = f"IPv{family}, no pauses"
    capture = tools.Capture(network.client, network.client_interface, "tcp or udp")
    live = start(network, family, "--inter-probe-time", "0s", "--inter-iteration-time", "0s", "--rate", 1000000,
                 "--wait", "300ms", "-m", MAX_TTL, "-q", 10, "--count", 4, "--duration", "8s")
    running = talks(network, (family, family), seconds=4.0)
    flows = [one.flow() for one in running]
    check.equal(live.wait(15), 0, f"{statement}: st-inject ends with 0")
    check.that(all([one.finish() for one in running]), f"{statement}: the applications are undisturbed")
    probes = segments.probes(read(capture.stop()))
    reports.check_traces(check, reports.parse(live.stdout()), flows, network.truth(), statement, probes=10)
    for flow in flows:
        mine = [one for one in probes if one.flow == flow]
        furthest = ROUTERS - 1 if reports.sends_below(flow) else MAX_TTL
        check.equal(collections.Counter(one.ttl for one in mine), {ttl: 10 for ttl in range(1, furthest + 1)},
                    f"{statement}, {flow.protocol}: ten probes at each distance up to {furthest}")
        keys = {datagrams.key(one) if flow.protocol == "udp" else (one.ip_id, one.seq) for one in mine}
        check.equal(len(keys), len(mine), f"{statement}, {flow.protocol}: each with a key of its own")
        check.that(all(map(is_whole, mine)), f"{statement}, {flow.protocol}: none is corrupted")


def check_low_ttl(check, network, family):
    """An application whose packets all have a TTL that the original takes for a probe's."""
    statement = f"IPv{family}, an application with TTL {LOW_TTL}"
    capture = tools.Capture(network.client, network.client_interface)
    live = start(network, family, "-m", MAX_TTL, "--wait", "300ms", "--count", 2, "--duration", "8s")
    running = talks(network, [family], seconds=3.0, ttl=LOW_TTL)
    flows = [one.flow() for one in running]
    check.equal(live.wait(15), 0, f"{statement}: st-inject ends with 0")
    check.that(all([one.finish() for one in running]), f"{statement}: it is undisturbed")
    path, traces = capture.stop(), reports.parse(live.stdout())
    own = [one for one in read(path) if one.flow in flows and one.ttl == LOW_TTL]
    check.that(len(own) > 50, f"{statement}: {len(own)} of its packets were on the wire")
    reports.check_traces(check, traces, flows, network.truth(), statement)
    reports.compare_sets(check, traces, reports.parse(tools.replay(path).stdout),
                         f"{statement}: st-replay tells the probes from them too")


def check_destination(check, network, family, algorithm):
    """The server's program ends while the flow is probed, and its kernel says so to everybody."""
    statement = f"IPv{family}, {algorithm}, a destination that answers"
    port = apps.ECHO_PORT + 1
    server = apps.DatagramServer(network.server, port)
    live = start(network, family, "-p", port, "-a", algorithm, "--udp-probe", "checksum", "--wait", "300ms",
                 "--inter-iteration-time", "200ms", "--count", 1, "--duration", "10s")
    talk = apps.DatagramTalk(network.client, network.server_address[family], port, seconds=3.0)
    flow = talk.flow()
    time.sleep(0.3)  # the trace has begun, and needs a second to come so far
    server.finish()
    check.equal(live.wait(15), 0, f"{statement}: st-inject ends with 0")
    talk.outcome()
    traces = reports.parse(live.stdout())
    check.equal([(reports.flow_of(one), one["stop_reason"], one["destination_reached"], one["distance"])
                 for one in traces], [(flow, "destination", True, ROUTERS + 1)], f"{statement}: the report says so")
    truth = [*network.truth().addresses(flow), network.server_address[family]]
    for trace in traces:
        check.equal(reports.path_of(trace, len(truth)), truth, f"{statement}: every hop is right")
        marked = {hop["ttl"] for hop in trace["hops"] for reply in hop["replies"] if reply.get("destination")}
        check.equal((marked, max(reports.sent(trace))), ({len(truth)}, len(truth)), f"{statement}: and it is the last")


def main(check):
    network = topologies.chain(routers=ROUTERS, watched=2)
    for name, value in (("net.ipv4.icmp_ratelimit", 0), ("net.ipv6.icmp.ratelimit", 0)):
        network.server.set(name, value)  # it has to answer its client's own datagrams too
    for server in (apps.EchoServer, apps.DatagramServer):
        server(network.server)
    check_many_traces(check, network)
    for family in (4, 6):
        check_unpaced(check, network, family)
        check_low_ttl(check, network, family)
        check_destination(check, network, family, "concurrent" if family == 4 else "hop-by-hop")
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING])
