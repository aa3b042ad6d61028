#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What a probe looks like on the wire, by Wireshark's eye: in all but TTL and number it is a packet of its flow.

Checked with and without TCP timestamps, in both IP versions, with a TOS byte that the application has set; and that
no probe leaves before the peer has shown itself established, nor after FIN or RST.
"""

import apps
import checks
import segments
import tools
import topologies
from segments import ACK, FIN, RST, SYN
from truth import reverse

TOS = 0x48  # a DSCP that nobody has by default, no ECN bits
STALE_ROOM = 512
NEVER_REACHED = 7  # hops that the slow trace cannot have reached when the flow ends
RECENT = 8  # the tool works on what it has captured: a template may be some packets old
IN_FLIGHT_S = 0.005  # a probe that was on its way to the card while the FIN came


def shape_faults(probe, own, acks):
    """own: the flow's own packets sent so far, acks: what the peer has acknowledged so far; newest last."""
    faults = []
    template = next((one for one in reversed(own[-RECENT:]) if _copies(probe, one)), None)
    if template is None:
        newest = own[-1]
        faults.append(f"copies none of the flow's last packets; the newest: {newest}")
    if probe.flags != ACK:
        faults.append(f"flags {probe.flags:#x}")
    if probe.length or probe.urgent:
        faults.append("has data or an urgent pointer")
    if probe.has_sack:
        faults.append("has SACK blocks")
    if not probe.checksum_good:
        faults.append("a checksum is wrong")
    if not probe.plain_headers:
        faults.append("has IP options or extension headers")
    if probe.df is False:
        faults.append("DF is not set")
    if segments.distance(acks[-1], probe.seq) < 1:
        faults.append("the sequence number is not below snd_una")
    if not any(1 <= segments.distance(una, probe.seq) <= STALE_ROOM for una in acks):
        faults.append(f"the sequence number is further than {STALE_ROOM} below every snd_una so far")
    return faults


def _copies(probe, packet):
    copied = ("tos", "flow_label", "window", "tsval", "tsecr")
    same = all(getattr(probe, name) == getattr(packet, name) for name in copied)
    return same and segments.distance(packet.ack, probe.ack) in (0, 1)


def check_flow(check, captured, flow, family, with_timestamps):
    """Walks the capture once and looks at each probe with what came before it."""
    own, acks, faults, probes = [], [], [], []
    for one in captured:
        if one.flow == reverse(flow) and one.flags & ACK:
            acks.append(one.ack)
        elif one.flow == flow and not segments.is_probe(one):
            own.append(one)
        elif one.flow == flow:
            probes.append(one)
            faults += [f"TTL {one.ttl}: {text}" for text in shape_faults(one, own, acks)]
    check.that(len(probes) >= 21, f"{len(probes)} probes were seen on the wire")
    check.that(not faults, "every probe copies TOS, DF, flow label, window and timestamps of its flow, is an ACK"
               " without data or SACK, and stays below snd_una", "; ".join(faults[:4]))
    check.equal({one.tos for one in probes}, {TOS}, "the application's TOS byte is on every probe")
    check.equal({one.tsval is not None for one in probes}, {with_timestamps}, "timestamps if and only if negotiated")
    if family == 4:
        check.equal(len({one.ip_id for one in probes}), len(probes), "every probe has an IPID of its own")
    else:
        check.that(all(one.flow_label for one in probes), "every probe has its flow's label")
        check.equal(len({one.seq for one in probes}), len(probes), "every probe has a sequence number of its own")
    check_first(check, captured, flow)


def check_first(check, captured, flow):
    """The first probe needs a segment from the peer that came after our third ACK."""
    events = [one for one in captured if one.flow in (flow, reverse(flow))]
    first = next(n for n, one in enumerate(events) if segments.is_probe(one))
    third_ack = next(n for n, one in enumerate(events) if one.flow == flow and one.flags & (SYN | ACK) == ACK)
    shown = [one for one in events[third_ack:first] if one.flow == reverse(flow) and one.flags & ACK]
    check.that(shown, "the first probe leaves after a segment from the peer that follows our third ACK")


def check_end(check, captured, flow, flag, statement):
    mine = [one for one in captured if one.flow in (flow, reverse(flow))]
    closing = min((one.time for one in mine if one.flags & flag), default=0.0)
    probes = segments.probes(mine)
    in_the_middle = closing and probes and probes[-1].ttl < NEVER_REACHED
    check.that(in_the_middle, f"{statement}: it ends in the middle of the trace")
    late = [one for one in probes if one.time > closing + IN_FLIGHT_S]
    check.that(not late, f"{statement}: no probe leaves after that", f"{len(late)} late probes")


def trace(network, family, talk_options, inject_options):
    """Returns (segments on the client's wire, flow, whether the application's data are intact)."""
    server = network.server_address[family]
    capture = tools.Capture(network.client, network.client_interface, "tcp or icmp or icmp6")
    live = tools.inject(network.client, "-i", network.client_interface, "-H", server, "--count", 1,
                        "--duration", "6s", *inject_options)
    talk = apps.Talk(network.client, server, **talk_options)
    flow = talk.flow()
    intact = talk.finish()
    live.wait(15)
    return segments.read(capture.stop()), flow, intact


def check_shapes(check, network, family, with_timestamps):
    checks.section(f"IPv{family}, timestamps {'on' if with_timestamps else 'off'}")
    network.client.set("net.ipv4.tcp_timestamps", int(with_timestamps))
    captured, flow, intact = trace(network, family, {"tos": TOS, "seconds": 2.0}, ["--wait", "500ms"])
    check.that(intact, "the application's data are intact")
    check_flow(check, captured, flow, family, with_timestamps)


def check_closing(check, network, family, reset):
    statement = f"IPv{family}, the flow ends with {'RST' if reset else 'FIN'}"
    checks.section(statement)
    options = {"seconds": 0.8, "tos": TOS, **({"reset": True} if reset else {})}
    slow = ["-a", "packet-by-packet", "--wait", "300ms", "-q", "10", "--inter-probe-time", "40ms",
            "--inter-iteration-time", "20ms"]
    captured, flow, _ = trace(network, family, options, slow)
    check_end(check, captured, flow, RST if reset else FIN, statement)


def main(check):
    network = topologies.chain()
    apps.EchoServer(network.server)
    for family in (4, 6):
        for with_timestamps in (True, False):
            check_shapes(check, network, family, with_timestamps)
    network.client.set("net.ipv4.tcp_timestamps", 1)
    for family, reset in ((4, False), (6, True)):
        check_closing(check, network, family, reset)
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING])
