#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The demonstration: a private network of seven routers, a real download of a known service through it, and st-inject,
which knows the download by the service's name.

usage: demo.py CAPTURE

Runs in namespaces of its own; no address outside of them exists there. Its own name server says that the service's
host is the lab's server. The lab is the tests' (lab.py, topologies.py).
"""

import os
import sys

import apps
import checks
import service_apps
import tools
import topologies

PORT = 80
DOWNLOAD_SECONDS = 5
SERVICE, NAME = "youtube", "YouTube"  # its id and name in the database
HOST = "r3.googlevideo.com"


def shell(text):
    print(f"\n$ {text}", flush=True)


def show_trace(check, network, family, capture):
    """One live trace, as a newcomer would type it."""
    arguments = ["-i", network.client_interface, "-s", SERVICE, "--count", "1"]
    arguments += ["-w", capture] if capture else []
    live = tools.inject(network.client, *arguments, report=None, names=True)
    shell(f"curl -{family} http://{HOST}/payload &")
    download = network.web.download(network.client, HOST, PORT, DOWNLOAD_SECONDS, family)
    shell("st-inject " + " ".join(os.path.relpath(word) if word == capture else word for word in arguments))
    code = live.wait(30)
    print(live.stdout() + live.stderr(), end="", flush=True)
    check.equal(code, 0, "st-inject ends with 0")
    flow, intact = download.finish()
    check.that(intact, "the download it traced is intact")
    check.that(f" ({HOST}), {NAME}, " in live.stdout(), "the download's host and service are known")
    wanted = network.truth().addresses(flow)
    check.that(all(f"r{hop}.example.net ({address})" in live.stdout() for hop, address in enumerate(wanted, 1)),
               f"all {len(wanted)} routers of the path are shown, with their names")


def router_names(network):
    """What reverse DNS says of the routers' near sides: r1.example.net, r2.example.net ..."""
    nodes = [network.client, *(node for node in network.lab.nodes.values() if node.forwards)]
    return {f"{node.name}.example.net": node.interface(before).addresses for before, node in zip(nodes, nodes[1:])}


def main(check):
    capture = os.path.abspath(sys.argv[1])
    network = topologies.chain()
    network.web = apps.WebServer(network.server, [PORT])
    service_apps.name_server(network, {HOST: network.server_address, **router_names(network)})
    print("A private network: client - r1 - r2 - … - r7 - server (nginx, dnsmasq)")
    show_trace(check, network, 4, capture)
    show_trace(check, network, 6, None)
    shell(f"st-replay {os.path.relpath(capture)}")
    print(network.client.run([tools.program("st-replay"), capture]).stdout, end="")
    print(f"\nTo look at the capture in Wireshark, with each probe's hop, router and time (not as root,\n"
          f"for whom Wireshark loads no plugin that is not installed; docs/wireshark.md tells more):\n"
          f"  WIRESHARK_PLUGIN_DIR=build/plugins wireshark -Y 'st.probe || st.reply' {os.path.relpath(capture)}\n"
          f"  WIRESHARK_PLUGIN_DIR=build/plugins tshark -r {os.path.relpath(capture)} -q -z st,hops\n")


if __name__ == "__main__":
    checks.run(main, ["nginx", "curl", "dnsmasq"])
