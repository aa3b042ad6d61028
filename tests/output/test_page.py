#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""The page of -o html in a headless browser: no error, no request, colours by band, filters, the flow's own table, all
of it by keyboard; 500 traces; light, dark and on paper. ST_SHOTS=FOLDER keeps the pictures.

Skips without chromium and chromedriver.
"""

import json
import os
import pathlib
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "replay")]
import harness  # noqa: E402  pylint: disable=wrong-import-position
import made_page  # noqa: E402  pylint: disable=wrong-import-position
import webdriver  # noqa: E402  pylint: disable=wrong-import-position

COLORS = {"good": "rgb(31, 111, 214)", "high": "rgb(239, 139, 0)", "very-high": "rgb(214, 41, 62)", "silent": "rgb(0, 0, 0)"}
NODES = """return [...document.querySelectorAll("#graph .node")].map(node => ({key: node.dataset.key,
    label: node.getAttribute("aria-label"), color: getComputedStyle(node.querySelector(".mark")).fill}))"""
FOCUS = """const at = document.activeElement; return {key: at.dataset.key || null, id: at.id,
    ring: at.querySelector && at.querySelector(".ring") ? getComputedStyle(at.querySelector(".ring")).stroke : null}"""
ROWS = """return [...document.querySelectorAll("#flows [role=option]")].length"""
FLOW = """return [...document.querySelectorAll("#flow tbody tr")].map(row => [...row.cells].map(cell => cell.innerText.trim()))"""


def page_text(*captures):
    return harness.replay("--quiet", "-n", "-o", "html", *captures, text=False).stdout.decode("utf-8")


def show(browser, folder, text, name):
    path = folder / f"{name}.html"
    path.write_text(text, encoding="utf-8")
    browser.requests()
    browser.open(path)
    return path


def keep(browser, name):
    folder = os.environ.get("ST_SHOTS")
    if folder:
        (pathlib.Path(folder) / f"{name}.png").write_bytes(browser.screenshot())


def is_quiet(checks, browser, path, what):
    own = ("data:", "chrome:", "chrome-untrusted:", "devtools:")  # the browser's first window is of its own making
    asked = [url for url in browser.requests() if url != path.absolute().as_uri() and not url.startswith(own)]
    checks.none(browser.complaints(), f"{what}: the console has nothing to say")
    checks.none(asked, f"{what}: nothing is asked for")


def average(values):
    values = [value for value in values if value is not None]
    return sum(values) / len(values) if values else None


def band(ms):
    return "good" if ms <= 100 else "high" if ms <= 150 else "very-high"


def router_bands(traces):
    rtts = {}
    for trace in traces:
        for hop in trace["hops"]:
            for entry in hop["replies"]:
                if not entry.get("destination") and hop["ttl"] is not None:
                    rtts.setdefault(entry["address"], []).append(entry["rtt_ms"])
    return {address: band(average(values)) for address, values in rtts.items() if average(values) is not None}


def check_colors(checks, browser, traces, what):
    shown = {node["key"]: node["color"] for node in browser.run(NODES)}
    wrong = [f"{address} is {shown.get(address)}, not {name}" for address, name in router_bands(traces).items()
             if shown.get(address) != COLORS[name]]
    wrong += [f"{key} is {color}" for key, color in shown.items() if key.startswith("silent") and color != COLORS["silent"]]
    checks.none(wrong, f"{what}: routers have the colours of their bands, silence is black")


def test_capture(checks, browser, folder):
    capture = harness.CAPTURES / "silent-router-v4.pcapng"
    text = page_text(capture)
    path = show(browser, folder, text, "capture")
    traces = made_page.data_of(text)["traces"]
    is_quiet(checks, browser, path, "a capture")
    check_colors(checks, browser, traces, "a capture")
    checks.that(browser.run(ROWS) == len(traces), "a capture: every trace is listed")
    keep(browser, "capture")


def test_hostile(checks, browser, folder):
    program = os.environ.get("ST_SAMPLES")
    text = subprocess.run([program, "--samples", "html"], capture_output=True, check=True).stdout.decode("utf-8")
    path = show(browser, folder, text, "hostile")
    is_quiet(checks, browser, path, "hostile names")
    count = browser.run("return [document.scripts.length, document.images.length, document.querySelectorAll('b b, img').length]")
    checks.that(count == [2, 0, 0], "hostile names: none of them became an element", count)
    shown = browser.run("return document.body.innerText")
    checks.that("alert(1)" in shown, "hostile names: they are shown as text")
    check_colors(checks, browser, made_page.data_of(text)["traces"], "hostile names")
    for row in range(browser.run(ROWS)):
        browser.run("document.getElementById('flow-' + arguments[0]).click()", row)
    is_quiet(checks, browser, path, "hostile names, every flow shown")
    keep(browser, "hostile")


def test_empty(checks, browser, folder):
    path = show(browser, folder, made_page.page_of(page_text(harness.captures()[0]), []), "empty")
    is_quiet(checks, browser, path, "no traces")
    checks.that("No traces" in browser.run("return document.body.innerText"), "no traces: the page says so")


def focus_on_graph(browser):
    browser.run("document.getElementById('fit').focus()")
    browser.press("Tab")
    return browser.run(FOCUS)


def test_keyboard_graph(checks, browser):
    at = focus_on_graph(browser)
    checks.that((at["key"] or "").startswith("from "), "keyboard: Tab comes to the sender in the graph", at)
    checks.that(at["ring"] not in (None, "none"), "keyboard: the focus is seen", at)
    keys = [at["key"]]
    for _ in range(5):
        browser.press("ArrowRight")
        keys.append(browser.run(FOCUS)["key"])
    checks.that(len(set(keys)) == 6, "keyboard: the arrow goes from hop to hop", keys)
    before = browser.run(FOCUS)["key"]
    browser.press("ArrowDown")
    browser.press("ArrowUp")
    browser.press("ArrowLeft")
    checks.that(browser.run(FOCUS)["key"] not in (None, before), "keyboard: and back")
    browser.press("Home", "End")
    checks.that(browser.run(FOCUS)["key"].startswith(("to ", "silent ")), "keyboard: End is the last of the path")
    order = browser.run("return [...document.querySelectorAll('#graph .node[tabindex=\"0\"]')].length")
    checks.that(order == 1, "keyboard: Tab stops once in the graph", order)


def test_keyboard_through(checks, browser, traces):
    focus_on_graph(browser)
    browser.press("Home", *["ArrowRight"] * 4, "Enter")
    key = browser.run(FOCUS)["key"]
    through = [trace for trace in traces if any(r["address"] == key for hop in trace["hops"] for r in hop["replies"])]
    rows = browser.run(ROWS)
    checks.that(rows == len(through), f"keyboard: Enter lists the traces through {key}", (rows, len(through)))
    checks.that(rows < len(traces), "keyboard: Enter lists fewer traces", rows)
    browser.press("Escape")
    checks.that(browser.run(ROWS) == len(traces), "keyboard: Escape lists all again")


def test_keyboard_flows(checks, browser, traces):
    browser.run("document.getElementById('flows').focus()")
    browser.press("Home", "ArrowDown", "ArrowDown")
    chosen = browser.run("const row = document.querySelector('[aria-selected=true]'); return row && row.id")
    active = browser.run("return document.getElementById('flows').getAttribute('aria-activedescendant')")
    checks.that(chosen == active == "flow-2", "keyboard: arrows choose a flow", (chosen, active))
    check_flow(checks, browser, traces[2])
    browser.press("End")
    check_flow(checks, browser, traces[-1])
    on = browser.run("return [...document.querySelectorAll('#graph .node.on')].map(node => node.dataset.key)")
    routers = {r["address"] for hop in traces[-1]["hops"] for r in hop["replies"] if not r.get("destination")}
    checks.that(routers <= set(on), "the chosen flow's path stands out", routers - set(on))


def check_flow(checks, browser, trace):
    rows = browser.run(FLOW)
    answered = [hop for hop in trace["hops"] if hop["replies"]]
    told = [row for row in rows if row[2] != "no answer"]
    wrong = [f"hop {hop['ttl']}: {row}" for hop, row in zip(answered, told)
             if row[0] != str(hop["ttl"]) or any(r["address"] not in row[2] for r in hop["replies"])
             or len(row[3].split()) != len(hop["replies"])]
    checks.none(wrong, f"trace {trace['trace']}: its table has each hop with its router and times")
    checks.that(len(told) == len(answered), f"trace {trace['trace']}: no hop more or less", (len(told), len(answered)))
    text = browser.run("return document.getElementById('flow').innerText")
    missing = [note["detail"] for note in trace["notes"] if note["detail"] not in text]
    missing += [str(label["label"]) for hop in answered for r in hop["replies"] for label in r.get("mpls", [])
                if f"MPLS {label['label']}" not in text]
    checks.none(missing, f"trace {trace['trace']}: its notes and labels are there")


def choose(browser, name, text):
    return browser.run("""const select = document.getElementById(arguments[0]);
        const entry = [...select.options].find(option => option.text.startsWith(arguments[1]));
        select.value = entry.value; select.dispatchEvent(new Event("change")); return entry.text""", name, text)


def test_filters(checks, browser, traces):
    choose(browser, "service", "Twitch")
    wanted = [trace for trace in traces if trace["service"] and trace["service"]["name"] == "Twitch"]
    checks.that(browser.run(ROWS) == len(wanted), "a service's traces alone are listed", browser.run(ROWS))
    check_colors(checks, browser, wanted, "one service")
    destination = wanted[0]["flow"]["destination"]
    choose(browser, "destination", destination + " ")
    fewer = [trace for trace in wanted if trace["flow"]["destination"] == destination]
    checks.that(browser.run(ROWS) == len(fewer), "a destination's traces alone are listed", browser.run(ROWS))
    browser.click("#reset")
    checks.that(browser.run(ROWS) == len(traces), "Show all shows all")


def test_looks(checks, browser, name):
    texts = {}
    for scheme in ("light", "dark"):
        browser.emulate(prefers_color_scheme=scheme)
        texts[scheme] = browser.run("return getComputedStyle(document.body).backgroundColor")
        keep(browser, f"{name}-{scheme}")
    checks.that(texts["light"] != texts["dark"], f"{name}: dark is dark", texts)
    browser.emulate(prefers_color_scheme="light")
    pdf = browser.pdf()
    checks.that(pdf.startswith(b"%PDF") and len(pdf) > 10000, f"{name}: it prints", len(pdf))
    if os.environ.get("ST_SHOTS"):
        (pathlib.Path(os.environ["ST_SHOTS"]) / f"{name}.pdf").write_bytes(pdf)


def test_many(checks, browser, folder):
    template = page_text(harness.captures()[0])
    traces = made_page.traces_like(500)
    path = show(browser, folder, made_page.page_of(template, traces), "many")
    took = browser.run("return performance.timing.loadEventEnd - performance.timing.navigationStart")
    print(f"        500 traces are shown after {took} ms")
    is_quiet(checks, browser, path, "500 traces")
    checks.that(browser.run(ROWS) == 500, "500 traces are listed")
    check_colors(checks, browser, traces, "500 traces")
    bands = set(router_bands(traces).values())
    checks.that(bands == {"good", "high", "very-high"}, "500 traces: all bands are there", bands)
    test_looks(checks, browser, "many")
    test_keyboard_graph(checks, browser)
    test_keyboard_through(checks, browser, traces)
    test_keyboard_flows(checks, browser, traces)
    keep(browser, "many-chosen")
    test_filters(checks, browser, traces)
    is_quiet(checks, browser, path, "500 traces, after all that")


def test_one(checks, browser, folder):
    traces = made_page.traces_like(1)
    path = show(browser, folder, made_page.page_of(page_text(harness.captures()[0]), traces), "one")
    is_quiet(checks, browser, path, "one trace")
    check_flow(checks, browser, traces[0])
    test_looks(checks, browser, "one")


def test_far(checks, browser, folder):
    """Hops far apart stand beside each other; many routers at one hop are folded."""
    traces = made_page.traces_like(60)
    for number, trace in enumerate(traces):
        trace["hops"][-1]["ttl"] += 100
        for entry in trace["hops"][3]["replies"]:
            entry["address"] = f"203.0.113.{number + 1}"
    show(browser, folder, made_page.page_of(page_text(harness.captures()[0]), traces), "far")
    columns = browser.run("return [...document.querySelectorAll('#graph .layer')].map(text => text.textContent)")
    checks.that(len(columns) < 30, "TTLs that nobody has take no room", columns)
    nodes = browser.run(NODES)
    checks.that(any(node["key"].startswith("more ") for node in nodes) and len(nodes) < 120,
                "too many routers at one hop are one node", len(nodes))
    checks.none(browser.complaints(), "far hops: the console has nothing to say")


def test_documents(checks):
    """Several captures make one page."""
    captures = harness.captures()[:3]
    text = page_text(*captures)
    count = sum(len(harness.report("-n", capture).stdout.splitlines()) for capture in captures)
    checks.that(len(made_page.data_of(text)["traces"]) == count, "several captures make one page of all their traces")
    checks.that(json.dumps(made_page.data_of(text)["traces"][0]) in [
        json.dumps(json.loads(line)) for line in harness.report("-n", captures[0]).stdout.splitlines()],
        "the page's data are the JSON reports")


def main(checks, folder):
    test_documents(checks)
    if not webdriver.available():
        print("        no browser: chromium and chromium-driver are not installed")
        if not checks.failed:
            harness.skip("no browser")
        return
    with webdriver.Browser() as browser:
        for test in (test_capture, test_hostile, test_empty, test_one, test_far, test_many):
            harness.section(test.__name__)
            test(checks, browser, folder)


if __name__ == "__main__":
    harness.run(main)
