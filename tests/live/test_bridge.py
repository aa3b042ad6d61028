#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""On a bridge's port flows of guests pass by: nothing is sent into them, least of all with others' hardware addresses."""

import apps
import checks
import tools
from lab import Lab

GUEST, GATEWAY = "10.77.0.2", "10.77.0.1"
SECONDS = 2.0
LOWEST_TTL = 60  # of the hosts' own packets, here


def build():
    """guest = bridge = r1 - server, where the bridge joins guest and r1 in one subnet."""
    lab = Lab()
    guest, bridge, server = lab.host("guest"), lab.host("bridge"), lab.host("server")
    router = lab.router("r1")
    lab.link(guest, bridge)
    lab.link(bridge, router)
    lab.link(router, server)
    lab.build()
    near, far = bridge.interface(guest).name, bridge.interface(router).name
    for command in (["ip", "link", "add", "br0", "type", "bridge"],
                    ["ip", "link", "set", "br0", "up"],
                    *(["ip", "addr", "flush", "dev", port] for port in (near, far)),
                    *(["ip", "link", "set", port, "master", "br0"] for port in (near, far))):
        bridge.run(command)
    port, inside = guest.interface(bridge).name, router.interface(bridge).name
    guest.run(["ip", "addr", "add", f"{GUEST}/24", "dev", port])
    router.run(["ip", "addr", "add", f"{GATEWAY}/24", "dev", inside])
    guest.run(["ip", "route", "replace", "default", "via", GATEWAY])
    server.run(["ip", "route", "replace", "default", "via", router.address(server, 4)])
    return lab, guest, bridge, far, router, server


def main(check):
    _lab, guest, bridge, port, router, server = build()
    apps.EchoServer(server)
    capture = tools.Capture(router, router.interface(bridge).name, "tcp or icmp")
    live = tools.inject(bridge, "-i", port, "--all", "--duration", "5s")
    talk = apps.Talk(guest, server.address(router, 4), seconds=SECONDS)
    talk.flow()
    check.that(talk.finish(), "the guest's flow through the bridge is intact")
    check.equal(live.wait(15), 0, "st-inject ends with 0")
    check.that("1 flow seen, 0 traced, 0 probes sent" in live.stderr(), "the flow is seen and not traced", live.stderr())
    rows = tools.tshark_rows(capture.stop(), ["ip.ttl"], "tcp")
    check.that(len(rows) > 10, "the flow's packets are in the router's capture")
    low = [row["ip.ttl"] for row in rows if int(row["ip.ttl"]) < LOWEST_TTL]
    check.equal(low, [], "no probe has left the bridge")


if __name__ == "__main__":
    checks.run(main, tools.CAPTURING)
