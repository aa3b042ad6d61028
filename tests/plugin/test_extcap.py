#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""st-inject as a capture program of Wireshark: tshark, as nobody with the privileges to capture, lists its interfaces
in the lab of kernel routers, traces through it what its options select and annotates that live; the end of a capture
ends the probing, and errors are tshark's.

Usage: test_extcap.py listed | traced | ended | wrong
"""

import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import shark as sharks

sys.path.insert(0, str(sharks.SOURCE / "tests" / "live"))
import apps  # noqa: E402  pylint: disable=wrong-import-position
import checks  # noqa: E402  pylint: disable=wrong-import-position
import service_apps  # noqa: E402  pylint: disable=wrong-import-position
import tools  # noqa: E402  pylint: disable=wrong-import-position
import topologies  # noqa: E402  pylint: disable=wrong-import-position
from lab import wait_until  # noqa: E402  pylint: disable=wrong-import-position

ROUTERS = 5
PORT = 8080
PROBES = 3
MAX_TTL = 8
PRIVILEGES = ["--inh-caps=+net_raw,+net_admin", "--ambient-caps=+net_raw,+net_admin"]
FIELDS = ["frame.number", "st.probe", "st.reply", "st.hop", "st.probe.index", "st.router", "st.rtt_ms", "st.flow.host",
          "st.flow.service", "tcp.dstport", "ip.ttl"]
ANSWER_S = 1.0  # a question of Wireshark's start page; a tenth of that is usual
STOP_S = 1.0
FAILURE_S = 6.0  # tshark alone takes half a second; it would wait for a pipe without end
# A trace that goes on for a quarter of a minute.
SLOW = {"algorithm": "packet-by-packet", "probes": 10, "max-ttl": 32, "inter-probe-time": "50ms",
        "inter-iteration-time": "50ms", "wait": "200ms"}


class Installed:
    """In the folder of a Shark what looks like an installation with st-inject."""

    def __init__(self, shark):
        self.shark = shark
        top = shark.folder / "installed"
        (top / "bin").mkdir(parents=True)
        shutil.copy(tools.program("st-inject"), top / "bin")
        (top / "extcap").mkdir()
        (top / "extcap" / "st-inject").symlink_to("../bin/st-inject")
        self.program = top / "extcap" / "st-inject"
        (top / "share").symlink_to(shark.build / "share")
        top.chmod(top.stat().st_mode | 0o055)

    def command(self, argv, capable=True):
        """argv for whoever is root in a node: nobody, who may capture or not."""
        prefix = [word for word in self.shark.command([]) if word != "--"]
        return [*prefix, *(PRIVILEGES if capable else []), "--", *map(str, argv)]

    def env(self):
        return self.shark.env(WIRESHARK_EXTCAP_DIR=self.program.parent)

    def run(self, node, argv, capable=True):
        """Runs in the node to the end."""
        return node.run(self.command(argv, capable), check=False, env=self.env(), cwd=self.shark.folder)

    def start(self, node, argv, capable=True, **options):
        return node.start(self.command(argv, capable), env=self.env(), cwd=self.shark.folder, **options)

    def running(self):
        """Process numbers of the st-inject that run now. All processes are this test's."""
        links = {entry: os.path.join("/proc", entry, "exe") for entry in os.listdir("/proc") if entry.isdigit()}
        return [int(entry) for entry, link in links.items() if _target(link) == str(self.program.resolve())]


def _target(link):
    try:
        return os.readlink(link)
    except OSError:
        return None


def complaints(live):
    """What tshark found to say, but for the empty line with which 4.0 ends each capture from a pipe."""
    return [line for line in sharks.noise(live.stderr()) if line != "tshark: "]


class Bench:
    """One network for all cases."""

    def __init__(self, check, shark):
        self.check = check
        self.installed = Installed(shark)
        self.network = topologies.chain(routers=ROUTERS)
        self.client = self.network.client
        self.value = f"st-{self.network.client_interface}"

    def chosen(self, options):
        """Wireshark keeps the dialog's answers as preferences."""
        name = re.sub("[^a-z0-9]", "_", self.value)
        return [word for option, value in options.items()
                for word in ("-o", f"extcap.{name}.{option.replace('-', '')}:{value}")]

    def tshark(self, options, *arguments, capable=True):
        """Starts tshark on the interface. Returns once it captures, or has ended."""
        command = ["tshark", "-n", "-i", self.value, *self.chosen(options), *arguments]
        live = self.installed.start(self.client, command, capable)
        wait_until(lambda: not live.running() or any(map(tools.has_packet_socket, self.installed.running())), 10,
                   "st-inject captures")
        time.sleep(tools.SETTLE_S)
        return live

    def annotated(self, options, *arguments):
        """Starts tshark so that it prints FIELDS of each packet, in one pass."""
        words = [word for field in FIELDS for word in ("-e", field)]
        shown = ["-l", "-T", "fields", "-E", "separator=/t", "-E", "occurrence=f", *words]
        return self.tshark(options, *shown, *arguments)

    def end(self, live, statement):
        """Ends the capture as Ctrl-C does; returns the rows of annotated()."""
        code = live.stop(signal.SIGINT)
        self.check.equal((code, complaints(live)), (0, []), f"{statement}: tshark ends with 0, without a complaint")
        self.check.equal(self.installed.running(), [], f"{statement}: no st-inject is left")
        return [dict(zip(FIELDS, line.split("\t"))) for line in live.stdout().splitlines()]

    def check_annotated(self, rows, flows, statement):
        """Each reply has the true router; each probe its hop and number."""
        truth = self.network.truth()
        addresses = truth.addresses(flows[0])
        wanted = sorted((str(hop + 1), str(n + 1), address) for hop, address in enumerate(addresses)
                        for n in range(PROBES)) * len(flows)
        replies = [row for row in rows if row["st.reply"]]
        found = sorted((row["st.hop"], row["st.probe.index"], row["st.router"]) for row in replies)
        self.check.equal(found, sorted(wanted),
                         f"{statement}: {len(replies)} replies, each with its hop, probe and router")
        self.check.that(all(0 < float(row["st.rtt_ms"] or 0) < 1000 for row in replies),
                        f"{statement}: and with its RTT")
        probes = sorted((row["st.hop"], row["st.probe.index"]) for row in rows if row["st.probe"])
        wanted = sorted((str(ttl), str(n + 1)) for ttl in range(1, MAX_TTL + 1) for n in range(PROBES)) * len(flows)
        self.check.equal(probes, sorted(wanted), f"{statement}: {len(probes)} probes, each with its hop")
        self.check.that(all(row["st.hop"] == row["ip.ttl"] or not row["ip.ttl"] for row in rows if row["st.probe"]),
                        f"{statement}: which is the TTL that it has")
        others = [row for row in rows if not row["st.probe"] and not row["st.reply"]]
        self.check.that(len(others) > 10, f"{statement}: beside {len(others)} packets of the application")


def check_listed(bench):
    """What the start page and the dialog ask, also of a user who may not capture."""
    check, installed = bench.check, bench.installed
    for capable in (True, False):
        who = "a user who may capture" if capable else "a user who may not"
        done = installed.run(bench.client, ["tshark", "-D"], capable)
        found = re.findall(r"^\d+\. (st-\S+) \((.*)\)$", done.stdout, re.M)
        wanted = [(bench.value, f"Service Traceroute: {bench.network.client_interface}")]
        check.equal((found, done.stderr), (wanted, ""),
                    f"{who}: tshark -D lists the interface that is up, and no loopback")
        done = installed.run(bench.client, ["tshark", "-L", "-i", bench.value], capable)
        check.that("EN10MB (Ethernet)" in done.stdout and done.returncode == 0, f"{who}: tshark -L",
                   done.stdout + done.stderr)
        for question in (["--extcap-interfaces", "--extcap-version=4.0"],
                         ["--extcap-config", "--extcap-interface", bench.value]):
            began = time.monotonic()
            done = installed.run(bench.client, [installed.program, *question], capable)
            lasted = time.monotonic() - began
            check.that((done.returncode, done.stderr) == (0, "") and done.stdout and lasted < ANSWER_S,
                       f"{who}: {question[0]} is answered in {1000 * lasted:.0f} ms", done.stderr)
    check_filters(bench)
    check_bridge(bench)


def check_bridge(bench):
    """A bridge, a port of it and what is plugged into that; and a tunnel."""
    names = ("bridge", "port", "guest", "tunnel")
    for line in ("link add bridge type bridge", "link add port type veth peer name guest",
                 "link set port master bridge", "tuntap add tunnel mode tun",
                 *(f"link set {name} up" for name in names)):
        bench.client.run(["ip", *line.split()])
    done = bench.installed.run(bench.client, [bench.installed.program, "--extcap-interfaces"], capable=False)
    found = sorted(re.findall(r"\{value=([^}]*)\}", done.stdout))
    bench.check.equal(found, sorted([bench.value, "st-bridge", "st-guest", "st-tunnel"]),
                      "all are listed but the port of the bridge")
    done = bench.installed.run(bench.client, [bench.installed.program, "--extcap-dlts", "--extcap-interface",
                                              "st-tunnel"])
    bench.check.that("{name=RAW}" in done.stdout, "the tunnel's packets are raw IP", done.stdout)


def check_filters(bench):
    """Wireshark colours the filter's line by this."""
    for text, good in [("tcp port 80", True), ("host 192.0.2.1 and not udp", True), ("inbound", True),
                       ("tcp prt 80", False), ("host", False)]:
        done = bench.installed.run(bench.client, [bench.installed.program, "--extcap-interface", bench.value,
                                                  "--extcap-capture-filter", text], capable=False)
        bench.check.that(bool(done.stdout) != good and not done.stderr and done.returncode == 0,
                         f"the filter \"{text}\" is {'good' if good else 'refused'}", done.stdout + done.stderr)


def check_download(bench, web, family):
    statement = f"an HTTP download, IPv{family}"
    checks.section(statement)
    address = bench.network.server_address[family]
    live = bench.annotated({"host": address, "max-ttl": MAX_TTL, "wait": "500ms"})
    one = web.download(bench.client, address, PORT, seconds=3.0)
    time.sleep(1.5)
    shown, during = live.stdout(), one.running()
    flow, intact = one.finish()
    time.sleep(1.0)
    rows = bench.end(live, statement)
    bench.check.that(during and shown.count(bench.network.truth().addresses(flow)[-1]) == PROBES,
                     f"{statement}: the last router's replies were shown while it went on")
    bench.check.that(intact, f"{statement}: it is intact")
    bench.check_annotated(rows, [flow], statement)


def check_narrowed(bench, web):
    """FILTER and --port of two downloads leave one each; the second capture has its own."""
    address = bench.network.server_address[4]
    for options, arguments in (({"port": PORT + 1}, []), ({}, ["-f", f"tcp port {PORT + 1}"])):
        statement = f"one of two downloads, by {'the filter' if arguments else 'the port'}"
        checks.section(statement)
        live = bench.annotated({"all": "true", "max-ttl": MAX_TTL, "wait": "500ms", "protocol": "tcp",
                                "ip-version": "ipv4", **options}, *arguments)
        both = [web.download(bench.client, address, port, seconds=2.0) for port in (PORT, PORT + 1)]
        flows = [download.finish()[0] for download in both]
        time.sleep(1.0)
        rows = bench.end(live, statement)
        bench.check_annotated(rows, flows[1:], statement)
        ports = {row["tcp.dstport"] for row in rows if row["st.probe"]}
        bench.check.equal(ports, {str(PORT + 1)}, f"{statement}: only that one is probed")


def check_service(bench):
    """By a name in a ClientHello, of a service in a file of the user's own."""
    statement = "a service"
    checks.section(statement)
    service_apps.TlsServer(bench.network.server)
    address = bench.network.server_address[4]
    path = service_apps.signature(Domains=[service_apps.DOMAIN])
    pathlib.Path(path).parent.chmod(0o755)
    live = bench.annotated({"service": "youtube,netflix", "more-services": "Example Video", "signatures": path,
                            "max-ttl": MAX_TTL, "wait": "500ms"})
    talks = [service_apps.TlsTalk(bench.client, address, seconds=2.0, name=name)
             for name in (service_apps.HOST, service_apps.STRANGER)]
    flows = [talk.flow() for talk in talks]
    intact = all([talk.finish() for talk in talks])
    time.sleep(0.7)
    rows = bench.end(live, statement)
    bench.check.that(intact, f"{statement}: the data are intact")
    bench.check_annotated(rows, flows[:1], statement)
    names = {row["st.flow.host"] for row in rows if row["st.probe"]}
    bench.check.equal(names, {service_apps.HOST}, f"{statement}: which Wireshark names, too")


def check_traced(bench):
    web = apps.WebServer(bench.network.server, [PORT, PORT + 1])
    for family in (4, 6):
        check_download(bench, web, family)
    check_narrowed(bench, web)
    check_service(bench)


def probe_times(path):
    """When each packet left that has a small TTL, as another program saw it."""
    rows = tools.tshark_rows(path, ["frame.time_epoch", "ip.ttl"], f"tcp.dstport == {apps.ECHO_PORT} && ip.ttl < 33")
    return [float(row["frame.time_epoch"]) for row in rows]


def check_probing_ends(bench, statement, stop):
    """A trace that would go on. stop(live) ends the capture somehow and waits until st-inject has ended."""
    checks.section(statement)
    address = bench.network.server_address[4]
    capture = tools.Capture(bench.client, bench.network.client_interface)
    live = bench.annotated({"host": address, **SLOW})
    talk = apps.Talk(bench.client, address, seconds=5.0)
    talk.flow()
    time.sleep(2.0)
    stopped = time.time()
    stop(live)
    wait_until(lambda: not bench.installed.running(), 5, "st-inject ends")
    lasted = time.time() - stopped
    bench.check.that(lasted < STOP_S, f"{statement}: st-inject ends {1000 * lasted:.0f} ms later")
    intact = talk.finish()
    times = probe_times(capture.stop())
    before = [at for at in times if stopped - 1 < at <= stopped]
    bench.check.that(len(before) > 5, f"{statement}: there were {len(before)} probes in the second before")
    late = max(times) - stopped
    bench.check.that(late < STOP_S, f"{statement}: the last probe left {1000 * late:.0f} ms after the stop")
    bench.check.that(intact, f"{statement}: the application's data are intact")
    return live


def check_ended(bench):
    apps.EchoServer(bench.network.server)
    check = bench.check
    for number in (signal.SIGINT, signal.SIGTERM):
        statement = f"tshark gets {number.name}"
        live = check_probing_ends(bench, statement, lambda live, number=number: live.send_signal(number))
        code = live.wait(5)
        check.equal((code, complaints(live)), (0, []), f"{statement}: tshark ends with 0, without a complaint")
    live = check_probing_ends(bench, "what reads the pipe is killed", lambda _: kill("dumpcap"))
    live.stop(signal.SIGKILL)
    live = check_probing_ends(bench, "tshark is killed", lambda live: live.send_signal(signal.SIGKILL))
    check_pipe(bench, "the reader goes, no packet comes", lambda reader, _: os.close(reader))
    check_pipe(bench, "SIGTERM", lambda _, live: live.send_signal(signal.SIGTERM))


def kill(name):
    """Ends a program; all processes are this test's."""
    for entry in filter(str.isdigit, os.listdir("/proc")):
        if os.path.basename(_target(f"/proc/{entry}/exe") or "") == name and int(entry) not in (1, os.getpid()):
            os.kill(int(entry), signal.SIGKILL)


def make_pipe(bench):
    """A pipe as Wireshark makes it: its path, and the descriptor that reads."""
    path = pathlib.Path(tempfile.mkdtemp(dir=bench.installed.shark.folder)) / "fifo"
    path.parent.chmod(0o755)
    os.mkfifo(path)
    path.chmod(0o666)
    return path, os.open(path, os.O_RDONLY | os.O_NONBLOCK)


def check_opened(bench, *arguments):
    """Wireshark 4.0 waits for the pipe of a program that has ended, unless it was opened once."""
    path, reader = make_pipe(bench)
    done = bench.installed.run(bench.client, [bench.installed.program, "--capture", "--extcap-interface", bench.value,
                                              "--fifo", path, *arguments])
    condition = select.poll()
    condition.register(reader, 0)
    opened = [found for _, found in condition.poll(0)] == [select.POLLHUP]
    os.close(reader)
    bench.check.that(opened and done.returncode == 2 and len(done.stderr.splitlines()) == 1,
                     f"{' '.join(arguments) or 'no option'}: it fails with one line, and the pipe was opened",
                     done.stderr)


def check_pipe(bench, statement, stop):
    """st-inject with a pipe of the test's own."""
    checks.section(statement)
    path, reader = make_pipe(bench)
    live = bench.installed.start(bench.client, [
        bench.installed.program, "--capture", "--extcap-interface", bench.value, "--fifo", path, "--host", "192.0.2.1"])
    tools.wait_capturing(live)
    time.sleep(0.3)
    header = os.read(reader, 1 << 16)
    # The section's block, then at once the interface's: who reads must know both before the first packet.
    length = int.from_bytes(header[4:8], sys.byteorder)
    bench.check.equal((header[:4], header[length:length + 4]), (b"\n\r\r\n", (1).to_bytes(4, sys.byteorder)),
                      f"{statement}: the capture has begun before there is a packet")
    began = time.monotonic()
    stop(reader, live)
    code = live.wait(5)
    lasted = time.monotonic() - began
    bench.check.that(lasted < STOP_S, f"{statement}: it ends {1000 * lasted:.0f} ms later")
    bench.check.equal((code, live.stdout(), live.stderr()), (0, "", ""), f"{statement}: with 0 and without a word")


def check_fails(bench, statement, options, message, *arguments, capable=True):
    """The capture ends by itself, and tshark shows why."""
    began = time.monotonic()
    live = bench.tshark(options, *arguments, capable=capable)
    live.wait(8)
    lasted = time.monotonic() - began
    bench.check.that(lasted < FAILURE_S, f"{statement}: tshark ends, after {1000 * lasted:.0f} ms")
    bench.check.that(re.search(message, live.stderr()), f"{statement}: tshark says why", repr(live.stderr()))
    bench.check.equal(bench.installed.running(), [], f"{statement}: no st-inject is left")


def check_wrong(bench):
    every = {"all": "true"}
    check_fails(bench, "nothing selected", {}, "st-inject: nothing is selected: choose services, hosts, a flow")
    check_fails(bench, "no permission", every, "st-inject: no permission to capture on .*setcap", capable=False)
    check_fails(bench, "an unknown service", {"more-services": "nonesuch"}, 'st-inject: -s: "nonesuch" is no service')
    check_fails(bench, "a wrong time", {**every, "wait": "17"}, 'st-inject: --wait: "17" is no time with a unit')
    check_fails(bench, "a wrong filter", every, 'st-inject: filter "tcp prt 1": ', "-f", "tcp prt 1")
    check_fails(bench, "hosts of no version", {"host": "192.0.2.1", "ip-version": "ipv6"},
                "st-inject: no flow can match")
    for arguments in ([], ["--all", "--nonsense"], ["--all", "--wait", "17"], ["--all", "--host"]):
        check_opened(bench, *arguments)
    bench.client.run(["ip", "link", "set", bench.network.client_interface, "down"])
    done = bench.installed.run(bench.client, ["tshark", "-D"])
    bench.check.that(bench.value not in done.stdout, "an interface that is down is not listed")
    bench.client.run(["ip", "link", "set", bench.network.client_interface, "up"])
    live = bench.tshark({"all": "true"})
    bench.client.run(["ip", "link", "set", bench.network.client_interface, "down"])
    live.wait(8)
    bench.check.that("is down" in live.stderr(), "the interface goes down: tshark says so", repr(live.stderr()))


PARTS = {"listed": check_listed, "traced": check_traced, "ended": check_ended, "wrong": check_wrong}


def skip_without_privileges():
    if subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *PRIVILEGES, "true"], check=False,
                      stderr=subprocess.DEVNULL).returncode:
        sharks.skip("nobody cannot be given the privileges to capture")


def main(check):
    skip_without_privileges()
    with sharks.Shark() as shark:
        bench = Bench(check, shark)
        for name in sys.argv[1:]:
            PARTS[name](bench)


if __name__ == "__main__":
    checks.run(main, ["tshark", "dumpcap", "setpriv", "curl", "nginx"])
