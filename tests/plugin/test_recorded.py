#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Traceroute programs in the lab of kernel routers, captured at the sender: the plugin tells of their probes and replies
what st-replay reports (see test_fields.py).

usage: test_recorded.py [4|6]
"""

import pathlib
import sys

import shark as sharks

sys.path.insert(0, str(sharks.SOURCE / "tests" / "live"))
import apps  # noqa: E402  pylint: disable=wrong-import-position
import checks  # noqa: E402  pylint: disable=wrong-import-position
import recorded  # noqa: E402  pylint: disable=wrong-import-position
import targets  # noqa: E402  pylint: disable=wrong-import-position
import test_fields  # noqa: E402  pylint: disable=wrong-import-position
import topologies  # noqa: E402  pylint: disable=wrong-import-position
import tracers  # noqa: E402  pylint: disable=wrong-import-position

ROUTERS = 5
NAMES = ("traceroute", "traceroute -I", "traceroute -T, closed", "traceroute -q 5", "mtr", "mtr -u", "scamper udp-paris",
         "scamper icmp-paris", "scamper tcp, open", "dublin-traceroute")
LEAST_REPLIES = 3 * ROUTERS * 4  # of four programs at least


def main(check):
    family = int((sys.argv[1:] or ["4"])[0])
    every = [*tracers.TRACEROUTE, *tracers.MTR, *tracers.SCAMPER, *tracers.OTHERS]
    runs = [run for run in tracers.usable(every, family) if run.name in NAMES]
    network = topologies.chain(ROUTERS, watched=None)
    apps.EchoServer(network.server, tracers.OPEN_PORT)
    session = recorded.Session(network, targets.Targets(network, network.lab.nodes[f"r{ROUTERS}"]))
    for run in runs:
        session.run(run, family)
    session.stop()
    with sharks.Shark() as shark:
        comparison = test_fields.Comparison(shark, may_be_late=True)
        comparison.capture(pathlib.Path(session.paths["sender"]))
        comparison.close()
        comparison.report(check)
        replies = comparison.counted["replies"]
        check.that(replies >= LEAST_REPLIES, f"{replies} replies to {len(runs)} programs")


if __name__ == "__main__":
    checks.run(main, ["tcpdump", "tshark", "sharkd", "traceroute", "mtr", "scamper"])
