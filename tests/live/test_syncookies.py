#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""SYN cookies and a lost third ACK: the server knows nothing of a connection that its client takes for established.

An early probe would draw a RST and kill it (a control shows that it does). So: no probe before the server has shown
itself, the connection lives, and is traced afterwards.
"""

import collections
import struct

import apps
import checks
import packets
import reports
import segments
import tools
import topologies
from lab import wait_until
from truth import reverse

Opening = collections.namedtuple("Opening", "seq ack tsval tsecr")

SILENCE_S = 1.5  # the client says nothing for so long, and neither does the server
# The quota lets one bare ACK (52 bytes, 72 in IPv6) match, then no more.
_LOSE_ONE_ACK = """
table inet loss {{
	counter lost {{ }}
	chain forward {{
		type filter hook forward priority 0; policy accept;
		tcp dport {port} tcp flags & (fin | syn | rst | psh | ack) == ack quota until {bytes} bytes counter name lost drop
	}}
}}
"""
_QUOTA = {4: 60, 6: 80}


def lose_next_ack(router, family):
    router.run(["nft", "delete", "table", "inet", "loss"], check=False)
    router.nft(_LOSE_ONE_ACK.format(port=apps.ECHO_PORT, bytes=_QUOTA[family]))


def check_traced(check, network, router, family):
    checks.section(f"IPv{family}")
    lose_next_ack(router, family)
    server = network.server_address[family]
    capture = tools.Capture(network.client, network.client_interface, "tcp")
    live = tools.inject(network.client, "-i", network.client_interface, "-H", server, "--count", 1,
                        "--wait", "500ms", "--duration", "8s")
    talk = apps.Talk(network.client, server, silence=SILENCE_S, seconds=3.0)
    flow = talk.flow()
    check.equal(live.wait(15), 0, "st-inject ends with 0")
    check.that(talk.finish(), "the connection lives and its data are intact")
    captured = segments.read(capture.stop())
    check.equal(router.counter("lost"), 1, "exactly the third ACK was lost")
    check_silence(check, captured, flow)
    reports.check_traces(check, reports.parse(live.stdout()), [flow], network.truth(), "afterwards")


def check_silence(check, captured, flow):
    probes = segments.probes(captured, flow)
    answers = [one for one in captured if one.flow == reverse(flow) and not one.flags & segments.SYN]
    check.that(probes and answers, "probes and the server's segments were captured")
    early = [one for one in probes if not answers or one.time < answers[0].time]
    check.equal(len(early), 0, "no probe leaves before the server has answered with more than its SYN")
    check.that(not any(one.flags & segments.RST for one in captured), "nobody resets the connection")


def check_control(check, network, router):
    """What the rule is for: the same connection dies of one early probe."""
    checks.section("control: an early probe")
    lose_next_ack(router, 4)
    wire = packets.Sender(network.client, network.lab.nodes["r1"], listen=True)
    talk = apps.Talk(network.client, network.server_address[4], silence=SILENCE_S, seconds=1.0)
    flow = talk.flow()
    opening = wait_until(lambda: third_ack(wire, flow), 1.0, "the third ACK passes")
    early = packets.tcp(flow, opening.seq - 1, opening.ack, options=packets.timestamps(opening.tsval, opening.tsecr))
    wire.send(4, packets.ip(flow.source, flow.destination, 6, early))
    wire.close()
    check.that(not talk.finish(), "the connection dies: the rule guards against something real")


def third_ack(wire, flow):
    """The flow's first bare ACK among the frames seen (IPv4 without options, TCP with timestamps), or None."""
    for frame in wire.frames():
        segment = frame[34:]
        if len(segment) == 32 and segment[:2] == flow.source_port.to_bytes(2, "big") and segment[13] == packets.ACK:
            return Opening(*struct.unpack("!II", segment[4:12]), *struct.unpack("!II", segment[24:32]))
    return None


def main(check):
    network = topologies.chain(routers=4, watched=0)
    router = network.lab.nodes["r4"]
    network.server.set("net.ipv4.tcp_syncookies", 2)
    apps.EchoServer(network.server)
    for family in (4, 6):
        check_traced(check, network, router, family)
    cookies = network.server.run(["nstat", "-asz", "TcpExtSyncookiesRecv"]).stdout.split()
    check.that(float(cookies[cookies.index("TcpExtSyncookiesRecv") + 1]) >= 2, "the server took its cookies back")
    check_control(check, network, router)


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING])
