#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""What is told of services: flows as such (--flows), the capture (-w) and its replay, complaints about signatures.

usage: test_service_output.py [flows|written|usage]
"""

import datetime
import json
import os
import re
import sys
import time

import apps
import checks
import reports
import service_apps
import tools
import topologies
import udp_apps
from service_apps import DOMAIN, HOST, STRANGER, TlsTalk, known
from truth import reverse

SECONDS = 2.0
SLOW_LINK = "16mbit"  # a QUIC transfer takes some seconds
STAMPS_S = 0.002  # two programs' capture stamps of one packet
LINK_HEADER_BYTES = 14
HANDSHAKE_PACKETS = 2  # of the client, which come before its ClientHello
QUIC_HOST = f"quic.{DOMAIN}"  # which only its client knows


def prepare():
    network = topologies.chain()
    apps.start_servers(network.server)
    service_apps.TlsServer(network.server)
    service_apps.name_server(network, {HOST: network.server_address, STRANGER: network.server_address})
    return network


def flow_records(text):
    """{flow: what --flows says of it}"""
    objects = [json.loads(line) for line in text.splitlines()]
    return {reports.flow_of(one): one for one in objects if one["type"] == "flow"}


def seconds(stamp):
    return datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00")).timestamp()


def record_faults(record, flow, seen, times):
    """Where the record departs from what another program saw, as texts."""
    faults = []
    for way, one in (("sent", flow), ("received", reverse(flow))):
        if record[way] != seen.get(one):
            faults.append(f"{flow}: {way} {record[way]}, seen {seen.get(one)}")
    for end, wanted in (("start", min(times[flow])), ("end", max(times[flow]))):
        if abs(seconds(record[end]) - wanted) > STAMPS_S:
            faults.append(f"{flow}: {end} is {seconds(record[end]) - wanted:+} s off")
    return faults


def times_of(path, flows):
    """{flow: times of its packets, both ways}"""
    times = {flow: [] for flow in flows}
    for one, row in service_apps.packets(path, ["frame.time_epoch", "ip.ttl", "ipv6.hlim"],
                                         "(tcp or udp) and not icmp and not icmpv6"):
        flow = one if one in times else reverse(one)
        if flow in times and int(row["ip.ttl"] or row["ipv6.hlim"]) >= service_apps.PROBE_TTL_LIMIT:
            times[flow].append(float(row["frame.time_epoch"]))
    return times


def check_records(check, statement, watch, wanted):
    """wanted: {flow: service}"""
    found = flow_records(watch.live.stdout())
    check.equal({flow: one["service"] for flow, one in found.items()}, wanted,
                f"{statement}: {len(wanted)} flows, each with what is known of its service")
    seen, times = service_apps.traffic(watch.path), times_of(watch.path, found)
    faults = [text for flow, one in found.items() for text in record_faults(one, flow, seen, times)]
    check.that(found and not faults, f"{statement}: packets, bytes and times are what another program saw, "
                                     f"without {len(watch.probes)} probes", "; ".join(faults[:4]))
    check.that(len(watch.probes) > 0, f"{statement}: there were probes")
    reports.check_schema(check, found.values())


def talk_all(network):
    """One application of each kind; returns ({flow: SNI or None}, the applications)."""
    talks = [talk(network.client, network.server_address[family], seconds=SECONDS)
             for family in (4, 6) for talk in apps.TALKS.values()]
    tls = {name: TlsTalk(network.client, network.server_address[6], seconds=SECONDS, name=name)
           for name in (HOST, STRANGER)}
    named = {**{talk.flow(): None for talk in talks}, **{talk.flow(): name for name, talk in tls.items()}}
    return named, [*talks, *tls.values()]


def check_all_flows(check, network, path):
    """Also lookups are flows where all are wanted."""
    statement = "--flows --all"
    watch = service_apps.Watch(network, "--all", "--flows", "--signatures", path)
    named, talks = talk_all(network)
    traces = watch.finish(talks)
    wanted = {flow: known("sni", HOST) if name == HOST else
              {"name": None, "host": name, "evidence": "sni"} if name else None for flow, name in named.items()}
    check_records(check, statement, watch, wanted)
    reports.check_traces(check, traces, list(wanted), network.truth(), statement)
    numbers = {reports.flow_of(one): one["flow"]["id"] for one in traces}
    check.equal({flow: one["flow"]["id"] for flow, one in flow_records(watch.live.stdout()).items()}, numbers,
                f"{statement}: flow and trace have the same number")
    watch = service_apps.Watch(network, "--all", "--flows", "udp")
    service_apps.resolve(network.client, HOST, 4)
    watch.finish()
    found = flow_records(watch.live.stdout())
    seen = service_apps.traffic(watch.path)
    check.equal(sorted(found), sorted(flow for flow in seen if flow.destination_port == udp_apps.DNS_PORT),
                "--flows --all: a lookup is a flow too")
    check.equal([text for flow, one in found.items() for text in
                 record_faults(one, flow, seen, times_of(watch.path, found))], [], "--flows --all: and counted as such")


def check_late_flows(check, network, path):
    """Flows that are wanted only since their name is known are told from their first packet on."""
    statement = "--flows -s, an answer that comes late"
    watch = service_apps.Watch(network, "-s", "example-video", "--flows", "--signatures", path)
    named, talks = talk_all(network)
    time.sleep(SECONDS / 3)
    for family in (4, 6):
        service_apps.resolve(network.client, HOST, family)
    watch.finish(talks)
    wanted = {flow: known("sni" if name else "dns", HOST) for flow, name in named.items() if name != STRANGER}
    check_records(check, statement, watch, wanted)


def check_flows_text(check, network, path):
    statement = "--flows as text"
    live = tools.inject(network.client, "-i", network.client_interface, "-s", "example-video", "--signatures", path,
                        "--flows", "-m", 2, "--wait", "200ms", report="text")
    talk = TlsTalk(network.client, network.server_address[4], seconds=1.0, name=HOST)
    flow = talk.flow()
    talk.finish()
    live.stop()
    ends = re.escape(f"tcp {flow.source}:{flow.source_port} > {flow.destination}:{flow.destination_port} "
                     f"({HOST}), Example Video, ")
    lines = live.stdout().splitlines()
    check.that(any(re.fullmatch(rf"flow {ends}sent \d+ packets \d+ bytes, received \d+ packets \d+ bytes, "
                                r"\d+\.\d{3} s", line) for line in lines), f"{statement}: one line a flow", str(lines))
    check.that(any(re.match(ends, line) for line in lines), f"{statement}: a trace's first line tells host and service",
               str(lines))


def main_flows(check):
    network = prepare()
    path = service_apps.signature(Domains=[DOMAIN])
    check_all_flows(check, network, path)
    check_late_flows(check, network, path)
    check_flows_text(check, network, path)


def payload_frames(path):
    """{frame number: bytes of application data in it}, where there are any."""
    fields = ["frame.number", "frame.cap_len", "ip.hdr_len", "tcp.hdr_len"]
    found = {}
    for _, row in service_apps.packets(path, fields, "(tcp or udp) and not icmp and not icmpv6"):
        headers = LINK_HEADER_BYTES + int(row["ip.hdr_len"] or 40) + int(row["tcp.hdr_len"] or 8)
        if int(row["frame.cap_len"]) > headers:
            found[int(row["frame.number"])] = int(row["frame.cap_len"]) - headers
    return found


def teaching_frames(path):
    """Numbers of the frames with an answer of DNS, or with a part of a ClientHello."""
    rows = service_apps.packets(path, ["frame.number"], "dns.flags.response == 1 or tls.handshake.type == 1 or "
                                "quic.long.packet_type == 0")
    whole = {row["frame.number"] for _, row in rows}
    parts = service_apps.packets(path, ["frame.number", "tcp.reassembled_in"], "tcp.reassembled_in")
    return {int(number) for number in whole} | \
        {int(row["frame.number"]) for _, row in parts if row["tcp.reassembled_in"] in whole}


def check_written(check, network, path, written, watch, wanted):
    """What the capture holds, by Wireshark."""
    seen = service_apps.server_names(written)
    named = {flow: service["host"] for flow, service in wanted.items() if service["evidence"] == "sni"}
    check.equal({flow: seen.get(flow) for flow in named}, named, "the capture holds these ClientHellos, whole")
    heard = [name for _, name in service_apps.answers(written)]
    check.equal(heard, [HOST, HOST], "and the answers of DNS, over UDP and TCP")
    payloads = payload_frames(written)
    check.equal(set(payloads) - teaching_frames(written), set(),
                f"{len(payloads)} frames, those, have payload, and no other")
    mine = {flow: count["packets"] for flow, count in service_apps.traffic(watch.path).items() if flow in wanted}
    kept = service_apps.traffic(written)
    lost = [mine[flow] - kept[flow]["packets"] for flow in mine]
    check.that(0 <= min(lost) and max(lost) <= HANDSHAKE_PACKETS,
               f"of these flows it holds all headers, but for the SYN and ACK before a name: {lost} lost")
    strangers = [flow for flow in kept if flow.destination_port != udp_apps.DNS_PORT and
                 flow.source_port != udp_apps.DNS_PORT and flow not in wanted and reverse(flow) not in wanted]
    check.that(sum(kept[flow]["packets"] for flow in strangers) <= len(strangers),
               "of other flows it holds no more than what told a name", str({one: kept[one] for one in strangers}))
    check_replay(check, path, written, watch, wanted)


def check_replay(check, path, written, watch, wanted):
    live = reports.parse(watch.live.stdout())
    saved = tools.scratch("saved.json")
    with open(saved, "w", encoding="utf-8") as stream:
        stream.write(watch.live.stdout())
    for options in (["-s", "example-video", "--signatures", path], ["--signatures", path]):
        statement = f"st-replay {options[0]}"
        offline = tools.replay(*options, written)
        check.equal(offline.returncode, 0, f"{statement}: ends with 0")
        traces = reports.parse(offline.stdout)
        reports.compare_sets(check, live, traces, f"{statement}: the same traces", 0.001)
        check.equal(service_apps.services(traces), wanted, f"{statement}: the same services")
        done = tools.replay(*options, "--expect", saved, written, report=None)
        check.that(done.returncode == 0, f"{statement}: --expect finds no difference", done.stdout[-600:])
    offline = tools.replay("-s", "example-video", "--signatures",
                           service_apps.signature(Domains=["elsewhere.test"]), written)
    check.equal((offline.returncode, offline.stdout), (0, ""), "st-replay -s of a service without flows tells nothing")


def main_written(check):
    network = prepare()
    network.server.run(["tc", "qdisc", "add", "dev", network.server_interface, "root", "tbf", "rate", SLOW_LINK,
                        "burst", "16kb", "latency", "100ms"])
    quic = udp_apps.QuicServer(network.server)
    path, written = service_apps.signature(Domains=[DOMAIN]), tools.scratch("written.pcapng")
    watch = service_apps.Watch(network, "-s", "example-video", "--signatures", path, "-w", written)
    server = network.server_address
    tls = [TlsTalk(network.client, server[family], seconds=SECONDS, name=HOST, alpn="h2",
                   mss=88 if family == 6 else 1000)  # of one ClientHello it takes several segments
           for family in (4, 6)]
    udp_apps.say_hosts({QUIC_HOST: server[4], f"{STRANGER}.invalid": server[4]})
    download = quic.download(network.client, server[4], QUIC_HOST)
    others = [quic.download(network.client, server[4], f"{STRANGER}.invalid"),
              TlsTalk(network.client, server[4], seconds=SECONDS, name=STRANGER)]
    for talk in (*tls, *others):
        talk.flow()  # before there is another name for the server
    for family in (4, 6):
        service_apps.resolve(network.client, HOST, family, over_tcp=family == 6)
    plain = [apps.Talk(network.client, server[family], seconds=SECONDS) for family in (4, 6)]
    wanted = {**{talk.flow(): known("sni", HOST, alpn=["h2"]) for talk in tls},
              **{talk.flow(): known("dns", HOST) for talk in plain},
              download.flow(): known("sni", QUIC_HOST, alpn=["h3"])}
    others = [*others, *plain, *tls, download]
    traces = watch.finish(others)
    check.equal(service_apps.services(traces), wanted, "these flows are traced, with these services")
    check_written(check, network, path, written, watch, wanted)


def run(network, tool, *arguments):
    place = ["-i", network.client_interface] if tool == "st-inject" else []
    return network.client.run([tools.program(tool), *place, *arguments], check=False)


def broken_signature():
    path = service_apps.signature(Domains=[DOMAIN])
    with open(path, "a", encoding="utf-8") as stream:
        stream.write("Prefixes=10.0.0.0/33;\n")
    return path


def check_complaints(check, network, tool):
    good, broken = service_apps.signature(Domains=[DOMAIN]), broken_signature()
    with open(broken, encoding="utf-8") as stream:
        line = len(stream.read().splitlines())
    missing = tools.scratch("nowhere")
    cases = [(["-s", "nosuch"], 2, r'"nosuch"'),
             (["-s", "example-video"], 2, r'"example-video"'),
             (["-s", "example", "--signatures", good], 2, r'"example"'),
             (["-s", "example-video", "--signatures", broken], 1, re.escape(f"{broken}:{line}: ")),
             (["--all", "--signatures", broken], 1, re.escape(f"{broken}:{line}: ")),
             (["-s", "example-video", "--signatures", missing], 1, re.escape(f"{missing}: ")),
             (["-s", ""], 2, '""'), (["-H", "no host"], 2, "no host"), (["-H", "10.0.0.1.2"], 2, "10.0.0.1.2")]
    for arguments, code, pattern in cases:
        done = run(network, tool, *arguments, *([] if tool == "st-inject" else ["/dev/null"]))
        lines = done.stderr.splitlines()
        check.that(done.returncode == code and done.stdout == "" and len(lines) == 1 and re.search(pattern, lines[0])
                   and lines[0].startswith(f"{tool}: "), f"{tool} {' '.join(arguments)}: exit {code}, one clear line",
                   f"exit {done.returncode}: {done.stderr!r}")


def check_spellings(check, network):
    """Ids and names in any case, several services, a folder, the user's own folder, one that replaces another."""
    own = os.path.join(os.environ["XDG_CONFIG_HOME"], "servicetrace", "signatures")
    service_apps.signature("own-video", "My Own Video", own, FullDomains=[STRANGER])
    folder = os.path.dirname(service_apps.signature(Domains=[DOMAIN]))
    service_apps.signature("third", "Third", folder, Domains=["third.test"])
    replaced = service_apps.signature("own-video", "Replaced", Domains=["replaced.test"])
    for options, names in ((["-s", "EXAMPLE-Video", "--signatures", folder], [HOST]),
                           (["-s", "example video", "--signatures", folder], [HOST]),
                           (["-s", "My own video"], [STRANGER]),
                           (["-s", "third", "-s", "OWN-VIDEO", "-s", "example-video", "--signatures", folder],
                            [HOST, STRANGER]),
                           (["-s", "own-video", "--signatures", replaced], [])):
        watch = service_apps.Watch(network, *options)
        talks = {name: TlsTalk(network.client, network.server_address[4], seconds=1.0, name=name)
                 for name in (HOST, STRANGER)}
        flows = {name: talk.flow() for name, talk in talks.items()}
        traces = watch.finish(talks.values())
        check.equal(sorted(reports.flow_of(one) for one in traces), sorted(flows[name] for name in names),
                    f"{' '.join(options[:-1] + [os.path.basename(options[-1])])}: traces {names or 'nothing'}")


def main_usage(check):
    os.environ["XDG_CONFIG_HOME"] = tools.scratch("config")
    network = prepare()
    for tool in ("st-inject", "st-replay"):
        check_complaints(check, network, tool)
    check_spellings(check, network)


PARTS = {"flows": main_flows, "written": main_written, "usage": main_usage}


def main(check):
    PARTS[sys.argv[1] if len(sys.argv) > 1 else "flows"](check)


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "dnsmasq", "getent", "openssl", "gtlsserver", "gtlsclient"])
