#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Many flows behind NAT, four-way flow-hash ECMP, a stateful firewall and policy routing: each flow's own path.

The claim of the method: in the same network, tools that open flows of their own do not find the flows' paths.
The other tools are tried beside the default algorithm only.
usage: test_diverse.py [tcp|udp] [4|6] [concurrent|hop-by-hop|packet-by-packet]
"""

import sys
from concurrent.futures import ThreadPoolExecutor

import apps
import checks
import peers
import reports
import tools
import topologies

FLOWS = 24
SECONDS = 7
PORTS = [apps.ECHO_PORT, apps.ECHO_PORT, topologies.POLICY_PORT]
AT_ONCE = 8  # peers that run side by side
# The sequential algorithms wait for each silent probe, so they get a short wait; the lab has no delay.
WAIT = {"concurrent": ["--wait", "1s"], "hop-by-hop": ["--wait", "300ms"], "packet-by-packet": ["--wait", "200ms"]}


def trace_live(check, network, protocol, family, algorithm):
    """Returns (traces, flows)."""
    server, written = network.server_address[family], tools.scratch("live.pcapng")
    load = apps.LOADS[protocol](network.server, PORTS)
    live = tools.inject(network.client, "-i", network.client_interface, "-H", server, "--count", FLOWS,
                        "-a", algorithm, *WAIT[algorithm], "-w", written)
    load.start(network.client, server, FLOWS, SECONDS)
    check.equal(live.wait(30), 0, f"st-inject ends with 0 after {FLOWS} traces")
    flows = load.finish(check)
    load.check_strays(check)
    traces = reports.parse(live.stdout())
    offline = tools.replay(written)
    reports.compare_sets(check, traces, reports.parse(offline.stdout), "st-replay of its capture tells the same", 1e-7)
    return traces, flows


def check_probes_stayed_with_their_flows(check, known, flows):
    """By the routers' own counters, whatever the report says."""
    strayed = [(flow, sorted(known.witnessed(flow, "probes") - known.witnessed(flow)))
               for flow in flows if not known.witnessed(flow, "probes") <= known.witnessed(flow)]
    check.that(not strayed, "no probe was seen where its flow was not", str(strayed[:3]))


def score_peers(check, network, family, flows, truths, own_hits):
    """Each peer traces once for each flow, towards its server and port; a hit is the flow's path, all of it."""
    print(f"{'tool':<24}{'flows whose own path it found':>32}")
    print(f"{'st-inject':<24}{own_hits:>26} of {len(flows)}")
    for name, trace in peers.tracers(flows[0].protocol).items():
        def one(flow, trace=trace):
            return trace(network.client, family, flow.destination, flow.destination_port)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            paths = list(pool.map(one, flows))
        hits = sum(path[:len(wanted)] == wanted for path, wanted in zip(paths, truths))
        print(f"{name:<24}{hits:>26} of {len(flows)}", flush=True)
        check.that(any(path and path[0] == truths[0][0] for path in paths), f"{name} runs and sees the first router",
                   str(paths[:2]))
        check.that(hits < len(flows), f"{name} misses flows' own paths")


def main(check):
    protocol, family, asked = sys.argv[1:] or ("tcp", "4", "concurrent")
    family = int(family)
    checks.section(f"{protocol}, IPv{family}, {asked}")
    network = topologies.diverse()
    traces, flows = trace_live(check, network, protocol, family, asked)
    known = network.truth()
    algorithm = "hop-by-hop" if (protocol, family, asked) == ("udp", 4, "concurrent") else asked
    reports.check_traces(check, traces, flows, known, "own path", algorithm=algorithm,
                         probes_per_hop=3, first_ttl=1, max_ttl=32)
    reports.check_schema(check, traces)
    truths = [reports.wanted_hops(flow, known.addresses(flow)) for flow in flows]
    branches = {known.routers(flow)[2] for flow in flows}
    check.that(len(branches) >= 3, f"the flows are spread over branches {sorted(branches)}")
    check_probes_stayed_with_their_flows(check, known, flows)
    check.that(network.tracked() > 0, "connection tracking is at work in the NAT and the firewall")
    check.equal(network.invalid(), 0, "and calls no packet INVALID")
    found = reports.by_flow(traces)
    own_hits = sum(reports.path_of(found[flow], len(wanted)) == wanted
                   for flow, wanted in zip(flows, truths) if flow in found)
    check.equal(own_hits, FLOWS, "st-inject finds every flow's own path")
    if asked == "concurrent":
        score_peers(check, network, family, flows, truths, own_hits)


if __name__ == "__main__":
    checks.run(main, ["nginx", "curl", "conntrack", "traceroute", "scamper"])
