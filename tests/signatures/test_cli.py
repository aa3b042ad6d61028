#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""st-signatures' command line: usage errors, list, show and match, where signatures come from and which of two counts.
Each failure is one clear line and its exit code: 1 failed, 2 bad usage.
"""

import os
import resource
import shutil

import place as places
from place import harness, text

VIDEO = text(Name="Video & Co", Domains="video.net", FullDomains="start.video.org",
             DomainRegex=r"v[0-9]+\\.cdn\\.example\\.net;a\;b\\.example\\.net", Prefixes="45.57.0.0/17;2a00:86c0::/32")
MUSIC = text(Name="Music", Category=None, Domains="music.org;a.video.net", Prefixes="45.57.1.0/24", Overlaps="video")
DATABASE = {"video.service": VIDEO, "music.service": MUSIC}

BAD_USAGE = [
    [], ["--nonsense"], ["-x"], ["lnit"], ["list", "x"], ["show"], ["match"], ["import"], ["import", "a", "b"],
    ["list", "--nonsense"], ["list", "-x"], ["list", "-d", "x"], ["list", "--force"], ["--signatures"],
    ["list", "--signatures"], ["--signatures=", "list"], ["import", "-d"], ["import", "-d", "", "x"],
    ["import", "--force", "x"], ["import", "-d", "x", "--force=yes", "y"], ["list", "--help=no"], ["--force", "list"],
    ["--folder", "x", "import", "y"], ["-d", "x", "import", "y"],
]

MATCHES = [
    ("video.net", ["video\tdomain video.net"]),
    ("WWW.Video.NET.", ["video\tdomain video.net"]),
    ("x.a.video.net", ["music\tdomain a.video.net", "video\tdomain video.net"]),
    ("start.video.org", ["video\tfull-domain start.video.org"]),
    ("v12.cdn.example.net", [r"video" "\t" r"regex v[0-9]+\.cdn\.example\.net"]),
    ("45.57.1.9", ["music\tprefix 45.57.1.0/24", "video\tprefix 45.57.0.0/17"]),
    ("45.57.127.255", ["video\tprefix 45.57.0.0/17"]),
    ("2a00:86c0::1", ["video\tprefix 2a00:86c0::/32"]),
]
NO_MATCHES = ["notvideo.net", "net", "video.net.org", "a.start.video.org", "xv12.cdn.example.net", "45.57.128.0", "::1",
              "", ".", "video..net", "45.57.1.0/24", "x" * 300, "x\ny", "\x1b[2J", "v1.cdn.example.net.x"]


def check_usage(check, place):
    place.fill(place.installed, DATABASE)
    for row in BAD_USAGE:
        done = place.run(*row)
        check.complains(done, harness.USAGE, " ".join(row) or "nothing")
        check.equal(done.stdout, "", f"{' '.join(row) or 'nothing'}: nothing on standard output")
    for row in (["--help"], ["--version"], ["lint", "--help"], ["show", "--help"], ["--help", "match"], ["list", "--version"]):
        done = place.run(*row)
        check.that(done.returncode == 0 and harness.pathlib.Path(done.args[0]).name in done.stdout and not done.stderr,
                   f"{' '.join(row)} says something and ends with 0", done.stderr)
    commands = ("lint", "list", "show", "match", "explain", "import")
    shown = place.run("--help").stdout
    check.none([name for name in commands if f"  {name} " not in shown], "--help names every command")
    check.that("--force" in place.run("import", "--help").stdout and "--force" not in place.run("list", "--help").stdout,
               "a command's help has its options alone")


def check_list_and_show(check, place):
    place.fill(place.installed, DATABASE)
    done = place.run("list")
    check.equal((done.returncode, done.stdout), (0, "music\tMusic\t\nvideo\tVideo & Co\tvideo\n"),
                "list: id, name, category, in order")
    shown = place.run("show", "video")
    check.that(shown.stdout.startswith(f"# {place.installed}/video.service\n[Service]\n"), "show says where it is from",
               shown.stdout)
    for name in ("VIDEO", "video & co"):
        check.equal(place.run("show", name).stdout, shown.stdout, f"show {name}")
    both = place.run("show", "music", "video").stdout
    check.equal(both.split("\n\n")[1], shown.stdout, "two at once")
    check.complains(place.run("show", "music", "nobody"), harness.FAILED, "show of a service that is not there")
    again = place.fill(place.work / "again", {"video.service": shown.stdout, "music.service": place.run(
        "show", "music").stdout})
    check.equal(place.run("--signatures", again, "show", "video").stdout.splitlines()[1:],
                shown.stdout.splitlines()[1:], "what show prints is a file that says the same")
    for name, wanted in MATCHES:
        check.equal(place.run("--signatures", again, "match", name).stdout.splitlines(), wanted, f"and matches {name}")


def check_match(check, place):
    place.fill(place.installed, DATABASE)
    for name, wanted in MATCHES:
        done = place.run("match", name)
        check.equal((done.returncode, done.stdout.splitlines(), done.stderr), (0, wanted, ""), f"match {name}")
    for name in NO_MATCHES:
        done = place.run("match", name)
        check.equal((done.returncode, done.stdout, done.stderr), (1, "", ""), f"match {name[:20]!r}: nothing, exit 1")
    done = place.run("match", "--", "-x.video.net")
    check.that(done.returncode in (0, 1), "match -- takes what begins with -", done.stderr)
    done = place.run("match", "video.net", "45.57.1.9")
    check.equal(done.stdout.splitlines(), ["video.net\tvideo\tdomain video.net", "45.57.1.9\tmusic\tprefix 45.57.1.0/24",
                                           "45.57.1.9\tvideo\tprefix 45.57.0.0/17"], "several: each with its argument")
    done = place.run("match", "video.net", "nothing.org")
    check.equal((done.returncode, len(done.stdout.splitlines())), (1, 1), "one of several without a match: exit 1")


def names(place, *arguments):
    done = place.run(*arguments, "list")
    return done.returncode, [line.split("\t")[1] for line in done.stdout.splitlines()]


def check_sources(check, place):
    """Installed, then the user's, then the command line's; whole services are replaced."""
    place.fill(place.installed, {"a.service": text(Name="installed a"), "b.service": text(Name="installed b")})
    check.equal(names(place), (0, ["installed a", "installed b"]), "the installed database")
    place.fill(place.user, {"b.service": text(Name="user b", Domains="user.org"), "c.service": text(Name="user c"),
                            "notes.txt": "no signature"})
    check.equal(names(place), (0, ["installed a", "user b", "user c"]), "the user's folder adds and replaces")
    check.equal(place.run("match", "user.org").stdout.split("\t")[0], "b", "the user's rules are there")
    check.equal([line.split("\t")[0] for line in place.run("match", "example.com").stdout.splitlines()], ["a", "c"],
                "the replaced service's rules are gone")
    more = place.fill(place.work / "more", {"a.service": text(Name="more a"), "d.service": text(Name="more d")})
    one = place.fill(place.work / "one", {"a.service": text(Name="one a")}) / "a.service"
    check.equal(names(place, "--signatures", more), (0, ["more a", "user b", "user c", "more d"]), "--signatures FOLDER")
    check.equal(names(place, "--signatures", more, f"--signatures={one}"), (0, ["one a", "user b", "user c", "more d"]),
                "--signatures FILE behind it")
    check.equal(names(place, "--signatures", one, "--signatures", more)[1][0], "more a", "the later one counts")
    check.equal(place.run("list", "--signatures", one).stdout, place.run("--signatures", one, "list").stdout,
                "behind the command too")
    place.fill(place.user, {})
    check.equal(names(place), (0, ["installed a", "installed b"]), "an empty user's folder is all right")
    home = place.fill(place.work / "home" / ".config" / "servicetrace" / "signatures", {"h.service": text(Name="home h")})
    saved = harness.ENVIRONMENT.pop("XDG_CONFIG_HOME")
    harness.ENVIRONMENT["HOME"] = str(home.parents[2])
    check.equal(names(place), (0, ["installed a", "installed b", "home h"]), "without XDG_CONFIG_HOME: ~/.config")
    harness.ENVIRONMENT["XDG_CONFIG_HOME"] = saved
    place.fill(place.installed, {})
    check.complains(place.run("list"), harness.FAILED, "no signatures at all")
    check.equal(names(place, "--signatures", one), (0, ["one a"]), "none installed, but one named")


def check_unreadable(check, place, bad):
    """Root reads everything, so somebody else has to try."""
    who = {"preexec_fn": lambda: os.setuid(65534)} if os.geteuid() == 0 else {}
    place.installed.parents[2].chmod(0o755)
    bad.joinpath("bad.service").write_text(text(), encoding="utf-8")
    bad.joinpath("bad.service").chmod(0)
    done = place.run("--signatures", bad, "list", **who)
    check.complains(done, harness.FAILED, "an unreadable file")
    place.fill(place.user, DATABASE).chmod(0)
    check.complains(place.run("list", **who), harness.FAILED, "a user's folder that cannot be read")
    place.user.parent.chmod(0)
    check.equal(place.run("list", **who).returncode, 0, "one that may be there or not is not missed")
    place.user.parent.chmod(0o700)
    place.user.chmod(0o700)


def check_faults(check, place):
    """All commands but lint refuse a database with faults, in one line that tells the first."""
    place.fill(place.user, {})
    place.fill(place.installed, DATABASE)
    bad = place.fill(place.work / "bad", {"bad.service": text(Domains="a b", Prefixes="1.2.3.4.5", Color="red")})
    for row in (["list"], ["show", "video"], ["match", "video.net"]):
        done = place.run("--signatures", bad, *row)
        check.complains(done, harness.FAILED, f"{row[0]} with faults in the database")
        check.that(f"{bad}/bad.service:" in done.stderr and "and 2 more" in done.stderr, "which tells file and number",
                   done.stderr)
    for what, path in (("a missing path", "missing"), ("an empty folder", place.fill(place.work / "empty", {})),
                       ("a file of another name", place.fill(place.work / "x", {"x.txt": text()}) / "x.txt"),
                       ("a device", "/dev/null"), ("a binary", place.fill(place.work / "y", {"y.service": bytes(
                           range(256)) * 9}) / "y.service")):
        check.complains(place.run("--signatures", path, "list"), harness.FAILED, what)
    folder = place.fill(place.work / "a" / "folder.service", {})
    check.complains(place.run("--signatures", folder.parent, "list"), harness.FAILED, "a folder called x.service")
    check_unreadable(check, place, bad)
    shutil.rmtree(place.user)
    place.user.write_text("a file where the folder belongs\n", encoding="utf-8")
    check.complains(place.run("list"), harness.FAILED, "a file in the place of the user's folder")
    place.user.unlink()


def check_outputs(check, place):
    """A standard output that takes nothing is a failure."""
    place.fill(place.installed, DATABASE)
    bad = place.fill(place.work, {"bad.service": text(Source=None), "in.conf": '{"Services":[{"Name":"x"}]}'})
    for row in (["list"], ["show", "video"], ["match", "video.net"], ["lint", bad / "bad.service"], ["--help"],
                ["import", "in.conf"]):
        with open("/dev/full", "wb") as full:
            done = place.run(*row, stdout=full)
        check.complains(done, harness.FAILED, f"{row[0]} to a full disk")
    done = place.run("list", stdout=None, preexec_fn=lambda: os.close(1))
    check.complains(done, harness.FAILED, "list with standard output closed")
    def few():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))
    done = place.run("import", "-d", "out", "in.conf", preexec_fn=few)
    check.that(done.returncode != 0, "import into files that may not grow fails", done.stderr)


def test(check, place):
    for part in (check_usage, check_list_and_show, check_match, check_sources, check_faults, check_outputs):
        harness.section(part.__name__[len("check_"):].replace("_", " "))
        part(check, place)


places.run(test)
