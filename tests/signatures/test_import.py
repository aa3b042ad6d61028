#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""st-signatures import: a hand-written input.conf with all that such files hold, the files that come of it, what lint
says to them, which names they match, what is told, and JSON that is none.
"""

import json
import re

import place as places
from place import day, harness

CONF = {"Services": [
    {"Name": "Tube", "ServiceType": 0, "DomainsString": ["tube.com", "TubeImg.com", "www.tube.com", "tube.com"]},
    {"Name": "Flix", "ServiceType": 0, "DomainsString": [".flix.com", "*.flixvideo.net", "flix.co.uk"],
     "Prefixes": ["45.57.0.0/17", "45.57.0.0/18", "2A00:86C0::/32", "198.45.48.77/20", "208.75.79.1", "300.1.1.1/8"]},
    {"Name": "Store & More", "DomainsRegex": ["vod.*s3.*-.*.cdn.net", "store[0-9]\\.(net|org)", "bad(", "a;b\\.cdn\\.net"],
     "DomainsString": ["store.com"]},
    {"Name": "Stream TV", "DomainsString": ["hustream", "dtv-live", "host.zzzinvalid", "x y", "gov.uk", ""]},
    {"Name": "Web Pages", "ServiceType": 2, "DomainsString": ["tube.com", "flix.com", "a.store.com", "news.org",
                                                              "more.org"]},
    {"Name": "Tube", "ServiceType": 1, "DomainsString": ["ads.tube.com", 7, None, "ads.org"], "Prefixes": "none",
     "Filter": {}},
    {"ServiceType": 1}, "no service",
    {"Name": "\u00dcn\u00ef"}, {"Name": "!!!\n", "DomainsString": ["bang.com"]},
]}
FILES = ["flix", "n", "service", "store-more", "stream-tv", "tube", "tube-2", "web-pages"]

# Name or address, the services it belongs to.
MATCHES = [
    ("tube.com", ["tube", "web-pages"]), ("x.tubeimg.com", ["tube"]), ("notube.com", []), ("m.flixvideo.net", ["flix"]),
    ("flix.com", ["flix", "web-pages"]), ("45.57.1.1", ["flix"]), ("2a00:86c0::9", ["flix"]), ("198.45.63.1", ["flix"]),
    ("208.75.79.1", ["flix"]), ("208.75.79.2", []), ("a-vod1s3-x-y.cdn.net.example.org", ["store-more"]),
    ("my.store1.net", ["store-more"]), ("store.net", []), ("a;b.cdn.net", []), ("x.hustream.akamaized.net", ["stream-tv"]),
    ("my-dtv-live-1.example.org", ["stream-tv"]), ("www.host.zzzinvalid.example.org", ["stream-tv"]),
    ("gov.uk", ["stream-tv"]), ("www.gov.uk", []), ("ads.tube.com", ["tube", "tube-2", "web-pages"]),
    ("bang.com", ["service"]),
]

# What must be told of, on standard error and in the file.
TOLD = [("flix", "300.1.1.1/8"), ("flix", "198.45.48.77/20"), ("store-more", "bad("), ("stream-tv", "hustream"),
        ("stream-tv", "dtv-live"), ("stream-tv", "host.zzzinvalid"), ("stream-tv", "x y"), ("stream-tv", "gov.uk"),
        ("stream-tv", '""'), ("tube-2", "entry 2"), ("tube-2", "entry 3"), ("tube-2", "Prefixes"), ("tube-2", "Filter")]
TOLD_ONCE = [r"service 7 has no Name", r"service 8 has no Name"]

NO_JSON = {
    "nothing": ("", 1), "a text": ("hello\n", 1), "a cut one": ('{"Services":\n [{"Name":\n "x"', 3),
    "a comma too many": ('{"Services":\n[{"Name": "x"},\n\n]}', 4), "two": ('{}\n{}', 2), "bytes": (bytes(range(256)), 1),
    "a zero": (b'{"Services":[\n"\\u0000"\n\0]}', 2), "deep": ("[" * 100000, 1),
}
NO_CONF = {"a list": "[]", "a number": "7", "no Services": '{"services":[]}', "Services that are none": '{"Services":{}}'}


def imported(place, *arguments):
    (place.work / "input.conf").write_text(json.dumps(CONF), encoding="utf-8")
    return place.run("import", *arguments, "input.conf")


def check_files(check, place):
    done = imported(place, "-d", "made/here")
    folder = place.work / "made" / "here"
    check.equal((done.returncode, done.stdout), (0, ""), "import -d into a folder that is not there yet")
    check.equal(sorted(path.stem for path in folder.iterdir()), FILES, "its files")
    check.that(done.stderr.endswith(f"{len(FILES)} services written to made/here\n"), "which it counts", done.stderr)
    for name, told in TOLD:
        content = (folder / f"{name}.service").read_text(encoding="utf-8")
        comments = [line for line in content.splitlines() if line.startswith("# ") and told in line]
        lines = [line for line in done.stderr.splitlines()
                 if line.startswith(f"st-signatures: input.conf: {name}: ") and told in line]
        check.equal((len(comments), len(lines)), (1, 1), f"{name}: {told} is told of")
    for pattern in TOLD_ONCE:
        check.equal(len(re.findall(pattern, done.stderr)), 1, pattern)
    check.equal(len(done.stderr.splitlines()), len(TOLD) + len(TOLD_ONCE) + 1, "and nothing else")
    first = (folder / "tube.service").read_text(encoding="utf-8").splitlines()
    wanted = ["[Service]", "Name=Tube", "Domains=tube.com;tubeimg.com;", "Source=imported from input.conf",
              f"Checked={day()}", "Overlaps=tube-2;"]
    check.equal(first, wanted, "a plain one, without the entries that others cover")
    return folder


def check_lint(check, place, folder):
    done = place.run("lint", folder)
    rows = [line for line in done.stdout.splitlines() if not line.endswith("no Category= is given")]
    # A service without any rule has been left so by the file.
    check.that(len(rows) == 1 and rows[0].startswith(f"{folder}/n.service: error: ") and "nothing matches" in rows[0],
               "lint finds nothing but missing categories, and a service with nothing in it", "\n".join(rows))


def check_matches(check, place, folder):
    for name, wanted in MATCHES:
        done = place.run("--signatures", folder, "match", name)
        got = sorted(line.split("\t")[0] for line in done.stdout.splitlines())
        check.equal((got, done.stderr), (wanted, ""), f"{name}: {', '.join(wanted) or 'nobody'}")


def check_stream(check, place, folder):
    done = imported(place)
    parts = done.stdout.split("\n\n")
    check.equal((done.returncode, len(parts)), (0, len(FILES)), "without -d all on standard output")
    titled = {}
    for part in parts:
        title, rest = part.split("\n", 1)
        titled[title] = rest.rstrip("\n")
    wanted = {f"# {path.name}": path.read_text(encoding="utf-8").rstrip("\n") for path in folder.iterdir()}
    check.equal(titled, wanted, "each under its file's name, the same as in the folder")


def check_overwriting(check, place):
    (place.work / "one.conf").write_text('{"Services":[{"Name":"b","DomainsString":["b.com"]},{"Name":"a"}]}',
                                         encoding="utf-8")
    folder = place.fill(place.work / "there", {"a.service": "mine\n"})
    done = place.run("import", "-d", folder, "one.conf")
    check.complains(done, harness.FAILED, "a file that is there")
    check.equal((sorted(path.name for path in folder.iterdir()), (folder / "a.service").read_text(encoding="utf-8")),
                (["a.service"], "mine\n"), "nothing is written then")
    done = place.run("import", "--force", "-d", folder, "one.conf")
    check.equal((done.returncode, (folder / "a.service").read_text(encoding="utf-8").splitlines()[:2]),
                (0, ["[Service]", "Name=a"]), "--force replaces it")
    (folder / "a.service").unlink()
    (folder / "a.service").symlink_to("nowhere")
    check.complains(place.run("import", "-d", folder, "one.conf"), harness.FAILED, "a link that leads nowhere")
    check.complains(place.run("import", "-d", place.work / "one.conf", "one.conf"), harness.FAILED, "a file as folder")
    check.complains(place.run("import", "-d", "/proc/nothing", "one.conf"), harness.FAILED, "a folder nobody can make")


def check_bad_files(check, place):
    for what, (content, line) in NO_JSON.items():
        path = place.work / "bad.conf"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        done = place.run("import", "bad.conf")
        check.complains(done, harness.FAILED, f"{what}: {done.stderr.strip()[:90]!r}")
        check.that(f"bad.conf:{line}: " in done.stderr, f"{what}: line {line}", done.stderr)
    for what, content in NO_CONF.items():
        (place.work / "bad.conf").write_text(content, encoding="utf-8")
        done = place.run("import", "-d", "never", "bad.conf")
        check.complains(done, harness.FAILED, what)
        check.that(not (place.work / "never").exists(), f"{what}: no folder is made")
    for what, path in (("a missing file", "missing"), ("a folder", ".")):
        check.complains(place.run("import", path), harness.FAILED, what)
    (place.work / "none.conf").write_text('{"Services":[]}', encoding="utf-8")
    done = place.run("import", "none.conf")
    check.equal((done.returncode, done.stdout, done.stderr), (0, "", ""), "no services: nothing to do")


def test(check, place):
    harness.section("files")
    folder = check_files(check, place)
    check_lint(check, place, folder)
    check_matches(check, place, folder)
    check_stream(check, place, folder)
    harness.section("overwriting")
    check_overwriting(check, place)
    harness.section("bad files")
    check_bad_files(check, place)


places.run(test)
