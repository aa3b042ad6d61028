#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""A router on the way drops UDP datagrams over IPv6 that have no checksum: the hops behind it are found all the same.

They are asked again with checksums, by the rule for applications that nothing is known of.
"""

import apps
import checks
import datagrams
import reports
import segments
import tools
import topologies

ROUTERS = 7
DROPPING = 3  # it answers for its own distance; what it should pass on is lost
_DROP_ZERO_CHECKSUMS = """
table ip6 middlebox {
	counter dropped { }
	chain forward {
		type filter hook forward priority 0; policy accept;
		meta l4proto udp udp checksum 0 counter name dropped drop
	}
}
"""


def check_algorithm(check, network, server, algorithm):
    written = tools.scratch(f"{algorithm}.pcapng")
    capture = tools.Capture(network.server, network.server_interface, "udp")
    live = tools.inject(network.client, "-i", network.client_interface, "-H", network.server_address[6], "-m", 9,
                        "-a", algorithm, "--wait", "300ms", "--count", 1, "--duration", "12s", "-w", written)
    talk = apps.DatagramTalk(network.client, network.server_address[6], seconds=7.0)
    flow = talk.flow()
    check.equal(live.wait(15), 0, f"{algorithm}: st-inject ends with 0")
    check.that(talk.finish(), f"{algorithm}: the application is undisturbed")
    check.equal(segments.probes(datagrams.read(capture.stop())), [], f"{algorithm}: no probe came as far as the server")
    traces = reports.parse(live.stdout())
    check.equal([reports.flow_of(one) for one in traces], [flow], f"{algorithm}: one trace of the flow")
    for trace in traces:
        check_hops(check, algorithm, trace, network.truth().addresses(flow))
    reports.check_schema(check, traces)
    again = tools.replay("--expect", save(algorithm, live.stdout()), written, report=None)
    check.that(again.returncode == 0, f"{algorithm}: st-replay of its capture tells the same", again.stdout[-600:])


def save(name, text):
    path = tools.scratch(f"{name}.json")
    with open(path, "w", encoding="utf-8") as stream:
        stream.write(text)
    return path


def check_hops(check, statement, trace, truth):
    known = len(truth) - 1  # the last router is as near to the application as no probe with a checksum goes
    wanted = {ttl: [address] * 3 for ttl, address in enumerate(truth[:known], start=1)}
    check.equal(reports.responders(trace), wanted, f"{statement}: all {known} hops are found")
    notes = {note["kind"]: note for note in trace["notes"]}
    check.that("zero-checksum" in notes, f"{statement}: a note says what it took", str(trace["notes"]))
    if "zero-checksum" in notes:
        check.that(notes["zero-checksum"]["ttl"] in (DROPPING, DROPPING + 1), f"{statement}: and where",
                   str(notes["zero-checksum"]))


def main(check):
    network = topologies.chain(routers=ROUTERS, watched=0)
    middlebox = network.lab.nodes[f"r{DROPPING}"]
    middlebox.nft(_DROP_ZERO_CHECKSUMS)
    server = apps.DatagramServer(network.server)
    for algorithm in ("concurrent", "hop-by-hop", "packet-by-packet"):
        check_algorithm(check, network, server, algorithm)
    check.that(middlebox.counter("dropped") > 0, "the middlebox did drop probes")
    got = server.finish()
    check.equal((got["empty"], got["stray"]), (0, 0), "the application got nothing but its own")


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING])
