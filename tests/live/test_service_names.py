#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Names that select flows: -H with names, aliases and all below a name; two names of one address; narrowing options.

Truth is what the lab's name server was made to say. Most flows live all the time: their names come after they began.
usage: test_service_names.py [hosts|shared|narrowed]
"""

import json
import re
import sys
import time

import apps
import checks
import reports
import service_apps
import tools
import topologies
from service_apps import DOMAIN, HOST, STRANGER, TlsTalk, known
from truth import family

ALIAS = "www.alias.test"
SHARED = "shared.other.test"  # another name of the first address
SECOND = {4: "10.99.0.2", 6: "fd00:99::2"}
OTHER_PORT = apps.ECHO_PORT + 1
FLOW_SECONDS = 100.0  # longer than the test; the flows die with it
TRACE_SECONDS = 1.0
INTERVAL_S = 0.04


def build(ports):
    network = topologies.chain(routers=4, watched=0)
    for address in SECOND.values():
        network.server.add_address(address)
    apps.start_servers(network.server, ports)
    service_apps.TlsServer(network.server)
    service_apps.name_server(network, {HOST: network.server_address, SHARED: network.server_address,
                                       STRANGER: SECOND, ALIAS: HOST})
    return network


def prepare(ports):
    """Returns (network, {(protocol, which address, IP version, port): flow})."""
    network = build(ports)
    addresses = {"first": network.server_address, "second": SECOND}
    talks = {(protocol, which, version, port): apps.TALKS[protocol](
        network.client, addresses[which][version], port, seconds=FLOW_SECONDS, interval=INTERVAL_S)
        for protocol in apps.TALKS for which in addresses for version in (4, 6) for port in ports}
    return network, {key: talk.flow() for key, talk in talks.items()}


def look_up(network, names):
    for name in names:
        for version in (4, 6):
            service_apps.resolve(network.client, name, version)


def named(host):
    """What is known of a flow whose host, if any, no signature knows."""
    return host and {"name": None, "host": host, "evidence": "dns"}


# (options, what is looked up in this order, {which address: what its flows' host is then, if they are wanted})
HOSTS = [
    (["-H", HOST], [HOST, STRANGER], {"first": HOST}),
    (["-H", f"{HOST.title()}."], [STRANGER, HOST], {"first": HOST}),
    (["-H", HOST], [HOST.upper()], {"first": HOST}),
    (["-H", ALIAS], [ALIAS, STRANGER], {"first": ALIAS}),
    (["-H", HOST], [ALIAS], {"first": ALIAS}),
    (["-H", ALIAS], [HOST], {}),
    (["-H", f"*.{DOMAIN}"], [HOST, STRANGER], {"first": HOST}),
    (["-H", f"*.{DOMAIN.upper()}"], [ALIAS], {"first": ALIAS}),
    (["-H", "*.test"], [HOST, STRANGER], {"first": HOST, "second": STRANGER}),
    (["-H", DOMAIN, "-H", f"*.{HOST}", "-H", HOST[1:]], [HOST, STRANGER], {}),
    (["-H", STRANGER, "-H", ALIAS], [STRANGER, ALIAS], {"first": ALIAS, "second": STRANGER}),
    (["-H", HOST, "-H", SECOND[4], "-H", SECOND[6]], [HOST], {"first": HOST, "second": None}),
    (["-H", HOST], [], {}),
]


def check_hosts(check):
    network, flows = prepare([apps.ECHO_PORT])
    for options, names, hosts in HOSTS:
        statement = f"{' '.join(options)} after lookups of {names}"
        wanted = {flow: named(hosts[key[1]]) for key, flow in flows.items() if key[1] in hosts}
        watch = service_apps.Watch(network, *options)
        look_up(network, names)
        time.sleep(TRACE_SECONDS)
        check_case(check, network, statement, watch, wanted, set(flows.values()) - set(wanted))


def check_case(check, network, statement, watch, wanted, others, talks=()):
    """As check_traced, but nothing at all is right too."""
    traces = watch.finish(talks)
    if wanted:
        service_apps.check_traced(check, network, statement, watch, traces, wanted, others)
    else:
        check.equal((watch.code, traces, watch.probes), (0, [], []), f"{statement}: nothing is traced")


def check_shared(check):
    """One address has two names. Either selects its flows; the report tells what was asked for last."""
    network = build([apps.ECHO_PORT])
    path = service_apps.signature(Domains=[DOMAIN])
    for names, service in (([HOST, SHARED], named(SHARED)), ([SHARED, HOST], known("dns", HOST)),
                           ([SHARED, STRANGER], None)):
        watch = service_apps.Watch(network, "-s", "example-video", "--signatures", path)
        look_up(network, names)
        talks = [talk(network.client, network.server_address[version], seconds=TRACE_SECONDS)
                 for version in (4, 6) for talk in apps.TALKS.values()]
        mine, other = (TlsTalk(network.client, network.server_address[6], seconds=TRACE_SECONDS, name=name)
                       for name in (HOST, SHARED))
        wanted = {mine.flow(): known("sni", HOST), **({talk.flow(): service for talk in talks} if service else {})}
        others = [other.flow(), *(talk.flow() for talk in talks if not service)]
        check_case(check, network, f"lookups of {names}", watch, wanted, others, [mine, other, *talks])
    check_settled(check, network, path)


def check_settled(check, network, path):
    """A flow that began after its client had been given the address by one name is not another name's later."""
    watch = service_apps.Watch(network, "-s", "example-video", "--signatures", path)
    service_apps.resolve(network.client, SHARED, 4)
    before = apps.Talk(network.client, network.server_address[4], seconds=2 * TRACE_SECONDS)
    before.flow()
    time.sleep(TRACE_SECONDS / 2)
    service_apps.resolve(network.client, HOST, 4)
    after = apps.Talk(network.client, network.server_address[4], seconds=TRACE_SECONDS)
    check_case(check, network, f"{SHARED}, a flow, {HOST}, another flow", watch, {after.flow(): known("dns", HOST)},
               [before.flow()], [before, after])


def flow_records(text):
    return [one for one in map(json.loads, text.splitlines()) if one["type"] == "flow"]


def check_narrowed(check):
    """DNS is heard whatever narrows the selection, and is not itself taken for a flow that was asked for."""
    network, flows = prepare([apps.ECHO_PORT, OTHER_PORT])
    path = service_apps.signature(Domains=[DOMAIN])
    for options, is_wanted in (
            (["tcp port 7007"], lambda protocol, version, port: (protocol, port) == ("tcp", 7007)),
            (["-p", 7007], lambda protocol, version, port: port == 7007),
            (["--protocol", "tcp"], lambda protocol, version, port: protocol == "tcp"),
            (["-6", "-p", 7008], lambda protocol, version, port: (version, port) == (6, 7008)),
            (["-4", "udp and not port 7007"], lambda protocol, version, port: (protocol, version, port) ==
             ("udp", 4, 7008))):
        statement = " ".join(map(str, options))
        watch = service_apps.Watch(network, "-s", "example-video", "--signatures", path, "--flows", *options)
        look_up(network, [HOST, STRANGER])
        time.sleep(TRACE_SECONDS)
        wanted = {flow: known("dns", HOST) for (protocol, which, version, port), flow in flows.items()
                  if which == "first" and is_wanted(protocol, version, port)}
        check_case(check, network, statement, watch, wanted, set(flows.values()) - set(wanted))
        check_counted(check, statement, watch, wanted)
    check_all(check, network, flows)


def check_counted(check, statement, watch, wanted):
    """The lookups are no flows of the user's: neither reported nor counted."""
    found = [reports.flow_of(one) for one in flow_records(watch.live.stdout())]
    check.equal(sorted(found), sorted(wanted), f"{statement}: --flows tells of these flows and of no lookup")
    summary = re.search(r"(\d+) flows? seen, (\d+) traced", watch.live.stderr())
    check.that(summary and (int(summary[1]), int(summary[2])) == (len(wanted), len(wanted)),
               f"{statement}: nor is one counted", watch.live.stderr())


def check_all(check, network, flows):
    """Where every flow is wanted but for the FILTER, the names in what it refuses are learned all the same."""
    statement = "--all tcp port 7007"
    watch = service_apps.Watch(network, "--flows", "--all", "tcp port 7007")
    look_up(network, [HOST, STRANGER])
    time.sleep(TRACE_SECONDS)
    hosts = {**{address: HOST for address in network.server_address.values()},
             **{address: STRANGER for address in SECOND.values()}}
    wanted = {flow: named(hosts[flow.destination]) for (protocol, _, _, port), flow in flows.items()
              if (protocol, port) == ("tcp", 7007)}
    check_case(check, network, statement, watch, wanted, set(flows.values()) - set(wanted))
    check_counted(check, statement, watch, wanted)
    check.equal({family(flow) for flow in wanted}, {4, 6}, f"{statement}: in both IP versions")


PARTS = {"hosts": check_hosts, "shared": check_shared, "narrowed": check_narrowed}


def main(check):
    PARTS[sys.argv[1] if len(sys.argv) > 1 else "hosts"](check)


if __name__ == "__main__":
    checks.run(main, [*tools.CAPTURING, "dnsmasq", "getent", "openssl"])
