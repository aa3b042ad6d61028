#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""st-signatures lint: for each rule a signature that breaks it, with the line that must be told, and one that comes
close and does not. Which files are looked at, and what is told of files that are none.
"""

import os
import re

import place as places
from place import day, harness, line_of, text

OTHER = text(Name="Another", Domains="other.net", Prefixes="45.57.0.0/17;2a00:86c0::/32")

# Rule, keys that break it, key whose line is told (None: no line), severity, what must be in the text.
BROKEN = [
    ("unknown key", {"Domain": "x.com"}, "Domain", "error", "Domain"),
    ("empty entry", {"Domains": "example.com;;x.com"}, "Domains", "error", "empty"),
    ("no entry at all", {"Domains": None}, None, "error", "nothing matches"),
    ("no name of hosts", {"Domains": "ex ample.com"}, "Domains", "error", "ex ample.com"),
    ("bad expression", {"DomainRegex": "a("}, "DomainRegex", "error", ""),
    ("host bits", {"Prefixes": "45.57.0.1/17"}, "Prefixes", "error", "45.57.0.0/17"),
    ("no prefix", {"Prefixes": "45.57.0.0/33"}, "Prefixes", "error", "45.57.0.0/33"),
    ("bad date", {"Checked": "2024-02-30"}, "Checked", "error", "2024-02-30"),
    ("no Source", {"Source": None}, None, "error", "Source"),
    ("no Checked", {"Checked": None}, None, "error", "Checked"),
    ("no Category", {"Category": None}, None, "warning", "Category"),
    ("future", {"Checked": day(3)}, "Checked", "error", "future"),
    ("stale", {"Checked": day(-2 * 366 - 1)}, "Checked", "warning", "years"),
    ("public suffix", {"Domains": "com"}, "Domains", "error", "public suffix"),
    ("public suffix of two labels", {"Domains": "co.uk"}, "Domains", "error", "public suffix"),
    ("public suffix by a wildcard", {"Domains": "anything.ck"}, "Domains", "error", "public suffix"),
    ("unknown top-level domain", {"Domains": "nosuchtld"}, "Domains", "error", ""),
    ("expression for all", {"DomainRegex": ".*"}, "DomainRegex", "error", "too broad"),
    ("expression for all of .com", {"DomainRegex": r".*\\.com"}, "DomainRegex", "error", "too broad"),
    ("expression for all of .tv", {"DomainRegex": ".*[.]tv"}, "DomainRegex", "error", "too broad"),
    ("expression for short names", {"DomainRegex": "[a-z]+[.](com|net)"}, "DomainRegex", "error", "too broad"),
    ("broad IPv4", {"Prefixes": "44.0.0.0/7"}, "Prefixes", "error", "too broad"),
    ("broad IPv6", {"Prefixes": "2a00::/18"}, "Prefixes", "error", "too broad"),
    ("everything", {"Prefixes": "0.0.0.0/0"}, "Prefixes", "error", "too broad"),
    ("private", {"Prefixes": "10.1.0.0/16"}, "Prefixes", "error", "private"),
    ("loopback", {"Prefixes": "127.0.0.1"}, "Prefixes", "error", "loopback"),
    ("multicast", {"Prefixes": "232.0.0.0/8"}, "Prefixes", "error", "multicast"),
    ("documentation", {"Prefixes": "203.0.113.0/24"}, "Prefixes", "error", "documentation"),
    ("around a private one", {"Prefixes": "192.0.0.0/8"}, "Prefixes", "error", "192."),
    ("IPv6 documentation", {"Prefixes": "2001:db8:1::/48"}, "Prefixes", "error", "documentation"),
    ("unique local", {"Prefixes": "fd12:3456::/32"}, "Prefixes", "error", "unique local"),
    ("IPv6 multicast", {"Prefixes": "ff0e::/32"}, "Prefixes", "error", "multicast"),
    ("twice", {"Domains": "example.com;EXAMPLE.com"}, "Domains", "error", "twice"),
    ("twice, prefix", {"Prefixes": "45.60.0.0/16;45.60.0.0/16"}, "Prefixes", "error", "twice"),
    ("twice, written otherwise", {"Prefixes": "45.60.0.1;45.60.0.1/32"}, "Prefixes", "error", "within"),
    ("covered domain", {"Domains": "www.example.com;example.com"}, "Domains", "error",
     "www.example.com is within domain example.com"),
    ("covered full domain", {"FullDomains": "example.com"}, "FullDomains", "error", "within"),
    ("covered prefix", {"Prefixes": "45.60.0.0/16;45.60.1.0/24"}, "Prefixes", "error",
     "45.60.1.0/24 is within prefix 45.60.0.0/16"),
    ("covered prefix with the same address, before the wide one", {"Prefixes": "45.60.0.0/24;45.60.0.0/16"}, "Prefixes",
     "error", "45.60.0.0/24 is within prefix 45.60.0.0/16"),
    ("same domain", {"Domains": "other.net"}, "Domains", "error", "other.service:4"),
    ("domain below another's", {"Domains": "a.other.net"}, "Domains", "error", "Overlaps=other"),
    ("full domain in another's", {"FullDomains": "a.other.net"}, "FullDomains", "error", "Overlaps=other"),
    ("same prefix", {"Prefixes": "45.57.0.0/17"}, "Prefixes", "error", "Overlaps=other"),
    ("prefix in another's", {"Prefixes": "45.57.127.0/24"}, "Prefixes", "error", "Overlaps=other"),
    ("prefix around another's", {"Prefixes": "45.56.0.0/13"}, "Prefixes", "error", "Overlaps=other"),
    ("IPv6 prefix in another's", {"Prefixes": "2a00:86c0:7::/48"}, "Prefixes", "error", "Overlaps=other"),
    ("expression for another's", {"DomainRegex": r".*ther\\.net"}, "DomainRegex", "error", "Overlaps=other"),
    ("Overlaps of nobody", {"Overlaps": "nobody"}, "Overlaps", "error", "nobody"),
    ("Overlaps by name", {"Overlaps": "another"}, "Overlaps", "error", "another"),
    ("Overlaps with itself", {"Overlaps": "new"}, "Overlaps", "error", "itself"),
]

# What comes close to a rule and breaks none.
SOUND = [
    ("the plain one", {}),
    ("a comment", {"# Domains": "com"}),
    ("a company's suffix", {"Domains": "cloudfront.net;github.io;example.com"}),
    ("a name below a suffix", {"Domains": "example.co.uk"}),
    ("a suffix as a whole name", {"FullDomains": "co.uk"}),
    ("a name that is like another's", {"Domains": "another.net;example.net;net.example.org"}),
    ("names that end alike", {"Domains": "example.com;notexample.com;xexample.com"}),
    ("expressions with something to hold on to", {"DomainRegex": r"video[0-9]+\\..*;.*hulustream.*"}),
    ("neighbouring prefixes", {"Prefixes": "45.57.128.0/17;45.56.0.0/16;2a00:86c1::/32"}),
    ("an /8 and a /19", {"Prefixes": "17.0.0.0/8;2a01:c000::/19"}),
    ("next to special ranges", {"Prefixes": "11.0.0.0/8;172.32.0.0/11;223.255.255.0/24;2001:db9::/32"}),
    ("today", {"Checked": day()}),
    ("tomorrow, as it may be elsewhere", {"Checked": day(1)}),
    ("not quite two years", {"Checked": day(-2 * 365 + 2)}),
    ("declared overlaps", {"Domains": "a.other.net", "Prefixes": "45.57.1.0/24", "Overlaps": "other"}),
]


def findings(done):
    """(file, line, severity, text) of each line of output."""
    rows = [re.fullmatch(r"(.+?):(?:(\d+):)? (error|warning): (.+)", line) for line in done.stdout.splitlines()]
    return [(row[1], int(row[2] or 0), row[3], row[4]) if row else None for row in rows]


def check_broken(check, place):
    place.fill(place.installed, {"other.service": OTHER})
    for what, keys, key, severity, told in BROKEN:
        content = text(**keys)
        place.fill(place.work, {"new.service": content})
        done = place.run("lint", "new.service")
        found = findings(done)
        line = line_of(content, key) if key else 0
        good = (len(found) == 1 and found[0] is not None and found[0][:3] == ("new.service", line, severity)
                and told in found[0][3] and done.returncode == (1 if severity == "error" else 0))
        check.that(good, f"{what}: {found[0][3] if found and found[0] else 'nothing'}",
                   f"wanted line {line}, {severity} with {told!r}; exit {done.returncode}, {done.stdout}{done.stderr}")


def check_sound(check, place):
    place.fill(place.installed, {"other.service": OTHER})
    for what, keys in SOUND:
        place.fill(place.work, {"new.service": text(**keys)})
        done = place.run("lint", "new.service")
        check.equal((done.returncode, done.stdout, done.stderr), (0, "", "1 service: 0 errors, 0 warnings\n"), what)


def check_key_like_another(check, place):
    place.fill(place.work, {"new.service": text(Source=None, Sources="misspelt")})
    rows = findings(place.run("lint", "new.service"))
    check.equal([row[1] for row in rows], [0, 6], "a misspelt Source is told, and that there is none")


def check_other_side(check, place):
    """Overlaps may be declared by either service; a pair is told once, at the narrower rule."""
    new = text(Name="New", Domains="a.other.net")
    place.fill(place.installed, {"other.service": text(Name="Other", Domains="other.net", Overlaps="new"),
                                 "new.service": new})
    check.equal(place.run("lint").stdout, "", "an overlap that the other service declares")
    place.fill(place.installed, {"other.service": OTHER, "new.service": new})
    rows = findings(place.run("lint"))
    check.equal([(row[0].rsplit("/", 1)[-1], row[1]) for row in rows], [("new.service", 4)],
                "an undeclared one is told once")
    place.fill(place.work, {"other.service": OTHER})
    place.fill(place.installed, {"new.service": new})
    rows = findings(place.run("lint", "other.service"))
    check.equal([row[:2] for row in rows], [("other.service", 4)],
                "where only the wider service is to be checked, it is told there")
    same = {"one.service": text(Domains="same.net"), "two.service": text(Domains="same.net")}
    rows = findings(place.run("lint", place.fill(place.work / "same", same)))
    check.equal(len(rows), 1, "the same domain in two files is told once")
    check.that("two.service" in rows[0][0], "at the later one", rows)


def check_scope(check, place):
    place.fill(place.installed, {"bad.service": text(Source=None), "fine.service": text(Domains="fine.net")})
    done = place.run("lint")
    check.that(done.returncode == 1 and str(place.installed / "bad.service") in done.stdout
               and done.stderr.startswith("2 services: 1 error, 0 warnings"), "without PATH all files are checked",
               done.stdout + done.stderr)
    place.fill(place.work, {"mine.service": text(Domains="mine.net")})
    done = place.run("lint", "mine.service")
    check.equal((done.returncode, done.stdout), (0, ""), "with PATH only that one")
    place.fill(place.user, {"own.service": text(Domains="own.net", Category=None)})
    done = place.run("lint", "--signatures", "mine.service")
    check.that(len(findings(done)) == 2 and done.stderr.startswith("4 services: 1 error, 1 warning"),
               "--signatures and the user's folder add to all", done.stdout + done.stderr)
    place.fill(place.user, {"bad.service": text(Domains="bad.net")})
    check.equal(findings(place.run("lint")), [], "the user's file replaces the installed one, which counts no more")
    os.rmdir(place.fill(place.user, {}))
    twice = place.fill(place.work / "a", {"fine.service": text(Domains="fine.net")})
    near = place.fill(place.work / "ab", {"near.service": text(Domains="near.net", Source=None)})
    check.equal(place.run("--signatures", near, "lint", twice).stdout, "", "a folder whose name begins alike is another")
    again = place.fill(place.work / "b", {"fine.service": text(Domains="fine.org")})
    done = place.run("lint", twice, again)
    check.that(done.returncode == 1 and "not checked" in done.stdout, "two files with one id are not passed over",
               done.stdout)
    check.equal(place.run("lint", f"{twice}/").stdout, "", "a folder with a final slash")
    fine = place.fill(place.work / "c", {"fine.service": text(Name="A", Domains="x.net", Source=None)})
    rows = findings(place.run("lint", f"{fine}/"))
    check.equal([row[0].count("fine.service") for row in rows], [1], "and its files are checked")


def check_odd_files(check, place):
    """What is no signature is told in a line, whatever it is."""
    place.fill(place.installed, {})
    cases = {
        "binary": bytes(range(256)) * 20, "empty": b"", "zeros": bytes(5000), "text": b"hello\n", "latin1": b"[Service]\n"
        b"Name=Caf\xe9\n", "another group": b"[Servic]\nName=x\n", "no end": b"[Service", "a long line":
        b"[Service]\nName=" + b"x" * 300000 + b"\n", "CRLF": text(Source=None).replace("\n", "\r\n").encode(),
        "escapes": b"[Service]\nName=\x1b[31mred\nDomains=\x1b[2J.com\n",
    }
    for what, content in cases.items():
        place.fill(place.work, {"odd.service": content})
        done = place.run("lint", "odd.service")
        rows = findings(done)
        fault = harness.misbehaviour(done)
        check.that(not fault and done.returncode == 1 and rows and all(rows) and "\x1b" not in done.stdout,
                   f"{what}: {rows[0][3][:70] if rows and rows[0] else 'nothing'}", fault or done.stdout[:300])
        check.that(all(row and row[0] == "odd.service" for row in rows), f"{what}: all of that file", done.stdout[:300])
    place.fill(place.work, {"Upper.service": text(), "notes.txt": "x", "ok.service": text()})
    done = place.run("lint", ".")
    check.that(len(findings(done)) == 1 and "Upper.service" in done.stdout and done.returncode == 1,
               "a name that is no id is told, another file is passed over", done.stdout)
    for what, path in (("a missing file", "missing.service"), ("an empty folder", place.fill(place.work / "e", {})),
                       ("a device", "/dev/null")):
        done = place.run("lint", path)
        check.that(done.returncode == 1 and len(findings(done)) == 1, f"{what}: {done.stdout.strip()}", done.stdout)


def test(check, place):
    for part in (check_broken, check_sound, check_key_like_another, check_other_side, check_scope, check_odd_files):
        harness.section(part.__name__[len("check_"):].replace("_", " "))
        part(check, place)


places.run(test)
