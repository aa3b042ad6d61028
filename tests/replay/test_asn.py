#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""--asn-db: what databases of the MaxMind DB format say of routers is in the report, whichever publisher's members
they have; what they say wrongly is not; a file that is none is refused; a damaged one does no harm.

A build without libmaxminddb has no such option: then this test is skipped.
"""

import json

import harness
import mmdb

CAPTURE4 = harness.CAPTURES / "concurrent-v4.pcap"  # routers 10.0.1.2, 10.0.2.2 ... 10.0.7.2
CAPTURE6 = harness.CAPTURES / "hop-by-hop-v6.pcapng"
MEMBERS = ("asn", "as_name", "country")


def told(check, capture, *databases):
    """{router: what the report says of it}"""
    options = [word for path in databases for word in ("--asn-db", path)]
    done = harness.report(*options, capture)
    check.that(done.returncode == harness.OK and not done.stderr, "the report is made", done.stderr)
    replies = [reply for line in done.stdout.splitlines() for hop in json.loads(line)["hops"]
               for reply in hop["replies"]]
    return {reply["address"]: tuple(reply.get(member) for member in MEMBERS) for reply in replies}


def system(number, name):
    return {"autonomous_system_number": number, "autonomous_system_organization": name}


SYSTEMS = {
    "10.0.1.0/24": system(64500, "Example Access"),
    "10.0.2.0/23": system(mmdb.Typed(mmdb.UINT16, 64501), "Réseau"),
    "10.0.4.2/32": system(4200000000, "A name of more than 28 bytes, which has a length of its own"),
    "10.0.5.0/24": {"asn": "AS64502", "as_name": "Example Transit", "country_code": "FR"},
    "fd00::/16": system(64503, "Example Six"),
}
COUNTRIES = {
    "10.0.0.0/22": {"country": {"iso_code": "DE"}, "registered_country": {"iso_code": "AT"}},
    "10.0.4.0/24": {"registered_country": {"iso_code": "CH"}},
    "10.0.5.0/24": {"country": {"iso_code": "IT"}},
    "10.0.6.0/24": {"country": "SE"},
    "fd00::/16": {"country": {"iso_code": "NO"}},
}
BOTH = {
    "10.0.1.2": (64500, "Example Access", "DE"),
    "10.0.2.2": (64501, "Réseau", "DE"),
    "10.0.3.2": (64501, "Réseau", "DE"),
    "10.0.4.2": (4200000000, SYSTEMS["10.0.4.2/32"]["autonomous_system_organization"], "CH"),
    "10.0.5.2": (64502, "Example Transit", "FR"),
    "10.0.6.2": (None, None, "SE"),
    "10.0.7.2": (None, None, None),
}


def check_databases(check, folder):
    systems, countries = folder / "systems.mmdb", folder / "countries.mmdb"
    for record_bits in (24, 28, 32):
        systems.write_bytes(mmdb.database(SYSTEMS, record_bits=record_bits))
        countries.write_bytes(mmdb.database(COUNTRIES, record_bits=record_bits))
        check.equal(told(check, CAPTURE4, systems, countries), BOTH, f"two databases, records of {record_bits} bits")
    swapped = told(check, CAPTURE4, countries, systems)
    check.equal(swapped["10.0.5.2"], (64502, "Example Transit", "IT"), "the first that knows it is believed")
    six = set(told(check, CAPTURE6, systems, countries).values())
    check.equal(six, {(64503, "Example Six", "NO")}, "IPv6")
    text = harness.replay("--quiet", "--asn-db", systems, CAPTURE4).stdout
    check.that("[AS64500]" in text, "the text report tells the number", text)


def check_old_database(check, folder):
    """One that knows IPv4 only is no use for IPv6, and no harm."""
    path = folder / "four.mmdb"
    path.write_bytes(mmdb.database({"10.0.1.0/24": SYSTEMS["10.0.1.0/24"]}, version=4))
    check.equal(told(check, CAPTURE4, path)["10.0.1.2"], (64500, "Example Access", None), "a database of IPv4")
    check.equal(set(told(check, CAPTURE6, path).values()), {(None, None, None)}, "it knows nothing of IPv6")


def check_nonsense(check, folder):
    """Well-formed records that say something else."""
    path = folder / "nonsense.mmdb"
    nothing = (None, None, None)
    for record in (system("64500", 7), system({"asn": 1}, ["x"]), system(0, ""), "AS64500", [1], 64500,
                   {"asn": "AS4294967296"}, {"asn": "64500"}, {"asn": "AS"}, {"asn": "AS-1"}, {"as_name": "x" * 257},
                   {"as_name": mmdb.text(b"\xff\xfe")}, {"country": "de"}, {"country": "DEU"}, {"country": "1Z"},
                   {"country": {"iso_code": "D"}}, {"country": {"iso_code": mmdb.text(b"\x1b[")}},
                   system(mmdb.Typed(mmdb.UINT64, 2 ** 40), 1)):
        path.write_bytes(mmdb.database({"10.0.0.0/8": record}))
        check.equal(set(told(check, CAPTURE4, path).values()), {nothing}, f"nothing is made of {str(record)[:60]}")
    path.write_bytes(mmdb.database({"10.0.0.0/8": {"as_name": "x" * 256}}))
    check.equal(told(check, CAPTURE4, path)["10.0.1.2"][1], "x" * 256, "the longest name")
    path.write_bytes(mmdb.database({"10.0.0.0/8": {"as_name": "a\0b\n\x1b[31m"}}))
    check.that("\x1b" not in harness.replay("--asn-db", path, CAPTURE4).stdout, "no control characters in text")


def check_refusals(check, folder):
    empty = folder / "empty.mmdb"
    empty.write_bytes(b"")
    for path in (folder / "missing.mmdb", empty, folder, CAPTURE4, "/dev/null"):
        done = harness.replay("--asn-db", path, CAPTURE4)
        check.complains(done, harness.FAILED, f"{path} is no database")
        check.that(str(path) in done.stderr and not done.stdout, "it is named, nothing is reported", done.stderr)
    check.complains(harness.replay("--asn-db", "", CAPTURE4), harness.USAGE, "no name")


def check_damage(check, folder):
    """Cut off at any place, and with each byte changed: a report or a complaint, and never a crash."""
    whole = mmdb.database({"10.0.0.0/9": system(64500, "Example"), "10.128.0.0/9": {"country": {"iso_code": "DE"}}})
    variants = [whole[:size] for size in range(0, len(whole), 5)]
    variants += [whole[:at] + bytes([whole[at] ^ change]) + whole[at + 1:]
                 for change in (0xff, 0x40, 0x01) for at in range(0, len(whole), 7)]
    path = folder / "damaged.mmdb"
    faults = []
    for number, variant in enumerate(variants):
        path.write_bytes(variant)
        fault = harness.misbehaviour(harness.report("--asn-db", path, CAPTURE4))
        faults += [f"variant {number}: {fault}"] if fault else []
    check.none(faults, f"{len(variants)} damaged databases")


def main(check, folder):
    if "--asn-db" not in harness.replay("--help").stdout:
        harness.skip("this build has no libmaxminddb")
    harness.overlook_leaks()
    for part in (check_databases, check_old_database, check_nonsense, check_refusals, check_damage):
        harness.section(part.__name__.removeprefix("check_"))
        part(check, folder)


if __name__ == "__main__":
    harness.run(main)
