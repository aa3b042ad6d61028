# SPDX-License-Identifier: GPL-2.0-or-later
"""The traceroute programs that st-replay shall understand, and what each way of calling them sends.

Leaves what they print to printed.py and the judgement to traced.py.
"""

import collections
import os

import isolation

OPEN_PORT, CLOSED_PORT = 7007, 443
_TRACERT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tracert_app.py")
CHOSEN = object()  # in Ports

# Where a run goes to. What the last router does with each: see targets.py.
SERVER, UNREACHABLE, PROHIBITED, HOLE, REFUSED = "server", "unreachable", "prohibited", "hole", "refused"


class Ports:
    """Source and destination port of a run's probes: a number, CHOSEN by the program, or None where they vary."""

    def __init__(self, source=None, destination=None):
        self.source = source
        self.destination = destination

    def agree(self, source, destination):
        return all(isinstance(got, int) if wanted is CHOSEN else got == wanted
                   for wanted, got in ((self.source, source), (self.destination, destination)))


# name: of the run; reader: how its output is judged (see traced.py); command(family, address): words;
# protocol: of the probes, by its number in IPv4; where: kind of target; cycles: how often it walks the path.
Run = collections.namedtuple("Run", "name reader command protocol ports where cycles families",
                             defaults=[Ports(), SERVER, 1, (4, 6)])


def _traceroute(*options):
    return lambda family, address: ["traceroute", f"-{family}", "-n", "-w", "1", *options, address]


def _mtr(*options):
    # The interval is one cycle's; with little grace at the end a report takes a second and a half.
    return lambda family, address: ["mtr", f"-{family}", "-n", "-c", "3", "-i", "0.3", "-G", "0.5", *options, address]


def _scamper(*words):
    return lambda family, address: ["scamper", "-O", "json", "-p", "200", "-c",
                                    " ".join(["trace", "-w", "1", "-P", *words]), "-i", address]


def _dublin(*options):
    # Its JSON goes to a file of its own choice; see recorded.py for the names that it would look up.
    script = 'cd "$0"; rm -f trace.json; dublin-traceroute "$@" >&2 && cat trace.json'
    return lambda family, address: ["sh", "-ec", script, isolation.FOLDER, *options, address]


UDP, TCP, ICMP, SCTP, UDPLITE, UNASSIGNED = 17, 6, 1, 132, 136, 253

TRACEROUTE = [
    Run("traceroute", "probes", _traceroute(), UDP),
    Run("traceroute -N 1", "probes", _traceroute("-N", "1"), UDP),
    Run("traceroute -N 64 -m 64", "probes", _traceroute("-N", "64", "-m", "64"), UDP),
    Run("traceroute -f 3", "probes", _traceroute("-f", "3"), UDP),
    Run("traceroute -q 1", "probes", _traceroute("-q", "1"), UDP),
    Run("traceroute -q 5", "probes", _traceroute("-q", "5"), UDP),
    Run("traceroute, 1400 bytes", "probes", lambda *to: [*_traceroute()(*to), "1400"], UDP),
    Run("traceroute --mtu", "probes", _traceroute("--mtu"), UDP),
    Run("traceroute -U", "probes", _traceroute("-U"), UDP, Ports(None, 53)),
    Run("traceroute -U -p", "probes", _traceroute("-U", "-p", "4000"), UDP, Ports(None, 4000)),
    Run("traceroute -U --sport", "probes", _traceroute("-U", "-p", "4000", "--sport=40001"), UDP, Ports(40001, 4000)),
    Run("traceroute -UL", "probes", _traceroute("-UL"), UDPLITE),
    Run("traceroute -I", "probes", _traceroute("-I"), ICMP),
    Run("traceroute -I -q 10", "probes", _traceroute("-I", "-q", "10"), ICMP),
    Run("traceroute -T, closed", "probes", _traceroute("-T", "-p", CLOSED_PORT), TCP, Ports(None, CLOSED_PORT)),
    Run("traceroute -T, open", "probes", _traceroute("-T", "-p", OPEN_PORT), TCP, Ports(None, OPEN_PORT)),
    Run("traceroute -T --sport", "probes", _traceroute("-T", "-p", CLOSED_PORT, "--sport=40002"), TCP,
         Ports(40002, CLOSED_PORT)),
    Run("traceroute -T -O ack", "probes", _traceroute("-T", "-p", CLOSED_PORT, "-O", "ack"), TCP,
         Ports(None, CLOSED_PORT)),
    # Its probes of a TTL are alike in every bit over IPv6: one at a time, or nobody could tell them from doubles.
    Run("traceroute -P 253", "probes", _traceroute("-P", "253", "-N", "1"), UNASSIGNED),
    # The first bytes that it sends stand where SCTP has its ports.
    Run("traceroute -P 132", "probes", _traceroute("-P", "132", "-N", "1"), SCTP, Ports(CHOSEN, CHOSEN)),
    Run("traceroute to nowhere", "probes", _traceroute(), UDP, Ports(), UNREACHABLE),
    Run("traceroute -I to nowhere", "probes", _traceroute("-I"), ICMP, Ports(), UNREACHABLE),
    Run("traceroute -T to what is prohibited", "probes", _traceroute("-T", "-p", CLOSED_PORT), TCP,
         Ports(None, CLOSED_PORT), PROHIBITED),
    Run("traceroute to what is refused", "probes", _traceroute(), UDP, Ports(), REFUSED),
    Run("traceroute into a hole", "probes", _traceroute("-m", "12"), UDP, Ports(), HOLE),
]

MTR = [
    Run("mtr", "mtr", _mtr("-r"), ICMP, cycles=3),
    Run("mtr -u", "mtr", _mtr("-r", "-u"), UDP, Ports(CHOSEN, None), cycles=3),
    Run("mtr -u -P", "mtr", _mtr("-r", "-u", "-P", "4000"), UDP, Ports(None, 4000), cycles=3),
    # Over IPv6 it does not know its own probes again.
    Run("mtr -u -P -L", "mtr", _mtr("-r", "-u", "-P", "4000", "-L", "40003"), UDP, Ports(40003, 4000), cycles=3,
         families=(4,)),
    Run("mtr -T, closed", "mtr", _mtr("-r", "-T", "-P", CLOSED_PORT), TCP, Ports(None, CLOSED_PORT), cycles=3),
    Run("mtr -T, open", "mtr", _mtr("-r", "-T", "-P", OPEN_PORT), TCP, Ports(None, OPEN_PORT), cycles=3),
    Run("mtr to what is prohibited", "mtr", _mtr("-r"), ICMP, Ports(), PROHIBITED, cycles=3),
]

SCAMPER = [
    Run("scamper udp", "scamper", _scamper("udp"), UDP, Ports(CHOSEN, None)),
    Run("scamper udp-paris", "scamper", _scamper("udp-paris"), UDP, Ports(CHOSEN, 33435)),
    Run("scamper udp-paris -Q", "scamper", _scamper("udp-paris", "-Q", "-q", "3"), UDP, Ports(CHOSEN, 33435)),
    Run("scamper icmp", "scamper", _scamper("icmp"), ICMP),
    Run("scamper icmp-paris", "scamper", _scamper("icmp-paris"), ICMP),
    Run("scamper tcp, closed", "scamper", _scamper("tcp", "-d", str(CLOSED_PORT)), TCP, Ports(CHOSEN, CLOSED_PORT)),
    Run("scamper tcp, open", "scamper", _scamper("tcp", "-d", str(OPEN_PORT)), TCP, Ports(CHOSEN, OPEN_PORT)),
    Run("scamper tcp-ack", "scamper", _scamper("tcp-ack", "-d", str(CLOSED_PORT)), TCP, Ports(CHOSEN, CLOSED_PORT)),
    Run("scamper to nowhere", "scamper", _scamper("icmp-paris"), ICMP, Ports(), UNREACHABLE),
]

OTHERS = [
    Run("dublin-traceroute", "dublin", _dublin("-n", "6", "-T", "10"), UDP, families=(4,)),
    Run("tcptraceroute, closed", "probes",
         lambda _, address: ["tcptraceroute", "-n", "-w", "1", address, str(CLOSED_PORT)], TCP,
         Ports(CHOSEN, CLOSED_PORT), families=(4,)),
    Run("tcptraceroute, open", "probes",
         lambda _, address: ["tcptraceroute", "-n", "-w", "1", address, str(OPEN_PORT)], TCP,
         Ports(CHOSEN, OPEN_PORT), families=(4,)),
    Run("tcptraceroute -A", "probes",
         lambda _, address: ["tcptraceroute", "-n", "-w", "1", "-A", address, str(CLOSED_PORT)], TCP,
         Ports(CHOSEN, CLOSED_PORT), families=(4,)),
    Run("tracepath", "tracepath", lambda family, address: ["tracepath", f"-{family}", "-n", "-m", "12", address],
         UDP, Ports(CHOSEN, None)),
    Run("tracert", "tracert", lambda family, address: ["python3", _TRACERT, family, address, 30, 1], ICMP),
    Run("lft", "lft", lambda _, address: ["lft", "-n", f"{address}:{OPEN_PORT}"], TCP, Ports(53, OPEN_PORT),
         families=(4,)),
    Run("lft -u", "lft", lambda _, address: ["lft", "-n", "-u", address], UDP, Ports(53, None), families=(4,)),
    Run("lft -p", "lft", lambda _, address: ["lft", "-n", "-p", address], ICMP, families=(4,)),
    Run("hping3 -T", "hping3",
         lambda _, address: ["hping3", "-n", "-S", "-p", CLOSED_PORT, "-T", "-i", "u50000", "-c", 10, address], TCP,
         Ports(None, CLOSED_PORT), families=(4,)),
    # A falling ladder, whose steps may be told as so many traces.
    Run("nmap --traceroute", "nmap", lambda family, address: [
        "nmap", *(["-6"] if family == 6 else []), "-n", "-Pn", "-p", f"{OPEN_PORT},{CLOSED_PORT}", "--traceroute",
        address], TCP, Ports(None, CLOSED_PORT), cycles=10),
]


# Programs that print label stacks; mtr's own log has a time for each probe too.
LABELS = [
    Run("traceroute -e", "probes", _traceroute("-e"), UDP),
    Run("traceroute -e -I", "probes", _traceroute("-e", "-I"), ICMP),
    Run("mtr --raw", "raw", _mtr("--raw", "-e"), ICMP, cycles=3),
]


def named(*names):
    """The runs of these names, in this order."""
    known = {run.name: run for runs in (TRACEROUTE, MTR, SCAMPER, OTHERS) for run in runs}
    return [known[name] for name in names]


def usable(runs, family):
    """Those that know this version of IP and run here: scamper gives up root rights, which a user namespace forbids."""
    return [run for run in runs
            if family in run.families and (run.reader != "scamper" or isolation.may_change_groups())]


def programs(runs):
    """What must be installed for these."""
    return sorted({"dublin-traceroute" if run.reader == "dublin" else run.command(4, "")[0] for run in runs})
