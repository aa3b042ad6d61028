#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""When a flow's probing ends by silence (--flow-timeout), and when it begins again (--retrace).

What was sent when is told by the capture of another program. That a TCP flow's end stops its probes at once is in
test_probe_shape.py.
usage: test_life.py [timeout|retrace]
"""

import datetime
import sys
import time

import apps
import checks
import datagrams
import reports
import segments
import tools
import topologies
from truth import reverse

SLOW = ["-a", "packet-by-packet", "-q", 10, "--inter-probe-time", "60ms", "--inter-iteration-time", "60ms",
        "--wait", "200ms"]
TIMEOUT_S = 1.0
LATE_S = 0.1  # a probe that was being sent when the time was over
RETRACE_S = 0.1  # so that a key of the trace before is still at rest
CLOCKS_S = 0.01  # the report has the capture's times, which are not those that the tracer waits by
WAIT_S = 0.3
LEAST_TRACES = 10
ROUTERS = 5
MAX_TTL = ROUTERS - 1  # every probe is answered, so a trace lasts a moment
SELDOM_S = 0.4  # between the applications' words, so that the traces between them have the same numbers to choose from


def read(path):
    return sorted([*segments.read(path), *datagrams.read(path)], key=lambda one: one.time)


def key(probe):
    """What the answers are told apart by: identification in IPv4, else sequence number, or length and checksum."""
    if probe.ip_id is not None:
        return probe.ip_id
    return probe.seq if probe.flow.protocol == "tcp" else datagrams.key(probe)


def start(network, family, protocol, *arguments):
    return tools.inject(network.client, "-i", network.client_interface, "-H", network.server_address[family],
                        "--protocol", protocol, *arguments)


def check_timeout(check, network, family, protocol):
    """The application says nothing more after a second, while probes go on for two."""
    statement = f"{protocol}, IPv{family}"
    checks.section(f"--flow-timeout, {statement}")
    capture = tools.Capture(network.client, network.client_interface, "tcp or udp")
    live = start(network, family, protocol, "--flow-timeout", f"{TIMEOUT_S}s", *SLOW)
    # One more interval after the last word, in which the connection is open and silent.
    quiet = {"seconds": 2.5, "interval": 3.0} if protocol == "tcp" else {"seconds": 0.8}
    talk = apps.TALKS[protocol](network.client, network.server_address[family], **quiet)
    flow = talk.flow()
    time.sleep(2.7 + TIMEOUT_S)
    check.equal(live.stop(), 0, f"{statement}: st-inject ends with 0")
    check.that(talk.finish(), f"{statement}: the application is undisturbed")
    traces, captured = reports.parse(live.stdout()), read(capture.stop())
    check.equal([(reports.flow_of(one), one["stop_reason"]) for one in traces], [(flow, "flow-timeout")],
                f"{statement}: one trace, and the report says why it ended")
    check_silence(check, statement, captured, flow, traces)
    truth = network.truth().addresses(flow)
    wrong = [hop for one in traces for hop in one["hops"]
             for reply in hop["replies"] if reply["address"] != truth[hop["ttl"] - 1]]
    check.equal(wrong, [], f"{statement}: what was found until then is right")


def check_silence(check, statement, captured, flow, traces):
    probes = segments.probes(captured, flow)
    before = [one.time for one in captured if one.flow in (flow, reverse(flow)) and not segments.is_probe(one)
              and one.time < (probes[-1].time if probes else 0)]
    if not check.that(before, f"{statement}: it was probed, {len(probes)} times"):
        return
    last_word = max(before)
    after = [one.time - last_word for one in probes if one.time > last_word]
    check.that(after and max(after) > TIMEOUT_S / 2, f"{statement}: probes go on in the silence", str(after[-1:]))
    check.that(not after or max(after) < TIMEOUT_S + LATE_S,
               f"{statement}: but none leaves later than {TIMEOUT_S} s after the last word", str(after[-3:]))
    check.equal(sum(one["probes_sent"] for one in traces), len(probes), f"{statement}: all of them are in the report")


def check_retrace(check, network, family, protocol):
    statement = f"{protocol}, IPv{family}"
    checks.section(f"--retrace, {statement}")
    written = tools.scratch(f"{protocol}{family}.pcapng")
    capture = tools.Capture(network.client, network.client_interface, "tcp or udp")
    live = start(network, family, protocol, "--retrace", f"{RETRACE_S}s", "--wait", f"{WAIT_S}s",
                 "-m", MAX_TTL, "-w", written)
    talks = [apps.TALKS[protocol](network.client, network.server_address[family], seconds=6.0, interval=SELDOM_S)
             for _ in range(2)]
    time.sleep(5.0)
    check.equal(live.stop(), 0, f"{statement}: st-inject ends with 0")
    check.that(all([talk.finish() for talk in talks]), f"{statement}: the applications are undisturbed")
    traces, captured, truth = reports.parse(live.stdout()), read(capture.stop()), network.truth()
    for flow in (talk.flow() for talk in talks):
        # The last one may have been interrupted before its first probe: it has no beginning.
        mine = [one for one in traces if reports.flow_of(one) == flow and one["start"]]
        mine.sort(key=lambda one: one["start"])
        check_traces(check, f"{statement}, port {flow.source_port}", mine, flow, truth)
        check_keys(check, f"{statement}, port {flow.source_port}", segments.probes(captured, flow))
    check.equal(len({one["trace"] for one in traces}), len(traces), f"{statement}: every trace has a number of its own")
    report = tools.scratch(f"{protocol}{family}.json")
    with open(report, "w", encoding="utf-8") as stream:
        stream.write(live.stdout())
    offline = tools.replay("--expect", report, "--wait", f"{WAIT_S}s", written, report=None)
    check.that(offline.returncode == 0, f"{statement}: st-replay of its capture tells the same {len(traces)} traces",
               offline.stdout[-800:] + offline.stderr[-300:])


def check_traces(check, statement, traces, flow, truth):
    whole = [one for one in traces if one["stop_reason"] != "interrupted"]
    check.that(len(whole) >= LEAST_TRACES, f"{statement}: traced {len(whole)} times")
    hops = truth.addresses(flow)[:MAX_TTL]
    wrong = [text for one in whole for text in reports.wrong_hops(one, hops)]
    check.equal(wrong, [], f"{statement}: every hop is right each time")
    early = [(one["end"], other["start"]) for one, other in zip(traces, traces[1:])
             if seconds_between(one["end"], other["start"]) < RETRACE_S - CLOCKS_S]
    check.equal(early, [], f"{statement}: none begins sooner than {RETRACE_S} s after the end of the one before")


def seconds_between(one, other):
    times = [datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (one, other)]
    return (times[1] - times[0]).total_seconds()


def check_keys(check, statement, probes):
    """No key comes again while an answer to its last user may still be under way."""
    last, again = {}, []
    for probe in probes:
        if probe.time - last.get(key(probe), 0) < 2 * WAIT_S:
            again.append(probe)
        last[key(probe)] = probe.time
    check.that(probes and not again, f"{statement}: no key comes again in flight, in {len(probes)} probes",
               str(again[:2]))


PARTS = {"timeout": check_timeout, "retrace": check_retrace}


def main(check):
    network = topologies.chain(routers=ROUTERS)
    apps.EchoServer(network.server)
    server = apps.DatagramServer(network.server)
    part = sys.argv[1] if len(sys.argv) > 1 else "timeout"
    for family in (4, 6):
        for protocol in apps.TALKS:
            PARTS[part](check, network, family, protocol)
    got = server.finish()
    check.equal((got["empty"], got["stray"]), (0, 0), "the UDP application got nothing but its own")
    check.equal(network.invalid(), 0, "connection tracking calls no packet INVALID")


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING])
