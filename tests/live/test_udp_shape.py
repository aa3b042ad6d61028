#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a UDP probe looks like on the wire, by Wireshark's eye, for each kind; none leaves before both ends have spoken.

A kind that the user names goes all the way, so the application's own counters show what reaches it: the proof that
they would show it elsewhere.
"""

import apps
import checks
import datagrams
import reports
import segments
import tools
import topologies
from truth import reverse

TOS = 0x48  # a DSCP that nobody has by default, no ECN bits
MAX_TTL = 9
PROBES = 3
LONGEST = 1232  # an IPv6 packet of 1280 bytes, which every link carries
# (family, words on the command line, payload bytes allowed, whether the checksum is right, what the application gets)
KINDS = [
    (4, [], range(0, 1), True, None),
    (4, ["--udp-probe", "empty"], range(0, 1), True, "empty"),
    (4, ["--udp-probe", "checksum"], range(2, 3), True, "stray"),
    (6, [], range(1, LONGEST + 1), False, None),
    (6, ["--udp-probe", "self-destruct"], range(1, LONGEST + 1), False, None),
    (6, ["--udp-probe", "checksum"], range(2, 3), True, "stray"),
]


def shape_faults(probe, template, payloads, has_checksum):
    faults = [f"{name} is {getattr(probe, name)}, its flow's is {getattr(template, name)}"
              for name in ("tos", "df", "flow_label") if getattr(probe, name) != getattr(template, name)]
    if probe.length not in payloads:
        faults.append(f"{probe.length} bytes of payload")
    if has_checksum and not probe.checksum_good:
        faults.append("a checksum is wrong")
    if not has_checksum and probe.checksum != 0:
        faults.append("has a checksum")
    if not probe.plain_headers:
        faults.append("has IP options or extension headers")
    return faults


def check_shape(check, statement, seen, flow, payloads, has_checksum):
    mine = [one for one in seen if one.flow in (flow, reverse(flow))]
    probes = segments.probes(mine, flow)
    template = next(one for one in mine if one.flow == flow)
    faults = [f"TTL {one.ttl}: {text}" for one in probes
              for text in shape_faults(one, template, payloads, has_checksum)]
    check.that(len(probes) >= PROBES * 6 and not faults, f"{statement}: {len(probes)} probes have the shape of their "
                                                         "flow and of their kind", "; ".join(faults[:4]))
    check.equal(len({datagrams.key(one) for one in probes}), len(probes), f"{statement}: each has a key of its own")
    first = next((n for n, one in enumerate(mine) if segments.is_probe(one)), 0)
    check.equal({one.flow for one in mine[:first]}, {flow, reverse(flow)},
                f"{statement}: none left before both ends had spoken")


def check_kind(check, network, family, words, payloads, has_checksum, arrives):
    statement = f"IPv{family}, {words[-1] if words else 'by itself'}"
    server = apps.DatagramServer(network.server)
    capture = tools.Capture(network.client, network.client_interface, "udp")
    live = tools.inject(network.client, "-i", network.client_interface, "-H", network.server_address[family],
                        "-m", MAX_TTL, "-q", PROBES, "--wait", "300ms", "--count", 1, "--duration", "8s", *words)
    talk = apps.DatagramTalk(network.client, network.server_address[family], seconds=3.0, tos=TOS)
    flow = talk.flow()
    check.equal(live.wait(15), 0, f"{statement}: st-inject ends with 0")
    check.that(talk.outcome().get("sent"), f"{statement}: the application has talked")
    check_shape(check, statement, datagrams.read(capture.stop()), flow, payloads, has_checksum)
    reports.check_traces(check, reports.parse(live.stdout()), [flow], network.truth(), statement,
                         known_application=bool(words))
    got = {name: count for name, count in server.finish().items() if name in ("empty", "stray") and count}
    reaching = (MAX_TTL - len(network.truth().addresses(flow))) * PROBES
    check.equal(got, {arrives: reaching} if arrives else {}, f"{statement}: what the application got beside its own")


def check_refused(check, network):
    """IPv4 has datagrams without a checksum, and applications get them."""
    capture = tools.Capture(network.client, network.client_interface, "udp")
    server = apps.DatagramServer(network.server)
    live = tools.inject(network.client, "-i", network.client_interface, "--all", "--duration", "2s", "-v",
                        "--udp-probe", "self-destruct")
    talk = apps.DatagramTalk(network.client, network.server_address[4], seconds=1.5)
    check.that(talk.finish() and live.wait(15) == 0, "IPv4, self-destruct: the application is undisturbed")
    probes = segments.probes(datagrams.read(capture.stop()))
    check.equal((probes, reports.parse(live.stdout())), ([], []), "IPv4, self-destruct: refused, no probe leaves")
    check.that("self-destruct probes need IPv6" in live.stderr(), "and -v says why", live.stderr())
    server.finish()


def main(check):
    network = topologies.chain()
    for kind in KINDS:
        check_kind(check, network, *kind)
    check_refused(check, network)
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING])
